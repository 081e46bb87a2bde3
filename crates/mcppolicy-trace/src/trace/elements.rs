//! The parts of a file that is one JSON document instead of lines: the
//! elements of its outermost array, or of the arrays in its outermost object.
//! No more than one element is in memory.

use std::io::{self, BufRead};

use super::block::RawLine;

/// The elements of an input.
pub(super) struct Elements<R> {
    input: R,
    longest: usize,
    buffer: Vec<u8>,
    state: State,
    /// The line of the next byte, from 1.
    line: usize,
    /// The next byte's offset, from 0.
    offset: usize,
}

/// Where in the JSON the next byte is.
#[derive(Debug, Clone, Copy, Default)]
struct State {
    /// Open arrays and objects.
    depth: usize,
    /// The depth at which elements begin: in the outermost array 1, in an
    /// array of the outermost object 2.
    level: usize,
    /// Whether an array, and no object, is open at `level`.
    in_array: bool,
    in_string: bool,
    escaped: bool,
    /// The line and the offset of the element being read.
    begun: Option<(usize, usize)>,
    cut: bool,
}

impl<R: BufRead> Elements<R> {
    /// The elements of `input`, cut after `longest` bytes.
    pub fn new(input: R, longest: usize) -> Elements<R> {
        Elements {
            input,
            longest,
            buffer: Vec::new(),
            state: State::default(),
            line: 1,
            offset: 0,
        }
    }

    /// The next element; of a document that ends too early, also the part of
    /// one. The number is that of the line on which it begins.
    ///
    /// # Errors
    /// What the input reports.
    pub fn next_element(&mut self) -> io::Result<Option<RawLine<'_>>> {
        self.buffer.clear();
        self.state.cut = false;
        let mut found = None;
        while found.is_none() {
            let chunk = match self.input.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if chunk.is_empty() {
                found = self.state.begun.take();
                break;
            }
            let mut used = 0;
            for byte in chunk {
                found = self.state.step(*byte, self.line, self.offset);
                if found.is_some() {
                    // A bracket that ends the element's array is taken again.
                    break;
                }
                used += 1;
                self.offset += 1;
                self.line += usize::from(*byte == b'\n');
                if self.state.begun.is_some() {
                    if self.buffer.len() < self.longest {
                        self.buffer.push(*byte);
                    } else {
                        self.state.cut = true;
                    }
                }
            }
            self.input.consume(used);
        }
        Ok(found.map(|(number, offset)| RawLine {
            number,
            offset,
            bytes: &self.buffer,
            cut: self.state.cut,
        }))
    }
}

impl State {
    /// Takes one byte; the beginning of the element that has ended before it,
    /// in which case the byte has not been taken.
    fn step(&mut self, byte: u8, line: usize, offset: usize) -> Option<(usize, usize)> {
        if self.in_string {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.in_string = false,
                _ => {}
            }
            return None;
        }
        let between = self.depth > 0 && self.depth == self.level && self.in_array;
        if between && matches!(byte, b',' | b']' | b'}') && self.begun.is_some() {
            return self.begun.take();
        }
        let blank = matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
        if between && self.begun.is_none() && !blank && !matches!(byte, b',' | b']' | b'}') {
            self.begun = Some((line, offset));
        }
        match byte {
            b'"' => self.in_string = true,
            b'{' | b'[' => {
                if self.depth == 0 {
                    self.level = if byte == b'[' { 1 } else { 2 };
                }
                self.depth += 1;
                if self.depth == self.level {
                    self.in_array = byte == b'[';
                }
            }
            b'}' | b']' => {
                self.depth = self.depth.saturating_sub(1);
                if self.depth < self.level {
                    self.in_array = false;
                }
            }
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::BufReader;

    fn all(text: &str, longest: usize, chunk: usize) -> Vec<(usize, String, bool)> {
        let input = BufReader::with_capacity(chunk, text.as_bytes());
        let mut elements = Elements::new(input, longest);
        let mut out = Vec::new();
        while let Some(element) = elements.next_element().unwrap() {
            let text = String::from_utf8_lossy(element.bytes).trim().to_owned();
            out.push((element.number, text, element.cut));
        }
        out
    }

    fn texts(text: &str) -> Vec<String> {
        let once = all(text, 100, 64);
        assert_eq!(once, all(text, 100, 1));
        once.into_iter().map(|(_, text, _)| text).collect()
    }

    #[test]
    fn an_array_yields_its_elements_with_their_lines() {
        let found = all("[\n  {\"a\": [1, 2]},\n  \"x,]\\\"\", 3 ]\n", 100, 7);
        let expected = [(2, r#"{"a": [1, 2]}"#), (3, r#""x,]\"""#), (3, "3")];
        assert_eq!(found, expected.map(|(n, t)| (n, t.to_owned(), false)));
    }

    #[test]
    fn an_object_yields_the_elements_of_its_arrays() {
        let text = r#"{"other": {"deep": [9]}, "spans": [{"b": 1}, [2]], "more": [3]}"#;
        assert_eq!(texts(text), [r#"{"b": 1}"#, "[2]", "3"]);
    }

    #[test]
    fn documents_follow_each_other() {
        assert_eq!(texts("[1]\n{\"a\":[2]}\n[]\n[3,4]"), ["1", "2", "3", "4"]);
    }

    #[test]
    fn a_document_that_ends_early_yields_what_there_is() {
        assert_eq!(texts(r#"[{"a":1},{"b":"#), [r#"{"a":1}"#, r#"{"b":"#]);
        assert_eq!(texts("]]}}"), [""; 0]);
    }

    #[test]
    fn an_element_beyond_the_cap_is_cut_and_the_next_one_is_whole() {
        let found = all(r#"["0123456789", "x"]"#, 5, 3);
        let expected = [(1, "\"0123", true), (1, "\"x\"", false)];
        assert_eq!(found, expected.map(|(n, t, c)| (n, t.to_owned(), c)));
    }
}
