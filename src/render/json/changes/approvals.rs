//! The approvals of a change, and what lies outside of them.

use serde::Serialize;
use serde::ser::SerializeMap;

use super::scope::JsonScope;
use crate::render::json::findings::{json_span, witness_record};
use crate::share::finding::Span;
use mcppolicy_analysis::compare::Scope;
use mcppolicy_analysis::diff::approval::Approved;
use mcppolicy_analysis::diff::gate::Outside;
use mcppolicy_analysis::report::{ApprovalShown, DiffReport};
use mcppolicy_engine::source::SourceMap;

/// Writes `approvals` and `outside`.
pub(super) fn members<M: SerializeMap>(
    map: &mut M,
    report: &DiffReport,
    sources: &SourceMap,
) -> Result<(), M::Error> {
    let approvals = report.approvals.iter();
    let approvals: Vec<_> = approvals
        .map(|shown| JsonApproval::new(shown, sources))
        .collect();
    map.serialize_entry("approvals", &approvals)?;
    let policies = report.diff.policies.iter();
    let outside: Vec<_> = policies
        .flat_map(|policy| {
            let outside = policy.judgement.outside();
            outside.map(|(scope, outside)| JsonOutside::new(&policy.name, scope, outside))
        })
        .collect();
    map.serialize_entry("outside", &outside)
}

#[derive(Serialize)]
struct JsonApproval<'a> {
    policy: &'a str,
    scope: JsonScope<'a>,
    /// Of an approval of a finding.
    #[serde(skip_serializing_if = "Option::is_none")]
    finding: Option<JsonFinding<'a>>,
    allows: Vec<JsonAllowed<'a>>,
    surplus: Vec<serde_json::Value>,
    reason: &'a str,
    by: Option<&'a str>,
    date: &'a str,
    standing: &'static str,
    written: bool,
    span: Option<Span>,
}

#[derive(Serialize)]
struct JsonFinding<'a> {
    rule: &'static str,
    pointer: &'a str,
    sha256: &'a str,
}

#[derive(Serialize)]
struct JsonAllowed<'a> {
    kind: &'static str,
    text: &'a str,
}

impl<'a> JsonApproval<'a> {
    fn new(shown: &'a ApprovalShown, sources: &SourceMap) -> JsonApproval<'a> {
        let approval = &shown.approval;
        JsonApproval {
            policy: &approval.policy,
            scope: match &approval.approved {
                Approved::State { scope, .. } => JsonScope::new(scope),
                Approved::Removal => JsonScope::POLICY,
                Approved::Finding(_) => JsonScope::FINDING,
            },
            finding: match &approval.approved {
                Approved::Finding(finding) => Some(JsonFinding {
                    rule: finding.rule.name(),
                    pointer: &finding.pointer,
                    sha256: &finding.sha256,
                }),
                Approved::State { .. } | Approved::Removal => None,
            },
            allows: shown
                .allows
                .iter()
                .map(|allowed| JsonAllowed {
                    kind: allowed.kind.name(),
                    text: &allowed.text,
                })
                .collect(),
            surplus: shown.surplus.iter().map(witness_record).collect(),
            reason: &approval.reason,
            by: approval.by.as_deref(),
            date: &approval.date,
            standing: shown.status.name(),
            written: shown.written,
            span: approval.location.map(|at| json_span(at, sources)),
        }
    }
}

#[derive(Serialize)]
struct JsonOutside<'a> {
    policy: &'a str,
    scope: JsonScope<'a>,
    approvals: usize,
    calls: Vec<serde_json::Value>,
    reason: Option<&'static str>,
}

impl<'a> JsonOutside<'a> {
    fn new(policy: &'a str, scope: &'a Scope, outside: &Outside) -> JsonOutside<'a> {
        JsonOutside {
            policy,
            scope: JsonScope::new(scope),
            approvals: outside.approvals,
            calls: outside.calls.iter().map(witness_record).collect(),
            reason: outside.reason.map(|reason| reason.name()),
        }
    }
}
