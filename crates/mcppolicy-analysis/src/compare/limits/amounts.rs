//! The amounts that calls can add to sums: how small and how large they are
//! for calls that pass alone under both policies, calls that add a given
//! amount, and races that reach a sum with them.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::compare::literals::{accept, at_most};
use crate::compare::quota::PerWindow;
use crate::compare::sequence::{self, Race, Run, Shape, Step};
use crate::compare::verdict::Reason;
use crate::region::{Answer, Budget, Exceeded, Literal, Region, Space};
use mcppolicy_engine::engine::{Engine, Lookup, ValueRef};
use mcppolicy_engine::policy::{Comparison, Path, Test, ToolRules, Window};
use mcppolicy_engine::time::{Time, TimeDelta};
use mcppolicy_engine::value::Value;

/// The largest amount that any limit can take.
const LARGEST: u64 = (1 << 53) - 1;

/// The calls of one tool that pass alone under both policies.
pub(super) struct Amounts {
    space: Space,
    region: Region,
    anyhow: Value,
    /// The least and the largest whole amount, by path.
    ranges: BTreeMap<Path, (u64, u64)>,
    known: BTreeMap<(Path, u64), Option<Rc<Shape>>>,
}

/// What calls add to the sum at a path.
pub(super) struct Range<'a> {
    pub(super) path: &'a Path,
    pub(super) least: u64,
}

impl Amounts {
    /// Nothing when there are no such calls.
    pub(super) fn new(
        rules: [Option<&ToolRules>; 2],
        paths: BTreeSet<Path>,
        budget: Budget,
    ) -> Result<Option<Amounts>, Exceeded> {
        let mut space = Space::new(budget);
        let mut region = Region::everything();
        for rules in rules {
            accept(&mut space, rules, &mut region);
        }
        let anyhow = match space.find(&region) {
            Answer::Empty => return Ok(None),
            Answer::Unknown(exceeded) => return Err(exceeded),
            Answer::Witness(arguments) => arguments,
        };
        let mut amounts = Amounts {
            space,
            region,
            anyhow,
            ranges: BTreeMap::new(),
            known: BTreeMap::new(),
        };
        // What all amounts together may cost.
        let most = budget.worth();
        for path in paths {
            let range = if amounts.spent() < most {
                let tied = amounts.space.tied(&amounts.region, &path);
                let guesses = guesses(rules, &path);
                let least = amounts.least(&path, &tied, &guesses);
                (least, amounts.largest(&path, &tied, &guesses))
            } else {
                (0, LARGEST)
            };
            amounts.ranges.insert(path, range);
        }
        Ok(Some(amounts))
    }

    /// The work so far, in steps of automata.
    pub(super) fn spent(&self) -> u64 {
        self.space.spent()
    }

    pub(super) fn ranges(&self) -> impl Iterator<Item = Range<'_>> {
        self.ranges.iter().map(|(path, (least, _))| Range {
            path,
            least: *least,
        })
    }

    /// The largest amount at a path that is summed.
    pub(super) fn most(&self, path: &Path) -> u128 {
        let range = self.ranges.get(path);
        u128::from(range.map_or(LARGEST, |(_, largest)| *largest))
    }

    /// Why a race that proves nothing leaves the question open; without amounts
    /// it never does.
    pub(super) fn reason(&self) -> Option<Reason> {
        (!self.ranges.is_empty()).then_some(Reason::CoupledAmount)
    }

    /// Arguments that add as little as can be; where a sum bears it, something.
    pub(super) fn smallest(&mut self, something: bool) -> Value {
        let of_range = |(path, (least, largest)): (&Path, &(u64, u64))| {
            let something = u64::from(something).min(*largest);
            (path.clone(), something.max(*least))
        };
        let least: Vec<(Path, u64)> = self.ranges.iter().map(of_range).collect();
        if something && !self.ranges.is_empty() {
            let exactly = |(path, amount): &(Path, u64)| {
                let amount = Value::Number(*amount as f64);
                self.space.test(path, &Test::Eq(amount))
            };
            let literals: Vec<Literal> = least.iter().map(exactly).collect();
            if let Some(arguments) = self.with(&literals) {
                return arguments;
            }
            return self.smallest(false);
        }
        let literals: Vec<Literal> = least
            .iter()
            .map(|(path, least)| at_most(&mut self.space, path, *least))
            .collect();
        self.with(&literals)
            .or_else(|| self.with(literals.get(..1)?))
            .unwrap_or_else(|| self.anyhow.clone())
    }

    fn with(&mut self, literals: &[Literal]) -> Option<Value> {
        let mut region = self.region.clone();
        for literal in literals {
            region.and(*literal);
        }
        self.space.find(&region).witness()
    }

    /// A lower bound on the whole amounts, the least one unless the budget
    /// stops the search.
    fn least(&mut self, path: &Path, tied: &Region, guesses: &[u64]) -> u64 {
        first(LARGEST, guesses, |bound| {
            let literal = at_most(&mut self.space, path, bound);
            self.may_be(tied, literal)
        })
    }

    /// An upper bound on the whole amounts, the largest one unless the budget
    /// stops the search.
    fn largest(&mut self, path: &Path, tied: &Region, guesses: &[u64]) -> u64 {
        first(LARGEST, guesses, |bound| {
            let literal = at_most(&mut self.space, path, bound);
            !self.may_be(tied, !literal)
        })
    }

    fn may_be(&mut self, tied: &Region, literal: Literal) -> bool {
        let mut region = tied.clone();
        region.and(literal);
        !self.space.find(&region).is_empty()
    }

    /// A call that adds `amount`, or somewhat less where none adds exactly so,
    /// and as little as can be to other sums.
    fn adding(&mut self, tool: &str, path: &Path, amount: u64) -> Option<Rc<Shape>> {
        let key = (path.clone(), amount);
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let space = &mut self.space;
        let exactly = space.test(path, &Test::Eq(Value::Number(amount as f64)));
        let up_to = at_most(space, path, amount);
        let mut above = |bound: u64| space.test(path, &Test::Compare(Comparison::Gt, bound as f64));
        let rounded = above(amount.saturating_sub(1));
        let half = above(amount / 2);
        let others: Vec<(Path, u64)> = self
            .ranges
            .iter()
            .filter(|(other, _)| *other != path)
            .map(|(other, (least, _))| (other.clone(), *least))
            .collect();
        let others: Vec<Literal> = others
            .iter()
            .map(|(other, least)| at_most(&mut self.space, other, *least))
            .collect();
        let choices = [
            vec![exactly],
            vec![rounded, up_to],
            vec![half, up_to],
            vec![up_to],
        ];
        let arguments = choices.iter().find_map(|choice| {
            let narrow: Vec<Literal> = choice.iter().chain(&others).copied().collect();
            self.with(&narrow).or_else(|| self.with(choice))
        });
        let shape = arguments.map(|arguments| {
            Rc::new(Shape {
                tool: tool.to_owned(),
                arguments,
            })
        });
        self.known.insert(key, shape.clone());
        shape
    }
}

/// The whole numbers at and beside those that the rules compare the amount at `path`
/// with: its bounds are usually among them. In order.
fn guesses(rules: [Option<&ToolRules>; 2], path: &Path) -> Vec<u64> {
    let rules = rules.into_iter().flatten();
    let rules = rules.flat_map(|rules| rules.require.iter().chain(&rules.deny_if));
    let conditions = rules.flat_map(|rule| &rule.conditions);
    let tests = conditions
        .filter(|condition| condition.path.value == *path)
        .map(|condition| &condition.test);
    let mut guesses = BTreeSet::from([1]);
    let mut add = |number: f64| {
        if (0.0..LARGEST as f64).contains(&number) {
            // In range, so the cast cuts off the fraction and nothing else.
            let whole = number as u64;
            guesses.extend([whole.saturating_sub(1), whole, whole + 1]);
        }
    };
    for test in tests {
        match test {
            Test::Compare(_, bound) => add(*bound),
            Test::Eq(Value::Number(number)) | Test::Neq(Value::Number(number)) => add(*number),
            Test::In(list) | Test::NotIn(list) => {
                for member in list.iter() {
                    if let Value::Number(number) = member {
                        add(*number);
                    }
                }
            }
            _ => {}
        }
    }
    guesses.into_iter().collect()
}

/// The first number of `0..=last` that `holds`, which holds of all behind it;
/// `last` when none does. Each question makes the next one dearer, so the guesses, in
/// order, come first.
fn first(last: u64, guesses: &[u64], mut holds: impl FnMut(u64) -> bool) -> u64 {
    let (mut low, mut high) = (0, last);
    // Small amounts are the usual ones.
    if holds(0) {
        return 0;
    }
    let mut narrow = |low: &mut u64, high: &mut u64, middle: u64| {
        let is_there = holds(middle);
        *(if is_there { high } else { low }) = middle;
        is_there
    };
    let mut guesses = guesses;
    while let Some(&middle) = guesses.get(guesses.len() / 2) {
        let (before, behind) = guesses.split_at(guesses.len() / 2);
        let is_inside = low < middle && middle < high;
        let is_there = match is_inside {
            true => narrow(&mut low, &mut high, middle),
            false => middle >= high,
        };
        guesses = if is_there {
            before
        } else {
            behind.get(1..).unwrap_or_default()
        };
    }
    while low + 1 < high {
        let middle = low + (high - low) / 2;
        narrow(&mut low, &mut high, middle);
    }
    high
}

/// The last second of a minute.
const LAST_SECOND: u64 = 59;

/// A race towards a sum within one window.
pub(super) struct SumRace<'r> {
    pub(super) passer: &'r Engine,
    pub(super) refuser: &'r Engine,
    pub(super) tool: &'r str,
    pub(super) amounts: &'r mut Amounts,
    pub(super) path: &'r Path,
    /// The passer's bounds on the sum.
    pub(super) bounds: PerWindow,
    pub(super) window: Window,
    pub(super) reach: u128,
    /// How many calls may be tried one by one.
    pub(super) most_calls: u64,
    /// How many have been.
    pub(super) tried: u64,
}

/// What a race has added so far.
#[derive(Default)]
struct Added {
    minutes: BTreeMap<i64, u128>,
    hours: BTreeMap<i64, u128>,
    all: u128,
}

impl SumRace<'_> {
    /// One minute after the other, each as full as it can be.
    pub(super) fn packed(&mut self) -> Option<Vec<Run>> {
        let (minutes, _) = sequence::slots(self.window);
        let start = sequence::start(self.window);
        let starts = (0..minutes).map(|minute| start + i64::try_from(minute * 60).unwrap_or(0));
        self.run(starts, u64::MAX)
    }

    /// Over all minutes in turn, one call in each.
    pub(super) fn spread(&mut self) -> Option<Vec<Run>> {
        let window = self.window;
        let minutes = (0..).map(move |at| sequence::spread_minute(window, at));
        self.run(minutes, 1)
    }

    /// Goes through `minutes` with at most `each` calls at a time, until the
    /// refuser refuses, or a whole round of minutes passes nothing.
    fn run(&mut self, minutes: impl Iterator<Item = i64>, each: u64) -> Option<Vec<Run>> {
        let (round, _) = sequence::slots(self.window);
        let mut race = Race::new(self.passer, self.refuser);
        let mut added = Added::default();
        let mut idle = 0;
        for minute in minutes {
            let before = race.passed();
            while race.passed() - before < each {
                if self.tried >= self.most_calls {
                    return None;
                }
                self.tried += 1;
                let nth = race.passed() - before;
                let most = each - nth;
                match self.call(&mut race, &mut added, minute, (nth, most)) {
                    Step::Refused => return Some(race.finish()),
                    Step::Passed => {}
                    Step::Skipped => break,
                }
            }
            idle = if race.passed() == before { idle + 1 } else { 0 };
            if idle >= round {
                return None;
            }
        }
        None
    }

    /// The `nth` call of a minute, or up to `most` at once in its last second.
    fn call(
        &mut self,
        race: &mut Race<'_>,
        added: &mut Added,
        minute: i64,
        (nth, most): (u64, u64),
    ) -> Step {
        let left = added
            .left(&self.bounds, minute)
            .min(self.reach.saturating_sub(added.all));
        let amount = left.min(self.amounts.most(self.path));
        let amount = u64::try_from(amount).unwrap_or(LARGEST);
        let Some(shape) = self.amounts.adding(self.tool, self.path, amount) else {
            return Step::Skipped;
        };
        let adds = amount_at(&shape.arguments, self.path);
        if adds == 0 {
            return Step::Skipped;
        }
        // Within the minute, as long as there are seconds left.
        let within = TimeDelta::seconds(i64::try_from(nth.min(LAST_SECOND)).unwrap_or(0));
        let time = Time::new(minute, 0).plus(within);
        let call = Run::of_one(shape, time);
        if nth < LAST_SECOND {
            let step = race.call(call);
            if step == Step::Passed {
                added.add(minute, adds);
            }
            return step;
        }
        // As many as add the same amount.
        let alike = left.saturating_sub(u128::from(amount)) / adds + 1;
        let alike = u64::try_from(alike).unwrap_or(u64::MAX);
        let before = race.passed();
        let step = race.pass(call, alike.min(most));
        if step == Step::Passed {
            let passed = u128::from(race.passed() - before);
            added.add(minute, adds.saturating_mul(passed));
        }
        step
    }
}

fn amount_at(arguments: &Value, path: &Path) -> u128 {
    match arguments.at(path) {
        // At most 2^53, so the cast is exact.
        ValueRef::Number(number) => number.ceil() as u128,
        _ => 0,
    }
}

impl Added {
    fn left(&self, bounds: &PerWindow, minute: i64) -> u128 {
        let hour = minute - minute.rem_euclid(3_600);
        let used = |windows: &BTreeMap<i64, u128>, start| windows.get(&start).copied().unwrap_or(0);
        let in_minute = bounds.minute.saturating_sub(used(&self.minutes, minute));
        let in_hour = bounds.hour.saturating_sub(used(&self.hours, hour));
        let in_day = bounds.day.saturating_sub(self.all);
        in_minute.min(in_hour).min(in_day)
    }

    fn add(&mut self, minute: i64, amount: u128) {
        let hour = minute - minute.rem_euclid(3_600);
        for (windows, start) in [(&mut self.minutes, minute), (&mut self.hours, hour)] {
            let sum = windows.entry(start).or_insert(0);
            *sum = sum.saturating_add(amount);
        }
        self.all = self.all.saturating_add(amount);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guesses_change_the_way_and_not_the_number() {
        let last = 1 << 20;
        for wanted in [0, 1, 2, 99, 100, 101, 5_000, last - 1, last] {
            let lists: [&[u64]; 5] = [&[], &[1], &[99, 100, 101], &[0, 1, last], &[4_999, 5_001]];
            for guesses in lists {
                let found = first(last, guesses, |number| number >= wanted);
                assert_eq!(found, wanted, "{guesses:?}");
            }
        }
        let mut asked = 0;
        let found = first(LARGEST, &[99, 100, 101], |number| {
            asked += 1;
            number > 100
        });
        assert_eq!((found, asked), (101, 3));
    }
}
