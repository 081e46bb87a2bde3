//! Where the readers of logs put what they find: calls that wait for their
//! responses, lines that were passed over, and what was taken for granted.

use std::collections::{BTreeSet, VecDeque};
use std::rc::Rc;

use super::account::{Assumed, GrantFrom};
use super::pairing::{Asked, Pairing};
use super::plain_call::PlainCall;
use super::skim::{Message, Skim, What};
use super::{Grant, Item, Ready, RecordedCall, Response, Server};
use mcppolicy_engine::document::Node;
use mcppolicy_engine::time::Time;

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

/// Who called, as far as a log says.
#[derive(Debug, Clone)]
pub(super) struct Who<N = String> {
    /// A grant that a wrapper recorded.
    pub grant: Option<Grant<N>>,
    pub session: Option<N>,
    pub user: Option<N>,
}

impl Default for Who {
    fn default() -> Who {
        Who {
            grant: None,
            session: None,
            user: None,
        }
    }
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
    /// Where keys are written.
    key: String,
}

/// The most split names that are listed.
const MOST_SPLIT_NAMES: usize = 20;

impl Sink {
    pub fn new(grant_from: Option<GrantFrom>) -> Sink {
        Sink {
            grant_from,
            ..Sink::default()
        }
    }

    /// What is next, once it is ready.
    pub fn next(&mut self) -> Option<Ready> {
        if let Some(item) = self.ready.pop_front() {
            return Some(Ready::Item(item));
        }
        match self.calls.next()? {
            Asked::Nothing => None,
            Asked::Call(call) => Some(Ready::Item(Item::Call(call))),
            Asked::Plain(call) => Some(Ready::Plain(call)),
        }
    }

    /// A message that was read where it stands; of a call, `index` is its number
    /// among those of its block.
    pub fn message(&mut self, skim: &Rc<Skim>, (at, message): (usize, &Message), index: usize) {
        let text = skim.str();
        if let What::Call { .. } = message.what {
            let who = Who {
                grant: message.grant,
                session: message.session,
                user: message.user,
            };
            let grant = self.grant(who, message.server.unwrap_or(Server::Default));
            let call = PlainCall::message(skim, (at, index), grant);
            let bytes = skim.line(message.line).0.len();
            let id = message.id.map(|id| id.of(text));
            return self.calls.hold(Asked::Plain(call), id, bytes);
        }
        let mut key = std::mem::take(&mut self.key);
        key.clear();
        message.write_key(text, &mut key);
        match message.what {
            What::Call { .. } => {}
            What::Other { method } => {
                self.other(method.of(text));
                if message.id.is_some() {
                    self.request(&key);
                }
            }
            What::Result => {
                if !self.answer(&key, Some(Response::Result), message.time) {
                    let line = skim.lines_before + message.line.number + 1;
                    self.pass_over(line, reason::NO_REQUEST);
                }
            }
        }
        self.key = key;
    }

    /// A call. With a `key` it waits for its response; `bytes` is how much text
    /// is held meanwhile.
    pub fn call(&mut self, mut call: RecordedCall, who: Who, key: Option<&str>, bytes: usize) {
        call.grant = self.grant(who, call.server.clone());
        self.calls.hold(Asked::Call(Box::new(call)), key, bytes);
    }

    /// A request that no policy decides, which still has a response.
    pub fn request(&mut self, key: &str) {
        self.calls.hold(Asked::Nothing, Some(key), 0);
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
        self.calls.close(key, |asked| asked.answer(response, time))
    }

    /// The nearest open call of this id never reached a server.
    pub fn take_back(&mut self, key: &str) -> bool {
        let mut line = None;
        let found = self.calls.close(key, |asked| {
            line = match std::mem::replace(asked, Asked::Nothing) {
                Asked::Nothing => None,
                Asked::Call(call) => Some(call.line),
                Asked::Plain(call) => Some(call.line()),
            };
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

    /// What was taken for granted, sorted.
    pub fn assumed(&self) -> Vec<Assumed> {
        self.assumed.iter().cloned().collect()
    }

    /// Something that is taken for granted.
    pub fn assume(&mut self, assumed: Assumed) {
        self.assumed.insert(assumed);
    }

    /// Who called, as the options say.
    fn grant<N>(&mut self, who: Who<N>, server: Server<N>) -> Grant<N> {
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
                Server::Named(name) => Grant::Named(name),
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

pub(super) fn text_time(text: &str) -> Option<Time> {
    let time = match Time::parse(text.trim()) {
        Ok(time) => time,
        Err(_) => return text.trim().parse().ok().and_then(epoch),
    };
    super::native::in_calendar(time).ok()
}

/// A number of seconds since the epoch, or of a unit in which it would lie
/// within a few thousand years of it.
pub(super) fn epoch(number: f64) -> Option<Time> {
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
