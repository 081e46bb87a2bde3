//! One policy on both sides of a change.

use super::judgement::{Judgement, passes_more};
use super::traffic::Traffic;
use crate::compare::{Change, Comparison, Verdict};
use crate::finding::Finding;
use crate::inventory::category::Categories;
use crate::words::PolicyWords;
use mcppolicy_engine::source::FileId;

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
    pub status: PolicyStatus,
    /// What of the change is approved; the default approves nothing.
    pub judgement: Judgement,
    /// Recorded calls through both.
    pub traffic: Option<Traffic>,
    /// What has changed of the server's own tools.
    pub drift: Vec<Finding>,
    /// What kinds of tools it decides about, as far as that is known.
    pub categories: Categories,
    /// What a policy that exists only in the new state lets through.
    pub opens: Option<PolicyWords>,
}

/// What happened to a policy.
#[derive(Debug)]
pub enum PolicyStatus {
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
        match &self.status {
            PolicyStatus::Compared(comparison) => &comparison.changes,
            PolicyStatus::Added | PolicyStatus::Removed => &[],
        }
    }

    pub(super) fn may_pass_more(&self) -> bool {
        match &self.status {
            PolicyStatus::Added => false,
            // Without a policy nothing restricts the server's tools any more.
            PolicyStatus::Removed => true,
            PolicyStatus::Compared(comparison) => comparison.changes.iter().any(passes_more),
        }
    }

    /// Whether what may pass more is approved.
    pub(super) fn is_approved(&self) -> bool {
        match &self.status {
            PolicyStatus::Added => true,
            PolicyStatus::Removed => self.judgement.removal.is_some(),
            PolicyStatus::Compared(comparison) => {
                let mut wider = comparison.changes.iter().filter(|c| passes_more(c));
                wider.all(|change| self.judgement.approves_change(change))
                    && self.judgement.outside().next().is_none()
            }
        }
    }

    pub(super) fn is_different(&self) -> bool {
        match &self.status {
            PolicyStatus::Added | PolicyStatus::Removed => true,
            PolicyStatus::Compared(comparison) => {
                comparison.undetermined || comparison.verdict != Verdict::Equivalent
            }
        }
    }
}
