//! `test`: counts, and the cases that did not pass.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::ser::SerializeMap;

use super::findings::json_finding;
use crate::render::style::Style;
use crate::share::case::Case;
use crate::share::count::{Rule, Tool, Trace};
use crate::share::finding::Finding;
use mcppolicy_analysis::report::{TestRun, Tested};
use mcppolicy_engine::source::SourceMap;

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
    let findings: Vec<Finding<'_>> = tested
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
        "rules",
        &tested.runs.iter().flat_map(rules).collect::<Vec<_>>(),
    )?;
    map.serialize_entry(
        "traces",
        &tested.runs.iter().flat_map(traces).collect::<Vec<_>>(),
    )?;
    let cases: Vec<Case<'_>> = tested
        .runs
        .iter()
        .flat_map(|run| {
            run.results
                .cases
                .iter()
                .map(|case| Case::new(case, run, style.shown()))
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

fn tools(run: &TestRun) -> impl Iterator<Item = Tool<'_>> {
    let tools = run.results.tools.iter();
    tools.map(|(tool, counts)| Tool::new(&run.name, tool.as_deref(), counts))
}

fn rules(run: &TestRun) -> impl Iterator<Item = Rule<'_>> {
    let rules = run.results.rules.iter();
    rules.map(|counts| Rule::new(&run.name, counts))
}

fn traces(run: &TestRun) -> impl Iterator<Item = Trace<'_>> {
    let traces = run.results.traces.iter();
    traces.map(|trace| Trace::new(&run.name, trace))
}
