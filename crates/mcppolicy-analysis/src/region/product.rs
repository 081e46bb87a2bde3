//! A shortest string in all of several languages, or the proof that there is
//! none: breadth-first through the product of their automata, which is walked
//! state by state and never built.

use foldhash::{HashMap, HashMapExt, HashSet, HashSetExt};
use smallvec::SmallVec;

use super::budget::{Exceeded, Meter};
use super::text::{Language, State};

/// A shortest string in every one of `languages`: one of printable ASCII if
/// there is any such, else any; nothing iff there is none.
pub(super) fn shortest(
    languages: &mut [Signed<'_>],
    meter: &mut Meter,
) -> Result<Option<String>, Exceeded> {
    let alphabet = Alphabet::of(languages);
    let printable = Search::new(languages, meter).run(&alphabet.printable)?;
    match printable {
        Some(word) => Ok(Some(word)),
        None => Search::new(languages, meter).run(&alphabet.all),
    }
}

/// A language, or what does not belong to it.
pub(super) struct Signed<'l> {
    pub(super) language: &'l mut Language,
    pub(super) belongs: bool,
}

impl Signed<'_> {
    fn accepts(&mut self, state: State) -> Result<bool, Exceeded> {
        Ok(self.language.accepts(state)? == self.belongs)
    }

    fn is_lost(&self, state: State) -> bool {
        if self.belongs {
            self.language.is_lost(state)
        } else {
            self.language.is_won(state)
        }
    }
}

/// One byte for each set of bytes that every automaton treats alike, the readable
/// ones first.
struct Alphabet {
    printable: Vec<u8>,
    all: Vec<u8>,
}

impl Alphabet {
    fn of(languages: &[Signed<'_>]) -> Alphabet {
        // Bytes of one number are alike to all languages so far.
        let mut numbers = BY_READABILITY.map(|byte| u16::from(Utf8::class(byte)));
        for signed in languages {
            let mut known: HashMap<(u16, u8), u16> = HashMap::new();
            for (byte, number) in BY_READABILITY.iter().zip(&mut numbers) {
                let fresh = u16::try_from(known.len()).unwrap_or(u16::MAX);
                let class = signed.language.automaton.class(*byte);
                *number = *known.entry((*number, class)).or_insert(fresh);
            }
        }
        let mut seen = HashSet::new();
        let each = BY_READABILITY.into_iter().zip(numbers);
        let all: Vec<u8> = each
            .filter(|(_, number)| seen.insert(*number))
            .map(|(byte, _)| byte)
            .collect();
        let printable = all
            .iter()
            .copied()
            .filter(|byte| (0x20..0x7F).contains(byte))
            .collect();
        Alphabet { printable, all }
    }
}

/// How many bytes occur in UTF-8: 0xF5 and above are in no text.
const BYTES: usize = 0xF5;

/// Every byte that occurs in UTF-8: letters, digits, punctuation, the rest.
const BY_READABILITY: [u8; BYTES] = by_readability();

#[expect(
    clippy::indexing_slicing,
    reason = "a constant is not compiled where this would panic"
)]
const fn by_readability() -> [u8; BYTES] {
    let mut bytes = [0; BYTES];
    let (mut rank, mut at) = (0, 0);
    while rank <= 8 {
        let mut byte = 0;
        while (byte as usize) < BYTES {
            if readability(byte) == rank {
                bytes[at] = byte;
                at += 1;
            }
            byte += 1;
        }
        rank += 1;
    }
    bytes
}

/// The lower, the more readable.
const fn readability(byte: u8) -> u8 {
    match byte {
        b'a'..=b'z' => 0,
        b'0'..=b'9' => 1,
        b'A'..=b'Z' => 2,
        b'_' | b'-' | b'/' | b'.' => 3,
        b' '..=b'~' => 4,
        b'\n' => 5,
        b'\t' => 6,
        // The bytes of é come before others.
        0xC3 | 0xA9 => 7,
        _ => 8,
    }
}

/// The position of a text in a character.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Utf8 {
    /// Between characters.
    Boundary,
    /// One, two or three more bytes of any kind.
    More(u8),
    /// The next byte is within narrower bounds, then that many more.
    Within(u8, u8, u8),
}

impl Utf8 {
    fn next(self, byte: u8) -> Option<Utf8> {
        let behind = |more| {
            if more == 0 {
                Utf8::Boundary
            } else {
                Utf8::More(more)
            }
        };
        match (self, byte) {
            (Utf8::Boundary, 0..=0x7F) => Some(Utf8::Boundary),
            (Utf8::Boundary, 0xC2..=0xDF) => Some(Utf8::More(1)),
            (Utf8::Boundary, 0xE0) => Some(Utf8::Within(0xA0, 0xBF, 1)),
            (Utf8::Boundary, 0xED) => Some(Utf8::Within(0x80, 0x9F, 1)),
            (Utf8::Boundary, 0xE1..=0xEF) => Some(Utf8::More(2)),
            (Utf8::Boundary, 0xF0) => Some(Utf8::Within(0x90, 0xBF, 2)),
            (Utf8::Boundary, 0xF1..=0xF3) => Some(Utf8::More(3)),
            (Utf8::Boundary, 0xF4) => Some(Utf8::Within(0x80, 0x8F, 2)),
            (Utf8::More(more), 0x80..=0xBF) => Some(behind(more - 1)),
            (Utf8::Within(low, high, more), _) if (low..=high).contains(&byte) => {
                Some(behind(more))
            }
            _ => None,
        }
    }

    /// Bytes of one class lead from every position to the same one.
    fn class(byte: u8) -> u8 {
        match byte {
            0..=0x7F => 0,
            0x80..=0x8F => 1,
            0x90..=0x9F => 2,
            0xA0..=0xBF => 3,
            0xC0..=0xC1 | 0xF5.. => 4,
            0xC2..=0xDF => 5,
            0xE0 => 6,
            0xED => 7,
            0xE1..=0xEF => 8,
            0xF0 => 9,
            0xF1..=0xF3 => 10,
            0xF4 => 11,
        }
    }
}

/// The position in a character, and the state in every automaton.
type Position = (Utf8, States);

/// The state in every automaton; mostly there are a few.
type States = SmallVec<[State; 4]>;

struct Search<'s, 'l> {
    languages: &'s mut [Signed<'l>],
    meter: &'s mut Meter,
    /// Every product state reached: how, and from which.
    reached: Vec<Reached>,
    known: HashSet<Position>,
}

struct Reached {
    utf8: Utf8,
    states: States,
    from: usize,
    byte: u8,
}

impl<'s, 'l> Search<'s, 'l> {
    fn new(languages: &'s mut [Signed<'l>], meter: &'s mut Meter) -> Self {
        Search {
            languages,
            meter,
            reached: Vec::new(),
            known: HashSet::new(),
        }
    }

    fn run(mut self, alphabet: &[u8]) -> Result<Option<String>, Exceeded> {
        let start = self
            .languages
            .iter_mut()
            .map(|signed| signed.language.automaton.start())
            .collect::<Result<_, _>>()?;
        if self.reach(Utf8::Boundary, start, 0, 0)? {
            return Ok(Some(String::new()));
        }
        let mut at = 0;
        while at < self.reached.len() {
            for &byte in alphabet {
                let Some((utf8, states)) = self.step(at, byte)? else {
                    continue;
                };
                if self.reach(utf8, states, at, byte)? {
                    return Ok(Some(self.word()));
                }
            }
            at += 1;
        }
        Ok(None)
    }

    fn step(&mut self, at: usize, byte: u8) -> Result<Option<Position>, Exceeded> {
        let Some(reached) = self.reached.get(at) else {
            return Ok(None);
        };
        let Some(utf8) = reached.utf8.next(byte) else {
            return Ok(None);
        };
        let states = reached.states.iter().zip(self.languages.iter());
        let width = states.map(|(state, signed)| signed.language.width(*state));
        self.meter.steps(width.sum())?;
        let mut states = States::with_capacity(self.languages.len());
        for (state, signed) in reached.states.iter().zip(self.languages.iter_mut()) {
            let next = signed.language.automaton.next(*state, byte)?;
            if signed.is_lost(next) {
                return Ok(None);
            }
            states.push(next);
        }
        Ok(Some((utf8, states)))
    }

    /// Notes a state unless it is known or leads nowhere; says whether the
    /// text that leads to it belongs to every language.
    fn reach(
        &mut self,
        utf8: Utf8,
        states: States,
        from: usize,
        byte: u8,
    ) -> Result<bool, Exceeded> {
        let mut each = states.iter().zip(self.languages.iter());
        if each.any(|(state, signed)| signed.is_lost(*state)) {
            return Ok(false);
        }
        let key = (utf8, states);
        if self.known.contains(&key) {
            return Ok(false);
        }
        let mut belongs = utf8 == Utf8::Boundary;
        for (state, signed) in key.1.iter().zip(self.languages.iter_mut()) {
            belongs = belongs && signed.accepts(*state)?;
        }
        self.reached.push(Reached {
            utf8,
            states: key.1.clone(),
            from,
            byte,
        });
        self.known.insert(key);
        Ok(belongs)
    }

    /// The text that leads to the state reached last.
    fn word(&self) -> String {
        let mut bytes = Vec::new();
        let mut at = self.reached.len().saturating_sub(1);
        while let Some(reached) = self.reached.get(at).filter(|_| at > 0) {
            bytes.push(reached.byte);
            at = reached.from;
        }
        bytes.reverse();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::region::budget::Budget;
    use crate::region::probe::Probe;
    use mcppolicy_engine::pattern::Pattern;
    use mcppolicy_engine::policy::Test;

    fn matching(patterns: &[(&str, bool)], budget: Budget) -> Result<Option<String>, Exceeded> {
        let mut languages: Vec<(Language, bool)> = patterns
            .iter()
            .map(|(pattern, belongs)| {
                let probe = Probe::Test(Test::Regex(Pattern::parse(pattern).unwrap()));
                (Language::of(&probe, 1 << 20).unwrap(), *belongs)
            })
            .collect();
        let mut signed: Vec<Signed<'_>> = languages
            .iter_mut()
            .map(|(language, belongs)| Signed {
                language,
                belongs: *belongs,
            })
            .collect();
        shortest(&mut signed, &mut Meter::new(&budget))
    }

    #[test]
    fn the_shortest_word_is_found_and_printable_where_it_can_be() {
        let found = |patterns: &[(&str, bool)]| matching(patterns, Budget::default()).unwrap();
        let word = |text: &str| Some(text.to_owned());
        assert_eq!(
            found(&[("^(feat|fix)/", true), ("^feat/", false)]),
            word("fix/")
        );
        assert_eq!(
            found(&[("^[^/]+$", true), (r"^[^/\n]+$", false)]),
            word("\n")
        );
        assert_eq!(found(&[(r"^[^\x00-\x7f]$", true)]), word("é"));
        assert_eq!(
            found(&[("^a*$", true), ("^(aa)*$", false), ("a{4}", true)]),
            word("aaaaa")
        );
    }

    #[test]
    fn emptiness_is_proved() {
        assert_eq!(
            matching(&[("^a+$", true), ("a", false)], Budget::default()),
            Ok(None)
        );
        assert_eq!(
            matching(
                &[("(?i)^k$", true), ("^[kK\u{212A}]$", false)],
                Budget::default()
            ),
            Ok(None)
        );
    }

    #[test]
    fn a_search_beyond_its_budget_says_so() {
        let budget = Budget {
            steps: 10,
            ..Budget::default()
        };
        assert_eq!(
            matching(&[("^[ab]{40}$", true)], budget),
            Err(Exceeded::Steps)
        );
    }
}
