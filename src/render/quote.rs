//! Calls and values as people read them: JSON on one line, in which nothing is
//! unseen, and of what is too long a part; and what read those values.

use mcppolicy_analysis::shorten;
use mcppolicy_analysis::words::{Phrase, phrase};
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

/// A witness as people read it: what is too long for them is cut, each value by
/// itself, so that long ones do not push out what stands between them.
pub fn witness(call: &WitnessCall) -> String {
    witness_within(call, shorten::LONGEST_CALL)
}

/// A witness that is cut in the same way to about so many characters.
pub fn witness_within(call: &WitnessCall, most: usize) -> String {
    let line = witness_line(call);
    if shorten::fits(&line, most) {
        return line;
    }
    let with = |arguments: Value| {
        witness_line(&WitnessCall {
            tool: shorten::name(&call.tool).into_owned(),
            arguments,
            ..call.clone()
        })
    };
    cut(&call.arguments, most, with)
}

/// How long the values of a call may be, and how many elements and members are
/// shown: as much as fits.
const SIZES: [(usize, usize); 4] = [(300, 60), (100, 30), (40, 20), (20, 8)];

/// What `write` makes of a value whose parts are cut until it fits.
fn cut(value: &Value, most: usize, write: impl Fn(Value) -> String) -> String {
    let mut last = String::new();
    for (longest, members) in SIZES {
        last = write(smaller(value, longest, members));
        if shorten::fits(&last, most) {
            break;
        }
    }
    shorten::middle(&last, most).into_owned()
}

/// A value whose long texts are cut in their middle, and of whose many elements and
/// members the first ones are left, with the number of the others.
fn smaller(value: &Value, longest: usize, most: usize) -> Value {
    let part = |value: &Value| smaller(value, longest, most);
    let more = |count: usize, what: &str| {
        let left = shorten::number(count - most);
        format!("… {left} more {what} not shown here")
    };
    match value {
        Value::String(text) => Value::String(shorten::middle(text, longest).into_owned()),
        Value::Array(items) if items.len() > most => {
            let shown = items.iter().take(most).map(part);
            let rest = more(items.len(), "elements");
            Value::Array(shown.chain([Value::String(rest)]).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(part).collect()),
        Value::Object(members) => {
            let named = members.iter().take(most);
            let named = named
                .map(|(name, value)| (shorten::middle(name, longest).into_owned(), part(value)));
            let rest = (members.len() > most).then(|| {
                let rest = more(members.len(), "members");
                ("…".to_owned(), Value::String(rest))
            });
            Value::Object(named.chain(rest).collect())
        }
        other => other.clone(),
    }
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
    let line = json(value);
    let most = shorten::LONGEST_CALL;
    if shorten::fits(&line, most) {
        return line;
    }
    cut(value, most, |value| json(&value))
}

/// A condition in words.
pub fn worded(seen: &ConditionSeen) -> String {
    let words = phrase(Phrase {
        path: &seen.path,
        operator: seen.op,
        operand: &seen.operand,
    });
    shorten::middle(&words, shorten::LONGEST).into_owned()
}

/// The value that a condition saw.
pub fn saw(seen: &ConditionSeen) -> String {
    match (&seen.saw, seen.held) {
        (Some(value), _) => format!("saw {}", shorten::text(&json(value))),
        (None, Some(_)) => "saw nothing".to_owned(),
        (None, None) => "arguments unknown".to_owned(),
    }
}

/// A condition with what it saw.
pub fn condition(seen: &ConditionSeen) -> String {
    let held = match seen.held {
        Some(true) => "holds",
        Some(false) => "does not hold",
        None => "unknown",
    };
    format!("{}: {}, {held}", worded(seen), saw(seen))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_values_do_not_hide_what_stands_between_them() {
        let long = |n: usize| Value::String("x".repeat(n));
        let members = [
            ("a", long(70_000)),
            ("b", Value::Number(9999.0)),
            ("c", long(70_000)),
            ("d", Value::Array(vec![Value::Number(1.0); 5_000])),
        ];
        let members = members.map(|(name, value)| (name.to_owned(), value));
        let call = WitnessCall::new("t", Value::Object(members.into_iter().collect()));
        let line = witness(&call);
        assert!(
            shorten::fits(&line, shorten::LONGEST_CALL) && line.contains("\"b\":9999"),
            "{line}"
        );
        assert!(line.contains("69,700 more characters"), "{line}");
        assert!(
            line.contains("4,940 more elements not shown here"),
            "{line}"
        );
        assert!(witness_line(&call).len() > 140_000);
        assert!(arguments(&call.arguments).contains("\"b\":9999"));
    }

    #[test]
    fn many_members_are_counted() {
        let members = (0..1_000).map(|at| (format!("m{at:03}"), Value::Bool(true)));
        let line = arguments(&Value::Object(members.collect()));
        assert!(line.contains("940 more members not shown here"), "{line}");
        let short = Value::Object([("a".to_owned(), Value::Null)].into_iter().collect());
        assert_eq!(arguments(&short), r#"{"a":null}"#);
    }
}
