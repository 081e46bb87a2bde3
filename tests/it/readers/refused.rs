//! Calls that a client refused before it sent them: passed over, in the words
//! and the signs of each client, and never what a server says.

use super::*;

const UNSENT: &str = "a tool call that was refused before it was sent";

/// A session of one call, whose result is `content`; `more` are members of the
/// result's record.
fn session(content: &str, is_error: bool, more: &str) -> Log {
    let text = serde_json::Value::from(content);
    let lines = format!(
        r#"{{"type":"assistant","uuid":"u1","sessionId":"s-1","timestamp":"2026-11-20T10:00:01Z","message":{{"role":"assistant","content":[{{"type":"tool_use","id":"t1","name":"mcp__db__delete","input":{{"id":"a"}}}}]}}}}
{{"type":"user","uuid":"u2","sessionId":"s-1","timestamp":"2026-11-20T10:00:02Z"{more},"message":{{"role":"user","content":[{{"type":"tool_result","tool_use_id":"t1","is_error":{is_error},"content":{text}}}]}}}}
"#
    );
    read_with(lines.as_bytes(), Settings::default())
}

#[test]
fn a_session_tells_refusals_by_the_clients_words() {
    for words in [
        "Permission to use mcp__db__delete has been denied because Claude Code is running in don't ask mode.",
        "Permission to use mcp__db__delete has been auto-denied (prompts unavailable).",
        "<tool_use_error>Error: No such tool available: mcp__db__delete</tool_use_error>",
        "<tool_use_error>InputValidationError: mcp__db__delete failed due to the following issue</tool_use_error>",
        "<tool_use_error>Cancelled: parallel tool call Bash(ls) errored</tool_use_error>",
        "<tool_use_error>Sibling tool call errored</tool_use_error>",
        "PreToolUse:mcp__db__delete hook error: [guard.sh]: no\nsecond line",
        "The user doesn't want to take this action right now. STOP what you are doing.",
        "Claude requested permissions to use mcp__db__delete, but you haven't granted it yet.",
    ] {
        let log = session(words, true, "");
        assert_eq!(calls(&log), [] as [&str; 0], "{words}");
        assert_eq!(passed(&log), [(UNSENT, vec![1])], "{words}");
        // A server may say the same in a result that did not fail.
        let said = session(words, false, "");
        assert_eq!(said.calls[0].response, Some(Response::Result), "{words}");
    }
}

#[test]
fn a_member_of_its_own_tells_a_refusal_whatever_the_words_are() {
    for (kind, is_sent) in [
        ("permission-rule", false),
        ("classifier", false),
        ("something-new", false),
        ("interrupted", true),
    ] {
        let more = format!(r#","toolDenialKind":"{kind}""#);
        let log = session("words of next year", true, &more);
        assert_eq!(log.calls.len(), usize::from(is_sent), "{kind}");
        assert!(log.calls.iter().all(|call| call.response.is_none()));
    }
}

#[test]
fn words_of_the_client_that_nobody_knows_leave_the_outcome_open() {
    let words = "<tool_use_error>The moon is full</tool_use_error>";
    let log = session(words, true, "");
    assert_eq!(calls(&log), [r#"1 db delete{"id":"a"} s-1 10:00:01Z -"#]);
    let note = log.calls[0].note.as_deref().unwrap_or_default();
    assert!(note.starts_with("unknown outcome: "), "{note}");
    assert!(log.assumed.contains(&Assumed::UnknownOutcome));
}

#[test]
fn what_a_server_says_of_permissions_is_its_result() {
    for words in [
        "Permission to use the table has been denied",
        "Error: no row 7",
        "the hook failed",
    ] {
        let log = session(words, true, "");
        assert_eq!(log.calls[0].response, Some(Response::Result), "{words}");
    }
}

/// A headless session with two calls of which the second fails in unknown words,
/// and its end.
fn headless(before: &str, end: &str) -> Log {
    let call = |id: &str| {
        format!(
            r#"{{"type":"assistant","session_id":"s-1","message":{{"role":"assistant","content":[{{"type":"tool_use","id":"{id}","name":"mcp__db__delete","input":{{}}}}]}}}}"#
        )
    };
    let result = |id: &str, error: bool| {
        format!(
            r#"{{"type":"user","session_id":"s-1","message":{{"role":"user","content":[{{"type":"tool_result","tool_use_id":"{id}","is_error":{error},"content":"words"}}]}}}}"#
        )
    };
    let lines = [
        r#"{"type":"system","subtype":"init","session_id":"s-1","tools":[]}"#.to_owned(),
        call("t1"),
        result("t1", false),
        call("t2"),
        before.to_owned(),
        result("t2", true),
        call("t3"),
        end.to_owned(),
    ];
    read_with(lines.join("\n").as_bytes(), Settings::default())
}

#[test]
fn a_headless_session_lists_at_its_end_what_it_refused() {
    let end = |denials: &str| {
        format!(
            r#"{{"type":"result","subtype":"success","session_id":"s-1","permission_denials":[{denials}]}}"#
        )
    };
    let denial = r#"{"tool_name":"mcp__db__delete","tool_use_id":"t2","tool_input":{}}"#;
    let log = headless("", &end(denial));
    let lines: Vec<usize> = log.calls.iter().map(|call| call.line).collect();
    assert_eq!(lines, [2, 7]);
    assert_eq!(log.passed.get(UNSENT), Some(&vec![4]));

    let log = headless("", &end(""));
    assert_eq!(log.calls.len(), 3);
    assert_eq!(log.calls[1].response, Some(Response::Result));

    // Cut off before its end.
    assert_eq!(headless("", "").calls.len(), 3);
}

#[test]
fn a_headless_session_refuses_in_a_record_of_its_own() {
    let record = r#"{"type":"system","subtype":"permission_denied","tool_name":"mcp__db__delete","tool_use_id":"t2","session_id":"s-1"}"#;
    let log = headless(record, "");
    assert_eq!(log.calls.len(), 2);
    assert_eq!(log.passed.get(UNSENT), Some(&vec![4]));
    let unmatched = "a response whose request is not in the log";
    assert_eq!(log.passed.get(unmatched), None);
}

/// What Codex says of a call that it did not send.
const CODEX_REFUSES: [&str; 5] = [
    "unsupported call: mcp__db__delete",
    "user cancelled MCP tool call",
    "user rejected MCP tool call",
    "failed to parse function arguments: EOF while parsing",
    "MCP tool call blocked by app configuration",
];

fn rollout(output: &str) -> Log {
    let text = serde_json::Value::from(output);
    let lines = format!(
        r#"{{"timestamp":"2026-11-20T10:00:00Z","type":"session_meta","payload":{{"id":"c-1"}}}}
{{"timestamp":"2026-11-20T10:00:01Z","type":"response_item","payload":{{"type":"function_call","name":"mcp__db__delete","arguments":"{{}}","call_id":"c1"}}}}
{{"timestamp":"2026-11-20T10:00:02Z","type":"response_item","payload":{{"type":"function_call_output","call_id":"c1","output":{text}}}}}
"#
    );
    read_with(lines.as_bytes(), Settings::default())
}

#[test]
fn a_rollout_tells_refusals_by_the_clients_words() {
    for words in CODEX_REFUSES {
        let log = rollout(words);
        assert_eq!(log.calls, [], "{words}");
        assert_eq!(log.passed.get(UNSENT), Some(&vec![2]), "{words}");
    }
    assert_eq!(rollout("gone").calls[0].response, Some(Response::Result));
    let aborted = rollout("aborted by user after 5.0s");
    assert_eq!(aborted.calls[0].response, None);
    assert!(aborted.assumed.contains(&Assumed::UnknownOutcome));
}

/// A rollout of these lines; `CALL` is a call, `BEGIN`, `END` and `OUT` are what the
/// client writes of it.
fn rollout_of(lines: &[&str], words: &str) -> Log {
    let failure = serde_json::json!({"Err": words});
    let invocation = r#"{"server":"db","tool":"delete","arguments":{}}"#;
    let text: String = lines
        .iter()
        .enumerate()
        .map(|(second, line)| {
            let payload = match *line {
                "CALL" => r#"{"type":"function_call","name":"delete","namespace":"mcp__db__","arguments":"{}","call_id":"c1"}"#.to_owned(),
                "BEGIN" => format!(
                    r#"{{"type":"mcp_tool_call_begin","call_id":"c1","invocation":{invocation}}}"#
                ),
                "END" => format!(
                    r#"{{"type":"mcp_tool_call_end","call_id":"c1","invocation":{invocation},"result":{failure}}}"#
                ),
                output => format!(
                    r#"{{"type":"function_call_output","call_id":"c1","output":{output}}}"#
                ),
            };
            let kind = match *line {
                "BEGIN" | "END" => "event_msg",
                _ => "response_item",
            };
            format!(
                "{{\"timestamp\":\"2026-11-20T10:00:0{second}Z\",\"type\":\"{kind}\",\"payload\":{payload}}}\n"
            )
        })
        .collect();
    read_with(text.as_bytes(), Settings::default())
}

#[test]
fn a_refusal_is_one_wherever_the_rollout_has_it() {
    for words in CODEX_REFUSES {
        let text = serde_json::Value::from(words);
        let outputs = [
            text.to_string(),
            format!(r#"{{"content":{text},"success":false}}"#),
            format!(r#"[{{"type":"input_text","text":{text}}}]"#),
            serde_json::Value::from(format!("Wall time: 0.0 seconds\nOutput:\n{words}"))
                .to_string(),
        ];
        for output in &outputs {
            // In the event, in the output, in both, whichever comes first.
            for lines in [
                &["CALL", output][..],
                &["CALL", "END"],
                &["CALL", "END", output],
                &["CALL", output, "END"],
                &["CALL", "BEGIN", "END", output],
                &["BEGIN", "END"],
                &["END"],
            ] {
                let log = rollout_of(lines, words);
                assert_eq!(log.format, Format::Codex);
                assert_eq!(log.calls, [], "{lines:?} {words}");
                let unsent = log.passed.get(UNSENT).map(Vec::len);
                assert_eq!(unsent, Some(1), "{lines:?} {words}");
            }
        }
    }
    // A server that fails was asked.
    let log = rollout_of(
        &["CALL", "END"],
        "tool call failed for `db/delete`: timed out",
    );
    assert_eq!(log.calls.len(), 1);
}

#[test]
fn a_result_in_the_event_at_the_end_comes_before_the_words() {
    let lines = r#"{"timestamp":"2026-11-20T10:00:00Z","type":"session_meta","payload":{"id":"c-1"}}
{"timestamp":"2026-11-20T10:00:01Z","type":"response_item","payload":{"type":"function_call","name":"mcp__db__say","arguments":"{}","call_id":"c1"}}
{"timestamp":"2026-11-20T10:00:02Z","type":"event_msg","payload":{"type":"mcp_tool_call_end","call_id":"c1","invocation":{"server":"db","tool":"say","arguments":{}},"result":{"Ok":{"content":[{"type":"text","text":"unsupported call: x"}]}}}}
{"timestamp":"2026-11-20T10:00:02Z","type":"response_item","payload":{"type":"function_call_output","call_id":"c1","output":"unsupported call: x"}}
"#;
    let log = read_with(lines.as_bytes(), Settings::default());
    assert_eq!(log.calls[0].response, Some(Response::Result));
}

#[test]
fn exec_events_are_calls_unless_the_client_refused_them() {
    let log = read("codex/exec.jsonl");
    assert_eq!(log.format, Format::Codex);
    assert_eq!(
        calls(&log),
        [
            r#"3 db delete{"id":"a"} t-1 ? result"#,
            "6 db delete{} t-1 ? error",
            "9 db delete{} t-2 ? -",
        ]
    );
    assert_eq!(
        passed(&log),
        [
            (UNSENT, vec![5]),
            ("a tool call without the tool's name", vec![10]),
            ("cut off before its JSON ends", vec![11]),
            ("no tool call in it", vec![1, 2, 7, 8]),
        ]
    );
}

#[test]
fn that_a_log_shows_no_refusal_is_said() {
    let none = session("done", false, "");
    assert!(none.assumed.contains(&Assumed::ShowsNoRefusal));
    for words in ["[POLICY DENIED] no", "User rejected tool use"] {
        let log = session(words, true, "");
        assert!(!log.assumed.contains(&Assumed::ShowsNoRefusal), "{words}");
    }
}

#[test]
fn the_array_that_an_action_keeps_is_a_headless_session() {
    let fixture = "claude-code/execution-file.json";
    let log = read(fixture);
    let expected = [r#"9 db delete{"id":"a"} s-7 ? result"#];
    assert_eq!(calls(&log), expected);
    assert_eq!(log.passed.get(UNSENT), Some(&vec![9]));
    // In one line, and with every record in a line of its own.
    let value: serde_json::Value = serde_json::from_slice(&bytes(fixture)).unwrap();
    let of_line_1 = expected.map(|call| call.replacen('9', "1", 1));
    let line = read_with(value.to_string().as_bytes(), Settings::default());
    assert_eq!(
        (line.format, calls(&line)),
        (Format::ClaudeCode, of_line_1.to_vec())
    );
    let records: Vec<String> = value
        .as_array()
        .unwrap()
        .iter()
        .map(ToString::to_string)
        .collect();
    let lines = read_with(records.join("\n").as_bytes(), Settings::default());
    assert_eq!(
        calls(&lines),
        expected.map(|call| call.replacen('9', "2", 1))
    );
}

#[test]
fn what_a_record_says_of_one_result_is_not_said_of_another() {
    let lines = r#"{"type":"assistant","uuid":"u1","sessionId":"s-1","message":{"role":"assistant","content":[{"type":"tool_use","id":"t1","name":"mcp__db__delete","input":{}},{"type":"tool_use","id":"t2","name":"mcp__db__delete","input":{}}]}}
{"type":"user","uuid":"u2","sessionId":"s-1","toolUseResult":"User rejected tool use","toolDenialKind":"user-rejected","message":{"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":"gone"},{"type":"tool_result","tool_use_id":"t2","is_error":true,"content":[{"type":"text","text":"words"}]}]}}
"#;
    let log = read_with(lines.as_bytes(), Settings::default());
    assert_eq!(calls(&log), ["1 db delete{} s-1 ? result"]);
    assert_eq!(log.passed.get(UNSENT), Some(&vec![1]));
}
