//! Which changes are made of a policy, and that each is the one that it says.

use std::collections::BTreeSet;

use super::super::edit::Reach;
use super::super::pattern;
use super::*;
use crate::elements;
use mcppolicy_engine::pattern::Pattern;
use serde_json::Value as Json;

/// A policy with something for each operator to change.
fn rich() -> Policy {
    sample::load(
        &json!({"version": "1", "default": "deny", "hide": ["old", "older"],
        "all_tools": {"limits": [
            {"counter": "all", "window": "hour", "max": 100, "scope": "grant", "on_deny": "slow"}]},
        "tools": {
            "pay/now": {
                "require": [{"on_deny": "too much", "conditions": [
                    {"path": "args.amount", "op": "lte", "value": 100},
                    {"path": "args.to", "op": "regex", "value": "^(a|b){2,3}[0-9]+$"},
                    {"path": "args.currency", "op": "in", "value": ["EUR", "USD"]}]}],
                "deny_if": [
                    {"conditions": [
                        {"path": "args.note", "op": "contains", "value": "!"},
                        {"path": "args.urgent", "op": "exists", "value": true}]},
                    {"conditions": [{"path": "args.to", "op": "not_in", "value": ["x"]}]}],
                "limits": [
                    {"counter": "calls", "window": "day", "max": 5, "scope": "grant"},
                    {"counter": "sum", "window": "minute", "max": 1, "scope": "grant",
                        "increment_from": "args.amount", "on_deny": "no more"}]},
            "look": {}}}),
    )
}

fn listed() -> Inventory {
    let schema = json!({"type": "object", "properties": {
        "all.of": {"type": "number"},
        "amount": {"type": "number"},
        "currency": {"type": "string", "enum": ["EUR", "USD", "GBP"]},
        "either": {"type": ["number", "string"]},
        "note": {"type": "string"},
        "to": {"type": "string"},
        "urgent": {"type": "boolean"},
        "deep": {"type": "object", "properties": {
            "from": {"type": "string"}, "until": {"type": "string"}}}}});
    sample::read_inventory(&json!({"tools": [{"name": "pay/now", "inputSchema": schema}]}))
}

fn named() -> BTreeSet<String> {
    ["/tools/pay~1now/require/0", "/tools/pay~1now/limits/1"]
        .map(str::to_owned)
        .into()
}

/// A policy as JSON, in which the pointers of its elements lead to them.
fn document(policy: &Policy) -> Json {
    let tools = policy.tools.iter().map(|rules| {
        let limits: Vec<Json> = rules.limits.iter().map(elements::limit).collect();
        let [require, deny_if] = [&rules.require, &rules.deny_if]
            .map(|list| list.iter().map(elements::rule).collect::<Vec<_>>());
        let tool = json!({"require": require, "deny_if": deny_if, "limits": limits});
        (rules.name.clone(), tool)
    });
    let hide: Vec<&str> = policy.hide.iter().map(|e| e.value.as_str()).collect();
    let limits: Vec<Json> = policy.all_tools.iter().map(elements::limit).collect();
    json!({
        "default": policy.default.value.name(),
        "hide": hide,
        "all_tools": {"limits": limits},
        "tools": tools.collect::<serde_json::Map<_, _>>(),
    })
}

fn list_of<'d>(document: &'d mut Json, pointer: &str) -> (&'d mut Vec<Json>, usize) {
    let (list, at) = pointer.rsplit_once('/').unwrap();
    let list = document.pointer_mut(list).unwrap().as_array_mut().unwrap();
    (list, at.parse().unwrap())
}

/// The document with what the mutant says that it does.
fn as_said(policy: &Policy, mutant: &Mutant) -> Json {
    let mut document = document(policy);
    let whole = document.pointer(&mutant.pointer).cloned();
    let (pointer, to) = (mutant.pointer.as_str(), mutant.to.clone());
    match mutant.operator {
        Operator::ToolHide => document["hide"].as_array_mut().unwrap().push(to),
        // The other entries keep their places.
        Operator::ToolUnhide => *document.pointer_mut(pointer).unwrap() = "".into(),
        Operator::ToolDrop => {
            let name = pointer.trim_start_matches("/tools/").replace("~1", "/");
            assert!(
                document["tools"]
                    .as_object_mut()
                    .unwrap()
                    .remove(&name)
                    .is_some()
            );
        }
        Operator::ToolEmpty => {
            assert_eq!(to, json!({}));
            let nothing = json!({"require": [], "deny_if": [], "limits": []});
            *document.pointer_mut(pointer).unwrap() = nothing;
        }
        Operator::RuleMove => {
            let (list, at) = list_of(&mut document, pointer);
            let rule = list.remove(at);
            let (tool, _) = pointer.rsplit_once('/').unwrap();
            let (tool, list) = tool.rsplit_once('/').unwrap();
            let other = if list == "require" {
                "deny_if"
            } else {
                "require"
            };
            assert_eq!(to, json!({ other: &rule }));
            let other = document.pointer_mut(&format!("{tool}/{other}")).unwrap();
            other.as_array_mut().unwrap().push(rule);
        }
        _ if to.is_null() => {
            let (list, at) = list_of(&mut document, pointer);
            list.remove(at);
        }
        _ => *document.pointer_mut(pointer).unwrap() = to,
    }
    match mutant.operator {
        Operator::ToolHide => assert!(mutant.from.is_null()),
        Operator::ToolDrop | Operator::ToolEmpty => {}
        _ => assert_eq!(Some(&mutant.from), whole.as_ref(), "{mutant:?}"),
    }
    document
}

#[test]
fn each_change_is_what_its_mutant_says_and_reaches_no_further() {
    let mut random = Random(41);
    let inventory = sample::inventory();
    let mut all: Vec<(Policy, Vec<Mutant>)> = (0..30)
        .map(|_| {
            let policy = sample::policy(&mut random, true);
            let mutants = mutants(&policy, Some(&inventory), &BTreeSet::new());
            (policy, mutants)
        })
        .collect();
    let made = mutants(&rich(), Some(&listed()), &named());
    all.push((rich(), made));
    for (policy, mutants) in &all {
        let before = document(policy);
        for mutant in mutants {
            let changed = mutant.apply(policy);
            let after = document(&changed);
            assert_eq!(after, as_said(policy, mutant), "{mutant:?}");
            assert_ne!(after, before, "{mutant:?}");
            let Reach::Tool(name) = mutant.reach(policy) else {
                assert!(
                    mutant.pointer == "/default"
                        || mutant.pointer.starts_with("/all_tools/")
                        || mutant.from == "*",
                    "{mutant:?}"
                );
                continue;
            };
            // Nothing of another tool is changed, and of this one what is left of
            // the policy says the same.
            let others = |document: &Json| {
                let mut document = document.clone();
                document["tools"].as_object_mut().unwrap().remove(&name);
                let hide = document["hide"].as_array_mut().unwrap();
                hide.retain(|entry| entry != name.as_str() && entry != "");
                document
            };
            assert_eq!(others(&after), others(&before), "{mutant:?}");
            let alone = mutant.apply_to_tool(policy, &name);
            assert_eq!(
                document(&alone)["tools"].get(&name),
                after["tools"].get(&name)
            );
            assert_eq!(alone.hidden_by(&name).map(|e| e.0).is_some(), {
                changed.hidden_by(&name).is_some()
            });
            assert_eq!(
                [&alone, policy].map(|policy| policy.default.value.name())[0],
                changed.default.value.name()
            );
        }
    }
}

#[test]
fn each_operator_changes_something_of_a_policy_that_has_everything() {
    let made = mutants(&rich(), Some(&listed()), &named());
    let operators: BTreeSet<Operator> = made.iter().map(|mutant| mutant.operator).collect();
    assert_eq!(operators, Operator::ALL.into());
    let places: Vec<usize> = made.iter().map(|mutant| mutant.span.start).collect();
    assert!(places.is_sorted());
    // Without an inventory no argument or amount is known, and no message is named.
    let fewer = mutants(&rich(), None, &BTreeSet::new());
    let operators: BTreeSet<Operator> = fewer.iter().map(|mutant| mutant.operator).collect();
    let missing: Vec<Operator> = Operator::ALL
        .into_iter()
        .filter(|operator| !operators.contains(operator))
        .collect();
    assert_eq!(
        missing,
        [
            Operator::ConditionPath,
            Operator::LimitAmount,
            Operator::Message
        ]
    );
}

#[test]
fn an_operator_is_named_by_itself_or_with_its_family() {
    for operator in Operator::ALL {
        assert_eq!(Operator::named(operator.name()), [operator]);
    }
    assert_eq!(
        Operator::named("rule"),
        [Operator::RuleDrop, Operator::RuleNever, Operator::RuleMove]
    );
    assert_eq!(Operator::named("rules"), []);
    let families = Family::ALL.map(|family| Operator::named(family.name()));
    assert_eq!(families.concat(), Operator::ALL);
}

#[test]
fn a_tool_that_is_hidden_is_not_hidden_once_more() {
    let hidden = |hide: Json| {
        let policy = sample::load(&json!({"version": "1", "default": "deny", "hide": hide,
            "tools": {"t": {}, "u": {}}}));
        let made = mutants(&policy, None, &BTreeSet::new()).into_iter();
        made.filter(|mutant| mutant.operator == Operator::ToolHide)
            .map(|mutant| mutant.pointer)
            .collect::<Vec<_>>()
    };
    assert_eq!(hidden(json!([])), ["/tools/t", "/tools/u"]);
    assert_eq!(hidden(json!(["t"])), ["/tools/u"]);
    assert_eq!(hidden(json!(["*"])), [""; 0]);
}

/// Configurations name mutants by their ids.
#[test]
fn an_id_is_the_same_in_every_version() {
    let made = mutants(&rich(), None, &BTreeSet::new());
    let ids: Vec<&str> = made.iter().map(|mutant| mutant.id.as_str()).collect();
    for id in [
        "default-flip:/default:71a20717",
        "limit-window:/all_tools/limits/0:004a5161",
        "rule-drop:/tools/pay~1now/deny_if/1:35df16ed",
    ] {
        assert!(ids.contains(&id), "{ids:#?}");
    }
}

/// What is done to the only condition or limit of a tool, in words.
fn whats(element: &Json, inventory: Option<&Inventory>) -> Vec<String> {
    let is_limit = element.get("counter").is_some();
    let rules = if is_limit {
        json!({ "limits": [element, {"counter": "z", "window": "day", "max": 1, "scope": "grant"}] })
    } else {
        json!({"deny_if": [{"conditions": [element,
            {"path": "args.z", "op": "exists", "value": true}]}]})
    };
    let policy = sample::load(&json!({"version": "1", "default": "deny",
        "tools": {"pay/now": rules}}));
    let own = if is_limit {
        "/limits/0"
    } else {
        "/conditions/0"
    };
    let made = mutants(&policy, inventory, &BTreeSet::new()).into_iter();
    let made = made.filter(|mutant| mutant.pointer.ends_with(own));
    made.map(|mutant| mutant.what).collect()
}

#[test]
fn a_condition_is_changed_in_one_small_thing() {
    for (op, value, to) in [
        ("lt", json!(5), vec!["lte 5", "gt 5", "lt 6", "lt 4"]),
        ("lte", json!(5), vec!["lt 5", "gte 5", "lte 6", "lte 4"]),
        (
            "gt",
            json!(0.5),
            vec!["gte 0.5", "lt 0.5", "gt 0.6", "gt 0.4"],
        ),
        ("gte", json!(5), vec!["gt 5", "lte 5", "gte 6", "gte 4"]),
        ("exists", json!(true), vec!["exists false"]),
        ("exists", json!(false), vec!["exists true"]),
        ("eq", json!("a"), vec!["neq \"a\""]),
        ("neq", json!("a"), vec!["eq \"a\""]),
        ("contains", json!("a"), vec![]),
        ("regex", json!("a"), vec!["regex \"(?i)a\""]),
    ] {
        let element = json!({"path": "args.n", "op": op, "value": value});
        let mut expected = vec![format!("`args.n {op} {value}` is left out")];
        let changed = to.iter();
        expected.extend(changed.map(|to| format!("args.n {op} {value} becomes {to}")));
        let mut found = whats(&element, None);
        expected.sort();
        found.sort();
        assert_eq!(found, expected);
    }
}

#[test]
fn a_list_loses_each_member_and_gains_one_like_them() {
    for (list, with) in [
        (json!(["a", "b"]), Some("\"other\"")),
        (json!(["other", "b"]), Some("\"b2\"")),
        (json!(["other", "b2", "b"]), Some("\"b_other\"")),
        (json!([3, 7, 5]), Some("8")),
        (json!([true]), Some("false")),
        (json!([true, false]), None),
        (json!([[1]]), Some("null")),
        (json!([null]), None),
    ] {
        for (op, swapped) in [("in", "not_in"), ("not_in", "in")] {
            let element = json!({"path": "args.n", "op": op, "value": list});
            let members = list.as_array().unwrap();
            let mut expected = vec![
                format!("`args.n {op} {list}` is left out"),
                format!("args.n {op} {list} becomes {swapped} {list}"),
            ];
            // An `in` of nothing is what is never true.
            if members.len() > 1 || op == "not_in" {
                let without = members.iter();
                expected.extend(without.map(|value| format!("args.n {op} without {value}")));
            }
            expected.extend(with.map(|value| format!("args.n {op} with {value}")));
            let mut found = whats(&element, None);
            expected.sort();
            found.sort();
            assert_eq!(found, expected);
        }
    }
}

#[test]
fn what_the_schema_says_is_put_in_the_place_of_another() {
    let inventory = listed();
    let becomes = |path: &str, op: &str, value: Json| {
        let element = json!({"path": path, "op": op, "value": value});
        let whats = whats(&element, Some(&inventory)).into_iter();
        let mut found: Vec<String> = whats
            .filter(|what| what.starts_with(&format!("{path} becomes")) || what.contains(" with "))
            .collect();
        found.sort();
        found
    };
    assert_eq!(
        becomes("args.currency", "in", json!(["USD", "EUR"])),
        [
            "args.currency becomes args.note",
            "args.currency becomes args.to",
            "args.currency in with \"GBP\""
        ]
    );
    // Those of a common type first, and no more than two.
    assert_eq!(
        becomes("args.urgent", "exists", json!(true)),
        [
            "args.urgent becomes args.amount",
            "args.urgent becomes args.currency"
        ]
    );
    assert_eq!(
        becomes("args.deep.from", "exists", json!(true)),
        ["args.deep.from becomes args.deep.until"]
    );
    assert_eq!(becomes("args.none.at", "exists", json!(true)), [""; 0]);
}

#[test]
fn a_limit_is_changed_in_one_small_thing() {
    let inventory = listed();
    let limit = |window: &str, max: u64| json!({"counter": "c", "window": window, "max": max, "scope": "grant"});
    assert_eq!(
        whats(&limit("day", 5), None),
        [
            "the limit `c` is left out",
            "max 5 becomes 6",
            "max 5 becomes 4",
            "day becomes hour",
        ]
    );
    let largest = mcppolicy_engine::policy::Limit::LARGEST_MAX;
    let windows = whats(&limit("hour", largest), None);
    assert_eq!(
        windows,
        [
            "the limit `c` is left out".to_owned(),
            format!("max {largest} becomes {}", largest - 1),
            "hour becomes day".to_owned(),
            "hour becomes minute".to_owned(),
        ]
    );
    let one = whats(&limit("minute", 1), Some(&inventory));
    assert_eq!(
        one,
        [
            "the limit `c` is left out",
            "max 1 becomes 2",
            "minute becomes hour",
            "args.amount is added up, not calls counted",
        ]
    );
    let mut sum = limit("minute", 1);
    sum["increment_from"] = json!("args.amount");
    let sums = whats(&sum, Some(&inventory));
    assert_eq!(sums.last().unwrap(), "calls are counted, not args.amount");
}

#[test]
fn a_pattern_is_changed_in_one_small_thing() {
    for (text, expected) in [
        ("^a$", vec!["a$", "^a"]),
        (r"\ba", vec!["a"]),
        ("a|bc|d", vec!["bc|d", "a|d", "a|bc"]),
        ("x(a|b)", vec!["x(b)", "x(a)"]),
        ("x?", vec!["x", "x{0,2}"]),
        ("x*", vec!["x+"]),
        ("x+", vec!["x*"]),
        ("(?:x+)*", vec!["(?:x+)+", "(?:x*)*"]),
        ("x{2}", vec!["x{3}", "x{1}"]),
        ("x{2,}", vec!["x{3,}", "x{1,}"]),
        ("x{1,3}", vec!["x{2,3}", "x{0,3}", "x{1,4}", "x{1,2}"]),
        ("x{2,3}", vec!["x{3}", "x{1,3}", "x{2,4}", "x{2}"]),
        ("[a-c]", vec![r"[a-c\/]"]),
        ("[/.]", vec![r"[/.\-]"]),
        ("[^ab]", vec!["[^b]"]),
        ("[^a]", vec![]),
        (r"\d", vec![r"[\d\/]"]),
        (r"\D", vec![]),
        (r"[/.\- _:]", vec![r"[/.\- _:a]"]),
    ] {
        let pattern = Pattern::parse(text).unwrap();
        let changed = pattern::changed(&pattern);
        let found: Vec<&str> = changed.iter().map(|(_, to)| to.as_str()).collect();
        let case = format!("(?i){text}");
        let expected = [expected, vec![case.as_str()]].concat();
        assert_eq!(found, expected);
    }
    let pattern = Pattern::parse("(?i)a").unwrap();
    assert!(pattern::changed(&pattern).is_empty());
}

#[test]
fn a_change_that_says_no_more_than_another_is_not_made() {
    let operators = |rules: Json| {
        let policy = sample::load(&json!({"version": "1", "default": "deny",
            "tools": {"t": rules}}));
        let made = mutants(&policy, None, &BTreeSet::new()).into_iter();
        made.map(|mutant| mutant.operator.name())
            .filter(|name| !["default-flip", "tool-drop", "tool-hide"].contains(name))
            .collect::<Vec<_>>()
    };
    let one = json!({"conditions": [{"path": "args.a", "op": "contains", "value": "x"}]});
    let nothing = json!({"conditions": []});
    assert_eq!(operators(json!({})), [""; 0]);
    // Without its only condition, a required rule is none.
    let required = operators(json!({ "require": [one] }));
    assert_eq!(required, ["tool-empty", "rule-never", "rule-move"]);
    // Of a refusal that never holds, nothing is left.
    let refused = operators(json!({ "deny_if": [one] }));
    assert_eq!(refused, ["tool-empty", "rule-move", "condition-drop"]);
    let both = operators(json!({"require": [one], "deny_if": [one]}));
    let of_both = [
        "tool-empty",
        "rule-drop",
        "rule-move",
        "condition-drop",
        "rule-drop",
        "rule-never",
        "rule-move",
    ];
    assert_eq!(both, of_both);
    // With the only value of a list goes all that a rule lets through.
    let listed = json!({"conditions": [
        {"path": "args.a", "op": "in", "value": ["x"]},
        {"path": "args.b", "op": "contains", "value": "x"}]});
    let of_list = operators(json!({ "require": [listed] }));
    assert!(of_list.contains(&"rule-never") && !of_list.contains(&"member-out"));
    let always = operators(json!({ "require": [nothing], "deny_if": [nothing] }));
    assert_eq!(
        always,
        ["tool-empty", "rule-drop", "rule-move", "rule-move"]
    );
}
