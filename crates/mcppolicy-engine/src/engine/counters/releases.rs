//! Quota of one window that was given back: a call at an earlier time still
//! sees it.

use std::collections::VecDeque;

use crate::engine::interval::Interval;
use crate::time::Time;

/// The releases of one window.
#[derive(Debug, Default)]
pub(super) struct Releases {
    /// By time, ascending, one entry for each instant.
    list: VecDeque<(Time, Interval)>,
    /// What `list` adds up to. Each end is below 2^64 and the list is short, so
    /// that nothing saturates and a part can be taken away again.
    total: Sum,
    /// The time of the latest release that is no longer in `list`, and the
    /// upper ends of all such releases together.
    dropped: Option<(Time, u64)>,
    /// The latest of all.
    latest: Option<Time>,
    /// The length of `list` at which it is next worth shortening.
    shorten_at: usize,
}

#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    low: u128,
    high: u128,
}

impl Sum {
    fn of<'i>(amounts: impl Iterator<Item = &'i (Time, Interval)>) -> Sum {
        let mut sum = Sum::default();
        for (_, amount) in amounts {
            sum.add(*amount);
        }
        sum
    }

    fn add(&mut self, amount: Interval) {
        self.low += u128::from(amount.low);
        self.high += u128::from(amount.high);
    }

    fn without(self, part: Sum) -> Sum {
        Sum {
            low: self.low.saturating_sub(part.low),
            high: self.high.saturating_sub(part.high),
        }
    }

    fn interval(self) -> Interval {
        let end = |end: u128| u64::try_from(end).unwrap_or(u64::MAX);
        Interval {
            low: end(self.low),
            high: end(self.high),
        }
    }
}

/// So many releases of one window are told apart; a call that comes behind
/// thousands of errors and is late by that much is rare.
const MOST_RELEASES: usize = 4096;

impl Releases {
    /// What a call at `time` still sees. A release at the very same instant
    /// comes first.
    pub fn seen_at(&self, time: Time) -> Interval {
        let later = self.list.partition_point(|(at, _)| *at <= time);
        // The shorter side is added up: a call comes behind nearly all releases,
        // or, in a recording that goes backwards, before them.
        let sum = if later * 2 > self.list.len() {
            Sum::of(self.list.range(later..))
        } else {
            self.total.without(Sum::of(self.list.range(..later)))
        };
        let mut seen = sum.interval();
        if let Some((until, high)) = self.dropped
            && time < until
        {
            seen.high = seen.high.saturating_add(high);
        }
        seen
    }

    /// The upper ends of all together.
    pub fn high(&self) -> u64 {
        let dropped = self.dropped.map_or(0, |(_, high)| high);
        self.total.interval().high.saturating_add(dropped)
    }

    /// The time from which on no call sees any.
    pub fn latest(&self) -> Option<Time> {
        self.latest
    }

    /// Adds a release of quota of a limit of `max`.
    pub fn add(&mut self, time: Time, amount: Interval, max: u64) {
        self.latest = self.latest.max(Some(time));
        if let Some((until, high)) = &mut self.dropped
            && time <= *until
        {
            *high = high.saturating_add(amount.high);
            return;
        }
        self.total.add(amount);
        let at = self.list.partition_point(|(other, _)| *other < time);
        match self.list.get_mut(at) {
            Some((same, known)) if *same == time => known.add(amount),
            _ => self.list.insert(at, (time, amount)),
        }
        if self.list.len() >= self.shorten_at.max(16) {
            self.shorten(max);
            self.shorten_at = (self.list.len() * 2).min(MOST_RELEASES);
        }
    }

    /// Keeps of the oldest releases only their sum: of those so old that a call
    /// which sees them sees more than `max` without them, and of the older half
    /// of a list that is still too long.
    fn shorten(&mut self, max: u64) {
        let max = u128::from(max);
        let mut later = Sum::default();
        let mut needed = 0;
        for (_, amount) in self.list.iter().rev() {
            if later.low > max || (amount.low == 0 && later.high > max) {
                break;
            }
            later.add(*amount);
            needed += 1;
        }
        if needed >= MOST_RELEASES {
            needed = MOST_RELEASES / 2;
        }
        let dropped = self.list.len() - needed;
        for (time, amount) in self.list.drain(..dropped) {
            let (until, high) = self.dropped.unwrap_or((time, 0));
            self.dropped = Some((until.max(time), high.saturating_add(amount.high)));
        }
        self.total = Sum::of(self.list.iter());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: i64) -> Time {
        Time::new(seconds, 0)
    }

    #[test]
    fn a_release_is_seen_before_its_instant_and_not_from_then_on() {
        let mut releases = Releases::default();
        releases.add(at(12), Interval::exactly(1), 10);
        assert_eq!(releases.seen_at(at(11)), Interval::exactly(1));
        assert_eq!(releases.seen_at(at(12)), Interval::exactly(0));
    }

    #[test]
    fn shortening_never_changes_whether_max_is_exceeded() {
        let mut releases = Releases::default();
        for second in 0..200 {
            releases.add(at(second), Interval::exactly(1), 5);
        }
        assert!(releases.list.len() < 20);
        assert_eq!(releases.seen_at(at(199)).low, 0);
        assert_eq!(releases.seen_at(at(196)).low, 3);
        assert!(releases.seen_at(at(20)).low > 5);
        // Whoever counts to more than that still sees enough of them.
        assert!(releases.seen_at(at(20)).high >= 179);
    }

    #[test]
    fn of_very_many_releases_no_call_sees_too_little() {
        let mut releases = Releases::default();
        let many = 3 * MOST_RELEASES as i64;
        for second in 0..many {
            releases.add(at(second), Interval::exactly(1), u64::MAX);
        }
        assert!(releases.list.len() <= MOST_RELEASES);
        assert_eq!(releases.high(), many as u64);
        for second in (0..many).step_by(97) {
            let later = (many - 1 - second) as u64;
            let seen = releases.seen_at(at(second));
            assert!(
                seen.low <= later && later <= seen.high,
                "{second}: {seen:?}"
            );
            let is_told_apart = releases
                .dropped
                .is_none_or(|(until, _)| at(second) >= until);
            assert!(!is_told_apart || seen == Interval::exactly(later));
        }
        assert_eq!(releases.seen_at(at(many - 10)), Interval::exactly(9));
        // A call at the instant of the last of those that are not told apart.
        let (until, _) = releases.dropped.unwrap();
        let later = (many - 1 - until.seconds()) as u64;
        assert_eq!(releases.seen_at(until), Interval::exactly(later));
        // A release that is later written down for a time before is not lost.
        releases.add(at(0), Interval::exactly(1), u64::MAX);
        assert_eq!(releases.high(), many as u64 + 1);
    }

    #[test]
    fn releases_in_any_order_are_seen_alike() {
        let seconds = [5_i64, 1, 9, 3, 3, 7, 0, 9];
        let mut releases = Releases::default();
        for second in seconds {
            releases.add(at(second), Interval::exactly(1), 100);
        }
        for second in -1..11 {
            let later = seconds.iter().filter(|other| **other > second).count();
            let seen = releases.seen_at(at(second));
            assert_eq!(seen, Interval::exactly(later as u64), "{second}");
        }
        // One entry for each instant.
        assert_eq!(releases.list.len(), 6);
    }

    #[test]
    fn uncertain_releases_are_shortened_too() {
        let mut releases = Releases::default();
        for second in 0..200 {
            releases.add(at(second), Interval::up_to(1), 5);
        }
        assert!(releases.list.len() < 20);
    }

    proptest! {
        /// Whatever was shortened: a call that sees no more than `max` sees it
        /// exactly, and one that sees more sees more than `max`.
        #[test]
        fn shortening_moves_nothing_over_the_limit(
            added in proptest::collection::vec((0_i64..40, 0_u64..4, 0_u64..3), 0..80),
            max in 0_u64..12,
            is_exact in any::<bool>(),
        ) {
            let mut releases = Releases::default();
            let amount = |low: u64, more: u64| Interval {
                low,
                high: if is_exact { low } else { low + more },
            };
            for (at_most, (second, low, more)) in added.iter().enumerate() {
                releases.add(at(*second), amount(*low, *more), max);
                for now in -1..41 {
                    let mut all = Interval::default();
                    let later = added[..=at_most].iter().filter(|(second, ..)| *second > now);
                    later.for_each(|(_, low, more)| all.add(amount(*low, *more)));
                    let seen = releases.seen_at(at(now));
                    prop_assert!(seen.low <= all.low && all.high <= seen.high);
                    prop_assert_eq!(seen.high > max, all.high > max, "{:?} {:?}", seen, all);
                    if is_exact {
                        prop_assert_eq!(seen.low > max, all.low > max, "{:?} {:?}", seen, all);
                    }
                    if all.high <= max {
                        prop_assert_eq!(seen, all);
                    }
                }
            }
        }
    }
}
