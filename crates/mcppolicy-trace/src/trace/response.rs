//! The response to a recorded call, and what it shows of the gateway's decision.

use mcppolicy_engine::value::Value;

/// What a result says in its first text when the gateway refused the call.
pub const DENIED_PREFIX: &str = "[POLICY DENIED]";

/// A recorded JSON-RPC response, as far as replay needs it.
#[derive(Debug, Clone, PartialEq)]
pub enum Response {
    /// A JSON-RPC `error`, which gives quota back.
    Error(Box<Value>),
    /// The gateway's own denial.
    Denied,
    /// Any other response, `isError: true` included.
    Result,
}

impl Response {
    /// What it shows of the gateway's decision; `None` when it was not asked: the
    /// protocol refused the request as such, and nothing was executed.
    pub fn observed(&self) -> Option<Observed> {
        match self {
            Response::Denied => Some(Observed::Deny),
            Response::Error(error) if is_of_the_protocol(error) => None,
            Response::Error(_) | Response::Result => Some(Observed::Allow),
        }
    }
}

/// The errors of protocol version 2026-07-28 that say that a request cannot be
/// taken: its headers contradict its body, a capability is missing, the version
/// is not supported. The client sends another request, a call of its own.
const OF_THE_PROTOCOL: [f64; 3] = [-32020.0, -32021.0, -32022.0];

fn is_of_the_protocol(error: &Value) -> bool {
    match error.get("code") {
        Some(Value::Number(code)) => OF_THE_PROTOCOL.contains(code),
        _ => false,
    }
}

/// A decision that a recording shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Observed {
    /// The call passed.
    Allow,
    /// The gateway refused it.
    Deny,
}
