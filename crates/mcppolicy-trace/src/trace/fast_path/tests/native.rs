//! The same for the native format: lines that are read in place, compared
//! with the reader of every line.

use std::io::Cursor;

use proptest::prelude::*;
use proptest::sample::select;

use super::{copies, member};
use crate::trace::block::{Blocks, Content};
use crate::trace::fast_path::{Parser, SimpleCall};
use crate::trace::item::Item;
use crate::trace::native::NativeReader;
use crate::trace::reader::{InBlocks, Reader, Ready};
use crate::trace::view::CallView;

fn reader(text: &[u8], content: Content) -> NativeReader<Cursor<Vec<u8>>> {
    let blocks = Blocks::with_sizes(Cursor::new(text.to_vec()), 300, 10_000);
    NativeReader::of_blocks(blocks, content)
}

fn items(text: &[u8], content: Content) -> Vec<Item> {
    let mut reader = reader(text, content);
    std::iter::from_fn(|| reader.next().unwrap()).collect()
}

fn agree(text: &[u8]) -> Result<(), TestCaseError> {
    let shown = String::from_utf8_lossy(text);
    let (simple, strict) = (items(text, Content::Native), items(text, Content::Other));
    prop_assert_eq!(simple, strict, "{}", shown);
    for call in calls_in_place(text) {
        let built = call.to_call();
        prop_assert_eq!(call.response(), built.response(), "{}", shown);
        prop_assert_eq!(call.response_time(), built.response_time(), "{}", shown);
        prop_assert_eq!(
            CallView::observed(&call),
            CallView::observed(&built),
            "{}",
            shown
        );
        prop_assert_eq!(call.grant(), CallView::grant(&built), "{}", shown);
        prop_assert_eq!(call.server(), CallView::server(&built), "{}", shown);
        prop_assert_eq!(call.time_of(0), built.time_of(0), "{}", shown);
    }
    Ok(())
}

/// The calls that are read in place.
fn calls_in_place(text: &[u8]) -> Vec<SimpleCall> {
    let mut reader = reader(text, Content::Native);
    let mut parser = Parser::default();
    let mut calls = Vec::new();
    while let Some(block) = reader.read_block().unwrap() {
        reader.absorb(parser.parse(block));
        let ready = std::iter::from_fn(|| reader.ready());
        calls.extend(ready.filter_map(|ready| match ready {
            Ready::Simple(call) => Some(call),
            Ready::Item(_) => None,
        }));
    }
    calls
}

/// How many calls are read in place, and how many other items there
/// are.
fn counts(text: &str) -> (usize, usize) {
    let mut reader = reader(text.as_bytes(), Content::Native);
    let mut parser = Parser::default();
    let mut counts = (0, 0);
    while let Some(block) = reader.read_block().unwrap() {
        reader.absorb(parser.parse(block));
        while let Some(ready) = reader.ready() {
            match ready {
                Ready::Simple(_) => counts.0 += 1,
                Ready::Item(_) => counts.1 += 1,
            }
        }
    }
    counts
}

#[test]
fn what_an_import_writes_is_read_in_place() {
    let header = "{\"mcppolicy\":\"trace/1\",\"grant\":\"header's\"}";
    let lines = [
        r#"{"ts":"2026-11-20T10:00:07.250Z","grant":"a","server":"s","tool":"t","arguments":{"a":[1]},"id":"1","origin":{"file":"a/b.jsonl","line":7}}"#,
        r#"{"ts":"2026-11-20T10:00:08Z","tool":"t","expect":"deny","note":"\u00e9"}"#,
        r#"{"ts":"2026-11-20T10:00:09Z","grant":null,"server":null,"tool":"t","arguments":null,"expect":"undetermined"}"#,
        r#"{"ts":"2026-11-20T10:00:10Z","tool":"t","observed":"allow","id":"1"}"#,
        r#"{"ts":"2026-11-20T10:00:11Z","tool":"t","response":{"result":{"content":[{"type":"text","text":"done\n"}]}}}"#,
    ];
    let text = format!("{header}\n{}\n", lines.join("\n"));
    assert_eq!(counts(&text), (5, 1));
    agree(text.as_bytes()).unwrap();
}

#[test]
fn what_depends_on_other_lines_or_is_odd_is_read_strictly() {
    for line in [
        r#"{"tool":"t"}"#,
        r#"{"at":"+1s","tool":"t"}"#,
        r#"{"ts":"2026-11-20T10:00:08Z","tool":"t","repeat":2}"#,
        r#"{"ts":"2026-11-20T10:00:08Z","tool":"t","expect":{"decision":"allow"}}"#,
        r#"{"ts":"2026-11-20T10:00:08Z","tool":"t","origin":{"file":"f","line":0}}"#,
        r#"{"ts":" 2026-11-20T10:00:08Z","tool":"t"}"#,
        r#"{"ts":"2026-11-20T10:00:08Z","tool":"t","unknown":1}"#,
        r#"{"ts":"2026-11-20T10:00:08Z","tool":"t","arguments":{"a":1,"a":2}}"#,
        r#"{"ts":"2026-11-20T10:00:08Z","tool":"t","id":7}"#,
        r#"{"ts":"2026-11-20T10:00:08Z","tool":"t","expect":"maybe"}"#,
        r#"{"ts":"2026-11-20T10:00:08Z","tool":7}"#,
        r#"{"ts":"2026-11-20T10:00:08Z","tool":"t","observed":"maybe"}"#,
        r#"{"ts":"2026-11-20T10:00:08Z","tool":"t","response":{"error":{"code":1}}}"#,
        r#"{"ts":"2026-11-20T10:00:08Z","tool":"t","response":{"id":1}}"#,
        r#"{"ts":"2026-11-20T10:00:08Z","tool":"t","response":{"result":{"content":"[POLICY DENIED]"}}}"#,
    ] {
        assert_eq!(counts(line), (0, 1), "{line}");
        agree(line.as_bytes()).unwrap();
    }
}

fn header() -> impl Strategy<Value = String> {
    select(
        &[
            "",
            "{\"mcppolicy\":\"trace/1\"}\n",
            "{\"mcppolicy\":\"trace/1\",\"grant\":\"g\",\"server\":null}\n",
            "{\"mcppolicy\":\"trace/1\",\"start\":\"2026-11-20T10:00:00Z\",\"step\":\"5s\"}\n",
            "{\"mcppolicy\":\"trace/1\",\"policy_sha256\":\"0000000000000000000000000000000000000000000000000000000000000000\"}\n",
            "{\"mcppolicy\":\"trace/2\",\"step\":\"5s\"}\n",
            "{\"mcppolicy\":\"trace/1\",\"start\":\"9999-12-31T23:59:50Z\",\"step\":\"5s\"\n",
        ][..],
    )
    .prop_map(str::to_owned)
}

/// What a line says of the response and of the decision.
fn came_back() -> impl Strategy<Value = String> {
    let observed = &[
        "\"allow\"",
        "\"allow\"",
        "\"deny\"",
        "\"maybe\"",
        "\"\\u0061llow\"",
        "1",
    ][..];
    let response = &[
        "{\"id\":1,\"result\":{}}",
        "{\"result\":{\"content\":[{\"type\":\"text\",\"text\":\"done\"}]}}",
        "{\"result\":{\"content\":[{\"type\":\"text\",\"text\":\"[POLICY DENIED] no\"}]}}",
        "{\"result\":{\"content\":\"\\u005bPOLICY DENIED] no\"}}",
        "{\"result\":null}",
        "{\"result\":[1],\"error\":null}",
        "{\"error\":{\"code\":-32603}}",
        "{\"result\":1,\"result\":2}",
        "{}",
        "[]",
    ][..];
    let times = &["\"2026-11-20T10:00:10Z\"", "null"][..];
    let members = (
        member(&["observed"], observed),
        member(&["response"], response),
        member(&["response_ts", "x"], times),
    );
    let rare = 1..5_u8;
    (members, rare).prop_map(|((observed, response, time), rare)| match rare {
        1 => format!("{observed}{response}{time}"),
        _ => format!("{observed}{response}"),
    })
}

fn line() -> BoxedStrategy<String> {
    let times = &[
        "\"2026-11-20T10:00:07.250Z\"",
        "\"2026-11-20T10:00:09Z\"",
        "\"2026-11-20T10:00:09+01:00\"",
        "\" 2026-11-20T10:00:09Z\"",
        "\"1795168807\"",
        "null",
    ][..];
    let names = &["\"a\"", "\"b\"", "null", "\"\"", "\"\\u0061\"", "7"][..];
    let first = (
        member(&["ts", "ts", "ts", "at"], times),
        member(&["grant"], names),
        member(&["server"], names),
        member(
            &["expect"],
            &[
                "\"allow\"",
                "\"deny\"",
                "\"undetermined\"",
                "{\"decision\":\"deny\"}",
                "\"x\"",
            ],
        ),
    );
    let second = (
        member(
            &["arguments"],
            &[
                "{}",
                "{\"a\":1}",
                "{\"a\":{\"b\":[\"\\n\"]}}",
                "null",
                "[]",
                "{\"a\":1,\"a\":2}",
                "{\"n\":1e400}",
            ],
        ),
        member(&["id", "note", "x"], &["\"1\"", "\"\\t\"", "1"]),
        member(
            &["origin"],
            &[
                "{\"file\":\"f\",\"line\":3}",
                "{\"file\":\"f\",\"line\":-1}",
                "{\"file\":\"f\"}",
                "null",
            ],
        ),
        member(
            &["repeat", "used"],
            &[
                "2",
                "[{\"place\":\"tool\",\"counter\":\"c\",\"window\":\"day\",\"used\":3}]",
            ],
        ),
        came_back(),
    );
    let tool = select(&["\"t\"", "\"t\"", "\"u\"", "\"\"", "\"\\u0074\"", "1"][..]);
    let call = (first, second, tool).prop_map(
        |((ts, grant, server, expect), (arguments, id, origin, more, back), tool)| {
            format!(
                "{{{ts}{grant}{server}{expect}{arguments}{id}{origin}{more}{back}\"tool\":{tool}}}"
            )
        },
    );
    prop_oneof![
        8 => call,
        1 => select(&["", " ", "{", "[]", "{\"mcppolicy\":\"trace/1\"}"][..]).prop_map(str::to_owned),
        2 => select(&[
            "{\"answers\":\"1\",\"outcome\":\"error\",\"ts\":\"2026-11-20T10:00:09Z\"}",
            "{\"answers\":\"1\",\"outcome\":\"result\"}",
            "{\"refused\":\"not-json\",\"ts\":\"2026-11-20T10:00:09Z\",\"grant\":\"a\"}",
        ][..]).prop_map(str::to_owned),
    ]
    .boxed()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn both_readers_yield_the_same_items(
        header in header(),
        lines in prop::collection::vec(line(), 1..10),
        ending in select(&["\n", "\r\n"][..]),
    ) {
        agree(format!("{header}{}", lines.join(ending)).as_bytes())?;
    }

    #[test]
    fn both_readers_yield_the_same_items_of_lines_of_one_shape(
        header in header(),
        lines in copies(line()),
        ending in select(&["\n", "\r\n", " \n"][..]),
    ) {
        agree(format!("{header}{}", lines.join(ending)).as_bytes())?;
    }

    #[test]
    fn both_readers_yield_the_same_items_of_damaged_lines(
        header in header(),
        lines in prop::collection::vec(line(), 1..5),
        changes in prop::collection::vec((any::<prop::sample::Index>(), select(&b"\"\\{}[],:0e.-tn \t\n\r\x01\xff\xc3"[..])), 1..5),
    ) {
        let mut bytes = format!("{header}{}", lines.join("\n")).into_bytes();
        for (at, byte) in changes {
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
        }
        agree(&bytes)?;
    }
}
