//! Random pairs of limits: each limit that decides a call of some sequence has a part,
//! and no other limit has.

use std::collections::BTreeSet;

use super::{compared, limit, policy, sum, tool};
use crate::compare::PartDirection;
use mcppolicy_engine::engine::{Call, Counters, Engine};
use mcppolicy_engine::policy::Policy;
use mcppolicy_engine::time::Time;
use mcppolicy_engine::value::Value;
use serde_json::{Value as Json, json};

/// A deterministic sequence (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

/// The largest `max`: what decides, decides a call of a sequence that is one longer.
const MOST: u64 = 3;

/// The same where there are amounts, and so many more sequences.
const FEWER: u64 = 2;

fn one(random: &mut Random, at: u64, sums: bool) -> Json {
    let window = ["minute", "hour", "day"][random.below(3) as usize];
    let (counter, max) = (
        format!("c{at}"),
        1 + random.below(if sums { FEWER } else { MOST }),
    );
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
        let at = random.below(new.len().max(1) as u64) as usize;
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
                let fresh = 10 + new.len() as u64;
                new.push(one(random, fresh, sums));
            }
        }
    }
    new
}

/// The rule that refuses the last of the calls, if one does.
fn last(engine: &Engine, calls: &[(i64, usize)], amounts: &[Value]) -> Option<String> {
    let mut counters = Counters::default();
    let mut decided = None;
    for (at, amount) in calls {
        let call = Call::new("g", "t", &amounts[*amount], Time::new(*at, 0));
        let outcome = engine.decide(&call, &mut counters);
        let rule = outcome.decision.rule().map(str::to_owned);
        decided = rule.filter(|_| outcome.decision.is_deny());
    }
    decided
}

/// The limits of `refuser` that decide the last call of a sequence that `passer` passes
/// from its first call to its last.
fn deciding(
    passer: &Policy,
    refuser: &Policy,
    (amounts, most): (&[Value], usize),
) -> BTreeSet<String> {
    let engines = [passer, refuser].map(Engine::new);
    let mut found = BTreeSet::new();
    let mut open: Vec<Vec<(i64, usize)>> = vec![Vec::new()];
    while let Some(calls) = open.pop() {
        for gap in [0, 60, 3_600] {
            // A first call needs no gap.
            if calls.is_empty() && gap > 0 {
                continue;
            }
            let at = calls.last().map_or(30, |(at, _)| at + gap);
            for amount in 0..amounts.len() {
                let mut calls = calls.clone();
                calls.push((at, amount));
                let [passed, refused] = [0, 1].map(|side| last(&engines[side], &calls, amounts));
                match (passed, refused) {
                    (None, Some(rule)) => {
                        found.insert(rule);
                    }
                    (None, None) if calls.len() <= most => open.push(calls),
                    _ => {}
                }
            }
        }
    }
    found
}

/// How many pairs of limits change something.
fn hold(pairs: usize, seed: u64, (amounts, most): (&[Value], usize)) -> usize {
    let mut random = Random(seed);
    let (mut changed, sums) = (0, amounts.len() > 1);
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
        let by_trying = [
            deciding(&new, &old, (amounts, most)),
            deciding(&old, &new, (amounts, most)),
        ];
        assert_eq!(named, by_trying, "{text}\n{comparison:#?}");
        changed += usize::from(!by_trying.iter().all(BTreeSet::is_empty));
    }
    changed
}

#[test]
fn each_count_that_decides_has_a_part() {
    let changed = hold(
        20_000,
        0x2545_F491_4F6C_DD1D,
        (&[Value::empty_object()], MOST as usize),
    );
    assert!(changed > 5_000, "{changed}");
}

#[test]
fn each_sum_that_decides_has_a_part() {
    // Also one that no sum bears, and none at all.
    let amounts = [0, 1, 2, 3, 4].map(|amount| Value::from(&json!({"n": amount})));
    let amounts = [&amounts[..], &[Value::empty_object()]].concat();
    let changed = hold(60, 0x9E37_79B9_7F4A_7C15, (&amounts, FEWER as usize));
    assert!(changed > 12, "{changed}");
}
