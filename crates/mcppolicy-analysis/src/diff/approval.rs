//! Approvals: widenings that somebody answers for, kept in the repository.
//!
//! An approval is a state of one scope of one policy, in the words of the
//! policy language, with a reason: *calls may pass that this lets through*. Or it
//! is of one finding: *this does not count*. It is no permission for a commit or
//! a person. Which entries of the file count is the caller's to say: of a change
//! since a base, those that the change itself adds.
//!
//! Whether a policy stays within what is approved is decided in
//! [`gate`](super::gate); here approvals are only read and written.

mod allows;
mod model;
mod read;
mod write;

pub use allows::{Allowed, AllowedKind};
pub use model::{Approval, Approved, ApprovedFinding};
pub(super) use model::{Indexed, part};
pub use read::{is_date, parse};
pub use write::write;

/// The file's name.
pub const FILE: &str = "mcppolicy.approvals.json";

#[cfg(test)]
mod tests;
