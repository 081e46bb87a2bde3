//! A strict RFC 8259 parser that keeps the place of everything.
//!
//! It accepts what `serde_json` accepts, to the same depth (a property test
//! holds this). A syntax error ends it, because the rest needs a tree; repeated
//! keys, lone surrogates and numbers that no double holds are collected.

use std::collections::HashMap;

use super::number::{Exactness, exactness};
use super::{Document, Member, Node, NodeKind};
use crate::problem::{Problem, ProblemKind};
use crate::source::{FileId, Location, SourceMap, Span};

/// Arrays and objects inside each other, at most: the depth at which
/// `serde_json` and the gateways built on it stop.
const MAX_DEPTH: usize = 127;

/// What is legal JSON and still not a legal document (policy language §1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// A key repeated within one object, and where it stood first.
    DuplicateKey {
        /// The key.
        key: String,
        /// Its first appearance.
        first: Span,
    },
    /// Half a surrogate pair in a string.
    LoneSurrogate,
    /// A number whose nearest double is another number: `9007199254740993`.
    InexactNumber,
    /// A number beyond the doubles: `1e400`.
    NumberOverflow,
}

/// A [`Trouble`] and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Defect {
    /// What it is.
    pub trouble: Trouble,
    /// The key, the escape or the number.
    pub span: Span,
    /// JSON Pointer to the value concerned.
    pub pointer: String,
}

/// Why there is no tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// One sentence: what was found and what was expected.
    pub message: String,
    /// What to do about it, where that is known.
    pub help: Option<String>,
    /// The offending bytes; empty at the end of the text.
    pub span: Span,
}

/// Parses one JSON text.
///
/// # Errors
/// The first syntax error.
pub fn parse_text(text: &str) -> Result<(Node, Vec<Defect>), SyntaxError> {
    let mut parser = Parser {
        text,
        bytes: text.as_bytes(),
        at: 0,
        depth: 0,
        path: Vec::new(),
        problems: Vec::new(),
    };
    parser.skip_space();
    let root = parser.value()?;
    parser.skip_space();
    if parser.at < text.len() {
        return Err(parser.unexpected("the end of the file"));
    }
    Ok((root, parser.problems))
}

/// Reads a file's bytes into `map` and parses them as a document, strictly: a
/// byte-order mark, other encodings, and everything in [`Trouble`] are findings
/// (rule `syntax`).
///
/// The file is in the map in any case, so that findings can be shown in it.
pub fn parse(
    map: &mut SourceMap,
    name: &str,
    bytes: &[u8],
) -> (FileId, Option<Document>, Vec<Problem>) {
    let text = match decode(bytes) {
        Ok(text) => text,
        Err(bad) => {
            let file = map.add(name, String::from_utf8_lossy(bytes));
            return (file, None, vec![syntax_problem(file, bad)]);
        }
    };
    let file = map.add(name, text);
    match parse_text(text) {
        Ok((root, problems)) => {
            let findings = problems
                .iter()
                .map(|problem| defect_problem(file, text, problem))
                .collect();
            (file, Some(Document { file, root }), findings)
        }
        Err(bad) => (file, None, vec![syntax_problem(file, bad)]),
    }
}

/// The text of a file's bytes, or why they are not UTF-8 without a mark.
///
/// # Errors
/// The byte-order mark or the first byte that is not UTF-8.
pub fn decode(bytes: &[u8]) -> Result<&str, SyntaxError> {
    let error = |message: &str, help: &str, at: usize| SyntaxError {
        message: message.to_owned(),
        help: Some(help.to_owned()),
        span: Span::new(at, at),
    };
    match bytes {
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => Err(error(
            "The file is UTF-16; JSON is UTF-8",
            "save it as \"UTF-8\" (in Windows Notepad: Save As, Encoding; in PowerShell: Set-Content -Encoding utf8NoBOM)",
            0,
        )),
        [0, b'{' | b'[', ..] | [b'{' | b'[', 0, ..] => Err(error(
            "The file is UTF-16 without a mark; JSON is UTF-8",
            "save it as \"UTF-8\"",
            0,
        )),
        [0xEF, 0xBB, 0xBF, ..] => Err(error(
            "The file begins with a byte-order mark, which JSON does not allow",
            "save it as \"UTF-8\" without BOM",
            0,
        )),
        _ => std::str::from_utf8(bytes).map_err(|bad| {
            error(
                &format!(
                    "Byte 0x{:02X} is not UTF-8",
                    bytes.get(bad.valid_up_to()).copied().unwrap_or_default()
                ),
                "save the file as \"UTF-8\"; it may be Latin-1 or Windows-1252 now",
                bad.valid_up_to(),
            )
        }),
    }
}

fn syntax_problem(file: FileId, bad: SyntaxError) -> Problem {
    let finding = Problem::new(
        ProblemKind::Syntax,
        Location {
            file,
            span: bad.span,
        },
        "",
        bad.message,
    );
    Problem {
        help: bad.help,
        ..finding
    }
}

fn defect_problem(file: FileId, text: &str, problem: &Defect) -> Problem {
    let location = Location {
        file,
        span: problem.span,
    };
    let (message, help) = describe(text, problem);
    let finding = Problem::new(
        ProblemKind::Syntax,
        location,
        problem.pointer.clone(),
        message,
    )
    .help(help);
    match problem.trouble {
        Trouble::DuplicateKey { first, .. } => {
            finding.related(Location { file, span: first }, "first here")
        }
        _ => finding,
    }
}

/// What to say of a problem in `text`, and what to do about it.
pub fn describe(text: &str, problem: &Defect) -> (String, String) {
    let spelling = text
        .get(problem.span.start..problem.span.end)
        .unwrap_or_default();
    match &problem.trouble {
        Trouble::DuplicateKey { key, .. } => (
            format!("The key {} is already in this object", quoted(key)),
            "gateways keep one of the two without saying which; remove or merge one".to_owned(),
        ),
        Trouble::LoneSurrogate => (
            format!("{spelling} is half of a surrogate pair, which is no character"),
            "write both halves, or the character itself in UTF-8".to_owned(),
        ),
        Trouble::InexactNumber => {
            let nearest: f64 = spelling.parse().unwrap_or_default();
            (
                format!(
                    "{} is not a number that an IEEE double holds",
                    shortened(spelling)
                ),
                format!(
                    "gateways would read {nearest}; write that, or use a string for an identifier"
                ),
            )
        }
        Trouble::NumberOverflow => (
            format!("{} is beyond the largest IEEE double", shortened(spelling)),
            "the largest is about 1.8e308".to_owned(),
        ),
    }
}

/// A string in JSON's own quotes, cut to a length that fits a message.
pub fn quoted(text: &str) -> String {
    serde_json::Value::from(shortened(text)).to_string()
}

fn shortened(text: &str) -> String {
    const LONGEST: usize = 60;
    match text.char_indices().nth(LONGEST) {
        Some((cut, _)) => format!("{}…", text.get(..cut).unwrap_or_default()),
        None => text.to_owned(),
    }
}

struct Parser<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    depth: usize,
    path: Vec<Token>,
    problems: Vec<Defect>,
}

/// One step from the root to the value being read.
enum Token {
    Key(String),
    Index(usize),
}

impl Parser<'_> {
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
                // Each step is taken back by the one that made it.
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
        let mut seen: HashMap<&str, Span> = HashMap::with_capacity(members.len());
        for member in members {
            match seen.get(member.key.as_str()) {
                None => {
                    seen.insert(&member.key, member.key_span);
                }
                Some(first) => {
                    let pointer = super::push_pointer(&self.pointer(), &member.key);
                    self.problems.push(Defect {
                        trouble: Trouble::DuplicateKey {
                            key: member.key.clone(),
                            first: *first,
                        },
                        span: member.key_span,
                        pointer,
                    });
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
        let plain = match self.bytes.get(self.at + 1) {
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
        out.push(plain);
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
        let pointer = self.pointer();
        self.problems.push(Defect {
            trouble,
            span,
            pointer,
        });
    }

    fn pointer(&self) -> String {
        self.path
            .iter()
            .fold(String::new(), |pointer, token| match token {
                Token::Key(key) => super::push_pointer(&pointer, key),
                Token::Index(index) => super::push_pointer(&pointer, &index.to_string()),
            })
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
