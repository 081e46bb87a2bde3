//! The search for accepted arguments: one value for each path that the rules
//! look at, from the operands and their neighbours, repaired where a `deny_if`
//! over several paths still fires.

use std::collections::{HashMap, HashSet};

use super::sample::samples;
use super::{passes, put, refused_by};
use mcppolicy_engine::engine::{Engine, ValueRef};
use mcppolicy_engine::policy::{Condition, Path, Test, ToolRules};
use mcppolicy_engine::value::Value;

/// The most values tried for one path.
const MOST: usize = 48;

/// The most calls that one search asks the engine about.
const TRIES: usize = 200;

/// The most paths and rules, over all those calls.
const WORK: usize = 100_000;

/// Values worth trying against `tests`: their operands, the neighbours of
/// those, and one of each type; no value twice.
pub fn candidates<'t>(tests: impl IntoIterator<Item = &'t Test>) -> Vec<Value> {
    let mut kept: Vec<Value> = Vec::new();
    let mut keep = |found: Vec<Value>| {
        for value in found {
            if kept.len() < MOST && !kept.contains(&value) {
                kept.push(value);
            }
        }
        kept.len() < MOST
    };
    for test in tests {
        let mut found = Vec::new();
        around(test, &mut found);
        if !keep(found) {
            break;
        }
    }
    keep(vec![
        Value::from("example"),
        Value::Number(1.0),
        Value::Bool(true),
        Value::Number(0.0),
        Value::Bool(false),
        Value::Array(Vec::new()),
        Value::empty_object(),
    ]);
    kept
}

fn around(test: &Test, found: &mut Vec<Value>) {
    match test {
        Test::Exists(_) => found.push(Value::from("example")),
        Test::Eq(value) | Test::Neq(value) => beside(value, found),
        Test::In(values) | Test::NotIn(values) => {
            found.extend(values.iter().take(8).cloned());
            if let Some(first) = values.first() {
                beside(first, found);
            }
        }
        Test::Compare(_, bound) => {
            let near = [*bound, bound + 1.0, bound - 1.0, bound + 0.5, bound - 0.5];
            found.extend(
                near.into_iter()
                    .filter(|n| n.is_finite())
                    .map(Value::Number),
            );
        }
        Test::Regex(pattern) => found.extend(samples(pattern.hir()).into_iter().map(Value::String)),
        Test::Contains(part) => {
            found.push(part.clone());
            found.push(Value::Array(vec![part.clone()]));
        }
    }
}

fn beside(value: &Value, found: &mut Vec<Value>) {
    found.push(value.clone());
    match value {
        Value::Number(n) => {
            let near = [n + 1.0, n - 1.0];
            found.extend(
                near.into_iter()
                    .filter(|n| n.is_finite())
                    .map(Value::Number),
            );
        }
        Value::Bool(b) => found.push(Value::Bool(!b)),
        _ => {}
    }
}

/// A path that the rules look at, and what may be there (`None`: nothing).
struct Place<'a> {
    path: &'a Path,
    choices: Vec<Option<Value>>,
}

struct Search<'a> {
    engine: &'a Engine,
    rules: &'a ToolRules,
    places: Vec<Place<'a>>,
    tries: usize,
}

pub(super) fn accepted(engine: &Engine, rules: &ToolRules) -> Option<Value> {
    if engine.hides(&rules.name) {
        return None;
    }
    let places = places(rules);
    let size = (places.len() + rules.require.len() + rules.deny_if.len()).max(1);
    let chosen = places
        .iter()
        .map(|place| place.choices.first().cloned().flatten());
    let chosen = chosen.collect();
    let mut search = Search {
        engine,
        rules,
        places,
        tries: TRIES.min(WORK / size + 1),
    };
    search.repair(chosen, 8)
}

fn places(rules: &ToolRules) -> Vec<Place<'_>> {
    let conditions = || {
        let rules = rules.require.iter().chain(&rules.deny_if);
        rules.flat_map(|rule| &rule.conditions)
    };
    let amounts = || {
        rules
            .limits
            .iter()
            .filter_map(|limit| limit.increment_from.as_ref())
    };
    let mut paths: Vec<&Path> = conditions()
        .map(|condition| &condition.path.value)
        .chain(amounts().map(|path| &path.value))
        .collect();
    paths.sort();
    paths.dedup();
    // Inner paths first: an outer one keeps what they have put into it.
    paths.sort_by_key(|path| std::cmp::Reverse(path.segments().len()));
    let required = rules.require.iter().flat_map(|rule| &rule.conditions);
    let required = by_path(required);
    let refused = rules.deny_if.iter();
    let refused = by_path(refused.filter_map(|rule| match rule.conditions.as_slice() {
        [only] => Some(only),
        _ => None,
    }));
    let all = by_path(conditions());
    let counted: HashSet<&Path> = amounts().map(|path| &path.value).collect();
    let mut places = Vec::new();
    for path in paths {
        let required = required.get(path).cloned().unwrap_or_default();
        let refused = refused.get(path).cloned().unwrap_or_default();
        let counted = counted.contains(path);
        let is_fine = |value: &Option<Value>| {
            let slot = value.as_ref().map_or(ValueRef::Missing, ValueRef::from);
            required.iter().all(|test| test.holds(slot))
                && !refused.iter().any(|test| test.holds(slot))
                && (!counted || matches!(slot, ValueRef::Number(n) if n >= 0.0))
        };
        let tests = required.iter().copied();
        let others = all.get(path).cloned().unwrap_or_default();
        let values = candidates(tests.chain(others)).into_iter().map(Some);
        let choices: Vec<Option<Value>> = values
            .chain([None, Some(Value::Null)])
            .filter(is_fine)
            .collect();
        // Without a choice the outer paths may still supply one; where they
        // do not, the engine says no.
        places.push(Place { path, choices });
    }
    places
}

fn by_path<'r>(
    conditions: impl Iterator<Item = &'r Condition>,
) -> HashMap<&'r Path, Vec<&'r Test>> {
    let mut tests: HashMap<&Path, Vec<&Test>> = HashMap::new();
    for condition in conditions {
        let of_path = tests.entry(&condition.path.value).or_default();
        of_path.push(&condition.test);
    }
    tests
}

impl Search<'_> {
    fn repair(&mut self, chosen: Vec<Option<Value>>, depth: usize) -> Option<Value> {
        self.tries = self.tries.checked_sub(1)?;
        let arguments = self.build(&chosen);
        if passes(self.engine, &self.rules.name, &arguments) {
            return Some(arguments);
        }
        let depth = depth.checked_sub(1)?;
        let pointer = refused_by(self.engine, &self.rules.name, &arguments)?;
        let rules = self.rules;
        let rule = rules.deny_if.iter().find(|rule| rule.pointer == pointer)?;
        for condition in &rule.conditions {
            let Some(at) = self
                .places
                .iter()
                .position(|place| *place.path == condition.path.value)
            else {
                continue;
            };
            let escapes = |value: &&Option<Value>| {
                let slot = value.as_ref().map_or(ValueRef::Missing, ValueRef::from);
                !condition.test.holds(slot)
            };
            let choices = self
                .places
                .get(at)
                .map(|place| place.choices.as_slice())
                .unwrap_or_default();
            let other: Vec<Option<Value>> = choices.iter().filter(escapes).cloned().collect();
            for value in other {
                let mut changed = chosen.clone();
                if let Some(choice) = changed.get_mut(at) {
                    *choice = value;
                }
                if let Some(found) = self.repair(changed, depth) {
                    return Some(found);
                }
            }
        }
        None
    }

    fn build(&self, chosen: &[Option<Value>]) -> Value {
        let mut arguments = Value::empty_object();
        for (place, value) in self.places.iter().zip(chosen) {
            let is_taken = !matches!(
                mcppolicy_engine::engine::Lookup::at(&arguments, place.path),
                ValueRef::Missing
            );
            let Some(value) = value.clone().filter(|_| !is_taken) else {
                continue;
            };
            put(&mut arguments, place.path, value);
        }
        arguments
    }
}
