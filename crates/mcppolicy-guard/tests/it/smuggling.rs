//! Random messages: whatever is forwarded, no reader finds a denied call in it;
//! whatever is shown, no reader finds a hidden tool in it.

use super::random::Random;
use super::readers::{STRICT, Tree, messages, readers};
use super::{Desk, cases, engine};
use mcppolicy_guard::{FromClient, FromServer, Headers};

const POLICY: &str = r#"{"version":"1","default":"deny","hide":["wipe"],"tools":{
    "read":{},
    "pay":{"require":[{"conditions":[{"path":"args.to","op":"in","value":["a","b"]}]}],
           "deny_if":[{"conditions":[{"path":"args.amount","op":"gt","value":10}]},
                      {"conditions":[{"path":"args.o.k","op":"eq","value":"x"}]}]}}}"#;

const NAMES: [&str; 10] = [
    "jsonrpc",
    "id",
    "method",
    "params",
    "name",
    "arguments",
    "to",
    "amount",
    "o",
    "k",
];

/// A name as it should be, or as someone would write it who wants it to be read
/// by some readers only.
fn name(random: &mut Random, name: &str) -> String {
    if !random.odd(60) {
        return format!("\"{name}\"");
    }
    let odd = match random.below(9) {
        0 => name.to_uppercase(),
        1 => {
            let mut letters = name.chars();
            let first = letters.next().into_iter().flat_map(char::to_uppercase);
            first.chain(letters).collect()
        }
        2 => format!("{name}\\u0000"),
        3 => format!("{name}\\u0000{name}"),
        4 => name.replace('s', "\u{17f}"),
        5 => name.replace('k', "\u{212a}").replace('i', "\u{131}"),
        6 => name
            .chars()
            .map(|letter| format!("\\u{:04x}", letter as u32))
            .collect(),
        7 => random.pick(&NAMES).to_owned(),
        _ => format!("{name} "),
    };
    format!("\"{odd}\"")
}

fn space(random: &mut Random) -> &'static str {
    if !random.odd(100) {
        return random.pick(&["", "", " ", "\t"]);
    }
    random.pick(&["\r", "\u{b}", "\u{a0}"])
}

/// An object of these members, some repeated, left out or out of order.
fn object(random: &mut Random, members: Vec<(&str, String)>) -> String {
    let mut written: Vec<String> = Vec::new();
    for (key, value) in members {
        if random.odd(100) {
            continue;
        }
        let member = format!("{}{}:{value}", name(random, key), space(random));
        if random.odd(50) {
            let at = random.below(written.len() + 1);
            written.insert(at, format!("{}:{}", name(random, key), scalar(random)));
        }
        if random.once_in(6) {
            written.insert(random.below(written.len() + 1), member);
        } else {
            written.push(member);
        }
    }
    let between = format!(",{}", space(random));
    format!("{{{}{}}}", space(random), written.join(&between))
}

fn scalar(random: &mut Random) -> String {
    let values = [
        "5",
        "50",
        "\"a\"",
        "\"c\"",
        "\"x\"",
        "null",
        "true",
        "{}",
        "[]",
        "-0",
        "1e1",
        "1e999",
        "NaN",
        "\"read\"",
        "\"wipe\"",
        "\"pay\"",
        "\"tools/call\"",
        "\"\\ud800\"",
        "\"\\u0061\"",
        "{\"k\":\"x\"}",
        "{\"K\":\"x\"}",
    ];
    random.pick(&values).to_owned()
}

fn arguments(random: &mut Random) -> String {
    let inner = {
        let value = random.pick(&["\"x\"", "\"y\"", "1"]).to_owned();
        object(random, vec![("k", value)])
    };
    let to = random.pick(&["\"a\"", "\"b\"", "\"c\""]).to_owned();
    let amount = random.pick(&["5", "50", "\"50\"", "0.5e2"]).to_owned();
    let arguments = object(random, vec![("to", to), ("amount", amount), ("o", inner)]);
    if random.odd(20) {
        scalar(random)
    } else {
        arguments
    }
}

fn message(random: &mut Random) -> String {
    let tool = random
        .pick(&["\"read\"", "\"pay\"", "\"pay\"", "\"wipe\"", "\"other\""])
        .to_owned();
    let given = arguments(random);
    let params = object(random, vec![("name", tool), ("arguments", given)]);
    let method = match random.below(12) {
        0 => "\"tools\\/call\"",
        1 => "\"Tools/Call\"",
        2 => "\"ping\"",
        3 => "\"tools/call\\u0000\"",
        _ => "\"tools/call\"",
    };
    let id = if random.odd(20) {
        "null"
    } else {
        random.pick(&["1", "1.0", "\"1\"", "2"])
    };
    let id = id.to_owned();
    let version = "\"2.0\"".to_owned();
    let members = vec![
        ("jsonrpc", version),
        ("id", id),
        ("method", method.to_owned()),
        ("params", params),
    ];
    object(random, members)
}

fn line(random: &mut Random) -> Vec<u8> {
    let one = message(random);
    let kind = if random.odd(6) { random.below(6) } else { 6 };
    let text = match kind {
        0 => format!("[{one}]"),
        1 => format!("{one}{}", message(random)),
        2 => format!("{one}\r{}", message(random)),
        3 => format!("{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":\r{one}\r}}"),
        4 => format!("\u{feff}{one}"),
        5 => format!("{{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{one}}}"),
        _ => one,
    };
    let mut bytes = text.into_bytes();
    // Some bytes that are not as they should be.
    let changes = if random.odd(8) {
        1 + random.below(2)
    } else {
        0
    };
    for _ in 0..changes {
        let at = random.below(bytes.len());
        match random.below(4) {
            0 => drop(bytes.remove(at)),
            1 => bytes.insert(
                at,
                *random.pick(&[&b'"', &b'\r', &b'{', &0, &0xFF, &b',', &b'\\']),
            ),
            2 => bytes[at] ^= 0x20,
            _ => bytes.truncate(at + 1),
        }
    }
    bytes.retain(|byte| *byte != b'\n');
    bytes.extend_from_slice(random.pick(&["\n", "\r\n"]).as_bytes());
    bytes
}

/// Answers a request, so that its id is free again.
fn answer(desk: &mut Desk, message: &Tree) {
    if let Some(id @ (Tree::Number(_) | Tree::Text(_))) = STRICT.member(message, "id") {
        let id = STRICT.value(id);
        let answer = format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{{}}}}\n");
        let _ = desk.server(answer.as_bytes());
    }
}

#[test]
fn no_reader_finds_a_denied_call_in_what_is_forwarded() {
    let engine = engine(POLICY);
    let (mut plain, mut forwarded, mut calls, mut cut) = (0_u64, 0_u64, 0_u64, 0_u64);
    let all = cases("MCPPOLICY_GUARD_MESSAGES", 30_000);
    let seed = cases("MCPPOLICY_GUARD_SEED", 1);
    let mut random = Random::new(seed);
    let mut desk = Desk::new(POLICY);
    for number in 0..all {
        if number % 64 == 0 {
            desk = Desk::new(POLICY);
        }
        random.is_plain = random.once_in(4);
        let line = line(&mut random);
        let shown = String::from_utf8_lossy(&line).into_owned();
        let whole = messages(&line);
        if random.is_plain {
            // With nothing odd about it, what is allowed passes byte for byte.
            let is_denied = STRICT.finds_denied(&whole[0], &engine);
            match desk.client(&line) {
                FromClient::Forward(bytes) => {
                    assert!(!is_denied, "{number}: {shown}");
                    assert_eq!(*bytes, *line, "{number}: {shown}");
                    plain += 1;
                    answer(&mut desk, &whole[0]);
                }
                _ => assert!(is_denied, "{number}: {shown}"),
            }
            continue;
        }
        // Over HTTP a message may have more than one line.
        let is_body = random.once_in(3);
        // Its headers may say something else than the message.
        let mut said = |texts: &[&'static str]| random.odd(10).then(|| random.pick(texts));
        let headers = Headers {
            method: said(&["tools/call", "ping", "Tools/Call"]),
            name: said(&["read", "pay", "wipe", "=?base64?cmVhZA==?="]),
            ..Headers::default()
        };
        let action = match is_body {
            true => desk.body(&headers, &line),
            false => desk.client(&line),
        };
        let FromClient::Forward(bytes) = action else {
            continue;
        };
        forwarded += 1;
        let is_cut = bytes.len() != line.len();
        cut += u64::from(is_cut);
        let read = messages(&bytes);
        assert_eq!(read.len(), 1, "{number}: {shown}");
        for reader in readers() {
            for message in &read {
                assert!(
                    !reader.finds_denied(message, &engine),
                    "{number}: {reader:?} finds a denied call in {shown}"
                );
            }
        }
        let [message] = &read[..] else { unreachable!() };
        assert!(!matches!(message, Tree::Array(_)), "{number}: {shown}");
        calls += u64::from(
            STRICT.member(message, "method") == Some(&Tree::Text("tools/call".to_owned())),
        );
        let text = |tree: Option<&Tree>| match tree {
            Some(Tree::Text(text)) => Some(text.clone()),
            _ => None,
        };
        let method = text(STRICT.member(message, "method"));
        if let (true, Some(header)) = (is_body, headers.method) {
            assert_eq!(method.as_deref(), Some(header), "{number}: {shown}");
        }
        if let (true, Some(header), Some("tools/call")) = (is_body, headers.name, method.as_deref())
        {
            let params = STRICT.member(message, "params");
            let name = text(params.and_then(|params| STRICT.member(params, "name")));
            let header = header.replace("=?base64?cmVhZA==?=", "read");
            assert_eq!(name, Some(header), "{number}: {shown}");
        }
        // What is cut changes nothing for a strict reader.
        let whole = match is_body {
            true => vec![serde_json::from_slice(&line).unwrap()],
            false => whole,
        };
        for original in &whole {
            assert_eq!(
                STRICT.value(original),
                STRICT.value(message),
                "{number}: {shown}"
            );
        }
        answer(&mut desk, message);
    }
    println!(
        "{all} messages: {plain} plain ones and {forwarded} odd ones forwarded, \
         {calls} of these calls, {cut} with a cut"
    );
    assert!(
        calls * 20 > all && plain * 20 > all && cut > 0,
        "the messages try nothing"
    );
}

fn list(random: &mut Random) -> Vec<u8> {
    let mut tools: Vec<String> = Vec::new();
    for _ in 0..random.below(4) {
        let tool = random
            .pick(&["\"read\"", "\"wipe\"", "\"w\\u0069pe\"", "\"Wipe\"", "1"])
            .to_owned();
        let described = "\"d\"".to_owned();
        tools.push(object(
            random,
            vec![("name", tool), ("description", described)],
        ));
    }
    let result = object(
        random,
        vec![
            ("tools", format!("[{}]", tools.join(","))),
            ("nextCursor", "\"c\"".to_owned()),
        ],
    );
    let result = object(random, vec![("id", "1".to_owned()), ("result", result)]);
    let mut text = match random.below(12) {
        0 => format!("[{result}]"),
        1 => format!("{{\"id\":1,\"result\":\r{result}\r}}"),
        2 => format!("{result}\r{result}"),
        3 => format!("[{result},{result}]"),
        _ => result,
    };
    text.push('\n');
    text.into_bytes()
}

#[test]
fn no_reader_finds_a_hidden_tool_in_what_is_shown() {
    let all = cases("MCPPOLICY_GUARD_MESSAGES", 30_000);
    let mut random = Random::new(cases("MCPPOLICY_GUARD_SEED", 1));
    let mut desk = Desk::new(POLICY);
    let (mut shown, mut changed) = (0_u64, 0_u64);
    for number in 0..all {
        let line = list(&mut random);
        let FromServer::Forward(bytes) = desk.server(&line) else {
            continue;
        };
        shown += 1;
        changed += u64::from(*bytes != *line);
        for message in messages(&bytes) {
            for reader in readers() {
                let names = reader.listed(&message);
                assert!(
                    !names.iter().any(|name| name == "wipe"),
                    "{number}: {reader:?} finds it in {}",
                    String::from_utf8_lossy(&bytes)
                );
            }
        }
    }
    println!("{all} lists: {shown} shown, {changed} of them changed");
    assert!(changed * 10 > all && shown > changed);
}
