//! Reading messages in place, compared with the reader that builds every
//! line: the same items, whatever the lines hold.

mod native;

use std::io::Cursor;

use proptest::prelude::*;
use proptest::sample::select;

use super::Parser;
use crate::trace::item::Item;
use crate::trace::jsonrpc::JsonRpc;
use crate::trace::log::LogReader;
use crate::trace::options::{Assumed, Format, GrantFrom, Settings};
use crate::trace::reader::{InBlocks, Reader, Ready};
use crate::trace::recognise;
use crate::trace::spelling::Spelled;

/// How simple lines are read.
#[derive(PartialEq, Eq)]
enum ReaderPath {
    Fast,
    Strict,
}

/// A reader of raw messages.
fn reader(
    text: &[u8],
    grant_from: Option<GrantFrom>,
    path: ReaderPath,
) -> LogReader<Cursor<Vec<u8>>, JsonRpc> {
    let settings = Settings {
        grant_from,
        build_every_line: path == ReaderPath::Strict,
        ..Settings::default()
    };
    LogReader::new(Cursor::new(text.to_vec()), JsonRpc, settings)
}

fn items(mut reader: impl Reader) -> (Vec<Item>, Vec<Assumed>) {
    let mut items = Vec::new();
    while let Some(item) = reader.next().unwrap() {
        items.push(item);
    }
    (items, reader.assumed())
}

/// Holds one reader against the other.
fn agree(text: &[u8], from: Option<GrantFrom>) -> Result<(), TestCaseError> {
    let simple = items(reader(text, from, ReaderPath::Fast));
    let strict = items(reader(text, from, ReaderPath::Strict));
    let shown = String::from_utf8_lossy(text);
    prop_assert_eq!(simple, strict, "{}", shown);
    Ok(())
}

/// How many calls of `text` are read in place, and how many are built.
fn calls(text: &str) -> (usize, usize) {
    let mut reader = reader(text.as_bytes(), None, ReaderPath::Fast);
    let mut parser = Parser::default();
    let mut counts = (0, 0);
    let mut count = |ready| match ready {
        Ready::Simple(_) => counts.0 += 1,
        Ready::Item(Item::Call(_)) => counts.1 += 1,
        Ready::Item(_) => {}
    };
    while let Some(block) = reader.read_block().unwrap() {
        reader.absorb(parser.parse(block));
        while let Some(ready) = reader.ready() {
            count(ready);
        }
    }
    reader.end();
    while let Some(ready) = reader.ready() {
        count(ready);
    }
    counts
}

#[test]
fn only_messages_and_native_calls_are_read_by_several_threads() {
    let reads_in_place = |format: Format, build_every_line: bool| {
        let settings = Settings {
            format: Some(format),
            build_every_line,
            ..Settings::default()
        };
        let mut reader = recognise::reader(Cursor::new("{}\n"), settings).unwrap();
        reader.in_blocks().unwrap().reads_in_place()
    };
    for format in [Format::Native, Format::JsonRpc] {
        assert!(reads_in_place(format, false), "{format:?}");
        assert!(!reads_in_place(format, true), "{format:?}");
    }
    assert!(!reads_in_place(Format::OpenAi, false));
}

#[test]
fn what_taps_write_is_read_in_place() {
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","arguments":{"a":"\u00e9","b":[1,{"c":null}]},"_meta":{"progressToken":1}}}"#;
    for text in [
        call.to_owned(),
        format!(
            "{{\"ts\":\"2026-11-20T10:00:07.250Z\",\"dir\":\"client->server\",\"message\":{call}}}"
        ),
        format!("{{\"ts\":1795168807.25,\"sender\":\"client\",\"msg\":{call}}}"),
        format!(
            "{{ \"grant\" : \"g\" , \"session\" : \"s\" , \"server\" : null , \"payload\" : {call} }}\r"
        ),
        format!("{{\"timestamp\":null,\"grant\":null,\"user\":\"u\",\"request\":{call}}}"),
    ] {
        assert_eq!(calls(&text), (1, 0), "{text}");
        assert_eq!(calls(&format!("{text}\n{text}\n")), (2, 0), "{text}");
        agree(text.as_bytes(), None).unwrap();
    }
}

/// Lines of one shape, of which some are of a side of a gateway: those are built.
#[test]
fn the_side_of_a_gateway_is_seen_in_a_line_of_a_known_shape() {
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t"}}"#;
    let of_kind = |kind: &str, server: &str| {
        format!(r#"{{"direction":"OUT","type":"{kind}","server_id":"{server}","payload":{call}}}"#)
    };
    let of_way = |way: &str| format!(r#"{{"dir":"{way}","msg":{call}}}"#);
    let event = |event: &str| of_kind(event, "gh").replace("type", "event");
    for (plain, of_gateway) in [
        (of_kind("info", "gh"), of_kind("REQUEST", "gh")),
        (of_kind("info", "gh"), of_kind("RE\\u0051UEST", "client")),
        (event("info"), event("rpc_request")),
        (of_way("client->server"), of_way("gateway->server")),
        (of_way("client->server"), of_way("client->gateway")),
    ] {
        let text = [&*plain, &plain, &of_gateway, &plain].join("\n");
        assert_eq!(calls(&text), (3, 1), "{of_gateway}");
        agree(text.as_bytes(), None).unwrap();
    }
}

/// Nothing of a known shape can be read as something else: keys that are repeated in
/// another object, values that begin like other ones, objects in another place.
#[test]
fn a_line_that_is_nearly_of_a_known_shape_is_read_for_itself() {
    let call = |arguments: &str, more: &str| {
        format!(
            r#"{{"ts":1795168807,"msg":{{"id":1,"method":"tools/call","params":{{"name":"t","arguments":{arguments}}}{more}}}}}"#
        )
    };
    let lines = [
        call(r#"{"a":1,"b":{"a":2}}"#, ""),
        call(r#"{"a":1,"b":{"a":3}}"#, ""),
        call(r#"{"a":1,"b":{},"a":2}"#, ""),
        call(r#"{"a":1,"b":{"a":2,"a":3}}"#, ""),
        call(r#"{"a":{"b":1}}"#, ""),
        call(r#"{"a":{"b":{"b":1}}}"#, ""),
        call(r#"{"a":[1,2]}"#, ""),
        call(r#"{"a":[1,2,3]}"#, ""),
        call(r#"{"a":"x\"}"#, ""),
        call(r#"{"a":"x"}"#, r#","x":{}"#),
        call(r#"{"a":01}"#, ""),
        call(r#"{"a":1e5}"#, ""),
        call(r#"{"a":nul}"#, ""),
        call("null", ""),
        call("{}", ""),
        call("7", ""),
        format!("{}x", call("{}", "")),
        format!("{} ", call("{}", "")),
    ];
    for one in &lines {
        for other in &lines {
            let text = [one, other, one, other].map(String::as_str).join("\n");
            agree(text.as_bytes(), None).unwrap();
        }
    }
}

#[test]
fn what_is_odd_is_built() {
    for text in [
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","arguments":{"a":1,"a":2}}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","arguments":{"a":1e5}}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"\u0074","arguments":{}}}"#,
        r#"{"jsonrpc":"2.0","id":1.0,"method":"tools/call","params":{"name":"t"}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","arguments":[]}}"#,
        r#"[{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t"}}]"#,
        r#"{"ts":"yesterday","msg":{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t"}}}"#,
        r#"{"msg":"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"t\"}}"}"#,
    ] {
        assert_eq!(calls(text), (0, 1), "{text}");
        agree(text.as_bytes(), None).unwrap();
    }
}

#[test]
fn a_response_finds_its_request_however_either_was_read() {
    let call = |id: &str, odd: &str| {
        format!(
            r#"{{"id":{id},"method":"tools/call","params":{{"name":"t","arguments":{{"n":{odd}}}}}}}"#
        )
    };
    let error = |id: &str| format!(r#"{{"id":{id},"error":{{"code":-1}}}}"#);
    let result = |id: &str| format!(r#"{{"id":{id},"result":{{"content":[]}}}}"#);
    let denied = |id: &str| {
        format!(r#"{{"id":{id},"result":{{"content":[{{"text":"[POLICY DENIED] no"}}]}}}}"#)
    };
    let escaped = |id: &str| {
        format!(r#"{{"id":{id},"result":{{"content":[{{"text":"[\u0050OLICY DENIED] no"}}]}}}}"#)
    };
    let lines = [
        call("1", "1"),
        call("2", "1e1"),
        call("\"1\"", "1"),
        call("1", "1e1"),
        error("1"),
        denied("2"),
        result("1"),
        escaped("\"1\""),
        result("1"),
    ];
    agree(lines.join("\n").as_bytes(), None).unwrap();
}

/// A member, or none.
fn member(key: &'static [&'static str], values: &'static [&'static str]) -> BoxedStrategy<String> {
    prop_oneof![
        3 => (select(key), select(values)).prop_map(|(key, value)| format!("\"{key}\":{value},")),
        1 => Just(String::new()),
    ]
    .boxed()
}

fn arguments() -> BoxedStrategy<String> {
    let values = &[
        "1",
        "-0.5",
        "\"x\"",
        "\"\\n\"",
        "\"\\ud83d\\ude00\"",
        "\"\\ud83d\"",
        "null",
        "[]",
        "{}",
        "[1,[2,{\"a\":3}]]",
        "{\"a\":1,\"b\":{\"c\":[]}}",
        "1e400",
        "1e5",
        "9007199254740993",
        "tru",
    ][..];
    let keys = &["a", "b", "path", "\\u0061", "é"][..];
    let members = prop::collection::vec((select(keys), select(values)), 0..4);
    let object = members.prop_map(|members| {
        let members: Vec<String> = members
            .into_iter()
            .map(|(key, value)| format!("\"{key}\":{value}"))
            .collect();
        format!("{{{}}}", members.join(","))
    });
    prop_oneof![
        6 => object,
        1 => select(&["null", "[]", "\"[REDACTED]\"", "3"][..]).prop_map(str::to_owned),
    ]
    .boxed()
}

fn message() -> BoxedStrategy<String> {
    let ids = &[
        "1",
        "2",
        "3",
        "\"1\"",
        "\"\\u0031\"",
        "1.0",
        "-0",
        "null",
        "{}",
    ][..];
    let request = (
        member(&["jsonrpc"], &["\"2.0\"", "2"]),
        member(&["id"], ids),
        member(
            &["method"],
            &[
                "\"tools/call\"",
                "\"tools/call\"",
                "\"tools/call\"",
                "\"ping\"",
                "\"tools\\/call\"",
                "7",
            ],
        ),
        member(
            &["name", "n"],
            &["\"edit\"", "\"read\"", "\"\\t\"", "null", "\"\""],
        ),
        arguments(),
        member(&["_meta"], &["{}", "{\"progressToken\":1}"]),
    )
        .prop_map(|(version, id, method, name, arguments, meta)| {
            let params = format!("{{{name}{meta}\"arguments\":{arguments}}}");
            format!("{{{version}{id}{method}\"params\":{params}}}")
        });
    let response = (
        member(&["jsonrpc"], &["\"2.0\""]),
        select(ids),
        select(
            &[
                "\"result\":{\"content\":[{\"type\":\"text\",\"text\":\"done\"}]}",
                "\"result\":{\"content\":[{\"text\":\"[POLICY DENIED] no\"}]}",
                "\"result\":{\"content\":[{\"text\":\"\\u005bPOLICY DENIED] no\"}]}",
                "\"result\":null",
                "\"error\":{\"code\":-32000,\"message\":\"boom\"}",
                "\"error\":null,\"result\":{}",
            ][..],
        ),
    )
        .prop_map(|(version, id, body)| format!("{{{version}\"id\":{id},{body}}}"));
    prop_oneof![3 => request, 2 => response].boxed()
}

fn line() -> BoxedStrategy<String> {
    let times = &[
        "\"2026-11-20T10:00:07.250Z\"",
        "\"2026-11-20T10:00:09Z\"",
        "\"2026-11-20T10:01:00+01:00\"",
        "1795168807.25",
        "1795168807250",
        "null",
        "\"yesterday\"",
        "true",
        "1e300",
    ][..];
    let names = &["\"a\"", "\"b\"", "null", "\"\"", "\"\\u0061\"", "7"][..];
    let around = (
        member(Spelled::Time.names(), times),
        member(
            Spelled::Direction.names(),
            &[
                "\"client->server\"",
                "\"server->client\"",
                "\"client->gateway\"",
                "\"gateway->server\"",
                "\"in\"",
                "\"\"",
                "1",
            ],
        ),
        member(&["grant"], names),
        member(Spelled::Session.names(), names),
        member(Spelled::User.names(), names),
        member(Spelled::Server.names(), names),
        member(
            &[
                "response", "dir", "ts", "conn_id", "x", "leg", "type", "event", "method",
            ],
            &[
                "{\"id\":1,\"result\":{}}",
                "\"client\"",
                "\"REQUEST\"",
                "\"rpc\\u005frequest\"",
                "1",
            ],
        ),
    );
    let wrapped = (
        around,
        prop_oneof![5 => select(Spelled::Message.names()), 1 => Just("y")],
        message(),
    )
        .prop_map(
            |((ts, dir, grant, session, user, server, more), key, message)| {
                format!("{{{ts}{dir}{grant}{session}{user}{server}{more}\"{key}\":{message}}}")
            },
        );
    prop_oneof![
        5 => wrapped,
        3 => message(),
        1 => select(&["", "   ", "noise", "{\"a\":", "[]", "{}", "[{\"id\":1,\"method\":\"tools/call\"}]"][..])
            .prop_map(str::to_owned),
    ]
    .boxed()
}

/// Lines of few shapes, so that most can be read by the shape of an earlier one, some of
/// them with another value or other bytes in one place.
fn copies(line: BoxedStrategy<String>) -> BoxedStrategy<Vec<String>> {
    let put = &[
        "", "", "1", "-", "\"", "null", "true", "{}", "[1]", "{", "}", ",", "\\", " ", "e1",
        "\"x\":2,",
    ][..];
    let copy = (
        any::<prop::sample::Index>(),
        any::<prop::sample::Index>(),
        select(put),
        0_usize..3,
    );
    let shapes = prop::collection::vec(line, 1..4);
    (shapes, prop::collection::vec(copy, 1..16))
        .prop_map(|(shapes, copies)| {
            let mut lines = Vec::new();
            for (shape, at, put, cut) in copies {
                let shape = shape.get(&shapes);
                lines.push(shape.clone());
                let places: Vec<usize> = shape.char_indices().map(|(at, _)| at).collect();
                if places.is_empty() {
                    continue;
                }
                let (before, after) = shape.split_at(*at.get(&places));
                let after: String = after.chars().skip(cut).collect();
                lines.push(format!("{before}{put}{after}"));
            }
            lines
        })
        .boxed()
}

fn grant_from() -> impl Strategy<Value = Option<GrantFrom>> {
    select(
        &[
            None,
            None,
            Some(GrantFrom::Session),
            Some(GrantFrom::Server),
            Some(GrantFrom::User),
            Some(GrantFrom::File),
        ][..],
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn both_readers_yield_the_same_items(
        lines in prop::collection::vec(line(), 1..12),
        ending in select(&["\n", "\r\n"][..]),
        from in grant_from(),
    ) {
        agree(lines.join(ending).as_bytes(), from)?;
    }

    #[test]
    fn both_readers_yield_the_same_items_of_damaged_lines(
        lines in prop::collection::vec(line(), 1..6),
        changes in prop::collection::vec((any::<prop::sample::Index>(), select(&b"\"\\{}[],:0e.-tn \t\n\r\x01\xff\xc3"[..])), 1..6),
        from in grant_from(),
    ) {
        let mut bytes = lines.join("\n").into_bytes();
        for (at, byte) in changes {
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
        }
        agree(&bytes, from)?;
    }

    #[test]
    fn both_readers_yield_the_same_items_of_lines_of_one_shape(
        lines in copies(line()),
        ending in select(&["\n", "\r\n", " \n"][..]),
        from in grant_from(),
    ) {
        agree(lines.join(ending).as_bytes(), from)?;
    }

    #[test]
    fn most_of_what_is_tried_is_read_in_place(
        call in "[a-z]{1,8}", id in 0_u32..1000, note in "[ -~]{0,20}"
    ) {
        let note = serde_json::Value::from(note);
        let text = format!(r#"{{"ts":"2026-11-20T10:00:07Z","msg":{{"id":{id},"method":"tools/call","params":{{"name":"{call}","arguments":{{"note":{note}}}}}}}}}"#);
        prop_assert_eq!(calls(&text), (1, 0), "{}", text);
    }
}
