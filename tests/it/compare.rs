//! Comparisons of whole policies: the worked cases, and brute force.

mod access;
mod cost;
mod counts;
mod finite;
mod sums;
mod unbounded;
mod worked;

use mcppolicy_analysis::compare::{self, Change, Comparison, Compiled, Witness};
use mcppolicy_analysis::region::Budget;
use mcppolicy_engine::engine::{Call, Counters};
use mcppolicy_engine::policy::Policy;
use mcppolicy_engine::time::Time;
use serde_json::{Value as Json, json};

fn policy(json: &Json) -> Policy {
    Policy::from_json(json.to_string().as_bytes()).unwrap_or_else(|error| panic!("{error}: {json}"))
}

/// A policy with one tool `t` under `default: "deny"`.
fn with_tool(rules: &Json) -> Policy {
    policy(&json!({"version": "1", "default": "deny", "tools": {"t": rules}}))
}

fn compare(old: &Policy, new: &Policy) -> Comparison {
    let comparison = compare::policies(old, new, &Budget::default());
    for change in &comparison.changes {
        confirm(old, new, change);
    }
    comparison
}

/// Decides every witness of a change anew, under both policies.
fn confirm(old: &Policy, new: &Policy, change: &Change) {
    for witness in &change.loosened {
        separates(witness, new, old);
        assert!(witness.new.is_allow() && !witness.old.is_allow());
    }
    for witness in &change.tightened {
        separates(witness, old, new);
        assert!(witness.old.is_allow() && !witness.new.is_allow());
    }
}

fn separates(witness: &Witness, passer: &Policy, refuser: &Policy) {
    assert_eq!(refused(witness, passer), None, "{witness:?}");
    let calls: u64 = witness.calls.iter().map(|call| call.repeat).sum();
    assert_eq!(refused(witness, refuser), Some(calls - 1), "{witness:?}");
}

/// Which call of a witness is the first that a policy refuses.
fn refused(witness: &Witness, policy: &Policy) -> Option<u64> {
    let compiled = Compiled::new(policy);
    let mut counters = Counters::default();
    let mut at = 0;
    let mut last = None;
    for run in &witness.calls {
        let start = run.at.unwrap_or(Time::new(0, 0));
        for nth in 0..run.repeat {
            let time = start.plus(run.every.times(nth));
            assert!(
                last.is_none_or(|last| last <= time),
                "out of order: {witness:?}"
            );
            last = Some(time);
            let call = Call::new("g", &run.tool, &run.arguments, time);
            if compiled
                .engine
                .decide(&call, &mut counters)
                .decision
                .is_deny()
            {
                return Some(at);
            }
            at += 1;
        }
    }
    None
}

/// A small deterministic generator (SplitMix64): tests must not depend on the
/// version of a library's.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    pub fn chance(&mut self, one_in: usize) -> bool {
        self.below(one_in) == 0
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}
