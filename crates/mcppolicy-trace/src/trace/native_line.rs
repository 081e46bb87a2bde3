//! One line of the native format, read strictly. The reader of native traces and
//! the fast path both use it, and it imports neither.

mod call;
pub(super) mod context;
mod expect;
mod fields;
pub(super) mod guarded;
pub(super) mod line;

pub(super) use call::MEMBERS;
