//! The `test` command's work (traces.md §2): recorded calls through one
//! policy's engine, expectations held against decisions.
//!
//! Memory grows with live counters and with what is reported, not with the
//! number of calls (a merged timeline keeps the recorded calls, because they
//! must be sorted). Nothing here prints, and no file is opened here.

pub mod expect;
pub mod import;
pub mod redact;
pub mod results;
pub mod share;
pub mod update;
pub mod usage;

use std::collections::{BTreeSet, HashMap};
use std::io;

use crate::engine::{DEFAULT_MAX_LATENESS, Decision, Engine};
use crate::source::SourceMap;
use crate::time::Span;
use crate::timeline::{Assumption, Order, Placed, Scope, Timeline, merged, scope};
use crate::trace::{Expectation, Expected, Grant, Item, RecordedCall, RecordedRequest, Trace};

use expect::{Cursor, Judgement, Verdict, judge};
use results::{Actual, Case, Problems, Repetitions, Results, TraceSummary};
use share::{Places, Share, Shared};

pub use results::RunOutcome;

/// How to replay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The name of the policy's server; without it every call is in scope.
    pub server: Option<String>,
    /// Expect what the recording itself shows, where it shows it.
    pub expect_observed: bool,
    /// A call that is unexpectedly undetermined does not fail the run.
    pub allow_undetermined: bool,
    /// A run in which nothing was asserted is no failure.
    pub allow_unasserted: bool,
    /// Report every call in scope, not only those that did not pass.
    pub all_cases: bool,
    /// List the lines that were passed over, not only their number.
    pub list_passed_over: bool,
    /// How files make timelines.
    pub order: Order,
    /// How far back a call may come before its window is closed.
    pub max_lateness: Span,
    /// Also list the calls that passed what they were expected to, in
    /// [`Results::passed`].
    pub list_passed: bool,
    /// Also collect how much of each limit is used, in [`Results::usage`].
    pub usage: bool,
    /// Take only this share of the grants.
    pub share: Option<Share>,
    /// Report imported calls where an importer found them.
    pub at_origin: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            server: None,
            expect_observed: false,
            allow_undetermined: false,
            allow_unasserted: false,
            all_cases: false,
            list_passed_over: false,
            order: Order::PerFile,
            max_lateness: DEFAULT_MAX_LATENESS,
            list_passed: false,
            usage: false,
            share: None,
            at_origin: false,
        }
    }
}

/// A run of traces through one policy.
#[derive(Debug)]
pub struct Replay<'e> {
    engine: &'e Engine,
    options: Options,
    results: Results,
    assumptions: BTreeSet<Assumption>,
    problems: Problems,
    places: Places,
    /// The calls of a merged timeline, until all files have been read.
    placed: Vec<Placed>,
}

/// One recorded call while its repetitions are replayed.
struct Open<'e> {
    /// The trace that it is reported in.
    trace: usize,
    expectation: Option<Expectation>,
    cursor: Cursor,
    counts: results::Counts,
    undetermined: u64,
    groups: Vec<Group<'e>>,
    /// The decisions of one share, of a call that only all shares decide.
    set_aside: Option<Vec<(Decision<'e>, u64)>>,
}

/// Repetitions of one call that are reported as one case.
struct Group<'e> {
    expected: Option<Expected>,
    decision: Decision<'e>,
    judgement: Judgement,
    first: u64,
    last: u64,
    count: u64,
}

/// How many groups back a repetition looks for its like.
const GROUPS_SEARCHED: usize = 16;

impl<'e> Replay<'e> {
    /// A run that has read nothing yet.
    pub fn new(engine: &'e Engine, options: Options) -> Replay<'e> {
        let results = Results {
            usage: options.usage.then(usage::Usage::default),
            shared: options.share.map(|_| Shared::default()),
            ..Results::default()
        };
        Replay {
            engine,
            options,
            results,
            assumptions: BTreeSet::new(),
            problems: Problems::default(),
            places: Places::default(),
            placed: Vec::new(),
        }
    }

    /// Reads one trace to its end and, unless all are merged, replays it; bad
    /// lines are put into `map` as findings.
    ///
    /// # Errors
    /// What the underlying input reports; the trace then counts as read up to
    /// there.
    pub fn read(&mut self, trace: &mut Trace, map: &mut SourceMap) -> io::Result<()> {
        let file = self.results.traces.len();
        let summary = TraceSummary::new(&trace.name, trace.format());
        self.results.traces.push(summary);
        let read = self.items(file, trace, map);
        let assumed = trace.assumed().into_iter();
        self.assumptions
            .extend(assumed.map(|assumed| Assumption::Log {
                file: trace.name.clone(),
                assumed,
            }));
        read
    }

    fn items(&mut self, file: usize, trace: &mut Trace, map: &mut SourceMap) -> io::Result<()> {
        let mut timeline = Timeline::new(self.engine, self.options.max_lateness);
        let mut before = (0, 0);
        while let Some(mut item) = trace.next_item()? {
            if let Item::Call(call) = &mut item {
                call.nth = match before {
                    (line, nth) if line == call.line => nth + 1,
                    _ => 0,
                };
                before = (call.line, call.nth);
            }
            match item {
                Item::Header(_) => {}
                Item::Call(call) if !self.takes(file, &call) => {}
                Item::Call(call) if self.options.order == Order::Merged => {
                    self.placed.push(Placed { file, call: *call });
                }
                Item::Call(call) => self.call(&mut timeline, file, &call),
                Item::OtherMethod(_) | Item::PassedOver { .. } if !self.tells_the_rest() => {}
                Item::OtherMethod(method) => {
                    *self.results.other_methods.entry(method).or_default() += 1;
                }
                Item::Problem(line) => self.problems.keep(&line, map, &trace.name),
                Item::PassedOver { line, reason } => {
                    let passed = self.results.passed_over.entry(reason.into());
                    *passed.or_default() += 1;
                    let list = self.options.list_passed_over;
                    if let Some(summary) = self.results.traces.get_mut(file) {
                        summary.pass_over(line, reason, list);
                    }
                }
            }
        }
        Ok(())
    }

    /// The results of all that was read.
    pub fn finish(mut self) -> Results {
        let placed = std::mem::take(&mut self.placed);
        if !placed.is_empty() {
            self.replay_merged(&placed);
        }
        if self.options.at_origin {
            share::by_name(&mut self.results);
        }
        self.results.cases.sort_by(Case::in_order);
        self.results.passed.sort_by(Case::in_order);
        self.results.assumptions = self.assumptions.into_iter().collect();
        self.results.invalid_lines = self.problems.lines;
        self.results.unlisted_lines = self.problems.lines - self.problems.listed;
        self.results.problems = self.problems.findings;
        self.results
    }

    /// Replays every repetition of one call.
    fn call(&mut self, timeline: &mut Timeline<'e>, file: usize, call: &RecordedCall) {
        let Some(mut open) = self.open(file, call) else {
            return;
        };
        for index in 0..call.repeat {
            self.step(timeline, call, index, &mut open);
        }
        self.close(call, open);
    }

    fn replay_merged(&mut self, placed: &[Placed]) {
        let mut timeline = Timeline::new(self.engine, self.options.max_lateness);
        let mut begun: HashMap<usize, Open<'e>> = HashMap::new();
        for (at, index) in merged(placed) {
            let Some(Placed { file, call }) = placed.get(at) else {
                continue;
            };
            if index == 0 {
                let Some(open) = self.open(*file, call) else {
                    continue;
                };
                begun.insert(at, open);
            }
            let Some(mut open) = begun.remove(&at) else {
                // Out of scope.
                continue;
            };
            self.step(&mut timeline, call, index, &mut open);
            if index + 1 == call.repeat {
                self.close(call, open);
            } else {
                begun.insert(at, open);
            }
        }
    }

    /// Prepares one call; nothing when it is out of scope.
    fn open(&mut self, file: usize, call: &RecordedCall) -> Option<Open<'e>> {
        let file = self.place(file, call);
        match scope(call, self.options.server.as_deref()) {
            Scope::In => {}
            Scope::Assumed(assumption) => {
                self.assumptions.insert(assumption);
            }
            Scope::Out(_) if !self.tells(call) => return None,
            Scope::Out(server) => {
                let of_server = self.results.out_of_scope.entry(server.to_owned());
                *of_server.or_default() += call.repeat;
                if let Some(trace) = self.results.traces.get_mut(file) {
                    trace.counts.calls += call.repeat;
                    trace.counts.out_of_scope += call.repeat;
                }
                return None;
            }
        }
        if call.grant == Grant::Implicit {
            let file = self.results.traces.get(file);
            self.assumptions.insert(Assumption::ImplicitGrant {
                file: file.map(|trace| trace.name.clone()).unwrap_or_default(),
            });
        }
        if call.repeats_an_argument {
            self.assumptions.insert(Assumption::LastArgumentCounts);
        }
        let observed = call
            .observed_decision()
            .filter(|_| self.options.expect_observed)
            .map(|observed| Expectation::Each(observed.into()));
        let set_aside = self.options.share.is_some() && call.grant == Grant::Unknown;
        Some(Open {
            trace: file,
            set_aside: set_aside.then(Vec::new),
            expectation: observed.or_else(|| call.expect.clone()),
            cursor: Cursor::default(),
            counts: results::Counts::default(),
            undetermined: 0,
            groups: Vec::new(),
        })
    }

    fn step(
        &mut self,
        timeline: &mut Timeline<'e>,
        call: &RecordedCall,
        index: u64,
        open: &mut Open<'e>,
    ) {
        let step = timeline.step(open.trace, call, index);
        if step.counted {
            self.assumptions.insert(Assumption::CountersStartAtZero);
        }
        if step.released_at_once {
            self.assumptions.insert(Assumption::ReleasedAtOnce);
        }
        let time = call.time_of(index);
        if let Some(usage) = &mut self.results.usage {
            let used = timeline.usage(open.trace, call, index);
            match open.set_aside {
                Some(_) => usage.reach(time, &used),
                None => usage.note(time, &step.decision, &used),
            }
        }
        match &mut open.set_aside {
            Some(decisions) => share::push(decisions, step.decision),
            None => self.count(index, open, step.decision),
        }
    }

    /// Counts one decided repetition, and keeps it where it is reported.
    fn count(&mut self, index: u64, open: &mut Open<'e>, decision: Decision<'e>) {
        open.counts.calls += 1;
        match &decision {
            Decision::Allow => open.counts.allow += 1,
            Decision::Deny(_) => open.counts.deny += 1,
            Decision::Undetermined(reason) => {
                open.undetermined += 1;
                *self.results.reasons.entry(*reason).or_default() += 1;
            }
        }
        let expected = open
            .expectation
            .as_ref()
            .and_then(|expectation| open.cursor.next(expectation));
        let judgement = judge(expected, &decision);
        match judgement.verdict {
            Verdict::Pass => open.counts.passed += 1,
            Verdict::Fail => open.counts.failed += 1,
            Verdict::Undetermined => open.counts.undetermined += 1,
            Verdict::Unasserted => open.counts.unasserted += 1,
        }
        let reported = expected.is_some() && judgement.verdict != Verdict::Pass;
        let listed = self.options.list_passed && expected.is_some();
        if reported || listed || self.options.all_cases {
            join(&mut open.groups, expected, decision, judgement, index);
        }
    }

    fn close(&mut self, call: &RecordedCall, mut open: Open<'e>) {
        if let Some(decisions) = open.set_aside.take() {
            return self.set_aside(call, open, decisions);
        }
        let file = open.trace;
        if let Some(trace) = self.results.traces.get_mut(file) {
            trace.counts.add(&open.counts);
        }
        let tool = self
            .results
            .tools
            .entry(call.tool().map(str::to_owned))
            .or_default();
        tool.calls += open.counts.calls;
        tool.allow += open.counts.allow;
        tool.deny += open.counts.deny;
        tool.undetermined += open.undetermined;
        let name = self.results.traces.get(file);
        let name = name.map(|trace| trace.name.as_str()).unwrap_or_default();
        for group in open.groups {
            let case = Case {
                trace: file,
                file: name.to_owned(),
                ..self.options.placed(case(self.engine, call, group))
            };
            let only_listed = case.verdict == Verdict::Pass && !self.options.all_cases;
            match only_listed {
                true => self.results.passed.push(case),
                false => self.results.cases.push(case),
            }
        }
    }
}

/// Adds a repetition to the group of its like.
fn join<'e>(
    groups: &mut Vec<Group<'e>>,
    expected: Option<&Expected>,
    decision: Decision<'e>,
    judgement: Judgement,
    index: u64,
) {
    let like = groups
        .iter_mut()
        .rev()
        .take(GROUPS_SEARCHED)
        .find(|group| group.decision == decision && group.expected.as_ref() == expected);
    if let Some(group) = like {
        group.last = index;
        group.count += 1;
        return;
    }
    groups.push(Group {
        expected: expected.cloned(),
        decision,
        judgement,
        first: index,
        last: index,
        count: 1,
    });
}

fn case(engine: &Engine, call: &RecordedCall, group: Group<'_>) -> Case {
    let arguments = match &call.request {
        RecordedRequest::Batch(_) => None,
        RecordedRequest::Tool { arguments, .. } => Some(arguments.clone()),
    };
    let reads = engine.reads(call.tool().unwrap_or_default(), &group.decision);
    Case {
        trace: 0,
        file: String::new(),
        line: call.line,
        nth: call.nth,
        tool: call.tool().map(str::to_owned),
        grant: call.grant.clone(),
        time: call.time_of(group.first),
        arguments,
        reads: reads.into_iter().cloned().collect(),
        expected: group.expected,
        actual: Actual::from(&group.decision),
        verdict: group.judgement.verdict,
        mismatches: group.judgement.mismatches,
        repetitions: Repetitions {
            of: call.repeat,
            first: group.first + 1,
            last: group.last + 1,
            count: group.count,
        },
        id: call.id.clone(),
        note: call.note.clone(),
        origin: call.origin.clone(),
    }
}

#[cfg(test)]
mod tests;
