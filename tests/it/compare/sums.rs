//! Sums per minute against every sequence of small amounts in one minute: what
//! is determined must be right, and may be undetermined only where conditions
//! tie amounts to counts.

use super::{Random, compare, with_tool};
use mcppolicy_analysis::compare::{Reason, Verdict};
use mcppolicy_engine::policy::Policy;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

const MOST_AMOUNT: u64 = 7;
const MOST_CALLS: usize = 7;

#[derive(Clone, Debug)]
struct Setting {
    sum: Option<u64>,
    count: Option<u64>,
    /// Which amounts the rules let through.
    condition: Option<(&'static str, Json)>,
}

impl Setting {
    fn policy(&self) -> Policy {
        let limit = |counter: &str, max: u64| json!({"counter": counter, "window": "minute", "max": max, "scope": "grant"});
        let mut limits = Vec::new();
        if let Some(max) = self.sum {
            let mut sum = limit("sum", max);
            sum["increment_from"] = json!("args.n");
            limits.push(sum);
        }
        limits.extend(self.count.map(|max| limit("count", max)));
        let conditions: Vec<Json> = self
            .condition
            .iter()
            .map(|(op, value)| json!({"path": "args.n", "op": op, "value": value}))
            .collect();
        with_tool(&json!({"require": [{"conditions": conditions}], "limits": limits}))
    }

    fn lets_through(&self, amount: u64) -> bool {
        match &self.condition {
            None => true,
            Some(("gte", bound)) => amount >= bound.as_u64().unwrap(),
            Some(("lte", bound)) => amount <= bound.as_u64().unwrap(),
            Some((_, list)) => list.as_array().unwrap().contains(&json!(amount)),
        }
    }

    fn lets_through_the_uncountable(&self) -> bool {
        self.condition.as_ref().is_none_or(|(op, _)| *op != "gte")
    }

    fn passes(&self, amounts: &[u64]) -> bool {
        self.sum
            .is_none_or(|max| amounts.iter().sum::<u64>() <= max)
            && self.count.is_none_or(|max| amounts.len() as u64 <= max)
            && amounts.iter().all(|amount| self.lets_through(*amount))
    }

    fn random(random: &mut Random) -> Setting {
        let condition = match random.below(6) {
            0 => Some(("gte", json!(1 + random.below(3)))),
            1 => Some(("lte", json!(1 + random.below(5)))),
            2 => Some(("in", json!([1 + random.below(2), 3 + random.below(3)]))),
            _ => None,
        };
        Setting {
            sum: (!random.chance(5)).then(|| 1 + random.below(6) as u64),
            count: random.chance(2).then(|| 1 + random.below(5) as u64),
            condition,
        }
    }
}

/// Every sequence of amounts, order aside.
fn sequences() -> Vec<Vec<u64>> {
    let mut all: Vec<Vec<u64>> = vec![Vec::new()];
    let mut last = all.clone();
    for _ in 0..MOST_CALLS {
        last = last
            .iter()
            .flat_map(|amounts| {
                let from = amounts.last().copied().unwrap_or(0);
                (from..=MOST_AMOUNT).map(|amount| [amounts.clone(), vec![amount]].concat())
            })
            .collect();
        all.extend(last.clone());
    }
    all
}

#[test]
fn sums_of_random_pairs_get_the_verdict_of_every_sequence_or_are_coupled() {
    let sequences = sequences();
    let mut random = Random::new(6);
    let mut seen: BTreeMap<Verdict, usize> = BTreeMap::new();
    for _ in 0..2_000 {
        let old = Setting::random(&mut random);
        let mut new = Setting::random(&mut random);
        if !random.chance(4) {
            new.condition = old.condition.clone();
        }
        if old.sum.is_none() && new.sum.is_none() {
            continue;
        }
        let comparison = compare(&old.policy(), &new.policy());
        let some = |here: &Setting, there: &Setting| {
            sequences
                .iter()
                .any(|amounts| here.passes(amounts) && !there.passes(amounts))
        };
        let (looser, tighter) = (some(&new, &old), some(&old, &new));
        let is_free = old.condition.is_none() && new.condition.is_none();
        if comparison.undetermined {
            assert!(!is_free, "{old:?} {new:?} {comparison:#?}");
            let reasons = comparison.changes.iter().filter_map(|change| change.reason);
            assert!(
                reasons
                    .into_iter()
                    .all(|reason| reason == Reason::CoupledAmount)
            );
            *seen.entry(Verdict::Undetermined).or_insert(0) += 1;
            continue;
        }
        let expected = match (looser, tighter) {
            (false, false) => Verdict::Equivalent,
            (true, false) => Verdict::Loosened,
            (false, true) => Verdict::Tightened,
            (true, true) => Verdict::Mixed,
        };
        // Where nothing is summed, amounts may be missing, negative or strings.
        let expected = match (old.sum, new.sum) {
            (None, Some(_)) if old.lets_through_the_uncountable() => {
                expected.join(Verdict::Tightened)
            }
            (Some(_), None) if new.lets_through_the_uncountable() => {
                expected.join(Verdict::Loosened)
            }
            _ => expected,
        };
        assert_eq!(
            comparison.verdict, expected,
            "{old:?} {new:?} {comparison:#?}"
        );
        *seen.entry(expected).or_insert(0) += 1;
    }
    println!("{seen:?}");
    let undetermined = seen.get(&Verdict::Undetermined).copied().unwrap_or(0);
    assert!(undetermined * 10 < seen.values().sum::<usize>(), "{seen:?}");
}
