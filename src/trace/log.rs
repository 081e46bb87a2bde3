//! What the readers of foreign logs share: taking a file apart, reading JSON
//! tolerantly and never silently, and handing out calls in the order of their
//! requests. A format says only what one piece of its file means.

use std::collections::{BTreeSet, VecDeque};
use std::io::{self, BufRead};

use super::account::{Assumed, Format, GrantFrom};
use super::elements::Elements;
use super::lines::{LONGEST_LINE, Lines, RawLine};
use super::pairing::Pairing;
use super::{Grant, Item, Reader, RecordedCall, Response, Server};
use crate::document::Node;
use crate::time::Time;

/// Why a line is passed over; formats add their own.
pub(super) mod reason {
    pub const NOT_JSON: &str = "not JSON";
    pub const CUT_OFF: &str = "cut off before its JSON ends";
    pub const TOO_DEEP: &str = "nested deeper than 127 levels";
    pub const TOO_LONG: &str = "longer than 16 MiB";
    pub const NOT_UTF8: &str = "not UTF-8";
    pub const OVERFLOW: &str = "a call that no gateway could parse: a number beyond doubles";
    pub const SURROGATE: &str = "a call that no gateway could parse: a lone surrogate";
    pub const NO_REQUEST: &str = "a response whose request is not in the log";
    pub const NO_CALL: &str = "no tool call in it";
    pub const NO_NAME: &str = "a tool call without the tool's name";
    pub const NOT_SENT: &str = "a tool call that was refused before it was sent";
}

/// A format of logs.
pub(super) trait LogFormat {
    /// Which it is.
    fn format(&self) -> Format;

    /// Reads one line, or one element of a document.
    fn piece(&mut self, piece: Piece<'_>, sink: &mut Sink);
}

/// A piece of a log that is text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece<'a> {
    /// The line on which it begins, from 1.
    pub line: usize,
    /// Its text; of a document's element, several lines.
    pub text: &'a str,
}

/// How a log is taken apart.
pub(super) enum Pieces<R> {
    Lines(Lines<R>),
    Elements(Elements<R>),
}

impl<R: BufRead> Pieces<R> {
    pub fn lines(input: R) -> Pieces<R> {
        Pieces::Lines(Lines::new(input))
    }

    pub fn elements(input: R) -> Pieces<R> {
        Pieces::Elements(Elements::new(input, LONGEST_LINE))
    }

    fn next(&mut self) -> io::Result<Option<RawLine<'_>>> {
        match self {
            Pieces::Lines(lines) => lines.next_line(),
            Pieces::Elements(elements) => elements.next_element(),
        }
    }
}

/// Reads a log of some format.
pub(super) struct LogReader<R, F> {
    pieces: Pieces<R>,
    format: F,
    sink: Sink,
    ended: bool,
}

impl<R: BufRead, F: LogFormat> LogReader<R, F> {
    pub fn new(pieces: Pieces<R>, format: F, grant_from: Option<GrantFrom>) -> LogReader<R, F> {
        LogReader {
            pieces,
            format,
            sink: Sink {
                grant_from,
                ..Sink::default()
            },
            ended: false,
        }
    }
}

impl<R: BufRead, F: LogFormat> Reader for LogReader<R, F> {
    fn next(&mut self) -> io::Result<Option<Item>> {
        loop {
            if let Some(item) = self.sink.next() {
                return Ok(Some(item));
            }
            if self.ended {
                return Ok(None);
            }
            let Some(raw) = self.pieces.next()? else {
                self.ended = true;
                self.sink.close_all();
                continue;
            };
            let line = raw.number;
            match text(&raw) {
                Ok(text) if text.trim().is_empty() => {}
                Ok(text) => self.format.piece(Piece { line, text }, &mut self.sink),
                Err(reason) => self.sink.pass_over(line, reason),
            }
        }
    }

    fn format(&self) -> Format {
        self.format.format()
    }

    fn assumed(&self) -> Vec<Assumed> {
        self.sink.assumed.iter().cloned().collect()
    }
}

/// The text of a piece; a byte-order mark at the beginning of a log is no part
/// of it.
fn text<'a>(raw: &RawLine<'a>) -> Result<&'a str, &'static str> {
    if raw.cut {
        return Err(reason::TOO_LONG);
    }
    let bytes = match raw.bytes.strip_prefix(b"\xEF\xBB\xBF") {
        Some(rest) if raw.offset == 0 => rest,
        _ => raw.bytes,
    };
    std::str::from_utf8(bytes).map_err(|_| reason::NOT_UTF8)
}

/// Who called, as far as a log says.
#[derive(Debug, Clone, Default)]
pub(super) struct Who {
    /// A grant that a wrapper recorded.
    pub grant: Option<Grant>,
    pub session: Option<String>,
    pub user: Option<String>,
}

/// Where a format puts what it finds.
#[derive(Default)]
pub(super) struct Sink {
    /// What needs no waiting.
    ready: VecDeque<Item>,
    calls: Pairing,
    grant_from: Option<GrantFrom>,
    assumed: BTreeSet<Assumed>,
    split_names: usize,
}

/// The most split names that are listed.
const MOST_SPLIT_NAMES: usize = 20;

impl Sink {
    fn next(&mut self) -> Option<Item> {
        if let Some(item) = self.ready.pop_front() {
            return Some(item);
        }
        self.calls.next().map(Item::Call)
    }

    /// A call. With a `key` it waits for its response; `bytes` is how much text
    /// is held meanwhile.
    pub fn call(&mut self, mut call: RecordedCall, who: Who, key: Option<String>, bytes: usize) {
        call.grant = self.grant(who, &call.server);
        self.calls.hold(Some(Box::new(call)), key, bytes);
    }

    /// A request that no policy decides, which still has a response.
    pub fn request(&mut self, key: String) {
        self.calls.hold(None, Some(key), 0);
    }

    /// A request of another method than `tools/call`.
    pub fn other(&mut self, method: &str) {
        self.ready.push_back(Item::OtherMethod(method.to_owned()));
    }

    /// A line without a call.
    pub fn pass_over(&mut self, line: usize, reason: &'static str) {
        self.ready.push_back(Item::PassedOver { line, reason });
    }

    /// The response to the nearest open request of this id; whether there was
    /// one.
    pub fn answer(&mut self, key: &str, response: Option<Response>, time: Option<Time>) -> bool {
        self.calls.close(key, |call| {
            if let Some(call) = call {
                call.response = response;
                call.response_time = time;
            }
        })
    }

    /// The nearest open call of this id never reached a server.
    pub fn take_back(&mut self, key: &str) -> bool {
        let mut line = None;
        let found = self.calls.close(key, |call| {
            line = call.take().map(|call| call.line);
        });
        if let Some(line) = line {
            self.pass_over(line, reason::NOT_SENT);
        }
        found
    }

    /// The nearest open call of this id, to know more of it.
    pub fn open_call(&mut self, key: &str) -> Option<&mut RecordedCall> {
        self.calls.peek(key)
    }

    /// No response comes any more.
    pub fn close_all(&mut self) {
        self.calls.close_all();
    }

    /// Something that is taken for granted.
    pub fn assume(&mut self, assumed: Assumed) {
        self.assumed.insert(assumed);
    }

    fn grant(&mut self, who: Who, server: &Server) -> Grant {
        let Who {
            grant,
            session,
            user,
        } = who;
        let from = match (self.grant_from, grant) {
            (None, Some(grant)) => return grant,
            (None, None) if session.is_none() => GrantFrom::File,
            (None, None) => GrantFrom::Session,
            (Some(from), _) => from,
        };
        let grant = match from {
            GrantFrom::File => return Grant::Implicit,
            GrantFrom::Session => session.map_or(Grant::Unknown, Grant::Named),
            GrantFrom::User => user.map_or(Grant::Unknown, Grant::Named),
            GrantFrom::Server => match server {
                Server::Named(name) => Grant::Named(name.clone()),
                // One server, so one grant.
                Server::Default => Grant::Implicit,
                Server::Unknown => Grant::Unknown,
            },
        };
        self.assume(Assumed::IsGrant(from));
        grant
    }

    /// A time in RFC 3339, or in seconds, milli-, micro- or nanoseconds since
    /// the epoch.
    pub fn time(&mut self, node: Option<&Node>) -> Option<Time> {
        let node = node.filter(|node| !node.is_null())?;
        let time = match node.as_str() {
            Some(text) => text_time(text),
            None => node.as_number().and_then(epoch),
        };
        if time.is_none() {
            self.assume(Assumed::UnreadableTime);
        }
        time
    }

    /// The server and the tool in a client's name for a tool: a name without
    /// `mcp__` is the client's own tool.
    pub fn split_name(&mut self, name: &str) -> (Server, String) {
        let parts = name
            .strip_prefix("mcp__")
            .and_then(|rest| rest.split_once("__"));
        let Some((server, tool)) =
            parts.filter(|(server, tool)| !server.is_empty() && !tool.is_empty())
        else {
            return (Server::Named(CLIENT.to_owned()), name.to_owned());
        };
        if tool.contains("__") {
            self.assume_split(name, server, tool);
        }
        (Server::Named(server.to_owned()), tool.to_owned())
    }

    fn assume_split(&mut self, name: &str, server: &str, tool: &str) {
        let assumed = Assumed::SplitName {
            name: name.to_owned(),
            server: server.to_owned(),
            tool: tool.to_owned(),
        };
        if self.assumed.contains(&assumed) {
            return;
        }
        self.split_names += 1;
        self.assume(match self.split_names <= MOST_SPLIT_NAMES {
            true => assumed,
            false => Assumed::MoreSplitNames,
        });
    }
}

/// The server of a client's own tools.
pub(super) const CLIENT: &str = "client";

fn text_time(text: &str) -> Option<Time> {
    let time = match Time::parse(text.trim()) {
        Ok(time) => time,
        Err(_) => return text.trim().parse().ok().and_then(epoch),
    };
    super::native::in_calendar(time).ok()
}

/// A number of seconds since the epoch, or of a unit in which it would lie
/// within a few thousand years of it.
fn epoch(number: f64) -> Option<Time> {
    let unit = match number.abs() {
        size if size < 1e11 => 1e9,
        size if size < 1e14 => 1e6,
        size if size < 1e17 => 1e3,
        _ => 1.0,
    };
    // A double holds a time of today to less than a microsecond.
    let micros = (number * unit / 1e3).round();
    if !micros.is_finite() || micros.abs() > 1e18 {
        return None;
    }
    super::native::in_calendar(Time::from_nanos(micros as i128 * 1_000)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::lenient::Json;

    #[test]
    fn a_time_may_be_rfc_3339_or_any_count_since_the_epoch() {
        let mut sink = Sink::default();
        let mut read = |text: &str| {
            let json = Json::parse(text).unwrap_or_else(|_| panic!("{text}"));
            sink.time(Some(&json.root)).map(|time| time.to_string())
        };
        let due = Some("2026-11-20T10:00:07.250Z".to_owned());
        for text in [
            "\"2026-11-20T10:00:07.25Z\"",
            "\"2026-11-20T12:00:07.250+02:00\"",
            "1795168807.25",
            "1795168807250",
            "\"1795168807250\"",
            "1795168807250000",
        ] {
            assert_eq!(read(text), due, "{text}");
        }
        for text in [
            "null",
            "\"yesterday\"",
            "true",
            "1e300",
            "\"2026-11-20T10:00:07\"",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        assert!(sink.assumed.contains(&Assumed::UnreadableTime));
    }

    #[test]
    fn names_split_at_the_first_underscores_and_say_so() {
        let mut sink = Sink::default();
        let mut split = |name: &str| match sink.split_name(name) {
            (Server::Named(server), tool) => (server, tool),
            other => panic!("{other:?}"),
        };
        let pair = |server: &str, tool: &str| (server.to_owned(), tool.to_owned());
        assert_eq!(split("mcp__github__get_me"), pair("github", "get_me"));
        assert_eq!(split("Bash"), pair("client", "Bash"));
        assert_eq!(split("mcp__lonely"), pair("client", "mcp__lonely"));
        assert_eq!(split("mcp____x"), pair("client", "mcp____x"));
        assert_eq!(split("mcp__a__b__c"), pair("a", "b__c"));
        assert_eq!(sink.assumed.len(), 1);
        for n in 0..100 {
            sink.split_name(&format!("mcp__a__b__{n}"));
        }
        assert_eq!(sink.assumed.len(), MOST_SPLIT_NAMES + 1);
    }
}
