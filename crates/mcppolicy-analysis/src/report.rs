//! What a run found, ready to be rendered: the same data for every format,
//! and the exit code, which no format can change.

use crate::compare::Verdict;
use crate::diff::approval::Approval;
use crate::diff::{Diff, Gate, PolicyDiff, PolicyStatus};
use crate::finding::{Class, Finding, Severity};
use crate::fix::{Refused, Repair};
use crate::inventory::category::Category;
use crate::inventory::drift::Drift;
use crate::lint::suppress::Suppressed;
use crate::replay::results::{Actual, Counts, Results};
use crate::replay::{Options, RunOutcome};
use mcppolicy_engine::engine::Step;
use mcppolicy_engine::policy::Policy;
use mcppolicy_engine::source::{Location, SourceMap};
use mcppolicy_engine::value::Value;
use mcppolicy_trace::trace::options::Settings;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Exit {
    /// Nothing to complain about: 0.
    Clean,
    /// Findings, failed expectations, or a refused change: 1.
    Failed,
    /// Wrong usage, or a file that is missing or unreadable: 2.
    CouldNotRun,
    /// A policy, trace or configuration that is not valid: 3.
    Invalid,
    /// No policy, no trace, no call in scope, or nothing asserted: 4.
    NothingToDo,
}

impl Exit {
    /// The process's exit code.
    pub const fn code(self) -> u8 {
        match self {
            Exit::Clean => 0,
            Exit::Failed => 1,
            Exit::CouldNotRun => 2,
            Exit::Invalid => 3,
            Exit::NothingToDo => 4,
        }
    }

    /// How a run ends as far as its unreadable inputs are concerned.
    fn of_failures(failures: &[Failure]) -> Exit {
        if failures.is_empty() {
            Exit::Clean
        } else {
            Exit::CouldNotRun
        }
    }

    /// The worse of two: 2 before 3 before 1 before 4 before 0.
    #[must_use]
    pub fn worst(self, other: Exit) -> Exit {
        const WORST_FIRST: [Exit; 5] = [
            Exit::CouldNotRun,
            Exit::Invalid,
            Exit::Failed,
            Exit::NothingToDo,
            Exit::Clean,
        ];
        let either = |exit: &Exit| *exit == self || *exit == other;
        WORST_FIRST.into_iter().find(either).unwrap_or(self)
    }
}

/// Something that kept an input from being read at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The input as the user named it.
    pub input: String,
    /// Why it could not be read.
    pub message: String,
}

/// What `validate` and `lint` found.
#[derive(Debug, Default)]
pub struct Findings {
    /// How many policies were looked at.
    pub policies: usize,
    /// The findings, by policy in the order given, then by place.
    pub list: Vec<Finding>,
    /// How many findings were suppressed.
    pub suppressed: usize,
    /// Those findings, with the reason of each.
    pub suppressed_list: Vec<Suppressed>,
    /// What was repaired, by policy.
    pub repairs: Vec<Repairs>,
}

/// What was repaired in one policy's file, or could not be.
#[derive(Debug, Clone)]
pub struct Repairs {
    /// The policy's name in reports.
    pub policy: String,
    /// The fixes that were applied.
    pub applied: Vec<Repair>,
    /// The fixes that do not do what they promise.
    pub refused: Vec<Refused>,
}

impl Findings {
    /// How many findings have this severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.list
            .iter()
            .filter(|finding| finding.severity == severity)
            .count()
    }

    /// Whether a document does not parse or violates the schema.
    pub fn has_invalid_document(&self) -> bool {
        self.list.iter().any(Finding::is_invalid_input)
    }

    /// How the run ends, when findings from `fail_on` upward fail it.
    pub fn exit(&self, fail_on: Option<Severity>) -> Exit {
        if self.has_invalid_document() {
            Exit::Invalid
        } else if self.policies == 0 {
            Exit::NothingToDo
        } else if self.list.iter().any(|finding| fails(finding, fail_on)) {
            Exit::Failed
        } else {
            Exit::Clean
        }
    }
}

/// Whether a finding fails a run in which those from `fail_on` upward do.
fn fails(finding: &Finding, fail_on: Option<Severity>) -> bool {
    fail_on.is_some_and(|least| finding.severity >= least)
}

fn has_error(findings: &[Finding]) -> bool {
    let mut severities = findings.iter().map(|finding| finding.severity);
    severities.any(|severity| severity == Severity::Error)
}

/// One run, whole.
#[derive(Debug)]
pub struct Report<'a> {
    /// The command's name.
    pub command: &'static str,
    /// The files that findings point into.
    pub sources: &'a SourceMap,
    /// Inputs that could not be read.
    pub failures: Vec<Failure>,
    /// What was assumed (policy language, introduction).
    pub assumptions: Vec<String>,
    /// The severity from which findings fail the run; `None` where none does.
    pub fail_on: Option<Severity>,
    /// The command's own part.
    pub body: Body,
}

impl Report<'_> {
    /// How the run ends: by what it found, and with `CouldNotRun` when an input
    /// could not be read.
    pub fn exit(&self) -> Exit {
        let found = match &self.body {
            Body::Findings(findings) => findings.exit(self.fail_on),
            Body::Decided(_) => Exit::Clean,
            Body::Tested(tested) => tested.exit(),
            Body::Diff(diff) if diff.diff.policies.is_empty() => {
                diff.exit(self.fail_on).worst(Exit::NothingToDo)
            }
            Body::Diff(diff) => diff.exit(self.fail_on),
            Body::Ci(ci) => ci.exit(self.fail_on),
            Body::Classified(classified) => classified.exit(),
            Body::Inventoried(inventoried) => inventoried.exit(),
        };
        found.worst(Exit::of_failures(&self.failures))
    }
}

/// What a command has to say.
#[derive(Debug)]
pub enum Body {
    /// `validate` and `lint`.
    Findings(Findings),
    /// `decide`.
    Decided(Decided),
    /// `test`.
    Tested(Tested),
    /// `diff`.
    Diff(DiffReport),
    /// `ci`.
    Ci(Ci),
    /// `classify`.
    Classified(Classified),
    /// `inventory`.
    Inventoried(Inventoried),
}

/// What `diff` found.
#[derive(Debug)]
pub struct DiffReport {
    /// The change.
    pub diff: Diff,
    /// What is invalid in policies and configuration.
    pub findings: Vec<Finding>,
    /// The gate that was asked.
    pub gate: Gate,
    /// Whether it refuses the change.
    pub refused: bool,
    /// The approvals that there are, in the order of their file.
    pub approvals: Vec<ApprovalShown>,
}

impl DiffReport {
    /// How the comparison ends, when findings from `fail_on` upward about the
    /// servers' own tools fail it. No approval covers these: an approval is of
    /// a policy.
    fn exit(&self, fail_on: Option<Severity>) -> Exit {
        let mut traffic = self.diff.policies.iter().filter_map(|p| p.traffic.as_ref());
        let is_invalid = self.findings.iter().any(Finding::is_invalid_input)
            || traffic.any(|traffic| traffic.invalid_lines > 0);
        if is_invalid {
            Exit::Invalid
        } else if self.refused || self.diff.drift().any(|finding| fails(finding, fail_on)) {
            Exit::Failed
        } else {
            Exit::Clean
        }
    }
}

/// An approval and what became of it.
#[derive(Debug, Clone)]
pub struct ApprovalShown {
    /// The approval.
    pub approval: Approval,
    /// Whether the change needs it.
    pub status: ApprovalStatus,
    /// Whether this run wrote it.
    pub written: bool,
}

/// Whether a change needs an approval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApprovalStatus {
    /// The change needs it.
    Used,
    /// The change does not need it.
    Unused,
    /// The old policy lets through what it approves.
    Stale,
    /// It was stale, and this run removed it.
    Pruned,
}

impl ApprovalStatus {
    /// The name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            ApprovalStatus::Used => "used",
            ApprovalStatus::Unused => "unused",
            ApprovalStatus::Stale => "idle",
            ApprovalStatus::Pruned => "pruned",
        }
    }
}

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
    fn exit(&self, fail_on: Option<Severity>) -> Exit {
        let mut exit = if self.findings.iter().any(Finding::is_invalid_input) {
            Exit::Invalid
        } else if self.policies.is_empty() {
            Exit::NothingToDo
        } else if self.findings.iter().any(|finding| fails(finding, fail_on)) {
            Exit::Failed
        } else {
            Exit::Clean
        };
        for policy in &self.policies {
            exit = exit.worst(policy.exit);
        }
        exit
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
        }
    }

    /// A policy that the base has and that is gone.
    pub fn removed(policy: String, diff: DiffReport, fail_on: Option<Severity>) -> CiPolicy {
        CiPolicy {
            policy,
            exit: diff.exit(fail_on),
            lint: Findings::default(),
            test: None,
            diff: Some(diff),
        }
    }
}

/// What `test` found.
#[derive(Debug, Default)]
pub struct Tested {
    /// Each policy with its traces.
    pub runs: Vec<TestRun>,
    /// What is invalid in policies and configuration; what is invalid in
    /// traces stands with their run.
    pub findings: Vec<Finding>,
    /// How a share of a run was asked for, so that shares can be merged.
    pub shared: Option<SharedRun>,
}

/// How a share of a run was asked for: shares of one run are asked alike.
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

impl From<RunOutcome> for Exit {
    fn from(outcome: RunOutcome) -> Exit {
        match outcome {
            RunOutcome::Clean => Exit::Clean,
            RunOutcome::Failed => Exit::Failed,
            RunOutcome::InvalidTrace => Exit::Invalid,
            RunOutcome::NoTrace | RunOutcome::NoCallInScope | RunOutcome::NothingAsserted => {
                Exit::NothingToDo
            }
        }
    }
}

/// What `classify` found.
#[derive(Debug, Default)]
pub struct Classified {
    /// The tools in the order of the inventory.
    pub tools: Vec<ClassifiedTool>,
    /// What is wrong with the inventory and the configuration.
    pub findings: Vec<Finding>,
}

/// A tool, what kind it is, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassifiedTool {
    /// Its name.
    pub name: String,
    /// What it does to the world.
    pub category: Category,
    /// What says so, in a few words.
    pub because: String,
    /// The annotation that claims less harm, as the protocol names it.
    pub conflict: Option<&'static str>,
}

impl Classified {
    /// How many tools have this category.
    pub fn count(&self, category: Category) -> usize {
        let of_kind = |tool: &&ClassifiedTool| tool.category == category;
        self.tools.iter().filter(of_kind).count()
    }

    /// The exit code: warnings about an inventory do not keep its tools from
    /// being classified.
    pub fn exit(&self) -> Exit {
        if has_error(&self.findings) {
            Exit::Invalid
        } else if self.tools.is_empty() {
            Exit::NothingToDo
        } else {
            Exit::Clean
        }
    }
}

/// What `inventory` found.
#[derive(Debug, Default)]
pub struct Inventoried {
    /// The file's name in reports, when there is one.
    pub file: Option<String>,
    /// How many tools the server lists, each name once.
    pub tools: usize,
    /// On how many pages.
    pub pages: usize,
    /// The lines on the server's standard output that were no messages.
    pub passed_over: u64,
    /// What has changed from the file to the server's list; `None` unless they
    /// were compared.
    pub drift: Option<Drift>,
    /// What is wrong with the file or with the server's list, and the drift.
    pub findings: Vec<Finding>,
}

impl Inventoried {
    /// The exit code: drift fails a comparison, and a server without tools is
    /// nothing to keep or to compare.
    pub fn exit(&self) -> Exit {
        let drifted = self.drift.as_ref().is_some_and(|drift| !drift.is_empty());
        if has_error(&self.findings) {
            Exit::Invalid
        } else if drifted {
            Exit::Failed
        } else if self.tools == 0 {
            Exit::NothingToDo
        } else {
            Exit::Clean
        }
    }
}

/// One call, decided step by step.
#[derive(Debug, Clone)]
pub struct Decided {
    /// The policy's name.
    pub policy: String,
    /// The tool that is called.
    pub tool: String,
    /// Its arguments.
    pub arguments: Value,
    /// The decision.
    pub actual: Actual,
    /// Where the deciding rule stands.
    pub rule_location: Option<Location>,
    /// Every step in the order of the decision.
    pub steps: Vec<Step>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worse_exit_code_wins() {
        let worst = |codes: &[Exit]| codes.iter().fold(Exit::Clean, |a, b| a.worst(*b)).code();
        assert_eq!(worst(&[]), 0);
        assert_eq!(worst(&[Exit::NothingToDo, Exit::Clean]), 4);
        assert_eq!(worst(&[Exit::NothingToDo, Exit::Failed]), 1);
        assert_eq!(worst(&[Exit::Failed, Exit::Invalid]), 3);
        assert_eq!(worst(&[Exit::Invalid, Exit::CouldNotRun, Exit::Clean]), 2);
    }
}
