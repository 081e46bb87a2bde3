//! How much work an answer may cost, and what has been spent of it.
//!
//! Everything is counted in steps, never in time, so that the same question
//! gets the same answer on every machine.

use std::fmt;

/// The largest amount of work that one question may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// States of products of automata, over all strings of one question.
    pub states: u64,
    /// Boxes that a difference may be split into.
    pub boxes: u64,
    /// Bytes that the automaton of one pattern may take.
    pub automaton: usize,
    /// Calls that one witness may be long.
    pub calls: u64,
}

impl Default for Budget {
    fn default() -> Budget {
        Budget {
            states: 100_000,
            boxes: 20_000,
            automaton: 1 << 20,
            calls: 2_000_000,
        }
    }
}

impl Budget {
    /// The same budget, `factor` times as large.
    #[must_use]
    pub const fn times(self, factor: u32) -> Budget {
        Budget {
            states: self.states.saturating_mul(factor as u64),
            boxes: self.boxes.saturating_mul(factor as u64),
            automaton: self.automaton.saturating_mul(factor as usize),
            calls: self.calls.saturating_mul(factor as u64),
        }
    }
}

/// Which part of the [`Budget`] did not suffice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exceeded {
    /// A product of automata has more states.
    States,
    /// A difference falls into more boxes.
    Boxes,
    /// The automaton of a pattern is larger.
    Automaton,
    /// A path has more segments than any call is deep.
    Depth,
    /// A witness is longer.
    Calls,
}

impl fmt::Display for Exceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Exceeded::States => "too many states of combined patterns",
            Exceeded::Boxes => "too many combinations of conditions",
            Exceeded::Automaton => "a pattern too large to analyse",
            Exceeded::Depth => "a path too deep",
            Exceeded::Calls => "too many calls to replay",
        })
    }
}

/// What is left for the question at hand.
#[derive(Debug, Clone, Copy)]
pub(super) struct Meter {
    states: u64,
    boxes: u64,
}

impl Meter {
    pub(super) fn new(budget: &Budget) -> Meter {
        Meter {
            states: budget.states,
            boxes: budget.boxes,
        }
    }

    pub(super) fn state(&mut self) -> Result<(), Exceeded> {
        spend(&mut self.states, Exceeded::States)
    }

    pub(super) fn one_box(&mut self) -> Result<(), Exceeded> {
        spend(&mut self.boxes, Exceeded::Boxes)
    }
}

fn spend(left: &mut u64, or: Exceeded) -> Result<(), Exceeded> {
    *left = left.checked_sub(1).ok_or(or)?;
    Ok(())
}
