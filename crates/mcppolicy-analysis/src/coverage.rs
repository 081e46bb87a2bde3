//! Which decisions of a policy its tests pin.
//!
//! A [`Point`] is something that a test can pin: that a rule decides, that a
//! condition alone turns a decision, that a limit counts to its end. A point is
//! covered by a recorded call that has an expectation, and by nothing else; a call
//! that reaches it without one is *seen*. Of a point that no call reaches, the
//! region algebra and the differ either prove that none can, or give the call
//! that would.

mod boundary;
mod missing;
mod points;
mod prove;
mod prove_limits;
mod prover;
mod reached;
mod reached_limits;

use std::collections::HashSet;
use std::num::NonZeroUsize;

use crate::inventory::Inventory;
use crate::region::Budget;
use crate::suite::{Baseline, Suite};
use mcppolicy_engine::engine::Engine;
use mcppolicy_engine::policy::Policy;
use mcppolicy_trace::trace::WitnessCall;

pub use boundary::Boundary;
pub use missing::{Written, write};
pub use points::{Criterion, Kind, Point};

#[cfg(test)]
mod tests;

/// What is known of a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// A call with an expectation reaches it.
    Covered,
    /// Calls reach it, and none of them has an expectation.
    Seen,
    /// No recorded call reaches it; others do.
    Uncovered,
    /// No call can reach it: this is proved.
    Infeasible,
    /// Whether a call can reach it is not decided.
    Undetermined,
}

impl Status {
    /// Every status.
    pub const ALL: [Status; 5] = [
        Status::Covered,
        Status::Seen,
        Status::Uncovered,
        Status::Infeasible,
        Status::Undetermined,
    ];

    /// The name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Status::Covered => "covered",
            Status::Seen => "seen",
            Status::Uncovered => "uncovered",
            Status::Infeasible => "infeasible",
            Status::Undetermined => "undetermined",
        }
    }

    /// Whether a test of it is missing, as far as is known.
    pub const fn is_missing(self) -> bool {
        matches!(
            self,
            Status::Seen | Status::Uncovered | Status::Undetermined
        )
    }
}

/// A point and what is known of it.
#[derive(Debug, Clone)]
pub struct Covered {
    /// The point.
    pub point: Point,
    /// What is known of it.
    pub status: Status,
    /// The first calls of the suite that cover it, or by which it is seen.
    pub by: Vec<usize>,
    /// Calls that reach it, the last of them; of points that are missing.
    pub witness: Vec<Step>,
}

/// A made-up call of some grant.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Who calls.
    pub grant: &'static str,
    /// The call.
    pub call: WitnessCall,
}

/// How to look for points.
#[derive(Debug, Clone)]
pub struct Options {
    /// Which kinds of points.
    pub criteria: Vec<Criterion>,
    /// Threads; what comes out does not depend on it.
    pub threads: NonZeroUsize,
    /// What each proof may cost.
    pub budget: Budget,
    /// Only the points of these elements, as JSON Pointers.
    pub only: Option<HashSet<String>>,
    /// What all proofs may cost together, in decisions; points beyond are
    /// undetermined.
    pub work: u64,
}

/// Points in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Count {
    /// Covered ones.
    pub covered: usize,
    /// Seen, not asserted.
    pub seen: usize,
    /// Reached by no recorded call.
    pub uncovered: usize,
    /// Proved to be out of reach; they do not count.
    pub infeasible: usize,
    /// Perhaps out of reach; they count as uncovered.
    pub undetermined: usize,
}

impl Count {
    /// The points of a criterion, or of all.
    pub fn of(points: &[Covered], criterion: Option<Criterion>) -> Count {
        let mut count = Count::default();
        let of_criterion = |covered: &&Covered| {
            criterion.is_none_or(|criterion| covered.point.kind.criterion() == criterion)
        };
        for covered in points.iter().filter(of_criterion) {
            *match covered.status {
                Status::Covered => &mut count.covered,
                Status::Seen => &mut count.seen,
                Status::Uncovered => &mut count.uncovered,
                Status::Infeasible => &mut count.infeasible,
                Status::Undetermined => &mut count.undetermined,
            } += 1;
        }
        count
    }

    /// The points that may be reached.
    pub const fn counted(&self) -> usize {
        self.covered + self.seen + self.uncovered + self.undetermined
    }

    /// How many of those are covered, in percent; 100 where there is none.
    pub fn percent(&self) -> f64 {
        match self.counted() {
            0 => 100.0,
            counted => self.covered as f64 * 100.0 / counted as f64,
        }
    }

    /// All of two together.
    #[must_use]
    pub const fn plus(self, other: Count) -> Count {
        Count {
            covered: self.covered + other.covered,
            seen: self.seen + other.seen,
            uncovered: self.uncovered + other.uncovered,
            infeasible: self.infeasible + other.infeasible,
            undetermined: self.undetermined + other.undetermined,
        }
    }
}

/// What it costs to measure the points of `policy`, in decisions, at the most.
pub fn cost(
    policy: &Policy,
    suite: &Suite,
    inventory: Option<&Inventory>,
    options: &Options,
) -> u64 {
    let points = points::of(policy, inventory, options);
    let proofs = points.iter().map(|point| prove::cost(policy, point));
    proofs.fold(suite.size(), u64::saturating_add)
}

/// The points of `policy` in the order of its file, and which of them the calls
/// of the baseline cover.
pub fn measure(
    policy: &Policy,
    engine: &Engine,
    baseline: &Baseline<'_, '_>,
    inventory: Option<&Inventory>,
    options: &Options,
) -> Vec<Covered> {
    let points = points::of(policy, inventory, options);
    let marks = reached::marks(policy, engine, baseline, &points);
    let prover = prover::Prover {
        policy,
        engine,
        inventory,
        budget: options.budget,
    };
    prove::settle(&prover, points, marks, options)
}
