//! Records that a log holds more than once: each counts once, in its own
//! session; two equal calls are two.

use proptest::prelude::*;

use super::*;
use crate::support::{fresh, run, write};

const AGAIN: &str = "a record that the log holds more than once";
const FORKED: &str = "a record of the session that this one was forked from";

fn record(uuid: &str, session: &str, id: &str, more: &str) -> String {
    format!(
        r#"{{"type":"assistant","uuid":"{uuid}","sessionId":"{session}"{more},"timestamp":"2026-11-20T10:00:01Z","message":{{"role":"assistant","content":[{{"type":"tool_use","id":"{id}","name":"mcp__db__delete","input":{{"id":"a"}}}}]}}}}"#
    )
}

fn result(uuid: &str, session: &str, id: &str) -> String {
    format!(
        r#"{{"type":"user","uuid":"{uuid}","sessionId":"{session}","timestamp":"2026-11-20T10:00:02Z","message":{{"role":"user","content":[{{"type":"tool_result","tool_use_id":"{id}","content":"gone"}}]}}}}"#
    )
}

fn log(lines: &[String]) -> Log {
    read_with(lines.join("\n").as_bytes(), Settings::default())
}

#[test]
fn compaction_writes_records_anew() {
    let (call, answer) = (record("a1", "s-1", "t1", ""), result("a2", "s-1", "t1"));
    let mark = r#"{"type":"system","subtype":"compact_boundary","uuid":"b1","sessionId":"s-1"}"#;
    let log = log(&[call.clone(), answer.clone(), mark.to_owned(), call, answer]);
    assert_eq!(
        calls(&log),
        [r#"1 db delete{"id":"a"} s-1 10:00:01Z result"#]
    );
    assert_eq!(log.passed.get(AGAIN), Some(&vec![4, 5]));
}

#[test]
fn a_resumed_session_keeps_the_records_of_the_first_in_the_first() {
    let log = log(&[
        record("a1", "s-1", "t1", ""),
        record("a1", "s-2", "t1", ""),
        record("a9", "s-2", "t9", ""),
    ]);
    let grants: Vec<&Grant> = log.calls.iter().map(|call| &call.grant).collect();
    let named = |name: &str| Grant::Named(name.to_owned());
    assert_eq!(grants, [&named("s-1"), &named("s-2")]);
}

#[test]
fn equal_calls_of_different_records_are_as_many_calls() {
    // Also with the same id of the call, and without any identity.
    let same = record("a1", "s-1", "t1", "").replace(r#""uuid":"a1","#, "");
    let log = log(&[
        record("a1", "s-1", "t1", ""),
        record("a2", "s-1", "t1", ""),
        same.clone(),
        same,
    ]);
    assert_eq!(log.calls.len(), 4);
    assert_eq!(log.passed.get(AGAIN), None);
}

#[test]
fn what_a_fork_has_copied_is_the_other_sessions() {
    let from = r#","forkedFrom":{"sessionId":"s-1","messageUuid":"a1"}"#;
    let log = log(&[
        record("f1", "s-2", "t1", from),
        record("f2", "s-2", "t2", ""),
    ]);
    assert_eq!(log.calls.len(), 1);
    assert_eq!(log.calls[0].line, 2);
    assert_eq!(log.passed.get(FORKED), Some(&vec![1]));
}

/// A fork's rollout: a call that it has copied, and one of its own.
fn fork(session: &str, turns: [&str; 2], times: [&str; 2]) -> Log {
    let [copied, own] = times;
    let call = |time: &str, id: &str| {
        format!(
            r#"{{"timestamp":"{time}","type":"response_item","payload":{{"type":"function_call","name":"mcp__db__delete","arguments":"{{}}","call_id":"{id}"}}}}"#
        )
    };
    let turn = |time: &str, turn: &str| {
        format!(
            r#"{{"timestamp":"{time}","type":"turn_context","payload":{{"turn_id":"{turn}","model":"m"}}}}"#
        )
    };
    log(&[
        format!(
            r#"{{"timestamp":"2026-11-20T11:00:00Z","type":"session_meta","payload":{{"id":"{session}","forked_from_id":"c-1"}}}}"#
        ),
        r#"{"timestamp":"2026-11-20T11:00:00Z","type":"session_meta","payload":{"id":"c-1"}}"#
            .to_owned(),
        turn(copied, turns[0]),
        call(copied, "call_1"),
        turn(own, turns[1]),
        call(own, "call_2"),
    ])
}

#[test]
fn a_forked_rollout_begins_with_its_own_first_turn() {
    let session = "019e5c03-1e99-7000-8000-000000000001";
    let turns = [
        "019e5b00-0001-7000-8000-000000000001",
        "019e5c03-6425-7000-8000-000000000001",
    ];
    // The copy has new times, or the old ones.
    for times in [
        ["2026-11-20T11:00:05Z", "2026-11-20T11:00:06Z"],
        ["2026-11-20T09:00:00Z", "2026-11-20T11:00:00Z"],
    ] {
        let log = fork(session, turns, times);
        let lines: Vec<usize> = log.calls.iter().map(|call| call.line).collect();
        assert_eq!(lines, [6], "{times:?}");
        assert_eq!(log.calls[0].grant, Grant::Named(session.to_owned()));
        assert_eq!(log.passed.get(FORKED), Some(&vec![4]));
        assert!(!log.assumed.contains(&Assumed::ForkByTime));
    }
}

#[test]
fn a_forked_rollout_without_such_ids_goes_by_time_and_says_so() {
    for copied in ["2026-11-20T09:00:00Z", "2026-11-20T11:00:00.020Z"] {
        let log = fork("c-2", ["x", "y"], [copied, "2026-11-20T11:00:30Z"]);
        let lines: Vec<usize> = log.calls.iter().map(|call| call.line).collect();
        assert_eq!(lines, [6], "{copied}");
        assert!(log.assumed.contains(&Assumed::ForkByTime));
    }
}

#[test]
fn sessions_in_one_file_may_use_the_same_ids() {
    let rollout = |session: &str| {
        format!(
            r#"{{"timestamp":"2026-11-20T10:00:00Z","type":"session_meta","payload":{{"id":"{session}"}}}}
{{"timestamp":"2026-11-20T10:00:02Z","type":"event_msg","payload":{{"type":"mcp_tool_call_end","call_id":"call_1","invocation":{{"server":"db","tool":"delete","arguments":{{}}}},"result":{{"Ok":{{"content":[]}}}}}}}}"#
        )
    };
    let codex = log(&[rollout("c-1"), rollout("c-2")]);
    assert_eq!(codex.calls.len(), 2);
    let events = |session: &str| {
        let attribute = |key: &str, value: &str| {
            format!(r#"{{"key":"{key}","value":{{"stringValue":"{value}"}}}}"#)
        };
        let attributes = [
            attribute("event.name", "codex.tool_result"),
            attribute("conversation.id", session),
            attribute("call_id", "call_1"),
            attribute("tool_name", "mcp__db__delete"),
            attribute("success", "true"),
        ];
        format!(
            r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{{"timeUnixNano":"1","attributes":[{}]}}]}}]}}]}}"#,
            attributes.join(",")
        )
    };
    let otlp = log(&[events("c-1"), events("c-2"), events("c-2")]);
    assert_eq!(otlp.calls.len(), 2);
}

#[test]
fn a_call_that_a_rollout_holds_again_counts_once() {
    let meta =
        r#"{"timestamp":"2026-11-20T10:00:00Z","type":"session_meta","payload":{"id":"s-1"}}"#;
    let call = |id: &str, second: u8| {
        format!(
            r#"{{"timestamp":"2026-11-20T10:00:0{second}Z","type":"response_item","payload":{{"type":"function_call","name":"mcp__db__delete","arguments":"{{\"id\":\"a\"}}","call_id":"{id}"}}}}"#
        )
    };
    let output = r#"{"timestamp":"2026-11-20T10:00:02Z","type":"response_item","payload":{"type":"function_call_output","call_id":"c1","output":"gone"}}"#;
    let ended = r#"{"timestamp":"2026-11-20T10:00:02Z","type":"event_msg","payload":{"type":"mcp_tool_call_end","call_id":"c1","invocation":{"server":"db","tool":"delete","arguments":{"id":"a"}},"duration":"1s","result":{"Ok":{"content":[]}}}}"#;
    let once = [r#"2 db delete{"id":"a"} s-1 10:00:01Z result"#];
    for rest in [&[output][..], &[ended], &[output, ended], &[ended, output]] {
        let held: Vec<String> = [call("c1", 1)]
            .into_iter()
            .chain(rest.iter().map(|&line| line.to_owned()))
            .collect();
        let lines = [&[meta.to_owned()][..], &held, &held].concat();
        let log = log(&lines);
        assert_eq!(calls(&log), once, "{lines:#?}");
        assert_eq!(log.passed.get(AGAIN), Some(&vec![2 + held.len()]));
        assert_eq!(
            log.passed.get("a response whose request is not in the log"),
            None
        );
    }
    // The event alone is a call, too.
    let alone = [meta, ended, ended].map(str::to_owned);
    assert_eq!(calls(&log(&alone)).len(), 1);
    // Another call may have the same id, at another time or in another session.
    let others = [
        meta.to_owned(),
        call("c1", 1),
        output.to_owned(),
        call("c1", 3),
    ];
    assert_eq!(calls(&log(&others)).len(), 2);
    let other = meta.replace("s-1", "s-2");
    let others = [meta.to_owned(), call("c1", 1), other, call("c1", 1)];
    assert_eq!(calls(&log(&others)).len(), 2);
}

#[test]
fn a_record_in_two_files_counts_once_in_the_first() {
    let dir = fresh("readers-again");
    let policy = r#"{"version":"1","default":"deny","tools":{"delete":{"limits":[{"counter":"d","window":"hour","max":1,"scope":"grant"}]}}}"#;
    write(&dir, "policy.json", policy);
    let first = [record("a1", "s-1", "t1", ""), result("a2", "s-1", "t1")].join("\n");
    // A resumed session's file begins with the other's records.
    let second = [
        record("a1", "s-1", "t1", ""),
        result("a2", "s-1", "t1"),
        record("a3", "s-2", "t2", ""),
        result("a4", "s-2", "t2"),
    ];
    write(&dir, "a.jsonl", first);
    write(&dir, "b.jsonl", second.join("\n"));
    let logs = ["a.jsonl", "b.jsonl"];
    let policy = ["--policy", "policy.json", "--server", "db"];
    let json = ["--expect", "observed", "--format", "json"];
    for timeline in ["file", "merged"] {
        let timeline = ["--timeline", timeline];
        let args = [&["test"][..], &logs, &policy, &json, &timeline].concat();
        let output = run(&dir, &args);
        let report = output.report();
        assert_eq!(output.code, 0, "{report}");
        assert_eq!(report["summary"]["calls"], 2, "{report}");
    }
    let output = run(&dir, &[&["import"][..], &logs].concat());
    assert_eq!(output.out.matches("\"tool\"").count(), 2, "{}", output.out);
    // Each run begins anew.
    let args = [&["test", "b.jsonl"][..], &policy, &json].concat();
    assert_eq!(run(&dir, &args).report()["summary"]["calls"], 2);
}

/// What a log holds of one call, and how often.
#[derive(Debug, Clone)]
struct Held {
    /// Whether the fork made it itself, and whether its result is in the log.
    of_fork: bool,
    is_answered: bool,
    /// How often compaction has written the call and its result anew, some with the
    /// time of that.
    again: [usize; 2],
    /// How often a fork holds a copy.
    copies: usize,
}

impl Held {
    /// The lines of call `n`, and how many of them are records again and copies.
    fn lines(&self, n: usize) -> (Vec<String>, [usize; 2]) {
        let session = if self.of_fork { "s-2" } else { "s-1" };
        let id = format!("t{n}");
        let made = [
            record(&format!("a{n}"), session, &id, ""),
            result(&format!("r{n}"), session, &id),
        ];
        let mut lines = Vec::new();
        let mut written_again = 0;
        for (line, again) in made
            .iter()
            .zip(self.again)
            .take(1 + usize::from(self.is_answered))
        {
            lines.push(line.clone());
            let later = line.replace("10:00:0", "10:05:0");
            lines.extend((0..again).map(|at| if at == 1 { &later } else { line }.clone()));
            written_again += again;
        }
        let from = format!(r#","forkedFrom":{{"sessionId":"s-1","messageUuid":"a{n}"}}"#);
        let copies = if self.of_fork { 0 } else { self.copies };
        let copy = |at| record(&format!("f{n}-{at}"), "s-2", &id, &from);
        lines.extend((0..copies).map(copy));
        (lines, [written_again, copies])
    }
}

fn held() -> impl Strategy<Value = Held> {
    let numbers = (
        any::<bool>(),
        any::<bool>(),
        [0..3_usize, 0..3_usize],
        0..3_usize,
    );
    numbers.prop_map(|(of_fork, is_answered, again, copies)| Held {
        of_fork,
        is_answered,
        again,
        copies,
    })
}

/// A compacted session and its fork, whose lines come in any order.
fn in_any_order() -> impl Strategy<Value = (Vec<Held>, Vec<String>)> {
    prop::collection::vec(held(), 1..6).prop_flat_map(|all| {
        let lines = all.iter().enumerate().flat_map(|(n, held)| held.lines(n).0);
        let lines = Just(lines.collect::<Vec<_>>()).prop_shuffle();
        (Just(all), lines)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(
        option_env!("MCPPOLICY_ROUNDS").map_or(64, |rounds| rounds.parse().unwrap())
    ))]

    #[test]
    fn in_any_order_of_lines_a_session_and_its_fork_have_each_call_once(
        (all, lines) in in_any_order()
    ) {
        let log = log(&lines);
        let mut made: Vec<(&str, &str)> = Vec::new();
        for call in &log.calls {
            let Grant::Named(session) = &call.grant else {
                panic!("{call:?}");
            };
            made.push((call.id.as_deref().unwrap(), session));
        }
        made.sort_unstable();
        let ids: Vec<String> = (0..all.len()).map(|n| format!("t{n}")).collect();
        let session = |held: &Held| if held.of_fork { "s-2" } else { "s-1" };
        let expected: Vec<(&str, &str)> = ids
            .iter()
            .zip(&all)
            .map(|(id, held)| (id.as_str(), session(held)))
            .collect();
        prop_assert_eq!(made, expected);
        let mut passed = [0, 0];
        for (n, held) in all.iter().enumerate() {
            let [again, copies] = held.lines(n).1;
            passed = [passed[0] + again, passed[1] + copies];
        }
        let of = |reason| log.passed.get(reason).map_or(0, Vec::len);
        prop_assert_eq!([of(AGAIN), of(FORKED)], passed);
        // A result that stands before its call is said to; none is another call's.
        let answered = log.calls.iter().filter(|call| call.response.is_some()).count();
        let results = all.iter().filter(|held| held.is_answered).count();
        prop_assert_eq!(answered + of("a response whose request is not in the log"), results);
    }
}
