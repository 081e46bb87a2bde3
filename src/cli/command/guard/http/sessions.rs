//! The sessions that a server has opened, each of one grant.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use sha2::{Digest, Sha256};

use crate::cli::command::guard::desk::Client;

/// The most sessions of one grant that are remembered; then the one that was not
/// used for longest is forgotten, as if the server had ended it.
const MOST: usize = 1_000;

/// A session's id, which is a credential and is not kept.
pub(super) type Key = [u8; 32];

/// The key of an id.
pub(super) fn key(id: &str) -> Key {
    Sha256::digest(id.as_bytes()).into()
}

/// A client that several requests share.
pub(super) type Shared = Arc<Mutex<Client>>;

/// All sessions.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    held: HashMap<Key, Held>,
    uses: u64,
}

#[derive(Debug)]
struct Held {
    grant: String,
    client: Shared,
    /// When it was used last, in uses of any.
    used: u64,
}

impl Sessions {
    /// The client of a session of this grant.
    pub fn find(&mut self, key: &Key, grant: &str) -> Option<Shared> {
        self.uses += 1;
        let held = self.held.get_mut(key);
        let held = held.filter(|held| held.grant == grant)?;
        held.used = self.uses;
        Some(Arc::clone(&held.client))
    }

    /// Remembers a session that the server has opened for a grant; one that is
    /// forgotten for it.
    ///
    /// # Errors
    /// When it is another grant's.
    pub fn open(&mut self, key: Key, grant: &str) -> Result<Option<Shared>, OfAnother> {
        self.uses += 1;
        if let Some(held) = self.held.get_mut(&key) {
            if held.grant != grant {
                return Err(OfAnother);
            }
            held.used = self.uses;
            return Ok(None);
        }
        let own = self.held.iter().filter(|(_, held)| held.grant == grant);
        let forgotten = match own.clone().count() >= MOST {
            true => own.min_by_key(|(_, held)| held.used).map(|(key, _)| *key),
            false => None,
        };
        let forgotten = forgotten.and_then(|key| self.close(&key));
        let held = Held {
            grant: grant.to_owned(),
            client: Arc::new(Mutex::new(Client::new(grant))),
            used: self.uses,
        };
        self.held.insert(key, held);
        Ok(forgotten)
    }

    /// Forgets a session.
    pub fn close(&mut self, key: &Key) -> Option<Shared> {
        self.held.remove(key).map(|held| held.client)
    }

    /// Forgets all.
    pub fn drain(&mut self) -> Vec<Shared> {
        self.held.drain().map(|(_, held)| held.client).collect()
    }
}

/// A session is that of another grant.
#[derive(Debug)]
pub(super) struct OfAnother;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_its_grants_and_the_oldest_is_forgotten() {
        let mut sessions = Sessions::default();
        assert!(sessions.open(key("s"), "a").unwrap().is_none());
        assert!(sessions.find(&key("s"), "a").is_some());
        assert!(sessions.find(&key("s"), "b").is_none());
        assert!(sessions.open(key("s"), "b").is_err());
        for number in 0..MOST {
            let forgotten = sessions.open(key(&number.to_string()), "b").unwrap();
            assert!(forgotten.is_none());
        }
        assert!(sessions.find(&key("0"), "b").is_some());
        assert!(sessions.open(key("more"), "b").unwrap().is_some());
        assert!(sessions.find(&key("1"), "b").is_none());
        assert!(sessions.find(&key("0"), "b").is_some());
        assert!(sessions.find(&key("s"), "a").is_some());
        assert!(sessions.close(&key("s")).is_some());
        assert_eq!(sessions.drain().len(), MOST);
    }
}
