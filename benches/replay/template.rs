//! Log lines with places for what differs from call to call.

use std::io::Write;

use crate::workload::{Call, Moment, SERVER};

/// How many calls one session has.
pub const CALLS_OF_SESSION: u64 = 40;

/// How long a call takes, in milliseconds.
const LATENCY: u64 = 120;

/// Writes `template` with the values of `call` in its places. A place is the name of a
/// value between `<<` and `>>`; [`value`] has the names.
pub fn write(out: &mut impl Write, template: &str, call: &Call) {
    let mut parts = template.split("<<");
    let before = parts.next().unwrap_or_default();
    out.write_all(before.as_bytes()).unwrap();
    for part in parts {
        let (name, after) = part.split_once(">>").unwrap();
        write!(out, "{}{after}", value(name, call)).unwrap();
    }
}

/// The value of this name. `_text` behind a name makes the value a JSON string.
fn value(name: &str, call: &Call) -> String {
    if let Some(inner) = name.strip_suffix("_text") {
        return serde_json::to_string(&value(inner, call)).unwrap();
    }
    let number = call.number;
    let end = Moment(call.moment.0 + LATENCY);
    let in_session = number % CALLS_OF_SESSION;
    match name {
        "server" => SERVER.to_owned(),
        "tool" => call.tool.clone(),
        "arguments" => call.arguments.clone(),
        // When the call was made and when it was answered.
        "ts" => call.moment.rfc3339(),
        "end" => end.rfc3339(),
        "local" => call.moment.local(),
        "local_end" => end.local(),
        "millis" => call.moment.unix_millis().to_string(),
        "millis_end" => end.unix_millis().to_string(),
        "nanos" => format!("{}000000", call.moment.unix_millis()),
        "nanos_end" => format!("{}000000", end.unix_millis()),
        "offset" => call.moment.0.to_string(),
        "offset_end" => end.0.to_string(),
        // Ids: of the session, of the call, of records and spans before and after it.
        "session" => uuid(number / CALLS_OF_SESSION, 0),
        "trace" => uuid(number / CALLS_OF_SESSION, 0).replace('-', ""),
        "number" => number.to_string(),
        "in_session" => in_session.to_string(),
        "id" => hex(number, 0),
        "uuid" => uuid(number, 1),
        "uuid_before" => uuid(number.wrapping_sub(1), 2),
        "uuid_after" => uuid(number, 2),
        "hash" => (0..4).map(|part| hex(number, part)).collect(),
        // What came back.
        "text" => format!("{} matches in {} files", number % 97, number % 13),
        "content" => {
            let text = value("text_text", call);
            format!("{{\"content\":[{{\"type\":\"text\",\"text\":{text}}}]}}")
        }
        // The messages of the protocol.
        "request" => format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":{number},\"method\":\"tools/call\",\"params\":{{\"name\":\"{}\",\"arguments\":{},\"_meta\":{{\"progressToken\":{number}}}}}}}",
            call.tool, call.arguments,
        ),
        "response" => format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":{number},\"result\":{}}}",
            value("content", call),
        ),
        _ => unreachable!("no value is named {name}"),
    }
}

/// Sixteen digits that differ for each `number` and `kind`.
fn hex(number: u64, kind: u64) -> String {
    // An odd factor makes no two numbers alike.
    let mixed = number
        .wrapping_mul(8)
        .wrapping_add(kind)
        .wrapping_mul(0x9E37_79B9_7F4A_7C15);
    format!("{mixed:016x}")
}

/// An id in the form of a UUID that differs for each `number` and `kind`.
fn uuid(number: u64, kind: u64) -> String {
    let (digits, more) = (hex(number, kind), hex(number, kind + 4));
    format!(
        "{}-{}-4{}-a{}-{}{}",
        &digits[..8],
        &digits[8..12],
        &digits[13..16],
        &more[1..4],
        &more[4..12],
        &digits[12..16],
    )
}
