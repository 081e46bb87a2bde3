//! An object whose members are at fault, and what repairs give it.

use std::collections::HashSet;

use super::context::NodeContext;

/// An object whose members are at fault.
pub(super) struct Object<'a> {
    pub(super) context: NodeContext<'a>,
    /// The members of the format that it has.
    present: HashSet<&'static str>,
    /// The members of the format that it gets by what was advised so far, so
    /// that no two repairs write the same one and no gap is reported that a
    /// repair fills.
    pub(super) supplied: HashSet<&'static str>,
}

impl<'a> Object<'a> {
    pub(super) fn new(context: NodeContext<'a>) -> Object<'a> {
        let known = context.part.members();
        let members = context.node.members().iter();
        Object {
            context,
            present: members
                .filter_map(|member| known.iter().find(|name| **name == member.key))
                .copied()
                .collect(),
            supplied: HashSet::new(),
        }
    }

    /// Whether the object has this member of the format.
    pub(super) fn has(&self, name: &str) -> bool {
        self.present.contains(name)
    }

    /// Whether a repair may write this member.
    pub(super) fn is_free(&self, name: &str) -> bool {
        !self.present.contains(name) && !self.supplied.contains(name)
    }
}
