//! The log of a guard: what limits had counted, answers, and refused messages.

use super::*;
use mcppolicy_engine::engine::LimitKey;
use mcppolicy_engine::policy::{Path, Window};

fn header() -> String {
    format!(
        "{{\"mcppolicy\":\"trace/1\",\"policy_sha256\":\"{}\"}}",
        "0a".repeat(32)
    )
}

fn refused(marked: &str, message: &str) {
    let start = marked.chars().position(|c| c == '«').unwrap() + 1;
    let end = marked.chars().position(|c| c == '»').unwrap();
    let line = marked.replace(['«', '»'], "");
    let text = format!("{}\n{line}\n", header());
    let expected = format!("2:{start}-{end} {message}");
    assert_eq!(problems(text.as_bytes()), [expected], "{line}");
}

#[test]
fn what_limits_had_counted_is_read_and_written() {
    let line = r#"{"ts":"2026-11-20T10:00:09Z","grant":"a","tool":"t","arguments":{},"used":[{"place":"tool","counter":"c","window":"minute","used":3},{"place":"all_tools","counter":"c","window":"day","increment_from":"args.n.m","used":9007199254740991}],"expect":"allow","id":"1"}"#;
    let call = call(line);
    let key = |tool: Option<&str>, window, path: Option<&str>| {
        let path = path.map(|path| Path::parse(path).unwrap());
        LimitKey::new(tool.map(str::to_owned), "c".to_owned(), window, path)
    };
    assert_eq!(
        call.used,
        [
            (key(Some("t"), Window::Minute, None), 3),
            (
                key(None, Window::Day, Some("args.n.m")),
                9_007_199_254_740_991
            ),
        ]
    );
    assert_eq!(write_call(&call), line);
}

#[test]
fn an_answer_belongs_to_the_nearest_call_of_its_id_that_passed() {
    let lines = [
        header(),
        r#"{"tool":"a","expect":"allow","id":"1"}"#.to_owned(),
        r#"{"tool":"b","expect":"deny","id":"2"}"#.to_owned(),
        write_answer("2", Some(&Response::Result), Time::new(0, 0)),
        r#"{"ts":"2026-11-20T10:00:08Z","tool":"c","expect":"allow","id":"3"}"#.to_owned(),
        r#"{"tool":"d","expect":{"decision":"deny","kind":"hidden"},"observed":"allow","id":"4"}"#
            .to_owned(),
        write_refused("no-id", "g", Time::new(0, 0)),
        write_answer(
            "3",
            Some(&Response::Error(Box::new(Value::empty_object()))),
            Time::new(7, 0),
        ),
        // Another run counts from 1 again.
        r#"{"tool":"e","expect":"allow","id":"1"}"#.to_owned(),
        write_answer("1", Some(&Response::Result), Time::new(0, 0)),
        write_answer("4", None, Time::new(0, 0)),
        write_answer("9", None, Time::new(0, 0)),
    ];
    let items = items(lines.join("\n").as_bytes());
    let seen: Vec<(String, Option<Response>, Option<Time>)> = items
        .iter()
        .filter_map(|item| match item {
            Item::Call(call) => Some((
                call.tool().unwrap().to_owned(),
                call.response.clone(),
                call.response_time,
            )),
            Item::Header(_) => None,
            Item::Skipped { line, .. } => {
                assert_eq!(*line, 7);
                None
            }
            other => panic!("{other:?}"),
        })
        .collect();
    let error = Response::Error(Box::new(Value::empty_object()));
    assert_eq!(
        seen,
        [
            ("a".to_owned(), None, None),
            ("b".to_owned(), None, None),
            ("c".to_owned(), Some(error), Some(Time::new(7, 0))),
            ("d".to_owned(), None, Some(Time::new(0, 0))),
            (
                "e".to_owned(),
                Some(Response::Result),
                Some(Time::new(0, 0))
            ),
        ]
    );
}

#[test]
fn what_is_wrong_with_such_a_line_is_said_at_its_place() {
    for (line, message) in [
        (
            r#"{"tool":"t","used":«{}»}"#,
            "`used` must be an array of limits, not an object",
        ),
        (
            r#"{"tool":"t","used":[«{"counter":"c","window":"day","used":1}»]}"#,
            "A limit in `used` lacks `place`",
        ),
        (
            r#"{"tool":"t","used":[«7»]}"#,
            "A limit in `used` must be an object",
        ),
        (
            r#"{"tool":"t","used":[{"place":"tool","counter":"c","window":«"week"»,"used":1}]}"#,
            "\"week\" is none of \"minute\", \"hour\" or \"day\"",
        ),
        (
            r#"{"tool":"t","used":[{"place":"tool","counter":"c","window":"day","used":«-1»}]}"#,
            "`used` must be a whole number from 0",
        ),
        (
            r#"{"tool":"t","used":[{"place":"tool","counter":"c","window":"day","used":1},«{"place":"tool","counter":"c","window":"day","used":2}»]}"#,
            "This limit is already in `used`",
        ),
        (
            r#"{"repeat":2,"tool":"t",«"used"»:[]}"#,
            "`used` belongs to one call, not to a repeated one (remove one of the two)",
        ),
        (
            r#"{"answers":«1»,"outcome":"error"}"#,
            "`answers` must be a string, not a number",
        ),
        (r#"{«"answers"»:"1"}"#, "An answer needs `outcome`"),
        (
            r#"{"answers":"1","outcome":«"errors"»}"#,
            "\"errors\" is none of \"error\", \"result\" or \"unknown\" (did you mean \"error\"?)",
        ),
        (
            r#"{"refused":«7»}"#,
            "`refused` must be a string, not a number",
        ),
    ] {
        refused(line, message);
    }
    let plain = "{\"mcppolicy\":\"trace/1\"}\n{\"answers\":\"1\",\"outcome\":\"result\"}\n";
    assert_eq!(
        problems(plain.as_bytes()),
        [
            "2:2-11 `answers` needs `policy_sha256` in the header (only `mcppolicy guard` writes such lines)"
        ]
    );
    let upper = "{\"mcppolicy\":\"trace/1\",\"policy_sha256\":\"AB\"}\n";
    assert_eq!(
        problems(upper.as_bytes()),
        ["1:40-44 `policy_sha256` must be 64 hexadecimal digits in lower case"]
    );
}
