//! Every kind of change of a policy, alone and together, as a person at a terminal
//! and a reviewer of a pull request read it: snapshots that were read aloud.

use serde_json::{Value, json};

use crate::support::{fresh, run, write};

/// The policy that is changed.
fn policy() -> Value {
    json!({
        "version": "1", "default": "deny", "hide": ["delete_customer", "drop_table"],
        "all_tools": {"limits": [limit("calls", "minute", 120)]},
        "tools": {
            "create_refund": {
                "require": [{
                    "conditions": [
                        condition("amount", "gt", json!(0)),
                        condition("amount", "lte", json!(100)),
                        condition("currency", "in", json!(["EUR", "USD"]))],
                    "on_deny": "Refunds are up to 100 EUR or USD."}],
                "deny_if": [
                    {"conditions": [condition("vip", "eq", json!(true))],
                     "on_deny": "Ask a person about VIPs."},
                    {"conditions": [condition("reason", "contains", json!("test"))]}],
                "limits": [
                    limit("refunds_per_minute", "minute", 60),
                    {"counter": "refunded_per_day", "window": "day", "max": 500, "scope": "grant",
                     "increment_from": "args.amount"}]},
            "list_orders": {},
            "read_file": {"require": [{"conditions": [
                condition("path", "regex", json!("^/srv/data/[a-z0-9_]+\\.txt$"))]}]},
            "run_workflow": {
                "require": [{"conditions": [condition("name", "regex", json!("^(build|test)$"))]}],
                "limits": [limit("runs_per_hour", "hour", 10)]}}})
}

fn condition(argument: &str, op: &str, value: Value) -> Value {
    json!({"path": format!("args.{argument}"), "op": op, "value": value})
}

fn limit(counter: &str, window: &str, max: u64) -> Value {
    json!({"counter": counter, "window": window, "max": max, "scope": "grant"})
}

fn refund(policy: &mut Value) -> &mut Value {
    &mut policy["tools"]["create_refund"]
}

fn pattern(policy: &mut Value, tool: &str, pattern: &str) {
    policy["tools"][tool]["require"][0]["conditions"][0]["value"] = json!(pattern);
}

fn take(list: &mut Value, at: usize) -> Value {
    list.as_array_mut().unwrap().remove(at)
}

fn push(list: &mut Value, value: Value) {
    list.as_array_mut().unwrap().push(value);
}

fn remove(object: &mut Value, name: &str) {
    object.as_object_mut().unwrap().remove(name);
}

type Edit = fn(&mut Value);

/// The kinds of changes, and whether they go together with the others.
const EDITS: [(&str, bool, Edit); 22] = [
    ("max raised", true, |p| {
        refund(p)["limits"][0]["max"] = json!(600_000);
    }),
    ("window widened", true, |p| {
        p["tools"]["run_workflow"]["limits"][0]["window"] = json!("minute");
    }),
    ("limit removed", false, |p| {
        remove(&mut p["tools"]["run_workflow"], "limits");
    }),
    ("limit moved to all_tools", false, |p| {
        let moved = take(&mut refund(p)["limits"], 0);
        push(&mut p["all_tools"]["limits"], moved);
    }),
    ("increment_from dropped", false, |p| {
        remove(&mut refund(p)["limits"][1], "increment_from");
    }),
    ("counter renamed", true, |p| {
        refund(p)["limits"][0]["counter"] = json!("refunds_each_minute");
    }),
    ("bound raised", true, |p| {
        refund(p)["require"][0]["conditions"][1]["value"] = json!(1_000);
    }),
    ("list extended by three members", true, |p| {
        refund(p)["require"][0]["conditions"][2]["value"] =
            json!(["EUR", "USD", "GBP", "CHF", "BTC"]);
    }),
    ("pattern loosened by an anchor", true, |p| {
        pattern(p, "read_file", "^/srv/data/[a-z0-9_]+\\.txt");
    }),
    ("pattern loosened by a slash", false, |p| {
        pattern(p, "read_file", "^/srv/data[a-z0-9_]*\\.txt$");
    }),
    ("pattern loosened by a class", false, |p| {
        pattern(p, "read_file", "^/srv/data/[a-z0-9_./]+\\.txt$");
    }),
    ("pattern loosened by an alternative", true, |p| {
        pattern(p, "run_workflow", "^(build|test|deploy)$");
    }),
    ("deny_if removed", false, |p| {
        take(&mut refund(p)["deny_if"], 0);
    }),
    ("require removed", false, |p| {
        remove(&mut p["tools"]["read_file"], "require");
    }),
    ("condition added to a deny_if", true, |p| {
        let conditions = &mut refund(p)["deny_if"][0]["conditions"];
        push(conditions, condition("amount", "gt", json!(50)));
    }),
    ("tool added", true, |p| {
        let limits = json!([limit("exports", "day", 5)]);
        p["tools"]["export_customers"] = json!({"limits": limits});
    }),
    ("tool removed", true, |p| {
        remove(&mut p["tools"], "list_orders")
    }),
    ("hidden entry removed", false, |p| {
        take(&mut p["hide"], 1);
    }),
    ("hidden entry removed and the tool listed", true, |p| {
        take(&mut p["hide"], 1);
        p["tools"]["drop_table"] = json!({});
    }),
    ("default flipped", false, |p| p["default"] = json!("allow")),
    ("rules only reordered", true, |p| {
        refund(p)["deny_if"].as_array_mut().unwrap().reverse();
    }),
    ("on_deny reworded", true, |p| {
        refund(p)["require"][0]["on_deny"] = json!("Up to 100, in EUR or USD.");
    }),
];

/// Each change with its name: the old policy's text and the new one's, empty where there
/// is none.
fn changes() -> Vec<(String, String, String)> {
    let text = |policy: &Value| serde_json::to_string_pretty(policy).unwrap() + "\n";
    let old = policy();
    let mut changes = Vec::new();
    let mut together = policy();
    for (name, is_together, edit) in EDITS {
        let mut new = policy();
        edit(&mut new);
        changes.push((name.to_owned(), text(&old), text(&new)));
        if is_together {
            edit(&mut together);
        }
    }
    changes.push(("policy added".to_owned(), String::new(), text(&old)));
    changes.push(("policy removed".to_owned(), text(&old), String::new()));
    changes.push(("many together".to_owned(), text(&old), text(&together)));
    changes
}

fn shown(format: &str) -> String {
    let mut all = String::new();
    for (name, old, new) in changes() {
        let dir = fresh(&format!("render-changes-{format}"));
        let file = |name: &'static str, text: &str| {
            if text.is_empty() {
                return "/dev/null";
            }
            write(&dir, name, text);
            name
        };
        let (old, new) = (file("old.json", &old), file("policy.json", &new));
        let ran = run(&dir, &["diff", old, new, "--format", format]);
        all.push_str(&format!(
            "===== {name}: exit code {}\n{}\n",
            ran.code, ran.out
        ));
    }
    all
}

#[test]
fn every_kind_of_change_reads_at_a_terminal_as_reviewed() {
    insta::assert_snapshot!("human", shown("human"));
}

#[test]
fn every_kind_of_change_reads_in_a_comment_as_reviewed() {
    insta::assert_snapshot!("markdown", shown("markdown"));
}

/// The report of a change in a format.
fn report(name: &str, new: &Value, format: &str) -> String {
    let dir = fresh(&format!("render-{name}"));
    let text = |policy: &Value| serde_json::to_string_pretty(policy).unwrap() + "\n";
    write(&dir, "old.json", text(&policy()));
    write(&dir, "policy.json", text(new));
    run(
        &dir,
        &["diff", "old.json", "policy.json", "--format", format],
    )
    .out
}

#[test]
fn a_cause_that_many_tools_have_in_common_is_shown_once() {
    let mut new = policy();
    new["all_tools"]["limits"][0]["max"] = json!(121);
    let told = report("in-common", &new, "human");
    assert_eq!(
        told.matches("max 120 → 121 per minute").count(),
        1,
        "{told}"
    );
    assert_eq!(told.matches("passes now").count(), 1, "{told}");
}

#[test]
fn an_annotation_lies_in_the_changed_line() {
    let mut new = policy();
    refund(&mut new)["require"][0]["conditions"][1]["value"] = json!(1_000);
    let text = serde_json::to_string_pretty(&new).unwrap();
    let line = text.lines().position(|line| line.contains("1000")).unwrap() + 1;
    let told = report("annotation", &new, "github");
    let place = format!("::error file=policy.json,line={line},endLine={line},");
    assert!(told.contains(&place), "{told}");
}
