//! Says what an MCP gateway's `policy.json` lets through, and proves it.
//!
//! A gateway stands between AI agents and MCP servers and decides every
//! `tools/call` by a policy. This crate reads such a policy, decides calls as
//! the gateway does, and answers what a reviewer asks: is it valid, does it do
//! what its author thinks, what did it do to recorded traffic, and what does a
//! change to it let through.
//!
//! # For a gateway
//!
//! [`policy`], [`engine`] and [`document`] are public API under semantic
//! versioning, and all that a gateway embeds (`default-features = false` leaves
//! the command out):
//!
//! ```
//! use mcppolicy_engine::engine::{Call, Counters, Engine};
//! use mcppolicy_engine::policy::Policy;
//! use mcppolicy_engine::time::Time;
//! use mcppolicy_engine::value::Value;
//!
//! let policy = Policy::from_json(br#"{"version":"1","default":"deny","tools":{"ping":{}}}"#)?;
//! let engine = Engine::new(&policy);
//! let mut counters = Counters::default();
//! let call = Call::new("alice", "ping", &Value::Null, Time::new(0, 0));
//! assert!(engine.decide(&call, &mut counters).decision.is_allow());
//! # Ok::<(), mcppolicy_engine::policy::InvalidPolicy>(())
//! ```
//!
//! # For a contributor
//!
//! Everything flows one way, and a module uses only what stands before it in
//! this list (a test holds that):
//!
//! - [`source`], [`value`], [`time`], [`nearest`]: files and spans, JSON values,
//!   instants, the nearest known word
//! - [`diagnostic`]: findings as plain data
//! - [`document`]: the spanned JSON tree and its strict parser
//! - [`pattern`], [`schema`], [`policy`]: the regex dialect, the JSON Schema, the
//!   typed policy
//! - [`trace`]: recorded calls, one room for each format
//! - [`inventory`]: the server's own tools, and what kind each is
//! - [`engine`]: the only place that knows what a policy means
//! - [`timeline`]: calls in time through one engine
//! - [`region`]: sets of argument objects, exactly
//! - [`compare`]: two policies: what each passes that the other does not
//! - [`lint`], [`replay`], [`diff`]: findings, expectations held against
//!   decisions, and what a change does
//! - [`fix`], [`starter`]: the edits that findings offer, applied and proved; a
//!   first policy for a server
//! - [`report`]: what a run found, and its exit code
//! - `shown`, `share`: which recorded arguments a report shows; a share's report in
//!   JSON, written and read
//! - `merge`: the reports of a run's shares as the report of the whole
//! - `render`: one room for each output format
//! - `cli`: arguments, files, printing
//!
//! Invariants: the engine reads no clock, file or environment and cannot fail
//! on a valid policy; parsing and lowering return everything that they found;
//! only `render` knows how a finding looks, and only `cli` prints; nothing
//! iterates a hash map into output; no input makes anything panic.

#![cfg_attr(test, allow(clippy::string_slice, reason = "a test may panic"))]

#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "cli")]
pub mod merge;
#[cfg(feature = "cli")]
pub mod render;
#[cfg(feature = "cli")]
pub mod schema;
#[cfg(feature = "cli")]
mod share;
#[cfg(feature = "cli")]
mod shown;
