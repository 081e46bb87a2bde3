//! Sets of JSON values, exactly as the engine's conditions see them, and the
//! one question about them: is there anything in this set, and what?
//!
//! A [`Literal`] is a condition, or its opposite, on the value at a path. A
//! [`Region`] is a box (a conjunction of literals) outside of finitely many
//! other boxes. [`Space::find`] decides whether a region is empty, and answers
//! with a readable member where it is not: a value from the policies,
//! a neighbour of one, a short printable string.
//!
//! Per path the algebra is exact: missing; null; the booleans; intervals of
//! doubles; strings as regular languages; arrays by the elements that they must
//! and must not contain; objects open but for those that are named. What a
//! condition says of a value is computed by the engine, never repeated here.
//! Arrays and objects are open, and literal values of them finitely many.
//!
//! Nothing here depends on policies' files, rules or verdicts: only on values,
//! patterns, paths and tests. Work is counted against a [`Budget`]; beyond it
//! the answer is an honest [`Answer::Unknown`].

mod array;
mod budget;
mod decimal;
mod literal;
mod node;
mod number;
mod points;
mod probe;
mod product;
mod prune;
mod split;
mod text;
mod tree;

use mcppolicy_engine::policy::{Path, Test};
use mcppolicy_engine::value::Value;

pub use budget::{Budget, Exceeded};
pub use literal::{Answer, Literal, Region};
pub use probe::Kind;

use budget::Meter;
pub(crate) use budget::STEP;
use probe::Probe;
use tree::Tree;

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
        self.spent = self.spent.saturating_add(probe.weight());
        let node = self.tree.node(path);
        let probe = self
            .tree
            .get_mut(node)
            .map_or(0, |node| node.question(probe));
        Literal {
            node,
            probe,
            holds: true,
        }
    }

    /// The part of `region`, which has members, that what is true at `path` may
    /// depend on.
    pub fn tied(&mut self, region: &Region, path: &Path) -> Region {
        let node = self.tree.node(path);
        self.tree.tied(region, node)
    }

    /// From now on each question may cost `budget`.
    pub fn limit(&mut self, budget: Budget) {
        self.budget = budget;
    }

    /// A member of `region`, or that it has none.
    pub fn find(&mut self, region: &Region) -> Answer {
        let mut meter = Meter::new(&self.budget);
        let answer = split::find(&mut self.tree, region, &self.budget, &mut meter);
        self.spent = self.spent.saturating_add(meter.spent(&self.budget));
        answer
    }

    /// Adds to what was [`spent`](Self::spent): work on what the space has found, in
    /// conditions looked at.
    pub const fn charge(&mut self, conditions: u64) {
        self.spent = self.spent.saturating_add(conditions);
    }

    /// Forgets automata of more than `most` bytes, and keeps what they have found:
    /// many spaces that are kept must not take much memory each.
    pub fn release(&mut self, most: usize) {
        self.tree.release(most);
    }

    /// The work of all questions so far, and of putting them, in conditions looked
    /// at.
    pub const fn spent(&self) -> u64 {
        self.spent
    }

    /// Whether `region` has these arguments.
    pub fn contains(&self, region: &Region, arguments: &Value) -> bool {
        let holds = |literal: &Literal| self.holds(*literal, arguments);
        region.all.iter().all(holds)
            && region
                .choices
                .iter()
                .all(|boxes| boxes.iter().any(|one| one.iter().all(holds)))
    }

    /// Whether nothing that `region` says for certain of the value at `path`
    /// is false of these arguments.
    pub fn may_hold(&mut self, region: &Region, path: &Path, arguments: &Value) -> bool {
        let node = self.tree.node(path);
        let mut own = region.all.iter().filter(|literal| literal.node == node);
        own.all(|literal| self.holds(*literal, arguments))
    }

    /// Whether `literal` is true of `arguments`.
    pub fn holds(&self, literal: Literal, arguments: &Value) -> bool {
        self.tree.holds(literal, arguments)
    }
}
