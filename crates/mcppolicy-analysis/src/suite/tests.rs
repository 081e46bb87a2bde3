use std::io::Cursor;

use super::*;
use mcppolicy_engine::engine::Decision;
use mcppolicy_engine::policy::Policy;
use mcppolicy_trace::trace::options::Settings;
use mcppolicy_trace::trace::recognise::reader;
use mcppolicy_trace::trace::{DecisionName, Expected};
use serde_json::json;

fn read(text: &str, server: Option<&str>) -> Suite {
    let input = Cursor::new(text.as_bytes().to_vec());
    let reader = reader(input, Settings::default()).unwrap();
    let mut trace = Trace::open("a.jsonl", reader).unwrap();
    let mut suite = Suite::new(None);
    suite.read(&mut trace, server).unwrap();
    suite.finish();
    suite
}

fn policy(tool: &serde_json::Value) -> Policy {
    sample::load(&json!({"version": "1", "default": "deny", "tools": {"t": tool}}))
}

const CALLS: &str = r#"{"tool":"t","arguments":{"n":1},"server":"mine","expect":"allow"}
{"tool":"t","arguments":{"n":1},"server":"other","expect":"allow"}
{"tool":"t","arguments":{"n":1.0},"repeat":4,"expect":["allow",2,"deny",2]}
{"tool":"t","arguments":{"n":2},"repeat":3,"expect":"deny"}
{"tool":"t","arguments":{"n":3}}
"#;

#[test]
fn the_calls_to_the_policys_server_are_read_and_counted() {
    let mine = read(CALLS, Some("mine"));
    assert_eq!(mine.traces, ["a.jsonl"]);
    assert_eq!(mine.calls.len(), 4);
    assert_eq!(mine.size(), 1 + 4 + 3 + 1);
    assert_eq!(mine.asserted(), 1 + 4 + 3);
    // The same request however its number is written.
    assert_eq!(mine.requests(), 3);
    assert_eq!(read(CALLS, None).calls.len(), 5);
}

#[test]
fn a_request_is_found_by_its_arguments_where_they_are_known() {
    let mut suite = Suite::new(None);
    for arguments in [
        RecordedArguments::from(None),
        RecordedArguments::Unknown,
        RecordedArguments::NotAnObject(Value::Bool(true)),
    ] {
        let name = Some("t".to_owned());
        suite.add(
            0,
            RecordedCall::new(RecordedRequest::Tool { name, arguments }),
        );
    }
    suite.finish();
    assert_eq!(suite.requests(), 3);
    let known: Vec<bool> = (0..4).map(|at| suite.arguments(at).is_some()).collect();
    assert_eq!(known, [true, false, false, false]);
}

#[test]
fn a_call_is_late_as_in_a_replay_of_that_lateness() {
    let policy = policy(&json!({"limits": [
        {"counter": "c", "window": "minute", "max": 2, "scope": "grant"}]}));
    let engine = Engine::new(&policy);
    let late = |max_lateness: Option<TimeDelta>| {
        let mut suite = Suite::new(max_lateness);
        for second in [200, 0] {
            let witness = mcppolicy_trace::trace::WitnessCall::new("t", Value::empty_object());
            let mut call = RecordedCall::from(&witness);
            call.time = Some(mcppolicy_engine::time::Time::new(second, 0));
            suite.add(0, call);
        }
        suite.finish();
        Baseline::new(&suite, &engine).decisions(1)[0].0.name()
    };
    assert_eq!(late(None), "allow");
    assert_eq!(late(Some(TimeDelta::seconds(140))), "allow");
    assert_eq!(late(Some(TimeDelta::seconds(139))), "undetermined");
}

#[test]
fn equal_decisions_in_a_row_are_one_run() {
    let policy = policy(&json!({"limits": [
        {"counter": "c", "window": "day", "max": 2, "scope": "grant"}]}));
    let engine = Engine::new(&policy);
    let suite = read(
        r#"{"ts":"2026-01-01T00:00:00Z","tool":"t","arguments":{},"repeat":5}"#,
        None,
    );
    let baseline = Baseline::new(&suite, &engine);
    let runs = baseline.decisions(0).iter();
    let runs: Vec<(&str, u64)> = runs
        .map(|(decision, times)| (decision.name(), *times))
        .collect();
    assert_eq!(runs, [("allow", 2), ("deny", 3)]);
}

fn rule(bound: u64, message: &str) -> serde_json::Value {
    json!({"on_deny": message,
        "conditions": [{"path": "args.n", "op": "gt", "value": bound}]})
}

#[test]
fn a_message_is_named_by_an_expectation_of_it() {
    let policy =
        policy(&json!({"deny_if": [rule(9, "too many"), rule(5, "many"), rule(1, "few")]}));
    let engine = Engine::new(&policy);
    let named = |expect: serde_json::Value| {
        let call = |n: u64, expect| json!({"tool": "t", "arguments": {"n": n}, "repeat": 1, "expect": expect});
        let lines = [call(10, expect), call(6, json!("deny"))];
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let suite = read(&text, None);
        let named = Baseline::new(&suite, &engine).named_messages();
        named.into_iter().collect::<Vec<_>>()
    };
    let own = ["/tools/t/deny_if/0"];
    assert_eq!(named(json!("deny")), [""; 0]);
    let whole = json!({"decision": "deny", "message": "too many"});
    assert_eq!(named(whole.clone()), own);
    let part = json!({"decision": "deny", "message_contains": "many"});
    assert_eq!(named(part), own);
    assert_eq!(named(json!([whole, 1])), own);
}

#[test]
fn a_difference_is_noticed_and_fails_what_expects_otherwise() {
    let [both, second, none] = [
        json!({"deny_if": [rule(5, "a"), rule(1, "b")]}),
        json!({"deny_if": [rule(1, "b")]}),
        json!({}),
    ]
    .map(|tool| Engine::new(&policy(&tool)));
    let noticed = |engine: &Engine, expected: Option<Expected>| {
        let mut suite = Suite::new(None);
        let mut call = RecordedCall::from(&mcppolicy_trace::trace::WitnessCall::new(
            "t",
            Value::from(json!({"n": 9})),
        ));
        call.expect = expected.map(Expectation::Each);
        suite.add(0, call);
        suite.finish();
        let baseline = Baseline::new(&suite, &both);
        assert!(matches!(baseline.decisions(0), [(Decision::Deny(_), 1)]));
        let verdict = suite.rule(engine, 0);
        let mut noticed = Noticed::default();
        baseline.compare(engine, [0], |_| verdict.as_ref(), &mut noticed);
        (noticed.failed, noticed.differs)
    };
    let deny = Expected::decision(DecisionName::Deny);
    let by_rule = Expected {
        rule: Some("/tools/t/deny_if/0".to_owned()),
        ..deny.clone()
    };
    let by_message = Expected {
        message: Some("a".to_owned()),
        ..deny.clone()
    };
    let wrong = Expected::decision(DecisionName::Allow);
    assert_eq!(noticed(&both, Some(by_message.clone())), (None, None));
    // Refused in other words: only who expects the words notices it.
    assert_eq!(noticed(&second, None), (None, None));
    assert_eq!(noticed(&second, Some(deny.clone())), (None, None));
    assert_eq!(noticed(&second, Some(by_rule.clone())), (None, None));
    assert_eq!(noticed(&second, Some(by_message)), (Some(0), None));
    assert_eq!(noticed(&none, None), (None, Some(0)));
    assert_eq!(noticed(&none, Some(deny)), (Some(0), Some(0)));
    assert_eq!(noticed(&none, Some(by_rule)), (Some(0), Some(0)));
    // What failed before does not fail because of the change.
    assert_eq!(noticed(&none, Some(wrong)), (None, Some(0)));
}
