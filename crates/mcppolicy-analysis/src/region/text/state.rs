//! States of automata.

/// A state of an automaton.
pub(in crate::region) type State = u32;

/// From here no text is accepted any more.
pub(in crate::region) const NEVER: State = u32::MAX;

/// From here every text is accepted.
pub(in crate::region) const ALWAYS: State = u32::MAX - 1;
