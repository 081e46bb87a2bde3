//! One self-contained page that a reviewer opens from a job's artifacts: the
//! verdict, findings in context, the change with its proofs, and charts over
//! the traces.
//!
//! The page has no script and loads nothing: styles and pictures are in it, and
//! its own content security policy forbids the browser to load or run anything
//! else.

mod change;
mod chart;
mod figure;
mod findings;
mod pinned;
mod svg;
mod tested;
mod text;
mod timeline;

use super::escape::{html, html_sentence};
use super::style::Style;
use super::{conclusion, outcome, parts, pins, quote, words};
use mcppolicy_analysis::finding::{Class, Severity};
use mcppolicy_analysis::report::{Body, Ci, Classified, Decided, Exit, Report};
use mcppolicy_analysis::shorten;
use mcppolicy_engine::source::SourceMap;

const CSS: &str = include_str!("html/page.css");

/// How a page's headline is coloured.
#[derive(Clone, Copy)]
enum Tone {
    Good,
    Warn,
    Bad,
}

impl Tone {
    const fn class(self) -> &'static str {
        match self {
            Tone::Good => "good",
            Tone::Warn => "warn",
            Tone::Bad => "bad",
        }
    }

    /// For readers without colours.
    const fn word(self) -> &'static str {
        match self {
            Tone::Good => "Clean",
            Tone::Warn => "Look at this",
            Tone::Bad => "Needs attention",
        }
    }
}

/// Renders a report as an HTML document.
pub fn render(report: &Report<'_>, style: Style<'_>) -> String {
    let (mut tone, summary) = verdict(report);
    if !report.failures.is_empty() {
        tone = Tone::Bad;
    }
    let mut out =
        String::from("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    out.push_str(
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
         style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <link rel=\"icon\" href=\"data:,\">\n",
    );
    let title = html(&format!("mcppolicy {}: {summary}", report.command));
    out.push_str(&format!(
        "<title>{title}</title>\n<style>\n{CSS}</style>\n</head>\n<body>\n<main>\n"
    ));
    out.push_str(&format!(
        "<header class=\"{}\">\n<p class=\"command\">mcppolicy {}</p>\n<h1>{}</h1>\n\
         <p class=\"tone\">{}</p>\n</header>\n",
        tone.class(),
        report.command,
        html_sentence(&summary),
        tone.word()
    ));
    for failure in &report.failures {
        out.push_str(&format!(
            "<p class=\"failure\"><strong>{}</strong> could not be read: {}</p>\n",
            html(&shorten::name(&failure.input)),
            html(&shorten::sentence(&failure.message))
        ));
    }
    body(&mut out, report, style);
    if !report.assumptions.is_empty() {
        out.push_str("<section>\n<h2>Taken for granted</h2>\n<ul>\n");
        for assumption in &report.assumptions {
            out.push_str(&format!(
                "<li>{}</li>\n",
                html(&shorten::sentence(assumption))
            ));
        }
        out.push_str("</ul>\n</section>\n");
    }
    out.push_str(&format!(
        "</main>\n<footer>mcppolicy {}</footer>\n</body>\n</html>\n",
        env!("CARGO_PKG_VERSION")
    ));
    out
}

fn verdict(report: &Report<'_>) -> (Tone, String) {
    match &report.body {
        Body::Findings(found) => {
            let tone = match found.list.iter().map(|finding| finding.severity).max() {
                Some(Severity::Error | Severity::Warning) => Tone::Bad,
                Some(Severity::Note) => Tone::Warn,
                None => Tone::Good,
            };
            let policies = words::counted(found.policies as u64, "policy");
            let suppressed = suppressed(found.suppressed);
            let severities = words::severities(found);
            (tone, format!("{policies}: {severities}{suppressed}"))
        }
        Body::Decided(decided) => {
            let tone = match decided.actual.decision {
                mcppolicy_trace::trace::DecisionName::Allow => Tone::Good,
                _ => Tone::Warn,
            };
            (tone, outcome::sentence(decided))
        }
        Body::Tested(tested) => {
            let tone = if words::needs_attention(tested) {
                Tone::Bad
            } else {
                Tone::Good
            };
            (tone, words::tested(tested))
        }
        Body::Diff(diff) => {
            let quiet = matches!(
                diff.diff.verdict(),
                mcppolicy_analysis::compare::Verdict::Equivalent
                    | mcppolicy_analysis::compare::Verdict::Tightened
            );
            let tone = match (diff.refused, quiet) {
                (true, _) => Tone::Bad,
                (false, false) => Tone::Warn,
                (false, true) => Tone::Good,
            };
            (tone, conclusion::conclusion(diff))
        }
        Body::Classified(classified) => {
            let tone = if classified.exit() == Exit::Clean {
                Tone::Good
            } else {
                Tone::Bad
            };
            (tone, words::classified(classified))
        }
        Body::Inventoried(inventoried) => {
            let tone = match inventoried.exit() {
                Exit::Clean => Tone::Good,
                Exit::NothingToDo => Tone::Warn,
                _ => Tone::Bad,
            };
            (tone, words::inventoried(inventoried))
        }
        Body::Pinned(pinned) => {
            let tone = match pinned.exit(report.fail_on) {
                Exit::Clean if pinned.policies.iter().all(|of| of.findings.is_empty()) => {
                    Tone::Good
                }
                Exit::Clean | Exit::NothingToDo => Tone::Warn,
                _ => Tone::Bad,
            };
            (tone, pins::pinned(pinned))
        }
        Body::Ci(ci) => {
            let clean = ci.policies.iter().filter(|p| p.exit == Exit::Clean).count();
            let tone = if words::is_clean(ci) {
                Tone::Good
            } else {
                Tone::Bad
            };
            let suppressed = suppressed(ci.policies.iter().map(|of| of.lint.suppressed).sum());
            (
                tone,
                format!("{}; {clean} clean{suppressed}", conclusion::all(ci)),
            )
        }
    }
}

/// The findings that do not count, behind those that do.
fn suppressed(count: usize) -> String {
    match count {
        0 => String::new(),
        count => format!(", {count} suppressed"),
    }
}

fn body(out: &mut String, report: &Report<'_>, style: Style<'_>) {
    match &report.body {
        Body::Decided(decided) => one_decision(out, decided, report.sources),
        Body::Ci(ci) => {
            let title = "What this change does to its own checks";
            findings::render(out, title, &ci.sorted().0, report.sources);
            overview(out, ci);
        }
        Body::Classified(classified) => tools(out, classified),
        Body::Pinned(pinned) => return pinned::render(out, pinned, report.sources),
        Body::Findings(_) | Body::Tested(_) | Body::Diff(_) | Body::Inventoried(_) => {}
    }
    for diff in parts::changes(report) {
        change::render(out, diff, report.sources, style);
    }
    change::ways_out(out, &parts::changes(report), report.sources);
    let mut found = parts::findings(report);
    found.retain(|finding| finding.rule.class() != Class::Settings);
    findings::render(out, "Findings", &found, report.sources);
    tested::render(out, &parts::runs(report), report.sources, style);
}

/// Each tool with its category and why.
fn tools(out: &mut String, classified: &Classified) {
    out.push_str("<section>\n<h2>Tools</h2>\n<table>\n<thead><tr><th>Tool</th><th>Category</th><th>Risk</th><th>Because</th></tr></thead>\n<tbody>\n");
    for tool in &classified.tools {
        out.push_str(&format!(
            "<tr><td><code>{}</code></td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
            html(&shorten::name(&tool.name)),
            tool.category,
            tool.category.risk().name(),
            html(&shorten::sentence(&tool.because))
        ));
    }
    out.push_str("</tbody>\n</table>\n</section>\n");
}

fn one_decision(out: &mut String, decided: &Decided, sources: &SourceMap) {
    out.push_str("<section>\n<h2>The decision</h2>\n");
    if let Some(location) = decided.rule_location {
        let at = sources.start(location);
        let name = sources.get(location.file).name();
        let position = format!("{name}:{}:{}", at.line, at.column);
        out.push_str(&format!(
            "<p>Decided at <code>{}</code>.</p>\n",
            html(&position)
        ));
    }
    if let Some(message) = &decided.actual.message {
        out.push_str(&format!(
            "<p>The agent is told: {}</p>\n",
            html(&shorten::text(message))
        ));
    }
    out.push_str(&format!(
        "<pre>{}</pre>\n<table>\n<thead><tr><th scope=\"col\">Step</th><th scope=\"col\">Rule</th>\
         <th scope=\"col\">Outcome</th><th scope=\"col\">Saw</th></tr></thead>\n<tbody>\n",
        html(&quote::arguments(&decided.arguments))
    ));
    for step in &decided.steps {
        let mut saw: Vec<String> = step.conditions.iter().map(quote::condition).collect();
        saw.extend(step.counter.as_ref().map(quote::counter));
        let saw: Vec<String> = saw.iter().map(|line| html_sentence(line)).collect();
        out.push_str(&format!(
            "<tr><td>{}</td><td><code>{}</code></td><td>{}</td><td>{}</td></tr>\n",
            step.kind.name(),
            html(&shorten::name(step.rule.as_deref().unwrap_or_default())),
            step.outcome.name(),
            saw.join("<br>")
        ));
    }
    out.push_str("</tbody>\n</table>\n</section>\n");
}

fn overview(out: &mut String, ci: &Ci) {
    out.push_str(
        "<section>\n<h2>Policies</h2>\n<table>\n<thead><tr><th scope=\"col\">Policy</th>\
         <th scope=\"col\">Result</th><th scope=\"col\">Lint</th><th scope=\"col\">Test</th>\
         <th scope=\"col\">Diff</th></tr></thead>\n<tbody>\n",
    );
    for policy in &ci.policies {
        let (class, word) = match policy.exit {
            Exit::Clean => ("good", "clean"),
            Exit::Failed => ("bad", "failed"),
            Exit::CouldNotRun => ("bad", "could not run"),
            Exit::Invalid => ("bad", "invalid"),
            Exit::NothingToDo => ("warn", "nothing to do"),
        };
        let tested = policy
            .test
            .as_ref()
            .map_or("no traces".to_owned(), words::tested);
        out.push_str(&format!(
            "<tr><td><code>{}</code></td><td><span class=\"badge {class}\">{word}</span></td>\
             <td>{}</td><td>{tested}</td><td>{}</td></tr>\n",
            html(&shorten::name(&policy.policy)),
            words::severities(&policy.lint) + &suppressed(policy.lint.suppressed),
            policy
                .diff
                .as_ref()
                .map_or("no base".to_owned(), conclusion::since_base)
        ));
    }
    out.push_str("</tbody>\n</table>\n</section>\n");
}
