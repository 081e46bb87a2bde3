//! The records that the logs of one run have shown: one that several of them hold
//! counts once.

use std::cell::RefCell;
use std::rc::Rc;

use super::recent::{MOST_RECORDS, Recent};

/// The records that the logs of one run have shown, by their ids. Clones share
/// them.
#[derive(Debug, Clone)]
pub struct Records(Rc<RefCell<Recent>>);

impl Default for Records {
    fn default() -> Records {
        Records(Rc::new(RefCell::new(Recent::new(MOST_RECORDS))))
    }
}

impl Records {
    /// Adds a record's id; whether it is a new one.
    pub(super) fn insert(&self, id: &str) -> bool {
        self.0.borrow_mut().insert(id)
    }

    /// Whether an id had to be given up.
    pub(super) fn forgets(&self) -> bool {
        self.0.borrow().forgets()
    }
}
