//! A stream cut into lines, of which none is longer than can be kept.

use std::io::{self, BufRead, BufReader, ErrorKind, Read};

/// How much is read at once, in bytes.
const CHUNK: usize = 64 * 1024;

/// One line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A line with its ending, or what comes after the last one.
    Whole(Vec<u8>),
    /// A line longer than the bound, of which nothing is kept.
    TooLong,
}

/// The lines of a stream.
#[derive(Debug)]
pub(super) struct Lines<R> {
    from: BufReader<R>,
    longest: usize,
}

impl<R: Read> Lines<R> {
    /// The lines of `from`; `longest` is in bytes.
    pub fn new(from: R, longest: usize) -> Lines<R> {
        Lines {
            from: BufReader::with_capacity(CHUNK, from),
            longest,
        }
    }

    /// The next line; nothing at the end.
    ///
    /// # Errors
    /// What the stream reports.
    pub fn next(&mut self) -> io::Result<Option<Line>> {
        let mut line = Vec::new();
        let mut is_too_long = false;
        loop {
            let read = match self.from.fill_buf() {
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if read.is_empty() {
                return Ok(match (is_too_long, line.is_empty()) {
                    (true, _) => Some(Line::TooLong),
                    (false, true) => None,
                    (false, false) => Some(Line::Whole(line)),
                });
            }
            let end = read.iter().position(|byte| *byte == b'\n');
            let length = end.map_or(read.len(), |at| at + 1);
            if line.len() + length > self.longest {
                is_too_long = true;
                line = Vec::new();
            } else if !is_too_long {
                line.extend_from_slice(read.get(..length).unwrap_or(read));
            }
            self.from.consume(length);
            if end.is_some() {
                return Ok(Some(match is_too_long {
                    true => Line::TooLong,
                    false => Line::Whole(line),
                }));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_keep_their_endings_and_what_is_too_long_ends_at_its_own() {
        let text = "a\r\n\nlonger than it may be\nfour\n12345678\n123456789\nend";
        let mut lines = Lines::new(text.as_bytes(), 9);
        let mut all = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            all.push(match line {
                Line::Whole(line) => String::from_utf8(line).unwrap(),
                Line::TooLong => "(too long)".to_owned(),
            });
        }
        let expected = [
            "a\r\n",
            "\n",
            "(too long)",
            "four\n",
            "12345678\n",
            "(too long)",
            "end",
        ];
        assert_eq!(all, expected);
    }

    #[test]
    fn a_long_line_that_does_not_end_is_dropped_whole() {
        let text = "x".repeat(3 * CHUNK);
        let mut lines = Lines::new(text.as_bytes(), CHUNK);
        assert_eq!(lines.next().unwrap(), Some(Line::TooLong));
        assert_eq!(lines.next().unwrap(), None);
    }
}
