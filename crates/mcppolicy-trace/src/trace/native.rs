//! The native format: JSON Lines, one call per line, strict.
//!
//! Every problem of a line is a complaint with its span, and the reader goes on
//! with the next line: no line is dropped without a complaint.

mod reader;
mod write;

pub use super::native_line::context::{MOST_REPETITIONS, VERSION};
pub use reader::NativeReader;
pub use write::{write_call, write_expectation, write_header};

#[cfg(test)]
mod tests;
