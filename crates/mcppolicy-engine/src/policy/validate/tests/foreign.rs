//! Keys of the help pages: explained, and repaired where they are clear.

use super::*;

#[test]
fn a_rate_limit_becomes_a_limit() {
    let good = r#""limits": [{"counter": "run_workflow_rate", "window": "minute", "max": 10, "scope": "grant"}]"#;
    for rate in [
        r#"{"max": 10, "window": 60}"#,
        r#"{"window": "minute", "max": 10}"#,
        r#"{"requests": 10, "per": "1m", "scope": "session"}"#,
        r#""10/minute""#,
        r#""10 calls per minute""#,
        r#"[{"max": 10, "window": 60}]"#,
    ] {
        for key in ["rate_limit", "rateLimit", "rate-limit", "limit"] {
            let text = tool(&format!(r#"{{"{key}": {rate}, "require": []}}"#));
            let finding = only(&text);
            assert_eq!(
                finding.message,
                format!(r#"The format has no "{key}": limits are listed under "limits""#)
            );
            assert_eq!(finding.pointer, format!("/tools/run_workflow/{key}"));
            assert_eq!(spelling(&text, &finding), format!("\"{key}\""));
            assert_eq!(finding.help, Some(format!("write {good}")));
            fixes(&text, &tool(&format!(r#"{{{good}, "require": []}}"#)));
        }
    }
    for (seconds, window) in [("3600", "hour"), ("86400", "day")] {
        let text = tool(&format!(
            r#"{{"rate_limit": {{"max": 7, "window": {seconds}, "reason": "slow down"}}}}"#
        ));
        fixes(
            &text,
            &tool(&format!(
                r#"{{"limits": [{{"counter": "run_workflow_rate", "window": "{window}", "max": 7, "scope": "grant", "on_deny": "slow down"}}]}}"#
            )),
        );
    }
}

#[test]
fn a_rate_that_the_format_cannot_say_is_explained_without_a_repair() {
    let finding = only(&tool(r#"{"rate_limit": {"max": 7, "window": 30}}"#));
    assert_eq!(finding.fix, None);
    assert_eq!(
        finding.help.as_deref(),
        Some(
            r#"there is no window of 30 seconds, only "minute", "hour" and "day"; for example "limits": [{"counter": "run_workflow_rate", "window": "minute", "max": 7, "scope": "grant"}]"#
        )
    );
    for unclear in [
        "true",
        "10",
        "\"often\"",
        r#"{"max": 0, "window": 60}"#,
        r#"{"max": 5, "window": 60, "burst": 3}"#,
        r#""0/minute""#,
        "[]",
    ] {
        let finding = only(&tool(&format!(r#"{{"rate_limit": {unclear}}}"#)));
        assert_eq!(finding.fix, None, "{unclear}");
        assert!(
            finding
                .help
                .unwrap()
                .starts_with("for example \"limits\": [{")
        );
    }
}

#[test]
fn a_rate_limit_joins_the_limits_that_are_there() {
    fixes(
        &tool(
            r#"{"limits": [{"counter": "run_workflow_rate", "window": "day", "max": 1, "scope": "grant"}], "rate_limit": "10/hour"}"#,
        ),
        &tool(
            r#"{"limits": [{"counter": "run_workflow_rate", "window": "day", "max": 1, "scope": "grant"}, {"counter": "run_workflow_rate_2", "window": "hour", "max": 10, "scope": "grant"}]}"#,
        ),
    );
    fixes(
        &tool(r#"{"rate_limit": "10/hour", "limits": []}"#),
        &tool(
            r#"{"limits": [{"counter": "run_workflow_rate", "window": "hour", "max": 10, "scope": "grant"}]}"#,
        ),
    );
}

#[test]
fn a_rate_limit_is_understood_wherever_it_is_written() {
    fixes(
        r#"{"version": "1", "default": "deny", "rate_limit": {"max": 10, "window": 60}}"#,
        r#"{"version": "1", "default": "deny", "all_tools": {"limits": [{"counter": "calls", "window": "minute", "max": 10, "scope": "grant"}]}}"#,
    );
    fixes(
        r#"{"version": "1", "default": "deny", "limits": [{"counter": "x", "window": "minute", "max": 10, "scope": "grant"}]}"#,
        r#"{"version": "1", "default": "deny", "all_tools": {"limits": [{"counter": "x", "window": "minute", "max": 10, "scope": "grant"}]}}"#,
    );
    fixes(
        r#"{"version": "1", "default": "deny", "all_tools": {"rate_limit": "5/day"}}"#,
        r#"{"version": "1", "default": "deny", "all_tools": {"limits": [{"counter": "calls", "window": "day", "max": 5, "scope": "grant"}]}}"#,
    );
    let in_rule = only(&tool(
        r#"{"require": [{"conditions": [], "rate_limit": "5/day"}]}"#,
    ));
    assert_eq!(
        in_rule.help.as_deref(),
        Some(
            r#"limits stand beside "require" and "deny_if" in the rules of the tool: "limits": [{"counter": "run_workflow_rate", "window": "day", "max": 5, "scope": "grant"}]"#
        )
    );
    fixes(
        &limit(r#""rate_limit": {"max": 10, "window": 60}"#),
        &limit(
            r#""counter": "run_workflow_rate", "window": "minute", "max": 10, "scope": "grant""#,
        ),
    );
    fixes(
        &limit(r#""counter": "a", "limit": 10, "window": "day", "scope": "grant""#),
        &limit(r#""counter": "a", "max": 10, "window": "day", "scope": "grant""#),
    );
    fixes(
        &tool(r#"{"limits": ["10/minute"]}"#),
        &limit(
            r#""counter": "run_workflow_rate", "window": "minute", "max": 10, "scope": "grant""#,
        ),
    );
    fixes(
        &limit(r#""counter": "a", "window": 3600, "max": 1, "scope": "grant""#),
        &limit(r#""counter": "a", "window": "hour", "max": 1, "scope": "grant""#),
    );
}

#[test]
fn a_repair_loses_nothing_and_opens_nothing() {
    for text in [
        limit(
            r#""counter": "a", "window": "day", "max": 100, "scope": "grant", "rate_limit": "10/minute""#,
        ),
        limit(
            r#""counter": "a", "window": "day", "scope": "grant", "max": 5, "rate_limit": {"max": 10, "window": 30}"#,
        ),
        tool(
            r#"{"action": "deny", "deny_if": [{"conditions": [{"path": "args.a", "op": "eq", "value": 1}]}]}"#,
        ),
        tool(r#"{"action": "deny", "require": []}"#),
        tool(r#"{"deny_if": [{"conditions": [], "action": "allow"}]}"#),
        r#"{"version": "1", "default": "allow", "action": "deny"}"#.to_owned(),
    ] {
        assert_eq!(only(&text).fix, None, "in {text}");
    }
}

#[test]
fn an_action_becomes_what_it_says() {
    fixes(
        &tool(r#"{"action": "deny"}"#),
        &tool(r#"{"deny_if": [{"conditions": []}]}"#),
    );
    fixes(&tool(r#"{"action": "allow"}"#), &tool("{}"));
    fixes(
        r#"{"version": "1", "action": "allow"}"#,
        r#"{"version": "1", "default": "allow"}"#,
    );
    fixes(
        r#"{"version": "1", "default": "deny", "action": "deny"}"#,
        r#"{"version": "1", "default": "deny"}"#,
    );
    fixes(
        &tool(r#"{"deny_if": [{"action": "deny", "conditions": []}]}"#),
        &tool(r#"{"deny_if": [{"conditions": []}]}"#),
    );
    let approve = only(&tool(r#"{"action": "require_approval"}"#));
    assert_eq!(
        approve.message,
        r#"The format has no "action": "require_approval" is not possible, a call passes or is refused"#
    );
    assert_eq!(approve.fix, None);
    assert!(
        approve
            .help
            .unwrap()
            .ends_with(r#""deny_if": [{"conditions": [], "on_deny": "Ask a person to do this"}]"#)
    );
    let turned = only(&tool(
        r#"{"require": [{"conditions": [], "action": "deny"}]}"#,
    ));
    assert_eq!(turned.fix, None);
    assert!(turned.help.unwrap().ends_with(r#"move it to "deny_if""#));
}

#[test]
fn an_action_takes_the_reason_beside_it_along() {
    for text in [
        tool(r#"{"action": "deny", "reason": "Not here"}"#),
        tool(r#"{"reason": "Not here", "action": "deny"}"#),
    ] {
        let found = findings(&text);
        assert_eq!(found.len(), 2);
        let action = found
            .iter()
            .find(|f| f.pointer.ends_with("action"))
            .unwrap();
        let fixed = applied(&text, action).unwrap();
        assert_eq!(findings(&fixed), [], "{fixed}");
        assert!(fixed.contains(r#""deny_if": [{"conditions": [], "on_deny": "Not here"}]"#));
        assert!(!fixed.contains("reason"));
    }
}

#[test]
fn a_reason_is_on_deny() {
    let text = tool(r#"{"deny_if": [{"conditions": [], "reason": "Not \"here\""}]}"#);
    finds(
        &text,
        &[(
            r#"The format has no "reason": what the agent reads is "on_deny""#,
            "/tools/run_workflow/deny_if/0/reason",
            "\"reason\"",
        )],
    );
    assert_eq!(help(&text), r#"write "on_deny": "Not \"here\"""#);
    fixes(
        &text,
        &tool(r#"{"deny_if": [{"conditions": [], "on_deny": "Not \"here\""}]}"#),
    );
    for text in [
        r#"{"version": "1", "default": "deny", "reason": "x"}"#.to_owned(),
        tool(r#"{"reason": "x"}"#),
        tool(r#"{"deny_if": [{"conditions": [], "on_deny": "y", "reason": "x"}]}"#),
        tool(r#"{"deny_if": [{"conditions": [], "reason": ""}]}"#),
    ] {
        assert_eq!(only(&text).fix, None);
    }
}

#[test]
fn rules_are_require_and_deny_if() {
    fixes(
        &tool(
            r#"{"rules": [{"action": "deny", "reason": "big", "conditions": [{"path": "args.a", "op": "gt", "value": 100}]}]}"#,
        ),
        &tool(
            r#"{"deny_if": [{"conditions": [{"path": "args.a", "op": "gt", "value": 100}], "on_deny": "big"}]}"#,
        ),
    );
    let unclear = only(&tool(r#"{"rules": [{"conditions": []}]}"#));
    assert_eq!(
        unclear.message,
        r#"The format has no "rules": the rules of a tool are "require" and "deny_if""#
    );
    assert_eq!(unclear.fix, None);
    let above = only(r#"{"version": "1", "default": "deny", "rules": []}"#);
    assert!(
        above
            .help
            .unwrap()
            .contains(r#""tools": {"create_refund": {"deny_if": ["#)
    );
}

/// What follows the last `: ` or word of a help is format.
#[test]
fn snippets_in_helps_are_valid_policy() {
    for (text, lead) in [
        (tool(r#"{"rate_limit": true}"#), "for example "),
        (
            tool(r#"{"rate_limit": {"max": 3, "window": 5}}"#),
            "for example ",
        ),
        (tool(r#"{"rate_limit": "10/minute"}"#), "write "),
        (tool(r#"{"action": "deny"}"#), "write "),
        (tool(r#"{"action": "rate_limit"}"#), "for example "),
        (tool(r#"{"action": "approve"}"#), "say why: "),
        (tool(r#"{"rules": 1}"#), "in \"deny_if\": "),
    ] {
        let help = help(&text);
        let (_, snippet) = help.split_once(lead).unwrap();
        let policy = tool(&format!("{{{snippet}}}"));
        assert_eq!(findings(&policy), [], "in {policy}");
    }
}
