//! SARIF against the standard's schema, and what survives moved lines.

use serde_json::Value as Json;

use super::*;
use mcppolicy_analysis::finding::Class;
use mcppolicy_analysis::lint::suppress::Suppressed;

const SCHEMA: &str = include_str!("../../../testdata/schemas/sarif-schema-2.1.0.json");

fn sarif(report: &Report<'_>) -> Json {
    serde_json::from_str(&render(report, Format::Sarif, STYLE)).unwrap()
}

/// The standard's schema. One of its patterns has a bracket that only some
/// regex engines take for itself; here it is escaped for all of them.
fn validator() -> jsonschema::Validator {
    let readable = SCHEMA.replace("{2}]?$", "{2}\\\\]?$");
    assert_ne!(readable, SCHEMA);
    let schema: Json = serde_json::from_str(&readable).unwrap();
    jsonschema::validator_for(&schema).unwrap()
}

fn assert_valid(log: &Json) {
    let validator = validator();
    let errors: Vec<String> = validator
        .iter_errors(log)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

fn fingerprints(text: &str) -> Vec<String> {
    let mut sources = SourceMap::new();
    let list = findings(&mut sources, text, "");
    let log = sarif(&lint_report(&sources, list));
    let results = log["runs"][0]["results"].as_array().unwrap();
    let print = |result: &Json| result["partialFingerprints"]["mcppolicy/v1"].to_string();
    results.iter().map(print).collect()
}

#[test]
fn every_command_writes_valid_sarif() {
    let mut sources = SourceMap::new();
    let list = findings(&mut sources, POLICY, HOSTILE);
    assert_valid(&sarif(&lint_report(&sources, list)));

    let done = tested(&mut sources, POLICY, TRACE);
    assert_valid(&sarif(&test_report(&sources, done)));

    let mut sources = SourceMap::new();
    let diff = compared(&mut sources, POLICY, &POLICY.replace("500", "800"), TRACE);
    assert_valid(&sarif(&diff_report(&sources, diff)));
}

#[test]
fn a_file_that_is_no_sarif_is_told_so() {
    let validator = validator();
    assert!(!validator.is_valid(&serde_json::json!({"version": "2.1.0", "runs": [{}]})));
}

#[test]
fn a_result_has_its_rule_place_fix_and_file_as_a_uri() {
    let mut sources = SourceMap::new();
    let list = findings(&mut sources, POLICY, "");
    let log = sarif(&lint_report(&sources, list));
    let run = &log["runs"][0];
    let result = &run["results"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let rule = &rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
    assert_eq!(rule["id"], result["ruleId"]);
    assert!(
        rules
            .iter()
            .all(|rule| !rule["help"]["markdown"].as_str().unwrap().is_empty())
    );

    let location = &result["locations"][0]["physicalLocation"];
    assert_eq!(location["artifactLocation"]["uri"], "dir/pol%20icy.json");
    assert_eq!(location["artifactLocation"]["uriBaseId"], "%SRCROOT%");
    assert_eq!(location["region"]["startLine"], 6);
    let replacement = &result["fixes"][0]["artifactChanges"][0]["replacements"][0];
    assert_eq!(replacement["insertedContent"]["text"], "499");
    assert_eq!(replacement["deletedRegion"], location["region"]);

    let invocation = &run["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], false);
    assert_eq!(run["properties"]["suppressed"], 1);
}

#[test]
fn a_place_is_relative_to_the_repository_and_not_to_where_it_ran() {
    let mut sources = SourceMap::new();
    let list = findings(&mut sources, POLICY, "");
    let style = Style {
        prefix: "deploy",
        ..STYLE
    };
    let text = render(&lint_report(&sources, list), Format::Sarif, style);
    assert!(text.contains("\"deploy/dir/pol%20icy.json\""), "{text}");
}

#[test]
fn fingerprints_survive_moved_lines_and_change_with_the_value() {
    let before = fingerprints(POLICY);
    let moved = POLICY.replace("\"default\"", "\n\n\n  \"default\"");
    assert_eq!(fingerprints(&moved), before);
    let other = POLICY
        .replace("500", " 500 ")
        .replace("\"look\"", "\n\"look\"");
    assert_eq!(fingerprints(&other), before);
}

#[test]
fn two_of_the_same_have_two_fingerprints() {
    let mut sources = SourceMap::new();
    let mut list = findings(&mut sources, POLICY, "");
    list.extend(list.clone());
    let log = sarif(&lint_report(&sources, list));
    let results = log["runs"][0]["results"].as_array().unwrap();
    let prints: std::collections::BTreeSet<String> = results
        .iter()
        .map(|result| result["partialFingerprints"].to_string())
        .collect();
    assert_eq!(prints.len(), 6);
}

#[test]
fn a_suppressed_result_is_there_and_marked_with_its_reason() {
    let mut sources = SourceMap::new();
    let mut list = findings(&mut sources, POLICY, "");
    let finding = list.remove(0);
    let kept = list.len();
    let rule = finding.rule;
    let mut report = lint_report(&sources, list);
    let Body::Findings(found) = &mut report.body else {
        panic!("no findings");
    };
    let reason = "capped upstream".to_owned();
    found.suppressed = 1;
    found.suppressed_list = vec![Suppressed { finding, reason }];
    let log = sarif(&report);
    assert_valid(&log);
    let results = log["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), kept + 1);
    let (last, others) = results.split_last().unwrap();
    assert_eq!(last["ruleId"], rule.name());
    let expected = serde_json::json!([{"kind": "external", "justification": "capped upstream"}]);
    assert_eq!(last["suppressions"], expected);
    assert!(others.iter().all(|other| other["suppressions"].is_null()));
}

#[test]
fn every_rule_that_a_finding_can_name_is_in_the_table() {
    let mut sources = SourceMap::new();
    let one = findings(&mut sources, POLICY, "").remove(0);
    let is_result = |rule: &RuleId| rule.class() != Class::UnreadableInput;
    let all = RuleId::ALL.iter().copied().filter(is_result);
    let list: Vec<Finding> = all
        .map(|rule| Finding {
            rule,
            ..one.clone()
        })
        .collect();
    // What a change does to its settings comes first.
    let mut rules: Vec<RuleId> = list.iter().map(|finding| finding.rule).collect();
    rules.sort_by_key(|rule| rule.class() != Class::Settings);
    let expected: Vec<&str> = rules.iter().map(|rule| rule.name()).collect();
    let log = sarif(&lint_report(&sources, list));
    assert_valid(&log);
    let rules = log["runs"][0]["tool"]["driver"]["rules"]
        .as_array()
        .unwrap();
    let results = log["runs"][0]["results"].as_array().unwrap();
    let of = |result: &Json| {
        rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()]["id"].clone()
    };
    let found: Vec<Json> = results.iter().map(of).collect();
    assert_eq!(found, expected);
}
