//! What a change edits and what that comes to, in the JSON report, and
//! approvals of one tool.

use serde_json::{Value, json};

use super::{SINCE_MAIN, json as run_json, repository};
use crate::support::{run, write};

/// Two tools of which the amounts are bounded.
fn two(pay: u32, refund: u32) -> String {
    let rules = |max: u32| json!({"require": [{"conditions": [{"path": "args.amount", "op": "lte", "value": max}]}]});
    let tools = json!({"pay": rules(pay), "refund": rules(refund)});
    json!({"version": "1", "default": "deny", "tools": tools}).to_string()
}

fn scopes(list: &Value) -> Vec<&str> {
    let list = list.as_array().unwrap().iter();
    list.map(|entry| entry["scope"]["tool"].as_str().unwrap())
        .collect()
}

#[test]
fn each_edit_has_its_values_places_and_part() {
    let dir = repository("edits", &two(100, 100));
    write(&dir, "policy.json", two(1_000, 100));
    let (code, report) = run_json(&SINCE_MAIN, &dir);
    assert_eq!(code, 1);
    let change = &report["changes"][0];
    assert_eq!(change["category"], "Financial");
    let edit = &change["edits"][0];
    assert_eq!(edit["kind"], "changed");
    assert_eq!(edit["summary"], "amount lte 100 → 1000");
    assert_eq!(edit["effect"], "decides");
    let pointer = "/tools/pay/require/0/conditions/0/value";
    for (side, text) in [("old", "amount lte 100"), ("new", "amount lte 1000")] {
        assert_eq!(edit[side]["pointer"], pointer);
        assert_eq!(edit[side]["text"], text);
        assert!(edit[side]["span"].is_object());
    }
    assert_eq!(edit["new"]["changed"], json!([[11, 15]]));
    let part = &change["parts"][0];
    assert_eq!(part["direction"], "loosened");
    assert_eq!(part["by"]["pointer"], "/tools/pay/require/0");
    assert_eq!(part["edits"], json!([0]));
    assert_eq!(part["alone"], true);
    assert_eq!(part["calls"][0]["arguments"], json!({"amount": 1000}));
    assert_eq!(part["schema_valid"], Value::Null);
}

#[test]
fn calls_are_such_as_the_inventory_admits() {
    let dir = repository("schema", &two(100, 100));
    write(&dir, "policy.json", two(1_000, 100));
    write(
        &dir,
        "mcppolicy.toml",
        "[[policy]]\npath = \"policy.json\"\ninventory = \"tools.json\"\n",
    );
    let tools = |most: u32| {
        let schema = json!({
            "type": "object",
            "properties": {
                "amount": {"type": "integer", "maximum": most},
                "to": {"type": "string", "enum": ["savings", "checking"]},
            },
            "required": ["amount", "to"],
        });
        json!({"tools": [{"name": "pay", "inputSchema": schema}]}).to_string()
    };
    write(&dir, "tools.json", tools(500));
    let part = |report: &Value| report["changes"][0]["parts"][0].clone();
    let (_, report) = run_json(&SINCE_MAIN, &dir);
    let within = part(&report);
    assert_eq!(within["schema_valid"], true, "{within}");
    let arguments = &within["calls"][0]["arguments"];
    assert_eq!(arguments["to"], "savings");
    let amount = arguments["amount"].as_u64().unwrap();
    assert!((101..=500).contains(&amount), "{amount}");

    // No call of the part is one that the schema admits: it still counts.
    write(&dir, "tools.json", tools(50));
    let (code, report) = run_json(&SINCE_MAIN, &dir);
    assert_eq!(code, 1);
    assert_eq!(part(&report)["schema_valid"], false);
}

#[test]
fn an_added_policy_is_loosened_and_lists_what_it_opens() {
    let dir = repository("opens", &two(100, 100));
    let args = ["diff", "/dev/null", "policy.json"];
    let (code, report) = run_json(&args, &dir);
    assert_eq!(code, 0);
    assert_eq!(report["summary"]["verdict"], "loosened");
    assert_eq!(report["policies"][0]["fate"], "added");
    assert_eq!(scopes(&report["changes"]), ["pay", "refund"]);
    let part = &report["changes"][0]["parts"][0];
    assert_eq!(part["by"]["pointer"], "/default");
    let (code, report) = run_json(&["diff", "policy.json", "/dev/null"], &dir);
    assert_eq!(code, 1);
    assert_eq!(report["summary"]["verdict"], "loosened");
}

#[test]
fn one_tool_is_approved_and_the_rest_is_not() {
    let dir = repository("only", &two(100, 100));
    write(&dir, "policy.json", two(1_000, 1_000));
    let approve = |tool: &str| {
        let more = ["--approve", "larger orders", "--only", tool];
        run(&dir, &[&SINCE_MAIN[..], &more].concat())
    };
    let other = approve("withdraw");
    assert_eq!(other.code, 2);
    let said = "--only withdraw: nothing of this tool is refused";
    assert!(other.err.contains(said), "{}{}", other.out, other.err);
    assert!(!dir.join("mcppolicy.approvals.json").exists());

    let one = approve("pay");
    assert_eq!(one.code, 1, "the other tool is still refused");
    assert!(one.err.contains("amount lte 100 → 1000"), "{}", one.err);
    let (_, report) = run_json(&SINCE_MAIN, &dir);
    assert_eq!(scopes(&report["approvals"]), ["pay"]);
    let allows = &report["approvals"][0]["allows"][0];
    assert_eq!(allows["kind"], "edit");
    assert_eq!(allows["text"], "amount lte 100 → 1000");
    assert_eq!(approve("refund").code, 0);
}

/// What was removed is offered for pasting, with its lines, in every format that
/// people read.
#[test]
fn what_was_removed_can_be_pasted_from_each_report() {
    let rule = json!({"conditions": [{"path": "args.reason", "op": "eq", "value": "<b>`test`"}]});
    let policy = |rules: Value| {
        let tools = json!({"pay": {"deny_if": rules}});
        let policy = json!({"version": "1", "default": "deny", "tools": tools});
        serde_json::to_string_pretty(&policy).unwrap()
    };
    let dir = repository("pasted", &policy(json!([rule.clone()])));
    write(&dir, "policy.json", policy(json!([])));
    let shown = |format: &str| {
        let args = [&SINCE_MAIN[..], &["--format", format]].concat();
        let ran = run(&dir, &args);
        assert_eq!(ran.code, 1);
        ran.out
    };
    let read = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let place = "`/tools/pay/deny_if`: put back the `deny_if` rule";

    let human = shown("human");
    let (_, behind) = human.split_once(place).unwrap();
    let lines = behind
        .lines()
        .skip(1)
        .take_while(|line| line.starts_with("    "));
    assert_eq!(read(&lines.collect::<String>()), rule);

    let markdown = shown("markdown");
    let (_, behind) = markdown.split_once("```json\n  {").unwrap();
    let (block, _) = behind.split_once("```\n").unwrap();
    assert_eq!(read(&format!("{{{block}")), rule);

    let html = shown("html");
    let (_, behind) = html.split_once("<pre>{\n").unwrap();
    let (block, _) = behind.split_once("</pre>").unwrap();
    assert!(!block.contains('<'), "{block}");
    let block = block
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"");
    assert_eq!(read(&format!("{{{block}")), rule);
}

/// Of a change with many edits the steps do not move each other's places: what is
/// last in the file comes first.
#[test]
fn what_undoes_a_change_begins_at_the_end_of_the_file() {
    let dir = repository("steps", &two(100, 100));
    write(&dir, "policy.json", two(1_000, 2_000));
    let ran = run(&dir, &SINCE_MAIN);
    let steps: Vec<usize> = ran
        .out
        .lines()
        .filter_map(|line| line.trim().strip_prefix("`policy.json:1:"))
        .map(|rest| rest.split_once('`').unwrap().0.parse().unwrap())
        .collect();
    assert!(steps.len() == 2 && steps[0] > steps[1], "{steps:?}");
}

/// That no call is decided otherwise is said of a tool that is only shown, and never of
/// one that can be called now.
#[test]
fn a_tool_that_is_only_shown_is_told_from_one_that_can_be_called() {
    let says = "No call is decided otherwise";
    let policy = |hide: Value, default: &str| {
        json!({"version": "1", "default": default, "hide": hide, "tools": {"keep": {}}}).to_string()
    };
    for (name, default, is_said) in [("deny", "deny", 1), ("allow", "allow", 0)] {
        let dir = repository(
            &format!("shown-{name}"),
            &policy(json!(["wipe", "other"]), default),
        );
        write(&dir, "policy.json", policy(json!(["other"]), default));
        for format in ["human", "markdown", "html"] {
            let args = [&SINCE_MAIN[..], &["--format", format]].concat();
            let ran = run(&dir, &args);
            assert_eq!(
                ran.out.matches(says).count(),
                is_said,
                "{format}: {}",
                ran.out
            );
            assert!(
                !ran.out.contains("reworded"),
                "an index is no edit: {}",
                ran.out
            );
        }
    }
}
