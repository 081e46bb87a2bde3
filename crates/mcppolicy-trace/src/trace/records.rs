//! The records that the logs of one run have shown: one that several of them hold
//! counts once.

use std::cell::RefCell;
use std::rc::Rc;

use super::collector::Collector;
use super::options::Assumed;
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
    /// Adds the record of this id; whether it is a new one. A record without an
    /// id always is.
    pub(super) fn is_new(&self, id: Option<&str>, collector: &mut Collector) -> bool {
        let Some(id) = id else {
            return true;
        };
        let mut known = self.0.borrow_mut();
        let is_new = known.insert(id);
        if known.forgets() {
            collector.assume(Assumed::ForgottenRecords);
        }
        is_new
    }
}
