//! Made-up calls as native traces that assert what an engine decides of them.

use mcppolicy_engine::engine::{Call, Counters, Decision, Engine};
use mcppolicy_engine::policy::Policy;
use mcppolicy_engine::time::{Time, TimeDelta};
use mcppolicy_trace::trace::WitnessCall;
use mcppolicy_trace::trace::native::{MOST_REPETITIONS, write_call, write_header};
use mcppolicy_trace::trace::{DecisionName, Expectation, Expected, Grant, RecordedCall};

/// A trace to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceFile {
    /// The file's name: what it is about, safe on every file system.
    pub file: String,
    /// The trace's text.
    pub text: String,
}

/// How much of a decision a trace asserts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asserted {
    /// Whether the call passes.
    Decision,
    /// That, and the rule that refuses it.
    Rule,
}

/// The time of calls whose time does not matter: 2026-01-01T10:00:00Z.
const WHENEVER: i64 = 1_767_261_600;

/// The time of a witness's first call.
pub(crate) fn time_of(call: &WitnessCall) -> Time {
    call.at.unwrap_or(Time::new(WHENEVER, 0))
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

/// What the name of a file calls an element of a policy: what its JSON Pointer says,
/// and of an entry of `hide` the tool that it hides.
pub(crate) fn name_of(policy: &Policy, pointer: &str) -> String {
    let entry = pointer.strip_prefix("/hide/");
    let entry = entry.and_then(|at| policy.hide.get(at.parse::<usize>().ok()?));
    match entry.map(|entry| entry.value.as_str()) {
        Some("*") => "all-hidden".to_owned(),
        Some(tool) => format!("{}-hidden", slug(tool)),
        None => slug(pointer.trim_start_matches("/tools/")),
    }
}

/// Whether a trace can have these calls: there are some, and no more of them than
/// a trace may repeat.
pub fn fits<'c>(calls: impl Iterator<Item = &'c WitnessCall>) -> bool {
    let calls = calls.map(|call| call.repeat).fold(0, u64::saturating_add);
    (1..=MOST_REPETITIONS).contains(&calls)
}

/// The calls, each of its grant and with fresh counters, as a trace has them: with
/// a time, and with what `engine` decides as their expectation.
pub fn recorded<'c>(
    engine: &Engine,
    calls: impl IntoIterator<Item = (&'c str, &'c WitnessCall)>,
    asserted: Asserted,
) -> Vec<RecordedCall> {
    let mut counters = Counters::default();
    let each = calls.into_iter().map(|(grant, call)| {
        let call = &in_milliseconds(call);
        RecordedCall {
            time: Some(time_of(call)),
            grant: Grant::Named(grant.to_owned()),
            expect: Some(expectation(grant, call, engine, asserted, &mut counters)),
            ..RecordedCall::from(call)
        }
    });
    each.collect()
}

/// A trace of such calls. The header names `policy`, a path relative to the
/// trace, where there is one.
pub fn text(calls: &[RecordedCall], policy: Option<&str>, about: &str) -> String {
    let mut text = write_header(policy, Some(about));
    text.push('\n');
    for call in calls {
        text.push_str(&write_call(call));
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

/// What the engine decides of a call and its repetitions, in runs.
fn expectation(
    grant: &str,
    call: &WitnessCall,
    engine: &Engine,
    asserted: Asserted,
    counters: &mut Counters,
) -> Expectation {
    let mut runs: Vec<(Expected, u64)> = Vec::new();
    for index in 0..call.repeat {
        let time = time_of(call).plus(call.every.times(index));
        let call = Call::new(grant, &call.tool, &call.arguments, time);
        let decision = engine.decide(&call, counters).decision;
        let mut expected = Expected::decision(match decision {
            Decision::Allow => DecisionName::Allow,
            Decision::Deny(_) => DecisionName::Deny,
            Decision::Undetermined(_) => DecisionName::Undetermined,
        });
        if asserted == Asserted::Rule {
            expected.rule = decision.rule().map(str::to_owned);
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_after_the_tool_and_not_after_a_place_in_a_list() {
        let policy = br#"{"version":"1","default":"deny","hide":["drop_table","*"],"tools":{
            "pay":{"limits":[{"counter":"c","window":"day","max":1,"scope":"grant"}]}}}"#;
        let policy = Policy::from_json(policy).unwrap();
        for (pointer, name) in [
            ("/hide/0", "drop_table-hidden"),
            ("/hide/1", "all-hidden"),
            ("/hide/2", "hide-2"),
            ("/tools/pay", "pay"),
            ("/tools/pay/limits/0", "pay-limits-0"),
            ("/default", "default"),
        ] {
            assert_eq!(name_of(&policy, pointer), name);
        }
    }
}
