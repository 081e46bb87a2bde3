//! The worked cases: small changes that a reviewer meets, with the witness that
//! a person understands.

use super::{compare, policy, with_tool};
use mcppolicy_analysis::compare::{Aspect, Change, Comparison, Reason, Scope, Verdict, Witness};
use mcppolicy_analysis::region::Budget;
use mcppolicy_engine::policy::Policy;
use serde_json::{Value as Json, json};

fn rule(conditions: Json) -> Json {
    json!([{ "conditions": conditions }])
}

fn condition(path: &str, op: &str, value: Json) -> Json {
    json!({"path": path, "op": op, "value": value})
}

fn require(path: &str, op: &str, value: Json) -> Policy {
    with_tool(&json!({"require": rule(json!([condition(path, op, value)]))}))
}

#[track_caller]
fn only(comparison: &Comparison, aspect: Aspect, verdict: Verdict) -> &Change {
    assert_eq!(comparison.verdict, verdict, "{comparison:#?}");
    assert_eq!(comparison.changes.len(), 1, "{comparison:#?}");
    let change = &comparison.changes[0];
    assert_eq!((change.aspect, change.verdict), (aspect, verdict));
    change
}

fn arguments(witnesses: &[Witness]) -> Vec<Json> {
    let first = |witness: &Witness| witness.calls[0].arguments.to_json();
    witnesses.iter().map(first).collect()
}

fn calls(witness: &Witness) -> Vec<(&str, u64)> {
    let calls = witness.calls.iter();
    calls.map(|run| (run.tool.as_str(), run.repeat)).collect()
}

#[test]
fn an_excluded_bound_is_tightened_by_the_bound() {
    let comparison = compare(
        &require("args.amount", "lte", json!(50000)),
        &require("args.amount", "lt", json!(50000)),
    );
    let change = only(&comparison, Aspect::Arguments, Verdict::Tightened);
    assert_eq!(arguments(&change.tightened), [json!({"amount": 50000})]);
    assert_eq!(change.new.rule.as_deref(), Some("/tools/t/require/0"));
    assert!(change.new.span.is_some());
}

#[test]
fn a_list_of_a_number_and_its_spelling_is_the_number() {
    let comparison = compare(
        &require("args.n", "eq", json!(5)),
        &require("args.n", "in", json!([5, "5"])),
    );
    let change = only(&comparison, Aspect::Arguments, Verdict::Equivalent);
    assert!(change.reworded);
}

#[test]
fn a_further_prefix_is_loosened_by_a_word_with_it() {
    let comparison = compare(
        &require("args.branch", "regex", json!("^feat/")),
        &require("args.branch", "regex", json!("^(feat|fix)/")),
    );
    let change = only(&comparison, Aspect::Arguments, Verdict::Loosened);
    assert_eq!(arguments(&change.loosened), [json!({"branch": "fix/"})]);
    assert_eq!(
        change.loosened[0].old.rule.as_deref(),
        Some("/tools/t/require/0")
    );
}

#[test]
fn a_class_that_excludes_the_newline_is_tightened_by_it() {
    let comparison = compare(
        &require("args.name", "regex", json!("^[^/]+$")),
        &require("args.name", "regex", json!("^[^/\\n]+$")),
    );
    let change = only(&comparison, Aspect::Arguments, Verdict::Tightened);
    assert_eq!(arguments(&change.tightened), [json!({"name": "\n"})]);
}

#[test]
fn a_required_bound_beside_a_refused_one_stops_the_string() {
    let deny = rule(json!([condition("args.amount", "gt", json!(100))]));
    let bound = rule(json!([condition("args.amount", "lte", json!(100))]));
    let comparison = compare(
        &with_tool(&json!({"deny_if": deny})),
        &with_tool(&json!({"deny_if": deny, "require": bound})),
    );
    let change = only(&comparison, Aspect::Arguments, Verdict::Tightened);
    let arguments = arguments(&change.tightened);
    assert_eq!(arguments[0], json!({"amount": "1000000"}));
}

#[test]
fn two_refusals_merged_into_one_let_through_what_met_only_one() {
    let (a, b) = (
        condition("args.a", "eq", json!("x")),
        condition("args.b", "eq", json!("y")),
    );
    let two = json!({"deny_if": [{"conditions": [a]}, {"conditions": [b]}]});
    let comparison = compare(
        &with_tool(&two),
        &with_tool(&json!({"deny_if": rule(json!([a, b]))})),
    );
    let change = only(&comparison, Aspect::Arguments, Verdict::Loosened);
    assert!(arguments(&change.loosened).contains(&json!({"a": "x"})));
}

#[test]
fn two_refusals_of_which_one_contains_the_other_merge_without_change() {
    let (wide, narrow) = (
        condition("args.a", "gt", json!(5)),
        condition("args.a", "gt", json!(10)),
    );
    let two = json!({"deny_if": [{"conditions": [wide]}, {"conditions": [narrow]}]});
    let comparison = compare(
        &with_tool(&two),
        &with_tool(&json!({"deny_if": rule(json!([wide]))})),
    );
    assert!(only(&comparison, Aspect::Arguments, Verdict::Equivalent).reworded);
}

#[test]
fn a_list_of_exclusions_is_the_chain_of_them() {
    let chain = json!([
        condition("args.a", "neq", json!("x")),
        condition("args.a", "neq", json!(true)),
    ]);
    let comparison = compare(
        &require("args.a", "not_in", json!(["x", true])),
        &with_tool(&json!({"require": rule(chain)})),
    );
    assert!(only(&comparison, Aspect::Arguments, Verdict::Equivalent).reworded);
    let shorter = require("args.a", "neq", json!("x"));
    let comparison = compare(&require("args.a", "not_in", json!(["x", true])), &shorter);
    let change = only(&comparison, Aspect::Arguments, Verdict::Loosened);
    assert_eq!(arguments(&change.loosened), [json!({"a": true})]);
}

#[test]
fn a_string_with_a_member_contradicts_itself() {
    let contradiction = json!([
        condition("args.a", "eq", json!("x")),
        condition("args.a.b", "exists", json!(true)),
    ]);
    let comparison = compare(
        &with_tool(&json!({})),
        &with_tool(&json!({"require": rule(contradiction)})),
    );
    let change = only(&comparison, Aspect::Access, Verdict::Tightened);
    assert_eq!(arguments(&change.tightened)[0], json!({}));
}

#[test]
fn arrays_and_objects_are_open() {
    let both = json!([
        condition("args.a", "neq", json!([1])),
        condition("args.a", "contains", json!(1)),
        condition("args.o", "neq", json!({"b": 1})),
        condition("args.o.b", "eq", json!(1)),
    ]);
    let nothing = with_tool(&json!({"deny_if": rule(json!([]))}));
    let comparison = compare(&nothing, &with_tool(&json!({"require": rule(both)})));
    let change = only(&comparison, Aspect::Access, Verdict::Loosened);
    // The object contains `b` and is not `{"b": 1}`: it has a further member.
    let expected = json!({"a": [1, 1], "o": {"b": 1, "x": 0}});
    let arguments = arguments(&change.loosened);
    assert_eq!(arguments[0], expected);
}

fn limit(counter: &str, window: &str, max: u64) -> Json {
    json!({"counter": counter, "window": window, "max": max, "scope": "grant"})
}

fn limits(limits: &[(&str, u64)]) -> Policy {
    let limits: Vec<Json> = limits
        .iter()
        .map(|(window, max)| limit(window, window, *max))
        .collect();
    with_tool(&json!({"limits": limits}))
}

#[test]
fn a_minute_exchanged_for_an_hour_is_mixed() {
    let comparison = compare(&limits(&[("minute", 10)]), &limits(&[("hour", 20)]));
    let change = only(&comparison, Aspect::Limits, Verdict::Mixed);
    assert_eq!(calls(&change.loosened[0]), [("t", 11)]);
    assert_eq!(calls(&change.tightened[0]), [("t", 21)]);
    let first = &change.loosened[0].calls[0];
    assert_eq!(first.at.unwrap().to_string(), "2026-01-01T10:00:00Z");
    assert_eq!(first.every, mcppolicy_engine::time::TimeDelta::seconds(1));
    assert_eq!(
        change.loosened[0].old.rule.as_deref(),
        Some("/tools/t/limits/0")
    );
}

#[test]
fn a_day_of_full_minutes_binds_nothing_and_one_less_does() {
    let minute = limits(&[("minute", 10)]);
    let full = compare(&minute, &limits(&[("minute", 10), ("day", 14_400)]));
    assert!(only(&full, Aspect::Limits, Verdict::Equivalent).reworded);
    let less = compare(&minute, &limits(&[("minute", 10), ("day", 14_399)]));
    let change = only(&less, Aspect::Limits, Verdict::Tightened);
    assert_eq!(calls(&change.tightened[0]), [("t", 14_400)]);
}

fn two_tools(all: u64) -> Policy {
    let ten = json!({"limits": [limit("own", "minute", 10)]});
    policy(&json!({
        "version": "1", "default": "deny", "tools": {"a": ten, "b": ten},
        "all_tools": {"limits": [limit("all", "minute", all)]},
    }))
}

#[test]
fn two_tools_together_feel_a_shared_limit_that_neither_feels_alone() {
    let comparison = compare(&two_tools(15), &two_tools(18));
    let change = only(&comparison, Aspect::Limits, Verdict::Loosened);
    assert_eq!(change.scope, Scope::AllTools);
    assert_eq!(
        calls(&change.loosened[0])
            .iter()
            .map(|(_, n)| n)
            .sum::<u64>(),
        16
    );
    let comparison = compare(&two_tools(25), &two_tools(30));
    assert!(only(&comparison, Aspect::Limits, Verdict::Equivalent).reworded);
}

#[test]
fn unlisted_tools_under_default_allow_fill_any_shared_limit() {
    let open = |all: u64| {
        policy(&json!({"version": "1", "default": "allow",
            "all_tools": {"limits": [limit("all", "hour", all)]}}))
    };
    let comparison = compare(&open(25), &open(30));
    let change = only(&comparison, Aspect::Limits, Verdict::Loosened);
    assert_eq!(calls(&change.loosened[0]), [("unlisted_tool", 26)]);
}

fn spend(max: u64, window: &str, condition: Option<Json>) -> Policy {
    let mut limit = limit("spend", window, max);
    limit["increment_from"] = json!("args.amount");
    let require = condition.map_or(json!([]), |condition| rule(json!([condition])));
    with_tool(&json!({"require": require, "limits": [limit]}))
}

#[test]
fn a_larger_sum_is_loosened_by_the_first_call_that_did_not_fit() {
    let comparison = compare(&spend(100, "day", None), &spend(150, "day", None));
    let change = only(&comparison, Aspect::Limits, Verdict::Loosened);
    assert_eq!(calls(&change.loosened[0]).len(), 2);
    let back = compare(&spend(150, "day", None), &spend(100, "day", None));
    only(&back, Aspect::Limits, Verdict::Tightened);
}

#[test]
fn a_sum_over_a_longer_window_is_reached_by_several_calls() {
    let comparison = compare(&spend(100, "day", None), &spend(100, "hour", None));
    let change = only(&comparison, Aspect::Limits, Verdict::Loosened);
    let made: u64 = calls(&change.loosened[0]).iter().map(|call| call.1).sum();
    assert_eq!(made, 2);
}

#[test]
fn a_least_amount_under_a_sum_bounds_the_calls() {
    let least = || condition("args.amount", "gte", json!(20));
    let with_count = |max: u64| {
        let mut sum = limit("spend", "day", 100);
        sum["increment_from"] = json!("args.amount");
        with_tool(&json!({
            "require": rule(json!([least()])),
            "limits": [sum, limit("calls", "day", max)],
        }))
    };
    let without = spend(100, "day", Some(least()));
    let five = compare(&without, &with_count(5));
    assert!(only(&five, Aspect::Limits, Verdict::Equivalent).reworded);
    let four = compare(&without, &with_count(4));
    let change = only(&four, Aspect::Limits, Verdict::Tightened);
    assert_eq!(calls(&change.tightened[0]), [("t", 5)]);
}

#[test]
fn amounts_that_no_bound_and_no_race_decide_are_coupled() {
    // Multiples of 6 never add up to 100, so 99 binds as little as 100: that is
    // beyond bounds, and no sequence shows a difference.
    let old = spend(
        100,
        "day",
        Some(condition("args.amount", "in", json!([6, 12]))),
    );
    let new = spend(
        99,
        "day",
        Some(condition("args.amount", "in", json!([6, 12]))),
    );
    let comparison = compare(&old, &new);
    let change = only(&comparison, Aspect::Limits, Verdict::Undetermined);
    assert_eq!(change.reason, Some(Reason::CoupledAmount));
}

#[test]
fn a_hidden_tool_is_neither_visible_nor_callable() {
    let shown = with_tool(&json!({}));
    let hidden =
        policy(&json!({"version": "1", "default": "deny", "hide": ["t"], "tools": {"t": {}}}));
    let comparison = compare(&shown, &hidden);
    assert_eq!(comparison.verdict, Verdict::Tightened);
    let aspects: Vec<Aspect> = comparison
        .changes
        .iter()
        .map(|change| change.aspect)
        .collect();
    assert_eq!(aspects, [Aspect::Visibility, Aspect::Access]);
    assert_eq!(
        comparison.changes[1].tightened[0].new.rule.as_deref(),
        Some("/hide/0")
    );
}

#[test]
fn another_default_opens_the_unlisted_tools() {
    let default = |word: &str| policy(&json!({"version": "1", "default": word}));
    let comparison = compare(&default("deny"), &default("allow"));
    let change = only(&comparison, Aspect::Access, Verdict::Loosened);
    assert_eq!(change.scope, Scope::Unlisted);
    assert_eq!(change.old.rule.as_deref(), Some("/default"));
}

#[test]
fn a_change_of_words_is_reworded_and_equivalent() {
    let say = |text: &str| with_tool(&json!({"deny_if": [{"conditions": [], "on_deny": text}]}));
    let comparison = compare(&say("no"), &say("not so"));
    assert!(only(&comparison, Aspect::Arguments, Verdict::Equivalent).reworded);
    assert!(compare(&say("no"), &say("no")).changes.is_empty());
}

#[test]
fn a_hostile_pair_ends_within_the_budget_and_undetermined() {
    let class = r"[^\x{0}-\x{1f}\x{300}-\x{36f}]";
    let rules = |shift: usize| -> Vec<Json> {
        (0..50)
            .map(|n: usize| {
                let conditions: Vec<Json> = (0..8)
                    .map(|path| {
                        let first = (n * 7 + path * 3 + shift) % 11;
                        let pattern = format!(
                            "(?:{class}{{{}}}[a-{}].){{3}}",
                            first + 2,
                            (b'b' + (n % 20) as u8) as char
                        );
                        condition(&format!("args.p{path}"), "regex", json!(pattern))
                    })
                    .collect();
                json!({"conditions": conditions})
            })
            .collect()
    };
    let old = with_tool(&json!({"deny_if": rules(0)}));
    let new = with_tool(&json!({"deny_if": rules(1)}));
    let budget = Budget::default();
    let comparison = mcppolicy_analysis::compare::policies(&old, &new, &budget);
    let change = only(&comparison, Aspect::Arguments, Verdict::Undetermined);
    assert_eq!(change.reason.map(Reason::name), Some("budget"));
    assert!(comparison.undetermined);
}

#[test]
fn a_thousand_tools_that_differ_in_ten_show_ten_changes() {
    let tools = |bound: u64| {
        let tools: serde_json::Map<String, Json> = (0..1000)
            .map(|n| {
                let bound = if n % 100 == 0 { bound } else { 10 };
                let rules = json!([
                    condition("args.path", "regex", json!("^/srv/[a-z0-9_/]+$")),
                    condition("args.n", "lte", json!(bound)),
                ]);
                (
                    format!("t{n}"),
                    json!({"require": rule(rules), "limits": [limit("c", "minute", 5)]}),
                )
            })
            .collect();
        policy(&json!({"version": "1", "default": "deny", "tools": tools}))
    };
    let comparison = compare(&tools(10), &tools(11));
    assert_eq!(comparison.verdict, Verdict::Loosened);
    assert_eq!(comparison.changes.len(), 10);
}
