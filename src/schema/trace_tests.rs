//! The schema of a trace's line and the reader of traces accept the same lines,
//! but for what one line cannot say by itself.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use jsonschema::{PatternOptions, Validator};
use mcppolicy_engine::source::SourceMap;
use mcppolicy_trace::trace::native::NativeReader;
use mcppolicy_trace::trace::{Item, KINDS, REASONS, Reader, Shown};
use serde_json::{Value, json};

use super::*;

static SCHEMA: LazyLock<Value> = LazyLock::new(|| serde_json::from_str(TRACE_SCHEMA).unwrap());

static TRACE_VALIDATOR: LazyLock<Validator> = LazyLock::new(|| {
    jsonschema::draft202012::options()
        .with_pattern_options(PatternOptions::regex())
        .build(&SCHEMA)
        .unwrap()
});

/// What the reader says of a line, behind a header that gives `start` and has
/// what a guard writes. An answer is behind the call that it answers.
fn complaints(line: &Value) -> Vec<String> {
    let digest = "0".repeat(64);
    let header = format!(
        "{{\"mcppolicy\":\"trace/1\",\"start\":\"2026-11-20T10:00:00Z\",\"policy_sha256\":\"{digest}\"}}"
    );
    let text = match line.get("mcppolicy") {
        Some(_) => format!("{line}\n"),
        None => format!("{header}\n{line}\n"),
    };
    let mut reader = NativeReader::new(text.as_bytes());
    let mut found = Vec::new();
    while let Some(item) = reader.next().unwrap() {
        if let Item::Problem(line) = item {
            let problems = line.problems(&mut SourceMap::new(), "t.jsonl", Shown::Whole);
            found.extend(problems.into_iter().map(|problem| {
                format!("{} ({})", problem.message, problem.help.unwrap_or_default())
            }));
        }
    }
    found
}

/// The objects that a line is or holds.
const PARTS: [&str; 6] = ["header", "call", "expected", "answer", "refused", "used"];

fn agree(line: &Value) -> bool {
    let accepted = TRACE_VALIDATOR.is_valid(line);
    let complaints = complaints(line);
    assert_eq!(
        accepted,
        complaints.is_empty(),
        "the schema {} and the reader says {complaints:?}: {line}",
        if accepted { "accepts it" } else { "refuses it" },
    );
    accepted
}

/// Lines of every kind; together they have every member.
fn lines() -> Vec<Value> {
    vec![
        json!({"mcppolicy": "trace/1"}),
        json!({"mcppolicy": "trace/1", "policy": "../policy.json", "grant": "g", "server": null,
            "start": "2026-11-20T10:00:00Z", "step": "5s", "description": "d"}),
        json!({"tool": "t"}),
        json!({"tool": "t", "arguments": null}),
        json!({"tool": "t", "arguments": {"a": [1, {"b": null}]}, "ts": "2026-11-20T12:00:00.250+02:00",
            "grant": "g", "server": "s", "observed": "deny", "expect": "deny", "id": "1", "note": "n",
            "origin": {"file": "a.log", "line": 7}}),
        json!({"tool": "t", "arguments_unknown": true, "at": "+90s", "grant": null, "server": null}),
        json!({"tool": "t", "arguments_unknown": false, "arguments": {}, "ts": null}),
        json!({"tool": "t", "repeat": 12, "every": "4s", "expect": ["allow", 10,
            {"decision": "deny", "kind": "limit"}, 2]}),
        json!({"tool": "t", "repeat": 2, "expect": {"decision": "undetermined", "reason": "late",
            "rule": "/hide/0", "message": "m", "message_contains": "m"}}),
        json!({"request": {"jsonrpc": "2.0", "id": 4, "method": "tools/call",
            "params": {"name": "t", "arguments": {}}},
            "response": {"error": {"code": -32000, "message": "boom"}}, "response_ts": "2026-11-20T10:00:12Z",
            "expect": "allow"}),
        json!({"request": {"method": "tools/call"}, "response": {"result": {}}, "response_ts": null}),
        json!({"request": [{"method": "tools/call"}], "expect": "deny"}),
        json!({"request": {"method": "tools/list", "params": {"arguments": 1}}, "arguments_unknown": true}),
        json!({"request": {"method": "tools/call", "params": {"name": "t"}}, "arguments_unknown": true}),
        json!({"mcppolicy": "trace/1", "policy_sha256": "a".repeat(64)}),
        json!({"tool": "t", "used": [{"place": "tool", "counter": "c", "window": "day", "used": 7},
            {"place": "all_tools", "counter": "c", "window": "day", "increment_from": "args.a", "used": 0}]}),
        json!({"refused": "malformed", "ts": "2026-11-20T10:00:00Z", "grant": null, "note": "n"}),
    ]
}

/// Values that belong to some member, and to none.
fn values() -> Vec<Value> {
    let texts = [
        "",
        "allow",
        "deny",
        "undetermined",
        "5s",
        "+5s",
        "-1d",
        "5",
        "5 s",
        "1e3s",
        "ms",
        "/a",
        "late",
        "limit",
        "trace/1",
        "trace/2",
        "2026-11-20T10:00:00Z",
        "2026-11-20 10:00:00z",
        "2026-11-20T10:00:00",
        "2026-13-20T10:00:00Z",
        "2026-11-20T24:00:00Z",
        "2026-11-20T10:00:00.Z",
        "2026-11-20T10:00:00+24:00",
        "2026-11-20T10:00:00.1234567890123-23:59",
        "2026-1-2T10:00:00Z",
        "26-11-20T10:00:00Z",
    ];
    let mut values: Vec<Value> = texts.iter().map(|text| json!(text)).collect();
    values.extend([
        json!(null),
        json!(true),
        json!(false),
        json!(0),
        json!(1),
        json!(-1),
        json!(1.5),
        json!(7.0),
        json!(10_000_000),
        json!(10_000_001),
        json!([]),
        json!(["allow"]),
        json!({}),
        json!({"file": "a", "line": 1}),
        json!({"file": "a"}),
        json!({"file": "a", "line": 0}),
        json!({"decision": "allow"}),
        json!({"decision": "no"}),
        json!({"rule": "/a"}),
        json!({"result": null}),
        json!({"error": null}),
        json!({"error": null, "result": 1}),
        json!({"error": 1}),
        json!({"method": "tools/call"}),
        json!({"method": "ping"}),
        json!({"method": 1}),
    ]);
    values
}

/// Members of every line, of the header too, and some of neither.
fn members() -> Vec<String> {
    let mut members: BTreeSet<String> = BTreeSet::new();
    for part in PARTS {
        let of = SCHEMA["$defs"][part]["properties"].as_object().unwrap();
        members.extend(of.keys().cloned());
    }
    members.extend(["args", "x", ""].map(str::to_owned));
    members.into_iter().collect()
}

/// Whether a line is wrong only in what the schema cannot say.
fn is_beyond_the_schema(line: &Value) -> bool {
    let runs = line["expect"].as_array();
    let uneven = runs.is_some_and(|runs| {
        let counts = runs.iter().skip(1).step_by(2);
        let total: u64 = counts.clone().filter_map(Value::as_u64).sum();
        let alternate = runs
            .iter()
            .enumerate()
            .all(|(at, run)| run.is_number() == (at % 2 == 1));
        runs.len() % 2 == 1 || !alternate || line["repeat"].as_u64() != Some(total)
    });
    let text = line["response"]["result"]["content"][0]["text"].as_str();
    let is_denied = text.is_some_and(|text| text.starts_with("[POLICY DENIED]"));
    let contradicts = is_denied && line["observed"] == "allow";
    uneven || contradicts
}

#[test]
fn schema_and_reader_accept_the_same_lines() {
    let lines = lines();
    for line in &lines {
        assert!(agree(line), "{line}");
    }
    let (mut accepted, mut refused) = (0, 0);
    let mut tried = |line: &Value| {
        if !is_beyond_the_schema(line) {
            match agree(line) {
                true => accepted += 1,
                false => refused += 1,
            }
        }
    };
    let answer = json!({"answers": "1", "outcome": "error", "ts": "2026-11-20T10:00:00Z"});
    for line in lines.iter().chain([&answer]) {
        for member in members() {
            let mut without = line.clone();
            if without.as_object_mut().unwrap().remove(&member).is_some() {
                tried(&without);
            }
            for value in values() {
                let mut with = line.clone();
                with[&member] = value.clone();
                tried(&with);
                if line["used"].is_array() {
                    let mut inside = line.clone();
                    inside["used"][0][&member] = value.clone();
                    tried(&inside);
                }
                if line["expect"].is_object() {
                    let mut inside = line.clone();
                    inside["expect"][&member] = value;
                    tried(&inside);
                }
            }
        }
    }
    for other in [json!([]), json!("t"), json!(1), json!(null)] {
        tried(&other);
    }
    assert!(accepted > 1_000 && refused > 10_000, "{accepted} {refused}");
}

#[test]
fn the_schema_has_every_member_and_every_word_that_the_reader_knows() {
    // The reader lists its members where it finds a strange one.
    let listed = |line: Value| -> BTreeSet<String> {
        let complaint = complaints(&line).join("\n");
        let list = complaint.split_once("has the members ").unwrap().1;
        list.split('`')
            .skip(1)
            .step_by(2)
            .map(str::to_owned)
            .collect()
    };
    let described = |part: &Value| -> BTreeSet<String> {
        part["properties"]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect()
    };
    let strange = "qqqqqqqqqqqq";
    let defs = &SCHEMA["$defs"];
    assert_eq!(
        described(&defs["call"]),
        listed(json!({"tool": "t", strange: 1}))
    );
    assert_eq!(
        described(&defs["header"]),
        listed(json!({"mcppolicy": "trace/1", strange: 1}))
    );
    assert_eq!(
        described(&defs["expected"]),
        listed(json!({"tool": "t", "expect": {"decision": "allow", strange: 1}}))
    );
    assert_eq!(
        described(&defs["answer"]),
        listed(json!({"answers": "1", "outcome": "error", strange: 1}))
    );
    assert_eq!(
        described(&defs["refused"]),
        listed(json!({"refused": "r", strange: 1}))
    );
    assert_eq!(
        described(&defs["used"]),
        listed(json!({"tool": "t", "used": [{strange: 1}]}))
    );
    let of = |name: &str| defs["expected"]["properties"][name]["enum"].clone();
    assert_eq!(of("kind"), json!(KINDS));
    assert_eq!(of("reason"), json!(REASONS));
}

#[test]
fn every_member_is_explained_to_whoever_edits_a_trace() {
    assert!(jsonschema::meta::validate(&SCHEMA).is_ok());
    for part in PARTS {
        for (name, member) in SCHEMA["$defs"][part]["properties"].as_object().unwrap() {
            let is_reference = member.as_object().unwrap().len() == 1 && member["$ref"].is_string();
            let is_explained = member["title"].is_string() && member["description"].is_string();
            assert!(is_reference || is_explained, "{part}/{name}");
        }
    }
}
