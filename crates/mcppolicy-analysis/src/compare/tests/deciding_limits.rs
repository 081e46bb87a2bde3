//! Random pairs of limits: each limit that decides a call of some sequence has a part,
//! and no other limit has.

use std::collections::BTreeSet;

use super::{Random, compared, limit, policy, sum, tool};
use crate::compare::PartDirection;
use mcppolicy_engine::engine::{Call, Counters, Engine};
use mcppolicy_engine::policy::Policy;
use mcppolicy_engine::time::Time;
use mcppolicy_engine::value::Value;
use serde_json::{Value as Json, json};

/// The largest `max`: what decides, decides a call of a sequence that is one longer.
const MOST: usize = 3;

/// The same where there are amounts, and so many more sequences.
const FEWER: usize = 2;

fn one(random: &mut Random, at: usize, sums: bool) -> Json {
    let window = ["minute", "hour", "day"][random.below(3)];
    let max = 1 + random.below(if sums { FEWER } else { MOST }) as u64;
    let counter = format!("c{at}");
    if sums && random.below(2) == 0 {
        sum(&counter, window, max, "n")
    } else {
        limit(&counter, window, max)
    }
}

fn limits(random: &mut Random, sums: bool) -> Vec<Json> {
    (0..random.below(4))
        .map(|at| one(random, at, sums))
        .collect()
}

fn edited(random: &mut Random, old: &[Json], sums: bool) -> Vec<Json> {
    let mut new = old.to_vec();
    for _ in 0..=random.below(2) {
        let at = random.below(new.len().max(1));
        match random.below(3) {
            0 if !new.is_empty() => {
                new.remove(at);
            }
            1 if !new.is_empty() => {
                let counter = new[at]["counter"].clone();
                new[at] = one(random, 0, sums);
                new[at]["counter"] = counter;
            }
            _ => {
                let fresh = 10 + new.len();
                new.push(one(random, fresh, sums));
            }
        }
    }
    new
}

/// The rule that refuses the last of the calls, each with its second and arguments.
fn last(engine: &Engine, calls: &[(i64, &Value)]) -> Option<String> {
    let mut counters = Counters::default();
    let mut rule = None;
    for (at, arguments) in calls {
        let call = Call::new("g", "t", arguments, Time::new(*at, 0));
        let decision = engine.decide(&call, &mut counters).decision;
        rule = decision
            .is_deny()
            .then(|| decision.rule().unwrap().to_owned());
    }
    rule
}

/// The limits of `refuser` that decide the last of up to `most` calls and one more that
/// `passer` passes, all of them.
fn deciding(
    passer: &Policy,
    refuser: &Policy,
    arguments: &[Value],
    most: usize,
) -> BTreeSet<String> {
    let engines = [passer, refuser].map(Engine::new);
    let mut found = BTreeSet::new();
    let first = arguments.iter().map(|arguments| vec![(30, arguments)]);
    let mut open: Vec<Vec<(i64, &Value)>> = first.collect();
    while let Some(calls) = open.pop() {
        match engines.each_ref().map(|engine| last(engine, &calls)) {
            [None, Some(rule)] => {
                found.insert(rule);
            }
            [None, None] if calls.len() <= most => {
                let (before, _) = calls.last().unwrap();
                for at in [0, 60, 3_600].map(|gap| before + gap) {
                    open.extend(
                        arguments
                            .iter()
                            .map(|of| [&calls[..], &[(at, of)]].concat()),
                    );
                }
            }
            _ => {}
        }
    }
    found
}

/// Looks at so many pairs; says how many change something.
fn hold(pairs: usize, seed: u64, arguments: &[Value]) -> usize {
    let (mut random, mut changed) = (Random(seed), 0);
    let sums = arguments.len() > 1;
    let most = if sums { FEWER } else { MOST };
    for _ in 0..pairs {
        let before = limits(&mut random, sums);
        let after = edited(&mut random, &before, sums);
        let [old, new] = [before, after].map(|limits| tool(json!({"limits": limits})));
        let (text, [old, new]) = (format!("{old}\n{new}"), [&old, &new].map(policy));
        let comparison = compared(&old, &new, None);
        if comparison.undetermined {
            assert!(sums, "{text}");
            continue;
        }
        let mut named: [BTreeSet<String>; 2] = Default::default();
        for change in &comparison.changes {
            assert!(change.parts_complete, "{text}");
            for part in &change.parts {
                let side = usize::from(part.direction == PartDirection::Tightened);
                named[side].insert(part.by.rule.clone().unwrap());
            }
        }
        let by_trying = [(&new, &old), (&old, &new)]
            .map(|(passer, refuser)| deciding(passer, refuser, arguments, most));
        assert_eq!(named, by_trying, "{text}");
        changed += usize::from(!by_trying.iter().all(BTreeSet::is_empty));
    }
    changed
}

#[test]
fn each_count_that_decides_has_a_part() {
    let changed = hold(20_000, 0x2545_F491_4F6C_DD1D, &[Value::empty_object()]);
    assert!(changed > 5_000, "{changed}");
}

#[test]
fn each_sum_that_decides_has_a_part() {
    // Also one that no sum bears, and none at all.
    let amounts = [0, 1, 2, 3].map(|amount| Value::from(&json!({"n": amount})));
    let amounts = [&amounts[..], &[Value::empty_object()]].concat();
    let changed = hold(100, 0x9E37_79B9_7F4A_7C15, &amounts);
    assert!(changed > 25, "{changed}");
}
