//! The work that mutants may cost, and the tests that are written for missed ones.

use std::io::Cursor;

use super::*;
use crate::compare::emit::TraceFile;
use crate::region::Exceeded;
use mcppolicy_engine::value::Value;
use mcppolicy_trace::trace::options::Settings;
use mcppolicy_trace::trace::recognise::reader;
use mcppolicy_trace::trace::{
    DecisionName, Expectation, Expected, RecordedCall, Trace, WitnessCall,
};

#[test]
fn what_would_cost_more_than_allowed_is_undecided() {
    let mut random = Random(13);
    for round in 0..20 {
        let policy = sample::policy(&mut random, round % 2 == 0);
        let suite = sample::suite(&mut random, &policy, true);
        let engine = Engine::new(&policy);
        let baseline = Baseline::new(&suite, &engine);
        let all = mutants(&policy, None, &BTreeSet::new());
        let within = |work: u64| {
            let options = Options { work, ..options(1) };
            let outcomes = run(&policy, &baseline, all.clone(), options);
            let is_left = |outcome: &Outcome| {
                matches!(
                    outcome.reason,
                    Some(crate::compare::Reason::Budget(Exceeded::Calls))
                )
            };
            outcomes.iter().map(is_left).collect::<Vec<_>>()
        };
        let whole = cost(&policy, &suite, &all);
        assert!(!within(whole).contains(&true));
        assert_eq!(within(whole - 1).last(), Some(&true));
        // The first ones are what the work is spent on.
        let some: Vec<bool> = within(whole / 2);
        let first = cost(&policy, &suite, &all[..1]);
        assert_eq!(some[0], first > whole / 2);
        assert!(within(0).iter().all(|is_left| *is_left));
        let each = all
            .iter()
            .map(|one| cost(&policy, &suite, std::slice::from_ref(one)));
        assert_eq!(each.sum::<u64>(), whole);
    }
}

#[test]
fn a_mutant_costs_the_calls_that_it_can_touch_and_its_elements() {
    let policy = sample::load(&json!({"version": "1", "default": "deny", "hide": ["gone"],
        "tools": {
            "t": {"require": [{"conditions": [{"path": "args.a", "op": "exists", "value": true}]}]},
            "u": {}}}));
    let call = |tool: &str, repeat| {
        let mut call = RecordedCall::from(&WitnessCall::new(tool, Value::empty_object()));
        call.repeat = repeat;
        call
    };
    let suite = Suite::of(&[vec![call("t", 3), call("u", 1)], vec![call("t", 1)]]);
    let all = mutants(&policy, None, &BTreeSet::new());
    let costs = |pointer: &str| {
        let own: Vec<Mutant> = all
            .iter()
            .filter(|mutant| mutant.pointer == pointer)
            .take(1)
            .cloned()
            .collect();
        cost(&policy, &suite, &own)
    };
    assert_eq!(costs("/tools/t"), 4 + 3 * 20);
    assert_eq!(costs("/tools/u"), 1 + 20);
    assert_eq!(costs("/hide/0"), 20);
    assert_eq!(costs("/default"), 5 + 4 * 20);
}

fn read(suite: &mut Suite, file: &TraceFile) {
    let input = Cursor::new(file.text.clone().into_bytes());
    let reader = reader(input, Settings::default()).unwrap();
    let mut trace = Trace::open(&file.file, reader).unwrap();
    suite.read(&mut trace, None).unwrap();
}

#[test]
fn what_is_written_kills_what_it_is_for_and_none_of_it_is_without_need() {
    let mut random = Random(17);
    let inventory = sample::inventory();
    let mut written_traces = 0;
    for round in 0..16 {
        let policy = sample::policy(&mut random, true);
        let engine = Engine::new(&policy);
        let inventory = (round % 2 == 0).then_some(&inventory);
        let suite = sample::suite(&mut random, &policy, false);
        let outcomes = tried_with(&policy, &suite, inventory, 1);
        let (traces, score) = write(&policy, &engine, &outcomes, inventory, None, options(1));
        written_traces += traces.len();
        let killed_by = |traces: &[&TraceFile]| -> Vec<bool> {
            let mut suite = Suite::new(None);
            traces.iter().for_each(|file| read(&mut suite, file));
            suite.finish();
            let again = tried_with(&policy, &suite, inventory, 1);
            // A rule that is named may be another one though no call is decided otherwise.
            let each = again.iter().zip(&outcomes);
            each.map(|(again, before)| match before.status {
                Status::Killed => true,
                status => status.is_missed() && again.status == Status::Killed,
            })
            .collect()
        };
        let all: Vec<&TraceFile> = traces.iter().collect();
        let killed = killed_by(&all);
        assert_eq!(killed.iter().filter(|k| **k).count(), score.killed);
        for (outcome, is_killed) in outcomes.iter().zip(&killed) {
            assert!(*is_killed || outcome.witness.is_none(), "{outcome:?}");
        }
        for left_out in 0..all.len() {
            let mut others = all.clone();
            let file = others.remove(left_out);
            assert!(file.file.starts_with(&format!("{:03}-", left_out + 1)));
            assert_ne!(killed_by(&others), killed, "{file:?}");
        }
    }
    assert!(written_traces > 50, "{written_traces}");
}

#[test]
fn what_is_written_has_what_the_schema_requires_where_the_mutant_still_shows() {
    let policy = sample::load(&json!({"version": "1", "default": "deny", "tools": {"t": {
        "require": [{"conditions": [{"path": "args.b", "op": "lte", "value": 5}]}]}}}));
    let inventory = sample::read_inventory(&json!({"tools": [{"name": "t", "inputSchema": {
        "type": "object", "required": ["b", "to", "note"], "properties": {
            "b": {"type": "integer"}, "to": {"type": "string"}, "note": {"type": "string"}}}}]}));
    let engine = Engine::new(&policy);
    let outcomes = tried_with(&policy, &Suite::of(&[]), Some(&inventory), 1);
    let own: Vec<Outcome> = outcomes
        .into_iter()
        .filter(|outcome| outcome.mutant.operator == Operator::BoundUp)
        .collect();
    let header = Some("p.json");
    let (bound, _) = write(&policy, &engine, &own, Some(&inventory), header, options(1));
    assert_eq!(bound[0].file, "001-t-require-0-conditions-0-bound-up.jsonl");
    let text = &bound[0].text;
    assert!(
        text.contains("\"note\"") && text.contains("\"to\""),
        "{text}"
    );
    assert!(text.contains("p.json"), "{text}");
}

#[test]
fn missed_mutants_that_let_more_through_are_counted_apart() {
    let mut random = Random(19);
    let mut loosening = 0;
    for _ in 0..10 {
        let policy = sample::policy(&mut random, false);
        let suite = sample::suite(&mut random, &policy, true);
        let outcomes = tried(&policy, &suite, 1);
        let more = [Some(Direction::Loosens), Some(Direction::Mixed)];
        let own = outcomes
            .iter()
            .filter(|outcome| outcome.status.is_missed() && more.contains(&outcome.direction));
        let own = own.count();
        assert_eq!(Score::of(&outcomes).loosening, own);
        loosening += own;
        let other = outcomes.len() - own;
        let counted = outcomes
            .iter()
            .filter(|outcome| !outcome.is_loosening_missed());
        assert_eq!(counted.count(), other);
    }
    assert!(loosening > 0);
}

/// Calls of tools at seconds, each with the decision that it expects.
fn called(calls: &[(&str, i64, DecisionName)]) -> Suite {
    let calls = calls.iter().map(|(tool, second, decision)| {
        let witness = WitnessCall::new(*tool, Value::empty_object());
        RecordedCall {
            time: Some(Time::new(*second, 0)),
            expect: Some(Expectation::Each(Expected::decision(*decision))),
            ..RecordedCall::from(&witness)
        }
    });
    Suite::of(&[calls.collect()])
}

#[test]
fn a_mutant_is_tried_with_the_calls_of_other_tools_that_its_own_depend_on() {
    let status = |policy: &Policy, suite: &Suite, operator: Operator| {
        let outcomes = tried(policy, suite, 1);
        let found = outcomes.iter().find(|o| o.mutant.operator == operator);
        found.unwrap().status
    };
    let limit =
        |window: &str| json!([{"counter": "c", "window": window, "max": 1, "scope": "grant"}]);
    // Without its rule, the call is refused by what the call before has used up.
    let shared = sample::load(&json!({"version": "1", "default": "allow",
        "all_tools": {"limits": limit("day")},
        "tools": {"t": {"deny_if": [{"conditions": []}, {"conditions": [
            {"path": "args.a", "op": "exists", "value": true}]}]}}}));
    let suite = called(&[("u", 0, DecisionName::Allow), ("t", 1, DecisionName::Deny)]);
    let dropped = status(&shared, &suite, Operator::RuleDrop);
    assert_eq!(dropped, Status::Survived);
    // The last call is late, because the one before is of another day.
    let late = sample::load(&json!({"version": "1", "default": "allow",
        "tools": {"t": {"limits": limit("minute")}}}));
    let suite = called(&[
        ("t", 0, DecisionName::Allow),
        ("u", 200_000, DecisionName::Allow),
        ("t", 0, DecisionName::Undetermined),
    ]);
    let raised = status(&late, &suite, Operator::LimitUp);
    assert_eq!(raised, Status::Survived);
}

#[test]
fn requests_that_no_rule_tells_apart_are_told_apart_by_an_amount_that_a_mutant_adds_up() {
    let policy = sample::load(&json!({"version": "1", "default": "deny", "tools": {"t": {
        "limits": [{"counter": "c", "window": "day", "max": 3, "scope": "grant"}]}}}));
    let calls = [1, 3].map(|b| {
        let witness = WitnessCall::new("t", Value::from(json!({ "b": b })));
        RecordedCall {
            time: Some(Time::new(0, 0)),
            expect: Some(Expectation::Each(Expected::decision(DecisionName::Allow))),
            ..RecordedCall::from(&witness)
        }
    });
    let suite = Suite::of(&[calls.to_vec()]);
    let outcomes = tried_with(&policy, &suite, Some(&sample::inventory()), 1);
    let found = outcomes
        .iter()
        .find(|outcome| outcome.mutant.operator == Operator::LimitAmount);
    let found = found.unwrap();
    assert_eq!((found.status, found.by), (Status::Killed, Some(1)));
}
