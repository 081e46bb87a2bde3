//! `test`: counts, and the cases that did not pass.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::ser::SerializeMap;

use super::steps::JsonActual;
use super::{JsonFinding, json_finding};
use crate::render::{Style, shown};
use mcppolicy_analysis::replay::results::Case;
use mcppolicy_analysis::report::{TestRun, Tested};
use mcppolicy_engine::source::SourceMap;
use mcppolicy_trace::trace::native::write_expectation;
use mcppolicy_trace::trace::{Expectation, Expected, Grant};

/// Writes the members of a test report.
pub(super) fn members<M: SerializeMap>(
    map: &mut M,
    tested: &Tested,
    sources: &SourceMap,
    style: Style,
) -> Result<(), M::Error> {
    let counts = tested.summary();
    map.serialize_entry(
        "summary",
        &Summary {
            policies: tested.runs.len(),
            traces: tested.traces(),
            calls: counts.calls,
            passed: counts.passed,
            failed: counts.failed,
            undetermined: counts.undetermined,
            unasserted: counts.unasserted,
            out_of_scope: counts.out_of_scope,
            allow: counts.allow,
            deny: counts.deny,
        },
    )?;
    let findings: Vec<JsonFinding<'_>> = tested
        .findings
        .iter()
        .chain(tested.runs.iter().flat_map(|run| &run.results.problems))
        .map(|finding| json_finding(finding, sources))
        .collect();
    map.serialize_entry("findings", &findings)?;
    map.serialize_entry(
        "tools",
        &tested.runs.iter().flat_map(tools).collect::<Vec<_>>(),
    )?;
    map.serialize_entry(
        "traces",
        &tested.runs.iter().flat_map(traces).collect::<Vec<_>>(),
    )?;
    let cases: Vec<JsonCase<'_>> = tested
        .runs
        .iter()
        .flat_map(|run| {
            run.results
                .cases
                .iter()
                .map(|case| JsonCase::new(case, run, style))
        })
        .collect();
    map.serialize_entry("cases", &cases)?;
    map.serialize_entry(
        "reasons",
        &sums(tested, |run| {
            run.results
                .reasons
                .iter()
                .map(|(k, n)| (k.name(), *n))
                .collect()
        }),
    )?;
    map.serialize_entry(
        "out_of_scope",
        &sums(tested, |run| {
            run.results
                .out_of_scope
                .iter()
                .map(|(k, n)| (k.as_str(), *n))
                .collect()
        }),
    )?;
    map.serialize_entry(
        "other_methods",
        &sums(tested, |run| {
            run.results
                .other_methods
                .iter()
                .map(|(k, n)| (k.as_str(), *n))
                .collect()
        }),
    )?;
    map.serialize_entry(
        "passed_over",
        &sums(tested, |run| {
            run.results
                .skipped
                .iter()
                .map(|(k, n)| (&**k, *n))
                .collect()
        }),
    )
}

/// One count of each run, added up by name.
fn sums<'t>(
    tested: &'t Tested,
    counts: impl Fn(&'t TestRun) -> Vec<(&'t str, u64)>,
) -> BTreeMap<&'t str, u64> {
    let mut sums = BTreeMap::new();
    for (name, count) in tested.runs.iter().flat_map(counts) {
        *sums.entry(name).or_default() += count;
    }
    sums
}

#[derive(Serialize)]
struct Summary {
    policies: usize,
    traces: usize,
    calls: u64,
    passed: u64,
    failed: u64,
    undetermined: u64,
    unasserted: u64,
    out_of_scope: u64,
    allow: u64,
    deny: u64,
}

#[derive(Serialize)]
struct JsonTool<'a> {
    policy: &'a str,
    tool: Option<&'a str>,
    calls: u64,
    allow: u64,
    deny: u64,
    undetermined: u64,
}

fn tools(run: &TestRun) -> impl Iterator<Item = JsonTool<'_>> {
    run.results.tools.iter().map(|(tool, counts)| JsonTool {
        policy: &run.policy,
        tool: tool.as_deref(),
        calls: counts.calls,
        allow: counts.allow,
        deny: counts.deny,
        undetermined: counts.undetermined,
    })
}

#[derive(Serialize)]
struct JsonTrace<'a> {
    policy: &'a str,
    file: &'a str,
    format: &'static str,
    calls: u64,
    out_of_scope: u64,
    passed_over: Vec<JsonPassedOver<'a>>,
}

#[derive(Serialize)]
struct JsonPassedOver<'a> {
    reason: &'a str,
    count: u64,
    /// The first of them, when they were asked for.
    lines: &'a [usize],
}

fn traces(run: &TestRun) -> impl Iterator<Item = JsonTrace<'_>> {
    run.results.traces.iter().map(|trace| JsonTrace {
        policy: &run.policy,
        file: &trace.name,
        format: trace.format.name(),
        calls: trace.counts.calls,
        out_of_scope: trace.counts.out_of_scope,
        passed_over: trace
            .skipped
            .iter()
            .map(|(reason, passed)| JsonPassedOver {
                reason,
                count: passed.lines,
                lines: &passed.listed,
            })
            .collect(),
    })
}

#[derive(Serialize)]
pub(super) struct JsonCase<'a> {
    policy: &'a str,
    file: &'a str,
    line: usize,
    tool: Option<&'a str>,
    grant: Option<&'a str>,
    expected: Option<serde_json::Value>,
    actual: JsonActual<'a>,
    verdict: &'static str,
    mismatches: Vec<JsonMismatch<'a>>,
    ts: Option<String>,
    arguments: Option<serde_json::Value>,
    repetitions: Option<JsonRepetitions>,
    id: Option<&'a str>,
    note: Option<&'a str>,
    /// What merging needs beside it.
    #[serde(skip_serializing_if = "Option::is_none")]
    share: Option<JsonPlace>,
}

/// Where a share has a case, and whose it is when `grant` is null.
#[derive(Serialize)]
struct JsonPlace {
    trace: usize,
    nth: usize,
    caller: &'static str,
}

#[derive(Serialize)]
struct JsonMismatch<'a> {
    member: &'static str,
    expected: &'a str,
    actual: Option<&'a str>,
}

#[derive(Serialize)]
struct JsonRepetitions {
    of: u64,
    first: u64,
    last: u64,
    count: u64,
}

impl<'a> JsonCase<'a> {
    pub(super) fn new(case: &'a Case, run: &'a TestRun, style: Style) -> JsonCase<'a> {
        let repetitions = &case.repetitions;
        JsonCase {
            policy: &run.policy,
            file: &case.file,
            line: case.line,
            tool: case.tool.as_deref(),
            grant: match &case.grant {
                Grant::Named(name) => Some(name),
                Grant::Implicit | Grant::Unknown => None,
            },
            expected: case.expected.as_ref().map(expected),
            actual: JsonActual::new(&case.actual),
            verdict: case.verdict.name(),
            mismatches: case
                .mismatches
                .iter()
                .map(|mismatch| JsonMismatch {
                    member: mismatch.member,
                    expected: &mismatch.expected,
                    actual: mismatch.actual.as_deref(),
                })
                .collect(),
            ts: case.time.map(|time| time.to_string()),
            arguments: shown::arguments(case, style.show_arguments).map(|value| value.to_json()),
            repetitions: (repetitions.of > 1).then_some(JsonRepetitions {
                of: repetitions.of,
                first: repetitions.first,
                last: repetitions.last,
                count: repetitions.count,
            }),
            id: case.id.as_deref(),
            note: case.note.as_deref(),
            share: run.results.shared.is_some().then_some(JsonPlace {
                trace: case.trace,
                nth: case.nth,
                caller: match &case.grant {
                    Grant::Named(_) => "named",
                    Grant::Implicit => "implicit",
                    Grant::Unknown => "unknown",
                },
            }),
        }
    }
}

/// An expectation as the native trace format writes it.
fn expected(expected: &Expected) -> serde_json::Value {
    let text = write_expectation(&Expectation::Each(expected.clone()), ":", ",");
    serde_json::from_str(&text).unwrap_or_default()
}
