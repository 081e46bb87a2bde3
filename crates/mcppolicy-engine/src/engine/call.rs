//! What is asked of the engine, and what it reserves in answer.

use super::condition::Lookup;
use super::counter::{GrantId, Interval};
use super::decision::{Decision, Denial};
use super::evaluate::{Amount, Possible};
use crate::time::Time;
use crate::value::Value;

/// One `tools/call`, as much of it as is known. A gateway knows everything; a
/// recording may not (policy language §5).
#[derive(Clone, Copy)]
pub struct Call<'a> {
    /// Who calls; `None` is unknown.
    pub grant: Option<&'a str>,
    /// What is asked for.
    pub request: Request<'a>,
    /// When; `None` is unknown.
    pub time: Option<Time>,
}

/// What a call asks for.
#[derive(Clone, Copy)]
pub enum Request<'a> {
    /// A JSON-RPC batch, refused whole.
    Batch,
    /// A single call.
    Tool {
        /// The tool's name; `None` when there is none or it is no string.
        name: Option<&'a str>,
        /// Its arguments.
        arguments: Arguments<'a>,
    },
}

/// A call's arguments.
#[derive(Clone, Copy)]
pub enum Arguments<'a> {
    /// An object, in whatever form the caller keeps it.
    Known(&'a dyn Lookup),
    /// Redacted, hashed or cut in the recording.
    Unknown,
    /// Neither an object nor null nor absent.
    NotAnObject,
}

static EMPTY: Value = Value::empty_object();

impl<'a> From<&'a Value> for Arguments<'a> {
    /// `null` stands for no arguments.
    fn from(value: &'a Value) -> Arguments<'a> {
        match value {
            Value::Object(_) => Arguments::Known(value),
            Value::Null => Arguments::Known(&EMPTY),
            _ => Arguments::NotAnObject,
        }
    }
}

impl<'a> Call<'a> {
    /// A call of which everything is known: what a gateway passes.
    pub fn new(grant: &'a str, tool: &'a str, arguments: &'a Value, time: Time) -> Call<'a> {
        Call {
            grant: Some(grant),
            request: Request::Tool {
                name: Some(tool),
                arguments: arguments.into(),
            },
            time: Some(time),
        }
    }
}

/// What the rules say of a call, before any limit is asked; see
/// [`Engine::rule`](super::Engine::rule).
#[derive(Debug, Clone)]
pub struct Ruled<'e>(pub(super) Ruling<'e>);

#[derive(Debug, Clone)]
pub(super) enum Ruling<'e> {
    Refused(Denial<'e>),
    Passed {
        tool: Option<usize>,
        /// The denials that depend on what is unknown.
        possible: Possible<'e>,
        /// What the call adds to each limit with `increment_from`, in order.
        amounts: Vec<Amount>,
    },
}

impl<'e> Ruled<'e> {
    pub(super) fn refused(denial: Denial<'e>) -> Ruled<'e> {
        Ruled(Ruling::Refused(denial))
    }
}

/// The engine's answer, and the quota that it reserved.
#[derive(Debug, Clone)]
pub struct Outcome<'e> {
    /// The decision.
    pub decision: Decision<'e>,
    /// What to give back if the server answers with a JSON-RPC error.
    pub reservation: Reservation,
}

/// Quota reserved for one call. Dropping it keeps the quota consumed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reservation(pub(super) Option<Reserved>);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reserved {
    pub grant: GrantId,
    pub tool: Option<usize>,
    pub time: Option<Time>,
    /// Whether the call certainly passed.
    pub certain: bool,
    /// What each limit with `increment_from` added, in the limits' order.
    pub amounts: Vec<Interval>,
}

impl Reservation {
    /// Whether nothing was reserved, so that there is nothing to give back.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }
}
