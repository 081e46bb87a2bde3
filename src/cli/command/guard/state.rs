//! Where the counters of limits are kept.

mod file;
#[cfg(feature = "redis")]
mod redis;

use std::path::PathBuf;
use std::sync::Arc;

use self::file::FileStore;
#[cfg(feature = "redis")]
use self::redis::RedisStore;
use mcppolicy_analysis::report::Failure;
use mcppolicy_engine::engine::{Ledger, MemoryStore, Store};
use mcppolicy_engine::time::Time;

/// What `--state` names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    Memory,
    File(PathBuf),
    /// The URL of a Redis or Valkey.
    #[cfg(feature = "redis")]
    Redis(String),
}

/// What a URL of a Redis or Valkey begins with.
const REDIS: [&str; 2] = ["redis://", "valkey://"];

impl Place {
    pub fn parse(text: &str) -> Result<Place, String> {
        match text {
            "" => Err("it names nothing".to_owned()),
            "memory" => Ok(Place::Memory),
            url if REDIS.iter().any(|scheme| url.starts_with(scheme)) => of_redis(url),
            url if url.contains("://") => {
                Err("counters are kept in memory, in a file or in a Redis".to_owned())
            }
            path => Ok(Place::File(PathBuf::from(path))),
        }
    }
}

#[cfg(feature = "redis")]
#[allow(
    clippy::unnecessary_wraps,
    reason = "without the feature it is an error"
)]
fn of_redis(url: &str) -> Result<Place, String> {
    Ok(Place::Redis(url.to_owned()))
}

#[cfg(not(feature = "redis"))]
fn of_redis(_: &str) -> Result<Place, String> {
    Err("this build has no Redis; build it with --features redis".to_owned())
}

/// The counters of all grants.
#[derive(Debug)]
pub(super) enum State {
    Memory(MemoryStore),
    File(Box<FileStore>),
    #[cfg(feature = "redis")]
    Redis(Box<RedisStore>),
}

impl State {
    /// Opens the counters at a place.
    ///
    /// # Errors
    /// A file that holds something else, or that cannot be opened.
    pub fn open(place: &Place) -> Result<State, Failure> {
        Ok(match place {
            Place::Memory => State::Memory(MemoryStore::new()),
            Place::File(path) => State::File(Box::new(FileStore::open(path)?)),
            #[cfg(feature = "redis")]
            Place::Redis(url) => State::Redis(Box::new(RedisStore::open(url)?)),
        })
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
            State::File(store) => store.update(grant, now, change),
            #[cfg(feature = "redis")]
            State::Redis(store) => store.update(grant, now, change),
        }
    }
}

/// The counters of one policy: those of a candidate are apart from those of the
/// policy in force.
#[derive(Debug, Clone)]
pub(super) struct Counted {
    pub state: Arc<State>,
    pub is_candidate: bool,
}

impl Store for Counted {
    type Error = String;

    fn update(
        &self,
        grant: &str,
        now: Time,
        change: &mut dyn FnMut(&mut Ledger, Time),
    ) -> Result<(), String> {
        if self.is_candidate {
            // No argument of a command has a zero byte, so no grant is named so.
            let grant = format!("\0candidate\0{grant}");
            return self.state.update(&grant, now, change);
        }
        self.state.update(grant, now, change)
    }
}
