//! Replayed calls: those that were not decided as expected, then the charts.

use super::chart;
use super::text::further;
use crate::render::escape::html;
use crate::render::style::Style;
use crate::render::{issues, words};
use mcppolicy_analysis::replay::expect::Verdict;
use mcppolicy_analysis::replay::results::{Case, RuleCounts};
use mcppolicy_analysis::report::TestRun;
use mcppolicy_analysis::shorten;
use mcppolicy_engine::source::SourceMap;

/// Calls listed on one page.
const MOST_CASES: usize = 300;
/// Rules listed for one policy.
const MOST_RULES: usize = 100;
/// Policies with charts on one page.
const MOST_RUNS: usize = 12;

/// All runs.
pub(super) fn render(out: &mut String, runs: &[&TestRun], sources: &SourceMap, style: Style<'_>) {
    let failed: Vec<(&TestRun, &Case)> = runs
        .iter()
        .flat_map(|run| run.results.cases.iter().map(move |case| (*run, case)))
        .filter(|(_, case)| issues::did_not_pass(case))
        .collect();
    if !failed.is_empty() {
        out.push_str(&format!(
            "<section>\n<h2>Calls not as expected <span class=\"count\">{}</span></h2>\n",
            failed.len()
        ));
        for (run, case) in failed.iter().take(MOST_CASES) {
            one(out, run, case, sources, style);
        }
        further(out, failed.len().saturating_sub(MOST_CASES), "case");
        out.push_str("</section>\n");
    }
    for run in runs.iter().take(MOST_RUNS) {
        out.push_str(&format!(
            "<section>\n<h2>Traffic through <code>{}</code></h2>\n",
            html(&shorten::name(&run.name))
        ));
        if let Some(complaint) = words::complaint(run.outcome) {
            out.push_str(&format!("<p class=\"failure\">{}</p>\n", html(complaint)));
        }
        chart::run(out, run);
        refusers(out, run);
        out.push_str("</section>\n");
    }
    further(out, runs.len().saturating_sub(MOST_RUNS), "policy");
}

/// What each rule has refused, the most first.
fn refusers(out: &mut String, run: &TestRun) {
    let mut rules: Vec<&RuleCounts> = run.results.rules.iter().collect();
    // Stable, so that equal ones stay in the order of a decision.
    rules.sort_by_key(|rule| std::cmp::Reverse((rule.decided, rule.reached)));
    let unreached = rules.iter().filter(|rule| rule.reached == 0).count();
    rules.retain(|rule| rule.reached > 0);
    if rules.is_empty() {
        return;
    }
    out.push_str(
        "<h3>What each rule refuses</h3>\n<table>\n<thead><tr><th scope=\"col\">Rule</th>\
         <th scope=\"col\">Calls that came to it</th><th scope=\"col\">Refused</th></tr></thead>\n<tbody>\n",
    );
    for rule in rules.iter().take(MOST_RULES) {
        out.push_str(&format!(
            "<tr><td><code>{}</code></td><td>{}</td><td>{}</td></tr>\n",
            html(&shorten::name(&rule.pointer)),
            rule.reached,
            rule.decided
        ));
    }
    out.push_str("</tbody>\n</table>\n");
    further(out, rules.len().saturating_sub(MOST_RULES), "rule");
    if unreached > 0 {
        out.push_str(&format!(
            "<p class=\"muted\">No call came to {unreached} of its rules.</p>\n"
        ));
    }
}

fn one(out: &mut String, run: &TestRun, case: &Case, sources: &SourceMap, style: Style<'_>) {
    let (class, word) = match case.verdict {
        Verdict::Fail => ("error", "failed"),
        other => ("warning", other.name()),
    };
    out.push_str(&format!(
        "<article class=\"{class}\">\n<h3><span class=\"badge {class}\">{word}</span> \
         <code>{}</code></h3>\n<p class=\"where\"><code>{}:{}</code></p>\n<p>{}</p>\n",
        html(&shorten::name(
            case.tool.as_deref().unwrap_or(words::NO_TOOL)
        )),
        html(&shorten::name(&case.file)),
        case.line,
        html(&words::mismatch(case))
    ));
    if let Some(rule) = case.actual.rule.as_deref() {
        let location = run.policy.location_of(rule);
        let at = sources.start(location);
        let name = html(&shorten::name(sources.get(location.file).name()));
        out.push_str(&format!(
            "<p class=\"muted\">The rule stands in <code>{name}:{}:{}</code>.</p>\n",
            at.line, at.column
        ));
    }
    let mut lines: Vec<String> = words::repetitions(&case.repetitions).into_iter().collect();
    lines.extend(issues::case_details(case, style));
    if !lines.is_empty() {
        out.push_str("<ul>\n");
        for line in lines {
            out.push_str(&format!("<li>{}</li>\n", html(&shorten::sentence(&line))));
        }
        out.push_str("</ul>\n");
    }
    out.push_str("</article>\n");
}
