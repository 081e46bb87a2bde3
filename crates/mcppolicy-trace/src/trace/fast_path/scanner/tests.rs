//! The scanner compared with the strict parser.

use super::*;
use mcppolicy_engine::document::parse::parse_text;
use proptest::prelude::*;

fn is_simple(text: &str) -> bool {
    let mut scanner = Scanner::new(text);
    scanner.skip_space();
    if scanner.value().is_none() {
        return false;
    }
    scanner.skip_space();
    scanner.at == text.len()
}

#[test]
fn what_programs_write_is_simple() {
    for text in [
        "{}",
        "[]",
        " { \"a\" : [ 1 , -0.5 , true , false , null ] , \"b\" : { } } ",
        r#"{"escaped":"a\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00","é":"東京"}"#,
        "[0,10,1234567890.25]",
        "\"a string of more than eight bytes\"",
    ] {
        assert!(is_simple(text), "{text}");
    }
    let deep = format!("{}{}", "[".repeat(127), "]".repeat(127));
    assert!(is_simple(&deep));
}

#[test]
fn what_is_odd_is_left_to_the_strict_parser() {
    for text in [
        "",
        "{",
        "[1,]",
        "{\"a\":1,}",
        "{\"a\" 1}",
        "[01]",
        "[1.]",
        "[-]",
        "[+1]",
        "[1e5]",
        "[.5]",
        "\"tab\there\"",
        "\"newline\nhere and on\"",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\ud800\"",
        "\"\\ud800\\u0041\"",
        "\"\\udc00\"",
        "{\"a\":1,\"a\":2}",
        "{\"a long key of its own\":1,\"a long key of its own\":2}",
        "{\"\\u0061\":1}",
        "{1:2}",
        "tru",
        "nul",
        "'a'",
        "[1 2]",
        "{\"a\":1}}",
    ] {
        assert!(!is_simple(text), "{text}");
    }
    assert!(!is_simple(&"[".repeat(100_000)));
    let deep = format!("{}{}", "[".repeat(128), "]".repeat(128));
    assert!(!is_simple(&deep));
    let long = format!("[{}]", "1".repeat(LONGEST_NUMBER + 1));
    assert!(!is_simple(&long));
    let many: Vec<String> = (0..=MOST_MEMBERS).map(|n| format!("\"{n}\":0")).collect();
    assert!(!is_simple(&format!("{{{}}}", many.join(","))));
}

/// Compares the scanner with the strict parser: what is simple is accepted
/// there without a complaint, value for value in the same lines.
fn agrees(text: &str) -> Result<(), TestCaseError> {
    if text.contains('\n') || !is_simple(text) {
        return Ok(());
    }
    let parsed = parse_text(text);
    prop_assert!(parsed.is_ok(), "{text:?}: {parsed:?}");
    let (root, problems) = parsed.map_err(|_| TestCaseError::fail("rejected"))?;
    let odd = |problem: &&mcppolicy_engine::document::parse::Defect| {
        problem.trouble != mcppolicy_engine::document::parse::Trouble::InexactNumber
    };
    prop_assert_eq!(problems.iter().find(odd), None, "{:?}", text);
    let mut scanner = Scanner::new(text);
    scanner.skip_space();
    let value = scanner.value();
    prop_assert_eq!(
        value.map(|value| (value.span.start as usize, value.span.end as usize)),
        Some((root.span.start, root.span.end))
    );
    let mut members = Vec::new();
    if value.is_some_and(|value| value.kind == ValueKind::Object) {
        scanner.restart(root.span.start);
        let read = scanner.object(|scanner, key| {
            let value = scanner.value()?;
            members.push((key.of(text), value.span));
            Some(())
        });
        prop_assert_eq!(read, Some(()));
    }
    let expected: Vec<(&str, usize, usize)> = root
        .members()
        .iter()
        .map(|member| {
            let span = member.value.span;
            (member.key.as_str(), span.start, span.end)
        })
        .collect();
    let found: Vec<(&str, usize, usize)> = members
        .iter()
        .map(|(key, span)| (*key, span.start as usize, span.end as usize))
        .collect();
    prop_assert_eq!(found, expected);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_simple_the_strict_parser_reads_alike(
        tokens in prop::collection::vec(prop::sample::select(&[
            "{", "}", "[", "]", ",", ":", "\"a\"", "\"b\"", "\"ab\"", "\"longer than eight\"",
            "\"\\n\"", "\"\\u0041\"", "\"\\ud83d\\ude00\"", "\"\\ud83d\"", "1", "-1", "0.5", "01",
            "1e400", "9007199254740993", "true", "false", "null", " ", "\t", "\r", "\u{1}", "é", "\"",
        ][..]), 0..24)
    ) {
        agrees(&tokens.concat())?;
    }

    #[test]
    fn a_simple_text_with_bytes_changed_is_simple_only_where_the_parser_agrees(
        changes in prop::collection::vec((0_usize..200, prop::sample::select(&b"\"\\{}[],:0123eE.+-truefalsn \t\x01x"[..])), 0..4)
    ) {
        let mut bytes = br#"{"ts":"2026-11-19T08:00:00.003Z","message":{"id":1,"params":{"name":"edit","arguments":{"path":"/etc/x","edits":[{"old":"a\"b","new":null}],"n":-2.50,"dry":false}}},"u":"\u00e9\ud83d\ude00"}"#.to_vec();
        let length = bytes.len();
        for (at, byte) in changes {
            bytes[at % length] = byte;
        }
        agrees(&String::from_utf8(bytes).unwrap())?;
    }
}

#[test]
fn a_string_ends_at_a_quote_and_at_nothing_that_resembles_one() {
    for length in 0..20 {
        for at in 0..=length {
            for byte in 0..=0x7F_u8 {
                let mut text = "x".repeat(length);
                text.insert(at, char::from(byte));
                let text = format!("\"{text}\",\"é\"");
                let mut scanner = Scanner::new(&text);
                let found = scanner.value().map(|value| value.span.of(&text));
                let mut values = serde_json::Deserializer::from_str(&text).into_iter::<String>();
                let is_string = values.next().is_some_and(|value| value.is_ok());
                let end = values.byte_offset();
                let expected = is_string.then(|| text.get(..end).unwrap());
                assert_eq!(found, expected, "{text}");
            }
        }
    }
}
