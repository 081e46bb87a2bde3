//! Which points recorded calls reach.

use std::io::Cursor;

use super::*;
use mcppolicy_engine::time::Time;
use mcppolicy_trace::trace::options::Settings;
use mcppolicy_trace::trace::recognise::reader;
use mcppolicy_trace::trace::{DecisionName, Expectation, Expected, Trace};

fn suite(lines: &[&str]) -> Suite {
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let reader = reader(Cursor::new(text.into_bytes()), Settings::default()).unwrap();
    let mut suite = Suite::new(None);
    let mut trace = Trace::open("a.jsonl", reader).unwrap();
    suite.read(&mut trace, None).unwrap();
    suite.finish();
    suite
}

/// The points of a status, as the end of the pointer and the kind.
fn of_status(policy: &Policy, lines: &[&str], criteria: &[Criterion], status: Status) -> String {
    let points = measured(policy, &suite(lines), criteria);
    let own = points.iter().filter(|covered| covered.status == status);
    let words = own.map(|covered| {
        let pointer = covered.point.pointer.trim_start_matches("/tools/t/");
        format!("{pointer} {}", covered.point.kind.name())
    });
    words.collect::<Vec<_>>().join(", ")
}

fn policy() -> Policy {
    let text = br#"{"version":"1","default":"deny","hide":["h"],"tools":{"t":{
        "require":[{"conditions":[{"path":"args.a","op":"lte","value":5},
                                  {"path":"args.b","op":"exists","value":true}]}],
        "deny_if":[{"conditions":[{"path":"args.c","op":"eq","value":"x"},
                                  {"path":"args.d","op":"eq","value":"y"}]}],
        "limits":[{"counter":"s","window":"day","max":9,"scope":"grant",
            "increment_from":"args.n"}]}}}"#;
    Policy::from_json(text).unwrap()
}

#[test]
fn a_call_covers_what_alone_turns_its_decision() {
    let covered = |line: &str| {
        let line = format!(r#"{{"tool":"t","arguments":{line},"expect":"deny"}}"#);
        let criteria = [Criterion::Rules, Criterion::Conditions];
        of_status(&policy(), &[&line], &criteria, Status::Covered)
    };
    assert_eq!(
        covered(r#"{"a":5,"b":1,"n":1}"#),
        "/tools/t allow, require/0 holds"
    );
    assert_eq!(
        covered(r#"{"a":5,"b":1,"c":"x","n":1}"#),
        "/tools/t allow, require/0 holds, deny_if/0/conditions/1 alone"
    );
    assert_eq!(
        covered(r#"{"a":5,"b":1,"c":"x","d":"y","n":1}"#),
        "deny_if/0 decides, deny_if/0 holds"
    );
    assert_eq!(
        covered(r#"{"a":6,"b":1,"n":1}"#),
        "require/0 decides, require/0/conditions/0 alone"
    );
    // Neither of the two alone, and neither of two rules.
    assert_eq!(covered(r#"{"a":6,"n":1}"#), "require/0 decides");
    assert_eq!(
        covered(r#"{"a":6,"b":1,"c":"x","d":"y","n":1}"#),
        "require/0 decides"
    );
    // The limit would refuse it, whatever the rules say.
    assert_eq!(covered(r#"{"a":6,"b":1}"#), "require/0 decides");
    assert_eq!(covered(r#"{"a":6,"b":1,"n":10}"#), "require/0 decides");
    assert_eq!(covered(r#"{"a":6,"b":1,"n":-1}"#), "require/0 decides");
    assert_eq!(
        covered(r#"{"a":6,"b":1,"n":9}"#),
        "require/0 decides, require/0/conditions/0 alone"
    );
}

#[test]
fn a_call_covers_the_sides_that_its_decision_hangs_on() {
    let covered = |line: &str| {
        let line = format!(r#"{{"tool":"t","arguments":{line},"expect":"deny"}}"#);
        let criteria = [Criterion::Boundaries];
        of_status(&policy(), &[&line], &criteria, Status::Covered)
    };
    assert_eq!(
        covered(r#"{"a":5,"b":1,"n":1}"#),
        "require/0/conditions/0 at"
    );
    assert_eq!(
        covered(r#"{"a":6,"b":1,"n":1}"#),
        "require/0/conditions/0 beside"
    );
    assert_eq!(
        covered(r#"{"a":5,"b":null,"n":1}"#),
        "require/0/conditions/1 null"
    );
    assert_eq!(
        covered(r#"{"a":4,"b":1,"c":"z","d":"y","n":1}"#),
        "deny_if/0/conditions/0 stranger"
    );
    assert_eq!(
        covered(r#"{"a":4,"b":1,"c":"x","d":"y","n":1}"#),
        "deny_if/0/conditions/0 member, deny_if/0/conditions/1 member"
    );
}

#[test]
fn what_no_rule_decides_covers_its_entry_only() {
    let covered = |line: &str| of_status(&policy(), &[line], &Criterion::ALL, Status::Covered);
    assert_eq!(
        covered(r#"{"tool":"h","arguments":{},"expect":"deny"}"#),
        "/hide/0 decides"
    );
    assert_eq!(
        covered(r#"{"tool":"other","arguments":{},"expect":"deny"}"#),
        "/default decides"
    );
    let open = sample::load(&json!({"version": "1", "default": "allow"}));
    let line = r#"{"tool":"other","arguments":{},"expect":"allow"}"#;
    let allowed = of_status(&open, &[line], &Criterion::ALL, Status::Covered);
    assert_eq!(allowed, "/default decides");
    let hidden = sample::load(&json!({"version": "1", "default": "deny", "hide": ["t"],
        "tools": {"t": {"require": [{"conditions": []}]}}}));
    let line = r#"{"tool":"t","arguments":{},"expect":"deny"}"#;
    let refused = of_status(&hidden, &[line], &Criterion::ALL, Status::Covered);
    assert_eq!(refused, "/hide/0 decides");
}

#[test]
fn a_region_is_reached_whatever_decides() {
    let line = r#"{"tool":"t","arguments":{"a":5,"c":"x"},"expect":"deny"}"#;
    let points = measured(&policy(), &suite(&[line]), &[Criterion::Regions]);
    let own = points
        .iter()
        .filter(|point| point.status == Status::Covered);
    let what: Vec<&str> = own.map(|point| point.point.what.as_str()).collect();
    assert_eq!(what, ["of t whose conditions are TFTF"]);
}

#[test]
fn the_first_three_calls_are_named_those_with_an_expectation_first_of_all() {
    let policy = sample::load(&json!({"version": "1", "default": "allow"}));
    let seen = r#"{"tool":"x","arguments":{}}"#;
    let asserted = r#"{"tool":"x","arguments":{},"expect":"allow"}"#;
    let by = |lines: &[&str]| {
        let points = measured(&policy, &suite(lines), &[Criterion::Rules]);
        (points[0].status, points[0].by.clone())
    };
    assert_eq!(by(&[seen; 5]), (Status::Seen, vec![0, 1, 2]));
    assert_eq!(by(&[seen, asserted]), (Status::Covered, vec![1]));
    assert_eq!(by(&[asserted; 4]), (Status::Covered, vec![0, 1, 2]));
}

#[test]
fn a_repetition_without_an_expectation_is_seen() {
    let policy = sample::load(&json!({"version": "1", "default": "deny", "tools": {"t": {
        "limits": [{"counter": "c", "window": "day", "max": 2, "scope": "grant"}]}}}));
    let statuses = |asserted: Option<u64>| {
        let mut call = recorded("t", &Value::empty_object());
        call.time = Some(Time::new(0, 0));
        call.repeat = 3;
        let allow = Expected::decision(DecisionName::Allow);
        call.expect = asserted.map(|times| Expectation::Runs(vec![(allow, times)]));
        let points = measured(&policy, &Suite::of(&[vec![call]]), &Criterion::USUAL);
        [Status::Covered, Status::Seen].map(|status| {
            let own = points.iter().filter(|covered| covered.status == status);
            let kinds: Vec<&str> = own.map(|covered| covered.point.kind.name()).collect();
            kinds.join(" ")
        })
    };
    assert_eq!(statuses(None), ["", "allow decides fills exceeds"]);
    assert_eq!(statuses(Some(1)), ["allow", "decides fills exceeds"]);
    assert_eq!(statuses(Some(2)), ["allow fills", "decides exceeds"]);
    assert_eq!(statuses(Some(3)), ["allow decides fills exceeds", ""]);
}

/// Calls of grants at seconds, each expected somehow.
fn limited(calls: &[(&str, i64)], limit: &str) -> String {
    let policy = Policy::from_json(
        format!(
            r#"{{"version":"1","default":"deny","tools":{{"t":{{"limits":[
            {{"counter":"c","window":"minute","max":2,"scope":"grant"{limit}}}]}}}}}}"#
        )
        .as_bytes(),
    )
    .unwrap();
    let mut suite = Suite::new(None);
    for (grant, second) in calls {
        let mut call = recorded("t", &Value::from(json!({"n": 1})));
        call.grant = Grant::Named((*grant).to_owned());
        call.time = Some(Time::new(*second, 0));
        suite.add(0, call);
    }
    suite.finish();
    sample::expect_today(&mut suite, &Engine::new(&policy), |_| true);
    let points = measured(&policy, &suite, &[Criterion::Limits]);
    let covered = points.iter().filter(|p| p.status == Status::Covered);
    let kinds: Vec<&str> = covered.map(|p| p.point.kind.name()).collect();
    kinds.join(" ")
}

#[test]
fn calls_reach_of_a_limit_what_they_show_of_it() {
    for limit in ["", r#","increment_from":"args.n""#] {
        let reached = |calls: &[(&str, i64)]| limited(calls, limit);
        assert_eq!(reached(&[("a", 0)]), "");
        assert_eq!(reached(&[("a", 0), ("a", 1)]), "fills");
        assert_eq!(reached(&[("a", 0), ("b", 1)]), "");
        let full = [("a", 0), ("a", 1), ("a", 2)];
        let then = |call| [&full[..], &[call]].concat();
        assert_eq!(reached(&full), "fills exceeds");
        assert_eq!(reached(&then(("a", 59))), "fills exceeds");
        assert_eq!(reached(&then(("a", 60))), "fills exceeds next-window");
        assert_eq!(reached(&then(("a", 700))), "fills exceeds next-window");
        assert_eq!(reached(&then(("a", -1))), "fills exceeds");
        assert_eq!(reached(&then(("b", 59))), "fills exceeds other-grant");
        assert_eq!(reached(&then(("b", 60))), "fills exceeds");
    }
}

#[test]
fn a_limit_that_has_no_amount_to_count_is_not_shown_to_be_full() {
    let policy = sample::load(&json!({"version": "1", "default": "deny", "tools": {"t": {
        "limits": [{"counter": "c", "window": "day", "max": 2, "scope": "grant",
            "increment_from": "args.n"}]}}}));
    let covered = |arguments: &str| {
        let line = format!(
            r#"{{"tool":"t","arguments":{arguments},"ts":"2026-01-01T00:00:00Z","expect":"deny"}}"#
        );
        let criteria = [Criterion::Rules, Criterion::Limits];
        of_status(&policy, &[&line], &criteria, Status::Covered)
    };
    assert_eq!(covered("{}"), "limits/0 decides");
    assert_eq!(covered(r#"{"n":-1}"#), "limits/0 decides");
    assert_eq!(covered(r#"{"n":3}"#), "limits/0 decides, limits/0 exceeds");
}

/// The points of a sum of at most 2 in a minute that calls of grants at seconds with
/// amounts reach.
fn summed(calls: &[(Grant, i64, u64)]) -> String {
    let policy = sample::load(&json!({"version": "1", "default": "deny", "tools": {"t": {
        "limits": [{"counter": "c", "window": "minute", "max": 2, "scope": "grant",
            "increment_from": "args.n"}]}}}));
    let calls = calls.iter().map(|(grant, second, n)| {
        let mut call = recorded("t", &Value::from(json!({ "n": n })));
        (call.grant, call.time) = (grant.clone(), Some(Time::new(*second, 0)));
        call
    });
    let points = measured(
        &policy,
        &Suite::of(&[calls.collect()]),
        &[Criterion::Limits],
    );
    let seen = points.iter().filter(|p| p.status == Status::Seen);
    let kinds: Vec<&str> = seen.map(|p| p.point.kind.name()).collect();
    kinds.join(" ")
}

#[test]
fn what_is_too_much_says_nothing_of_a_smaller_amount_in_the_same_window() {
    let ann = || Grant::Named("ann".to_owned());
    assert_eq!(summed(&[(ann(), 0, 3), (ann(), 1, 1)]), "exceeds");
    let next = summed(&[(ann(), 0, 3), (ann(), 60, 1)]);
    assert_eq!(next, "exceeds next-window");
    // Whose window is full is not known of an unknown grant.
    assert_eq!(summed(&[(Grant::Unknown, 0, 3)]), "");
}
