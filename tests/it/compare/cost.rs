//! What large policies may cost: they are decided within the usual budget.

use mcppolicy_analysis::compare::{self, Change, Scope, Verdict};
use mcppolicy_analysis::region::Budget;
use mcppolicy_engine::policy::Policy;
use serde_json::{Map, Value, json};

fn policy(tools: &Value) -> Policy {
    let policy = json!({"version": "1", "default": "deny", "tools": tools});
    Policy::from_json(policy.to_string().as_bytes()).unwrap()
}

fn condition(path: &str, operator: &str, value: impl Into<Value>) -> Value {
    json!({"conditions": [{"path": format!("args.{path}"), "op": operator, "value": value.into()}]})
}

fn verdicts(old: &Value, new: &Value, budget: &Budget) -> Vec<Verdict> {
    let comparison = compare::policies(&policy(old), &policy(new), budget);
    comparison
        .changes
        .iter()
        .map(|change| change.verdict)
        .collect()
}

#[test]
fn lists_of_fifty_thousand_members_are_compared_exactly() {
    let list = |operator: &str, members: usize| {
        let members: Vec<String> = (0..members).map(|at| format!("member-{at}")).collect();
        json!({"t": {"require": [condition("x", operator, members)]}})
    };
    let budget = Budget::default();
    for (operator, more) in [("in", Verdict::Loosened), ("not_in", Verdict::Tightened)] {
        let found = verdicts(&list(operator, 50_000), &list(operator, 50_001), &budget);
        assert_eq!(found, [more], "{operator}");
    }
}

#[test]
fn rules_in_common_cost_no_box_each() {
    let rules = |from: usize| {
        let rule = |at: usize| {
            json!({"conditions": [
                {"path": format!("args.a{at}"), "op": "gt", "value": 1},
                {"path": format!("args.b{at}"), "op": "gt", "value": 1},
            ]})
        };
        let rules: Vec<Value> = (from..600).map(rule).collect();
        json!({"t": {"deny_if": rules}})
    };
    let budget = Budget {
        boxes: 50,
        ..Budget::default()
    };
    assert_eq!(verdicts(&rules(0), &rules(1), &budget), [Verdict::Loosened]);
    assert_eq!(
        verdicts(&rules(1), &rules(0), &budget),
        [Verdict::Tightened]
    );
}

#[test]
fn a_plain_change_is_decided_though_intricate_ones_have_spent_the_allowance() {
    let tools = |last: u64| {
        let intricate = |at: usize| {
            let pattern = format!("^(a|b)*a(a|b){{12}}{}$", if last > 1 { "" } else { "c?" });
            (
                format!("a{at}"),
                json!({"require": [condition("x", "regex", pattern)]}),
            )
        };
        let mut tools: Map<String, Value> = (0..40).map(intricate).collect();
        tools.insert(
            "z".to_owned(),
            json!({"require": [condition("x", "lte", last)]}),
        );
        Value::Object(tools)
    };
    let budget = Budget {
        steps: 100,
        boxes: 200,
        conditions: 20_000,
        ..Budget::default()
    };
    let [old, new] = [1, 2].map(|last| policy(&tools(last)));
    let found = compare::policies(&old, &new, &budget).changes;
    assert_eq!(found.len(), 41);
    let is_open = |change: &Change| change.verdict == Verdict::Undetermined;
    assert!(found.iter().any(is_open), "{found:?}");
    let of_z = |change: &&Change| change.scope == Scope::Tool("z".to_owned());
    let plain = found.iter().find(of_z).unwrap();
    assert_eq!(plain.verdict, Verdict::Loosened);
}

#[test]
fn the_largest_limits_are_compared_by_arithmetic() {
    let tool = |max: u64| {
        json!({"t": {"limits": [
            {"counter": "c", "window": "day", "max": max, "scope": "grant"},
        ]}})
    };
    let largest = (1_u64 << 53) - 1;
    let budget = Budget::default();
    assert_eq!(
        verdicts(&tool(largest - 1), &tool(largest), &budget),
        [Verdict::Loosened]
    );
    assert_eq!(
        verdicts(&tool(largest), &tool(largest / 3), &budget),
        [Verdict::Tightened]
    );
}
