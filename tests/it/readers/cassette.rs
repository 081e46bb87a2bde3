//! Cassettes.

use super::*;

#[test]
fn a_cassette_holds_messages_with_their_times_since_it_began() {
    let log = read("cassette/session.mcp.json");
    assert_eq!(
        calls(&log),
        [
            r#"37 files read_file{"path":"a.txt"} - 10:00:01Z result"#,
            // The recorder took a value out.
            "73 files login? - 10:00:02Z error",
            r#"97 files delete_file{"path":"a.txt"} - 10:00:03Z denied"#,
        ]
    );
    let time = log.calls[0].response_time.unwrap().to_string();
    assert_eq!(time, "2026-11-20T10:00:01.250Z");
    assert_eq!(log.others, ["initialize"]);
    assert_eq!(passed(&log), [("not a JSON-RPC message", vec![49])]);
}

#[test]
fn odd_cassettes_are_read_or_passed_over() {
    let log = read("cassette/odd.jsonl");
    assert_eq!(
        calls(&log),
        [
            "1 ? read{} s-1 10:00:00Z result",
            "2 ? write![1] - ? result",
            "3 ? alone{} - ? -",
        ]
    );
    assert_eq!(
        passed(&log),
        [
            ("no tool call in it", vec![4]),
            ("not a JSON-RPC message", vec![1]),
        ]
    );
}

#[test]
fn on_one_line_a_cassette_says_the_same() {
    let text = String::from_utf8(bytes("cassette/session.mcp.json")).unwrap();
    let line: serde_json::Value = serde_json::from_str(&text).unwrap();
    let log = read_with(format!("{line}\n").as_bytes(), Settings::default());
    let whole = read("cassette/session.mcp.json");
    let without_line = |log: &Log| -> Vec<String> {
        let shown = calls(log);
        shown
            .iter()
            .map(|call| call.split_once(' ').unwrap().1.to_owned())
            .collect()
    };
    assert_eq!(log.format, Format::Cassette);
    assert_eq!(without_line(&log), without_line(&whole));
}
