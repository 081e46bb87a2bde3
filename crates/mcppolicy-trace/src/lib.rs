//! Recorded calls, in every format in which people have them, and calls in
//! time through one engine.

#![cfg_attr(test, allow(clippy::string_slice, reason = "a test may panic"))]

pub mod redact;
pub mod timeline;
pub mod trace;
