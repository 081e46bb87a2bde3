//! What a change of policies does: proved differences and recorded traffic,
//! put together for a reviewer, and whether the gate lets it through (diff.md
//! §1, §5, §6).

pub mod approval;
pub mod drift;
pub mod gate;
pub mod regression;
pub mod traffic;

use crate::compare::{Change, Comparison, Verdict};
use crate::finding::Finding;
use mcppolicy_engine::source::FileId;

pub use gate::Gate;

use gate::Judgement;
use traffic::Traffic;

/// A change of one policy or several.
#[derive(Debug, Default)]
pub struct Diff {
    /// Each policy that either side has, in the order given.
    pub policies: Vec<PolicyDiff>,
}

/// One policy on both sides.
#[derive(Debug)]
pub struct PolicyDiff {
    /// The policy's name in reports.
    pub name: String,
    /// The old file, where there is one.
    pub old: Option<FileId>,
    /// The new file, where there is one.
    pub new: Option<FileId>,
    /// What happened to it.
    pub fate: Fate,
    /// How the change stands to what is approved; the default approves nothing.
    pub judgement: Judgement,
    /// Recorded calls through both.
    pub traffic: Option<Traffic>,
    /// What has changed of the server's own tools.
    pub drift: Vec<Finding>,
}

/// What happened to a policy.
#[derive(Debug)]
pub enum Fate {
    /// It exists only in the new state.
    Added,
    /// It exists only in the old state.
    Removed,
    /// It exists in both.
    Compared(Comparison),
}

impl PolicyDiff {
    /// The changes, none for a policy that one side lacks.
    pub fn changes(&self) -> &[Change] {
        match &self.fate {
            Fate::Compared(comparison) => &comparison.changes,
            Fate::Added | Fate::Removed => &[],
        }
    }

    fn may_pass_more(&self) -> bool {
        match &self.fate {
            Fate::Added => false,
            // Without a policy, whatever stood behind it is open to whoever
            // serves it next.
            Fate::Removed => true,
            Fate::Compared(comparison) => comparison.changes.iter().any(gate::passes_more),
        }
    }

    fn is_different(&self) -> bool {
        match &self.fate {
            Fate::Added | Fate::Removed => true,
            Fate::Compared(comparison) => {
                comparison.undetermined || comparison.verdict != Verdict::Equivalent
            }
        }
    }
}

impl Diff {
    /// The join of all policies' verdicts.
    pub fn verdict(&self) -> Verdict {
        let verdict = |policy: &PolicyDiff| match &policy.fate {
            Fate::Added | Fate::Removed => Verdict::Equivalent,
            Fate::Compared(comparison) => comparison.verdict,
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
