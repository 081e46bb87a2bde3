//! Timed sequences of calls as witnesses: laid out over calendar windows, raced
//! through two engines, and written down as runs of equal calls.

use std::rc::Rc;

use super::compiled::{Compiled, Pair};
use super::quota::PerWindow;
use super::verdict::{Ruling, Witness};
use mcppolicy_engine::engine::{Call, Counters, Decision, Engine};
use mcppolicy_engine::policy::Window;
use mcppolicy_engine::time::{Time, TimeDelta};
use mcppolicy_engine::value::Value;
use mcppolicy_trace::trace::WitnessCall;

/// Midnight of a Thursday, 2026-01-01: windows of a day begin here.
const MIDNIGHT: i64 = 1_767_225_600;

/// Shorter windows are shown at ten o'clock.
const TEN: i64 = MIDNIGHT + 10 * 3_600;

const SECOND: i128 = 1_000_000_000;

/// The grant of every witness.
const GRANT: &str = "witness";

/// A call without its time.
#[derive(Debug, PartialEq)]
pub(super) struct Shape {
    pub(super) tool: String,
    pub(super) arguments: Value,
}

/// A call at a time.
#[derive(Debug, Clone)]
pub(super) struct Timed {
    pub(super) shape: Rc<Shape>,
    pub(super) time: Time,
}

impl Timed {
    pub(super) fn once(tool: &str, arguments: Value) -> Timed {
        Timed {
            shape: Rc::new(Shape {
                tool: tool.to_owned(),
                arguments,
            }),
            time: Time::new(TEN, 0),
        }
    }

    fn decide<'e>(&self, engine: &'e Engine, counters: &mut Counters) -> Decision<'e> {
        let call = Call::new(GRANT, &self.shape.tool, &self.shape.arguments, self.time);
        engine.decide(&call, counters).decision
    }
}

/// The witness that `calls`, in the order of time, are: they pass `passer`
/// throughout, and the last of them is the first that `refuser` refuses.
/// Nothing when the engines do not agree.
pub(super) fn confirm(
    pair: &Pair<'_, '_>,
    calls: &[Timed],
    passer: &Compiled<'_>,
    refuser: &Compiled<'_>,
) -> Option<Witness> {
    let (mut passing, mut refusing) = (Counters::default(), Counters::default());
    for (at, call) in calls.iter().enumerate() {
        let passed = call.decide(&passer.engine, &mut passing);
        if !passed.is_allow() {
            return None;
        }
        let refused = call.decide(&refuser.engine, &mut refusing);
        if refused.is_deny() {
            let passed = Ruling::new(&passed, passer);
            let refused = Ruling::new(&refused, refuser);
            let (old, new) = if std::ptr::eq(passer, pair.new) {
                (refused, passed)
            } else {
                (passed, refused)
            };
            let calls = runs(calls.get(..=at).unwrap_or_default());
            return Some(Witness { calls, old, new });
        }
    }
    None
}

/// Equal calls at equal distances as one.
fn runs(calls: &[Timed]) -> Vec<WitnessCall> {
    let mut runs: Vec<(Rc<Shape>, WitnessCall)> = Vec::new();
    let mut last = None;
    for call in calls {
        let step = last.map_or(0, |last: Time| call.time.as_nanos() - last.as_nanos());
        last = Some(call.time);
        match runs.last_mut() {
            Some((shape, run))
                if Rc::ptr_eq(shape, &call.shape)
                    && (run.repeat == 1 || run.every.as_nanos() == step) =>
            {
                run.repeat += 1;
                run.every = TimeDelta::nanos(step);
            }
            _ => {
                let tool = call.shape.tool.clone();
                let mut run = WitnessCall::new(tool, call.shape.arguments.clone());
                run.at = Some(call.time);
                runs.push((Rc::clone(&call.shape), run));
            }
        }
    }
    runs.into_iter().map(|(_, run)| run).collect()
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
pub(super) fn evenly(
    shape: &Rc<Shape>,
    count: u64,
    window: Window,
    maxima: PerWindow,
) -> Vec<Timed> {
    let every = spacing(count, window, maxima);
    let call = |at: u64| Timed {
        shape: Rc::clone(shape),
        time: Time::new(start(window), 0).plus(TimeDelta::nanos(every).times(at)),
    };
    (0..count).map(call).collect()
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
        .unwrap_or((length - 1) / gaps)
        .max(1)
}

/// So many calls of several shapes within one window, spread so that every
/// shape, and all together, fill its minutes and hours evenly.
pub(super) fn interleaved(shapes: &[(Rc<Shape>, u64)], window: Window) -> Vec<Timed> {
    let mut filled = std::collections::BTreeMap::new();
    let each = shapes
        .iter()
        .flat_map(|(shape, count)| (0..*count).map(move |_| shape));
    for (at, shape) in (0..).zip(each) {
        let minute: &mut Vec<Rc<Shape>> = filled.entry(spread_minute(window, at)).or_default();
        minute.push(Rc::clone(shape));
    }
    let busiest = filled.values().map(Vec::len).max().unwrap_or(0) as u64;
    let every = spacing(busiest, Window::Minute, PerWindow::all(u128::from(busiest)));
    filled
        .into_iter()
        .flat_map(|(start, shapes)| {
            let time = move |at: u64| Time::new(start, 0).plus(TimeDelta::nanos(every).times(at));
            (0..).zip(shapes).map(move |(at, shape)| Timed {
                shape,
                time: time(at),
            })
        })
        .collect()
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
    calls: Vec<Timed>,
}

impl<'r> Race<'r> {
    pub(super) fn new(passer: &'r Engine, refuser: &'r Engine) -> Race<'r> {
        Race {
            passer,
            refuser,
            passing: Counters::default(),
            refusing: Counters::default(),
            calls: Vec::new(),
        }
    }

    pub(super) fn call(&mut self, call: Timed) -> Step {
        if !call.decide(self.passer, &mut self.passing).is_allow() {
            return Step::Skipped;
        }
        let refused = call.decide(self.refuser, &mut self.refusing).is_deny();
        self.calls.push(call);
        if refused { Step::Refused } else { Step::Passed }
    }

    /// How many calls the passer passed.
    pub(super) fn passed(&self) -> u64 {
        self.calls.len() as u64
    }

    /// The calls that the passer passed, in the order of time.
    pub(super) fn finish(mut self) -> Vec<Timed> {
        self.calls.sort_by_key(|call| call.time);
        self.calls
    }
}
