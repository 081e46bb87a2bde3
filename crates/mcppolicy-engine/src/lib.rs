//! The tool-call policies of MCP gateways: read, validated and decided.

#![cfg_attr(test, allow(clippy::string_slice, reason = "a test may panic"))]

pub mod document;
pub mod engine;
pub mod nearest;
pub mod pattern;
pub mod policy;
pub mod problem;
pub mod source;
pub mod time;
pub mod value;
