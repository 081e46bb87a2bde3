//! The messages for refused patterns, and the part that each points at (policy language §2).

use std::ops::Range;

use regex_syntax::ast::{self, ClassAsciiKind, ErrorKind};

use super::{MAX_COUNT, PatternError};

pub(super) fn refuse(range: Range<usize>, message: impl Into<String>) -> PatternError {
    PatternError {
        message: message.into(),
        help: None,
        range,
    }
}

pub(super) fn bytes(span: &ast::Span) -> Range<usize> {
    span.start.offset..span.end.offset
}

/// A part of the pattern, fit for a message.
pub(super) fn quoted(text: &str, range: Range<usize>) -> String {
    let mut out = String::new();
    for c in text.get(range).unwrap_or_default().chars() {
        if c.is_control() {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

/// What `regex-syntax` could not parse, in our words. Its spans are often empty or begin too late;
/// here they are stretched over the part that the author has to change.
pub(super) fn syntax_error(text: &str, error: &ast::Error) -> PatternError {
    let span = bytes(error.span());
    let what = quoted(text, span.clone());
    let before = text.get(..span.start).unwrap_or_default();
    let from_last = |opener: &str| before.rfind(opener).unwrap_or(span.start)..span.end;
    let refusal = match error.kind() {
        ErrorKind::ClassEscapeInvalid | ErrorKind::EscapeUnrecognized => unknown_escape(text, span),
        ErrorKind::ClassRangeInvalid => refuse(span, format!("the range `{what}` runs backwards"))
            .with_help("put the smaller character first"),
        ErrorKind::ClassRangeLiteral => {
            refuse(span, format!("`{what}` cannot be one end of a range"))
                .with_help(r"write `\-` for a literal hyphen")
        }
        ErrorKind::ClassUnclosed => unclosed_class(text, span.start),
        ErrorKind::EscapeHexEmpty
        | ErrorKind::EscapeHexInvalid
        | ErrorKind::EscapeHexInvalidDigit => hex_escape(text, from_last("\\")),
        ErrorKind::EscapeUnexpectedEof if span.is_empty() || what.starts_with('{') => {
            cut_escape(text, from_last("\\"))
        }
        ErrorKind::EscapeUnexpectedEof => cut_escape(text, span),
        ErrorKind::FlagDanglingNegation | ErrorKind::FlagRepeatedNegation { .. } => {
            negated_flags(span)
        }
        ErrorKind::FlagDuplicate { .. } => {
            refuse(span, format!("the flag `{what}` is given twice"))
                .with_help("give each flag once")
        }
        ErrorKind::FlagUnexpectedEof => unclosed_group(from_last("(?")),
        ErrorKind::FlagUnrecognized => unknown_flag(text, span),
        ErrorKind::GroupNameDuplicate { .. } => {
            refuse(span, format!("there are two groups named `{what}`"))
                .with_help("give each group a name of its own, or none")
        }
        ErrorKind::GroupNameEmpty => refuse(from_last("(?"), "a group has an empty name")
            .with_help("write `(?:…)` for a group without a name"),
        ErrorKind::GroupNameInvalid => group_name(span),
        ErrorKind::GroupNameUnexpectedEof => unclosed_group(from_last("(?")),
        ErrorKind::GroupUnclosed => unclosed_group(span),
        ErrorKind::GroupUnopened => refuse(span, "this `)` closes no group")
            .with_help(r"write `\)` for a literal parenthesis"),
        ErrorKind::NestLimitExceeded(_) => refuse(span, "the pattern nests too deeply"),
        ErrorKind::RepetitionCountInvalid => {
            refuse(span, format!("the counts of `{what}` run backwards"))
                .with_help("put the smaller count first")
        }
        ErrorKind::DecimalInvalid => count_too_large(span),
        ErrorKind::RepetitionCountDecimalEmpty => literal_brace(text, from_last("{").start),
        ErrorKind::RepetitionCountUnclosed => literal_brace(text, span.start),
        ErrorKind::RepetitionMissing => nothing_to_repeat(text, span.start),
        ErrorKind::SpecialWordBoundaryUnclosed
        | ErrorKind::SpecialWordBoundaryUnrecognized
        | ErrorKind::SpecialWordOrRepetitionUnexpectedEof => {
            special_boundary(text.rfind("\\b{").unwrap_or(span.start)..span.end)
        }
        ErrorKind::UnicodeClassInvalid => unicode_class(from_last("\\")),
        ErrorKind::UnsupportedBackreference => digit_escape(text, span),
        ErrorKind::UnsupportedLookAround => refuse(
            span,
            "look-ahead and look-behind are not part of the pattern dialect",
        )
        .with_help("state the condition as a pattern of its own, in a condition of its own"),
        _ => refuse(span, format!("the pattern is not valid: {}", error.kind())),
    };
    PatternError {
        range: widened(text, refusal.range),
        ..refusal
    }
}

/// An empty range points at nothing: it takes in the next character, or else the last one.
fn widened(text: &str, range: Range<usize>) -> Range<usize> {
    if !range.is_empty() {
        return range;
    }
    let next = text.get(range.start..).and_then(|rest| rest.chars().next());
    match (next, text.chars().next_back()) {
        (Some(next), _) => range.start..range.start + next.len_utf8(),
        (None, Some(last)) => text.len() - last.len_utf8()..text.len(),
        (None, None) => 0..0,
    }
}

/// A backslash and one character that do not go together.
pub(super) fn unknown_escape(text: &str, range: Range<usize>) -> PatternError {
    let what = quoted(text, range.clone());
    let Some(c) = text.get(range.clone()).and_then(|part| part.chars().nth(1)) else {
        return refuse(range, "this is not an escape of the pattern dialect");
    };
    if matches!(c, 'k' | 'g') {
        return back_reference(range);
    }
    let message = if matches!(c, 'b' | 'A' | 'z') {
        format!("`{what}` has no meaning between brackets")
    } else {
        format!("`{what}` is not an escape of the pattern dialect")
    };
    let error = refuse(range, message);
    match c {
        'a' => error.with_help(r"write `\x07`"),
        'e' => error.with_help(r"write `\x1B`"),
        'v' => error.with_help(r"write `\x0B` for a vertical tab"),
        'h' => error.with_help(r"write `[\t ]`"),
        'N' => error.with_help(r"write `[^\n]`"),
        'R' => error.with_help(r"write `\r?\n`"),
        'Z' => error.with_help(r"write `\z` for the end of the text"),
        'Q' | 'E' => error.with_help("put a backslash before each punctuation character instead"),
        'u' | 'U' => error.with_help(r"write the code point in hexadecimal: `\x{…}`"),
        'b' | 'A' | 'z' | 'B' | 'C' | 'G' | 'K' | 'X' => error,
        c if c.is_ascii_alphanumeric() => error.with_help(format!(
            r"write `{c}` for the letter, or `\\` for a literal backslash"
        )),
        _ => error.with_help("write the character without the backslash"),
    }
}

fn cut_escape(text: &str, range: Range<usize>) -> PatternError {
    match text.as_bytes().get(range.start + 1) {
        None => refuse(range, "the pattern ends in the middle of an escape")
            .with_help(r"write `\\` for a literal backslash"),
        Some(b'p' | b'P') => unicode_class(range),
        Some(_) => hex_escape(text, range),
    }
}

fn hex_escape(text: &str, range: Range<usize>) -> PatternError {
    let what = quoted(text, range.clone());
    match text.as_bytes().get(range.start + 1) {
        Some(b'u' | b'U') => unknown_escape(text, range),
        _ => refuse(range, format!("`{what}` does not give a Unicode character"))
            .with_help(r"write `\x` and two hexadecimal digits, or the code point as `\x{…}`"),
    }
}

fn digit_escape(text: &str, range: Range<usize>) -> PatternError {
    let rest = text.get(range.end..).unwrap_or_default();
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let whole = range.start..range.end + digits;
    if text.get(range.clone()) == Some("\\0") {
        return refuse(whole, "octal escapes are not part of the pattern dialect")
            .with_help(r"write the code point in hexadecimal, such as `\x00`");
    }
    back_reference(whole)
}

fn back_reference(range: Range<usize>) -> PatternError {
    refuse(range, "back-references are not part of the pattern dialect")
}

pub(super) fn unicode_class(range: Range<usize>) -> PatternError {
    refuse(
        range,
        "Unicode classes by property are not part of the pattern dialect",
    )
    .with_help("write the characters or ranges out, such as `[A-Za-z]`")
}

pub(super) fn special_boundary(range: Range<usize>) -> PatternError {
    refuse(
        range,
        r"`\b` is the only word boundary of the pattern dialect",
    )
    .with_help(r"write `\b`, and `\{` for a literal brace after it")
}

pub(super) fn open_bracket(at: usize) -> PatternError {
    refuse(
        at..at + 1,
        "a literal `[` between brackets must be escaped, and classes do not nest",
    )
    .with_help(r"write `\[` for the character, or put all characters in one class")
}

/// What to write between brackets for the class that POSIX gives a name.
pub(super) fn ascii_class(kind: &ClassAsciiKind) -> &'static str {
    match kind {
        ClassAsciiKind::Alnum => "0-9A-Za-z",
        ClassAsciiKind::Alpha => "A-Za-z",
        ClassAsciiKind::Ascii => r"\x00-\x7F",
        ClassAsciiKind::Blank => r"\t ",
        ClassAsciiKind::Cntrl => r"\x00-\x1F\x7F",
        ClassAsciiKind::Digit => "0-9",
        ClassAsciiKind::Graph => "!-~",
        ClassAsciiKind::Lower => "a-z",
        ClassAsciiKind::Print => " -~",
        ClassAsciiKind::Punct => r"!-/:-@\[-`{-~",
        ClassAsciiKind::Space => r"\t-\r ",
        ClassAsciiKind::Upper => "A-Z",
        ClassAsciiKind::Word => "0-9A-Za-z_",
        ClassAsciiKind::Xdigit => "0-9A-Fa-f",
    }
}

/// An unescaped `[` between brackets is what most often leaves a class open: it is looked for
/// first, with the few rules about where a class begins and ends.
fn unclosed_class(text: &str, start: usize) -> PatternError {
    let mut chars = text.char_indices().peekable();
    let mut inside = false;
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => {
                chars.next();
            }
            '[' if inside => return open_bracket(at),
            '[' => {
                inside = true;
                chars.next_if(|&(_, c)| c == '^');
                chars.next_if(|&(_, c)| c == ']');
            }
            ']' => inside = false,
            _ => {}
        }
    }
    let error = refuse(
        start..start + 1,
        "this `[` opens a class that is never closed",
    );
    let content = text.get(start + 1..).unwrap_or_default();
    if content
        .strip_prefix('^')
        .unwrap_or(content)
        .starts_with(']')
    {
        error
            .with_help("a `]` that comes first in a class stands for itself: close it with another")
    } else {
        error.with_help(r"write `\[` for a literal bracket")
    }
}

fn unclosed_group(range: Range<usize>) -> PatternError {
    refuse(range, "this group is never closed").with_help(r"write `\(` for a literal parenthesis")
}

pub(super) fn group_name(range: Range<usize>) -> PatternError {
    refuse(
        range,
        "the name of a group is made of ASCII letters, digits and `_`",
    )
    .with_help("begin it with a letter or `_`")
}

pub(super) fn negated_flags(range: Range<usize>) -> PatternError {
    refuse(range, "flags can only be switched on")
        .with_help("put what the flag should apply to in a group of its own: `(?i:…)`")
}

/// The text at `range` is where a flag was expected.
pub(super) fn unknown_flag(text: &str, range: Range<usize>) -> PatternError {
    let rest = text.get(range.start..).unwrap_or_default();
    let opened = text
        .get(..range.start)
        .is_some_and(|before| before.ends_with("(?"));
    let opener = range.start.saturating_sub(2);
    let (construct, length) = match rest.as_bytes() {
        [b'P', b'=', ..] if opened => return back_reference(opener..range.end + 1),
        [b'P', b'>', ..] if opened => ("recursion is", 2),
        [b'&' | b'0'..=b'9', ..] if opened => ("recursion is", 1),
        [b'>', ..] if opened => ("atomic groups are", 1),
        [b'#', ..] if opened => ("comments are", 1),
        [b'(', ..] if opened => ("conditionals are", 1),
        [b'|', ..] if opened => ("branch reset groups are", 1),
        [b'\'', ..] if opened => {
            return refuse(opener..range.end, "a named group is written `(?P<name>…)`");
        }
        _ => {
            let what = quoted(text, range.clone());
            return refuse(
                range,
                format!("`{what}` is not a flag of the pattern dialect"),
            )
            .with_help("the flags are `i`, `s` and `m`");
        }
    };
    refuse(
        opener..range.start + length,
        format!("{construct} not part of the pattern dialect"),
    )
}

pub(super) fn count_too_large(range: Range<usize>) -> PatternError {
    refuse(range, format!("a count is at most {MAX_COUNT}"))
}

/// A `{` that opens no count: RE2 takes it for text, Rust refuses it.
fn literal_brace(text: &str, at: usize) -> PatternError {
    let content = text.get(at + 1..).unwrap_or_default();
    if let Some((count, _)) = content.split_once('}')
        && let Some(most) = count.trim_start().strip_prefix(',')
        && !most.is_empty()
        && most.bytes().all(|b| b.is_ascii_digit())
    {
        return refuse(at..at + count.len() + 2, "a count needs its lower bound")
            .with_help(format!("write `{{0,{most}}}`"));
    }
    refuse(
        at..at + 1,
        "this `{` does not open a count such as `{2}`, `{2,}` or `{2,5}`",
    )
    .with_help(r"write `\{` for a literal brace")
}

fn nothing_to_repeat(text: &str, at: usize) -> PatternError {
    let before = text.get(..at).unwrap_or_default();
    match text.get(at..).and_then(|rest| rest.chars().next()) {
        Some('?') if before.ends_with('(') => refuse(at - 1..at + 2, "a group sets no flag")
            .with_help("remove it, or write `(?:…)` for a group without flags"),
        Some(operator) => refuse(
            at..at + 1,
            format!("this `{operator}` has nothing to repeat"),
        )
        .with_help(format!(r"write `\{operator}` for the character itself")),
        None => refuse(at..at, "a repeat has nothing to repeat"),
    }
}
