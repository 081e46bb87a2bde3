//! The response to a recorded call, and what it shows of the gateway's decision.

use mcppolicy_engine::value::Value;

/// What a result says in its first text when the gateway refused the call.
pub const DENIED_PREFIX: &str = "[POLICY DENIED]";

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

impl Response {
    /// What it shows of the gateway's decision.
    pub const fn observed(&self) -> Observed {
        match self {
            Response::Denied => Observed::Deny,
            Response::Error(_) | Response::Result => Observed::Allow,
        }
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
