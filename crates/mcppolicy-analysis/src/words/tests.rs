//! The words read as they should, and say all that the policy does.

mod parse;

use super::*;
use crate::compare::{Verdict, policies};
use crate::inventory::category::{Categories, Category};
use crate::region::Budget;
use mcppolicy_engine::engine::{Call, Counters, Engine};
use mcppolicy_engine::policy::Policy;
use mcppolicy_engine::time::Time;
use mcppolicy_engine::value::Value;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

fn load(policy: &Json) -> Policy {
    Policy::from_json(policy.to_string().as_bytes()).unwrap()
}

fn of_tool(rules: &Json) -> String {
    let policy = load(&json!({"version": "1", "default": "deny", "tools": {"x": rules}}));
    tool(&policy, "x").sentence()
}

fn of_condition(operator: &str, operand: &Json) -> String {
    phrase(Phrase {
        path: "args.a",
        operator,
        operand: &Value::from(operand),
    })
}

#[test]
fn a_tool_reads_as_one_sentence() {
    let rules = json!({
        "require": [
            {"conditions": [
                {"path": "args.amount", "op": "lte", "value": 100},
                {"path": "args.amount", "op": "gt", "value": 0},
                {"path": "args.currency", "op": "in", "value": ["EUR", "USD"]}]},
            {"conditions": [{"path": "args.note.text", "op": "regex", "value": "^[a-z`]+$"}]}],
        "deny_if": [
            {"conditions": [{"path": "args.vip", "op": "eq", "value": true}]},
            {"conditions": [{"path": "args.to", "op": "exists", "value": false}]}],
        "limits": [
            {"counter": "a", "window": "minute", "max": 60, "scope": "grant"},
            {"counter": "b", "window": "day", "max": 500_000, "scope": "grant",
             "increment_from": "args.amount"}]});
    assert_eq!(
        of_tool(&rules),
        "`x` passes when `amount` is a number above 0 and up to 100 and `currency` is \"EUR\" or \
         \"USD\", and `note.text` is text in which \"^[a-z`]+$\" matches, unless `vip` is true \
         (also as text), or unless `to` is missing or null; at most 60 calls a minute and a sum of \
         `amount` (a number of at least 0, rounded up) up to 500 000 a day for each grant"
    );
    assert_eq!(
        of_tool(&json!({})),
        "`x` passes with any arguments; any number of calls"
    );
    assert_eq!(
        of_tool(&json!({"deny_if": [{"conditions": []}]})),
        "`x` never passes: a `deny_if` without conditions refuses every call"
    );
}

#[test]
fn every_operator_says_what_of_other_types_and_of_nothing() {
    for (operator, operand, words) in [
        ("exists", json!(true), "is present and not null"),
        ("exists", json!(false), "is missing or null"),
        ("eq", json!("EUR"), "is \"EUR\""),
        ("eq", json!(5), "is 5 (also as text)"),
        ("eq", json!("5"), "is \"5\" (also as a number)"),
        ("eq", json!("5.0"), "is \"5.0\""),
        ("eq", json!(null), "is null"),
        ("eq", json!({"k": [1]}), "is {\"k\":[1]}"),
        ("neq", json!(true), "is present and not true (nor as text)"),
        ("in", json!([]), "is one of no values"),
        (
            "in",
            json!(["a", "true", 1]),
            "is \"a\", \"true\" or 1 (also as text, also as a boolean)",
        ),
        ("not_in", json!([]), "is present"),
        ("not_in", json!(["a"]), "is present and not \"a\""),
        (
            "not_in",
            json!(["a", "b"]),
            "is present and none of \"a\" or \"b\"",
        ),
        ("lt", json!(5), "is a number below 5"),
        ("lte", json!(5), "is a number up to 5"),
        ("gt", json!(0.5), "is a number above 0.5"),
        ("gte", json!(-5), "is a number of at least -5"),
        (
            "regex",
            json!("^/srv/"),
            "is text in which `^/srv/` matches",
        ),
        (
            "contains",
            json!("a"),
            "is text that contains \"a\" or a list with an element \"a\"",
        ),
        (
            "contains",
            json!(5),
            "is a list with an element 5 (also as text)",
        ),
    ] {
        assert_eq!(of_condition(operator, &operand), format!("`a` {words}"));
    }
}

#[test]
fn a_policy_lists_its_tools_by_risk() {
    let policy = load(&json!({
        "version": "1", "default": "deny", "hide": ["delete_all"],
        "all_tools": {"limits": [{"counter": "n", "window": "hour", "max": 1, "scope": "grant"}]},
        "tools": {"list_pages": {}, "get_page": {}, "create_refund": {}, "delete_all": {},
                  "drop": {"deny_if": [{"conditions": []}]}}}));
    let words = super::policy(&policy, &Categories::new());
    let open: Vec<(Category, String)> = words
        .open
        .iter()
        .map(|(category, words)| (*category, words.own_sentence()))
        .collect();
    let told = "passes with any arguments; no limit of its own";
    assert_eq!(
        open,
        [
            (Category::Financial, format!("`create_refund` {told}")),
            (Category::Read, format!("`get_page` {told}")),
            (Category::Read, format!("`list_pages` {told}")),
        ]
    );
    let closed: Vec<String> = words.closed.iter().map(ToolWords::sentence).collect();
    assert_eq!(
        closed,
        [
            "`delete_all` never passes: `hide` names it",
            "`drop` never passes: a `deny_if` without conditions refuses every call"
        ]
    );
    assert_eq!(
        words.unlisted.sentence(),
        "every other tool never passes: the default is deny"
    );
    assert_eq!(
        words.shared.as_deref(),
        Some("at most 1 call an hour for each grant")
    );
}

#[test]
fn large_numbers_have_their_thousands_apart() {
    assert_eq!(number(1000), "1000");
    assert_eq!(number(600_000), "600 000");
    assert_eq!(number(9_007_199_254_740_991), "9 007 199 254 740 991");
}

/// Operators with operands that are equal to values of other types, and values to try.
const VALUES: [&str; 14] = [
    "null",
    "true",
    "false",
    "0",
    "5",
    "0.5",
    "\"\"",
    "\"5\"",
    "\"5.0\"",
    "\"true\"",
    "\"a b\"",
    "[5]",
    "[]",
    "{\"k\":1}",
];

/// The note on values of other types says of each value whether the engine agrees.
#[test]
fn what_is_coerced_is_what_the_words_say() {
    for operand in VALUES {
        let operand: Json = serde_json::from_str(operand).unwrap();
        let policy = load(
            &json!({"version": "1", "default": "deny", "tools": {"x": {"require": [
            {"conditions": [{"path": "args.a", "op": "eq", "value": operand}]}]}}}),
        );
        let engine = Engine::new(&policy);
        let passes = |value: &Json| {
            let arguments = Value::from(json!({"a": value}));
            let call = Call::new("g", "x", &arguments, Time::new(0, 0));
            engine
                .decide(&call, &mut Counters::default())
                .decision
                .is_allow()
        };
        let words = of_condition("eq", &operand);
        let mut kinds = Vec::new();
        for value in VALUES {
            let value: Json = serde_json::from_str(value).unwrap();
            if value != operand && passes(&value) {
                kinds.push(match value {
                    Json::String(_) => "also as text",
                    Json::Number(_) => "also as a number",
                    _ => "also as a boolean",
                });
            }
        }
        let spelled = ["also as text", "also as a number", "also as a boolean"];
        let told = spelled.into_iter().filter(|kind| words.contains(kind));
        let told: Vec<&str> = told.collect();
        // Every coercion among the values is told; 0, 0.5 and false have no text there.
        assert!(
            kinds.iter().all(|kind| told.contains(kind)),
            "{words}: {kinds:?}"
        );
        let is_spelled = operand.is_number() || operand.is_boolean();
        assert!(
            kinds.len() == told.len() || is_spelled,
            "{words}: {kinds:?}"
        );
    }
}

fn a_condition() -> impl Strategy<Value = Json> {
    let path = prop::sample::select(vec!["a", "b", "a.b", "c`d", "e and `f"]);
    let scalar = prop::sample::select(VALUES.to_vec())
        .prop_map(|text| serde_json::from_str::<Json>(text).unwrap());
    let number = prop::sample::select(vec![json!(0), json!(5), json!(-1.5), json!(100)]);
    let list = prop::collection::vec(scalar.clone(), 0..4).prop_map(Json::from);
    let pattern =
        prop::sample::select(vec!["^/srv/", "a|b", "^`$", "\" and `a` is 1", "x matches"]);
    let test = prop_oneof![
        any::<bool>().prop_map(|expected| ("exists", json!(expected))),
        (prop::sample::select(vec!["eq", "neq", "contains"]), scalar),
        (prop::sample::select(vec!["in", "not_in"]), list),
        (prop::sample::select(vec!["lt", "lte", "gt", "gte"]), number),
        pattern.prop_map(|pattern| ("regex", json!(pattern))),
    ];
    (path, test).prop_map(
        |(path, (op, value))| json!({"path": format!("args.{path}"), "op": op, "value": value}),
    )
}

fn some_rules() -> impl Strategy<Value = Json> {
    let conditions = prop::collection::vec(a_condition(), 0..4);
    let rule = conditions.prop_map(|conditions| json!({"conditions": conditions}));
    prop::collection::vec(rule, 0..3).prop_map(Json::from)
}

fn some_limits(may_add: bool) -> impl Strategy<Value = Json> {
    let window = prop::sample::select(vec!["minute", "hour", "day"]);
    let max = prop::sample::select(vec![1_u64, 2, 1_500, 60_000, (1 << 53) - 1]);
    let limit = (window, max, any::<bool>());
    prop::collection::vec(limit, 0..3).prop_map(move |limits| {
        let limits = limits.into_iter().enumerate();
        let limit = |(at, (window, max, adds))| {
            let mut limit = json!({
                "counter": format!("c{at}"), "window": window, "max": max, "scope": "grant"});
            if adds && may_add {
                limit["increment_from"] = json!("args.n");
            }
            limit
        };
        Json::from(limits.map(limit).collect::<Vec<_>>())
    })
}

fn a_policy() -> impl Strategy<Value = Json> {
    let tool = (some_rules(), some_rules(), some_limits(true)).prop_map(
        |(require, deny_if, limits)| json!({"require": require, "deny_if": deny_if, "limits": limits}),
    );
    let names = prop::sample::select(vec!["get_page", "say `it`", "pay; at most 1"]);
    let tools = prop::collection::btree_map(names, tool, 0..3);
    let hidden = prop::sample::subsequence(vec!["pay; at most 1", "other", "*"], 0..2);
    let default = prop::sample::select(vec!["allow", "deny"]);
    (default, hidden, tools, some_limits(false)).prop_map(|(default, hide, tools, limits)| {
        json!({"version": "1", "default": default, "hide": hide, "tools": tools,
               "all_tools": {"limits": limits}})
    })
}

proptest! {
    /// Whoever has only the words can write the policy again.
    #[test]
    fn the_words_can_be_read_back(policy in a_policy()) {
        let policy = load(&policy);
        let told = super::policy(&policy, &Categories::new());
        let tools = told.open.iter().map(|(_, words)| words);
        let sentences: Vec<String> = tools
            .chain(&told.closed)
            .chain([&told.unlisted])
            .map(ToolWords::sentence)
            .collect();
        let again = load(&parse::policy(&sentences, told.shared.as_deref()));
        let compared = policies(&policy, &again, &Budget::default());
        prop_assert!(!compared.undetermined, "{sentences:#?}");
        prop_assert_eq!(compared.verdict, Verdict::Equivalent, "{:#?}\n{:#?}", sentences, compared);
    }

    /// Nothing but the policy decides the words, and the order of tools does not.
    #[test]
    fn the_words_are_the_same_each_time(policy in a_policy()) {
        let words = |policy: &Policy| super::policy(policy, &Categories::new());
        let first = load(&policy);
        let mut second = load(&policy);
        second.tools.reverse();
        prop_assert_eq!(words(&first), words(&second));
    }
}
