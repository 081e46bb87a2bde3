//! A good policy and its server, and what one slip in either gives.

use super::*;

const POLICY: &str = include_str!("../../../../../testdata/lint/policy.json");
const TOOLS: &str = include_str!("../../../../../testdata/lint/tools.json");

#[track_caller]
fn changed(text: &str, from: &str, to: &str) -> String {
    assert_eq!(text.matches(from).count(), 1, "{from}");
    text.replace(from, to)
}

fn against_server(policy: &str) -> Linted {
    lint_default(&format!("{policy}\ntools.json:\n{TOOLS}"))
}

/// The only finding of the good policy with one slip in it.
struct Slip {
    linted: Linted,
}

impl Slip {
    #[track_caller]
    fn new(from: &str, to: &str) -> Slip {
        let linted = against_server(&changed(POLICY, from, to));
        assert_eq!(linted.findings.len(), 1, "{:#?}", linted.findings);
        Slip { linted }
    }

    #[track_caller]
    fn is(&self, rule: &str, pointer: &str, spelt: &str, help: &str) {
        let finding = &self.linted.findings[0];
        assert_eq!(
            (finding.rule.name(), finding.pointer.as_str()),
            (rule, pointer)
        );
        assert_eq!(finding.severity, Severity::Warning);
        assert_eq!(self.linted.spelt(finding), spelt);
        let given = finding.help.as_deref().unwrap_or_default();
        assert!(given.contains(help), "{given}");
    }
}

#[test]
fn a_good_policy_is_quiet_with_and_without_its_inventory() {
    assert_eq!(lint_default(POLICY).rules(), [""; 0]);
    assert_eq!(against_server(POLICY).rules(), [""; 0]);
}

#[test]
fn a_renamed_tool_is_one_finding_with_the_right_name() {
    Slip::new("\"run_workflow\"", "\"run_workflw\"").is(
        "unknown-tool",
        "/tools/run_workflw",
        "\"run_workflw\"",
        "did you mean `run_workflow`?",
    );
    Slip::new("[\"delete_repository\"]", "[\"delete_repo\"]").is(
        "unknown-tool",
        "/hide/0",
        "\"delete_repo\"",
        "did you mean `delete_repository`?",
    );
}

#[test]
fn a_misspelt_argument_is_one_finding_with_the_right_path() {
    Slip::new("\"args.branch\"", "\"args.brnach\"").is(
        "unknown-argument",
        "/tools/delete_branch/require/0/conditions/0/path",
        "\"args.brnach\"",
        "did you mean `args.branch`?",
    );
}

#[test]
fn of_very_many_arguments_none_is_offered() {
    let advice = |arguments: usize| {
        let known: Vec<String> = (0..arguments)
            .map(|at| format!(r#""argument_name_{at}": {{"type": "string"}}"#))
            .collect();
        let policy = r#"{"version": "1", "default": "deny", "tools": {"t": {"deny_if": [
            {"conditions": [{"path": "args.argument_nme_7", "op": "eq", "value": "x"}]}]}}}"#;
        let tools = format!(
            r#"{{"tools": [{{"name": "t", "inputSchema": {{"type": "object", "properties": {{{}}}, "additionalProperties": false}}}}]}}"#,
            known.join(",")
        );
        let linted = lint_default(&format!("{policy}\ntools.json:\n{tools}"));
        let mut findings = linted.findings.iter();
        let finding = findings.find(|finding| finding.rule.name() == "unknown-argument");
        finding.unwrap().help.clone().unwrap()
    };
    assert_eq!(advice(500), "did you mean `args.argument_name_7`?");
    assert!(advice(600).starts_with("it takes `argument_name_0`"));
}

#[test]
fn a_string_compared_as_a_number_is_one_finding_at_the_operator() {
    let slip = Slip::new(
        r#""op": "regex", "value": "^agent/[a-z0-9-]+$""#,
        r#""op": "gt", "value": 5"#,
    );
    slip.is(
        "argument-type-mismatch",
        "/tools/delete_branch/require/0/conditions/0/op",
        "\"gt\"",
        "a string is tested with \"eq\", \"in\" or \"regex\"",
    );
    let finding = &slip.linted.findings[0];
    assert_eq!(slip.linted.decisions(finding), [false]);
    let there = finding.related[0].location;
    assert_ne!(there.file, finding.location.file);
}

#[test]
fn a_removed_limit_is_one_finding_with_a_limit_to_add() {
    let from = ",\n      \"limits\": [{ \"counter\": \"runs_per_day\", \"window\": \"day\", \"max\": 100, \"scope\": \"grant\" }]";
    let slip = Slip::new(from, "");
    let finding = &slip.linted.findings[0];
    let rules = slip.linted.spelt(finding).to_owned();
    assert!(rules.starts_with('{') && rules.contains("docs.yml") && rules.ends_with('}'));
    slip.is(
        "unlimited-execute-tool",
        "/tools/run_workflow",
        &rules,
        "add \"limits\": [{\"counter\": \"run_workflow_per_hour\"",
    );
}

#[test]
fn a_value_that_is_not_in_an_enum_is_one_finding_with_the_right_one() {
    Slip::new("\"value\": \"eur\"", "\"value\": \"euro\"").is(
        "argument-type-mismatch",
        "/tools/create_charge/require/0/conditions/2/value",
        "\"euro\"",
        "did you mean \"eur\"?",
    );
}

#[test]
fn a_read_only_hint_on_a_tool_that_deletes_is_one_finding() {
    let tools = changed(TOOLS, "destructiveHint", "readOnlyHint");
    let linted = lint_default(&format!("{POLICY}\ntools.json:\n{tools}"));
    assert_eq!(linted.rules(), ["category-conflict"]);
    let finding = &linted.findings[0];
    assert_eq!(linted.spelt(finding), "\"delete_branch\"");
    assert_eq!(finding.severity, Severity::Warning);
}

#[test]
fn the_names_offered_are_ones_that_the_policy_does_not_have() {
    let twice = changed(
        POLICY,
        "[\"delete_repository\"]",
        "[\"delete_repository\", \"run_workflow2\"]",
    );
    let linted = against_server(&twice);
    let finding = linted.only("unknown-tool");
    assert!(!finding.help.as_ref().unwrap().contains("did you mean"));
    assert_eq!(finding.fix, None);
}

#[test]
fn an_undescribed_argument_is_a_note_and_a_level_of_the_user_is_for_all() {
    let tools = changed(
        TOOLS,
        "\"inputSchema\": { \"type\": \"object\", \"properties\": { \"repo\": { \"type\": \"string\" } } }",
        "\"inputSchema\": { \"properties\": { \"repo\": {} } }",
    );
    let policy = r#"{"version":"1","default":"allow","hide":["create_charge","delete_branch","run_workflow"],"tools":{"delete_repository":{"require":[{"conditions":[{"path":"args.owner","op":"eq","value":"acme"}]}]}}}"#;
    let text = format!("{policy}\ntools.json:\n{tools}");
    let linted = lint_default(&text);
    let severity = |linted: &Linted, rule| linted.only(rule).severity;
    assert_eq!(severity(&linted, "unknown-argument"), Severity::Note);
    assert_eq!(severity(&linted, "undecided-tool"), Severity::Note);
    let mut settings = Settings::new();
    for rule in [RuleId::UnknownArgument, RuleId::UndecidedTool] {
        settings.set_level(rule, Level::On(Severity::Error));
    }
    let linted = lint_text(&text, &settings);
    assert_eq!(severity(&linted, "unknown-argument"), Severity::Error);
    assert_eq!(severity(&linted, "undecided-tool"), Severity::Error);
}

#[test]
fn under_default_allow_dangerous_undecided_tools_are_a_warning_of_their_own() {
    let linted = lint_default(&format!(
        "{}\ntools.json:\n{TOOLS}",
        r#"{"version":"1","default":"allow"}"#
    ));
    let undecided: Vec<(Severity, usize)> = linted
        .findings
        .iter()
        .filter(|finding| finding.rule.name() == "undecided-tool")
        .map(|finding| (finding.severity, finding.witness.len()))
        .collect();
    assert_eq!(undecided, [(Severity::Warning, 4), (Severity::Note, 1)]);
}

/// The findings of a policy with one condition on `path`, for a tool with these
/// arguments.
fn with_condition(path: &str, arguments: &str, more: &str) -> Linted {
    lint_default(&format!(
        r#"{{"version":"1","default":"deny","tools":{{"get_user":{{"require":[{{"conditions":[{{"path":{path:?},"op":"exists","value":true}}]}}]}}}}}}
tools.json:
{{"tools":[{{"name":"get_user","inputSchema":{{"type":"object","properties":{{{arguments}}}{more}}}}}]}}"#
    ))
}

const NO_OTHERS: &str = r#","additionalProperties":false"#;

#[test]
fn a_name_that_the_server_has_is_a_name_however_it_looks() {
    for (path, arguments) in [
        ("args.fields[]", r#""fields[]":{"type":"array"}"#),
        ("args.ids[0]", r#""ids[0]":{"type":"string"}"#),
        ("args.0", r#""0":{"type":"string"}"#),
        ("args.*", r#""*":{"type":"string"}"#),
        ("args.$", r#""$":{"type":"string"}"#),
        ("args.page[size]", r#""page[size]":{"type":"integer"}"#),
        (
            "args.filter[].a[0]",
            r#""filter[]":{"type":"object","properties":{"a[0]":{"type":"string"}}}"#,
        ),
        ("args.filter[].any", r#""filter[]":{"type":"object"}"#),
    ] {
        let linted = with_condition(path, arguments, NO_OTHERS);
        assert_eq!(linted.rules(), [""; 0], "{path}");
    }
}

#[test]
fn brackets_that_the_server_does_not_have_are_one_finding() {
    let ids = r#""ids":{"type":"array"}"#;
    for (path, arguments, rule) in [
        ("args.ids[]", ids, "unresolvable-path"),
        ("args.ids[0]", ids, "unresolvable-path"),
        ("args.ids.0", ids, "unresolvable-path"),
        (
            "args.o[].x[0]",
            r#""o[]":{"type":"object","properties":{"x":{"type":"array"}}}"#,
            "unresolvable-path",
        ),
        (
            "args.page[sise]",
            r#""page[size]":{"type":"integer"}"#,
            "unknown-argument",
        ),
        (
            "args.$fliter",
            r#""$filter":{"type":"string"}"#,
            "unknown-argument",
        ),
    ] {
        let linted = with_condition(path, arguments, NO_OTHERS);
        assert_eq!(linted.rules(), [rule], "{path}");
    }
}

#[test]
fn an_argument_with_a_dot_in_its_name_is_out_of_reach() {
    let any = r#""projects.any":{"type":"string"}"#;
    for (path, arguments, more, name) in [
        ("args.projects.any", any, NO_OTHERS, "projects.any"),
        ("args.projects.any", any, "", "projects.any"),
        ("args.projects.any.x", any, "", "projects.any"),
        (
            "args.projects.any",
            r#""projects":{"type":"string"},"projects.any":{"type":"string"}"#,
            "",
            "projects.any",
        ),
        (
            "args.filter.a.b.c",
            r#""filter":{"type":"object","properties":{"a.b.c":{"type":"string"}}}"#,
            "",
            "a.b.c",
        ),
    ] {
        let linted = with_condition(path, arguments, more);
        let finding = linted.only("unknown-argument");
        let said = format!("The argument \"{name}\" of `get_user` has a dot in its name");
        assert!(finding.message.starts_with(&said), "{}", finding.message);
        assert_eq!(finding.severity, Severity::Warning, "{path}");
        let help = finding.help.as_deref().unwrap();
        assert!(help.contains("docs/policy.md"), "{help}");
    }
}

#[test]
fn a_name_with_a_dot_is_no_advice() {
    let arguments = r#""project.an":{"type":"string"},"section":{"type":"string"}"#;
    let linted = with_condition("args.projectan", arguments, NO_OTHERS);
    let finding = linted.only("unknown-argument");
    assert_eq!(finding.help.as_deref(), Some("it takes `section`"));
    let linted = with_condition("args.x", r#""a.b":{"type":"string"}"#, NO_OTHERS);
    let help = linted.only("unknown-argument").help.as_deref().unwrap();
    assert!(help.contains("which no path reaches"), "{help}");
}
