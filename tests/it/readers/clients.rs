//! The logs of further clients: each call once, counted by hand.

use super::*;

const UNSENT: &str = "a tool call that was refused before it was sent";
const NO_NAME: &str = "a tool call without the tool's name";
const AGAIN: &str = "a record that the log holds more than once";
const CUT: &str = "cut off before its JSON ends";
const NO_CALL: &str = "no tool call in it";

#[test]
fn events_of_agents_tell_decisions_and_results() {
    let log = read("otlp/logs.jsonl");
    assert_eq!(
        calls(&log),
        [
            r#"1 db delete{"id":"a"} s-1 10:00:01Z result"#,
            "5 db delete? s-1 10:00:06Z -",
            "6 db delete? s-1 10:00:08Z result",
            r#"7 db delete{"id":"b"} c-1 10:00:09Z denied"#,
            "8 db delete? c-1 10:00:13Z result",
        ]
    );
    assert_eq!(log.passed.get(UNSENT), Some(&vec![3, 4, 8]));
    assert_eq!(log.passed.get(CUT), Some(&vec![9]));
}

#[test]
fn spans_of_tools_are_calls_only_when_asked_for() {
    let span = |name: &str, attribute: &str| {
        format!(
            r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{"traceId":"t1","spanId":"1","name":"{name}","kind":1,"startTimeUnixNano":"1795168800000000000","attributes":[{attribute}]}}]}}]}}]}}"#
        )
    };
    let attribute = |key: &str, value: &str| {
        format!(r#"{{"key":"{key}","value":{{"stringValue":"{value}"}}}}"#)
    };
    let arguments = attribute("input.value", r#"{\"id\":\"a\"}"#);
    for (name, attributes) in [
        (
            "execute_tool delete",
            attribute("gen_ai.operation.name", "execute_tool"),
        ),
        (
            "x",
            attribute("openinference.span.kind", "TOOL") + "," + &attribute("tool.name", "delete"),
        ),
        ("y", attribute("mcp.tool.name", "delete")),
    ] {
        let text = span(name, &format!("{attributes},{arguments}"));
        let mut settings = Settings::default();
        let without = read_with(text.as_bytes(), settings);
        assert_eq!(without.calls, [], "{name}");
        let why = "a span of a tool that may be no MCP tool (see --include-tools)";
        assert_eq!(without.passed.get(why), Some(&vec![1]));
        settings.include_tools = true;
        let with = read_with(text.as_bytes(), settings);
        assert_eq!(
            calls(&with),
            [r#"1 - delete{"id":"a"} - 10:00:00Z -"#],
            "{name}"
        );
    }
}

#[test]
fn a_message_that_is_written_again_has_its_calls_once() {
    let log = read("gemini/session.jsonl");
    assert_eq!(
        calls(&log),
        [
            r#"3 db delete{"id":"a"} g-1 10:00:01.500Z denied"#,
            r#"5 client list_directory{"path":"."} g-1 10:00:04Z result"#,
            "6 db delete{} g-1 10:00:05Z result",
        ]
    );
    assert_eq!(log.passed.get(UNSENT), Some(&vec![5]));
    assert_eq!(log.passed.get(CUT), Some(&vec![8]));
    assert_eq!(log.passed.get(NO_CALL), Some(&vec![1, 2, 7]));
}

#[test]
fn a_session_in_one_document_is_the_same() {
    let text = String::from_utf8(bytes("gemini/session.jsonl")).unwrap();
    let messages: Vec<&str> = text.lines().skip(3).take(3).collect();
    let line = format!(
        r#"{{"sessionId":"g-1","projectHash":"p","startTime":"x","messages":[{}]}}"#,
        messages.join(",")
    );
    let log = read_with(line.as_bytes(), Settings::default());
    assert_eq!(log.format, Format::Gemini);
    assert_eq!(log.calls.len(), 3);
}

#[test]
fn events_at_the_beginning_and_the_end_are_one_call() {
    let log = read("copilot/events.jsonl");
    assert_eq!(
        calls(&log),
        [
            r#"3 db delete{"id":"a"} p-1 10:00:02Z result"#,
            r#"8 client bash{"command":"ls"} p-1 10:00:06Z result"#,
        ]
    );
    assert_eq!(
        passed(&log),
        [
            (AGAIN, vec![5]),
            (UNSENT, vec![6]),
            (NO_NAME, vec![10]),
            (CUT, vec![11]),
            (NO_CALL, vec![1, 2]),
        ]
    );
}

#[test]
fn an_exports_parts_are_calls_with_their_states() {
    let log = read("opencode/export.json");
    assert_eq!(
        calls(&log),
        [
            r#"6 db delete{"id":"a"} ses_1 10:00:00Z result"#,
            r#"8 client bash{"command":"ls"} ses_1 10:00:04Z result"#,
        ]
    );
    assert_eq!(
        passed(&log),
        [
            (AGAIN, vec![9]),
            (UNSENT, vec![7]),
            (NO_NAME, vec![10]),
            (NO_CALL, vec![4]),
        ]
    );
}

#[test]
fn blocks_and_items_are_calls_like_any_other() {
    let log = read("openai/blocks.jsonl");
    assert_eq!(
        calls(&log),
        [
            r#"1 - delete{"id":"a"} - ? denied"#,
            "1 db delete{} - ? result",
            "2 db list{} - ? -",
            r#"3 db delete{"id":"a"} - ? result"#,
            "3 db delete{} - ? error",
            "3 - plain{} - ? result",
        ]
    );
}

#[test]
fn an_editors_output_has_messages_of_both_sides() {
    let log = read("vscode/output.log");
    assert_eq!(
        calls(&log),
        [
            r#"5 ? delete{"id":"a"} - 10:00:02Z error"#,
            "7 ? delete{} - 10:00:04Z denied",
        ]
    );
    assert_eq!(log.others, ["initialize"]);
    assert!(log.assumed.contains(&Assumed::LocalTime));
    assert_eq!(log.passed.get(CUT), Some(&vec![10]));
    let none = "no message between client and server";
    assert_eq!(log.passed.get(none), Some(&vec![1, 2, 9]));
}

#[test]
fn payloads_of_hooks_before_and_after_are_one_call() {
    let log = read("hooks/payloads.jsonl");
    assert_eq!(
        calls(&log),
        [
            r#"2 db delete{"id":"a"} s-1 10:00:01Z denied"#,
            r#"4 client Bash{"command":"ls"} s-1 ? -"#,
            r#"5 client Bash{"command":"ls"} s-1 ? result"#,
            "9 db list{} s-2 ? result",
        ]
    );
    assert_eq!(
        passed(&log),
        [
            (UNSENT, vec![7]),
            (NO_NAME, vec![10]),
            (CUT, vec![11]),
            (NO_CALL, vec![1]),
        ]
    );
}

#[test]
fn a_tap_may_keep_the_frames_of_its_stream() {
    let call = |id: u32| {
        format!(
            r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"t","arguments":{{"text":"Content-Length: 7"}}}}}}"#
        )
    };
    let result = |id: u32| format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{}}}}"#);
    let events = format!(
        "event: message\nid: 7\ndata: {}\n\n: ping\nevent: message\ndata:{}\n\n",
        call(1),
        result(1)
    );
    let headers = format!(
        "Content-Length: 120\r\n\r\n{}Content-Length: 36\r\n\r\n{}",
        call(1),
        result(1)
    );
    let wrapped = format!(
        "{}\n{}\n",
        serde_json::json!({"raw": format!("data: {}", call(1))}),
        serde_json::json!({"raw": result(1)})
    );
    for text in [events, headers, wrapped] {
        let log = read_with(text.as_bytes(), Settings::default());
        assert_eq!(log.format, Format::JsonRpc, "{text}");
        assert_eq!(log.calls.len(), 1, "{text}");
        assert_eq!(log.calls[0].response, Some(Response::Result), "{text}");
        assert!(!log.passed.contains_key("not JSON"), "{text}");
    }
}

#[test]
fn simulations_are_conversations() {
    let run = r#"{"messages":[{"role":"assistant","tool_calls":[{"id":"c1","name":"book","arguments":{"price":5}}]},{"role":"tool","id":"c1","content":"ok"}]}"#;
    let line = format!(r#"{{"info":{{}},"simulations":[{run},{run}]}}"#);
    let pretty = format!("{{\n\"info\": {{}},\n\"simulations\": [\n{run},\n{run}\n]\n}}\n");
    for text in [line, pretty] {
        let log = read_with(text.as_bytes(), Settings::default());
        assert_eq!(log.format, Format::OpenAi);
        let answers: Vec<bool> = log
            .calls
            .iter()
            .map(|call| call.response.is_some())
            .collect();
        assert_eq!(answers, [true, true], "{text}");
    }
}

#[test]
fn audit_events_carry_the_proxys_decision() {
    let log = read("toolhive/audit.jsonl");
    assert_eq!(
        calls(&log),
        [
            r#"3 db delete{"id":"a"} - 10:00:01Z allowed"#,
            "4 db drop? - 10:00:02Z refused",
            "6 db delete{} - 10:00:03Z error",
            "7 ? delete? - 10:00:04Z -",
        ]
    );
    assert_eq!(log.others, ["initialize"]);
    assert_eq!(
        passed(&log),
        [
            (AGAIN, vec![5]),
            (NO_NAME, vec![8]),
            (CUT, vec![9]),
            (NO_CALL, vec![1]),
        ]
    );
    let users = by_grant("toolhive/audit.jsonl", GrantFrom::User);
    assert_eq!(users[0], Grant::Named("ann".to_owned()));
}
