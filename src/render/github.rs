//! GitHub's workflow commands: each issue as an annotation at its location.
//!
//! Of each kind GitHub shows ten per step, so the job's summary has everything
//! in markdown (`cli` writes it), and a last line says where to look.

use std::fmt::Write;

use super::escape::{workflow_data, workflow_property};
use super::issues::{Issue, IssueLocation, issues};
use super::style::Style;
use mcppolicy_analysis::finding::Severity;
use mcppolicy_analysis::report::Report;

/// Annotations of one kind that GitHub shows for one step.
const SHOWN_PER_STEP: usize = 10;

/// Renders a report as one command a line.
pub fn render(report: &Report<'_>, style: Style<'_>) -> String {
    let issues = issues(report, style);
    let mut out = String::new();
    for issue in &issues {
        command(&mut out, issue, style);
    }
    let too_many = [Severity::Error, Severity::Warning, Severity::Note]
        .into_iter()
        .any(|severity| issues.iter().filter(|i| i.severity == severity).count() > SHOWN_PER_STEP);
    let _ = match (issues.len(), too_many) {
        (0, _) => writeln!(out, "mcppolicy: nothing to report"),
        (count, true) => writeln!(
            out,
            "mcppolicy: {count} in all; GitHub shows {SHOWN_PER_STEP} errors, warnings and \
             notices of a step, the job's summary has every one"
        ),
        (count, false) => writeln!(out, "mcppolicy: {count} in all"),
    };
    out
}

fn command(out: &mut String, issue: &Issue<'_>, style: Style<'_>) {
    let name = match issue.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let file = workflow_property(&style.in_repository(issue.file));
    let _ = write!(out, "::{name} file={file}");
    match issue.location {
        IssueLocation::File => {}
        IssueLocation::Line(line) => {
            let _ = write!(out, ",line={line}");
        }
        IssueLocation::Span(start, end) => {
            let _ = write!(out, ",line={},endLine={}", start.line, end.line);
            // Columns are read only where they lie on one line.
            if start.line == end.line {
                let _ = write!(out, ",col={},endColumn={}", start.column, end.column);
            }
        }
    }
    let lines = std::iter::once(&issue.message).chain(&issue.details);
    let message = workflow_data(lines.map(String::as_str));
    let title = workflow_property(&format!("mcppolicy: {}", issue.rule));
    let _ = writeln!(out, ",title={title}::{message}");
}
