//! Exports of the MCP Inspector.

use super::*;

/// The entries of an export.
fn entries(fixture: &str) -> Vec<serde_json::Value> {
    serde_json::from_slice(&bytes(fixture)).unwrap()
}

/// An export of entries, as the Inspector writes it.
fn export(entries: &[serde_json::Value]) -> Log {
    let text = serde_json::to_string_pretty(entries).unwrap();
    read_with(text.as_bytes(), Settings::default())
}

/// The calls of a log without their lines.
fn without_lines(log: &Log) -> Vec<String> {
    assert_eq!(log.format, Format::Inspector);
    let calls = calls(log).into_iter();
    calls
        .map(|call| call.split_once(' ').unwrap().1.to_owned())
        .collect()
}

#[test]
fn history_holds_requests_of_both_sides_and_each_response_counts_once() {
    let log = read("inspector/history.json");
    assert_eq!(
        calls(&log),
        [
            r#"66 - read_file{"path":"a.txt"} - 10:00:01Z result"#,
            r#"142 - write_file{"content":"x","path":"b.txt"} - 10:00:02Z error"#,
            r#"169 - delete_file{"path":"b.txt"} - 10:00:03Z denied"#,
            r#"213 - get_report{"month":11} - 10:00:04Z result"#,
            "242 - slow{} - 10:00:05Z -",
            r#"257 - late{"n":1} - 10:00:06Z result"#,
        ]
    );
    let time = |call: &RecordedCall| call.response_time.unwrap().to_string();
    assert_eq!(time(&log.calls[0]), "2026-11-20T10:00:01.250Z");
    assert_eq!(time(&log.calls[5]), "2026-11-20T10:00:08.500Z");
    let notes: Vec<Option<&str>> = log.calls.iter().map(|call| call.note.as_deref()).collect();
    let rejected = Some("the client has rejected the response");
    assert_eq!(notes, [None, None, None, rejected, None, None]);
    assert_eq!(
        log.others,
        [
            "initialize",
            "notifications/initialized",
            "tools/list",
            "sampling/createMessage",
            "notifications/message"
        ]
    );
    assert_eq!(
        passed(&log),
        [
            ("a record that the log holds more than once", vec![124]),
            ("a request of the server to its client", vec![274]),
            ("a response whose request is not in the log", vec![316]),
        ]
    );
}

#[test]
fn an_old_export_without_origins_has_the_newest_entry_first() {
    let log = read("inspector/history-old.json");
    assert_eq!(
        calls(&log),
        [
            r#"77 - read_file{"path":"a.txt"} - 10:00:01Z result"#,
            // Its response is an entry of its own, of the same millisecond.
            r#"51 - read_file{"path":"a.txt"} - 10:00:02Z result"#,
            r#"2 - delete_file{"path":"a.txt"} - 10:00:04Z -"#,
        ]
    );
    assert_eq!(log.others, ["initialize", "roots/list", "ping"]);
    assert_eq!(passed(&log), []);
}

#[test]
fn in_any_order_an_export_holds_the_same_calls() {
    for fixture in [
        "inspector/history.json",
        "inspector/history-old.json",
        "inspector/network.json",
    ] {
        let expected = without_lines(&read(fixture));
        let whole = entries(fixture);
        let mut other = whole.clone();
        other.reverse();
        assert_eq!(without_lines(&export(&other)), expected, "{fixture}");
        let lines: String = whole.iter().map(|entry| format!("{entry}\n")).collect();
        let lines = read_with(lines.as_bytes(), Settings::default());
        assert_eq!(without_lines(&lines), expected, "{fixture}");
        let one = serde_json::to_vec(&whole).unwrap();
        let one = read_with(&one, Settings::default());
        assert_eq!(without_lines(&one), expected, "{fixture}");
        if fixture == "inspector/history.json" {
            // No two entries of it are of the same time.
            for step in [2, 4, 7, 11] {
                let shuffled = (0..whole.len()).map(|at| whole[at * step % whole.len()].clone());
                let shuffled: Vec<serde_json::Value> = shuffled.collect();
                assert_eq!(without_lines(&export(&shuffled)), expected, "{step}");
            }
        }
    }
}

#[test]
fn of_a_response_in_two_entries_one_is_enough() {
    let whole = entries("inspector/history.json");
    let responses = |log: &Log| -> Vec<bool> {
        let calls = log.calls.iter();
        calls.map(|call| call.response.is_some()).collect()
    };
    let expected = responses(&export(&whole));
    let mut alone = whole.clone();
    let inline = alone[3].as_object_mut().unwrap().remove("response");
    assert!(inline.is_some());
    let log = export(&alone);
    assert_eq!(responses(&log), expected);
    assert!(
        !log.passed
            .contains_key("a record that the log holds more than once")
    );
    // With neither, nothing is known of it.
    alone.retain(|entry| entry["id"] != "m-6");
    assert!(!responses(&export(&alone))[0]);
}

#[test]
fn network_holds_exchanges_as_an_archive_does() {
    let log = read("inspector/network.json");
    assert_eq!(
        calls(&log),
        [
            r#"113 gw.example.com/mcp read_file{"path":"a.txt"} s-1 10:00:02Z result"#,
            r#"136 gw.example.com/mcp write_file{"path":"b.txt"} s-1 10:00:03Z error"#,
            // A password was taken out of it.
            "159 gw.example.com/mcp login? s-1 10:00:04Z denied",
            "182 gw.example.com/mcp slow{} s-1 10:00:05Z -",
            r#"198 gw.example.com/mcp read_file{"path":"c.txt"} s-1 10:00:06Z -"#,
        ]
    );
    let time = log.calls[0].response_time.unwrap().to_string();
    assert_eq!(time, "2026-11-20T10:00:02.250500Z");
    assert_eq!(
        log.others,
        [
            "initialize",
            "notifications/initialized",
            "notifications/progress"
        ]
    );
    assert_eq!(
        passed(&log),
        [
            (
                "a request that was sent back for want of a credential (401)",
                vec![90]
            ),
            ("an exchange with an authorization server", vec![68]),
            ("an exchange without an MCP message", vec![47]),
        ]
    );
}

#[test]
fn odd_entries_are_read_or_passed_over() {
    let log = read("inspector/odd.jsonl");
    assert_eq!(
        calls(&log),
        [
            "1 - a{} - 10:00:00Z -",
            "2 ? b{} - 10:00:01Z result",
            r#"3 - c{"x":[1]} - 10:00:02Z result"#,
            "4 - d{} - 10:00:03Z result",
            "4 - e![1] - 10:00:04Z -",
            "8 - (batch) - 10:00:08Z -",
            "9 - i{} - 10:00:09Z -",
            "10 localhost:3000/mcp j? s-2 ? -",
            r#"11 localhost:3000/mcp k{"note":"[REDACTED]"} - 10:00:11Z -"#,
        ]
    );
    assert_eq!(
        passed(&log),
        [
            (
                "a call that no gateway could parse: a number beyond doubles",
                vec![5]
            ),
            ("a message that the server has logged", vec![6]),
            ("an exchange without an MCP message", vec![12]),
            ("cut off before its JSON ends", vec![13]),
            ("not a JSON-RPC message", vec![7]),
        ]
    );
    assert!(log.assumed.contains(&Assumed::UnreadableTime));
}

#[test]
fn nothing_that_may_be_a_credential_is_kept_of_an_export() {
    for fixture in ["history.json", "network.json", "odd.jsonl", "logs.json"] {
        let fixture = format!("inspector/{fixture}");
        assert!(
            String::from_utf8(bytes(&fixture))
                .unwrap()
                .contains("hunter2")
        );
        let log = format!("{:?}", read(&fixture));
        assert!(!log.contains("hunter2"), "{fixture}");
    }
}

#[test]
fn what_stands_in_the_place_of_a_credential_is_no_caller() {
    let unknown = by_grant("inspector/network.json", GrantFrom::User);
    assert_eq!(unknown, vec![Grant::Unknown; 5]);
    let grants = by_grant("inspector/odd.jsonl", GrantFrom::User);
    let named = Grant::Named("credential-1".to_owned());
    assert_eq!(grants.iter().filter(|grant| **grant == named).count(), 2);
}

#[test]
fn an_export_of_logs_is_said_to_hold_no_calls() {
    let message = |bytes: Vec<u8>| {
        let mut reader = reader(Cursor::new(bytes), Settings::default()).unwrap();
        assert!(!reader.is_recognised());
        match reader.next().unwrap() {
            Some(Item::Problem(problem)) => problem.complaints[0].message.clone(),
            other => panic!("{other:?}"),
        }
    };
    let expected = "This is the Logs export of the MCP Inspector, which holds no calls";
    assert_eq!(message(bytes("inspector/logs.json")), expected);
    let line = serde_json::to_vec(&entries("inspector/logs.json")[0]).unwrap();
    assert_eq!(message(line), expected);
    // Named by hand it says no less.
    let settings = Settings {
        format: Some(Format::Inspector),
        ..Settings::default()
    };
    let log = read_with(&bytes("inspector/logs.json"), settings);
    assert_eq!(log.passed["a message that the server has logged"], [2, 10]);
    assert!(
        log.assumed
            .iter()
            .any(|assumed| matches!(assumed, Assumed::NoCall { .. }))
    );
}
