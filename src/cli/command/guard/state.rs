//! Where the counters of limits are kept.

use mcppolicy_engine::engine::{Ledger, MemoryStore, Store};
use mcppolicy_engine::time::Time;

/// What `--state` names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    Memory,
}

impl Place {
    pub fn parse(text: &str) -> Result<Place, String> {
        match text {
            "memory" => Ok(Place::Memory),
            _ => Err("there is only `memory`".to_owned()),
        }
    }
}

/// The counters of all grants.
#[derive(Debug)]
pub(super) enum State {
    Memory(MemoryStore),
}

impl State {
    pub fn open(place: &Place) -> State {
        match place {
            Place::Memory => State::Memory(MemoryStore::new()),
        }
    }
}

impl Store for State {
    type Error = String;

    fn update(
        &self,
        grant: &str,
        now: Time,
        change: &mut dyn FnMut(&mut Ledger, Time),
    ) -> Result<(), String> {
        match self {
            State::Memory(store) => store
                .update(grant, now, change)
                .map_err(|never| match never {}),
        }
    }
}
