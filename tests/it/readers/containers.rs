//! What exporters and backends put around spans: each is recognised by its content,
//! and read alike on one line, over many, in an array, and in both spellings.

use serde_json::Value;

use super::*;

const SPAN: &str = r#"{"traceId":"t1","spanId":"c1","name":"tools/call delete","kind":3,"startTimeUnixNano":"1795168800000000000","endTimeUnixNano":"1795168801000000000","attributes":[{"key":"mcp.method.name","value":{"stringValue":"tools/call"}},{"key":"gen_ai.tool.name","value":{"stringValue":"delete"}},{"key":"mcp.session.id","value":{"stringValue":"s-1"}},{"key":"gen_ai.tool.call.arguments","value":{"stringValue":"{\"id\":\"a\"}"}},{"key":"gen_ai.tool.call.result","value":{"stringValue":"gone"}}]}"#;

const CALL: &str = r#"- delete{"id":"a"} s-1 10:00:00Z result"#;

/// A collector's file exporter; logging exporters, which leave out the outer levels
/// one by one; older exporters; Tempo, its answers of both versions, and `tempo-cli`.
const CONTAINERS: [&str; 11] = [
    r#"{"resourceSpans":[{"resource":{},"scopeSpans":[{"scope":{},"spans":[SPAN]}]}]}"#,
    r#"{"resource":{"attributes":[]},"scopeSpans":[{"scope":{},"spans":[SPAN]}]}"#,
    r#"{"scope":{},"spans":[SPAN]}"#,
    r#"{"resourceSpans":[{"resource":{},"instrumentationLibrarySpans":[{"spans":[SPAN]}]}]}"#,
    r#"{"resource":{},"instrumentationLibrarySpans":[{"spans":[SPAN]}]}"#,
    r#"{"batches":[{"resource":{},"scopeSpans":[{"spans":[SPAN]}]}]}"#,
    r#"{"batches":[{"resource":{},"instrumentationLibrarySpans":[{"spans":[SPAN]}]}]}"#,
    r#"{"trace":{"resourceSpans":[{"resource":{},"scopeSpans":[{"spans":[SPAN]}]}]}}"#,
    r#"{"trace":{"batches":[{"resource":{},"scopeSpans":[{"spans":[SPAN]}]}]}}"#,
    r#"{"status":"complete","metrics":{"inspected":"1"},"trace":{"resourceSpans":[{"scopeSpans":[{"spans":[SPAN]}]}]}}"#,
    r#"{"trace":{"spans":[SPAN]}}"#,
];

/// The names of protobuf's fields, as some of its writers leave them.
fn in_snake_case(text: &str) -> String {
    let names = [
        ("resourceSpans", "resource_spans"),
        ("scopeSpans", "scope_spans"),
        (
            "instrumentationLibrarySpans",
            "instrumentation_library_spans",
        ),
        ("traceId", "trace_id"),
        ("spanId", "span_id"),
        ("startTimeUnixNano", "start_time_unix_nano"),
        ("endTimeUnixNano", "end_time_unix_nano"),
        ("stringValue", "string_value"),
    ];
    let mut text = text.to_owned();
    for (camel, snake) in names {
        text = text.replace(&format!("\"{camel}\""), &format!("\"{snake}\""));
    }
    text
}

#[track_caller]
fn is_read(text: &str, count: usize) {
    for format in [None, Some(Format::Otlp)] {
        let settings = Settings {
            format,
            ..Settings::default()
        };
        let log = read_with(text.as_bytes(), settings);
        assert_eq!(log.format, Format::Otlp, "{text}");
        let calls = calls(&log).into_iter();
        let calls: Vec<String> = calls
            .map(|call| call.split_once(' ').unwrap().1.to_owned())
            .collect();
        assert_eq!(calls, vec![CALL; count], "{text}");
    }
}

#[test]
fn every_container_of_spans_is_recognised_and_read() {
    for container in CONTAINERS {
        let text = container.replace("SPAN", SPAN);
        for text in [text.clone(), in_snake_case(&text)] {
            let again = text.replace("\"c1\"", "\"c2\"");
            is_read(&text, 1);
            is_read(&format!("{text}\n"), 1);
            is_read(&format!("{text}\n{again}\n"), 2);
            is_read(&format!("{text}\r\n\r\n{again}\r\n"), 2);
            is_read(&format!("[{text},{again}]"), 2);
            is_read(&format!("[\n  {text},\n  {again}\n]\n"), 2);
            let value: Value = serde_json::from_str(&text).unwrap();
            let pretty = serde_json::to_string_pretty(&value).unwrap();
            is_read(&pretty, 1);
            let list = serde_json::to_string_pretty(&[value]).unwrap();
            is_read(&list, 1);
        }
    }
    // Spans by themselves, in lines and in an array.
    let again = SPAN.replace("\"c1\"", "\"c2\"");
    for (span, again) in [
        (SPAN.to_owned(), again.clone()),
        (in_snake_case(SPAN), in_snake_case(&again)),
    ] {
        is_read(&format!("{span}\n{again}\n"), 2);
        is_read(&format!("[{span},{again}]"), 2);
        is_read(&format!("[\n{span},\n{again}\n]\n"), 2);
    }
}

#[test]
fn what_only_has_the_names_of_containers_is_no_export() {
    for text in [
        r#"{"batches":[{"size":7}]}"#,
        r#"{"trace":{"id":"t1","batches":[]}}"#,
        r#"{"spans":[{"from":1,"to":2}]}"#,
        r#"[{"trace":{"spans":[]}}]"#,
    ] {
        let reader = reader(Cursor::new(text.as_bytes().to_vec()), Settings::default()).unwrap();
        let trace = Trace::open("log", reader).unwrap();
        assert!(!trace.is_recognised(), "{text}");
    }
}
