//! Strings: for each question about a value, the regular language of the
//! strings for which the answer is yes, as an automaton over bytes.
//!
//! Automata are walked as they stand, patterns too: of each only the states are
//! made that a search reaches.

use std::collections::{BTreeMap, HashMap};

use regex_automata::hybrid::LazyStateID;
use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson::{self, WhichCaptures};
use regex_automata::util::start;

use super::budget::Exceeded;
use super::decimal::{Decimals, Place};
use super::probe::{Kind, Probe};
use crate::pattern::Pattern;
use crate::policy::Test;
use crate::value::Value;

/// A state of an automaton.
pub(super) type State = u32;

/// From here no text is accepted any more.
pub(super) const NEVER: State = u32::MAX;

/// From here every text is accepted.
pub(super) const ALWAYS: State = u32::MAX - 1;

/// The strings for which a question is answered with yes.
#[derive(Debug)]
pub(super) struct Language {
    pub(super) automaton: Machine,
    /// Whether the language is what the automaton does *not* accept.
    pub(super) complement: bool,
}

/// An automaton over the bytes of a string.
#[derive(Debug)]
pub(super) enum Machine {
    /// Accepts nothing.
    Nothing,
    /// Finitely many words and the decimals of finitely many numbers.
    Words(Words),
    /// Every string that contains a part.
    Part(Part),
    /// Every string in which a pattern matches.
    Pattern(Box<Compiled>),
}

impl Language {
    /// The language of a question, or which budget its automaton exceeds.
    pub(super) fn of(probe: &Probe, most: usize) -> Result<Language, Exceeded> {
        let yes = |automaton| Language {
            automaton,
            complement: false,
        };
        let no = |automaton| Language {
            automaton,
            complement: true,
        };
        Ok(match probe {
            Probe::Test(Test::Exists(true)) | Probe::Kind(Kind::String) => no(Machine::Nothing),
            Probe::Test(Test::Eq(_) | Test::In(_)) => {
                yes(Machine::Words(Words::of(probe.compared())))
            }
            Probe::Test(Test::Neq(_) | Test::NotIn(_)) => {
                no(Machine::Words(Words::of(probe.compared())))
            }
            Probe::Test(Test::Regex(pattern)) => {
                yes(Machine::Pattern(Box::new(Compiled::new(pattern, most)?)))
            }
            Probe::Test(Test::Contains(Value::String(part))) => yes(Machine::Part(Part::new(part))),
            Probe::Test(Test::Exists(false) | Test::Compare(..) | Test::Contains(_))
            | Probe::Kind(_) => yes(Machine::Nothing),
        })
    }

    /// Whether no text that leads to `state` belongs, however it goes on.
    pub(super) fn is_lost(&self, state: State) -> bool {
        state == if self.complement { ALWAYS } else { NEVER }
    }

    /// Whether every text that leads to `state` belongs, however it goes on.
    pub(super) fn is_won(&self, state: State) -> bool {
        state == if self.complement { NEVER } else { ALWAYS }
    }

    pub(super) fn accepts(&mut self, state: State) -> Result<bool, Exceeded> {
        Ok(self.automaton.accepts(state)? != self.complement)
    }
}

impl Machine {
    pub(super) fn start(&mut self) -> Result<State, Exceeded> {
        match self {
            Machine::Nothing => Ok(NEVER),
            Machine::Words(words) => Ok(words.start()),
            Machine::Part(part) => Ok(part.start()),
            Machine::Pattern(compiled) => compiled.start(),
        }
    }

    pub(super) fn next(&mut self, state: State, byte: u8) -> Result<State, Exceeded> {
        if state == NEVER || state == ALWAYS {
            return Ok(state);
        }
        match self {
            Machine::Nothing => Ok(NEVER),
            Machine::Words(words) => Ok(words.next(state, byte)),
            Machine::Part(part) => Ok(part.next(state, byte)),
            Machine::Pattern(compiled) => compiled.next(state, byte),
        }
    }

    fn accepts(&mut self, state: State) -> Result<bool, Exceeded> {
        match (state, self) {
            (NEVER, _) | (_, Machine::Nothing | Machine::Part(_)) => Ok(state == ALWAYS),
            (ALWAYS, _) => Ok(true),
            (_, Machine::Words(words)) => Ok(words.accepts(state)),
            (_, Machine::Pattern(compiled)) => compiled.accepts(state),
        }
    }

    /// A number that two bytes share only when they lead from every state to
    /// the same one.
    pub(super) fn class(&self, byte: u8) -> u8 {
        let own = |is_own: bool| if is_own { byte } else { 0xFF };
        match self {
            Machine::Nothing => 0,
            // 0xFF occurs in no text, so it can stand for all other bytes.
            Machine::Words(words) => own(words.names(byte)),
            Machine::Part(part) => own(part.part.contains(&byte)),
            Machine::Pattern(compiled) => compiled.dfa.byte_classes().get(byte),
        }
    }
}

/// A trie of words beside automata of decimals; its states are made when they
/// are first reached.
#[derive(Debug)]
pub(super) struct Words {
    trie: Vec<TrieNode>,
    decimals: Vec<Decimals>,
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
    decimals: Vec<(usize, Place)>,
}

impl Words {
    /// The strings that equal one of `operands` at the top level.
    pub(super) fn of(operands: &[Value]) -> Words {
        let mut words = Words {
            trie: vec![TrieNode::default()],
            decimals: Vec::new(),
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

    fn names(&self, byte: u8) -> bool {
        let in_decimals = !self.decimals.is_empty() && matches!(byte, b'0'..=b'9' | b'-' | b'.');
        in_decimals
            || self
                .trie
                .iter()
                .any(|node| node.children.contains_key(&byte))
    }

    fn start(&mut self) -> State {
        let decimals = self.decimals.iter().map(Decimals::start).enumerate();
        let reading = Reading {
            trie: Some(0),
            decimals: decimals.collect(),
        };
        self.intern(reading)
    }

    fn next(&mut self, state: State, byte: u8) -> State {
        let Some(reading) = self.states.get(state as usize) else {
            return NEVER;
        };
        let child = |at: usize| self.trie.get(at)?.children.get(&byte).copied();
        let read_on =
            |&(at, place): &(usize, Place)| Some((at, self.decimals.get(at)?.next(place, byte)?));
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

    fn accepts(&self, state: State) -> bool {
        let Some(reading) = self.states.get(state as usize) else {
            return false;
        };
        let node = reading.trie.and_then(|at| self.trie.get(at));
        let is_decimal = |&(at, place): &(usize, Place)| {
            self.decimals
                .get(at)
                .is_some_and(|decimals| decimals.accepts(place))
        };
        node.is_some_and(|node| node.is_word) || reading.decimals.iter().any(is_decimal)
    }
}

/// How much of a part has been read (Knuth, Morris and Pratt).
#[derive(Debug)]
pub(super) struct Part {
    part: Vec<u8>,
    /// The longest proper prefix of the part that ends each of its prefixes.
    fallback: Vec<usize>,
}

impl Part {
    fn new(part: &str) -> Part {
        let part = part.as_bytes().to_vec();
        let mut fallback = vec![0; part.len()];
        let mut matched = 0;
        for (at, byte) in part.iter().enumerate().skip(1) {
            while matched > 0 && part.get(matched) != Some(byte) {
                matched = behind(&fallback, matched);
            }
            if part.get(matched) == Some(byte) {
                matched += 1;
            }
            if let Some(entry) = fallback.get_mut(at) {
                *entry = matched;
            }
        }
        Part { part, fallback }
    }

    fn start(&self) -> State {
        if self.part.is_empty() { ALWAYS } else { 0 }
    }

    fn next(&self, state: State, byte: u8) -> State {
        let mut matched = state as usize;
        while matched > 0 && self.part.get(matched) != Some(&byte) {
            matched = behind(&self.fallback, matched);
        }
        if self.part.get(matched) == Some(&byte) {
            matched += 1;
        }
        if matched == self.part.len() {
            ALWAYS
        } else {
            State::try_from(matched).unwrap_or(NEVER)
        }
    }
}

fn behind(fallback: &[usize], matched: usize) -> usize {
    fallback
        .get(matched.saturating_sub(1))
        .copied()
        .unwrap_or(0)
}

/// A pattern as a deterministic automaton, whose states are made when they are
/// first reached. It reports a match one byte late; once there is one, every
/// continuation is accepted.
#[derive(Debug)]
pub(super) struct Compiled {
    dfa: DFA,
    cache: Cache,
    ids: Vec<LazyStateID>,
    states: HashMap<LazyStateID, State>,
}

impl Compiled {
    fn new(pattern: &Pattern, most: usize) -> Result<Compiled, Exceeded> {
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

    fn start(&mut self) -> Result<State, Exceeded> {
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

    fn next(&mut self, state: State, byte: u8) -> Result<State, Exceeded> {
        let Some(id) = self.ids.get(state as usize) else {
            return Ok(NEVER);
        };
        let next = self
            .dfa
            .next_state(&mut self.cache, *id, byte)
            .map_err(|_| Exceeded::Automaton)?;
        Ok(self.state(next))
    }

    fn accepts(&mut self, state: State) -> Result<bool, Exceeded> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Slot;
    use proptest::prelude::*;

    fn accepts(language: &mut Language, text: &str) -> bool {
        let mut state = language.automaton.start().unwrap();
        for byte in text.bytes() {
            state = language.automaton.next(state, byte).unwrap();
        }
        language.accepts(state).unwrap()
    }

    fn tests() -> Vec<Test> {
        let patterns = [
            "",
            "^feat/",
            "^[^/]+$",
            r"\bam\b",
            "(?m)^a$",
            "(?i)k",
            "é|日",
            r"a{2,3}b",
            "a.c",
            "(?s)a.c",
            r"$",
            r"^$",
            r"\x{1F600}+",
            "aab|ab$",
        ];
        let mut tests: Vec<Test> = patterns
            .iter()
            .map(|pattern| Test::Regex(Pattern::parse(pattern).unwrap()))
            .collect();
        for operand in [
            Value::from("aab"),
            Value::from(""),
            Value::from(5.0),
            Value::from(0.1),
            Value::from(true),
            Value::Null,
            Value::from("é"),
        ] {
            tests.push(Test::Contains(operand.clone()));
            tests.push(Test::Eq(operand.clone()));
            tests.push(Test::Neq(operand.clone()));
            tests.push(Test::In(vec![
                operand.clone(),
                Value::from("ab"),
                Value::from(12.5),
            ]));
            tests.push(Test::NotIn(vec![
                operand,
                Value::from(-3.0),
                Value::from(-0.5),
            ]));
        }
        tests.push(Test::Exists(true));
        tests.push(Test::Exists(false));
        tests
    }

    #[test]
    fn an_automaton_accepts_what_the_engine_accepts() {
        let text = prop_oneof![
            "[ab/c\n]{0,6}",
            "[-.0-9]{0,5}",
            "(true|false|feat/x|I am|éa日|😀{1,2}|K|12\\.5|-0\\.5|0\\.1|am)",
            ".{0,4}",
        ];
        let mut languages: Vec<(Test, Language)> = tests()
            .into_iter()
            .map(|test| {
                let language = Language::of(&Probe::Test(test.clone()), 1 << 20).unwrap();
                (test, language)
            })
            .collect();
        let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
            cases: 500,
            failure_persistence: None,
            ..ProptestConfig::default()
        });
        let languages = std::cell::RefCell::new(&mut languages);
        runner
            .run(&text, |text| {
                for (test, language) in languages.borrow_mut().iter_mut() {
                    let expected = test.holds(Slot::String(&text));
                    prop_assert_eq!(accepts(language, &text), expected, "{:?} {:?}", test, text);
                }
                Ok(())
            })
            .unwrap();
    }

    #[test]
    fn a_pattern_beyond_the_budget_is_refused_and_not_guessed() {
        let pattern = Pattern::parse(r"(?:[^\x{0}-\x{ff}]a?){200}").unwrap();
        let refused = Language::of(&Probe::Test(Test::Regex(pattern)), 1 << 16);
        assert_eq!(refused.err(), Some(Exceeded::Automaton));
    }
}
