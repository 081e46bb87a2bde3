//! A share's report as it stands in JSON: what `render` writes.

use serde::Deserialize;
use serde_json::value::RawValue;

/// A count, small enough for all shares' to be added up.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "u64")]
pub(super) struct Count(pub u64);

impl TryFrom<u64> for Count {
    type Error = String;

    fn try_from(count: u64) -> Result<Count, String> {
        match count < 100_000_000_000_000 {
            true => Ok(Count(count)),
            false => Err("more calls than anyone has recorded".to_owned()),
        }
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Head {
    pub schema: String,
    pub command: String,
    pub partition: Option<Which>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Which {
    pub version: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Document {
    pub tools: Vec<Tool>,
    pub traces: Vec<Trace>,
    pub cases: Vec<Case>,
    pub findings: Vec<Finding>,
    pub failures: Vec<Failure>,
    pub partition: Partition,
}

#[derive(Debug, Deserialize)]
pub(super) struct Tool {
    pub tool: Option<String>,
    pub calls: Count,
    pub allow: Count,
    pub deny: Count,
    pub undetermined: Count,
}

#[derive(Debug, Deserialize)]
pub(super) struct Trace {
    pub file: String,
    pub format: String,
    pub calls: Count,
    pub out_of_scope: Count,
    pub passed_over: Vec<PassedOver>,
}

#[derive(Debug, Deserialize)]
pub(super) struct PassedOver {
    pub reason: String,
    pub count: Count,
    pub lines: Vec<usize>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Failure {
    pub input: String,
    pub message: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Finding {
    pub rule: String,
    pub severity: String,
    pub message: String,
    pub file: String,
    pub pointer: String,
    pub span: Span,
    pub related: Vec<Related>,
    pub help: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Related {
    pub message: String,
    pub file: String,
    pub span: Span,
}

#[derive(Debug, Deserialize)]
pub(super) struct Span {
    pub start: Position,
    pub end: Position,
}

#[derive(Debug, Deserialize)]
pub(super) struct Position {
    pub offset: usize,
}

#[derive(Debug, Deserialize)]
pub(super) struct Case {
    pub file: String,
    pub line: usize,
    pub tool: Option<String>,
    pub grant: Option<String>,
    pub expected: Option<serde_json::Value>,
    pub actual: Actual,
    pub verdict: String,
    pub mismatches: Vec<Mismatch>,
    pub ts: Option<String>,
    /// Nested as deep as a call may be, which is deeper than a report is read.
    pub arguments: Option<Box<RawValue>>,
    pub repetitions: Option<Repetitions>,
    pub id: Option<String>,
    pub note: Option<String>,
    pub share: Place,
}

#[derive(Debug, Deserialize)]
pub(super) struct Place {
    pub trace: usize,
    pub nth: usize,
    pub caller: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Mismatch {
    pub member: String,
    pub expected: String,
    pub actual: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Repetitions {
    pub of: u64,
    pub first: u64,
    pub last: u64,
    pub count: u64,
}

#[derive(Debug, Deserialize)]
pub(super) struct Actual {
    pub decision: String,
    pub kind: Option<String>,
    pub rule: Option<String>,
    pub label: Option<String>,
    pub message: Option<String>,
    pub reason: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Partition {
    pub by: String,
    pub index: u32,
    pub of: u32,
    pub assigned: bool,
    pub options: Options,
    pub runs: Vec<Run>,
    pub sources: Vec<Source>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Options {
    pub server: Option<String>,
    pub expect_observed: bool,
    pub allow_undetermined: bool,
    pub allow_unasserted: bool,
    pub all_cases: bool,
    pub verbose: bool,
    pub at_origin: bool,
    pub merged_timeline: bool,
    pub max_lateness: String,
    pub from: Option<String>,
    pub grant_from: Option<String>,
    pub show_arguments: bool,
    pub junit: bool,
    pub html: bool,
}

#[derive(Debug, Deserialize)]
pub(super) struct Run {
    pub policy: String,
    pub server: Option<String>,
    pub source: usize,
    pub tools: usize,
    pub cases: usize,
    pub problems: usize,
    pub invalid_lines: Count,
    pub unlisted_lines: Count,
    pub traces: Vec<Counts>,
    pub reasons: Vec<(String, Count)>,
    pub out_of_scope: Vec<(String, Count)>,
    pub other_methods: Vec<(String, Count)>,
    pub passed_over: Vec<(String, Count)>,
    pub assumptions: Vec<Vec<String>>,
    pub read: Count,
    pub unknown_grant: Count,
    pub calls: Vec<SetAside>,
    pub decisions: Vec<(Actual, Count)>,
    pub passed: Vec<Case>,
    pub usage: Option<Usage>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Counts {
    pub passed: Count,
    pub failed: Count,
    pub undetermined: Count,
    pub unasserted: Count,
    pub allow: Count,
    pub deny: Count,
}

#[derive(Debug, Deserialize)]
pub(super) struct SetAside {
    pub trace: usize,
    pub line: usize,
    pub nth: usize,
    pub call: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Usage {
    pub limits: Vec<Limit>,
    pub calls: Buckets<(i64, Count, Count, Count)>,
    pub without_time: Count,
    pub further_limits: bool,
}

#[derive(Debug, Deserialize)]
pub(super) struct Limit {
    pub rule: String,
    pub counter: String,
    pub window: String,
    pub max: u64,
    pub peak: u64,
    pub denied: Count,
    pub counted: Count,
    pub over_time: Buckets<(i64, u64, Count)>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Buckets<T> {
    pub width: i64,
    pub list: Vec<T>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Source {
    pub name: String,
    pub text: String,
    pub line: usize,
    pub offset: usize,
}
