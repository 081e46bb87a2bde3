//! Requests and the responses that come later: each response belongs to the
//! nearest earlier open request of its id, because real logs repeat ids.
//!
//! Calls leave in the order of their requests, so a call waits for its
//! response, and the calls behind it wait with it. That wait is bounded: when
//! more than [`MOST_HELD`] requests or [`MOST_BYTES`] of their text are held,
//! the oldest leaves without a response.

use std::collections::VecDeque;
use std::hash::BuildHasher;

use foldhash::fast::FixedState;

use super::plain_call::PlainCall;
use super::{RecordedCall, Response};
use mcppolicy_engine::time::Time;

/// The most requests that are held.
pub const MOST_HELD: usize = 4_096;

/// The most text of held requests, in bytes.
pub const MOST_BYTES: usize = 32 << 20;

/// The requests that are held.
#[derive(Default)]
pub(super) struct Pairing {
    held: VecDeque<Held>,
    /// A hash of each one's key while it is open, else [`CLOSED`]: apart, so that
    /// a response finds its request among thousands quickly.
    hashes: VecDeque<u64>,
    /// How many are open.
    open: usize,
    bytes: usize,
    /// Where the keys of plain calls are written to be compared.
    scratch: String,
}

/// Not the hash of any key.
const CLOSED: u64 = 0;

/// One request.
struct Held {
    asked: Asked,
    /// Its key, unless it is a plain call's, which is written anew.
    key: Option<Box<str>>,
    bytes: usize,
}

/// What is held.
pub(super) enum Asked {
    /// A request that no policy decides, or a call that was taken back.
    Nothing,
    /// A call.
    Call(Box<RecordedCall>),
    /// A call that still stands in its block.
    Plain(PlainCall),
}

impl Asked {
    /// What came back.
    pub fn answer(&mut self, response: Option<Response>, time: Option<Time>) {
        match self {
            Asked::Nothing => {}
            Asked::Call(call) => {
                call.response = response;
                call.response_time = time;
            }
            Asked::Plain(call) => {
                call.response = response;
                call.response_time = time;
            }
        }
    }
}

/// A hash of what stands behind the last zero byte of a key: its id. Whether it
/// is the key is asked of the key itself.
fn hash(key: &str) -> u64 {
    let id = key.rsplit('\0').next().unwrap_or_default();
    FixedState::default().hash_one(id).max(CLOSED + 1)
}

impl Pairing {
    /// Holds a request; without a `key` there is no response to wait for. Of a
    /// plain call, the id is enough.
    pub fn hold(&mut self, asked: Asked, key: Option<&str>, bytes: usize) {
        self.bytes += bytes;
        self.open += usize::from(key.is_some());
        self.hashes.push_back(key.map_or(CLOSED, hash));
        let key = key.filter(|_| !matches!(asked, Asked::Plain(_)));
        let key = key.map(Box::from);
        self.held.push_back(Held { asked, key, bytes });
    }

    /// Closes the nearest open request of this key and hands it over to be
    /// completed or taken away; whether there was such a request.
    pub fn close(&mut self, key: &str, complete: impl FnOnce(&mut Asked)) -> bool {
        let Some(at) = self.find(key) else {
            return false;
        };
        self.open -= 1;
        if let Some(hash) = self.hashes.get_mut(at) {
            *hash = CLOSED;
        }
        if let Some(held) = self.held.get_mut(at) {
            complete(&mut held.asked);
        }
        true
    }

    /// The nearest open request of this key, when it is a call on its own.
    pub fn peek(&mut self, key: &str) -> Option<&mut RecordedCall> {
        let at = self.find(key)?;
        match &mut self.held.get_mut(at)?.asked {
            Asked::Call(call) => Some(call),
            Asked::Nothing | Asked::Plain(_) => None,
        }
    }

    /// Where the nearest open request of this key is held.
    fn find(&mut self, key: &str) -> Option<usize> {
        if self.open == 0 {
            return None;
        }
        let hash = hash(key);
        let mut end = self.hashes.len();
        loop {
            let (front, back) = self.hashes.as_slices();
            let behind = front.len();
            let at = match back.get(..end.saturating_sub(behind)) {
                Some(back) if !back.is_empty() => back
                    .iter()
                    .rposition(|other| *other == hash)
                    .map(|at| at + behind),
                _ => None,
            };
            let at = at.or_else(|| {
                let front = front.get(..end.min(behind)).unwrap_or_default();
                front.iter().rposition(|other| *other == hash)
            })?;
            if self.is_key_of(at, key) {
                return Some(at);
            }
            end = at;
        }
    }

    fn is_key_of(&mut self, at: usize, key: &str) -> bool {
        match self.held.get(at) {
            Some(Held { key: Some(own), .. }) => **own == *key,
            Some(Held {
                asked: Asked::Plain(call),
                ..
            }) => {
                self.scratch.clear();
                call.write_key(&mut self.scratch);
                self.scratch == key
            }
            _ => false,
        }
    }

    /// No open request waits any longer.
    pub fn close_all(&mut self) {
        self.open = 0;
        self.hashes.iter_mut().for_each(|hash| *hash = CLOSED);
    }

    /// The next call that waits no longer.
    pub fn next(&mut self) -> Option<Asked> {
        loop {
            let full = self.held.len() > MOST_HELD || self.bytes > MOST_BYTES;
            let is_open = *self.hashes.front()? != CLOSED;
            if is_open && !full {
                return None;
            }
            self.open -= usize::from(is_open);
            self.hashes.pop_front();
            let held = self.held.pop_front()?;
            self.bytes -= held.bytes;
            if !matches!(held.asked, Asked::Nothing) {
                return Some(held.asked);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::{RecordedArguments, RecordedRequest, Response};

    fn call(line: usize) -> Asked {
        Asked::Call(Box::new(RecordedCall {
            line,
            ..RecordedCall::new(RecordedRequest::Tool {
                name: None,
                arguments: RecordedArguments::Unknown,
            })
        }))
    }

    fn answer(pairing: &mut Pairing, key: &str) -> bool {
        pairing.close(key, |asked| asked.answer(Some(Response::Result), None))
    }

    fn drain(pairing: &mut Pairing) -> Vec<(usize, bool)> {
        std::iter::from_fn(|| pairing.next())
            .map(|asked| match asked {
                Asked::Call(call) => (call.line, call.response.is_some()),
                Asked::Nothing | Asked::Plain(_) => panic!("not a call on its own"),
            })
            .collect()
    }

    #[test]
    fn calls_leave_in_the_order_of_their_requests() {
        let mut pairing = Pairing::default();
        pairing.hold(call(1), Some("a"), 1);
        pairing.hold(call(2), Some("b"), 1);
        assert!(answer(&mut pairing, "b"));
        assert_eq!(drain(&mut pairing), []);
        assert!(answer(&mut pairing, "a"));
        assert_eq!(drain(&mut pairing), [(1, true), (2, true)]);
    }

    #[test]
    fn a_repeated_id_means_the_nearest_open_request() {
        let mut pairing = Pairing::default();
        pairing.hold(call(1), Some("7"), 1);
        pairing.hold(call(2), Some("7"), 1);
        // A request of another method holds its id too.
        pairing.hold(Asked::Nothing, Some("7"), 1);
        assert!(answer(&mut pairing, "7"));
        assert!(answer(&mut pairing, "7"));
        pairing.close_all();
        assert_eq!(drain(&mut pairing), [(1, false), (2, true)]);
        assert!(!answer(&mut pairing, "7"));
    }

    #[test]
    fn an_open_request_is_held_no_longer_than_the_bound() {
        let mut pairing = Pairing::default();
        for line in 0..MOST_HELD + 2 {
            pairing.hold(call(line), Some("same"), 1);
        }
        assert_eq!(drain(&mut pairing), [(0, false), (1, false)]);
        assert!(answer(&mut pairing, "same"));
        pairing.hold(call(9), Some("large"), MOST_BYTES);
        let left = drain(&mut pairing);
        assert_eq!(left.len(), MOST_HELD);
        assert_eq!(left.last(), Some(&(MOST_HELD + 1, true)));
        pairing.close_all();
        assert_eq!(drain(&mut pairing), [(9, false)]);
        assert_eq!((pairing.bytes, pairing.open), (0, 0));
    }
}
