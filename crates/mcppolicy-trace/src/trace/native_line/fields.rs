//! The members of one object of a line: reading them, and saying what is wrong
//! with them.

use std::fmt::Write;

use crate::trace::item::Complaint;
use mcppolicy_engine::document::borrowed::{Node, NodeKind};
use mcppolicy_engine::document::parse::quoted;
use mcppolicy_engine::document::push_pointer;

/// The members of `root`, and the complaints about the line so far.
pub(super) struct Fields<'a> {
    /// The object.
    pub root: Node<'a>,
    /// Its JSON Pointer in the line.
    pub pointer: String,
    /// What is wrong, in no order yet.
    pub complaints: Vec<Complaint>,
}

/// The value of a member that is a string or null.
pub(super) enum Nullable<'a> {
    /// The member is missing, or it is neither; then there is a complaint.
    Absent,
    Null,
    String(&'a str),
}

impl<'a> Nullable<'a> {
    /// The string, if it is one.
    pub fn as_str(&self) -> Option<&'a str> {
        match self {
            Nullable::String(text) => Some(text),
            Nullable::Absent | Nullable::Null => None,
        }
    }
}

impl<'a> Fields<'a> {
    pub fn new(root: Node<'a>) -> Fields<'a> {
        Fields {
            root,
            pointer: String::new(),
            complaints: Vec::new(),
        }
    }

    /// Runs `read` over the members of another object of the same line.
    pub fn within<T>(
        &mut self,
        node: Node<'a>,
        pointer: String,
        read: impl FnOnce(&mut Fields<'a>) -> T,
    ) -> T {
        let mut inner = Fields {
            root: node,
            pointer,
            complaints: std::mem::take(&mut self.complaints),
        };
        let value = read(&mut inner);
        self.complaints = inner.complaints;
        value
    }

    /// Complains about every member that is not among `known`; `synonyms` are
    /// names that other formats use for a known one.
    pub fn only(&mut self, what: &str, known: &[&str], synonyms: &[(&str, &str)]) {
        for member in self.root.members() {
            let key = member.key;
            if known.contains(&key) {
                continue;
            }
            let synonym = synonyms.iter().find(|(name, _)| *name == key);
            let near = synonym.map(|(_, meant)| *meant).or(nearest(key, known));
            let help = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("{what} has the members {}", list(known)),
            };
            self.complaints.push(Complaint {
                span: member.key_span,
                pointer: push_pointer(&self.pointer, key),
                message: format!("Unknown member {}", quoted(key)),
                help: Some(help),
                related: None,
            });
        }
    }

    /// Complains about a node.
    pub fn at_node(
        &mut self,
        node: Node<'_>,
        pointer: &str,
        message: String,
        help: Option<String>,
    ) {
        self.complaints.push(Complaint {
            span: node.span(),
            pointer: pointer.to_owned(),
            message,
            help,
            related: None,
        });
    }

    /// Complains about the value of a member, which is there.
    pub fn at_value(&mut self, key: &str, message: String, help: Option<String>) {
        if let Some(node) = self.root.get(key) {
            let pointer = push_pointer(&self.pointer, key);
            self.at_node(node, &pointer, message, help);
        }
    }

    /// Complains that a member, which is there, should not be.
    pub fn at_member(&mut self, key: &str, message: String, help: Option<String>) {
        if let Some(member) = self.root.member(key) {
            self.complaints.push(Complaint {
                span: member.key_span,
                pointer: push_pointer(&self.pointer, key),
                message,
                help,
                related: None,
            });
        }
    }

    /// Complains about `key` when `other` is there too.
    pub fn not_both(&mut self, key: &str, other: &str, message: &str) -> bool {
        let (Some(member), Some(other)) = (self.root.member(key), self.root.member(other)) else {
            return false;
        };
        self.complaints.push(Complaint {
            span: member.key_span,
            pointer: push_pointer(&self.pointer, key),
            message: message.to_owned(),
            help: Some("remove one of the two".to_owned()),
            related: Some((other.key_span, "beside this one")),
        });
        true
    }

    pub fn wrong_type(&mut self, key: &str, expected: &str) {
        if let Some(node) = self.root.get(key) {
            let message = format!("`{key}` must be {expected}, not {}", article(node));
            self.at_value(key, message, None);
        }
    }

    /// A member that is a string.
    pub fn string(&mut self, key: &str) -> Option<&'a str> {
        let node = self.root.get(key)?;
        let text = node.as_str();
        if text.is_none() {
            self.wrong_type(key, "a string");
        }
        text
    }

    /// A member that is a string or null.
    pub fn string_or_null(&mut self, key: &str) -> Nullable<'a> {
        let Some(node) = self.root.get(key) else {
            return Nullable::Absent;
        };
        match node.kind() {
            NodeKind::Null => Nullable::Null,
            NodeKind::String(text) => Nullable::String(text),
            _ => {
                self.wrong_type(key, "a string or null");
                Nullable::Absent
            }
        }
    }

    /// A member that is a string which `read` understands.
    pub fn parsed<T, E: std::fmt::Display>(
        &mut self,
        key: &str,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let text = self.string(key)?;
        match read(text) {
            Ok(value) => Some(value),
            Err(error) => {
                self.at_value(key, error.to_string(), None);
                None
            }
        }
    }

    /// A member that is a whole number from `least` to `most`.
    pub fn whole_number(&mut self, key: &str, least: u64, most: u64) -> Option<u64> {
        let node = self.root.get(key)?;
        let number = whole_number(node, least, most);
        if number.is_none() {
            let expected = range(least, most);
            match node.kind() {
                NodeKind::Number(_) => {
                    self.at_value(key, format!("`{key}` must be {expected}"), None);
                }
                _ => self.wrong_type(key, &expected),
            }
        }
        number
    }

    /// A member that is one of a few words.
    pub fn word(&mut self, key: &str, words: &[&'static str]) -> Option<&'static str> {
        let text = self.string(key)?;
        let found = words.iter().find(|word| **word == text).copied();
        if found.is_none() {
            let message = format!("{} is none of {}", quoted(text), list_quoted(words));
            let help = nearest(text, words).map(|near| format!("did you mean {near:?}?"));
            self.at_value(key, message, help);
        }
        found
    }
}

pub(super) fn range(least: u64, most: u64) -> String {
    if most == u64::MAX {
        format!("a whole number from {least}")
    } else {
        format!("a whole number from {least} to {most}")
    }
}

/// A node's number, when it is whole and within the bounds.
pub(super) fn whole_number(node: Node<'_>, least: u64, most: u64) -> Option<u64> {
    let NodeKind::Number(number) = node.kind() else {
        return None;
    };
    // Beyond 2^53 a double no longer says which whole number was meant.
    if number.fract() != 0.0 || !(0.0..=9_007_199_254_740_992.0).contains(&number) {
        return None;
    }
    let number = number as u64;
    (least..=most).contains(&number).then_some(number)
}

/// The known name that was probably meant.
pub(super) fn nearest<'k>(text: &str, known: &[&'k str]) -> Option<&'k str> {
    mcppolicy_engine::nearest::nearest(text, known.iter().copied())
}

/// A value's type with its article.
pub(super) fn article(node: Node<'_>) -> &'static str {
    match node.kind() {
        NodeKind::Null => "null",
        NodeKind::Bool(_) => "a boolean",
        NodeKind::Number(_) => "a number",
        NodeKind::String(_) => "a string",
        NodeKind::Array(_) => "an array",
        NodeKind::Object(_) => "an object",
    }
}

fn list(names: &[&str]) -> String {
    join(names, |out, name| write!(out, "`{name}`"), "and")
}

pub(super) fn list_quoted(words: &[&str]) -> String {
    join(words, |out, word| write!(out, "{word:?}"), "or")
}

fn join(
    names: &[&str],
    show: impl Fn(&mut String, &str) -> std::fmt::Result,
    last: &str,
) -> String {
    let mut out = String::new();
    for (at, name) in names.iter().enumerate() {
        if at > 0 && at + 1 == names.len() {
            out.push(' ');
            out.push_str(last);
            out.push(' ');
        } else if at > 0 {
            out.push_str(", ");
        }
        // Writing into a string cannot fail.
        let _ = show(&mut out, name);
    }
    out
}
