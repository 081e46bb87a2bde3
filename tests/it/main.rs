//! One binary for all integration tests, one module for each area.

mod engine;
mod house;
mod malformed;
mod naive;
mod parser;
mod random;
