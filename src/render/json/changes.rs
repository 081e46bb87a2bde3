//! `diff`: changes with their witnesses, and recorded traffic.

mod approvals;
mod edits;
mod scope;

use serde::Serialize;
use serde::ser::SerializeMap;

use super::findings::{json_finding, json_span, witness_record};
use crate::render::parts;
use crate::render::style::Style;
use crate::share::finding::{self as wire, Finding, Span};
use crate::shown;
use mcppolicy_analysis::compare::{Change, Side, Witness};
use mcppolicy_analysis::diff::traffic::{Counts, Example, Traffic};
use mcppolicy_analysis::diff::{PolicyDiff, PolicyStatus};
use mcppolicy_analysis::report::DiffReport;
use mcppolicy_engine::source::{FileId, Location, SourceMap};

use edits::{JsonEdit, JsonPart};
use scope::JsonScope;

/// Writes the members of a diff report.
pub(super) fn members<M: SerializeMap>(
    map: &mut M,
    report: &DiffReport,
    sources: &SourceMap,
    style: Style,
) -> Result<(), M::Error> {
    let diff = &report.diff;
    let summary = Summary {
        verdict: diff.verdict().name(),
        undetermined: diff.undetermined(),
        policies: diff.policies.len(),
        traffic: diff
            .traffic()
            .map(|traffic| JsonCounts::new(&traffic.total)),
        gate: report.gate.name(),
        refused: report.refused,
    };
    map.serialize_entry("summary", &summary)?;
    let findings: Vec<Finding<'_>> = parts::of_diff(report)
        .into_iter()
        .map(|finding| json_finding(finding, sources))
        .collect();
    map.serialize_entry("findings", &findings)?;
    let policies: Vec<JsonPolicy<'_>> = diff
        .policies
        .iter()
        .map(|p| JsonPolicy::new(p, style))
        .collect();
    map.serialize_entry("policies", &policies)?;
    let changes: Vec<JsonChange<'_>> = diff
        .policies
        .iter()
        .flat_map(|policy| {
            let all = policy.changes().iter().chain(&policy.opened);
            all.map(|change| JsonChange::new(change, policy, sources))
        })
        .collect();
    map.serialize_entry("changes", &changes)?;
    approvals::members(map, report, sources)
}

#[derive(Serialize)]
struct Summary {
    verdict: &'static str,
    undetermined: usize,
    policies: usize,
    traffic: Option<JsonCounts>,
    gate: &'static str,
    refused: bool,
}

#[derive(Serialize)]
struct JsonCounts {
    calls: u64,
    allow_to_deny: u64,
    deny_to_allow: u64,
    unchanged: u64,
    undetermined: u64,
}

impl JsonCounts {
    fn new(counts: &Counts) -> JsonCounts {
        JsonCounts {
            calls: counts.calls,
            allow_to_deny: counts.allow_to_deny,
            deny_to_allow: counts.deny_to_allow,
            unchanged: counts.unchanged,
            undetermined: counts.undetermined,
        }
    }
}

#[derive(Serialize)]
struct JsonPolicy<'a> {
    policy: &'a str,
    fate: &'static str,
    traffic: Option<JsonTraffic<'a>>,
}

impl<'a> JsonPolicy<'a> {
    fn new(policy: &'a PolicyDiff, style: Style) -> JsonPolicy<'a> {
        JsonPolicy {
            policy: &policy.name,
            fate: match &policy.status {
                PolicyStatus::Added => "added",
                PolicyStatus::Removed => "removed",
                PolicyStatus::Compared(comparison) => comparison.verdict.name(),
            },
            traffic: policy
                .traffic
                .as_ref()
                .map(|traffic| JsonTraffic::new(traffic, style)),
        }
    }
}

#[derive(Serialize)]
struct JsonTraffic<'a> {
    traces: usize,
    out_of_scope: u64,
    grants: usize,
    tools: Vec<JsonTool<'a>>,
    examples: Vec<JsonExample<'a>>,
}

#[derive(Serialize)]
struct JsonTool<'a> {
    tool: Option<&'a str>,
    counts: JsonCounts,
}

#[derive(Serialize)]
struct JsonExample<'a> {
    file: &'a str,
    line: usize,
    tool: Option<&'a str>,
    grant: Option<&'a str>,
    ts: Option<String>,
    arguments: Option<serde_json::Value>,
    now: &'static str,
    rule: Option<&'a str>,
    message: Option<&'a str>,
}

impl<'a> JsonTraffic<'a> {
    fn new(traffic: &'a Traffic, style: Style) -> JsonTraffic<'a> {
        let tool = |(tool, counts): (&'a Option<String>, &'a Counts)| JsonTool {
            tool: tool.as_deref(),
            counts: JsonCounts::new(counts),
        };
        JsonTraffic {
            traces: traffic.traces,
            out_of_scope: traffic.out_of_scope,
            grants: traffic.grants.len(),
            tools: traffic.tools.iter().map(tool).collect(),
            examples: traffic
                .examples
                .iter()
                .map(|example| JsonExample::new(example, style))
                .collect(),
        }
    }
}

impl<'a> JsonExample<'a> {
    fn new(example: &'a Example, style: Style) -> JsonExample<'a> {
        let arguments = shown::recorded(example.arguments.as_ref(), &example.reads, style.shown());
        JsonExample {
            file: &example.file,
            line: example.line,
            tool: example.tool.as_deref(),
            grant: example.grant.as_deref(),
            ts: example.time.map(|time| time.to_string()),
            arguments: arguments.map(|value| value.to_json()),
            now: if example.passes { "allow" } else { "deny" },
            rule: example.rule.as_deref(),
            message: example.message.as_deref(),
        }
    }
}

#[derive(Serialize)]
struct JsonChange<'a> {
    policy: &'a str,
    scope: JsonScope<'a>,
    aspect: &'static str,
    verdict: &'static str,
    old: JsonSide<'a>,
    new: JsonSide<'a>,
    loosened: wire::Witness,
    tightened: wire::Witness,
    reason: Option<&'static str>,
    /// Whether it passes more, and somebody has approved that.
    approved: bool,
    category: Option<&'static str>,
    edits: Vec<JsonEdit<'a>>,
    parts: Vec<JsonPart<'a>>,
    parts_complete: bool,
}

#[derive(Serialize)]
struct JsonSide<'a> {
    rule: Option<&'a str>,
    span: Option<Span>,
}

impl<'a> JsonSide<'a> {
    fn new(side: &'a Side, file: Option<FileId>, sources: &SourceMap) -> JsonSide<'a> {
        let location = file
            .zip(side.span)
            .map(|(file, span)| Location { file, span });
        JsonSide {
            rule: side.rule.as_deref(),
            span: location.map(|location| json_span(location, sources)),
        }
    }
}

impl<'a> JsonChange<'a> {
    fn new(change: &'a Change, policy: &'a PolicyDiff, sources: &SourceMap) -> JsonChange<'a> {
        let calls = |witnesses: &[Witness]| wire::Witness {
            calls: witnesses
                .iter()
                .flat_map(|witness| &witness.calls)
                .map(witness_record)
                .collect(),
        };
        JsonChange {
            policy: &policy.name,
            scope: JsonScope::new(&change.scope),
            aspect: change.aspect.name(),
            verdict: if change.reworded {
                "reworded"
            } else {
                change.verdict.name()
            },
            old: JsonSide::new(&change.old, policy.old, sources),
            new: JsonSide::new(&change.new, policy.new, sources),
            loosened: calls(&change.loosened),
            tightened: calls(&change.tightened),
            reason: change.reason.map(|reason| reason.name()),
            approved: policy.judgement.approves_change(change),
            category: change.category.map(|category| category.name()),
            edits: change
                .edits
                .iter()
                .map(|edit| JsonEdit::new(edit, policy, sources))
                .collect(),
            parts: change
                .parts
                .iter()
                .map(|part| JsonPart::new(part, policy, sources))
                .collect(),
            parts_complete: change.parts_complete,
        }
    }
}
