//! What a run found, as plain data: everything that the members of a `test`
//! report are filled from.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::options::Options;
use super::share::By;
use super::usage::Usage;
use crate::finding::Finding;
use mcppolicy_engine::engine::Reason;
use mcppolicy_trace::timeline::Assumption;
use mcppolicy_trace::trace::RecordedCall;
use mcppolicy_trace::trace::options::Format;

pub use super::case::{Actual, Case, Repetitions};

/// The results of one policy's traces.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Results {
    /// Each trace, in the order in which they were given.
    pub traces: Vec<TraceSummary>,
    /// The calls in scope by tool; `None` is a call that names none.
    pub tools: BTreeMap<Option<String>, ToolCounts>,
    /// What each rule of the policy has refused, in the order of the steps of a
    /// decision.
    pub rules: Vec<RuleCounts>,
    /// Undetermined decisions by reason.
    pub reasons: BTreeMap<Reason, u64>,
    /// Calls to other servers than the policy's, by server.
    pub out_of_scope: BTreeMap<String, u64>,
    /// Requests that no policy decides, by method.
    pub other_methods: BTreeMap<String, u64>,
    /// Lines of logs that hold no call, by reason.
    pub skipped: BTreeMap<Cow<'static, str>, u64>,
    /// The cases to report, by trace, line and repetition.
    pub cases: Vec<Case>,
    /// The cases that passed what was expected, where the options say so and
    /// are not among `cases` anyway.
    pub passed: Vec<Case>,
    /// How many cases are in neither, because the options bound their number.
    pub unlisted_cases: u64,
    /// How much of each limit was used, where the options say so.
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
    pub skipped: BTreeMap<Cow<'static, str>, SkippedLines>,
}

/// Lines of one trace that were skipped for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SkippedLines {
    /// How many.
    pub lines: u64,
    /// Which, from 1, when the options say so: the first [`MOST_LISTED`].
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
            skipped: BTreeMap::new(),
        }
    }

    /// Adds what was read of the same trace elsewhere.
    pub(super) fn add(&mut self, other: &TraceSummary) {
        self.counts.add(&other.counts);
        for (reason, more) in &other.skipped {
            let passed = self.skipped.entry(reason.clone()).or_default();
            passed.lines += more.lines;
            let free = MOST_LISTED.saturating_sub(passed.listed.len());
            passed.listed.extend(more.listed.iter().take(free));
        }
    }

    /// Counts a line that is skipped for `reason`, and lists it when its number
    /// is given.
    pub(super) fn skip(&mut self, listed: Option<usize>, reason: &'static str) {
        let passed = self.skipped.entry(Cow::Borrowed(reason)).or_default();
        passed.lines += 1;
        if passed.listed.len() < MOST_LISTED {
            passed.listed.extend(listed);
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

/// One rule of the policy, a hidden name, the default or a limit, in numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleCounts {
    /// Where it stands, as a JSON Pointer.
    pub pointer: String,
    /// The calls that came to it: nothing before it refused them. A call that is
    /// undetermined, or of which it is unknown which rule has refused it, is not
    /// among them.
    pub reached: u64,
    /// Those that it refused.
    pub decided: u64,
}

/// What a share keeps for the other shares.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Shared {
    /// The calls that were read, whichever share they belong to.
    pub read: u64,
    /// Those of unknown grant among them.
    pub unknown_grant: u64,
    /// The calls that only all shares decide, in the first share; memory grows
    /// with them.
    pub calls: Vec<SetAside>,
    /// What this share would decide of those calls, repetition by repetition,
    /// with how often in a row.
    pub decisions: Vec<(Actual, u64)>,
    /// The first call that should not have been given to this share.
    pub stray: Option<Stray>,
}

/// A call that only all shares decide.
#[derive(Debug, Clone, PartialEq)]
pub struct SetAside {
    /// The trace that it is reported in.
    pub trace: usize,
    /// The call, with what is expected of it whoever said so.
    pub call: RecordedCall,
}

/// A call that should not have been given to a share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stray {
    /// The trace's name.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong.
    pub why: &'static str,
}

/// How a run ended; the exit code follows from it.
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

    /// Counts calls of trace number `trace` that went to another server.
    pub(super) fn count_out_of_scope(&mut self, trace: usize, server: &str, calls: u64) {
        match self.out_of_scope.get_mut(server) {
            Some(of_server) => *of_server += calls,
            None => {
                self.out_of_scope.insert(server.to_owned(), calls);
            }
        }
        if let Some(trace) = self.traces.get_mut(trace) {
            trace.counts.calls += calls;
            trace.counts.out_of_scope += calls;
        }
    }

    /// Whether no call was in scope: in some trace, or, where nothing has to
    /// be asserted, in all of them.
    fn has_empty_trace(&self, options: &Options) -> bool {
        let empty = |trace: &TraceSummary| trace.counts.in_scope() == 0;
        if options.allow_unasserted {
            self.traces.iter().all(empty)
        } else {
            self.traces.iter().any(empty)
        }
    }

    /// How the run ended; what is worse comes first.
    pub fn outcome(&self, options: &Options) -> RunOutcome {
        let total = self.summary();
        let undetermined = total.undetermined > 0 && !options.allow_undetermined;
        let nothing_to_find = match options.share {
            None => false,
            // Only all shares together show whether something was asserted.
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
