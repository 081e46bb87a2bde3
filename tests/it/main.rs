//! One binary for all integration tests, one module for each area.

mod engine;
mod naive;
mod random;
