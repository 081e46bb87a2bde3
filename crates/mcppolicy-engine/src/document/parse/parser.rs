//! The parser itself: one pass over the bytes.

use std::collections::HashMap;

use super::defect::{Defect, SyntaxError, Trouble, quoted};
use super::plain::end_of_plain;
use crate::document::borrowed::{Entry, EntryKind, Places, place_of};
use crate::document::number::{Exactness, exactness};
use crate::document::{escape_pointer, push_pointer};
use crate::source::Span;

/// Arrays and objects inside each other, at most: the depth at which
/// `serde_json` and the gateways built on it stop.
const MAX_DEPTH: usize = 127;

/// How many bytes the pointers of all defects may have together. Each repeats the
/// keys on the way, so that a long key with many defects inside it would need a
/// multiple of its file.
const MOST_POINTERS: usize = 16 << 20;

/// Arrays and objects inside each other, in nearly all logs.
const USUAL_DEPTH: usize = 8;

/// The room for strings with escapes that is made when the first one is met, in bytes, if
/// the text has so many left.
const UNESCAPED: usize = 512;

/// Members whose keys are compared with each other one by one; of more, a map of the
/// keys is made.
const FEW_MEMBERS: u32 = 64;

/// A failure is rare and large, so that a success stays small.
type Read<T> = Result<T, Box<SyntaxError>>;

/// The state of the parser.
pub(super) struct Parser<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    /// What has been read.
    places: Places,
    /// The innermost array or object that the value being read is in.
    inner: Open,
    /// Those around it, the outermost first, behind what is outside of all.
    outer: Vec<Open>,
    problems: Vec<Defect>,
    /// The bytes of their pointers.
    pointers: usize,
    /// Where a defect is that is one too many.
    overflow: Option<Span>,
}

/// An array or an object that has not ended.
#[derive(Clone, Copy)]
struct Open {
    /// Its entry.
    entry: u32,
    /// In an object, the entry of the key whose value is read; `None` while a key is
    /// read.
    key: Option<u32>,
    /// Its items or members so far, with the one being read.
    count: u32,
    /// A bit for each key so far: most keys share one with no other.
    seen: u32,
    /// Whether two keys are, or may be, the same.
    may_repeat: bool,
    /// Which of the two it is; anything else is outside of all.
    kind: EntryKind,
}

/// Where no array and no object is open.
const OUTSIDE: Open = Open {
    entry: 0,
    key: None,
    count: 0,
    seen: 0,
    may_repeat: false,
    kind: EntryKind::Null,
};

impl<'a> Parser<'a> {
    pub(super) fn new(text: &'a str) -> Parser<'a> {
        Parser {
            text,
            bytes: text.as_bytes(),
            at: 0,
            // More than that of keys and values in so many bytes is rare in logs.
            places: Places::with_room(text.len() / 10 + 8),
            inner: OUTSIDE,
            outer: Vec::with_capacity(USUAL_DEPTH),
            problems: Vec::new(),
            pointers: 0,
            overflow: None,
        }
    }

    /// The one value of the text, and its defects.
    pub(super) fn document(mut self) -> Read<(Places, Vec<Defect>)> {
        self.first_value()?;
        self.skip_space();
        if self.at < self.bytes.len() {
            return Err(self.unexpected("the end of the file"));
        }
        self.checked()
    }

    /// The first value of the text, its defects, and where it ends.
    pub(super) fn first(mut self) -> Read<(Places, Vec<Defect>, usize)> {
        self.first_value()?;
        let end = self.at;
        let (places, defects) = self.checked()?;
        Ok((places, defects, end))
    }

    fn first_value(&mut self) -> Read<()> {
        check_length(self.bytes.len())?;
        self.skip_space();
        self.values()
    }

    /// What has been read, unless its defects cannot all be listed.
    fn checked(self) -> Read<(Places, Vec<Defect>)> {
        if let Some(span) = self.overflow {
            return Err(Box::new(SyntaxError {
                message: "Too many keys are repeated, or too many numbers and characters are not \
                          exact, to list them all"
                    .to_owned(),
                help: Some("shorten the keys around them, or correct them from here on".to_owned()),
                span,
            }));
        }
        Ok((self.places, self.problems))
    }

    #[inline(always)]
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    #[inline(always)]
    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Reads one value and all that is in it.
    fn values(&mut self) -> Read<()> {
        loop {
            self.value()?;
            if !self.value_ended()? {
                return Ok(());
            }
        }
    }

    /// Reads a value, of an array or an object that is not empty only what comes before
    /// its first value.
    fn value(&mut self) -> Read<()> {
        loop {
            let start = self.at;
            let kind = match self.peek() {
                Some(b'{') => {
                    self.begin(EntryKind::Object)?;
                    if self.peek() == Some(b'}') {
                        self.end();
                        return Ok(());
                    }
                    self.key()?;
                    continue;
                }
                Some(b'[') => {
                    self.begin(EntryKind::Array)?;
                    if self.peek() == Some(b']') {
                        self.end();
                        return Ok(());
                    }
                    self.next_in_array();
                    continue;
                }
                Some(b'"') => return self.string(),
                Some(b'-' | b'0'..=b'9') => {
                    self.number()?;
                    EntryKind::Number
                }
                Some(b't') => self.word("true", EntryKind::True)?,
                Some(b'f') => self.word("false", EntryKind::False)?,
                Some(b'n') => self.word("null", EntryKind::Null)?,
                _ => return Err(self.unexpected("a value")),
            };
            self.push(kind, start);
            return Ok(());
        }
    }

    /// Reads what comes between a value that has ended and the next: whether there is
    /// a next one.
    fn value_ended(&mut self) -> Read<bool> {
        loop {
            let is_object = match self.inner.kind {
                EntryKind::Object => true,
                EntryKind::Array => false,
                _ => return Ok(false),
            };
            self.skip_space();
            match self.peek() {
                Some(b',') => {
                    self.at += 1;
                    self.skip_space();
                    if is_object {
                        self.key()?;
                    } else {
                        self.next_in_array();
                    }
                    return Ok(true);
                }
                Some(b'}') if is_object => self.end(),
                Some(b']') if !is_object => self.end(),
                _ if is_object => return Err(self.unexpected("`,` or `}`")),
                _ => return Err(self.unexpected("`,` or `]`")),
            }
        }
    }

    /// The entry that is read next.
    fn next_entry(&self) -> u32 {
        // No text has more entries than bytes.
        self.places.entries.len() as u32
    }

    /// A value, or a key, that is no array, no object, and no string with escapes.
    #[inline(always)]
    fn push(&mut self, kind: EntryKind, start: usize) {
        self.places.entries.push(Entry {
            kind,
            start: start as u32,
            end: self.at as u32,
            more: 0,
            count: 0,
            keys: 0,
        });
    }

    #[inline(always)]
    fn word(&mut self, word: &str, kind: EntryKind) -> Read<EntryKind> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        if rest.starts_with(word.as_bytes()) {
            self.at += word.len();
            Ok(kind)
        } else {
            Err(self.unexpected("a value"))
        }
    }

    /// Begins an array or an object, up to what is in it.
    fn begin(&mut self, kind: EntryKind) -> Read<()> {
        if self.outer.len() == MAX_DEPTH {
            return Err(Box::new(SyntaxError {
                message: format!("Arrays and objects are nested deeper than {MAX_DEPTH} levels"),
                help: Some("gateways stop reading at this depth".to_owned()),
                span: Span::new(self.at, self.at + 1),
            }));
        }
        self.outer.push(self.inner);
        self.inner = Open {
            entry: self.next_entry(),
            kind,
            ..OUTSIDE
        };
        self.push(kind, self.at);
        self.at += 1;
        self.skip_space();
        Ok(())
    }

    /// Ends the innermost array or object.
    fn end(&mut self) {
        self.at += 1;
        let outer = self.outer.pop().unwrap_or(OUTSIDE);
        let open = std::mem::replace(&mut self.inner, outer);
        let (end, more) = (self.at as u32, self.next_entry());
        if let Some(entry) = self.places.entries.get_mut(open.entry as usize) {
            entry.end = end;
            entry.more = more;
            entry.count = open.count;
            entry.keys = open.seen;
        }
        if open.may_repeat {
            self.note_duplicates(open.entry, more);
        }
    }

    fn next_in_array(&mut self) {
        self.inner.count += 1;
    }

    /// Reads a key and what comes between it and its value.
    #[inline(always)]
    fn key(&mut self) -> Read<()> {
        if self.peek() != Some(b'"') {
            return Err(self.unexpected("a key in double quotes"));
        }
        let key = self.next_entry();
        self.inner.key = None;
        self.string()?;
        self.note_key(key);
        self.skip_space();
        if self.peek() != Some(b':') {
            return Err(self.unexpected("`:`"));
        }
        self.at += 1;
        self.skip_space();
        Ok(())
    }

    /// Notes a key of the innermost object.
    #[inline(always)]
    fn note_key(&mut self, key: u32) {
        let bit = 1 << place_of(self.places.string(self.text, key).unwrap_or_default());
        let open = &mut self.inner;
        open.key = Some(key);
        open.count += 1;
        let shares = open.seen & bit != 0;
        open.seen |= bit;
        if shares && !open.may_repeat {
            let (entry, few) = (open.entry, open.count <= FEW_MEMBERS);
            self.inner.may_repeat = !few || self.has_earlier(entry, key);
        }
    }

    /// Whether an earlier key of the object at `object`, which has not ended, is the
    /// same as the one at `key`.
    fn has_earlier(&self, object: u32, key: u32) -> bool {
        let text = self.places.string(self.text, key);
        let mut earlier = self.places.keys(object, key);
        earlier.any(|other| self.places.string(self.text, other) == text)
    }

    /// Notes each key that the object at `object` has already; `end` is the entry behind
    /// it.
    fn note_duplicates(&mut self, object: u32, end: u32) {
        let mut seen: HashMap<&str, Span> = HashMap::new();
        let mut repeated = Vec::new();
        for at in self.places.keys(object, end) {
            let key = self.places.string(self.text, at).unwrap_or_default();
            let span = self.places.span(at);
            match seen.get(key) {
                None => {
                    seen.insert(key, span);
                }
                Some(first) => repeated.push((key.to_owned(), span, *first)),
            }
        }
        self.places.repeats |= !repeated.is_empty();
        for (key, span, first) in repeated {
            let trouble = Trouble::DuplicateKey {
                key: key.clone(),
                first,
            };
            self.note_at(trouble, span, Some(&key));
        }
    }

    #[inline(always)]
    fn number(&mut self) -> Read<()> {
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
        let trouble = match exactness(raw) {
            Exactness::Exact => return Ok(()),
            Exactness::Inexact => Trouble::InexactNumber,
            Exactness::Overflow => Trouble::NumberOverflow,
        };
        self.note(trouble, Span::new(start, self.at));
        Ok(())
    }

    fn digits(&mut self) {
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
    }

    fn some_digits(&mut self) -> Read<()> {
        if !matches!(self.peek(), Some(b'0'..=b'9')) {
            return Err(self.unexpected("a digit"));
        }
        self.digits();
        Ok(())
    }

    /// Reads a string from its opening to behind its closing quote.
    #[inline(always)]
    fn string(&mut self) -> Read<()> {
        let opening = self.at;
        self.at = end_of_plain(self.bytes, opening + 1);
        if self.peek() == Some(b'"') {
            self.at += 1;
            self.push(EntryKind::Plain, opening);
            return Ok(());
        }
        self.escaped(opening)
    }

    /// Reads the rest of a string that begins at `opening`, from the first of its
    /// characters that is not plain.
    fn escaped(&mut self, opening: usize) -> Read<()> {
        let begin = self.places.unescaped.len();
        if begin == 0 {
            let left = self.bytes.len() - opening;
            self.places.unescaped.reserve(left.min(UNESCAPED));
        }
        let mut run = opening + 1;
        loop {
            // The run ends before an ASCII byte, so it ends between characters.
            let plain = self.text.get(run..self.at).unwrap_or_default();
            self.places.unescaped.push_str(plain);
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => self.escape()?,
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
                    return Err(Box::new(SyntaxError {
                        message: "The string that begins here has no closing quote".to_owned(),
                        help: None,
                        span: Span::new(opening, opening + 1),
                    }));
                }
            }
            run = self.at;
            self.at = end_of_plain(self.bytes, run);
        }
        self.at += 1;
        self.places.entries.push(Entry {
            kind: EntryKind::Escaped,
            start: opening as u32,
            end: self.at as u32,
            more: begin as u32,
            // No escape is shorter than its character.
            count: (self.places.unescaped.len() - begin) as u32,
            keys: 0,
        });
        Ok(())
    }

    fn escape(&mut self) -> Read<()> {
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
                let character = self.unicode_escape(start)?;
                self.places.unescaped.push(character);
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
        self.places.unescaped.push(character);
        Ok(())
    }

    fn unicode_escape(&mut self, start: usize) -> Read<char> {
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
    fn code_unit(&mut self, start: usize) -> Read<u32> {
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

    /// The pointer to the value being read, or to its member `key`.
    fn pointer(&self, key: Option<&str>) -> String {
        let mut pointer = String::new();
        let inside = self.outer.iter().chain([&self.inner]);
        for open in inside.skip_while(|open| open.kind == OUTSIDE.kind) {
            let token = match (open.kind, open.key) {
                (EntryKind::Object, None) => break,
                (EntryKind::Object, Some(key)) => {
                    escape_pointer(self.places.string(self.text, key).unwrap_or_default())
                }
                _ => open.count.saturating_sub(1).to_string(),
            };
            pointer.push('/');
            pointer.push_str(&token);
        }
        match key {
            Some(key) => push_pointer(&pointer, key),
            None => pointer,
        }
    }

    fn error_here(&self, message: &str, help: Option<&str>) -> Box<SyntaxError> {
        Box::new(SyntaxError {
            message: message.to_owned(),
            help: help.map(str::to_owned),
            span: self.here(),
        })
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

    fn unexpected(&self, expected: &str) -> Box<SyntaxError> {
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
        Box::new(SyntaxError {
            message: format!("Expected {expected}, but {found}"),
            help: help.map(str::to_owned),
            span: self.here(),
        })
    }
}

/// Places are counted in 32 bits.
fn check_length(bytes: usize) -> Read<()> {
    match u32::try_from(bytes) {
        Ok(_) => Ok(()),
        Err(_) => Err(Box::new(SyntaxError {
            message: "The text is longer than 4 GiB".to_owned(),
            help: Some("split it; no gateway reads a text of this length".to_owned()),
            span: Span::new(0, 0),
        })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn defects(text: &str) -> Vec<(String, String)> {
        let (_, defects) = Parser::new(text).document().unwrap();
        let shown = |defect: Defect| {
            let Span { start, end } = defect.span;
            (text[start..end].to_owned(), defect.pointer)
        };
        defects.into_iter().map(shown).collect()
    }

    #[test]
    fn a_defect_is_in_the_value_that_is_read() {
        let text = r#"{"x":0,"a":[1,{"\ud800":[1e999],"b/":"\udc00"}],"x":[]}"#;
        let found = defects(text);
        let expected = [
            (r"\ud800", "/a/1"),
            ("1e999", "/a/1/\u{fffd}/0"),
            (r"\udc00", "/a/1/b~1"),
            (r#""x""#, "/x"),
        ];
        assert_eq!(
            found,
            expected.map(|(written, pointer)| (written.to_owned(), pointer.to_owned()))
        );
    }

    #[test]
    fn repeated_keys_are_found_among_few_and_many() {
        for members in [2, 8, 30, 64, 65, 66, 1_000] {
            let mut keys: Vec<String> = (0..members).map(|key| format!("\"k{key}\":0")).collect();
            let distinct = format!("{{{}}}", keys.join(","));
            assert_eq!(defects(&distinct), [], "{members}");
            keys.push("\"k1\":1".to_owned());
            let repeated = format!("{{{}}}", keys.join(","));
            let expected = [("\"k1\"".to_owned(), "/k1".to_owned())];
            assert_eq!(defects(&repeated), expected, "{members}");
        }
    }

    #[test]
    fn a_text_of_which_places_cannot_be_counted_is_refused() {
        assert!(check_length(u32::MAX as usize).is_ok());
        let error = check_length(u32::MAX as usize + 1).unwrap_err();
        assert_eq!(error.message, "The text is longer than 4 GiB");
    }
}
