//! What is remembered of calls that are not over with their first answer:
//! those whose server asks for input, and those that become tasks.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, Hash};

use foldhash::fast::FixedState;

use super::call::{RecordedCall, RecordedRequest};

/// The most rounds and requests about tasks that are remembered.
const MOST: usize = 4_096;

/// Rounds by their state, and requests about tasks by their key.
#[derive(Debug, Default)]
pub(super) struct Rounds {
    /// What a round passed, by the hash of its connection and state.
    states: Remembered<u64, u64>,
    asked: Remembered<String, Asked>,
}

/// A request about a task.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    /// The key under which the task's call waits.
    pub task: String,
    /// Whether the answer is the task's result itself.
    pub for_result: bool,
}

impl Rounds {
    /// Remembers what a call passed whose server asked for input, with the state
    /// that is to come back. A state is opaque, and one connection's may be
    /// another's too.
    pub fn begin(&mut self, connection: &str, state: &str, call: &RecordedCall) {
        if let Some(passed) = passed(call) {
            self.states.insert(hash(&[connection, state]), passed);
        }
    }

    /// Whether a call that comes with a state passes what the round before it
    /// passed; `None` where that is not known.
    pub fn goes_on(&self, connection: &str, state: &str, call: &RecordedCall) -> Option<bool> {
        let before = self.states.known.get(&hash(&[connection, state]))?;
        Some(passed(call).is_none_or(|now| now == *before))
    }

    /// Remembers a request about a task, which waits for its answer under `key`.
    pub fn ask(&mut self, key: &str, asked: Asked) {
        self.asked.insert(key.to_owned(), asked);
    }

    /// The request about a task that waits for its answer under `key`.
    pub fn asked(&self, key: &str) -> Option<Asked> {
        self.asked.known.get(key).cloned()
    }
}

fn hash(parts: &[&str]) -> u64 {
    FixedState::default().hash_one(parts)
}

/// A hash of what a call passes: its tool and its arguments.
fn passed(call: &RecordedCall) -> Option<u64> {
    let RecordedRequest::Tool { name, arguments } = &call.request else {
        return None;
    };
    let arguments = arguments.value()?.to_string();
    Some(hash(&[name.as_deref().unwrap_or_default(), &arguments]))
}

/// A map that forgets what was put into it first.
#[derive(Debug)]
struct Remembered<K, V> {
    known: HashMap<K, V>,
    order: VecDeque<K>,
}

impl<K, V> Default for Remembered<K, V> {
    fn default() -> Self {
        Remembered {
            known: HashMap::new(),
            order: VecDeque::new(),
        }
    }
}

impl<K: Clone + Eq + Hash, V> Remembered<K, V> {
    fn insert(&mut self, key: K, value: V) {
        if self.known.insert(key.clone(), value).is_none() {
            self.order.push_back(key);
        }
        while self.order.len() > MOST {
            if let Some(oldest) = self.order.pop_front() {
                self.known.remove(&oldest);
            }
        }
    }
}
