//! Policies with one weakness each, written by hand (`testdata/lint/seeds`): it is
//! found and nothing else at warning or above, and of the corrected twin nothing.

use super::*;
use std::path::Path;

fn read(dir: &Path, file: &str) -> String {
    let path = dir.join(file);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The rules and pointers of the findings, and of those at warning or above.
fn found(policy: &str, tools: &str) -> (Vec<String>, Vec<String>) {
    let linted = lint_default(&format!("{policy}\ntools.json:\n{tools}"));
    let name = |finding: &Finding| format!("{} {}", finding.rule.name(), finding.pointer);
    let all = linted.findings.iter().map(name).collect();
    let loud = linted.findings.iter();
    let loud = loud.filter(|finding| finding.severity >= Severity::Warning);
    (all, loud.map(name).collect())
}

#[test]
fn each_weakness_is_found_and_each_corrected_twin_is_clean() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/lint/seeds");
    let mut dirs: Vec<_> = std::fs::read_dir(seeds)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    dirs.sort();
    assert!(dirs.len() >= 30, "{}", dirs.len());
    let mut rules = std::collections::BTreeSet::new();
    for dir in dirs {
        let tools = read(&dir, "tools.json");
        let weakness = read(&dir, "weakness.txt");
        let weakness = weakness.trim_end();
        let rule = weakness.split(' ').next().unwrap();
        let (all, loud) = found(&read(&dir, "policy.json"), &tools);
        assert!(
            all.iter().any(|of| of == weakness),
            "{}: {all:#?}",
            dir.display()
        );
        let other: Vec<_> = loud.iter().filter(|of| of.as_str() != weakness).collect();
        assert!(other.is_empty(), "{}: {other:#?}", dir.display());
        let (all, loud) = found(&read(&dir, "corrected.json"), &tools);
        assert!(loud.is_empty(), "{}, corrected: {loud:#?}", dir.display());
        let again = all.iter().find(|of| of.starts_with(&format!("{rule} ")));
        assert_eq!(again, None, "{}, corrected", dir.display());
        rules.insert(rule.to_owned());
    }
    assert!(rules.len() >= 20, "{rules:?}");
}
