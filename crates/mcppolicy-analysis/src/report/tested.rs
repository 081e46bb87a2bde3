//! What `test` found.

use super::Exit;
use crate::finding::Finding;
use crate::replay::results::{Counts, Results};
use crate::replay::{Options, RunOutcome};
use mcppolicy_engine::policy::Policy;
use mcppolicy_trace::trace::options::Settings;

/// What `test` found.
#[derive(Debug, Default)]
pub struct Tested {
    /// Each policy with its traces.
    pub runs: Vec<TestRun>,
    /// What is invalid in policies and configuration; what is invalid in
    /// traces is in their run.
    pub findings: Vec<Finding>,
    /// The options of a share of a run, so that shares can be merged.
    pub shared: Option<SharedRun>,
}

/// The options of a share of a run: those of all its shares are equal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedRun {
    /// How to replay, without the policy's server.
    pub options: Options,
    /// How to read logs.
    pub reading: Settings,
    /// Whether there was anything to replay.
    pub assigned: bool,
}

/// One policy's traces, replayed.
#[derive(Debug)]
pub struct TestRun {
    /// The policy's name in reports.
    pub name: String,
    /// The policy, for the locations of deciding rules.
    pub policy: Policy,
    /// The name of its server, where it has one.
    pub server: Option<String>,
    /// What the replay gave.
    pub results: Results,
    /// How it ended.
    pub outcome: RunOutcome,
}

impl Tested {
    /// The counts of all runs.
    pub fn summary(&self) -> Counts {
        let mut total = Counts::default();
        for run in &self.runs {
            total.add(&run.results.summary());
        }
        total
    }

    /// How many traces were read.
    pub fn traces(&self) -> usize {
        self.runs.iter().map(|run| run.results.traces.len()).sum()
    }

    /// How the replay ends, unreadable inputs aside. Without any run there was
    /// nothing to replay, unless a finding says why.
    pub fn exit(&self) -> Exit {
        let mut exit = if self.runs.is_empty() {
            Exit::NothingToDo
        } else {
            Exit::Clean
        };
        for run in &self.runs {
            exit = exit.worst(Exit::from(run.outcome));
        }
        if self.findings.iter().any(Finding::is_invalid_input) {
            exit = exit.worst(Exit::Invalid);
        }
        exit
    }

    /// What the runs assumed, each thing once.
    pub fn assumptions(&self) -> Vec<String> {
        let each = self.runs.iter().flat_map(|run| &run.results.assumptions);
        let once: std::collections::BTreeSet<_> = each.collect();
        once.into_iter().map(ToString::to_string).collect()
    }
}
