//! `decide`: the decision and its steps.

use serde::Serialize;
use serde::ser::SerializeMap;

use super::findings::json_span;
use crate::share::case::Actual;
use mcppolicy_analysis::report::Decided;
use mcppolicy_engine::engine::{Interval, Step};
use mcppolicy_engine::source::SourceMap;

pub(super) fn members<M: SerializeMap>(
    map: &mut M,
    decided: &Decided,
    sources: &SourceMap,
) -> Result<(), M::Error> {
    let actual = Actual::new(&decided.actual);
    map.serialize_entry(
        "summary",
        &DecidedSummary {
            decision: decided.actual.decision.name(),
        },
    )?;
    map.serialize_entry("policy", &decided.policy)?;
    map.serialize_entry("tool", &decided.tool)?;
    map.serialize_entry("arguments", &decided.arguments.to_json())?;
    map.serialize_entry("actual", &actual)?;
    map.serialize_entry(
        "span",
        &decided
            .rule_location
            .map(|location| json_span(location, sources)),
    )?;
    let steps: Vec<JsonStep<'_>> = decided.steps.iter().map(JsonStep::new).collect();
    map.serialize_entry("steps", &steps)
}

#[derive(Serialize)]
struct DecidedSummary {
    decision: &'static str,
}

#[derive(Serialize)]
struct JsonStep<'a> {
    kind: &'static str,
    rule: Option<&'a str>,
    outcome: &'static str,
    conditions: Vec<JsonCondition<'a>>,
    counter: Option<JsonCounter<'a>>,
}

#[derive(Serialize)]
struct JsonCondition<'a> {
    path: &'a str,
    op: &'static str,
    value: serde_json::Value,
    /// Absent when there is no value at the path; null is a value.
    #[serde(skip_serializing_if = "Option::is_none")]
    saw: Option<serde_json::Value>,
    held: Option<bool>,
}

#[derive(Serialize)]
struct JsonCounter<'a> {
    counter: &'a str,
    window: &'static str,
    max: u64,
    used: JsonInterval,
    amount: Option<JsonInterval>,
}

#[derive(Serialize)]
struct JsonInterval {
    low: u64,
    high: u64,
}

impl From<Interval> for JsonInterval {
    fn from(interval: Interval) -> JsonInterval {
        JsonInterval {
            low: interval.low,
            high: interval.high,
        }
    }
}

impl<'a> JsonStep<'a> {
    fn new(step: &'a Step) -> JsonStep<'a> {
        JsonStep {
            kind: step.kind.name(),
            rule: step.rule.as_deref(),
            outcome: step.outcome.name(),
            conditions: step
                .conditions
                .iter()
                .map(|seen| JsonCondition {
                    path: &seen.path,
                    op: seen.op,
                    value: seen.operand.to_json(),
                    saw: seen
                        .saw
                        .as_ref()
                        .map(mcppolicy_engine::value::Value::to_json),
                    held: seen.held,
                })
                .collect(),
            counter: step.counter.as_ref().map(|seen| JsonCounter {
                counter: &seen.counter,
                window: seen.window,
                max: seen.max,
                used: seen.used.into(),
                amount: seen.amount.map(JsonInterval::from),
            }),
        }
    }
}
