//! The same for the native format: lines that are read in place, compared
//! with the reader of every line.

use std::io::Cursor;

use proptest::prelude::*;
use proptest::sample::select;

use super::{copies, member};
use crate::trace::block::{Blocks, Content};
use crate::trace::fast_path::Parser;
use crate::trace::item::Item;
use crate::trace::native::NativeReader;
use crate::trace::reader::{InBlocks, Reader, Ready};

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
    Ok(())
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
    ];
    let text = format!("{header}\n{}\n", lines.join("\n"));
    assert_eq!(counts(&text), (3, 1));
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
            &["repeat", "observed", "response", "used"],
            &[
                "2",
                "\"deny\"",
                "{\"id\":1,\"result\":{}}",
                "[{\"place\":\"tool\",\"counter\":\"c\",\"window\":\"day\",\"used\":3}]",
            ],
        ),
    );
    let tool = select(&["\"t\"", "\"t\"", "\"u\"", "\"\"", "\"\\u0074\"", "1"][..]);
    let call = (first, second, tool).prop_map(
        |((ts, grant, server, expect), (arguments, id, origin, more), tool)| {
            format!("{{{ts}{grant}{server}{expect}{arguments}{id}{origin}{more}\"tool\":{tool}}}")
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
