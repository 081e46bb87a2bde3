//! The results of one policy.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::assumption;
use super::case::{self, Actual, Case};
use super::count::{Count, MoreCounts, Rule, Sums, Tool, Trace, read_sums, sums};
use super::inconsistent::Inconsistent;
use super::usage::Usage;
use crate::shown::Shown;
use mcppolicy_analysis::finding::Finding;
use mcppolicy_analysis::replay::redact::redact;
use mcppolicy_analysis::replay::results::{self, Results, Shared};
use mcppolicy_analysis::report::TestRun;
use mcppolicy_engine::engine::{Decision, Engine, Reason};
use mcppolicy_engine::value::Value;
use mcppolicy_trace::trace::native::{NativeReader, write_call};
use mcppolicy_trace::trace::{Item, Reader, RecordedCall, RecordedRequest};

/// What a run of one policy has beside its entries in the report's lists.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Run<'a> {
    pub policy: Cow<'a, str>,
    pub server: Option<Cow<'a, str>>,
    /// The index of the policy in `sources`.
    pub source: usize,
    /// How many of the report's tools, rules, cases and findings are this run's;
    /// findings of no run come first.
    pub tools: usize,
    pub rules: usize,
    pub cases: usize,
    pub problems: usize,
    invalid_lines: Count,
    unlisted_lines: Count,
    /// One for each of the report's traces that is this run's.
    traces: Vec<MoreCounts>,
    reasons: Sums<'a>,
    out_of_scope: Sums<'a>,
    other_methods: Sums<'a>,
    passed_over: Sums<'a>,
    assumptions: Vec<Vec<Cow<'a, str>>>,
    read: Count,
    unknown_grant: Count,
    calls: Vec<SetAside>,
    decisions: Vec<(Actual<'a>, Count)>,
    passed: Vec<Case<'a>>,
    usage: Option<Usage<'a>>,
}

/// A run's entries in the report's lists.
#[derive(Debug)]
pub(crate) struct Entries {
    pub tools: Vec<Tool<'static>>,
    pub rules: Vec<Rule<'static>>,
    pub traces: Vec<Trace<'static>>,
    pub cases: Vec<Case<'static>>,
    pub problems: Vec<Finding>,
}

/// A call of unknown grant, which all shares decide together.
#[derive(Debug, Serialize, Deserialize)]
struct SetAside {
    trace: usize,
    line: usize,
    nth: usize,
    /// A line of a native trace.
    call: String,
}

impl<'a> Run<'a> {
    /// The run whose policy has the index `source` in `sources`.
    pub fn new(run: &'a TestRun, source: usize, shown: Shown) -> Run<'a> {
        let results = &run.results;
        let shared = results.shared.as_ref();
        let engine = Engine::new(&run.policy);
        let reason = |(reason, count): (&Reason, &u64)| (reason.name().into(), Count(*count));
        let calls = shared.iter().flat_map(|shared| &shared.calls);
        let decisions = shared.iter().flat_map(|shared| &shared.decisions);
        let passed = results.passed.iter();
        Run {
            policy: Cow::Borrowed(&run.name),
            server: run.server.as_deref().map(Cow::Borrowed),
            source,
            tools: results.tools.len(),
            rules: results.rules.len(),
            cases: results.cases.len(),
            problems: results.problems.len(),
            invalid_lines: Count(results.invalid_lines),
            unlisted_lines: Count(results.unlisted_lines),
            traces: results.traces.iter().map(MoreCounts::new).collect(),
            reasons: results.reasons.iter().map(reason).collect(),
            out_of_scope: sums(&results.out_of_scope),
            other_methods: sums(&results.other_methods),
            passed_over: sums(&results.skipped),
            assumptions: results.assumptions.iter().map(assumption::write).collect(),
            read: Count(shared.map_or(0, |shared| shared.read)),
            unknown_grant: Count(shared.map_or(0, |shared| shared.unknown_grant)),
            calls: calls
                .map(|call| SetAside::new(call, &engine, shown))
                .collect(),
            decisions: decisions
                .map(|(actual, times)| (Actual::new(actual), Count(*times)))
                .collect(),
            passed: passed.map(|case| Case::new(case, run, shown)).collect(),
            usage: results.usage.as_ref().map(Usage::new),
        }
    }

    /// How many of the report's traces are this run's.
    pub fn traces(&self) -> usize {
        self.traces.len()
    }

    /// The results, together with the run's entries.
    pub fn read(self, entries: Entries) -> Result<Results, Inconsistent> {
        if entries.traces.len() != self.traces.len() {
            return Err(Inconsistent);
        }
        let traces = entries.traces.into_iter().zip(&self.traces);
        let traces = traces.map(|(trace, more)| trace.read(more));
        let traces = traces.collect::<Result<Vec<_>, _>>()?;
        let cases = entries.cases.into_iter().map(Case::read);
        let cases = cases.collect::<Result<Vec<_>, _>>()?;
        let passed = self.passed.into_iter().map(Case::read);
        let passed = passed.collect::<Result<Vec<_>, _>>()?;
        let is_in_its_trace = |case: &results::Case| {
            let trace = traces.get(case.trace);
            trace.is_some_and(|trace| trace.name == case.file)
        };
        if !cases.iter().chain(&passed).all(is_in_its_trace) {
            return Err(Inconsistent);
        }
        let calls = self.calls.into_iter().map(SetAside::read);
        let calls = calls.collect::<Result<Vec<_>, _>>()?;
        if calls.iter().any(|call| call.trace >= traces.len()) {
            return Err(Inconsistent);
        }
        let reason = |(name, count): &(Cow<'_, str>, Count)| {
            let reason = case::read_reason(name).ok_or(Inconsistent)?;
            Ok((reason, count.0))
        };
        let decision = |(actual, times): (Actual<'_>, Count)| Ok((actual.read()?, times.0));
        let decisions = self.decisions.into_iter().map(decision);
        let assumptions = self.assumptions.iter().map(|parts| assumption::read(parts));
        Ok(Results {
            traces,
            tools: entries.tools.into_iter().map(Tool::read).collect(),
            rules: entries.rules.into_iter().map(Rule::read).collect(),
            reasons: self.reasons.iter().map(reason).collect::<Result<_, _>>()?,
            out_of_scope: read_sums(self.out_of_scope),
            other_methods: read_sums(self.other_methods),
            skipped: read_sums(self.passed_over),
            cases,
            passed,
            unlisted_cases: 0,
            usage: self.usage.map(Usage::read).transpose()?,
            shared: Some(Shared {
                read: self.read.0,
                unknown_grant: self.unknown_grant.0,
                calls,
                decisions: decisions.collect::<Result<_, _>>()?,
                stray: None,
            }),
            assumptions: assumptions.collect::<Result<_, _>>()?,
            problems: entries.problems,
            invalid_lines: self.invalid_lines.0,
            unlisted_lines: self.unlisted_lines.0,
        })
    }
}

impl SetAside {
    /// The call with as many of its arguments as a report may show of it.
    fn new(set_aside: &results::SetAside, engine: &Engine, shown: Shown) -> SetAside {
        let mut call = set_aside.call.clone();
        if shown == Shown::Read {
            withhold(&mut call, engine);
        }
        // The answer has been taken into account already.
        call.response = None;
        call.observed = None;
        SetAside {
            trace: set_aside.trace,
            line: call.line,
            nth: call.nth,
            call: write_call(&call),
        }
    }

    fn read(self) -> Result<results::SetAside, Inconsistent> {
        let mut reader = NativeReader::new(std::io::Cursor::new(self.call));
        let Ok(Some(Item::Call(call))) = reader.next() else {
            return Err(Inconsistent);
        };
        Ok(results::SetAside {
            trace: self.trace,
            call: RecordedCall {
                line: self.line,
                nth: self.nth,
                ..*call
            },
        })
    }
}

/// Withholds the arguments that no rule of the call's tool reads.
fn withhold(call: &mut RecordedCall, engine: &Engine) {
    match &mut call.request {
        // A batch is refused whole, and no report shows what is in it.
        RecordedRequest::Batch(messages) => *messages = Value::Array(Vec::new()),
        RecordedRequest::Tool { name, arguments } => {
            let tool = name.as_deref().unwrap_or_default();
            let reads = engine.reads(tool, &Decision::Allow).into_iter();
            let reads: Vec<_> = reads.cloned().collect();
            arguments.replace(|value| redact(value, &reads));
        }
    }
}
