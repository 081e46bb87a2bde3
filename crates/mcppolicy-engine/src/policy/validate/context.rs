//! A node on the way through a document, with what findings need to know.

use super::part::Part;
use crate::document::{Document, Member, Node, push_pointer};
use crate::problem::{Edit, Problem, ProblemKind};
use crate::source::{FileId, Location, Span};

/// A node and how it was reached.
#[derive(Debug, Clone, Copy)]
pub(super) struct NodeContext<'a> {
    pub(super) file: FileId,
    pub(super) part: Part,
    pub(super) node: &'a Node,
    pub(super) parent: Option<&'a Node>,
    /// The tool whose rules these are.
    pub(super) tool: Option<&'a str>,
    pub(super) pointer: &'a str,
}

impl<'a> NodeContext<'a> {
    pub(super) fn root(document: &'a Document) -> NodeContext<'a> {
        NodeContext {
            file: document.file,
            part: Part::Policy,
            node: &document.root,
            parent: None,
            tool: None,
            pointer: "",
        }
    }

    /// The context of a member's value; `pointer` is [`NodeContext::pointer_to`] it.
    pub(super) fn member(&self, member: &'a Member, pointer: &'a str) -> NodeContext<'a> {
        let part = self.part.child(&member.key);
        NodeContext {
            part,
            node: &member.value,
            parent: Some(self.node),
            tool: if part == Part::ToolRules {
                Some(&member.key)
            } else {
                self.tool
            },
            pointer,
            ..*self
        }
    }

    /// The context of an array's item.
    pub(super) fn item(&self, item: &'a Node, pointer: &'a str) -> NodeContext<'a> {
        NodeContext {
            part: self.part.child(""),
            node: item,
            parent: Some(self.node),
            pointer,
            ..*self
        }
    }

    pub(super) fn pointer_to(&self, token: &str) -> String {
        push_pointer(self.pointer, token)
    }

    /// A finding about this node.
    pub(super) fn error(&self, message: impl Into<String>) -> Problem {
        Problem::new(
            ProblemKind::Schema,
            self.node.location(self.file),
            self.pointer,
            message,
        )
    }

    /// A finding about a key of this object.
    pub(super) fn error_at_key(&self, member: &Member, message: impl Into<String>) -> Problem {
        Problem::new(
            ProblemKind::Schema,
            self.location(member.key_span),
            self.pointer_to(&member.key),
            message,
        )
    }

    pub(super) fn location(&self, span: Span) -> Location {
        Location {
            file: self.file,
            span,
        }
    }

    /// The name that a counter gets here when its author gave none.
    pub(super) fn counter(&self) -> String {
        /// A name that a person can still read in a log.
        const LONGEST: usize = 60;
        match self.tool {
            Some(tool) => {
                let name: String = tool.chars().take(LONGEST).collect();
                format!("{name}_rate")
            }
            None => "calls".to_owned(),
        }
    }
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

/// Puts a value in brackets.
pub(super) fn bracket(node: &Node) -> Vec<Edit> {
    let insert = |at: usize, text: &str| Edit {
        span: Span::new(at, at),
        text: text.to_owned(),
    };
    vec![insert(node.span.start, "["), insert(node.span.end, "]")]
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
