//! Where a gateway keeps its grants' ledgers.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

use super::ledger::Ledger;
use crate::time::Time;

/// Keeps one [`Ledger`] for each grant.
///
/// A store keeps ledgers and nothing else: what a limit is, and whether a call
/// fits, the engine decides inside [`update`](Store::update). So a store over a
/// database needs a compare-and-swap of one grant's ledger, and no rule.
pub trait Store {
    /// Why the store cannot answer. The gateway then does not forward the call.
    type Error;

    /// Replaces the grant's ledger by what `change` makes of it, atomically: no
    /// other update of this grant happens between the ledger that `change` gets
    /// and the one that is kept. A grant without a ledger has
    /// [`Ledger::default`].
    ///
    /// `change` also gets the time: `now`, or the store's own clock where
    /// several processes share it. It may be run again, on a newer ledger, when
    /// another process was faster; only its last run counts, and what that made
    /// must have been kept when `update` returns `Ok`.
    ///
    /// # Errors
    /// When the ledger cannot be read or kept.
    fn update(
        &self,
        grant: &str,
        now: Time,
        change: &mut dyn FnMut(&mut Ledger, Time),
    ) -> Result<(), Self::Error>;
}

impl<S: Store + ?Sized> Store for &S {
    type Error = S::Error;

    fn update(
        &self,
        grant: &str,
        now: Time,
        change: &mut dyn FnMut(&mut Ledger, Time),
    ) -> Result<(), S::Error> {
        (**self).update(grant, now, change)
    }
}

impl<S: Store + ?Sized> Store for Arc<S> {
    type Error = S::Error;

    fn update(
        &self,
        grant: &str,
        now: Time,
        change: &mut dyn FnMut(&mut Ledger, Time),
    ) -> Result<(), S::Error> {
        (**self).update(grant, now, change)
    }
}

/// Ledgers in memory, for one process. Its state can be taken out with
/// [`ledgers`](MemoryStore::ledgers) and put back with `From`.
#[derive(Debug, Default)]
pub struct MemoryStore {
    ledgers: Mutex<BTreeMap<String, Ledger>>,
}

impl MemoryStore {
    /// A store in which no grant has called.
    pub fn new() -> MemoryStore {
        MemoryStore::default()
    }

    /// A copy of every grant's ledger.
    pub fn ledgers(&self) -> BTreeMap<String, Ledger> {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Ledger>> {
        // A ledger is put back whole, so a thread that panicked left none half
        // changed.
        self.ledgers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<BTreeMap<String, Ledger>> for MemoryStore {
    fn from(ledgers: BTreeMap<String, Ledger>) -> MemoryStore {
        MemoryStore {
            ledgers: Mutex::new(ledgers),
        }
    }
}

impl Store for MemoryStore {
    type Error = Infallible;

    fn update(
        &self,
        grant: &str,
        now: Time,
        change: &mut dyn FnMut(&mut Ledger, Time),
    ) -> Result<(), Infallible> {
        let mut ledgers = self.lock();
        let mut ledger = ledgers.get(grant).cloned().unwrap_or_default();
        change(&mut ledger, now);
        ledgers.insert(grant.to_owned(), ledger);
        Ok(())
    }
}
