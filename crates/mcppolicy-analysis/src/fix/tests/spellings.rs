//! Every rule that offers a fix, and every repair of a key from the help pages,
//! on a file as different people and editors write it.

use super::*;
use crate::inventory::Inventory;
use crate::lint::{Example, Input, Level, registry};

/// A file in each spelling: as it is, with the line ends of Windows, with tabs,
/// on one line, without and with an end to the last line.
fn spellings(text: &str) -> Vec<(&'static str, String)> {
    let text = text.trim_end();
    let tabs = text.lines().map(|line| {
        let inner = line.trim_start_matches(' ');
        let depth = (line.len() - inner.len()).div_ceil(2);
        format!("{}{inner}", "\t".repeat(depth))
    });
    let tabs: Vec<String> = tabs.collect();
    let json: serde_json::Value = serde_json::from_str(text).unwrap();
    vec![
        ("plain", format!("{text}\n")),
        ("no end", text.to_owned()),
        ("windows", format!("{}\r\n", text.replace('\n', "\r\n"))),
        ("windows, no end", text.replace('\n', "\r\n")),
        ("tabs", tabs.join("\n") + "\n"),
        ("one line", json.to_string()),
        (
            "indented",
            serde_json::to_string_pretty(&json).unwrap() + "\n",
        ),
    ]
}

/// The linter with one rule, and the server that an example has.
fn only(rule: RuleId, inventory: Option<&str>) -> (Settings, Option<Inventory>) {
    let mut settings = Settings::new();
    for other in RuleId::lint_rules() {
        settings.set_level(other, Level::Off);
    }
    settings.set_level(rule, Level::On(rule.severity()));
    let inventory = inventory.map(|text| {
        let mut map = SourceMap::new();
        let (_, inventory, _) = Inventory::read(&mut map, "tools.json", text.as_bytes());
        inventory.unwrap()
    });
    (settings, inventory)
}

/// What a fix must leave alone: ends of lines, the end of the file, and tabs.
#[track_caller]
fn keeps_its_manner(spelling: &str, before: &str, after: &str) {
    let bare = |text: &str| text.replace("\r\n", "").matches('\n').count();
    if before.contains("\r\n") {
        assert_eq!(bare(after), 0, "{spelling}: {after:?}");
    } else {
        assert!(!after.contains('\r'), "{spelling}: {after:?}");
    }
    let end = |text: &str| text.len() - text.trim_end_matches(['\r', '\n']).len();
    assert_eq!(end(before), end(after), "{spelling}: {after:?}");
    if !before.contains('\n') {
        assert!(!after.contains('\n'), "{spelling}: {after}");
    }
}

/// What is behind `written` in `text`, where white space may differ: what an edit
/// writes is laid out as what is around it.
#[track_caller]
fn behind<'t>(text: &'t str, written: &str) -> &'t str {
    let mut rest = text;
    for wanted in written.chars().filter(|c| !c.is_whitespace()) {
        rest = rest.trim_start();
        rest = rest.strip_prefix(wanted).unwrap_or_else(|| {
            // Space inside a string is never changed, so the next letter is there.
            panic!("{wanted:?} of {written:?} in {rest:?}")
        });
    }
    if written.ends_with(char::is_whitespace) {
        rest.trim_start()
    } else {
        rest
    }
}

/// The bytes around what the edits replace are the same in both texts.
#[track_caller]
fn keeps_other_bytes(before: &str, after: &str, fix: &Fix) {
    let mut edits: Vec<_> = fix.edits.iter().collect();
    edits.sort_by_key(|edit| edit.span);
    let (mut at, mut rest) = (0, after);
    for edit in edits {
        let kept = before.get(at..edit.span.start).unwrap();
        rest = rest.strip_prefix(kept).unwrap();
        rest = behind(rest, &edit.text);
        at = edit.span.end;
    }
    assert_eq!(rest, before.get(at..).unwrap());
}

#[test]
fn each_rules_fix_keeps_its_promise_in_every_spelling() {
    for rule in registry::RULES.iter().filter(|rule| rule.fixes) {
        let mut offered = 0;
        for bad in rule.bad {
            let example = Example::read(bad.policy);
            let (settings, inventory) = only(rule.id, example.inventory);
            let lint = |_: &str, policy: &Policy| {
                lint::lint(&Input {
                    inventory: inventory.as_ref(),
                    ..Input::new(policy, &Engine::new(policy), &settings)
                })
            };
            let mut results = Vec::new();
            for (spelling, text) in spellings(example.policy) {
                let what = format!("{} {spelling}", rule.id.name());
                let old = load(&text).unwrap_or_else(|| panic!("{what}: {text}"));
                let findings = lint("", &old);
                // Alone.
                for fix in findings.iter().filter_map(|finding| finding.fix.as_ref()) {
                    offered += 1;
                    let alone = edits::apply(&text, fix.edits.iter()).unwrap();
                    keeps_other_bytes(&text, &alone, fix);
                    keeps_its_manner(&what, &text, &alone);
                    let new = load(&alone).unwrap_or_else(|| panic!("{what}: {alone}"));
                    let comparison = compare::policies(&old, &new, &Budget::default());
                    let promised = match fix.applicability {
                        Applicability::Safe => Verdict::Equivalent,
                        Applicability::Unsafe => Verdict::Tightened,
                    };
                    assert!(!comparison.undetermined, "{what}");
                    assert_eq!(comparison.verdict, promised, "{what}: {alone}");
                }
                // Together, in one run.
                let fixed = fix("policy.json", &text, Applicability::Unsafe, &lint);
                assert_eq!(fixed.refused, [], "{what}");
                keeps_its_manner(&what, &text, &fixed.text);
                let new = load(&fixed.text).unwrap_or_else(|| panic!("{what}: {}", fixed.text));
                assert!(lint("", &new).iter().all(|f| f.fix.is_none()), "{what}");
                let again = fix("policy.json", &fixed.text, Applicability::Unsafe, &lint);
                assert_eq!(
                    (again.applied, again.text),
                    (Vec::new(), fixed.text.clone())
                );
                let json: serde_json::Value = serde_json::from_str(&fixed.text).unwrap();
                results.push(json);
            }
            // Whoever wrote it, the result says the same.
            results.dedup();
            assert_eq!(results.len(), 1, "{}: {results:#?}", rule.id.name());
        }
        assert!(offered > 0, "{} offers no fix", rule.id.name());
    }
}

/// What the help pages show and the format does not have.
const FOREIGN: [(&str, &str); 6] = [
    (
        r#"{"rate_limit": {"max": 10, "window": 60}}"#,
        r#"{"limits":[{"counter":"run_job_rate","max":10,"scope":"grant","window":"minute"}]}"#,
    ),
    (
        r#"{"rate_limit": "200/day"}"#,
        r#"{"limits":[{"counter":"run_job_rate","max":200,"scope":"grant","window":"day"}]}"#,
    ),
    (
        r#"{"action": "deny"}"#,
        r#"{"deny_if":[{"conditions":[]}]}"#,
    ),
    (
        r#"{"action": "deny", "reason": "Nobody runs jobs"}"#,
        r#"{"deny_if":[{"conditions":[],"on_deny":"Nobody runs jobs"}]}"#,
    ),
    (r#"{"action": "allow"}"#, r#"{}"#),
    (
        r#"{"require": [{"conditions": [{"path": "args.a", "op": "eq", "value": 1}], "reason": "One"}]}"#,
        r#"{"require":[{"conditions":[{"op":"eq","path":"args.a","value":1}],"on_deny":"One"}]}"#,
    ),
];

#[test]
fn each_key_of_the_help_pages_is_repaired_in_every_spelling() {
    for (wrong, right) in FOREIGN {
        let text = format!(
            "{{\n  \"version\": \"1\",\n  \"default\": \"deny\",\n  \"tools\": {{\n    \"get_job\": {{}},\n    \"run_job\": {wrong}\n  }}\n}}"
        );
        for (spelling, text) in spellings(&text) {
            let what = format!("{wrong} {spelling}");
            assert!(load(&text).is_none(), "{what}");
            let nothing = |_: &str, _: &Policy| Vec::new();
            let unasked = fix("policy.json", &text, Applicability::Safe, &nothing);
            assert_eq!(unasked.text, text, "{what}");
            let fixed = fix("policy.json", &text, Applicability::Unsafe, &nothing);
            keeps_its_manner(&what, &text, &fixed.text);
            assert!(load(&fixed.text).is_some(), "{what}: {}", fixed.text);
            assert!(fixed.applied.iter().all(|repair| repair.proved.is_none()));
            let json: serde_json::Value = serde_json::from_str(&fixed.text).unwrap();
            let right: serde_json::Value = serde_json::from_str(right).unwrap();
            assert_eq!(json["tools"]["run_job"], right, "{what}");
            assert_eq!(json["tools"]["get_job"], serde_json::json!({}), "{what}");
        }
    }
}
