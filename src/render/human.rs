//! For a person at a terminal: what is wrong, where, the call that proves it,
//! and what to do.

mod cases;
mod changes;
mod findings;
mod overview;
mod pinned;
mod repairs;
mod steps;
mod tools;

use std::fmt::Write;

use super::escape::terminal;
use super::style::Style;
use super::words::{counted, inventoried, severities};
use mcppolicy_analysis::report::{Body, Findings, Report};
use mcppolicy_analysis::shorten;

pub use repairs::refused_line;

/// Renders a report for a person.
pub fn render(report: &Report<'_>, style: Style) -> String {
    let mut out = String::new();
    let failures = report.failures.iter();
    for failure in failures.filter(|_| style.failures) {
        let _ = writeln!(
            out,
            "error: {}: {}\n",
            terminal(&shorten::name(&failure.input)),
            terminal(&shorten::sentence(&failure.message))
        );
    }
    match &report.body {
        Body::Findings(found) => {
            findings::render(&mut out, &found.list, report.sources, style);
            repairs::render(&mut out, found);
            // Where nothing could be read there is nothing to count.
            if report.failures.is_empty() || found.policies > 0 || !found.list.is_empty() {
                summary_line(&mut out, found, report.failures.is_empty());
            }
        }
        Body::Decided(decided) => steps::render(&mut out, decided, report.sources),
        Body::Tested(tested) => {
            let counts = report.failures.is_empty() || tested.traces() > 0;
            cases::render(&mut out, tested, report.sources, style, counts);
        }
        Body::Diff(diff) => changes::render(&mut out, diff, report.sources, style),
        Body::Ci(ci) => overview::render(&mut out, ci, report.sources, style),
        Body::Pinned(found) => pinned::render(&mut out, found, report.sources, style),
        Body::Classified(found) => tools::render(&mut out, found, report.sources, style),
        Body::Inventoried(found) => {
            findings::render(&mut out, &found.findings, report.sources, style);
            if report.failures.is_empty() {
                let _ = writeln!(out, "{}", terminal(&inventoried(found)));
            }
        }
    }
    assumptions(&mut out, &report.assumptions);
    out
}

fn assumptions(out: &mut String, assumptions: &[String]) {
    for assumption in assumptions {
        let _ = writeln!(out, "assumed: {}", terminal(&shorten::sentence(assumption)));
    }
}

fn summary_line(out: &mut String, findings: &Findings, complete: bool) {
    let policies = counted(findings.policies as u64, "policy");
    let suppressed = match findings.suppressed {
        0 => String::new(),
        count => format!(", {count} suppressed"),
    };
    let said = match severities(findings) {
        said if complete || !findings.list.is_empty() => said,
        _ => "nothing to report in what could be read".to_owned(),
    };
    let _ = writeln!(out, "{policies}: {said}{suppressed}");
}
