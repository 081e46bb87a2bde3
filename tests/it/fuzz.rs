//! What the fuzz targets hold, on fixtures and their mutants: fuzzing itself
//! needs a nightly compiler (`fuzz/`).

#[path = "../../fuzz/src/lib.rs"]
mod properties;

use std::fs;
use std::path::Path;

use crate::random::Random;
use crate::support::root;

/// The files below a folder of `testdata`, sorted.
fn fixtures(folder: &str, wanted: &dyn Fn(&str) -> bool) -> Vec<Vec<u8>> {
    fn walk(dir: &Path, found: &mut Vec<std::path::PathBuf>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => walk(&path, found),
                false => found.push(path),
            }
        }
    }
    let mut files = Vec::new();
    walk(&root().join("testdata").join(folder), &mut files);
    files.retain(|path| wanted(path.file_name().unwrap().to_str().unwrap()));
    files.sort();
    files.iter().map(|path| fs::read(path).unwrap()).collect()
}

/// The same bytes with some of them otherwise.
fn mutant(random: &mut Random, bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..random.below(4) {
        let at = random.below(bytes.len().max(1)).min(bytes.len());
        let end = (at + random.below(40)).min(bytes.len());
        match random.below(3) {
            0 => bytes.truncate(end),
            1 => bytes.insert(at, b"\"{}[],:\\0-9.\n\xFF"[random.below(14)]),
            _ => {
                let piece = bytes[at..end].to_vec();
                bytes.splice(at..at, piece);
            }
        }
    }
    bytes
}

fn is_policy(name: &str) -> bool {
    name.ends_with("policy.json") || name == "before.json" || name == "after.json"
}

#[test]
fn any_bytes_make_a_policy_or_findings() {
    let mut random = Random::new(21);
    for bytes in fixtures("", &is_policy) {
        properties::policy(&bytes);
        for _ in 0..60 {
            properties::policy(&mutant(&mut random, &bytes));
        }
    }
}

#[test]
fn any_bytes_are_read_to_the_end_as_any_format() {
    let mut random = Random::new(22);
    for bytes in fixtures("traces", &|name| !name.ends_with(".md") && !is_policy(name)) {
        // Every format or none, and every grant or none.
        for first in 0..75 {
            let mut bytes = mutant(&mut random, &bytes);
            bytes.insert(0, first);
            properties::traces(&bytes);
        }
    }
}

#[test]
fn any_bytes_are_read_in_blocks_as_line_by_line() {
    let mut random = Random::new(24);
    for bytes in fixtures("", &|name| name.ends_with(".jsonl")) {
        for first in 0..40 {
            let mut bytes = mutant(&mut random, &bytes);
            bytes.insert(0, first);
            properties::blocks(&bytes);
        }
    }
}

#[test]
fn any_two_policies_compare() {
    let mut random = Random::new(23);
    let policies = fixtures("", &is_policy);
    assert!(policies.len() > 5);
    for old in &policies {
        for _ in 0..8 {
            let new = &policies[random.below(policies.len())];
            let mut pair = old.clone();
            pair.push(0);
            pair.extend(mutant(&mut random, new));
            properties::diff(&pair);
        }
    }
}
