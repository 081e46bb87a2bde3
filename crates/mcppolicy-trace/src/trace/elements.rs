//! The parts of a file that is one JSON document instead of lines: the
//! elements of its outermost array, or of the arrays in its outermost object, or
//! of those in one named object within that.
//! No more than one element is in memory.

use std::io::{self, BufRead};

use super::block::RawLine;
use mcppolicy_engine::document::parse::end_of_plain;

/// The elements of an input.
pub(super) struct Elements<R> {
    input: R,
    /// How long the longest of the last elements was.
    usual: usize,
    state: State,
    within: Within,
    taken: Taken,
}

/// How much is looked at for an element at least, in bytes.
const LEAST_AHEAD: usize = 256;

/// What has been taken of the input: where that ends, and the element in it.
#[derive(Debug, Clone)]
struct Taken {
    /// The line of the next byte, from 1.
    line: usize,
    /// The next byte's offset, from 0.
    offset: usize,
    /// The line and the offset of the element being read.
    begun: Option<(usize, usize)>,
    /// Its bytes, no more than `longest`.
    bytes: Vec<u8>,
    longest: usize,
    cut: bool,
}

impl Taken {
    fn take(&mut self, bytes: &[u8]) {
        self.offset += bytes.len();
        self.line += memchr::memchr_iter(b'\n', bytes).count();
        if self.begun.is_some() {
            let room = self.longest.saturating_sub(self.bytes.len());
            self.cut |= bytes.len() > room;
            self.bytes
                .extend_from_slice(bytes.get(..room).unwrap_or(bytes));
        }
    }

    /// Begins an element at the next byte.
    fn begin(&mut self) {
        self.begun = Some((self.line, self.offset));
    }
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
}

/// What a byte means for the element being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Neither of the others.
    Goes,
    /// An element begins with it.
    Begins,
    /// The element has ended before it, and it has not been taken.
    Ends,
}

impl<R: BufRead> Elements<R> {
    /// The elements of `input`, cut after `longest` bytes.
    pub fn new(input: R, longest: usize) -> Elements<R> {
        Elements {
            input,
            usual: 0,
            state: State::default(),
            within: Within::default(),
            taken: Taken {
                line: 1,
                offset: 0,
                begun: None,
                bytes: Vec::new(),
                longest,
                cut: false,
            },
        }
    }

    /// The same, also for the arrays in the object that the member `name` of the
    /// outermost object holds; an empty name is none.
    pub fn within(mut self, name: &'static str) -> Elements<R> {
        self.within.name = name;
        self
    }

    /// Goes to the beginning of the next element, and says on which line that is; `None`
    /// at the end.
    ///
    /// # Errors
    /// What the input reports.
    pub fn seek(&mut self) -> io::Result<Option<usize>> {
        loop {
            let chunk = filled(&mut self.input)?;
            if chunk.is_empty() {
                return Ok(None);
            }
            let (at, step) = pass(&mut self.state, &mut self.within, chunk, false);
            self.taken.take(chunk.get(..at).unwrap_or_default());
            self.input.consume(at);
            if step == Step::Begins {
                return Ok(Some(self.taken.line));
            }
        }
    }

    /// What has been read of the input from the next byte on, as far as it is text and an
    /// element is likely to reach; nothing where it cannot be a whole element.
    ///
    /// # Errors
    /// What the input reports.
    pub fn ahead(&mut self) -> io::Result<&str> {
        let chunk = filled(&mut self.input)?;
        if chunk.len() < self.usual {
            return Ok("");
        }
        let likely = (self.usual + self.usual / 4 + LEAST_AHEAD).min(self.taken.longest);
        let ahead = chunk.get(..likely).unwrap_or(chunk);
        Ok(match std::str::from_utf8(ahead) {
            Ok(text) => text,
            Err(bad) => {
                let valid = ahead.get(..bad.valid_up_to()).unwrap_or_default();
                std::str::from_utf8(valid).unwrap_or_default()
            }
        })
    }

    /// Passes over an element of so many bytes, the next ones.
    pub fn skip(&mut self, bytes: usize) {
        self.note_length(bytes);
        if let Ok(chunk) = self.input.fill_buf() {
            self.taken.take(chunk.get(..bytes).unwrap_or(chunk));
        }
        self.input.consume(bytes);
    }

    /// An element was so many bytes long. What was usual long ago counts ever less.
    fn note_length(&mut self, bytes: usize) {
        self.usual = bytes.max(self.usual - self.usual / 16);
    }

    /// The next element; of a document that ends too early, also the part of
    /// one. The number is that of the line on which it begins.
    ///
    /// # Errors
    /// What the input reports.
    pub fn next_element(&mut self) -> io::Result<Option<RawLine<'_>>> {
        self.taken.bytes.clear();
        self.taken.cut = false;
        if self.seek()?.is_none() {
            return Ok(None);
        }
        self.taken.begin();
        loop {
            let chunk = filled(&mut self.input)?;
            if chunk.is_empty() {
                break;
            }
            let (at, step) = pass(&mut self.state, &mut self.within, chunk, true);
            self.taken.take(chunk.get(..at).unwrap_or_default());
            self.input.consume(at);
            if step == Step::Ends {
                break;
            }
        }
        self.note_length(self.taken.bytes.len());
        let begun = self.taken.begun.take();
        Ok(begun.map(|(number, offset)| RawLine {
            number,
            offset,
            bytes: &self.taken.bytes,
            cut: self.taken.cut,
        }))
    }
}

/// The next bytes of an input; none at its end.
fn filled(input: &mut impl BufRead) -> io::Result<&[u8]> {
    loop {
        match input.fill_buf() {
            Ok(_) => break,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    input.fill_buf()
}

/// Passes over bytes up to one with which an element begins or before which it ends, or
/// over all; says how many, and which. `is_begun` says whether an element is being read.
fn pass(state: &mut State, within: &mut Within, chunk: &[u8], is_begun: bool) -> (usize, Step) {
    let mut at = 0;
    loop {
        at = state.pass_inner(chunk, at);
        let Some(byte) = chunk.get(at) else {
            return (chunk.len(), Step::Goes);
        };
        if state.in_string && !state.escaped && !within.is_noting(state) {
            let end = end_of_plain(chunk, at);
            if end > at {
                at = end;
                continue;
            }
        }
        let before = *state;
        let opens = within.step(*byte, state);
        match state.step(*byte, is_begun, opens) {
            Step::Goes => at += 1,
            // That byte has not been passed.
            step => {
                *state = before;
                return (at, step);
            }
        }
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
    #[inline(always)]
    fn is_noting(&self, state: &State) -> bool {
        !self.name.is_empty() && state.depth == 1 && state.level == 2
    }

    /// Takes one byte before `state` does; whether it opens that object.
    #[inline(always)]
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
    /// Takes the bytes from `at` on that are deeper than where elements begin and end;
    /// says where the first other byte is. Most bytes are, and few of them matter.
    fn pass_inner(&mut self, chunk: &[u8], mut at: usize) -> usize {
        while self.depth > self.level {
            if self.in_string {
                at = self.pass_string(chunk, at);
            }
            let structural = |byte: &u8| matches!(byte, b'"' | b'{' | b'[' | b'}' | b']');
            let rest = chunk.get(at..).unwrap_or_default();
            let Some(next) = rest.iter().position(structural) else {
                return chunk.len();
            };
            at += next + 1;
            match rest.get(next) {
                Some(b'"') => self.in_string = true,
                Some(b'{' | b'[') => self.depth += 1,
                _ => self.depth -= 1,
            }
        }
        at
    }

    /// Takes the rest of a string, its closing quote included.
    fn pass_string(&mut self, chunk: &[u8], mut at: usize) -> usize {
        while self.in_string {
            if !self.escaped {
                at = end_of_plain(chunk, at);
            }
            let Some(byte) = chunk.get(at) else { break };
            at += 1;
            match byte {
                _ if self.escaped => self.escaped = false,
                b'"' => self.in_string = false,
                b'\\' => self.escaped = true,
                _ => {}
            }
        }
        at
    }

    /// Takes one byte; `is_begun` says whether an element is being read.
    #[inline(always)]
    fn step(&mut self, byte: u8, is_begun: bool, opens: bool) -> Step {
        if self.in_string {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.in_string = false,
                _ => {}
            }
            return Step::Goes;
        }
        let between = self.depth > 0 && self.depth == self.level && self.in_array;
        let separates = matches!(byte, b',' | b']' | b'}');
        if between && separates && is_begun {
            return Step::Ends;
        }
        let blank = matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
        let begins = between && !is_begun && !blank && !separates;
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
        if begins { Step::Begins } else { Step::Goes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::item::Item;
    use crate::trace::jsonrpc::JsonRpc;
    use crate::trace::log::DocumentReader;
    use crate::trace::reader::Reader;
    use proptest::prelude::*;
    use proptest::sample::select;
    use std::io::{BufReader, Cursor};

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

    /// What comes of a document that is read through a buffer of so many bytes: of a small
    /// one, no element is at hand as a whole.
    fn items(text: &str, buffer: usize) -> Vec<Item> {
        let input = BufReader::with_capacity(buffer, Cursor::new(text.to_owned()));
        let format = JsonRpc;
        let mut reader = DocumentReader::new(input, format, None);
        std::iter::from_fn(|| reader.next().unwrap()).collect()
    }

    proptest! {
        #[test]
        fn an_element_is_read_alike_where_it_stands_and_cut_out(
            parts in prop::collection::vec(select(&PARTS[..]), 0..12), buffer in 1_usize..80,
        ) {
            let text = parts.concat();
            let at_hand = items(&text, 1 << 16);
            prop_assert_eq!(&at_hand, &items(&text, buffer), "{}", text);
        }
    }

    /// Parts of documents, whole ones and broken ones.
    const PARTS: [&str; 18] = [
        "[",
        "]",
        "{\"messages\":[",
        "]}",
        ",",
        " \n",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"t\"}}",
        "{\"method\":\"tools/call\",\"params\":{\"name\":\"]}\u{e9}\\\"\",\"arguments\":{\"a\":1,\"a\":2}}}",
        ",\n{\"id\":2,\"method\":\"tools/call\",\"params\":{\"name\":\"u\",\"arguments\":{\"n\":1e999}}},",
        "{\"id\":1,\"result\":{}}",
        "[{\"id\":3,\"method\":\"tools/call\",\"params\":{\"name\":\"v\"}}]",
        "{\"a\":",
        "\"x",
        "\"",
        "1",
        "nul",
        "{\"log\":{",
        "}",
    ];
}
