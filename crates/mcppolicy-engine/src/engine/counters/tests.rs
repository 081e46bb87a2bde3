use proptest::prelude::*;

use super::*;
use crate::decision::Decision;
use crate::engine::{Arguments, Call, Engine, Request};
use crate::policy::Policy;
use crate::value::Value;

fn at(seconds: i64) -> Time {
    Time::new(seconds, 0)
}

fn engine() -> Engine {
    let policy = br#"{"version":"1","default":"deny","tools":{"t":{"limits":[
        {"counter":"c","window":"minute","max":9,"scope":"grant"}]}}}"#;
    Engine::new(&Policy::from_json(policy).unwrap())
}

#[test]
fn windows_older_than_the_lateness_are_forgotten() {
    let engine = engine();
    let mut counters = Counters::new(TimeDelta::seconds(60));
    for minute in 0..100 {
        let call = Call::new("a", "t", &Value::Null, at(minute * 60));
        let outcome = engine.decide(&call, &mut counters);
        assert!(outcome.decision.is_allow());
    }
    let grant = counters.find(Some("a")).unwrap();
    let counter = counters.counter(grant, CounterId(0)).unwrap();
    assert!(counter.starts().count() <= 3);
    assert!(counters.is_closed(grant, 0, 60));
    assert!(!counters.is_closed(grant, 97 * 60, 60));
}

#[test]
fn a_window_is_open_until_a_call_is_later_than_its_lateness() {
    let engine = engine();
    for (newest, is_open) in [
        (at(120), true),
        (Time::new(120, 1), false),
        (at(121), false),
    ] {
        let mut counters = Counters::new(TimeDelta::seconds(60));
        let mut decide = |time| {
            let call = Call::new("a", "t", &Value::Null, time);
            engine.decide(&call, &mut counters).decision
        };
        for _ in 0..9 {
            assert!(decide(at(0)).is_allow());
        }
        assert!(decide(newest).is_allow());
        // Its window ended 60 seconds before the newest call, or earlier.
        let late = decide(at(0));
        if is_open {
            assert!(late.is_deny(), "{newest:?}");
        } else {
            assert_eq!(late, Decision::Undetermined(Reason::Late), "{newest:?}");
        }
    }
}

#[test]
fn there_is_a_counter_for_each_grant_and_limit_that_counted_a_call() {
    let engine = engine();
    let mut counters = Counters::default();
    assert!(counters.is_empty());
    let mut decide = |grant, tool| {
        let call = Call::new(grant, tool, &Value::Null, at(0));
        let reserved = engine.decide(&call, &mut counters).reservation;
        (reserved.is_empty(), counters.len(), counters.is_empty())
    };
    assert_eq!(decide("a", "unlisted"), (true, 0, true));
    assert_eq!(decide("a", "t"), (false, 1, false));
    assert_eq!(decide("a", "t"), (false, 1, false));
    assert_eq!(decide("b", "t"), (false, 2, false));
}

/// What a call of unknown grant sees.
fn seen_by_anyone(engine: &Engine, counters: &Counters, time: Option<Time>) -> Interval {
    let call = Call {
        grant: None,
        time,
        ..Call::new("", "t", &Value::Null, at(0))
    };
    engine.usage(&call, counters)[0].used
}

#[test]
fn a_call_of_unknown_grant_no_longer_sees_what_was_given_back() {
    let engine = engine();
    let mut counters = Counters::default();
    let call = Call::new("a", "t", &Value::Null, at(0));
    let kept = engine.decide(&call, &mut counters);
    // From here on an index over all grants is kept.
    let _ = counters.enter(None, None);
    let failed = engine.decide(&call, &mut counters);
    counters.release(failed.reservation, at(10));
    let seen = |second| seen_by_anyone(&engine, &counters, Some(at(second)));
    assert_eq!(seen(9), Interval::up_to(2));
    assert_eq!(seen(10), Interval::up_to(1));
    drop(kept);
}

#[test]
fn a_call_of_unknown_grant_no_longer_sees_what_floated_and_was_given_back() {
    let engine = engine();
    let mut counters = Counters::default();
    let call = |time| Call {
        time,
        ..Call::new("a", "t", &Value::Null, at(0))
    };
    for minute in 0..3 {
        let _ = engine.decide(&call(Some(at(minute * 60))), &mut counters);
    }
    let floating = engine.decide(&call(None), &mut counters);
    let _ = counters.enter(None, None);
    let seen = |counters: &_| seen_by_anyone(&engine, counters, Some(at(0)));
    assert_eq!(seen(&counters), Interval::up_to(2));
    counters.release_at_once(floating.reservation);
    assert_eq!(seen(&counters), Interval::up_to(1));
}

#[test]
fn a_call_of_unknown_grant_sees_a_window_that_only_another_grant_has_closed() {
    let engine = engine();
    let mut counters = Counters::new(TimeDelta::seconds(60));
    let mut decide = |grant, time| {
        let _ = engine.decide(
            &Call::new(grant, "t", &Value::Null, at(time)),
            &mut counters,
        );
    };
    for _ in 0..3 {
        decide("a", 0);
    }
    decide("b", 0);
    let _ = counters.enter(None, None);
    let call = Call::new("b", "t", &Value::Null, at(600));
    let _ = engine.decide(&call, &mut counters);
    assert_eq!(
        seen_by_anyone(&engine, &counters, Some(at(0))),
        Interval::up_to(3)
    );
}

#[test]
fn what_an_unknown_grant_used_any_grant_may_have_used() {
    let engine = engine();
    let mut counters = Counters::default();
    let unknown = Call {
        grant: None,
        ..Call::new("", "t", &Value::Null, at(0))
    };
    let call = Call::new("a", "t", &Value::Null, at(0));
    let used = |counters: &_| engine.usage(&call, counters)[0].used;
    let _ = engine.decide(&unknown, &mut counters);
    assert_eq!(used(&counters), Interval::up_to(1));
    let _ = engine.decide(&call, &mut counters);
    assert_eq!(used(&counters), Interval { low: 1, high: 2 });
}

#[test]
fn what_other_counters_reserved_is_not_given_back() {
    let engine = engine();
    let (mut one, mut other) = (Counters::default(), Counters::default());
    let call = Call::new("a", "t", &Value::Null, at(0));
    let kept = engine.decide(&call, &mut one);
    assert!(!kept.reservation.is_empty());
    let foreign = engine.decide(&call, &mut other);
    one.release(foreign.reservation, at(0));
    assert_eq!(engine.usage(&call, &one)[0].used, Interval::exactly(1));
    one.release(kept.reservation, at(0));
    assert_eq!(engine.usage(&call, &one)[0].used, Interval::exactly(0));
}

#[test]
fn a_grant_that_was_idle_for_long_is_not_doubted_when_its_calls_are_out_of_order() {
    let engine = engine();
    let mut counters = Counters::default();
    let mut decide = |second: i64| {
        let call = Call::new("a", "t", &Value::Null, at(second));
        engine.decide(&call, &mut counters).decision
    };
    for _ in 0..9 {
        assert!(decide(0).is_allow());
    }
    assert!(decide(0).is_deny());
    // More than a day later, and the second call some seconds before the first,
    // in a minute that no call was counted in.
    let later = 3 * 86_400;
    assert!(decide(later).is_allow());
    assert!(decide(later - 5).is_allow());
    assert_eq!(decide(0), Decision::Undetermined(Reason::Late));
}

#[test]
fn an_error_without_any_time_leaves_no_doubt() {
    let engine = engine();
    let mut counters = Counters::default();
    let call = |time| Call {
        time,
        ..Call::new("a", "t", &Value::Null, at(0))
    };
    for _ in 0..20 {
        let outcome = engine.decide(&call(None), &mut counters);
        assert!(outcome.decision.is_allow());
        assert!(!outcome.reservation.is_empty());
        counters.release_at_once(outcome.reservation);
    }
    for _ in 0..9 {
        let outcome = engine.decide(&call(Some(at(0))), &mut counters);
        assert!(outcome.decision.is_allow());
    }
    let last = engine.decide(&call(Some(at(0))), &mut counters).decision;
    assert!(last.is_deny());
}

/// A call for the tests below, of one unit, seconds as in [`calls`].
#[derive(Debug, Clone)]
struct Random {
    grant: Option<usize>,
    at: Option<i64>,
    failed: Option<Option<i64>>,
}

const GRANTS: [&str; 3] = ["a", "b", "c"];

/// Calls within some days, most of them near the one before; where `holes`, some
/// of unknown grant or time.
fn calls(holes: bool) -> impl Strategy<Value = Vec<Random>> {
    let step = prop_oneof![
        8 => -40_i64..90,
        2 => -4_000_i64..4_000,
        1 => -200_000_i64..200_000,
    ];
    let failed = proptest::option::weighted(0.3, proptest::option::weighted(0.7, 0_i64..300));
    let call = (
        proptest::option::weighted(0.8, 0..GRANTS.len()),
        proptest::option::weighted(0.8, step),
        failed,
    );
    let most = if holes { 30 } else { 60 };
    proptest::collection::vec(call, 1..most).prop_map(move |steps| {
        let mut now = 1_000_000;
        let random = |(grant, step, failed): (_, Option<i64>, Option<Option<i64>>)| {
            now += step.unwrap_or(0);
            Random {
                grant: if holes { grant } else { grant.or(Some(0)) },
                at: (step.is_some() || !holes).then_some(now),
                failed: failed.map(|after| after.map(|after| now + after)),
            }
        };
        steps.into_iter().map(random).collect()
    })
}

fn decide<'e>(engine: &'e Engine, call: &Random, counters: &mut Counters) -> Decision<'e> {
    let outcome = engine.decide(
        &Call {
            grant: call.grant.map(|grant| GRANTS[grant]),
            request: Request::Tool {
                name: Some("t"),
                arguments: Arguments::from(&Value::Null),
            },
            time: call.at.map(at),
        },
        counters,
    );
    match call.failed {
        None => {}
        Some(Some(failed)) => counters.release(outcome.reservation, at(failed)),
        Some(None) => counters.release_at_once(outcome.reservation),
    }
    outcome.decision
}

proptest! {
    /// The rule of the policy language by adding up all calls before, for
    /// recordings in which nothing is unknown.
    #[test]
    fn without_holes_only_late_calls_are_undetermined(
        calls in calls(false),
        window in prop_oneof![Just(("minute", 60)), Just(("hour", 3_600)), Just(("day", 86_400))],
        max in 1_u64..5,
    ) {
        let (name, length) = window;
        let policy = format!(r#"{{"version":"1","default":"deny","tools":{{"t":{{"limits":[
            {{"counter":"c","window":"{name}","max":{max},"scope":"grant"}}]}}}}}}"#);
        let engine = Engine::new(&Policy::from_json(policy.as_bytes()).unwrap());
        let mut counters = Counters::default();
        let mut newest = [i64::MIN; GRANTS.len()];
        let mut passed: Vec<(usize, i64, Option<i64>)> = Vec::new();
        for call in &calls {
            let (Some(grant), Some(time)) = (call.grant, call.at) else {
                unreachable!("no holes")
            };
            newest[grant] = newest[grant].max(time);
            let start = |time: i64| time.div_euclid(length) * length;
            let expected = if start(time) + length + 86_400 < newest[grant] {
                "undetermined"
            } else {
                let sees = |(other, at, failed): &&(usize, i64, Option<i64>)| {
                    let released = failed.is_some_and(|failed| failed.max(*at) <= time);
                    *other == grant && start(*at) == start(time) && !released
                };
                let used = passed.iter().filter(sees).count() as u64;
                if used < max { "allow" } else { "deny" }
            };
            let decision = decide(&engine, call, &mut counters);
            prop_assert_eq!(decision.name(), expected, "{:?}", call);
            if decision.is_allow() {
                let failed = call.failed.map(|failed| failed.unwrap_or(time));
                passed.push((grant, time, failed));
            }
        }
    }

    #[test]
    fn the_busiest_grant_has_used_no_less_than_any(calls in calls(true)) {
        let engine = engine();
        let mut counters = Counters::default();
        // An unknown grant at the beginning, so that an index is kept.
        let _ = counters.enter(None, None);
        for call in &calls {
            let _ = decide(&engine, call, &mut counters);
            let rebuilt = counters.look_for_busiest();
            let kept = counters.busiest.as_ref().unwrap();
            for other in &calls {
                let when = other.at.map(|time| (at(time), time.div_euclid(60) * 60));
                let most = GRANTS.iter().map(|name| {
                    let grant = counters.find(Some(name));
                    grant.map_or(0, |grant| counters.own(grant, CounterId(0), when).high)
                });
                let most = most.max().unwrap_or(0);
                let (rebuilt, kept) =
                    (rebuilt.used(CounterId(0), when), kept.used(CounterId(0), when));
                prop_assert!(most <= rebuilt && rebuilt <= kept, "{most} {rebuilt} {kept}");
                let complete = |call: &Random| {
                    call.failed.is_none() && (call.at.is_some() || call.grant.is_none())
                };
                if calls.iter().all(complete) {
                    prop_assert_eq!(most, kept);
                }
            }
        }
    }
}
