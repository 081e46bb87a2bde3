//! The records that the logs of one run have shown: one that several of them hold
//! counts once.

use std::cell::RefCell;
use std::rc::Rc;

use super::recent::{MOST_RECORDS, Recent};
use super::spans::ToldSpans;

/// The records that the logs of one run have shown, by their ids, and the spans that
/// were counted. Clones share them.
#[derive(Debug, Clone)]
pub struct Records {
    ids: Rc<RefCell<Recent>>,
    spans: Rc<RefCell<ToldSpans>>,
}

impl Default for Records {
    fn default() -> Records {
        Records {
            ids: Rc::new(RefCell::new(Recent::new(MOST_RECORDS))),
            spans: Rc::default(),
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
}
