//! A run of traces through one policy.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io;

use mcppolicy_engine::engine::{Decision, Engine, RuleVerdict};
use mcppolicy_engine::source::SourceMap;
use mcppolicy_trace::timeline::{Assumption, Order, Placed, Scope, Timeline, merged, scope};
use mcppolicy_trace::trace::{
    CallView, Expectation, Grant, Item, Origin, Ready, RecordedCall, Records, Trace,
};

use super::assumptions::Assumptions;
use super::case::{Actual, Case};
use super::expect::Verdict;
use super::group::{self, Group};
use super::open_call::OpenCall;
use super::options::Options;
use super::origins::{self, Origins};
use super::problems::Problems;
use super::results::{Results, SetAside, Shared, Stray, TraceSummary};
use super::rule_tally::{self, RuleTally};
use super::share::{By, Share};
use super::tally::ToolTally;
use super::usage::Usage;
use super::{blocks, runs};

/// A run of traces through one policy.
#[derive(Debug)]
pub struct Replay<'e> {
    pub(super) engine: &'e Engine,
    pub(super) options: Options,
    pub(super) results: Results,
    pub(super) assumptions: Assumptions,
    pub(super) problems: Problems,
    origins: Origins,
    /// The calls of a merged timeline, until all files have been read.
    placed: Vec<Placed>,
    tools: ToolTally,
    rules: RuleTally<'e>,
    /// The records that the logs have shown.
    records: Records,
    /// The line of the previous call, and how many calls before it are on that
    /// line.
    previous: (usize, usize),
    /// How many calls lines have added by repetition.
    repeated: u64,
}

impl<'e> Replay<'e> {
    /// A run that has read nothing yet.
    pub fn new(engine: &'e Engine, options: Options) -> Replay<'e> {
        let results = Results {
            usage: options.usage.then(Usage::default),
            shared: options.share.map(|_| Shared::default()),
            ..Results::default()
        };
        Replay {
            engine,
            options,
            results,
            assumptions: Assumptions::default(),
            problems: Problems::default(),
            origins: Origins::default(),
            placed: Vec::new(),
            tools: ToolTally::default(),
            rules: RuleTally::default(),
            records: Records::default(),
            previous: (0, 0),
            repeated: 0,
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
        trace.share(&self.records);
        let read = self.items(file, trace, map);
        for assumed in trace.assumed() {
            let assumption = Assumption::of_log(&trace.name, assumed);
            self.assumptions.insert(assumption);
        }
        read
    }

    fn items(&mut self, file: usize, trace: &mut Trace, map: &mut SourceMap) -> io::Result<()> {
        let mut timeline = Timeline::new(self.engine, self.options.max_lateness);
        let name = trace.name.clone();
        self.previous = (0, 0);
        if self.options.order == Order::PerFile
            && let Some((first, blocks)) = trace.in_blocks()
        {
            if let Some(first) = first {
                self.item(&mut timeline, file, first, map, &name);
            }
            let (engine, threads) = (self.engine, self.options.threads);
            blocks::for_each(engine, threads, blocks, |ready, verdict| match ready {
                Ready::Simple(call) => {
                    self.nth(call.line());
                    self.call(&mut timeline, file, &call, verdict);
                }
                Ready::Item(item) => self.item(&mut timeline, file, item, map, &name),
            })?;
            return timeline.check();
        }
        while let Some(item) = trace.next_item()? {
            self.item(&mut timeline, file, item, map, &name);
        }
        timeline.check()
    }

    fn item(
        &mut self,
        timeline: &mut Timeline<'e>,
        file: usize,
        item: Item,
        map: &mut SourceMap,
        name: &str,
    ) {
        match item {
            Item::Header(_) => {}
            Item::Call(mut call) => {
                call.nth = self.nth(call.line);
                let added = call.repeat.saturating_sub(1);
                self.repeated = self.repeated.saturating_add(added);
                if self.options.order == Order::PerFile {
                    self.call(timeline, file, &*call, None);
                } else if self.is_in_share(file, &*call, self.origin(&*call).as_deref()) {
                    self.placed.push(Placed { file, call: *call });
                }
            }
            Item::OtherMethod(_) | Item::Skipped { .. }
                if !self.options.share.is_none_or(Share::reports_lines) => {}
            Item::OtherMethod(method) => {
                *self.results.other_methods.entry(method).or_default() += 1;
            }
            Item::Problem(line) => {
                let shown = self.options.invalid_lines;
                self.problems.keep(&line, map, name, shown);
            }
            Item::Skipped { line, reason } => {
                let skipped = self.results.skipped.entry(reason.into());
                *skipped.or_default() += 1;
                let listed = self.options.list_skipped.then_some(line);
                if let Some(summary) = self.results.traces.get_mut(file) {
                    summary.skip(listed, reason);
                }
            }
        }
    }

    /// How many calls lines have added by repetition so far.
    pub const fn repeated(&self) -> u64 {
        self.repeated
    }

    /// The results of all that was read.
    pub fn finish(mut self) -> Results {
        let placed = std::mem::take(&mut self.placed);
        if !placed.is_empty() {
            self.replay_merged(&placed);
        }
        let rules = self.rules.counts(self.engine, &self.tools);
        self.tools.add_to(&mut self.results.tools);
        rule_tally::add(&mut self.results.rules, &rules);
        if self.options.at_origin {
            origins::sort_by_name(&mut self.results);
        }
        self.results.cases.sort_by(Case::in_order);
        self.results.passed.sort_by(Case::in_order);
        self.results.assumptions = self.assumptions.into_sorted();
        self.results.invalid_lines = self.problems.lines;
        self.results.unlisted_lines = self.problems.lines - self.problems.listed;
        self.results.problems = self.problems.findings;
        self.results
    }

    /// Replays every repetition of one call. `verdict` is what the rules say of
    /// it, when another thread has evaluated them already.
    fn call(
        &mut self,
        timeline: &mut Timeline<'e>,
        file: usize,
        call: &impl CallView,
        verdict: Option<&RuleVerdict<'e>>,
    ) {
        let origin = self.origin(call);
        if !self.is_in_share(file, call, origin.as_deref()) || timeline.check().is_err() {
            return;
        }
        let Some(mut open) = self.open(file, call, origin.as_deref()) else {
            return;
        };
        let evaluated;
        let verdict = match verdict {
            Some(verdict) => verdict,
            None => {
                evaluated = timeline.evaluate_rules(call);
                &evaluated
            }
        };
        for index in 0..call.repeat() {
            self.step(timeline, call, index, verdict, &mut open);
        }
        self.close(call, &mut open);
    }

    fn replay_merged(&mut self, placed: &[Placed]) {
        let mut timeline = Timeline::new(self.engine, self.options.max_lateness);
        let mut begun: HashMap<usize, (OpenCall<'e>, RuleVerdict<'e>)> = HashMap::new();
        for (at, index) in merged(placed) {
            let Some(Placed { file, call }) = placed.get(at) else {
                continue;
            };
            if index == 0 {
                let origin = self.origin(call);
                let Some(open) = self.open(*file, call, origin.as_deref()) else {
                    continue;
                };
                begun.insert(at, (open, timeline.evaluate_rules(call)));
            }
            let Some((mut open, verdict)) = begun.remove(&at) else {
                // Out of scope.
                continue;
            };
            self.step(&mut timeline, call, index, &verdict, &mut open);
            if index + 1 == call.repeat {
                self.close(call, &mut open);
            } else {
                begun.insert(at, (open, verdict));
            }
        }
    }

    /// Where an importer found a call, when this run needs it.
    fn origin<'c>(&self, call: &'c impl CallView) -> Option<Cow<'c, Origin>> {
        let is_given = |share: Share| share.by == By::Given;
        if self.options.at_origin || self.options.share.is_some_and(is_given) {
            call.origin()
        } else {
            None
        }
    }

    /// The trace that a call of trace `file` is reported in.
    fn reported_in(&mut self, file: usize, origin: Option<&Origin>) -> usize {
        match origin {
            Some(origin) if self.options.at_origin => {
                self.origins.trace(&mut self.results.traces, origin)
            }
            _ => file,
        }
    }

    /// The name of trace `file`.
    fn name_of(&self, file: usize) -> &str {
        let trace = self.results.traces.get(file);
        trace.map(|trace| trace.name.as_str()).unwrap_or_default()
    }

    /// Whether a call of trace `file` is in the share that this run decides.
    /// Counts the call for the comparison of shares.
    fn is_in_share(&mut self, file: usize, call: &impl CallView, origin: Option<&Origin>) -> bool {
        let Some(share) = self.options.share else {
            return true;
        };
        let trace = self.reported_in(file, origin);
        let is_own = share.decides(call.grant(), self.name_of(trace));
        let why = match share.by {
            By::Given if !is_own => Some("belongs to another share by its grant"),
            By::Given if origin.is_none() => {
                Some("has no origin, so that a share cannot say where it stands")
            }
            By::Given | By::Hash => None,
        };
        let stray = why.map(|why| Stray {
            file: self.name_of(file).to_owned(),
            line: call.line(),
            why,
        });
        if let Some(shared) = &mut self.results.shared {
            shared.read += call.repeat();
            if call.grant() == Grant::Unknown {
                shared.unknown_grant += call.repeat();
            }
            shared.stray = shared.stray.take().or(stray);
        }
        is_own
    }

    /// Whether a call that is reported in trace `file` went to the policy's
    /// server; counts those that did not.
    fn is_in_scope(&mut self, file: usize, call: &impl CallView) -> bool {
        let scope = scope(call.server(), self.options.server.as_deref());
        self.assumptions.note_scope(scope);
        let Scope::Out(server) = scope else {
            return true;
        };
        let share = self.options.share;
        if share.is_none_or(|share| share.reports_calls_of(call.grant())) {
            self.results.count_out_of_scope(file, server, call.repeat());
        }
        false
    }

    /// Prepares one call; `None` when it is out of scope.
    fn open(
        &mut self,
        file: usize,
        call: &impl CallView,
        origin: Option<&Origin>,
    ) -> Option<OpenCall<'e>> {
        let file = self.reported_in(file, origin);
        if !self.is_in_scope(file, call) {
            return None;
        }
        let name = self.results.traces.get(file);
        let name = name.map(|trace| trace.name.as_str()).unwrap_or_default();
        self.assumptions.note_grant(call.grant(), file, name);
        if call.repeats_an_argument() {
            self.assumptions.insert(Assumption::LastArgumentCounts);
        }
        let observed = call.observed().filter(|_| self.options.expect_observed);
        let expectation = match observed {
            Some(observed) => Some(Expectation::Each(observed.into())),
            None => call.expectation().map(Cow::into_owned),
        };
        let mut open = OpenCall::new(file, expectation);
        if self.options.share.is_some() && call.grant() == Grant::Unknown {
            open.set_aside = Some(Vec::new());
        }
        Some(open)
    }

    /// Decides repetition `index` of an open call.
    fn step(
        &mut self,
        timeline: &mut Timeline<'e>,
        call: &impl CallView,
        index: u64,
        verdict: &RuleVerdict<'e>,
        open: &mut OpenCall<'e>,
    ) {
        let step = timeline.apply_limits(open.trace, call, index, verdict);
        self.assumptions.note_step(&step);
        if let Some(usage) = &mut self.results.usage {
            let time = call.time_of(index);
            let used = timeline.usage(open.trace, call, index);
            match open.set_aside {
                Some(_) => usage.reach(time, &used),
                None => usage.note(time, &step.decision, &used),
            }
        }
        let reasons = &mut self.results.reasons;
        open.decided(index, &step.decision, &self.options, reasons);
    }

    /// Adds up what became of a call, and keeps what is reported of it.
    pub(super) fn close(&mut self, call: &impl CallView, open: &mut OpenCall<'e>) {
        if let Some(decisions) = open.set_aside.take() {
            return self.set_aside(call, open, decisions);
        }
        if let Some(trace) = self.results.traces.get_mut(open.trace) {
            trace.counts.add(&open.counts);
        }
        let passed = open.counts.allow + self.rules.add(&open.refused);
        self.tools.add(call.tool(), &open.counts, passed);
        if open.groups.is_empty() {
            return;
        }
        let call = call.to_recorded();
        for group in std::mem::take(&mut open.groups) {
            self.keep(open.trace, &call, group);
        }
    }

    /// Keeps a call of unknown grant for all shares; the first share has the
    /// call itself. A call that no limit decides is kept too, so that all of
    /// them are reported in one order.
    fn set_aside(
        &mut self,
        call: &impl CallView,
        open: &mut OpenCall<'e>,
        decisions: Vec<(Decision<'e>, u64)>,
    ) {
        let share = self.options.share;
        let is_reported = share.is_none_or(|share| share.reports_calls_of(call.grant()));
        let Some(shared) = &mut self.results.shared else {
            return;
        };
        for (decision, times) in &decisions {
            runs::push_run(&mut shared.decisions, Actual::from(decision), *times);
        }
        if is_reported {
            let mut call = call.to_recorded().into_owned();
            call.expect = open.expectation.take();
            let trace = open.trace;
            shared.calls.push(SetAside { trace, call });
        }
    }

    /// Keeps what is to be reported of a call in trace `file`.
    fn keep(&mut self, file: usize, call: &RecordedCall, group: Group<'e>) {
        let kept = self.results.cases.len() + self.results.passed.len();
        if kept >= self.options.most_cases {
            self.results.unlisted_cases += 1;
            return;
        }
        let mut case = group::case(self.engine, call, group);
        if self.options.at_origin {
            case = origins::at_origin(case);
        }
        case.trace = file;
        case.file = self.name_of(file).to_owned();
        if case.verdict == Verdict::Pass && !self.options.all_cases {
            self.results.passed.push(case);
        } else {
            self.results.cases.push(case);
        }
    }

    /// How many calls before this one are on its line.
    fn nth(&mut self, line: usize) -> usize {
        let nth = match self.previous {
            (previous, nth) if previous == line => nth + 1,
            _ => 0,
        };
        self.previous = (line, nth);
        nth
    }
}
