//! The most that any one grant may have used: what a call of unknown grant has
//! to reckon with. Kept up to date with every call, so that such a call need
//! not look at every grant.
//!
//! What is kept is the largest of what each grant has in itself, so that shares
//! of a run, which see some of the grants, together come to the same.

use std::collections::BTreeMap;
use std::ops::Bound;

use foldhash::HashMap;

use super::CounterId;
use super::counter::{Counter, Standing};
use crate::time::Time;

/// The busiest grant of each limit.
#[derive(Debug, Default)]
pub(super) struct Busiest(HashMap<CounterId, OfLimit>);

/// One limit over all grants that have a name.
#[derive(Debug, Default)]
struct OfLimit {
    /// Open windows by their first second.
    windows: BTreeMap<i64, OfWindow>,
    /// Of the grants that have closed windows from before a second, the most
    /// that such a window may have held.
    closed: Steps<i64>,
    /// The most that any window of any grant may ever have held.
    peak: u64,
    /// What each grant with calls of unknown time may have used at most, in
    /// whatever window.
    floating: Values,
}

#[derive(Debug, Default)]
struct OfWindow {
    /// What each grant has used and not given back.
    kept: Values,
    /// What a call before a time may see of the grants that gave something back
    /// until then.
    before: Steps<Time>,
}

impl Busiest {
    /// The same from counters as they are.
    pub fn of<'c>(counters: impl Iterator<Item = (CounterId, &'c Counter)>) -> Busiest {
        let mut busiest = Busiest::default();
        for (id, counter) in counters {
            let of_limit = busiest.0.entry(id).or_default();
            for start in counter.starts() {
                let standing = Standing {
                    floating: None,
                    ..counter.standing(start)
                };
                of_limit.moved(start, Standing::default(), standing);
            }
            if let Some((before, peak)) = counter.closed() {
                of_limit.closed.raise(before, peak);
            }
            // In no window, once for all of them.
            let standing = counter.standing(i64::MIN);
            of_limit.peak = of_limit.peak.max(standing.peak);
            of_limit.floating.replace(None, standing.floating);
        }
        busiest
    }

    /// Notes what became of one grant's window from `start`.
    pub fn moved(&mut self, id: CounterId, start: i64, before: Standing, after: Standing) {
        let of_limit = self.0.entry(id).or_default();
        of_limit.moved(start, before, after);
    }

    /// Notes that a grant has closed its window from `start`, of which it kept
    /// `kept`.
    pub fn closed(&mut self, id: CounterId, start: i64, kept: u64) {
        if let Some(of_limit) = self.0.get_mut(&id)
            && let Some(window) = of_limit.windows.get_mut(&start)
        {
            window.kept.replace(Some(kept), None);
            if window.kept.is_empty() {
                of_limit.windows.remove(&start);
            }
        }
    }

    /// Notes that a grant has closed windows from before `start`, the fullest of
    /// which may have held `peak`.
    pub fn closed_before(&mut self, id: CounterId, start: i64, peak: u64) {
        self.0.entry(id).or_default().closed.raise(start, peak);
    }

    /// The most that any grant may have used of the window from `start`, as a
    /// call at `time` sees it; without a time, of any window.
    pub fn used(&self, id: CounterId, at: Option<(Time, i64)>) -> u64 {
        let Some(of_limit) = self.0.get(&id) else {
            return 0;
        };
        let floating = of_limit.floating.largest();
        let Some((time, start)) = at else {
            return of_limit.peak.max(floating);
        };
        let closed = of_limit.closed.above(start);
        let window = of_limit.windows.get(&start);
        let open = window.map_or(0, |window| {
            window.kept.largest().max(window.before.above(time))
        });
        floating.max(closed).max(open)
    }
}

impl OfLimit {
    fn moved(&mut self, start: i64, before: Standing, after: Standing) {
        self.peak = self.peak.max(after.peak);
        self.floating.replace(before.floating, after.floating);
        if before.kept.is_none() && after.kept.is_none() {
            return;
        }
        let window = self.windows.entry(start).or_default();
        window.kept.replace(before.kept, after.kept);
        if let Some((time, most)) = after.before {
            window.before.raise(time, most);
        }
    }
}

/// Numbers, each as often as it was added.
#[derive(Debug, Default)]
struct Values(BTreeMap<u64, u64>);

impl Values {
    fn replace(&mut self, before: Option<u64>, after: Option<u64>) {
        if before == after {
            return;
        }
        if let Some(value) = before
            && let Some(times) = self.0.get_mut(&value)
        {
            *times -= 1;
            if *times == 0 {
                self.0.remove(&value);
            }
        }
        if let Some(value) = after {
            *self.0.entry(value).or_default() += 1;
        }
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn largest(&self) -> u64 {
        self.0.last_key_value().map_or(0, |(value, _)| *value)
    }
}

/// Values with bounds, of which only those count that no other value with a
/// later bound reaches.
#[derive(Debug)]
struct Steps<K>(BTreeMap<K, u64>);

impl<K> Default for Steps<K> {
    fn default() -> Steps<K> {
        Steps(BTreeMap::new())
    }
}

impl<K: Ord + Copy> Steps<K> {
    /// Adds a value that counts below `bound`.
    fn raise(&mut self, bound: K, value: u64) {
        let next = self.0.range(bound..).next();
        if next.is_some_and(|(_, higher)| *higher >= value) {
            return;
        }
        while let Some((lower, other)) = self.0.range(..=bound).next_back() {
            if *other > value {
                break;
            }
            let lower = *lower;
            self.0.remove(&lower);
        }
        self.0.insert(bound, value);
    }

    /// The largest value whose bound is above `at`.
    fn above(&self, at: K) -> u64 {
        let above = (Bound::Excluded(at), Bound::Unbounded);
        let next = self.0.range(above).next();
        next.map_or(0, |(_, value)| *value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_that_every_grant_has_closed_is_forgotten() {
        let id = CounterId(0);
        let mut busiest = Busiest::default();
        for kept in [1, 3] {
            let standing = Standing {
                kept: Some(kept),
                ..Standing::default()
            };
            busiest.moved(id, 0, Standing::default(), standing);
        }
        let at = Some((Time::new(0, 0), 0));
        for (kept, used, windows) in [(3, 1, 1), (1, 0, 0)] {
            busiest.closed(id, 0, kept);
            assert_eq!(busiest.used(id, at), used);
            assert_eq!(busiest.0[&id].windows.len(), windows);
        }
    }

    #[test]
    fn of_steps_the_largest_above_counts() {
        let added = [(5, 3_u64), (9, 1), (2, 8), (5, 2), (7, 3), (9, 2), (1, 1)];
        let mut steps = Steps::default();
        for (at, (bound, value)) in added.iter().enumerate() {
            steps.raise(*bound, *value);
            for below in 0..11 {
                let above = added[..=at].iter().filter(|(bound, _)| *bound > below);
                let largest = above.map(|(_, value)| *value).max().unwrap_or(0);
                assert_eq!(steps.above(below), largest, "{at} {below}");
            }
        }
        assert_eq!(steps.0.len(), 3);
    }
}
