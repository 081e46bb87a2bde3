//! Why a document is not a policy.

use std::fmt;

use crate::problem::Problem;
use crate::source::{FileId, SourceMap};

/// Why a document is no policy: everything that is wrong with it.
#[derive(Debug, Clone)]
pub struct InvalidPolicy {
    file: FileId,
    problems: Vec<Problem>,
    /// One line for each problem: `line:column: message`.
    lines: Vec<String>,
    is_json: bool,
}

impl InvalidPolicy {
    pub(super) fn new(
        map: &SourceMap,
        file: FileId,
        problems: Vec<Problem>,
        is_json: bool,
    ) -> InvalidPolicy {
        let line = |problem: &Problem| {
            let at = map.start(problem.location);
            format!("{}:{}: {}", at.line, at.column, problem.message)
        };
        InvalidPolicy {
            file,
            lines: problems.iter().map(line).collect(),
            problems,
            is_json,
        }
    }

    /// The file that was read.
    pub fn file(&self) -> FileId {
        self.file
    }

    /// The problems in the order of the file; at least one.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// The problems, owned.
    pub fn into_problems(self) -> Vec<Problem> {
        self.problems
    }

    /// Whether the file is JSON, so that all problems of its structure were
    /// found; otherwise reading stopped at the first mistake.
    pub fn is_json(&self) -> bool {
        self.is_json
    }
}

impl fmt::Display for InvalidPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "invalid policy: {}", self.lines.join("; "))
    }
}

impl std::error::Error for InvalidPolicy {}
