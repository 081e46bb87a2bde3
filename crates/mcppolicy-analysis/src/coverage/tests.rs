mod listed;
mod marked;
mod proved;
mod sides;

use std::num::NonZeroUsize;

use super::*;
use crate::mutate;
use crate::suite::Suite;
use crate::suite::sample::{self, Random};
use mcppolicy_engine::engine::ValueRef;
use mcppolicy_engine::value::Value;
use mcppolicy_trace::trace::{Grant, RecordedCall};
use serde_json::json;

fn options(criteria: &[Criterion]) -> Options {
    Options {
        criteria: criteria.to_vec(),
        threads: NonZeroUsize::MIN,
        budget: Budget::default(),
        only: None,
        work: mutate::USUAL_WORK,
    }
}

fn measured(policy: &Policy, suite: &Suite, criteria: &[Criterion]) -> Vec<Covered> {
    let engine = Engine::new(policy);
    let baseline = Baseline::new(suite, &engine);
    measure(policy, &engine, &baseline, None, &options(criteria))
}

fn empty() -> Suite {
    let mut suite = Suite::new(None);
    suite.finish();
    suite
}

fn recorded(tool: &str, arguments: &Value) -> RecordedCall {
    RecordedCall::from(&WitnessCall::new(tool, arguments.clone()))
}

/// A suite of all those calls, each in a trace of its own.
fn asserted(policy: &Policy, traces: &[Vec<Step>]) -> Suite {
    let mut suite = Suite::new(None);
    for (at, steps) in traces.iter().enumerate() {
        suite.traces.push(format!("{at}.jsonl"));
        for step in steps {
            let mut call = RecordedCall::from(&step.call);
            call.grant = Grant::Named(step.grant.to_owned());
            suite.add(at, call);
        }
    }
    suite.finish();
    sample::expect_today(&mut suite, &Engine::new(policy), |_| true);
    suite
}

const SINGLE: [Criterion; 4] = [
    Criterion::Rules,
    Criterion::Conditions,
    Criterion::Boundaries,
    Criterion::Regions,
];

#[test]
fn a_point_is_infeasible_exactly_when_no_call_reaches_it() {
    let mut random = Random(3);
    let mut count = Count::default();
    let rounds = sample::rounds(60);
    for _ in 0..rounds {
        let policy = sample::policy(&mut random, false);
        let proved = measured(&policy, &empty(), &SINGLE);
        let kinds = |value: ValueRef<'_>| {
            let kind = crate::region::Kind::of(value);
            let mut apart: Vec<bool> = crate::region::Kind::ALL.map(|k| k == kind).to_vec();
            for number in [0.0, 0.5_f64.next_down(), 0.5, 1.0, 2.0, 3.0] {
                apart.push(value == ValueRef::Number(number));
            }
            apart
        };
        let mut all = Suite::new(None);
        all.traces.push("all.jsonl".to_owned());
        for arguments in sample::domain_by(&[&policy], kinds) {
            for tool in ["t", "u", "v", "w"] {
                all.add(0, recorded(tool, &arguments));
            }
        }
        all.finish();
        sample::expect_today(&mut all, &Engine::new(&policy), |_| true);
        let reached = measured(&policy, &all, &SINGLE);
        for (proved, reached) in proved.iter().zip(&reached) {
            assert_eq!(proved.point.pointer, reached.point.pointer);
            let is_reached = reached.status == Status::Covered;
            assert_ne!(proved.status, Status::Undetermined, "{proved:?}");
            let is_feasible = proved.status != Status::Infeasible;
            assert_eq!(is_feasible, is_reached, "{proved:?}\n{policy:?}");
        }
        count = count.plus(Count::of(&proved, None));
        let traces: Vec<Vec<Step>> = proved.iter().map(|point| point.witness.clone()).collect();
        let written = measured(&policy, &asserted(&policy, &traces), &SINGLE);
        for covered in &written {
            assert!(!covered.status.is_missing(), "{covered:?}");
        }
    }
    assert!(
        count.infeasible * 2 > rounds && count.uncovered > 5 * rounds,
        "{count:?}"
    );
}

#[test]
fn calls_of_limits_reach_what_they_are_for() {
    let mut random = Random(9);
    let mut count = Count::default();
    let rounds = sample::rounds(40);
    for round in 0..rounds {
        let policy = sample::policy(&mut random, true);
        let usual = Criterion::USUAL;
        let proved = measured(&policy, &empty(), &usual);
        count = count.plus(Count::of(&proved, None));
        let traces: Vec<Vec<Step>> = proved.iter().map(|point| point.witness.clone()).collect();
        let written = measured(&policy, &asserted(&policy, &traces), &usual);
        for (before, after) in proved.iter().zip(&written) {
            if !before.witness.is_empty() {
                assert_eq!(after.status, Status::Covered, "{before:?}\n{policy:?}");
            }
        }
        // No call whatever reaches what is infeasible.
        for _ in 0..5 {
            let mut suite = sample::suite(&mut random, &policy, round % 2 == 0);
            sample::expect_today(&mut suite, &Engine::new(&policy), |_| true);
            for (proved, other) in proved.iter().zip(measured(&policy, &suite, &usual)) {
                let is_wrong =
                    proved.status == Status::Infeasible && other.status == Status::Covered;
                assert!(!is_wrong, "{proved:?}\n{other:?}\n{policy:?}");
            }
        }
    }
    // Left open are amounts that conditions tie to counts, and limits that are full
    // only where an earlier one is, too.
    assert!(count.undetermined * 10 < count.counted(), "{count:?}");
}

#[test]
fn calls_without_an_expectation_cover_nothing() {
    let mut random = Random(21);
    let mut seen = 0;
    for _ in 0..50 {
        let policy = sample::policy(&mut random, true);
        let mut suite = sample::suite(&mut random, &policy, true);
        sample::expect_today(&mut suite, &Engine::new(&policy), |_| false);
        let points = measured(&policy, &suite, &Criterion::USUAL);
        let count = Count::of(&points, None);
        assert_eq!(count.covered, 0);
        seen += count.seen;
    }
    assert!(seen > 50, "{seen}");
}

#[test]
fn a_suite_that_covers_every_condition_kills_most_mutants() {
    let mut random = Random(31);
    let mut score = mutate::Score::default();
    let mut missed = std::collections::BTreeMap::new();
    let rounds = sample::rounds(60);
    for round in 0..rounds {
        let policy = sample::policy(&mut random, round % 2 == 0);
        let points = measured(&policy, &empty(), &Criterion::USUAL);
        let engine = Engine::new(&policy);
        let written = write(&policy, &engine, &points, None);
        assert_eq!(written.traces.len(), written.calls.len());
        let suite = Suite::of(&written.calls);
        let baseline = Baseline::new(&suite, &engine);
        let mutants = mutate::mutants(&policy, None, &Default::default());
        let all = options(&Criterion::USUAL);
        let options = mutate::Options {
            threads: NonZeroUsize::MIN,
            budget: Budget::default(),
            work: mutate::USUAL_WORK,
        };
        let outcomes = mutate::run(&policy, &baseline, mutants, options);
        let again = measure(&policy, &engine, &baseline, None, &all);
        assert_eq!(Count::of(&again, None), written.after, "{policy:?}");
        score = score.plus(mutate::Score::of(&outcomes));
        for outcome in outcomes.iter().filter(|outcome| outcome.status.is_missed()) {
            *missed.entry(outcome.mutant.operator.name()).or_insert(0) += 1;
        }
    }
    assert!(score.percent().unwrap() > 95.0, "{score:?} {missed:?}");
}

#[test]
fn an_unasserted_call_is_seen_and_the_missing_call_is_given() {
    let policy = sample::load(
        &json!({"version": "1", "default": "deny", "tools": {"pay": {
        "require": [{"conditions": [
            {"path": "args.amount", "op": "lte", "value": 100},
            {"path": "args.amount", "op": "lte", "value": 200}]}]}}}),
    );
    let mut suite = Suite::new(None);
    suite.traces.push("a.jsonl".to_owned());
    suite.add(0, recorded("pay", &Value::from(json!({"amount": 300}))));
    suite.finish();
    let points = measured(&policy, &suite, &Criterion::USUAL);
    let status = |pointer: &str, kind: Kind| {
        let found = points
            .iter()
            .find(|p| p.point.pointer == pointer && p.point.kind == kind);
        found.unwrap().status
    };
    let rule = "/tools/pay/require/0";
    assert_eq!(status(rule, Kind::Decides), Status::Seen);
    assert_eq!(
        status(&format!("{rule}/conditions/0"), Kind::Alone),
        Status::Uncovered
    );
    assert_eq!(
        status(&format!("{rule}/conditions/1"), Kind::Alone),
        Status::Infeasible
    );
    assert_eq!(status("/tools/pay", Kind::Allowed), Status::Uncovered);
}
