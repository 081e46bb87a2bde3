//! The value at one path, apart from what is below it: which kinds of
//! value answer its questions as wanted, and a readable one that does.
//!
//! Of missing, null, the booleans, the numbers, and the values that the
//! policies name, finitely many *points* represent all; the other strings and
//! arrays are searched. Objects belong to the tree.

use std::collections::HashMap;

use super::array::{self, twins};
use super::budget::{Exceeded, Meter};
use super::number;
use super::probe::{Kind, Probe};
use super::product::{Signed, shortest};
use super::text::Language;
use mcppolicy_engine::engine::ValueRef;
use mcppolicy_engine::policy::{Path, Test};
use mcppolicy_engine::value::Value;

/// A question's index at its node, and the answer that is wanted.
pub(super) type Own = (usize, bool);

/// What a search found: nothing at all, or a value, or that it is missing.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Found {
    Nothing,
    Missing,
    Value(Value),
}

/// A node of the tree of paths.
#[derive(Debug, Default)]
pub(super) struct Node {
    /// The member that leads here.
    pub(super) segment: String,
    pub(super) parent: usize,
    pub(super) children: Vec<usize>,
    /// The path that leads here, when there is a question about the value.
    pub(super) path: Option<Path>,
    pub(super) probes: Vec<Probe>,
    keys: HashMap<(&'static str, String), usize>,
    languages: HashMap<usize, Result<Language, Exceeded>>,
    strings: HashMap<Vec<Own>, Result<Option<String>, Exceeded>>,
    points: Option<Vec<Point>>,
}

/// A value, or missing, with its answer to every question.
#[derive(Debug)]
struct Point {
    value: Option<Value>,
    answers: Vec<bool>,
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
        if let Some(point) = self.point(own) {
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

    fn point(&mut self, own: &[Own]) -> Option<Found> {
        let probes = &self.probes;
        let points = self.points.get_or_insert_with(|| points(probes));
        let fits = |point: &&Point| {
            own.iter()
                .all(|(probe, holds)| point.answers.get(*probe) == Some(holds))
        };
        let point = points.iter().find(fits)?;
        Some(match &point.value {
            None => Found::Missing,
            Some(value) => Found::Value(value.clone()),
        })
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

    fn search(
        &mut self,
        own: &[Own],
        most: usize,
        meter: &mut Meter,
    ) -> Result<Option<String>, Exceeded> {
        let mut failed = None;
        for (at, _) in own {
            if let Some(probe) = self.probes.get(*at) {
                let language = self
                    .languages
                    .entry(*at)
                    .or_insert_with(|| Language::of(probe, most));
                failed = failed.or(language.as_ref().err().copied());
            }
        }
        if let Some(exceeded) = failed {
            return Err(exceeded);
        }
        let mut signed: Vec<Signed<'_>> = self
            .languages
            .iter_mut()
            .filter_map(|(at, language)| {
                let (_, belongs) = own.iter().find(|(probe, _)| probe == at)?;
                Some((*at, *belongs, language.as_mut().ok()?))
            })
            .map(|(at, belongs, language)| (at, Signed { language, belongs }))
            .collect::<std::collections::BTreeMap<_, _>>()
            .into_values()
            .collect();
        shortest(&mut signed, meter)
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

/// Missing, null, the booleans, a number from every interval that the
/// questions distinguish, and every value that they name with its twins of
/// other types; in the order in which a reader wants to see them.
fn points(probes: &[Probe]) -> Vec<Point> {
    let named: Vec<&Value> = probes
        .iter()
        .flat_map(|probe| probe.compared().iter().chain(probe.part()))
        .filter(|value| !matches!(value, Value::Object(_)))
        .collect();
    let mut numbers: Vec<f64> = probes.iter().filter_map(Probe::bound).collect();
    let mut texts: Vec<Value> = ["a", "b", ""].map(Value::from).into();
    for value in &named {
        for twin in std::iter::once((*value).clone()).chain(twins(value)) {
            match twin {
                Value::Number(number) => numbers.push(number),
                Value::String(_) => texts.push(twin),
                _ => {}
            }
        }
    }
    let speaks_of_numbers = !numbers.is_empty();
    let numbers = number::representatives(numbers)
        .into_iter()
        .map(Value::Number);
    let mut values: Vec<Value> = named.into_iter().cloned().collect();
    if speaks_of_numbers {
        values.extend(numbers);
        values.extend(texts);
    } else {
        values.extend(texts);
        values.extend(numbers);
    }
    values.extend([Value::Bool(true), Value::Bool(false), Value::Null]);
    std::iter::once(None)
        .chain(values.into_iter().map(Some))
        .map(|value| Point::new(value, probes))
        .collect()
}

impl Point {
    fn new(value: Option<Value>, probes: &[Probe]) -> Point {
        let slot = value.as_ref().map_or(ValueRef::Missing, ValueRef::from);
        let answers = probes.iter().map(|probe| probe.holds(slot)).collect();
        Point { value, answers }
    }
}
