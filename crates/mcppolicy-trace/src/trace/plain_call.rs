//! A call that still stands in its block: read where it is only decided and
//! counted, and made a [`RecordedCall`] where more is asked of it.

use std::cell::OnceCell;
use std::rc::Rc;

use super::native::{self, Defaults};
use super::plain::{self, Place, Scanner};
use super::skim::{Entry, Member, Message, Skim, What};
use super::{Expected, Grant, RecordedArguments, RecordedCall, RecordedRequest, Response, Server};
use mcppolicy_engine::document::parse::parse_text;
use mcppolicy_engine::time::Time;
use mcppolicy_engine::value::Value;

/// A `tools/call` in a block, and what came back.
#[derive(Debug, Clone, PartialEq)]
pub struct PlainCall {
    skim: Rc<Skim>,
    /// Its place among the block's entries, and its number among the calls; both
    /// from 0.
    at: (usize, usize),
    kind: Kind,
    pub(super) response: Option<Response>,
    pub(super) response_time: Option<Time>,
}

/// What kind of line a call stands in.
#[derive(Debug, Clone, PartialEq)]
enum Kind {
    /// A raw message, and who is taken to have sent it.
    Message(Grant<Place>),
    /// A native trace's, with what the header says of all.
    Native(Rc<Defaults>),
}

impl Message {
    /// Where it went, as far as its line says.
    pub(super) fn server<'t>(&self, text: &'t str) -> Server<&'t str> {
        match self.server {
            Some(Server::Named(name)) => Server::Named(name.of(text)),
            Some(Server::Unknown) => Server::Unknown,
            Some(Server::Default) | None => Server::Default,
        }
    }
}

impl PlainCall {
    /// A raw message that `grant` is taken to have sent.
    pub(super) fn message(skim: &Rc<Skim>, at: (usize, usize), grant: Grant<Place>) -> PlainCall {
        PlainCall::new(skim, at, Kind::Message(grant))
    }

    /// A line of a native trace.
    pub(super) fn native(
        skim: &Rc<Skim>,
        at: (usize, usize),
        defaults: &Rc<Defaults>,
    ) -> PlainCall {
        let kind = Kind::Native(Rc::clone(defaults));
        PlainCall::new(skim, at, kind)
    }

    fn new(skim: &Rc<Skim>, at: (usize, usize), kind: Kind) -> PlainCall {
        PlainCall {
            skim: Rc::clone(skim),
            at,
            kind,
            response: None,
            response_time: None,
        }
    }

    /// What stands in its line.
    fn message_of(&self) -> &Message {
        match self.skim.entries.get(self.at.0) {
            Some(Entry::Message(message)) => message,
            // It was made from one.
            Some(Entry::Line(_)) | None => &Message::NONE,
        }
    }

    /// The number of its block, and its number among the calls in that; both
    /// from 0.
    pub fn position(&self) -> (u64, usize) {
        (self.skim.number, self.at.1)
    }

    /// Its line, from 1.
    pub fn line(&self) -> usize {
        self.skim.lines_before + self.message_of().line.number + 1
    }

    /// The tool's name, where there is one.
    pub fn tool(&self) -> Option<&str> {
        self.skim.tool_of(self.message_of())
    }

    /// Who called.
    pub fn grant(&self) -> Grant<&str> {
        let written = match (&self.kind, self.message_of().grant) {
            (Kind::Message(grant), _) => *grant,
            (Kind::Native(_), Some(grant)) => grant,
            (Kind::Native(defaults), None) => return defaults.grant.as_deref(),
        };
        match written {
            Grant::Named(name) => Grant::Named(name.of(self.skim.str())),
            Grant::Implicit => Grant::Implicit,
            Grant::Unknown => Grant::Unknown,
        }
    }

    /// Where it went.
    pub fn server(&self) -> Server<&str> {
        match (&self.kind, self.message_of().server) {
            (Kind::Native(defaults), None) => defaults.server.as_deref(),
            _ => self.message_of().server(self.skim.str()),
        }
    }

    /// When; `None` is unknown.
    pub fn time(&self) -> Option<Time> {
        self.message_of().time
    }

    /// What came back, when recorded.
    pub fn response(&self) -> Option<&Response> {
        self.response.as_ref()
    }

    /// When it came back; `None` is unknown.
    pub fn response_time(&self) -> Option<Time> {
        self.response_time
    }

    /// What the author of the trace expects.
    pub fn expected(&self) -> Option<Expected> {
        self.message_of().expect.map(Expected::decision)
    }

    /// Its arguments.
    pub fn arguments(&self) -> PlainArguments<'_> {
        self.skim.arguments_of(self.message_of())
    }

    /// Writes the key under which it waits for its response.
    pub(super) fn write_key(&self, out: &mut String) {
        self.message_of().write_key(self.skim.str(), out);
    }

    /// The same call on its own.
    pub fn to_call(&self) -> RecordedCall {
        if let Kind::Native(defaults) = &self.kind {
            let (line, _) = self.skim.line(self.message_of().line);
            if let Some(call) = native::plain(line, self.line(), defaults) {
                return call;
            }
        }
        let text = self.skim.str();
        let id = self.message_of().id.map(|id| id.of(text));
        RecordedCall {
            line: self.line(),
            server: self.server().to_owned(),
            grant: self.grant().to_owned(),
            time: self.message_of().time,
            response: self.response.clone(),
            response_time: self.response_time,
            id: id.map(|id| id.trim_matches('"').to_owned()),
            ..RecordedCall::new(RecordedRequest::Tool {
                name: self.tool().map(str::to_owned),
                arguments: RecordedArguments::Known(self.arguments().to_value()),
            })
        }
    }
}

impl Skim {
    /// The calls in the block, each with its tool's name, where there is one,
    /// and its arguments.
    pub fn calls(&self) -> impl Iterator<Item = (Option<&str>, PlainArguments<'_>)> {
        self.entries.iter().filter_map(|entry| match entry {
            Entry::Message(message) if matches!(message.what, What::Call { .. }) => {
                Some((self.tool_of(message), self.arguments_of(message)))
            }
            _ => None,
        })
    }

    fn tool_of(&self, message: &Message) -> Option<&str> {
        match message.what {
            What::Call { name, .. } => name.map(|name| name.of(self.str())),
            _ => None,
        }
    }

    fn arguments_of(&self, message: &Message) -> PlainArguments<'_> {
        let (place, members) = match message.what {
            What::Call {
                arguments,
                members: (first, last),
                ..
            } => (arguments, self.members.get(first..last)),
            _ => (None, None),
        };
        PlainArguments {
            text: self.str(),
            place,
            members: members.unwrap_or_default(),
            whole: OnceCell::new(),
        }
    }
}

/// A call's arguments, an object, where they stand in the text.
#[derive(Debug)]
pub struct PlainArguments<'t> {
    text: &'t str,
    /// Nothing when the call has none.
    place: Option<Place>,
    members: &'t [Member],
    whole: OnceCell<Value>,
}

/// A value in plain arguments.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Found<'a> {
    /// Nothing there, or something that has no members on the way.
    Missing,
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(f64),
    /// A string.
    String(&'a str),
    /// What does not stand for itself in the text: an array, an object, or a
    /// string with escapes; [`PlainArguments::whole`] has it.
    Elsewhere,
}

impl PlainArguments<'_> {
    /// What stands where the members named `segments` lead to, one inside the
    /// other.
    pub fn find(&self, segments: &[String]) -> Found<'_> {
        let Some((first, rest)) = segments.split_first() else {
            return Found::Elsewhere;
        };
        let member = self
            .members
            .iter()
            .find(|member| member.key.of(self.text) == first);
        let mut found = member.map(|member| member.value);
        for segment in rest {
            found = found.and_then(|object| self.member(object, segment));
        }
        found.map_or(Found::Missing, |value| self.found(value))
    }

    /// The member of an object.
    fn member(&self, object: plain::Value, name: &str) -> Option<plain::Value> {
        if object.kind != plain::Kind::Object {
            return None;
        }
        let mut scanner = Scanner::new(self.text);
        scanner.restart(object.place.start as usize);
        let mut found = None;
        scanner.object(|scanner, key| {
            let value = scanner.value()?;
            if key.of(self.text) == name {
                found = Some(value);
            }
            Some(())
        });
        found
    }

    fn found(&self, value: plain::Value) -> Found<'_> {
        let raw = value.place.of(self.text);
        match value.kind {
            plain::Kind::Null => Found::Null,
            plain::Kind::Bool => Found::Bool(raw == "true"),
            // A plain number is one, and far from the largest.
            plain::Kind::Number => raw.parse().map_or(Found::Elsewhere, Found::Number),
            plain::Kind::String => Found::String(value.place.unquoted().of(self.text)),
            plain::Kind::Escaped | plain::Kind::Array | plain::Kind::Object => Found::Elsewhere,
        }
    }

    /// The whole object, built when it is first asked for.
    pub fn whole(&self) -> &Value {
        self.whole.get_or_init(|| {
            let parsed = self.place.map(|place| parse_text(place.of(self.text)));
            match parsed {
                Some(Ok((root, _))) => root.to_value(),
                // There are none.
                _ => Value::empty_object(),
            }
        })
    }

    fn to_value(&self) -> Value {
        self.whole().clone()
    }
}
