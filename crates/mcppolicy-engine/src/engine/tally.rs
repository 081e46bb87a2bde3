//! One limit's counter for one grant: its open windows, and what calls at
//! different times see of them.

use super::interval::Interval;
use crate::time::Time;

/// One limit's counter for one grant.
#[derive(Debug, Default)]
pub(super) struct Counter {
    /// Open windows by their first second, ascending.
    pub windows: Vec<(i64, Tally)>,
    /// What calls of unknown time may have added to any window.
    pub floating: u64,
    /// The most that any window may ever have held, closed ones included.
    pub peak: u64,
    /// The most that any closed window may have held.
    pub closed_peak: u64,
}

/// What one window holds.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Reservations that have not been given back.
    pub kept: Interval,
    /// Reservations given back, by the time of that: a call at an earlier
    /// time still sees them.
    pub released: Vec<(Time, Interval)>,
    /// The upper ends of `released` together.
    released_high: u64,
    /// The time of the latest release that is no longer in `released`, and the
    /// upper ends of all such releases together.
    dropped: Option<(Time, u64)>,
    /// The length of `released` at which it is next worth pruning.
    pub prune_at: usize,
}

/// So many releases of one window are told apart; a call that comes behind
/// thousands of errors and is late by that much is rare.
const MOST_RELEASED: usize = 4096;

impl Tally {
    /// What a call at `time` sees. A release at the very same instant comes
    /// first.
    pub fn seen_at(&self, time: Time) -> Interval {
        let mut seen = self.kept;
        if let Some((until, high)) = self.dropped
            && time < until
        {
            seen.high = seen.high.saturating_add(high);
        }
        for (at, amount) in self.released.iter().rev() {
            if *at <= time {
                break;
            }
            seen.add(*amount);
        }
        seen
    }

    /// What a call could see at most, whatever its time.
    pub fn largest(&self) -> u64 {
        let dropped = self.dropped.map_or(0, |(_, high)| high);
        let released = self.released_high.saturating_add(dropped);
        self.kept.high.saturating_add(released)
    }

    pub fn release(&mut self, time: Time, amount: Interval, max: u64) {
        self.kept.remove(amount);
        if let Some((until, high)) = &mut self.dropped
            && time <= *until
        {
            *high = high.saturating_add(amount.high);
            return;
        }
        let at = self.released.partition_point(|(other, _)| *other <= time);
        self.released.insert(at, (time, amount));
        self.released_high = self.released_high.saturating_add(amount.high);
        if self.released.len() >= self.prune_at.max(16) {
            self.prune(max);
            self.drop_oldest();
            self.prune_at = (self.released.len() * 2).min(MOST_RELEASED);
        }
    }

    /// Keeps a long list short: of the older half only the sum stays, so that
    /// what a call before them sees is no longer exact.
    fn drop_oldest(&mut self) {
        if self.released.len() < MOST_RELEASED {
            return;
        }
        let half = self.released.len() / 2;
        for (time, amount) in self.released.drain(..half) {
            let (until, high) = self.dropped.unwrap_or((time, 0));
            self.dropped = Some((until.max(time), high.saturating_add(amount.high)));
            self.released_high = self.released_high.saturating_sub(amount.high);
        }
    }

    /// Drops releases so old that a call which still sees them sees more than
    /// `max` without them: they cannot change a decision. This bounds the list
    /// by `max` rather than by the number of calls that failed.
    pub fn prune(&mut self, max: u64) {
        let (mut low, mut high) = (0_u64, 0_u64);
        let mut kept: Vec<(Time, Interval)> = Vec::new();
        for (time, amount) in self.released.iter().rev() {
            if low > max || (amount.low == 0 && high > max) {
                continue;
            }
            low = low.saturating_add(amount.low);
            high = high.saturating_add(amount.high);
            kept.push((*time, *amount));
        }
        kept.reverse();
        self.released = kept;
        self.released_high = high;
    }
}

impl Counter {
    pub fn tally(&self, start: i64) -> Option<&Tally> {
        // Calls come roughly in order: the last window is nearly always it.
        if let Some((last, tally)) = self.windows.last()
            && *last == start
        {
            return Some(tally);
        }
        let at = self
            .windows
            .binary_search_by_key(&start, |(start, _)| *start)
            .ok()?;
        self.windows.get(at).map(|(_, tally)| tally)
    }

    pub fn tally_mut(&mut self, start: i64) -> Option<&mut Tally> {
        let at = match self.windows.last() {
            Some((last, _)) if *last == start => self.windows.len() - 1,
            _ => match self
                .windows
                .binary_search_by_key(&start, |(start, _)| *start)
            {
                Ok(at) => at,
                Err(at) => {
                    self.windows.insert(at, (start, Tally::default()));
                    at
                }
            },
        };
        self.windows.get_mut(at).map(|(_, tally)| tally)
    }

    pub fn close_before(&mut self, oldest_open: i64) {
        let closed = self
            .windows
            .partition_point(|(start, _)| *start < oldest_open);
        for (_, tally) in self.windows.drain(..closed) {
            self.closed_peak = self.closed_peak.max(tally.largest());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Time {
        Time::new(seconds, 0)
    }

    #[test]
    fn a_release_is_seen_from_its_instant_on_and_not_before() {
        let mut tally = Tally::default();
        tally.kept.add(Interval::exactly(1));
        tally.release(at(12), Interval::exactly(1), 10);
        assert_eq!(tally.seen_at(at(11)), Interval::exactly(1));
        assert_eq!(tally.seen_at(at(12)), Interval::exactly(0));
    }

    #[test]
    fn pruning_never_changes_whether_max_is_exceeded() {
        let mut tally = Tally::default();
        for second in 0..200 {
            tally.kept.add(Interval::exactly(1));
            tally.release(at(second), Interval::exactly(1), 5);
        }
        assert!(tally.released.len() < 20);
        assert_eq!(tally.seen_at(at(199)).low, 0);
        assert_eq!(tally.seen_at(at(196)).low, 3);
        assert!(tally.seen_at(at(20)).low > 5);
    }

    #[test]
    fn of_very_many_releases_no_call_sees_too_little() {
        let mut tally = Tally::default();
        let many = 3 * MOST_RELEASED as i64;
        for second in 0..many {
            tally.kept.add(Interval::exactly(1));
            tally.release(at(second), Interval::exactly(1), u64::MAX);
        }
        assert!(tally.released.len() <= MOST_RELEASED);
        assert_eq!(tally.largest(), many as u64);
        for second in (0..many).step_by(97) {
            let later = (many - 1 - second) as u64;
            let seen = tally.seen_at(at(second));
            assert!(
                seen.low <= later && later <= seen.high,
                "{second}: {seen:?}"
            );
        }
        assert_eq!(tally.seen_at(at(many - 10)), Interval::exactly(9));
        // A release that is later written down for a time before is not lost.
        tally.kept.add(Interval::exactly(1));
        tally.release(at(0), Interval::exactly(1), u64::MAX);
        assert_eq!(tally.largest(), many as u64 + 1);
    }
}
