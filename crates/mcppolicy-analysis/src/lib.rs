//! What policies let through: linting, replay and comparison.

#![cfg_attr(test, allow(clippy::string_slice, reason = "a test may panic"))]

pub mod compare;
pub mod coverage;
pub mod diff;
pub mod elements;
pub mod expectations;
pub mod finding;
pub mod fix;
mod fnv;
mod fresh;
pub mod inventory;
pub mod lint;
pub mod mutate;
mod placing;
pub mod region;
pub mod replay;
pub mod report;
pub mod shorten;
mod specimen;
pub mod starter;
mod subject;
pub mod suite;
pub mod words;
