//! The records that the logs of one run have shown: one that several of them hold
//! counts once.

use std::cell::RefCell;
use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::rc::Rc;

use super::recent::{MOST_RECORDS, Recent};
use super::spans::ToldSpans;

/// The most callers that are told apart by their credentials.
const MOST_CALLERS: usize = 65_536;

/// The records that the logs of one run have shown, by their ids, the spans that
/// were counted, and the callers that only a credential tells apart. Clones share
/// them.
#[derive(Debug, Clone)]
pub struct Records {
    ids: Rc<RefCell<Recent>>,
    spans: Rc<RefCell<ToldSpans>>,
    callers: Rc<RefCell<Callers>>,
}

/// Callers by their credentials, of which nothing is kept but a hash of 128 bits
/// under a key that this run has drawn and writes nowhere.
#[derive(Debug, Default)]
struct Callers {
    keys: [RandomState; 2],
    numbers: HashMap<[u64; 2], usize>,
}

impl Default for Records {
    fn default() -> Records {
        Records {
            ids: Rc::new(RefCell::new(Recent::new(MOST_RECORDS))),
            spans: Rc::default(),
            callers: Rc::default(),
        }
    }
}

impl Records {
    /// Adds a record's id; whether it is a new one.
    pub(super) fn insert(&self, id: &str) -> bool {
        self.ids.borrow_mut().insert(id)
    }

    /// Whether an id had to be given up.
    pub(super) fn forgets(&self) -> bool {
        self.ids.borrow().forgets()
    }

    /// The spans that were counted.
    pub(super) fn spans(&self) -> Rc<RefCell<ToldSpans>> {
        Rc::clone(&self.spans)
    }

    /// A name for whoever has shown this credential, the same in the whole run and
    /// in each run over the same logs; `None` where there are too many.
    pub(super) fn caller(&self, credential: &str) -> Option<String> {
        let mut callers = self.callers.borrow_mut();
        let digest = callers.keys.each_ref().map(|key| key.hash_one(credential));
        let next = callers.numbers.len() + 1;
        let number = match callers.numbers.get(&digest) {
            Some(number) => *number,
            None if next > MOST_CALLERS => return None,
            None => {
                callers.numbers.insert(digest, next);
                next
            }
        };
        Some(format!("credential-{number}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_has_one_name_that_says_nothing_of_it() {
        let records = Records::default();
        let of = |credential: &str| records.clone().caller(credential).unwrap();
        assert_eq!(of("Bearer a"), "credential-1");
        assert_eq!(of("Bearer b"), "credential-2");
        assert_eq!(of("Bearer a"), "credential-1");
        assert!(!format!("{records:?}").contains("Bearer"));
    }
}
