//! What a run found, as plain data: everything that the members of a `test`
//! report (surfaces.md §2) are filled from.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::Options;
use super::expect::{Mismatch, Verdict, name_of};
use super::share::{By, Shared};
use super::usage::Usage;
use crate::finding::{Finding, RuleId};
use mcppolicy_engine::engine::{Decision, Kind, Reason};
use mcppolicy_engine::policy::Path;
use mcppolicy_engine::source::SourceMap;
use mcppolicy_engine::time::Time;
use mcppolicy_trace::timeline::Assumption;
use mcppolicy_trace::trace::account::Format;
use mcppolicy_trace::trace::{BadLine, DecisionName, Expected, Grant, Origin, RecordedArguments};

/// The results of one policy's traces.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Results {
    /// Each trace, in the order in which they were given.
    pub traces: Vec<TraceSummary>,
    /// The calls in scope by tool; `None` is a call that names none.
    pub tools: BTreeMap<Option<String>, ToolCounts>,
    /// Undetermined decisions by reason.
    pub reasons: BTreeMap<Reason, u64>,
    /// Calls to other servers than the policy's, by server.
    pub out_of_scope: BTreeMap<String, u64>,
    /// Requests that no policy decides, by method.
    pub other_methods: BTreeMap<String, u64>,
    /// Lines of logs that hold no call, by reason.
    pub passed_over: BTreeMap<Cow<'static, str>, u64>,
    /// The cases to report, by trace, line and repetition.
    pub cases: Vec<Case>,
    /// The cases that passed what was expected, where they were asked for and
    /// are not among `cases` anyway.
    pub passed: Vec<Case>,
    /// How much of each limit was used, where that was asked for.
    pub usage: Option<Usage>,
    /// What a share keeps for the other shares.
    pub shared: Option<Shared>,
    /// What was taken for granted, each once.
    pub assumptions: Vec<Assumption>,
    /// What is wrong with lines of the traces.
    pub problems: Vec<Finding>,
    /// How many lines are invalid.
    pub invalid_lines: u64,
    /// How many of those are not in `problems`, because they are too many or
    /// too long.
    pub unlisted_lines: u64,
}

/// One trace in numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceSummary {
    /// Its name.
    pub name: String,
    /// The format that it was read in.
    pub format: Format,
    /// Its calls.
    pub counts: Counts,
    /// Lines without a call, by reason.
    pub passed_over: BTreeMap<Cow<'static, str>, PassedOver>,
}

/// Lines of one trace that were passed over for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PassedOver {
    /// How many.
    pub lines: u64,
    /// Which, from 1, when they were asked for: the first [`MOST_LISTED`].
    pub listed: Vec<usize>,
}

/// The most lines that are listed for one reason.
pub const MOST_LISTED: usize = 1_000;

impl TraceSummary {
    pub(super) fn new(name: &str, format: Format) -> TraceSummary {
        TraceSummary {
            name: name.to_owned(),
            format,
            counts: Counts::default(),
            passed_over: BTreeMap::new(),
        }
    }

    /// Adds what was read of the same trace elsewhere.
    pub(super) fn take_in(&mut self, other: &TraceSummary) {
        self.counts.add(&other.counts);
        for (reason, more) in &other.passed_over {
            let passed = self.passed_over.entry(reason.clone()).or_default();
            passed.lines += more.lines;
            let room = MOST_LISTED.saturating_sub(passed.listed.len());
            passed.listed.extend(more.listed.iter().take(room));
        }
    }

    pub(super) fn pass_over(&mut self, line: usize, reason: &'static str, list: bool) {
        let passed = self.passed_over.entry(Cow::Borrowed(reason)).or_default();
        passed.lines += 1;
        if list && passed.listed.len() < MOST_LISTED {
            passed.listed.push(line);
        }
    }
}

/// Calls in numbers, each repetition counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Every recorded call, in scope or not.
    pub calls: u64,
    /// Verdict [`Verdict::Pass`].
    pub passed: u64,
    /// Verdict [`Verdict::Fail`].
    pub failed: u64,
    /// Verdict [`Verdict::Undetermined`].
    pub undetermined: u64,
    /// Verdict [`Verdict::Unasserted`].
    pub unasserted: u64,
    /// Calls to other servers, which have no verdict.
    pub out_of_scope: u64,
    /// Decisions to allow.
    pub allow: u64,
    /// Decisions to deny.
    pub deny: u64,
}

impl Counts {
    /// Adds other calls.
    pub fn add(&mut self, other: &Counts) {
        self.calls += other.calls;
        self.passed += other.passed;
        self.failed += other.failed;
        self.undetermined += other.undetermined;
        self.unasserted += other.unasserted;
        self.out_of_scope += other.out_of_scope;
        self.allow += other.allow;
        self.deny += other.deny;
    }

    /// The calls that went to the policy's server.
    pub const fn in_scope(&self) -> u64 {
        self.calls - self.out_of_scope
    }
}

/// The calls of one tool by decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ToolCounts {
    /// All in scope.
    pub calls: u64,
    /// Allowed.
    pub allow: u64,
    /// Denied.
    pub deny: u64,
    /// Undetermined.
    pub undetermined: u64,
}

impl ToolCounts {
    /// Adds other calls of the same tool.
    pub(super) fn add(&mut self, other: &ToolCounts) {
        self.calls += other.calls;
        self.allow += other.allow;
        self.deny += other.deny;
        self.undetermined += other.undetermined;
    }
}

/// A decision taken out of its engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actual {
    /// The decision.
    pub decision: DecisionName,
    /// The deciding step, where it is certain.
    pub kind: Option<Kind>,
    /// The deciding rule as a JSON Pointer, where there is one.
    pub rule: Option<String>,
    /// The gateway's own log label.
    pub label: Option<String>,
    /// What the agent is told.
    pub message: Option<String>,
    /// Why it is undetermined.
    pub reason: Option<Reason>,
}

impl From<&Decision<'_>> for Actual {
    fn from(decision: &Decision<'_>) -> Actual {
        let denial = decision.denial();
        Actual {
            decision: name_of(decision),
            kind: decision.kind(),
            rule: decision.rule().map(str::to_owned),
            label: denial.and_then(|denial| denial.label.map(str::to_owned)),
            message: denial.and_then(|denial| denial.message.as_deref().map(str::to_owned)),
            reason: match decision {
                Decision::Undetermined(reason) => Some(*reason),
                _ => None,
            },
        }
    }
}

/// Which repetitions of a call a case stands for, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Repetitions {
    /// How many the line asks for; 1 is a single call.
    pub of: u64,
    /// The first that the case stands for.
    pub first: u64,
    /// The last.
    pub last: u64,
    /// How many of those between: all of them unless other outcomes lie
    /// between.
    pub count: u64,
}

/// A call, or the repetitions of one that went alike, with its verdict.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// The trace's number, from 0.
    pub trace: usize,
    /// The trace's name.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// How many calls stand before it on that line, where that is known.
    pub nth: usize,
    /// The tool, where there is one.
    pub tool: Option<String>,
    /// Who called.
    pub grant: Grant,
    /// When (of repetitions, the first).
    pub time: Option<Time>,
    /// The arguments as recorded, nothing for a batch. Reports show them
    /// through [`redact`](super::redact::redact).
    pub arguments: Option<RecordedArguments>,
    /// The paths that the decision looked at.
    pub reads: Vec<Path>,
    /// What was expected, if anything.
    pub expected: Option<Expected>,
    /// What the engine decided.
    pub actual: Actual,
    /// What became of it.
    pub verdict: Verdict,
    /// Where expected and actual differ.
    pub mismatches: Vec<Mismatch>,
    /// Which repetitions this is.
    pub repetitions: Repetitions,
    /// The recording's own name for the call.
    pub id: Option<String>,
    /// The author's remark.
    pub note: Option<String>,
    /// Where an importer found the call.
    pub origin: Option<Origin>,
}

impl Case {
    /// The order in which cases are reported: that of the recording; where an
    /// import does not say which call of a line it was, those of one grant stay
    /// together. So the cases of shares of a run sort into the whole's.
    pub fn in_order(&self, other: &Case) -> std::cmp::Ordering {
        let key = |case: &Case| (case.trace, case.line, case.nth);
        key(self)
            .cmp(&key(other))
            .then_with(|| self.grant.cmp(&other.grant))
            .then_with(|| self.repetitions.first.cmp(&other.repetitions.first))
    }
}

/// How a run ended; the exit code follows from it (surfaces.md §1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunOutcome {
    /// Everything that was expected holds.
    Clean,
    /// A line of a trace is invalid.
    InvalidTrace,
    /// An expectation failed, or a call was undetermined.
    Failed,
    /// There was no trace.
    NoTrace,
    /// No call went to the policy's server.
    NoCallInScope,
    /// No expectation was decided.
    NothingAsserted,
}

impl RunOutcome {
    /// The exit code: 0, 1, 3 or 4.
    pub const fn exit_code(self) -> u8 {
        match self {
            RunOutcome::Clean => 0,
            RunOutcome::Failed => 1,
            RunOutcome::InvalidTrace => 3,
            RunOutcome::NoTrace | RunOutcome::NoCallInScope | RunOutcome::NothingAsserted => 4,
        }
    }
}

impl Results {
    /// All traces together.
    pub fn summary(&self) -> Counts {
        let mut total = Counts::default();
        for trace in &self.traces {
            total.add(&trace.counts);
        }
        total
    }

    /// Whether no call was in scope: in some trace, or, where nothing has to
    /// be asserted, in all of them.
    fn has_empty_trace(&self, options: &Options) -> bool {
        let empty = |trace: &TraceSummary| trace.counts.in_scope() == 0;
        match options.allow_unasserted {
            true => self.traces.iter().all(empty),
            false => self.traces.iter().any(empty),
        }
    }

    /// How the run ended; what is worse comes first.
    pub fn outcome(&self, options: &Options) -> RunOutcome {
        let total = self.summary();
        let undetermined = total.undetermined > 0 && !options.allow_undetermined;
        let nothing_to_find = match options.share {
            None => false,
            // Only all shares together know whether something was asserted.
            Some(share) => share.by == By::Given || !self.traces.is_empty(),
        };
        if self.invalid_lines > 0 {
            RunOutcome::InvalidTrace
        } else if total.failed > 0 || undetermined {
            RunOutcome::Failed
        } else if nothing_to_find {
            RunOutcome::Clean
        } else if self.traces.is_empty() {
            RunOutcome::NoTrace
        } else if self.has_empty_trace(options) {
            RunOutcome::NoCallInScope
        } else if total.passed == 0 && !options.allow_unasserted {
            RunOutcome::NothingAsserted
        } else {
            RunOutcome::Clean
        }
    }
}

/// Findings about bad lines, as many as are worth keeping.
#[derive(Debug, Default)]
pub(super) struct Problems {
    pub findings: Vec<Finding>,
    /// All bad lines.
    pub lines: u64,
    /// Those that are in `findings`.
    pub listed: u64,
    kept_bytes: usize,
}

/// Beyond so many findings nobody reads on.
const MOST_FINDINGS: usize = 1_000;
/// The most text that is kept to show findings in.
const MOST_BYTES: usize = 64 << 20;

impl Problems {
    pub fn keep(&mut self, line: &BadLine, map: &mut SourceMap, name: &str) {
        self.lines += 1;
        let bytes = self.kept_bytes + line.line.text.len();
        if self.findings.len() >= MOST_FINDINGS || bytes > MOST_BYTES {
            return;
        }
        self.kept_bytes = bytes;
        self.listed += 1;
        let problems = line.problems(map, name).into_iter();
        self.findings
            .extend(problems.map(|problem| Finding::about(RuleId::Trace, problem)));
    }
}
