//! The pages of `docs/` are true: what they show is valid, and what the code
//! cites is there.

use std::fs;
use std::path::{Path, PathBuf};

use mcppolicy_engine::{Call, Counters, Engine, Policy, Time, Value};
use serde_json::json;

use crate::console;
use crate::support::root;

fn page(name: &str) -> String {
    fs::read_to_string(root().join("docs").join(name)).unwrap()
}

/// Every page, and every page's name.
fn pages() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root().join("docs")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        found.push((format!("docs/{name}"), page(&name)));
    }
    found.push((
        "README.md".to_owned(),
        fs::read_to_string(root().join("README.md")).unwrap(),
    ));
    found.sort();
    found
}

#[test]
fn the_commands_of_the_pages_print_what_the_pages_show() {
    let mut ran = 0;
    for (name, _) in pages() {
        ran += console::walk(&name);
    }
    assert!(ran > 10, "{ran}");
}

/// What a page shows of a language with a grammar follows that grammar, and a
/// policy or a configuration is a valid one.
#[test]
fn the_blocks_of_the_pages_are_valid() {
    let schema = fs::read_to_string(root().join("schema/config.schema.json")).unwrap();
    let schema = serde_json::from_str(&schema).unwrap();
    let schema = jsonschema::draft202012::new(&schema).unwrap();
    let mut seen = std::collections::BTreeMap::<String, usize>::new();
    for (name, text) in pages() {
        // Its examples run with the rules' own tests.
        if name == "docs/rules.md" {
            continue;
        }
        for block in console::blocks(&text) {
            let place = format!("{name}:{}", block.line);
            *seen.entry(block.language.clone()).or_default() += 1;
            match block.language.as_str() {
                "json" | "jsonl" => {
                    let values = serde_json::Deserializer::from_str(&block.text);
                    for value in values.into_iter::<serde_json::Value>() {
                        let value = value.unwrap_or_else(|error| panic!("{place}: {error}"));
                        if value.get("version").is_some() {
                            let policy = Policy::from_json(block.text.as_bytes());
                            assert!(policy.is_ok(), "{place}: {:?}", policy.err());
                        }
                    }
                }
                "toml" => {
                    let value: serde_json::Value = toml::from_str(&block.text)
                        .unwrap_or_else(|error| panic!("{place}: {error}"));
                    let errors: Vec<_> = schema
                        .iter_errors(&value)
                        .map(|error| error.to_string())
                        .collect();
                    assert!(errors.is_empty(), "{place}: {errors:?}");
                }
                "yaml" => {
                    let read = yaml_rust2::YamlLoader::load_from_str(&block.text);
                    assert!(read.is_ok(), "{place}: {:?}", read.err());
                }
                "sh" | "console" | "text" | "" => {}
                other => panic!("{place}: a block in {other}, which nothing checks"),
            }
        }
    }
    for language in ["json", "jsonl", "toml", "yaml"] {
        assert!(seen.contains_key(language), "{seen:?}");
    }
}

/// Every key of the configuration is explained.
#[test]
fn every_key_of_the_configuration_is_on_its_page() {
    let schema = fs::read_to_string(root().join("schema/config.schema.json")).unwrap();
    let schema: serde_json::Value = serde_json::from_str(&schema).unwrap();
    let page = page("configuration.md");
    let mut missing = Vec::new();
    keys(&schema, &mut |key| {
        if !page.contains(&format!("`{key}`")) && !page.contains(&format!("[{key}]")) {
            missing.push(key.to_owned());
        }
    });
    assert!(missing.is_empty(), "{missing:?}");
}

/// Every member of a policy and of a trace is explained, and some example has it, which
/// the tests of the pages run.
#[test]
fn every_member_of_a_policy_and_of_a_trace_is_on_its_page_and_in_an_example() {
    for (schema, name) in [
        ("policy.schema.json", "policy.md"),
        ("trace.schema.json", "traces.md"),
    ] {
        let schema = fs::read_to_string(root().join("schema").join(schema)).unwrap();
        let mut members = std::collections::BTreeSet::new();
        every_member(&serde_json::from_str(&schema).unwrap(), &mut members);
        assert!(members.len() > 10, "{name}: {members:?}");
        let page = page(name);
        let blocks = console::blocks(&page);
        let is_in_example = |member: &str| {
            let mut examples = blocks.iter().filter(|block| block.language != "console");
            examples.any(|block| block.text.contains(&format!("\"{member}\"")))
        };
        members.retain(|member| !page.contains(&format!("`{member}`")) || !is_in_example(member));
        assert!(members.is_empty(), "{name}: {members:?}");
    }
}

fn every_member(schema: &serde_json::Value, members: &mut std::collections::BTreeSet<String>) {
    match schema {
        serde_json::Value::Object(all) => {
            for (key, value) in all {
                if let ("properties", Some(properties)) = (key.as_str(), value.as_object()) {
                    members.extend(properties.keys().cloned());
                }
                every_member(value, members);
            }
        }
        serde_json::Value::Array(items) => {
            items.iter().for_each(|item| every_member(item, members));
        }
        _ => {}
    }
}

fn keys(schema: &serde_json::Value, each: &mut impl FnMut(&str)) {
    if let Some(properties) = schema["properties"].as_object() {
        for (key, value) in properties {
            each(key);
            keys(value, each);
            keys(&value["items"], each);
        }
    }
}

#[test]
fn the_policies_that_the_language_page_shows_are_valid_and_decide_as_it_says() {
    let mut blocks = console::blocks(&page("policy.md"));
    blocks.retain(|block| block.language == "json");
    assert_eq!(blocks.len(), 1);
    let engine = Engine::new(&Policy::from_json(blocks[0].text.as_bytes()).unwrap());
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
