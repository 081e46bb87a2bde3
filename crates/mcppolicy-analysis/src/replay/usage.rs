//! How much of each limit a recording uses, and when its calls came: the data
//! of the charts. Memory is bounded by the number of limits and not by the
//! recording: time is cut into buckets that grow wider as it gets longer.

use std::collections::BTreeMap;

use mcppolicy_engine::engine::{Decision, LimitUse};
use mcppolicy_engine::time::Time;

/// Buckets of time that are kept at most.
pub const MOST_BUCKETS: i64 = 120;
/// Limits that are followed at most; a policy with more is beyond any chart.
const MOST_LIMITS: usize = 400;
/// Widths of buckets in seconds that a reader finds natural; beyond the last
/// one they double. Each divides the next, so that it does not matter when a
/// bucket grew: shares of a run grow into the buckets of the whole.
const WIDTHS: [i64; 14] = [
    1, 5, 10, 30, 60, 120, 600, 1_800, 3_600, 7_200, 21_600, 43_200, 86_400, 172_800,
];

/// Calls and limits over time.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Usage {
    /// The limits that counted a call, by their JSON Pointer.
    pub limits: BTreeMap<String, LimitUsage>,
    /// The calls in scope, by bucket.
    pub calls: Buckets<Calls>,
    /// Calls of unknown time, which are in no bucket.
    pub without_time: u64,
    /// Limits that were not followed, because there are too many.
    pub further_limits: bool,
}

/// One limit over the recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitUsage {
    /// The counter's name.
    pub counter: String,
    /// `minute`, `hour` or `day`.
    pub window: &'static str,
    /// The largest count or sum.
    pub max: u64,
    /// The most that one grant may have used of one window, at most `max`.
    pub peak: u64,
    /// Calls that this limit refused.
    pub denied: u64,
    /// Calls that passed and that it counted.
    pub counted: u64,
    /// The same by bucket.
    pub over_time: Buckets<Used>,
}

/// One bucket of a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Used {
    /// The most that one grant may have used of one window.
    pub peak: u64,
    /// Calls that this limit refused.
    pub denied: u64,
}

/// One bucket of calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Calls {
    /// Allowed.
    pub allow: u64,
    /// Denied.
    pub deny: u64,
    /// Undetermined.
    pub undetermined: u64,
}

/// Something that two neighbouring buckets can become one of.
pub trait Join: Copy + Default {
    /// Adds a neighbour.
    fn join(&mut self, other: Self);
}

impl Join for Used {
    fn join(&mut self, other: Used) {
        self.peak = self.peak.max(other.peak);
        self.denied += other.denied;
    }
}

impl Join for Calls {
    fn join(&mut self, other: Calls) {
        self.allow += other.allow;
        self.deny += other.deny;
        self.undetermined += other.undetermined;
    }
}

/// Time cut into buckets of one width, aligned to the epoch; only those in
/// which something happened are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Buckets<T> {
    /// Seconds that a bucket is wide.
    pub width: i64,
    /// What happened, by the bucket's first second divided by the width.
    pub list: BTreeMap<i64, T>,
}

impl<T> Default for Buckets<T> {
    fn default() -> Buckets<T> {
        Buckets {
            width: 1,
            list: BTreeMap::new(),
        }
    }
}

impl<T: Join> Buckets<T> {
    fn add(&mut self, time: Time, what: T) {
        let at = time.seconds().div_euclid(self.width);
        self.list.entry(at).or_default().join(what);
        self.fit();
    }

    fn fit(&mut self) {
        while self.span() > MOST_BUCKETS {
            self.widen();
        }
    }

    /// Adds what happened in another share of the run.
    fn merge(&mut self, mut other: Buckets<T>) {
        while self.width < other.width {
            self.widen();
        }
        while other.width < self.width {
            other.widen();
        }
        for (at, what) in other.list {
            self.list.entry(at).or_default().join(what);
        }
        self.fit();
    }

    /// These buckets, when they are as this crate cuts time.
    pub fn restored(width: i64, list: BTreeMap<i64, T>) -> Option<Buckets<T>> {
        let mut known = Buckets::<T>::default();
        while known.width < width && known.width < i64::MAX {
            known.widen();
        }
        let buckets = Buckets { width, list };
        (known.width == width && buckets.span() <= MOST_BUCKETS).then_some(buckets)
    }

    /// How many buckets there are from the first to the last.
    pub fn span(&self) -> i64 {
        match (self.list.keys().next(), self.list.keys().next_back()) {
            (Some(first), Some(last)) => last.saturating_sub(*first).saturating_add(1),
            _ => 0,
        }
    }

    fn widen(&mut self) {
        let wider = WIDTHS.into_iter().find(|width| *width > self.width);
        let wider = wider.unwrap_or(self.width.saturating_mul(2));
        let old = std::mem::take(&mut self.list);
        for (at, what) in old {
            let at = at.saturating_mul(self.width).div_euclid(wider);
            self.list.entry(at).or_default().join(what);
        }
        self.width = wider;
    }
}

impl Usage {
    /// Adds one decided call with what it left used of its limits.
    pub(super) fn note(
        &mut self,
        time: Option<Time>,
        decision: &Decision<'_>,
        limits: &[LimitUse<'_>],
    ) {
        match time {
            Some(time) => self.calls.add(time, Calls::one(decision)),
            None => self.without_time += 1,
        }
        for limit in limits {
            let denied = u64::from(decision.rule() == Some(limit.rule));
            let counted = u64::from(decision.is_allow());
            self.limit(time, limit, [denied, counted]);
        }
    }

    /// Adds what a call left used of its limits, and not the call.
    pub(super) fn reach(&mut self, time: Option<Time>, limits: &[LimitUse<'_>]) {
        for limit in limits {
            self.limit(time, limit, [0, 0]);
        }
    }

    /// Adds a call that a limit saw, with how often it refused and counted.
    fn limit(&mut self, time: Option<Time>, limit: &LimitUse<'_>, [denied, counted]: [u64; 2]) {
        // What may have been used beyond `max` was not.
        let peak = limit.used.high.min(limit.max);
        if !self.limits.contains_key(limit.rule) {
            self.limits
                .insert(limit.rule.to_owned(), LimitUsage::new(limit));
            self.drop_further();
        }
        let Some(usage) = self.limits.get_mut(limit.rule) else {
            return;
        };
        usage.peak = usage.peak.max(peak);
        usage.denied += denied;
        usage.counted += counted;
        if let Some(time) = time {
            usage.over_time.add(time, Used { peak, denied });
        }
    }

    /// Keeps the first limits by their pointers, in whatever order they came.
    fn drop_further(&mut self) {
        while self.limits.len() > MOST_LIMITS {
            self.limits.pop_last();
            self.further_limits = true;
        }
    }

    /// Adds what another share of the run used.
    pub(super) fn merge(&mut self, other: Usage) {
        self.calls.merge(other.calls);
        self.without_time += other.without_time;
        self.further_limits |= other.further_limits;
        for (rule, limit) in other.limits {
            match self.limits.get_mut(&rule) {
                None => {
                    self.limits.insert(rule, limit);
                }
                Some(known) => {
                    known.peak = known.peak.max(limit.peak);
                    known.denied += limit.denied;
                    known.counted += limit.counted;
                    known.over_time.merge(limit.over_time);
                }
            }
        }
        self.drop_further();
    }
}

impl LimitUsage {
    fn new(limit: &LimitUse<'_>) -> LimitUsage {
        LimitUsage {
            counter: limit.counter.to_owned(),
            window: limit.window,
            max: limit.max,
            peak: 0,
            denied: 0,
            counted: 0,
            over_time: Buckets::default(),
        }
    }
}

impl Calls {
    fn one(decision: &Decision<'_>) -> Calls {
        let mut one = Calls::default();
        match decision {
            Decision::Allow => one.allow = 1,
            Decision::Deny(_) => one.deny = 1,
            Decision::Undetermined(_) => one.undetermined = 1,
        }
        one
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Time {
        Time::new(seconds, 0)
    }

    const ALLOWED: Calls = Calls {
        allow: 1,
        deny: 0,
        undetermined: 0,
    };

    #[test]
    fn a_longer_recording_gets_wider_buckets_and_not_more() {
        let mut buckets = Buckets::default();
        for second in 0..100_000 {
            buckets.add(at(second * 7), ALLOWED);
        }
        assert!(buckets.span() <= MOST_BUCKETS);
        assert_eq!(buckets.width, 7_200);
        let divides = |pair: &[i64]| pair[1] % pair[0] == 0;
        assert!(WIDTHS.windows(2).all(divides));
        let calls: u64 = buckets.list.values().map(|calls| calls.allow).sum();
        assert_eq!(calls, 100_000);
    }

    #[test]
    fn calls_that_come_out_of_order_or_centuries_apart_fit_in() {
        let mut buckets = Buckets::default();
        for second in [5_000_000_000, 0, -5_000_000_000, 1] {
            buckets.add(at(second), ALLOWED);
        }
        assert!(buckets.span() <= MOST_BUCKETS);
        let calls: u64 = buckets.list.values().map(|calls| calls.allow).sum();
        assert_eq!(calls, 4);
    }
}
