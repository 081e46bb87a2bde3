//! Small changes of one condition.

use super::super::operator::Operator;
use super::super::pattern;
use crate::inventory;
use crate::inventory::schema::Presence;
use mcppolicy_engine::policy::{Comparison, Condition, Operands, Path, Test};
use mcppolicy_engine::value::Value;

/// Of a longer list, so many members are left out one by one: the first ones.
const MOST_MEMBERS: usize = 100;

/// Of an argument's siblings, so many are tried.
const MOST_SIBLINGS: usize = 2;

/// A condition in a few words.
pub(super) fn words(condition: &Condition) -> String {
    format!("{} {}", condition.path.value, test_words(&condition.test))
}

fn test_words(test: &Test) -> String {
    format!("{} {}", test.operator(), test.operand())
}

/// What is different in two conditions.
pub(super) fn difference(from: &Condition, to: &Condition) -> String {
    if from.path.value != to.path.value {
        return format!("{} becomes {}", from.path.value, to.path.value);
    }
    let path = &from.path.value;
    match (&from.test, &to.test) {
        (Test::In(old) | Test::NotIn(old), Test::In(new) | Test::NotIn(new))
            if from.test.operator() == to.test.operator() =>
        {
            let missing =
                |a: &Operands, b: &Operands| a.iter().find(|value| !b.contains(value)).cloned();
            let operator = from.test.operator();
            match (missing(old, new), missing(new, old)) {
                (Some(out), _) => format!("{path} {operator} without {out}"),
                (_, Some(more)) => format!("{path} {operator} with {more}"),
                _ => format!("{path} {operator} another list"),
            }
        }
        (from, to) => format!("{path} {} becomes {}", test_words(from), test_words(to)),
    }
}

/// The conditions that differ from this one in one small thing. `listed` is the
/// tool in the server's inventory.
pub(super) fn changed(
    condition: &Condition,
    listed: Option<&inventory::Tool>,
) -> Vec<(Operator, Condition)> {
    let mut tests: Vec<(Operator, Test)> = Vec::new();
    let swap = Operator::OperatorSwap;
    match &condition.test {
        Test::Exists(expected) => tests.push((swap, Test::Exists(!expected))),
        Test::Eq(value) => tests.push((swap, Test::Neq(value.clone()))),
        Test::Neq(value) => tests.push((swap, Test::Eq(value.clone()))),
        Test::In(values) => {
            tests.push((swap, Test::NotIn(values.clone())));
            let lists = lists(values, condition, listed);
            tests.extend(lists.map(|(operator, list)| (operator, Test::In(list.into()))));
        }
        Test::NotIn(values) => {
            tests.push((swap, Test::In(values.clone())));
            let lists = lists(values, condition, listed);
            tests.extend(lists.map(|(operator, list)| (operator, Test::NotIn(list.into()))));
        }
        Test::Compare(comparison, bound) => {
            for other in neighbours(*comparison) {
                tests.push((swap, Test::Compare(other, *bound)));
            }
            for (operator, up) in [(Operator::BoundUp, true), (Operator::BoundDown, false)] {
                tests.push((operator, Test::Compare(*comparison, step(*bound, up))));
            }
        }
        Test::Regex(pattern) => {
            let patterns = pattern::changed(pattern).into_iter();
            tests.extend(patterns.map(|(operator, other)| (operator, Test::Regex(other))));
        }
        Test::Contains(_) => {}
    }
    let with_test = tests.into_iter().map(|(operator, test)| {
        let mut other = condition.clone();
        other.test = test;
        (operator, other)
    });
    let siblings = siblings(&condition.path.value, listed);
    let with_path = siblings.into_iter().map(|path| {
        let mut other = condition.clone();
        other.path.value = path;
        (Operator::ConditionPath, other)
    });
    with_test.chain(with_path).collect()
}

/// Strict or not, and the other way round.
fn neighbours(comparison: Comparison) -> [Comparison; 2] {
    match comparison {
        Comparison::Lt => [Comparison::Lte, Comparison::Gt],
        Comparison::Lte => [Comparison::Lt, Comparison::Gte],
        Comparison::Gt => [Comparison::Gte, Comparison::Lt],
        Comparison::Gte => [Comparison::Gt, Comparison::Lte],
    }
}

/// The next number as a person would count: by one, or by one in the last
/// decimal place that is written.
fn step(bound: f64, up: bool) -> f64 {
    let written = bound.to_string();
    let decimals = written
        .split_once('.')
        .map_or(0, |(_, digits)| digits.len());
    let scale = 10_f64.powi(-i32::try_from(decimals).unwrap_or(0));
    let moved = if up { bound + scale } else { bound - scale };
    let rounded = format!("{moved:.decimals$}").parse().unwrap_or(moved);
    let is_further = if up { rounded > bound } else { rounded < bound };
    match (is_further, up) {
        (true, _) => rounded,
        (false, true) => bound.next_up(),
        (false, false) => bound.next_down(),
    }
}

/// The list without each of its members, and with one more.
fn lists<'a>(
    values: &'a Operands,
    condition: &Condition,
    listed: Option<&inventory::Tool>,
) -> impl Iterator<Item = (Operator, Vec<Value>)> + 'a {
    let without = |at: usize| {
        let kept = values
            .iter()
            .enumerate()
            .filter(move |(other, _)| *other != at);
        kept.map(|(_, value)| value.clone()).collect::<Vec<_>>()
    };
    let fewer =
        (0..values.len().min(MOST_MEMBERS)).map(move |at| (Operator::MemberOut, without(at)));
    let more = another(values, condition, listed).map(|value| {
        let more = values.iter().cloned().chain([value]);
        (Operator::MemberIn, more.collect::<Vec<_>>())
    });
    fewer.chain(more)
}

/// A value like those of a list that is not in it: one that the schema lists
/// too, else one made up.
fn another(
    values: &Operands,
    condition: &Condition,
    listed: Option<&inventory::Tool>,
) -> Option<Value> {
    let is_new = |value: &Value| !values.contains(value);
    let schema = listed.map(|tool| tool.arguments());
    let argument = schema.map(|schema| schema.argument(condition.path.value.segments()));
    let of_schema = argument.and_then(|argument| argument.shape.values);
    if let Some(value) = of_schema.into_iter().flatten().find(is_new) {
        return Some(value);
    }
    match values.last()? {
        Value::String(text) => [
            "other".to_owned(),
            format!("{text}2"),
            format!("{text}_other"),
        ]
        .map(Value::String)
        .into_iter()
        .find(is_new),
        Value::Number(_) => {
            let numbers = values.iter().filter_map(|value| match value {
                Value::Number(number) => Some(*number),
                _ => None,
            });
            let largest = numbers.fold(f64::MIN, f64::max);
            Some(Value::Number(step(largest, true))).filter(is_new)
        }
        Value::Bool(truth) => Some(Value::Bool(!truth)).filter(is_new),
        _ => Some(Value::Null).filter(is_new),
    }
}

/// The paths of other arguments beside this one, those of a common type first.
fn siblings(path: &Path, listed: Option<&inventory::Tool>) -> Vec<Path> {
    let Some(tool) = listed else {
        return Vec::new();
    };
    let Some((own, parents)) = path.segments().split_last() else {
        return Vec::new();
    };
    let schema = tool.arguments();
    let types = schema.argument(path.segments()).shape.types;
    let mut found: Vec<(bool, Path)> = Vec::new();
    for name in schema.names_under(parents) {
        let mut segments: Vec<&str> = parents.iter().map(String::as_str).collect();
        segments.push(name);
        let sibling = schema.argument(&segments);
        if name == own || name.contains('.') || sibling.presence != Presence::Declared {
            continue;
        }
        if let Ok(path) = Path::parse(&format!("args.{}", segments.join("."))) {
            found.push((sibling.shape.types != types, path));
        }
    }
    found.sort_by_key(|(is_other_type, _)| *is_other_type);
    let best = found.into_iter().take(MOST_SIBLINGS);
    best.map(|(_, path)| path).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_moves_by_one_in_its_last_place() {
        for (bound, up, down) in [
            (100.0, 101.0, 99.0),
            (0.0, 1.0, -1.0),
            (0.5, 0.6, 0.4),
            (99.99, 100.0, 99.98),
            (-2.25, -2.24, -2.26),
        ] {
            assert_eq!((step(bound, true), step(bound, false)), (up, down));
        }
        let large = 2_f64.powi(60);
        assert!(step(large, true) > large && step(large, false) < large);
    }
}
