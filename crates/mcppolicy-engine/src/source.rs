//! Where text came from: files (or single lines of long ones), spans in them,
//! and the lines and columns that a person counts.

use std::sync::OnceLock;

/// A half-open range of bytes in one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// Offset of the first byte, from 0.
    pub start: usize,
    /// Offset behind the last byte.
    pub end: usize,
}

impl Span {
    /// The bytes from `start` up to and not including `end`.
    pub const fn new(start: usize, end: usize) -> Span {
        Span { start, end }
    }
}

/// A file of a [`SourceMap`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(usize);

/// A span and the file it lies in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Location {
    /// The file.
    pub file: FileId,
    /// The bytes in it.
    pub span: Span,
}

/// A position as editors show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, counted in Unicode characters.
    pub column: usize,
    /// The offset in bytes, from 0.
    pub offset: usize,
}

/// One text with a name to show.
#[derive(Debug)]
pub struct Source {
    name: String,
    text: String,
    /// What comes in the file before `text`, when only a chunk was kept.
    first_line: usize,
    first_offset: usize,
    index: OnceLock<Index>,
}

/// Characters are counted once per block, so that a column in a file of one
/// long line does not cost a walk over the whole line each time.
const BLOCK: usize = 1024;

#[derive(Debug)]
struct Index {
    line_starts: Vec<usize>,
    chars_before_block: Vec<usize>,
}

impl Source {
    /// The file's name as reports show it: relative, with `/`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The text kept of the file.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text of `span`, empty where it is out of range.
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.start..span.end).unwrap_or_default()
    }

    /// The line of the whole file on which the kept text begins, from 1.
    pub fn first_line(&self) -> usize {
        self.first_line
    }

    /// Line, column and offset in the whole file of byte `offset` of the kept
    /// text; an offset out of range is taken to be the end.
    pub fn position(&self, offset: usize) -> Position {
        let offset = offset.min(self.text.len());
        let index = self.index();
        let line = index.line_starts.partition_point(|start| *start <= offset);
        let line_start = index
            .line_starts
            .get(line.saturating_sub(1))
            .copied()
            .unwrap_or(0);
        Position {
            line: line + self.first_line - 1,
            column: self.chars_before(offset) - self.chars_before(line_start) + 1,
            offset: offset + self.first_offset,
        }
    }

    /// The line that byte `offset` of the kept text lies on, without its line
    /// break.
    pub fn line_span(&self, offset: usize) -> Span {
        let starts = &self.index().line_starts;
        let line = starts.partition_point(|start| *start <= offset);
        let start = starts.get(line.saturating_sub(1)).copied().unwrap_or(0);
        let end = starts.get(line).map_or(self.text.len(), |next| next - 1);
        Span::new(start, end)
    }

    fn chars_before(&self, offset: usize) -> usize {
        let block = offset / BLOCK;
        let before = self
            .index()
            .chars_before_block
            .get(block)
            .copied()
            .unwrap_or(0);
        let rest = self
            .text
            .as_bytes()
            .get(block * BLOCK..offset)
            .unwrap_or_default();
        before + count_chars(rest)
    }

    fn index(&self) -> &Index {
        self.index.get_or_init(|| {
            let bytes = self.text.as_bytes();
            let breaks = bytes
                .iter()
                .enumerate()
                .filter(|(_, b)| **b == b'\n')
                .map(|(at, _)| at + 1);
            let mut chars_before_block = Vec::with_capacity(bytes.len() / BLOCK + 1);
            let mut count = 0;
            for block in bytes.chunks(BLOCK) {
                chars_before_block.push(count);
                count += count_chars(block);
            }
            chars_before_block.push(count);
            Index {
                line_starts: std::iter::once(0).chain(breaks).collect(),
                chars_before_block,
            }
        })
    }
}

/// A character is counted at its first byte.
fn count_chars(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| (**byte & 0xC0) != 0x80).count()
}

/// All files of one run.
#[derive(Debug, Default)]
pub struct SourceMap {
    files: Vec<Source>,
}

impl SourceMap {
    /// An empty map.
    pub fn new() -> SourceMap {
        SourceMap::default()
    }

    /// Adds a whole file.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<String>) -> FileId {
        self.add_chunk(name, text, 1, 0)
    }

    /// Adds a chunk of a file that starts on line `first_line` (from 1) at
    /// byte `first_offset`; how a bad line of a long trace is kept.
    pub fn add_chunk(
        &mut self,
        name: impl Into<String>,
        text: impl Into<String>,
        first_line: usize,
        first_offset: usize,
    ) -> FileId {
        self.files.push(Source {
            name: name.into(),
            text: text.into(),
            first_line,
            first_offset,
            index: OnceLock::new(),
        });
        FileId(self.files.len() - 1)
    }

    /// The file behind an id that this map gave out; an empty one for the id
    /// of another map.
    pub fn get(&self, file: FileId) -> &Source {
        static NONE: Source = Source {
            name: String::new(),
            text: String::new(),
            first_line: 1,
            first_offset: 0,
            index: OnceLock::new(),
        };
        self.files.get(file.0).unwrap_or(&NONE)
    }

    /// The position where `location` begins.
    pub fn start(&self, location: Location) -> Position {
        self.get(location.file).position(location.span.start)
    }

    /// The position where `location` ends.
    pub fn end(&self, location: Location) -> Position {
        self.get(location.file).position(location.span.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_and_lines_start_at_one() {
        let mut map = SourceMap::new();
        let file = map.add("p.json", "ab\nçé\u{1F600}x\n");
        let source = map.get(file);
        let x = source.text().find('x').unwrap();
        assert_eq!(
            source.position(x),
            Position {
                line: 2,
                column: 4,
                offset: x
            }
        );
        assert_eq!(
            source.position(0),
            Position {
                line: 1,
                column: 1,
                offset: 0
            }
        );
        assert_eq!(source.position(999).line, 3);
    }

    #[test]
    fn columns_are_right_across_the_blocks_of_a_long_line() {
        let text = "é".repeat(5000);
        let mut map = SourceMap::new();
        let file = map.add("long", text);
        for chars in [0, 511, 512, 513, 1024, 4999, 5000] {
            assert_eq!(map.get(file).position(chars * 2).column, chars + 1);
        }
    }

    #[test]
    fn a_chunk_has_the_positions_of_the_whole_file() {
        let mut map = SourceMap::new();
        let file = map.add_chunk("t.jsonl", "{oops", 7, 300);
        assert_eq!(
            map.get(file).position(1),
            Position {
                line: 7,
                column: 2,
                offset: 301
            }
        );
    }
}
