//! One limit's counter for one grant: its open windows, and what calls at
//! different times see of them.
//!
//! Calls come roughly in order, so nearly every one is in the newest window, and
//! most grants of a large recording have one window of a limit and no error. So a
//! counter holds its newest window in itself, and only that is read for most calls.

use super::releases::Releases;
use crate::engine::interval::Interval;
use crate::time::Time;

/// One limit's counter for one grant.
#[derive(Debug)]
pub(super) struct Counter {
    /// The newest open window.
    newest: Window,
    /// The first second of the oldest open window; [`NEVER`] without one.
    oldest: i64,
    older: Option<Box<Older>>,
    rest: Option<Box<Rest>>,
}

/// After every window.
const NEVER: i64 = i64::MAX;

impl Default for Counter {
    fn default() -> Counter {
        Counter {
            newest: Window::default(),
            oldest: NEVER,
            older: None,
            rest: None,
        }
    }
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

/// What a counter of several windows needs.
#[derive(Debug, Default)]
struct Older {
    /// The open windows before the newest, ascending.
    windows: Vec<Window>,
    /// The most that one of them or a window before them may ever have held.
    peak: u64,
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

    /// What has been given back of the window from `start` at most.
    fn released(&self, start: i64) -> u64 {
        self.releases(start).map_or(0, Releases::high)
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
        let mut seen = self.kept(start).unwrap_or_default();
        let Some(rest) = &self.rest else {
            return seen;
        };
        if start < rest.closed_before {
            seen.high = seen.high.max(rest.closed_peak);
        }
        if let Some(releases) = rest.releases(start) {
            seen.add(releases.seen_at(time));
        }
        seen.high = seen.high.saturating_add(rest.floating);
        seen
    }

    /// What a call of unknown time may see at most.
    pub fn most(&self) -> u64 {
        self.peak().saturating_add(self.floating())
    }

    /// The most that any window may ever have held, closed ones included.
    fn peak(&self) -> u64 {
        let older = self.older.as_ref().map_or(0, |older| older.peak);
        older.max(self.largest(&self.newest))
    }

    /// The most that a window may have held.
    fn largest(&self, window: &Window) -> u64 {
        let rest = self.rest.as_ref();
        let released = rest.map_or(0, |rest| rest.released(window.start));
        window.kept.high.saturating_add(released)
    }

    /// Adds `amount` to the window from `start`.
    pub fn add(&mut self, start: i64, amount: Interval) {
        if start > self.newest.start {
            if self.newest.start != NO_START {
                self.supersede_newest();
            }
            self.newest = Window::new(start);
            self.oldest = self.oldest.min(start);
        }
        if start == self.newest.start {
            return self.newest.kept.add(amount);
        }
        let older = self.older.get_or_insert_default();
        let at = older.position(start).unwrap_or_else(|at| {
            grow_slowly(&mut older.windows);
            older.windows.insert(at, Window::new(start));
            at
        });
        self.oldest = self.oldest.min(start);
        if let Some(window) = older.windows.get_mut(at) {
            window.kept.add(amount);
            let window = *window;
            self.note_peak(self.largest(&window));
        }
    }

    /// Makes room for a newer window than the newest.
    fn supersede_newest(&mut self) {
        let largest = self.largest(&self.newest);
        self.note_peak(largest);
        let older = self.older.get_or_insert_default();
        grow_slowly(&mut older.windows);
        older.windows.push(std::mem::take(&mut self.newest));
    }

    fn note_peak(&mut self, largest: u64) {
        let older = self.older.get_or_insert_default();
        older.peak = older.peak.max(largest);
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
        let window = if start == self.newest.start {
            Some(&mut self.newest)
        } else {
            self.older.as_mut().and_then(|older| {
                let at = older.position(start).ok()?;
                older.windows.get_mut(at)
            })
        };
        let Some(window) = window else {
            return;
        };
        window.kept.remove(amount);
        let rest = self.rest();
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
        if self.oldest >= oldest_open {
            return None;
        }
        if self.newest.start < oldest_open {
            self.supersede_newest();
        }
        let rest = self.rest.get_or_insert_default();
        if let Some(older) = &mut self.older {
            let closed = |window: &Window| window.start < oldest_open;
            let closed = older.windows.partition_point(closed);
            for window in older.windows.drain(..closed) {
                let released = rest.released(window.start);
                let largest = window.kept.high.saturating_add(released);
                rest.closed_peak = rest.closed_peak.max(largest);
                each(window.start, window.kept.high);
            }
        }
        rest.releases.retain(|(start, _)| *start >= oldest_open);
        rest.closed_before = oldest_open;
        let closed = (oldest_open, rest.closed_peak);
        let oldest = self.starts().next();
        self.oldest = oldest.unwrap_or(NEVER);
        Some(closed)
    }

    /// How far windows have been closed, and the most that any of them may have
    /// held.
    pub fn closed(&self) -> Option<(i64, u64)> {
        let rest = self.rest.as_ref()?;
        (rest.closed_before != NO_START).then_some((rest.closed_before, rest.closed_peak))
    }

    /// The first seconds of the open windows, ascending.
    pub fn starts(&self) -> impl Iterator<Item = i64> {
        let older = self.older.iter().flat_map(|older| &older.windows);
        let newest = Some(&self.newest).filter(|newest| newest.start != NO_START);
        older.chain(newest).map(|window| window.start)
    }

    /// What an index over all grants has to know.
    pub fn standing(&self, start: i64) -> Standing {
        let kept = self.kept(start).map(|kept| kept.high);
        let releases = self.rest.as_ref().and_then(|rest| rest.releases(start));
        let before = releases.and_then(|releases| {
            let most = kept.unwrap_or(0).saturating_add(releases.high());
            Some((releases.latest()?, most))
        });
        let floating = self.floating();
        let peak = self.peak();
        Standing {
            kept,
            before,
            floating: (floating > 0).then(|| peak.saturating_add(floating)),
            peak,
        }
    }

    /// What calls hold of the window from `start`, where it is open.
    fn kept(&self, start: i64) -> Option<Interval> {
        if start >= self.newest.start {
            let is_newest = start == self.newest.start && start != NO_START;
            return is_newest.then_some(self.newest.kept);
        }
        let older = self.older.as_ref()?;
        let window = older.windows.get(older.position(start).ok()?)?;
        Some(window.kept)
    }

    fn floating(&self) -> u64 {
        self.rest.as_ref().map_or(0, |rest| rest.floating)
    }

    fn rest(&mut self) -> &mut Rest {
        self.rest.get_or_insert_default()
    }
}

impl Older {
    fn position(&self, start: i64) -> Result<usize, usize> {
        position(&self.windows, start, |window| window.start)
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
