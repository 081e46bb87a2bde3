//! Requests and the responses that come later: each response belongs to the
//! nearest earlier open request of its id, because real logs repeat ids.
//!
//! Calls leave in the order of their requests, so a call waits for its
//! response, and the calls behind it wait with it. That wait is bounded: when
//! more than [`MOST_HELD`] requests or [`MOST_BYTES`] of their text are held,
//! the oldest leaves without a response.

use std::collections::{HashMap, VecDeque};

use super::RecordedCall;

/// The most requests that are held.
pub const MOST_HELD: usize = 4_096;

/// The most text of held requests, in bytes.
pub const MOST_BYTES: usize = 32 << 20;

/// The requests that are held.
#[derive(Default)]
pub(super) struct Pairing {
    held: VecDeque<Held>,
    /// The number of the first one held; each has the next number.
    first: u64,
    /// The numbers of open requests by id, oldest first.
    open: HashMap<String, VecDeque<u64>>,
    bytes: usize,
}

/// One request.
struct Held {
    /// The call; nothing for a request that no policy decides, or a call that
    /// was taken back.
    call: Option<Box<RecordedCall>>,
    /// Its id, while it is open.
    key: Option<String>,
    bytes: usize,
}

impl Pairing {
    /// Holds a request; without a `key` there is no response to wait for.
    pub fn hold(&mut self, call: Option<Box<RecordedCall>>, key: Option<String>, bytes: usize) {
        if let Some(key) = &key {
            let number = self.first + self.held.len() as u64;
            self.open.entry(key.clone()).or_default().push_back(number);
        }
        self.bytes += bytes;
        self.held.push_back(Held { call, key, bytes });
    }

    /// Closes the nearest open request of this id and hands its call over to
    /// be completed or taken away; whether there was such a request.
    pub fn close(
        &mut self,
        key: &str,
        complete: impl FnOnce(&mut Option<Box<RecordedCall>>),
    ) -> bool {
        let Some(numbers) = self.open.get_mut(key) else {
            return false;
        };
        let number = numbers.pop_back();
        if numbers.is_empty() {
            self.open.remove(key);
        }
        let at = number.and_then(|number| usize::try_from(number.checked_sub(self.first)?).ok());
        let Some(held) = at.and_then(|at| self.held.get_mut(at)) else {
            return false;
        };
        held.key = None;
        complete(&mut held.call);
        true
    }

    /// Whether a request of this id is open, and its call.
    pub fn peek(&mut self, key: &str) -> Option<&mut RecordedCall> {
        let number = self.open.get(key)?.back()?;
        let at = usize::try_from(number.checked_sub(self.first)?).ok()?;
        self.held.get_mut(at)?.call.as_deref_mut()
    }

    /// No open request waits any longer.
    pub fn close_all(&mut self) {
        self.open.clear();
        for held in &mut self.held {
            held.key = None;
        }
    }

    /// The next call that waits no longer.
    pub fn next(&mut self) -> Option<Box<RecordedCall>> {
        loop {
            let full = self.held.len() > MOST_HELD || self.bytes > MOST_BYTES;
            let front = self.held.front()?;
            if front.key.is_some() && !full {
                return None;
            }
            let held = self.held.pop_front()?;
            if let Some(key) = &held.key
                && let Some(numbers) = self.open.get_mut(key)
            {
                // It is the oldest of its id.
                numbers.pop_front();
                if numbers.is_empty() {
                    self.open.remove(key);
                }
            }
            self.first += 1;
            self.bytes -= held.bytes;
            if held.call.is_some() {
                return held.call;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::{RecordedArguments, RecordedRequest, Response};

    fn call(line: usize) -> Option<Box<RecordedCall>> {
        Some(Box::new(RecordedCall {
            line,
            ..RecordedCall::new(RecordedRequest::Tool {
                name: None,
                arguments: RecordedArguments::Unknown,
            })
        }))
    }

    fn answer(pairing: &mut Pairing, key: &str) -> bool {
        pairing.close(key, |call| {
            if let Some(call) = call {
                call.response = Some(Response::Result);
            }
        })
    }

    fn drain(pairing: &mut Pairing) -> Vec<(usize, bool)> {
        std::iter::from_fn(|| pairing.next())
            .map(|call| (call.line, call.response.is_some()))
            .collect()
    }

    #[test]
    fn calls_leave_in_the_order_of_their_requests() {
        let mut pairing = Pairing::default();
        pairing.hold(call(1), Some("a".into()), 1);
        pairing.hold(call(2), Some("b".into()), 1);
        assert!(answer(&mut pairing, "b"));
        assert_eq!(drain(&mut pairing), []);
        assert!(answer(&mut pairing, "a"));
        assert_eq!(drain(&mut pairing), [(1, true), (2, true)]);
    }

    #[test]
    fn a_repeated_id_means_the_nearest_open_request() {
        let mut pairing = Pairing::default();
        pairing.hold(call(1), Some("7".into()), 1);
        pairing.hold(call(2), Some("7".into()), 1);
        // A request of another method holds its id too.
        pairing.hold(None, Some("7".into()), 1);
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
            pairing.hold(call(line), Some("same".into()), 1);
        }
        assert_eq!(drain(&mut pairing), [(0, false), (1, false)]);
        assert!(answer(&mut pairing, "same"));
        pairing.hold(call(9), Some("large".into()), MOST_BYTES);
        let left = drain(&mut pairing);
        assert_eq!(left.len(), MOST_HELD);
        assert_eq!(left.last(), Some(&(MOST_HELD + 1, true)));
        pairing.close_all();
        assert_eq!(drain(&mut pairing), [(9, false)]);
        assert_eq!((pairing.bytes, pairing.open.len()), (0, 0));
    }
}
