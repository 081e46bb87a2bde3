//! What is refused, with what words, and where exactly.

use super::*;
use crate::trace::block::{Blocks, Content};

/// Checks that a line (the second, after `header`) has exactly one problem, at
/// the span that `«»` marks in it.
fn refused(header: &str, marked: &str, message: &str) {
    let start = marked.chars().position(|c| c == '«').unwrap() + 1;
    let end = marked.chars().position(|c| c == '»').unwrap();
    let line = marked.replace(['«', '»'], "");
    let text = format!("{header}\n{line}\n{{\"tool\":\"after\"}}\n");
    let expected = format!("2:{start}-{end} {message}");
    assert_eq!(problems(text.as_bytes()), [expected], "{line}");
    let last = items(text.as_bytes()).pop();
    assert!(matches!(last, Some(Item::Call(call)) if call.tool() == Some("after")));
}

#[test]
fn what_is_wrong_with_a_call_is_said_at_its_place() {
    let cases = [
        (
            r#"{"tool":"x",«"expct"»:"allow"}"#,
            "Unknown member \"expct\" (did you mean `expect`?)",
        ),
        (
            r#"{"tool":"x",«"timestamp"»:0}"#,
            "Unknown member \"timestamp\" (did you mean `ts`?)",
        ),
        (
            r#"{"tool":"x",«"zzzzzz"»:0}"#,
            "Unknown member \"zzzzzz\" (A call has the members `tool`, `arguments`, `request`, `ts`, `at`, `repeat`, `every`, `grant`, `server`, `response`, `response_ts`, `observed`, `expect`, `arguments_unknown`, `origin`, `id`, `note` and `used`)",
        ),
        (
            r#"{"tool":"x",«"tool"»:"y"}"#,
            "The key \"tool\" is already in this object (remove one)",
        ),
        (
            r#"{"note":"é","tool":"x",«"zool"»:1}"#,
            "Unknown member \"zool\" (did you mean `tool`?)",
        ),
        ("«[1]»", "A line of a trace must be an object, not an array"),
        (
            "«{}»",
            "The line names no call: it has neither `tool` nor `request`",
        ),
        (r#"{"tool":«7»}"#, "`tool` must be a string, not a number"),
        (
            r#"{"tool":"x","arguments":«[1]»}"#,
            "`arguments` must be an object or null, not an array (a call that a client really sent so is written as `request`)",
        ),
        (
            r#"{"tool":"x",«"request"»:{}}"#,
            "`tool` and `request` are two ways to write the same call (remove one of the two)",
        ),
        (
            r#"{"arguments":{},«"request"»:{}}"#,
            "The arguments of a `request` stand inside it (remove one of the two)",
        ),
        (
            r#"{"request":«"x"»}"#,
            "`request` must be a JSON-RPC message: an object, or an array for a batch, not a string",
        ),
        (
            r#"{"request":«{}»}"#,
            "`request` must name its `method`, a string",
        ),
        (
            r#"{"request":{"method":«null»}}"#,
            "`request` must name its `method`, a string",
        ),
        (
            r#"{"request":{"method":"tools/list"},«"expect"»:"allow"}"#,
            "`expect` has nothing to assert: no policy decides \"tools/list\"",
        ),
        (
            r#"{"request":{"method":"ping",«"method"»:"pong"}}"#,
            "The key \"method\" is already in this object (remove one)",
        ),
        (
            r#"{"tool":"x",«"arguments_unknown"»:true,"arguments":{}}"#,
            "`arguments_unknown` stands beside the arguments themselves (remove one of the two)",
        ),
        (
            r#"{"request":{"method":"tools/call","params":{"arguments":{}}},«"arguments_unknown"»:true}"#,
            "`arguments_unknown` stands beside the arguments themselves (remove one of the two)",
        ),
        (
            r#"{"tool":"x","arguments_unknown":«"yes"»}"#,
            "`arguments_unknown` must be true or false, not a string",
        ),
        (
            r#"{"tool":"x","ts":«"noon"»}"#,
            "\"noon\" is not an RFC 3339 time; write it as \"2026-11-20T10:00:07.250Z\"",
        ),
        (
            r#"{"tool":"x","ts":«1763632800»}"#,
            "`ts` must be a string or null, not a number",
        ),
        (
            r#"{"tool":"x","ts":null,«"at"»:"+1s"}"#,
            "`ts` and `at` both give the call's time (remove one of the two)",
        ),
        (
            r#"{"tool":"x","at":«"1s"»}"#,
            "\"1s\" is not an offset from the header's start; write it as \"+90s\"",
        ),
        (
            r#"{"tool":"x","at":«"+9999999d"»}"#,
            "The time lies outside the years 1 to 9999",
        ),
        (
            r#"{"tool":"x","repeat":2,"every":«"9999999d"»}"#,
            "The time lies outside the years 1 to 9999",
        ),
        (
            r#"{"tool":"x","repeat":«0»}"#,
            "`repeat` must be a whole number from 1 to 10000000",
        ),
        (
            r#"{"tool":"x","repeat":«10000001»}"#,
            "`repeat` must be a whole number from 1 to 10000000",
        ),
        (
            r#"{"tool":"x","repeat":«1.5»}"#,
            "`repeat` must be a whole number from 1 to 10000000",
        ),
        (
            r#"{"tool":"x","repeat":«"3"»}"#,
            "`repeat` must be a whole number from 1 to 10000000, not a string",
        ),
        (
            r#"{"tool":"x","repeat":2,"every":«"4"»}"#,
            "\"4\" is not a duration; write a whole number and ms, s, m, h or d, such as \"5s\"",
        ),
        (
            r#"{"tool":"x",«"every"»:"4s"}"#,
            "`every` needs `repeat`: one call has no spacing",
        ),
        (
            r#"{"tool":"x","repeat":2,«"response"»:{"result":{}}}"#,
            "A `response` belongs to one call, not to a repeated one (remove one of the two)",
        ),
        (
            r#"{"tool":"x","response":«null»}"#,
            "`response` must be a JSON-RPC response, an object, not null",
        ),
        (
            r#"{"tool":"x","response":«{"id":1}»}"#,
            "`response` has neither `result` nor `error`",
        ),
        (
            r#"{"tool":"x","response_ts":«false»}"#,
            "`response_ts` must be a string or null, not a boolean",
        ),
        (
            r#"{"tool":"x","grant":«7»}"#,
            "`grant` must be a string or null, not a number",
        ),
        (
            r#"{"tool":"x","server":«{}»}"#,
            "`server` must be a string or null, not an object",
        ),
        (
            r#"{"tool":"x","observed":«"denied"»}"#,
            "\"denied\" is none of \"allow\" or \"deny\"",
        ),
        (
            r#"{"tool":"x","observed":«"allow"»,"response":{"result":{"content":"[POLICY DENIED] x"}}}"#,
            "`observed` contradicts what `response` shows (write \"deny\", or leave `observed` out)",
        ),
        (
            r#"{"tool":"x","id":«4»}"#,
            "`id` must be a string, not a number",
        ),
        (
            r#"{"tool":"x","note":«null»}"#,
            "`note` must be a string, not null",
        ),
        (
            r#"{"tool":"x","origin":«"l"»}"#,
            "`origin` must be an object with `file` and `line`, not a string",
        ),
        (
            r#"{"tool":"x","origin":«{"file":"l"}»}"#,
            "`origin` lacks `line`",
        ),
        (
            r#"{"tool":"x","origin":{"file":"l","line":«0»}}"#,
            "`line` must be a whole number from 1",
        ),
        (
            r#"{"tool":"x","origin":{"file":"l","line":1,«"col"»:1}}"#,
            "Unknown member \"col\" (An origin has the members `file` and `line`)",
        ),
        (
            r#"{"tool":"x","expect":«"block"»}"#,
            "\"block\" is none of \"allow\", \"deny\" or \"undetermined\" (did you mean \"deny\"?)",
        ),
        (
            r#"{"tool":"x","expect":«true»}"#,
            "`expect` must be \"allow\", \"deny\" or \"undetermined\", or an object, not a boolean",
        ),
        (
            r#"{"tool":"x","expect":«{"kind":"limit"}»}"#,
            "`expect` lacks `decision`",
        ),
        (
            r#"{"tool":"x","expect":{"decision":«1»}}"#,
            "`decision` must be a string, not a number",
        ),
        (
            r#"{"tool":"x","expect":{"decision":«"Deny"»}}"#,
            "\"Deny\" is none of \"allow\", \"deny\" or \"undetermined\" (did you mean \"deny\"?)",
        ),
        (
            r#"{"tool":"x","expect":{"decision":"deny","rule":«"hide/0"»}}"#,
            "\"hide/0\" is not a JSON Pointer; write it as \"/tools/create_charge/deny_if/0\"",
        ),
        (
            r#"{"tool":"x","expect":{"decision":"deny","kind":«"limits"»}}"#,
            "\"limits\" is none of \"allow\", \"batch\", \"malformed\", \"no_policy\", \"hidden\", \"default_deny\", \"require\", \"deny_if\" or \"limit\" (did you mean \"limit\"?)",
        ),
        (
            r#"{"tool":"x","expect":{"decision":"undetermined","reason":«"unknown_time"»}}"#,
            "\"unknown_time\" is none of \"unknown-arguments\", \"unknown-time\", \"unknown-grant\", \"unknown-history\" or \"late\" (did you mean \"unknown-time\"?)",
        ),
        (
            r#"{"tool":"x","expect":{"decision":"deny",«"mesage"»:"m"}}"#,
            "Unknown member \"mesage\" (did you mean `message`?)",
        ),
        (
            r#"{"tool":"x","expect":«["allow",1]»}"#,
            "`expect` can only be a list of runs beside `repeat`",
        ),
        (
            r#"{"tool":"x","repeat":3,"expect":«["allow",1,"deny"]»}"#,
            "Each value in `expect` is followed by how many times it holds (such as [\"allow\", 10, \"deny\", 2])",
        ),
        (
            r#"{"tool":"x","repeat":3,"expect":["allow",«0»,"deny",3]}"#,
            "The length of a run must be a whole number from 1 to 10000000",
        ),
        (
            r#"{"tool":"x","repeat":3,"expect":["allow",«"deny"»]}"#,
            "The length of a run must be a whole number from 1 to 10000000, not a string",
        ),
        (
            r#"{"tool":"x","repeat":3,"expect":[«"ok"»,3]}"#,
            "\"ok\" is none of \"allow\", \"deny\" or \"undetermined\"",
        ),
        (
            r#"{"tool":"x","repeat":3,"expect":«["allow",1,"deny",1]»}"#,
            "The runs add up to 2, but `repeat` is 3",
        ),
        (
            r#"{"tool":"x","arguments":{"n":«1e400»}}"#,
            "This number is beyond the largest IEEE double (the largest is about 1.8e308)",
        ),
        (
            r#"{"tool":"x","arguments":{"s":"é«\ud800»"}}"#,
            "Half of a surrogate pair is no character (write both halves, or the character itself in UTF-8)",
        ),
        (
            r#"{"tool":"x"}«}»"#,
            "Expected the end of the line, but found \"}\"",
        ),
        (r#"{"tool":"x"«»"#, "Expected `,` or `}`, but the line ends"),
        (
            r#"{"tool":"x"} «/»/ late"#,
            "Expected the end of the line, but found \"/\" (JSON has no comments; remove it)",
        ),
        (
            r#"{«"mcppolicy"»:"trace/1"}"#,
            "A header can only be the first line of a trace (split the file here: each trace has fresh counters)",
        ),
    ];
    for (marked, message) in cases {
        refused(HEADER, marked, message);
    }
}

#[test]
fn offsets_and_steps_need_a_start() {
    refused(
        r#"{"mcppolicy":"trace/1"}"#,
        r#"{"tool":"x",«"at"»:"+1s"}"#,
        "`at` needs `start` in the header: there is no time to count from (write the time itself as `ts`)",
    );
}

#[test]
fn what_is_wrong_with_a_header_is_said_at_its_place() {
    let cases = [
        (
            r#"{"mcppolicy":"trace/1","step":"5s"}"#,
            "1:24-30 `step` needs `start`: there is no time to step from (add `start`, an instant such as \"2026-11-20T10:00:00Z\")",
        ),
        (
            r#"{"mcppolicy":"trace/1","start":"noon","step":"5s"}"#,
            "1:32-38 `start` is not an RFC 3339 time; write it as \"2026-11-20T10:00:07.250Z\"",
        ),
        (
            r#"{"mcppolicy":"trace/2","start":"2026-11-20T10:00:00Z"}"#,
            "1:14-23 This is not a version of the trace format (write \"trace/1\")",
        ),
        (
            r#"{"mcppolicy":1,"start":"2026-11-20T10:00:00Z"}"#,
            "1:14-15 `mcppolicy` must be a string, not a number",
        ),
        (
            r#"{"mcppolicy":"trace/1","start":"2026-11-20T10:00:00Z","polices":""}"#,
            "1:55-64 Unknown member \"polices\" (did you mean `policy`?)",
        ),
        (
            r#"{"mcppolicy":"trace/1","start":"2026-11-20T10:00:00Z","policy":7}"#,
            "1:64-65 `policy` must be a string, not a number",
        ),
        (
            r#"{"mcppolicy":"trace/1","start":"2026-11-20T10:00:00Z",}"#,
            "1:55-56 Expected a key in double quotes, but found \"}\" (remove the comma before it; JSON has no trailing commas)",
        ),
    ];
    for (header, problem) in cases {
        let text = format!("{header}\n{{\"tool\":\"x\",\"at\":\"+1s\"}}\n");
        let found = problems(text.as_bytes());
        assert_eq!(found.first().map(String::as_str), Some(problem));
    }
}

#[test]
fn a_broken_start_is_not_reported_again_at_every_offset() {
    for header in [
        r#"{"mcppolicy":"trace/1","start":"noon"}"#,
        r#"{"mcppolicy":"trace/1","start":"2026-11-20T10:00:00Z",}"#,
    ] {
        let text = format!("{header}\n{{\"tool\":\"x\",\"at\":\"+1s\"}}\n");
        assert_eq!(problems(text.as_bytes()).len(), 1, "{header}");
    }
}

#[test]
fn every_problem_of_a_line_is_reported_in_its_order() {
    let line = r#"{"tool":7,"ts":"noon","repeat":0,"foo":1,"expect":"maybe","observed":1}"#;
    let columns: Vec<String> = problems(line.as_bytes())
        .iter()
        .map(|problem| problem.split_once('-').unwrap().0.to_owned())
        .collect();
    assert_eq!(columns, ["1:9", "1:16", "1:32", "1:34", "1:51", "1:70"]);
}

#[test]
fn bytes_that_are_no_text_are_a_problem_of_their_line() {
    let bytes = b"{\"tool\":\"a\"}\n{\"tool\":\"\xe9\"}\n{\"tool\":\"b\"}\n";
    assert_eq!(
        problems(bytes),
        ["2:10-10 Byte 0xE9 is not UTF-8 (write the line as UTF-8)"]
    );
    assert_eq!(items(bytes).len(), 3);
}

#[test]
fn another_encoding_is_reported_once() {
    let utf16: Vec<u8> = "{\"tool\":\"a\"}\n{\"tool\":\"b\"}\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let found = problems(&utf16);
    assert_eq!(found.len(), 1);
    assert!(found[0].contains("UTF-16"), "{found:?}");
    let marked = problems(b"\xEF\xBB\xBF{\"tool\":\"a\"}\n{\"tool\":\"b\"}\n");
    assert_eq!(marked.len(), 1);
    assert!(marked[0].contains("byte-order mark"), "{marked:?}");
}

#[test]
fn a_line_that_is_too_long_is_a_problem_and_the_next_is_read() {
    let text = format!(
        "{{\"tool\":\"a\",\"note\":\"{}\"}}\n{{\"tool\":\"b\"}}\n",
        "x".repeat(200)
    );
    let blocks = Blocks::with_sizes(text.as_bytes(), 64, 100);
    let mut reader = NativeReader::of_blocks(blocks, Content::Native);
    let Some(Item::Problem(line)) = reader.next().unwrap() else {
        panic!("no problem");
    };
    assert!(line.complaints[0].message.contains("longer than 16 MiB"));
    assert!(matches!(reader.next().unwrap(), Some(Item::Call(call)) if call.line == 2));
}

#[test]
fn deep_nesting_is_a_problem_and_no_crash() {
    let line = format!("{{\"tool\":\"a\",\"arguments\":{}", "[".repeat(100_000));
    assert_eq!(problems(line.as_bytes()).len(), 1);
}
