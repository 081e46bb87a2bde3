//! The value at one path, apart from what is below it: which kinds of
//! value answer its questions as wanted, and a readable one that does.
//!
//! Of missing, null, the booleans, the numbers, and the values that the
//! policies name, finitely many *points* represent all; the other strings and
//! arrays are searched. Objects belong to the tree.

use std::collections::{HashMap, HashSet};

use super::array;
use super::budget::{Exceeded, Meter};
use super::points::{Class, Found, Own, Points};
use super::probe::{Kind, Probe};
use super::product::{Signed, shortest};
use super::text::Language;
use mcppolicy_engine::engine::ValueRef;
use mcppolicy_engine::policy::{Path, Test};
use mcppolicy_engine::value::Value;

/// How many bytes of an automaton are built in the time of one step of a search.
const BYTES_PER_STEP: usize = 64;

/// A node of the tree of paths.
#[derive(Debug, Default)]
pub(super) struct Node {
    /// The member that leads here.
    pub(super) segment: String,
    pub(super) parent: usize,
    pub(super) children: Vec<usize>,
    /// The same, by their members.
    pub(super) by_segment: HashMap<String, usize>,
    /// The path that leads here, when there is a question about the value.
    pub(super) path: Option<Path>,
    pub(super) probes: Vec<Probe>,
    keys: HashMap<(&'static str, String), usize>,
    languages: HashMap<usize, Result<Language, Exceeded>>,
    strings: HashMap<Vec<Own>, Result<Option<String>, Exceeded>>,
    points: Option<Points>,
}

impl Node {
    /// The member `segment` of the value at `parent`.
    pub(super) fn behind(parent: usize, segment: &str) -> Node {
        Node {
            segment: segment.to_owned(),
            parent,
            ..Node::default()
        }
    }

    /// The index of a question about this value; it is added if it is new.
    pub(super) fn question(&mut self, probe: Probe) -> usize {
        let fresh = self.probes.len();
        let at = *self.keys.entry(probe.key()).or_insert(fresh);
        if at == fresh {
            self.probes.push(probe);
            self.points = None;
        }
        at
    }

    pub(super) fn answers(&self, slot: ValueRef<'_>, own: &[Own]) -> bool {
        own.iter().all(|(probe, holds)| {
            self.probes
                .get(*probe)
                .is_some_and(|probe| probe.holds(slot) == *holds)
        })
    }

    /// A value that is no object, or missing.
    pub(super) fn plain(
        &mut self,
        own: &[Own],
        most: usize,
        meter: &mut Meter,
    ) -> Result<Found, Exceeded> {
        if let Some(point) = self.point(own, meter)? {
            return Ok(point);
        }
        let string = self.string(own, most, meter);
        if let Ok(Some(text)) = string {
            return Ok(Found::Value(Value::String(text)));
        }
        let questions: Vec<(&Probe, bool)> = own
            .iter()
            .filter_map(|(probe, holds)| Some((self.probes.get(*probe)?, *holds)))
            .collect();
        match array::find(&questions, meter)? {
            Some(items) => Ok(Found::Value(Value::Array(items))),
            // Only now does it matter that the strings were too many.
            None => string.map(|_| Found::Nothing),
        }
    }

    fn point(&mut self, own: &[Own], meter: &mut Meter) -> Result<Option<Found>, Exceeded> {
        let probes = &self.probes;
        let points = self.points.get_or_insert_with(|| Points::of(probes));
        points.find(probes, own, meter)
    }

    /// A string that is none of the points.
    fn string(
        &mut self,
        own: &[Own],
        most: usize,
        meter: &mut Meter,
    ) -> Result<Option<String>, Exceeded> {
        let mut telling = Vec::new();
        for &(probe, holds) in own {
            match self.probes.get(probe).and_then(on_every_string) {
                Some(answer) if answer == holds => {}
                Some(_) => return Ok(None),
                None => telling.push((probe, holds)),
            }
        }
        let is_finite = |(probe, holds): &Own| {
            self.probes
                .get(*probe)
                .is_some_and(|probe| names_every_string(probe, *holds))
        };
        if telling.iter().any(is_finite) {
            return Ok(None);
        }
        telling.sort_unstable();
        if let Some(known) = self.strings.get(&telling) {
            return known.clone();
        }
        let found = self.search(&telling, most, meter);
        self.strings.insert(telling, found.clone());
        found
    }

    /// Forgets automata of more than `most` bytes, and keeps what they have found.
    pub(super) fn release(&mut self, most: usize) {
        let is_small = |language: &Language| language.size() <= most;
        self.languages
            .retain(|_, language| language.as_ref().map_or(true, is_small));
    }

    fn search(
        &mut self,
        own: &[Own],
        most: usize,
        meter: &mut Meter,
    ) -> Result<Option<String>, Exceeded> {
        let (own, mut finite) = self.finite(own);
        let mut failed = None;
        let mut before = 0;
        for (at, _) in &own {
            if let Some(probe) = self.probes.get(*at) {
                let mut built = 0;
                let language = self.languages.entry(*at).or_insert_with(|| {
                    let language = Language::of(probe, most);
                    built = language.as_ref().map_or(most, Language::size);
                    language
                });
                failed = failed.or(language.as_ref().err().copied());
                before += language.as_ref().map_or(0, Language::size);
                meter.steps(built / BYTES_PER_STEP)?;
            }
        }
        if let Some(exceeded) = failed {
            return Err(exceeded);
        }
        let wanted: HashMap<usize, bool> = own.iter().copied().collect();
        let found = self.shortest_of(&wanted, &mut finite, meter);
        // A step that makes a state costs as much as the state is large.
        let after = wanted
            .keys()
            .filter_map(|at| self.languages.get(at)?.as_ref().ok());
        let grown = after
            .map(Language::size)
            .sum::<usize>()
            .saturating_sub(before);
        // What is found stays found; the next question has that much less.
        meter.steps(grown / BYTES_PER_STEP).ok();
        found
    }

    /// A shortest string that answers the `wanted` questions so, and is in the
    /// `finite` languages.
    fn shortest_of(
        &mut self,
        wanted: &HashMap<usize, bool>,
        finite: &mut [(Language, bool)],
        meter: &mut Meter,
    ) -> Result<Option<String>, Exceeded> {
        let mut signed: Vec<Signed<'_>> = self
            .languages
            .iter_mut()
            .filter_map(|(at, language)| Some((*at, *wanted.get(at)?, language.as_mut().ok()?)))
            .map(|(at, belongs, language)| (at, Signed { language, belongs }))
            .collect::<std::collections::BTreeMap<_, _>>()
            .into_values()
            .collect();
        signed.extend(finite.iter_mut().map(|(language, belongs)| Signed {
            language,
            belongs: *belongs,
        }));
        shortest(&mut signed, meter)
    }

    /// Takes out of `own` what says that a string is one of finitely many
    /// operands, and what says that it is none of others: as languages of the
    /// operands that are left. An operand that both name is ruled out, and one
    /// that equals nothing that is left rules nothing out.
    fn finite(&self, own: &[Own]) -> (Vec<Own>, Vec<(Language, bool)>) {
        let compared = |(at, holds): &Own| {
            let probe = self.probes.get(*at)?;
            let is_one_of = match probe {
                Probe::Test(Test::Eq(_) | Test::In(_)) => *holds,
                Probe::Test(Test::Neq(_) | Test::NotIn(_)) => !*holds,
                _ => return None,
            };
            Some((probe.compared(), is_one_of))
        };
        let one_of = own
            .iter()
            .position(|own| matches!(compared(own), Some((_, true))));
        let Some(one_of) = one_of else {
            return (own.to_vec(), Vec::new());
        };
        let operands = own.get(one_of).and_then(compared);
        let excluded = own
            .iter()
            .filter_map(compared)
            .filter(|(_, is_one_of)| !is_one_of);
        let excluded: Vec<&Value> = excluded.flat_map(|(operands, _)| operands).collect();
        let spelt: HashSet<String> = excluded.iter().map(|value| value.to_string()).collect();
        let left = operands.into_iter().flat_map(|(operands, _)| operands);
        let left: Vec<Value> = left
            .filter(|value| !spelt.contains(&value.to_string()))
            .cloned()
            .collect();
        let classes: HashSet<Class> = left.iter().flat_map(Class::all_of).collect();
        let may_matter = |value: &&Value| Class::all_of(value).iter().any(|c| classes.contains(c));
        let excluded: Vec<Value> = excluded.into_iter().filter(may_matter).cloned().collect();
        let languages = [(left, true), (excluded, false)];
        let others = own
            .iter()
            .enumerate()
            .filter(|(at, own)| *at != one_of && !matches!(compared(own), Some((_, false))));
        (
            others.map(|(_, own)| *own).collect(),
            languages
                .map(|(words, belongs)| (Language::words(&words), belongs))
                .into(),
        )
    }
}

/// The answer that a question has for every string alike, when it has.
fn on_every_string(probe: &Probe) -> Option<bool> {
    match probe {
        Probe::Kind(kind) => Some(*kind == Kind::String),
        Probe::Test(Test::Exists(expected)) => Some(*expected),
        Probe::Test(Test::Compare(..)) => Some(false),
        Probe::Test(Test::Contains(part)) if !matches!(part, Value::String(_)) => Some(false),
        Probe::Test(_) => None,
    }
}

/// Whether every string with that answer is named by the question: then the
/// points have them all.
fn names_every_string(probe: &Probe, holds: bool) -> bool {
    let among_operands = match probe {
        Probe::Test(Test::Eq(_) | Test::In(_)) => holds,
        Probe::Test(Test::Neq(_) | Test::NotIn(_)) => !holds,
        _ => false,
    };
    let spells_numbers = |value: &Value| matches!(value, Value::Number(_));
    among_operands && !probe.compared().iter().any(spells_numbers)
}
