//! How a run ends: the exit codes, and which of two is the worse one.

use super::Failure;
use crate::replay::RunOutcome;

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
    pub(super) fn of_failures(failures: &[Failure]) -> Exit {
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
