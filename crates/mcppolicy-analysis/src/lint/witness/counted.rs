//! Many calls of one kind, decided by counting: how often each limit counts them in
//! each window, instead of a decision for every one of them.

use std::collections::HashMap;

use mcppolicy_engine::engine::{Call, Counters, Engine, Lookup};
use mcppolicy_engine::policy::{Limit, Policy};
use mcppolicy_trace::trace::WitnessCall;

use super::{GRANT, start};

/// How many windows are counted before the answer is left open.
const MOST_WINDOWS: i128 = 200_000;

/// Whether the engine lets all of `calls` pass, one after the other under one grant:
/// what the rules refuse, they refuse of the first of its kind, and what is allowed
/// only adds up, in whatever order. `None` where there are too many windows.
pub(super) fn all_pass(engine: &Engine, policy: &Policy, calls: &[WitnessCall]) -> Option<bool> {
    let mut used: HashMap<(&str, i128), u128> = HashMap::new();
    let mut windows = 0;
    for call in calls.iter().filter(|call| call.repeat > 0) {
        let first = call.at.unwrap_or_else(start);
        let asked = Call::new(GRANT, &call.tool, &call.arguments, first);
        if !engine.peek(&asked, &Counters::default()).is_allow() {
            return Some(false);
        }
        let own = policy.tool(&call.tool).map(|rules| rules.limits.as_slice());
        for limit in own.unwrap_or_default().iter().chain(&policy.all_tools) {
            let Some(amount) = amount(limit, call) else {
                return Some(false);
            };
            let length = i128::from(limit.window.value.seconds()) * 1_000_000_000;
            let (from, every) = (first.as_nanos(), call.every.as_nanos().max(0));
            let last = from + every * i128::from(call.repeat - 1);
            let (begin, end) = (from.div_euclid(length), last.div_euclid(length));
            windows += end - begin + 1;
            if windows > MOST_WINDOWS {
                return None;
            }
            for window in begin..=end {
                // The calls before the end of the window, less those before its beginning.
                let before = |time: i128| match every {
                    0 if time > from => i128::from(call.repeat),
                    0 => 0,
                    _ => {
                        let count = (time - from + every - 1).div_euclid(every);
                        count.clamp(0, i128::from(call.repeat))
                    }
                };
                let count = before((window + 1) * length) - before(window * length);
                let sum = used.entry((&limit.pointer, window)).or_default();
                *sum += count.unsigned_abs() * u128::from(amount);
                if *sum > u128::from(limit.max.value) {
                    return Some(false);
                }
            }
        }
    }
    Some(true)
}

/// What a limit counts for each call; `None` where it refuses the call.
fn amount(limit: &Limit, call: &WitnessCall) -> Option<u64> {
    let Some(path) = &limit.increment_from else {
        return Some(1);
    };
    Lookup::at(&call.arguments, &path.value).amount()
}

#[cfg(test)]
mod tests {
    use super::*;
    use mcppolicy_engine::source::SourceMap;
    use mcppolicy_engine::time::TimeDelta;
    use mcppolicy_engine::value::Value;

    /// The counted answer is the replayed one.
    #[track_caller]
    fn agrees(limits: &str, calls: &[WitnessCall]) -> bool {
        let text = format!(
            r#"{{"version":"1","default":"deny","tools":{{"pay":{{"limits":[{limits}]}}}},
                "all_tools":{{"limits":[{{"counter":"all","window":"hour","max":900,"scope":"grant"}}]}}}}"#
        );
        let mut map = SourceMap::new();
        let policy = Policy::load(&mut map, "p", text.as_bytes()).unwrap();
        let engine = Engine::new(&policy);
        let counted = all_pass(&engine, &policy, calls).unwrap();
        let mut replayed = true;
        super::super::replay(&engine, calls, |_, decision| {
            replayed &= decision.is_allow();
            replayed
        });
        assert_eq!(counted, replayed, "{limits} {calls:?}");
        counted
    }

    #[test]
    fn counting_and_replaying_agree() {
        let amount = |amount: f64| {
            let members = [("amount".to_owned(), Value::Number(amount))];
            Value::Object(members.into())
        };
        let mut passed = 0;
        let mut all = 0;
        for window in ["minute", "hour", "day"] {
            for max in [1_u64, 9, 10, 11, 60, 700] {
                for increment in ["", r#","increment_from":"args.amount""#] {
                    let limit = format!(
                        r#"{{"counter":"c","window":"{window}","max":{max},"scope":"grant"{increment}}}"#
                    );
                    for (repeat, every) in [(10, 0), (10, 6_000), (61, 1_000), (700, 7_300)] {
                        for (value, offset) in [(1.0, 0), (1.5, 59_500), (-1.0, 0)] {
                            let calls = [0, 1].map(|at| WitnessCall {
                                at: Some(start().plus(TimeDelta::nanos((offset + at) * 1_000_000))),
                                repeat,
                                every: TimeDelta::nanos(every * 1_000_000),
                                ..WitnessCall::new("pay", amount(value))
                            });
                            passed += u32::from(agrees(&limit, &calls[..1]));
                            passed += u32::from(agrees(&limit, &calls));
                            all += 2;
                        }
                    }
                }
            }
        }
        assert!(
            passed > all / 5 && passed < all * 4 / 5,
            "{passed} of {all}"
        );
    }
}
