//! The results of all shares as those of the whole run.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use super::case::{Actual, Case};
use super::open_call::OpenCall;
use super::options::Options;
use super::problems::Problems;
use super::results::{Results, SetAside, TraceSummary};
use super::rule_tally;
use super::run::Replay;
use super::runs::push_run;
use super::share::By;
use mcppolicy_engine::engine::{Decision, Denial, Engine, Reason};
use mcppolicy_trace::timeline::Timeline;
use mcppolicy_trace::trace::{DecisionName, RecordedCall};

/// Why results are no shares of one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unlike {
    /// They have read different traces.
    Traces,
    /// They have read different calls.
    Calls,
    /// They have read different calls of unknown grant.
    UnknownGrant,
}

impl fmt::Display for Unlike {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Unlike::Traces => "other traces",
            Unlike::Calls => "other calls",
            Unlike::UnknownGrant => "other calls of unknown grant",
        })
    }
}

/// What all `shares` of a run, in their order, found together: the results of
/// the run that is not split, under the same `options` but for the share.
///
/// # Errors
/// Which of them, from 0, does not belong to the first, and why.
pub fn join<'x>(
    engine: &'x Engine,
    options: &Options,
    shares: &'x [Results],
    by: By,
) -> Result<Results, (usize, Unlike)> {
    alike(shares, by, options)?;
    let whole = Options {
        share: None,
        ..options.clone()
    };
    let mut replay = Replay::new(engine, whole);
    let mut traces = Traces::of(shares, options);
    for (at, share) in shares.iter().enumerate() {
        add_share(&mut replay, &mut traces, share);
        // All shares of one input have read the same lines.
        if at == 0 || by == By::Given {
            add_problems(&mut replay, share);
        }
    }
    replay.results.traces.clone_from(&traces.list);
    let decisions = decisions(shares)?;
    for (set_aside, decisions) in calls(shares, decisions)? {
        let SetAside { trace, call } = set_aside;
        let open = OpenCall::new(traces.moved(shares, *trace), call.expect.clone());
        count(&mut replay, call, open, decisions);
    }
    Ok(replay.finish())
}

/// Whether all shares have read the same input, as far as they show.
fn alike(shares: &[Results], by: By, options: &Options) -> Result<(), (usize, Unlike)> {
    let Some(first) = shares.first() else {
        return Ok(());
    };
    let names = |share: &Results| -> Vec<String> {
        let names = share.traces.iter().map(|trace| trace.name.clone());
        names.collect()
    };
    let expected = names(first);
    let read = |share: &Results| share.shared.as_ref().map(|shared| shared.read);
    let unknown = |share: &Results| share.shared.as_ref().map(|shared| shared.unknown_grant);
    for (at, share) in shares.iter().enumerate() {
        let unlike = if !options.at_origin && names(share) != expected {
            Unlike::Traces
        } else if by == By::Hash && read(share) != read(first) {
            Unlike::Calls
        } else if unknown(share) != unknown(first) {
            Unlike::UnknownGrant
        } else {
            continue;
        };
        return Err((at, unlike));
    }
    Ok(())
}

/// Adds what one share has decided by itself.
fn add_share(replay: &mut Replay<'_>, traces: &mut Traces, share: &Results) {
    for (from, trace) in share.traces.iter().enumerate() {
        let to = traces.moved(std::slice::from_ref(share), from);
        if let Some(known) = traces.list.get_mut(to) {
            known.add(trace);
        }
    }
    let results = &mut replay.results;
    for (tool, counts) in &share.tools {
        results.tools.entry(tool.clone()).or_default().add(counts);
    }
    rule_tally::add(&mut results.rules, &share.rules);
    add(&mut results.reasons, &share.reasons);
    add(&mut results.out_of_scope, &share.out_of_scope);
    add(&mut results.other_methods, &share.other_methods);
    add(&mut results.skipped, &share.skipped);
    let moved = |case: &Case| Case {
        trace: traces.moved(std::slice::from_ref(share), case.trace),
        ..case.clone()
    };
    results.cases.extend(share.cases.iter().map(moved));
    results.passed.extend(share.passed.iter().map(moved));
    if let (Some(usage), Some(more)) = (&mut results.usage, &share.usage) {
        usage.merge(more.clone());
    }
    for assumption in &share.assumptions {
        replay.assumptions.insert(assumption.clone());
    }
}

/// Adds what one share has found wrong with lines.
fn add_problems(replay: &mut Replay<'_>, share: &Results) {
    let Problems {
        findings,
        lines,
        listed,
        ..
    } = &mut replay.problems;
    findings.extend(share.problems.iter().cloned());
    *lines += share.invalid_lines;
    *listed += share.invalid_lines.saturating_sub(share.unlisted_lines);
}

fn add<K: Ord + Clone>(sums: &mut BTreeMap<K, u64>, more: &BTreeMap<K, u64>) {
    for (key, count) in more {
        *sums.entry(key.clone()).or_default() += count;
    }
}

/// The traces of the whole run.
struct Traces {
    list: Vec<TraceSummary>,
    /// Their indices by name, where shares hold different traces.
    by_name: Option<BTreeMap<String, usize>>,
}

impl Traces {
    fn of(shares: &[Results], options: &Options) -> Traces {
        let all = || shares.iter().flat_map(|share| &share.traces);
        let empty = |trace: &TraceSummary| TraceSummary::new(&trace.name, trace.format);
        if !options.at_origin {
            let first = shares.iter().take(1).flat_map(|share| &share.traces);
            return Traces {
                list: first.map(empty).collect(),
                by_name: None,
            };
        }
        let named: BTreeMap<&str, &TraceSummary> =
            all().map(|trace| (trace.name.as_str(), trace)).collect();
        let by_name = named.keys().enumerate();
        Traces {
            by_name: Some(by_name.map(|(at, name)| ((*name).to_owned(), at)).collect()),
            list: named.into_values().map(empty).collect(),
        }
    }

    /// The index in the whole of trace number `from` of a share.
    fn moved(&self, share: &[Results], from: usize) -> usize {
        let Some(by_name) = &self.by_name else {
            return from;
        };
        let trace = share.first().and_then(|share| share.traces.get(from));
        let to = trace.and_then(|trace| by_name.get(&trace.name));
        to.copied().unwrap_or(from)
    }
}

/// One share's decisions of the calls that were set aside, run by run.
struct Runs<'x> {
    rest: std::slice::Iter<'x, (Actual, u64)>,
    now: Option<(&'x Actual, u64)>,
}

impl<'x> Runs<'x> {
    fn new(share: &'x Results) -> Runs<'x> {
        let decisions = share.shared.as_ref().map(|shared| shared.decisions.iter());
        let mut runs = Runs {
            rest: decisions.unwrap_or_default(),
            now: None,
        };
        runs.advance(0);
        runs
    }

    /// Skips `times` decisions of the current run.
    fn advance(&mut self, times: u64) {
        self.now = match self.now {
            Some((actual, left)) if left > times => Some((actual, left - times)),
            _ => self.rest.next().map(|(actual, left)| (actual, *left)),
        };
    }
}

/// What all shares together decide of the calls that were set aside.
fn decisions(shares: &[Results]) -> Result<Vec<(Decision<'_>, u64)>, (usize, Unlike)> {
    let mut runs: Vec<Runs<'_>> = shares.iter().map(Runs::new).collect();
    let mut whole: Vec<(Decision<'_>, u64)> = Vec::new();
    loop {
        let now: Vec<(&Actual, u64)> = runs.iter().filter_map(|runs| runs.now).collect();
        if now.is_empty() {
            return Ok(whole);
        }
        if let Some(short) = runs.iter().position(|runs| runs.now.is_none()) {
            return Err((short, Unlike::UnknownGrant));
        }
        let shortest = now.iter().map(|(_, times)| *times).min();
        let times = shortest.unwrap_or(1).max(1);
        let mut parts = now.iter().map(|(actual, _)| decision(actual));
        if let Some(first) = parts.next() {
            push_run(&mut whole, parts.fold(first, both), times);
        }
        runs.iter_mut().for_each(|runs| runs.advance(times));
    }
}

/// Two shares' decisions of the same call: what one of them cannot rule out,
/// the whole cannot.
fn both<'x>(a: Decision<'x>, b: Decision<'x>) -> Decision<'x> {
    match (a, b) {
        (Decision::Deny(a), Decision::Deny(b)) => Decision::Deny(a.agreeing(b)),
        (Decision::Undetermined(a), Decision::Undetermined(b)) => Decision::Undetermined(a.min(b)),
        (undetermined @ Decision::Undetermined(_), _)
        | (_, undetermined @ Decision::Undetermined(_)) => undetermined,
        // A denial does not depend on what a share has counted.
        (a, _) => a,
    }
}

fn decision(actual: &Actual) -> Decision<'_> {
    match actual.decision {
        DecisionName::Allow => Decision::Allow,
        DecisionName::Undetermined => {
            Decision::Undetermined(actual.reason.unwrap_or(Reason::UnknownHistory))
        }
        DecisionName::Deny => Decision::Deny(Denial::new(
            actual.kind,
            actual.rule.as_deref(),
            actual.label.as_deref(),
            actual.message.as_deref().map(Cow::Borrowed),
        )),
    }
}

/// A call that was set aside, with the decisions of its repetitions.
type Decided<'x> = (&'x SetAside, Vec<(Decision<'x>, u64)>);

fn calls<'x>(
    shares: &'x [Results],
    decisions: Vec<(Decision<'x>, u64)>,
) -> Result<Vec<Decided<'x>>, (usize, Unlike)> {
    let unlike = (0, Unlike::UnknownGrant);
    let mut decisions = decisions.into_iter();
    let mut now: Option<(Decision<'x>, u64)> = None;
    let first = shares.first().and_then(|share| share.shared.as_ref());
    let mut calls = Vec::new();
    for set_aside in first.iter().flat_map(|shared| &shared.calls) {
        let mut missing = set_aside.call.repeat;
        let mut own = Vec::new();
        while missing > 0 {
            let (decision, left) = now.take().or_else(|| decisions.next()).ok_or(unlike)?;
            let times = left.min(missing);
            missing -= times;
            if left > times {
                now = Some((decision.clone(), left - times));
            }
            push_run(&mut own, decision, times);
        }
        calls.push((set_aside, own));
    }
    match (now, decisions.next()) {
        (None, None) => Ok(calls),
        _ => Err(unlike),
    }
}

/// Counts a call whose repetitions have been decided by all shares together.
fn count<'x>(
    replay: &mut Replay<'x>,
    call: &RecordedCall,
    mut open: OpenCall<'x>,
    decisions: Vec<(Decision<'x>, u64)>,
) {
    // Fresh counters: every share has noted what its limits held.
    let mut fresh = Timeline::new(replay.engine, replay.options.max_lateness);
    let mut index = 0;
    for (decision, times) in decisions {
        for _ in 0..times {
            if let Some(usage) = &mut replay.results.usage {
                let limits = fresh.usage(open.trace, call, index);
                usage.note(call.time_of(index), &decision, &limits);
            }
            let reasons = &mut replay.results.reasons;
            open.decided(index, &decision, &replay.options, reasons);
            index += 1;
        }
    }
    replay.close(call, &mut open);
}
