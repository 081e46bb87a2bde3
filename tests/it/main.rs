//! One binary for all integration tests, one module for each area.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    reason = "a test fails by panicking, and prints its figures"
)]

mod compare;
mod engine;
mod house;
mod lint;
mod malformed;
mod naive;
mod parser;
mod random;
mod region;
