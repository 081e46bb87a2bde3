//! Decisions: whether a call passes a policy (policy language §2 to §5).
//!
//! - [`Engine`] is a compiled policy. It is immutable and `Send + Sync`, does no
//!   I/O, reads no clock and no environment, and cannot fail on a valid policy.
//! - [`Engine::enforce`] is for gateways. It answers [`Enforced::Allowed`] or
//!   [`Enforced::Denied`] and nothing else, and counts in a [`Store`].
//! - [`Engine::decide`] is for replays of recordings, which may lack arguments,
//!   times or callers. It answers in three values and counts in [`Counters`].
//! - [`Engine::explain`], [`Engine::usage`], [`Engine::reads`] and
//!   [`Engine::refusers`] describe decisions for reports.

mod call;
mod compile;
mod condition;
mod counters;
mod decide;
mod enforce;
mod explain;
mod interval;
mod ledger;
mod limit_key;
mod limits;
mod order;
mod quota;
mod reads;
mod rules;
mod store;
mod usage;

pub use crate::decision::{Decision, Denial, Kind, Reason};
pub use call::{Arguments, Call, Request};
pub use compile::Engine;
pub use condition::{Lookup, ValueRef, equals};
pub use counters::{Counters, DEFAULT_MAX_LATENESS, Reservation};
pub use decide::Outcome;
pub use enforce::{Enforced, Permit, Seen};
pub use explain::{ConditionSeen, CounterSeen, Step, StepOutcome};
pub use interval::Interval;
pub use ledger::{Balance, Ledger};
pub use limit_key::LimitKey;
pub use order::Refusers;
pub use rules::RuleVerdict;
pub use store::{MemoryStore, Store};
pub use usage::LimitUse;
