//! Elements of a policy as JSON, and as a text that is equal for elements that
//! plainly say the same.

use mcppolicy_engine::policy::{Condition, Limit, Rule, Test, ToolRules};
use serde_json::{Map, Value, json};

pub(super) fn condition(condition: &Condition) -> Value {
    json!({
        "path": condition.path.value.to_string(),
        "op": condition.test.operator(),
        "value": condition.test.operand().to_json(),
    })
}

pub(super) fn rule(rule: &Rule) -> Value {
    let mut members = Map::new();
    let conditions = rule.conditions.iter().map(condition).collect();
    members.insert("conditions".to_owned(), Value::Array(conditions));
    if let Some(text) = &rule.on_deny {
        members.insert("on_deny".to_owned(), text.value.as_str().into());
    }
    Value::Object(members)
}

pub(super) fn limit(limit: &Limit) -> Value {
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

pub(super) fn tool(rules: &ToolRules) -> Value {
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
pub(super) fn is_never(test: &Test) -> bool {
    matches!(test, Test::In(operands) if operands.is_empty())
}

/// A tool's rules as a text that two mutants have in common when they plainly
/// decide alike, their words included: a `require` without conditions and a
/// `deny_if` that never holds say nothing, and whatever else is in a rule that
/// never holds does not count.
pub(super) fn canonical(rules: &ToolRules) -> String {
    let never = |rule: &Rule| rule.conditions.iter().any(|c| is_never(&c.test));
    let required = rules.require.iter();
    let required = required.filter(|rule| !rule.conditions.is_empty());
    let require: Vec<Value> = required
        .map(|required| match never(required) {
            true => json!({"never": required.pointer}),
            false => json!([required.pointer, rule(required)]),
        })
        .collect();
    let refused = rules.deny_if.iter().filter(|rule| !never(rule));
    let deny_if: Vec<Value> = refused
        .map(|refused| json!([refused.pointer, rule(refused)]))
        .collect();
    let limits: Vec<Value> = rules
        .limits
        .iter()
        .map(|own| json!([own.pointer, limit(own)]))
        .collect();
    json!([require, deny_if, limits]).to_string()
}
