//! Approvals that allow more than was seen.

attacks! {}
