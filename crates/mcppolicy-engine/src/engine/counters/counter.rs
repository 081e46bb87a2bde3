//! One limit's counter for one grant: its open windows, and what calls at
//! different times see of them.
//!
//! Most grants of a large recording have one open window of a limit and no
//! error, so that is all that a counter holds in itself.

use super::releases::Releases;
use crate::engine::interval::Interval;
use crate::time::Time;

/// One limit's counter for one grant.
#[derive(Debug, Default)]
pub(super) struct Counter {
    /// The only window that calls have been counted in, if there is only one.
    only: Window,
    /// Everything, as soon as there is more than that.
    more: Option<Box<More>>,
}

/// What calls hold of one window.
#[derive(Debug, Clone, Copy)]
struct Window {
    /// Its first second; [`NO_START`] where there is no window.
    start: i64,
    /// Reservations that have not been given back.
    kept: Interval,
}

/// No window starts so early.
const NO_START: i64 = i64::MIN;

impl Default for Window {
    fn default() -> Window {
        Window::new(NO_START)
    }
}

impl Window {
    fn new(start: i64) -> Window {
        Window {
            start,
            kept: Interval::default(),
        }
    }
}

#[derive(Debug, Default)]
struct More {
    /// Open windows, ascending.
    windows: Vec<Window>,
    /// The most that any window may ever have held, closed ones included.
    peak: u64,
    rest: Option<Box<Rest>>,
}

/// What few counters need.
#[derive(Debug)]
struct Rest {
    /// The releases of open windows, by their first second, ascending.
    releases: Vec<(i64, Releases)>,
    /// What calls of unknown time may have added to any window.
    floating: u64,
    /// Windows from before this second have been closed.
    closed_before: i64,
    /// The most that any of them may have held.
    closed_peak: u64,
}

impl Default for Rest {
    fn default() -> Rest {
        Rest {
            releases: Vec::new(),
            floating: 0,
            closed_before: NO_START,
            closed_peak: 0,
        }
    }
}

impl Rest {
    fn releases(&self, start: i64) -> Option<&Releases> {
        let at = self.position(start).ok()?;
        self.releases.get(at).map(|(_, releases)| releases)
    }

    fn position(&self, start: i64) -> Result<usize, usize> {
        position(&self.releases, start, |(start, _)| *start)
    }
}

/// Where the entry of the window from `start` is, or belongs.
fn position<T>(list: &[T], start: i64, start_of: impl Fn(&T) -> i64) -> Result<usize, usize> {
    // Calls come roughly in order: the last window is nearly always it.
    match list.last() {
        Some(last) if start_of(last) == start => Ok(list.len() - 1),
        Some(last) if start_of(last) < start => Err(list.len()),
        _ => list.binary_search_by_key(&start, start_of),
    }
}

/// What a counter says of one window to an index over all grants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Standing {
    /// What a call behind all releases sees at most; `None` where the window is
    /// not open.
    pub kept: Option<u64>,
    /// Before this time a call may see up to so much.
    pub before: Option<(Time, u64)>,
    /// The most that a call may see whatever its time, where the times of some
    /// calls are not known.
    pub floating: Option<u64>,
    /// The most that any window may ever have held.
    pub peak: u64,
}

impl Counter {
    /// What calls of known time in the window from `start` and calls of unknown
    /// time have added to what a call at `time` sees.
    pub fn seen_at(&self, time: Time, start: i64) -> Interval {
        let Some(more) = &self.more else {
            return match self.only.start == start {
                true => self.only.kept,
                false => Interval::default(),
            };
        };
        let mut seen = more.kept(start).unwrap_or_default();
        if let Some(rest) = &more.rest {
            if start < rest.closed_before {
                seen.high = seen.high.max(rest.closed_peak);
            }
            if let Some(releases) = rest.releases(start) {
                seen.add(releases.seen_at(time));
            }
            seen.high = seen.high.saturating_add(rest.floating);
        }
        seen
    }

    /// What a call of unknown time may see at most.
    pub fn most(&self) -> u64 {
        match &self.more {
            None => self.only.kept.high,
            Some(more) => more.peak.saturating_add(more.floating()),
        }
    }

    /// Adds `amount` to the window from `start`.
    pub fn add(&mut self, start: i64, amount: Interval) {
        if self.more.is_none() && [start, NO_START].contains(&self.only.start) {
            self.only.start = start;
            self.only.kept.add(amount);
            return;
        }
        let more = self.more();
        let at = match position(&more.windows, start, |window| window.start) {
            Ok(at) => at,
            Err(at) => {
                grow_slowly(&mut more.windows);
                more.windows.insert(at, Window::new(start));
                at
            }
        };
        let Some(window) = more.windows.get_mut(at) else {
            return;
        };
        window.kept.add(amount);
        let largest = window.kept.high.saturating_add(more.released(start));
        more.peak = more.peak.max(largest);
    }

    /// Adds what a call of unknown time may have consumed in any window.
    pub fn float(&mut self, amount: u64) {
        let rest = self.rest();
        rest.floating = rest.floating.saturating_add(amount);
    }

    /// Takes it away again: it was given back before any other call saw it.
    pub fn sink(&mut self, amount: u64) {
        let rest = self.rest();
        if rest.floating != u64::MAX {
            rest.floating = rest.floating.saturating_sub(amount);
        }
    }

    /// Gives back, at `time`, what a limit of `max` took from the window from
    /// `start`. A window that is closed needs nothing back.
    pub fn release(&mut self, start: i64, time: Time, amount: Interval, max: u64) {
        let more = self.more();
        let Ok(at) = position(&more.windows, start, |window| window.start) else {
            return;
        };
        let Some(window) = more.windows.get_mut(at) else {
            return;
        };
        window.kept.remove(amount);
        let rest = more.rest.get_or_insert_default();
        let at = rest.position(start).unwrap_or_else(|at| {
            rest.releases.insert(at, (start, Releases::default()));
            at
        });
        if let Some((_, releases)) = rest.releases.get_mut(at) {
            releases.add(time, amount, max);
        }
    }

    /// Closes the windows from before `oldest_open`, and passes the first second
    /// and the upper end of each to `each`. Says how far windows are closed and
    /// the most that any of them may have held, when one was.
    pub fn close_before(
        &mut self,
        oldest_open: i64,
        mut each: impl FnMut(i64, u64),
    ) -> Option<(i64, u64)> {
        let oldest = match &self.more {
            None => Some(&self.only).filter(|only| only.start != NO_START),
            Some(more) => more.windows.first(),
        };
        if oldest.is_none_or(|window| window.start >= oldest_open) {
            return None;
        }
        let more = self.more();
        let closed = |window: &Window| window.start < oldest_open;
        let closed = more.windows.partition_point(closed);
        let rest = more.rest.get_or_insert_default();
        for window in more.windows.drain(..closed) {
            let released = rest.releases(window.start).map_or(0, Releases::high);
            let largest = window.kept.high.saturating_add(released);
            rest.closed_peak = rest.closed_peak.max(largest);
            each(window.start, window.kept.high);
        }
        rest.releases.retain(|(start, _)| *start >= oldest_open);
        rest.closed_before = oldest_open;
        Some((oldest_open, rest.closed_peak))
    }

    /// How far windows have been closed, and the most that any of them may have
    /// held.
    pub fn closed(&self) -> Option<(i64, u64)> {
        let rest = self.more.as_ref()?.rest.as_ref()?;
        (rest.closed_before != NO_START).then_some((rest.closed_before, rest.closed_peak))
    }

    /// The first seconds of the open windows.
    pub fn starts(&self) -> impl Iterator<Item = i64> {
        let only = Some(&self.only).filter(|only| only.start != NO_START);
        let windows = self.more.iter().flat_map(|more| &more.windows);
        let all = only.into_iter().chain(windows);
        all.map(|window| window.start)
    }

    /// What an index over all grants has to know.
    pub fn standing(&self, start: i64) -> Standing {
        let Some(more) = &self.more else {
            return Standing {
                kept: (start != NO_START && self.only.start == start)
                    .then_some(self.only.kept.high),
                peak: self.only.kept.high,
                ..Standing::default()
            };
        };
        let kept = more.kept(start).map(|kept| kept.high);
        let releases = more.rest.as_ref().and_then(|rest| rest.releases(start));
        let before = releases.and_then(|releases| {
            let most = kept.unwrap_or(0).saturating_add(releases.high());
            Some((releases.latest()?, most))
        });
        let floating = more.floating();
        Standing {
            kept,
            before,
            floating: (floating > 0).then(|| more.peak.saturating_add(floating)),
            peak: more.peak,
        }
    }

    fn more(&mut self) -> &mut More {
        let only = std::mem::take(&mut self.only);
        self.more.get_or_insert_with(|| {
            let windows: Vec<Window> = match only.start {
                NO_START => Vec::new(),
                _ => vec![only],
            };
            Box::new(More {
                windows,
                peak: only.kept.high,
                rest: None,
            })
        })
    }

    fn rest(&mut self) -> &mut Rest {
        self.more().rest.get_or_insert_default()
    }
}

impl More {
    fn kept(&self, start: i64) -> Option<Interval> {
        let at = position(&self.windows, start, |window| window.start).ok()?;
        self.windows.get(at).map(|window| window.kept)
    }

    /// What has been given back of the window from `start` at most.
    fn released(&self, start: i64) -> u64 {
        let rest = self.rest.as_ref();
        let releases = rest.and_then(|rest| rest.releases(start));
        releases.map_or(0, Releases::high)
    }

    fn floating(&self) -> u64 {
        self.rest.as_ref().map_or(0, |rest| rest.floating)
    }
}

/// Makes room for one more by a half of what there is: of a million lists with a
/// few windows each, most would otherwise be empty room.
fn grow_slowly<T>(list: &mut Vec<T>) {
    if list.len() == list.capacity() {
        list.reserve_exact(list.len() / 2 + 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Time {
        Time::new(seconds, 0)
    }

    const ONE: Interval = Interval::exactly(1);

    #[test]
    fn a_window_keeps_what_was_not_given_back() {
        let mut counter = Counter::default();
        counter.add(0, ONE);
        counter.add(0, ONE);
        counter.release(0, at(12), ONE, 10);
        assert_eq!(counter.seen_at(at(11), 0), Interval::exactly(2));
        assert_eq!(counter.seen_at(at(12), 0), ONE);
        assert_eq!(counter.most(), 2);
    }

    #[test]
    fn a_window_that_is_open_and_holds_nothing_is_known_to_be_empty() {
        let mut counter = Counter::default();
        for second in 0..3 {
            counter.add(second * 60, ONE);
        }
        let mut closed = Vec::new();
        let peak = counter.close_before(120, |start, high| closed.push((start, high)));
        assert_eq!(peak, Some((120, 1)));
        assert_eq!(closed, [(0, 1), (60, 1)]);
        counter.add(600, ONE);
        // From before 120 something may have been forgotten.
        assert_eq!(counter.seen_at(at(60), 60), Interval::up_to(1));
        assert_eq!(counter.seen_at(at(-60), -60), Interval::up_to(1));
        assert_eq!(counter.seen_at(at(120), 120), ONE);
        assert_eq!(counter.seen_at(at(180), 180), Interval::default());
    }

    #[test]
    fn the_first_open_window_has_nothing_of_those_that_were_closed() {
        let mut counter = Counter::default();
        for (second, calls) in [(0, 3), (60, 1)] {
            (0..calls).for_each(|_| counter.add(second, ONE));
        }
        assert_eq!(counter.close_before(60, |_, _| {}), Some((60, 3)));
        assert_eq!(counter.seen_at(at(60), 60), ONE);
        assert_eq!(counter.seen_at(at(59), 0), Interval::up_to(3));
    }

    #[test]
    fn the_only_window_is_closed_as_any_other() {
        let mut counter = Counter::default();
        counter.add(0, ONE);
        assert_eq!(counter.close_before(0, |_, _| {}), None);
        assert_eq!(counter.close_before(60, |_, _| {}), Some((60, 1)));
        assert_eq!(counter.starts().count(), 0);
        assert_eq!(counter.seen_at(at(0), 0), Interval::up_to(1));
    }

    #[test]
    fn what_has_counted_nothing_in_a_window_has_none() {
        let mut counter = Counter::default();
        assert_eq!(counter.starts().count(), 0);
        counter.float(1);
        assert_eq!(counter.starts().count(), 0);
        counter.add(0, ONE);
        assert_eq!(counter.starts().collect::<Vec<_>>(), [0]);
    }

    #[test]
    fn what_floats_is_seen_in_every_window_until_it_sinks() {
        let mut counter = Counter::default();
        counter.float(2);
        counter.add(0, ONE);
        assert_eq!(counter.seen_at(at(0), 0), Interval { low: 1, high: 3 });
        assert_eq!(counter.seen_at(at(60), 60), Interval::up_to(2));
        assert_eq!(counter.most(), 3);
        counter.sink(2);
        assert_eq!(counter.seen_at(at(60), 60), Interval::default());
        assert_eq!(counter.most(), 1);
    }
}
