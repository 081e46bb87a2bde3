//! The `test` command's work: recorded calls through one policy's engine, and
//! expectations compared with decisions.
//!
//! Memory grows with live counters and with what is reported, not with the
//! number of calls (a merged timeline keeps the recorded calls, because they
//! must be sorted). Nothing here prints, and no file is opened here.

mod assumptions;
mod blocks;
mod case;
pub mod expect;
mod group;
pub mod import;
pub mod join;
mod open_call;
mod options;
mod origins;
pub(crate) mod parallel;
mod problems;
pub mod results;
mod rule_tally;
mod run;
mod runs;
pub mod share;
mod tally;
pub mod update;
pub mod usage;

pub use mcppolicy_trace::redact;
pub use options::Options;
pub use results::RunOutcome;
pub use run::Replay;

#[cfg(test)]
mod tests;
