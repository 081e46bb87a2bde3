//! GitLab's Code Quality report: a JSON array of issues.

use serde::Serialize;

use super::escape::terminal;
use super::issues::{Issue, issues};
use super::style::Style;
use mcppolicy_analysis::finding::{Class, RuleId, Severity};
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
            check_name: issue.rule.name(),
            fingerprint: issue.fingerprint.clone(),
            severity: severity(issue.rule, issue.severity),
            location: CodeLocation {
                path: style.in_repository(issue.file),
                lines: Lines { begin, end },
            },
        }
    }
}

/// GitLab's word for how much an issue matters. Whatever leaves an input unread or
/// makes the run invalid (exit 3) is a blocker: the rest of the report may lack
/// something because of it.
fn severity(rule: RuleId, severity: Severity) -> &'static str {
    if rule.is_invalid_input(severity) || rule.class() == Class::UnreadableInput {
        return "blocker";
    }
    match severity {
        Severity::Error => "major",
        Severity::Warning => "minor",
        Severity::Note => "info",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_a_run_as_invalid_is_a_blocker_and_nothing_else_that_was_read() {
        for rule in RuleId::ALL {
            for of in Severity::ALL {
                let is_read = rule.class() != Class::UnreadableInput;
                let is_blocker = severity(*rule, of) == "blocker";
                assert_eq!(is_blocker, rule.is_invalid_input(of) || !is_read, "{rule}");
            }
        }
        assert_eq!(severity(RuleId::Approvals, Severity::Error), "blocker");
        assert_eq!(severity(RuleId::Inventory, Severity::Error), "blocker");
        assert_eq!(severity(RuleId::Config, Severity::Warning), "minor");
        assert_eq!(severity(RuleId::LooseLimit, Severity::Error), "major");
    }
}
