//! What went wrong with the inputs of a run. Functions return it, and each
//! command collects it, so that a run reports all problems and not the first.

use std::collections::BTreeSet;

use mcppolicy_analysis::finding::Finding;
use mcppolicy_analysis::report::Failure;

/// Inputs that could not be read, and what is wrong with those that could.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    pub failures: Vec<Failure>,
    pub findings: Vec<Finding>,
}

impl Problems {
    /// Keeps the problems of a value that was read as far as possible, and
    /// returns the value.
    pub fn keep<T>(&mut self, (value, problems): (T, Problems)) -> T {
        self.extend(problems);
        value
    }

    /// Adds other problems behind these.
    pub fn extend(&mut self, others: impl Into<Problems>) {
        let others = others.into();
        self.failures.extend(others.failures);
        self.findings.extend(others.findings);
    }

    /// Takes out what was said before: several readers may have failed over one input.
    pub fn say_once(&mut self) {
        let mut said = BTreeSet::new();
        self.failures
            .retain(|failure| said.insert((failure.input.clone(), failure.message.clone())));
    }

    /// Keeps the failure, if it is one.
    pub fn keep_failure<T>(&mut self, read: Result<T, Failure>) -> Option<T> {
        match read {
            Ok(value) => Some(value),
            Err(failure) => {
                self.failures.push(failure);
                None
            }
        }
    }

    /// Keeps the problems that kept a value from being read.
    pub fn keep_problems<T>(&mut self, read: Result<T, Problems>) -> Option<T> {
        match read {
            Ok(value) => Some(value),
            Err(problems) => {
                self.extend(problems);
                None
            }
        }
    }
}

impl From<Failure> for Problems {
    fn from(failure: Failure) -> Problems {
        Problems {
            failures: vec![failure],
            findings: Vec::new(),
        }
    }
}

impl From<Vec<Finding>> for Problems {
    fn from(findings: Vec<Finding>) -> Problems {
        Problems {
            failures: Vec::new(),
            findings,
        }
    }
}
