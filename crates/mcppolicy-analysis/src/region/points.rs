//! The finitely many values that represent all others at one path: missing,
//! null, the booleans, a number from every interval that the questions
//! distinguish, and every value that they name with its twins of other types.

use std::collections::{HashMap, HashSet};

use super::array::twins;
use super::budget::{Exceeded, Meter};
use super::number;
use super::probe::Probe;
use mcppolicy_engine::engine::ValueRef;
use mcppolicy_engine::policy::Test;
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

/// Values, in the order in which a reader wants to see them; the first is
/// missing.
#[derive(Debug)]
pub(super) struct Points {
    values: Vec<Option<Value>>,
    /// A question that ruled a value out before, with the value's answer: it
    /// often does again.
    refuted: Vec<Option<Own>>,
    by_class: HashMap<Class, Vec<usize>>,
    /// The values that may equal an operand of a question.
    named: HashMap<usize, Vec<usize>>,
}

/// Values that equal each other are of one class at least.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) enum Class {
    Null,
    Bool(bool),
    Number(u64),
    Text(String),
    /// An array or object, as JSON.
    Composite(String),
}

impl Class {
    fn of_number(number: f64) -> Class {
        // −0 equals 0.
        Class::Number((number + 0.0).to_bits())
    }

    pub(super) fn all_of(value: &Value) -> Vec<Class> {
        match value {
            Value::Null => vec![Class::Null],
            Value::Bool(truth) => vec![Class::Bool(*truth)],
            Value::Number(number) => vec![Class::of_number(*number)],
            Value::String(text) => {
                let other = match (text.as_str(), text.parse::<f64>()) {
                    ("true", _) => Some(Class::Bool(true)),
                    ("false", _) => Some(Class::Bool(false)),
                    (_, Ok(number)) => Some(Class::of_number(number)),
                    _ => None,
                };
                let own = Class::Text(text.clone());
                std::iter::once(own).chain(other).collect()
            }
            Value::Array(_) | Value::Object(_) => {
                vec![Class::Composite(value.to_string().replace("-0.0", "0"))]
            }
        }
    }
}

impl Points {
    pub(super) fn of(probes: &[Probe]) -> Points {
        let values = values(probes);
        let mut by_class: HashMap<Class, Vec<usize>> = HashMap::new();
        for (at, value) in values.iter().enumerate() {
            for class in value.iter().flat_map(Class::all_of) {
                by_class.entry(class).or_default().push(at);
            }
        }
        Points {
            refuted: vec![None; values.len()],
            values,
            by_class,
            named: HashMap::new(),
        }
    }

    /// The first value that answers the questions as `own` wants.
    pub(super) fn find(
        &mut self,
        probes: &[Probe],
        own: &[Own],
        meter: &mut Meter,
    ) -> Result<Option<Found>, Exceeded> {
        let mut wanted = vec![None; probes.len()];
        for (probe, holds) in own {
            if let Some(wanted) = wanted.get_mut(*probe) {
                *wanted = Some(*holds);
            }
        }
        let naming = own.iter().find_map(|(at, holds)| {
            let probe = probes.get(*at)?;
            names_its_values(probe, *holds).then_some((*at, probe))
        });
        let at = match naming {
            Some((at, probe)) => {
                let by_class = &self.by_class;
                let named = self.named.entry(at);
                let named = named.or_insert_with(|| may_equal(by_class, probe));
                let mut refuted = Refuted(&mut self.refuted);
                let candidates = named.iter().copied();
                refuted.first(&self.values, candidates, probes, own, &wanted, meter)?
            }
            None => {
                let candidates = 0..self.values.len();
                let mut refuted = Refuted(&mut self.refuted);
                refuted.first(&self.values, candidates, probes, own, &wanted, meter)?
            }
        };
        Ok(at
            .and_then(|at| self.values.get(at))
            .map(|value| match value {
                None => Found::Missing,
                Some(value) => Found::Value(value.clone()),
            }))
    }
}

struct Refuted<'p>(&'p mut [Option<Own>]);

impl Refuted<'_> {
    /// The first of `candidates` that answers as wanted.
    fn first(
        &mut self,
        values: &[Option<Value>],
        candidates: impl Iterator<Item = usize>,
        probes: &[Probe],
        own: &[Own],
        wanted: &[Option<bool>],
        meter: &mut Meter,
    ) -> Result<Option<usize>, Exceeded> {
        for at in candidates {
            meter.conditions(1)?;
            let (Some(value), Some(refuted)) = (values.get(at), self.0.get_mut(at)) else {
                continue;
            };
            let again =
                |(probe, answer): Own| wanted.get(probe).copied().flatten() == Some(!answer);
            if refuted.is_some_and(again) {
                continue;
            }
            let slot = value.as_ref().map_or(ValueRef::Missing, ValueRef::from);
            let contrary = own.iter().position(|(probe, holds)| {
                let answer = probes.get(*probe).map(|probe| probe.holds(slot));
                answer != Some(*holds)
            });
            meter.conditions(contrary.unwrap_or(own.len()))?;
            match contrary.and_then(|contrary| own.get(contrary)) {
                None => return Ok(Some(at)),
                Some((probe, holds)) => *refuted = Some((*probe, !holds)),
            }
        }
        Ok(None)
    }
}

/// Whether only missing and values that equal an operand have that answer.
fn names_its_values(probe: &Probe, holds: bool) -> bool {
    match probe {
        Probe::Test(Test::Eq(_) | Test::In(_)) => holds,
        Probe::Test(Test::Neq(_) | Test::NotIn(_)) => !holds,
        _ => false,
    }
}

/// Missing, and the values that may equal an operand of `probe`.
fn may_equal(by_class: &HashMap<Class, Vec<usize>>, probe: &Probe) -> Vec<usize> {
    let operands = probe.compared().iter();
    let classes: HashSet<Class> = operands.flat_map(Class::all_of).collect();
    let of_class = |class| by_class.get(class).map(Vec::as_slice);
    let each = classes.iter().filter_map(of_class).flatten().copied();
    let mut named: Vec<usize> = std::iter::once(0).chain(each).collect();
    named.sort_unstable();
    named.dedup();
    named
}

fn values(probes: &[Probe]) -> Vec<Option<Value>> {
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
    // Other values of a type that a policy speaks of come first: they are what people
    // send there.
    let speaks_of_truth = named.iter().any(|value| matches!(value, Value::Bool(_)));
    let truths = [Value::Bool(true), Value::Bool(false)];
    let mut values: Vec<Value> = named.into_iter().cloned().collect();
    if speaks_of_truth {
        values.extend(truths.clone());
    }
    if speaks_of_numbers {
        values.extend(numbers);
        values.extend(texts);
    } else {
        values.extend(texts);
        values.extend(numbers);
    }
    values.extend(truths);
    values.push(Value::Null);
    std::iter::once(None)
        .chain(values.into_iter().map(Some))
        .collect()
}
