//! `mcppolicy classify`: the command, wired.

use std::fs;
use std::path::PathBuf;

use assert_cmd::Command;
use serde_json::{Value, json};

const SMALL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/inventory/small.json");

/// A directory of its own for one test.
fn directory(name: &str) -> PathBuf {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
        .join("classify")
        .join(name);
    fs::create_dir_all(&directory).unwrap();
    directory
}

fn classify(directory: &PathBuf) -> Command {
    let mut command = Command::cargo_bin("mcppolicy").unwrap();
    command.current_dir(directory).arg("classify");
    command
}

fn report(command: &mut Command, code: i32) -> Value {
    let output = command.args(["--format", "json"]).assert().code(code);
    serde_json::from_slice(&output.get_output().stdout).unwrap()
}

#[test]
fn each_tool_has_a_category_a_risk_and_a_reason() {
    let directory = directory("small");
    let report = report(classify(&directory).arg(SMALL), 0);
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
    let output = classify(&directory("person")).arg(SMALL).assert().code(0);
    let text = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    let lines: Vec<&str> = text.lines().collect();
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
    let directory = directory("configured");
    let config = directory.join("mcppolicy.toml");
    fs::write(&config, "[categories]\nrun_script = \"read\"\n").unwrap();
    let configured = report(classify(&directory).arg(SMALL), 0);
    assert_eq!(configured["tools"][1]["category"], "Read");
    fs::write(&config, "[categories]\nrun_script = \"safe\"\n").unwrap();
    let refused = report(classify(&directory).arg(SMALL), 3);
    assert_eq!(refused["findings"][0]["rule"], "config");
}

#[test]
fn an_invalid_an_empty_and_a_missing_inventory_end_as_the_table_says() {
    let directory = directory("ends");
    let file = directory.join("tools.json");
    for (text, code) in [("{", 3), ("{\"tools\":[{}]}", 3), ("[]", 4)] {
        fs::write(&file, text).unwrap();
        report(classify(&directory).arg(&file), code);
    }
    report(classify(&directory).arg("none.json"), 2);
}
