//! Counters of a replay: what each grant has consumed in each calendar window
//! (policy language §4), as intervals where a recording leaves it open (§5).
//!
//! Invariant: `low` never exceeds what any completion of the recording has
//! consumed, and `high` is never below it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use foldhash::HashMap;
use smallvec::SmallVec;

use super::compile::Limit;
use super::interval::Interval;
use super::limit_key::LimitKey;
use super::quota::{Balance, window_start};
use super::tally::Counter;
use crate::decision::Reason;
use crate::time::{Time, TimeDelta};

/// The number of a limit within one [`Counters`], whatever engine asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct CounterId(u32);

/// A grant within one [`Counters`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct GrantId(usize);

impl GrantId {
    /// The grant that represents all calls whose caller is unknown.
    pub(super) const UNKNOWN: GrantId = GrantId(0);
}

/// The state of all limits for all grants in a replay, apart from the immutable
/// engine, so that one engine serves many timelines.
///
/// Counters identify a limit by its [`LimitKey`]. Any engine may use them, and
/// none reads one limit's counter as another's.
#[derive(Debug)]
pub struct Counters {
    /// Identifies these counters to the reservations that they gave.
    identity: u64,
    max_lateness: TimeDelta,
    names: HashMap<Box<str>, GrantId>,
    grants: Vec<Grant>,
    ids: HashMap<LimitKey, CounterId>,
    /// The limits of the engine that used these counters last, by its own ids.
    engine: Arc<[LimitKey]>,
    /// The most that any grant has had in one window of a limit, and without a
    /// time.
    peaks: HashMap<CounterId, Peak>,
    /// How many grants have been looked at for calls of unknown grants.
    looked_at: AtomicU64,
    /// The counters of those limits that calls have been counted for.
    engine_ids: Vec<Option<CounterId>>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Peak {
    window: u64,
    floating: u64,
}

/// So many grants are looked at for calls of unknown grants. After that such a
/// call may be of a grant that is as busy as any ever was.
const MOST_LOOKED_AT: u64 = 20_000_000;

#[derive(Debug, Default)]
struct Grant {
    newest: Option<Time>,
    limits: BTreeMap<CounterId, Counter>,
}

/// Quota reserved for one call. It is given back at most once, because
/// [`Counters::release`] takes it; dropping it keeps the quota consumed.
#[must_use = "give it back when the server answers with a JSON-RPC error; drop it otherwise"]
#[derive(Debug, Default)]
pub struct Reservation {
    counters: u64,
    grant: usize,
    time: Option<Time>,
    parts: SmallVec<[Reserved; 2]>,
}

/// What one limit's counter was charged.
#[derive(Debug)]
struct Reserved {
    counter: CounterId,
    start: i64,
    amount: Interval,
    max: u64,
}

impl Reservation {
    /// Whether nothing was reserved, so that there is nothing to give back.
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }
}

/// How far back a call may come by default: one day.
pub const DEFAULT_MAX_LATENESS: TimeDelta = TimeDelta::seconds(86_400);

impl Default for Counters {
    fn default() -> Counters {
        Counters::new(DEFAULT_MAX_LATENESS)
    }
}

impl Counters {
    /// Fresh counters. Per grant, windows that ended more than `max_lateness`
    /// before its newest call are closed and forgotten; a gateway, whose calls
    /// come in order, can pass zero.
    pub fn new(max_lateness: TimeDelta) -> Counters {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Counters {
            identity: NEXT.fetch_add(1, Ordering::Relaxed),
            max_lateness,
            names: HashMap::default(),
            grants: vec![Grant::default()],
            ids: HashMap::default(),
            engine: Arc::default(),
            engine_ids: Vec::new(),
            peaks: HashMap::default(),
            looked_at: AtomicU64::new(0),
        }
    }

    /// Prepares for the limits of an engine.
    pub(super) fn bind(&mut self, keys: &Arc<[LimitKey]>) {
        if !Arc::ptr_eq(&self.engine, keys) {
            self.engine_ids.clear();
            self.engine = Arc::clone(keys);
        }
    }

    /// The counter of an engine's limit, if calls have been counted for it.
    fn id(&self, keys: &Arc<[LimitKey]>, limit: &Limit) -> Option<CounterId> {
        if Arc::ptr_eq(&self.engine, keys)
            && let Some(Some(id)) = self.engine_ids.get(limit.id)
        {
            return Some(*id);
        }
        self.ids.get(&limit.key).copied()
    }

    /// The counter of a limit of the bound engine, which is looked up once.
    fn id_or_new(&mut self, limit: &Limit) -> CounterId {
        if let Some(Some(id)) = self.engine_ids.get(limit.id) {
            return *id;
        }
        let next = CounterId(u32::try_from(self.ids.len()).unwrap_or(u32::MAX));
        let id = *self.ids.entry(limit.key.clone()).or_insert(next);
        if self.engine_ids.len() <= limit.id {
            self.engine_ids.resize(limit.id + 1, None);
        }
        if let Some(known) = self.engine_ids.get_mut(limit.id) {
            *known = Some(id);
        }
        id
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

    fn counter(&self, grant: GrantId, counter: CounterId) -> Option<&Counter> {
        self.grants.get(grant.0)?.limits.get(&counter)
    }

    /// What a limit of the engine with `keys` sees of its counter.
    pub(super) fn balance(
        &self,
        keys: &Arc<[LimitKey]>,
        limit: &Limit,
        grant: Option<GrantId>,
        time: Option<Time>,
    ) -> Balance {
        let window = limit.key.window;
        let at = time.map(|time| (time, window_start(window, time)));
        let is_closed = match (grant, at) {
            (Some(grant), Some((_, start))) => self.is_closed(grant, start, window.seconds()),
            _ => false,
        };
        Balance {
            used: match self.id(keys, limit) {
                Some(counter) => self.seen(grant, counter, at),
                None => Interval::default(),
            },
            is_closed,
            doubt: if time.is_none() {
                Reason::UnknownTime
            } else if grant == Some(GrantId::UNKNOWN) {
                Reason::UnknownGrant
            } else if is_closed {
                Reason::Late
            } else {
                Reason::UnknownHistory
            },
        }
    }

    /// Whether the window of `length` seconds from `start` is closed for
    /// `grant`.
    fn is_closed(&self, grant: GrantId, start: i64, length: i64) -> bool {
        let newest = self.grants.get(grant.0).and_then(|grant| grant.newest);
        newest.is_some_and(|newest| {
            Time::new(start.saturating_add(length), 0).plus(self.max_lateness) < newest
        })
    }

    /// What a call by `grant` at `time`, in the window from `start`, sees.
    fn seen(
        &self,
        grant: Option<GrantId>,
        counter: CounterId,
        at: Option<(Time, i64)>,
    ) -> Interval {
        match (grant, at) {
            // Any grant may have called: a fresh one, or the busiest.
            (Some(GrantId::UNKNOWN), _) => {
                let busiest = self.busiest(counter, at);
                Interval::up_to(busiest.saturating_add(self.high(GrantId::UNKNOWN, counter, at)))
            }
            (grant, _) => {
                let own = grant.map_or(Interval::default(), |grant| self.own(grant, counter, at));
                let unattributed = self.high(GrantId::UNKNOWN, counter, at);
                Interval {
                    low: own.low,
                    high: own.high.saturating_add(unattributed),
                }
            }
        }
    }

    /// What the busiest grant may see, or a bound on it.
    fn busiest(&self, counter: CounterId, at: Option<(Time, i64)>) -> u64 {
        let grants = self.grants.len() as u64;
        if self.looked_at.fetch_add(grants, Ordering::Relaxed) > MOST_LOOKED_AT {
            let peak = self.peaks.get(&counter).copied().unwrap_or_default();
            return peak.window.saturating_add(peak.floating);
        }
        let each = (1..self.grants.len()).map(|id| self.high(GrantId(id), counter, at));
        each.max().unwrap_or(0)
    }

    fn high(&self, grant: GrantId, counter: CounterId, at: Option<(Time, i64)>) -> u64 {
        self.own(grant, counter, at).high
    }

    /// What this grant's own calls have added to what it sees.
    fn own(&self, grant: GrantId, counter: CounterId, at: Option<(Time, i64)>) -> Interval {
        let Some(counter) = self.counter(grant, counter) else {
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

    /// An empty reservation for a call of `grant` at `time`.
    pub(super) fn reservation(&self, grant: GrantId, time: Option<Time>) -> Reservation {
        Reservation {
            counters: self.identity,
            grant: grant.0,
            time,
            parts: SmallVec::new(),
        }
    }

    /// Charges `amount` to the counter of `limit`, a limit of the bound engine:
    /// to the window that contains the reservation's time, or to any window when
    /// that is unknown.
    pub(super) fn reserve(
        &mut self,
        reservation: &mut Reservation,
        limit: &Limit,
        amount: Interval,
    ) {
        let id = self.id_or_new(limit);
        let window = limit.key.window;
        let oldest_open = self.oldest_open(reservation.grant, window.seconds());
        let Some(grant) = self.grants.get_mut(reservation.grant) else {
            return;
        };
        let counter = grant.limits.entry(id).or_default();
        let is_known = reservation.grant != GrantId::UNKNOWN.0;
        let Some(time) = reservation.time else {
            counter.floating = counter.floating.saturating_add(amount.high);
            if is_known {
                let peak = self.peaks.entry(id).or_default();
                peak.floating = peak.floating.max(counter.floating);
            }
            return;
        };
        let start = window_start(window, time);
        if let Some(oldest_open) = oldest_open {
            counter.close_before(oldest_open);
        }
        let Some(tally) = counter.tally_mut(start) else {
            return;
        };
        tally.kept.add(amount);
        let largest = tally.largest();
        counter.peak = counter.peak.max(largest);
        if is_known {
            let peak = self.peaks.entry(id).or_default();
            peak.window = peak.window.max(counter.peak);
        }
        reservation.parts.push(Reserved {
            counter: id,
            start,
            amount,
            max: limit.max,
        });
    }

    fn oldest_open(&self, grant: usize, length: i64) -> Option<i64> {
        let newest = self.grants.get(grant)?.newest?;
        let lateness = TimeDelta::nanos(-self.max_lateness.as_nanos());
        // A window is open when start + length + lateness >= newest; starts
        // are whole seconds, so round up.
        let bound = newest.plus(lateness);
        let round_up = i64::from(bound.nanos() > 0);
        Some(bound.seconds().saturating_add(round_up - length))
    }

    /// Gives a call's quota back, because its response, which arrived at
    /// `time`, is a JSON-RPC error (policy language §4). A response before its
    /// call counts as at the call. A window that was closed meanwhile needs
    /// nothing back, and what other counters reserved is ignored.
    ///
    /// The reservation is taken, so that nothing is given back twice:
    ///
    /// ```compile_fail,E0382
    /// # use mcppolicy_engine::engine::{Call, Counters, Engine};
    /// # use mcppolicy_engine::time::Time;
    /// # use mcppolicy_engine::value::Value;
    /// let now = Time::new(0, 0);
    /// let engine = Engine::without_policy();
    /// let mut counters = Counters::default();
    /// let outcome = engine.decide(&Call::new("a", "t", &Value::Null, now), &mut counters);
    /// counters.release(outcome.reservation, now);
    /// counters.release(outcome.reservation, now); // error: use of moved value
    /// ```
    pub fn release(&mut self, reservation: Reservation, time: Time) {
        // What a call of unknown time consumed, it may have consumed in any
        // window, so it cannot be given back to one.
        let Some(call_time) = reservation.time else {
            return;
        };
        if reservation.counters != self.identity {
            return;
        }
        let time = time.max(call_time);
        for part in &reservation.parts {
            let counter = self
                .grants
                .get_mut(reservation.grant)
                .and_then(|grant| grant.limits.get_mut(&part.counter));
            let Some(counter) = counter else { continue };
            if let Ok(at) = counter
                .windows
                .binary_search_by_key(&part.start, |(start, _)| *start)
                && let Some((_, tally)) = counter.windows.get_mut(at)
            {
                tally.release(time, part.amount, part.max);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Call, Engine};
    use crate::policy::Policy;
    use crate::value::Value;

    fn at(seconds: i64) -> Time {
        Time::new(seconds, 0)
    }

    fn engine() -> Engine {
        let policy = br#"{"version":"1","default":"deny","tools":{"t":{"limits":[
            {"counter":"c","window":"minute","max":9,"scope":"grant"}]}}}"#;
        Engine::new(&Policy::from_json(policy).unwrap())
    }

    #[test]
    fn windows_older_than_the_lateness_are_forgotten() {
        let engine = engine();
        let mut counters = Counters::new(TimeDelta::seconds(60));
        for minute in 0..100 {
            let call = Call::new("a", "t", &Value::Null, at(minute * 60));
            let outcome = engine.decide(&call, &mut counters);
            assert!(outcome.decision.is_allow());
        }
        let grant = counters.find(Some("a")).unwrap();
        assert!(counters.counter(grant, CounterId(0)).unwrap().windows.len() <= 3);
        assert!(counters.is_closed(grant, 0, 60));
        assert!(!counters.is_closed(grant, 97 * 60, 60));
    }

    #[test]
    fn what_other_counters_reserved_is_not_given_back() {
        let engine = engine();
        let (mut one, mut other) = (Counters::default(), Counters::default());
        let call = Call::new("a", "t", &Value::Null, at(0));
        let kept = engine.decide(&call, &mut one);
        assert!(!kept.reservation.is_empty());
        let foreign = engine.decide(&call, &mut other);
        one.release(foreign.reservation, at(0));
        assert_eq!(engine.usage(&call, &one)[0].used, Interval::exactly(1));
        one.release(kept.reservation, at(0));
        assert_eq!(engine.usage(&call, &one)[0].used, Interval::exactly(0));
    }
}
