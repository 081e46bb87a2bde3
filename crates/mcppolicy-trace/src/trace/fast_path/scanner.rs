//! JSON as nearly every program writes it, checked without building anything.
//!
//! Simple JSON is JSON that [`document::parse`](mcppolicy_engine::document::parse)
//! reads without a complaint, without an escape in a key, without a number that
//! has an exponent or more than [`LONGEST_NUMBER`] characters, and without an
//! object of more than [`MOST_MEMBERS`] members. For anything else the scanner
//! returns `None`, and the strict parser reads it. The scanner may refuse any
//! text, but the strict parser must read what it accepts, with the same members
//! and values.

use mcppolicy_engine::document::parse::end_of_plain;

/// Arrays and objects inside each other, as in the strict parser.
const MAX_DEPTH: usize = 127;

/// The most members of a simple object: each key is compared with those before.
pub(crate) const MOST_MEMBERS: usize = 64;

/// The longest simple number in bytes: far below the largest double.
const LONGEST_NUMBER: usize = 200;

/// The type of a simple value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum ValueKind {
    /// A string without escapes.
    String,
    /// A string with escapes.
    Escaped,
    Number,
    Bool,
    #[default]
    Null,
    Array,
    Object,
}

/// A span of the text in bytes. Texts are shorter than four gigabytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct ByteSpan {
    pub start: u32,
    pub end: u32,
}

impl ByteSpan {
    /// The span from `start` to `end`, which are below four gigabytes.
    pub fn new(start: usize, end: usize) -> ByteSpan {
        ByteSpan {
            start: u32::try_from(start).unwrap_or(u32::MAX),
            end: u32::try_from(end).unwrap_or(u32::MAX),
        }
    }

    /// The text at this span.
    pub fn of(self, text: &str) -> &str {
        text.get(self.start as usize..self.end as usize)
            .unwrap_or_default()
    }

    /// The bytes at this span.
    #[inline(always)]
    pub fn bytes(self, all: &[u8]) -> &[u8] {
        all.get(self.start as usize..self.end as usize)
            .unwrap_or_default()
    }

    /// Without the quotes of a string.
    pub fn unquoted(self) -> ByteSpan {
        ByteSpan {
            start: self.start + 1,
            end: self.end.saturating_sub(1),
        }
    }
}

/// A simple value and its span, including the quotes of a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct ScannedValue {
    pub kind: ValueKind,
    pub span: ByteSpan,
}

impl ScannedValue {
    /// The span between a string's quotes, when it has no escapes.
    pub fn string(self) -> Option<ByteSpan> {
        (self.kind == ValueKind::String).then(|| self.span.unquoted())
    }
}

/// A key that has been read; later keys of its object are compared with it.
#[derive(Debug, Clone, Copy)]
struct Key {
    /// Its first eight bytes: most keys differ in them or in their length.
    head: u64,
    span: ByteSpan,
}

/// Reads simple values one after another.
#[derive(Debug)]
pub(crate) struct Scanner<'t> {
    text: &'t str,
    bytes: &'t [u8],
    /// The next byte.
    pub at: usize,
    depth: usize,
    /// The keys of all objects that are open.
    keys: Vec<Key>,
    /// The values that are neither an array nor an object, since the last restart.
    scalars: Vec<ByteSpan>,
}

impl<'t> Scanner<'t> {
    /// Begins at the first byte of `text`.
    pub fn new(text: &'t str) -> Scanner<'t> {
        Scanner {
            text,
            bytes: text.as_bytes(),
            at: 0,
            depth: 0,
            keys: Vec::new(),
            scalars: Vec::new(),
        }
    }

    /// Continues at `at`, also after a value that was not simple.
    pub fn restart(&mut self, at: usize) {
        self.at = at;
        self.depth = 0;
        self.keys.clear();
        self.scalars.clear();
    }

    /// The values that are neither an array nor an object, since the last restart, in
    /// the order of the text.
    pub fn scalars(&self) -> &[ByteSpan] {
        &self.scalars
    }

    /// Goes on behind these bytes, if they are the next; says whether they are. They are
    /// few, so that a call of `memcmp` would cost more than to compare them.
    #[inline(always)]
    pub fn passes(&mut self, bytes: &[u8]) -> bool {
        let end = self.at + bytes.len();
        let own = self.bytes.get(self.at..end);
        let passes = own.is_some_and(|own| are_equal(own, bytes));
        if passes {
            self.at = end;
        }
        passes
    }

    #[inline(always)]
    pub fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// Skips white space other than line breaks.
    #[inline(always)]
    pub fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// The text at a span, such as that of a key.
    #[inline(always)]
    pub fn text_at(&self, span: ByteSpan) -> &'t [u8] {
        span.bytes(self.bytes)
    }

    pub fn span_from(&self, start: usize) -> Option<ByteSpan> {
        Some(ByteSpan {
            start: u32::try_from(start).ok()?,
            end: u32::try_from(self.at).ok()?,
        })
    }

    /// One value.
    pub fn value(&mut self) -> Option<ScannedValue> {
        let start = self.at;
        let kind = self.kind()?;
        Some(ScannedValue {
            kind,
            span: self.span_from(start)?,
        })
    }

    fn kind(&mut self) -> Option<ValueKind> {
        match self.peek()? {
            b'{' => {
                self.object(|scanner, _| scanner.kind().map(|_| ()))?;
                Some(ValueKind::Object)
            }
            b'[' => self.array(),
            _ => {
                let scalar = self.scanned_scalar()?;
                self.scalars.push(scalar.span);
                Some(scalar.kind)
            }
        }
    }

    /// A value that is neither an array nor an object, and its span.
    #[inline(always)]
    pub fn scanned_scalar(&mut self) -> Option<ScannedValue> {
        let start = self.at;
        let kind = self.scalar()?;
        let span = self.span_from(start)?;
        Some(ScannedValue { kind, span })
    }

    /// A value that is neither an array nor an object.
    #[inline(always)]
    fn scalar(&mut self) -> Option<ValueKind> {
        match self.peek()? {
            b'"' => self.string(),
            b'-' | b'0'..=b'9' => self.number(),
            b't' => self.word("true", ValueKind::Bool),
            b'f' => self.word("false", ValueKind::Bool),
            b'n' => self.word("null", ValueKind::Null),
            _ => None,
        }
    }

    /// An object; `member` is called with the span of each key and reads the
    /// member's value.
    #[inline(always)]
    pub fn object(
        &mut self,
        mut member: impl FnMut(&mut Self, ByteSpan) -> Option<()>,
    ) -> Option<()> {
        self.open()?;
        if self.peek()? == b'}' {
            return self.close();
        }
        let base = self.keys.len();
        let mut seen = 0;
        loop {
            self.skip_space();
            if self.peek()? != b'"' {
                return None;
            }
            let start = self.at;
            if self.string()? != ValueKind::String {
                return None;
            }
            let key = self.span_from(start)?.unquoted();
            self.note_key(base, key, &mut seen)?;
            self.skip_space();
            if self.peek()? != b':' {
                return None;
            }
            self.at += 1;
            self.skip_space();
            member(self, key)?;
            self.skip_space();
            match self.peek()? {
                b',' => self.at += 1,
                b'}' => {
                    self.keys.truncate(base);
                    return self.close();
                }
                _ => return None,
            }
        }
    }

    fn array(&mut self) -> Option<ValueKind> {
        self.open()?;
        if self.peek()? == b']' {
            self.close()?;
            return Some(ValueKind::Array);
        }
        loop {
            self.skip_space();
            self.kind()?;
            self.skip_space();
            match self.peek()? {
                b',' => self.at += 1,
                b']' => {
                    self.close()?;
                    return Some(ValueKind::Array);
                }
                _ => return None,
            }
        }
    }

    #[inline(always)]
    fn open(&mut self) -> Option<()> {
        if self.depth == MAX_DEPTH {
            return None;
        }
        self.depth += 1;
        self.at += 1;
        self.skip_space();
        Some(())
    }

    #[inline(always)]
    fn close(&mut self) -> Option<()> {
        self.depth -= 1;
        self.at += 1;
        Some(())
    }

    /// `None` when the object has the key already. `seen` has a bit for each
    /// earlier key: most objects have so few keys that no two share a bit.
    #[inline(always)]
    fn note_key(&mut self, base: usize, span: ByteSpan, seen: &mut u64) -> Option<()> {
        let length = span.end - span.start;
        let rest = self.bytes.get(span.start as usize..)?;
        let head = match rest.first_chunk::<8>() {
            Some(chunk) if length < 8 => u64::from_le_bytes(*chunk) & ((1_u64 << (8 * length)) - 1),
            Some(chunk) => u64::from_le_bytes(*chunk),
            // Near the end of the text.
            None => {
                let key = self.text_at(span).iter().rev();
                key.fold(0, |head, byte| head << 8 | u64::from(*byte))
            }
        };
        let mixed = (head ^ u64::from(length)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let bit = 1 << (mixed >> 58);
        if *seen & bit != 0 && self.has_key(base, head, span) {
            return None;
        }
        *seen |= bit;
        if self.keys.len() - base >= MOST_MEMBERS {
            return None;
        }
        self.keys.push(Key { head, span });
        Some(())
    }

    #[inline(never)]
    fn has_key(&self, base: usize, head: u64, span: ByteSpan) -> bool {
        let earlier = self.keys.get(base..).unwrap_or_default();
        earlier
            .iter()
            .any(|key| key.head == head && self.text_at(key.span) == self.text_at(span))
    }

    fn word(&mut self, word: &str, kind: ValueKind) -> Option<ValueKind> {
        let rest = self.bytes.get(self.at..)?;
        if !rest.starts_with(word.as_bytes()) {
            return None;
        }
        self.at += word.len();
        Some(kind)
    }

    #[inline(always)]
    fn number(&mut self) -> Option<ValueKind> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek()? {
            b'0' => self.at += 1,
            _ => self.digits()?,
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        let more = matches!(self.peek(), Some(b'e' | b'E' | b'0'..=b'9'));
        (!more && self.at - start <= LONGEST_NUMBER).then_some(ValueKind::Number)
    }

    /// At least one digit.
    #[inline(always)]
    fn digits(&mut self) -> Option<()> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        (self.at > start).then_some(())
    }

    /// A string from its opening to after its closing quote.
    #[inline(always)]
    fn string(&mut self) -> Option<ValueKind> {
        self.at += 1;
        match self.run()? {
            b'"' => {
                self.at += 1;
                Some(ValueKind::String)
            }
            b'\\' => self.escaped(),
            _ => None,
        }
    }

    /// The rest of a string, from its first escape.
    fn escaped(&mut self) -> Option<ValueKind> {
        loop {
            match self.run()? {
                b'"' => {
                    self.at += 1;
                    return Some(ValueKind::Escaped);
                }
                b'\\' => self.escape()?,
                _ => return None,
            }
        }
    }

    fn escape(&mut self) -> Option<()> {
        self.at += 1;
        let letter = self.peek()?;
        self.at += 1;
        match letter {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(()),
            b'u' => match self.code_unit()? {
                0xD800..=0xDBFF => {
                    self.word("\\u", ValueKind::String)?;
                    matches!(self.code_unit()?, 0xDC00..=0xDFFF).then_some(())
                }
                0xDC00..=0xDFFF => None,
                _ => Some(()),
            },
            _ => None,
        }
    }

    fn code_unit(&mut self) -> Option<u32> {
        let digits = self.bytes.get(self.at..self.at + 4)?;
        let unit = digits.iter().try_fold(0, |unit, digit| {
            Some(unit * 16 + char::from(*digit).to_digit(16)?)
        })?;
        self.at += 4;
        Some(unit)
    }

    /// Moves on to a quote, a backslash or a control character, and says which.
    #[inline(always)]
    fn run(&mut self) -> Option<u8> {
        self.at = end_of_plain(self.bytes, self.at);
        self.peek()
    }

    /// The text that is read.
    pub fn text(&self) -> &'t str {
        self.text
    }
}

/// Whether two texts of one length are equal, a word at a time; the last word may overlap
/// with the one before.
#[inline(always)]
fn are_equal(one: &[u8], other: &[u8]) -> bool {
    let long = |bytes: Option<&[u8; 8]>| bytes.map(|bytes| u64::from_le_bytes(*bytes));
    let short = |bytes: Option<&[u8; 4]>| bytes.map(|bytes| u32::from_le_bytes(*bytes));
    match one.len() {
        0..4 => one.iter().eq(other),
        4..8 => {
            short(one.first_chunk()) == short(other.first_chunk())
                && short(one.last_chunk()) == short(other.last_chunk())
        }
        _ => {
            let mut words = one.chunks_exact(8).zip(other.chunks_exact(8));
            words.all(|(one, other)| long(one.first_chunk()) == long(other.first_chunk()))
                && long(one.last_chunk()) == long(other.last_chunk())
        }
    }
}

#[cfg(test)]
mod tests;
