//! What became of the mutants, in numbers.

use super::run::Outcome;
use super::status::Status;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mutants_that_are_no_changes_do_not_count() {
        let score = Score {
            killed: 3,
            noticed: 1,
            survived: 2,
            equivalent: 7,
            undecided: 4,
            loosening: 5,
        };
        assert_eq!((score.counted(), score.percent()), (10, Some(30.0)));
        let only_equivalent = Score {
            equivalent: 1,
            ..Score::default()
        };
        assert_eq!(only_equivalent.percent(), None);
        let twice = Score {
            killed: 6,
            noticed: 2,
            survived: 4,
            equivalent: 14,
            undecided: 8,
            loosening: 10,
        };
        assert_eq!(score.plus(score), twice);
    }
}
