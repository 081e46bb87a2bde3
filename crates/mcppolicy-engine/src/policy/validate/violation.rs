//! What can be wrong with one node of a policy.

use crate::document::{Member, Node, NodeKind};
use crate::source::Span;

/// A rule of the format that a node breaks.
#[derive(Debug)]
pub(super) enum Violation<'a> {
    /// The value has another type than this one.
    Type(JsonType),
    /// The string is none of these words.
    NotOneOf(&'static [&'static str]),
    /// The string is blank.
    Blank,
    /// The string is not a path.
    NotAPath,
    /// The number is below 1.
    TooSmall,
    /// The number is above the largest `max`.
    TooLarge,
    /// The members of the object are not those of the format.
    Members {
        /// The keys that the object should not have, in the order of the file;
        /// of a repeated key the last one.
        unknown: Vec<&'a Member>,
        /// The members that the object should have.
        missing: Vec<&'static str>,
    },
    /// The keys of these members are no tool names.
    BlankToolNames(Vec<&'a Member>),
    /// The item is in its array already.
    Repeated {
        /// The first one.
        first: Span,
    },
}

/// A type in the words of JSON Schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum JsonType {
    Array,
    Boolean,
    Integer,
    Number,
    Object,
    String,
}

impl JsonType {
    /// Whether the node has this type.
    pub(super) fn includes(self, node: &Node) -> bool {
        match (self, &node.kind) {
            (JsonType::Array, NodeKind::Array(_))
            | (JsonType::Boolean, NodeKind::Bool(_))
            | (JsonType::Number, NodeKind::Number(_))
            | (JsonType::Object, NodeKind::Object(_))
            | (JsonType::String, NodeKind::String(_)) => true,
            (JsonType::Integer, NodeKind::Number(number)) => number.fract() == 0.0,
            _ => false,
        }
    }
}
