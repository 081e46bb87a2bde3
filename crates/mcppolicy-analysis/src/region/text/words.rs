//! Finitely many words, and the decimals of finitely many numbers.

use std::collections::{BTreeMap, HashMap};

use super::state::{NEVER, State};
use crate::region::decimal::{DecimalState, Decimals};
use mcppolicy_engine::value::Value;

/// A trie of words beside automata of decimals; its states are made when they
/// are first reached.
#[derive(Debug)]
pub(in crate::region) struct Words {
    trie: Vec<TrieNode>,
    decimals: Vec<Decimals>,
    /// Whether a byte occurs in some word.
    bytes: [bool; 256],
    states: Vec<Reading>,
    ids: HashMap<Reading, State>,
}

#[derive(Debug, Default)]
struct TrieNode {
    children: BTreeMap<u8, usize>,
    is_word: bool,
}

/// Where in the trie, and where in which decimals, a text leads.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Reading {
    trie: Option<usize>,
    decimals: Vec<(usize, DecimalState)>,
}

impl Words {
    /// The strings that equal one of `operands` at the top level.
    pub(in crate::region) fn of(operands: &[Value]) -> Words {
        let mut words = Words {
            trie: vec![TrieNode::default()],
            decimals: Vec::new(),
            bytes: [false; 256],
            states: Vec::new(),
            ids: HashMap::new(),
        };
        for operand in operands {
            match operand {
                Value::String(text) => words.insert(text),
                Value::Bool(true) => words.insert("true"),
                Value::Bool(false) => words.insert("false"),
                Value::Number(number) => words.decimals.push(Decimals::of(*number)),
                Value::Null | Value::Array(_) | Value::Object(_) => {}
            }
        }
        words
    }

    fn insert(&mut self, word: &str) {
        let mut at = 0;
        for byte in word.bytes() {
            if let Some(occurs) = self.bytes.get_mut(usize::from(byte)) {
                *occurs = true;
            }
            let fresh = self.trie.len();
            let Some(node) = self.trie.get_mut(at) else {
                return;
            };
            at = *node.children.entry(byte).or_insert(fresh);
            if at == fresh {
                self.trie.push(TrieNode::default());
            }
        }
        if let Some(node) = self.trie.get_mut(at) {
            node.is_word = true;
        }
    }

    pub(in crate::region) fn names(&self, byte: u8) -> bool {
        let in_decimals = !self.decimals.is_empty() && matches!(byte, b'0'..=b'9' | b'-' | b'.');
        in_decimals || self.bytes.get(usize::from(byte)) == Some(&true)
    }

    pub(in crate::region) fn start(&mut self) -> State {
        let decimals = self.decimals.iter().map(Decimals::start).enumerate();
        let reading = Reading {
            trie: Some(0),
            decimals: decimals.collect(),
        };
        self.intern(reading)
    }

    pub(in crate::region) fn next(&mut self, state: State, byte: u8) -> State {
        let Some(reading) = self.states.get(state as usize) else {
            return NEVER;
        };
        let child = |at: usize| self.trie.get(at)?.children.get(&byte).copied();
        let read_on = |&(at, state): &(usize, DecimalState)| {
            Some((at, self.decimals.get(at)?.next(state, byte)?))
        };
        let next = Reading {
            trie: reading.trie.and_then(child),
            decimals: reading.decimals.iter().filter_map(read_on).collect(),
        };
        self.intern(next)
    }

    fn intern(&mut self, reading: Reading) -> State {
        if reading.trie.is_none() && reading.decimals.is_empty() {
            return NEVER;
        }
        if let Some(state) = self.ids.get(&reading) {
            return *state;
        }
        let state = State::try_from(self.states.len()).unwrap_or(NEVER);
        self.states.push(reading.clone());
        self.ids.insert(reading, state);
        state
    }

    /// How many decimals a text that leads to `state` may be of, and one.
    pub(in crate::region) fn width(&self, state: State) -> usize {
        let reading = self.states.get(state as usize);
        1 + reading.map_or(0, |reading| reading.decimals.len())
    }

    pub(in crate::region) fn accepts(&self, state: State) -> bool {
        let Some(reading) = self.states.get(state as usize) else {
            return false;
        };
        let node = reading.trie.and_then(|at| self.trie.get(at));
        let is_decimal = |&(at, state): &(usize, DecimalState)| {
            self.decimals
                .get(at)
                .is_some_and(|decimals| decimals.accepts(state))
        };
        node.is_some_and(|node| node.is_word) || reading.decimals.iter().any(is_decimal)
    }
}
