//! The grants of a replay: a number for each name, and how far its clock has
//! come. Their names stand in one text, since there may be millions.

use std::hash::BuildHasher;

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use crate::time::Time;

/// A grant within one [`Counters`](super::Counters).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) struct GrantId(pub(super) u32);

impl GrantId {
    /// The grant that represents all calls whose caller is unknown.
    pub const UNKNOWN: GrantId = GrantId(0);
}

/// All grants, by number.
#[derive(Debug)]
pub(super) struct Grants {
    hasher: foldhash::fast::RandomState,
    by_name: HashTable<u32>,
    names: String,
    list: Vec<Grant>,
}

#[derive(Debug)]
struct Grant {
    /// Where its name ends in the text of all names; it begins where that of the
    /// grant before ends.
    name_ends: usize,
    /// The time of its newest call; [`never`] without a call of known time.
    newest: Time,
}

/// Before every call.
fn never() -> Time {
    Time::new(i64::MIN, 0)
}

impl Default for Grants {
    fn default() -> Grants {
        Grants {
            hasher: foldhash::fast::RandomState::default(),
            by_name: HashTable::new(),
            names: String::new(),
            list: vec![Grant {
                name_ends: 0,
                newest: never(),
            }],
        }
    }
}

impl Grants {
    /// The number of the grant `name`, which may not have called before.
    pub fn enter(&mut self, name: &str) -> GrantId {
        let hash = self.hasher.hash_one(name);
        let (names, list) = (&self.names, &self.list);
        let is_it = |id: &u32| name_of(names, list, *id) == Some(name);
        let hash_of = |id: &u32| {
            let name = name_of(names, list, *id).unwrap_or_default();
            self.hasher.hash_one(name)
        };
        match self.by_name.entry(hash, is_it, hash_of) {
            Entry::Occupied(known) => GrantId(*known.get()),
            Entry::Vacant(vacant) => {
                // What cannot be told apart any more may be anyone's.
                let Ok(id) = u32::try_from(self.list.len()) else {
                    return GrantId::UNKNOWN;
                };
                vacant.insert(id);
                self.names.push_str(name);
                self.list.push(Grant {
                    name_ends: self.names.len(),
                    newest: never(),
                });
                GrantId(id)
            }
        }
    }

    /// The number of the grant `name`, if it has called before.
    pub fn find(&self, name: &str) -> Option<GrantId> {
        let hash = self.hasher.hash_one(name);
        let is_it = |id: &u32| name_of(&self.names, &self.list, *id) == Some(name);
        self.by_name.find(hash, is_it).map(|id| GrantId(*id))
    }

    /// Moves a grant's clock on to `time`.
    pub fn advance(&mut self, grant: GrantId, time: Time) {
        if let Some(grant) = self.list.get_mut(grant.0 as usize) {
            grant.newest = grant.newest.max(time);
        }
    }

    /// The time of a grant's newest call.
    pub fn newest(&self, grant: GrantId) -> Option<Time> {
        let newest = self.list.get(grant.0 as usize)?.newest;
        (newest != never()).then_some(newest)
    }
}

fn name_of<'n>(names: &'n str, list: &[Grant], id: u32) -> Option<&'n str> {
    let id = id as usize;
    let begins = list.get(id.checked_sub(1)?)?.name_ends;
    names.get(begins..list.get(id)?.name_ends)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_number_and_a_number_one_name() {
        let mut grants = Grants::default();
        let names: Vec<String> = (0..1_000).map(|at| format!("g{at}")).collect();
        let ids: Vec<GrantId> = names.iter().map(|name| grants.enter(name)).collect();
        assert_eq!(grants.enter(""), GrantId(1_001));
        for (name, id) in names.iter().zip(ids) {
            assert_eq!(grants.enter(name), id);
            assert_eq!(grants.find(name), Some(id));
            assert_ne!(id, GrantId::UNKNOWN);
        }
        assert_eq!(grants.find("g"), None);
        assert_eq!(grants.find(""), Some(GrantId(1_001)));
    }

    #[test]
    fn a_clock_goes_forward_only() {
        let mut grants = Grants::default();
        let id = grants.enter("a");
        assert_eq!(grants.newest(id), None);
        for (second, newest) in [(5, 5), (3, 5), (9, 9)] {
            grants.advance(id, Time::new(second, 0));
            assert_eq!(grants.newest(id), Some(Time::new(newest, 0)));
        }
    }
}
