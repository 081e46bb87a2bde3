//! HTTP archives.

use super::*;

#[test]
fn exchanges_hold_calls_and_their_responses_in_bodies_and_streams() {
    let log = read("har/session.har");
    assert_eq!(
        calls(&log),
        [
            r#"101 gw.example.com/mcp read_file{"path":"a.txt"} s-1 10:00:01Z result"#,
            r#"149 gw.example.com/mcp write_file{"path":"b.txt"} s-1 10:00:02Z error"#,
            r#"232 gw.example.com/mcp delete_file{"path":"b.txt"} s-1 10:00:03Z denied"#,
            r#"320 gw.example.com/mcp slow{} s-1 10:00:05Z result"#,
        ]
    );
    let time = |call: &RecordedCall| call.response_time.unwrap().to_string();
    assert_eq!(time(&log.calls[0]), "2026-11-20T10:00:01.250500Z");
    assert_eq!(time(&log.calls[3]), "2026-11-20T10:00:08.100Z");
    assert_eq!(
        log.others,
        [
            "initialize",
            "notifications/initialized",
            "notifications/progress"
        ]
    );
    let without: usize = log.passed["an exchange without an MCP message"].len();
    assert_eq!((without, log.passed.len()), (2, 2));
    // Without a credential it was not applied.
    let sent_back = "a request that was sent back for want of a credential (401)";
    assert_eq!(log.passed[sent_back], [281]);
}

#[test]
fn nothing_that_may_be_a_credential_is_kept_of_an_exchange() {
    let log = format!("{:?}", read("har/session.har"));
    assert!(!log.contains("hunter2"));
}

#[test]
fn a_credential_tells_callers_apart_and_is_not_kept() {
    let named = |name: &str| Grant::Named(name.to_owned());
    let one = named("credential-1");
    let by_user = by_grant("har/session.har", GrantFrom::User);
    let expected = [&one, &one, &one, &one];
    assert_eq!(by_user.iter().collect::<Vec<_>>(), expected);
    let entry = |credential: &str| {
        let call = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t"}}"#;
        let request = serde_json::json!({
            "headers": [{"name": "AUTHORIZATION", "value": credential}],
            "postData": {"text": call},
        });
        let started = "2026-11-20T10:00:00Z";
        serde_json::json!({"startedDateTime": started, "request": request, "response": {}})
    };
    let text: String = ["Bearer swordfish", "Basic eHl6enk=", "Bearer swordfish"]
        .map(|credential| format!("{}\n", entry(credential)))
        .concat();
    let settings = Settings {
        grant_from: Some(GrantFrom::User),
        ..Settings::default()
    };
    let log = read_with(text.as_bytes(), settings);
    let grants: Vec<&Grant> = log.calls.iter().map(|call| &call.grant).collect();
    assert_eq!(grants, [&one, &named("credential-2"), &one]);
    let shown = format!("{log:?}");
    assert!(!shown.contains("swordfish") && !shown.contains("eHl6"));
}

#[test]
fn odd_exchanges_are_read_or_passed_over() {
    let log = read("har/odd.jsonl");
    assert_eq!(
        calls(&log),
        [
            "1 gw.example.com/mcp (batch) s-2 10:00:00Z result",
            "2 localhost:3000 c{} - 10:00:01Z -",
            "5 gw.example.com/mcp f![1] - 10:00:04Z result",
            "6 ? g{} - ? -",
        ]
    );
    assert_eq!(
        passed(&log),
        [
            (
                "a call that no gateway could parse: a number beyond doubles",
                vec![3]
            ),
            ("a response whose request is not in the log", vec![7]),
            ("an exchange without an MCP message", vec![8]),
            ("cut off before its JSON ends", vec![4]),
        ]
    );
    assert!(log.assumed.contains(&Assumed::UnreadableTime));
}

#[test]
fn an_archive_is_read_alike_in_one_line_and_over_many() {
    let many = bytes("har/session.har");
    let document: serde_json::Value = serde_json::from_slice(&many).unwrap();
    let one = serde_json::to_vec(&document).unwrap();
    let without_line = |bytes: &[u8]| -> Vec<String> {
        let log = read_with(bytes, Settings::default());
        assert_eq!(log.format, Format::Har);
        let calls = calls(&log).into_iter();
        calls
            .map(|call| call.split_once(' ').unwrap().1.to_owned())
            .collect()
    };
    assert_eq!(without_line(&one), without_line(&many));
    // One line that is longer than what is looked at.
    let padding = format!("\"entries\":[{{\"comment\":\"{}\",", "x".repeat(100_000));
    let one = String::from_utf8(one).unwrap();
    let long = one.replacen("\"entries\":[{", &padding, 1);
    assert!(long.len() > 100_000);
    assert_eq!(without_line(long.as_bytes()), without_line(&many));
}

#[test]
fn a_pretty_printed_export_below_trace_is_read_as_spans() {
    let lines = bytes("otlp/lines.jsonl");
    let first = String::from_utf8(lines).unwrap();
    let first: serde_json::Value = serde_json::from_str(first.lines().next().unwrap()).unwrap();
    let expected = read_with(first.to_string().as_bytes(), Settings::default());
    assert!(!expected.calls.is_empty());
    let below = serde_json::json!({"trace": first});
    let pretty = serde_json::to_string_pretty(&below).unwrap();
    for text in [below.to_string(), pretty] {
        let log = read_with(text.as_bytes(), Settings::default());
        assert_eq!(log.format, Format::Otlp, "{text}");
        let shown = |log: &Log| -> Vec<String> {
            let calls = calls(log).into_iter();
            calls
                .map(|call| call.split_once(' ').unwrap().1.to_owned())
                .collect()
        };
        assert_eq!(shown(&log), shown(&expected), "{text}");
    }
}
