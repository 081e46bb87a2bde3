//! Strings in which a pattern matches.

use foldhash::{HashMap, HashMapExt};
use regex_automata::hybrid::LazyStateID;
use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson::{self, WhichCaptures};
use regex_automata::util::start;

use super::state::{ALWAYS, NEVER, State};
use crate::region::budget::Exceeded;
use mcppolicy_engine::pattern::Pattern;

/// A pattern as a deterministic automaton, whose states are made when they are
/// first reached. It reports a match one byte late; once there is one, every
/// continuation is accepted.
#[derive(Debug)]
pub(in crate::region) struct Compiled {
    dfa: DFA,
    cache: Cache,
    ids: Vec<LazyStateID>,
    states: HashMap<LazyStateID, State>,
}

impl Compiled {
    pub(in crate::region) fn new(pattern: &Pattern, most: usize) -> Result<Compiled, Exceeded> {
        let nfa = thompson::Compiler::new()
            .configure(
                thompson::Config::new()
                    .which_captures(WhichCaptures::None)
                    .nfa_size_limit(Some(most)),
            )
            .build_from_hir(pattern.hir())
            .map_err(|_| Exceeded::Automaton)?;
        let dfa = DFA::builder()
            .configure(
                DFA::config()
                    .cache_capacity(most)
                    .skip_cache_capacity_check(true)
                    // States must stay: a full cache ends the search.
                    .minimum_cache_clear_count(Some(0)),
            )
            .build_from_nfa(nfa)
            .map_err(|_| Exceeded::Automaton)?;
        let cache = dfa.create_cache();
        Ok(Compiled {
            dfa,
            cache,
            ids: Vec::new(),
            states: HashMap::new(),
        })
    }

    /// How many bytes it takes, as far as it has been built.
    pub(super) fn size(&self) -> usize {
        self.dfa.memory_usage() + self.cache.memory_usage()
    }

    /// The class of bytes that every state treats alike.
    pub(super) fn class(&self, byte: u8) -> u8 {
        self.dfa.byte_classes().get(byte)
    }

    pub(in crate::region) fn start(&mut self) -> Result<State, Exceeded> {
        let start = self
            .dfa
            .start_state(&mut self.cache, &start::Config::new())
            .map_err(|_| Exceeded::Automaton)?;
        Ok(self.state(start))
    }

    fn state(&mut self, id: LazyStateID) -> State {
        if id.is_match() {
            return ALWAYS;
        }
        if id.is_dead() {
            return NEVER;
        }
        if let Some(state) = self.states.get(&id) {
            return *state;
        }
        let state = State::try_from(self.ids.len()).unwrap_or(NEVER);
        self.ids.push(id);
        self.states.insert(id, state);
        state
    }

    pub(in crate::region) fn next(&mut self, state: State, byte: u8) -> Result<State, Exceeded> {
        let Some(id) = self.ids.get(state as usize) else {
            return Ok(NEVER);
        };
        let next = self
            .dfa
            .next_state(&mut self.cache, *id, byte)
            .map_err(|_| Exceeded::Automaton)?;
        Ok(self.state(next))
    }

    pub(in crate::region) fn accepts(&mut self, state: State) -> Result<bool, Exceeded> {
        let Some(id) = self.ids.get(state as usize) else {
            return Ok(false);
        };
        let end = self
            .dfa
            .next_eoi_state(&mut self.cache, *id)
            .map_err(|_| Exceeded::Automaton)?;
        Ok(end.is_match())
    }
}
