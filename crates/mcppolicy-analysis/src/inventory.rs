//! What a server says of its own tools: its answer to `tools/list`, kept in a
//! file (`tools.json`).
//!
//! [`Inventory::read`] reads the answer in every shape in which it is kept, with
//! the span of everything, so that findings can point into it. [`schema`] reads
//! what the schema of a tool's arguments admits, [`category`] classifies tools,
//! [`drift`] compares two answers, and [`write`](mod@write) makes a file of a live
//! answer. Nothing here depends on a policy.

pub mod category;
mod category_kind;
pub mod drift;
mod read;
pub mod schema;
#[cfg(test)]
mod tests;
mod tools;
pub mod write;

pub use tools::{Annotations, Hint, Inventory, Text, Tool};
