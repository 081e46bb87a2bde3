//! A call with its verdict, as reports show it.

use super::expect::{Mismatch, Verdict, name_of};
use mcppolicy_engine::engine::{Decision, Kind, Reason};
use mcppolicy_engine::policy::Path;
use mcppolicy_engine::time::Time;
use mcppolicy_trace::trace::{DecisionName, Expected, Grant, Origin, RecordedArguments};

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
    /// The message to the agent.
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

/// Which repetitions of a call a case covers, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Repetitions {
    /// How many the line has; 1 is a single call.
    pub of: u64,
    /// The first that the case covers.
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
    /// How many calls come before it on that line, where that is known.
    pub nth: usize,
    /// The tool, where there is one.
    pub tool: Option<String>,
    /// Who called.
    pub grant: Grant,
    /// When (of repetitions, the first).
    pub time: Option<Time>,
    /// The arguments as recorded, `None` for a batch. Reports show them
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
