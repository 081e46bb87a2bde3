//! A policy's text with a mark before each line: what its tests pin there, and
//! what they miss.

use std::collections::BTreeMap;

use super::quote;
use mcppolicy_analysis::coverage;
use mcppolicy_analysis::mutate;
use mcppolicy_analysis::report::{PinnedPolicy, Pins};
use mcppolicy_engine::source::{Location, SourceMap, Span};

/// What the tests make of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// Nothing on it can be pinned.
    Nothing,
    /// All that is on it is pinned.
    Pinned,
    /// Something on it happens in the tests, and is not asserted.
    Seen,
    /// Something on it is missed.
    Missed,
}

impl Mark {
    /// One character.
    pub const fn sign(self) -> char {
        match self {
            Mark::Nothing => ' ',
            Mark::Pinned => '+',
            Mark::Seen => '~',
            Mark::Missed => '-',
        }
    }

    /// The name of a style.
    pub const fn class(self) -> &'static str {
        match self {
            Mark::Nothing => "none",
            Mark::Pinned => "pinned",
            Mark::Seen => "seen",
            Mark::Missed => "missed",
        }
    }
}

/// A line of the policy, and what is missed on it.
#[derive(Debug)]
pub struct MarkedLine {
    /// From 1.
    pub number: usize,
    /// The line without its ending.
    pub text: String,
    /// What the tests make of it.
    pub mark: Mark,
    /// What is missed on it.
    pub missing: Vec<Missing>,
}

/// Something that no test pins.
#[derive(Debug)]
pub struct Missing {
    /// What it is, in a sentence.
    pub what: String,
    /// The calls that are missing, as lines of a trace.
    pub calls: Vec<String>,
}

/// Longer texts are shown around what is missed only.
const MOST_LINES: usize = 400;

/// Lines around what is missed that are shown of a long text.
const AROUND: usize = 2;

/// The lines of a policy that are shown, in order. Behind a gap the numbers go
/// on.
pub fn lines(policy: &PinnedPolicy, sources: &SourceMap) -> Vec<MarkedLine> {
    let mut marks: BTreeMap<usize, (Mark, Vec<Missing>)> = BTreeMap::new();
    let line_of = |span: Span| {
        let file = policy.policy.file;
        sources.start(Location { file, span }).line
    };
    let mut add = |span: Span, mark: Mark, missing: Option<Missing>| {
        let of_line = marks
            .entry(line_of(span))
            .or_insert((Mark::Nothing, Vec::new()));
        of_line.0 = of_line.0.max(mark);
        of_line.1.extend(missing);
    };
    match &policy.what {
        Pins::Points { points, .. } => {
            for covered in points {
                let (mark, missing) = of_point(covered);
                add(covered.point.span, mark, missing);
            }
        }
        Pins::Mutants { outcomes, .. } => {
            for outcome in outcomes {
                let (mark, missing) = of_mutant(outcome);
                add(outcome.mutant.span, mark, missing);
            }
        }
    }
    let text = policy.text(sources);
    let is_long = text.lines().count() > MOST_LINES;
    let missed: Vec<usize> = marks
        .iter()
        .filter(|(_, (_, missing))| !missing.is_empty())
        .map(|(line, _)| *line)
        .collect();
    let is_near = |number: usize| {
        let at = missed.partition_point(|line| line + AROUND < number);
        missed.get(at).is_some_and(|line| *line <= number + AROUND)
    };
    let mut shown = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let number = at + 1;
        if is_long && !is_near(number) {
            continue;
        }
        let (mark, missing) = marks.remove(&number).unwrap_or((Mark::Nothing, Vec::new()));
        shown.push(MarkedLine {
            number,
            text: line.to_owned(),
            mark,
            missing,
        });
    }
    shown
}

fn of_point(covered: &coverage::Covered) -> (Mark, Option<Missing>) {
    let (mark, word) = match covered.status {
        coverage::Status::Infeasible => return (Mark::Nothing, None),
        coverage::Status::Covered => return (Mark::Pinned, None),
        coverage::Status::Seen => (Mark::Seen, "seen, not asserted"),
        coverage::Status::Uncovered => (Mark::Missed, "missing"),
        coverage::Status::Undetermined => (Mark::Missed, "missing, if there can be one"),
    };
    let calls = covered.witness.iter();
    let missing = Missing {
        what: format!("{word}: a call {}", covered.point.what),
        calls: quote::steps(calls.map(|step| (step.grant, &step.call))),
    };
    (mark, Some(missing))
}

fn of_mutant(outcome: &mutate::Outcome) -> (Mark, Option<Missing>) {
    let (mark, word) = match outcome.status {
        mutate::Status::Equivalent => return (Mark::Nothing, None),
        mutate::Status::Killed => return (Mark::Pinned, None),
        mutate::Status::Noticed => (Mark::Seen, "seen, not asserted"),
        mutate::Status::Survived => (Mark::Missed, "survives"),
        mutate::Status::Undecided => (Mark::Missed, "survives, if it is a change"),
    };
    let direction = outcome.direction.map(|direction| direction.name());
    let direction = direction
        .map(|name| format!(", {name}"))
        .unwrap_or_default();
    let calls = outcome.witness.iter().flat_map(|witness| &witness.calls);
    let missing = Missing {
        what: format!("{word}{direction}: {}", outcome.mutant.what),
        calls: quote::steps(calls.map(|call| ("tester", call))),
    };
    (mark, Some(missing))
}
