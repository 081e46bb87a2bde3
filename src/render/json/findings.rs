//! Findings, and what `validate` and `lint` report of them.

use std::borrow::Cow;

use serde::Serialize;
use serde::ser::SerializeMap;

use super::repairs;
use crate::render::quote::witness_line;
use crate::share::finding::{self as wire, Related, Witness};
use mcppolicy_analysis::finding::{Finding, Severity};
use mcppolicy_analysis::report::Findings;
use mcppolicy_engine::problem::Fix;
use mcppolicy_engine::source::{Location, SourceMap};
use mcppolicy_trace::trace::WitnessCall;

/// Writes the members of a report of findings.
pub(super) fn members<M: SerializeMap>(
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

#[derive(Serialize)]
struct FindingsSummary {
    policies: usize,
    errors: usize,
    warnings: usize,
    notes: usize,
    suppressed: usize,
}

/// A finding.
pub(super) fn json_finding<'a>(finding: &'a Finding, sources: &'a SourceMap) -> wire::Finding<'a> {
    let witness = (!finding.witness.is_empty()).then(|| Witness {
        calls: finding.witness.iter().map(witness_record).collect(),
    });
    wire::Finding {
        rule: finding.rule.name().into(),
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
        status: finding.status.name(),
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

/// A location.
pub(super) fn json_span(location: Location, sources: &SourceMap) -> wire::Span {
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
pub(super) fn witness_record(call: &WitnessCall) -> serde_json::Value {
    serde_json::from_str(&witness_line(call)).unwrap_or_default()
}
