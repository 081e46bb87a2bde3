//! Counts of calls, by trace, by tool and by name.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::inconsistent::Inconsistent;
use mcppolicy_analysis::replay::results::{
    self, RuleCounts, SkippedLines, ToolCounts, TraceSummary,
};
use mcppolicy_trace::trace::options::Format;

/// A number of calls or lines. It is read only where it is small enough that
/// the counts of all shares can be added up.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub(crate) struct Count(pub u64);

impl Count {
    const BOUND: u64 = 100_000_000_000_000;
}

impl From<Count> for u64 {
    fn from(count: Count) -> u64 {
        count.0
    }
}

impl TryFrom<u64> for Count {
    type Error = &'static str;

    fn try_from(count: u64) -> Result<Count, &'static str> {
        if count < Count::BOUND {
            Ok(Count(count))
        } else {
            Err("more calls than anyone has recorded")
        }
    }
}

/// Counts by name.
pub(crate) type Sums<'a> = Vec<(Cow<'a, str>, Count)>;

/// Writes counts by name.
pub(super) fn sums<'a, K: AsRef<str>>(sums: &'a BTreeMap<K, u64>) -> Sums<'a> {
    let entry = |(name, count): (&'a K, &u64)| (Cow::Borrowed(name.as_ref()), Count(*count));
    sums.iter().map(entry).collect()
}

/// Reads counts by name.
pub(super) fn read_sums<K: From<String> + Ord>(sums: Sums<'_>) -> BTreeMap<K, u64> {
    let entry = |(name, count): (Cow<'_, str>, Count)| (name.into_owned().into(), count.0);
    sums.into_iter().map(entry).collect()
}

/// An entry of the report's `tools`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Tool<'a> {
    pub policy: Cow<'a, str>,
    pub tool: Option<Cow<'a, str>>,
    pub calls: Count,
    pub allow: Count,
    pub deny: Count,
    pub undetermined: Count,
}

impl<'a> Tool<'a> {
    pub fn new(policy: &'a str, tool: Option<&'a str>, counts: &ToolCounts) -> Tool<'a> {
        Tool {
            policy: policy.into(),
            tool: tool.map(Cow::Borrowed),
            calls: Count(counts.calls),
            allow: Count(counts.allow),
            deny: Count(counts.deny),
            undetermined: Count(counts.undetermined),
        }
    }

    pub fn read(self) -> (Option<String>, ToolCounts) {
        let counts = ToolCounts {
            calls: self.calls.0,
            allow: self.allow.0,
            deny: self.deny.0,
            undetermined: self.undetermined.0,
        };
        (self.tool.map(Cow::into_owned), counts)
    }
}

/// An entry of the report's `rules`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Rule<'a> {
    pub policy: Cow<'a, str>,
    pub pointer: Cow<'a, str>,
    pub reached: Count,
    pub decided: Count,
}

impl<'a> Rule<'a> {
    pub fn new(policy: &'a str, counts: &'a RuleCounts) -> Rule<'a> {
        Rule {
            policy: policy.into(),
            pointer: Cow::Borrowed(&counts.pointer),
            reached: Count(counts.reached),
            decided: Count(counts.decided),
        }
    }

    pub fn read(self) -> RuleCounts {
        RuleCounts {
            pointer: self.pointer.into_owned(),
            reached: self.reached.0,
            decided: self.decided.0,
        }
    }
}

/// An entry of the report's `traces`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Trace<'a> {
    pub policy: Cow<'a, str>,
    pub file: Cow<'a, str>,
    pub format: Cow<'a, str>,
    pub calls: Count,
    pub out_of_scope: Count,
    pub passed_over: Vec<Skipped<'a>>,
}

/// The lines of a trace that were skipped for one reason.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Skipped<'a> {
    pub reason: Cow<'a, str>,
    pub count: Count,
    /// The first of them, with `--verbose`.
    pub lines: Cow<'a, [usize]>,
}

/// The counts of a trace that its entry in `traces` lacks.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct MoreCounts {
    passed: Count,
    failed: Count,
    undetermined: Count,
    unasserted: Count,
    allow: Count,
    deny: Count,
}

impl<'a> Trace<'a> {
    pub fn new(policy: &'a str, trace: &'a TraceSummary) -> Trace<'a> {
        let skipped = trace.skipped.iter().map(|(reason, skipped)| Skipped {
            reason: Cow::Borrowed(reason),
            count: Count(skipped.lines),
            lines: Cow::Borrowed(&skipped.listed),
        });
        Trace {
            policy: policy.into(),
            file: Cow::Borrowed(&trace.name),
            format: trace.format.name().into(),
            calls: Count(trace.counts.calls),
            out_of_scope: Count(trace.counts.out_of_scope),
            passed_over: skipped.collect(),
        }
    }

    pub fn read(self, more: &MoreCounts) -> Result<TraceSummary, Inconsistent> {
        let skipped = self.passed_over.into_iter().map(|skipped| {
            let lines = SkippedLines {
                lines: skipped.count.0,
                listed: skipped.lines.into_owned(),
            };
            (Cow::Owned(skipped.reason.into_owned()), lines)
        });
        let counts = results::Counts {
            calls: self.calls.0,
            passed: more.passed.0,
            failed: more.failed.0,
            undetermined: more.undetermined.0,
            unasserted: more.unasserted.0,
            out_of_scope: self.out_of_scope.0,
            allow: more.allow.0,
            deny: more.deny.0,
        };
        if counts.out_of_scope > counts.calls {
            return Err(Inconsistent);
        }
        Ok(TraceSummary {
            name: self.file.into_owned(),
            format: Format::named(&self.format).ok_or(Inconsistent)?,
            counts,
            skipped: skipped.collect(),
        })
    }
}

impl MoreCounts {
    pub fn new(trace: &TraceSummary) -> MoreCounts {
        let counts = &trace.counts;
        MoreCounts {
            passed: Count(counts.passed),
            failed: Count(counts.failed),
            undetermined: Count(counts.undetermined),
            unasserted: Count(counts.unasserted),
            allow: Count(counts.allow),
            deny: Count(counts.deny),
        }
    }
}
