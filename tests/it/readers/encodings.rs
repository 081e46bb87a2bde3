//! The same thing written in several ways reads as one thing, in every format;
//! and a file that is no log says so once.

use super::*;

const ENCODED: [(&str, &str); 8] = [
    (r#"{"a":1}"#, r#"{"a":1}"#),
    (r#""{\"a\": 1}""#, r#"{"a":1}"#),
    (r#""""#, "{}"),
    (r#""  ""#, "{}"),
    (r#""null""#, "{}"),
    ("null", "{}"),
    (r#""{\"a\": 1""#, "?"),
    (r#""[1]""#, "?"),
];

/// A line of each format in which the client writes the arguments.
const WRITTEN: [&str; 15] = [
    r#"{"type":"assistant","sessionId":"s","message":{"role":"assistant","content":[{"type":"tool_use","id":"i","name":"t","input":ARGS}]}}"#,
    r#"{"type":"response_item","payload":{"type":"function_call","name":"t","arguments":ARGS,"call_id":"i"}}"#,
    r#"{"type":"event_msg","payload":{"type":"mcp_tool_call_end","call_id":"i","invocation":{"server":"s","tool":"t","arguments":ARGS}}}"#,
    r#"{"type":"item.completed","item":{"id":"i","type":"mcp_tool_call","server":"s","tool":"t","arguments":ARGS}}"#,
    r#"{"messages":[{"role":"assistant","tool_calls":[{"id":"i","function":{"name":"t","arguments":ARGS}}]}]}"#,
    // The older form, and those of other libraries.
    r#"{"messages":[{"role":"assistant","function_call":{"name":"t","arguments":ARGS}}]}"#,
    r#"{"messages":[{"role":"assistant","tool_calls":[{"id":"i","name":"t","args":ARGS}]}]}"#,
    r#"{"output":[{"type":"function_call","call_id":"i","name":"t","arguments":ARGS}]}"#,
    r#"{"output":[{"type":"mcp_call","id":"i","server_label":"s","name":"t","arguments":ARGS,"output":"ok"}]}"#,
    r#"{"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"i","name":"t","input":ARGS}]}]}"#,
    r#"{"messages":[{"role":"assistant","content":[{"type":"mcp_tool_use","id":"i","name":"t","server_name":"s","input":ARGS}]}]}"#,
    r#"{"id":"m","sessionId":"g","type":"gemini","content":"","toolCalls":[{"id":"i","name":"mcp_s_t","args":ARGS,"status":"success"}]}"#,
    r#"{"type":"tool.execution_start","id":"e","data":{"toolCallId":"i","toolName":"t","mcpServerName":"s","mcpToolName":"t","arguments":ARGS}}"#,
    r#"{"info":{"id":"ses_1"},"messages":[{"info":{"id":"m","sessionID":"ses_1","role":"assistant"},"parts":[{"id":"p","type":"tool","callID":"i","tool":"s_t","state":{"status":"completed","input":ARGS,"output":"ok"}}]}]}"#,
    r#"{"session_id":"s","hook_event_name":"PreToolUse","tool_name":"mcp__s__t","tool_input":ARGS,"tool_use_id":"i"}"#,
];

fn arguments(text: &str) -> String {
    let log = read_with(text.as_bytes(), Settings::default());
    assert_eq!(log.calls.len(), 1, "{text}");
    let shown = shown(&log.calls[0]);
    let after = shown.split_once(" t").unwrap().1;
    after.split_once(' ').unwrap().0.to_owned()
}

#[test]
fn arguments_that_a_client_writes_read_alike_however_they_are_written() {
    for template in WRITTEN {
        for (written, expected) in ENCODED {
            let text = template.replace("ARGS", written);
            assert_eq!(arguments(&text), expected, "{text}");
        }
        let members = ["input", "arguments", "args", "tool_input"];
        let absent = members.iter().fold(template.to_owned(), |text, member| {
            text.replace(&format!(",\"{member}\":ARGS"), "")
        });
        assert_eq!(arguments(&absent), "{}", "{absent}");
    }
}

#[test]
fn what_a_gateway_got_stays_malformed() {
    let template =
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","arguments":ARGS}}"#;
    for (written, expected) in [
        (r#""{\"a\":1}""#, r#"!"{\"a\":1}""#),
        (r#""""#, r#"!"""#),
        ("null", "{}"),
    ] {
        assert_eq!(arguments(&template.replace("ARGS", written)), expected);
    }
}

#[test]
fn the_older_form_of_a_result_names_its_function() {
    let text = r#"{"messages":[{"role":"assistant","function_call":{"name":"health","arguments":""}},{"role":"function","name":"health","content":"[POLICY DENIED] no"},{"role":"assistant","function_call":{"name":"health","arguments":"{}"}},{"role":"function","name":"health","content":"ok"}]}"#;
    let log = read_with(text.as_bytes(), Settings::default());
    assert_eq!(
        calls(&log),
        ["1 - health{} - ? denied", "1 - health{} - ? result"]
    );
    assert!(log.calls.iter().all(|call| call.id.is_none()));
}

#[test]
fn a_result_in_the_older_form_is_of_the_call_that_it_names() {
    let call = |name: &str| {
        format!(
            r#"{{"role":"assistant","content":null,"function_call":{{"name":"{name}","arguments":""}}}}"#
        )
    };
    let result = |name: &str, content: &str| {
        format!(r#"{{"role":"function","name":"{name}","content":{content}}}"#)
    };
    let (ok, denied) = (r#""ok""#, r#""[POLICY DENIED] no""#);
    let blocks = format!(r#"[{{"type":"text","text":{denied}}}]"#);
    let newer = r#"{"role":"assistant","tool_calls":[{"id":"c1","type":"function","function":{"name":"a","arguments":""}}]},{"role":"tool","tool_call_id":"c1","content":"[POLICY DENIED] no"}"#;
    for (messages, expected) in [
        // In another order, as blocks, beside the newer form, and of nobody.
        (
            vec![call("a"), call("b"), result("b", denied), result("a", ok)],
            vec!["a{} - ? result", "b{} - ? denied"],
        ),
        (
            vec![call("a"), result("a", &blocks)],
            vec!["a{} - ? denied"],
        ),
        (
            vec![call("a"), newer.to_owned(), result("a", ok)],
            vec!["a{} - ? result", "a{} - ? denied"],
        ),
        (vec![call("a"), result("b", denied)], vec!["a{} - ? -"]),
    ] {
        let line = format!(r#"{{"messages":[{}]}}"#, messages.join(","));
        let log = read_with(line.as_bytes(), Settings::default());
        let expected = expected.iter().map(|call| format!("1 - {call}"));
        assert_eq!(calls(&log), expected.collect::<Vec<_>>(), "{line}");
    }
}

#[test]
fn a_connection_is_a_session_however_it_is_spelled() {
    for spelling in [
        "session",
        "sessionId",
        "session_id",
        "conn_id",
        "connectionId",
    ] {
        for value in ["\"7\"", "7"] {
            let line = |message: &str| format!(r#"{{"{spelling}":{value},"raw":{message}}}"#);
            let text = [
                line(r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t"}}"#),
                line(r#"{"jsonrpc":"2.0","id":1,"result":{}}"#),
            ];
            let log = read_with(text.join("\n").as_bytes(), Settings::default());
            assert_eq!(calls(&log), ["1 - t{} 7 ? result"], "{spelling} {value}");
        }
    }
}

/// Lines that alone hold a call in the format of their file, but that have no
/// sign of that format of their own.
const UNSIGNED: [&str; 0] = [];

#[test]
fn every_line_with_a_call_is_recognised_alone() {
    for (fixture, format) in FIXTURES {
        let whole = bytes(fixture);
        let Ok(text) = std::str::from_utf8(&whole) else {
            continue;
        };
        if fixture.ends_with(".json") {
            continue;
        }
        for (index, line) in text.lines().enumerate() {
            let at = format!("{fixture}:{}", index + 1);
            let settings = Settings {
                format: Some(format),
                ..Settings::default()
            };
            let claimed = read_with(line.as_bytes(), settings);
            if claimed.calls.is_empty() || UNSIGNED.contains(&at.as_str()) {
                continue;
            }
            let log = read_with(line.as_bytes(), Settings::default());
            assert_eq!(log.format, format, "{at}");
            assert_eq!(calls(&log), calls(&claimed), "{at}");
        }
    }
}

/// The one problem of a file that is no trace.
fn problem(text: &str) -> String {
    let reader = reader(Cursor::new(text.as_bytes().to_vec()), Settings::default()).unwrap();
    let mut trace = Trace::open("log", reader).unwrap();
    let Some(Item::Problem(bad)) = trace.next_item().unwrap() else {
        panic!("{text}");
    };
    assert_eq!(trace.next_item().unwrap(), None, "{text}");
    assert_eq!(bad.complaints.len(), 1);
    assert!(!trace.is_recognised(), "{text}");
    bad.complaints[0].message.clone()
}

#[test]
fn a_file_that_is_no_trace_is_named_in_one_line() {
    for policy in [
        r#"{"version":"1","default":"deny","tools":{"a":{}}}"#,
        "{\n  \"version\": \"1\",\n  \"hide\": [\"a\"]\n}\n",
        "\u{feff}{\"version\":\"1\",\"all_tools\":{}}",
    ] {
        assert!(problem(policy).contains("a policy"), "{policy}");
    }
    for inventory in [
        r#"{"tools":[{"name":"a","inputSchema":{}}]}"#,
        "[\n {\"name\": \"a\", \"inputSchema\": {}}\n]",
        r#"{"tools":[{"name":"a"}],"version":1}"#,
    ] {
        assert!(problem(inventory).contains("an inventory"), "{inventory}");
    }
    for yaml in [
        "version: 1\ndefault: deny\n",
        "---\na: 1\n",
        "# policy\ntools:\n  a: {}\n",
    ] {
        assert!(problem(yaml).contains("YAML"), "{yaml}");
    }
    for other in [
        "hello there\nand more\n",
        "{\"a\":1}\n{\"a\":2}\n",
        "[1,2]",
        "\u{c}\n",
    ] {
        let message = problem(other);
        assert!(
            message.contains("native, jsonrpc, claude-code"),
            "{message}"
        );
    }
}

#[test]
fn a_native_trace_with_a_mistake_is_still_one() {
    for text in [
        "{\"tool\":7}\n",
        "{\"tool\":\"a\",\"argument\":{}}\n",
        "{\"arguments\":{}}\n",
        "{\"request\":{\"method\":\"tools/call\"}}\n",
        "{\"request\":[]}\n",
        "{\"expect\":\"allow\"}\n",
        "{\"mcppolicy\":\"trace/9\"}\n",
        "noise\n{\"tool\":\"a\"}\n",
        "{\"tool\":\"a\"}\n\u{c}\n",
    ] {
        let log = read_with(text.as_bytes(), Settings::default());
        assert_eq!(log.format, Format::Native, "{text}");
        let reader = reader(Cursor::new(text.as_bytes().to_vec()), Settings::default()).unwrap();
        let mut trace = Trace::open("log", reader).unwrap();
        while let Some(item) = trace.next_item().unwrap() {
            if let Item::Problem(bad) = item {
                assert!(!bad.complaints[0].message.contains("No line"), "{text}");
            }
        }
    }
    let empty = read_with(b"\n \t\r\n", Settings::default());
    assert_eq!((empty.calls.len(), empty.invalid), (0, 0));
}

#[test]
fn a_claimed_file_without_a_call_says_what_else_it_could_be() {
    let call = r#"{"messages":[{"role":"assistant","tool_calls":[{"id":"i","function":{"name":"t","arguments":"{}"}}]}]}"#;
    let text = format!("{{\"jsonrpc\":\"2.0\",\"method\":\"x\"}}\n{call}\n");
    let log = read_with(text.as_bytes(), Settings::default());
    assert_eq!(log.format, Format::JsonRpc);
    let expected = Assumed::NoCall {
        taken_for: Format::JsonRpc,
        or: vec![Format::OpenAi],
    };
    assert!(log.assumed.contains(&expected), "{:?}", log.assumed);
    let message = expected.to_string();
    assert!(
        message.contains("openai") && message.contains("--from"),
        "{message}"
    );
}
