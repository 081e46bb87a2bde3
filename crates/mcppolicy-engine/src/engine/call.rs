//! What the engine decides: one `tools/call`.

use super::condition::Lookup;
use crate::time::Time;
use crate::value::Value;

/// One `tools/call`, as much of it as is known. A gateway knows everything; a
/// recording may not (policy language §5).
#[derive(Clone, Copy)]
pub struct Call<'a> {
    /// Who calls; `None` is unknown.
    pub grant: Option<&'a str>,
    /// What is called.
    pub request: Request<'a>,
    /// When; `None` is unknown.
    pub time: Option<Time>,
}

/// The tool and the arguments of a call.
#[derive(Clone, Copy)]
pub enum Request<'a> {
    /// A JSON-RPC batch, which is refused whole.
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
    /// `null` means no arguments.
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
