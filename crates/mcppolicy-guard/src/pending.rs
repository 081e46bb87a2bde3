//! The requests that have not been answered.

use std::collections::HashMap;

use mcppolicy_engine::document::{Node, NodeKind};
use mcppolicy_engine::engine::Permit;

use super::refusal::Refusal;

/// The most requests of one session that may wait for an answer. One that was
/// cancelled and is never answered waits as well.
const MOST: usize = 65_536;

/// An id, so that two spellings of the same number are the same.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Id {
    Text(String),
    /// The bits of the double; zero has one sign.
    Number(u64),
}

impl Id {
    /// The id that a node is, where a request may have it.
    pub fn of(node: &Node) -> Option<Id> {
        match &node.kind {
            NodeKind::String(text) => Some(Id::Text(text.clone())),
            NodeKind::Number(number) => Some(Id::Number((number + 0.0).to_bits())),
            _ => None,
        }
    }
}

/// A request that has been forwarded.
#[derive(Debug)]
pub(crate) enum InFlight<S> {
    /// A call, its quota, and its name in the log.
    Call { permit: Permit<S>, name: String },
    /// A call that is observed only.
    Observed { name: String },
    /// A request of another method.
    Other,
}

impl<S> InFlight<S> {
    /// The name of a call in the log; its quota stays used.
    pub fn into_name(self) -> Option<String> {
        match self {
            InFlight::Call { name, .. } | InFlight::Observed { name } => Some(name),
            InFlight::Other => None,
        }
    }
}

/// The requests of one session that have not been answered.
#[derive(Debug)]
pub(crate) struct Pending<S> {
    by_id: HashMap<Id, InFlight<S>>,
}

impl<S> Default for Pending<S> {
    fn default() -> Pending<S> {
        Pending {
            by_id: HashMap::new(),
        }
    }
}

impl<S> Pending<S> {
    /// Whether a request of this id may be forwarded.
    pub fn admits(&self, id: &Id) -> Result<(), Refusal> {
        if self.by_id.contains_key(id) {
            return Err(Refusal::InFlight);
        }
        if self.by_id.len() >= MOST {
            return Err(Refusal::TooManyInFlight);
        }
        Ok(())
    }

    pub fn open(&mut self, id: Id, request: InFlight<S>) {
        self.by_id.insert(id, request);
    }

    /// The request that a response answers.
    pub fn close(&mut self, id: &Id) -> Option<InFlight<S>> {
        self.by_id.remove(id)
    }

    /// All that wait, which now wait no longer.
    pub fn drain(&mut self) -> impl Iterator<Item = InFlight<S>> + '_ {
        self.by_id.drain().map(|(_, request)| request)
    }
}
