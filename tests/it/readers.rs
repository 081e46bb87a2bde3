//! Foreign logs: what is read from a fixture of each format, from its odd
//! variants, and from copies that are cut, mutated or hostile.

mod again;
mod cassette;
mod clients;
mod containers;
mod encodings;
mod har;
mod headless;
mod import;
mod inspector;
mod legs;
mod refused;
mod robust;
mod sides;

use std::collections::BTreeMap;
use std::io::Cursor;
use std::path::PathBuf;

use mcppolicy_analysis::replay::{Options, Replay};
use mcppolicy_engine::engine::Engine;
use mcppolicy_engine::policy::Policy;
use mcppolicy_engine::source::SourceMap;
use mcppolicy_trace::trace::options::{Assumed, Format, GrantFrom, Settings};
use mcppolicy_trace::trace::recognise::reader;
use mcppolicy_trace::trace::{
    Grant, Item, Observed, RecordedArguments, RecordedCall, RecordedRequest, Response, Server,
    Trace,
};

/// The fixtures, with the format that each must be recognised as.
const FIXTURES: [(&str, Format); 36] = [
    ("jsonrpc/wrapped.jsonl", Format::JsonRpc),
    ("jsonrpc/odd.jsonl", Format::JsonRpc),
    ("jsonrpc/hostile.jsonl", Format::JsonRpc),
    ("jsonrpc/gateway.jsonl", Format::JsonRpc),
    ("jsonrpc/gateway-in-out.jsonl", Format::JsonRpc),
    ("claude-code/session.jsonl", Format::ClaudeCode),
    ("claude-code/odd.jsonl", Format::ClaudeCode),
    ("codex/rollout.jsonl", Format::Codex),
    ("codex/odd.jsonl", Format::Codex),
    ("codex/bare.jsonl", Format::Codex),
    ("codex/exec.jsonl", Format::Codex),
    ("claude-code/execution-file.json", Format::ClaudeCode),
    ("claude-desktop/mcp.log", Format::ClaudeDesktop),
    ("claude-desktop/mcp-server-files.log", Format::ClaudeDesktop),
    ("otlp/lines.jsonl", Format::Otlp),
    ("otlp/document.json", Format::Otlp),
    ("openai/conversations.jsonl", Format::OpenAi),
    ("openai/array.json", Format::OpenAi),
    ("openai/blocks.jsonl", Format::OpenAi),
    ("otlp/logs.jsonl", Format::Otlp),
    ("gemini/session.jsonl", Format::Gemini),
    ("copilot/events.jsonl", Format::Copilot),
    ("opencode/export.json", Format::OpenCode),
    ("vscode/output.log", Format::VsCode),
    ("hooks/payloads.jsonl", Format::Hooks),
    ("toolhive/audit.jsonl", Format::ToolHive),
    ("har/session.har", Format::Har),
    ("har/odd.jsonl", Format::Har),
    ("cassette/session.mcp.json", Format::Cassette),
    ("cassette/odd.jsonl", Format::Cassette),
    ("inspector/history.json", Format::Inspector),
    ("inspector/history-old.json", Format::Inspector),
    ("inspector/network.json", Format::Inspector),
    ("inspector/odd.jsonl", Format::Inspector),
    ("gateway/events.jsonl", Format::Gateway),
    ("../filesystem/calls.jsonl", Format::Native),
];

fn path(fixture: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("testdata/traces")
        .join(fixture)
}

fn bytes(fixture: &str) -> Vec<u8> {
    std::fs::read(path(fixture)).unwrap()
}

/// Everything that a reader yields.
#[derive(Debug)]
struct Log {
    format: Format,
    calls: Vec<RecordedCall>,
    others: Vec<String>,
    /// The lines skipped, by reason.
    passed: BTreeMap<&'static str, Vec<usize>>,
    invalid: usize,
    assumed: Vec<Assumed>,
}

fn read_with(bytes: &[u8], settings: Settings) -> Log {
    let reader = reader(Cursor::new(bytes.to_vec()), settings).unwrap();
    let mut trace = Trace::open("log", reader).unwrap();
    let mut log = Log {
        format: trace.format(),
        calls: Vec::new(),
        others: Vec::new(),
        passed: BTreeMap::new(),
        invalid: 0,
        assumed: Vec::new(),
    };
    while let Some(item) = trace.next_item().unwrap() {
        match item {
            Item::Header(_) => {}
            Item::Call(call) => log.calls.push(*call),
            Item::OtherMethod(method) => log.others.push(method),
            Item::Problem(_) => log.invalid += 1,
            Item::Skipped { line, reason } => log.passed.entry(reason).or_default().push(line),
        }
    }
    log.assumed = trace.assumed();
    log
}

fn read(fixture: &str) -> Log {
    read_with(&bytes(fixture), Settings::default())
}

fn by_grant(fixture: &str, from: GrantFrom) -> Vec<Grant> {
    let settings = Settings {
        format: None,
        grant_from: Some(from),
        ..Settings::default()
    };
    let log = read_with(&bytes(fixture), settings);
    log.calls.into_iter().map(|call| call.grant).collect()
}

/// A call in one line: line, server, tool, arguments, grant, time, response.
fn shown(call: &RecordedCall) -> String {
    let server = match &call.server {
        Server::Named(name) => name.as_str(),
        Server::Default => "-",
        Server::Unknown => "?",
    };
    let (tool, arguments) = match &call.request {
        RecordedRequest::Batch(_) => ("(batch)".to_owned(), String::new()),
        RecordedRequest::Tool { name, arguments } => (
            name.clone().unwrap_or("(none)".to_owned()),
            match arguments {
                RecordedArguments::Known(known) => known.value().to_string(),
                RecordedArguments::NotAnObject(value) => format!("!{value}"),
                RecordedArguments::Unknown => "?".to_owned(),
            },
        ),
    };
    let grant = match &call.grant {
        Grant::Named(name) => name.as_str(),
        Grant::Implicit => "-",
        Grant::Unknown => "?",
    };
    let time = call.time.map_or("?".to_owned(), |time| {
        time.to_string().split_once('T').unwrap().1.to_owned()
    });
    let answer = match (&call.response, call.observed) {
        (Some(Response::Error(_)), _) => "error",
        (Some(Response::Denied), _) => "denied",
        (Some(Response::Result), _) => "result",
        (None, Some(Observed::Allow)) => "allowed",
        (None, Some(Observed::Deny)) => "refused",
        (None, None) => "-",
    };
    format!(
        "{} {server} {tool}{arguments} {grant} {time} {answer}",
        call.line
    )
}

fn calls(log: &Log) -> Vec<String> {
    log.calls.iter().map(shown).collect()
}

fn passed(log: &Log) -> Vec<(&'static str, Vec<usize>)> {
    log.passed.clone().into_iter().collect()
}

#[test]
fn every_fixture_is_recognised_by_its_content() {
    for (fixture, format) in FIXTURES {
        let log = read(fixture);
        assert_eq!(log.format, format, "{fixture}");
        assert_eq!(log.invalid, 0, "{fixture}");
        let mut marked = b"\xEF\xBB\xBF".to_vec();
        marked.extend(bytes(fixture));
        if format != Format::Native {
            let marked = read_with(&marked, Settings::default());
            assert_eq!(calls(&marked), calls(&log), "with a mark: {fixture}");
        }
    }
}

/// What a replay of a log says, with so many threads.
fn replayed(bytes: &[u8], threads: usize) -> String {
    let policy = br#"{"version":"1","default":"allow","all_tools":{"limits":[
        {"counter":"c","window":"day","max":2,"scope":"grant"}]}}"#;
    let engine = Engine::new(&Policy::from_json(policy).unwrap());
    let options = Options {
        threads: threads.try_into().unwrap(),
        list_skipped: true,
        ..Options::default()
    };
    let read = reader(Cursor::new(bytes.to_vec()), Settings::default()).unwrap();
    let mut replay = Replay::new(&engine, options);
    let mut trace = Trace::open("log", read).unwrap();
    replay.read(&mut trace, &mut SourceMap::new()).unwrap();
    format!("{:?}", replay.finish())
}

#[test]
fn every_fixture_is_replayed_alike_by_any_number_of_threads() {
    for (fixture, _) in FIXTURES {
        let text = bytes(fixture);
        let mut odd = b"\xEF\xBB\xBF".to_vec();
        for line in text.split(|byte| *byte == b'\n') {
            odd.extend_from_slice(line);
            odd.extend_from_slice(b"\r\n\n  \n{\"cut\":\"o\n\"\xFF\"\n");
        }
        // More than a block of them.
        let many = text.repeat(1 + 200_000 / text.len());
        for copy in [&text, &odd, &many] {
            assert_eq!(replayed(copy, 1), replayed(copy, 3), "{fixture}");
        }
    }
}

#[test]
fn messages_pair_with_the_nearest_open_request_of_their_side() {
    let log = read("jsonrpc/wrapped.jsonl");
    assert_eq!(
        calls(&log),
        [
            r#"4 - read_file{"path":"a.txt"} - 10:00:01Z result"#,
            r#"5 - write_file{"content":"x","path":"b.txt"} - 10:00:01.500Z error"#,
            r#"10 - delete_file{"path":"b.txt"} - 10:00:05Z denied"#,
        ]
    );
    let released = log.calls[1].response_time.unwrap();
    assert_eq!(released.to_string(), "2026-11-20T10:00:03Z");
    assert_eq!(
        log.others,
        [
            "initialize",
            "notifications/initialized",
            "sampling/createMessage"
        ]
    );
    assert_eq!(passed(&log), []);
}

#[test]
fn wrappers_may_name_who_where_and_when_in_several_ways() {
    let log = read("jsonrpc/odd.jsonl");
    assert_eq!(
        calls(&log),
        [
            "2 files a{} ci-bot 10:00:00Z result",
            "5 ? b{} ? ? -",
            "6 - (batch) - ? result",
            "9 - d![1] - ? -",
            "10 - (none){} - ? -",
            "11 - e? - ? -",
            r#"12 - f{"x":1} s2 ? -"#,
        ]
    );
    let response = log.calls[0].response_time.unwrap();
    assert_eq!(response.to_string(), "2026-11-20T10:00:02.250Z");
    assert_eq!(log.others, ["ping", "notifications/initialized"]);
    assert_eq!(
        passed(&log),
        [
            ("a response whose request is not in the log", vec![3]),
            ("not JSON", vec![1]),
            ("not a JSON-RPC message", vec![13, 14]),
        ]
    );
    assert_eq!(
        log.assumed,
        [
            Assumed::IsGrant(GrantFrom::Session),
            Assumed::UnreadableTime,
            Assumed::ShowsNoRefusal,
        ]
    );
}

#[test]
fn a_list_of_records_is_read_as_its_lines_are() {
    let without_lines = |log: &Log| -> Vec<String> {
        assert_eq!(log.format, Format::JsonRpc);
        let calls = calls(log).into_iter();
        calls
            .map(|call| call.split_once(' ').unwrap().1.to_owned())
            .collect()
    };
    for fixture in ["jsonrpc/wrapped.jsonl", "jsonrpc/gateway.jsonl"] {
        let expected = read(fixture);
        let text = String::from_utf8(bytes(fixture)).unwrap();
        let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
        let records: Vec<serde_json::Value> = lines.collect();
        let pretty = serde_json::to_string_pretty(&records).unwrap();
        let listed = format!("[\n{}\n]\n", text.trim_end().replace('\n', ",\n"));
        for list in [pretty, listed, serde_json::to_string(&records).unwrap()] {
            let log = read_with(list.as_bytes(), Settings::default());
            assert_eq!(without_lines(&log), without_lines(&expected), "{fixture}");
            assert_eq!(log.others, expected.others, "{fixture}");
        }
    }
    // Messages in an array on one line are a batch, which a gateway gets as it is;
    // over several lines they are a list, as a program keeps them.
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t"}}"#;
    let of = |text: String| calls(&read_with(text.as_bytes(), Settings::default()));
    assert_eq!(of(format!("[{call},{call}]\n")), ["1 - (batch) - ? -"]);
    assert_eq!(
        of(format!("[\n{call},\n{call}\n]\n")),
        ["2 - t{} - ? -", "3 - t{} - ? -"]
    );
}

#[test]
fn repeated_ids_and_hostile_calls_are_all_accounted_for() {
    let log = read("jsonrpc/hostile.jsonl");
    assert_eq!(
        calls(&log),
        [
            "1 - a\0\u{1b}[31m\u{202e}{\"k\\u0007\":\"v\"} - ? denied",
            r#"2 - b{"x":2} - ? error"#,
            "11 - f{} - ? -",
            "12 - (none){} - ? -",
        ]
    );
    assert!(log.calls[1].repeats_an_argument);
    assert_eq!(
        passed(&log),
        [
            (
                "a call that no gateway could parse: a lone surrogate",
                vec![4]
            ),
            (
                "a call that no gateway could parse: a number beyond doubles",
                vec![3]
            ),
            ("a response whose request is not in the log", vec![9]),
            ("cut off before its JSON ends", vec![10]),
            ("not UTF-8", vec![13]),
        ]
    );
}

#[test]
fn a_session_names_the_server_in_the_tool_and_the_grant_by_itself() {
    let log = read("claude-code/session.jsonl");
    assert_eq!(
        calls(&log),
        [
            r#"3 github get_issue{"number":7,"owner":"o"} s-1 10:00:01Z denied"#,
            r#"3 client Bash{"command":"ls"} s-1 10:00:01Z result"#,
        ]
    );
    assert_eq!(passed(&log), [("no tool call in it", vec![1, 2, 6])]);
    assert_eq!(log.assumed, [Assumed::IsGrant(GrantFrom::Session)]);
}

#[test]
fn a_sessions_oddities_are_told() {
    let log = read("claude-code/odd.jsonl");
    assert_eq!(
        calls(&log),
        [
            r#"1 plugin tools__run{"x":1} s-1 10:00:01Z -"#,
            "4 github get_me{} s-2 10:00:04Z error",
            // A timeout is no response.
            "4 github get_me{} s-2 10:00:04Z -",
            "7 github get_me{} s-2 ? -",
        ]
    );
    assert_eq!(
        passed(&log),
        [
            ("a response whose request is not in the log", vec![6]),
            ("a tool call that was refused before it was sent", vec![2]),
            ("a tool call without the tool's name", vec![8]),
        ]
    );
    let split = Assumed::SplitName {
        name: "mcp__plugin__tools__run".to_owned(),
        server: "plugin".to_owned(),
        tool: "tools__run".to_owned(),
    };
    for assumed in [split, Assumed::UnreadableTime, Assumed::ErrorText] {
        assert!(log.assumed.contains(&assumed), "{assumed}");
    }
}

#[test]
fn a_rollouts_arguments_are_read_from_their_string() {
    let log = read("codex/rollout.jsonl");
    assert_eq!(
        calls(&log),
        [
            r#"3 github get_issue{"number":7,"owner":"o"} c-1 10:00:02Z denied"#,
            r#"5 client shell{"command":["ls"]} c-1 10:00:04Z result"#,
        ]
    );
    assert_eq!(passed(&log), [("no tool call in it", vec![1, 2, 7])]);
}

#[test]
fn a_rollouts_events_say_which_server_it_was() {
    let log = read("codex/odd.jsonl");
    assert_eq!(
        calls(&log),
        [
            "2 my__server run{} c-2 10:00:01Z error",
            r#"5 github create_issue{"title":"t"} c-2 10:00:03Z -"#,
            r#"6 github get_me{"a":1} c-2 10:00:02.750Z result"#,
            "7 client apply_patch? c-2 10:00:05Z -",
        ]
    );
    assert_eq!(
        passed(&log),
        [
            (
                "a call that no gateway could parse: a number beyond doubles",
                vec![8]
            ),
            ("a tool call that was refused before it was sent", vec![9]),
            ("no tool call in it", vec![1]),
        ]
    );
}

#[test]
fn a_rollout_without_an_envelope_has_no_times() {
    let log = read("codex/bare.jsonl");
    assert_eq!(calls(&log), ["4 github get_me{} c-0 ? result"]);
    assert_eq!(passed(&log), [("no tool call in it", vec![1, 2, 3])]);
}

#[test]
fn a_desktop_logs_ids_count_for_each_server() {
    let log = read("claude-desktop/mcp.log");
    assert_eq!(
        calls(&log),
        [
            r#"7 files read_file{"path":"a {x} \" [y]"} - 16:07:00Z error"#,
            "8 notes add{} - 16:07:00.500Z result",
        ]
    );
    assert_eq!(log.others, ["initialize"]);
    let message = "no message between client and server";
    assert_eq!(passed(&log), [(message, vec![1, 2, 3, 4])]);
}

#[test]
fn what_a_desktop_log_cut_is_unknown() {
    let log = read("claude-desktop/mcp-server-files.log");
    assert_eq!(
        calls(&log),
        [
            r#"2 files read_file{"path":"a.txt"} - 10:08:39Z result"#,
            "4 files write_file? - 10:08:40Z result",
            "6 files edit_file? - 10:08:41Z error",
        ]
    );
    assert_eq!(
        passed(&log),
        [
            ("a tool call logged without its content", vec![8]),
            ("a tool call without the tool's name", vec![9]),
            ("cut off before its JSON ends", vec![10]),
            ("no message between client and server", vec![1]),
        ]
    );
}

#[test]
fn spans_of_both_sides_are_one_call() {
    let log = read("otlp/lines.jsonl");
    assert_eq!(
        calls(&log),
        [
            r#"1 - get_issue{"number":7} s-1 10:00:00Z -"#,
            "2 - run? - 10:00:01Z error",
        ]
    );
    assert_eq!(log.others, ["tools/list"]);
    assert_eq!(
        passed(&log),
        [
            (
                "a span of a call that another span has already told",
                vec![1]
            ),
            ("a span of no MCP request", vec![1]),
            ("no tool call in it", vec![3]),
        ]
    );
}

#[test]
fn a_document_of_spans_is_read_with_every_shape_of_value() {
    let log = read("otlp/document.json");
    assert_eq!(
        calls(&log),
        [
            r#"7 - put{"b":true,"f":0.5,"l":["x"],"n":5,"z":null} - 10:00:00Z -"#,
            "21 - put? - 10:00:01Z -",
            "35 - hashed? - 10:00:02Z denied",
        ]
    );
    assert_eq!(
        passed(&log),
        [("a tool call without the tool's name", vec![43])]
    );
    let users = by_grant("otlp/document.json", GrantFrom::User);
    assert_eq!(
        users,
        [
            Grant::Unknown,
            Grant::Unknown,
            Grant::Named("ann".to_owned())
        ]
    );
}

#[test]
fn a_transcripts_ids_begin_anew_in_each_conversation() {
    let log = read("openai/conversations.jsonl");
    assert_eq!(
        calls(&log),
        [
            r#"1 - get_user{"id":"u1"} - ? result"#,
            r#"1 - book{"price":250} - ? denied"#,
            r#"1 - book{"price":50} - ? -"#,
            "3 - broken? c-2 ? -",
            r#"3 - plain{"a":1} c-2 ? -"#,
            r#"3 - legacy{"a":2} c-2 ? -"#,
        ]
    );
    assert!(log.calls[5].repeats_an_argument);
    assert_eq!(
        passed(&log),
        [
            (
                "a call that no gateway could parse: a lone surrogate",
                vec![3]
            ),
            (
                "a call that no gateway could parse: a number beyond doubles",
                vec![3]
            ),
            ("a response whose request is not in the log", vec![3]),
            ("a tool call without the tool's name", vec![3]),
            ("no tool call in it", vec![2]),
        ]
    );
}

#[test]
fn an_array_of_conversations_is_a_document() {
    let log = read("openai/array.json");
    assert_eq!(
        calls(&log),
        ["3 - a{} - ? -", "7 - b{} - ? -", "8 files c{} - ? -"]
    );
    assert_eq!(
        by_grant("openai/array.json", GrantFrom::Session),
        [2, 5, 5].map(|line| Grant::Named(format!("conversation at line {line}")))
    );
}

#[test]
fn a_gateways_event_is_an_observed_decision_without_arguments() {
    let log = read("gateway/events.jsonl");
    assert_eq!(
        calls(&log),
        [
            "2 - get_me? - 10:00:01.500Z allowed",
            "3 - create_refund? - 10:00:02Z refused",
            "4 - create_refund? - 10:00:03Z -",
        ]
    );
    assert_eq!(
        passed(&log),
        [
            ("a tool call without the tool's name", vec![6]),
            ("no tool call in it", vec![1, 5]),
        ]
    );
    let named = |name: &str| Grant::Named(name.to_owned());
    assert_eq!(
        by_grant("gateway/events.jsonl", GrantFrom::Session),
        [named("0a1b2c3d"), named("0a1b2c3d"), named("4e5f6a7b")]
    );
}

#[test]
fn the_grant_can_be_taken_from_elsewhere() {
    let named = |name: &str| Grant::Named(name.to_owned());
    let session = "claude-code/session.jsonl";
    assert_eq!(
        by_grant(session, GrantFrom::Server),
        [named("github"), named("client")]
    );
    assert_eq!(
        by_grant(session, GrantFrom::File),
        [const { Grant::Implicit }; 2]
    );
    assert_eq!(
        by_grant(session, GrantFrom::User),
        [const { Grant::Unknown }; 2]
    );
}

#[test]
fn the_format_can_be_given() {
    let settings = Settings {
        format: Some(Format::OpenAi),
        grant_from: None,
        ..Settings::default()
    };
    let log = read_with(&bytes("jsonrpc/wrapped.jsonl"), settings);
    assert_eq!(log.format, Format::OpenAi);
    assert_eq!(log.calls, []);
    assert_eq!(passed(&log), [("no tool call in it", (1..=11).collect())]);
}
