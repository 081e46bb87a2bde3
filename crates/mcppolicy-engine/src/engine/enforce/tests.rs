use std::cell::RefCell;
use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::decision::Kind;
use crate::engine::{Arguments, Counters, MemoryStore, Request, Reservation};
use crate::policy::Policy;
use crate::time::TimeDelta;
use crate::value::Value;

fn engine(policy: &str) -> Engine {
    Engine::new(&Policy::from_json(policy.as_bytes()).unwrap())
}

/// A policy with one tool `t`, whose `limits` are given.
fn limited(limits: &str) -> Engine {
    engine(&format!(
        r#"{{"version":"1","default":"deny","tools":{{"t":{{"limits":[{limits}]}}}}}}"#
    ))
}

fn limit(counter: &str, window: &str, max: u64) -> String {
    format!(r#"{{"counter":"{counter}","window":"{window}","max":{max},"scope":"grant"}}"#)
}

fn at(seconds: i64) -> Time {
    Time::new(seconds, 0)
}

fn call(time: Time) -> Call<'static> {
    static NONE: Value = Value::Null;
    Call::new("agent", "t", &NONE, time)
}

fn allows(engine: &Engine, store: &MemoryStore, time: Time) -> bool {
    engine.enforce(&call(time), store).unwrap().is_allowed()
}

#[track_caller]
fn denied<'e, S>(enforced: Enforced<'e, S>) -> Denial<'e> {
    match enforced {
        Enforced::Denied(denial) => denial,
        Enforced::Allowed(_) => panic!("allowed"),
    }
}

#[test]
fn what_cannot_be_determined_is_denied_with_its_reason() {
    let engine = engine(
        r#"{"version":"1","default":"deny","tools":{"t":{
        "require":[{"conditions":[{"path":"args.a","op":"exists","value":true}]}]}}}"#,
    );
    let unknown = Call {
        request: Request::Tool {
            name: Some("t"),
            arguments: Arguments::Unknown,
        },
        ..call(at(0))
    };
    let store = MemoryStore::new();
    assert_eq!(
        engine.peek(&unknown, &Counters::default()),
        Decision::Undetermined(Reason::UnknownArguments)
    );
    let denial = denied(engine.enforce(&unknown, &store).unwrap());
    assert_eq!(denial.kind, Some(Kind::Undetermined));
    assert_eq!((denial.rule, denial.label), (None, Some("(undetermined)")));
    assert_eq!(
        denial.to_agent(),
        "[POLICY DENIED] Call cannot be decided: unknown-arguments"
    );
}

#[test]
fn a_limited_call_of_unknown_time_or_grant_is_denied_and_an_unlimited_one_is_not() {
    let limited = limited(&limit("c", "day", 5));
    let free = engine(r#"{"version":"1","default":"allow"}"#);
    let store = MemoryStore::new();
    for (unknown, reason) in [
        (
            Call {
                time: None,
                ..call(at(0))
            },
            "unknown-time",
        ),
        (
            Call {
                grant: None,
                ..call(at(0))
            },
            "unknown-grant",
        ),
    ] {
        let denial = denied(limited.enforce(&unknown, &store).unwrap());
        assert_eq!(denial.kind, Some(Kind::Undetermined));
        assert!(denial.message.unwrap().ends_with(reason), "{reason}");
        assert!(free.enforce(&unknown, &store).unwrap().is_allowed());
    }
    assert!(store.ledgers().is_empty());
}

#[test]
fn a_call_stamped_before_a_newer_one_counts_at_the_newer_instant() {
    let engine = limited(&limit("c", "minute", 2));
    let store = MemoryStore::new();
    assert!(allows(&engine, &store, at(60)));
    // Stamped in the minute before, decided in this one.
    assert!(allows(&engine, &store, at(59)));
    assert!(!allows(&engine, &store, at(59)));
    assert!(!allows(&engine, &store, at(119)));
    assert!(allows(&engine, &store, at(120)));
}

#[test]
fn a_released_permit_gives_its_quota_back_only_in_its_own_window() {
    let engine = limited(&limit("c", "minute", 1));
    let store = MemoryStore::new();
    let take = |time| match engine.enforce(&call(time), &store).unwrap() {
        Enforced::Allowed(permit) => permit,
        Enforced::Denied(denial) => panic!("{denial:?}"),
    };
    take(at(0)).release(at(1)).unwrap();
    let late = take(at(2));
    drop(take(at(60)));
    late.release(at(61)).unwrap();
    assert!(!allows(&engine, &store, at(62)));
}

#[test]
fn a_store_that_is_shared_counts_for_all_who_share_it() {
    let engine = limited(&limit("c", "day", 2));
    let store = std::sync::Arc::new(MemoryStore::new());
    let mut enforced = (0..3).map(|second| {
        let shared = std::sync::Arc::clone(&store);
        let enforced = engine.enforce(&call(at(second)), shared).unwrap();
        enforced.is_allowed()
    });
    assert!(enforced.by_ref().take(2).all(|allowed| allowed));
    assert_eq!(enforced.next(), Some(false));
}

#[test]
fn a_ledger_says_what_each_limit_holds_and_since_when() {
    let engine = engine(
        r#"{"version":"1","default":"deny",
        "all_tools":{"limits":[{"counter":"all","window":"day","max":9,"scope":"grant"}]},
        "tools":{"t":{"limits":[{"counter":"sum","window":"minute","max":9,"scope":"grant",
            "increment_from":"args.n"}]}}}"#,
    );
    let store = MemoryStore::new();
    let arguments = Value::from(serde_json::json!({"n": 2.5}));
    for second in [86_400, 86_470] {
        let call = Call::new("agent", "t", &arguments, at(second));
        let enforced = engine.enforce(&call, &store).unwrap();
        assert!(enforced.is_allowed());
    }
    let ledger = store.ledgers().remove("agent").unwrap();
    assert_eq!(ledger.newest(), Some(at(86_470)));
    let held = ledger.balances().map(|(key, balance)| {
        (
            (key.tool(), key.counter(), key.window().name()),
            key.increment_from().map(ToString::to_string),
            (balance.start, balance.kept),
        )
    });
    assert_eq!(
        held.collect::<Vec<_>>(),
        [
            ((None, "all", "day"), None, (86_400, 2)),
            (
                (Some("t"), "sum", "minute"),
                Some("args.n".to_owned()),
                (86_460, 3)
            ),
        ]
    );
    let (sum, _) = ledger.balances().nth(1).unwrap();
    assert_eq!(ledger.used(sum, at(86_519)), 3);
    assert_eq!(ledger.used(sum, at(86_520)), 0);
    assert_eq!(ledger.used(sum, at(86_459)), 0);
}

#[test]
fn a_window_begins_with_what_is_charged_to_it_first() {
    let key = LimitKey::new(None, "c".to_owned(), crate::policy::Window::Minute, None);
    let mut ledger = Ledger::default();
    for (second, used) in [(0, 2), (59, 4), (60, 2), (61, 4)] {
        ledger.charge(&key, at(second), 2);
        assert_eq!(ledger.used(&key, at(second)), used);
    }
}

#[test]
fn a_dropped_permit_keeps_the_quota_consumed() {
    let engine = limited(&limit("c", "minute", 1));
    let store = MemoryStore::new();
    drop(engine.enforce(&call(at(0)), &store).unwrap());
    assert!(!allows(&engine, &store, at(1)));
}

#[test]
fn a_reload_never_lends_one_limits_count_to_another() {
    let [minute, hour, day] = ["minute", "hour", "day"];
    let old = limited(&[limit("a", hour, 10), limit("b", day, 10)].join(","));
    let store = MemoryStore::new();
    for second in 0..4 {
        assert!(allows(&old, &store, at(second)));
    }
    let used = |new: &Engine| {
        let before = store.ledgers();
        let fresh = MemoryStore::from(before);
        let mut passed = 0;
        while passed < 20 && allows(new, &fresh, at(10)) {
            passed += 1;
        }
        10 - passed
    };
    let sum =
        r#"{"counter":"a","window":"hour","max":10,"scope":"grant","increment_from":"args.n"}"#;
    for (what, limits, expected) in [
        ("the same", limit("a", hour, 10), 4),
        (
            "reordered",
            [limit("b", day, 10), limit("a", hour, 10)].join(","),
            4,
        ),
        (
            "one added in front",
            [limit("c", day, 99), limit("a", hour, 10)].join(","),
            4,
        ),
        ("renamed", limit("renamed", hour, 10), 0),
        ("the name of another", limit("b", hour, 10), 0),
        ("another window", limit("a", minute, 10), 0),
    ] {
        assert_eq!(used(&limited(&limits)), expected, "{what}");
    }
    let moved = engine(&format!(
        r#"{{"version":"1","default":"allow","all_tools":{{"limits":[{}]}}}}"#,
        limit("a", hour, 10)
    ));
    assert_eq!(used(&moved), 0, "moved to all_tools");
    let amounts = limited(sum);
    let arguments = Value::Object(BTreeMap::from([("n".to_owned(), Value::Number(10.0))]));
    let all = Call::new("agent", "t", &arguments, at(10));
    assert!(
        amounts.enforce(&all, &store).unwrap().is_allowed(),
        "counts amounts"
    );
    // Back to the first policy: nothing was lost on the way.
    assert_eq!(used(&old), 4, "rolled back");
}

#[test]
fn a_reload_in_a_replay_never_lends_one_limits_count_to_another() {
    let old = limited(&[limit("a", "hour", 10), limit("b", "day", 20)].join(","));
    let new = limited(&[limit("b", "day", 20), limit("c", "hour", 10)].join(","));
    let mut counters = Counters::default();
    for second in 0..4 {
        assert!(
            old.decide(&call(at(second)), &mut counters)
                .decision
                .is_allow()
        );
    }
    assert!(new.decide(&call(at(5)), &mut counters).decision.is_allow());
    let used = |engine: &Engine| -> Vec<(String, u64)> {
        let uses = engine.usage(&call(at(6)), &counters).into_iter();
        uses.map(|limit| (limit.counter.to_owned(), limit.used.high))
            .collect()
    };
    assert_eq!(used(&new), [("b".to_owned(), 5), ("c".to_owned(), 1)]);
    assert_eq!(used(&old), [("a".to_owned(), 4), ("b".to_owned(), 5)]);
}

/// A store that does not run the change, or that does not answer.
struct Broken {
    answers: bool,
}

impl Store for Broken {
    type Error = &'static str;

    fn update(
        &self,
        _: &str,
        _: Time,
        _: &mut dyn FnMut(&mut Ledger, Time),
    ) -> Result<(), &'static str> {
        if self.answers {
            Ok(())
        } else {
            Err("no answer")
        }
    }
}

#[test]
fn a_store_that_fails_forwards_nothing_that_a_limit_counts() {
    let engine = limited(&limit("c", "day", 5));
    let silent = engine.enforce(&call(at(0)), Broken { answers: false });
    assert_eq!(silent.err(), Some("no answer"));
    let lying = engine.enforce(&call(at(0)), Broken { answers: true });
    assert_eq!(denied(lying.unwrap()).kind, Some(Kind::Undetermined));
    let free = self::engine(r#"{"version":"1","default":"allow"}"#);
    let answer = free.enforce(&call(at(0)), Broken { answers: false });
    assert!(answer.unwrap().is_allowed());
}

/// A store that runs each change twice, the first time on a ledger that another
/// process has replaced meanwhile.
struct Contended {
    store: MemoryStore,
    stale: RefCell<Ledger>,
}

impl Store for Contended {
    type Error = std::convert::Infallible;

    fn update(
        &self,
        grant: &str,
        now: Time,
        change: &mut dyn FnMut(&mut Ledger, Time),
    ) -> Result<(), Self::Error> {
        change(&mut self.stale.borrow_mut().clone(), now);
        self.store.update(grant, now, change)
    }
}

#[test]
fn only_the_last_run_of_a_change_counts() {
    let engine = limited(&limit("c", "day", 3));
    let store = Contended {
        store: MemoryStore::new(),
        stale: RefCell::default(),
    };
    let passed = (0..9).filter(|second| {
        let enforced = engine.enforce(&call(at(*second)), &store).unwrap();
        enforced.is_allowed()
    });
    assert_eq!(passed.count(), 3);
}

#[cfg(feature = "serde")]
#[test]
fn a_saved_ledger_goes_on_where_it_was_and_refuses_what_it_does_not_know() {
    let engine = limited(&[limit("a", "hour", 3), limit("b", "day", 9)].join(","));
    let store = MemoryStore::new();
    assert!(allows(&engine, &store, at(0)));
    assert!(allows(&engine, &store, at(1)));
    let saved = serde_json::to_string(&store.ledgers()).unwrap();
    let loaded: BTreeMap<String, Ledger> = serde_json::from_str(&saved).unwrap();
    assert_eq!(loaded, store.ledgers());
    let restarted = MemoryStore::from(loaded);
    assert!(allows(&engine, &restarted, at(2)));
    assert!(!allows(&engine, &restarted, at(3)));
    for (from, to) in [
        ("\"hour\"", "\"week\""),
        ("\"newest\"", "\"newset\""),
        ("\"kept\":2", "\"kept\":-2"),
        (
            "\"tool\":\"t\",\"counter\":\"b\"",
            "\"tool\":\"t\",\"counter\":\"a\"",
        ),
    ] {
        let spoiled = saved.replacen(from, to, 1).replace("\"day\"", "\"hour\"");
        assert_ne!(spoiled, saved);
        let result: Result<BTreeMap<String, Ledger>, _> = serde_json::from_str(&spoiled);
        assert!(result.is_err(), "{spoiled}");
    }
}

/// One event of a random session.
#[derive(Debug, Clone)]
struct Event {
    grant: usize,
    tool: &'static str,
    amount: Option<f64>,
    is_known: bool,
    /// Seconds after the event before; negative for a late stamp.
    step: i64,
    /// Whether the server answers with an error, at once.
    fails: bool,
}

fn event() -> impl Strategy<Value = Event> {
    let tool = prop_oneof![Just("t"), Just("u"), Just("unlisted")];
    let amount = proptest::option::of(prop_oneof![
        Just(-1.0),
        Just(0.0),
        Just(0.5),
        (1..9_i32).prop_map(f64::from)
    ]);
    let step = prop_oneof![Just(0), 1..40_i64, Just(-30), Just(3_000), Just(90_000)];
    (0..2_usize, tool, amount, 0..9_u8, step, any::<bool>()).prop_map(
        |(grant, tool, amount, known, step, fails)| Event {
            grant,
            tool,
            amount,
            is_known: known > 0,
            step,
            fails,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Enforcement answers what a replay of the same calls, each at the instant
    /// at which it counts, decides; what the replay cannot determine is denied.
    #[test]
    fn enforcing_equals_replaying(
        events in proptest::collection::vec(event(), 1..40),
        maxima in proptest::array::uniform4(1..6_u64),
    ) {
        let [minute, hour, sum, all] = maxima;
        let engine = engine(&format!(
            r#"{{"version":"1","default":"allow","tools":{{
                "t":{{"deny_if":[{{"conditions":[{{"path":"args.n","op":"eq","value":7}}]}}],
                      "limits":[{},{}]}},
                "u":{{"limits":[{{"counter":"s","window":"day","max":{},"scope":"grant",
                                  "increment_from":"args.n"}}]}}}},
                "all_tools":{{"limits":[{}]}}}}"#,
            limit("m", "minute", minute),
            limit("h", "hour", hour),
            sum * 3,
            limit("d", "day", all * 4),
        ));
        let store = MemoryStore::new();
        let mut counters = Counters::new(TimeDelta::seconds(0));
        let mut newest = [0_i64; 2];
        let mut now = 0_i64;
        for event in events {
            now = (now + event.step).max(0);
            let arguments = Value::Object(
                event.amount.map(|n| ("n".to_owned(), Value::Number(n))).into_iter().collect(),
            );
            let grant = ["a", "b"][event.grant];
            let newest = &mut newest[event.grant];
            let mut asked = Call::new(grant, event.tool, &arguments, at(now));
            if !event.is_known {
                asked.request = Request::Tool {
                    name: Some(event.tool),
                    arguments: Arguments::Unknown,
                };
            }
            let (enforced, seen) = engine.enforce_and_show(&asked, &store).unwrap();
            let counted = Call { time: Some(at(now.max(*newest))), ..asked };
            let decision = engine.peek(&counted, &counters);
            prop_assert_eq!(enforced.is_allowed(), decision.is_allow());
            // What the limits had counted is enough to decide the call again,
            // without the calls before it.
            let again = engine
                .evaluate_rules(counted.request)
                .apply_limits_from(Some(grant), seen.time, &seen.used, &mut Counters::default());
            prop_assert_eq!(again.decision.is_allow(), enforced.is_allowed());
            if let Enforced::Denied(denial) = &enforced {
                match &again.decision {
                    Decision::Deny(expected) => prop_assert_eq!(denial, expected),
                    other => prop_assert_eq!(denial.kind, Some(Kind::Undetermined), "{:?}", other),
                }
            }
            // A call that a rule refuses reaches no counter.
            if decision.kind() != Some(Kind::DenyIf) {
                *newest = now.max(*newest);
            }
            let mut reservation = Reservation::default();
            match enforced {
                Enforced::Denied(denial) => match decision {
                    Decision::Deny(expected) => prop_assert_eq!(denial, expected),
                    _ => prop_assert_eq!(denial.kind, Some(Kind::Undetermined)),
                },
                Enforced::Allowed(permit) => {
                    // Only what passes is counted, so that no doubt is left over.
                    reservation = engine.decide(&counted, &mut counters).reservation;
                    if event.fails {
                        permit.release(at(now)).unwrap();
                    }
                }
            }
            if event.fails {
                counters.release(reservation, at(now.max(*newest)));
            }
        }
    }
}
