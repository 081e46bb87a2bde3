//! One policy on both sides of a change.

use std::collections::{BTreeMap, BTreeSet};

use super::approval::{Allowed, AllowedKind};
use super::judgement::{Judgement, passes_more};
use super::traffic::Traffic;
use crate::compare::{Change, Comparison, Part, PartDirection, Scope, Verdict};
use crate::finding::Finding;
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
    /// Of a policy that was added: what it opens, the gravest first.
    pub opened: Vec<Change>,
    /// What of the change is approved; the default approves nothing.
    pub judgement: Judgement,
    /// Recorded calls through both.
    pub traffic: Option<Traffic>,
    /// What has changed of the server's own tools.
    pub drift: Vec<Finding>,
    /// What a policy that exists only in the new state lets through, in words.
    pub told: Option<PolicyWords>,
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

    /// The edits by which more passes, or may, by scope: what an approval of that
    /// scope approves.
    pub fn opening_edits(&self) -> BTreeMap<&Scope, Vec<Allowed>> {
        let mut all: BTreeMap<&Scope, Vec<Allowed>> = BTreeMap::new();
        for change in self.changes().iter().filter(|change| passes_more(change)) {
            let is_open = |part: &&Part| part.direction == PartDirection::Loosened;
            let parts = change.parts.iter().filter(is_open);
            let named: BTreeSet<usize> = parts.flat_map(|part| &part.edits).copied().collect();
            let edits = all.entry(&change.scope).or_default();
            let each = change.edits.iter().enumerate();
            for (_, edit) in each.filter(|(at, _)| named.contains(at)) {
                let edit = Allowed {
                    kind: AllowedKind::Edit,
                    text: edit.summary.clone(),
                };
                if !edits.contains(&edit) {
                    edits.push(edit);
                }
            }
        }
        all
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
