//! The published policies that the project starts from.

use super::*;
use mcppolicy_engine::value::Value;

const RUN_WORKFLOW: &str = r#"{"version":"1","default":"deny","tools":{"run_workflow":{"limits":[{"counter":"run_workflow_rate","window":"minute","max":10,"scope":"grant"}]}}}"#;

const REFUND: &str = r#"{"version":"1","default":"deny","tools":{"create_refund":{"deny_if":[{"conditions":[{"path":"args.amount","op":"gt","value":100}],"on_deny":"Refund exceeds the policy limit."}]}}}"#;

const EXECUTE_COMMAND: &str = r#"{
  "version": "1",
  "default": "allow",
  "tools": {
    "execute_command": {
      "require": [{ "conditions": [{ "path": "args.command", "op": "regex", "value": "^(npm (test|run lint|run build)|git (status|diff|log)( .*)?|ls( .*)?|pwd|cat [A-Za-z0-9_/.-]+)$" }] }],
      "deny_if": [{ "conditions": [{ "path": "args.command", "op": "regex", "value": "[;&|`]|\\$\\(|\\brm\\b|\\bcurl\\b|\\bwget\\b|\\bnc\\b|\\bbash\\b\\s+-c" }] }]
    }
  }
}"#;

#[test]
fn the_published_run_workflow_policy_is_only_limited_per_minute() {
    let linted = lint_default(RUN_WORKFLOW);
    assert_eq!(linted.rules(), ["burst-only-limit"]);
    let finding = &linted.findings[0];
    assert_eq!(finding.severity, Severity::Note);
    assert_eq!(finding.pointer, "/tools/run_workflow/limits/0");
    assert_eq!(
        finding.message,
        "10 per minute is 14\u{a0}400 a day, and `run_workflow` has no limit over an hour or a day"
    );
    assert_eq!(finding.witness.len(), 1);
    assert_eq!(finding.witness[0].repeat, 14_400);
    assert_eq!(
        finding.witness[0].every,
        mcppolicy_engine::time::TimeDelta::seconds(6)
    );
}

#[test]
fn hiding_one_tool_under_default_deny_hides_all() {
    let linted = lint_default(r#"{"version":"1","default":"deny","hide":["run_dml_query"]}"#);
    assert_eq!(linted.rules(), ["nothing-callable"]);
    let finding = &linted.findings[0];
    assert_eq!(finding.severity, Severity::Error);
    assert_eq!(
        (finding.pointer.as_str(), linted.spelt(finding)),
        ("/default", "\"deny\"")
    );
    let tools: Vec<&str> = finding
        .witness
        .iter()
        .map(|call| call.tool.as_str())
        .collect();
    assert_eq!(tools, ["run_dml_query", "any_other_tool"]);
}

#[test]
fn the_refund_cap_is_avoided_without_an_amount_and_with_a_string() {
    let linted = lint_default(REFUND);
    assert_eq!(
        linted.rules(),
        ["unlimited-financial-tool", "fail-open-deny"]
    );
    let finding = linted.only("fail-open-deny");
    assert_eq!(
        finding.pointer,
        "/tools/create_refund/deny_if/0/conditions/0"
    );
    let arguments: Vec<String> = finding
        .witness
        .iter()
        .map(|call| call.arguments.to_string())
        .collect();
    assert_eq!(arguments, ["{}", r#"{"amount":"1000"}"#]);
    assert_eq!(linted.decisions(finding), [true, true]);
    assert!(
        finding
            .help
            .as_ref()
            .unwrap()
            .contains(r#""op": "lte", "value": 100"#)
    );
}

#[test]
fn the_advice_for_the_refund_cap_closes_the_hole() {
    let linted = lint_default(
        r#"{"version":"1","default":"deny","tools":{"create_refund":{"require": [{"conditions": [{"path": "args.amount", "op": "lte", "value": 100}],"on_deny":"Refund exceeds the policy limit."}]}}}"#,
    );
    assert_eq!(linted.rules(), ["unlimited-financial-tool"]);
}

#[test]
fn a_block_that_promises_approval_leaves_nothing_callable() {
    let linted = lint_default(
        r#"{"version":"1","default":"deny","tools":{"create_refund":{"deny_if":[{"conditions":[],"on_deny":"Requires human approval."}]}}}"#,
    );
    assert_eq!(linted.rules(), ["nothing-callable", "approval-promised"]);
    let finding = linted.only("approval-promised");
    assert_eq!(linted.spelt(finding), "\"Requires human approval.\"");
    assert_eq!(finding.pointer, "/tools/create_refund/deny_if/0/on_deny");
    assert_eq!(linted.decisions(finding), [false]);
}

#[test]
fn the_published_command_allowlist_leaves_every_other_tool_open() {
    let linted = lint_default(EXECUTE_COMMAND);
    assert_eq!(
        linted.rules(),
        [
            "missing-default-deny",
            "unlimited-execute-tool",
            "allowlist-admits-traversal",
            "allowlist-admits-shell"
        ]
    );
    for (rule, witness) in [
        ("allowlist-admits-traversal", "ls ../../etc/passwd"),
        ("allowlist-admits-shell", "ls > ~/.bashrc"),
    ] {
        let finding = linted.only(rule);
        let arguments: Vec<&Value> = finding.witness.iter().map(|call| &call.arguments).collect();
        let command = Value::Object([("command".to_owned(), Value::from(witness))].into());
        assert_eq!(arguments, [&command], "{rule}");
        assert_eq!(linted.decisions(finding), [true]);
    }
    let finding = linted.only("missing-default-deny");
    assert_eq!(linted.spelt(finding), "\"allow\"");
    assert_eq!(linted.decisions(finding), [true]);
    let unlimited = linted.only("unlimited-execute-tool");
    assert_eq!(unlimited.witness[0].repeat, 100);
}

#[test]
fn the_published_policies_break_eight_rules_and_more() {
    let policies = [
        RUN_WORKFLOW,
        REFUND,
        EXECUTE_COMMAND,
        r#"{"version":"1","default":"deny","hide":["run_dml_query"]}"#,
        r#"{"version":"1","default":"deny","tools":{"create_refund":{"deny_if":[{"conditions":[],"on_deny":"Requires human approval."}]}}}"#,
    ];
    let found = policies.map(|policy| lint_default(policy).rules());
    let rules: std::collections::BTreeSet<&str> = found.into_iter().flatten().collect();
    let due = [
        "allowlist-admits-shell",
        "allowlist-admits-traversal",
        "approval-promised",
        "burst-only-limit",
        "fail-open-deny",
        "missing-default-deny",
        "nothing-callable",
        "unlimited-execute-tool",
        "unlimited-financial-tool",
    ];
    assert_eq!(rules.into_iter().collect::<Vec<_>>(), due);
}

#[test]
fn a_query_tool_with_a_minute_limit_alone_gets_the_note() {
    let linted = lint_default(
        r#"{"version":"1","default":"deny","tools":{"run_sql":{"limits":[{"counter":"run_sql_rate","window":"minute","max":10,"scope":"grant"}]}}}"#,
    );
    assert_eq!(linted.rules(), ["burst-only-limit"]);
}

#[test]
fn an_hourly_limit_on_a_harmless_tool_is_fine() {
    let linted = lint_default(
        r#"{"version":"1","default":"deny","tools":{"generate_color_scheme":{"limits":[{"counter":"generate_color_scheme_per_hour","window":"hour","max":30,"scope":"grant"}]}}}"#,
    );
    assert_eq!(linted.rules(), [""; 0]);
}
