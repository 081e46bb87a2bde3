//! Timed sequences of calls as witnesses: laid out over calendar windows, raced
//! through two engines, and written down as runs of equal calls.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::compiled::{Compiled, Pair};
use super::quota::PerWindow;
use super::verdict::{Direction, Reason, Ruling, Witness};
use mcppolicy_engine::engine::{Call, Counters, Decision, Engine};
use mcppolicy_engine::policy::Window;
use mcppolicy_engine::time::{Time, TimeDelta};
use mcppolicy_engine::value::Value;
use mcppolicy_trace::trace::WitnessCall;

/// Midnight of a Thursday, 2026-01-01: windows of a day begin here.
const MIDNIGHT: i64 = 1_767_225_600;

/// Shorter windows are shown at ten o'clock.
const TEN: i64 = MIDNIGHT + 10 * 3_600;

/// The time of calls whose time does not matter.
pub(super) fn whenever() -> Time {
    Time::new(TEN, 0)
}

const SECOND: i128 = 1_000_000_000;

/// The grant of every witness.
const GRANT: &str = "witness";

/// A call without its time.
#[derive(Debug, PartialEq)]
pub(super) struct Shape {
    pub(super) tool: String,
    pub(super) arguments: Value,
}

/// Equal calls at equal distances.
#[derive(Debug, Clone)]
pub(super) struct Run {
    pub(super) shape: Rc<Shape>,
    /// The time of the first call.
    pub(super) time: Time,
    /// How many calls; never 0.
    pub(super) repeat: u64,
    /// Nanoseconds between two calls; at least 0.
    pub(super) every: i128,
}

impl Run {
    /// One call at a time.
    pub(super) fn of_one(shape: Rc<Shape>, time: Time) -> Run {
        Run {
            shape,
            time,
            repeat: 1,
            every: 0,
        }
    }

    pub(super) fn once(tool: &str, arguments: Value) -> Run {
        let shape = Rc::new(Shape {
            tool: tool.to_owned(),
            arguments,
        });
        Run::of_one(shape, Time::new(TEN, 0))
    }

    /// The time of the call at `index`.
    fn time_of(&self, index: u64) -> Time {
        self.time.plus(TimeDelta::nanos(self.every).times(index))
    }

    fn last(&self) -> Time {
        self.time_of(self.repeat.saturating_sub(1))
    }

    /// The calls from `index` on.
    fn behind(&self, index: u64) -> Option<Run> {
        let repeat = self.repeat.checked_sub(index).filter(|left| *left > 0)?;
        Some(Run {
            time: self.time_of(index),
            repeat,
            ..self.clone()
        })
    }

    /// The first `count` calls.
    fn until(&self, count: u64) -> Run {
        Run {
            repeat: count,
            ..self.clone()
        }
    }

    /// How many of the calls, from the first on, are in its minute. Every
    /// window contains that whole minute.
    fn in_first_minute(&self) -> u64 {
        let start = self.time.seconds().div_euclid(60).saturating_mul(60);
        let end = i128::from(start.saturating_add(60)) * SECOND;
        let left = (end - self.time.as_nanos()).max(1);
        let fitting = if self.every > 0 {
            u64::try_from((left - 1) / self.every + 1).unwrap_or(u64::MAX)
        } else {
            u64::MAX
        };
        self.repeat.min(fitting)
    }

    fn call(&self) -> Call<'_> {
        Call::new(GRANT, &self.shape.tool, &self.shape.arguments, self.time)
    }

    fn decide<'e>(&self, engine: &'e Engine, counters: &mut Counters) -> Decision<'e> {
        engine.decide(&self.call(), counters).decision
    }

    /// How many of `most` calls in the first minute pass in a row; they are
    /// counted.
    fn pass(&self, engine: &Engine, most: u64, counters: &mut Counters) -> u64 {
        let verdict = engine.evaluate_rules(self.call().request);
        verdict.reserve_run(GRANT, self.time, most, counters)
    }
}

/// The witness that `calls`, in the order of time, are: they pass `passer`
/// throughout, and the last of them is the first that `refuser` refuses.
/// Nothing when the engines do not agree.
pub(super) fn confirm(
    pair: &Pair<'_, '_>,
    calls: &[Run],
    passer: &Compiled<'_>,
    refuser: &Compiled<'_>,
) -> Option<Witness> {
    let (mut passing, mut refusing) = (Counters::default(), Counters::default());
    let mut before: Vec<Run> = Vec::new();
    for run in calls {
        let mut rest = Some(run.clone());
        while let Some(run) = rest {
            let most = run.in_first_minute();
            let both = run.pass(&refuser.engine, most, &mut refusing);
            if run.pass(&passer.engine, both, &mut passing) < both {
                return None;
            }
            if both > 0 {
                before.push(run.until(both));
            }
            rest = run.behind(both);
            let Some(next) = rest.clone().filter(|_| both < most) else {
                continue;
            };
            let passed = next.decide(&passer.engine, &mut passing);
            if !passed.is_allow() {
                return None;
            }
            let refused = next.decide(&refuser.engine, &mut refusing);
            before.push(next.until(1));
            if refused.is_deny() {
                let passed = Ruling::new(&passed, passer);
                let refused = Ruling::new(&refused, refuser);
                let (old, new) = if std::ptr::eq(passer, pair.new) {
                    (refused, passed)
                } else {
                    (passed, refused)
                };
                let calls = joined(&before);
                return Some(Witness { calls, old, new });
            }
            rest = next.behind(1);
        }
    }
    None
}

/// A single call as a witness, decided by both engines.
pub(super) fn confirm_call(
    pair: &Pair<'_, '_>,
    tool: &str,
    arguments: Value,
    passer: &Compiled<'_>,
    refuser: &Compiled<'_>,
) -> Direction {
    let call = Run::once(tool, arguments);
    match confirm(pair, &[call], passer, refuser) {
        Some(mut witness) => {
            for call in &mut witness.calls {
                call.at = None;
            }
            Direction::Proved(vec![witness])
        }
        None => {
            debug_assert!(false, "the engine decides a witness for {tool} otherwise");
            Direction::Unknown(Reason::Unconfirmed)
        }
    }
}

/// Whether an engine passes every call, as one grant's with fresh counters.
/// Where a call has no time, `whenever` is its time.
pub(crate) fn passes_all(engine: &Engine, calls: &[WitnessCall], whenever: Time) -> bool {
    let mut counters = Counters::default();
    let each = calls.iter().filter(|call| call.repeat > 0);
    each.map(|call| Run {
        shape: Rc::new(Shape {
            tool: call.tool.clone(),
            arguments: call.arguments.clone(),
        }),
        time: call.at.unwrap_or(whenever),
        repeat: call.repeat,
        every: call.every.as_nanos(),
    })
    .all(|run| passes(engine, run, &mut counters))
}

fn passes(engine: &Engine, run: Run, counters: &mut Counters) -> bool {
    let mut rest = Some(run);
    while let Some(run) = rest {
        let most = run.in_first_minute();
        let passed = run.pass(engine, most, counters);
        rest = run.behind(passed);
        if let Some(next) = rest.clone().filter(|_| passed < most) {
            if !next.decide(engine, counters).is_allow() {
                return false;
            }
            rest = next.behind(1);
        }
    }
    true
}

/// Equal calls at equal distances as one.
fn joined(runs: &[Run]) -> Vec<WitnessCall> {
    let mut joined: Vec<(Rc<Shape>, WitnessCall)> = Vec::new();
    let mut last = None;
    for run in runs {
        let step = last.map_or(0, |last: Time| run.time.as_nanos() - last.as_nanos());
        last = Some(run.last());
        join(&mut joined, &run.until(1), step);
        if run.repeat > 1 {
            let rest = run.behind(1);
            join(&mut joined, &rest.unwrap_or_else(|| run.clone()), run.every);
        }
    }
    joined.into_iter().map(|(_, call)| call).collect()
}

/// Adds calls, the first of them `step` nanoseconds behind the last one.
fn join(joined: &mut Vec<(Rc<Shape>, WitnessCall)>, run: &Run, step: i128) {
    match joined.last_mut() {
        Some((shape, call))
            if Rc::ptr_eq(shape, &run.shape)
                && (call.repeat == 1 || call.every.as_nanos() == step) =>
        {
            call.repeat += run.repeat;
            call.every = TimeDelta::nanos(step);
        }
        _ => {
            let tool = run.shape.tool.clone();
            let mut call = WitnessCall::new(tool, run.shape.arguments.clone());
            call.at = Some(run.time);
            call.repeat = run.repeat;
            if run.repeat > 1 {
                call.every = TimeDelta::nanos(run.every);
            }
            joined.push((Rc::clone(&run.shape), call));
        }
    }
}

/// The first second of the window in which witnesses of that length are shown.
pub(super) const fn start(window: Window) -> i64 {
    match window {
        Window::Day => MIDNIGHT,
        Window::Minute | Window::Hour => TEN,
    }
}

/// How many minutes a window has, and how many hours are among them.
pub(super) const fn slots(window: Window) -> (u64, u64) {
    match window {
        Window::Minute => (1, 1),
        Window::Hour => (60, 1),
        Window::Day => (1440, 24),
    }
}

/// The first second of the `at`-th minute of a window, in an order in which
/// consecutive minutes lie in different hours.
pub(super) fn spread_minute(window: Window, at: u64) -> i64 {
    let (minutes, hours) = slots(window);
    let at = at % minutes;
    let (hour, minute) = (at % hours, at / hours);
    // At most 1440 minutes, so nothing is lost.
    start(window) + i64::try_from(hour * 3_600 + minute * 60).unwrap_or(0)
}

/// So many calls of one shape within one window, evenly, as close together as
/// the true maxima of the smaller windows let them be.
pub(super) fn evenly(shape: &Rc<Shape>, count: u64, window: Window, maxima: PerWindow) -> Vec<Run> {
    let run = Run {
        shape: Rc::clone(shape),
        time: Time::new(start(window), 0),
        repeat: count,
        every: spacing(count, window, maxima),
    };
    if count == 0 { Vec::new() } else { vec![run] }
}

/// Nanoseconds between `count` calls of one window: a round number where one
/// fits, else the largest.
fn spacing(count: u64, window: Window, maxima: PerWindow) -> i128 {
    let gaps = i128::from(count.saturating_sub(1)).max(1);
    let length = i128::from(window.seconds()) * SECOND;
    let at_most = |every: i128, window: Window| {
        let length = i128::from(window.seconds()) * SECOND;
        let fitting = (length + every - 1) / every;
        u128::try_from(fitting).is_ok_and(|fitting| fitting <= maxima.get(window))
    };
    let fits = |every: &i128| {
        gaps * every < length
            && (u128::from(count) <= maxima.minute && gaps * every < 60 * SECOND
                || at_most(*every, Window::Minute)
                    && (window != Window::Day || at_most(*every, Window::Hour)))
    };
    let seconds = [
        1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60, 90, 120, 180, 240, 300, 360, 600, 900, 1200,
        1800, 3600, 7200,
    ];
    let fractions = [SECOND / 10, SECOND / 100, SECOND / 1000, SECOND / 1_000_000];
    let round = seconds
        .map(|seconds| seconds * SECOND)
        .into_iter()
        .chain(fractions);
    round
        .into_iter()
        .find(fits)
        // More calls than nanoseconds are at one instant.
        .unwrap_or((length - 1) / gaps)
}

/// So many calls of several shapes within one window, spread so that every
/// shape, and all together, fill its minutes and hours evenly.
pub(super) fn interleaved(shapes: &[(Rc<Shape>, u64)], window: Window) -> Vec<Run> {
    let (minutes, _) = slots(window);
    let mut filled: BTreeMap<i64, Vec<(Rc<Shape>, u64)>> = BTreeMap::new();
    // The calls are dealt out to the minutes in turn.
    let mut dealt = 0;
    for (shape, count) in shapes {
        for at in dealt..dealt + minutes.min(*count) {
            let others = (dealt + count - 1 - at) / minutes;
            let minute = filled.entry(spread_minute(window, at)).or_default();
            minute.push((Rc::clone(shape), 1 + others));
        }
        dealt += count;
    }
    let of_minute =
        |shapes: &Vec<(Rc<Shape>, u64)>| shapes.iter().map(|(_, count)| count).sum::<u64>();
    let busiest: u64 = filled.values().map(of_minute).max().unwrap_or(0);
    let every = spacing(busiest, Window::Minute, PerWindow::all(u128::from(busiest)));
    let mut runs = Vec::new();
    for (start, shapes) in filled {
        let mut at = 0;
        for (shape, repeat) in shapes {
            let time = Time::new(start, 0).plus(TimeDelta::nanos(every).times(at));
            runs.push(Run {
                shape,
                time,
                repeat,
                every,
            });
            at += repeat;
        }
    }
    runs
}

/// How many runs such calls are.
pub(super) fn interleaved_runs(shapes: &[(Rc<Shape>, u64)], window: Window) -> u64 {
    let (minutes, _) = slots(window);
    let each = shapes.iter().map(|(_, count)| minutes.min(*count));
    each.fold(0, u64::saturating_add)
}

/// What became of a call in a race.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// The passer refused it: it is not part of the sequence.
    Skipped,
    /// Both passed it.
    Passed,
    /// The passer passed it and the refuser did not: the race is over.
    Refused,
}

/// Calls tried one by one on two engines, keeping those that one passes until
/// the other refuses.
pub(super) struct Race<'r> {
    passer: &'r Engine,
    refuser: &'r Engine,
    passing: Counters,
    refusing: Counters,
    calls: Vec<Run>,
    passed: u64,
}

impl<'r> Race<'r> {
    pub(super) fn new(passer: &'r Engine, refuser: &'r Engine) -> Race<'r> {
        Race {
            passer,
            refuser,
            passing: Counters::default(),
            refusing: Counters::default(),
            calls: Vec::new(),
            passed: 0,
        }
    }

    pub(super) fn call(&mut self, call: Run) -> Step {
        if !call.decide(self.passer, &mut self.passing).is_allow() {
            return Step::Skipped;
        }
        let refused = call.decide(self.refuser, &mut self.refusing).is_deny();
        self.calls.push(call);
        self.passed += 1;
        if refused { Step::Refused } else { Step::Passed }
    }

    /// Makes up to `most` calls at one instant, until one of the two refuses.
    pub(super) fn pass(&mut self, call: Run, most: u64) -> Step {
        let passed = call.pass(self.passer, most, &mut self.passing);
        let both = call.pass(self.refuser, passed, &mut self.refusing);
        let repeat = passed.min(both.saturating_add(1));
        if repeat == 0 {
            return Step::Skipped;
        }
        self.calls.push(call.until(repeat));
        self.passed += repeat;
        if both < passed {
            Step::Refused
        } else {
            Step::Passed
        }
    }

    /// How many calls the passer passed.
    pub(super) fn passed(&self) -> u64 {
        self.passed
    }

    /// The calls that the passer passed, in the order of time.
    pub(super) fn finish(mut self) -> Vec<Run> {
        self.calls.sort_by_key(|call| call.time);
        self.calls
    }
}
