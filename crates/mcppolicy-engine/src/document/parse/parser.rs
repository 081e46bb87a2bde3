//! The parser itself: one pass over the bytes.

use std::collections::HashMap;

use super::defect::{Defect, SyntaxError, Trouble, quoted};
use crate::document::number::{Exactness, exactness};
use crate::document::{Member, Node, NodeKind, escape_pointer, push_pointer};
use crate::source::Span;

/// Arrays and objects inside each other, at most: the depth at which
/// `serde_json` and the gateways built on it stop.
const MAX_DEPTH: usize = 127;

/// How many bytes the pointers of all defects may have together. Each repeats the
/// keys on the way, so that a long key with many defects inside it would need a
/// multiple of its file.
const MOST_POINTERS: usize = 16 << 20;

/// The state of the parser.
pub(super) struct Parser<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    depth: usize,
    path: Vec<Token>,
    problems: Vec<Defect>,
    /// The bytes of their pointers.
    pointers: usize,
    /// Where a defect is that is one too many.
    overflow: Option<Span>,
}

/// One step from the root to the value being read.
enum Token {
    Key(String),
    Index(usize),
}

impl<'a> Parser<'a> {
    pub(super) fn new(text: &'a str) -> Parser<'a> {
        Parser {
            text,
            bytes: text.as_bytes(),
            at: 0,
            depth: 0,
            path: Vec::new(),
            problems: Vec::new(),
            pointers: 0,
            overflow: None,
        }
    }

    /// The one value of the text, and its defects.
    pub(super) fn document(mut self) -> Result<(Node, Vec<Defect>), SyntaxError> {
        self.skip_space();
        let root = self.value()?;
        self.skip_space();
        if self.at < self.text.len() {
            return Err(self.unexpected("the end of the file"));
        }
        if let Some(span) = self.overflow {
            return Err(SyntaxError {
                message: "Too many keys are repeated, or too many numbers and characters are not \
                          exact, to list them all"
                    .to_owned(),
                help: Some("shorten the keys around them, or correct them from here on".to_owned()),
                span,
            });
        }
        Ok((root, self.problems))
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn value(&mut self) -> Result<Node, SyntaxError> {
        let start = self.at;
        let kind = match self.peek() {
            Some(b'{') => self.nested(Parser::object)?,
            Some(b'[') => self.nested(Parser::array)?,
            Some(b'"') => NodeKind::String(self.string()?),
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(b't') => self.word("true", NodeKind::Bool(true))?,
            Some(b'f') => self.word("false", NodeKind::Bool(false))?,
            Some(b'n') => self.word("null", NodeKind::Null)?,
            _ => return Err(self.unexpected("a value")),
        };
        Ok(Node {
            span: Span::new(start, self.at),
            kind,
        })
    }

    fn word(&mut self, word: &str, kind: NodeKind) -> Result<NodeKind, SyntaxError> {
        if self
            .bytes
            .get(self.at..)
            .is_some_and(|rest| rest.starts_with(word.as_bytes()))
        {
            self.at += word.len();
            Ok(kind)
        } else {
            Err(self.unexpected("a value"))
        }
    }

    fn nested(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<NodeKind, SyntaxError>,
    ) -> Result<NodeKind, SyntaxError> {
        if self.depth == MAX_DEPTH {
            return Err(SyntaxError {
                message: format!("Arrays and objects are nested deeper than {MAX_DEPTH} levels"),
                help: Some("gateways stop reading at this depth".to_owned()),
                span: Span::new(self.at, self.at + 1),
            });
        }
        self.depth += 1;
        self.at += 1;
        let kind = read(self)?;
        self.depth -= 1;
        Ok(kind)
    }

    fn array(&mut self) -> Result<NodeKind, SyntaxError> {
        let mut items = Vec::new();
        self.skip_space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(NodeKind::Array(items));
        }
        loop {
            self.path.push(Token::Index(items.len()));
            self.skip_space();
            items.push(self.value()?);
            self.path.pop();
            self.skip_space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(NodeKind::Array(items));
                }
                _ => return Err(self.unexpected("`,` or `]`")),
            }
        }
    }

    fn object(&mut self) -> Result<NodeKind, SyntaxError> {
        let mut members: Vec<Member> = Vec::new();
        self.skip_space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(NodeKind::Object(members));
        }
        loop {
            self.skip_space();
            let key_start = self.at;
            if self.peek() != Some(b'"') {
                return Err(self.unexpected("a key in double quotes"));
            }
            let key = self.string()?;
            let key_span = Span::new(key_start, self.at);
            self.skip_space();
            if self.peek() != Some(b':') {
                return Err(self.unexpected("`:`"));
            }
            self.at += 1;
            self.skip_space();
            self.path.push(Token::Key(key));
            let value = self.value()?;
            let Some(Token::Key(key)) = self.path.pop() else {
                // Each step is removed where it was added.
                return Err(self.unexpected("a key"));
            };
            members.push(Member {
                key,
                key_span,
                value,
            });
            self.skip_space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    self.note_duplicates(&members);
                    return Ok(NodeKind::Object(members));
                }
                _ => return Err(self.unexpected("`,` or `}`")),
            }
        }
    }

    fn note_duplicates(&mut self, members: &[Member]) {
        /// Most objects are small: comparing their keys costs less than a map.
        const FEW: usize = 8;
        let is_repeated = |(at, member): (usize, &Member)| {
            let earlier = members.iter().take(at);
            earlier.rev().any(|other| other.key == member.key)
        };
        if members.len() <= FEW && !members.iter().enumerate().any(is_repeated) {
            return;
        }
        let mut seen: HashMap<&str, Span> = HashMap::with_capacity(members.len());
        for member in members {
            match seen.get(member.key.as_str()) {
                None => {
                    seen.insert(&member.key, member.key_span);
                }
                Some(first) => {
                    let trouble = Trouble::DuplicateKey {
                        key: member.key.clone(),
                        first: *first,
                    };
                    self.note_at(trouble, member.key_span, Some(&member.key));
                }
            }
        }
    }

    fn number(&mut self) -> Result<NodeKind, SyntaxError> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits(),
            _ => return Err(self.unexpected("a digit")),
        }
        if matches!(self.bytes.get(start..self.at), Some(b"0" | b"-0"))
            && matches!(self.peek(), Some(b'0'..=b'9'))
        {
            return Err(self.error_here(
                "A number must not begin with 0",
                Some("remove the zero; JSON has no octal"),
            ));
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.some_digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.some_digits()?;
        }
        let raw = self.text.get(start..self.at).unwrap_or_default();
        let double: f64 = raw.parse().unwrap_or(f64::INFINITY);
        let trouble = match exactness(raw, double) {
            Exactness::Exact => None,
            Exactness::Inexact => Some(Trouble::InexactNumber),
            Exactness::Overflow => Some(Trouble::NumberOverflow),
        };
        if let Some(trouble) = trouble {
            self.note(trouble, Span::new(start, self.at));
        }
        Ok(NodeKind::Number(double.clamp(f64::MIN, f64::MAX)))
    }

    fn digits(&mut self) {
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
    }

    fn some_digits(&mut self) -> Result<(), SyntaxError> {
        if !matches!(self.peek(), Some(b'0'..=b'9')) {
            return Err(self.unexpected("a digit"));
        }
        self.digits();
        Ok(())
    }

    /// Reads a string from its opening to behind its closing quote.
    fn string(&mut self) -> Result<String, SyntaxError> {
        let opening = self.at;
        self.at += 1;
        let mut out = String::new();
        loop {
            let run = self.at;
            while !matches!(self.peek(), None | Some(b'"' | b'\\' | 0..=0x1F)) {
                self.at += 1;
            }
            // The run ends before an ASCII byte, so it ends between characters.
            out.push_str(self.text.get(run..self.at).unwrap_or_default());
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(out);
                }
                Some(b'\\') => self.escape(&mut out)?,
                Some(control) => {
                    return Err(self.error_here(
                        &format!("A string holds the control character U+{control:04X}"),
                        Some(&format!(
                            "write it as {}",
                            serde_json::Value::from(char::from(control).to_string())
                        )),
                    ));
                }
                None => {
                    return Err(SyntaxError {
                        message: "The string that begins here has no closing quote".to_owned(),
                        help: None,
                        span: Span::new(opening, opening + 1),
                    });
                }
            }
        }
    }

    fn escape(&mut self, out: &mut String) -> Result<(), SyntaxError> {
        let start = self.at;
        let character = match self.bytes.get(self.at + 1) {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                out.push(self.unicode_escape(start)?);
                return Ok(());
            }
            _ => {
                return Err(self.error_here(
                    "A backslash in a string must be followed by one of \" \\ / b f n r t u",
                    Some("write a backslash itself as \\\\"),
                ));
            }
        };
        self.at += 2;
        out.push(character);
        Ok(())
    }

    fn unicode_escape(&mut self, start: usize) -> Result<char, SyntaxError> {
        let first = self.code_unit(start)?;
        if let Some(character) = char::from_u32(first) {
            return Ok(character);
        }
        let second_start = self.at;
        if first < 0xDC00 && self.bytes.get(self.at..self.at + 2) == Some(b"\\u") {
            let second = self.code_unit(second_start)?;
            let pair = char::decode_utf16([first as u16, second as u16]).next();
            if let Some(Ok(character)) = pair {
                return Ok(character);
            }
            // The second escape may be a character of its own, or half of
            // another pair: read it again on its own.
            self.at = second_start;
        }
        self.note(Trouble::LoneSurrogate, Span::new(start, self.at));
        Ok(char::REPLACEMENT_CHARACTER)
    }

    /// Reads `\uXXXX` at `start`.
    fn code_unit(&mut self, start: usize) -> Result<u32, SyntaxError> {
        let digits = self.bytes.get(start + 2..start + 6).unwrap_or_default();
        if digits.len() < 4 || !digits.iter().all(u8::is_ascii_hexdigit) {
            self.at = start;
            return Err(self.error_here("\\u must be followed by four hexadecimal digits", None));
        }
        self.at = start + 6;
        let unit = digits.iter().fold(0, |unit, digit| {
            unit * 16 + char::from(*digit).to_digit(16).unwrap_or(0)
        });
        Ok(unit)
    }

    fn note(&mut self, trouble: Trouble, span: Span) {
        self.note_at(trouble, span, None);
    }

    /// Notes a defect of the value being read, or of its member `key`.
    fn note_at(&mut self, trouble: Trouble, span: Span, key: Option<&str>) {
        if self.pointers > MOST_POINTERS {
            self.overflow.get_or_insert(span);
            return;
        }
        let pointer = self.pointer(key);
        self.pointers += pointer.len();
        self.problems.push(Defect {
            trouble,
            span,
            pointer,
        });
    }

    fn pointer(&self, key: Option<&str>) -> String {
        let mut pointer = String::new();
        for token in &self.path {
            pointer.push('/');
            match token {
                Token::Key(key) => pointer.push_str(&escape_pointer(key)),
                Token::Index(index) => pointer.push_str(&index.to_string()),
            }
        }
        match key {
            Some(key) => push_pointer(&pointer, key),
            None => pointer,
        }
    }

    fn error_here(&self, message: &str, help: Option<&str>) -> SyntaxError {
        SyntaxError {
            message: message.to_owned(),
            help: help.map(str::to_owned),
            span: self.here(),
        }
    }

    /// The character at the cursor, nothing at the end.
    fn here(&self) -> Span {
        let width = self
            .text
            .get(self.at..)
            .and_then(|rest| rest.chars().next())
            .map_or(0, char::len_utf8);
        Span::new(self.at, self.at + width)
    }

    fn unexpected(&self, expected: &str) -> SyntaxError {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let found = match rest.chars().next() {
            None => "the file ends".to_owned(),
            Some(character) => format!("found {}", quoted(&character.to_string())),
        };
        let help = match (rest.as_bytes(), expected) {
            ([b'/', b'/' | b'*', ..], _) => Some("JSON has no comments; remove it"),
            ([b'\'', ..], _) => Some("JSON has only double quotes"),
            ([b'}' | b']', ..], "a value" | "a key in double quotes") => {
                Some("remove the comma before it; JSON has no trailing commas")
            }
            _ => None,
        };
        SyntaxError {
            message: format!("Expected {expected}, but {found}"),
            help: help.map(str::to_owned),
            span: self.here(),
        }
    }
}
