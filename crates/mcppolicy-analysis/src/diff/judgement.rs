//! What of a change is approved, as data.

use crate::compare::{Change, Reason, Scope, Verdict};
use mcppolicy_trace::trace::WitnessCall;

/// What is approved of a change of one policy. Approvals are named by their index
/// in the list that it was judged by.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Judgement {
    /// Each scope that is not within the old policy, in the order of scopes.
    pub scopes: Vec<Judged>,
    /// The approval of the policy's removal.
    pub removal: Option<usize>,
    /// Approvals that the old policy covers, so that they no longer matter.
    pub stale: Vec<usize>,
    /// Approvals that let through more than the change needs.
    pub surplus: Vec<Surplus>,
}

/// What an approval lets through beyond the new policy.
#[derive(Debug, Clone, PartialEq)]
pub struct Surplus {
    /// The approval.
    pub approval: usize,
    /// Calls that it lets through, and of which both policies refuse one at
    /// least.
    pub calls: Vec<WitnessCall>,
}

/// A scope in which the new policy passes, or may pass, more than the old one.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// Which.
    pub scope: Scope,
    /// Whether that is approved.
    pub outcome: Outcome,
}

/// Whether what a scope lets through is approved.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It is, by these approvals; by none where the scope, looked at by itself,
    /// is within the old policy after all.
    Approved(Vec<usize>),
    /// It is not.
    Outside(Outside),
}

/// What lies outside of the old policy and of every approval.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Outside {
    /// How many approvals speak of the scope.
    pub approvals: usize,
    /// Calls that the new policy passes throughout, and of which the old one
    /// and each approval refuse one at least; none where the engine confirms
    /// no such calls.
    pub calls: Vec<WitnessCall>,
    /// Why it could not be decided.
    pub reason: Option<Reason>,
}

impl Judgement {
    /// What is judged of a scope.
    pub fn of(&self, scope: &Scope) -> Option<&Outcome> {
        let at = self
            .scopes
            .binary_search_by(|judged| judged.scope.cmp(scope));
        self.scopes.get(at.ok()?).map(|judged| &judged.outcome)
    }

    /// Whether a change that may pass more is approved; one that may not needs
    /// no approval and has none.
    pub fn approves_change(&self, change: &Change) -> bool {
        passes_more(change) && matches!(self.of(&change.scope), Some(Outcome::Approved(_)))
    }

    /// The scopes that are not approved.
    pub fn outside(&self) -> impl Iterator<Item = (&Scope, &Outside)> {
        self.scopes
            .iter()
            .filter_map(|judged| match &judged.outcome {
                Outcome::Outside(outside) => Some((&judged.scope, outside)),
                Outcome::Approved(_) => None,
            })
    }

    /// The approvals that some scope needs.
    pub fn used(&self) -> impl Iterator<Item = usize> {
        let approved = self.scopes.iter().flat_map(|judged| match &judged.outcome {
            Outcome::Approved(by) => by.as_slice(),
            Outcome::Outside(_) => &[],
        });
        approved.copied().chain(self.removal)
    }
}

/// Whether a change passes more, or may.
pub(super) fn passes_more(change: &Change) -> bool {
    matches!(
        change.verdict,
        Verdict::Loosened | Verdict::Mixed | Verdict::Undetermined
    )
}
