//! SARIF 2.1.0, for code scanning. The structs here are the part of the format
//! that is written.
//!
//! Locations are relative to the repository (`%SRCROOT%`), columns count Unicode
//! characters, and a result is recognised by its fingerprint when lines move.

mod limits;
mod log;
mod rules;

use super::escape::{terminal, uri};
use super::issues::{Issue, IssueLocation, issues};
use super::style::Style;
use mcppolicy_analysis::finding::{Class, Finding, RuleId, Severity};
use mcppolicy_analysis::report::{Body, Report};
use mcppolicy_analysis::shorten;
use mcppolicy_engine::problem::{Applicability, Fix};
use mcppolicy_engine::source::{FileId, Location as SourceLocation, SourceMap};

use log::{
    ArtifactChange, ArtifactContent, ArtifactLocation, Driver, Fingerprints, Invocation, Location,
    Log, Message, Notification, PhysicalLocation, Properties, Region, Replacement, Result as Found,
    Run, SarifFix, Suppression, Tool,
};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
/// The root that relative paths begin at.
const ROOT: &str = "%SRCROOT%";

/// Renders a report as indented JSON with a line break at its end.
pub fn render(report: &Report<'_>, style: Style<'_>) -> String {
    let rules = rules::all();
    let issues = issues(report, style);
    let results = issues
        .iter()
        .filter(|issue| issue.rule.class() != Class::UnreadableInput);
    let suppressed_results = super::issues::suppressed(report, style);
    let suppressed_results = suppressed_results.iter().map(|(issue, reason)| Found {
        suppressions: vec![Suppression {
            kind: "external",
            justification: terminal(&shorten::text(reason)),
        }],
        ..result(issue, &rules, report.sources, style)
    });
    let results: Vec<Found> = results
        .map(|issue| result(issue, &rules, report.sources, style))
        .chain(suppressed_results)
        .collect();
    let mut most = limits::RESULTS;
    loop {
        let taken = limits::within(&results, most);
        let count = taken.len();
        let text = written(report, &rules, taken);
        match limits::fewer(&text, count) {
            Some(fewer) => most = fewer,
            None => return text,
        }
    }
}

/// The whole file.
fn written(report: &Report<'_>, rules: &[RuleId], results: Vec<Found>) -> String {
    let run = Run {
        tool: Tool {
            driver: Driver {
                name: "mcppolicy",
                version: env!("CARGO_PKG_VERSION"),
                semantic_version: env!("CARGO_PKG_VERSION"),
                rules: rules.iter().copied().map(rules::descriptor).collect(),
            },
        },
        invocations: vec![invocation(report)],
        column_kind: "unicodeCodePoints",
        results,
        properties: Properties {
            command: report.command,
            suppressed: suppressed(report),
            assumptions: &report.assumptions,
        },
    };
    let log = Log {
        schema: SCHEMA,
        version: "2.1.0",
        runs: vec![run],
    };
    // Maps with string keys, strings and numbers always serialise.
    let mut text = serde_json::to_string_pretty(&log).unwrap_or_default();
    text.push('\n');
    text
}

/// An input that could not be read is no result: it has no location.
fn invocation(report: &Report<'_>) -> Invocation {
    let notification = |failure: &mcppolicy_analysis::report::Failure| Notification {
        level: "error",
        message: Message::plain(format!(
            "{}: {}",
            terminal(&shorten::name(&failure.input)),
            terminal(&shorten::sentence(&failure.message))
        )),
    };
    Invocation {
        execution_successful: report.failures.is_empty(),
        notifications: report.failures.iter().map(notification).collect(),
    }
}

fn suppressed(report: &Report<'_>) -> usize {
    match &report.body {
        Body::Findings(findings) => findings.suppressed,
        Body::Ci(ci) => ci.policies.iter().map(|p| p.lint.suppressed).sum(),
        Body::Decided(_)
        | Body::Tested(_)
        | Body::Diff(_)
        | Body::Classified(_)
        | Body::Inventoried(_)
        | Body::Pinned(_) => 0,
    }
}

fn result<'a>(
    issue: &Issue<'a>,
    rules: &[RuleId],
    sources: &'a SourceMap,
    style: Style<'_>,
) -> Found {
    let mut text = terminal(&issue.message);
    for line in &issue.details {
        text.push_str("\n\n");
        text.push_str(&terminal(line));
    }
    let related = issue.finding.map(|finding| &finding.related);
    Found {
        rule_id: issue.rule.name(),
        rule_index: rules.iter().position(|id| *id == issue.rule),
        level: match issue.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        },
        message: Message::literal(&text),
        locations: vec![Location {
            physical_location: PhysicalLocation {
                artifact_location: artifact(issue.file, style),
                region: region(issue.location),
            },
            message: None,
            id: None,
        }],
        related_locations: related
            .into_iter()
            .flatten()
            .take(limits::LOCATIONS)
            .enumerate()
            .map(|(id, related)| Location {
                physical_location: physical(related.location, sources, style),
                message: Some(Message::literal(&terminal(&shorten::sentence(
                    &related.message,
                )))),
                id: Some(id),
            })
            .collect(),
        partial_fingerprints: Fingerprints {
            // The one that GitHub reads; its own is made from the line's text,
            // which is the same for all of a policy on one line.
            line: format!("{}:1", issue.fingerprint),
            own: issue.fingerprint.clone(),
        },
        fixes: issue
            .finding
            .and_then(|finding| Some((finding, finding.fix.as_ref()?)))
            .map(|(finding, fix)| sarif_fix(finding, fix, sources, style))
            .into_iter()
            .collect(),
        suppressions: Vec::new(),
    }
}

fn sarif_fix(finding: &Finding, fix: &Fix, sources: &SourceMap, style: Style<'_>) -> SarifFix {
    let file = finding.location.file;
    let description = match fix.applicability {
        Applicability::Safe => "decides every call as before",
        Applicability::Unsafe => "may refuse calls that pass today; read it first",
    };
    let replacement = |edit: &mcppolicy_engine::problem::Edit| Replacement {
        deleted_region: physical_region(file, edit.span, sources),
        inserted_content: (!edit.text.is_empty()).then(|| ArtifactContent {
            text: edit.text.clone(),
        }),
    };
    SarifFix {
        description: Message::plain(description.to_owned()),
        artifact_changes: vec![ArtifactChange {
            artifact_location: artifact(sources.get(file).name(), style),
            replacements: fix.edits.iter().map(replacement).collect(),
        }],
    }
}

fn physical_region(
    file: FileId,
    span: mcppolicy_engine::source::Span,
    sources: &SourceMap,
) -> Region {
    let location = SourceLocation { file, span };
    Region::between(sources.start(location), sources.end(location))
}

fn physical(location: SourceLocation, sources: &SourceMap, style: Style<'_>) -> PhysicalLocation {
    PhysicalLocation {
        artifact_location: artifact(sources.get(location.file).name(), style),
        region: Some(physical_region(location.file, location.span, sources)),
    }
}

fn region(location: IssueLocation) -> Option<Region> {
    match location {
        IssueLocation::File => None,
        IssueLocation::Line(line) => Some(Region::line(line)),
        IssueLocation::Span(start, end) => Some(Region::between(start, end)),
    }
}

/// A file relative to the repository, or as a whole URI where it lies outside.
fn artifact(name: &str, style: Style<'_>) -> ArtifactLocation {
    let path = style.in_repository(name);
    match path.strip_prefix('/') {
        Some(absolute) => ArtifactLocation {
            uri: format!("file:///{}", uri(absolute)),
            uri_base_id: None,
        },
        None => ArtifactLocation {
            uri: uri(&path),
            uri_base_id: Some(ROOT),
        },
    }
}
