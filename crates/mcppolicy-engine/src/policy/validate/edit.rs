//! Edits that repair a policy.

use crate::document::{Member, Node};
use crate::problem::{Applicability, Edit, Fix};
use crate::source::Span;

/// A repair that nobody can prove right: the policy meant nothing before.
pub(super) fn unproved(edits: Vec<Edit>) -> Fix {
    Fix {
        applicability: Applicability::Unsafe,
        edits,
    }
}

/// Writes another value instead of this one.
pub(super) fn rewrite(node: &Node, text: impl Into<String>) -> Vec<Edit> {
    vec![Edit {
        span: node.span,
        text: text.into(),
    }]
}

/// Replaces a member, key and value, by other members.
pub(super) fn replace(member: &Member, text: impl Into<String>) -> Edit {
    Edit {
        span: Span::new(member.key_span.start, member.value.span.end),
        text: text.into(),
    }
}

/// Removes a member and one comma.
pub(super) fn remove(object: &Node, member: &Member) -> Edit {
    let members = object.members();
    let index = members.partition_point(|other| other.key_span.start < member.key_span.start);
    let before = index.checked_sub(1).and_then(|index| members.get(index));
    let span = match (members.get(index + 1), before) {
        (Some(next), _) => Span::new(member.key_span.start, next.key_span.start),
        (None, Some(before)) => Span::new(before.value.span.end, member.value.span.end),
        (None, None) => Span::new(member.key_span.start, member.value.span.end),
    };
    Edit {
        span,
        text: String::new(),
    }
}

/// Puts a value between two texts.
pub(super) fn wrap(node: &Node, before: &str, after: &str) -> Vec<Edit> {
    let insert = |at: usize, text: &str| Edit {
        span: Span::new(at, at),
        text: text.to_owned(),
    };
    vec![
        insert(node.span.start, before),
        insert(node.span.end, after),
    ]
}

/// Puts a value in brackets.
pub(super) fn bracket(node: &Node) -> Vec<Edit> {
    wrap(node, "[", "]")
}

/// Adds an item at the end of an array.
pub(super) fn append(array: &Node, item: &str) -> Edit {
    match array.items().last() {
        Some(last) => Edit {
            span: Span::new(last.span.end, last.span.end),
            text: format!(", {item}"),
        },
        None => Edit {
            span: array.span,
            text: format!("[{item}]"),
        },
    }
}
