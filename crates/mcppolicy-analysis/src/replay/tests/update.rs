//! Writing decisions into traces.

use super::super::update::{Original, Updated, update};
use super::*;

fn updated(text: &str) -> Updated {
    updated_with(&Options::default(), text)
}

fn updated_with(options: &Options, text: &str) -> Updated {
    let original = Original {
        name: "t.jsonl",
        bytes: text.as_bytes(),
    };
    let mut map = SourceMap::new();
    let mut updated = update(&engine(), options, &[original], &mut map).unwrap();
    updated.remove(0)
}

#[test]
fn what_holds_is_left_byte_for_byte() {
    let out = updated(RUNAWAY);
    assert_eq!(out.text, RUNAWAY);
    assert_eq!(out.changed, Vec::<usize>::new());
}

#[test]
fn an_expectation_is_written_in_the_style_of_its_line() {
    let cases = [
        (r#"{"tool":"x"}"#, r#"{"tool":"x","expect":"deny"}"#),
        (
            r#"{ "tool" : "x" , "note" : "n" }  "#,
            r#"{ "tool" : "x" , "note" : "n" , "expect" : "deny" }  "#,
        ),
        (r#"{"tool": "x"}"#, r#"{"tool": "x", "expect": "deny"}"#),
        (
            r#"{"expect": "allow", "tool": "x"}"#,
            r#"{"expect": "deny", "tool": "x"}"#,
        ),
        (
            r#"{"tool":"x","expect":{ "decision":"allow", "kind":"allow" },"note":"\u0041"}"#,
            r#"{"tool":"x","expect":{"decision":"deny","kind":"default_deny"},"note":"\u0041"}"#,
        ),
        (
            r#"{"tool":"delete_asset","expect":{"decision":"deny","rule":"/hide/7"}}"#,
            r#"{"tool":"delete_asset","expect":{"decision":"deny","rule":"/hide/0"}}"#,
        ),
        (
            r#"{"tool":"create_charge","arguments_unknown":true,"expect":{"decision":"deny","reason":"late"}}"#,
            r#"{"tool":"create_charge","arguments_unknown":true,"expect":{"decision":"undetermined","reason":"unknown-arguments"}}"#,
        ),
        (
            r#"{"ts": "2026-11-20T10:00:00Z", "repeat": 13, "every": "5s", "tool": "run_workflow"}"#,
            r#"{"ts": "2026-11-20T10:00:00Z", "repeat": 13, "every": "5s", "tool": "run_workflow", "expect": ["allow", 10, "deny", 2, "allow", 1]}"#,
        ),
        (
            r#"{"repeat":3,"tool":"x","expect":["allow",2,"deny",1]}"#,
            r#"{"repeat":3,"tool":"x","expect":"deny"}"#,
        ),
    ];
    for (before, after) in cases {
        assert_eq!(updated(before).text, after);
    }
}

#[test]
fn headers_other_methods_blank_lines_and_endings_stay() {
    let before = "\n{\"mcppolicy\":\"trace/1\",\"server\":\"mine\"}\r\n\r\n{\"tool\":\"x\"}\r\n{\"request\":{\"method\":\"ping\"}}\n{\"server\":\"other\",\"tool\":\"x\"}\n \t\n{\"tool\":\"x\"}";
    let options = Options {
        server: Some("mine".into()),
        ..Options::default()
    };
    let out = updated_with(&options, before);
    let after = before.replace("{\"tool\":\"x\"}", "{\"tool\":\"x\",\"expect\":\"deny\"}");
    assert_eq!(out.text, after);
    assert_eq!(out.changed, [4, 8]);
}

#[test]
fn files_of_one_merged_timeline_are_updated_together() {
    let ten = r#"{"ts":"2026-11-20T10:00:30Z","grant":"g","repeat":10,"tool":"run_workflow"}"#;
    let early = r#"{"ts":"2026-11-20T10:00:00Z","grant":"g","tool":"run_workflow"}"#;
    let originals = [("a", ten), ("b", early)].map(|(name, text)| Original {
        name,
        bytes: text.as_bytes(),
    });
    let options = Options {
        order: Order::Merged,
        ..Options::default()
    };
    let out = update(&engine(), &options, &originals, &mut SourceMap::new()).unwrap();
    assert!(out[0].text.contains(r#","expect":["allow",9,"deny",1]}"#));
    assert!(out[1].text.contains(r#","expect":"allow"}"#));
}

#[test]
fn a_trace_with_a_bad_line_is_not_written() {
    let original = Original {
        name: "t.jsonl",
        bytes: b"{\"tool\":\"x\"}\n{\"tool\":\"\xff\"}\n",
    };
    let mut map = SourceMap::new();
    let findings = update(&engine(), &Options::default(), &[original], &mut map).unwrap_err();
    assert_eq!(findings.len(), 1);
}

#[test]
fn decisions_that_change_too_often_are_not_written_down() {
    // Ten calls pass in each minute and two are denied: over 16,000 runs.
    let line = r#"{"ts":"2026-11-20T10:00:00Z","repeat":100000,"every":"5s","tool":"run_workflow","expect":"allow"}"#;
    let out = updated(line);
    assert_eq!((out.text.as_str(), out.left), (line, vec![1]));
}

proptest::proptest! {
    /// An updated trace passes, and updating it again changes nothing.
    #[test]
    fn what_was_updated_passes(
        lines in proptest::collection::vec((0_usize..5, 0_usize..7, 1_u64..30), 1..8),
        crlf: bool,
    ) {
        let expects = [
            "", r#","expect":"allow""#, r#","expect":"deny""#, r#", "expect": "undetermined""#,
            r#","expect":{"decision":"deny","kind":"limit","message_contains":"Limit"}"#,
            r#","expect":{"decision":"deny","rule":"/tools/create_charge/deny_if/0","message":"no"}"#,
            r#","expect":{"decision":"undetermined","reason":"late"}"#,
        ];
        let tools = [
            r#""tool":"run_workflow""#,
            r#""tool":"create_charge","arguments_unknown":true"#,
            r#""tool":"create_charge","arguments":{"currency":"usd","amount":40000}"#,
            r#""tool":"create_charge","arguments":{"currency":"usd","amount":90000}"#,
            r#""grant":null,"tool":"run_workflow""#,
        ];
        let mut text = String::new();
        for (tool, expect, repeat) in lines {
            text.push_str(&format!(
                "{{\"ts\":\"2026-11-20T10:00:00Z\",\"repeat\":{repeat},\"every\":\"3s\",{}{}}}{}",
                tools[tool], expects[expect], if crlf { "\r\n" } else { "\n" }
            ));
        }
        let once = updated(&text);
        let options = Options::default();
        let results = replay_with(&options, &[&once.text]);
        proptest::prop_assert_eq!(results.outcome(&options), RunOutcome::Clean);
        proptest::prop_assert_eq!(&updated(&once.text).text, &once.text);
        let all = once.changed.len() + once.left.len() <= text.lines().count();
        proptest::prop_assert!(all && once.left.is_empty());
    }
}
