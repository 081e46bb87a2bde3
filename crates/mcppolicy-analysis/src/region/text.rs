//! Strings: for each question about a value, the regular language of the
//! strings for which the answer is yes, as an automaton over bytes.
//!
//! Automata are built while they are searched, patterns too: only the states that
//! a search reaches are made.

mod compiled;
mod part;
mod state;
mod words;

use super::budget::Exceeded;
use super::probe::{Kind, Probe};
use mcppolicy_engine::policy::Test;
use mcppolicy_engine::value::Value;

use compiled::Compiled;
use part::Part;
pub(super) use state::{ALWAYS, NEVER, State};
pub(super) use words::Words;

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
    Words(Box<Words>),
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
                yes(Machine::Words(Box::new(Words::of(probe.compared()))))
            }
            Probe::Test(Test::Neq(_) | Test::NotIn(_)) => {
                no(Machine::Words(Box::new(Words::of(probe.compared()))))
            }
            Probe::Test(Test::Regex(pattern)) => {
                yes(Machine::Pattern(Box::new(Compiled::new(pattern, most)?)))
            }
            Probe::Test(Test::Contains(Value::String(part))) => yes(Machine::Part(Part::new(part))),
            Probe::Test(Test::Exists(false) | Test::Compare(..) | Test::Contains(_))
            | Probe::Kind(_) => yes(Machine::Nothing),
        })
    }

    /// How many bytes the automaton of a pattern takes; the others are as long as
    /// what they are made of.
    pub(super) fn size(&self) -> usize {
        match &self.automaton {
            Machine::Pattern(compiled) => compiled.size(),
            Machine::Nothing | Machine::Words(_) | Machine::Part(_) => 0,
        }
    }

    /// The strings that equal one of `operands`.
    pub(super) fn words(operands: &[Value]) -> Language {
        Language {
            automaton: Machine::Words(Box::new(Words::of(operands))),
            complement: false,
        }
    }

    /// About how many automata a step from `state` takes.
    pub(super) fn width(&self, state: State) -> usize {
        match &self.automaton {
            Machine::Words(words) => words.width(state),
            _ => 1,
        }
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
            // 0xFF occurs in no text, so it can represent all other bytes.
            Machine::Words(words) => own(words.names(byte)),
            Machine::Part(part) => own(part.part.contains(&byte)),
            Machine::Pattern(compiled) => compiled.class(byte),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mcppolicy_engine::engine::ValueRef;
    use mcppolicy_engine::pattern::Pattern;
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
            tests.push(Test::In(
                vec![operand.clone(), Value::from("ab"), Value::from(12.5)].into(),
            ));
            tests.push(Test::NotIn(
                vec![operand, Value::from(-3.0), Value::from(-0.5)].into(),
            ));
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
                    let expected = test.holds(ValueRef::String(&text));
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
