//! Calls and values as people read them: JSON on one line, in which nothing is
//! unseen, and of what is too long a part; and what read those values.

use mcppolicy_analysis::shorten;
use mcppolicy_engine::characters::escape_json;
use mcppolicy_engine::engine::{ConditionSeen, CounterSeen, Interval};
use mcppolicy_engine::value::Value;
use mcppolicy_trace::trace::native::write_call;
use mcppolicy_trace::trace::{Grant, RecordedCall, WitnessCall};

/// Calls of one witness that are shown.
const MOST_CALLS: usize = 10;

/// A witness as a line of the native trace format, ready to be pasted into a
/// trace. What a reader would not see is written as an escape of JSON.
pub fn witness_line(call: &WitnessCall) -> String {
    escape_json(&write_call(&RecordedCall::from(call))).into_owned()
}

/// A witness as people read it: what is too long for them is cut.
pub fn witness(call: &WitnessCall) -> String {
    shorten::call(&witness_line(call)).into_owned()
}

/// Calls that make a witness, of which no more lines are shown than a person
/// reads: of a long one its beginning and its last call, which is the one that is
/// decided differently.
pub fn witnesses(calls: &[WitnessCall]) -> Vec<String> {
    let Some((last, others)) = calls.split_last().filter(|_| calls.len() > MOST_CALLS) else {
        return calls.iter().map(witness).collect();
    };
    let mut lines: Vec<String> = others.iter().take(MOST_CALLS - 1).map(witness).collect();
    let left = shorten::number(calls.len() - MOST_CALLS);
    lines.push(format!("… {left} more calls not shown here"));
    lines.push(witness(last));
    lines
}

/// A made-up call of a grant as a line of the native trace format.
pub fn step_line(grant: &str, call: &WitnessCall) -> String {
    let call = RecordedCall {
        grant: Grant::Named(grant.to_owned()),
        ..RecordedCall::from(call)
    };
    escape_json(&write_call(&call)).into_owned()
}

/// Made-up calls of grants as people read them; of many the beginning and the
/// last.
pub fn steps<'c>(steps: impl Iterator<Item = (&'c str, &'c WitnessCall)>) -> Vec<String> {
    let steps: Vec<_> = steps.collect();
    let first = steps.first().map(|(grant, _)| *grant);
    let is_one = steps.iter().all(|(grant, _)| Some(*grant) == first);
    let line = |(grant, call): &(&str, &WitnessCall)| match is_one {
        true => witness(call),
        false => shorten::call(&step_line(grant, call)).into_owned(),
    };
    let Some((last, others)) = steps.split_last().filter(|_| steps.len() > MOST_CALLS) else {
        return steps.iter().map(line).collect();
    };
    let mut lines: Vec<String> = others.iter().take(MOST_CALLS - 1).map(line).collect();
    let left = shorten::number(steps.len() - MOST_CALLS);
    lines.push(format!("… {left} more calls not shown here"));
    lines.push(line(last));
    lines
}

/// A value as compact JSON in which nothing is unseen.
pub fn json(value: &Value) -> String {
    escape_json(&value.to_string()).into_owned()
}

/// The arguments of a call as people read them: what is too long for them is cut.
pub fn arguments(value: &Value) -> String {
    shorten::call(&json(value)).into_owned()
}

/// A condition with what it saw.
pub fn condition(seen: &ConditionSeen) -> String {
    let saw = match (&seen.saw, seen.held) {
        (Some(value), _) => format!("saw {}", shorten::text(&json(value))),
        (None, Some(_)) => "saw nothing".to_owned(),
        (None, None) => "arguments unknown".to_owned(),
    };
    let held = match seen.held {
        Some(true) => "holds",
        Some(false) => "does not hold",
        None => "unknown",
    };
    let (path, operand) = (shorten::name(&seen.path), json(&seen.operand));
    let operand = shorten::text(&operand);
    format!("{path} {} {operand}: {saw}, {held}", seen.op)
}

/// A counter as a limit saw it.
pub fn counter(seen: &CounterSeen) -> String {
    let range = |interval: Interval| match interval {
        Interval { low, high } if low == high => low.to_string(),
        Interval {
            low,
            high: u64::MAX,
        } => format!("{low} or more"),
        Interval { low, high } => format!("{low} to {high}"),
    };
    let amount = seen
        .amount
        .map_or("an amount that cannot be counted".to_owned(), range);
    let (counter, max, window) = (shorten::name(&seen.counter), seen.max, seen.window);
    format!(
        "{counter}: {} of {max} per {window} used, this call adds {amount}",
        range(seen.used)
    )
}
