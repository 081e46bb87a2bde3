//! Which ids a log has shown: of records that it may hold again, of calls that
//! are over. Only a hash of 16 bytes is kept of each, and only of the newest.

use std::collections::{HashSet, VecDeque};
use std::hash::BuildHasher;

use foldhash::fast::FixedState;

/// The newest ids, up to a number.
#[derive(Debug)]
pub(super) struct Recent {
    most: usize,
    ids: HashSet<u128>,
    /// The same, oldest first.
    order: VecDeque<u128>,
    forgets: bool,
}

/// The most records of one log whose ids are kept: with the table around them,
/// some 60 MiB.
pub(super) const MOST_RECORDS: usize = 1 << 20;

/// The most calls that are over whose ids are kept.
pub(super) const MOST_CALLS: usize = 4_096;

impl Recent {
    /// Keeps the newest `most` ids.
    pub fn new(most: usize) -> Recent {
        Recent {
            most,
            ids: HashSet::new(),
            order: VecDeque::new(),
            forgets: false,
        }
    }

    /// Adds an id; whether it is a new one.
    pub fn insert(&mut self, id: &str) -> bool {
        self.insert_hash(hash(id))
    }

    /// Adds an id by its hash; whether it is a new one.
    pub fn insert_hash(&mut self, hash: u128) -> bool {
        if !self.ids.insert(hash) {
            return false;
        }
        self.order.push_back(hash);
        if self.order.len() > self.most
            && let Some(oldest) = self.order.pop_front()
        {
            self.ids.remove(&oldest);
            self.forgets = true;
        }
        true
    }

    /// Whether an id is among the newest.
    pub fn contains(&self, id: &str) -> bool {
        self.contains_hash(hash(id))
    }

    /// Whether an id of this hash is among the newest.
    pub fn contains_hash(&self, hash: u128) -> bool {
        self.ids.contains(&hash)
    }

    /// Whether an id had to be given up.
    pub fn forgets(&self) -> bool {
        self.forgets
    }
}

/// The hash of an id.
pub(super) fn hash(id: &str) -> u128 {
    let half = |seed| u128::from(FixedState::with_seed(seed).hash_one(id));
    half(1) << 64 | half(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_ids_are_kept_and_the_loss_of_others_is_known() {
        let mut recent = Recent::new(2);
        assert!(recent.insert("a") && recent.insert("b"));
        assert!(!recent.insert("a") && !recent.forgets());
        assert!(recent.insert("c"));
        assert!(recent.forgets() && !recent.contains("a"));
        assert!(recent.contains("b") && recent.contains("c"));
    }

    #[test]
    fn many_ids_have_as_many_hashes() {
        let mut recent = Recent::new(MOST_RECORDS);
        assert!((0..20_000).all(|n| recent.insert(&n.to_string())));
    }
}
