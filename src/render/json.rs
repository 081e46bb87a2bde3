//! For a program: `schema/report.schema.json`, version `mcppolicy.report/1`.
//! The structs here are the format; the members named in surfaces.md §2 are a
//! contract and only ever grow.

mod cases;
mod changes;
mod ci;
mod drift;
mod repairs;
mod share;
mod steps;
mod tools;

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::Style;
use mcppolicy_analysis::finding::{Finding, Severity};
use mcppolicy_analysis::report::{Body, Failure, Findings, Report};
use mcppolicy_engine::problem::Fix;
use mcppolicy_engine::source::{Location, SourceMap};
use mcppolicy_trace::trace::RecordedCall;
use mcppolicy_trace::trace::WitnessCall;
use mcppolicy_trace::trace::native::write_call;

/// The schema of this format, as `mcppolicy schema report` prints it.
pub const REPORT_SCHEMA: &str = include_str!("../../schema/report.schema.json");

/// The format's name and version.
const SCHEMA: &str = "mcppolicy.report/1";

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
        let failures: Vec<JsonFailure<'_>> = report.failures.iter().map(JsonFailure::new).collect();
        map.serialize_entry("failures", &failures)?;
        map.serialize_entry("assumptions", &report.assumptions)?;
        if let Body::Tested(tested) = &report.body
            && let Some(share) = share::partition(tested, report.sources, self.style)
        {
            map.serialize_entry("partition", &share)?;
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
    let list: Vec<JsonFinding<'_>> = findings
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

#[derive(Serialize)]
struct JsonFailure<'a> {
    input: &'a str,
    message: &'a str,
}

impl<'a> JsonFailure<'a> {
    fn new(failure: &'a Failure) -> JsonFailure<'a> {
        JsonFailure {
            input: &failure.input,
            message: &failure.message,
        }
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

#[derive(Serialize)]
struct JsonFinding<'a> {
    rule: &'a str,
    severity: &'a str,
    message: &'a str,
    file: &'a str,
    pointer: &'a str,
    span: JsonSpan,
    related: Vec<JsonRelated<'a>>,
    help: Option<&'a str>,
    witness: Option<JsonWitness>,
    fix: Option<JsonFix<'a>>,
}

#[derive(Serialize)]
struct JsonSpan {
    start: JsonPosition,
    end: JsonPosition,
}

#[derive(Serialize)]
struct JsonPosition {
    line: usize,
    column: usize,
    offset: usize,
}

#[derive(Serialize)]
struct JsonRelated<'a> {
    message: &'a str,
    file: &'a str,
    span: JsonSpan,
}

#[derive(Serialize)]
struct JsonWitness {
    calls: Vec<serde_json::Value>,
}

#[derive(Serialize)]
struct JsonFix<'a> {
    applicability: &'static str,
    edits: Vec<JsonEdit<'a>>,
}

#[derive(Serialize)]
struct JsonEdit<'a> {
    start: usize,
    end: usize,
    text: &'a str,
}

fn json_finding<'a>(finding: &'a Finding, sources: &'a SourceMap) -> JsonFinding<'a> {
    let witness = (!finding.witness.is_empty()).then(|| JsonWitness {
        calls: finding.witness.iter().map(witness_record).collect(),
    });
    JsonFinding {
        rule: finding.rule.name(),
        severity: finding.severity.name(),
        message: &finding.message,
        file: sources.get(finding.location.file).name(),
        pointer: &finding.pointer,
        span: json_span(finding.location, sources),
        related: finding
            .related
            .iter()
            .map(|related| JsonRelated {
                message: &related.message,
                file: sources.get(related.location.file).name(),
                span: json_span(related.location, sources),
            })
            .collect(),
        help: finding.help.as_deref(),
        witness,
        fix: finding.fix.as_ref().map(json_fix),
    }
}

fn json_fix(fix: &Fix) -> JsonFix<'_> {
    JsonFix {
        applicability: fix.applicability.name(),
        edits: fix
            .edits
            .iter()
            .map(|edit| JsonEdit {
                start: edit.span.start,
                end: edit.span.end,
                text: &edit.text,
            })
            .collect(),
    }
}

fn json_span(location: Location, sources: &SourceMap) -> JsonSpan {
    let position = |at: mcppolicy_engine::source::Position| JsonPosition {
        line: at.line,
        column: at.column,
        offset: at.offset,
    };
    JsonSpan {
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
