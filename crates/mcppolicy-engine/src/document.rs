//! The spanned JSON tree: what a file says and where it says it.
//!
//! [`parse`](parse::parse) builds it strictly (RFC 8259, policy language §1)
//! and reports, beside the tree, what is legal JSON but not a legal document.
//! What a member means is decided by the modules that read documents.
//!
//! A document keeps its tree. Of a text that is only looked at,
//! [`parse_borrowed`](parse::parse_borrowed) says where its values are and builds none.

pub mod borrowed;
mod number;
pub mod parse;
pub mod shadow;

use crate::source::{FileId, Location, Span};
use crate::value::Value;

pub use number::Exactness;

/// A parsed file.
#[derive(Debug, Clone)]
pub struct Document {
    /// The file it came from.
    pub file: FileId,
    /// The one value that it holds.
    pub root: Node,
}

/// A value and its span.
#[derive(Debug, Clone)]
pub struct Node {
    /// From the value's first byte to behind its last.
    pub span: Span,
    /// What it is.
    pub kind: NodeKind,
}

/// The kinds of JSON value, with spans inside.
#[derive(Debug, Clone)]
pub enum NodeKind {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, as its nearest double.
    Number(f64),
    /// A string, unescaped; a lone surrogate has become U+FFFD.
    String(String),
    /// An array.
    Array(Vec<Node>),
    /// An object's members in the order of the file, repeated ones included.
    Object(Vec<Member>),
}

/// One member of an object.
#[derive(Debug, Clone)]
pub struct Member {
    /// The key, unescaped.
    pub key: String,
    /// The key with its quotes.
    pub key_span: Span,
    /// The value.
    pub value: Node,
}

impl Node {
    /// The value of the member `key`, the last one where it is repeated.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.member(key).map(|member| &member.value)
    }

    /// The member `key`, the last one where it is repeated.
    pub fn member(&self, key: &str) -> Option<&Member> {
        self.members().iter().rev().find(|member| member.key == key)
    }

    /// The members, none when this is no object.
    pub fn members(&self) -> &[Member] {
        match &self.kind {
            NodeKind::Object(members) => members,
            _ => &[],
        }
    }

    /// The items, none when this is no array.
    pub fn items(&self) -> &[Node] {
        match &self.kind {
            NodeKind::Array(items) => items,
            _ => &[],
        }
    }

    /// The text, when this is a string.
    pub fn as_str(&self) -> Option<&str> {
        match &self.kind {
            NodeKind::String(text) => Some(text),
            _ => None,
        }
    }

    /// The number, when this is one.
    pub fn as_number(&self) -> Option<f64> {
        match self.kind {
            NodeKind::Number(number) => Some(number),
            _ => None,
        }
    }

    /// Whether this is `null`.
    pub fn is_null(&self) -> bool {
        matches!(self.kind, NodeKind::Null)
    }

    /// The node that a JSON Pointer (RFC 6901) names.
    pub fn at(&self, pointer: &str) -> Option<&Node> {
        let mut node = self;
        for token in pointer.split('/').skip(1) {
            let token = unescape_pointer(token);
            node = match &node.kind {
                NodeKind::Object(_) => node.get(&token)?,
                NodeKind::Array(items) => items.get(token.parse::<usize>().ok()?)?,
                _ => return None,
            };
        }
        Some(node)
    }

    /// The value without its spans.
    pub fn to_value(&self) -> Value {
        match &self.kind {
            NodeKind::Null => Value::Null,
            NodeKind::Bool(b) => Value::Bool(*b),
            NodeKind::Number(n) => Value::Number(*n),
            NodeKind::String(s) => Value::String(s.clone()),
            NodeKind::Array(items) => Value::Array(items.iter().map(Node::to_value).collect()),
            NodeKind::Object(members) => Value::Object(
                members
                    .iter()
                    .map(|member| (member.key.clone(), member.value.to_value()))
                    .collect(),
            ),
        }
    }

    /// What a person calls this kind of value.
    pub fn type_name(&self) -> &'static str {
        match &self.kind {
            NodeKind::Null => "null",
            NodeKind::Bool(_) => "boolean",
            NodeKind::Number(_) => "number",
            NodeKind::String(_) => "string",
            NodeKind::Array(_) => "array",
            NodeKind::Object(_) => "object",
        }
    }

    /// This node's span as a location in `file`.
    pub fn location(&self, file: FileId) -> Location {
        Location {
            file,
            span: self.span,
        }
    }
}

/// `pointer` with one more token, escaped as RFC 6901 says.
pub fn push_pointer(pointer: &str, token: &str) -> String {
    let mut out = String::with_capacity(pointer.len() + token.len() + 1);
    out.push_str(pointer);
    out.push('/');
    out.push_str(&escape_pointer(token));
    out
}

/// One token escaped as RFC 6901 says: `~` is `~0`, `/` is `~1`.
pub fn escape_pointer(token: &str) -> String {
    token.replace('~', "~0").replace('/', "~1")
}

/// One token of a JSON Pointer read back.
pub fn unescape_pointer(token: &str) -> String {
    token.replace("~1", "/").replace("~0", "~")
}

/// The byte range of the source that bytes `from..to` were written as, of the
/// unescaped string literal `raw` (quotes included) that begins at `start`.
///
/// Used to point at the exact characters of an error inside a pattern, escapes or
/// not.
pub fn span_in_string(raw: &str, start: usize, from: usize, to: usize) -> Span {
    let mut unescaped = 0;
    let mut begin = None;
    let mut at = 1;
    let bytes = raw.as_bytes();
    while at + 1 < bytes.len() {
        if unescaped >= to && begin.is_some() {
            break;
        }
        if unescaped >= from && begin.is_none() {
            begin = Some(at);
            if to <= from {
                break;
            }
        }
        let (width, chars) = match bytes.get(at) {
            Some(b'\\') => escape_width(raw.get(at..).unwrap_or_default()),
            _ => {
                let width = raw
                    .get(at..)
                    .and_then(|rest| rest.chars().next())
                    .map_or(1, char::len_utf8);
                (width, width)
            }
        };
        at += width;
        unescaped += chars;
    }
    let begin = begin.unwrap_or(at);
    Span::new(start + begin, start + at.max(begin))
}

/// How many bytes an escape takes in the file, and how many its character.
fn escape_width(rest: &str) -> (usize, usize) {
    let hex = |from: usize| {
        rest.get(from..from + 4)
            .and_then(|digits| u32::from_str_radix(digits, 16).ok())
    };
    if rest.as_bytes().get(1) != Some(&b'u') {
        return (2, 1);
    }
    match hex(2) {
        Some(0xD800..=0xDBFF) if rest.get(6..8) == Some("\\u") => (12, 4),
        Some(unit) => (6, char::from_u32(unit).map_or(3, char::len_utf8)),
        None => (2, 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_inside_a_string_are_found_through_its_escapes() {
        let raw = r#""a\"b\u00e9\ud83d\ude00cé""#;
        // unescaped: a " b é(2) 😀(4) c é(2)
        let written = |from, to| {
            let span = span_in_string(raw, 0, from, to);
            &raw[span.start..span.end]
        };
        assert_eq!(written(0, 1), "a");
        assert_eq!(written(1, 2), r#"\""#);
        assert_eq!(written(3, 5), r"\u00e9");
        assert_eq!(written(5, 9), r"\ud83d\ude00");
        assert_eq!(written(9, 12), "cé");
        assert_eq!(written(12, 12), "");
    }

    #[test]
    fn pointers_escape_their_tokens() {
        assert_eq!(push_pointer("/tools", "a/b~c"), "/tools/a~1b~0c");
    }
}
