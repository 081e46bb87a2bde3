//! The `test` command's work (traces.md §2): recorded calls through one
//! policy's engine, expectations held against decisions.
//!
//! Memory grows with live counters and with what is reported, not with the
//! number of calls (a merged timeline keeps the recorded calls, because they
//! must be sorted). Nothing here prints, and no file is opened here.

mod blocks;
pub mod expect;
mod group;
pub mod import;
mod parallel;
pub mod redact;
pub mod results;
pub mod share;
pub mod update;
pub mod usage;

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::num::NonZeroUsize;

use mcppolicy_engine::engine::{DEFAULT_MAX_LATENESS, Decision, Engine};
use mcppolicy_engine::source::SourceMap;
use mcppolicy_engine::time::Span;
use mcppolicy_trace::timeline::{Assumption, Order, Placed, Scope, Step, Timeline, merged, scope};
use mcppolicy_trace::trace::{Expectation, Expected, Grant, Item, RecordedCall, Server, Trace};

use expect::{Cursor, Judgement, Verdict, judge};
use group::{Group, case, join};
use results::{Case, Problems, Results, TraceSummary};
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
    /// How many threads take lines apart and ask the rules. The results do not
    /// depend on it.
    pub threads: NonZeroUsize,
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
            threads: NonZeroUsize::MIN,
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
    /// The calls by tool, and those that name none.
    tools: foldhash::HashMap<String, results::ToolCounts>,
    unnamed_tool: Option<results::ToolCounts>,
    /// The last server that was taken to be the policy's.
    unnamed_server: Option<String>,
    /// The last file whose calls were taken to come from one grant.
    implicit_grant: Option<usize>,
    /// The line of the call before, and how many calls before that stand in it.
    before: (usize, usize),
}

/// One recorded call while its repetitions are replayed.
struct Open<'e> {
    /// The trace that it is reported in.
    trace: usize,
    expectation: Option<Expectation>,
    cursor: Cursor,
    counts: results::Counts,
    groups: Vec<Group<'e>>,
    /// The decisions of one share, of a call that only all shares decide.
    set_aside: Option<Vec<(Decision<'e>, u64)>>,
}

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
            tools: foldhash::HashMap::default(),
            unnamed_tool: None,
            unnamed_server: None,
            implicit_grant: None,
            before: (0, 0),
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
        let name = trace.name.clone();
        self.before = (0, 0);
        if self.options.order == Order::PerFile
            && let Some((first, blocks)) = trace.in_blocks()
        {
            if let Some(first) = first {
                self.item(&mut timeline, file, first, map, &name);
            }
            return self.blocks(&mut timeline, file, blocks, map, &name);
        }
        while let Some(item) = trace.next_item()? {
            self.item(&mut timeline, file, item, map, &name);
        }
        Ok(())
    }

    fn item(
        &mut self,
        timeline: &mut Timeline<'e>,
        file: usize,
        mut item: Item,
        map: &mut SourceMap,
        name: &str,
    ) {
        if let Item::Call(call) = &mut item {
            call.nth = self.nth(call.line);
        }
        match item {
            Item::Header(_) => {}
            Item::Call(call) if !self.takes(file, &call) => {}
            Item::Call(call) if self.options.order == Order::Merged => {
                self.placed.push(Placed { file, call: *call });
            }
            Item::Call(call) => self.call(timeline, file, &call),
            Item::OtherMethod(_) | Item::PassedOver { .. } if !self.tells_the_rest() => {}
            Item::OtherMethod(method) => {
                *self.results.other_methods.entry(method).or_default() += 1;
            }
            Item::Problem(line) => self.problems.keep(&line, map, name),
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

    /// The results of all that was read.
    pub fn finish(mut self) -> Results {
        let placed = std::mem::take(&mut self.placed);
        if !placed.is_empty() {
            self.replay_merged(&placed);
        }
        let tools = self.tools.into_iter();
        let tools = tools.map(|(tool, counts)| (Some(tool), counts));
        let unnamed = self.unnamed_tool.map(|counts| (None, counts));
        for (tool, counts) in tools.chain(unnamed) {
            self.results.tools.entry(tool).or_default().add(&counts);
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

    /// Whether a call that went to `destination` is to be decided; counts those
    /// that are not.
    fn is_in_scope(
        &mut self,
        file: usize,
        destination: Server<&str>,
        grant: Grant<&str>,
        calls: u64,
    ) -> bool {
        let scope = scope(destination, self.options.server.as_deref());
        match scope {
            Scope::In => return true,
            // The same as last time, most of the time.
            Scope::Unnamed(server) if self.unnamed_server.as_deref() == Some(server) => {
                return true;
            }
            Scope::Unnamed(server) => self.unnamed_server = Some(server.to_owned()),
            Scope::Out(_) if !self.tells(grant) => return false,
            Scope::Unknown | Scope::Out(_) => {}
        }
        self.assumptions.extend(scope.assumption());
        let Scope::Out(server) = scope else {
            return true;
        };
        match self.results.out_of_scope.get_mut(server) {
            Some(of_server) => *of_server += calls,
            None => {
                let server = server.to_owned();
                self.results.out_of_scope.insert(server, calls);
            }
        }
        if let Some(trace) = self.results.traces.get_mut(file) {
            trace.counts.calls += calls;
            trace.counts.out_of_scope += calls;
        }
        false
    }

    /// Notes whose the calls without a grant are taken to be.
    fn assume_grant(&mut self, file: usize, grant: Grant<&str>) {
        if grant != Grant::Implicit || self.implicit_grant == Some(file) {
            return;
        }
        self.implicit_grant = Some(file);
        let trace = self.results.traces.get(file);
        self.assumptions.insert(Assumption::ImplicitGrant {
            file: trace.map(|trace| trace.name.clone()).unwrap_or_default(),
        });
    }

    /// Prepares one call; nothing when it is out of scope.
    fn open(&mut self, file: usize, call: &RecordedCall) -> Option<Open<'e>> {
        let file = self.place(file, call.origin.as_ref());
        if !self.is_in_scope(
            file,
            call.server.as_deref(),
            call.grant.as_deref(),
            call.repeat,
        ) {
            return None;
        }
        self.assume_grant(file, call.grant.as_deref());
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
        self.assume_of(&step);
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
        let expected = open
            .expectation
            .as_ref()
            .and_then(|expectation| open.cursor.next(expectation));
        let judgement = self.judge(&decision, expected, &mut open.counts);
        let reported = expected.is_some() && judgement.verdict != Verdict::Pass;
        let listed = self.options.list_passed && expected.is_some();
        if reported || listed || self.options.all_cases {
            join(&mut open.groups, expected, decision, judgement, index);
        }
    }

    /// What is taken for granted where a call was counted so.
    fn assume_of(&mut self, step: &Step<'_>) {
        if step.counted {
            self.assumptions.insert(Assumption::CountersStartAtZero);
        }
        if step.released_at_once {
            self.assumptions.insert(Assumption::ReleasedAtOnce);
        }
    }

    /// Counts one decision and holds it against what was expected.
    fn judge(
        &mut self,
        decision: &Decision<'e>,
        expected: Option<&Expected>,
        counts: &mut results::Counts,
    ) -> Judgement {
        counts.calls += 1;
        match decision {
            Decision::Allow => counts.allow += 1,
            Decision::Deny(_) => counts.deny += 1,
            Decision::Undetermined(reason) => {
                *self.results.reasons.entry(*reason).or_default() += 1;
            }
        }
        let judgement = judge(expected, decision);
        match judgement.verdict {
            Verdict::Pass => counts.passed += 1,
            Verdict::Fail => counts.failed += 1,
            Verdict::Undetermined => counts.undetermined += 1,
            Verdict::Unasserted => counts.unasserted += 1,
        }
        judgement
    }

    /// Adds up what became of a call of `tool`.
    fn tally(&mut self, file: usize, tool: Option<&str>, counts: &results::Counts) {
        if let Some(trace) = self.results.traces.get_mut(file) {
            trace.counts.add(counts);
        }
        let of_tool = match tool {
            None => self.unnamed_tool.get_or_insert_default(),
            Some(name) => match self.tools.get_mut(name) {
                Some(known) => known,
                None => self.tools.entry(name.to_owned()).or_default(),
            },
        };
        of_tool.calls += counts.calls;
        of_tool.allow += counts.allow;
        of_tool.deny += counts.deny;
        of_tool.undetermined += counts.calls - counts.allow - counts.deny;
    }

    fn close(&mut self, call: &RecordedCall, mut open: Open<'e>) {
        if let Some(decisions) = open.set_aside.take() {
            return self.set_aside(call, open, decisions);
        }
        self.tally(open.trace, call.tool(), &open.counts);
        for group in open.groups {
            self.keep(open.trace, call, group);
        }
    }

    /// Keeps what is to be reported of a call in trace `file`.
    fn keep(&mut self, file: usize, call: &RecordedCall, group: Group<'e>) {
        let trace = self.results.traces.get(file);
        let name = trace.map(|trace| trace.name.as_str()).unwrap_or_default();
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

    /// How many calls before this one stand in its line.
    fn nth(&mut self, line: usize) -> usize {
        let nth = match self.before {
            (before, nth) if before == line => nth + 1,
            _ => 0,
        };
        self.before = (line, nth);
        nth
    }
}

#[cfg(test)]
mod tests;
