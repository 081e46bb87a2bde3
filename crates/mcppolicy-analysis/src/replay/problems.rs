//! Findings about bad lines of traces, as many as are worth keeping.

use crate::finding::{Finding, RuleId};
use mcppolicy_engine::source::SourceMap;
use mcppolicy_trace::trace::{BadLine, Shown};

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
    pub fn keep(&mut self, line: &BadLine, map: &mut SourceMap, name: &str, shown: Shown) {
        self.lines += 1;
        let bytes = self.kept_bytes + line.line.text.len();
        if self.findings.len() >= MOST_FINDINGS || bytes > MOST_BYTES {
            return;
        }
        self.kept_bytes = bytes;
        self.listed += 1;
        let problems = line.problems(map, name, shown).into_iter();
        self.findings
            .extend(problems.map(|problem| Finding::about(RuleId::Trace, problem)));
    }
}
