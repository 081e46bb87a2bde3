//! What `mcppolicy record` writes: each line that passes between a client and
//! a server, as raw JSON-RPC with its time and its direction. [`super::jsonrpc`]
//! recognises it.
//!
//! ```json
//! {"ts":"2026-11-20T10:00:07.250Z","dir":"client->server","message":{"jsonrpc":"2.0","id":1,"method":"tools/list"}}
//! {"ts":"2026-11-20T10:00:07.251Z","dir":"server->client","because":"not JSON","noise":"Listening on stdio"}
//! ```
//!
//! A message is in its record as it was sent, byte for byte but for white
//! space around it. A line that is no message is kept as a string, under a
//! member that no reader takes for a message: what a client skips as a
//! banner must not become a call because the tap has repaired it.

use serde::de::IgnoredAny;

use super::block::LONGEST_LINE;
use super::reason;
use super::tolerant_json::Json;
use mcppolicy_engine::document::borrowed::Node;
use mcppolicy_engine::time::Time;

/// Which way a line goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// What the client sends.
    ToServer,
    /// What the server sends.
    ToClient,
}

impl Direction {
    /// The name in a record.
    pub const fn name(self) -> &'static str {
        match self {
            Direction::ToServer => "client->server",
            Direction::ToClient => "server->client",
        }
    }
}

/// Whether a text is a direction as a tap writes it.
pub(super) fn is_direction(text: &str) -> bool {
    [Direction::ToServer, Direction::ToClient]
        .iter()
        .any(|direction| direction.name() == text)
}

/// The member of a record before a message.
const MESSAGE: &str = "\"message\":";

/// The longest line that is kept whole, in bytes: its record is to be read as
/// one line again.
const LONGEST: usize = LONGEST_LINE - 1024;
/// What is kept of a longer one.
const BEGINNING: usize = 4096;

/// One direction of a connection, split into lines.
#[derive(Debug)]
pub struct Tap {
    direction: Direction,
    /// The line that has not ended yet, up to [`LONGEST`] and one byte.
    line: Vec<u8>,
    /// How many bytes it has that are not kept.
    dropped: usize,
    cut: u64,
    records: u64,
    messages: u64,
}

impl Tap {
    /// A tap on one direction, before its first byte.
    pub fn new(direction: Direction) -> Tap {
        Tap {
            direction,
            line: Vec::new(),
            dropped: 0,
            cut: 0,
            records: 0,
            messages: 0,
        }
    }

    /// Takes bytes that pass at `time`, and adds to `out` a record for each
    /// line that they complete. Blank lines have none.
    pub fn pass(&mut self, bytes: &[u8], time: Time, out: &mut Vec<u8>) {
        for chunk in bytes.split_inclusive(|byte| *byte == b'\n') {
            let (content, ends) = match chunk.strip_suffix(b"\n") {
                Some(content) => (content, true),
                None => (chunk, false),
            };
            let free = (LONGEST + 1).saturating_sub(self.line.len());
            let kept = content.get(..free).unwrap_or(content);
            self.line.extend_from_slice(kept);
            self.dropped += content.len() - kept.len();
            if ends {
                self.end(time, out);
            }
        }
    }

    /// Ends the line that has begun, if any: at its ending, or where the
    /// stream stops without one.
    pub fn end(&mut self, time: Time, out: &mut Vec<u8>) {
        let content = record(&self.line, self.dropped);
        if let Some(content) = content {
            self.records += 1;
            self.messages += u64::from(content.starts_with(MESSAGE));
            let (ts, dir) = (time.to_millis(), self.direction.name());
            out.extend_from_slice(format!("{{\"ts\":\"{ts}\",\"dir\":\"{dir}\",").as_bytes());
            out.extend_from_slice(content.as_bytes());
            out.extend_from_slice(b"}\n");
        }
        self.cut += u64::from(self.line.len() > LONGEST);
        self.line.clear();
        self.dropped = 0;
    }

    /// How many records it has given.
    pub fn records(&self) -> u64 {
        self.records
    }

    /// How many of them hold a message.
    pub fn messages(&self) -> u64 {
        self.messages
    }

    /// How many lines were too long to be kept whole.
    pub fn cut(&self) -> u64 {
        self.cut
    }
}

/// One message of a connection that has no lines: the body of a request, or an
/// event of a stream.
#[derive(Debug, Clone, Copy)]
pub struct Passed<'a> {
    /// Which way it goes.
    pub direction: Direction,
    /// When it passes.
    pub time: Time,
    /// Further members of its record, by name, each a text.
    pub around: &'a [(&'static str, &'a str)],
    /// The message, byte for byte.
    pub bytes: &'a [u8],
}

impl Passed<'_> {
    /// Adds its record to `out`: as that of a line, but for line endings between
    /// the parts of its JSON, which become spaces. Whether a message is in it.
    pub fn write(&self, out: &mut Vec<u8>) -> bool {
        let one_line: Vec<u8> = self
            .bytes
            .iter()
            .map(|byte| match byte {
                b'\n' | b'\r' => b' ',
                byte => *byte,
            })
            .collect();
        match record(&one_line, 0) {
            Some(content) => {
                let is_message = content.starts_with(MESSAGE);
                self.put(&content, out);
                is_message
            }
            None => false,
        }
    }

    /// Adds a record of something that is not kept, and why.
    pub fn write_unkept(&self, what: &str, out: &mut Vec<u8>) {
        self.put(&noise(what, reason::NO_MESSAGE), out);
    }

    fn put(&self, content: &str, out: &mut Vec<u8>) {
        let (ts, dir) = (self.time.to_millis(), self.direction.name());
        let around: String = self
            .around
            .iter()
            .map(|(name, value)| format!("\"{name}\":{},", serde_json::Value::from(*value)))
            .collect();
        let line = format!("{{\"ts\":\"{ts}\",\"dir\":\"{dir}\",{around}{content}}}\n");
        out.extend_from_slice(line.as_bytes());
    }
}

/// The members that hold a line: a message, or what was there instead and why
/// it is none.
fn record(line: &[u8], dropped: usize) -> Option<String> {
    if line.len() > LONGEST {
        let beginning = line.get(..BEGINNING).unwrap_or(line);
        let noise = noise(&String::from_utf8_lossy(beginning), reason::TOO_LONG);
        return Some(format!("{noise},\"bytes\":{}", line.len() + dropped));
    }
    let Ok(text) = std::str::from_utf8(line) else {
        return Some(noise(&String::from_utf8_lossy(line), reason::NOT_UTF8));
    };
    let text = text.trim_matches([' ', '\t', '\r']);
    if text.is_empty() {
        return None;
    }
    Some(match why_not(text) {
        None => format!("{MESSAGE}{text}"),
        Some(why) => noise(text, why),
    })
}

/// Why a line is no JSON object or array.
fn why_not(text: &str) -> Option<&'static str> {
    // This looks at every byte and builds nothing.
    let is_json = serde_json::from_str::<IgnoredAny>(text).is_ok();
    match (is_json, text.starts_with(['{', '['])) {
        (true, true) => None,
        (true, false) => Some(reason::NO_MESSAGE),
        // Whether a reader would see it the same way is for the reader to say.
        (false, _) => Json::parse(text).err(),
    }
}

fn noise(text: &str, why: &str) -> String {
    let text = serde_json::Value::from(text);
    format!("\"because\":\"{why}\",\"noise\":{text}")
}

/// Why a line that a tap has kept is no message; `None` for any other line.
pub(super) fn noise_in(root: Node<'_>) -> Option<&'static str> {
    root.get("noise")?.as_str()?;
    let why = root.get("because").and_then(Node::as_str)?;
    let known = [
        reason::NOT_JSON,
        reason::CUT_OFF,
        reason::TOO_DEEP,
        reason::TOO_LONG,
        reason::NOT_UTF8,
    ];
    let known = known.into_iter().find(|known| *known == why);
    Some(known.unwrap_or(reason::NO_MESSAGE))
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::trace::options::{Format, Settings};
    use crate::trace::recognise::reader;
    use crate::trace::{Item, RecordedRequest, Trace};

    const TIME: &str = "2026-11-20T10:00:07.250Z";

    /// What is written of bytes that pass in chunks of some length.
    fn tapped(bytes: &[u8], chunk: usize) -> String {
        let time = Time::parse(TIME).unwrap();
        let mut tap = Tap::new(Direction::ToServer);
        let mut out = Vec::new();
        for chunk in bytes.chunks(chunk) {
            tap.pass(chunk, time, &mut out);
        }
        tap.end(time, &mut out);
        String::from_utf8(out).unwrap()
    }

    /// What the reader of traces makes of a recording: the names of the tools
    /// that are called, and each skipped line with the reason.
    fn read(recording: &str) -> (Vec<String>, Vec<(usize, &'static str)>) {
        let input = Cursor::new(recording.to_owned());
        let reader = reader(input, Settings::default()).unwrap();
        let mut trace = Trace::open("recording", reader).unwrap();
        assert_eq!(trace.format(), Format::JsonRpc);
        let (mut called, mut passed) = (Vec::new(), Vec::new());
        while let Some(item) = trace.next_item().unwrap() {
            match item {
                Item::Call(call) => match call.request {
                    RecordedRequest::Tool { name, .. } => called.push(name.unwrap()),
                    RecordedRequest::Batch(_) => called.push("(batch)".to_owned()),
                },
                Item::Skipped { line, reason } => passed.push((line, reason)),
                other => panic!("{other:?}"),
            }
        }
        (called, passed)
    }

    fn call(name: &str) -> String {
        format!(r#"{{"jsonrpc":"2.0","method":"tools/call","params":{{"name":"{name}"}}}}"#)
    }

    #[test]
    fn a_message_is_kept_byte_for_byte_with_time_and_direction() {
        let odd = r#"{"jsonrpc" : "2.0","method":"tools/call","params":{"name":"a\u002d","arguments":{"x":1.50,"x":2}}}"#;
        for chunk in [1, 2, 7, 1000] {
            assert_eq!(
                tapped(format!("{odd}\r\n").as_bytes(), chunk),
                format!("{{\"ts\":\"{TIME}\",\"dir\":\"client->server\",\"message\":{odd}}}\n")
            );
        }
        assert_eq!(read(&tapped(odd.as_bytes(), 10)).0, ["a-"]);
    }

    #[test]
    fn noise_is_kept_with_a_reason_and_is_never_a_call() {
        let call = call("x");
        let mut bytes = Vec::new();
        for line in ["Listening", "\u{1b}[31m\u{0}", "42", "", " \r", "{\"a\":"] {
            bytes.extend_from_slice(format!("{line}\n").as_bytes());
        }
        bytes.extend_from_slice(format!("{}\n", serde_json::Value::from(call.as_str())).as_bytes());
        bytes.extend_from_slice(&[call.as_bytes(), b"\xff\n"].concat());
        bytes.extend_from_slice(call.replace("\"x\"", "\"\u{e9}\"").as_bytes());
        bytes.push(b'\n');
        bytes.extend_from_slice("[".repeat(500).as_bytes());
        for chunk in [1, 3, 4096] {
            let (called, passed) = read(&tapped(&bytes, chunk));
            assert_eq!(called, ["é"]);
            assert_eq!(
                passed,
                [
                    (1, reason::NOT_JSON),
                    (2, reason::NOT_JSON),
                    (3, reason::NO_MESSAGE),
                    (4, reason::CUT_OFF),
                    (5, reason::NO_MESSAGE),
                    (6, reason::NOT_UTF8),
                    (8, reason::TOO_DEEP),
                ]
            );
        }
    }

    #[test]
    fn a_line_that_no_reader_would_read_is_kept_by_its_beginning() {
        let long = format!("{{\"a\":\"{}\"}}\n", "x".repeat(LONGEST));
        let time = Time::parse(TIME).unwrap();
        let mut tap = Tap::new(Direction::ToClient);
        let mut out = Vec::new();
        tap.pass(long.as_bytes(), time, &mut out);
        tap.pass(format!("{}\n", call("next")).as_bytes(), time, &mut out);
        assert_eq!(tap.cut(), 1);
        let recording = String::from_utf8(out).unwrap();
        let length = format!("\"bytes\":{}}}", long.len() - 1);
        assert!(recording.lines().next().unwrap().ends_with(&length));
        assert_eq!(
            read(&recording),
            (vec!["next".to_owned()], vec![(1, reason::TOO_LONG)])
        );
        let just = format!("[\"{}\"]", "x".repeat(LONGEST - 4));
        assert_eq!(
            read(&tapped(just.as_bytes(), 1 << 16)).1,
            [(1, reason::NO_MESSAGE)]
        );
    }

    #[test]
    fn a_recording_of_noise_alone_is_still_recognised() {
        let (called, passed) = read(&tapped(b"hello\n{\"level\":\"info\"}\n", 100));
        assert_eq!(called, [] as [&str; 0]);
        assert_eq!(passed, [(1, reason::NOT_JSON), (2, reason::NO_MESSAGE)]);
    }
}
