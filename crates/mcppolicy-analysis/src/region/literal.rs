//! Conditions, the regions that they make, and whether a region has members.

use std::ops::Not;

use super::budget::Exceeded;
use mcppolicy_engine::value::Value;

/// A condition on the value at a path, or its opposite; it belongs to the
/// [`Space`] that made it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Literal {
    pub(super) node: usize,
    pub(super) probe: usize,
    pub(super) holds: bool,
}

/// The opposite: what a condition leaves out, missing values included.
impl Not for Literal {
    type Output = Literal;

    fn not(self) -> Literal {
        Literal {
            holds: !self.holds,
            ..self
        }
    }
}

/// A set of argument objects: those of which every literal is true and that
/// are in one box at least of each choice.
#[derive(Debug, Clone, Default)]
pub struct Region {
    pub(super) all: Vec<Literal>,
    pub(super) choices: Vec<Vec<Vec<Literal>>>,
}

impl Region {
    /// All argument objects.
    pub fn everything() -> Region {
        Region::default()
    }

    /// How many literals it is made of.
    pub(super) fn size(&self) -> usize {
        let boxes = self.choices.iter().flatten();
        self.all.len() + boxes.map(Vec::len).sum::<usize>()
    }

    /// Only those of which `literal` is true.
    pub fn and(&mut self, literal: Literal) {
        self.all.push(literal);
    }

    /// Only those outside of the box of which all `literals` are true; nothing
    /// is outside of the box without literals.
    pub fn outside(&mut self, literals: &[Literal]) {
        self.within_one(literals.iter().map(|literal| vec![!*literal]).collect());
    }

    /// Only those in one at least of `boxes`.
    pub fn within_one(&mut self, boxes: Vec<Vec<Literal>>) {
        self.choices.push(boxes);
    }
}

/// Whether a region has members.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// It has none.
    Empty,
    /// It has this one.
    Witness(Value),
    /// The budget did not suffice to decide.
    Unknown(Exceeded),
}
