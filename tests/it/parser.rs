//! The strict parser against `serde_json`: they must accept the same texts and
//! read the same values, to the same depth, and every node must be where its
//! span says. What the parser collects instead of refusing (lone surrogates, numbers
//! beyond the doubles) is what `serde_json` refuses.

use mcppolicy_engine::document::parse::{Trouble, parse, parse_text};
use mcppolicy_engine::document::{Node, NodeKind};
use mcppolicy_engine::source::SourceMap;
use mcppolicy_engine::value::Value;

use crate::random::Random;

const MUTANTS: u64 = 300_000;

/// Texts to begin from: every construct of JSON, and its edges.
const SEEDS: [&str; 12] = [
    r#"{"version":"1","default":"deny","hide":["*"],"tools":{"pay":{"limits":[{"max":10}]}}}"#,
    r#" [ 1 , -0 , 0.5 , 1e0 , -1.25E+2 , 1e-7 , 9007199254740993 , 1e400 , 123456789012345678901 ] "#,
    r#"["\u0041\n\t\"\\\/\b\f\r","\ud83d\ude00","\ud83d","\ude00\ud83d","\ud83d\u0041","é😀"]"#,
    r#"{"a":1,"a":2,"\u0061":3,"b":{"a":null,"a":[]}}"#,
    "{\r\n\t\"x\" : true ,\n\"y\":[false , null, {}, []]\n}",
    "\"a string alone\"",
    "-12.50e+03",
    "[[[[[[]]]]],{\"\":{\"\":\"\"}}]",
    "[\"\u{7f}\u{80}\u{2028}\u{feff}\u{10ffff}\"]",
    "null",
    r#"[4.35,0.000001,1.7976931348623157e308,5e-324,2.2250738585072011e-308,0.1e1,100000000000000000000000]"#,
    r#"{"k":"\uD800\uDC00","l":"\uDBFF\uDFFF","m":"\uDC00"}"#,
];

/// What mutants are made of.
const PIECES: [&str; 44] = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\",
    "/",
    "-",
    "+",
    ".",
    "0",
    "1",
    "9",
    "e",
    "E",
    " ",
    "\n",
    "\t",
    "\r",
    "\u{b}",
    "\u{c}",
    "\u{1}",
    "\u{a0}",
    "\u{feff}",
    "null",
    "true",
    "false",
    "nul",
    "NaN",
    "Infinity",
    "\\u",
    "\\ud83d",
    "\\ude00",
    "\\u0000",
    "00",
    "1e400",
    "1e-400",
    "9007199254740993",
    "//",
    "'",
    "\u{e9}",
    "\u{1f600}",
];

#[test]
fn the_strict_parser_reads_what_serde_json_reads() {
    let mut random = Random::new(7);
    let (mut accepted, mut refused) = (0, 0);
    for round in 0..MUTANTS {
        let mut text = random.text(&SEEDS).to_owned();
        for _ in 0..round % 4 {
            mutate(&mut random, &mut text);
        }
        if agrees(&text) {
            accepted += 1;
        } else {
            refused += 1;
        }
    }
    println!("{accepted} accepted, {refused} refused");
    assert!(accepted > MUTANTS / 4 && refused > MUTANTS / 4);
}

#[test]
fn numbers_are_read_as_serde_json_reads_them() {
    let mut random = Random::new(8);
    for _ in 0..100_000 {
        let digits = |random: &mut Random, most: usize| {
            let count = 1 + random.below(most);
            (0..count)
                .map(|_| char::from(b'0' + random.below(10) as u8))
                .collect::<String>()
        };
        let mut text = String::new();
        if random.chance(30) {
            text.push('-');
        }
        text.push_str(digits(&mut random, 24).trim_start_matches('0'));
        if text.is_empty() || text == "-" {
            text.push('0');
        }
        if random.chance(60) {
            text = format!("{text}.{}", digits(&mut random, 24));
        }
        if random.chance(40) {
            text = format!("{text}e{}", random.between(-345, 315));
        }
        agrees(&text);
    }
}

#[test]
fn nesting_ends_where_serde_json_ends_it() {
    for (depth, fits) in [(126, true), (127, true), (128, false), (100_000, false)] {
        for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("[{\"a\":", "}]")] {
            let times = depth / open.matches(['[', '{']).count();
            // An odd depth of pairs needs one more array around it.
            let (before, after) = if times * open.matches(['[', '{']).count() < depth {
                ("[", "]")
            } else {
                ("", "")
            };
            let text = format!(
                "{before}{}0{}{after}",
                open.repeat(times),
                close.repeat(times)
            );
            assert_eq!(parse_text(&text).is_ok(), fits, "{depth} of {open}");
            let read = serde_json::from_str::<serde_json::Value>(&text);
            assert_eq!(read.is_ok(), fits, "{depth} of {open}");
        }
    }
}

#[test]
fn any_bytes_are_read_or_refused_at_a_place_in_the_file() {
    let mut random = Random::new(9);
    for _ in 0..100_000 {
        let mut bytes = random.text(&SEEDS).as_bytes().to_vec();
        for _ in 0..random.below(6) {
            let at = random.below(bytes.len() + 1);
            match random.below(4) {
                0 => bytes.insert(at, random.number() as u8),
                1 => bytes.truncate(at),
                2 => {
                    let at = random.below(bytes.len().max(1));
                    if let Some(byte) = bytes.get_mut(at) {
                        *byte = random.number() as u8;
                    }
                }
                _ => {
                    const MARKS: [&[u8]; 4] =
                        [b"\xFF\xFE", b"\xEF\xBB\xBF", b"{\0", b"\xED\xA0\x80"];
                    bytes.splice(at..at, random.pick(&MARKS).iter().copied());
                }
            }
        }
        let mut map = SourceMap::new();
        let (file, document, findings) = parse(&mut map, "x.json", &bytes);
        assert!(document.is_some() || !findings.is_empty());
        for finding in findings {
            let length = map.get(file).text().len();
            let span = finding.location.span;
            assert!(span.start <= span.end && span.end <= length, "{finding:?}");
            assert!(map.start(finding.location).line >= 1);
        }
    }
}

fn mutate(random: &mut Random, text: &mut String) {
    let places: Vec<usize> = text
        .char_indices()
        .map(|(at, _)| at)
        .chain([text.len()])
        .collect();
    let first = random.below(places.len());
    let from = places[first];
    let to = places[(first + random.below(3)).min(places.len() - 1)];
    match random.below(5) {
        0 => text.insert_str(from, random.text(&PIECES)),
        1 => text.replace_range(from..to, random.text(&PIECES)),
        2 => text.replace_range(from..to, ""),
        3 => {
            let copy = text[from..to].to_owned();
            text.insert_str(*random.pick(&places), &copy);
        }
        _ => text.truncate(if random.chance(20) { from } else { text.len() }),
    }
}

/// Whether both read the text; fails when they differ.
fn agrees(text: &str) -> bool {
    let theirs = serde_json::from_str::<serde_json::Value>(text);
    let ours = parse_text(text);
    let Ok((root, problems)) = ours else {
        assert!(theirs.is_err(), "only serde_json accepts {text:?}");
        return false;
    };
    let refused_there = problems.iter().any(|problem| {
        matches!(
            problem.trouble,
            Trouble::LoneSurrogate | Trouble::NumberOverflow
        )
    });
    for problem in &problems {
        assert!(text.get(problem.span.start..problem.span.end).is_some());
        assert!(
            root.at(&problem.pointer).is_some(),
            "{problem:?} in {text:?}"
        );
    }
    stands_where_it_says(text, &root);
    match theirs {
        Ok(theirs) => {
            assert!(!refused_there, "{problems:?} in {text:?}");
            // Of repeated keys the last counts, there and here.
            let (theirs, ours) = (Value::from(&theirs), root.to_value());
            assert_eq!(ours, theirs, "{text:?}");
        }
        Err(error) => assert!(refused_there, "only we accept {text:?}: {error}"),
    }
    true
}

/// Every node's and key's span must hold exactly what the tree says.
fn stands_where_it_says(text: &str, node: &Node) {
    let slice = &text[node.span.start..node.span.end];
    let (again, _) = parse_text(slice).unwrap_or_else(|error| panic!("{slice:?}: {error:?}"));
    assert_eq!(again.to_value(), node.to_value(), "{slice:?}");
    assert_eq!(
        (again.span.start, again.span.end),
        (0, slice.len()),
        "the span of {slice:?} holds more than the value"
    );
    for item in node.items() {
        stands_where_it_says(text, item);
    }
    for member in node.members() {
        let key = &text[member.key_span.start..member.key_span.end];
        match parse_text(key).expect("a string").0.kind {
            NodeKind::String(again) => assert_eq!(again, member.key),
            other => panic!("{key:?} is {other:?}"),
        }
        stands_where_it_says(text, &member.value);
    }
}
