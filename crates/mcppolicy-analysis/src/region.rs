//! Sets of JSON values, exactly as the engine's conditions see them, and the
//! one question about them: is there anything in this set, and what?
//!
//! A [`Literal`] is a condition, or its opposite, on the value at a path. A
//! [`Region`] is a box (a conjunction of literals) outside of finitely many
//! other boxes. [`Space::find`] decides whether a region is empty, and answers
//! with a readable member where it is not: a value that stands in the policies,
//! a neighbour of one, a short printable string.
//!
//! Per path the algebra is exact: missing; null; the booleans; intervals of
//! doubles; strings as regular languages; arrays by the elements that they must
//! and must not contain; objects open but for those that are named. What a
//! condition says of a value is asked of the engine, never repeated here.
//! Arrays and objects are open, and literal values of them finitely many.
//!
//! Nothing here knows of policies' files, rules or verdicts: only values,
//! patterns, paths and tests. Work is counted against a [`Budget`]; beyond it
//! the answer is an honest [`Answer::Unknown`].

mod array;
mod budget;
mod decimal;
mod node;
mod number;
mod probe;
mod product;
mod split;
mod text;
mod tree;

use std::ops::Not;

use mcppolicy_engine::policy::{Path, Test};
use mcppolicy_engine::value::Value;

pub use budget::{Budget, Exceeded};
pub use probe::Kind;

use budget::Meter;
use probe::Probe;
use tree::Tree;

/// A condition on the value at a path, or its opposite; it belongs to the
/// [`Space`] that made it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Literal {
    node: usize,
    probe: usize,
    holds: bool,
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
    all: Vec<Literal>,
    choices: Vec<Vec<Vec<Literal>>>,
}

impl Region {
    /// All argument objects.
    pub fn everything() -> Region {
        Region::default()
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
    /// The budget did not suffice to tell.
    Unknown(Exceeded),
}

/// The paths and conditions that regions are made of, with what has been
/// learnt about them.
#[derive(Debug)]
pub struct Space {
    tree: Tree,
    budget: Budget,
    spent: u64,
}

impl Space {
    /// A space in which each question may cost `budget`.
    pub fn new(budget: Budget) -> Space {
        Space {
            tree: Tree::new(),
            budget,
            spent: 0,
        }
    }

    /// That `test` is true of the value at `path`.
    pub fn test(&mut self, path: &Path, test: &Test) -> Literal {
        self.literal(path, Probe::Test(test.clone()))
    }

    /// That the value at `path` is of that kind.
    pub fn kind(&mut self, path: &Path, kind: Kind) -> Literal {
        self.literal(path, Probe::Kind(kind))
    }

    fn literal(&mut self, path: &Path, probe: Probe) -> Literal {
        let node = self.tree.node(path);
        let probe = self.tree.get_mut(node).map_or(0, |node| node.ask(probe));
        Literal {
            node,
            probe,
            holds: true,
        }
    }

    /// A member of `region`, or that it has none.
    pub fn find(&mut self, region: &Region) -> Answer {
        let mut meter = Meter::new(&self.budget);
        let answer = split::find(&mut self.tree, region, &self.budget, &mut meter);
        self.spent = self.spent.saturating_add(meter.spent(&self.budget));
        answer
    }

    /// The work of all questions so far, in steps of automata.
    pub const fn spent(&self) -> u64 {
        self.spent
    }

    /// Whether `literal` is true of `arguments`.
    pub fn holds(&self, literal: Literal, arguments: &Value) -> bool {
        self.tree.holds(literal, arguments)
    }
}
