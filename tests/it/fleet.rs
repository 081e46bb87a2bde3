//! Shares of a run and their merger, through the binary.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{Ran, fresh, run, run_with};
use serde_json::Value;

const POLICY: &str = r#"{"version":"1","default":"deny","tools":{"ping":{},"run":{
"limits":[{"counter":"runs","window":"hour","max":1,"scope":"grant"}]}}}"#;

const TRACE: &str = r#"{"ts":"2026-11-20T10:00:00Z","grant":"a","tool":"run","arguments":{"secret":"x"},"expect":"allow"}
{"ts":"2026-11-20T10:00:01Z","grant":"b","tool":"run","expect":"deny"}
{"ts":"2026-11-20T10:00:02Z","grant":null,"tool":"run","arguments":{"secret":"x"},"expect":"allow"}
{"ts":"2026-11-20T10:00:03Z","tool":"ping","expect":"allow"}
{"ts":"2026-11-20T10:00:04Z","grant":"ci-bot","server":"other","tool":"run"}
"#;

fn with_trace(name: &str) -> PathBuf {
    let dir = fresh(name);
    fs::create_dir(dir.join("traces")).unwrap();
    fs::write(dir.join("policy.json"), POLICY).unwrap();
    fs::write(dir.join("traces/t.jsonl"), TRACE).unwrap();
    dir
}

/// Runs every share, and keeps its report.
fn shares(dir: &Path, of: u32, more: &[&str]) -> Vec<(String, Ran)> {
    let share = |index: u32| {
        let partition = format!("hash:{index}/{of}");
        let mut arguments = vec!["test", "--server", "mine", "--format", "json"];
        arguments.extend(["--partition", &partition]);
        arguments.extend(more);
        let ran = run(dir, &arguments);
        let name = format!("share-{index}.json");
        fs::write(dir.join(&name), &ran.out).unwrap();
        (name, ran)
    };
    (1..=of).map(share).collect()
}

#[test]
fn merged_shares_are_what_one_run_reports_in_every_format() {
    let dir = with_trace("fleet-merged");
    let kept = ["--merge-as", "html", "--merge-as", "junit"];
    let shares = shares(&dir, 8, &kept);
    for (_, ran) in &shares {
        ran.report();
        assert!(!ran.out.contains("\"x\""), "arguments that nothing reads");
    }
    // An empty share is no empty run, and what is wrong is wrong in its share.
    let mut codes: Vec<i32> = shares.iter().map(|(_, ran)| ran.code).collect();
    codes.sort_unstable();
    assert_eq!(codes, [0, 0, 0, 0, 0, 0, 0, 1]);
    for format in [
        "human", "json", "sarif", "junit", "github", "gitlab", "markdown", "html",
    ] {
        let whole = run(&dir, &["test", "--server", "mine", "--format", format]);
        let mut arguments = vec!["merge", "--format", format];
        arguments.extend(shares.iter().map(|(name, _)| name.as_str()));
        let merged = run(&dir, &arguments);
        assert_eq!((merged.code, whole.code), (1, 1), "{format}");
        assert_eq!(merged.out, whole.out, "{format}");
    }
}

#[test]
fn a_share_of_no_trace_is_still_nothing_to_do() {
    let dir = with_trace("fleet-none");
    fs::remove_file(dir.join("traces/t.jsonl")).unwrap();
    let shares = shares(&dir, 2, &[]);
    assert_eq!(shares[0].1.code, 4);
    let merged = run(&dir, &["merge", "share-1.json", "share-2.json"]);
    let whole = run(&dir, &["test"]);
    assert_eq!((merged.code, whole.code), (4, 4));
    assert_eq!(merged.out, whole.out);
}

#[test]
fn what_cannot_be_merged_is_told() {
    let dir = with_trace("fleet-refused");
    shares(&dir, 2, &[]);
    let outcome = |arguments: &[&str]| {
        let ran = run(&dir, &[&["merge"], arguments].concat());
        assert_eq!(ran.out, "");
        (ran.code, ran.err)
    };
    assert_eq!(
        outcome(&["share-1.json"]),
        (
            2,
            "mcppolicy: of 2 shares these are missing: 2\n".to_owned()
        )
    );
    assert_eq!(
        outcome(&["share-1.json", "nope.json"]),
        (2, "mcppolicy: nope.json: no such file\n".to_owned())
    );
    assert_eq!(
        outcome(&["share-1.json", "share-2.json", "--format", "junit"]),
        (
            2,
            "mcppolicy: the shares do not hold all that junit needs; run them with --merge-as junit\n"
                .to_owned()
        )
    );
    let report = fs::read_to_string(dir.join("share-2.json")).unwrap();
    fs::write(dir.join("cut.json"), &report[..report.len() / 2]).unwrap();
    assert_eq!(
        outcome(&["share-1.json", "cut.json"]),
        (
            3,
            "mcppolicy: cut.json: is cut off: the JSON ends too early\n".to_owned()
        )
    );
}

#[test]
fn a_share_that_is_given_its_calls_refuses_those_of_another() {
    let dir = with_trace("fleet-given");
    // `a` is in share 5 of 8.
    let line: &'static [u8] =
        b"{\"grant\":\"a\",\"tool\":\"ping\",\"expect\":\"allow\",\"origin\":{\"file\":\"x.log\",\"line\":7}}\n";
    let arguments = |share| ["test", "-", "--partition", share, "--format", "json"];
    assert_eq!(run_with(&dir, &arguments("given:5/8"), line).code, 0);
    assert_eq!(run_with(&dir, &arguments("given:5/8"), b"").code, 0);
    let stray = run_with(&dir, &arguments("given:6/8"), line);
    let report: Value = serde_json::from_str(&stray.out).unwrap();
    assert_eq!(stray.code, 2);
    assert_eq!(report["failures"][0]["input"], "<stdin>:1");
    let message = "belongs to another share by its grant";
    assert_eq!(report["failures"][0]["message"], message);
    let bare = b"{\"grant\":\"a\",\"tool\":\"ping\"}\n";
    let bare = run_with(&dir, &arguments("given:5/8"), bare);
    assert!(bare.out.contains("has no origin"), "{}", bare.out);
}

#[test]
fn imported_calls_can_be_reported_where_the_log_has_them() {
    let dir = with_trace("fleet-origin");
    let trace = TRACE.replace(
        "\"expect\"",
        "\"origin\":{\"file\":\"b.log\",\"line\":40},\"expect\"",
    );
    fs::write(dir.join("all.jsonl"), trace).unwrap();
    let ran = run(
        &dir,
        &["test", "all.jsonl", "--at-origin", "--format", "json"],
    );
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    let position = |case: &Value| (case["file"].clone(), case["line"].clone());
    assert_eq!(position(&report["cases"][0]), ("b.log".into(), 40.into()));
    let files: Vec<&str> = report["traces"]
        .as_array()
        .unwrap()
        .iter()
        .map(|t| t["file"].as_str().unwrap())
        .collect();
    // The one call without an origin is reported where it was read.
    assert_eq!(files, ["all.jsonl", "b.log"]);
}
