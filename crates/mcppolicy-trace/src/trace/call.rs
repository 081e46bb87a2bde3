//! One recorded call: the request, who sent it where and when, the response,
//! and what its author expects; as much of it as the recording says.

use super::digest;
use super::expectation::{DecisionName, Expectation};
use super::known::KnownArguments;
use super::response::{Observed, Response};
use super::witness::WitnessCall;
use mcppolicy_engine::engine::LimitKey;
use mcppolicy_engine::time::{self, Time};
use mcppolicy_engine::value::Value;

/// A call as the recording has it.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedCall {
    /// The line of the trace, from 1.
    pub line: usize,
    /// How many calls come before it on that line; the replay sets it.
    pub nth: usize,
    /// Where it went.
    pub server: Server,
    /// Who called.
    pub grant: Grant,
    /// When; `None` is unknown. Of a repeated call, the first time.
    pub time: Option<Time>,
    /// The request.
    pub request: RecordedRequest,
    /// Whether a member of the arguments is repeated, so that the last one
    /// was taken.
    pub repeats_an_argument: bool,
    /// What limits had counted before the call, where a guard recorded it.
    pub used: Vec<(LimitKey, u64)>,
    /// What came back, when recorded.
    pub response: Option<Response>,
    /// When it came back; `None` is unknown.
    pub response_time: Option<Time>,
    /// What the log says was decided, whatever came back.
    pub observed: Option<Observed>,
    /// What the author of the trace expects.
    pub expect: Option<Expectation>,
    /// How many times in a row; 1 is a single call.
    pub repeat: u64,
    /// The time between repetitions.
    pub every: time::TimeDelta,
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
            nth: 0,
            server: Server::Default,
            grant: Grant::Implicit,
            time: None,
            request,
            repeats_an_argument: false,
            used: Vec::new(),
            response: None,
            response_time: None,
            observed: None,
            expect: None,
            repeat: 1,
            every: time::TimeDelta::default(),
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

    /// Whether the recording shows that it was passed on to its server, though
    /// perhaps not how that answered.
    pub(super) fn has_passed(&self) -> bool {
        match (self.observed_decision(), &self.expect) {
            (Some(observed), _) => observed == Observed::Allow,
            (None, Some(Expectation::Each(expected))) => expected.decision == DecisionName::Allow,
            _ => false,
        }
    }

    /// When repetition `index` (from 0) took place.
    pub fn time_of(&self, index: u64) -> Option<Time> {
        match index {
            0 => self.time,
            _ => self.time.map(|time| time.plus(self.every.times(index))),
        }
    }

    /// What the recording itself shows of the gateway's decision: what the log
    /// says that it was, else what the response shows. A gateway that only
    /// watches lets through what it would have refused.
    pub fn observed_decision(&self) -> Option<Observed> {
        let shown = self.response.as_ref().and_then(Response::observed);
        self.observed.or(shown)
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
                arguments: RecordedArguments::Known(witness.arguments.clone().into()),
            })
        }
    }
}

/// Where a call went; the name is owned or borrowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Server<N = String> {
    /// To this server.
    Named(N),
    /// The recording names none: to the policy's own.
    Default,
    /// The recording says that it is unknown.
    Unknown,
}

/// Who called; the name is owned or borrowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grant<N = String> {
    /// This grant.
    Named(N),
    /// The recording names none: the whole file is one grant.
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

    /// The same, its name borrowed.
    pub fn as_deref(&self) -> Grant<&str> {
        match self {
            Grant::Named(name) => Grant::Named(name),
            Grant::Implicit => Grant::Implicit,
            Grant::Unknown => Grant::Unknown,
        }
    }
}

impl Grant<&str> {
    /// The same, its name owned.
    pub fn to_owned(self) -> Grant {
        match self {
            Grant::Named(name) => Grant::Named(name.to_owned()),
            Grant::Implicit => Grant::Implicit,
            Grant::Unknown => Grant::Unknown,
        }
    }
}

impl Server<&str> {
    /// The same, its name owned.
    pub fn to_owned(self) -> Server {
        match self {
            Server::Named(name) => Server::Named(name.to_owned()),
            Server::Default => Server::Default,
            Server::Unknown => Server::Unknown,
        }
    }
}

impl Server {
    /// The same, its name borrowed.
    pub fn as_deref(&self) -> Server<&str> {
        match self {
            Server::Named(name) => Server::Named(name),
            Server::Default => Server::Default,
            Server::Unknown => Server::Unknown,
        }
    }
}

/// The request of a recorded call.
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
    Known(KnownArguments),
    /// Something else, which makes the call malformed.
    NotAnObject(Value),
    /// Redacted, hashed or cut in the recording.
    Unknown,
}

impl RecordedArguments {
    /// The value that they are; `None` where the recording does not have it.
    pub fn value(&self) -> Option<&Value> {
        match self {
            RecordedArguments::Known(known) => Some(known.value()),
            RecordedArguments::NotAnObject(value) => Some(value),
            RecordedArguments::Unknown => None,
        }
    }

    /// A number that equal arguments have in common, and others nearly never; `None`
    /// where the recording does not have them.
    pub(crate) fn digest(&self) -> Option<u64> {
        match self {
            RecordedArguments::Known(known) => Some(known.digest()),
            RecordedArguments::NotAnObject(value) => Some(digest::of_value(value)),
            RecordedArguments::Unknown => None,
        }
    }

    /// Puts what `replacement` makes of the value in its place; of an object it makes an
    /// object.
    pub fn replace(&mut self, replacement: impl FnOnce(&Value) -> Value) {
        match self {
            RecordedArguments::Known(known) => *known = replacement(known.value()).into(),
            RecordedArguments::NotAnObject(value) => *value = replacement(value),
            RecordedArguments::Unknown => {}
        }
    }
}

impl From<Option<Value>> for RecordedArguments {
    fn from(value: Option<Value>) -> RecordedArguments {
        match value {
            None | Some(Value::Null) => RecordedArguments::Known(KnownArguments::none()),
            Some(object @ Value::Object(_)) => RecordedArguments::Known(object.into()),
            Some(other) => RecordedArguments::NotAnObject(other),
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
