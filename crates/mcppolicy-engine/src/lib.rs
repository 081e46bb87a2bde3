#![doc = include_str!("../README.md")]
//!
//! # Reading order
//!
//! - [`policy`]: [`Policy`], read from JSON and complete in its checks
//! - [`engine`]: [`Engine`], which enforces a policy or replays a recording
//! - [`decision`]: what it answers
//! - [`document`], [`source`], [`problem`]: the JSON tree with positions, files
//!   and lines, and what is wrong with a document
//! - [`pattern`], [`value`], [`time`]: the regex dialect, JSON values, instants
//! - [`nearest`]: the known word nearest to a mistyped one
//! - [`characters`]: the characters that a reader does not see
//!
//! "The policy language" in these pages is version "1" of the policy format,
//! which `docs/policy.md` in the repository describes.
//!
//! # Invariants
//!
//! An engine reads no clock, file or environment. Parsing and validation report
//! everything that they find. Nothing iterates a hash map into output. No input
//! causes a panic: `unwrap`, indexing and slicing are denied outside tests.

#![cfg_attr(test, allow(clippy::string_slice, reason = "a test may panic"))]

pub mod characters;
pub mod decision;
pub mod document;
pub mod engine;
pub mod nearest;
pub mod pattern;
pub mod policy;
pub mod problem;
pub mod source;
pub mod time;
pub mod value;

pub use decision::{Decision, Denial, Kind, Reason};
pub use engine::{
    Arguments, Call, Counters, Enforced, Engine, Ledger, LimitKey, MemoryStore, Permit, Request,
    Store,
};
pub use policy::{InvalidPolicy, Policy};
pub use time::Time;
pub use value::Value;
