//! Lines of any input, one at a time, with a cap on their length: what every
//! reader of a line format stands on.

use std::io::{self, BufRead};

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

/// The lines of an input.
pub struct Lines<R> {
    input: R,
    buffer: Vec<u8>,
    longest: usize,
    number: usize,
    offset: usize,
}

impl<R: BufRead> Lines<R> {
    /// The lines of `input`.
    pub fn new(input: R) -> Lines<R> {
        Lines::with_longest(input, LONGEST_LINE)
    }

    /// The lines of `input`, cut behind `longest` bytes.
    pub fn with_longest(input: R, longest: usize) -> Lines<R> {
        Lines {
            input,
            buffer: Vec::new(),
            longest,
            number: 0,
            offset: 0,
        }
    }

    /// The next line, the last one with or without an ending.
    ///
    /// # Errors
    /// What the input reports.
    pub fn next_line(&mut self) -> io::Result<Option<RawLine<'_>>> {
        self.buffer.clear();
        let offset = self.offset;
        let mut dropped = 0_usize;
        let mut ended = false;
        while !ended {
            let chunk = match self.input.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if chunk.is_empty() {
                break;
            }
            let ending = chunk.iter().position(|byte| *byte == b'\n');
            let content = ending.map_or(chunk, |at| chunk.get(..at).unwrap_or_default());
            // One byte of room beyond the cap, for the `\r` of an ending.
            let room = (self.longest + 1).saturating_sub(self.buffer.len());
            let taken = content.get(..room.min(content.len())).unwrap_or_default();
            self.buffer.extend_from_slice(taken);
            dropped += content.len() - taken.len();
            ended = ending.is_some();
            let used = content.len() + usize::from(ended);
            self.input.consume(used);
            self.offset += used;
        }
        if self.offset == offset {
            return Ok(None);
        }
        self.number += 1;
        if ended && dropped == 0 && self.buffer.last() == Some(&b'\r') {
            self.buffer.pop();
        }
        let cut = dropped > 0 || self.buffer.len() > self.longest;
        self.buffer.truncate(self.longest);
        Ok(Some(RawLine {
            number: self.number,
            offset,
            bytes: &self.buffer,
            cut,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::BufReader;

    fn all(text: &str, longest: usize, chunk: usize) -> Vec<(usize, usize, String, bool)> {
        let input = BufReader::with_capacity(chunk, text.as_bytes());
        let mut lines = Lines::with_longest(input, longest);
        let mut out = Vec::new();
        while let Some(line) = lines.next_line().unwrap() {
            let text = String::from_utf8(line.bytes.to_vec()).unwrap();
            out.push((line.number, line.offset, text, line.cut));
        }
        out
    }

    #[test]
    fn lines_end_with_either_ending_or_with_the_input() {
        for chunk in [1, 2, 3, 64] {
            let lines = all("a\r\n\nbc\r\nlast", 10, chunk);
            let expected = [(1, 0, "a"), (2, 3, ""), (3, 4, "bc"), (4, 8, "last")];
            assert_eq!(lines, expected.map(|(n, o, t)| (n, o, t.to_owned(), false)));
        }
    }

    #[test]
    fn a_line_beyond_the_cap_is_cut_and_the_next_one_is_whole() {
        for chunk in [1, 4, 64] {
            let lines = all("12345\r\n123456789\r\n123456\nx", 5, chunk);
            let expected = [
                (1, 0, "12345", false),
                (2, 7, "12345", true),
                (3, 18, "12345", true),
                (4, 25, "x", false),
            ];
            assert_eq!(lines, expected.map(|(n, o, t, c)| (n, o, t.to_owned(), c)));
        }
    }

    #[test]
    fn an_empty_input_has_no_line() {
        assert_eq!(all("", 5, 4), []);
        assert_eq!(all("\n", 5, 4).len(), 1);
    }
}
