//! Wildcards that are hoped for, and names that match nothing.

use super::*;

fn one(kind: &str, path: &str, op: &str, value: &str, schema: &str) -> Linted {
    let server = if schema.is_empty() {
        String::new()
    } else {
        format!(
            "\ntools.json:\n[{{\"name\":\"get_it\",\"inputSchema\":{{\"properties\":{{{schema}}}}}}}]"
        )
    };
    lint_default(&format!(
        r#"{{"version":"1","default":"deny","tools":{{"get_job":{{}},"get_it":{{"{kind}":[{{"conditions":[{{"path":"args.{path}","op":"{op}","value":{value}}}]}}]}}}}}}{server}"#
    ))
}

fn hopes(linted: &Linted) -> usize {
    let rules = linted.rules();
    rules
        .iter()
        .filter(|rule| **rule == "wildcard-in-operand")
        .count()
}

#[test]
fn a_wildcard_that_is_hoped_for_is_found_with_a_call_and_a_pattern_that_works() {
    for (kind, path, op, value, help) in [
        (
            "require",
            "path",
            "eq",
            r#""docs/*""#,
            r#""^docs/[A-Za-z0-9_-][A-Za-z0-9._-]*$""#,
        ),
        (
            "require",
            "path",
            "in",
            r#"["a","docs/**/*.md"]"#,
            r#"\\.md$""#,
        ),
        (
            "require",
            "path",
            "in",
            r#"["file?.txt"]"#,
            r#""^file[A-Za-z0-9_-]\\.txt$""#,
        ),
        ("require", "path", "in", r#"["*"]"#, "\"exists\""),
        ("require", "name", "eq", r#""*""#, "\"exists\""),
        ("require", "name", "contains", r#""agent-*""#, "^agent"),
        (
            "require",
            "host",
            "eq",
            r#""*.example.com""#,
            r#""^[A-Za-z0-9-]+\\.example\\.com$""#,
        ),
        ("require", "path", "neq", r#""/etc/*""#, "\"deny_if\""),
        ("require", "path", "not_in", r#"["*.exe"]"#, "\"deny_if\""),
        ("deny_if", "path", "eq", r#""/etc/*""#, r#""(?s)^/etc/.*$""#),
        (
            "deny_if",
            "path",
            "in",
            r#"["/etc/*","/usr/*"]"#,
            r#""(?s)^/etc/.*$""#,
        ),
        (
            "deny_if",
            "path",
            "contains",
            r#""/.ssh/*""#,
            r#""(?s)/\\.ssh/.*""#,
        ),
        ("require", "path", "regex", r#""^/data/*$""#, "^/data/[A-Za"),
        ("require", "path", "regex", r#""^docs/*.md$""#, r"\\.md$"),
        (
            "deny_if",
            "url",
            "regex",
            r#""^https://internal/*$""#,
            "(?s)^https://internal/.*$",
        ),
    ] {
        let linted = one(kind, path, op, value, "");
        let finding = linted.only("wildcard-in-operand");
        let given = finding.help.as_deref().unwrap();
        assert!(given.contains(help), "{kind} {op} {value}: {given}");
        let passes = kind == "deny_if" || matches!(op, "neq" | "not_in");
        assert_eq!(linted.decisions(finding), [passes], "{kind} {op} {value}");
    }
}

#[test]
fn a_star_that_is_meant_as_one_is_fine() {
    for (kind, path, op, value) in [
        ("deny_if", "namespace", "eq", r#""*""#),
        ("deny_if", "path", "contains", r#""*""#),
        ("deny_if", "sql", "contains", r#""SELECT *""#),
        ("deny_if", "command", "contains", r#""rm -rf *""#),
        ("require", "schedule", "eq", r#""0 * * * *""#),
        ("require", "url", "in", r#"["https://example.com/?q=1"]"#),
        ("require", "title", "eq", r#""Are you sure?""#),
        ("require", "path", "regex", r#""^docs/[a-z]*$""#),
        ("require", "name", "regex", r#""^a.*$""#),
        ("require", "url", "regex", r#""^https?://example\\.com/$""#),
        ("require", "n", "regex", r#""^ *[0-9]+ *$""#),
        ("deny_if", "path", "regex", r#""/etc/*""#),
    ] {
        let linted = one(kind, path, op, value, "");
        assert_eq!(hopes(&linted), 0, "{kind} {op} {value}");
    }
    let listed = r#""kind":{"enum":["image/*","text/*"]}"#;
    assert_eq!(
        hopes(&one("require", "kind", "eq", r#""image/*""#, listed)),
        0
    );
    let text = r#""kind":{"type":"string"}"#;
    assert_eq!(
        hopes(&one("require", "kind", "eq", r#""image/*""#, text)),
        1
    );
}

#[test]
fn a_name_that_no_server_has_is_one_finding() {
    let of = |policy: &str| {
        let linted = lint_default(policy);
        linted.rules()
    };
    let with = |tools: &str, rest: &str| {
        format!(r#"{{"version":"1","default":"deny","tools":{{{tools}}}{rest}}}"#)
    };
    let job = r#""get_job":{}"#;
    for name in [
        "mcp__github__get_issue",
        "get_issue ",
        " get_issue",
        "get_issue\t",
        "mcp__a__b__c",
    ] {
        let name = mcppolicy_engine::value::Value::from(name).to_string();
        let policy = with(&format!("{job},{name}:{{}}"), "");
        assert!(of(&policy).contains(&"mismatched-tool-name"), "{name}");
        // The server knows it by another name: still one finding.
        let server = "tools.json:\n[{\"name\":\"get_job\"},{\"name\":\"get_issue\"}]";
        let found = of(&format!("{policy}\n{server}"));
        assert!(!found.contains(&"unknown-tool"), "{name} {found:?}");
        // The server has exactly that name.
        let server = format!("tools.json:\n[{{\"name\":\"get_job\"}},{{\"name\":{name}}}]");
        let found = of(&format!("{policy}\n{server}"));
        assert!(!found.contains(&"mismatched-tool-name"), "{name} {found:?}");
    }
    for (one, other) in [
        ("getIssue", "getissue"),
        ("caf\u{e9}", "cafe\u{301}"),
        ("A", "a"),
    ] {
        let policy = with(&format!(r#"{one:?}:{{}},"{other}":{{}}"#), "");
        assert!(of(&policy).contains(&"mismatched-tool-name"), "{one}");
        let policy = with(
            &format!(r#"{one:?}:{{}}"#),
            &format!(r#","hide":["{other}"]"#),
        );
        assert!(of(&policy).contains(&"mismatched-tool-name"), "{one}");
        let server = format!("tools.json:\n[{{\"name\":{one:?}}},{{\"name\":\"{other}\"}}]");
        let found = of(&format!("{policy}\n{server}"));
        assert!(!found.contains(&"mismatched-tool-name"), "{one} {found:?}");
    }
    for name in ["mcp__x", "mcp____y", "mcp_a_b", "getissues"] {
        let policy = with(&format!("{job},\"getissue\":{{}},\"{name}\":{{}}"), "");
        assert!(!of(&policy).contains(&"mismatched-tool-name"), "{name}");
    }
}
