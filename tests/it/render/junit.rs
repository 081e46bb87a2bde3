//! JUnit's XML, read by the parser that others read it with.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value as Json, json};

use super::*;
use crate::support::python;

/// Reads a report and prints what it holds as JSON.
const READ: &str = r#"
import json, sys
from junitparser import JUnitXml
xml = JUnitXml.fromfile(sys.argv[1])
suites = []
for suite in xml:
    cases = [{"name": case.name, "file": case._elem.get("file"), "line": case._elem.get("line"),
              "result": [type(r).__name__ for r in case.result],
              "message": [r.message for r in case.result]} for case in suite]
    suites.append({"name": suite.name, "tests": suite.tests, "failures": suite.failures,
                   "errors": suite.errors, "skipped": suite.skipped, "cases": cases,
                   "properties": {p.name: p.value for p in suite.properties()}})
print(json.dumps({"tests": xml.tests, "failures": xml.failures, "errors": xml.errors, "suites": suites}))
"#;

fn parsed(python: &Path, name: &str, xml: &str) -> Json {
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.xml"));
    fs::write(&file, xml).unwrap();
    let output = Command::new(python.join("python"))
        .args(["-c", READ])
        .arg(&file)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}\n{xml}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_real_parser_reads_suites_cases_and_totals() {
    let Some(python) = python() else { return };
    let mut sources = SourceMap::new();
    let done = tested(&mut sources, POLICY, TRACE);
    let xml = render(&test_report(&sources, done), Format::Junit, STYLE);
    let report = parsed(python, "tested", &xml);
    let suite = &report["suites"][0];
    assert_eq!(suite["name"], "traces/t.jsonl");
    assert_eq!(
        suite["properties"],
        json!({"policy": "policy.json", "calls": "7", "passed": "5", "failed": "1",
               "undetermined": "0", "unasserted": "1", "out_of_scope": "0"})
    );
    let names: Vec<&Json> = suite["cases"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| &c["name"])
        .collect();
    assert_eq!(
        names,
        [
            "line 2: refund, repetitions 1 to 2 of 4",
            "line 2: refund, repetitions 3 to 4 of 4",
            "line 3: refund",
            "line 5: refund",
        ]
    );
    assert_eq!(suite["cases"][2]["result"], json!(["Failure"]));
    assert_eq!(suite["cases"][0]["result"], json!([]));
    assert_eq!(
        (&report["tests"], &report["failures"], &report["errors"]),
        (&json!(4), &json!(1), &json!(0))
    );
}

#[test]
fn a_real_parser_reads_findings_with_hostile_text() {
    let Some(python) = python() else { return };
    let mut sources = SourceMap::new();
    let list = findings(&mut sources, POLICY, HOSTILE);
    let xml = render(&lint_report(&sources, list), Format::Junit, STYLE);
    let report = parsed(python, "hostile", &xml);
    let suites = report["suites"].as_array().unwrap();
    let names: Vec<&Json> = suites.iter().map(|suite| &suite["name"]).collect();
    assert_eq!(names, ["gone.json", "dir/pol icy.json", "lint"]);
    assert_eq!(suites[1]["failures"], 2);
    let message = suites[1]["cases"][0]["message"][0].as_str().unwrap();
    assert!(
        message.contains("<script>alert(1)</script> ]]> \\u{1b}[31m"),
        "{message}"
    );
}

#[test]
fn a_call_without_expectation_that_is_undetermined_is_an_error_of_its_suite() {
    let mut sources = SourceMap::new();
    let trace = "{\"mcppolicy\":\"trace/1\"}\n{\"tool\":\"refund\",\"arguments\":{\"amount\":1}}\n\
                 {\"ts\":null,\"tool\":\"look\",\"expect\":\"allow\"}\n\
                 {\"ts\":null,\"tool\":\"refund\",\"arguments\":null,\"repeat\":1}\n";
    let done = tested(&mut sources, POLICY, trace);
    let undetermined = done.summary().undetermined;
    let xml = render(&test_report(&sources, done), Format::Junit, STYLE);
    assert_eq!(
        xml.contains("calls without expectation are determined"),
        undetermined > 0,
        "{xml}"
    );
}
