//! What a reviewer reads in a pull request: the verdict and a table, each change
//! as a call with before and after, approvals, settings, findings, tests, recorded
//! traffic. What is long is folded away, and what must be cut is cut from the end.

mod change;
mod findings;
mod page;
mod pinned;
mod tested;
mod traffic;

use std::fmt::Write;

use super::escape::{markdown, markdown_block, markdown_code};
use super::style::Style;
use super::{conclusion, outcome, parts, pins, quote, words};
use mcppolicy_analysis::finding::Finding;
use mcppolicy_analysis::report::{Body, Ci, Classified, Decided, Exit, Report};
use mcppolicy_analysis::shorten;
use mcppolicy_engine::source::SourceMap;

use change::Changes;
use findings::{mark, position};
use page::Page;

/// Renders a report as GitHub-flavoured markdown, cut to `style.limit`.
pub fn render(report: &Report<'_>, style: Style<'_>) -> String {
    let mut page = Page::default();
    match &report.body {
        Body::Findings(all) => {
            let policies = words::counted(all.policies as u64, "policy");
            let severities = words::severities(all);
            page.keep(format!(
                "## {} mcppolicy {}: {severities}\n",
                mark(all.list.iter().map(|finding| finding.severity).max()),
                report.command
            ));
            let suppressed = match all.suppressed {
                0 => String::new(),
                count => format!(", {count} suppressed"),
            };
            page.push(format!("{policies} looked at{suppressed}.\n"));
            failures(&mut page, report);
            findings::render(
                &mut page,
                &all.list.iter().collect::<Vec<_>>(),
                report.sources,
            );
        }
        Body::Decided(decided) => one_decision(&mut page, decided, report.sources),
        Body::Tested(tested) => {
            let bad = words::needs_attention(tested);
            page.keep(format!(
                "## {} mcppolicy test: {}\n",
                if bad { "❌" } else { "✅" },
                words::tested(tested)
            ));
            failures(&mut page, report);
            tested::render(&mut page, tested, report.sources, style);
        }
        Body::Diff(diff) => {
            change::headline(&mut page, diff);
            failures(&mut page, report);
            let changes = Changes {
                reports: vec![diff],
                sources: report.sources,
            };
            changes.render(&mut page);
            changes.approvals(&mut page);
            changes.ways_out(&mut page);
            findings::render(&mut page, &parts::of_diff(diff), report.sources);
            changes.traffic(&mut page, style);
        }
        Body::Classified(classified) => {
            page.keep(format!(
                "## mcppolicy classify: {}\n",
                words::classified(classified)
            ));
            failures(&mut page, report);
            findings::render(
                &mut page,
                &classified.findings.iter().collect::<Vec<_>>(),
                report.sources,
            );
            tools(&mut page, classified);
        }
        Body::Inventoried(inventoried) => {
            let gravest = inventoried.findings.iter().map(|finding| finding.severity);
            page.keep(format!(
                "## {} mcppolicy inventory: {}\n",
                mark(gravest.max()),
                markdown(&words::inventoried(inventoried))
            ));
            failures(&mut page, report);
            findings::render(
                &mut page,
                &inventoried.findings.iter().collect::<Vec<_>>(),
                report.sources,
            );
        }
        Body::Pinned(pinned) => {
            let sign = match pinned.exit(report.fail_on) {
                Exit::Clean => "✅",
                _ => "❌",
            };
            let words = markdown(&pins::pinned(pinned));
            page.keep(format!("## {sign} mcppolicy {}: {words}\n", report.command));
            failures(&mut page, report);
            findings::render(
                &mut page,
                &pinned.findings.iter().collect::<Vec<_>>(),
                report.sources,
            );
            pinned::render(&mut page, pinned, report.sources);
        }
        Body::Ci(ci) => {
            let clean = words::is_clean(ci) && report.failures.is_empty();
            let sign = if clean { "✅" } else { "❌" };
            page.keep(format!("## {sign} mcppolicy ci: {}\n", conclusion::all(ci)));
            failures(&mut page, report);
            overview(&mut page, ci);
            everything(&mut page, ci, report, style);
        }
    }
    if !report.assumptions.is_empty() {
        let lines: Vec<String> = report
            .assumptions
            .iter()
            .map(|assumption| markdown(&shorten::sentence(assumption)))
            .collect();
        page.push(format!("<sub>Assumed: {}.</sub>\n", lines.join("; ")));
    }
    page.finish(style.limit)
}

/// The parts of a run over everything behind its overview.
fn everything(page: &mut Page, ci: &Ci, report: &Report<'_>, style: Style<'_>) {
    let changes = Changes {
        reports: parts::changes(report),
        sources: report.sources,
    };
    changes.render(page);
    changes.approvals(page);
    changes.ways_out(page);
    let (settings, others) = ci.sorted();
    own_checks(page, &settings, report.sources);
    findings::render(page, &others, report.sources);
    for policy in &ci.policies {
        let mut list: Vec<&Finding> = policy.lint.list.iter().collect();
        list.extend(policy.diff.iter().flat_map(parts::of_diff));
        if !list.is_empty() {
            page.head(&heading(&policy.policy, "findings"));
            findings::render(page, &list, report.sources);
        }
    }
    for policy in &ci.policies {
        let tested = policy.test.as_ref();
        if let Some(tested) = tested.filter(|tested| words::needs_attention(tested)) {
            page.head(&heading(&policy.policy, "tests"));
            tested::render(page, tested, report.sources, style);
        }
        for pinned in policy.unpinned() {
            pinned::render(page, pinned, report.sources);
        }
    }
    changes.traffic(page, style);
}

fn heading(policy: &str, what: &str) -> String {
    format!("### {}: {what}\n", markdown_code(&shorten::name(policy)))
}

/// What the change does to its own settings: few lines, nothing folded away.
fn own_checks(page: &mut Page, list: &[&Finding], sources: &SourceMap) {
    if list.is_empty() {
        return;
    }
    let mut lines = "### ⚠️ What this change does to its own checks\n\n".to_owned();
    for finding in list {
        let help = finding.help.as_deref().unwrap_or_default();
        let _ = writeln!(
            lines,
            "- {} ({}): {}",
            markdown(&finding.shown()),
            markdown_code(&position(finding, sources)),
            markdown(&shorten::sentence(help))
        );
    }
    page.push(lines);
}

/// Each tool with its category and why.
fn tools(page: &mut Page, classified: &Classified) {
    let mut table = String::from("| tool | category | risk | because |\n|---|---|---|---|\n");
    for tool in &classified.tools {
        let name = markdown_code(&shorten::name(&tool.name));
        let because = markdown(&shorten::sentence(&tool.because));
        let _ = writeln!(
            table,
            "| {name} | {} | {} | {because} |",
            tool.category,
            tool.category.risk().name()
        );
    }
    page.push(table);
}

fn failures(page: &mut Page, report: &Report<'_>) {
    for failure in &report.failures {
        let input = markdown_code(&shorten::name(&failure.input));
        let message = markdown(&shorten::sentence(&failure.message));
        page.push(format!("❌ {input} could not be read: {message}\n"));
    }
}

fn one_decision(page: &mut Page, decided: &Decided, sources: &SourceMap) {
    let position = decided.rule_location.map(|location| {
        let at = sources.start(location);
        let name = sources.get(location.file).name();
        format!(
            ", at {}",
            markdown_code(&format!("{name}:{}:{}", at.line, at.column))
        )
    });
    page.keep(format!("## {}\n", markdown(&outcome::sentence(decided))));
    if let Some(rule) = &decided.actual.rule {
        page.push(format!(
            "The rule: {}{}\n",
            markdown_code(&shorten::name(rule)),
            position.unwrap_or_default()
        ));
    }
    if let Some(message) = &decided.actual.message {
        page.push(format!(
            "The agent is told: {}\n",
            markdown(&shorten::text(message))
        ));
    }
    let arguments = quote::arguments(&decided.arguments);
    page.push(markdown_block([arguments.as_str()], "json"));
    let mut table = "| Step | Rule | Outcome | Saw |\n|---|---|---|---|\n".to_owned();
    for step in &decided.steps {
        let rule = step.rule.as_deref();
        let rule = rule.map(|rule| markdown_code(&shorten::name(rule)));
        let rule = rule.unwrap_or_default();
        let mut saw: Vec<String> = step.conditions.iter().map(quote::condition).collect();
        saw.extend(step.counter.as_ref().map(quote::counter));
        let saw: Vec<String> = saw.iter().map(|line| markdown(line)).collect();
        table.push_str(&format!(
            "| {} | {rule} | {} | {} |\n",
            step.kind.name(),
            step.outcome.name(),
            saw.join("<br>")
        ));
    }
    page.push(table);
}

fn overview(page: &mut Page, ci: &Ci) {
    if ci.policies.is_empty() {
        return;
    }
    let head = "| | Policy | Lint | Test | Diff |\n|---|---|---|---|---|\n".to_owned();
    let mut rows = Vec::new();
    for policy in &ci.policies {
        let sign = if policy.exit == Exit::Clean {
            "✅"
        } else {
            "❌"
        };
        let tested = policy
            .test
            .as_ref()
            .map_or("no traces".to_owned(), words::tested);
        rows.push(format!(
            "| {sign} | {} | {} | {tested} | {} |\n",
            markdown_code(&shorten::name(&policy.policy)),
            words::severities(&policy.lint),
            policy
                .diff
                .as_ref()
                .map_or("no base".to_owned(), conclusion::since_base)
        ));
    }
    page.keep_table(head, rows);
}
