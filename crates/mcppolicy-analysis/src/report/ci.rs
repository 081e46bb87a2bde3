//! What `ci` found.

use super::{DiffReport, Exit, Failure, Findings, Pinned, Tested, exit_of};
use crate::compare::Verdict;
use crate::diff::{PolicyDiff, PolicyStatus};
use crate::finding::{Class, Finding, Severity};

/// What `ci` found.
#[derive(Debug, Default)]
pub struct Ci {
    /// Each policy of the configuration.
    pub policies: Vec<CiPolicy>,
    /// What is wrong with the configuration.
    pub findings: Vec<Finding>,
}

impl Ci {
    /// Each policy's change since the base.
    pub fn diffs(&self) -> impl Iterator<Item = &DiffReport> {
        self.policies
            .iter()
            .filter_map(|policy| policy.diff.as_ref())
    }

    /// The join of the policies' verdicts, in which a policy that is removed
    /// loosens; `None` when nothing was compared.
    pub fn verdict(&self) -> Option<Verdict> {
        let of = |report: &DiffReport| {
            let removed = |policy: &PolicyDiff| matches!(policy.status, PolicyStatus::Removed);
            let verdict = report.diff.verdict();
            if report.diff.policies.iter().any(removed) {
                verdict.join(Verdict::Loosened)
            } else {
                verdict
            }
        };
        self.diffs().map(of).reduce(Verdict::join)
    }

    /// How the run ends, unreadable inputs aside, when findings from `fail_on`
    /// upward fail it.
    pub(super) fn exit(&self, fail_on: Option<Severity>) -> Exit {
        let mut exit = exit_of(&self.findings, self.policies.len(), fail_on);
        for policy in &self.policies {
            exit = exit.worst(policy.exit);
        }
        exit
    }

    /// Whether something is invalid.
    pub fn is_invalid(&self) -> bool {
        let mut policies = self.policies.iter();
        self.findings.iter().any(Finding::is_invalid_input)
            || policies.any(|policy| policy.exit == Exit::Invalid)
    }

    /// Whether the gate refuses any policy's change.
    pub fn is_refused(&self) -> bool {
        self.diffs().any(|report| report.refused)
    }

    /// How many policies the change adds, removes, changes or rewords.
    pub fn changed(&self) -> usize {
        let touched = |policy: &PolicyDiff| {
            matches!(policy.status, PolicyStatus::Added | PolicyStatus::Removed)
                || !policy.changes().is_empty()
        };
        let policies = self.diffs().flat_map(|report| &report.diff.policies);
        policies.filter(|policy| touched(policy)).count()
    }

    /// The findings about settings, and the other ones.
    pub fn sorted(&self) -> (Vec<&Finding>, Vec<&Finding>) {
        let settings = |finding: &&Finding| finding.rule.class() == Class::Settings;
        self.findings.iter().partition(settings)
    }
}

/// What `ci` found about one policy.
#[derive(Debug)]
pub struct CiPolicy {
    /// The policy's name in reports.
    pub policy: String,
    /// How its part of the run ended.
    pub exit: Exit,
    /// Validation and lint.
    pub lint: Findings,
    /// Its traces replayed; `None` when the configuration names none.
    pub test: Option<Tested>,
    /// What changed since the base; `None` when there is none.
    pub diff: Option<DiffReport>,
    /// What its tests pin, where the configuration wants that measured: each with
    /// the name of its command.
    pub pins: Vec<(&'static str, Pinned)>,
}

impl CiPolicy {
    /// A policy's parts with how they end, when findings from `fail_on` upward
    /// fail them. `failures` are the inputs that could not be read so far: any
    /// of them may be a trace that the test lacks.
    pub fn new(
        policy: String,
        lint: Findings,
        test: Option<Tested>,
        diff: Option<DiffReport>,
        fail_on: Option<Severity>,
        failures: &[Failure],
    ) -> CiPolicy {
        let mut exit = lint.exit(fail_on);
        if let Some(tested) = &test {
            exit = exit.worst(tested.exit());
            exit = exit.worst(Exit::of_failures(failures));
        }
        if let Some(diff) = &diff {
            exit = exit.worst(diff.exit(fail_on));
        }
        CiPolicy {
            policy,
            exit,
            lint,
            test,
            diff,
            pins: Vec::new(),
        }
    }

    /// The same with what its tests pin.
    #[must_use]
    pub fn with_pins(
        mut self,
        pins: Vec<(&'static str, Pinned)>,
        fail_on: Option<Severity>,
    ) -> CiPolicy {
        for (_, pinned) in &pins {
            self.exit = self.exit.worst(pinned.exit(fail_on));
        }
        self.pins = pins;
        self
    }

    /// What its tests pin less of than the configuration wants.
    pub fn unpinned(&self) -> impl Iterator<Item = &Pinned> {
        let is_unmet = |pinned: &&Pinned| {
            let mut policies = pinned.policies.iter();
            policies.any(|policy| !policy.unmet.is_empty())
        };
        self.pins.iter().map(|(_, pinned)| pinned).filter(is_unmet)
    }

    /// A policy that the base has and that is gone.
    pub fn removed(policy: String, diff: DiffReport, fail_on: Option<Severity>) -> CiPolicy {
        CiPolicy {
            policy,
            exit: diff.exit(fail_on),
            lint: Findings::default(),
            test: None,
            diff: Some(diff),
            pins: Vec::new(),
        }
    }
}
