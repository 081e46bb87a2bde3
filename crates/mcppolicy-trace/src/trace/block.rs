//! An input in blocks of whole lines, so that several threads can parse lines
//! while one reads.

use std::io::{self, Read};

/// The longest line that is read: 16 MiB.
pub const LONGEST_LINE: usize = 16 * 1024 * 1024;

/// One raw line, borrowed until the next is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RawLine<'a> {
    /// Its number, from 1.
    pub number: usize,
    /// The offset of its first byte, from 0.
    pub offset: usize,
    /// Its bytes without `\n` or `\r\n`; of a line that is too long, the
    /// first [`LONGEST_LINE`].
    pub bytes: &'a [u8],
    /// Whether bytes were dropped because the line is too long.
    pub cut: bool,
}

/// How much is read at once, in bytes: a hundred lines or so. An allocator hands
/// so much out again and again; more, it gets from the system each time.
const BLOCK: usize = 64 * 1024;

/// Some whole lines of an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Its number, from 0.
    pub number: u64,
    /// Its bytes, the ends of its lines included; of a line that is too long,
    /// the beginning.
    pub bytes: Vec<u8>,
    /// Whether it is one line of which bytes were dropped, because it is far
    /// longer than [`LONGEST_LINE`]; a line that is slightly longer may be whole.
    pub cut: bool,
    /// How many bytes of the input it covers.
    pub(super) length: usize,
    /// The longest line, in bytes.
    pub(super) longest: usize,
    pub(super) content: Content,
}

/// Which lines the fast path may read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    /// None.
    Other,
    /// Raw MCP messages.
    Messages,
    /// Calls of the native format.
    Native,
}

/// The blocks of an input.
pub(super) struct Blocks<R> {
    input: R,
    /// The beginning of the line that the last block ended in.
    rest: Vec<u8>,
    number: u64,
    ended: bool,
    size: usize,
    longest: usize,
}

impl<R: Read> Blocks<R> {
    /// The blocks of `input`.
    pub fn new(input: R) -> Blocks<R> {
        Blocks::with_sizes(input, BLOCK, LONGEST_LINE)
    }

    /// Blocks of about `size` bytes; lines longer than `longest` bytes are cut.
    pub fn with_sizes(input: R, size: usize, longest: usize) -> Blocks<R> {
        Blocks {
            input,
            rest: Vec::new(),
            number: 0,
            ended: false,
            size,
            longest,
        }
    }

    /// The next block; `None` at the end.
    ///
    /// # Errors
    /// What the input reports.
    pub fn next(&mut self) -> io::Result<Option<Block>> {
        let mut bytes = std::mem::take(&mut self.rest);
        let mut searched = 0;
        let mut missing = self.size;
        loop {
            if !self.ended {
                let before = bytes.len();
                self.read(&mut bytes, missing)?;
                self.ended = bytes.len() < before + missing;
            }
            let fresh = bytes.get(searched..).unwrap_or_default();
            if let Some(at) = memchr::memrchr(b'\n', fresh) {
                self.rest = bytes.split_off(searched + at + 1);
                let length = bytes.len();
                return Ok(Some(self.block(bytes, length)));
            }
            if self.ended {
                let length = bytes.len();
                bytes.truncate(self.longest);
                let block = (!bytes.is_empty()).then(|| self.block(bytes, length));
                return Ok(block);
            }
            // One byte more than the cap, for the `\r` of an ending.
            if bytes.len() > self.longest + 1 {
                return self.too_long(bytes).map(Some);
            }
            searched = bytes.len();
            missing = bytes.len().max(self.size);
        }
    }

    /// A block of one line that is too long, whose end has not been read.
    fn too_long(&mut self, mut bytes: Vec<u8>) -> io::Result<Block> {
        let mut length = bytes.len();
        bytes.truncate(self.longest);
        let mut rest = Vec::new();
        loop {
            rest.clear();
            self.read(&mut rest, self.size)?;
            if let Some(at) = memchr::memchr(b'\n', &rest) {
                self.rest = rest.split_off(at + 1);
                length += rest.len();
                break;
            }
            length += rest.len();
            if rest.is_empty() {
                self.ended = true;
                break;
            }
        }
        Ok(self.block(bytes, length))
    }

    fn read(&mut self, bytes: &mut Vec<u8>, most: usize) -> io::Result<()> {
        bytes.reserve(most);
        let most = u64::try_from(most).unwrap_or(u64::MAX);
        self.input
            .by_ref()
            .take(most)
            .read_to_end(bytes)
            .map(|_| ())
    }

    fn block(&mut self, bytes: Vec<u8>, length: usize) -> Block {
        let number = self.number;
        self.number += 1;
        Block {
            number,
            cut: length > bytes.len(),
            bytes,
            length,
            longest: self.longest,
            content: Content::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Hands out a few bytes at a time.
    struct Drops<'a>(&'a [u8], usize, usize);

    impl Drops<'_> {
        fn of(text: &[u8], most: usize) -> Drops<'_> {
            Drops(text, most, text.len())
        }
    }

    impl Read for Drops<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let most = buffer.len().min(self.1).min(self.0.len());
            let (now, later) = self.0.split_at(most);
            buffer[..most].copy_from_slice(now);
            self.0 = later;
            Ok(most)
        }
    }

    /// The lines of all blocks, each cut after `longest` bytes, and whether it
    /// was.
    fn lines(blocks: &mut Blocks<Drops<'_>>, longest: usize) -> Vec<(String, bool)> {
        let mut lines = Vec::new();
        let (mut number, mut read) = (0, 0);
        while let Some(block) = blocks.next().unwrap() {
            assert_eq!(block.number, number);
            number += 1;
            let text = String::from_utf8(block.bytes).unwrap();
            let whole = text.strip_suffix('\n').unwrap_or(&text);
            assert!(!block.cut || !whole.contains('\n'));
            read += block.length;
            lines.extend(whole.split('\n').map(|line| {
                let kept = line.len().min(longest);
                (line[..kept].to_owned(), block.cut || kept < line.len())
            }));
        }
        assert_eq!(read, blocks.input.2);
        lines
    }

    #[test]
    fn a_line_beyond_the_cap_is_cut_and_the_next_one_is_whole() {
        for size in [1, 2, 3, 64] {
            let drops = Drops::of(b"12345\n123456789\n12\n1234567", 3);
            let mut blocks = Blocks::with_sizes(drops, size, 5);
            let expected = [
                ("12345", false),
                ("12345", true),
                ("12", false),
                ("12345", true),
            ];
            let expected = expected.map(|(line, cut)| (line.to_owned(), cut));
            assert_eq!(lines(&mut blocks, 5), expected, "{size}");
        }
    }

    proptest! {
        #[test]
        fn the_blocks_of_an_input_are_its_lines(
            text in "[ab\n]{0,60}", size in 1_usize..20, drop in 1_usize..9
        ) {
            let mut blocks = Blocks::with_sizes(Drops::of(text.as_bytes(), drop), size, 100);
            let expected: Vec<(String, bool)> = text.split_inclusive('\n')
                .map(|line| (line.strip_suffix('\n').unwrap_or(line).to_owned(), false))
                .collect();
            prop_assert_eq!(lines(&mut blocks, 100), expected);
        }
    }
}
