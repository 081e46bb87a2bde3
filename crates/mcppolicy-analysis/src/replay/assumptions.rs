//! What a replay takes for granted, each assumption once.

use std::collections::BTreeSet;

use mcppolicy_trace::timeline::{Assumption, Scope, Step};
use mcppolicy_trace::trace::Grant;

/// The assumptions of a run. The last server and file are kept because most
/// calls repeat the assumption of the call before.
#[derive(Debug, Default)]
pub(super) struct Assumptions {
    noted: BTreeSet<Assumption>,
    /// The last server that was taken to be the policy's.
    unnamed_server: Option<String>,
    /// The last file whose calls were taken to come from one grant.
    implicit_grant: Option<usize>,
    /// Whether it mattered what the counters held before; of most calls it does.
    counters_start_at_zero: bool,
}

impl Assumptions {
    /// Notes what deciding a call of this scope assumes.
    pub fn note_scope(&mut self, scope: Scope<'_>) {
        if let Scope::Unnamed(server) = scope {
            if self.unnamed_server.as_deref() == Some(server) {
                return;
            }
            self.unnamed_server = Some(server.to_owned());
        }
        self.noted.extend(scope.assumption());
    }

    /// Notes which grant a call without one is taken to come from: that of the
    /// file number `file`, which is called `name`.
    pub fn note_grant(&mut self, grant: Grant<&str>, file: usize, name: &str) {
        if grant != Grant::Implicit || self.implicit_grant == Some(file) {
            return;
        }
        self.implicit_grant = Some(file);
        let file = name.to_owned();
        self.noted.insert(Assumption::ImplicitGrant { file });
    }

    /// Notes what deciding a call assumed about its quota.
    pub fn note_step(&mut self, step: &Step<'_>) {
        self.counters_start_at_zero |= step.counted;
        if step.released_at_once {
            self.noted.insert(Assumption::ReleasedAtOnce);
        }
    }

    /// Adds an assumption.
    pub fn insert(&mut self, assumption: Assumption) {
        self.noted.insert(assumption);
    }

    /// All assumptions, sorted.
    pub fn into_sorted(mut self) -> Vec<Assumption> {
        if self.counters_start_at_zero {
            self.noted.insert(Assumption::CountersStartAtZero);
        }
        self.noted.into_iter().collect()
    }
}
