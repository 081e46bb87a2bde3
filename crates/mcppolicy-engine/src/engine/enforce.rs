//! Enforcement: allow or deny, and nothing else (policy language §5).

use super::call::Call;
use super::compile::{Engine, Limit};
use super::interval::Interval;
use super::ledger::Ledger;
use super::limit_key::LimitKey;
use super::quota::Balance;
use super::rules::{Passed, RuleOutcome};
use super::store::Store;
use crate::decision::{Decision, Denial, Reason};
use crate::time::Time;

/// Whether a gateway forwards a call.
///
/// A call may be forwarded only with its [`Permit`], and there is no third
/// answer that a gateway could take for a yes.
#[must_use = "forward the call only when it is allowed"]
#[derive(Debug)]
pub enum Enforced<'e, S> {
    /// The call may be forwarded; its quota is taken.
    Allowed(Permit<S>),
    /// The call is refused and consumes nothing.
    Denied(Denial<'e>),
}

impl<S> Enforced<'_, S> {
    /// Whether the call may be forwarded.
    pub const fn is_allowed(&self) -> bool {
        matches!(self, Enforced::Allowed(_))
    }
}

/// The quota that an allowed call took.
///
/// Drop it when the server answers with a result, also one with
/// `isError: true`. When the server answers with a JSON-RPC error, give the
/// quota back with [`release`](Permit::release), which takes the permit, so
/// that nothing is given back twice:
///
/// ```compile_fail,E0382
/// # use mcppolicy_engine::engine::{Call, Enforced, Engine, MemoryStore};
/// # use mcppolicy_engine::time::Time;
/// # use mcppolicy_engine::value::Value;
/// # let (engine, store, now) = (Engine::without_policy(), MemoryStore::new(), Time::new(0, 0));
/// let call = Call::new("agent", "tool", &Value::Null, now);
/// if let Ok(Enforced::Allowed(permit)) = engine.enforce(&call, &store) {
///     permit.release(now);
///     permit.release(now); // error: use of moved value
/// }
/// ```
#[must_use = "keep it until the server has answered"]
#[derive(Debug)]
pub struct Permit<S> {
    store: S,
    grant: String,
    taken: Vec<Taken>,
}

/// What one limit was charged.
#[derive(Debug)]
struct Taken {
    limit: LimitKey,
    start: i64,
    amount: u64,
}

/// What a decision saw of the limits; nothing where none was asked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Seen {
    /// The instant at which the call counted.
    pub time: Option<Time>,
    /// The limits that count the call, in the order of the decision, each with
    /// what it had counted before.
    pub used: Vec<(LimitKey, u64)>,
}

impl<S: Store> Permit<S> {
    /// Gives the quota back to the windows that it was taken from, because the
    /// server answered with a JSON-RPC error (policy language §4). A window
    /// that has ended needs nothing back. `now` is the gateway's clock.
    ///
    /// # Errors
    /// When the store cannot keep it; the quota then stays consumed.
    pub fn release(self, now: Time) -> Result<(), S::Error> {
        if self.taken.is_empty() {
            return Ok(());
        }
        self.store.update(&self.grant, now, &mut |ledger, _| {
            for taken in &self.taken {
                ledger.refund(&taken.limit, taken.start, taken.amount);
            }
        })
    }
}

impl Engine {
    /// Decides a call that a gateway is about to forward, and takes its quota
    /// from `store`.
    ///
    /// The answer is that of [`decide`](Engine::decide), except that what cannot
    /// be determined is denied, with the reason in the message (policy language
    /// §5), and that a call stamped before its grant's newest one counts at that
    /// newest instant. A call of unknown time or grant is denied where a limit
    /// could refuse it. The store is not used for a call that no limit counts.
    ///
    /// # Errors
    /// When the store does not answer. The call must then not be forwarded.
    pub fn enforce<'e, S: Store>(
        &'e self,
        call: &Call<'_>,
        store: S,
    ) -> Result<Enforced<'e, S>, S::Error> {
        self.enforce_and_show(call, store)
            .map(|(enforced, _)| enforced)
    }

    /// Decides as [`enforce`](Engine::enforce) does, and says at which instant
    /// the call counted and what each limit had counted before it: what a log
    /// needs so that the call can be decided again without the calls before it.
    ///
    /// # Errors
    /// When the store does not answer. The call must then not be forwarded.
    pub fn enforce_and_show<'e, S: Store>(
        &'e self,
        call: &Call<'_>,
        store: S,
    ) -> Result<(Enforced<'e, S>, Seen), S::Error> {
        let nothing = Seen::default();
        let passed = match self.evaluate_rules(call.request).outcome {
            RuleOutcome::Refused(denial) => return Ok((Enforced::Denied(denial), nothing)),
            RuleOutcome::Passed(passed) => passed,
        };
        let unknown = |doubt, store| self.with_unknown(&passed, call, doubt, store);
        let (grant, time) = match (call.grant, call.time) {
            _ if self.limits_of(passed.tool).next().is_none() => {
                return Ok((self.without_limits(&passed, call, store), nothing));
            }
            (Some(grant), Some(time)) => (grant, time),
            (_, None) => return Ok((unknown(Reason::UnknownTime, store), nothing)),
            (None, _) => return Ok((unknown(Reason::UnknownGrant, store), nothing)),
        };
        let mut result = None;
        store.update(grant, time, &mut |ledger, now| {
            result = Some(self.charge(&passed, ledger, now));
        })?;
        // A store that reports success without running the change has shown no
        // ledger, so what was consumed is unknown.
        let (decision, taken, seen) = result.unwrap_or((
            Decision::Undetermined(Reason::UnknownHistory),
            Vec::new(),
            nothing,
        ));
        let grant = grant.to_owned();
        let enforced = enforced(decision, || Permit {
            store,
            grant,
            taken,
        });
        Ok((enforced, seen))
    }

    /// Decides against one grant's ledger, and charges it when the call passes.
    fn charge<'e>(
        &'e self,
        passed: &Passed<'e>,
        ledger: &mut Ledger,
        now: Time,
    ) -> (Decision<'e>, Vec<Taken>, Seen) {
        let time = ledger.instant(now);
        ledger.advance(time);
        let held = |limit: &Limit| (limit.key.clone(), ledger.used(&limit.key, time));
        let seen = Seen {
            time: Some(time),
            used: self.limits_of(passed.tool).map(held).collect(),
        };
        let (decision, _) = self.check_limits(passed, |limit| Balance {
            used: Interval::exactly(ledger.used(&limit.key, time)),
            is_closed: false,
            doubt: Reason::UnknownHistory,
        });
        if !decision.is_allow() {
            return (decision, Vec::new(), seen);
        }
        let charge = |(limit, amount): (&Limit, super::quota::Amount)| {
            let amount = amount.interval().high;
            ledger.charge(&limit.key, time, amount);
            Taken {
                limit: limit.key.clone(),
                start: limit.key.window.start(time),
                amount,
            }
        };
        let taken = self.counted(passed).map(charge).collect();
        (decision, taken, seen)
    }

    fn without_limits<'e, S>(
        &'e self,
        passed: &Passed<'e>,
        call: &Call<'_>,
        store: S,
    ) -> Enforced<'e, S> {
        enforced(passed.possible.clone().otherwise_allow(), || {
            Permit::without_quota(store, call)
        })
    }

    /// The answer when a call's time or grant is unknown: a counter may then
    /// hold anything.
    fn with_unknown<'e, S>(
        &'e self,
        passed: &Passed<'e>,
        call: &Call<'_>,
        doubt: Reason,
        store: S,
    ) -> Enforced<'e, S> {
        let (decision, _) = self.check_limits(passed, |_| Balance {
            used: Interval::up_to(u64::MAX),
            is_closed: false,
            doubt,
        });
        enforced(decision, || Permit::without_quota(store, call))
    }
}

impl<S> Permit<S> {
    fn without_quota(store: S, call: &Call<'_>) -> Permit<S> {
        Permit {
            store,
            grant: call.grant.unwrap_or_default().to_owned(),
            taken: Vec::new(),
        }
    }
}

fn enforced<'e, S>(decision: Decision<'e>, permit: impl FnOnce() -> Permit<S>) -> Enforced<'e, S> {
    match decision {
        Decision::Allow => Enforced::Allowed(permit()),
        Decision::Deny(denial) => Enforced::Denied(denial),
        Decision::Undetermined(reason) => Enforced::Denied(Denial::undetermined(reason)),
    }
}

#[cfg(test)]
mod tests;
