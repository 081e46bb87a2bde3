//! Elements of a policy as JSON, and as a text that is equal for elements that
//! plainly say the same.

use std::collections::HashSet;

use mcppolicy_engine::policy::{Condition, Limit, Policy, Rule, Test, ToolRules};
use serde_json::{Map, Value, json};

pub(crate) fn condition(condition: &Condition) -> Value {
    json!({
        "path": condition.path.value.to_string(),
        "op": condition.test.operator(),
        "value": condition.test.operand().to_json(),
    })
}

pub(crate) fn rule(rule: &Rule) -> Value {
    let mut members = Map::new();
    let conditions = rule.conditions.iter().map(condition).collect();
    members.insert("conditions".to_owned(), Value::Array(conditions));
    if let Some(text) = &rule.on_deny {
        members.insert("on_deny".to_owned(), text.value.as_str().into());
    }
    Value::Object(members)
}

pub(crate) fn limit(limit: &Limit) -> Value {
    let mut members = Map::new();
    let mut add = |name: &str, value: Value| members.insert(name.to_owned(), value);
    add("counter", limit.counter.value.as_str().into());
    add("window", limit.window.value.name().into());
    add("max", limit.max.value.into());
    add("scope", "grant".into());
    if let Some(path) = &limit.increment_from {
        add("increment_from", path.value.to_string().into());
    }
    if let Some(text) = &limit.on_deny {
        add("on_deny", text.value.as_str().into());
    }
    Value::Object(members)
}

pub(crate) fn tool(rules: &ToolRules) -> Value {
    let mut members = Map::new();
    let mut add = |name: &str, list: Vec<Value>| {
        if !list.is_empty() {
            members.insert(name.to_owned(), Value::Array(list));
        }
    };
    add("require", rules.require.iter().map(rule).collect());
    add("deny_if", rules.deny_if.iter().map(rule).collect());
    add("limits", rules.limits.iter().map(limit).collect());
    Value::Object(members)
}

/// Whether a test is true of no value.
pub(crate) fn is_never(test: &Test) -> bool {
    matches!(test, Test::In(operands) if operands.is_empty())
}

/// About how much work it is to look at a tool's rules: so many conditions, rules
/// and limits.
pub(crate) fn size(rules: &ToolRules) -> u64 {
    let each = rules.require.iter().chain(&rules.deny_if);
    let size: usize = each.map(|rule| 1 + rule.conditions.len()).sum();
    (1 + size + rules.limits.len()) as u64
}

/// The elements of `new` that `old` does not have, as JSON Pointers: a rule, a
/// condition or a limit that stands nowhere in the same list of the same tool, and
/// whatever holds one. Where an element stood does not matter.
pub fn changed(old: &Policy, new: &Policy) -> HashSet<String> {
    let mut changed = HashSet::new();
    if old.default.value != new.default.value {
        changed.insert("/default".to_owned());
    }
    for (at, entry) in new.hide.iter().enumerate() {
        if !old.hide.iter().any(|other| other.value == entry.value) {
            changed.insert(format!("/hide/{at}"));
        }
    }
    changed.extend(limits(&old.all_tools, &new.all_tools));
    for rules in &new.tools {
        let Some(before) = old.tool(&rules.name) else {
            changed.extend(all_of(rules));
            continue;
        };
        let mut own = limits(&before.limits, &rules.limits);
        for (old, new) in [
            (&before.require, &rules.require),
            (&before.deny_if, &rules.deny_if),
        ] {
            own.extend(rules_between(old, new));
        }
        let is_shorter = before.require.len() > rules.require.len()
            || before.deny_if.len() > rules.deny_if.len()
            || before.limits.len() > rules.limits.len();
        if !own.is_empty() || is_shorter {
            own.push(rules.pointer.clone());
        }
        changed.extend(own);
    }
    changed
}

/// All elements of a policy, as JSON Pointers.
pub fn all(policy: &Policy) -> HashSet<String> {
    let mut all: HashSet<String> = policy.tools.iter().flat_map(all_of).collect();
    all.insert("/default".to_owned());
    all.extend((0..policy.hide.len()).map(|at| format!("/hide/{at}")));
    all.extend(policy.all_tools.iter().map(|limit| limit.pointer.clone()));
    all
}

fn limits(old: &[Limit], new: &[Limit]) -> Vec<String> {
    let old: HashSet<String> = old.iter().map(|own| limit(own).to_string()).collect();
    let is_new = |own: &&Limit| !old.contains(&limit(own).to_string());
    new.iter()
        .filter(is_new)
        .map(|own| own.pointer.clone())
        .collect()
}

fn rules_between(old: &[Rule], new: &[Rule]) -> Vec<String> {
    let known: HashSet<String> = old.iter().map(|own| rule(own).to_string()).collect();
    let conditions = old.iter().flat_map(|rule| &rule.conditions);
    let conditions: HashSet<String> = conditions.map(|own| condition(own).to_string()).collect();
    let mut changed = Vec::new();
    for own in new
        .iter()
        .filter(|own| !known.contains(&rule(own).to_string()))
    {
        changed.push(own.pointer.clone());
        let is_new = |own: &&Condition| !conditions.contains(&condition(own).to_string());
        let new = own.conditions.iter().filter(is_new);
        changed.extend(new.map(|own| own.pointer.clone()));
    }
    changed
}

fn all_of(rules: &ToolRules) -> Vec<String> {
    let mut all = vec![rules.pointer.clone()];
    for rule in rules.require.iter().chain(&rules.deny_if) {
        all.push(rule.pointer.clone());
        all.extend(rule.conditions.iter().map(|own| own.pointer.clone()));
    }
    all.extend(rules.limits.iter().map(|own| own.pointer.clone()));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_moved_has_not_changed() {
        let policy = |tools: Value| {
            let text = json!({"version": "1", "default": "deny", "tools": tools}).to_string();
            Policy::from_json(text.as_bytes()).unwrap()
        };
        let rule = |bound: u64| {
            json!({"conditions": [{"path": "args.a", "op": "lte", "value": bound},
                {"path": "args.b", "op": "exists", "value": true}]})
        };
        let old = policy(json!({"t": {"require": [rule(1), rule(2)]}, "u": {}}));
        let moved = policy(json!({"u": {}, "t": {"require": [rule(2), rule(1)]}}));
        assert!(changed(&old, &moved).is_empty());
        let new = policy(json!({"t": {"require": [rule(2), rule(3)]}, "v": {}}));
        let mut found: Vec<String> = changed(&old, &new).into_iter().collect();
        found.sort();
        let expected = [
            "/tools/t",
            "/tools/t/require/1",
            "/tools/t/require/1/conditions/0",
        ];
        assert_eq!(found[..3], expected);
        assert_eq!(found[3..], ["/tools/v"]);
    }
}
