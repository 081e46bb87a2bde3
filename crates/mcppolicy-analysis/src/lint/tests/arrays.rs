//! Arrays, and arguments that one tool guards and another one does not.

use super::*;

const GUARD: &str = r#"{"require":[{"conditions":[{"path":"args.NAME","op":"regex","value":"^docs(/[a-z]+)+$"}]}]}"#;

fn schema(arguments: &str) -> String {
    format!(r#"{{"type":"object","properties":{{{arguments}}}}}"#)
}

/// A policy of tools with their rules and their arguments.
fn server(tools: &[(&str, &str, &str)]) -> String {
    let rules: Vec<String> = tools
        .iter()
        .filter(|(_, rules, _)| !rules.is_empty())
        .map(|(name, rules, _)| format!("{name:?}:{rules}"))
        .collect();
    let listed: Vec<String> = tools
        .iter()
        .map(|(name, _, arguments)| {
            format!(r#"{{"name":{name:?},"inputSchema":{}}}"#, schema(arguments))
        })
        .collect();
    format!(
        "{{\"version\":\"1\",\"default\":\"deny\",\"tools\":{{{}}}}}\ntools.json:\n[{}]",
        rules.join(","),
        listed.join(",")
    )
}

fn strict(text: &str) -> Linted {
    let mut settings = Settings::new();
    settings.pedantic = true;
    lint_text(text, &settings)
}

#[test]
fn an_array_beside_a_guarded_argument_of_its_name_or_kind_is_a_warning() {
    for (guarded, array) in [
        ("path", "paths"),
        ("file_path", "filePaths"),
        ("path", "files"),
        ("url", "urls"),
        ("uri", "links"),
        ("command", "args"),
        ("label", "labels"),
    ] {
        let guard = GUARD.replace("NAME", guarded);
        let scalar = format!(r#""{guarded}":{{"type":"string"}}"#);
        let many = format!(r#""{array}":{{"type":"array"}}"#);
        let linted = lint_default(&server(&[
            ("get_one", &guard, &scalar),
            ("get_many", "{}", &many),
        ]));
        let finding = linted.only("unguarded-array");
        assert_eq!(finding.severity, Severity::Warning, "{array}");
        assert_eq!(linted.decisions(finding), [true], "{array}");
    }
}

#[test]
fn an_array_that_nothing_beside_it_guards_is_pedantic() {
    for (rules, argument, expected) in [
        ("{}", r#""paths":{"type":"array"}"#, 1),
        ("{}", r#""command":{"type":["array","null"]}"#, 1),
        ("{}", r#""labels":{"type":"array"}"#, 0),
        ("{}", r#""path":{"type":["string","array"]}"#, 0),
        ("{}", r#""a.paths":{"type":"array"}"#, 0),
        (
            "{}",
            r#""files":{"type":"array","items":{"type":"object"}}"#,
            0,
        ),
        (
            r#"{"require":[{"conditions":[{"path":"args.paths","op":"exists","value":true}]}]}"#,
            r#""paths":{"type":"array"}"#,
            1,
        ),
        (
            r#"{"require":[{"conditions":[{"path":"args.paths","op":"eq","value":["a"]}]}]}"#,
            r#""paths":{"type":"array"}"#,
            0,
        ),
        (
            r#"{"require":[{"conditions":[{"path":"args.paths","op":"exists","value":false}]}]}"#,
            r#""paths":{"type":"array"}"#,
            0,
        ),
    ] {
        let text = server(&[("get_many", rules, argument)]);
        let of = |linted: &Linted| {
            let rules = linted.rules();
            rules
                .iter()
                .filter(|rule| **rule == "unguarded-array")
                .count()
        };
        assert_eq!(of(&lint_default(&text)), 0, "{argument}");
        assert_eq!(of(&strict(&text)), expected, "{rules} {argument}");
    }
}

#[test]
fn contains_on_an_array_lets_other_elements_pass() {
    let contains = |name: &str, also: &str| {
        format!(
            r#"{{"require":[{{"conditions":[{{"path":"args.{name}","op":"contains","value":"a@b.example"}}{also}]}}]}}"#
        )
    };
    for name in ["paths", "urls", "hosts", "commands", "recipients", "repos"] {
        let linted = lint_default(&format!(
            r#"{{"version":"1","default":"deny","tools":{{"get_it":{}}}}}"#,
            contains(name, "")
        ));
        assert_eq!(
            linted.rules(),
            ["allowlist-admits-other-elements"],
            "{name}"
        );
        assert_eq!(linted.decisions(&linted.findings[0]), [true]);
    }
    // By the schema, and twice on one argument is once.
    let to = r#""to":{"type":"array"}"#;
    let twice = r#",{"path":"args.to","op":"contains","value":"c@d.example"}"#;
    let linted = lint_default(&server(&[("get_it", &contains("to", twice), to)]));
    assert_eq!(linted.rules(), ["allowlist-admits-other-elements"]);
    // What another condition closes, what only one word is, and what is no list.
    let closed = r#",{"path":"args.to","op":"in","value":[["a@b.example"]]}"#;
    for (name, also, argument) in [
        ("to", closed, to),
        ("labels", "", r#""labels":{"type":"array"}"#),
        ("to", "", r#""to":{"type":"string"}"#),
    ] {
        let linted = lint_default(&server(&[("get_it", &contains(name, also), argument)]));
        let rules = linted.rules();
        assert!(
            !rules.contains(&"allowlist-admits-other-elements"),
            "{name} {rules:?}"
        );
    }
}

#[test]
fn what_one_tool_guards_and_another_of_its_risk_does_not_is_a_note() {
    let guard = GUARD.replace("NAME", "path");
    let path = r#""path":{"type":"string"}"#;
    let open = |others: &[(&str, &str, &str)], name: &str, rules: &str, argument: &str| {
        let mut tools = others.to_vec();
        tools.push((name, rules, argument));
        let rules = lint_default(&server(&tools)).rules();
        rules
            .iter()
            .filter(|rule| **rule == "inconsistent-guard")
            .count()
    };
    let one = [("update_a", guard.as_str(), path)];
    assert_eq!(open(&one, "update_b", "{}", path), 1);
    assert_eq!(open(&one, "run_b", "{}", path), 1);
    let vacuous =
        r#"{"require":[{"conditions":[{"path":"args.path","op":"regex","value":".*"}]}]}"#;
    assert_eq!(open(&one, "update_b", vacuous, path), 1);
    // Less risk, another type, another guard, no tool that may be called.
    assert_eq!(open(&one, "get_b", "{}", path), 0);
    assert_eq!(
        open(&one, "update_b", "{}", r#""path":{"type":"integer"}"#),
        0
    );
    assert_eq!(open(&one, "update_b", "{}", r#""path":{"enum":["a"]}"#), 0);
    assert_eq!(open(&one, "update_b", &guard, path), 0);
    assert_eq!(
        open(&one, "update_b", r#"{"deny_if":[{"conditions":[]}]}"#, path),
        0
    );
    // An argument of which the name does not say that it decides what is done.
    let owner = r#""owner":{"type":"string"}"#;
    let guard = GUARD.replace("NAME", "owner");
    let one = [("update_a", guard.as_str(), owner)];
    assert_eq!(open(&one, "update_b", "{}", owner), 0);
}
