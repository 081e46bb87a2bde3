//! How much work an answer may cost, and what has been spent of it.
//!
//! Everything is counted in steps, never in time, so that the same question
//! gets the same answer on every machine.

use std::fmt;

/// The largest amount of work that one question may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Steps of automata, over all strings that one question looks for.
    pub steps: u64,
    /// Boxes that a difference may be split into.
    pub boxes: u64,
    /// Conditions that may be looked at, over all those boxes.
    pub conditions: u64,
    /// Bytes that the automaton of one pattern may take.
    pub automaton: usize,
    /// Calls that a search for a witness may try, and runs of equal calls that
    /// one may have.
    pub calls: u64,
}

impl Default for Budget {
    fn default() -> Budget {
        Budget {
            steps: 3_000_000,
            boxes: 20_000,
            conditions: 30_000_000,
            automaton: 1 << 20,
            calls: 200_000,
        }
    }
}

impl Budget {
    /// The same budget, `factor` times as large.
    #[must_use]
    pub const fn times(self, factor: u32) -> Budget {
        Budget {
            steps: self.steps.saturating_mul(factor as u64),
            boxes: self.boxes.saturating_mul(factor as u64),
            conditions: self.conditions.saturating_mul(factor as u64),
            automaton: self.automaton.saturating_mul(factor as usize),
            calls: self.calls.saturating_mul(factor as u64),
        }
    }
}

impl Budget {
    /// One `divisor`th of it, of each part something.
    #[must_use]
    pub const fn part(self, divisor: u32) -> Budget {
        Budget {
            steps: self.steps.div_ceil(divisor as u64),
            boxes: self.boxes.div_ceil(divisor as u64),
            conditions: self.conditions.div_ceil(divisor as u64),
            automaton: self.automaton.div_ceil(divisor as usize),
            calls: self.calls.div_ceil(divisor as u64),
        }
    }

    /// The same budget, but of each part no more than `most` conditions looked at are
    /// worth.
    #[must_use]
    pub const fn at_most(self, most: u64) -> Budget {
        const fn smaller(a: u64, b: u64) -> u64 {
            if a < b { a } else { b }
        }
        Budget {
            steps: smaller(self.steps, most.div_ceil(STEP)),
            boxes: smaller(self.boxes, most.div_ceil(BOX)),
            conditions: smaller(self.conditions, most),
            ..self
        }
    }

    /// All of it, in conditions looked at.
    pub const fn worth(&self) -> u64 {
        cost(self.steps, self.boxes, self.conditions)
    }
}

/// Which part of the [`Budget`] did not suffice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exceeded {
    /// A search for a string takes more steps.
    Steps,
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
            Exceeded::Steps => "patterns too intricate together",
            Exceeded::Boxes => "too many combinations of conditions",
            Exceeded::Automaton => "a pattern too large to analyse",
            Exceeded::Depth => "a path too deep",
            Exceeded::Calls => "too many calls to replay",
        })
    }
}

/// About how many conditions a step of an automaton is worth: a step may make a
/// state.
pub(crate) const STEP: u64 = 10;

/// About how many conditions a box is worth.
const BOX: u64 = 50;

const fn cost(steps: u64, boxes: u64, conditions: u64) -> u64 {
    let steps = steps.saturating_mul(STEP);
    let boxes = boxes.saturating_mul(BOX);
    conditions.saturating_add(steps).saturating_add(boxes)
}

/// What is left for the question at hand.
#[derive(Debug, Clone, Copy)]
pub(super) struct Meter {
    steps: u64,
    boxes: u64,
    conditions: u64,
}

impl Meter {
    pub(super) fn new(budget: &Budget) -> Meter {
        Meter {
            steps: budget.steps,
            boxes: budget.boxes,
            conditions: budget.conditions,
        }
    }

    /// What is spent of `budget`, in conditions looked at.
    pub(super) const fn spent(&self, budget: &Budget) -> u64 {
        cost(
            budget.steps.saturating_sub(self.steps),
            budget.boxes.saturating_sub(self.boxes),
            budget.conditions.saturating_sub(self.conditions),
        )
    }

    /// One step in each of so many automata.
    pub(super) fn steps(&mut self, automata: usize) -> Result<(), Exceeded> {
        spend(&mut self.steps, automata.max(1) as u64, Exceeded::Steps)
    }

    /// So many conditions looked at.
    pub(super) fn conditions(&mut self, count: usize) -> Result<(), Exceeded> {
        spend(&mut self.conditions, count as u64, Exceeded::Boxes)
    }

    pub(super) fn one_box(&mut self) -> Result<(), Exceeded> {
        spend(&mut self.boxes, 1, Exceeded::Boxes)
    }
}

fn spend(left: &mut u64, amount: u64, or: Exceeded) -> Result<(), Exceeded> {
    let rest = left.checked_sub(amount);
    *left = rest.unwrap_or(0);
    rest.map(|_| ()).ok_or(or)
}
