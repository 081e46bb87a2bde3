//! One change each.

use super::{condition, limit, rule, says, sum, tool};
use serde_json::{Value as Json, json};

fn required(path: &str, op: &str, value: impl Into<Json>) -> Json {
    tool(json!({"require": [rule(&[condition(path, op, value)])]}))
}

#[test]
fn a_max_is_raised() {
    let with = |max| tool(json!({"limits": [limit("calls", "minute", max)]}));
    says(&with(60), &with(600_000), &[]);
}

#[test]
fn a_window_is_widened() {
    let with = |window| tool(json!({"limits": [limit("calls", window, 60)]}));
    says(&with("hour"), &with("minute"), &[]);
}

#[test]
fn a_limit_is_removed() {
    let with = |limits: Json| tool(json!({"limits": limits}));
    let old = with(json!([limit("a", "minute", 10), limit("b", "hour", 100)]));
    says(&old, &with(json!([limit("a", "minute", 10)])), &[]);
    says(&old, &with(json!([])), &[]);
}

#[test]
fn a_limit_moves_to_all_tools() {
    let old = tool(json!({"limits": [limit("calls", "minute", 60)]}));
    let mut new = tool(json!({}));
    new["all_tools"] = json!({"limits": [limit("calls", "minute", 60)]});
    says(&old, &new, &[]);
}

#[test]
fn a_sum_becomes_a_count() {
    let rules = |limit: Json| {
        tool(json!({
            "require": [rule(&[condition("amount", "lte", 100)])],
            "limits": [limit],
        }))
    };
    let old = rules(sum("spend", "day", 500, "amount"));
    says(&old, &rules(limit("spend", "day", 500)), &[]);
}

#[test]
fn a_counter_is_renamed() {
    let with = |counter| tool(json!({"limits": [limit(counter, "minute", 60)]}));
    says(&with("a"), &with("b"), &[]);
}

#[test]
fn a_bound_is_raised() {
    says(
        &required("amount", "lte", 100),
        &required("amount", "lte", 1000),
        &[],
    );
}

#[test]
fn a_list_gains_three_members() {
    let with = |list: Json| required("currency", "in", list);
    says(
        &with(json!(["EUR"])),
        &with(json!(["EUR", "GBP", "BTC", "XMR"])),
        &[],
    );
}

#[test]
fn a_pattern_is_loosened() {
    let with = |pattern: &str| required("path", "regex", pattern);
    says(&with("^/srv/[a-z]+$"), &with("^/srv/[a-z]+"), &[]);
    says(&with("^/srv/"), &with("^/srv"), &[]);
    says(&with("^/srv/"), &with("/srv/"), &[]);
    says(&with("^/srv/[a-z/]+$"), &with("^/srv/[a-z/.]+$"), &[]);
    says(&with("^/srv/"), &with("^(/srv|/etc)/"), &[]);
    let url = |pattern: &str| required("url", "regex", pattern);
    says(
        &url("^https://api[.]example[.]com/"),
        &url("^https://api[.]example[.]com"),
        &[],
    );
    says(
        &url("^https://api[.]example[.]com/"),
        &url("^https?://api[.]example[.]com/"),
        &[],
    );
    let command = |pattern: &str| required("command", "regex", pattern);
    says(&command("^git [a-z]+$"), &command("^git .+$"), &[]);
}

#[test]
fn a_deny_if_is_removed() {
    let with = |rules: Json| tool(json!({"deny_if": rules}));
    let dots = rule(&[condition("path", "contains", "..")]);
    let large = rule(&[condition("amount", "gt", 100)]);
    says(&with(json!([dots, large])), &with(json!([large])), &[]);
    says(&with(json!([dots, large])), &with(json!([])), &[]);
}

#[test]
fn a_require_is_removed() {
    let old = tool(json!({"require": [
        rule(&[condition("amount", "lte", 100)]),
        rule(&[condition("currency", "eq", "EUR")]),
    ]}));
    let new = tool(json!({"require": [rule(&[condition("currency", "eq", "EUR")])]}));
    says(&old, &new, &[]);
}

#[test]
fn a_condition_is_added_to_a_deny_if() {
    let with = |conditions: &[Json]| tool(json!({"deny_if": [rule(conditions)]}));
    let (large, guest) = (
        condition("amount", "gt", 100),
        condition("vip", "eq", false),
    );
    says(
        &with(std::slice::from_ref(&large)),
        &with(&[large.clone(), guest]),
        &[],
    );
}

#[test]
fn a_tool_is_added_or_removed() {
    let none = json!({"version": "1", "default": "deny"});
    let one = required("path", "regex", "^docs/");
    says(&none, &one, &[]);
    says(&one, &none, &[]);
}

#[test]
fn a_hidden_entry_is_removed() {
    let with = |hide: Json| json!({"version": "1", "default": "deny", "hide": hide, "tools": {"drop": {}, "read": {}}});
    says(&with(json!(["drop"])), &with(json!([])), &[]);
    says(&with(json!(["*"])), &with(json!(["drop"])), &[]);
}

#[test]
fn a_default_is_flipped() {
    let with = |default: &str| json!({"version": "1", "default": default, "tools": {"t": {}}});
    says(&with("deny"), &with("allow"), &[]);
}

#[test]
fn rules_are_only_reordered() {
    let with = |rules: Json| tool(json!({"deny_if": rules}));
    let [a, b] = [100, 200].map(|n| rule(&[condition("amount", "eq", n)]));
    says(&with(json!([a, b])), &with(json!([b, a])), &[]);
}

#[test]
fn a_message_is_reworded() {
    let with = |text: &str| {
        let mut rule = rule(&[condition("amount", "gt", 100)]);
        rule["on_deny"] = text.into();
        tool(json!({"deny_if": [rule]}))
    };
    says(
        &with("Ask a human"),
        &with("Retry with a smaller amount"),
        &[],
    );
}
