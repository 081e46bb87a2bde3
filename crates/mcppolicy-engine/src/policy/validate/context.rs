//! A node on the way through a document, with what findings need.

use super::part::Part;
use crate::document::{Document, Member, Node, push_pointer};
use crate::problem::{Problem, ProblemKind};
use crate::source::{FileId, Location, Span};

/// A node and the way to it. Its pointer is made only when a finding needs it.
#[derive(Debug, Clone, Copy)]
pub(super) struct NodeContext<'a> {
    file: FileId,
    pub(super) part: Part,
    pub(super) node: &'a Node,
    /// The tool whose rules these are.
    pub(super) tool: Option<&'a str>,
    parent: Option<(&'a NodeContext<'a>, Step<'a>)>,
}

/// One step from an object or array into it.
#[derive(Debug, Clone, Copy)]
enum Step<'a> {
    Key(&'a str),
    Index(usize),
}

impl<'a> NodeContext<'a> {
    pub(super) fn root(document: &'a Document) -> NodeContext<'a> {
        NodeContext {
            file: document.file,
            part: Part::Policy,
            node: &document.root,
            tool: None,
            parent: None,
        }
    }

    /// The context of a member's value.
    pub(super) fn member(&'a self, member: &'a Member) -> NodeContext<'a> {
        let part = self.part.child(&member.key);
        NodeContext {
            part,
            node: &member.value,
            tool: if part == Part::ToolRules {
                Some(&member.key)
            } else {
                self.tool
            },
            parent: Some((self, Step::Key(&member.key))),
            ..*self
        }
    }

    /// The context of an array's item.
    pub(super) fn item(&'a self, index: usize, item: &'a Node) -> NodeContext<'a> {
        NodeContext {
            part: self.part.child(""),
            node: item,
            parent: Some((self, Step::Index(index))),
            ..*self
        }
    }

    /// The object or array that holds the node.
    pub(super) fn parent_node(&self) -> Option<&'a Node> {
        self.parent.map(|(parent, _)| parent.node)
    }

    fn pointer(&self) -> String {
        match self.parent {
            None => String::new(),
            Some((parent, Step::Key(key))) => push_pointer(&parent.pointer(), key),
            Some((parent, Step::Index(index))) => {
                push_pointer(&parent.pointer(), &index.to_string())
            }
        }
    }

    /// A finding about this node.
    pub(super) fn error(&self, message: impl Into<String>) -> Problem {
        Problem::new(
            ProblemKind::Schema,
            self.node.location(self.file),
            self.pointer(),
            message,
        )
    }

    /// A finding about a key of this object.
    pub(super) fn error_at_key(&self, member: &Member, message: impl Into<String>) -> Problem {
        Problem::new(
            ProblemKind::Schema,
            self.location(member.key_span),
            push_pointer(&self.pointer(), &member.key),
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
