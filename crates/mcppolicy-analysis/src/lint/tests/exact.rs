//! Rules that decide exactly: one defect is one finding, and what is meant so
//! is none.

use super::*;

/// A policy of the tool `get_it` beside another one, under `default: "deny"`.
fn beside_another(rules: &str) -> String {
    format!(r#"{{"version":"1","default":"deny","tools":{{"get_job":{{}},"get_it":{rules}}}}}"#)
}

#[track_caller]
fn found(rules: &str) -> Vec<&'static str> {
    lint_default(&beside_another(rules)).rules()
}

fn require(conditions: &str) -> String {
    format!(r#"{{"require":[{{"conditions":[{conditions}]}}]}}"#)
}

fn on(path: &str, op: &str, value: &str) -> String {
    format!(r#"{{"path":"args.{path}","op":"{op}","value":{value}}}"#)
}

fn matches(path: &str, pattern: &str) -> String {
    require(&on(
        path,
        "regex",
        &mcppolicy_engine::value::Value::from(pattern).to_string(),
    ))
}

#[test]
fn a_contradiction_is_one_finding_and_names_the_fewest_conditions() {
    let conditions = [
        on("b", "exists", "true"),
        on("a", "eq", "1"),
        on("c", "gt", "5"),
        on("a", "eq", "2"),
    ];
    let linted = lint_default(&beside_another(&require(&conditions.join(","))));
    assert_eq!(linted.rules(), ["contradictory-conditions"]);
    let finding = &linted.findings[0];
    assert_eq!(finding.pointer, "/tools/get_it/require/0/conditions/3");
    assert_eq!(finding.related.len(), 1);
    assert_eq!(linted.decisions(finding), [false]);
}

#[test]
fn an_operand_that_nothing_meets_is_one_finding() {
    for rules in [
        require(&on("a", "in", "[]")),
        matches("a", "a^"),
        require(&on("a", "gt", "1.7976931348623157e308")),
        format!(
            r#"{{"deny_if":[{{"conditions":[{}]}}]}}"#,
            on("a", "regex", r#""$b""#)
        ),
    ] {
        assert_eq!(found(&rules), ["useless-operand"], "{rules}");
    }
}

#[test]
fn rules_that_exclude_each_other_are_named_together() {
    let rules = format!(
        r#"{{"require":[{{"conditions":[{}]}},{{"conditions":[{}]}}],"deny_if":[{{"conditions":[{}]}}]}}"#,
        on("b", "exists", "true"),
        on("a", "in", "[1,2]"),
        on("a", "lt", "10"),
    );
    // A string that spells a number passes: it is no number.
    assert_eq!(found(&rules), ["fail-open-deny"]);
    let rules = rules.replace(r#""op":"lt","value":10"#, r#""op":"in","value":[1,2,3]"#);
    let linted = lint_default(&beside_another(&rules));
    assert_eq!(linted.rules(), ["never-allowed-tool"]);
    let finding = &linted.findings[0];
    assert_eq!(linted.spelt(finding), "\"get_it\"");
    let places: Vec<&str> = finding
        .related
        .iter()
        .map(|related| &linted.text[related.location.span.start..related.location.span.end])
        .collect();
    assert_eq!(places.len(), 2);
    assert!(places[0].contains("[1,2]") && places[1].contains("[1,2,3]"));
}

#[test]
fn a_policy_of_a_dead_tool_alone_says_that_nothing_is_callable() {
    let dead = require(&[on("a", "eq", "1"), on("a", "eq", "2")].join(","));
    let linted = lint_default(&format!(
        r#"{{"version":"1","default":"deny","tools":{{"get_it":{dead}}}}}"#
    ));
    assert_eq!(
        linted.rules(),
        ["nothing-callable", "contradictory-conditions"]
    );
}

#[test]
fn duplicates_are_one_finding() {
    let twice = [on("a", "eq", "1"), on("a", "eq", "1")].join(",");
    let linted = lint_default(&beside_another(&require(&twice)));
    assert_eq!(linted.rules(), ["redundant-condition"]);
    assert_eq!(
        linted.findings[0].pointer,
        "/tools/get_it/require/0/conditions/1"
    );
    let rule = format!(r#"{{"conditions":[{}]}}"#, on("a", "eq", "1"));
    let linted = lint_default(&beside_another(&format!(
        r#"{{"require":[{rule},{rule}]}}"#
    )));
    assert_eq!(linted.rules(), ["unreachable-rule"]);
    assert_eq!(linted.findings[0].pointer, "/tools/get_it/require/1");
}

#[test]
fn a_tool_that_is_switched_off_is_left_alone() {
    let rules = format!(
        r#"{{"require":[{{"conditions":[{},{}]}}],"deny_if":[{{"conditions":[]}}]}}"#,
        on("a", "eq", "1"),
        on("a", "eq", "2")
    );
    assert_eq!(found(&rules), [""; 0]);
}

#[test]
fn common_ways_to_say_a_thing_twice_are_fine() {
    for rules in [
        require(&[on("a", "exists", "true"), on("a", "regex", r#""^x$""#)].join(",")),
        require(&[on("o", "exists", "true"), on("o.a", "eq", "1")].join(",")),
        require(&[on("a", "neq", "null"), on("a", "not_in", r#"["x"]"#)].join(",")),
    ] {
        assert_eq!(found(&rules), [""; 0], "{rules}");
    }
}

#[test]
fn an_open_end_is_one_finding_whatever_gets_in() {
    assert_eq!(
        found(&matches("command", "^git (status|diff)")),
        ["unanchored-allowlist"]
    );
    assert_eq!(found(&matches("path", "docs")), ["unanchored-allowlist"]);
    assert_eq!(
        found(&matches("url", r"^https://example\.com")),
        ["allowlist-admits-foreign-host"]
    );
    assert_eq!(
        found(&matches("url", r"example\.com")),
        ["unanchored-allowlist"]
    );
}

#[test]
fn the_witness_of_a_foreign_host_goes_elsewhere() {
    for (pattern, url) in [
        (
            r"^https://api\.example\.com",
            "https://api.example.com.evil.example",
        ),
        (
            r"^https://api\.example\.com.*$",
            "https://api.example.com.evil.example",
        ),
        (
            r"^https://api.example.com/",
            "https://apiaexample.com/evil.example",
        ),
        (
            r"^https://[^/]+\.example\.com/",
            "https://evil.example#.example.com/",
        ),
        (
            r"^https://api\.example\.com(:[^/]*)?/",
            "https://api.example.com:@evil.example/",
        ),
    ] {
        let linted = lint_default(&beside_another(&matches("url", pattern)));
        let finding = linted.only("allowlist-admits-foreign-host");
        let shown = finding.witness[0].arguments.get("url").unwrap().to_string();
        assert_eq!(shown, format!("\"{url}\""), "{pattern}");
    }
}

#[test]
fn lists_that_an_experienced_user_writes_are_quiet() {
    for (path, pattern) in [
        ("url", r"^https://(www\.)?example\.com(/.*)?$"),
        ("url", r"^https://example\.com(:[0-9]+)?/[^?#]*$"),
        ("url", r"(?i)^https://docs\.example\.com(/|$)"),
        ("host", r"^([a-z0-9-]+\.)*example\.com$"),
        ("path", r"^src(/[a-z0-9_-]+)*\.rs$"),
        ("path", r"^/home/agent(/[a-z]+)+$"),
        ("file", r"^[a-z]+\.(md|txt)$"),
        ("command", r"^npm (test|run lint)$"),
        ("command", r"^cargo (test|check)( -p [a-z-]+)?$"),
        ("branch", r"^agent/[a-z0-9./-]+$"),
        ("args", r"^[a-z]+$"),
    ] {
        assert_eq!(found(&matches(path, pattern)), [""; 0], "{path} {pattern}");
    }
}

#[test]
fn a_nul_or_newline_in_a_path_is_pedantic() {
    let policy = beside_another(&matches("path", "^[^/.]+$"));
    assert_eq!(lint_default(&policy).rules(), [""; 0]);
    let mut settings = Settings::new();
    settings.pedantic = true;
    let linted = lint_text(&policy, &settings);
    let finding = linted.only("allowlist-admits-traversal");
    assert_eq!(finding.severity, Severity::Note);
    assert_eq!(linted.decisions(finding), [true]);
}

#[test]
fn other_spellings_of_what_is_refused_are_found() {
    let denies = |path: &str, pattern: &str| {
        let condition = on(
            path,
            "regex",
            &mcppolicy_engine::value::Value::from(pattern).to_string(),
        );
        let exists = on(path, "exists", "true");
        format!(
            r#"{{"require":[{{"conditions":[{exists}]}}],"deny_if":[{{"conditions":[{condition}]}}]}}"#
        )
    };
    for (path, pattern) in [
        ("sql", "DROP"),
        ("sql", "(?i)drop table"),
        ("command", r"\b(rm|curl)\b"),
        ("host", r"^internal\.example$"),
        ("path", "^/etc/shadow$"),
    ] {
        let linted = lint_default(&beside_another(&denies(path, pattern)));
        let finding = linted.only("denylist-only");
        assert!(linted.decisions(finding).iter().all(|allowed| *allowed));
    }
    for (path, pattern) in [
        ("sql", r"(?i)drop"),
        ("command", "[;&|]"),
        ("path", r"\.\."),
        ("title", "DROP"),
    ] {
        assert_eq!(found(&denies(path, pattern)), [""; 0], "{path} {pattern}");
    }
}

#[test]
fn a_hostile_tool_is_silent_and_not_slow() {
    let pattern = |at: usize| {
        on(
            "q",
            "regex",
            &format!(r#""(?:[^a]?[a-z]{{{at}}}x){{1,20}}[^b]{{30}}""#),
        )
    };
    let rules: Vec<String> = (5..30)
        .map(|at| {
            format!(
                r#"{{"conditions":[{},{}]}}"#,
                pattern(at),
                on(&format!("p{}", at % 8), "neq", "1")
            )
        })
        .collect();
    let linted = lint_default(&beside_another(&format!(
        r#"{{"deny_if":[{}]}}"#,
        rules.join(",")
    )));
    for finding in &linted.findings {
        assert_eq!(finding.rule.name(), "fail-open-deny");
    }
}

/// What a tool that deletes, with one condition on its path, is found to be.
fn of_deleting(kind: &str, op: &str, value: &str) -> Vec<&'static str> {
    let rules = format!(
        r#"{{"{kind}":[{{"conditions":[{}]}}]}}"#,
        on("path", op, value)
    );
    let policy = format!(r#"{{"version":"1","default":"deny","tools":{{"delete_file":{rules}}}}}"#);
    lint_default(&policy).rules()
}

#[test]
fn a_condition_that_every_text_meets_guards_nothing() {
    for (op, value) in [
        ("exists", "true"),
        ("regex", r#"".*""#),
        ("regex", r#""""#),
        ("regex", r#""^""#),
        ("regex", r#""$""#),
        ("regex", r#""(?s).*""#),
        ("regex", r#"".+""#),
        ("regex", r#""^.+$""#),
        ("regex", r#""\\S""#),
        ("regex", r#""^\\S+$""#),
        ("regex", r#""^(a|.*)$""#),
        ("regex", r#""^[^\\x00]{1,200}$""#),
        ("regex", r#""^(.{0,9}|.{8,})$""#),
        ("contains", r#""""#),
        ("neq", r#""/etc/passwd""#),
        ("neq", "null"),
        ("not_in", r#"["/etc","/usr"]"#),
    ] {
        let found = of_deleting("require", op, value);
        assert!(
            found.contains(&"exposed-destructive-tool"),
            "{op} {value}: {found:?}"
        );
    }
    for (op, value) in [
        ("exists", "false"),
        ("eq", r#""""#),
        ("eq", "null"),
        ("regex", r#""^$""#),
        ("regex", r#""^\\s*$""#),
    ] {
        let found = of_deleting("deny_if", op, value);
        assert!(
            found.contains(&"exposed-destructive-tool"),
            "{op} {value}: {found:?}"
        );
    }
}

#[test]
fn a_condition_that_some_text_does_not_meet_guards() {
    for (kind, op, value) in [
        ("require", "regex", r#""^/srv/tmp/[a-z]+$""#),
        ("require", "regex", r#""^[^;]*$""#),
        ("require", "eq", r#""/tmp/x""#),
        ("require", "in", "[\"/tmp/x\"]"),
        ("require", "contains", r#""/tmp/""#),
        ("require", "neq", "true"),
        ("require", "lt", "5"),
        ("require", "exists", "false"),
        ("deny_if", "regex", r#""\\.\\.""#),
        ("deny_if", "contains", r#""/etc""#),
        ("deny_if", "eq", r#""main""#),
        ("deny_if", "not_in", r#"["/tmp/x"]"#),
    ] {
        let found = of_deleting(kind, op, value);
        assert!(
            !found.contains(&"exposed-destructive-tool"),
            "{kind} {op} {value}"
        );
    }
}

#[test]
fn a_part_that_must_be_there_is_a_list_as_a_pattern_is() {
    for (name, part, rule) in [
        ("url", "example.com", "allowlist-admits-foreign-host"),
        ("url", ".example.com", "allowlist-admits-foreign-host"),
        (
            "url",
            "https://example.com/",
            "allowlist-admits-foreign-host",
        ),
        ("host", "example.com", "allowlist-admits-foreign-host"),
        ("command", "git status", "allowlist-admits-shell"),
        ("script", "make", "allowlist-admits-shell"),
        ("path", "/srv/docs/", "allowlist-admits-traversal"),
        ("sql", "SELECT", "unanchored-allowlist"),
    ] {
        let rules = require(&on(name, "contains", &format!("\"{part}\"")));
        let linted = lint_default(&beside_another(&rules));
        assert_eq!(linted.rules(), [rule], "{name} {part}");
        let decisions = linted.decisions(&linted.findings[0]);
        assert!(!decisions.is_empty() && decisions.iter().all(|allowed| *allowed));
    }
    // What is meant to be found in a text, the elements of arrays, and a part beside a
    // pattern that says the rest.
    for conditions in [
        on("title", "contains", r#""[bot]""#),
        on("labels", "contains", r#""bug""#),
        on("tags", "contains", r#""agent""#),
        [
            on("command", "contains", r#""--dry-run""#),
            on("command", "regex", r#""^make( [a-z-]+)*$""#),
        ]
        .join(","),
        [
            on("url", "contains", r#""?lang=en""#),
            on("url", "regex", r#""^https://example\\.com(/.*)?$""#),
        ]
        .join(","),
    ] {
        assert_eq!(found(&require(&conditions)), [""; 0], "{conditions}");
    }
}

#[test]
fn two_dots_are_a_segment_between_separators_only() {
    for pattern in [
        "^/srv(/[A-Za-z0-9_-][A-Za-z0-9._ -]*)*$",
        r"^docs/[a-z]+(\.\.[a-z]+)?$",
        r"^docs/[a-z:=.]+\.md$",
        r"^/srv/a( \.\. b)?/c$",
        r"^https://example\.com/docs/[a-z0-9-]+$",
        r"^https://example\.com(/.*)?$",
        r"^file:///srv/docs(/[a-z][a-z.]*)+$",
    ] {
        let name = if pattern.contains("http") {
            "url"
        } else {
            "path"
        };
        assert_eq!(found(&matches(name, pattern)), [""; 0], "{pattern}");
    }
    for (name, pattern) in [
        ("path", r"^docs/[a-z./]+$"),
        ("path", r"^docs\\[a-z.\\]+$"),
        ("path", "^/srv/[a-z ./]+$"),
        ("path", r"^docs/(\.\.)?$"),
        ("path", r"^file:///srv/docs/[a-z./]+$"),
        ("uri", r"^file:///srv/docs/[a-z./]+$"),
        ("url", r"^https://example\.com/docs/[a-z./]+$"),
        ("url", r"^https://example\.com/docs/[a-z0-9%]+$"),
        ("url", r"^https://example\.com/docs/[a-z0-9%/]+$"),
        ("url", r"^https://example\.com/docs/[a-z.\\]+$"),
        ("url", r"^https://example\.com//?docs/[a-z./]+$"),
    ] {
        assert_eq!(
            found(&matches(name, pattern)),
            ["allowlist-admits-traversal"],
            "{pattern}"
        );
    }
}
