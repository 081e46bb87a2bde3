//! Counters of a replay: what each grant has consumed in each calendar window
//! (policy language §4), as intervals where a recording leaves it open (§5).
//!
//! Invariant: `low` never exceeds what any completion of the recording has
//! consumed, and `high` is never below it.

mod busiest;
mod counter;
mod grants;
mod releases;

use std::hash::BuildHasher;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use foldhash::HashMap;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use smallvec::SmallVec;

use self::busiest::Busiest;
use self::counter::Counter;
pub(super) use self::grants::GrantId;
use self::grants::Grants;
use super::compile::Limit;
use super::interval::Interval;
use super::limit_key::LimitKey;
use super::quota::Balance;
use crate::decision::Reason;
use crate::time::{Time, TimeDelta};

/// The number of a limit within one [`Counters`], whatever engine asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct CounterId(u32);

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
    grants: Grants,
    limits: HashMap<LimitKey, CounterId>,
    /// The limits of the engine that used these counters last, by its own ids.
    engine: Arc<[LimitKey]>,
    /// The numbers of those limits that calls have been counted for.
    engine_ids: Vec<Option<CounterId>>,
    /// The counters of all grants, in the order in which they began.
    counters: Vec<Owned>,
    by_owner: HashTable<u32>,
    hasher: foldhash::fast::RandomState,
    /// Whether a call of unknown grant was counted.
    any_unknown: bool,
    /// Kept from the first call of an unknown grant on.
    busiest: Option<Busiest>,
}

/// A counter, and whose it is.
#[derive(Debug)]
struct Owned {
    owner: Owner,
    counter: Counter,
}

/// A grant and a limit.
type Owner = (u32, CounterId);

/// Quota reserved for one call. It is given back at most once, because
/// [`Counters::release`] takes it; dropping it keeps the quota consumed.
#[must_use = "give it back when the server answers with a JSON-RPC error; drop it otherwise"]
#[derive(Debug, Default)]
pub struct Reservation {
    counters: u64,
    grant: u32,
    time: Option<Time>,
    parts: SmallVec<[Reserved; 2]>,
}

/// What one limit's counter was charged.
#[derive(Debug)]
struct Reserved {
    /// The counter's position.
    counter: u32,
    /// The first second of the window; meaningless without a time.
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
    /// How many counters there are: one for each grant and limit that a call was
    /// counted for.
    pub fn len(&self) -> usize {
        self.counters.len()
    }

    /// Whether no call was counted yet.
    pub fn is_empty(&self) -> bool {
        self.counters.is_empty()
    }

    /// Fresh counters. Per grant, windows that ended more than `max_lateness`
    /// before its newest call are closed and forgotten; a gateway, whose calls
    /// come in order, can pass zero.
    pub fn new(max_lateness: TimeDelta) -> Counters {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Counters {
            identity: NEXT.fetch_add(1, Ordering::Relaxed),
            max_lateness,
            grants: Grants::default(),
            limits: HashMap::default(),
            engine: Arc::default(),
            engine_ids: Vec::new(),
            counters: Vec::new(),
            by_owner: HashTable::new(),
            hasher: foldhash::fast::RandomState::default(),
            any_unknown: false,
            busiest: None,
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
        self.limits.get(&limit.key).copied()
    }

    /// The counter of a limit of the bound engine, which is looked up once.
    fn id_or_new(&mut self, limit: &Limit) -> CounterId {
        if let Some(Some(id)) = self.engine_ids.get(limit.id) {
            return *id;
        }
        let next = CounterId(u32::try_from(self.limits.len()).unwrap_or(u32::MAX));
        let id = *self.limits.entry(limit.key.clone()).or_insert(next);
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
        let id = grant.map_or(GrantId::UNKNOWN, |name| self.grants.enter(name));
        if id == GrantId::UNKNOWN && self.busiest.is_none() {
            self.busiest = Some(self.look_for_busiest());
        }
        if let Some(time) = time {
            self.grants.advance(id, time);
        }
        id
    }

    /// The number of a grant that has called before, else of none.
    pub(super) fn find(&self, grant: Option<&str>) -> Option<GrantId> {
        match grant {
            None => Some(GrantId::UNKNOWN),
            Some(name) => self.grants.find(name),
        }
    }

    fn counter(&self, grant: GrantId, limit: CounterId) -> Option<&Counter> {
        let owner = (grant.0, limit);
        let is_it = |at: &u32| self.owned(*at).is_some_and(|owned| owned.owner == owner);
        let at = self.by_owner.find(self.hasher.hash_one(owner), is_it)?;
        self.owned(*at).map(|owned| &owned.counter)
    }

    fn owned(&self, at: u32) -> Option<&Owned> {
        self.counters.get(at as usize)
    }

    /// The position of a counter, which may begin here.
    fn position(&mut self, owner: Owner) -> u32 {
        let counters = &self.counters;
        let owner_of = |at: &u32| counters.get(*at as usize).map(|owned| owned.owner);
        let entry = self.by_owner.entry(
            self.hasher.hash_one(owner),
            |at| owner_of(at) == Some(owner),
            |at| self.hasher.hash_one(owner_of(at).unwrap_or(owner)),
        );
        match entry {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(vacant) => {
                let at = u32::try_from(counters.len()).unwrap_or(u32::MAX);
                vacant.insert(at);
                let counter = Counter::default();
                self.counters.push(Owned { owner, counter });
                at
            }
        }
    }

    fn look_for_busiest(&self) -> Busiest {
        let named = self.counters.iter().filter(|owned| is_named(owned.owner));
        Busiest::of(named.map(|owned| (owned.owner.1, &owned.counter)))
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
        let at = time.map(|time| (time, window.start(time)));
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
        self.grants.newest(grant).is_some_and(|newest| {
            Time::new(start.saturating_add(length), 0).plus(self.max_lateness) < newest
        })
    }

    /// What a call by `grant` at `time`, in the window from `start`, sees.
    fn seen(&self, grant: Option<GrantId>, limit: CounterId, at: Option<(Time, i64)>) -> Interval {
        let own = match grant {
            // Any grant may have called: a fresh one, or the busiest.
            Some(GrantId::UNKNOWN) => Interval::up_to(match &self.busiest {
                Some(busiest) => busiest.used(limit, at),
                None => self.look_for_busiest().used(limit, at),
            }),
            Some(grant) => self.own(grant, limit, at),
            None => Interval::default(),
        };
        if !self.any_unknown {
            return own;
        }
        let unattributed = self.own(GrantId::UNKNOWN, limit, at).high;
        Interval {
            low: own.low,
            high: own.high.saturating_add(unattributed),
        }
    }

    /// What this grant's own calls have added to what it sees.
    fn own(&self, grant: GrantId, limit: CounterId, at: Option<(Time, i64)>) -> Interval {
        let Some(counter) = self.counter(grant, limit) else {
            return Interval::default();
        };
        match at {
            None => Interval::up_to(counter.most()),
            Some((time, start)) => counter.seen_at(time, start),
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
        let (grant, window) = (GrantId(reservation.grant), limit.key.window);
        self.any_unknown |= grant == GrantId::UNKNOWN;
        let at = self.position((grant.0, id));
        let start = match reservation.time {
            None => {
                self.change(at, NO_WINDOW, |counter| counter.float(amount.high));
                NO_WINDOW
            }
            Some(time) => {
                if let Some(oldest_open) = self.oldest_open(grant, window.seconds()) {
                    self.close_before(at, oldest_open);
                }
                let start = window.start(time);
                self.change(at, start, |counter| counter.add(start, amount));
                start
            }
        };
        reservation.parts.push(Reserved {
            counter: at,
            start,
            amount,
            max: limit.max,
        });
    }

    /// Changes what the counter at `at` holds of the window from `start`.
    fn change(&mut self, at: u32, start: i64, change: impl FnOnce(&mut Counter)) {
        let Some(Owned { owner, counter }) = self.counters.get_mut(at as usize) else {
            return;
        };
        let busiest = self.busiest.as_mut().filter(|_| is_named(*owner));
        let Some(busiest) = busiest else {
            return change(counter);
        };
        let before = counter.standing(start);
        change(counter);
        busiest.moved(owner.1, start, before, counter.standing(start));
    }

    fn close_before(&mut self, at: u32, oldest_open: i64) {
        let Some(Owned { owner, counter }) = self.counters.get_mut(at as usize) else {
            return;
        };
        let mut busiest = self.busiest.as_mut().filter(|_| is_named(*owner));
        let closed = counter.close_before(oldest_open, |start, kept| {
            if let Some(busiest) = &mut busiest {
                busiest.closed(owner.1, start, kept);
            }
        });
        if let (Some(busiest), Some((before, peak))) = (busiest, closed) {
            busiest.closed_before(owner.1, before, peak);
        }
    }

    fn oldest_open(&self, grant: GrantId, length: i64) -> Option<i64> {
        let newest = self.grants.newest(grant)?;
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
        // window and after any time, so a call may always see it.
        let Some(call_time) = reservation.time else {
            return;
        };
        if reservation.counters != self.identity {
            return;
        }
        let time = time.max(call_time);
        for part in reservation.parts {
            self.change(part.counter, part.start, |counter| {
                counter.release(part.start, time, part.amount, part.max);
            });
        }
    }

    /// Gives a call's quota back whose response is a JSON-RPC error of unknown
    /// time, which is taken to have come at once (policy language §4): at the
    /// call's own time, and where that is unknown too, before any call that was
    /// recorded later.
    pub fn release_at_once(&mut self, reservation: Reservation) {
        if let Some(time) = reservation.time {
            return self.release(reservation, time);
        }
        if reservation.counters != self.identity {
            return;
        }
        for part in reservation.parts {
            self.change(part.counter, NO_WINDOW, |counter| {
                counter.sink(part.amount.high);
            });
        }
    }
}

/// The start of no window, for what is counted in none.
const NO_WINDOW: i64 = i64::MIN;

/// Whether calls that name their grant were counted.
fn is_named((grant, _): Owner) -> bool {
    GrantId(grant) != GrantId::UNKNOWN
}

#[cfg(test)]
mod tests;
