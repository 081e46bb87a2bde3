//! Wrong values: types, words, texts, numbers, repetitions.

use super::*;

#[test]
fn a_policy_is_an_object() {
    finds("[]", &[("Expected an object, found an array", "", "[]")]);
    finds("null", &[("Expected an object, found null", "", "null")]);
}

#[test]
fn wrong_types_are_reported_at_the_value_and_only_once() {
    let policy = |members: &str| format!(r#"{{"version": "1", "default": "deny", {members}}}"#);
    let rule = |members: &str| tool(&format!(r#"{{"deny_if": [{{{members}}}]}}"#));
    let whole_limit = |name: &str, value: &str| {
        let members = [
            ("counter", r#""a""#),
            ("window", r#""day""#),
            ("max", "1"),
            ("scope", r#""grant""#),
            ("increment_from", r#""args.a""#),
            ("on_deny", r#""x""#),
        ]
        .map(|(key, good)| format!(r#""{key}": {}"#, if key == name { value } else { good }));
        limit(&members.join(", "))
    };
    let cases = [
        (
            r#"{"version": 1, "default": "deny"}"#.to_owned(),
            "/version",
            "1",
            "a string",
            "a number",
        ),
        (
            r#"{"version": "1", "default": false}"#.to_owned(),
            "/default",
            "false",
            "a string",
            "a boolean",
        ),
        (
            policy(r#""hide": "x""#),
            "/hide",
            "\"x\"",
            "an array",
            "a string",
        ),
        (
            policy(r#""hide": [1]"#),
            "/hide/0",
            "1",
            "a string",
            "a number",
        ),
        (
            policy(r#""all_tools": []"#),
            "/all_tools",
            "[]",
            "an object",
            "an array",
        ),
        (
            policy(r#""all_tools": {"limits": {}}"#),
            "/all_tools/limits",
            "{}",
            "an array",
            "an object",
        ),
        (
            policy(r#""all_tools": {"limits": [1]}"#),
            "/all_tools/limits/0",
            "1",
            "an object",
            "a number",
        ),
        (
            policy(r#""tools": ["x"]"#),
            "/tools",
            "[\"x\"]",
            "an object",
            "an array",
        ),
        (
            policy(r#""tools": {"a/b": null}"#),
            "/tools/a~1b",
            "null",
            "an object",
            "null",
        ),
        (
            tool(r#"{"require": {}}"#),
            "/tools/run_workflow/require",
            "{}",
            "an array",
            "an object",
        ),
        (
            tool(r#"{"deny_if": true}"#),
            "/tools/run_workflow/deny_if",
            "true",
            "an array",
            "a boolean",
        ),
        (
            tool(r#"{"limits": 10}"#),
            "/tools/run_workflow/limits",
            "10",
            "an array",
            "a number",
        ),
        (
            tool(r#"{"deny_if": ["x"]}"#),
            "/tools/run_workflow/deny_if/0",
            "\"x\"",
            "an object",
            "a string",
        ),
        (
            rule(r#""conditions": "x""#),
            "/tools/run_workflow/deny_if/0/conditions",
            "\"x\"",
            "an array",
            "a string",
        ),
        (
            rule(r#""conditions": [[]]"#),
            CONDITION,
            "[]",
            "an object",
            "an array",
        ),
        (
            rule(r#""conditions": [], "on_deny": 5"#),
            "/tools/run_workflow/deny_if/0/on_deny",
            "5",
            "a string",
            "a number",
        ),
        (
            condition(r#""path": 1, "op": "eq", "value": 1"#),
            "/tools/run_workflow/deny_if/0/conditions/0/path",
            "1",
            "a string",
            "a number",
        ),
        (
            condition(r#""path": "args.a", "op": ["eq"], "value": 1"#),
            "/tools/run_workflow/deny_if/0/conditions/0/op",
            "[\"eq\"]",
            "a string",
            "an array",
        ),
        (
            whole_limit("counter", "1"),
            "/tools/run_workflow/limits/0/counter",
            "1",
            "a string",
            "a number",
        ),
        (
            whole_limit("window", "60"),
            "/tools/run_workflow/limits/0/window",
            "60",
            "a string",
            "a number",
        ),
        (
            whole_limit("max", r#""10""#),
            "/tools/run_workflow/limits/0/max",
            "\"10\"",
            "a whole number",
            "a string",
        ),
        (
            whole_limit("max", "1.5"),
            "/tools/run_workflow/limits/0/max",
            "1.5",
            "a whole number",
            "1.5",
        ),
        (
            whole_limit("scope", "null"),
            "/tools/run_workflow/limits/0/scope",
            "null",
            "a string",
            "null",
        ),
        (
            whole_limit("increment_from", "1"),
            "/tools/run_workflow/limits/0/increment_from",
            "1",
            "a string",
            "a number",
        ),
        (
            whole_limit("on_deny", "{}"),
            "/tools/run_workflow/limits/0/on_deny",
            "{}",
            "a string",
            "an object",
        ),
    ];
    for (text, pointer, spelling, wanted, found) in cases {
        let message = format!("Expected {wanted}, found {found}");
        finds(&text, &[(&message, pointer, spelling)]);
        assert!(only(&text).help.is_some(), "no help: {text}");
    }
}

#[test]
fn operands_follow_their_operator() {
    let operand = |op: &str, value: &str| {
        condition(&format!(
            r#""path": "args.a", "op": "{op}", "value": {value}"#
        ))
    };
    let pointer = format!("{CONDITION}/value");
    for (op, value, wanted, found) in [
        ("exists", "\"true\"", "a boolean", "a string"),
        ("exists", "1", "a boolean", "a number"),
        ("in", "\"main\"", "an array", "a string"),
        ("not_in", "{}", "an array", "an object"),
        ("lt", "\"5\"", "a number", "a string"),
        ("lte", "null", "a number", "null"),
        ("gt", "[1]", "a number", "an array"),
        ("gte", "true", "a number", "a boolean"),
        ("regex", "5", "a string", "a number"),
    ] {
        let text = operand(op, value);
        let message = format!("Expected {wanted}, found {found}");
        finds(&text, &[(&message, &pointer, value)]);
    }
    for op in ["eq", "neq", "contains"] {
        for value in ["1", "null", "[]", "{\"a\": 1}", "\"x\"", "false"] {
            assert_eq!(findings(&operand(op, value)), []);
        }
    }
    fixes(&operand("gt", "\"100\""), &operand("gt", "100"));
    fixes(&operand("exists", "\"false\""), &operand("exists", "false"));
    fixes(&operand("in", "\"main\""), &operand("in", "[\"main\"]"));
    assert_eq!(
        help(&operand("in", "\"main\"")),
        r#""in" compares with a list: "value": ["main"]"#
    );
}

#[test]
fn a_wrong_operator_says_nothing_about_its_operand() {
    let text = condition(r#""path": "args.a", "op": "gtt", "value": []"#);
    finds(
        &text,
        &[(
            r#""gtt" is not an operator"#,
            "/tools/run_workflow/deny_if/0/conditions/0/op",
            "\"gtt\"",
        )],
    );
    assert!(help(&text).starts_with(r#"did you mean "gt"? the operators are "exists", "#));
    let op = |op: &str| {
        help(&condition(&format!(
            r#""path": "args.a", "op": "{op}", "value": 1"#
        )))
    };
    assert!(op(">=").starts_with(r#"did you mean "gte"?"#));
    assert!(op("==").starts_with(r#"did you mean "eq"?"#));
    assert!(op("notIn").starts_with(r#"did you mean "not_in"?"#));
    assert!(op("matches").starts_with(r#"did you mean "regex"?"#));
    assert!(op("frobnicate").starts_with("the operators are "));
}

#[test]
fn wrong_words_name_the_right_ones() {
    let window = |window: &str| {
        limit(&format!(
            r#""counter": "a", "window": "{window}", "max": 1, "scope": "grant""#
        ))
    };
    let text = window("minut");
    finds(
        &text,
        &[(
            r#""minut" is not a window"#,
            "/tools/run_workflow/limits/0/window",
            "\"minut\"",
        )],
    );
    assert_eq!(
        help(&text),
        r#"did you mean "minute"? the windows are "minute", "hour" and "day""#
    );
    assert_eq!(
        help(&window("second")),
        r#"the windows are "minute", "hour" and "day""#
    );
    assert!(help(&window("24h")).starts_with(r#"did you mean "day"?"#));
    let text = r#"{"version": "2", "default": "Deny"}"#;
    finds(
        text,
        &[
            (r#""2" is not a version"#, "/version", "\"2\""),
            (r#""Deny" is not a default"#, "/default", "\"Deny\""),
        ],
    );
    let found = findings(text);
    assert_eq!(found[0].help.as_deref(), Some(r#"the only version is "1""#));
    assert_eq!(
        found[1].help.as_deref(),
        Some(r#"did you mean "deny"? the defaults are "allow" and "deny""#)
    );
    assert_eq!(
        help(r#"{"version": "1", "default": "require_approval"}"#),
        r#"nothing in the format asks for approval; the defaults are "allow" and "deny""#
    );
}

#[test]
fn the_scope_is_grant_whatever_help_pages_say_of_sessions() {
    let scope = |scope: &str| {
        limit(&format!(
            r#""counter": "a", "window": "day", "max": 1, "scope": "{scope}""#
        ))
    };
    let text = scope("session");
    finds(
        &text,
        &[(
            r#""session" is not a scope"#,
            "/tools/run_workflow/limits/0/scope",
            "\"session\"",
        )],
    );
    assert!(help(&text).starts_with(r#"the only scope is "grant": write "scope": "grant""#));
    fixes(&text, &scope("grant"));
}

#[test]
fn max_is_from_1_to_2_to_the_53_less_1() {
    let max = |max: &str| {
        limit(&format!(
            r#""counter": "a", "window": "day", "max": {max}, "scope": "grant""#
        ))
    };
    let pointer = "/tools/run_workflow/limits/0/max";
    finds(
        &max("0"),
        &[(r#"0 is below 1, the smallest "max""#, pointer, "0")],
    );
    finds(
        &max("-5"),
        &[(r#"-5 is below 1, the smallest "max""#, pointer, "-5")],
    );
    assert_eq!(
        help(&max("0")),
        r#"to block the tool outright, write "deny_if": [{"conditions": []}] in its rules, or hide it: "hide": ["run_workflow"]"#
    );
    finds(
        &max("9007199254740992"),
        &[(
            r#"9007199254740992 is above 9007199254740991, the largest "max""#,
            pointer,
            "9007199254740992",
        )],
    );
    assert_eq!(only(&max("1e300")).pointer, pointer);
    for good in ["1", "9007199254740991", "10.0", "1e1"] {
        // Digits only is lowering's to ask for: a schema cannot see spellings.
        assert_eq!(findings(&max(good)), []);
    }
    fixes(&max("\"10\""), &max("10"));
    assert_eq!(
        help(
            r#"{"version": "1", "default": "deny", "all_tools": {"limits": [{"counter": "a", "window": "day", "max": 0, "scope": "grant"}]}}"#
        ),
        r#"to block every tool outright, write "hide": ["*"]"#
    );
}

#[test]
fn blank_texts_are_no_texts() {
    for blank in [
        "", " ", "\\t\\n", "\\u00a0", "\\u3000", "\\ufeff", "\\u0085",
    ] {
        finds(
            &format!(r#"{{"version": "1", "default": "deny", "hide": ["{blank}"]}}"#),
            &[(
                r#"A tool name in "hide" is blank"#,
                "/hide/0",
                &format!("\"{blank}\""),
            )],
        );
        assert_eq!(
            only(&limit(&format!(
                r#""counter": "{blank}", "window": "day", "max": 1, "scope": "grant""#
            )))
            .message,
            r#""counter" is blank"#
        );
        assert_eq!(
            only(&tool(&format!(
                r#"{{"deny_if": [{{"conditions": [], "on_deny": "{blank}"}}]}}"#
            )))
            .message,
            r#""on_deny" is blank"#
        );
    }
    finds(
        r#"{"version": "1", "default": "deny", "tools": {"": {"limits": 1}, "  ": {}, "a": {}}}"#,
        &[
            ("A tool name is blank", "/tools/", "\"\""),
            ("Expected an array, found a number", "/tools//limits", "1"),
            ("A tool name is blank", "/tools/  ", "\"  \""),
        ],
    );
}

#[test]
fn paths_begin_with_args_and_have_no_empty_segment() {
    let path = |path: &str| condition(&format!(r#""path": "{path}", "op": "eq", "value": 1"#));
    for (bad, message, better) in [
        (
            "amount",
            "\"amount\" is not a path into the arguments",
            "args.amount",
        ),
        ("", "\"\" is not a path into the arguments", "args.amount"),
        (
            "args",
            "\"args\" is not a path into the arguments",
            "args.amount",
        ),
        (
            "args.",
            "\"args.\" is not a path into the arguments",
            "args.amount",
        ),
        (
            "arguments.a.b",
            "\"arguments.a.b\" is not a path into the arguments",
            "args.a.b",
        ),
        ("$.a", "\"$.a\" is not a path into the arguments", "args.a"),
        (
            "args..a",
            "The path \"args..a\" has an empty segment",
            "args.a",
        ),
        (
            "args.a.",
            "The path \"args.a.\" has an empty segment",
            "args.a",
        ),
        (
            "ARGS.a",
            "\"ARGS.a\" is not a path into the arguments",
            "args.ARGS.a",
        ),
    ] {
        let text = path(bad);
        finds(
            &text,
            &[(message, &format!("{CONDITION}/path"), &format!("\"{bad}\""))],
        );
        assert!(
            help(&text).ends_with(&format!(": \"{better}\"")),
            "{}",
            help(&text)
        );
        assert_eq!(findings(&path(better)), []);
    }
    assert_eq!(
        only(&limit(
            r#""counter": "a", "window": "day", "max": 1, "scope": "grant", "increment_from": "amount""#
        ))
        .pointer,
        "/tools/run_workflow/limits/0/increment_from"
    );
    assert_eq!(findings(&path("args. .x\\ny")), []);
}

#[test]
fn a_tool_hidden_twice_is_found_at_the_second_place() {
    let text = r#"{"version": "1", "default": "deny", "hide": ["a", "b", "\u0061", "a", "", ""]}"#;
    finds(
        text,
        &[
            (r#""a" is already in "hide""#, "/hide/2", r#""\u0061""#),
            (r#""a" is already in "hide""#, "/hide/3", r#""a""#),
            (r#"A tool name in "hide" is blank"#, "/hide/4", r#""""#),
            (r#"A tool name in "hide" is blank"#, "/hide/5", r#""""#),
        ],
    );
    let related = &findings(text)[1].related[0];
    assert_eq!(related.message, "first here");
    assert_eq!(related.location.span.start, text.find(r#""a""#).unwrap());
}

#[test]
fn an_object_that_stands_for_a_list_is_put_in_brackets() {
    fixes(
        &tool(r#"{"deny_if": {"conditions": []}}"#),
        &tool(r#"{"deny_if": [{"conditions": []}]}"#),
    );
    fixes(
        r#"{"version": "1", "default": "deny", "hide": "x"}"#,
        r#"{"version": "1", "default": "deny", "hide": ["x"]}"#,
    );
    fixes(
        r#"{"version": 1, "default": "deny"}"#,
        r#"{"version": "1", "default": "deny"}"#,
    );
}
