//! Policies with one weakness each, written by hand (`testdata/lint/seeds`): it is
//! found and nothing else at warning or above, and of the corrected twin nothing.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::support::{root, run};

/// The rules and pointers of the findings, and of those at warning or above.
fn found(dir: &Path, policy: &str) -> (Vec<String>, Vec<String>) {
    let ran = run(
        dir,
        &[
            "lint",
            policy,
            "--inventory",
            "tools.json",
            "--format",
            "json",
        ],
    );
    let report = ran.report();
    let findings = report["findings"].as_array().unwrap();
    let name = |finding: &serde_json::Value| {
        let text = |member: &str| finding[member].as_str().unwrap();
        format!("{} {}", text("rule"), text("pointer"))
    };
    let is_loud = |finding: &&serde_json::Value| finding["severity"] != "note";
    let loud = findings.iter().filter(is_loud).map(name).collect();
    (findings.iter().map(name).collect(), loud)
}

#[test]
fn each_weakness_is_found_and_each_corrected_twin_is_clean() {
    let seeds = fs::read_dir(root().join("testdata/lint/seeds")).unwrap();
    let mut dirs: Vec<_> = seeds.map(|entry| entry.unwrap().path()).collect();
    dirs.sort();
    assert!(dirs.len() >= 30, "{}", dirs.len());
    let mut rules = BTreeSet::new();
    for dir in dirs {
        let weakness = fs::read_to_string(dir.join("weakness.txt")).unwrap();
        let weakness = weakness.trim_end();
        let rule = weakness.split(' ').next().unwrap();
        let (all, loud) = found(&dir, "policy.json");
        let name = dir.display();
        assert!(all.iter().any(|of| of == weakness), "{name}: {all:#?}");
        let other: Vec<_> = loud.iter().filter(|of| of.as_str() != weakness).collect();
        assert!(other.is_empty(), "{name}: {other:#?}");
        let (all, loud) = found(&dir, "corrected.json");
        assert!(loud.is_empty(), "{name}, corrected: {loud:#?}");
        let again = all.iter().find(|of| of.starts_with(&format!("{rule} ")));
        assert_eq!(again, None, "{name}, corrected");
        rules.insert(rule.to_owned());
    }
    assert!(rules.len() >= 20, "{rules:?}");
}
