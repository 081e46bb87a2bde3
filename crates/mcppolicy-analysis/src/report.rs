//! What a run found, ready to be rendered: the same data for every format,
//! and the exit code, which no format can change.

mod ci;
mod exit;
mod pinned;
mod tested;

pub use ci::{Ci, CiPolicy};
pub use exit::Exit;
pub use pinned::{Pinned, PinnedPolicy, Pins};
pub use tested::{SharedRun, TestRun, Tested};

use crate::diff::approval::{Allowed, Approval};
use crate::diff::{Diff, Gate};
use crate::finding::{Finding, FindingStatus, Severity};
use crate::fix::{Refused, Repair};
use crate::inventory::category::Category;
use crate::inventory::drift::Drift;
use crate::lint::suppress::Suppressed;
use crate::replay::results::Actual;
use mcppolicy_engine::engine::Step;
use mcppolicy_engine::source::{Location, SourceMap};
use mcppolicy_engine::value::Value;
use mcppolicy_trace::trace::{DecisionName, WitnessCall};

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
    /// What the linter left open, in sentences.
    pub unfinished: Vec<String>,
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
        exit_of(&self.list, self.policies, fail_on)
    }
}

/// How a run over so many policies ends by its findings, of which those from `fail_on`
/// upward fail it.
fn exit_of(findings: &[Finding], policies: usize, fail_on: Option<Severity>) -> Exit {
    if findings.iter().any(Finding::is_invalid_input) {
        Exit::Invalid
    } else if policies == 0 {
        Exit::NothingToDo
    } else if findings.iter().any(|finding| fails(finding, fail_on)) {
        Exit::Failed
    } else {
        Exit::Clean
    }
}

/// Whether a finding fails a run in which those from `fail_on` upward do.
fn fails(finding: &Finding, fail_on: Option<Severity>) -> bool {
    finding.status != FindingStatus::Approved
        && fail_on.is_some_and(|least| finding.severity >= least)
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
            Body::Decided(decided) => decided.exit(),
            Body::Tested(tested) => tested.exit(),
            Body::Diff(diff) if diff.diff.policies.is_empty() => {
                diff.exit(self.fail_on).worst(Exit::NothingToDo)
            }
            Body::Diff(diff) => diff.exit(self.fail_on),
            Body::Ci(ci) => ci.exit(self.fail_on),
            Body::Classified(classified) => classified.exit(),
            Body::Inventoried(inventoried) => inventoried.exit(),
            Body::Pinned(pinned) => pinned.exit(self.fail_on),
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
    /// `coverage` and `mutate`.
    Pinned(Pinned),
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
    /// The command line that compares this once more, to be pasted into a shell;
    /// empty where none does.
    pub again: String,
}

impl DiffReport {
    /// How the comparison ends, when findings from `fail_on` upward about the
    /// servers' own tools and about approvals fail it.
    fn exit(&self, fail_on: Option<Severity>) -> Exit {
        let mut traffic = self.diff.policies.iter().filter_map(|p| p.traffic.as_ref());
        let is_invalid = self.findings.iter().any(Finding::is_invalid_input)
            || traffic.any(|traffic| traffic.invalid_lines > 0);
        let mut found = self.diff.drift().chain(&self.findings);
        if is_invalid {
            Exit::Invalid
        } else if self.refused || found.any(|finding| fails(finding, fail_on)) {
            Exit::Failed
        } else {
            Exit::Clean
        }
    }
}

/// An approval and its status.
#[derive(Debug, Clone)]
pub struct ApprovalShown {
    /// The approval.
    pub approval: Approval,
    /// Whether the change needs it.
    pub status: ApprovalStatus,
    /// Whether this run wrote it.
    pub written: bool,
    /// What it allows, part by part.
    pub allows: Vec<Allowed>,
    /// Calls that it lets through and that the change does not need.
    pub surplus: Vec<WitnessCall>,
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
    /// The base has it already, so that it approves nothing of this change.
    Record,
    /// It was stale or a record, and this run removed it.
    Pruned,
}

impl ApprovalStatus {
    /// The name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            ApprovalStatus::Used => "used",
            ApprovalStatus::Unused => "unused",
            ApprovalStatus::Stale => "idle",
            ApprovalStatus::Record => "record",
            ApprovalStatus::Pruned => "pruned",
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
    /// Whether the exit code tells the decision.
    pub tells_by_exit: bool,
}

impl Decided {
    /// The exit code: that the call is not allowed fails a run that tells its
    /// decision so.
    pub fn exit(&self) -> Exit {
        if self.tells_by_exit && self.actual.decision != DecisionName::Allow {
            Exit::Failed
        } else {
            Exit::Clean
        }
    }
}
