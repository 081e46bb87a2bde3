//! Counters: what each grant has consumed in each calendar window (policy
//! language §4), as intervals where a recording leaves it open (§5).
//!
//! Invariant: `low` never exceeds what any completion of the recording has
//! consumed, and `high` is never below it.

use std::collections::BTreeMap;

use foldhash::HashMap;

use crate::time::{Span, Time};

/// Identifies a limit within one engine.
pub(super) type LimitId = u32;

/// A grant within one [`Counters`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct GrantId(usize);

impl GrantId {
    /// The grant that stands for all calls whose caller is unknown.
    pub(super) const UNKNOWN: GrantId = GrantId(0);
}

/// An amount or a sum that may not be known exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Interval {
    /// At least this much.
    pub low: u64,
    /// At most this much; `u64::MAX` stands for no bound.
    pub high: u64,
}

impl Interval {
    /// A known amount.
    pub const fn exactly(amount: u64) -> Interval {
        Interval {
            low: amount,
            high: amount,
        }
    }

    /// Nothing, or up to `high`.
    const fn up_to(high: u64) -> Interval {
        Interval { low: 0, high }
    }

    fn add(&mut self, other: Interval) {
        self.low = self.low.saturating_add(other.low);
        self.high = self.high.saturating_add(other.high);
    }

    /// Takes back what was added; an unbounded end stays unbounded.
    fn remove(&mut self, other: Interval) {
        self.low = self.low.saturating_sub(other.low);
        if self.high != u64::MAX {
            self.high = self.high.saturating_sub(other.high);
        }
    }
}

/// The state of all limits for all grants: a value of its own, apart from the
/// immutable engine, so that one engine serves many timelines.
#[derive(Debug, Clone)]
pub struct Counters {
    max_lateness: Span,
    names: HashMap<Box<str>, GrantId>,
    grants: Vec<Grant>,
}

#[derive(Debug, Clone, Default)]
struct Grant {
    newest: Option<Time>,
    limits: BTreeMap<LimitId, Counter>,
}

/// One limit's counter for one grant.
#[derive(Debug, Clone, Default)]
struct Counter {
    /// Open windows by their first second, ascending.
    windows: Vec<(i64, Tally)>,
    /// What calls of unknown time may have added to any window.
    floating: u64,
    /// The most that any window may ever have held, closed ones included.
    peak: u64,
    /// The most that any closed window may have held.
    closed_peak: u64,
}

/// What one window holds.
#[derive(Debug, Clone, Default)]
struct Tally {
    /// Reservations that have not been given back.
    kept: Interval,
    /// Reservations given back, by the time of that: a call at an earlier
    /// time still sees them.
    released: Vec<(Time, Interval)>,
    /// The length of `released` at which it is next worth pruning.
    prune_at: usize,
}

impl Tally {
    /// What a call at `time` sees. A release at the very same instant comes
    /// first.
    fn seen_at(&self, time: Time) -> Interval {
        let mut seen = self.kept;
        for (at, amount) in self.released.iter().rev() {
            if *at <= time {
                break;
            }
            seen.add(*amount);
        }
        seen
    }

    /// What a call could see at most, whatever its time.
    fn largest(&self) -> u64 {
        self.released
            .iter()
            .fold(self.kept.high, |sum, (_, amount)| {
                sum.saturating_add(amount.high)
            })
    }

    fn release(&mut self, time: Time, amount: Interval, max: u64) {
        self.kept.remove(amount);
        let at = self.released.partition_point(|(other, _)| *other <= time);
        self.released.insert(at, (time, amount));
        if self.released.len() >= self.prune_at.max(16) {
            self.prune(max);
            self.prune_at = self.released.len() * 2;
        }
    }

    /// Drops releases so old that a call which still sees them sees more than
    /// `max` without them: they cannot change a decision. This bounds the list
    /// by `max` rather than by the number of calls that failed.
    fn prune(&mut self, max: u64) {
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
    }
}

impl Counter {
    fn tally(&self, start: i64) -> Option<&Tally> {
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

    fn tally_mut(&mut self, start: i64) -> Option<&mut Tally> {
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

    fn close_before(&mut self, oldest_open: i64) {
        let closed = self
            .windows
            .partition_point(|(start, _)| *start < oldest_open);
        for (_, tally) in self.windows.drain(..closed) {
            self.closed_peak = self.closed_peak.max(tally.largest());
        }
    }
}

/// How far back a call may come by default: one day.
pub const DEFAULT_MAX_LATENESS: Span = Span::seconds(86_400);

impl Default for Counters {
    fn default() -> Counters {
        Counters::new(DEFAULT_MAX_LATENESS)
    }
}

impl Counters {
    /// Fresh counters. Per grant, windows that ended more than `max_lateness`
    /// before its newest call are closed and forgotten; a gateway, whose calls
    /// come in order, can pass zero.
    pub fn new(max_lateness: Span) -> Counters {
        Counters {
            max_lateness,
            names: HashMap::default(),
            grants: vec![Grant::default()],
        }
    }

    /// The grant's number, and its clock moved on to `time`.
    pub(super) fn enter(&mut self, grant: Option<&str>, time: Option<Time>) -> GrantId {
        let id = match grant {
            None => GrantId::UNKNOWN,
            Some(name) => match self.names.get(name) {
                Some(id) => *id,
                None => {
                    let id = GrantId(self.grants.len());
                    self.grants.push(Grant::default());
                    self.names.insert(name.into(), id);
                    id
                }
            },
        };
        if let (Some(grant), Some(time)) = (self.grants.get_mut(id.0), time)
            && grant.newest.is_none_or(|newest| newest < time)
        {
            grant.newest = Some(time);
        }
        id
    }

    /// The number of a grant that has called before, else of none.
    pub(super) fn find(&self, grant: Option<&str>) -> Option<GrantId> {
        match grant {
            None => Some(GrantId::UNKNOWN),
            Some(name) => self.names.get(name).copied(),
        }
    }

    fn counter(&self, grant: GrantId, limit: LimitId) -> Option<&Counter> {
        self.grants.get(grant.0)?.limits.get(&limit)
    }

    /// Whether the window of `length` seconds from `start` is closed for
    /// `grant`.
    pub(super) fn is_closed(&self, grant: GrantId, start: i64, length: i64) -> bool {
        let newest = self.grants.get(grant.0).and_then(|grant| grant.newest);
        newest.is_some_and(|newest| {
            Time::new(start.saturating_add(length), 0).plus(self.max_lateness) < newest
        })
    }

    /// What a call by `grant` at `time`, in the window from `start`, sees.
    pub(super) fn seen(
        &self,
        grant: Option<GrantId>,
        limit: LimitId,
        at: Option<(Time, i64)>,
    ) -> Interval {
        match (grant, at) {
            // Any grant may have called: a fresh one, or the busiest.
            (Some(GrantId::UNKNOWN), _) => {
                let busiest = (1..self.grants.len())
                    .map(|id| self.high(GrantId(id), limit, at))
                    .max()
                    .unwrap_or(0);
                Interval::up_to(busiest.saturating_add(self.high(GrantId::UNKNOWN, limit, at)))
            }
            (grant, _) => {
                let own = grant.map_or(Interval::default(), |grant| self.own(grant, limit, at));
                let strangers = self.high(GrantId::UNKNOWN, limit, at);
                Interval {
                    low: own.low,
                    high: own.high.saturating_add(strangers),
                }
            }
        }
    }

    fn high(&self, grant: GrantId, limit: LimitId, at: Option<(Time, i64)>) -> u64 {
        self.own(grant, limit, at).high
    }

    /// What this grant's own calls have added to what it sees.
    fn own(&self, grant: GrantId, limit: LimitId, at: Option<(Time, i64)>) -> Interval {
        let Some(counter) = self.counter(grant, limit) else {
            return Interval::default();
        };
        let in_window = match at {
            None => Interval::up_to(counter.peak),
            Some((time, start)) => match counter.tally(start) {
                Some(tally) => tally.seen_at(time),
                // Only the unknown grant is asked about windows that it may
                // have closed: another grant's clock may be behind.
                None if counter
                    .windows
                    .first()
                    .is_none_or(|(oldest, _)| start < *oldest) =>
                {
                    Interval::up_to(counter.closed_peak)
                }
                None => Interval::default(),
            },
        };
        Interval {
            low: in_window.low,
            high: in_window.high.saturating_add(counter.floating),
        }
    }

    /// Adds `amount` to the window from `start`, or to any window when the
    /// time is unknown.
    pub(super) fn reserve(
        &mut self,
        grant: GrantId,
        limit: LimitId,
        start: Option<i64>,
        length: i64,
        amount: Interval,
    ) {
        let oldest_open = self.oldest_open(grant, length);
        let Some(counter) = self
            .grants
            .get_mut(grant.0)
            .map(|grant| grant.limits.entry(limit).or_default())
        else {
            return;
        };
        let Some(start) = start else {
            counter.floating = counter.floating.saturating_add(amount.high);
            return;
        };
        if let Some(oldest_open) = oldest_open {
            counter.close_before(oldest_open);
        }
        let Some(tally) = counter.tally_mut(start) else {
            return;
        };
        tally.kept.add(amount);
        let largest = tally.largest();
        counter.peak = counter.peak.max(largest);
    }

    fn oldest_open(&self, grant: GrantId, length: i64) -> Option<i64> {
        let newest = self.grants.get(grant.0)?.newest?;
        let lateness = Span::nanos(-self.max_lateness.as_nanos());
        // A window is open when start + length + lateness >= newest; starts
        // are whole seconds, so round up.
        let bound = newest.plus(lateness);
        let round_up = i64::from(bound.nanos() > 0);
        Some(bound.seconds().saturating_add(round_up - length))
    }

    /// Gives `amount` back at `time` to the window from `start`.
    pub(super) fn release(
        &mut self,
        grant: GrantId,
        limit: LimitId,
        start: i64,
        time: Time,
        amount: Interval,
        max: u64,
    ) {
        let counter = self
            .grants
            .get_mut(grant.0)
            .and_then(|grant| grant.limits.get_mut(&limit));
        // A window that has been closed meanwhile needs nothing back.
        let Some(counter) = counter else { return };
        if let Ok(at) = counter
            .windows
            .binary_search_by_key(&start, |(start, _)| *start)
            && let Some((_, tally)) = counter.windows.get_mut(at)
        {
            tally.release(time, amount, max);
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
    fn windows_older_than_the_lateness_are_forgotten() {
        let mut counters = Counters::new(Span::seconds(60));
        for minute in 0..100 {
            let grant = counters.enter(Some("a"), Some(at(minute * 60)));
            counters.reserve(grant, 0, Some(minute * 60), 60, Interval::exactly(1));
        }
        let grant = counters.find(Some("a")).unwrap();
        assert!(counters.counter(grant, 0).unwrap().windows.len() <= 3);
        assert!(counters.is_closed(grant, 0, 60));
        assert!(!counters.is_closed(grant, 97 * 60, 60));
    }
}
