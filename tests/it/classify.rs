//! `mcppolicy classify`: the command, wired.

use std::path::Path;

use serde_json::{Value, json};

use crate::support::{fresh, run, write};

const SMALL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/inventory/small.json");

/// Runs `classify` in `dir` for its JSON report, and expects this exit code.
fn report(dir: &Path, inventory: &str, code: i32) -> Value {
    let ran = run(dir, &["classify", inventory, "--format", "json"]);
    assert_eq!(ran.code, code, "{}", ran.err);
    ran.report()
}

#[test]
fn each_tool_has_a_category_a_risk_and_a_reason() {
    let report = report(&fresh("classify-small"), SMALL, 0);
    assert_eq!(
        report["tools"],
        json!([
            {"name": "list_notes", "category": "Read", "risk": "low",
             "because": "annotation `readOnlyHint: true`", "conflict": null},
            {"name": "run_script", "category": "Execute", "risk": "high",
             "because": "verb *run*, argument `script`", "conflict": null},
            {"name": "delete_note", "category": "Destructive", "risk": "critical",
             "because": "verb *delete*, against `readOnlyHint: true`",
             "conflict": "readOnlyHint"},
        ])
    );
    assert_eq!(
        report["summary"],
        json!({"tools": 3, "read": 1, "write": 0, "execute": 1, "destructive": 1,
               "financial": 0, "conflicts": 1})
    );
}

#[test]
fn a_person_sees_a_line_for_each_tool_and_a_summary() {
    let ran = run(&fresh("classify-person"), &["classify", SMALL]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let lines: Vec<&str> = ran.out.lines().collect();
    assert_eq!(
        lines[1],
        "run_script   Execute      high      verb *run*, argument `script`"
    );
    assert_eq!(
        lines.last(),
        Some(&"3 tools: 1 Read, 1 Execute, 1 Destructive")
    );
}

#[test]
fn the_configuration_has_the_last_word_and_must_know_the_category() {
    let dir = fresh("classify-configured");
    let configure = |category: &str| {
        let config = format!("[categories]\nrun_script = \"{category}\"\n");
        write(&dir, "mcppolicy.toml", config);
    };
    configure("read");
    let configured = report(&dir, SMALL, 0);
    assert_eq!(configured["tools"][1]["category"], "Read");
    configure("safe");
    let refused = report(&dir, SMALL, 3);
    assert_eq!(refused["findings"][0]["rule"], "config");
}

#[test]
fn an_invalid_an_empty_and_a_missing_inventory_end_as_the_table_says() {
    let dir = fresh("classify-ends");
    for (text, code) in [("{", 3), ("{\"tools\":[{}]}", 3), ("[]", 4)] {
        write(&dir, "tools.json", text);
        report(&dir, "tools.json", code);
    }
    report(&dir, "none.json", 2);
}
