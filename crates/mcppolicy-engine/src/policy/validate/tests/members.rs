//! Members: missing, unknown, misplaced, notes.

use super::*;

#[test]
fn what_is_missing_is_reported_at_the_object_that_lacks_it() {
    finds(
        "{}",
        &[(r#"A policy lacks "version" and "default""#, "", "{}")],
    );
    assert_eq!(help("{}"), r#"add "version": "1", "default": "deny""#);
    finds(
        &limit(r#""counter": "a", "window": "day", "max": 1"#),
        &[(
            r#"A limit lacks "scope""#,
            LIMIT,
            r#"{"counter": "a", "window": "day", "max": 1}"#,
        )],
    );
    assert_eq!(
        help(&limit(r#""counter": "a", "window": "day", "max": 1"#)),
        r#"add "scope": "grant""#
    );
    finds(
        &limit(""),
        &[(
            r#"A limit lacks "counter", "window", "max" and "scope""#,
            LIMIT,
            "{}",
        )],
    );
    assert_eq!(
        help(&limit("")),
        r#"add "counter": "run_workflow_rate", "window": "minute", "max": 10, "scope": "grant""#
    );
    finds(
        &condition(r#""path": "args.a""#),
        &[(
            r#"A condition lacks "op" and "value""#,
            CONDITION,
            r#"{"path": "args.a"}"#,
        )],
    );
    assert_eq!(
        help(&condition(r#""path": "args.a", "op": "in""#)),
        r#"add "value": ["main", "develop"]"#
    );
    finds(
        &tool(r#"{"require": [{"on_deny": "x"}]}"#),
        &[(
            r#"A rule lacks "conditions""#,
            "/tools/run_workflow/require/0",
            r#"{"on_deny": "x"}"#,
        )],
    );
    finds(
        r#"{"version": "1", "default": "deny", "all_tools": {"limits": [{"counter": "a", "window": "day", "scope": "grant"}]}}"#,
        &[(
            r#"A limit for all tools lacks "max""#,
            "/all_tools/limits/0",
            r#"{"counter": "a", "window": "day", "scope": "grant"}"#,
        )],
    );
}

#[test]
fn unknown_keys_are_found_at_the_key_with_the_nearest_known_one() {
    let text = limit(r#""counter": "a", "windw": "day", "max": 1, "scope": "grant""#);
    finds(
        &text,
        &[(
            r#"A limit has no member "windw""#,
            "/tools/run_workflow/limits/0/windw",
            "\"windw\"",
        )],
    );
    assert_eq!(help(&text), r#"did you mean "window"?"#);
    for (text, message, help_text) in [
        (
            r#"{"version": "1", "default": "deny", "tool": {}}"#.to_owned(),
            r#"A policy has no member "tool""#,
            r#"did you mean "tools"?"#,
        ),
        (
            tool(r#"{"denyIf": []}"#),
            r#"A tool has no member "denyIf""#,
            r#"did you mean "deny_if"?"#,
        ),
        (
            tool(r#"{"zzz": []}"#),
            r#"A tool has no member "zzz""#,
            r#"its members are "require", "deny_if" and "limits""#,
        ),
        (
            tool(r#"{"limits": [], "Limits": []}"#),
            r#"A tool has no member "Limits""#,
            r#""limits" is there already; its members are "require", "deny_if" and "limits""#,
        ),
        (
            tool(r#"{"conditions": []}"#),
            r#"A tool has no member "conditions""#,
            r#""conditions" belongs in a rule of "require" or "deny_if"; its members are "require", "deny_if" and "limits""#,
        ),
        (
            r#"{"version": "1", "default": "deny", "all_tools": {"require": []}}"#.to_owned(),
            r#"The object "all_tools" has no member "require""#,
            r#""require" belongs in the rules of a tool, under "tools"; its only member is "limits""#,
        ),
        (
            r#"{"version": "1", "default": "deny", "get_job": {"limits": []}}"#.to_owned(),
            r#"A policy has no member "get_job""#,
            r#"the rules of a tool stand under "tools": "tools": {"get_job": {…}}"#,
        ),
        (
            r#"{"version": "1", "default": "deny", "all_tools": {"limits": [{"counter": "a", "window": "day", "max": 1, "scope": "grant", "increment_from": "args.a"}]}}"#.to_owned(),
            r#"A limit for all tools has no member "increment_from""#,
            "a limit for all tools counts calls; only a limit of a tool can count an amount",
        ),
        (
            condition(r#""path": "args.a", "op": "eq", "value": 1, "a/b": 1"#),
            r#"A condition has no member "a/b""#,
            r#"its members are "path", "op" and "value""#,
        ),
    ] {
        let finding = only(&text);
        assert_eq!(finding.message, message);
        assert_eq!(finding.help.as_deref(), Some(help_text));
    }
}

#[test]
fn notes_are_refused_kindly_and_can_be_removed() {
    let text = r#"{"$schema": "x", "version": "1", "default": "deny"}"#;
    finds(
        text,
        &[(
            r#"A policy has no member "$schema""#,
            "/$schema",
            "\"$schema\"",
        )],
    );
    assert!(help(text).contains("let your editor find the schema"));
    fixes(text, r#"{"version": "1", "default": "deny"}"#);
    fixes(
        r#"{"version": "1", "default": "deny", "description": "mine"}"#,
        r#"{"version": "1", "default": "deny"}"#,
    );
    fixes(
        r#"{"version": "1", "name": 5, "default": "deny"}"#,
        r#"{"version": "1", "default": "deny"}"#,
    );
    fixes(&tool(r#"{"description": "mine"}"#), &tool("{}"));
    fixes(
        &limit(r#""name": "runs", "window": "day", "max": 1, "scope": "grant""#),
        &limit(r#""counter": "runs", "window": "day", "max": 1, "scope": "grant""#),
    );
}

#[test]
fn a_condition_that_stands_for_a_rule_is_one_mistake() {
    let text = tool(r#"{"deny_if": [{"path": "args.a", "op": "gt", "value": 100}]}"#);
    assert_eq!(only(&text).message, r#"A rule lacks "conditions""#);
    fixes(
        &text,
        &tool(r#"{"deny_if": [{"conditions": [{"path": "args.a", "op": "gt", "value": 100}]}]}"#),
    );
}
