//! What becomes of one mutant.

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_name_what_became_of_a_mutant() {
        assert_eq!(
            Status::ALL.map(|status| (status.name(), status.is_missed())),
            [
                ("killed", false),
                ("noticed", true),
                ("survived", true),
                ("equivalent", false),
                ("undecided", true)
            ]
        );
        let directions = [Direction::Loosens, Direction::Tightens, Direction::Mixed];
        assert_eq!(
            directions.map(|direction| (direction.name(), direction.passes_more())),
            [("loosens", true), ("tightens", false), ("mixed", true)]
        );
        assert_eq!(
            directions.map(Direction::verb),
            [
                "lets more through",
                "refuses more",
                "lets more through and refuses more"
            ]
        );
    }
}
