//! A chunk of a log: one line, or one element of a document.

use mcppolicy_engine::document::borrowed::Node;

/// A chunk of a log that is text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Chunk<'a> {
    /// The line on which it begins, from 1.
    pub line: usize,
    /// Its text; of a document's element, several lines.
    pub text: &'a str,
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
