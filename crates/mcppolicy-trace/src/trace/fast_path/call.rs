//! A call that is read in place: its values are spans of the block's text, and
//! a [`RecordedCall`] is built only where more than the decision needs it.

use std::borrow::Cow;
use std::rc::Rc;

use super::arguments::SimpleArguments;
use super::parsed::{Entry, ParsedBlock, ParsedMessage};
use super::scanner::ByteSpan;
use crate::trace::call::{Grant, Origin, RecordedArguments, RecordedCall, RecordedRequest, Server};
use crate::trace::expectation::{Expectation, Expected};
use crate::trace::native_line::context::Defaults;
use crate::trace::native_line::line;
use crate::trace::response::{Observed, Response};
use crate::trace::view::CallView;
use mcppolicy_engine::engine::{LimitKey, Request};
use mcppolicy_engine::time::Time;

/// A `tools/call` in a block, and its response.
#[derive(Debug, Clone, PartialEq)]
pub struct SimpleCall {
    block: Rc<ParsedBlock>,
    /// Its index among the block's entries, and among the block's calls; both
    /// from 0.
    at: (u32, u32),
    kind: Kind,
    pub(crate) response: Option<Response>,
    pub(crate) response_time: Option<Time>,
}

/// What kind of line a call is in.
#[derive(Debug, Clone, PartialEq)]
enum Kind {
    /// A raw message, and the grant that is taken to have sent it.
    Message(Grant<ByteSpan>),
    /// A line of a native trace, and the defaults of the trace's header.
    Native(Rc<Defaults>),
}

impl SimpleCall {
    /// A raw message that `grant` is taken to have sent.
    pub(crate) fn message(
        block: &Rc<ParsedBlock>,
        at: (usize, usize),
        grant: Grant<ByteSpan>,
    ) -> SimpleCall {
        SimpleCall::new(block, at, Kind::Message(grant))
    }

    /// A line of a native trace.
    pub(crate) fn native(
        block: &Rc<ParsedBlock>,
        at: (usize, usize),
        defaults: &Rc<Defaults>,
    ) -> SimpleCall {
        let kind = Kind::Native(Rc::clone(defaults));
        let call = SimpleCall::new(block, at, kind);
        let response = call.parsed().has_result.then_some(Response::Result);
        let response_time = call.parsed().response_time;
        SimpleCall {
            response,
            response_time,
            ..call
        }
    }

    fn new(block: &Rc<ParsedBlock>, at: (usize, usize), kind: Kind) -> SimpleCall {
        // A block has far fewer lines.
        let index = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        SimpleCall {
            block: Rc::clone(block),
            at: (index(at.0), index(at.1)),
            kind,
            response: None,
            response_time: None,
        }
    }

    /// The parts of its line.
    fn parsed(&self) -> &ParsedMessage {
        match self.block.entries.get(self.at.0 as usize) {
            Some(Entry::Message(message)) => message,
            // It was made from a message.
            Some(Entry::Line(_)) | None => &ParsedMessage::NONE,
        }
    }

    /// The number of its block, and its index among the block's calls; both
    /// from 0.
    pub fn position(&self) -> (u64, usize) {
        (self.block.number(), self.at.1 as usize)
    }

    /// Its arguments.
    pub fn arguments(&self) -> SimpleArguments<'_> {
        self.block.arguments_of(self.parsed())
    }

    /// Writes the key under which it waits for its response.
    pub(crate) fn write_key(&self, out: &mut String) {
        self.parsed().write_key(self.block.str(), out);
    }

    /// The same call, built.
    pub fn to_call(&self) -> RecordedCall {
        if let Kind::Native(defaults) = &self.kind {
            let (bytes, _) = self.block.line(self.parsed().line);
            if let Some(call) = line::read_simple(bytes, self.line(), defaults) {
                return call;
            }
        }
        let text = self.block.str();
        let id = self.parsed().id.map(|id| id.of(text));
        RecordedCall {
            line: self.line(),
            server: self.server().to_owned(),
            grant: self.grant().to_owned(),
            time: self.parsed().time,
            response: self.response.clone(),
            response_time: self.response_time,
            id: id.map(|id| id.trim_matches('"').to_owned()),
            ..RecordedCall::new(RecordedRequest::Tool {
                name: self.tool().map(str::to_owned),
                arguments: RecordedArguments::Known(self.arguments().whole().clone().into()),
            })
        }
    }
}

impl CallView for SimpleCall {
    fn line(&self) -> usize {
        self.block.line_number(self.parsed().line)
    }

    fn server(&self) -> Server<&str> {
        match (&self.kind, self.parsed().server) {
            (Kind::Native(defaults), None) => defaults.server.as_deref(),
            _ => self.parsed().server(self.block.str()),
        }
    }

    fn grant(&self) -> Grant<&str> {
        let written = match (&self.kind, self.parsed().grant) {
            (Kind::Message(grant), _) => *grant,
            (Kind::Native(_), Some(grant)) => grant,
            (Kind::Native(defaults), None) => return defaults.grant.as_deref(),
        };
        match written {
            Grant::Named(name) => Grant::Named(name.of(self.block.str())),
            Grant::Implicit => Grant::Implicit,
            Grant::Unknown => Grant::Unknown,
        }
    }

    fn tool(&self) -> Option<&str> {
        self.block.tool_of(self.parsed())
    }

    fn with_request<T>(&self, read: impl FnOnce(Request<'_>) -> T) -> T {
        self.block.with_request(self.parsed(), read)
    }

    fn repeats_an_argument(&self) -> bool {
        // Such a call is not simple.
        false
    }

    fn repeat(&self) -> u64 {
        1
    }

    fn time_of(&self, _index: u64) -> Option<Time> {
        self.parsed().time
    }

    fn used(&self) -> &[(LimitKey, u64)] {
        // Such a call is not simple.
        &[]
    }

    fn response(&self) -> Option<&Response> {
        self.response.as_ref()
    }

    fn response_time(&self) -> Option<Time> {
        self.response_time
    }

    fn observed(&self) -> Option<Observed> {
        let shown = || self.response.as_ref().and_then(Response::observed);
        self.parsed().observed.or_else(shown)
    }

    fn expectation(&self) -> Option<Cow<'_, Expectation>> {
        let decision = self.parsed().expect?;
        Some(Cow::Owned(Expectation::Each(Expected::decision(decision))))
    }

    fn origin(&self) -> Option<Cow<'_, Origin>> {
        match self.kind {
            Kind::Message(_) => None,
            Kind::Native(_) => self.to_call().origin.map(Cow::Owned),
        }
    }

    fn to_recorded(&self) -> Cow<'_, RecordedCall> {
        Cow::Owned(self.to_call())
    }
}
