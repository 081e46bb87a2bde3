//! The pages of `docs/` are true: what they show is valid, and what the code
//! cites is there.

use std::fs;
use std::path::{Path, PathBuf};

use mcppolicy_engine::{Call, Counters, Engine, Policy, Time, Value};
use serde_json::json;

use crate::support::root;

fn page(name: &str) -> String {
    fs::read_to_string(root().join("docs").join(name)).unwrap()
}

/// The fenced blocks in `language`.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut inside: Option<String> = None;
    for line in page.lines() {
        match &mut inside {
            None if line == format!("```{language}") => inside = Some(String::new()),
            None => {}
            Some(_) if line == "```" => found.extend(inside.take()),
            Some(block) => {
                block.push_str(line);
                block.push('\n');
            }
        }
    }
    found
}

#[test]
fn the_policies_that_the_language_page_shows_are_valid_and_decide_as_it_says() {
    let blocks = blocks(&page("policy.md"), "json");
    assert_eq!(blocks.len(), 1);
    let engine = Engine::new(&Policy::from_json(blocks[0].as_bytes()).unwrap());
    let mut counters = Counters::default();
    let mut decide = |tool: &str, arguments: serde_json::Value| {
        let arguments = Value::from(arguments);
        let call = Call::new("agent", tool, &arguments, Time::new(0, 0));
        let decision = engine.decide(&call, &mut counters).decision;
        decision.rule().unwrap_or(decision.name()).to_owned()
    };
    let refund = |amount: f64, currency: &str, vip: bool| json!({"amount": amount, "currency": currency, "customer": {"vip": vip}});
    assert_eq!(decide("list_customers", json!({})), "allow");
    assert_eq!(
        decide("create_refund", refund(100.0, "EUR", false)),
        "allow"
    );
    for (tool, arguments, rule) in [
        (
            "create_refund",
            refund(100.5, "EUR", false),
            "/tools/create_refund/require/0",
        ),
        (
            "create_refund",
            refund(1.0, "GBP", false),
            "/tools/create_refund/require/1",
        ),
        (
            "create_refund",
            refund(1.0, "USD", true),
            "/tools/create_refund/deny_if/0",
        ),
        ("delete_account", json!({}), "/hide/0"),
        ("anything_else", json!({}), "/default"),
    ] {
        assert_eq!(decide(tool, arguments), rule);
    }
    for _ in 0..4 {
        assert_eq!(
            decide("create_refund", refund(100.0, "USD", false)),
            "allow"
        );
    }
    assert_eq!(
        decide("create_refund", refund(1.0, "USD", false)),
        "/tools/create_refund/limits/1"
    );
}

/// Every section of the policy language that the code or another page cites
/// exists, and nothing cites a page that the repository does not have.
#[test]
fn what_the_code_cites_is_in_the_repository() {
    let sections: Vec<String> = page("policy.md")
        .lines()
        .filter_map(|line| line.strip_prefix("## "))
        .filter_map(|title| title.split_once('.').map(|(number, _)| number.to_owned()))
        .collect();
    assert_eq!(sections, ["1", "2", "3", "4", "5", "6"]);
    let mut wrong = Vec::new();
    let mut cited = 0;
    for file in sources() {
        let text = fs::read_to_string(&file).unwrap();
        for (number, line) in text.lines().enumerate() {
            let place = || format!("{}:{}: {}", file.display(), number + 1, line.trim());
            // A section of another standard.
            if line.contains("SARIF") {
                continue;
            }
            for (at, _) in line.match_indices('§') {
                cited += 1;
                let behind = &line[at + '§'.len_utf8()..];
                let digits: String = behind.chars().take_while(char::is_ascii_digit).collect();
                if !sections.contains(&digits) {
                    wrong.push(place());
                }
            }
            for word in line.split(|c: char| !(c.is_ascii_alphanumeric() || "-_./".contains(c))) {
                let is_page = word.len() > 3
                    && word.ends_with(".md")
                    && !word.starts_with('.')
                    && word.starts_with("docs/");
                if is_page && !root().join(word).exists() {
                    wrong.push(place());
                }
                let is_design = [
                    "traces.md",
                    "surfaces.md",
                    "lint.md",
                    "gate.md",
                    "install.md",
                ];
                if is_design.contains(&word) {
                    wrong.push(place());
                }
            }
        }
    }
    assert!(cited > 20, "the sources are not where they were");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn sources() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in ["src", "crates", "benches", "examples", "fuzz/src"] {
        collect(&root().join(folder), &mut found);
    }
    found.sort();
    found
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}
