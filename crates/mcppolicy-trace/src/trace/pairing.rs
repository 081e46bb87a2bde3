//! Requests and the responses that come later: each response belongs to the
//! nearest earlier open request of its id, because real logs repeat ids.
//!
//! Calls leave in the order of their requests, so a call waits for its
//! response, and the calls after it wait with it. That wait is bounded: when
//! more than [`MOST_PENDING`] requests or [`MOST_BYTES`] of their text are held,
//! the oldest leaves without a response.

use std::collections::VecDeque;
use std::hash::BuildHasher;

use foldhash::fast::FixedState;

use super::call::RecordedCall;
use super::fast_path::SimpleCall;
use super::response::Response;
use mcppolicy_engine::time::Time;

/// The most requests that are held.
pub const MOST_PENDING: usize = 4_096;

/// The most text of held requests, in bytes.
pub const MOST_BYTES: usize = 32 << 20;

/// The requests that are held.
#[derive(Default)]
pub(super) struct PendingRequests {
    entries: VecDeque<PendingEntry>,
    /// A hash of each one's key while it is open, else [`CLOSED`]: apart, so that
    /// a response finds its request among thousands quickly.
    hashes: VecDeque<u64>,
    /// How many are open.
    open: usize,
    legs: Legs,
    /// How many of the calls are of a gateway's server side.
    to_servers: usize,
    bytes: usize,
    /// Where the keys of calls that are read in place are written to be compared.
    scratch: String,
}

/// Which sides of a gateway the calls of a log were seen on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Legs {
    /// Not that of its clients so far: calls of its server side are held.
    #[default]
    Open,
    /// That of its clients.
    Client,
    /// That of its servers alone.
    Server,
}

/// Not the hash of any key.
const CLOSED: u64 = 0;

/// One request.
struct PendingEntry {
    request: PendingRequest,
    /// Its key, unless it is that of a call read in place, which is written anew.
    key: Option<Box<str>>,
    bytes: usize,
    /// Whether a gateway sent it to a server.
    to_server: bool,
}

/// A request that may wait for its response.
pub(super) enum PendingRequest {
    /// A request that no policy decides, or a call that was cancelled.
    Other,
    /// A call.
    Call(Box<RecordedCall>),
    /// A call that is read in place.
    Simple(SimpleCall),
}

impl PendingRequest {
    /// Builds a call that is read in place.
    fn build(&mut self) {
        if let PendingRequest::Simple(call) = self {
            *self = PendingRequest::Call(Box::new(call.to_call()));
        }
    }

    /// What came back.
    pub fn answer(&mut self, response: Option<Response>, time: Option<Time>) {
        match self {
            PendingRequest::Other => {}
            PendingRequest::Call(call) => {
                call.response = response;
                call.response_time = time;
            }
            PendingRequest::Simple(call) => {
                call.response = response;
                call.response_time = time;
            }
        }
    }
}

/// A hash of the id in a key, which follows the last zero byte. Equal hashes do
/// not mean equal keys: those are compared as well.
fn hash(key: &str) -> u64 {
    let id = memchr::memrchr(0, key.as_bytes()).map_or(0, |at| at + 1);
    let id = key.get(id..).unwrap_or_default();
    FixedState::default().hash_one(id).max(CLOSED + 1)
}

impl PendingRequests {
    /// Holds a request; without a `key` there is no response to wait for. Of a
    /// call that is read in place, the id is enough.
    pub fn hold(&mut self, request: PendingRequest, key: Option<&str>, bytes: usize) {
        self.bytes += bytes;
        self.open += usize::from(key.is_some());
        self.hashes.push_back(key.map_or(CLOSED, hash));
        let key = key.filter(|_| !matches!(request, PendingRequest::Simple(_)));
        let key = key.map(Box::from);
        self.entries.push_back(PendingEntry {
            request,
            key,
            bytes,
            to_server: false,
        });
    }

    /// Holds a call that a gateway sent to a server, until it is known whether the
    /// log also shows how it came from a client.
    pub fn hold_to_server(&mut self, call: Box<RecordedCall>, key: Option<&str>, bytes: usize) {
        self.hold(PendingRequest::Call(call), key, bytes);
        if self.legs == Legs::Open
            && let Some(entry) = self.entries.back_mut()
        {
            entry.to_server = true;
            self.to_servers += 1;
        }
    }

    /// Which sides the calls were seen on.
    pub fn legs(&self) -> Legs {
        self.legs
    }

    /// The log shows the client's side: the lines of the held calls of the other side,
    /// which are calls no longer.
    pub fn show_client(&mut self) -> Vec<usize> {
        let was_open = std::mem::replace(&mut self.legs, Legs::Client) == Legs::Open;
        if std::mem::take(&mut self.to_servers) == 0 || !was_open {
            return Vec::new();
        }
        let to_server = self.entries.iter_mut().filter(|entry| entry.to_server);
        to_server
            .filter_map(|entry| {
                match std::mem::replace(&mut entry.request, PendingRequest::Other) {
                    PendingRequest::Call(call) => Some(call.line),
                    PendingRequest::Other | PendingRequest::Simple(_) => None,
                }
            })
            .collect()
    }

    /// Closes the nearest open request of this key and passes it to `complete`;
    /// whether there was such a request.
    pub fn close(&mut self, key: &str, complete: impl FnOnce(&mut PendingRequest)) -> bool {
        let Some(at) = self.find(key) else {
            return false;
        };
        self.open -= 1;
        if let Some(hash) = self.hashes.get_mut(at) {
            *hash = CLOSED;
        }
        if let Some(entry) = self.entries.get_mut(at) {
            complete(&mut entry.request);
        }
        true
    }

    /// Passes the nearest open request of this key to `change`, and leaves it
    /// open; whether there was such a request.
    pub fn amend(&mut self, key: &str, change: impl FnOnce(&mut PendingRequest)) -> bool {
        let at = self.find(key);
        let entry = at.and_then(|at| self.entries.get_mut(at));
        entry.map(|entry| change(&mut entry.request)).is_some()
    }

    /// The nearest open call of this key waits under `new` from now on; whether
    /// there was one.
    pub fn rename(&mut self, key: &str, new: &str) -> bool {
        let Some(at) = self.find(key) else {
            return false;
        };
        let Some(entry) = self.entries.get_mut(at) else {
            return false;
        };
        entry.request.build();
        entry.key = Some(Box::from(new));
        if let Some(own) = self.hashes.get_mut(at) {
            *own = hash(new);
        }
        true
    }

    /// The nearest open request of this key, built, when it is a call.
    pub fn built(&mut self, key: &str) -> Option<&mut RecordedCall> {
        let at = self.find(key)?;
        let entry = self.entries.get_mut(at)?;
        // A call that is read in place writes its key anew, a built one keeps it.
        entry.key.get_or_insert_with(|| Box::from(key));
        entry.request.build();
        match &mut entry.request {
            PendingRequest::Call(call) => Some(call),
            PendingRequest::Other | PendingRequest::Simple(_) => None,
        }
    }

    /// The nearest open request of this key, when it is a built call.
    pub fn peek(&mut self, key: &str) -> Option<&mut RecordedCall> {
        let at = self.find(key)?;
        match &mut self.entries.get_mut(at)?.request {
            PendingRequest::Call(call) => Some(call),
            PendingRequest::Other | PendingRequest::Simple(_) => None,
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
            let offset = front.len();
            let at = match back.get(..end.saturating_sub(offset)) {
                Some(back) if !back.is_empty() => back
                    .iter()
                    .rposition(|other| *other == hash)
                    .map(|at| at + offset),
                _ => None,
            };
            let at = at.or_else(|| {
                let front = front.get(..end.min(offset)).unwrap_or_default();
                front.iter().rposition(|other| *other == hash)
            })?;
            if self.is_key_of(at, key) {
                return Some(at);
            }
            end = at;
        }
    }

    fn is_key_of(&mut self, at: usize, key: &str) -> bool {
        match self.entries.get(at) {
            Some(PendingEntry { key: Some(own), .. }) => **own == *key,
            Some(PendingEntry {
                request: PendingRequest::Simple(call),
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
        self.decide();
        self.hashes.iter_mut().for_each(|hash| *hash = CLOSED);
    }

    /// No call is held any longer for the other side of a gateway.
    fn decide(&mut self) {
        if self.to_servers > 0 && self.legs == Legs::Open {
            self.legs = Legs::Server;
        }
    }

    /// The next call that waits no longer.
    pub fn next(&mut self) -> Option<PendingRequest> {
        loop {
            let full = self.entries.len() > MOST_PENDING || self.bytes > MOST_BYTES;
            let is_open = *self.hashes.front()? != CLOSED;
            let is_held = self.to_servers > 0
                && self.legs == Legs::Open
                && self.entries.front().is_some_and(|entry| entry.to_server);
            if (is_open || is_held) && !full {
                return None;
            }
            if is_held {
                self.decide();
            }
            self.open -= usize::from(is_open);
            self.hashes.pop_front();
            let entry = self.entries.pop_front()?;
            self.bytes -= entry.bytes;
            if !matches!(entry.request, PendingRequest::Other) {
                return Some(entry.request);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::{RecordedArguments, RecordedRequest, Response};

    fn call(line: usize) -> PendingRequest {
        PendingRequest::Call(Box::new(RecordedCall {
            line,
            ..RecordedCall::new(RecordedRequest::Tool {
                name: None,
                arguments: RecordedArguments::Unknown,
            })
        }))
    }

    fn answer(requests: &mut PendingRequests, key: &str) -> bool {
        requests.close(key, |request| request.answer(Some(Response::Result), None))
    }

    fn drain(requests: &mut PendingRequests) -> Vec<(usize, bool)> {
        std::iter::from_fn(|| requests.next())
            .map(|request| match request {
                PendingRequest::Call(call) => (call.line, call.response.is_some()),
                PendingRequest::Other | PendingRequest::Simple(_) => panic!("not a built call"),
            })
            .collect()
    }

    #[test]
    fn calls_leave_in_the_order_of_their_requests() {
        let mut requests = PendingRequests::default();
        requests.hold(call(1), Some("a"), 1);
        requests.hold(call(2), Some("b"), 1);
        assert!(answer(&mut requests, "b"));
        assert_eq!(drain(&mut requests), []);
        assert!(answer(&mut requests, "a"));
        assert_eq!(drain(&mut requests), [(1, true), (2, true)]);
    }

    #[test]
    fn a_repeated_id_means_the_nearest_open_request() {
        let mut requests = PendingRequests::default();
        requests.hold(call(1), Some("7"), 1);
        requests.hold(call(2), Some("7"), 1);
        // A request of another method holds its id too.
        requests.hold(PendingRequest::Other, Some("7"), 1);
        assert!(answer(&mut requests, "7"));
        assert!(answer(&mut requests, "7"));
        requests.close_all();
        assert_eq!(drain(&mut requests), [(1, false), (2, true)]);
        assert!(!answer(&mut requests, "7"));
    }

    #[test]
    fn an_open_request_is_held_no_longer_than_the_bound() {
        let mut requests = PendingRequests::default();
        for line in 0..MOST_PENDING + 2 {
            requests.hold(call(line), Some("same"), 1);
        }
        assert_eq!(drain(&mut requests), [(0, false), (1, false)]);
        assert!(answer(&mut requests, "same"));
        requests.hold(call(9), Some("large"), MOST_BYTES);
        let left = drain(&mut requests);
        assert_eq!(left.len(), MOST_PENDING);
        assert_eq!(left.last(), Some(&(MOST_PENDING + 1, true)));
        requests.close_all();
        assert_eq!(drain(&mut requests), [(9, false)]);
        assert_eq!((requests.bytes, requests.open), (0, 0));
    }
}
