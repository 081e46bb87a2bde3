//! The `mcppolicy` command: says what an MCP gateway's `policy.json` lets
//! through.
//!
//! A gateway is between AI agents and MCP servers, and decides every
//! `tools/call` by a policy. The command reads such a policy, decides calls as
//! the gateway does, and answers a reviewer's questions: is the policy valid,
//! does it do what its author intends, what did it do to recorded calls, and
//! what does a change of it let through.
//!
//! # Crates
//!
//! | Crate | Contents |
//! |---|---|
//! | `mcppolicy-engine` | documents, policies, the engine; all that a gateway embeds |
//! | `mcppolicy-trace` | trace formats, calls in the order of time |
//! | `mcppolicy-analysis` | inventories, comparison, lint, fixes, replay, diff, reports |
//! | `mcppolicy` (this one) | the command line and the output formats |
//!
//! Each uses only those above it. A gateway depends on `mcppolicy-engine`
//! alone; its front page has an example.
//!
//! # Reading order
//!
//! 1. `mcppolicy_engine::policy` and `mcppolicy_engine::engine`: a policy and
//!    its meaning.
//! 2. `mcppolicy_trace::trace`: recorded calls, one module for each format.
//! 3. `mcppolicy_analysis::lint`, `replay`, `compare` and `diff`: what is found
//!    about a policy; `report`: what one run found, and its exit code.
//! 4. [`cli`]: one module for each command, in `command`; what they share is in
//!    `support`.
//! 5. [`render`]: one module for each output format. [`merge`] joins the
//!    reports of a run that was split.
//!
//! # Invariants
//!
//! - The engine reads no clock, file or environment, and cannot fail on a valid
//!   policy.
//! - Parsing and lowering return every problem, not only the first.
//! - Only `render` formats findings, and only `cli` reads files and prints.
//! - No output depends on the order of a hash map.
//! - No input causes a panic.

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
