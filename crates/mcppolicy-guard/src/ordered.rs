//! A store whose calls have strictly increasing times.

use mcppolicy_engine::engine::{Ledger, Store};
use mcppolicy_engine::time::{Time, TimeDelta};

/// The least time between two calls of one grant.
const STEP: TimeDelta = TimeDelta::nanos(1_000);

/// A store that gives each call of a grant a time of its own: the store's
/// clock, or a microsecond after the grant's newest call if that is later. So
/// the order of a log by time is the order in which the store decided.
#[derive(Debug, Clone)]
pub struct Ordered<S>(
    /// The store beneath.
    pub S,
);

impl<S: Store> Store for Ordered<S> {
    type Error = S::Error;

    fn update(
        &self,
        grant: &str,
        now: Time,
        change: &mut dyn FnMut(&mut Ledger, Time),
    ) -> Result<(), S::Error> {
        self.0.update(grant, now, &mut |ledger, clock| {
            let next = ledger.newest().map(|newest| newest.plus(STEP));
            change(ledger, next.map_or(clock, |next| next.max(clock)));
        })
    }
}
