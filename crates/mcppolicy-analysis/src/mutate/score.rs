//! What became of the mutants, in numbers.

use super::run::Outcome;
use crate::compare::Verdict;

/// What the tests make of a mutant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// An expectation fails.
    Killed,
    /// A recorded call is decided otherwise, and nothing expects otherwise.
    Noticed,
    /// No recorded call is decided otherwise; others are.
    Survived,
    /// No call whatever is decided otherwise: this is proved.
    Equivalent,
    /// No recorded call is decided otherwise; whether others are is not decided.
    Undecided,
}

impl Status {
    /// Every status.
    pub const ALL: [Status; 5] = [
        Status::Killed,
        Status::Noticed,
        Status::Survived,
        Status::Equivalent,
        Status::Undecided,
    ];

    /// The name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Status::Killed => "killed",
            Status::Noticed => "noticed",
            Status::Survived => "survived",
            Status::Equivalent => "equivalent",
            Status::Undecided => "undecided",
        }
    }

    /// Whether the mutant could be put in the policy's place, and the tests would
    /// pass.
    pub const fn is_missed(self) -> bool {
        matches!(self, Status::Noticed | Status::Survived | Status::Undecided)
    }
}

/// Whether a mutant lets more through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// More.
    Loosens,
    /// Less.
    Tightens,
    /// Some calls more, others less.
    Mixed,
}

impl Direction {
    /// The name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Direction::Loosens => "loosens",
            Direction::Tightens => "tightens",
            Direction::Mixed => "mixed",
        }
    }

    /// What it does to calls, as the end of a sentence.
    pub const fn verb(self) -> &'static str {
        match self {
            Direction::Loosens => "lets more through",
            Direction::Tightens => "refuses more",
            Direction::Mixed => "lets more through and refuses more",
        }
    }

    /// Whether calls pass that did not.
    pub const fn passes_more(self) -> bool {
        matches!(self, Direction::Loosens | Direction::Mixed)
    }

    /// What a verdict of the differ says.
    pub(super) const fn of(verdict: Verdict) -> Option<Direction> {
        match verdict {
            Verdict::Loosened => Some(Direction::Loosens),
            Verdict::Tightened => Some(Direction::Tightens),
            Verdict::Mixed => Some(Direction::Mixed),
            Verdict::Equivalent | Verdict::Undetermined => None,
        }
    }
}

/// Mutants by status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Score {
    /// An expectation fails.
    pub killed: usize,
    /// Decided otherwise, and not asserted.
    pub noticed: usize,
    /// Not noticed by any call.
    pub survived: usize,
    /// No changes at all.
    pub equivalent: usize,
    /// Not noticed, and not proved to be no change.
    pub undecided: usize,
    /// Missed ones that let more through.
    pub loosening: usize,
}

impl Score {
    /// The mutants in numbers.
    pub fn of(outcomes: &[Outcome]) -> Score {
        let mut score = Score::default();
        for outcome in outcomes {
            let count = match outcome.status {
                Status::Killed => &mut score.killed,
                Status::Noticed => &mut score.noticed,
                Status::Survived => &mut score.survived,
                Status::Equivalent => &mut score.equivalent,
                Status::Undecided => &mut score.undecided,
            };
            *count += 1;
            score.loosening += usize::from(outcome.is_loosening_missed());
        }
        score
    }

    /// The mutants that are changes, or may be.
    pub const fn counted(&self) -> usize {
        self.killed + self.noticed + self.survived + self.undecided
    }

    /// How many of them are killed, in percent; nothing without any.
    pub fn percent(&self) -> Option<f64> {
        let counted = self.counted();
        (counted > 0).then(|| self.killed as f64 * 100.0 / counted as f64)
    }

    /// All of two together.
    #[must_use]
    pub const fn plus(self, other: Score) -> Score {
        Score {
            killed: self.killed + other.killed,
            noticed: self.noticed + other.noticed,
            survived: self.survived + other.survived,
            equivalent: self.equivalent + other.equivalent,
            undecided: self.undecided + other.undecided,
            loosening: self.loosening + other.loosening,
        }
    }
}
