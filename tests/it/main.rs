//! One binary for all integration tests, one module for each area.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test stops where it fails, and shows what it has counted"
)]

#[cfg(unix)]
mod action;
mod adopt;
mod asserted;
mod classifier;
mod classify;
mod commands;
mod compare;
mod console;
mod diff_cli;
mod drift;
mod embed;
mod enforced_settings;
mod engine;
mod fleet;
mod fuzz;
mod gate;
#[cfg(all(unix, feature = "guard"))]
mod guard;
mod help;
mod house;
mod init;
mod inventories;
mod layouts;
mod lint;
#[cfg(all(unix, feature = "live"))]
mod live;
mod malformed;
mod naive;
#[cfg(unix)]
mod packaging;
mod packed;
mod pages;
mod parser;
mod pinning;
mod precommit;
mod random;
mod readers;
mod readme;
mod region;
#[cfg(unix)]
mod release;
mod render;
mod repository;
mod support;
mod validation;
mod weaknesses;
