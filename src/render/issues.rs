//! Everything that a report complains about, in one shape, for the formats
//! that only have locations and messages: SARIF, GitLab's Code Quality, GitHub's
//! annotations.

mod fingerprint;

use std::collections::HashMap;

use super::review::{Point, Review, Turn};
use super::style::Style;
use super::{parts, quote, words};
use crate::shown;
use mcppolicy_analysis::compare::Scope;
use mcppolicy_analysis::diff::{PolicyDiff, PolicyStatus};
use mcppolicy_analysis::finding::{Class, Finding, RuleId, Severity};
use mcppolicy_analysis::lint::suppress::Suppressed;
use mcppolicy_analysis::replay::expect::Verdict as CaseVerdict;
use mcppolicy_analysis::replay::results::Case;
use mcppolicy_analysis::report::{DiffReport, Report, TestRun};
use mcppolicy_analysis::shorten;
use mcppolicy_engine::source::{Location, Position, SourceMap};

use fingerprint::Fingerprint;

/// One complaint with its location.
#[derive(Debug)]
pub struct Issue<'a> {
    /// What it is about.
    pub rule: RuleId,
    /// How much it matters.
    pub severity: Severity,
    /// One sentence.
    pub message: String,
    /// The file, as the report names it.
    pub file: &'a str,
    /// Where in it.
    pub location: IssueLocation,
    /// What else there is to say, line by line: advice, the calls that prove
    /// it, what was recorded.
    pub details: Vec<String>,
    /// The finding that it is, when it is one.
    pub finding: Option<&'a Finding>,
    /// What stays the same when lines move; unique within a report.
    pub fingerprint: String,
}

/// A location in a file.
#[derive(Debug, Clone, Copy)]
pub enum IssueLocation {
    /// The whole file.
    File,
    /// A line, from 1.
    Line(usize),
    /// From one position up to another.
    Span(Position, Position),
}

impl IssueLocation {
    /// The first line, from 1.
    pub fn line(self) -> usize {
        match self {
            IssueLocation::File => 1,
            IssueLocation::Line(line) => line,
            IssueLocation::Span(start, _) => start.line,
        }
    }
}

/// All issues of a report: unreadable inputs, findings, calls that were not
/// decided as expected, changes.
pub fn issues<'a>(report: &'a Report<'_>, style: Style<'_>) -> Vec<Issue<'a>> {
    let mut issues: Vec<Issue<'a>> = report
        .failures
        .iter()
        .map(|failure| Issue {
            rule: RuleId::Input,
            severity: Severity::Error,
            message: format!(
                "{} could not be read: {}",
                shorten::name(&failure.input),
                shorten::sentence(&failure.message)
            ),
            file: &failure.input,
            location: IssueLocation::File,
            details: Vec::new(),
            finding: None,
            fingerprint: Fingerprint::new(RuleId::Input, &failure.input, style).done(),
        })
        .collect();
    let is_setting = |finding: &&Finding| finding.rule.class() == Class::Settings;
    let findings = parts::findings(report);
    let (settings, others): (Vec<&Finding>, Vec<&Finding>) =
        findings.into_iter().partition(is_setting);
    let of = |finding| of_finding(finding, report.sources, style);
    issues.extend(settings.into_iter().map(of));
    // A change comes before findings, which nobody must be able to push it behind.
    for diff in parts::changes(report) {
        issues.extend(of_diff(diff, report.sources, style));
    }
    issues.extend(others.into_iter().map(of));
    for run in parts::runs(report) {
        let cases = run.results.cases.iter().filter(|case| did_not_pass(case));
        issues.extend(cases.map(|case| of_case(case, style)));
        issues.extend(of_outcome(run, style));
    }
    number_doubles(&mut issues);
    issues
}

/// The findings that do not count, each with the reason.
pub fn suppressed<'a>(report: &'a Report<'_>, style: Style<'_>) -> Vec<(Issue<'a>, &'a str)> {
    let suppressed = parts::suppressed(report).into_iter();
    let issue = |suppressed: &'a Suppressed| {
        let issue = of_finding(&suppressed.finding, report.sources, style);
        (issue, suppressed.reason.as_str())
    };
    suppressed.map(issue).collect()
}

/// Two of the same differ by their order.
fn number_doubles(issues: &mut [Issue<'_>]) {
    let mut seen: HashMap<String, usize> = HashMap::new();
    for issue in issues {
        let times = seen.entry(issue.fingerprint.clone()).or_default();
        *times += 1;
        if *times > 1 {
            issue.fingerprint = format!("{}{:08x}", issue.fingerprint, times);
        }
    }
}

fn of_finding<'a>(finding: &'a Finding, sources: &'a SourceMap, style: Style<'_>) -> Issue<'a> {
    let source = sources.get(finding.location.file);
    let advice = finding.help.iter();
    let mut details: Vec<String> = advice
        .map(|help| format!("help: {}", shorten::sentence(help)))
        .collect();
    for related in &finding.related {
        let name = shorten::name(sources.get(related.location.file).name());
        let at = sources.start(related.location);
        details.push(format!(
            "{}: {name}:{}:{}",
            shorten::sentence(&related.message),
            at.line,
            at.column
        ));
    }
    let proof = quote::witnesses(&finding.witness).into_iter();
    details.extend(proof.map(|call| format!("proof: {call}")));
    Issue {
        rule: finding.rule,
        severity: finding.severity,
        message: finding.shown().into_owned(),
        file: source.name(),
        location: IssueLocation::Span(
            sources.start(finding.location),
            sources.end(finding.location),
        ),
        details,
        finding: Some(finding),
        fingerprint: Fingerprint::new(finding.rule, source.name(), style)
            .part(&finding.pointer)
            .value(&finding.pointer, source.slice(finding.location.span))
            .done(),
    }
}

/// Whether a case failed its expectation.
pub fn did_not_pass(case: &Case) -> bool {
    matches!(case.verdict, CaseVerdict::Fail | CaseVerdict::Undetermined)
}

fn of_case<'a>(case: &'a Case, style: Style<'_>) -> Issue<'a> {
    let tool = case.tool.as_deref().unwrap_or(words::NO_TOOL);
    let mut message = format!("`{}`: {}", shorten::name(tool), words::mismatch(case));
    if let Some(repetitions) = words::repetitions(&case.repetitions) {
        message = format!("{message} ({repetitions})");
    }
    let fingerprint = Fingerprint::new(RuleId::Expectation, &case.file, style)
        .part(tool)
        .part(case.grant.name().unwrap_or_default())
        .part(&words::mismatch(case))
        .done();
    Issue {
        rule: RuleId::Expectation,
        severity: match case.verdict {
            CaseVerdict::Fail => Severity::Error,
            _ => Severity::Warning,
        },
        message,
        file: &case.file,
        location: IssueLocation::Line(case.line),
        details: case_details(case, style),
        finding: None,
        fingerprint,
    }
}

/// What is known of a recorded call, one line each.
pub fn case_details(case: &Case, style: Style<'_>) -> Vec<String> {
    let mut details = Vec::new();
    if let Some(message) = &case.actual.message {
        let message = shorten::text(message);
        details.push(format!("the agent is told: [POLICY DENIED] {message}"));
    }
    if let Some(grant) = case.grant.name() {
        details.push(format!("grant: {}", shorten::name(grant)));
    }
    if let Some(time) = case.time {
        details.push(format!("time: {time}"));
    }
    if let Some(arguments) = shown::arguments(case, style.shown()) {
        let arguments = quote::arguments(&arguments);
        details.push(format!("arguments: {arguments}"));
    }
    for (label, text) in [("id", &case.id), ("note", &case.note)] {
        let text = text.as_ref().map(|text| shorten::text(text));
        details.extend(text.map(|text| format!("{label}: {text}")));
    }
    details
}

fn of_outcome<'a>(run: &'a TestRun, style: Style<'_>) -> Option<Issue<'a>> {
    let complaint = words::complaint(run.outcome)?;
    Some(Issue {
        rule: RuleId::Expectation,
        severity: Severity::Warning,
        message: complaint.to_owned(),
        file: &run.name,
        location: IssueLocation::File,
        details: Vec::new(),
        finding: None,
        fingerprint: Fingerprint::new(RuleId::Expectation, &run.name, style)
            .part(complaint)
            .done(),
    })
}

fn of_diff<'a>(report: &'a DiffReport, sources: &'a SourceMap, style: Style<'_>) -> Vec<Issue<'a>> {
    let mut issues = Vec::new();
    for policy in &report.diff.policies {
        if matches!(policy.status, PolicyStatus::Removed) {
            issues.push(Issue {
                rule: RuleId::PolicyChange,
                severity: match policy.judgement.removal {
                    Some(_) => Severity::Note,
                    None => widening(report),
                },
                message: "this policy was removed".to_owned(),
                file: &policy.name,
                location: IssueLocation::File,
                details: Vec::new(),
                finding: None,
                fingerprint: Fingerprint::new(RuleId::PolicyChange, &policy.name, style)
                    .part("removed")
                    .done(),
            });
        }
        let review = Review::of(policy);
        let points = review.points.iter();
        issues.extend(points.map(|point| of_point(point, policy, report, sources, style)));
    }
    issues
}

/// The severity of a change by which something may pass that did not and that
/// nobody has approved: an error where the gate has refused. Others are notes.
fn widening(report: &DiffReport) -> Severity {
    if report.refused {
        Severity::Error
    } else {
        Severity::Warning
    }
}

fn of_point<'a>(
    point: &Point<'a>,
    policy: &'a PolicyDiff,
    report: &DiffReport,
    sources: &'a SourceMap,
    style: Style<'_>,
) -> Issue<'a> {
    let reason = point.reason.map(|reason| format!(" ({})", reason.name()));
    let approved = if point.approved { ", approved" } else { "" };
    let message = format!(
        "{}, {}: {}{}{approved}: {}",
        point.subject(),
        point.aspect.name(),
        point.turn.word(),
        reason.unwrap_or_default(),
        shorten::sentence(&point.summary())
    );
    let mut details = Vec::new();
    for edit in &point.edits {
        for (label, side) in [("before", &edit.old), ("after", &edit.new)] {
            let text = side.as_ref().map(|side| shorten::text(&side.text));
            details.extend(text.map(|text| format!("{label}: {text}")));
        }
    }
    if let Some(witness) = point.witness {
        let what = match point.turn {
            Turn::Tighter => "refused now",
            Turn::Looser | Turn::Unknown => "passes now",
        };
        let calls = quote::witnesses(&witness.calls).into_iter();
        details.extend(calls.map(|call| format!("{what}: {call}")));
    }
    let whole_scope = match point.scopes.first() {
        Some(Scope::Tool(tool)) => tool.clone(),
        Some(other) => words::scope(other).into_owned(),
        None => String::new(),
    };
    let (file, location) = place(point, policy, sources);
    let by = point.by.as_ref().and_then(|by| by.rule.as_deref());
    Issue {
        rule: RuleId::PolicyChange,
        severity: if point.turn == Turn::Tighter || point.approved {
            Severity::Note
        } else {
            widening(report)
        },
        message,
        file,
        location,
        details,
        finding: None,
        fingerprint: Fingerprint::new(RuleId::PolicyChange, &policy.name, style)
            .part(&whole_scope)
            .part(point.aspect.name())
            .part(point.turn.word())
            .part(by.unwrap_or_default())
            .done(),
    }
}

/// Where the new policy has what changed, so that an annotation lies in the changed
/// lines: the element itself, or the list that it is missing from.
fn place<'a>(
    point: &Point<'a>,
    policy: &'a PolicyDiff,
    sources: &'a SourceMap,
) -> (&'a str, IssueLocation) {
    let name = |file| sources.get(file).name();
    let file = policy.new.map_or(policy.name.as_str(), name);
    let mut edited = point.edits.iter().filter_map(|edit| edit.new.as_ref());
    let edited = edited.next().map(|side| side.span);
    let span = edited.or(point.change.new.span);
    let location = policy.new.zip(span).map(|(file, span)| {
        let location = Location { file, span };
        IssueLocation::Span(sources.start(location), sources.end(location))
    });
    (file, location.unwrap_or(IssueLocation::File))
}
