//! What the fast path reads of a block: spans of its text, and nothing that is
//! built.

use super::arguments::{Member, MemberRange, SimpleArguments};
use super::scanner::ByteSpan;
use crate::trace::call::{Grant, Server};
use crate::trace::expectation::DecisionName;
use crate::trace::message::{self, Side};
use crate::trace::response::Observed;
use mcppolicy_engine::engine::{Arguments, Request};
use mcppolicy_engine::time::Time;

/// A block whose lines have been read.
#[derive(Debug, Clone, PartialEq)]
pub struct ParsedBlock {
    pub(super) number: u64,
    pub(super) text: Text,
    /// What each of its lines is.
    pub(crate) entries: Vec<Entry>,
    /// The members of all calls' arguments.
    pub(super) members: Vec<Member>,
    /// How many lines come before the block; set when all of them have been
    /// read.
    pub(crate) lines_before: usize,
    pub(super) cut: bool,
    /// How many bytes of the input the block covers.
    pub(crate) length: usize,
    pub(super) longest: usize,
}

/// A block's content.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Text {
    Text(String),
    /// Not all of it is UTF-8.
    Bytes(Vec<u8>),
}

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Entry {
    /// A simple message.
    Message(ParsedMessage),
    /// Anything else, for the strict parser.
    Line(LineSpan),
}

/// A line within its block.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct LineSpan {
    /// Its number within the block, from 0.
    pub number: u32,
    pub span: ByteSpan,
}

/// A message and the members around it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ParsedMessage {
    pub line: LineSpan,
    pub time: Option<Time>,
    pub sender: Option<Side>,
    pub grant: Option<Grant<ByteSpan>>,
    pub session: Option<ByteSpan>,
    /// Its exchange, which counts where there is no session.
    pub exchange: Option<ByteSpan>,
    pub user: Option<ByteSpan>,
    pub server: Option<Server<ByteSpan>>,
    /// As it is written, including the quotes of a string.
    pub id: Option<ByteSpan>,
    /// What a native trace expects of it.
    pub expect: Option<DecisionName>,
    /// What the gateway decided, where a native trace says so.
    pub observed: Option<Observed>,
    /// Whether a native trace has a result beside the call, which is no denial.
    pub has_result: bool,
    /// When it came back, where a native trace says so.
    pub response_time: Option<Time>,
    pub kind: MessageKind,
}

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum MessageKind {
    Call {
        name: Option<ByteSpan>,
        /// The object, where there is one.
        arguments: Option<ByteSpan>,
        /// The range of its members in [`ParsedBlock::members`].
        members: MemberRange,
    },
    /// A request of another method, or a notification.
    Other { method: ByteSpan },
    /// A response that is neither an error nor the gateway's denial.
    Result,
}

impl ParsedMessage {
    /// A message without any content.
    pub const NONE: ParsedMessage = ParsedMessage {
        line: LineSpan {
            number: 0,
            span: ByteSpan { start: 0, end: 0 },
        },
        time: None,
        sender: None,
        grant: None,
        session: None,
        exchange: None,
        user: None,
        server: None,
        id: None,
        expect: None,
        observed: None,
        has_result: false,
        response_time: None,
        kind: MessageKind::Result,
    };

    /// Where it went, as far as its line says.
    pub fn server<'t>(&self, text: &'t str) -> Server<&'t str> {
        match self.server {
            Some(Server::Named(name)) => Server::Named(name.of(text)),
            Some(Server::Unknown) => Server::Unknown,
            Some(Server::Default) | None => Server::Default,
        }
    }

    /// Writes the key of the request that it is, or that it answers.
    pub fn write_key(&self, text: &str, out: &mut String) {
        let server = self.server(text);
        let session = self.session.or(self.exchange);
        let session = session.map(|session| session.of(text));
        let requester = match self.kind {
            MessageKind::Result => self.sender.map(Side::other),
            MessageKind::Call { .. } | MessageKind::Other { .. } => self.sender,
        };
        let id = self.id.map(|id| id.of(text)).unwrap_or_default();
        message::write_key(out, server, session, requester, id);
    }
}

impl ParsedBlock {
    /// The number of its block, from 0.
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// What `read` returns for the request of each call that is read in place,
    /// in the order of the calls.
    pub fn map_requests<T>(&self, mut read: impl FnMut(Request<'_>) -> T) -> Vec<T> {
        let mut all = Vec::with_capacity(self.entries.len());
        for entry in &self.entries {
            if let Entry::Message(message) = entry
                && let MessageKind::Call { .. } = message.kind
            {
                all.push(self.with_request(message, &mut read));
            }
        }
        all
    }

    /// What `read` returns for the request of a call.
    pub(super) fn with_request<T>(
        &self,
        message: &ParsedMessage,
        read: impl FnOnce(Request<'_>) -> T,
    ) -> T {
        let arguments = self.arguments_of(message);
        read(Request::Tool {
            name: self.tool_of(message),
            arguments: Arguments::Known(&arguments),
        })
    }

    /// The name of the tool that a message calls, where it names one.
    pub(super) fn tool_of(&self, message: &ParsedMessage) -> Option<&str> {
        match message.kind {
            MessageKind::Call { name, .. } => name.map(|name| name.of(self.str())),
            _ => None,
        }
    }

    /// The arguments of the call that a message is.
    pub(super) fn arguments_of(&self, message: &ParsedMessage) -> SimpleArguments<'_> {
        let (span, members) = match message.kind {
            MessageKind::Call {
                arguments,
                members: (first, last),
                ..
            } => (arguments, self.members.get(first as usize..last as usize)),
            _ => (None, None),
        };
        SimpleArguments::new(self.str(), span, members.unwrap_or_default())
    }

    /// The text; empty when it is not all UTF-8.
    pub(crate) fn str(&self) -> &str {
        match &self.text {
            Text::Text(text) => text,
            Text::Bytes(_) => "",
        }
    }

    /// A line's number in its input, from 1.
    pub(crate) fn line_number(&self, line: LineSpan) -> usize {
        self.lines_before + line.number as usize + 1
    }

    /// A line's bytes without its ending, and whether some are missing.
    pub(crate) fn line(&self, line: LineSpan) -> (&[u8], bool) {
        let all = match &self.text {
            Text::Text(text) => text.as_bytes(),
            Text::Bytes(bytes) => bytes,
        };
        let span = line.span.start as usize..line.span.end as usize;
        let bytes = all.get(span).unwrap_or_default();
        let bytes = match bytes.strip_suffix(b"\n") {
            Some(line) => line.strip_suffix(b"\r").unwrap_or(line),
            None => bytes,
        };
        (bytes, self.cut || bytes.len() > self.longest)
    }
}
