mod made;
mod written;

use std::collections::BTreeSet;
use std::num::NonZeroUsize;

use super::*;
use crate::compare::sequence::passes_all;
use crate::inventory::Inventory;
use crate::region::Budget;
use crate::replay::expect::{Cursor, Verdict, judge};
use crate::suite::sample::{self, Random};
use crate::suite::{Baseline, Suite};
use mcppolicy_engine::engine::Engine;
use mcppolicy_engine::policy::Policy;
use mcppolicy_engine::time::Time;

use serde_json::json;

/// Random policies of each test, unless others are asked for.
const ROUNDS: usize = 100;

fn options(threads: usize) -> Options {
    Options {
        threads: NonZeroUsize::new(threads).unwrap(),
        budget: Budget::default(),
        work: USUAL_WORK,
    }
}

fn tried(policy: &Policy, suite: &Suite, threads: usize) -> Vec<Outcome> {
    tried_with(policy, suite, None, threads)
}

fn tried_with(
    policy: &Policy,
    suite: &Suite,
    inventory: Option<&Inventory>,
    threads: usize,
) -> Vec<Outcome> {
    let engine = Engine::new(policy);
    let baseline = Baseline::new(suite, &engine);
    let mutants = mutants(policy, inventory, &BTreeSet::new());
    run(policy, &baseline, mutants, options(threads))
}

/// What a replay of every call through the whole mutant notices: whether an
/// expectation fails, and whether a call is decided otherwise.
fn replayed(policy: &Policy, mutant: &Policy, suite: &Suite) -> (bool, bool) {
    let [engine, changed] = [policy, mutant].map(Engine::new);
    let before = Baseline::new(suite, &engine);
    let after = Baseline::new(suite, &changed);
    let (mut failed, mut differs) = (false, false);
    for (at, call) in suite.calls.iter().enumerate() {
        let flat = |baseline: &Baseline<'_, '_>| -> Vec<String> {
            let runs = baseline.decisions(at).iter();
            runs.flat_map(|(decision, times)| vec![decision.name().to_owned(); *times as usize])
                .collect()
        };
        differs |= flat(&before) != flat(&after);
        let Some(expectation) = &call.call.expect else {
            continue;
        };
        let verdicts = |baseline: &Baseline<'_, '_>| -> Vec<bool> {
            let mut cursor = Cursor::default();
            let mut verdicts = Vec::new();
            for (decision, times) in baseline.decisions(at) {
                for _ in 0..*times {
                    let expected = cursor.next(expectation);
                    verdicts.push(judge(expected, decision).verdict == Verdict::Pass);
                }
            }
            verdicts
        };
        let mut pairs = verdicts(&before).into_iter().zip(verdicts(&after));
        failed |= pairs.any(|(before, after)| before && !after);
    }
    (failed, differs)
}

/// Whether the status is what a whole replay says, as far as that says it.
fn agrees(policy: &Policy, suite: &Suite, outcome: &Outcome) {
    let changed = outcome.mutant.apply(policy);
    let (failed, differs) = replayed(policy, &changed, suite);
    let is_seen = [Status::Killed, Status::Noticed].contains(&outcome.status);
    assert_eq!(outcome.status == Status::Killed, failed, "{outcome:?}");
    assert_eq!(is_seen, failed || differs, "{outcome:?}");
}

#[test]
fn every_status_is_that_of_deciding_every_call() {
    let mut random = Random(11);
    let mut counts = Score::default();
    let rounds = sample::rounds(ROUNDS);
    for _ in 0..rounds {
        let policy = sample::policy(&mut random, false);
        let suite = sample::suite(&mut random, &policy, true);
        let outcomes = tried(&policy, &suite, 1);
        counts = counts.plus(Score::of(&outcomes));
        let changed: Vec<Policy> = outcomes.iter().map(|o| o.mutant.apply(&policy)).collect();
        let mut all: Vec<&Policy> = changed.iter().collect();
        all.push(&policy);
        let domain = sample::domain(&all);
        let before = Engine::new(&policy);
        let tools = ["t", "u", "v", "w"];
        let passes = |engine: &Engine| -> Vec<bool> {
            let each = tools.iter().flat_map(|tool| {
                let each = domain.iter();
                each.map(|arguments| sample::passes(engine, tool, arguments))
            });
            each.collect()
        };
        let own = passes(&before);
        for (outcome, changed) in outcomes.iter().zip(&changed) {
            agrees(&policy, &suite, outcome);
            let other = passes(&Engine::new(changed));
            let [more, less] = [(false, true), (true, false)].map(|way| {
                own.iter()
                    .copied()
                    .zip(other.iter().copied())
                    .any(|is| is == way)
            });
            let direction = match (more, less) {
                (true, true) => Some(Direction::Mixed),
                (true, false) => Some(Direction::Loosens),
                (false, true) => Some(Direction::Tightens),
                (false, false) => None,
            };
            assert_ne!(outcome.status, Status::Undecided, "{outcome:?}");
            if outcome.status != Status::Killed && !has_unknown(&suite, outcome) {
                let expected = direction.is_none();
                assert_eq!(outcome.direction, direction, "{outcome:?}\n{policy:?}");
                assert_eq!(
                    outcome.status == Status::Equivalent,
                    expected,
                    "{outcome:?}"
                );
            }
        }
    }
    let all = [
        counts.killed,
        counts.noticed,
        counts.survived,
        counts.equivalent,
    ];
    assert!(all.iter().all(|count| *count > rounds), "{counts:?}");
}

/// Whether a call of unknown arguments is noticed: it may be undetermined where
/// no known call is decided otherwise.
fn has_unknown(suite: &Suite, outcome: &Outcome) -> bool {
    let by = outcome.by.and_then(|by| suite.calls.get(by));
    outcome.status == Status::Noticed
        && by.is_some_and(|call| {
            let text = format!("{:?}", call.call.request);
            text.contains("Unknown")
        })
}

#[test]
fn a_run_of_what_a_mutant_touches_is_a_whole_run() {
    let mut random = Random(5);
    let mut tried_mutants = 0;
    let mut undecided = 0;
    let rounds = sample::rounds(ROUNDS);
    let inventory = sample::inventory();
    for round in 0..rounds {
        let policy = sample::policy(&mut random, true);
        let suite = sample::suite(&mut random, &policy, round % 2 == 0);
        // Only with an inventory is an amount added up that was not.
        let inventory = (round % 4 < 2).then_some(&inventory);
        let outcomes = tried_with(&policy, &suite, inventory, 1 + round % 3);
        tried_mutants += outcomes.len();
        for outcome in &outcomes {
            agrees(&policy, &suite, outcome);
            let changed = outcome.mutant.apply(&policy);
            let engines = [&policy, &changed].map(Engine::new);
            undecided += usize::from(outcome.status == Status::Undecided);
            if let Some(witness) = &outcome.witness {
                let decided = engines
                    .each_ref()
                    .map(|engine| passes_all(engine, &witness.calls, Time::new(1_767_261_600, 0)));
                assert_ne!(decided[0], decided[1], "{outcome:?}");
            }
            match outcome.status {
                Status::Survived => assert!(outcome.witness.is_some(), "{outcome:?}"),
                Status::Equivalent => {
                    for _ in 0..10 {
                        let other = sample::suite(&mut random, &policy, false);
                        let (_, differs) = replayed(&policy, &changed, &other);
                        assert!(!differs, "{outcome:?}");
                    }
                }
                Status::Undecided => assert!(
                    matches!(outcome.reason, Some(crate::compare::Reason::CoupledAmount)),
                    "{outcome:?}"
                ),
                Status::Killed | Status::Noticed => {}
            }
        }
    }
    assert!(tried_mutants > 10 * rounds, "{tried_mutants}");
    assert!(
        undecided * 50 < tried_mutants,
        "{undecided} of {tried_mutants}"
    );
}

#[test]
fn what_comes_out_does_not_depend_on_the_threads() {
    let mut random = Random(77);
    for _ in 0..20 {
        let policy = sample::policy(&mut random, true);
        let suite = sample::suite(&mut random, &policy, true);
        let one = format!("{:?}", tried(&policy, &suite, 1));
        assert_eq!(one, format!("{:?}", tried(&policy, &suite, 4)));
    }
}

#[test]
fn an_id_survives_reformatting_and_is_given_once() {
    let text = json!({"version": "1", "default": "deny", "tools": {"pay": {
        "require": [{"conditions": [
            {"path": "args.amount", "op": "lte", "value": 100},
            {"path": "args.to", "op": "regex", "value": "^(a|b){2,3}[0-9]+$"},
            {"path": "args.currency", "op": "in", "value": ["EUR", "USD"]}]}],
        "limits": [{"counter": "c", "window": "day", "max": 5, "scope": "grant"}]}}});
    let ids = |text: &str| -> Vec<String> {
        let policy = Policy::from_json(text.as_bytes()).unwrap();
        let all = mutants(&policy, None, &BTreeSet::new()).into_iter();
        all.map(|mutant| mutant.id).collect()
    };
    let compact = ids(&text.to_string());
    let pretty = serde_json::to_string_pretty(&text).unwrap();
    assert_eq!(compact, ids(&pretty));
    let mut once = compact.clone();
    once.sort();
    once.dedup();
    assert_eq!(once.len(), compact.len());
    for operator in [
        "bound-up",
        "pattern-branch",
        "pattern-count",
        "limit-window",
        "member-in",
    ] {
        assert!(
            compact.iter().any(|id| id.starts_with(operator)),
            "{compact:#?}"
        );
    }
}
