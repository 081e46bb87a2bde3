//! The limit counters of one grant.

use std::collections::BTreeMap;

use super::limit_key::LimitKey;
use crate::time::Time;

/// One grant's state: the instant of its newest call, and for each limit what
/// the current window holds (policy language §4).
///
/// A ledger is what a [`Store`](super::Store) keeps. Limits are identified by
/// their [`LimitKey`], so that a ledger outlives a change of the policy. With
/// the feature `serde` it can be saved and loaded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(into = "saved::Ledger", try_from = "saved::Ledger")
)]
pub struct Ledger {
    newest: Option<Time>,
    balances: BTreeMap<LimitKey, Balance>,
}

/// What one limit's window holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Balance {
    /// The window's first second, since the Unix epoch.
    pub start: i64,
    /// The count of calls, or the sum of amounts, minus refunds.
    pub kept: u64,
}

impl Ledger {
    /// The instant at which the newest call counted.
    pub fn newest(&self) -> Option<Time> {
        self.newest
    }

    /// The limits charged in a window that includes the newest call, with their
    /// balances, in a stable order.
    pub fn balances(&self) -> impl Iterator<Item = (&LimitKey, Balance)> {
        self.balances.iter().map(|(key, balance)| (key, *balance))
    }

    /// What the limit has counted in the window that contains `time`.
    pub fn used(&self, limit: &LimitKey, time: Time) -> u64 {
        let start = limit.window.start(time);
        match self.balances.get(limit) {
            Some(balance) if balance.start == start => balance.kept,
            _ => 0,
        }
    }

    /// The time used for a call made at `now`: `now`, or the time of the newest
    /// call if that is later (policy language §5).
    pub(super) fn instant(&self, now: Time) -> Time {
        self.newest.map_or(now, |newest| newest.max(now))
    }

    /// Sets the newest time to `time` and drops the balances of other windows.
    pub(super) fn advance(&mut self, time: Time) {
        self.newest = Some(time);
        self.balances
            .retain(|key, balance| balance.start == key.window.start(time));
    }

    /// Adds `amount` to the limit's current window.
    pub(super) fn charge(&mut self, limit: &LimitKey, time: Time, amount: u64) {
        let start = limit.window.start(time);
        match self.balances.get_mut(limit) {
            Some(balance) if balance.start == start => {
                balance.kept = balance.kept.saturating_add(amount);
            }
            _ => {
                let kept = amount;
                self.balances.insert(limit.clone(), Balance { start, kept });
            }
        }
    }

    /// Gives `amount` back to the window from `start`, unless it has ended.
    pub(super) fn refund(&mut self, limit: &LimitKey, start: i64, amount: u64) {
        if let Some(balance) = self.balances.get_mut(limit)
            && balance.start == start
        {
            balance.kept = balance.kept.saturating_sub(amount);
        }
    }
}

/// The serialized form of a ledger; unknown fields are rejected.
#[cfg(feature = "serde")]
mod saved {
    use serde::{Deserialize, Serialize};

    use super::{Balance, LimitKey};
    use crate::policy::{Path, Window};
    use crate::time::Time;

    #[derive(Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    pub struct Ledger {
        newest: Option<Instant>,
        limits: Vec<Limit>,
    }

    #[derive(Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Instant {
        seconds: i64,
        nanos: u32,
    }

    #[derive(Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Limit {
        tool: Option<String>,
        counter: String,
        window: String,
        increment_from: Option<String>,
        start: i64,
        kept: u64,
    }

    impl From<super::Ledger> for Ledger {
        fn from(ledger: super::Ledger) -> Ledger {
            let limit = |(key, balance): (LimitKey, Balance)| Limit {
                tool: key.tool,
                counter: key.counter,
                window: key.window.name().to_owned(),
                increment_from: key.increment_from.map(|path| path.to_string()),
                start: balance.start,
                kept: balance.kept,
            };
            Ledger {
                newest: ledger.newest.map(|time| Instant {
                    seconds: time.seconds(),
                    nanos: time.nanos(),
                }),
                limits: ledger.balances.into_iter().map(limit).collect(),
            }
        }
    }

    impl TryFrom<Ledger> for super::Ledger {
        type Error = String;

        fn try_from(saved: Ledger) -> Result<super::Ledger, String> {
            let mut ledger = super::Ledger {
                newest: saved.newest.map(|at| Time::new(at.seconds, at.nanos)),
                ..super::Ledger::default()
            };
            for limit in saved.limits {
                let window = Window::ALL
                    .into_iter()
                    .find(|window| window.name() == limit.window)
                    .ok_or_else(|| format!("{:?} is no window", limit.window))?;
                let path = limit.increment_from.as_deref().map(Path::parse);
                let key = LimitKey {
                    tool: limit.tool,
                    counter: limit.counter,
                    window,
                    increment_from: path.transpose().map_err(|error| error.to_string())?,
                };
                let balance = Balance {
                    start: limit.start,
                    kept: limit.kept,
                };
                if ledger.balances.insert(key, balance).is_some() {
                    return Err("a limit is repeated".to_owned());
                }
            }
            Ok(ledger)
        }
    }
}
