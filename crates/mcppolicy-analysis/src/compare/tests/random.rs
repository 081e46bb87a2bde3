//! Random pairs: the parts are exactly what changes.

use std::collections::BTreeSet;

use super::{condition, policy, tool};
use crate::compare::applied;
use crate::compare::compiled::{Allowance, Compiled, Pair};
use crate::compare::{Aspect, Change, Known, PartDirection, Verdict};
use crate::region::Budget;
use mcppolicy_engine::engine::{Call, Counters, Engine};
use mcppolicy_engine::time::Time;
use mcppolicy_engine::value::Value;
use serde_json::{Value as Json, json};

/// A deterministic sequence (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end as u64) as usize
    }
}

/// The conditions that occur; the domain has a call of every kind that they can
/// tell apart.
fn conditions() -> Vec<Json> {
    let mut all = Vec::new();
    for path in ["a", "b"] {
        for bound in [1, 2] {
            all.extend(["lte", "gt"].map(|op| condition(path, op, bound)));
        }
        for value in [json!(1), json!("x"), json!(true)] {
            all.extend(["eq", "neq"].map(|op| condition(path, op, value.clone())));
        }
        for list in [json!([1, "x"]), json!(["x", "y"])] {
            all.extend(["in", "not_in"].map(|op| condition(path, op, list.clone())));
        }
        all.extend([true, false].map(|is| condition(path, "exists", is)));
        all.extend(["^x", "y$"].map(|pattern| condition(path, "regex", pattern)));
    }
    all
}

/// Arguments of every kind.
fn domain() -> Vec<Value> {
    let values = [
        None,
        Some(json!(null)),
        Some(json!(true)),
        Some(json!(0)),
        Some(json!(1)),
        Some(json!(1.5)),
        Some(json!(2)),
        Some(json!(3)),
        Some(json!("")),
        Some(json!("x")),
        Some(json!("y")),
        Some(json!("xy")),
        Some(json!("xz")),
        Some(json!("ay")),
        Some(json!("1")),
        Some(json!("true")),
        Some(json!([])),
    ];
    let mut all = Vec::new();
    for a in &values {
        for b in &values {
            let members = [("a", a), ("b", b)];
            let members = members
                .into_iter()
                .filter_map(|(name, value)| Some((name.to_owned(), value.clone()?)));
            all.push(Value::from(&Json::Object(members.collect())));
        }
    }
    all
}

fn rules(random: &mut Random, conditions: &[Json]) -> Vec<Json> {
    (0..random.below(4))
        .map(|_| rule(random, conditions))
        .collect()
}

fn rule(random: &mut Random, conditions: &[Json]) -> Json {
    let each = 0..1 + random.below(2);
    let each: Vec<&Json> = each
        .map(|_| &conditions[random.below(conditions.len())])
        .collect();
    json!({ "conditions": each })
}

/// The old rules with a few edits.
fn edited(random: &mut Random, old: &Json, conditions: &[Json]) -> Json {
    let mut new = old.clone();
    for _ in 0..1 + random.below(3) {
        let step = ["require", "deny_if"][random.below(2)];
        let list = new[step].as_array_mut().unwrap();
        let at = random.below(list.len().max(1));
        match random.below(5) {
            0 => list.push(rule(random, conditions)),
            1 if !list.is_empty() => {
                list.remove(at);
            }
            2 if !list.is_empty() => list.rotate_left(1),
            3 if !list.is_empty() => {
                let of_rule = list[at]["conditions"].as_array_mut().unwrap();
                of_rule.push(conditions[random.below(conditions.len())].clone());
            }
            _ if !list.is_empty() => {
                let of_rule = list[at]["conditions"].as_array_mut().unwrap();
                let one = random.below(of_rule.len());
                of_rule[one] = conditions[random.below(conditions.len())].clone();
            }
            _ => {}
        }
    }
    new
}

/// The rule that refuses a first call; none for one that passes.
fn decided<'e>(engine: &'e Engine, arguments: &Value) -> Option<&'e str> {
    let call = Call::new("g", "t", arguments, Time::new(0, 0));
    let decision = engine.peek(&call, &Counters::default());
    (!decision.is_allow()).then(|| decision.rule().unwrap())
}

/// The rule of an element: of a condition, the one that it stands in.
fn rule_of(pointer: &str) -> String {
    pointer.split('/').take(5).collect::<Vec<_>>().join("/")
}

#[test]
fn the_parts_are_what_changes() {
    let (conditions, domain) = (conditions(), domain());
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let mut alone = 0;
    for round in 0..20_000 {
        let old_rules = json!({
            "require": rules(&mut random, &conditions),
            "deny_if": rules(&mut random, &conditions),
        });
        let new_rules = edited(&mut random, &old_rules, &conditions);
        let [old, new] = [&old_rules, &new_rules].map(|rules| policy(&tool(rules.clone())));
        let [old, new] = [&old, &new].map(Compiled::new);
        let allowance = Allowance::new(&Budget::default());
        let mut pair = Pair::new(&old, &new, &Budget::default(), &allowance);
        pair = pair.detailed(Known::default());
        if round % 2 == 0 {
            // As rules of many arguments are: each group of arguments for itself.
            pair.whole = 0;
        }
        let comparison = crate::compare::compared(&pair);
        assert!(!comparison.undetermined, "{old_rules} {new_rules}");
        let context = || format!("{old_rules}\n{new_rules}\n{comparison:#?}");

        // Every call of the domain that changes is one of a part.
        let mut deciding: [BTreeSet<String>; 2] = Default::default();
        for arguments in &domain {
            let [before, after] = [&old, &new].map(|side| decided(&side.engine, arguments));
            match (before, after) {
                (Some(rule), None) => deciding[0].insert(rule.to_owned()),
                (None, Some(rule)) => deciding[1].insert(rule.to_owned()),
                _ => false,
            };
        }
        let mut named: [BTreeSet<String>; 2] = Default::default();
        for part in comparison.changes.iter().flat_map(|change| &change.parts) {
            let by = rule_of(part.by.rule.as_deref().unwrap());
            let witness = part.witness.as_ref().unwrap();
            let arguments = &witness.calls[0].arguments;
            let [before, after] = [&old, &new].map(|side| decided(&side.engine, arguments));
            let is_loosened = part.direction == PartDirection::Loosened;
            let (refused, passed) = if is_loosened {
                (before, after)
            } else {
                (after, before)
            };
            assert_eq!(passed, None, "{}", context());
            assert_eq!(refused, Some(by.as_str()), "{}", context());
            named[usize::from(!is_loosened)].insert(by);
            assert!(!part.edits.is_empty(), "{}", context());
        }
        assert_eq!(deciding, named, "{}", context());

        // An edit that is named as the cause alone causes it.
        for change in &comparison.changes {
            for part in change.parts.iter().filter(|part| part.alone) {
                let [edit] = part.edits.as_slice() else {
                    panic!("{}", context())
                };
                let arguments = &part.witness.as_ref().unwrap().calls[0].arguments;
                let passes = applied::passes(&pair, &change.edits[*edit], "t", arguments);
                assert_eq!(passes, part.direction == PartDirection::Loosened);
                alone += 1;
            }
            assert_eq!(change.verdict, verdict(change), "{}", context());
        }
    }
    assert!(alone > 5_000, "{alone}");
}

/// The verdict that the parts come to.
fn verdict(change: &Change) -> Verdict {
    assert_ne!(change.aspect, Aspect::Limits);
    let has = |direction| change.parts.iter().any(|part| part.direction == direction);
    match (has(PartDirection::Loosened), has(PartDirection::Tightened)) {
        (true, true) => Verdict::Mixed,
        (true, false) => Verdict::Loosened,
        (false, true) => Verdict::Tightened,
        (false, false) => Verdict::Equivalent,
    }
}
