//! What a change of policies does: proved differences and recorded traffic,
//! put together for a reviewer, and whether the gate lets it through.

pub mod approval;
pub mod drift;
pub mod gate;
mod judgement;
mod policy;
pub mod regression;
pub mod traffic;

use crate::compare::Verdict;
use crate::finding::Finding;
pub use gate::Gate;
pub use policy::{PolicyDiff, PolicyStatus};

use traffic::Traffic;

/// A change of one policy or several.
#[derive(Debug, Default)]
pub struct Diff {
    /// Each policy that either side has, in the order given.
    pub policies: Vec<PolicyDiff>,
}

impl Diff {
    /// The join of all policies' verdicts.
    pub fn verdict(&self) -> Verdict {
        let verdict = |policy: &PolicyDiff| match &policy.status {
            // Nothing was let through before; nothing says what decides from now on.
            PolicyStatus::Added | PolicyStatus::Removed => Verdict::Loosened,
            PolicyStatus::Compared(comparison) => comparison.verdict,
        };
        self.policies
            .iter()
            .map(verdict)
            .fold(Verdict::Equivalent, Verdict::join)
    }

    /// What has changed of the servers' own tools.
    pub fn drift(&self) -> impl Iterator<Item = &Finding> {
        self.policies.iter().flat_map(|policy| &policy.drift)
    }

    /// How many changes are undetermined.
    pub fn undetermined(&self) -> usize {
        let changes = self.policies.iter().flat_map(PolicyDiff::changes);
        changes
            .filter(|change| change.verdict == Verdict::Undetermined)
            .count()
    }

    /// Whether the gate refuses any policy's change.
    pub fn refused_by(&self, gate: Gate) -> bool {
        self.policies.iter().any(|policy| gate.refuses(policy))
    }

    /// All recorded traffic together; `None` when no trace was given.
    pub fn traffic(&self) -> Option<Traffic> {
        let mut each = self
            .policies
            .iter()
            .filter_map(|policy| policy.traffic.as_ref());
        let mut total = each.next()?.clone();
        each.for_each(|traffic| total.add(traffic));
        Some(total)
    }
}
