//! What the reader reads, what it refuses, and where exactly.

use serde_json::json;

use super::*;
use crate::trace::{
    DecisionName, Expectation, Expected, Item, Observed, Origin, RecordedArguments, RecordedCall,
    RecordedRequest, Response,
};
use crate::trace::{Grant, Header, Reader, Server, Shown};
use mcppolicy_engine::source;
use mcppolicy_engine::source::SourceMap;
use mcppolicy_engine::time::{Time, TimeDelta};
use mcppolicy_engine::value::Value;

mod guarded;
mod refused;

const HEADER: &str = r#"{"mcppolicy":"trace/1","start":"2026-11-20T10:00:00Z","step":"5s"}"#;

fn items(bytes: &[u8]) -> Vec<Item> {
    let mut reader = NativeReader::new(bytes);
    let mut items = Vec::new();
    while let Some(item) = reader.next().unwrap() {
        items.push(item);
    }
    items
}

/// The calls of a trace without problems.
fn calls(text: &str) -> Vec<RecordedCall> {
    let call = |item| match item {
        Item::Call(call) => Some(*call),
        Item::Header(_) => None,
        other => panic!("{other:?}"),
    };
    items(text.as_bytes())
        .into_iter()
        .filter_map(call)
        .collect()
}

fn call(line: &str) -> RecordedCall {
    let mut calls = calls(line);
    assert_eq!(calls.len(), 1, "{line}");
    calls.remove(0)
}

fn time(text: &str) -> Option<Time> {
    Some(Time::parse(text).unwrap())
}

/// Each problem as `line:column-column message (help)`.
fn problems(bytes: &[u8]) -> Vec<String> {
    let mut map = SourceMap::new();
    let mut out = Vec::new();
    for item in items(bytes) {
        let Item::Problem(line) = item else { continue };
        for finding in line.problems(&mut map, "t.jsonl", Shown::Withheld) {
            let (start, end) = (map.start(finding.location), map.end(finding.location));
            let help = finding.help.map(|help| format!(" ({help})"));
            out.push(format!(
                "{}:{}-{} {}{}",
                start.line,
                start.column,
                end.column,
                finding.message,
                help.unwrap_or_default()
            ));
        }
    }
    out
}

#[test]
fn every_member_of_a_call_is_read() {
    let call = call(
        r#"{"ts":"2026-11-20T10:00:09Z","grant":"alice","server":"s","tool":"run","arguments":{"a":[1,null]},"response":{"error":{"code":-1}},"response_ts":"2026-11-20T10:00:12Z","observed":"allow","expect":{"decision":"deny","rule":"/hide/0","kind":"hidden","message":"m","message_contains":"n"},"origin":{"file":"l.log","line":7},"id":"i","note":"n"}"#,
    );
    let expected = RecordedCall {
        line: 1,
        server: Server::Named("s".into()),
        grant: Grant::Named("alice".into()),
        time: time("2026-11-20T10:00:09Z"),
        response: Some(Response::Error(Box::new(json!({"code": -1}).into()))),
        response_time: time("2026-11-20T10:00:12Z"),
        observed: Some(Observed::Allow),
        expect: Some(Expectation::Each(Expected {
            decision: DecisionName::Deny,
            rule: Some("/hide/0".into()),
            kind: Some("hidden".into()),
            reason: None,
            message: Some("m".into()),
            message_contains: Some("n".into()),
        })),
        id: Some("i".into()),
        note: Some("n".into()),
        origin: Some(Origin {
            file: "l.log".into(),
            line: 7,
        }),
        ..RecordedCall::new(RecordedRequest::Tool {
            name: Some("run".into()),
            arguments: RecordedArguments::Known(Value::from(json!({"a": [1, null]})).into()),
        })
    };
    assert_eq!(call, expected);
}

#[test]
fn a_repeated_call_has_spacing_and_runs() {
    let call = call(
        r#"{"repeat":12,"every":"4s","tool":"x","expect":["allow",10,{"decision":"undetermined","reason":"late"},2]}"#,
    );
    assert_eq!((call.repeat, call.every), (12, TimeDelta::seconds(4)));
    let late = Expected {
        reason: Some("late".into()),
        ..Expected::decision(DecisionName::Undetermined)
    };
    let runs = vec![(Expected::decision(DecisionName::Allow), 10), (late, 2)];
    assert_eq!(call.expect, Some(Expectation::Runs(runs)));
}

#[test]
fn a_header_gives_defaults_and_a_line_overrides_them() {
    let calls = calls(concat!(
        r#"{"mcppolicy":"trace/1","policy":"../p.json","grant":"g","server":null,"description":"d"}"#,
        "\n{\"tool\":\"a\"}\n",
        r#"{"tool":"b","grant":null,"server":"s"}"#
    ));
    assert_eq!(calls[0].grant, Grant::Named("g".into()));
    assert_eq!(calls[0].server, Server::Unknown);
    assert_eq!(calls[1].grant, Grant::Unknown);
    assert_eq!(calls[1].server, Server::Named("s".into()));
}

#[test]
fn a_header_knows_where_its_policy_is_written() {
    let text = "\r\n{\"mcppolicy\":\"trace/1\", \"policy\": \"é.json\"}\r\n";
    let Some(Item::Header(header)) = items(text.as_bytes()).into_iter().next() else {
        panic!("no header");
    };
    let (policy, span) = header.policy.clone().unwrap();
    let mut map = SourceMap::new();
    let at = map_start(&mut map, &header, span);
    assert_eq!((policy.as_str(), at.line, at.column), ("é.json", 2, 35));
    let rest = text.get(at.offset..).unwrap();
    assert!(rest.starts_with("\"é.json\""));
}

fn map_start(map: &mut SourceMap, header: &Header, span: source::Span) -> source::Position {
    let location = header.locate(map, "t.jsonl", span);
    map.start(location)
}

#[test]
fn times_come_from_the_line_the_offset_or_the_step() {
    let text = format!(
        "{HEADER}\n{}",
        [
            r#"{"tool":"at start"}"#,
            r#"{"tool":"a step on"}"#,
            r#"{"tool":"offset","at":"+90s"}"#,
            r#"{"tool":"a step behind it","repeat":3,"every":"1m"}"#,
            r#"{"tool":"behind the last repetition"}"#,
            r#"{"tool":"own","ts":"2026-11-20T12:00:00+01:00"}"#,
            r#"{"tool":"unknown","ts":null}"#,
            r#"{"tool":"a step behind the unknown"}"#,
            r#"{"tool":"back","at":"-1h"}"#,
        ]
        .join("\n")
    );
    let times: Vec<Option<String>> = calls(&text)
        .iter()
        .map(|call| call.time.map(|time| time.to_string()))
        .collect();
    let expected = [
        Some("2026-11-20T10:00:00Z"),
        Some("2026-11-20T10:00:05Z"),
        Some("2026-11-20T10:01:30Z"),
        Some("2026-11-20T10:01:35Z"),
        Some("2026-11-20T10:03:40Z"),
        Some("2026-11-20T11:00:00Z"),
        None,
        None,
        Some("2026-11-20T09:00:00Z"),
    ];
    assert_eq!(times, expected.map(|time| time.map(str::to_owned)));
}

#[test]
fn without_a_step_the_time_is_unknown() {
    let calls =
        calls("{\"mcppolicy\":\"trace/1\",\"start\":\"2026-11-20T10:00:00Z\"}\n{\"tool\":\"x\"}\n");
    assert_eq!(calls[0].time, None);
}

#[test]
fn a_raw_request_is_read_as_a_gateway_reads_it() {
    let request = |raw: &str| call(&format!("{{\"request\":{raw}}}")).request;
    let tool = |name: Option<&str>, arguments| RecordedRequest::Tool {
        name: name.map(str::to_owned),
        arguments,
    };
    let none = || RecordedArguments::from(None);
    let cases = [
        (
            r#"{"method":"tools/call","params":{"name":"x","arguments":{"a":1}}}"#,
            tool(
                Some("x"),
                RecordedArguments::Known(Value::from(json!({"a": 1})).into()),
            ),
        ),
        (
            r#"{"method":"tools/call","params":{"name":"x","arguments":null,"_meta":{}}}"#,
            tool(Some("x"), none()),
        ),
        (
            r#"{"method":"tools/call","params":{"name":7}}"#,
            tool(None, none()),
        ),
        (r#"{"method":"tools/call","params":[]}"#, tool(None, none())),
        (r#"{"method":"tools/call"}"#, tool(None, none())),
        (
            r#"{"method":"tools/call","params":{"name":"x","arguments":"{}"}}"#,
            tool(Some("x"), RecordedArguments::NotAnObject("{}".into())),
        ),
        (
            r#"[{"method":"tools/call"}]"#,
            RecordedRequest::Batch(json!([{"method": "tools/call"}]).into()),
        ),
    ];
    for (raw, expected) in cases {
        assert_eq!(request(raw), expected, "{raw}");
    }
}

#[test]
fn other_methods_are_told_apart() {
    let found = items(br#"{"request":{"method":"tools/list"}}"#);
    assert_eq!(found, [Item::OtherMethod("tools/list".into())]);
}

#[test]
fn arguments_can_be_unknown_in_either_form() {
    for line in [
        r#"{"tool":"x","arguments_unknown":true}"#,
        r#"{"request":{"method":"tools/call","params":{"name":"x"}},"arguments_unknown":true}"#,
    ] {
        let RecordedRequest::Tool { arguments, .. } = call(line).request else {
            panic!("{line}");
        };
        assert_eq!(arguments, RecordedArguments::Unknown, "{line}");
    }
    let known = call(r#"{"tool":"x","arguments":{},"arguments_unknown":false}"#);
    assert_eq!(
        known.request,
        call(r#"{"tool":"x","arguments":null}"#).request
    );
}

#[test]
fn a_response_shows_what_the_gateway_decided() {
    let observed = |response: &str| {
        call(&format!("{{\"tool\":\"x\",\"response\":{response}}}")).observed_decision()
    };
    let denied = r#"{"result":{"isError":true,"content":[{"type":"image"},{"type":"text","text":"[POLICY DENIED] no"}]}}"#;
    assert_eq!(observed(denied), Some(Observed::Deny));
    for allowed in [
        r#"{"result":{"content":[{"type":"text","text":"ok"},{"type":"text","text":"[POLICY DENIED] quoted"}]}}"#,
        r#"{"result":{"isError":true,"content":[]}}"#,
        r#"{"result":null,"error":null}"#,
        r#"{"error":{"code":1,"message":"[POLICY DENIED] of another kind"}}"#,
    ] {
        assert_eq!(observed(allowed), Some(Observed::Allow), "{allowed}");
    }
    let observed = call(r#"{"tool":"x","observed":"deny"}"#);
    assert_eq!(observed.observed_decision(), Some(Observed::Deny));
}

#[test]
fn of_a_repeated_argument_the_last_one_counts() {
    for line in [
        r#"{"tool":"x","arguments":{"a":1,"b":{"c":1,"c":2},"a":3}}"#,
        r#"{"request":{"method":"tools/call","params":{"name":"x","arguments":{"a":1,"b":{"c":2},"a":3}}}}"#,
    ] {
        let call = call(line);
        assert!(call.repeats_an_argument);
        let expected = json!({"a": 3, "b": {"c": 2}});
        let RecordedRequest::Tool { arguments, .. } = call.request else {
            panic!("{line}");
        };
        assert_eq!(
            arguments,
            RecordedArguments::Known(Value::from(expected).into())
        );
    }
    assert!(call(r#"{"request":[{"params":{"arguments":{"a":1,"a":1}}}]}"#).repeats_an_argument);
}

#[test]
fn a_number_between_two_doubles_is_fine_in_a_call() {
    let call = call(r#"{"tool":"x","arguments":{"id":9007199254740993}}"#);
    let expected = json!({"id": 9_007_199_254_740_992_u64});
    assert_eq!(
        call.request,
        RecordedRequest::Tool {
            name: Some("x".into()),
            arguments: RecordedArguments::Known(Value::from(expected).into())
        }
    );
}

#[test]
fn empty_lines_and_both_line_endings_are_fine() {
    let calls = calls("\r\n \n{\"tool\":\"a\"}\r\n\n\t\n{\"tool\":\"b\"}");
    let lines: Vec<usize> = calls.iter().map(|call| call.line).collect();
    assert_eq!(lines, [3, 6]);
}

#[test]
fn what_is_written_reads_back_the_same() {
    let lines = [
        r#"{"ts":"2026-11-20T10:00:09.250Z","grant":"a\"b","server":"s","repeat":3,"every":"90s","tool":"run","arguments":{"a":[1,null,"é"]},"expect":["allow",1,{"decision":"deny","rule":"/hide/0","kind":"hidden","message":"m","message_contains":"n"},2],"origin":{"file":"l.log","line":7},"id":"i","note":"n"}"#,
        r#"{"grant":null,"server":null,"tool":"x","arguments_unknown":true,"observed":"deny","expect":"undetermined"}"#,
        r#"{"request":{"jsonrpc":"2.0","method":"tools/call","params":{"arguments":[1]}}}"#,
        r#"{"request":[{"method":"tools/call"}]}"#,
        r#"{"tool":"x","arguments":{},"response":{"error":{"code":1}},"response_ts":"2026-11-20T10:00:12Z"}"#,
        r#"{"request":{"jsonrpc":"2.0","method":"tools/call","params":{}},"arguments_unknown":true}"#,
    ];
    for line in lines {
        let call = call(line);
        assert_eq!(write_call(&call), line);
    }
}

#[test]
fn a_witness_is_written_as_a_native_line() {
    let witness = crate::trace::WitnessCall {
        at: time("2026-11-20T10:00:00Z"),
        repeat: 11,
        every: TimeDelta::seconds(120),
        ..crate::trace::WitnessCall::new("run", json!({"n": 1.5}).into())
    };
    assert_eq!(
        write_call(&RecordedCall::from(&witness)),
        r#"{"ts":"2026-11-20T10:00:00Z","repeat":11,"every":"2m","tool":"run","arguments":{"n":1.5}}"#
    );
}

#[test]
fn one_spoiled_byte_takes_no_other_line_along() {
    let text = format!("{HEADER}\n{}\n", r#"{"tool":"run"}"#);
    for at in 0..HEADER.len() {
        for byte in [0, 0xFE, 0xFF] {
            let mut bytes = text.clone().into_bytes();
            bytes[at] = byte;
            let found = items(&bytes);
            assert!(
                matches!(found.last(), Some(Item::Call(_))),
                "{byte} at {at}"
            );
        }
    }
}

proptest::proptest! {
    /// Cutting or spoiling a trace never panics, and no line of it vanishes.
    #[test]
    fn every_line_becomes_an_item(cut in 0_usize..400, at in 0_usize..400, byte: u8) {
        let mut bytes = format!(
            "{HEADER}\n{}\n{}\n",
            r#"{"repeat":12,"every":"4s","tool":"run","arguments":{"a":"\u00e9"},"expect":["allow",10,"deny",2]}"#,
            r#"{"at":"+1s","request":{"method":"tools/call","params":{"name":"x"}},"response":{"error":{}},"expect":{"decision":"deny"}}"#,
        )
        .into_bytes();
        let length = bytes.len();
        bytes[at % length] = byte;
        bytes.truncate(length - cut % length);
        let lines = bytes
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.iter().all(u8::is_ascii_whitespace))
            .count();
        let found = items(&bytes);
        let headers_with_problems = match found.as_slice() {
            [Item::Header(_), Item::Problem(line), ..] if line.line.number == 1 => 1,
            _ => 0,
        };
        proptest::prop_assert_eq!(found.len() - headers_with_problems, lines);
    }
}
