//! Count limits over the calendar's own windows: every claimed difference is
//! replayed, nothing is left undetermined, and what is called excluded is
//! attacked with random greedy sequences.

use super::{Random, compare, policy};
use mcppolicy_analysis::compare::Verdict;
use mcppolicy_engine::engine::{Call, Counters, Engine};
use mcppolicy_engine::policy::Policy;
use mcppolicy_engine::time::Time;
use mcppolicy_engine::value::Value;
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;

fn limits(random: &mut Random, scale: usize) -> Json {
    let mut limits = Vec::new();
    for (window, most) in [("minute", 4), ("hour", 40), ("day", 300)] {
        if random.chance(2) {
            let max = 1 + random.below(most * scale);
            limits.push(json!({"counter": window, "window": window, "max": max, "scope": "grant"}));
        }
    }
    json!(limits)
}

/// Up to three listed tools, and now and then the unlisted ones.
fn random_policy(random: &mut Random, tools: usize, default: &str) -> Json {
    let tools: Map<String, Json> = (0..tools)
        .map(|tool| (format!("t{tool}"), json!({"limits": limits(random, 1)})))
        .collect();
    json!({
        "version": "1", "default": default, "tools": tools,
        "all_tools": {"limits": limits(random, 2)},
    })
}

/// Calls in random minutes of a day, each as often as `passer` lets them; says
/// whether `refuser` refused one of them.
fn attack(random: &mut Random, passer: &Policy, refuser: &Policy, tools: &[&str]) -> bool {
    let (passer, refuser) = (Engine::new(passer), Engine::new(refuser));
    let (mut passing, mut refusing) = (Counters::default(), Counters::default());
    let arguments = Value::empty_object();
    let few_hours = 1 + random.below(24);
    for _ in 0..60 {
        let minute = random.below(few_hours) * 60 + random.below(60);
        for _ in 0..8 {
            let time = Time::new(86_400 + 60 * minute as i64, 0);
            let call = Call::new("g", random.pick::<&str>(tools), &arguments, time);
            if passer.decide(&call, &mut passing).decision.is_allow()
                && refuser.decide(&call, &mut refusing).decision.is_deny()
            {
                return true;
            }
        }
    }
    false
}

#[test]
fn random_limits_are_told_apart_by_replayed_sequences() {
    let mut random = Random::new(5);
    let mut seen: BTreeMap<Verdict, usize> = BTreeMap::new();
    for _ in 0..1_500 {
        let tools = 1 + random.below(3);
        let default = if random.chance(4) { "allow" } else { "deny" };
        let before = random_policy(&mut random, tools, default);
        let mut after = random_policy(&mut random, tools, default);
        if random.chance(2) {
            after["tools"] = before["tools"].clone();
        }
        let (old, new) = (policy(&before), policy(&after));
        let comparison = compare(&old, &new);
        assert!(!comparison.undetermined, "{before} {after} {comparison:#?}");
        let names = ["t0", "t1", "t2", "another"];
        for _ in 0..3 {
            if attack(&mut random, &new, &old, &names) {
                assert!(
                    matches!(comparison.verdict, Verdict::Loosened | Verdict::Mixed),
                    "{before} {after}"
                );
            }
            if attack(&mut random, &old, &new, &names) {
                assert!(
                    matches!(comparison.verdict, Verdict::Tightened | Verdict::Mixed),
                    "{before} {after}"
                );
            }
        }
        *seen.entry(comparison.verdict).or_insert(0) += 1;
    }
    println!("{seen:?}");
    assert!(
        seen.len() == 4 && seen.values().all(|count| *count > 50),
        "{seen:?}"
    );
}
