//! The tool that is compared, and what is found about it.

use crate::compare::applied;
use crate::compare::compiled::{Compiled, Pair};
use crate::compare::edit::Edit;
use crate::compare::part::{Part, PartDirection};
use crate::compare::verdict::{Direction, Reason, Scope};
use mcppolicy_engine::value::Value;

/// A tool that is compared.
#[derive(Clone, Copy)]
pub(in crate::compare) struct Subject<'s, 'p> {
    pub(in crate::compare) pair: &'s Pair<'s, 'p>,
    pub(in crate::compare) scope: &'s Scope,
    pub(in crate::compare) tool: &'s str,
    pub(in crate::compare) edits: &'s [Edit],
}

/// What one policy passes beyond the other.
pub(super) struct Found {
    pub(super) direction: Direction,
    pub(super) parts: Vec<Part>,
    /// Whether every element that decides has a part.
    pub(super) complete: bool,
}

impl Found {
    pub(super) const fn nothing() -> Found {
        Found {
            direction: Direction::Excluded,
            parts: Vec::new(),
            complete: true,
        }
    }

    pub(super) const fn unknown(reason: Reason) -> Found {
        Found {
            direction: Direction::Unknown(reason),
            parts: Vec::new(),
            complete: false,
        }
    }
}

impl<'p> Subject<'_, 'p> {
    /// The policy that passes, and the one that refuses.
    pub(super) fn sides(&self, direction: PartDirection) -> (&Compiled<'p>, &Compiled<'p>) {
        match direction {
            PartDirection::Loosened => (self.pair.new, self.pair.old),
            PartDirection::Tightened => (self.pair.old, self.pair.new),
        }
    }

    /// Whether the old policy with that edit alone decides as the new one.
    pub(super) fn is_alone(
        &self,
        edit: usize,
        direction: PartDirection,
        arguments: &Value,
    ) -> bool {
        self.edits.get(edit).is_some_and(|edit| {
            let passes = applied::passes(self.pair, edit, self.tool, arguments);
            passes == (direction == PartDirection::Loosened)
        })
    }
}
