//! Witnesses as native traces that assert what the new policy decides: ready
//! to be committed as regression tests of the change.

use super::gate::time_of;
use super::policy::PolicyDiff;
use crate::compare::{Scope, Witness};
use mcppolicy_engine::engine::{Call, Counters, Decision, Engine};
use mcppolicy_engine::time::TimeDelta;
use mcppolicy_trace::trace::WitnessCall;
use mcppolicy_trace::trace::native::{MOST_REPETITIONS, write_call, write_header};
use mcppolicy_trace::trace::{DecisionName, Expectation, Expected, Grant, RecordedCall};

/// A trace to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Regression {
    /// The file's name: what changed, safe on every file system, and different
    /// for each trace of one policy.
    pub file: String,
    /// The trace's text.
    pub text: String,
}

/// A trace for each witness of a change, each with counters of its own. The
/// header names `policy`, a path relative to the traces, where there is one.
pub fn regressions(diff: &PolicyDiff, new: &Engine, policy: Option<&str>) -> Vec<Regression> {
    let mut traces = Vec::new();
    for change in diff.changes() {
        let each = [
            ("loosened", &change.loosened),
            ("tightened", &change.tightened),
        ];
        for (what, witnesses) in each {
            for witness in witnesses.iter().filter(|w| fits(w)) {
                let scope = scope_name(&change.scope);
                let aspect = change.aspect.name();
                let number = traces.len() + 1;
                let about = format!("{scope}, {aspect}: {what}");
                traces.push(Regression {
                    file: format!("{number:03}-{}-{aspect}-{what}.jsonl", slug(scope)),
                    text: trace(witness, new, policy, &about),
                });
            }
        }
    }
    traces
}

/// Whether a trace can have a witness: one has calls, and no more of them than
/// a trace may repeat.
fn fits(witness: &Witness) -> bool {
    let each = witness.calls.iter().map(|call| call.repeat);
    let calls = each.fold(0, u64::saturating_add);
    (1..=MOST_REPETITIONS).contains(&calls)
}

fn scope_name(scope: &Scope) -> &str {
    match scope {
        Scope::Tool(tool) => tool,
        Scope::Unlisted => "unlisted tools",
        Scope::AllTools => "all tools",
    }
}

/// At most forty letters, digits, `_` and `-`.
pub fn slug(text: &str) -> String {
    let safe = |c: char| match c {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '_' | '-' => c,
        _ => '-',
    };
    let slug: String = text.chars().map(safe).take(40).collect();
    slug.trim_matches('-').to_owned()
}

fn trace(witness: &Witness, new: &Engine, policy: Option<&str>, about: &str) -> String {
    let mut text = write_header(policy, Some(about));
    text.push('\n');
    let mut counters = Counters::default();
    for call in &witness.calls {
        let call = &in_milliseconds(call);
        let recorded = RecordedCall {
            time: Some(time_of(call)),
            grant: Grant::Named(GRANT.to_owned()),
            expect: Some(expectation(call, new, &mut counters)),
            ..RecordedCall::from(call)
        };
        text.push_str(&write_call(&recorded));
        text.push('\n');
    }
    text
}

/// The call as a trace can write it: durations there are whole milliseconds.
fn in_milliseconds(call: &WitnessCall) -> WitnessCall {
    const MILLISECOND: i128 = 1_000_000;
    let every = call.every.as_nanos() / MILLISECOND * MILLISECOND;
    WitnessCall {
        every: TimeDelta::nanos(every),
        ..call.clone()
    }
}

/// The grant that makes the calls.
const GRANT: &str = "witness";

/// What the engine decides of a call and its repetitions, in runs.
fn expectation(call: &WitnessCall, engine: &Engine, counters: &mut Counters) -> Expectation {
    let mut runs: Vec<(Expected, u64)> = Vec::new();
    for index in 0..call.repeat {
        let time = time_of(call).plus(call.every.times(index));
        let call = Call::new(GRANT, &call.tool, &call.arguments, time);
        let decided = match engine.decide(&call, counters).decision {
            Decision::Allow => DecisionName::Allow,
            Decision::Deny(_) => DecisionName::Deny,
            Decision::Undetermined(_) => DecisionName::Undetermined,
        };
        let expected = Expected::decision(decided);
        match runs.last_mut() {
            Some((last, times)) if *last == expected => *times += 1,
            _ => runs.push((expected, 1)),
        }
    }
    match runs.as_slice() {
        [(expected, _)] => Expectation::Each(expected.clone()),
        _ => Expectation::Runs(runs),
    }
}
