//! The native format: JSON Lines, one call per line, strict.
//!
//! Every problem of a line is a complaint with its span, and the reader goes on
//! with the next line: no line is dropped without a complaint.

mod reader;
mod write;

pub use super::native_line::context::{MOST_REPETITIONS, VERSION};
pub use reader::NativeReader;
pub use write::{
    write_answer, write_call, write_expectation, write_guarded_header, write_header, write_refused,
};

#[cfg(test)]
mod tests;
