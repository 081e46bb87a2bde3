//! The parts of a file that is one JSON document instead of lines: the
//! elements of its outermost array, or of the arrays in its outermost object, or
//! of those in one named object within that.
//! No more than one element is in memory.

use std::io::{self, BufRead};

use super::block::RawLine;

/// The elements of an input.
pub(super) struct Elements<R> {
    input: R,
    longest: usize,
    buffer: Vec<u8>,
    state: State,
    within: Within,
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
    /// Whether `level` is that of the arrays in the named object.
    is_within: bool,
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
            within: Within::default(),
            line: 1,
            offset: 0,
        }
    }

    /// The same, also for the arrays in the object that the member `name` of the
    /// outermost object holds; an empty name is none.
    pub fn within(mut self, name: &'static str) -> Elements<R> {
        self.within.name = name;
        self
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
            let mut rest = chunk;
            while let Some(byte) = rest.first() {
                let run = match self.within.is_noting(&self.state) {
                    true => 0,
                    false => self.state.run(rest),
                };
                if run == 0 {
                    let opens = self.within.step(*byte, &self.state);
                    found = self.state.step(*byte, self.line, self.offset, opens);
                    if found.is_some() {
                        // A bracket that ends the element's array is taken again.
                        break;
                    }
                }
                let (taken, after) = rest.split_at(run.max(1));
                rest = after;
                self.offset += taken.len();
                self.line += memchr::memchr_iter(b'\n', taken).count();
                if self.state.begun.is_some() {
                    let room = self.longest.saturating_sub(self.buffer.len());
                    self.state.cut |= taken.len() > room;
                    self.buffer.extend(taken.iter().take(room));
                }
            }
            let used = chunk.len() - rest.len();
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

/// Finds the object in the outermost object whose arrays hold elements too.
#[derive(Debug, Clone, Default)]
struct Within {
    name: &'static str,
    /// The beginning of the last string in the outermost object, quotes left out.
    key: Vec<u8>,
}

impl Within {
    /// Whether it takes the next byte.
    fn is_noting(&self, state: &State) -> bool {
        !self.name.is_empty() && state.depth == 1 && state.level == 2
    }

    /// Takes one byte before `state` does; whether it opens that object.
    fn step(&mut self, byte: u8, state: &State) -> bool {
        if !self.is_noting(state) {
            return false;
        }
        match byte {
            b'"' if !state.in_string => self.key.clear(),
            _ if state.in_string && self.key.len() <= self.name.len() => self.key.push(byte),
            b'{' if !state.in_string => {
                let key = self.key.strip_suffix(b"\"");
                return key == Some(self.name.as_bytes());
            }
            _ => {}
        }
        false
    }
}

impl State {
    /// How many of the next bytes are inside a string and change nothing.
    fn run(&self, bytes: &[u8]) -> usize {
        if !self.in_string || self.escaped {
            return 0;
        }
        memchr::memchr2(b'"', b'\\', bytes).unwrap_or(bytes.len())
    }

    /// Takes one byte; the beginning of the element that has ended before it,
    /// in which case the byte has not been taken.
    fn step(
        &mut self,
        byte: u8,
        line: usize,
        offset: usize,
        opens: bool,
    ) -> Option<(usize, usize)> {
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
                if opens {
                    self.level = self.depth + 1;
                    self.is_within = true;
                } else if self.depth == self.level {
                    self.in_array = byte == b'[';
                }
            }
            b'}' | b']' => {
                self.depth = self.depth.saturating_sub(1);
                if self.depth < self.level {
                    self.in_array = false;
                }
                if self.is_within && self.depth + 2 == self.level {
                    self.level = self.depth + 1;
                    self.is_within = false;
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
    fn the_arrays_of_one_named_object_hold_elements_too() {
        let found = |text: &str| -> Vec<String> {
            let input = BufReader::with_capacity(3, text.as_bytes());
            let mut elements = Elements::new(input, 100).within("log");
            let mut out = Vec::new();
            while let Some(element) = elements.next_element().unwrap() {
                out.push(String::from_utf8_lossy(element.bytes).trim().to_owned());
            }
            out
        };
        assert_eq!(
            found(r#"{"a":[1],"log":{"x":{"y":[9]},"z":[[2],{"log":{"q":[8]}}]},"b":[3]}"#),
            ["1", "[2]", r#"{"log":{"q":[8]}}"#, "3"]
        );
        for text in [
            r#"{"lo":{"x":[1]}}"#,
            r#"{"logs":{"x":[1]}}"#,
            r#"{"l\u006fg":{"x":[1]}}"#,
            r#"{"x":{"log":{"x":[1]}}}"#,
        ] {
            assert_eq!(found(text), [""; 0], "{text}");
        }
        assert_eq!(
            found(r#"{"log":[1],"x":{"y":[2]}}{"log":{"x":[3]}}"#),
            ["1", "3"]
        );
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
