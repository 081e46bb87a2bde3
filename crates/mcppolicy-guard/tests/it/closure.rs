//! The log of a session replays to the decisions of the session.

use std::io::Cursor;

use mcppolicy_analysis::replay::results::Counts;
use mcppolicy_analysis::replay::update::{Original, update};
use mcppolicy_analysis::replay::{Options, Replay};
use mcppolicy_engine::engine::Engine;
use mcppolicy_engine::source::SourceMap;
use mcppolicy_engine::time::{Time, TimeDelta};
use mcppolicy_trace::trace::Trace;
use mcppolicy_trace::trace::native::NativeReader;

use super::random::Random;
use super::{Desk, call, cases, engine};
use mcppolicy_guard::{FromClient, LogArguments, Mode, Settings};

/// A policy with every kind of rule, and limits that are soon reached.
fn policy(random: &mut Random) -> String {
    let mut limit = |counter: &str, from: &str| {
        let window = random.pick(&["minute", "hour", "day"]).to_owned();
        let max = 1 + random.below(5);
        format!(
            r#"{{"counter":"{counter}","window":"{window}","max":{max},"scope":"grant"{from}}}"#
        )
    };
    let amount = r#","increment_from":"args.o.n","on_deny":"Enough, \"é\"""#;
    format!(
        r#"{{"version":"1","default":"deny","hide":["hidden"],"all_tools":{{"limits":[{}]}},
        "tools":{{"free":{{}},"a":{{"limits":[{},{}]}},
        "b":{{"require":[{{"conditions":[{{"path":"args.s","op":"regex","value":"^x"}}]}}],
             "deny_if":[{{"conditions":[{{"path":"args.o","op":"exists","value":false}}],"on_deny":"No o"}}],
             "limits":[{}]}}}}}}"#,
        limit("all", ""),
        limit("c", ""),
        limit("d", ""),
        limit("n", amount),
    )
}

/// What a session's log is, and the decisions as the client saw them.
struct Played {
    log: String,
    allowed: Vec<bool>,
}

/// Plays a random session; `steady` keeps the clock from stepping back.
fn play(random: &mut Random, policy: &str, settings: Settings, steady: bool) -> Played {
    let mut desk = Desk::with(policy, settings);
    let mut waiting: Vec<u64> = Vec::new();
    let mut allowed = Vec::new();
    for id in 0..(4 + random.below(24)) as u64 {
        let step = match random.below(12) {
            0 => 0,
            1 => 61,
            2 => 3_601,
            3 => 90_000,
            4 if !steady => -30,
            5 if !steady => -200_000,
            _ => 1 + random.below(20) as i64,
        };
        desk.now = desk.now.plus(TimeDelta::nanos(
            i128::from(step) * 1_000_000_000 + random.below(3) as i128 * 250,
        ));
        if random.once_in(3) && !waiting.is_empty() {
            let id = waiting.swap_remove(random.below(waiting.len()));
            let answer = random.pick(&[
                "\"result\":{\"content\":[]}",
                "\"error\":{\"code\":-1,\"message\":\"m\"}",
                "\"result\":{\"isError\":true}",
            ]);
            let _ =
                desk.server(format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},{answer}}}\n").as_bytes());
            continue;
        }
        let tool = random.pick(&["free", "a", "a", "b", "b", "hidden", "unlisted", ""]);
        let arguments = random.pick(&[
            "{}",
            r#"{"s":"xy","o":{"n":1.5,"secret":"s"},"t":"s"}"#,
            r#"{"s":"xy","o":{"n":1}}"#,
            r#"{"s":"xy","o":{"n":-1}}"#,
            r#"{"s":"y\u00e9","s":"x","o":{"n":0}}"#,
            r#"{"s":["xy"],"o":[1]}"#,
            r#"{"s":"xy","o":7}"#,
            "null",
            "[1]",
            r#"{"S":"xy"}"#,
        ]);
        let mut line = call(id, tool, arguments);
        match random.below(30) {
            0 => line = line.replace("\"id\"", "\"ID\""),
            1 => line = format!("[{}]\n", line.trim_end()),
            2 => line = line.replace("\"name\"", "\"title\""),
            3 => line = "nonsense\n".to_owned(),
            _ => {}
        }
        let before = desk.log.text().lines().count();
        let forwarded = matches!(desk.client(line.as_bytes()), FromClient::Forward(_));
        if forwarded {
            waiting.push(id);
        }
        let log = desk.log.text();
        let logged = log
            .lines()
            .skip(before)
            .any(|line| line.contains("\"expect\""));
        if logged {
            allowed.push(forwarded);
        }
    }
    if random.once_in(2) {
        desk.guard.end(&mut desk.session, desk.now);
    }
    Played {
        log: desk.log.text(),
        allowed,
    }
}

fn replayed(engine: &Engine, text: &str) -> (Counts, u64) {
    let options = Options::default();
    let mut replay = Replay::new(engine, options);
    let reader = Box::new(NativeReader::new(Cursor::new(text.to_owned())));
    let mut trace = Trace::open("log.jsonl", reader).unwrap();
    replay.read(&mut trace, &mut SourceMap::new()).unwrap();
    let results = replay.finish();
    (results.summary(), results.invalid_lines)
}

pub fn prefix_closes(engine: &Engine, text: &str) {
    let (counts, invalid) = replayed(engine, text);
    let calls = text
        .lines()
        .filter(|line| line.contains("\"expect\""))
        .count() as u64;
    assert_eq!(
        (counts.calls, counts.passed, invalid),
        (calls, calls, 0),
        "{counts:?}\n{text}"
    );
    let original = Original {
        name: "log.jsonl",
        bytes: text.as_bytes(),
    };
    let updated = update(
        engine,
        &Options::default(),
        &[original],
        &mut SourceMap::new(),
    )
    .unwrap();
    assert_eq!(updated[0].text, text);
    assert!(updated[0].left.is_empty());
}

#[test]
fn every_prefix_of_a_log_replays_to_the_same_decisions() {
    let all = cases("MCPPOLICY_GUARD_SESSIONS", 60);
    let mut random = Random::new(cases("MCPPOLICY_GUARD_SEED", 1));
    let (mut calls, mut denied) = (0, 0);
    for number in 0..all {
        let policy = policy(&mut random);
        let engine = engine(&policy);
        let settings = Settings {
            mode: match random.below(4) {
                0 => Mode::Observe,
                _ => Mode::Enforce,
            },
            arguments: match random.below(2) {
                0 => LogArguments::Read,
                _ => LogArguments::All,
            },
        };
        let played = play(&mut random, &policy, settings, false);
        calls += played.allowed.len();
        denied += played.allowed.iter().filter(|allowed| !**allowed).count();
        let ends: Vec<usize> = played
            .log
            .match_indices('\n')
            .map(|(at, _)| at + 1)
            .collect();
        if all <= 1_000 {
            for end in ends {
                prefix_closes(&engine, &played.log[..end]);
            }
        } else {
            // Of a large campaign one prefix of each session, and the whole.
            prefix_closes(&engine, &played.log[..ends[random.below(ends.len())]]);
            prefix_closes(&engine, &played.log);
        }
        if number % 10_000 == 9_999 {
            println!("{} sessions", number + 1);
        }
    }
    println!("{all} sessions: {calls} decided calls, {denied} of them denied");
    assert!(denied * 10 > calls && denied < calls);
}

/// The decisions of a replay that counts for itself, as for a recording that
/// does not say what limits had counted.
#[test]
fn a_session_is_decided_as_a_replay_of_its_calls_decides_it() {
    let all = cases("MCPPOLICY_GUARD_SESSIONS", 400);
    let mut random = Random::new(cases("MCPPOLICY_GUARD_SEED", 2));
    for _ in 0..all {
        let policy = policy(&mut random);
        let played = play(&mut random, &policy, Settings::default(), true);
        let without = without_used(&played.log);
        let (counts, invalid) = replayed(&engine(&policy), &without);
        assert_eq!(
            (counts.passed, invalid),
            (played.allowed.len() as u64, 0),
            "{without}"
        );
    }
}

#[test]
fn an_answer_at_the_instant_of_a_call_comes_after_it() {
    let policy = r#"{"version":"1","default":"deny","tools":{"a":{"limits":[
        {"counter":"c","window":"day","max":1,"scope":"grant"}]}}}"#;
    let mut desk = Desk::new(policy);
    let passes = |desk: &mut Desk, id: u64| {
        let line = call(id, "a", "{}");
        matches!(desk.client(line.as_bytes()), FromClient::Forward(_))
    };
    assert!(passes(&mut desk, 1));
    assert!(!passes(&mut desk, 2));
    let _ = desk.server(b"{\"id\":1,\"error\":{}}\n");
    assert!(passes(&mut desk, 3));
    let log = without_used(&desk.log.text());
    let (counts, invalid) = replayed(&engine(policy), &log);
    assert_eq!((counts.passed, invalid), (3, 0), "{log}");
}

fn without_used(log: &str) -> String {
    let mut out = String::new();
    for line in log.lines() {
        match (line.find(",\"used\":["), line.find("}],\"expect\"")) {
            (Some(from), Some(to)) => {
                out.push_str(&line[..from]);
                out.push_str(&line[to + 2..]);
            }
            _ => out.push_str(line),
        }
        out.push('\n');
    }
    assert!(!out.contains("\"used\":["));
    out
}

#[test]
fn times_of_a_grant_increase_whatever_the_clock_does() {
    let mut random = Random::new(3);
    let policy = r#"{"version":"1","default":"deny","tools":{"a":{"limits":[
        {"counter":"c","window":"day","max":1000,"scope":"grant"}]}}}"#;
    let mut desk = Desk::new(policy);
    for id in 0..50 {
        desk.now = Time::new(1_800_000_000 + random.below(3) as i64, 0);
        let _ = desk.client(call(id, "a", "{}").as_bytes());
    }
    let log = desk.log.text();
    let times: Vec<&str> = log
        .lines()
        .filter_map(|line| line.strip_prefix("{\"ts\":\""))
        .filter_map(|rest| rest.split('"').next())
        .collect();
    assert_eq!(times.len(), 50);
    let times: Vec<Time> = times
        .iter()
        .map(|text| Time::parse(text).unwrap())
        .collect();
    assert!(times.is_sorted_by(|a, b| a < b));
}
