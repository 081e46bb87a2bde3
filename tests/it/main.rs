//! One binary for all integration tests, one module for each area.

mod engine;
mod house;
mod naive;
mod parser;
mod random;
mod readers;
