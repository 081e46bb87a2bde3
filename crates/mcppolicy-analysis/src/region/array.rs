//! Arrays: by the elements they must and must not contain, and the finitely
//! many arrays that they must not be.
//!
//! Arrays are open: repeating an element changes neither what an array
//! contains nor what it does not, so no finite list of arrays exhausts them.

use std::collections::HashSet;

use super::budget::{Exceeded, Meter};
use super::probe::{Kind, Probe};
use super::product::{Signed, shortest};
use super::text::{Language, Machine, Words};
use mcppolicy_engine::engine::{ValueRef, equals};
use mcppolicy_engine::policy::Test;
use mcppolicy_engine::value::Value;

/// An array for which every question has the given answer, other than those
/// that the questions name; nothing iff there is none.
pub(super) fn find(
    own: &[(&Probe, bool)],
    meter: &mut Meter,
) -> Result<Option<Vec<Value>>, Exceeded> {
    if own.iter().any(|(probe, holds)| rules_out(probe, *holds)) {
        return Ok(None);
    }
    let parts = |wanted: bool| {
        own.iter()
            .filter(move |(_, holds)| *holds == wanted)
            .filter_map(|(probe, _)| probe.part())
    };
    let forbidden: Vec<&Value> = parts(false).collect();
    let mut items: Vec<Value> = Vec::new();
    for required in parts(true) {
        let is_there = items.iter().any(|item| equals(item.into(), required));
        if !is_there {
            match element(required, &forbidden, meter)? {
                Some(item) => items.push(item),
                None => return Ok(None),
            }
        }
    }
    let filler = items.last().cloned().or_else(|| fresh(&forbidden));
    let fits = |items: &[Value]| {
        let mut own = own.iter();
        own.all(|(probe, holds)| probe.holds(ValueRef::Array(items)) == *holds)
    };
    for _ in 0..FEW {
        if fits(&items) {
            return Ok(Some(items));
        }
        items.extend(filler.clone());
    }
    // Each array that is named has one length: one of another is none of them.
    let named = own.iter().flat_map(|(probe, _)| probe.compared());
    let lengths: HashSet<usize> = named
        .filter_map(|value| match value {
            Value::Array(items) => Some(items.len()),
            _ => None,
        })
        .collect();
    let free = (items.len()..).find(|length| !lengths.contains(length));
    let missing = free.unwrap_or(0).saturating_sub(items.len());
    items.extend(filler.into_iter().cycle().take(missing));
    Ok(fits(&items).then_some(items))
}

/// So many lengths are tried one by one.
const FEW: usize = 8;

/// Whether no array, but for those that the question names, has that answer.
fn rules_out(probe: &Probe, holds: bool) -> bool {
    match probe {
        Probe::Kind(kind) => (*kind == Kind::Array) != holds,
        Probe::Test(Test::Exists(expected)) => *expected != holds,
        Probe::Test(Test::Compare(..) | Test::Regex(_) | Test::Eq(_) | Test::In(_)) => holds,
        Probe::Test(Test::Neq(_) | Test::NotIn(_)) => !holds,
        Probe::Test(Test::Contains(_)) => false,
    }
}

/// A value that equals `required` as an element, and nothing forbidden.
fn element(
    required: &Value,
    forbidden: &[&Value],
    meter: &mut Meter,
) -> Result<Option<Value>, Exceeded> {
    let is_free = |item: &Value| {
        equals(item.into(), required)
            && !forbidden
                .iter()
                .any(|forbidden| equals(item.into(), forbidden))
    };
    let found = std::iter::once(required.clone())
        .chain(twins(required))
        .find(is_free);
    match required {
        Value::Number(_) if found.is_none() => Ok(decimal(required, forbidden, meter)?),
        _ => Ok(found),
    }
}

/// A number equals infinitely many decimals, of which finitely many may be
/// forbidden.
fn decimal(
    required: &Value,
    forbidden: &[&Value],
    meter: &mut Meter,
) -> Result<Option<Value>, Exceeded> {
    let mut languages: Vec<(Language, bool)> = std::iter::once((required, true))
        .chain(forbidden.iter().map(|value| (*value, false)))
        .map(|(value, belongs)| {
            let automaton = Machine::Words(Box::new(Words::of(std::slice::from_ref(value))));
            let complement = false;
            (
                Language {
                    automaton,
                    complement,
                },
                belongs,
            )
        })
        .collect();
    let mut signed: Vec<Signed<'_>> = languages
        .iter_mut()
        .map(|(language, belongs)| Signed {
            language,
            belongs: *belongs,
        })
        .collect();
    Ok(shortest(&mut signed, meter)?.map(Value::String))
}

/// Values of other types that may equal `value` at the top level.
pub(super) fn twins(value: &Value) -> Vec<Value> {
    match value {
        Value::Bool(truth) => vec![Value::String(truth.to_string())],
        // Rust writes a double as the shortest decimal, without an exponent.
        Value::Number(number) => vec![Value::String((number + 0.0).to_string())],
        Value::String(text) => match (text.as_str(), text.parse::<f64>()) {
            ("true", _) => vec![Value::Bool(true)],
            ("false", _) => vec![Value::Bool(false)],
            (_, Ok(number)) if number.is_finite() => vec![Value::Number(number)],
            _ => Vec::new(),
        },
        Value::Null | Value::Array(_) | Value::Object(_) => Vec::new(),
    }
}

/// A value that equals nothing forbidden: each of these equals one number at
/// most.
fn fresh(forbidden: &[&Value]) -> Option<Value> {
    (0..=forbidden.len())
        .map(|number| Value::Number(number as f64))
        .find(|value| {
            !forbidden
                .iter()
                .any(|forbidden| equals(value.into(), forbidden))
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::region::budget::Budget;
    use serde_json::json;

    fn found(conditions: &[(Test, bool)]) -> Option<serde_json::Value> {
        let probes: Vec<(Probe, bool)> = conditions
            .iter()
            .map(|(test, holds)| (Probe::Test(test.clone()), *holds))
            .collect();
        let own: Vec<(&Probe, bool)> = probes
            .iter()
            .map(|(probe, holds)| (probe, *holds))
            .collect();
        let array = find(&own, &mut Meter::new(&Budget::default())).unwrap()?;
        for (probe, holds) in own {
            assert_eq!(
                probe.holds(ValueRef::Array(&array)),
                holds,
                "{probe:?} {array:?}"
            );
        }
        Some(Value::Array(array).to_json())
    }

    fn contains(value: serde_json::Value) -> Test {
        Test::Contains(value.into())
    }

    #[test]
    fn arrays_are_open() {
        let neq = Test::Neq(json!([1]).into());
        assert_eq!(
            found(&[(contains(json!(1)), true), (neq, true)]),
            Some(json!([1, 1]))
        );
        let empty = Test::NotIn(vec![json!([]).into(), json!([0]).into()].into());
        assert_eq!(found(&[(empty, true)]), Some(json!([0, 0])));
    }

    #[test]
    fn elements_of_another_type_step_in_where_one_is_forbidden() {
        let both = |operand, other| found(&[(contains(operand), true), (contains(other), false)]);
        // The string forbids the number too, but not the number's other spellings.
        assert_eq!(
            both(json!(5), json!("5")),
            Some(json!(["4.9999999999999996"]))
        );
        assert_eq!(both(json!("5"), json!(5)), None);
        assert_eq!(both(json!(true), json!("true")), None);
        assert_eq!(both(json!([5]), json!(["5"])), Some(json!([[5]])));
    }
}
