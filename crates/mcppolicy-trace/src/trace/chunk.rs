//! A chunk of a log: one line, or one element of a document.

use std::ops::Deref;

use super::tolerant_json::Json;
use mcppolicy_engine::document::borrowed::Node;

/// A chunk of a log that is text.
#[derive(Clone, Copy)]
pub(crate) struct Chunk<'a> {
    /// The line on which it begins, from 1.
    pub line: usize,
    /// Its text; of a document's element, several lines.
    pub text: &'a str,
    /// What its text is, where that has been read to find its end.
    pub json: Option<&'a Json<'a>>,
}

impl<'a> Chunk<'a> {
    /// A chunk of which only the text is known.
    pub fn new(line: usize, text: &'a str) -> Chunk<'a> {
        let json = None;
        Chunk { line, text, json }
    }

    /// What its text is.
    ///
    /// # Errors
    /// The reason for which the chunk is skipped.
    pub fn read(self) -> Result<Read<'a>, &'static str> {
        match self.json {
            Some(json) => Ok(Read::Before(json)),
            None => Json::parse(self.text).map(Read::Now),
        }
    }
}

/// The JSON of a chunk.
pub(crate) enum Read<'a> {
    /// Read to find the chunk's end.
    Before(&'a Json<'a>),
    /// Read now.
    Now(Json<'a>),
}

impl<'a> Deref for Read<'a> {
    type Target = Json<'a>;

    fn deref(&self) -> &Json<'a> {
        match self {
            Read::Before(json) => json,
            Read::Now(json) => json,
        }
    }
}

/// Finds the lines of nodes in a chunk, in the order of the text.
pub(crate) struct LineFinder<'a> {
    chunk: Chunk<'a>,
    at: usize,
    line: usize,
}

impl<'a> LineFinder<'a> {
    pub fn new(chunk: Chunk<'a>) -> LineFinder<'a> {
        LineFinder {
            chunk,
            at: 0,
            line: chunk.line,
        }
    }

    /// The line of a node.
    pub fn line(&mut self, node: Node<'_>) -> usize {
        let to = node.span().start.max(self.at);
        let between = self.chunk.text.as_bytes().get(self.at..to);
        self.line += memchr::memchr_iter(b'\n', between.unwrap_or_default()).count();
        self.at = to;
        self.line
    }
}
