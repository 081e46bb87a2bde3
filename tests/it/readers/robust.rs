//! Copies of every fixture that are cut, mutated or hostile: no panic, and
//! every line is accounted for.

use super::*;
use crate::random::Random;

/// A line of each format with one call, in which `ARGS` is replaced by arguments
/// `TEXT` by them as JSON in a string, and `MESSAGE` by a message as JSON in one.
const CALLS: [(Format, &str); 16] = [
    (
        Format::JsonRpc,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","arguments":ARGS}}"#,
    ),
    (
        Format::ClaudeCode,
        r#"{"type":"assistant","sessionId":"s","message":{"role":"assistant","content":[{"type":"tool_use","id":"i","name":"mcp__s__t","input":ARGS}]}}"#,
    ),
    (
        Format::Codex,
        r#"{"type":"response_item","payload":{"type":"function_call","name":"mcp__s__t","arguments":TEXT,"call_id":"i"}}"#,
    ),
    (
        Format::ClaudeDesktop,
        r#"2025-12-16T16:06:55.750Z [info] [s] Message from client: {"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","arguments":ARGS}}"#,
    ),
    (
        Format::Otlp,
        r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"startTimeUnixNano":"1","attributes":[{"key":"mcp.method.name","value":{"stringValue":"tools/call"}},{"key":"gen_ai.tool.name","value":{"stringValue":"t"}},{"key":"gen_ai.tool.call.arguments","value":{"stringValue":TEXT}}]}]}]}]}"#,
    ),
    (
        Format::OpenAi,
        r#"{"messages":[{"role":"assistant","tool_calls":[{"id":"i","function":{"name":"t","arguments":TEXT}}]}]}"#,
    ),
    (
        Format::OpenAi,
        r#"{"role":"assistant","content":[{"type":"mcp_tool_use","id":"i","name":"t","server_name":"s","input":ARGS}]}"#,
    ),
    (
        Format::Otlp,
        r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"1","attributes":[{"key":"event.name","value":{"stringValue":"codex.tool_result"}},{"key":"tool_name","value":{"stringValue":"t"}},{"key":"arguments","value":{"stringValue":TEXT}},{"key":"success","value":{"boolValue":true}}]}]}]}]}"#,
    ),
    (
        Format::Copilot,
        r#"{"type":"tool.execution_start","data":{"toolCallId":"i","toolName":"t","arguments":ARGS}}"#,
    ),
    (
        Format::OpenCode,
        r#"{"info":{"sessionID":"s"},"parts":[{"type":"tool","callID":"i","tool":"s_t","state":{"status":"running","input":ARGS}}]}"#,
    ),
    (
        Format::VsCode,
        r#"2026-11-20 10:00:02.000 [debug] [editor -> server] {"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","arguments":ARGS}}"#,
    ),
    (
        Format::Har,
        r#"{"startedDateTime":"2026-11-20T10:00:00Z","request":{"postData":{"text":MESSAGE}},"response":{}}"#,
    ),
    (
        Format::Cassette,
        r#"{"t_offset_ms":0,"sender":"client","payload":{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","arguments":ARGS}}}"#,
    ),
    (
        Format::Inspector,
        r#"{"id":"m","timestamp":"2026-11-20T10:00:00Z","direction":"request","message":{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","arguments":ARGS}}}"#,
    ),
    (
        Format::Inspector,
        r#"{"id":"f","timestamp":"2026-11-20T10:00:00Z","url":"u","requestHeaders":{},"requestBody":MESSAGE,"category":"transport"}"#,
    ),
    (
        Format::Hooks,
        r#"{"session_id":"s","hook_event_name":"PreToolUse","tool_name":"mcp__s__t","tool_input":ARGS,"tool_use_id":"i"}"#,
    ),
];

fn line(template: &str, arguments: &str) -> String {
    let text = serde_json::Value::from(arguments).to_string();
    let message = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"t","arguments":{arguments}}}}}"#
    );
    let message = serde_json::Value::from(message).to_string();
    let line = template.replace("MESSAGE", &message);
    line.replace("ARGS", arguments).replace("TEXT", &text) + "\n"
}

fn of(format: Format, text: &str) -> Log {
    let settings = Settings {
        format: Some(format),
        grant_from: None,
        ..Settings::default()
    };
    read_with(text.as_bytes(), settings)
}

#[test]
fn a_million_characters_and_deep_nesting_are_read_or_passed_over() {
    let long = format!("{{\"a\":\"{}\"}}", "x".repeat(1_000_000));
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(500), "]".repeat(500));
    let deeper = format!("{{\"a\":{}", "[".repeat(200_000));
    for (format, template) in CALLS {
        let mut text = line(template, &long);
        text.push_str(&line(template, &deep));
        text.push_str(&line(template, &deeper));
        text.push_str(&line(template, r#"{"a":1,"a":2,"\u0000\u001b":"\u202e"}"#));
        let log = of(format, &text);
        let known: Vec<usize> = log
            .calls
            .iter()
            .filter(|call| {
                let RecordedRequest::Tool { arguments, .. } = &call.request else {
                    return false;
                };
                matches!(arguments, RecordedArguments::Known(_))
            })
            .map(|call| call.line)
            .collect();
        assert_eq!(known, [1, 4], "{format:?}");
        assert!(log.calls.last().unwrap().repeats_an_argument, "{format:?}");
        let unknown = log.calls.len() - known.len();
        let passed: usize = log.passed.values().map(Vec::len).sum();
        assert_eq!(unknown + passed, 2, "{format:?} {:?}", log.passed);
    }
}

#[test]
fn a_native_trace_reads_what_is_long_and_refuses_what_is_hostile() {
    let long = format!("{{\"a\":\"{}\"}}", "x".repeat(1_000_000));
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(500), "]".repeat(500));
    let deeper = format!("{{\"a\":{}", "[".repeat(200_000));
    let call =
        |arguments: &str| format!("{{\"tool\":\"t\",\"id\":\"same\",\"arguments\":{arguments}}}\n");
    let mut text = [call(&long), call(&deep), call(&deeper)].concat();
    text.push_str(&call(r#"{"a":1,"a":2,"\u0000\u001b":"\u202e"}"#));
    text.push_str("{\"tool\":\"t\",\"tool\":\"u\"}\n{\"tool\":\"\u{1b}[31m\"}\n{\"tool\":\"cut");
    let log = of(Format::Native, &text);
    let lines: Vec<usize> = log.calls.iter().map(|call| call.line).collect();
    assert_eq!(lines, [1, 4]);
    assert!(log.calls[1].repeats_an_argument);
    // Too deep twice, a repeated member, a raw control character, a cut.
    assert_eq!(log.invalid, 5);
    assert_eq!(passed(&log), []);
}

#[test]
fn an_event_log_that_is_hostile_is_read_or_passed_over() {
    let event = |tool: &str, more: &str| {
        format!(
            "{{\"ts\":\"2026-11-20T10:00:00Z\",\"type\":\"tool_call\",\"instance\":\"i\",\"tool\":{tool},\"result\":\"denied\"{more}}}\n"
        )
    };
    let name = format!("\"{}\"", "x".repeat(1_000_000));
    let deep = format!(",\"a\":{}{}", "[".repeat(500), "]".repeat(500));
    let mut text = event(&name, "");
    text.push_str(&event("\"t\"", &deep));
    text.push_str(&event("\"\\u0000\\u001b[31m\\u202e\"", ""));
    text.push_str(&event("\"t\"", ",\"tool\":\"last\",\"result\":\"allowed\""));
    text.push_str(&event("[1]", ""));
    text.push_str("{\"type\":\"tool_call\",\"tool\":\"cut");
    let log = of(Format::Gateway, &text);
    let tools: Vec<usize> = log
        .calls
        .iter()
        .map(|call| call.tool().unwrap().len())
        .collect();
    assert_eq!(tools, [1_000_000, 9, 4]);
    assert_eq!(log.calls[2].observed, Some(Observed::Allow));
    assert_eq!(
        passed(&log),
        [
            ("a tool call without the tool's name", vec![5]),
            ("cut off before its JSON ends", vec![6]),
            ("nested deeper than 127 levels", vec![2]),
        ]
    );
}

/// A result of the call of the same format in [`CALLS`]; spans have none.
const RESULTS: [(Format, &str); 5] = [
    (Format::JsonRpc, r#"{"jsonrpc":"2.0","id":1,"result":{}}"#),
    (
        Format::ClaudeCode,
        r#"{"type":"user","sessionId":"s","message":{"role":"user","content":[{"type":"tool_result","tool_use_id":"i","content":"x"}]}}"#,
    ),
    (
        Format::Codex,
        r#"{"type":"response_item","payload":{"type":"function_call_output","call_id":"i","output":"x"}}"#,
    ),
    (
        Format::ClaudeDesktop,
        r#"2025-12-16T16:06:56.750Z [info] [s] Message from server: {"jsonrpc":"2.0","id":1,"result":{}}"#,
    ),
    (
        Format::OpenAi,
        r#"{"messages":[{"role":"assistant","tool_calls":[{"id":"i","function":{"name":"t","arguments":"{}"}},{"id":"i","function":{"name":"t","arguments":"{}"}}]},{"role":"tool","tool_call_id":"i","content":"x"}]}"#,
    ),
];

#[test]
fn an_id_that_repeats_means_the_nearest_open_call_in_every_format() {
    for (format, result) in RESULTS {
        let (_, template) = CALLS.into_iter().find(|(of, _)| *of == format).unwrap();
        let call = line(template, "{}");
        let text = match format {
            // Ids count within one conversation, which is one line.
            Format::OpenAi => result.to_owned(),
            _ => format!("{call}{call}{result}\n"),
        };
        let log = of(format, &text);
        let answered: Vec<bool> = log
            .calls
            .iter()
            .map(|call| call.response.is_some())
            .collect();
        assert_eq!(answered, [false, true], "{format:?}");
        assert_eq!(passed(&log), [], "{format:?}");
    }
}

#[test]
fn a_line_beyond_the_cap_is_passed_over_and_the_next_is_read() {
    for (format, template) in CALLS {
        let mut text = "x".repeat((16 << 20) + 1);
        text.push('\n');
        text.push_str(&line(template, "{}"));
        let log = of(format, &text);
        assert_eq!(log.passed.get("longer than 16 MiB"), Some(&vec![1]));
        assert_eq!(log.calls.len(), 1, "{format:?}");
    }
}

#[test]
fn a_copy_cut_anywhere_has_no_more_than_the_whole() {
    for (fixture, format) in FIXTURES {
        if format == Format::Native {
            continue;
        }
        let whole = bytes(fixture);
        let full = read(fixture);
        let settings = Settings {
            format: Some(format),
            grant_from: None,
            ..Settings::default()
        };
        for cut in (0..whole.len()).step_by(7) {
            let log = read_with(&whole[..cut], settings);
            // The word that a call was never sent may be behind the cut.
            let unsent = full
                .passed
                .get("a tool call that was refused before it was sent");
            let most = full.calls.len() + unsent.map_or(0, Vec::len);
            assert!(log.calls.len() <= most, "{fixture} at {cut}");
            assert_eq!(log.invalid, 0, "{fixture} at {cut}");
            for (call, full) in log.calls.iter().zip(&full.calls) {
                // A result that would have taken the call back, or an event
                // that says more of it, may be behind the cut. So may be the
                // arguments where decision and result are records of their own.
                let is_decision = fixture == "otlp/logs.jsonl"
                    && matches!(
                        &call.request,
                        RecordedRequest::Tool {
                            arguments: RecordedArguments::Unknown,
                            ..
                        }
                    );
                if call.line == full.line && call.tool() == full.tool() && !is_decision {
                    assert_eq!(call.request, full.request, "{fixture} at {cut}");
                }
            }
        }
    }
}

#[test]
fn a_last_line_that_is_cut_off_is_said_to_be() {
    for (format, template) in CALLS {
        let whole = line(template, r#"{"a":"b"}"#);
        let cut = &whole[..whole.len() - 8];
        let log = of(format, &format!("{whole}{cut}"));
        assert_eq!(log.calls.len(), 1, "{format:?}");
        let reasons = passed(&log);
        assert_eq!(
            reasons,
            [("cut off before its JSON ends", vec![2])],
            "{format:?}"
        );
    }
}

#[test]
fn mutated_logs_never_stop_the_reader() {
    let mut random = Random::new(7);
    for (fixture, format) in FIXTURES {
        let whole = bytes(fixture);
        for round in 0..150 {
            let mut mutant = whole.clone();
            for _ in 0..=random.below(6) {
                let at = random.below(mutant.len());
                match random.below(4) {
                    0 => mutant[at] = random.below(256) as u8,
                    1 => drop(mutant.remove(at)),
                    2 => mutant.insert(at, b"\"{}[],:\\\n"[random.below(9)]),
                    _ => {
                        let end = (at + random.below(200)).min(mutant.len());
                        let piece = mutant[at..end].to_vec();
                        let to = random.below(mutant.len());
                        mutant.splice(to..to, piece);
                    }
                }
            }
            // Whatever it is taken for, and as what it was.
            let from = (round % 2 == 0).then_some(format);
            let settings = Settings {
                format: from,
                grant_from: None,
                ..Settings::default()
            };
            let log = read_with(&mutant, settings);
            let lines = mutant.iter().filter(|byte| **byte == b'\n').count() + 1;
            for call in &log.calls {
                assert!((1..=lines).contains(&call.line), "{fixture}");
            }
        }
    }
}
