//! What can be wrong with a JSON text.

use std::fmt;

use crate::source::Span;

/// What is legal JSON and still not a legal document (policy language §1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// A key repeated within one object, and where it is first.
    DuplicateKey {
        /// The key.
        key: String,
        /// Its first appearance.
        first: Span,
    },
    /// Half a surrogate pair in a string.
    LoneSurrogate,
    /// A number whose nearest double is another number: `9007199254740993`.
    InexactNumber,
    /// A number beyond the doubles: `1e400`.
    NumberOverflow,
}

/// A [`Trouble`] and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Defect {
    /// What it is.
    pub trouble: Trouble,
    /// The key, the escape or the number.
    pub span: Span,
    /// JSON Pointer to the value concerned.
    pub pointer: String,
}

/// Why there is no tree.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SyntaxError {
    /// One sentence: what was found and what was expected.
    pub message: String,
    /// What to do about it, where that is known.
    pub help: Option<String>,
    /// The offending bytes; empty at the end of the text.
    pub span: Span,
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for SyntaxError {}

/// A string in JSON's own quotes, cut to a length that fits a message.
pub fn quoted(text: &str) -> String {
    serde_json::Value::from(shortened(text)).to_string()
}

pub(super) fn shortened(text: &str) -> String {
    const LONGEST: usize = 60;
    match text.char_indices().nth(LONGEST) {
        Some((cut, _)) => format!("{}…", text.get(..cut).unwrap_or_default()),
        None => text.to_owned(),
    }
}
