//! GitLab's Code Quality report: a JSON array of issues.

use serde::Serialize;

use super::escape::terminal;
use super::issues::{INPUT, Issue, issues};
use super::style::Style;
use mcppolicy_analysis::finding::Severity;
use mcppolicy_analysis::report::Report;

/// Renders a report as indented JSON with a line break at its end.
pub fn render(report: &Report<'_>, style: Style<'_>) -> String {
    let issues = issues(report, style);
    let issues: Vec<CodeQuality> = issues
        .iter()
        .map(|issue| CodeQuality::new(issue, style))
        .collect();
    let mut text = serde_json::to_string_pretty(&issues).unwrap_or_default();
    text.push('\n');
    text
}

#[derive(Serialize)]
struct CodeQuality {
    description: String,
    check_name: &'static str,
    fingerprint: String,
    severity: &'static str,
    location: CodeLocation,
}

#[derive(Serialize)]
struct CodeLocation {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: usize,
    end: usize,
}

impl CodeQuality {
    fn new(issue: &Issue<'_>, style: Style<'_>) -> CodeQuality {
        let begin = issue.location.line();
        let end = match issue.location {
            super::issues::IssueLocation::Span(_, end) => end.line,
            _ => begin,
        };
        CodeQuality {
            // GitLab shows the description alone.
            description: std::iter::once(&issue.message)
                .chain(&issue.details)
                .map(|line| terminal(line))
                .collect::<Vec<_>>()
                .join(" · "),
            check_name: issue.rule,
            fingerprint: issue.fingerprint.clone(),
            severity: match (issue.rule, issue.severity) {
                ("syntax" | "schema" | "trace" | "config" | INPUT, _) => "blocker",
                (_, Severity::Error) => "major",
                (_, Severity::Warning) => "minor",
                (_, Severity::Note) => "info",
            },
            location: CodeLocation {
                path: style.in_repository(issue.file),
                lines: Lines { begin, end },
            },
        }
    }
}
