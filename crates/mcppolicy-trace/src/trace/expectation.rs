//! What the author of a trace expects of a call.

use super::response::Observed;

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
