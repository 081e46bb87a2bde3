//! Order, scope, and quota that errors give back.

use super::*;
use crate::trace::native::NativeReader;
use crate::trace::{Item, Reader};
use mcppolicy_engine::policy::Policy;

fn engine(max: u64) -> Engine {
    let policy = format!(
        r#"{{"version":"1","default":"deny","tools":{{"run":{{"limits":[{{"counter":"c","window":"minute","max":{max},"scope":"grant"}}]}}}}}}"#
    );
    Engine::new(&Policy::from_json(policy.as_bytes()).unwrap())
}

fn calls(lines: &str) -> Vec<RecordedCall> {
    let mut reader = NativeReader::new(lines.as_bytes());
    let mut calls = Vec::new();
    while let Some(item) = reader.next().unwrap() {
        match item {
            Item::Call(call) => calls.push(*call),
            other => panic!("{other:?}"),
        }
    }
    calls
}

/// The decisions of one file, one word each.
fn decisions(max: u64, lines: &str) -> Vec<&'static str> {
    let engine = engine(max);
    let mut timeline = Timeline::new(&engine, TimeDelta::seconds(86_400));
    calls(lines)
        .iter()
        .map(|call| timeline.step(0, call, 0).decision.name())
        .collect()
}

/// A call of `run` in the minute 10:00, and when an error came back.
fn at(second: u32, error: Option<&str>) -> String {
    let response = match error {
        None => String::new(),
        Some("") => r#","response":{"error":{}}"#.to_owned(),
        Some(time) => {
            format!(r#","response":{{"error":{{}}}},"response_ts":"2026-11-20T10:{time}Z""#)
        }
    };
    format!("{{\"ts\":\"2026-11-20T10:00:{second:02}Z\",\"tool\":\"run\"{response}}}\n")
}

#[test]
fn an_error_gives_quota_back_from_its_arrival_on() {
    let lines = [
        at(0, Some("00:20")),
        at(10, None),
        at(20, None),
        at(21, None),
    ];
    assert_eq!(
        decisions(1, &lines.concat()),
        ["allow", "deny", "allow", "deny"],
        "a release at the very same instant comes first"
    );
}

#[test]
fn a_line_out_of_order_sees_what_was_taken_at_its_own_time() {
    let lines = [at(0, Some("00:20")), at(30, Some("00:40")), at(10, None)];
    // At 10 the call at 0 is in flight, and the one at 30 was recorded before.
    let lines = lines.concat();
    assert_eq!(decisions(3, &lines), ["allow", "allow", "allow"]);
    assert_eq!(decisions(2, &lines), ["allow", "allow", "deny"]);
}

#[test]
fn a_result_that_is_an_error_of_the_tool_gives_nothing_back() {
    let first = at(0, None).replace('}', r#","response":{"result":{"isError":true}}}"#);
    assert_eq!(
        decisions(1, &format!("{first}{}", at(10, None))),
        ["allow", "deny"]
    );
}

#[test]
fn an_error_of_unknown_time_gives_back_at_once() {
    let lines = [at(0, Some("")), at(0, None), at(1, None)].concat();
    assert_eq!(decisions(1, &lines), ["allow", "allow", "deny"]);
    let engine = engine(1);
    let mut timeline = Timeline::new(&engine, TimeDelta::seconds(0));
    let calls = calls(&lines);
    assert!(timeline.step(0, &calls[0], 0).released_at_once);
    assert!(!timeline.step(0, &calls[1], 0).released_at_once);
}

#[test]
fn an_error_of_a_call_of_unknown_time_gives_back_at_once_too() {
    let unknown = "{\"tool\":\"run\",\"response\":{\"error\":{}}}\n";
    let lines = [unknown, unknown, &at(0, None), &at(1, None)].concat();
    assert_eq!(decisions(1, &lines), ["allow", "allow", "allow", "deny"]);
    let engine = engine(1);
    let mut timeline = Timeline::new(&engine, TimeDelta::seconds(0));
    let step = timeline.step(0, &calls(unknown)[0], 0);
    assert!(step.released_at_once && step.counted);
}

#[test]
fn a_response_before_its_call_counts_as_at_the_call() {
    let lines = [at(30, Some("00:05")), at(10, None), at(40, None)].concat();
    // The call at 10 comes later in the recording and earlier in time: it
    // sees the one at 30, whose quota comes back at 30.
    assert_eq!(decisions(1, &lines), ["allow", "deny", "allow"]);
}

#[test]
fn quota_goes_back_to_the_window_that_it_was_taken_from() {
    let lines = [
        at(0, Some("01:30")),
        at(59, None),
        at(0, None).replace("10:00:00", "10:01:10"),
        at(0, None).replace("10:00:00", "10:01:40"),
        at(59, None),
    ];
    assert_eq!(
        decisions(1, &lines.concat()),
        ["allow", "deny", "allow", "deny", "deny"]
    );
}

#[test]
fn a_denied_call_whose_response_is_an_error_gives_nothing_back() {
    let lines = [at(0, None), at(1, Some("00:01")), at(2, None)].concat();
    assert_eq!(decisions(1, &lines), ["allow", "deny", "deny"]);
}

#[test]
fn implicit_grants_belong_to_their_file_and_no_name_is_one() {
    let engine = engine(1);
    let mut timeline = Timeline::new(&engine, TimeDelta::seconds(0));
    let mut decide = |file: usize, grant: &str| {
        let line = at(0, None).replace('}', &format!("{grant}}}"));
        timeline.step(file, &calls(&line)[0], 0).decision.is_allow()
    };
    assert!(decide(0, ""));
    assert!(decide(1, ""));
    assert!(decide(0, r#","grant":"""#));
    assert!(decide(0, r#","grant":"\u00000""#));
    assert!(decide(0, r#","grant":"\u0000\u00000""#));
    assert!(!decide(0, r#","grant":"\u00000""#));
    assert!(!decide(0, ""));
}

#[test]
fn a_server_decides_whether_a_call_is_in_scope() {
    let call = |server: &str| calls(&format!("{{\"tool\":\"x\"{server}}}")).remove(0);
    let (mine, other, unknown, none) = (
        call(r#","server":"mine""#),
        call(r#","server":"other""#),
        call(r#","server":null"#),
        call(""),
    );
    assert_eq!(scope(mine.server.as_deref(), Some("mine")), Scope::In);
    assert_eq!(scope(none.server.as_deref(), Some("mine")), Scope::In);
    assert_eq!(
        scope(other.server.as_deref(), Some("mine")),
        Scope::Out("other")
    );
    let unknown = scope(unknown.server.as_deref(), Some("mine"));
    assert_eq!(unknown, Scope::Unknown);
    assert_eq!(unknown.assumption(), Some(Assumption::UnknownServer));
    assert_eq!(scope(none.server.as_deref(), None), Scope::In);
    let unnamed = scope(other.server.as_deref(), None);
    assert_eq!(unnamed, Scope::Unnamed("other"));
    let server = "other".to_owned();
    let assumption = Assumption::UnnamedServer { server };
    assert_eq!(unnamed.assumption(), Some(assumption));
}

#[test]
fn merging_goes_by_time_then_file_then_line_and_unknown_times_last() {
    let files = [
        concat!(
            "{\"tool\":\"a1 unknown\"}\n",
            "{\"ts\":\"2026-11-20T10:00:30Z\",\"tool\":\"a2\"}\n",
            "{\"ts\":\"2026-11-20T10:00:10Z\",\"tool\":\"a3\",\"repeat\":3,\"every\":\"10s\"}\n",
        ),
        concat!(
            "{\"ts\":\"2026-11-20T10:00:30Z\",\"tool\":\"b1\"}\n",
            "{\"ts\":\"2026-11-20T10:00:20Z\",\"tool\":\"b2\",\"repeat\":2}\n",
            "{\"tool\":\"b3 unknown\",\"repeat\":2}\n",
        ),
    ];
    let placed: Vec<Placed> = files
        .iter()
        .enumerate()
        .flat_map(|(file, lines)| {
            calls(lines)
                .into_iter()
                .map(move |call| Placed { file, call })
        })
        .collect();
    let order: Vec<String> = merged(&placed)
        .map(|(at, index)| format!("{} {index}", placed[at].call.tool().unwrap()))
        .collect();
    assert_eq!(
        order,
        [
            "a3 0",
            "a3 1",
            "b2 0",
            "b2 1",
            "a2 0",
            "a3 2",
            "b1 0",
            "a1 unknown 0",
            "b3 unknown 0",
            "b3 unknown 1",
        ]
    );
}

#[test]
fn more_counters_than_are_kept_are_an_error() {
    let engine = engine(5);
    let mut timeline = Timeline::new(&engine, TimeDelta::seconds(0));
    timeline.most = 2;
    for grant in ["a", "b", "b", "c"] {
        timeline.check().unwrap();
        let line = format!("{{\"tool\":\"run\",\"grant\":\"{grant}\"}}\n");
        timeline.step(0, &calls(&line)[0], 0);
    }
    let said = timeline.check().unwrap_err().to_string();
    assert_eq!(
        said,
        "its grants need more than 2 counters, one for each limit that binds them: \
         replay it in shares, by grant"
    );
}
