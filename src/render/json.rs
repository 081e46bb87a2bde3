//! For a program: `schema/report.schema.json`, version `mcppolicy.report/1`.
//! The structs here are the format; the members named in surfaces.md §2 are a
//! contract and only ever grow.

mod cases;
mod changes;
mod ci;
mod drift;
mod repairs;
mod steps;
mod tools;

use std::borrow::Cow;

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::Style;
use crate::share::finding::{self as wire, Related, Witness};
use crate::share::{Failure, Partition, SCHEMA};
use mcppolicy_analysis::finding::{Finding, Severity};
use mcppolicy_analysis::report::{self as analysis, Body, Findings, Report};
use mcppolicy_engine::problem::Fix;
use mcppolicy_engine::source::{Location, SourceMap};
use mcppolicy_trace::trace::RecordedCall;
use mcppolicy_trace::trace::WitnessCall;
use mcppolicy_trace::trace::native::write_call;

/// The schema of this format, as `mcppolicy schema report` prints it.
pub const REPORT_SCHEMA: &str = include_str!("../../schema/report.schema.json");

/// Renders a report as indented JSON with a line break at its end.
pub fn render(report: &Report<'_>, style: Style<'_>) -> String {
    // Maps with string keys, strings and numbers always serialise.
    let mut text = serde_json::to_string_pretty(&Document { report, style }).unwrap_or_default();
    text.push('\n');
    text
}

/// A report as one JSON object: the members that all commands share, then the
/// command's own.
struct Document<'a> {
    report: &'a Report<'a>,
    style: Style<'a>,
}

impl Serialize for Document<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let report = self.report;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("schema", SCHEMA)?;
        map.serialize_entry("command", report.command)?;
        match &report.body {
            Body::Findings(findings) => findings_members(&mut map, findings, report.sources)?,
            Body::Decided(decided) => steps::members(&mut map, decided, report.sources)?,
            Body::Tested(tested) => cases::members(&mut map, tested, report.sources, self.style)?,
            Body::Diff(diff) => changes::members(&mut map, diff, report.sources, self.style)?,
            Body::Ci(ci) => ci::members(&mut map, ci, report.sources, self.style)?,
            Body::Classified(found) => tools::members(&mut map, found, report.sources)?,
            Body::Inventoried(found) => drift::members(&mut map, found, report.sources)?,
        }
        let failures: Vec<Failure<'_>> = report.failures.iter().map(json_failure).collect();
        map.serialize_entry("failures", &failures)?;
        map.serialize_entry("assumptions", &report.assumptions)?;
        if let Body::Tested(tested) = &report.body
            && let Some(partition) = Partition::new(tested, report.sources, self.style.shown())
        {
            map.serialize_entry("partition", &partition)?;
        }
        map.end()
    }
}

fn findings_members<M: SerializeMap>(
    map: &mut M,
    findings: &Findings,
    sources: &SourceMap,
) -> Result<(), M::Error> {
    let summary = FindingsSummary {
        policies: findings.policies,
        errors: findings.count(Severity::Error),
        warnings: findings.count(Severity::Warning),
        notes: findings.count(Severity::Note),
        suppressed: findings.suppressed,
    };
    map.serialize_entry("summary", &summary)?;
    let list: Vec<wire::Finding<'_>> = findings
        .list
        .iter()
        .map(|finding| json_finding(finding, sources))
        .collect();
    map.serialize_entry("findings", &list)?;
    if findings.repairs.is_empty() {
        return Ok(());
    }
    map.serialize_entry("repairs", &repairs::list(findings))
}

fn json_failure(failure: &analysis::Failure) -> Failure<'_> {
    Failure {
        input: Cow::Borrowed(&failure.input),
        message: Cow::Borrowed(&failure.message),
    }
}

#[derive(Serialize)]
struct FindingsSummary {
    policies: usize,
    errors: usize,
    warnings: usize,
    notes: usize,
    suppressed: usize,
}

fn json_finding<'a>(finding: &'a Finding, sources: &'a SourceMap) -> wire::Finding<'a> {
    let witness = (!finding.witness.is_empty()).then(|| Witness {
        calls: finding.witness.iter().map(witness_record).collect(),
    });
    wire::Finding {
        rule: finding.rule.into(),
        severity: finding.severity.name().into(),
        message: Cow::Borrowed(&finding.message),
        file: sources.get(finding.location.file).name().into(),
        pointer: Cow::Borrowed(&finding.pointer),
        span: json_span(finding.location, sources),
        related: finding
            .related
            .iter()
            .map(|related| Related {
                message: Cow::Borrowed(&related.message),
                file: sources.get(related.location.file).name().into(),
                span: json_span(related.location, sources),
            })
            .collect(),
        help: finding.help.as_deref().map(Cow::Borrowed),
        witness,
        fix: finding.fix.as_ref().map(json_fix),
    }
}

fn json_fix(fix: &Fix) -> wire::Fix<'_> {
    wire::Fix {
        applicability: fix.applicability.name(),
        edits: fix
            .edits
            .iter()
            .map(|edit| wire::Edit {
                start: edit.span.start,
                end: edit.span.end,
                text: &edit.text,
            })
            .collect(),
    }
}

fn json_span(location: Location, sources: &SourceMap) -> wire::Span {
    let position = |at: mcppolicy_engine::source::Position| wire::Position {
        line: at.line,
        column: at.column,
        offset: at.offset,
    };
    wire::Span {
        start: position(sources.start(location)),
        end: position(sources.end(location)),
    }
}

/// A witness as a record of the native trace format.
fn witness_record(call: &WitnessCall) -> serde_json::Value {
    serde_json::from_str(&witness_line(call)).unwrap_or_default()
}

/// A witness as a line of the native trace format, ready to be pasted into a
/// trace.
pub(super) fn witness_line(call: &WitnessCall) -> String {
    write_call(&RecordedCall::from(call))
}
