//! `partition`, the member of a share's report that holds what merging the
//! shares needs beside what every report has.
//!
//! It is for `merge` of the same version alone, which reads it in `merge`.

use std::collections::BTreeSet;

use serde::Serialize;

use super::cases::JsonCase;
use super::steps::JsonActual;
use crate::render::Style;
use mcppolicy_analysis::replay::redact::redact;
use mcppolicy_analysis::replay::results::SetAside;
use mcppolicy_analysis::replay::results::TraceSummary;
use mcppolicy_analysis::replay::usage::{Buckets, LimitUsage, Usage};
use mcppolicy_analysis::report::{SharedRun, TestRun, Tested};
use mcppolicy_engine::engine::{Decision, Engine};
use mcppolicy_engine::source::{FileId, Location, SourceMap, Span};
use mcppolicy_engine::value::Value;
use mcppolicy_trace::timeline::{Assumption, Order};
use mcppolicy_trace::trace::native::write_call;
use mcppolicy_trace::trace::options::{Assumed, Format, GrantFrom};
use mcppolicy_trace::trace::{RecordedArguments, RecordedRequest};

#[derive(Serialize)]
pub(super) struct JsonPartition<'a> {
    by: &'static str,
    index: u32,
    of: u32,
    version: &'static str,
    assigned: bool,
    options: JsonOptions<'a>,
    runs: Vec<JsonRun<'a>>,
    sources: Vec<JsonSource<'a>>,
}

#[derive(Serialize)]
struct JsonOptions<'a> {
    server: Option<&'a str>,
    expect_observed: bool,
    allow_undetermined: bool,
    allow_unasserted: bool,
    all_cases: bool,
    verbose: bool,
    at_origin: bool,
    merged_timeline: bool,
    /// In nanoseconds, which no double has to hold.
    max_lateness: String,
    from: Option<&'static str>,
    grant_from: Option<&'static str>,
    show_arguments: bool,
    junit: bool,
    html: bool,
}

#[derive(Serialize)]
struct JsonRun<'a> {
    policy: &'a str,
    server: Option<&'a str>,
    /// Which of `sources` is the policy.
    source: usize,
    /// How many of the report's tools, traces, cases and findings are this
    /// run's; findings of no run come first.
    tools: usize,
    cases: usize,
    problems: usize,
    invalid_lines: u64,
    unlisted_lines: u64,
    traces: Vec<JsonCounts>,
    reasons: Vec<(&'static str, u64)>,
    out_of_scope: Vec<(&'a str, u64)>,
    other_methods: Vec<(&'a str, u64)>,
    passed_over: Vec<(&'a str, u64)>,
    assumptions: Vec<Vec<&'a str>>,
    read: u64,
    unknown_grant: u64,
    calls: Vec<JsonSetAside>,
    decisions: Vec<(JsonActual<'a>, u64)>,
    passed: Vec<JsonCase<'a>>,
    usage: Option<JsonUsage<'a>>,
}

/// The counts of a trace that its entry in `traces` lacks.
#[derive(Serialize)]
struct JsonCounts {
    passed: u64,
    failed: u64,
    undetermined: u64,
    unasserted: u64,
    allow: u64,
    deny: u64,
}

#[derive(Serialize)]
struct JsonSetAside {
    trace: usize,
    line: usize,
    nth: usize,
    /// A line of a native trace.
    call: String,
}

#[derive(Serialize)]
struct JsonUsage<'a> {
    limits: Vec<JsonLimit<'a>>,
    calls: JsonBuckets<(i64, u64, u64, u64)>,
    without_time: u64,
    further_limits: bool,
}

#[derive(Serialize)]
struct JsonLimit<'a> {
    rule: &'a str,
    counter: &'a str,
    window: &'a str,
    max: u64,
    peak: u64,
    denied: u64,
    counted: u64,
    over_time: JsonBuckets<(i64, u64, u64)>,
}

#[derive(Serialize)]
struct JsonBuckets<T> {
    width: i64,
    list: Vec<T>,
}

#[derive(Serialize)]
struct JsonSource<'a> {
    name: &'a str,
    text: &'a str,
    line: usize,
    offset: usize,
}

/// The member, of a share's report.
pub(super) fn partition<'a>(
    tested: &'a Tested,
    sources: &'a SourceMap,
    style: Style<'a>,
) -> Option<JsonPartition<'a>> {
    let asked = tested.shared.as_ref()?;
    let share = asked.options.share?;
    let files = files(tested);
    let policy = |run: &TestRun| files.iter().position(|file| *file == run.places.file);
    Some(JsonPartition {
        by: share.by.name(),
        index: share.index,
        of: share.of,
        version: env!("CARGO_PKG_VERSION"),
        assigned: asked.assigned,
        options: options(asked, style),
        runs: tested
            .runs
            .iter()
            .map(|run| json_run(run, policy(run).unwrap_or_default(), style))
            .collect(),
        sources: files.iter().map(|file| source(*file, sources)).collect(),
    })
}

fn options<'a>(asked: &'a SharedRun, style: Style<'_>) -> JsonOptions<'a> {
    let options = &asked.options;
    JsonOptions {
        server: options.server.as_deref(),
        expect_observed: options.expect_observed,
        allow_undetermined: options.allow_undetermined,
        allow_unasserted: options.allow_unasserted,
        all_cases: options.all_cases,
        verbose: options.list_skipped,
        at_origin: options.at_origin,
        merged_timeline: options.order == Order::Merged,
        max_lateness: options.max_lateness.as_nanos().to_string(),
        from: asked.reading.format.map(Format::name),
        grant_from: asked.reading.grant_from.map(GrantFrom::name),
        show_arguments: style.show_arguments,
        junit: options.list_passed,
        html: options.usage,
    }
}

/// The files that the policies and the findings stand in.
fn files(tested: &Tested) -> Vec<FileId> {
    let problems = tested.runs.iter().flat_map(|run| &run.results.problems);
    let places = tested.findings.iter().chain(problems).flat_map(|finding| {
        let related = finding.related.iter().map(|related| related.location.file);
        std::iter::once(finding.location.file).chain(related)
    });
    let policies = tested.runs.iter().map(|run| run.places.file);
    let files: BTreeSet<FileId> = policies.chain(places).collect();
    files.into_iter().collect()
}

fn source(file: FileId, sources: &SourceMap) -> JsonSource<'_> {
    let source = sources.get(file);
    let span = Span::new(0, 0);
    JsonSource {
        name: source.name(),
        text: source.text(),
        line: source.first_line(),
        offset: sources.start(Location { file, span }).offset,
    }
}

fn json_run<'a>(run: &'a TestRun, source: usize, style: Style<'a>) -> JsonRun<'a> {
    let results = &run.results;
    let texts = |counts: &'a std::collections::BTreeMap<String, u64>| {
        counts.iter().map(|(name, n)| (name.as_str(), *n)).collect()
    };
    let shared = results.shared.as_ref();
    let engine = Engine::new(&run.places);
    JsonRun {
        policy: &run.policy,
        server: run.server.as_deref(),
        source,
        tools: results.tools.len(),
        cases: results.cases.len(),
        problems: results.problems.len(),
        invalid_lines: results.invalid_lines,
        unlisted_lines: results.unlisted_lines,
        traces: results.traces.iter().map(counts).collect(),
        reasons: results
            .reasons
            .iter()
            .map(|(r, n)| (r.name(), *n))
            .collect(),
        out_of_scope: texts(&results.out_of_scope),
        other_methods: texts(&results.other_methods),
        passed_over: results.skipped.iter().map(|(r, n)| (&**r, *n)).collect(),
        assumptions: results.assumptions.iter().map(assumption).collect(),
        read: shared.map_or(0, |shared| shared.read),
        unknown_grant: shared.map_or(0, |shared| shared.unknown_grant),
        calls: shared
            .iter()
            .flat_map(|shared| &shared.calls)
            .map(|call| set_aside(call, &engine, style))
            .collect(),
        decisions: shared
            .iter()
            .flat_map(|shared| &shared.decisions)
            .map(|(actual, times)| (JsonActual::new(actual), *times))
            .collect(),
        passed: results
            .passed
            .iter()
            .map(|case| JsonCase::new(case, run, style))
            .collect(),
        usage: results.usage.as_ref().map(usage),
    }
}

fn counts(trace: &TraceSummary) -> JsonCounts {
    let counts = &trace.counts;
    JsonCounts {
        passed: counts.passed,
        failed: counts.failed,
        undetermined: counts.undetermined,
        unasserted: counts.unasserted,
        allow: counts.allow,
        deny: counts.deny,
    }
}

/// An assumption as its name and what it is about.
fn assumption(assumption: &Assumption) -> Vec<&str> {
    match assumption {
        Assumption::CountersStartAtZero => vec!["counters-start-at-zero"],
        Assumption::ImplicitGrant { file } => vec!["implicit-grant", file],
        Assumption::UnknownServer => vec!["unknown-server"],
        Assumption::UnnamedServer { server } => vec!["unnamed-server", server],
        Assumption::ReleasedAtOnce => vec!["released-at-once"],
        Assumption::LastArgumentCounts => vec!["last-argument-counts"],
        Assumption::Log { file, assumed } => {
            let mut parts = vec!["log", file];
            match assumed {
                Assumed::IsGrant(from) => parts.extend(["is-grant", from.name()]),
                Assumed::SplitName { name, server, tool } => {
                    parts.extend(["split-name", name, server, tool]);
                }
                Assumed::MoreSplitNames => parts.push("more-split-names"),
                Assumed::UnreadableTime => parts.push("unreadable-time"),
                Assumed::ErrorText => parts.push("error-text"),
            }
            parts
        }
    }
}

/// A call with as much of its arguments as a report may show of it.
fn set_aside(set_aside: &SetAside, engine: &Engine, style: Style<'_>) -> JsonSetAside {
    let mut call = set_aside.call.clone();
    match &mut call.request {
        _ if style.show_arguments => {}
        // No report shows what is in a batch, which is refused whole.
        RecordedRequest::Batch(messages) => *messages = Value::Array(Vec::new()),
        RecordedRequest::Tool { name, arguments } => {
            if let RecordedArguments::Known(value) | RecordedArguments::NotAnObject(value) =
                arguments
            {
                let tool = name.as_deref().unwrap_or_default();
                let reads = engine.reads(tool, &Decision::Allow).into_iter();
                *value = redact(value, &reads.cloned().collect::<Vec<_>>());
            }
        }
    }
    // What came back has been taken into account already.
    call.response = None;
    call.observed = None;
    JsonSetAside {
        trace: set_aside.trace,
        line: call.line,
        nth: call.nth,
        call: write_call(&call),
    }
}

fn usage(usage: &Usage) -> JsonUsage<'_> {
    let limits = usage.limits.iter();
    JsonUsage {
        limits: limits
            .map(|(rule, limit)| json_limit(rule, limit))
            .collect(),
        calls: buckets(&usage.calls, |at, calls| {
            (at, calls.allow, calls.deny, calls.undetermined)
        }),
        without_time: usage.without_time,
        further_limits: usage.further_limits,
    }
}

fn json_limit<'a>(rule: &'a str, limit: &'a LimitUsage) -> JsonLimit<'a> {
    JsonLimit {
        rule,
        counter: &limit.counter,
        window: limit.window,
        max: limit.max,
        peak: limit.peak,
        denied: limit.denied,
        counted: limit.counted,
        over_time: buckets(&limit.over_time, |at, used| (at, used.peak, used.denied)),
    }
}

fn buckets<T, J>(buckets: &Buckets<T>, one: impl Fn(i64, &T) -> J) -> JsonBuckets<J> {
    JsonBuckets {
        width: buckets.width,
        list: buckets
            .list
            .iter()
            .map(|(at, what)| one(*at, what))
            .collect(),
    }
}

#[cfg(test)]
mod tests;
