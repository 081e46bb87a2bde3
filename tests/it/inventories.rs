//! Policies held against the inventories of their servers, the options of
//! rules, and the book of rules.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::{fresh, root, run};

const POLICY: &str = r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "run_workflw": {
      "limits": [{ "counter": "runs_per_day", "window": "day", "max": 100, "scope": "grant" }]
    }
  }
}
"#;

const TOOLS: &str =
    r#"{ "tools": [{ "name": "run_workflow", "inputSchema": { "type": "object" } }] }"#;

fn server(name: &str, config: &str) -> std::path::PathBuf {
    let dir = fresh(name);
    fs::create_dir_all(dir.join("ci")).unwrap();
    fs::write(dir.join("ci/policy.json"), POLICY).unwrap();
    fs::write(dir.join("ci/tools.json"), TOOLS).unwrap();
    if !config.is_empty() {
        fs::write(dir.join("mcppolicy.toml"), config).unwrap();
    }
    dir
}

fn findings(dir: &Path, arguments: &[&str], code: i32) -> Vec<Value> {
    let mut all = arguments.to_vec();
    all.extend(["--format", "json"]);
    let ran = run(dir, &all);
    assert_eq!(ran.code, code, "{}{}", ran.out, ran.err);
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    report["findings"].as_array().unwrap().clone()
}

#[test]
fn an_inventory_on_the_command_line_is_held_against_the_policy() {
    let dir = server("guarded_flag", "[lint]\n");
    let quiet = findings(&dir, &["lint", "ci/policy.json"], 0);
    assert_eq!(quiet, [] as [Value; 0]);
    let arguments = ["lint", "ci/policy.json", "--inventory", "ci/tools.json"];
    let found = findings(&dir, &arguments, 1);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(found[0]["rule"], "unknown-tool");
    assert!(
        found[0]["help"]
            .as_str()
            .unwrap()
            .contains("`run_workflow`")
    );
}

#[test]
fn lint_and_ci_read_the_inventory_that_the_configuration_names() {
    let config = "[[policy]]\npath = \"*/policy.json\"\ninventory = \"{dir}/tools.json\"\n";
    let dir = server("guarded_config", config);
    let found = findings(&dir, &["lint"], 1);
    assert_eq!(found[0]["rule"], "unknown-tool");
    let ran = run(&dir, &["ci"]);
    assert!(ran.out.contains("unknown-tool"), "{}", ran.out);
}

#[test]
fn a_missing_inventory_could_not_run_and_a_broken_one_is_invalid() {
    let dir = server("guarded_broken", "");
    let lint = |inventory| run(&dir, &["lint", "ci/policy.json", "--inventory", inventory]);
    assert_eq!(lint("nowhere.json").code, 2);
    fs::write(dir.join("broken.json"), "{\"tools\": [{}]").unwrap();
    let broken = lint("broken.json");
    assert_eq!(broken.code, 3, "{}", broken.out);
    assert!(!broken.out.contains("unknown-tool"), "{}", broken.out);
}

#[test]
fn a_rule_takes_its_level_and_its_options_from_one_table() {
    let config = "[lint.rules]\nloose-limit = { level = \"error\", execute = \"50/day\" }\n";
    let dir = server("guarded_options", config);
    let found = findings(&dir, &["lint", "ci/policy.json"], 1);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(found[0]["rule"], "loose-limit");
    assert_eq!(found[0]["severity"], "error");
    for wrong in ["speed = \"1/day\"", "execute = \"fast\""] {
        let config = format!("[lint.rules]\nloose-limit = {{ {wrong} }}\n");
        fs::write(dir.join("mcppolicy.toml"), config).unwrap();
        let ran = run(&dir, &["lint", "ci/policy.json"]);
        assert_eq!(ran.code, 3, "{}", ran.out);
        assert!(ran.out.contains("mcppolicy.toml"), "{}", ran.out);
    }
}

#[test]
fn the_book_of_rules_is_up_to_date() {
    let printed = run(root(), &["explain", "--all"]).out;
    let kept = fs::read_to_string(root().join("docs/rules.md")).unwrap_or_default();
    assert!(
        printed == kept.replace("\r\n", "\n"),
        "docs/rules.md is not what the rules say: run `mcppolicy explain --all > docs/rules.md`"
    );
}

#[test]
fn limits_are_held_against_given_recordings() {
    let dir = fresh("lint-observed");
    let limit = r#"{"counter":"gets","window":"minute","max":60,"scope":"grant"}"#;
    let policy = format!(
        r#"{{"version":"1","default":"deny","tools":{{"get_it":{{"limits":[{limit}]}}}}}}"#
    );
    std::fs::write(dir.join("p.json"), policy).unwrap();
    let calls = "{\"repeat\":60,\"every\":\"30s\",\"ts\":\"2026-03-02T09:00:00Z\",\"grant\":\"a\",\"tool\":\"get_it\"}\n";
    std::fs::write(dir.join("t.jsonl"), calls).unwrap();
    let found = findings(&dir, &["lint", "p.json", "--traces", "t.jsonl"], 0);
    let message = found[0]["message"].as_str().unwrap();
    let says = "`gets` lets 60 pass per minute, and 60 recorded calls never used more than 2";
    assert_eq!((found.len(), message), (1, says));
    assert_eq!(run(&dir, &["lint", "p.json", "--traces", "none"]).code, 2);
    std::fs::write(dir.join("bad.jsonl"), "{\"tool\":7}\n").unwrap();
    let bad = run(&dir, &["lint", "p.json", "--traces", "bad.jsonl"]);
    assert_eq!(bad.code, 2, "{}", bad.out);
    assert!(bad.err.contains("of their lines are not"), "{}", bad.err);

    let config = "[[policy]]\npath = \"p.json\"\ntraces = [\"t.jsonl\"]\n";
    std::fs::write(dir.join("mcppolicy.toml"), config).unwrap();
    let quiet = run(&dir, &["lint"]);
    assert!(!quiet.out.contains("loose-limit"), "{}", quiet.out);
    let strict = run(&dir, &["lint", "--pedantic"]);
    assert!(strict.out.contains("note[loose-limit]"), "{}", strict.out);
}

#[test]
fn a_category_is_said_for_all_policies_or_for_one() {
    let entry = |more: &str| {
        format!(
            "[[policy]]\npath = \"ci/policy.json\"\n{more}[lint.rules]\nmissing-on-deny = \"off\"\n"
        )
    };
    let dir = server("guarded_categories", &entry(""));
    let policy = POLICY
        .replace("run_workflw", "frobnicate")
        .replace("day", "minute");
    fs::write(dir.join("ci/policy.json"), policy).unwrap();
    assert_eq!(findings(&dir, &["lint"], 0), [] as [Value; 0]);
    for config in [
        entry("categories = { frobnicate = \"execute\" }\n"),
        entry("") + "[categories]\nfrobnicate = \"Execute\"\n",
    ] {
        fs::write(dir.join("mcppolicy.toml"), config).unwrap();
        let found = findings(&dir, &["lint"], 0);
        assert_eq!(
            (found.len(), &found[0]["rule"]),
            (1, &Value::from("burst-only-limit"))
        );
    }
    // One policy's own word goes first.
    let both = entry("categories = { frobnicate = \"read\" }\n");
    let both = both + "[categories]\nfrobnicate = \"execute\"\n";
    fs::write(dir.join("mcppolicy.toml"), both).unwrap();
    assert_eq!(findings(&dir, &["lint"], 0), [] as [Value; 0]);
    let wrong = entry("categories = { frobnicate = \"exec\" }\n");
    fs::write(dir.join("mcppolicy.toml"), wrong).unwrap();
    let found = findings(&dir, &["lint"], 3);
    assert_eq!(found[0]["message"], "This is not a category");
}
