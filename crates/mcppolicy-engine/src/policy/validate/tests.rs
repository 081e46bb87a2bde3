//! Findings are compared as data: message, pointer and the text at their span.

mod foreign;
mod members;
mod values;

use proptest::prelude::*;

use std::collections::HashSet;

use super::part::{Clause, Owner, Part};
use super::*;
use crate::document::parse::parse;
use crate::problem::{Applicability, Edit};
use crate::source::SourceMap;

/// The findings about a text that parses.
fn findings(text: &str) -> Vec<Problem> {
    let mut map = SourceMap::new();
    let (_, document, _) = parse(&mut map, "policy.json", text.as_bytes());
    let document = document.unwrap_or_else(|| panic!("not JSON: {text}"));
    let findings = validate(&document);
    for finding in &findings {
        assert_eq!(finding.kind, crate::problem::ProblemKind::Schema);
        assert!(
            !finding.message.ends_with('.'),
            "full stop: {}",
            finding.message
        );
    }
    assert!(findings.is_sorted_by_key(|finding| finding.location.span));
    findings
}

fn spelling(text: &str, finding: &Problem) -> String {
    let span = finding.location.span;
    text.get(span.start..span.end).unwrap().to_owned()
}

/// Checks message, pointer and text of all findings.
#[track_caller]
fn finds(text: &str, expected: &[(&str, &str, &str)]) {
    let found: Vec<_> = findings(text)
        .iter()
        .map(|finding| {
            (
                finding.message.clone(),
                finding.pointer.clone(),
                spelling(text, finding),
            )
        })
        .collect();
    let expected: Vec<_> = expected
        .iter()
        .map(|(message, pointer, text)| {
            (
                (*message).to_owned(),
                (*pointer).to_owned(),
                (*text).to_owned(),
            )
        })
        .collect();
    assert_eq!(found, expected, "in {text}");
}

#[track_caller]
fn only(text: &str) -> Problem {
    let mut findings = findings(text);
    assert_eq!(findings.len(), 1, "in {text}: {findings:#?}");
    findings.remove(0)
}

fn help(text: &str) -> String {
    only(text).help.unwrap_or_default()
}

fn applied(text: &str, finding: &Problem) -> Option<String> {
    let fix = finding.fix.as_ref()?;
    assert_eq!(fix.applicability, Applicability::Unsafe);
    let mut edits: Vec<&Edit> = fix.edits.iter().collect();
    edits.sort_by_key(|edit| edit.span);
    let mut out = text.to_owned();
    for pair in edits.windows(2) {
        assert!(pair[0].span.end <= pair[1].span.start, "edits overlap");
    }
    for edit in edits.iter().rev() {
        out.replace_range(edit.span.start..edit.span.end, &edit.text);
    }
    Some(out)
}

/// The one finding has a fix, which gives this accepted text.
#[track_caller]
fn fixes(text: &str, expected: &str) {
    let finding = only(text);
    let fixed = applied(text, &finding).unwrap_or_else(|| panic!("no fix: {finding:#?}"));
    assert_eq!(fixed, expected);
    assert_eq!(findings(&fixed), [], "in {fixed}");
}

/// A policy with these rules for `run_workflow`.
fn tool(rules: &str) -> String {
    format!(r#"{{"version": "1", "default": "deny", "tools": {{"run_workflow": {rules}}}}}"#)
}

fn limit(members: &str) -> String {
    tool(&format!(r#"{{"limits": [{{{members}}}]}}"#))
}

fn condition(members: &str) -> String {
    tool(&format!(
        r#"{{"deny_if": [{{"conditions": [{{{members}}}]}}]}}"#
    ))
}

const LIMIT: &str = "/tools/run_workflow/limits/0";
const CONDITION: &str = "/tools/run_workflow/deny_if/0/conditions/0";

/// One policy with every member that the format has.
const WHOLE: &str = r#"{
  "version": "1",
  "default": "deny",
  "hide": ["delete_repository", "*"],
  "all_tools": {"limits": [{"counter": "calls", "window": "day", "max": 500, "scope": "grant", "on_deny": "enough"}]},
  "tools": {
    "get_job": {},
    "a/b~c": {"require": [], "deny_if": [], "limits": []},
    "create_charge": {
      "require": [{"conditions": [
        {"path": "args.currency", "op": "in", "value": ["usd", 1, null]},
        {"path": "args.customer.id", "op": "regex", "value": "^cus_"},
        {"path": "args.a", "op": "exists", "value": true}
      ]}],
      "deny_if": [
        {"conditions": [], "on_deny": "no"},
        {"conditions": [
          {"path": "args.amount", "op": "gt", "value": 100.5},
          {"path": "args.b", "op": "eq", "value": {"x": [1]}},
          {"path": "args.c", "op": "neq", "value": null},
          {"path": "args.d", "op": "not_in", "value": []},
          {"path": "args.e", "op": "lt", "value": -1},
          {"path": "args.f", "op": "lte", "value": 1e300},
          {"path": "args.g", "op": "gte", "value": 0},
          {"path": "args.h h", "op": "contains", "value": "x"}
        ]}
      ],
      "limits": [
        {"counter": "spend", "window": "hour", "max": 9007199254740991, "scope": "grant", "increment_from": "args.amount", "on_deny": "spent"},
        {"counter": "calls", "window": "minute", "max": 1, "scope": "grant"}
      ]
    }
  }
}"#;

const SEEDS: [&str; 8] = [
    r#"{"version":"1","default":"deny","tools":{"run_workflow":{"limits":[{"counter":"run_workflow_rate","window":"minute","max":10,"scope":"grant"}]}}}"#,
    r#"{"version":"1","default":"deny","hide":["run_dml_query"]}"#,
    r#"{"version":"1","default":"deny","tools":{"create_refund":{"deny_if":[{"conditions":[{"path":"args.amount","op":"gt","value":100}],"on_deny":"Refund exceeds the policy limit."}]}}}"#,
    r#"{"version":"1","default":"deny","tools":{"create_refund":{"deny_if":[{"conditions":[],"on_deny":"Requires human approval."}]}}}"#,
    r#"{"version":"1","default":"allow","tools":{"execute_command":{"require":[{"conditions":[{"path":"args.command","op":"regex","value":"^(npm (test|run lint|run build)|git (status|diff|log)( .*)?|ls( .*)?|pwd|cat [A-Za-z0-9_/.-]+)$"}]}],"deny_if":[{"conditions":[{"path":"args.command","op":"regex","value":"[;&|`]|\\$\\(|\\brm\\b|\\bcurl\\b|\\bwget\\b|\\bnc\\b|\\bbash\\b\\s+-c"}]}]}}}"#,
    r#"{"version":"1","default":"deny","tools":{"run_sql":{"limits":[{"counter":"run_sql_rate","window":"minute","max":10,"scope":"grant"}]}}}"#,
    r#"{"version":"1","default":"deny","tools":{"generate_color_scheme":{"limits":[{"counter":"generate_color_scheme_per_hour","window":"hour","max":30,"scope":"grant"}]}}}"#,
    r#"{"version":"1","default":"allow"}"#,
];

#[test]
fn the_members_that_messages_name_are_those_of_the_schema() {
    const SCHEMA: &str = include_str!("../../../../../schema/policy.schema.json");
    let schema: serde_json::Value = serde_json::from_str(SCHEMA).unwrap();
    let objects = [
        (Part::Policy, ""),
        (Part::AllTools, "/properties/all_tools"),
        (Part::ToolRules, "/$defs/tool_rules"),
        (Part::Rule(Clause::DenyIf), "/$defs/rule"),
        (Part::Condition, "/$defs/condition"),
        (Part::Limit(Owner::Tool), "/$defs/limit"),
        (Part::Limit(Owner::AllTools), "/$defs/limit_for_all_tools"),
    ];
    for (part, pointer) in objects {
        let object = schema.pointer(pointer).unwrap();
        let known: HashSet<&str> = object["properties"]
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        assert_eq!(known, part.members().iter().copied().collect(), "{pointer}");
        for name in part.members() {
            assert_ne!(part.child(name), Part::Unknown, "{pointer}/{name}");
        }
        let required = object["required"].as_array().map_or(&[][..], Vec::as_slice);
        assert_eq!(required, &part.members()[..part.required()], "{pointer}");
    }
}

#[test]
fn good_policies_have_no_findings() {
    assert_eq!(findings(WHOLE), []);
    for seed in SEEDS {
        assert_eq!(findings(seed), [], "in {seed}");
    }
}

#[test]
fn every_mistake_of_a_file_is_reported_in_order() {
    let text = r#"{
  "tools": {
    "b": {"limits": [{"counter": "", "window": "week", "max": 0, "scope": "session", "x": 1}]},
    "a": {"deny_if": [{"conditions": [{"path": "amount", "op": "gt", "value": "1"}]}], "action": "deny"}
  },
  "hide": ["x", "x"],
  "version": 1
}"#;
    let found: Vec<String> = findings(text)
        .iter()
        .map(|finding| format!("{} {}", finding.pointer, finding.message))
        .collect();
    assert_eq!(
        found,
        [
            r#" A policy lacks "default""#,
            r#"/tools/b/limits/0/counter "counter" is blank"#,
            r#"/tools/b/limits/0/window "week" is not a window"#,
            r#"/tools/b/limits/0/max 0 is below 1, the smallest "max""#,
            r#"/tools/b/limits/0/scope "session" is not a scope"#,
            r#"/tools/b/limits/0/x A limit has no member "x""#,
            r#"/tools/a/deny_if/0/conditions/0/path "amount" is not a path into the arguments"#,
            r#"/tools/a/deny_if/0/conditions/0/value Expected a number, found a string"#,
            r#"/tools/a/action The format has no "action": what a rule does follows from where it stands"#,
            r#"/hide/1 "x" is already in "hide""#,
            r#"/version Expected a string, found a number"#,
        ]
    );
}

#[test]
fn of_repeated_keys_the_last_one_is_checked() {
    finds(
        r#"{"version": 1, "version": "1", "default": "allow", "default": 5, "x": 1, "x": 2}"#,
        &[
            ("Expected a string, found a number", "/default", "5"),
            (r#"A policy has no member "x""#, "/x", "\"x\""),
        ],
    );
    let text = r#"{"version": "1", "default": "deny", "x": 1, "x": 2}"#;
    assert_eq!(only(text).location.span.start, text.rfind("\"x\"").unwrap());
}

#[test]
fn numbers_and_slashes_in_tool_names_are_only_names() {
    finds(
        r#"{"version": "1", "default": "deny", "tools": {"0": {"limits": 1}, "a/b": {"x": 1}, "~": 5}}"#,
        &[
            ("Expected an array, found a number", "/tools/0/limits", "1"),
            (r#"A tool has no member "x""#, "/tools/a~1b/x", "\"x\""),
            ("Expected an object, found a number", "/tools/~0", "5"),
        ],
    );
}

/// Work that grew with the square of the mistakes would not come back.
#[test]
fn a_hundred_thousand_mistakes_are_all_found() {
    let many = 100_000;
    let list = |item: &dyn Fn(usize) -> String| (0..many).map(item).collect::<Vec<_>>().join(", ");
    let tools = list(&|n| format!(r#""t{n}": {{"limit{n}": 1}}"#));
    let text = format!(r#"{{"version": "1", "default": "deny", "tools": {{{tools}}}}}"#);
    assert_eq!(findings(&text).len(), many);
    let keys = list(&|n| format!(r#""limit{n}": 1"#));
    assert_eq!(findings(&tool(&format!("{{{keys}}}"))).len(), many);
    let names = list(&|n| format!("\"t{}\"", n / 2));
    let text = format!(r#"{{"version": "1", "default": "deny", "hide": [{names}]}}"#);
    assert_eq!(findings(&text).len(), many / 2);
}

/// A value of [`WHOLE`] replaced, a key renamed or a member dropped.
fn mutant(seeds: &[(u32, u8)]) -> String {
    const WORDS: [&str; 24] = [
        "limits",
        "limit",
        "rate_limit",
        "action",
        "reason",
        "rules",
        "name",
        "$schema",
        "max",
        "window",
        "conditions",
        "path",
        "op",
        "value",
        "windw",
        "",
        " ",
        "deny",
        "10/minute",
        "args.a",
        "session",
        "tools",
        "require",
        "zzz",
    ];
    const VALUES: [&str; 12] = [
        "null",
        "true",
        "0",
        "60",
        "1.5",
        "\"\"",
        "\"x\"",
        "\"deny\"",
        "[]",
        "{}",
        r#"{"max": 10, "window": 60}"#,
        r#"[{"action": "deny"}]"#,
    ];
    fn count(value: &serde_json::Value) -> u32 {
        1 + match value {
            serde_json::Value::Array(items) => items.iter().map(count).sum(),
            serde_json::Value::Object(members) => members.values().map(count).sum(),
            _ => 0,
        }
    }
    fn change(value: &mut serde_json::Value, at: &mut u32, how: u8) {
        let word = WORDS[usize::from(how) % WORDS.len()];
        if *at == 0 {
            match (how % 3, &mut *value) {
                (0, serde_json::Value::Object(members)) if !members.is_empty() => {
                    let nth = usize::from(how / 3) % members.len();
                    let key = members.keys().nth(nth).unwrap().clone();
                    let inner = members.remove(&key).unwrap();
                    if how & 1 == 0 {
                        members.insert(word.to_owned(), inner);
                    }
                }
                (1, serde_json::Value::Object(members)) => {
                    let new = VALUES[usize::from(how / 3) % VALUES.len()];
                    members.insert(word.to_owned(), serde_json::from_str(new).unwrap());
                }
                (1, serde_json::Value::String(text)) => *text = word.to_owned(),
                _ => {
                    let new = VALUES[usize::from(how / 3) % VALUES.len()];
                    *value = serde_json::from_str(new).unwrap();
                }
            }
        }
        let step = |inner: &mut serde_json::Value, at: &mut u32| {
            *at = at.wrapping_sub(1);
            if *at < u32::MAX / 2 {
                change(inner, at, how);
            }
        };
        match value {
            serde_json::Value::Array(items) => items.iter_mut().for_each(|i| step(i, at)),
            serde_json::Value::Object(members) => {
                members.values_mut().for_each(|i| step(i, at));
            }
            _ => {}
        }
    }
    let mut value: serde_json::Value = serde_json::from_str(WHOLE).unwrap();
    for (at, how) in seeds {
        let mut at = at % count(&value);
        change(&mut value, &mut at, *how);
    }
    value.to_string()
}

proptest! {
    #[test]
    fn every_finding_points_into_the_policy_once_and_its_repair_removes_it(
        seeds in proptest::collection::vec(any::<(u32, u8)>(), 0..4),
    ) {
        let text = mutant(&seeds);
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        let found = findings(&text);
        let mut visited = HashSet::new();
        for finding in &found {
            prop_assert!(visited.insert((finding.location, finding.pointer.clone())), "{} twice in {}", finding.pointer, text);
            prop_assert!(finding.help.is_some());
            prop_assert!(value.pointer(&finding.pointer).is_some(), "{}", finding.pointer);
            if let Some(fixed) = applied(&text, finding) {
                prop_assert!(serde_json::from_str::<serde_json::Value>(&fixed).is_ok(), "{}", fixed);
                // A repair may uncover a mistake inside, never leave its own.
                let left = findings(&fixed);
                prop_assert!(
                    left.iter().all(|other| other.pointer != finding.pointer || other.message != finding.message),
                    "{} still in {}", finding.message, fixed
                );
            }
        }
    }
}
