//! The vocabulary of recorded calls (traces.md), whatever format they come
//! from, and the small interface that every format implements.
//!
//! A reader turns lines into [`Item`]s and keeps no more in memory than one
//! line and the requests that wait for their responses ([`pairing`]). It decides
//! nothing: what a call means is the engine's business,
//! and what an expectation is worth is `replay`'s. A reader is plain data in,
//! plain data out (no [`SourceMap`], no counters), so that parsing can move to
//! other threads.

pub mod account;
mod claude_code;
mod claude_desktop;
mod codex;
mod elements;
mod gateway;
mod jsonrpc;
mod lenient;
pub mod lines;
mod log;
pub mod native;
mod openai;
mod otlp;
mod outline;
pub mod pairing;
pub mod recognise;

use std::io;

use crate::diagnostic::{Finding, Severity, WitnessCall};
use crate::source::{Location, SourceMap, Span};
use crate::time::{self, Time};
use crate::value::Value;
use account::{Assumed, Format};

/// The kinds that an expectation can name (policy language §3). The engine
/// has the same list as a type; a test in `replay` holds them together.
pub const KINDS: [&str; 9] = [
    "allow",
    "batch",
    "malformed",
    "no_policy",
    "hidden",
    "default_deny",
    "require",
    "deny_if",
    "limit",
];

/// The reasons that an expectation can name (policy language §5).
pub const REASONS: [&str; 5] = [
    "unknown-arguments",
    "unknown-time",
    "unknown-grant",
    "unknown-history",
    "late",
];

/// What a result says in its first text when the gateway refused the call.
pub const DENIED_PREFIX: &str = "[POLICY DENIED]";

/// Something that yields recorded calls.
pub trait Reader {
    /// The next item; `None` at the end.
    ///
    /// # Errors
    /// Only what the underlying input reports. What is wrong with a line is an
    /// item, and the reader goes on behind it.
    fn next(&mut self) -> io::Result<Option<Item>>;

    /// What it reads.
    fn format(&self) -> Format {
        Format::Native
    }

    /// What it has taken for granted so far, sorted, each once.
    fn assumed(&self) -> Vec<Assumed> {
        Vec::new()
    }
}

/// What a reader finds.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// What the file says of itself; only ever the first item.
    Header(Header),
    /// A `tools/call`, or a batch.
    Call(Box<RecordedCall>),
    /// A request of another method, which no policy decides.
    OtherMethod(String),
    /// A line that should have been a call and is not: it fails the run.
    Problem(BadLine),
    /// A line of a log that holds no call, and why.
    PassedOver {
        /// The line, from 1.
        line: usize,
        /// A few words, the same for all lines of a kind.
        reason: &'static str,
    },
}

/// One line of a file, kept so that a finding can show it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Line {
    /// Its number, from 1.
    pub number: usize,
    /// The offset of its first byte in the file, from 0.
    pub offset: usize,
    /// Its text without the line ending.
    pub text: String,
}

impl Line {
    /// Puts the line into `map` as a piece of the file `name`.
    fn add_to(&self, map: &mut SourceMap, name: &str) -> crate::source::FileId {
        map.add_piece(name, self.text.clone(), self.number, self.offset)
    }
}

/// What the first line of a native trace says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Header {
    /// The header's own line.
    pub line: Line,
    /// The policy that the trace is for, as written (relative to the trace),
    /// and where in the line.
    pub policy: Option<(String, Span)>,
    /// Free text.
    pub description: Option<String>,
}

impl Header {
    /// A place in the header's line as a location in `map`.
    pub fn locate(&self, map: &mut SourceMap, name: &str, span: Span) -> Location {
        Location {
            file: self.line.add_to(map, name),
            span,
        }
    }
}

/// A line that cannot be read, with everything that is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadLine {
    /// The line.
    pub line: Line,
    /// What is wrong, in the order of the line.
    pub complaints: Vec<Complaint>,
}

/// One thing wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// Where in the line, in bytes.
    pub span: Span,
    /// The same place as a JSON Pointer into the line's value.
    pub pointer: String,
    /// One sentence, without a full stop.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// Another place in the line, and what it has to do with this one.
    pub related: Option<(Span, &'static str)>,
}

impl BadLine {
    /// The complaints as findings (rule `trace`) about the file `name`.
    pub fn findings(&self, map: &mut SourceMap, name: &str) -> Vec<Finding> {
        let file = self.line.add_to(map, name);
        let finding = |complaint: &Complaint| {
            let location = Location {
                file,
                span: complaint.span,
            };
            let mut finding = Finding::new(
                "trace",
                Severity::Error,
                location,
                complaint.pointer.clone(),
                complaint.message.clone(),
            );
            finding.help.clone_from(&complaint.help);
            match complaint.related {
                Some((span, message)) => finding.related(Location { file, span }, message),
                None => finding,
            }
        };
        self.complaints.iter().map(finding).collect()
    }
}

/// A call as the recording has it.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedCall {
    /// The line of the trace, from 1.
    pub line: usize,
    /// Where it went.
    pub server: Server,
    /// Who called.
    pub grant: Grant,
    /// When; `None` is unknown. Of a repeated call, the first time.
    pub time: Option<Time>,
    /// What was asked for.
    pub request: RecordedRequest,
    /// Whether a member of the arguments is repeated, so that the last one
    /// was taken.
    pub repeats_an_argument: bool,
    /// What came back, when recorded.
    pub response: Option<Response>,
    /// When it came back; `None` is unknown.
    pub response_time: Option<Time>,
    /// What the log says was decided, beside any response.
    pub observed: Option<Observed>,
    /// What the author of the trace expects.
    pub expect: Option<Expectation>,
    /// How many times in a row; 1 is a single call.
    pub repeat: u64,
    /// The time between repetitions.
    pub every: time::Span,
    /// Free text.
    pub id: Option<String>,
    /// Free text.
    pub note: Option<String>,
    /// Where an importer found it.
    pub origin: Option<Origin>,
}

impl RecordedCall {
    /// A single call of `request` of which nothing else is recorded.
    pub fn new(request: RecordedRequest) -> RecordedCall {
        RecordedCall {
            line: 0,
            server: Server::Default,
            grant: Grant::Implicit,
            time: None,
            request,
            repeats_an_argument: false,
            response: None,
            response_time: None,
            observed: None,
            expect: None,
            repeat: 1,
            every: time::Span::default(),
            id: None,
            note: None,
            origin: None,
        }
    }

    /// The tool's name, where there is one.
    pub fn tool(&self) -> Option<&str> {
        match &self.request {
            RecordedRequest::Batch(_) => None,
            RecordedRequest::Tool { name, .. } => name.as_deref(),
        }
    }

    /// When repetition `index` (from 0) took place.
    pub fn time_of(&self, index: u64) -> Option<Time> {
        match index {
            0 => self.time,
            _ => self.time.map(|time| time.plus(self.every.times(index))),
        }
    }

    /// What the recording itself shows of the gateway's decision: by the
    /// response, or by what the log says without one.
    pub fn observed_decision(&self) -> Option<Observed> {
        match &self.response {
            Some(Response::Denied) => Some(Observed::Deny),
            Some(Response::Error(_) | Response::Result) => Some(Observed::Allow),
            None => self.observed,
        }
    }
}

impl From<&WitnessCall> for RecordedCall {
    fn from(witness: &WitnessCall) -> RecordedCall {
        RecordedCall {
            time: witness.at,
            repeat: witness.repeat,
            every: witness.every,
            ..RecordedCall::new(RecordedRequest::Tool {
                name: Some(witness.tool.clone()),
                arguments: RecordedArguments::Known(witness.arguments.clone()),
            })
        }
    }
}

/// Where a call went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Server {
    /// To this server.
    Named(String),
    /// The recording names none: to the policy's own.
    Default,
    /// The recording says that it is unknown.
    Unknown,
}

/// Who called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grant {
    /// This grant.
    Named(String),
    /// The recording names none: one grant stands for the whole file.
    Implicit,
    /// The recording says that it is unknown.
    Unknown,
}

impl Grant {
    /// The grant's name, where the recording has one.
    pub fn name(&self) -> Option<&str> {
        match self {
            Grant::Named(name) => Some(name),
            Grant::Implicit | Grant::Unknown => None,
        }
    }
}

/// What a recorded call asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum RecordedRequest {
    /// A JSON-RPC batch, as recorded.
    Batch(Value),
    /// A single call.
    Tool {
        /// The tool's name; `None` when there is none or it is no string.
        name: Option<String>,
        /// Its arguments.
        arguments: RecordedArguments,
    },
}

/// The arguments of a recorded call.
#[derive(Debug, Clone, PartialEq)]
pub enum RecordedArguments {
    /// An object; absent and null ones have become `{}`.
    Known(Value),
    /// Something else, which makes the call malformed.
    NotAnObject(Value),
    /// Redacted, hashed or cut in the recording.
    Unknown,
}

impl From<Option<Value>> for RecordedArguments {
    fn from(value: Option<Value>) -> RecordedArguments {
        match value {
            None | Some(Value::Null) => RecordedArguments::Known(Value::empty_object()),
            Some(object @ Value::Object(_)) => RecordedArguments::Known(object),
            Some(other) => RecordedArguments::NotAnObject(other),
        }
    }
}

/// A recorded JSON-RPC response, as far as replay needs it.
#[derive(Debug, Clone, PartialEq)]
pub enum Response {
    /// A JSON-RPC `error`, which gives quota back.
    Error(Value),
    /// The gateway's own denial.
    Denied,
    /// Any other response, `isError: true` included.
    Result,
}

/// A decision that a recording shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Observed {
    /// The call passed.
    Allow,
    /// The gateway refused it.
    Deny,
}

/// What is expected of a call's repetitions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expectation {
    /// The same of each.
    Each(Expected),
    /// Of so many one thing, of so many after them the next.
    Runs(Vec<(Expected, u64)>),
}

/// What is expected of one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// The decision.
    pub decision: DecisionName,
    /// The deciding rule, a JSON Pointer.
    pub rule: Option<String>,
    /// The deciding step, one of [`KINDS`].
    pub kind: Option<String>,
    /// Why it is undetermined, one of [`REASONS`].
    pub reason: Option<String>,
    /// The whole message.
    pub message: Option<String>,
    /// A part of the message.
    pub message_contains: Option<String>,
}

impl Expected {
    /// The decision and nothing else.
    pub const fn decision(decision: DecisionName) -> Expected {
        Expected {
            decision,
            rule: None,
            kind: None,
            reason: None,
            message: None,
            message_contains: None,
        }
    }
}

impl From<Observed> for Expected {
    fn from(observed: Observed) -> Expected {
        Expected::decision(match observed {
            Observed::Allow => DecisionName::Allow,
            Observed::Deny => DecisionName::Deny,
        })
    }
}

/// A decision by its name, as expectations and reports write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecisionName {
    /// The call passes.
    Allow,
    /// The call is refused.
    Deny,
    /// The recording does not say enough.
    Undetermined,
}

impl DecisionName {
    /// All of them.
    pub const ALL: [DecisionName; 3] = [
        DecisionName::Allow,
        DecisionName::Deny,
        DecisionName::Undetermined,
    ];

    /// The word in traces and reports.
    pub const fn name(self) -> &'static str {
        match self {
            DecisionName::Allow => "allow",
            DecisionName::Deny => "deny",
            DecisionName::Undetermined => "undetermined",
        }
    }
}

/// Where an importer found a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The log.
    pub file: String,
    /// Its line, from 1.
    pub line: u64,
}

/// One trace, opened: its header has been read, its calls have not.
pub struct Trace {
    /// The name that reports show.
    pub name: String,
    header: Option<Header>,
    first: Option<Item>,
    reader: Box<dyn Reader>,
}

impl Trace {
    /// Reads up to the first item that is no header.
    ///
    /// # Errors
    /// What the underlying input reports.
    pub fn open(name: impl Into<String>, mut reader: Box<dyn Reader>) -> io::Result<Trace> {
        let mut first = reader.next()?;
        let mut header = None;
        if let Some(Item::Header(found)) = first {
            header = Some(found);
            first = reader.next()?;
        }
        Ok(Trace {
            name: name.into(),
            header,
            first,
            reader,
        })
    }

    /// What the trace says of itself.
    pub fn header(&self) -> Option<&Header> {
        self.header.as_ref()
    }

    /// Which format the trace is in.
    pub fn format(&self) -> Format {
        self.reader.format()
    }

    /// What the reader has taken for granted so far, sorted, each once.
    pub fn assumed(&self) -> Vec<Assumed> {
        self.reader.assumed()
    }

    /// The next item behind the header; `None` at the end.
    ///
    /// # Errors
    /// What the underlying input reports.
    pub fn next_item(&mut self) -> io::Result<Option<Item>> {
        match self.first.take() {
            Some(item) => Ok(Some(item)),
            None => self.reader.next(),
        }
    }
}

impl std::fmt::Debug for Trace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Trace")
            .field("name", &self.name)
            .field("header", &self.header)
            .finish_non_exhaustive()
    }
}
