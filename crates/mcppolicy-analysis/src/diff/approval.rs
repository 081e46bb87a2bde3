//! Approvals: widenings that somebody answers for, kept in the repository.
//!
//! An approval is a state of one scope of one policy, in the words of the
//! policy language, with a reason: *calls may pass that this lets through*. It
//! is no permission for a commit or a person, so a later change within it needs
//! no new one, and a change beyond it does.
//!
//! Whether a policy stays within what is approved is decided in
//! [`gate`](super::gate); here approvals are only read and written.

mod model;
mod read;
mod write;

pub(super) use model::part;
pub use model::{Approval, Approved};
pub use read::{is_date, parse};
pub use write::write;

/// The file's name.
pub const FILE: &str = "mcppolicy.approvals.json";

#[cfg(test)]
mod tests;
