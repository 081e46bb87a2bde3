use super::*;
use crate::compare::Scope;
use crate::finding::{Finding, RuleId};
use mcppolicy_engine::policy::Policy;
use mcppolicy_engine::source::SourceMap;

fn read(text: &str) -> (Vec<Approval>, Vec<Finding>) {
    parse(&mut SourceMap::new(), FILE, text.as_bytes())
}

fn policy(text: &str) -> Policy {
    Policy::from_json(text.as_bytes()).unwrap()
}

/// Everything that a policy can say.
const FULL: &str = r#"{
  "version": "1", "default": "deny", "hide": ["drop", "pay"],
  "all_tools": {"limits": [{"counter": "all", "window": "hour", "max": 7, "scope": "grant"}]},
  "tools": {
    "pay": {
      "require": [{"conditions": [
        {"path": "args.amount", "op": "lte", "value": 0.5},
        {"path": "args.to", "op": "in", "value": ["a", 1, null, {"b": [true]}]},
        {"path": "args.ref", "op": "regex", "value": "^\\d+$"}], "on_deny": "no"}],
      "deny_if": [{"conditions": []}],
      "limits": [{"counter": "spend", "window": "day", "max": 9, "scope": "grant",
                  "increment_from": "args.amount", "on_deny": "enough"}]
    },
    "ping": {}
  }
}"#;

fn approval(approved: Approved) -> Approval {
    Approval {
        policy: "a/policy.json".to_owned(),
        approved,
        reason: "because \"we\" said so".to_owned(),
        by: Some("ann".to_owned()),
        date: "2026-11-20".to_owned(),
        location: None,
    }
}

#[test]
fn approvals_survive_writing_and_reading() {
    let full = policy(FULL);
    let scopes = [
        Scope::Tool("pay".to_owned()),
        Scope::Tool("ping".to_owned()),
        Scope::Tool("not listed".to_owned()),
        Scope::Unlisted,
        Scope::AllTools,
    ];
    let mut approvals: Vec<Approval> = scopes
        .iter()
        .map(|scope| approval(Approved::state(scope, &full)))
        .collect();
    approvals.push(approval(Approved::Removal));
    approvals.push(approval(Approved::Finding(ApprovedFinding {
        rule: RuleId::ChangedTool,
        pointer: String::new(),
        sha256: "0123456789abcdef".repeat(4),
    })));
    let text = write(&approvals);
    let (read, findings) = read(&text);
    assert_eq!(findings, []);
    assert_eq!(read.len(), approvals.len());
    assert!(
        read.iter()
            .zip(&approvals)
            .all(|(a, b)| a.text() == b.text())
    );
    assert_eq!(write(&read), text);
}

#[test]
fn an_approval_holds_what_concerns_its_scope_and_no_words_for_agents() {
    let full = policy(FULL);
    let state = |scope: Scope| write(&[approval(Approved::state(&scope, &full))]);
    let pay = state(Scope::Tool("pay".to_owned()));
    assert!(
        pay.contains("\"spend\"") && pay.contains("\"pay\""),
        "{pay}"
    );
    for absent in ["ping", "drop", "on_deny", "all_tools"] {
        assert!(!pay.contains(absent), "{absent} in {pay}");
    }
    let all = state(Scope::AllTools);
    assert!(all.contains("\"max\": 7") && !all.contains("pay"), "{all}");
}

#[test]
fn a_tool_without_rules_of_its_own_is_approved_as_the_unlisted_are() {
    let open = policy(r#"{"version":"1","default":"allow","tools":{"x":{}}}"#);
    let Approved::State { rules, .. } = Approved::state(&Scope::Tool("y".to_owned()), &open) else {
        panic!("a state");
    };
    assert!(rules.tools.is_empty());
    assert_eq!(rules.default.value.name(), "allow");
}

/// An entry of the file with one member replaced or, with nothing, left out.
fn entry(key: &str, value: &str) -> String {
    let members = [
        ("policy", r#""policy.json""#),
        ("scope", r#"{"kind":"tool","tool":"x"}"#),
        (
            "approved",
            r#"{"version":"1","default":"deny","tools":{"x":{}}}"#,
        ),
        ("reason", r#""needed""#),
        ("by", r#""ann""#),
        ("date", r#""2026-11-20""#),
    ];
    let mut written: Vec<String> = members
        .iter()
        .filter(|(known, _)| *known != key)
        .map(|(key, value)| format!("\"{key}\":{value}"))
        .collect();
    if !value.is_empty() {
        written.push(format!("\"{key}\":{value}"));
    }
    let entry = written.join(",");
    format!(r#"{{"version":"1","approvals":[{{{entry}}}]}}"#)
}

#[test]
fn whatever_is_wrong_with_an_approval_has_its_place() {
    let cases = [
        ("policy", "", "/approvals/0"),
        ("policy", "3", "/approvals/0/policy"),
        ("reason", r#""  ""#, "/approvals/0/reason"),
        ("by", "null", "/approvals/0/by"),
        ("date", r#""2026-02-30""#, "/approvals/0/date"),
        ("date", r#""20 November""#, "/approvals/0/date"),
        ("until", r#""2027-01-01""#, "/approvals/0/until"),
        ("scope", r#"{"kind":"tool"}"#, "/approvals/0/scope"),
        ("scope", r#"{"kind":"tools"}"#, "/approvals/0/scope/kind"),
        (
            "scope",
            r#"{"kind":"unlisted","tool":"x"}"#,
            "/approvals/0/scope/tool",
        ),
        ("scope", r#"{"kind":"unlisted"}"#, "/approvals/0/approved"),
        ("removed", "true", "/approvals/0/scope"),
        ("removed", "false", "/approvals/0/removed"),
        ("approved", "{}", "/approvals/0/approved"),
        (
            "approved",
            r#"{"version":"1","default":"deny","tools":{"x":{},"y":{}}}"#,
            "/approvals/0/approved",
        ),
        (
            "approved",
            r#"{"version":"1","default":"deny","tools":{"x":{"requires":[]}}}"#,
            "/approvals/0/approved/tools/x/requires",
        ),
    ];
    for (key, value, pointer) in cases {
        let (_, findings) = read(&entry(key, value));
        let found: Vec<_> = findings.iter().map(|f| f.pointer.as_str()).collect();
        assert!(found.contains(&pointer), "{key}: {value}: {found:?}");
    }
    assert_eq!(read(&entry("by", "")).1, []);
}

#[test]
fn an_approval_of_a_finding_names_a_rule_a_place_and_a_hash() {
    let hash = "0".repeat(64);
    let entry = |members: &str| {
        format!(
            r#"{{"version":"1","approvals":[{{"policy":"p","reason":"r","date":"2026-11-20",{members}}}]}}"#
        )
    };
    let good = entry(&format!(
        r#""rule":"changed-tool","pointer":"/tools/0","sha256":"{hash}""#
    ));
    assert_eq!(read(&good).1, []);
    for (members, pointer) in [
        (
            r#""rule":"no-such-rule","pointer":"","sha256":"HASH""#,
            "/approvals/0/rule",
        ),
        (
            r#""rule":"syntax","pointer":"","sha256":"HASH""#,
            "/approvals/0/rule",
        ),
        (r#""rule":"changed-tool","sha256":"HASH""#, "/approvals/0"),
        (r#""rule":"changed-tool","pointer":"""#, "/approvals/0"),
        (
            r#""rule":"changed-tool","pointer":"","sha256":"0""#,
            "/approvals/0/sha256",
        ),
        (
            r#""rule":"changed-tool","pointer":"","sha256":"HASH","removed":true"#,
            "/approvals/0/rule",
        ),
        (
            r#""rule":"changed-tool","pointer":"","sha256":"HASH","scope":{"kind":"unlisted"}"#,
            "/approvals/0/scope",
        ),
        (r#""sha256":"HASH","removed":true"#, "/approvals/0/sha256"),
    ] {
        let (_, findings) = read(&entry(&members.replace("HASH", &hash)));
        let found: Vec<_> = findings.iter().map(|f| f.pointer.as_str()).collect();
        assert!(found.contains(&pointer), "{members}: {found:?}");
    }
}

#[test]
fn what_is_allowed_is_said_part_by_part() {
    let full = policy(FULL);
    let said = |scope: Scope, policy: &Policy| {
        let allowed = Approved::state(&scope, policy).allows().into_iter();
        allowed.map(|part| part.text).collect::<Vec<_>>()
    };
    let pay = || Scope::Tool("pay".to_owned());
    let shown = policy(&FULL.replace(r#""hide": ["drop", "pay"],"#, ""));
    let expected = [
        "calls that its rules let through of `pay`",
        r#"where `amount` is a number up to 0.5 and `to` is "a", 1, null or {"b":[true]} (also as text) and `ref` is text in which `^\d+$` matches"#,
        "not where it is a call at all",
        "a sum of `amount` (a number of at least 0, rounded up) up to 9 a day for each grant",
    ];
    assert_eq!(said(pay(), &shown), expected);
    assert_eq!(said(pay(), &full), ["it stays hidden"]);
    let expected = ["calls with any arguments of `ping`", "any number of calls"];
    assert_eq!(said(Scope::Tool("ping".to_owned()), &full), expected);
    let expected = ["at most 7 calls an hour for each grant"];
    assert_eq!(said(Scope::AllTools, &full), expected);
    let open = policy(r#"{"version":"1","default":"allow"}"#);
    let expected = ["every call of every tool that the policy does not list"];
    assert_eq!(said(Scope::Unlisted, &open), expected);
    let expected = ["any number of calls of all tools together"];
    assert_eq!(said(Scope::AllTools, &open), expected);
}

#[test]
fn a_file_that_is_no_list_of_approvals_is_refused() {
    for text in [
        "",
        "[]",
        "{}",
        r#"{"version":"2","approvals":[]}"#,
        r#"{"version":"1","approvals":{}}"#,
        r#"{"version":"1","approvals":[],"approvals":[]}"#,
        r#"{"version":"1","approvals":[7]}"#,
    ] {
        let (approvals, findings) = read(text);
        assert!(approvals.is_empty() && !findings.is_empty(), "{text}");
    }
    assert_eq!(read(r#"{"version":"1","approvals":[]}"#).1, []);
}
