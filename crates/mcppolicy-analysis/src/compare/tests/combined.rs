//! Several changes at once.

use super::{condition, limit, rule, says, sum, tool};
use serde_json::json;

#[test]
fn four_edits_read_as_four_things() {
    let old = tool(json!({
        "require": [rule(&[
            condition("amount", "lte", 100),
            condition("currency", "in", json!(["EUR"])),
        ])],
        "deny_if": [
            rule(&[condition("vip", "eq", true)]),
            rule(&[condition("country", "eq", "KP")]),
        ],
        "limits": [limit("calls", "minute", 60), sum("spend", "day", 500, "amount")],
    }));
    let new = tool(json!({
        "require": [rule(&[
            condition("amount", "lte", 1000),
            condition("currency", "in", json!(["EUR", "GBP"])),
        ])],
        "limits": [limit("calls", "minute", 600), sum("spend", "day", 5_000, "amount")],
    }));
    says(
        &old,
        &new,
        &[
            r#"Tool("t") arguments loosened"#,
            "  changed: amount lte 100 → 1000",
            r#"  changed: currency in + "GBP""#,
            "  removed: deny_if removed: vip eq true; nothing checks vip now",
            r#"  removed: deny_if removed: country eq "KP"; nothing checks country now"#,
            r#"  loosened /tools/t/require/0/conditions/0 by [0]: {"amount":500,"currency":"EUR"}"#,
            r#"  loosened /tools/t/require/0/conditions/1 by [1]: {"amount":100,"currency":"GBP"}"#,
            r#"  loosened /tools/t/deny_if/0 by [2]: {"amount":100,"currency":"EUR","vip":true}"#,
            r#"  loosened /tools/t/deny_if/1 by [3]: {"amount":100,"country":"KP","currency":"EUR"}"#,
            r#"Tool("t") limits loosened"#,
            r#"  changed: limit "calls": max 60 → 600 per minute"#,
            r#"  changed: limit "spend": sum of amount, max 500 → 5000 per day"#,
            r#"  loosened /tools/t/limits/0 by [0]: 61 × {"amount":1,"currency":"EUR"}"#,
            r#"  loosened /tools/t/limits/1 by [1]: 6 × {"amount":100,"currency":"EUR"}"#,
        ],
    );
}

#[test]
fn an_edit_that_changes_no_decision_says_why() {
    let rules = |with: bool| {
        let mut rules = vec![rule(&[condition("amount", "gt", 100)])];
        if with {
            rules.push(rule(&[condition("amount", "gt", 200)]));
        }
        tool(json!({
            "require": [rule(&[condition("currency", "eq", if with { "EUR" } else { "GBP" })])],
            "deny_if": rules,
        }))
    };
    // What is left refuses what was removed.
    says(
        &rules(true),
        &rules(false),
        &[
            r#"Tool("t") arguments mixed"#,
            r#"  changed: currency eq "EUR" → "GBP""#,
            "  removed: deny_if removed: amount gt 200 (implied by /tools/t/deny_if/0)",
            r#"  loosened /tools/t/require/0 by [0]: {"currency":"GBP"}"#,
            r#"  tightened /tools/t/require/0 by [0]: {"currency":"EUR"}"#,
        ],
    );
    // A tool that is hidden on both sides.
    let hidden = |bound: u32| {
        let mut policy = tool(json!({"require": [rule(&[condition("amount", "lte", bound)])]}));
        policy["hide"] = json!(["t"]);
        policy
    };
    says(
        &hidden(1),
        &hidden(2),
        &[
            r#"Tool("t") access reworded"#,
            "  changed: amount lte 1 → 2 (the tool is refused whatever its arguments)",
        ],
    );
}

#[test]
fn rules_that_refuse_the_same_calls_open_them_together() {
    let both = [condition("amount", "gt", 100), condition("vip", "eq", true)];
    let old = tool(json!({"deny_if": [rule(&both), rule(&both[..1])]}));
    says(
        &old,
        &tool(json!({})),
        &[
            r#"Tool("t") arguments loosened"#,
            "  removed: deny_if removed: amount gt 100 and vip eq true; nothing checks amount or vip now",
            "  removed: deny_if removed: amount gt 100; nothing checks amount now",
            r#"  loosened /tools/t/deny_if/0 by [0, 1] together: {"amount":1000000,"vip":true}"#,
            r#"  loosened /tools/t/deny_if/1 by [1]: {"amount":1000000}"#,
        ],
    );
    // Two conditions of one rule, each of which opens some calls.
    let old = tool(json!({"deny_if": [rule(&[condition("amount", "gt", 100)])]}));
    let new = tool(json!({"deny_if": [rule(&[
        condition("amount", "gt", 1000),
        condition("vip", "eq", false),
    ])]}));
    says(
        &old,
        &new,
        &[
            r#"Tool("t") arguments loosened"#,
            "  changed: deny_if: amount gt 100 → 1000",
            "  added: condition added to deny_if (amount gt 100): vip eq false",
            r#"  loosened /tools/t/deny_if/0 by [0]: {"amount":1000}"#,
            r#"  loosened /tools/t/deny_if/0 by [1]: {"amount":1000000}"#,
        ],
    );
}

#[test]
fn what_opens_a_tool_is_named_alone_or_together() {
    let old = json!({"version": "1", "default": "deny", "hide": ["t"]});
    let new = json!({"version": "1", "default": "deny", "tools": {"t": {}}});
    says(
        &old,
        &new,
        &[
            r#"Tool("t") visibility loosened"#,
            r#"  removed: hide removed: "t""#,
            "  loosened /hide/0 by [0]: ",
            r#"Tool("t") access loosened"#,
            r#"  removed: hide removed: "t""#,
            "  added: tool added: \"t\" passes with any arguments; any number of calls",
            "  loosened /hide/0 by [0, 1] together: {}",
        ],
    );
    let listed = json!({"version": "1", "default": "allow", "tools": {"t": {
        "require": [rule(&[condition("amount", "lte", 100)])],
    }}});
    says(
        &listed,
        &json!({"version": "1", "default": "allow"}),
        &[
            r#"Tool("t") arguments loosened"#,
            r#"  removed: tool removed: "t" passes when `amount` is a number up to 100; any number of calls"#,
            r#"  loosened /tools/t/require/0 by [0]: {"amount":1000000}"#,
        ],
    );
}

#[test]
fn each_limit_that_gives_way_has_its_sequence() {
    let with = |factor: u64| {
        let mut policy = tool(json!({"limits": [
            limit("minutely", "minute", 10 * factor),
            limit("hourly", "hour", 100 * factor),
            limit("daily", "day", 500 * factor),
        ]}));
        policy["all_tools"] = json!({"limits": [limit("all", "minute", 8 * factor)]});
        policy
    };
    says(
        &with(1),
        &with(2),
        &[
            "AllTools limits loosened",
            r#"  changed: limit "all": max 8 → 16 per minute"#,
            "  loosened /all_tools/limits/0 by [0]: 9 × {}",
            r#"Tool("t") limits loosened"#,
            r#"  changed: limit "minutely": max 10 → 20 per minute"#,
            r#"  changed: limit "hourly": max 100 → 200 per hour"#,
            r#"  changed: limit "daily": max 500 → 1000 per day"#,
            "  loosened /tools/t/limits/1 by [1]: 101 × {}",
            "  loosened /tools/t/limits/2 by [2]: 501 × {}",
        ],
    );
    says(
        &with(1_000_000),
        &with(2_000_000),
        &[
            "AllTools limits loosened",
            r#"  changed: limit "all": max 8 000 000 → 16 000 000 per minute"#,
            "  loosened /all_tools/limits/0 by [0]: 8000001 × {}",
            r#"Tool("t") limits loosened"#,
            r#"  changed: limit "minutely": max 10 000 000 → 20 000 000 per minute"#,
            r#"  changed: limit "hourly": max 100 000 000 → 200 000 000 per hour"#,
            r#"  changed: limit "daily": max 500 000 000 → 1 000 000 000 per day"#,
            "  loosened /tools/t/limits/1 by [1]: 100000001 × {}",
            "  loosened /tools/t/limits/2 by [2]: 500000001 × {}",
        ],
    );
}

#[test]
fn a_tool_of_many_rules_is_compared_argument_by_argument() {
    let with = |bound: u64| {
        let limit = sum("spent", "day", 500, "amount");
        let least = rule(&[condition("amount", "lte", 100)]);
        let known = rule(&[condition("region", "in", json!(["eu", "us"]))]);
        let rules = (0..80).map(|at| {
            let bound = if at % 20 == 7 { bound } else { 1 };
            let one = condition(&format!("a{at}"), "gt", bound);
            // Two arguments that one rule asks together.
            match at {
                40 => rule(&[one, condition("b", "eq", "x")]),
                _ => rule(&[one]),
            }
        });
        let rules: Vec<serde_json::Value> = rules.collect();
        tool(json!({"require": [least, known], "deny_if": rules, "limits": [limit]}))
    };
    says(
        &with(1),
        &with(9),
        &[
            "Tool(\"t\") arguments loosened",
            "  changed: deny_if: a7 gt 1 → 9",
            "  changed: deny_if: a27 gt 1 → 9",
            "  changed: deny_if: a47 gt 1 → 9",
            "  changed: deny_if: a67 gt 1 → 9",
            r#"  loosened /tools/t/deny_if/7 by [0]: {"a7":9,"amount":100,"region":"eu"}"#,
            r#"  loosened /tools/t/deny_if/27 by [1]: {"a27":9,"amount":100,"region":"eu"}"#,
            r#"  loosened /tools/t/deny_if/47 by [2]: {"a47":9,"amount":100,"region":"eu"}"#,
            r#"  loosened /tools/t/deny_if/67 by [3]: {"a67":9,"amount":100,"region":"eu"}"#,
        ],
    );
}
