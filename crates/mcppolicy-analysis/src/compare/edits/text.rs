//! Elements in words, and which of them differ.

use std::borrow::Cow;
use std::ops::Range;

use similar::{ChangeTag, TextDiff};

use crate::shorten;
pub(super) use crate::words::number;
use mcppolicy_engine::policy::{Condition, Limit, Path, Rule, Test};
use mcppolicy_engine::value::Value;

/// The longest texts, without what they share at both ends, of which single
/// characters are marked.
const MARKED: usize = 400;

/// The longest value in a summary, in characters.
const LONGEST_VALUE: usize = 120;

/// The members of a list that a summary names.
const MEMBERS: usize = 8;

/// An argument as its author thinks of it: without `args.`.
pub(super) fn path(path: &Path) -> String {
    path.segments().join(".")
}

pub(super) fn condition(condition: &Condition) -> String {
    let (path, operator) = (path(&condition.path.value), condition.test.operator());
    format!("{path} {operator} {}", operand(&condition.test))
}

/// An operand as JSON.
pub(super) fn operand(test: &Test) -> String {
    match test {
        Test::In(values) | Test::NotIn(values) => list(values),
        Test::Eq(value) | Test::Neq(value) | Test::Contains(value) => value.to_string(),
        other => other.operand().to_string(),
    }
}

fn list(values: &[Value]) -> String {
    let values: Vec<String> = values.iter().map(Value::to_string).collect();
    format!("[{}]", values.join(", "))
}

/// The conditions of a rule under `require`, or under `deny_if`.
pub(super) fn rule(rule: &Rule) -> String {
    match rule.conditions.as_slice() {
        [] => "no conditions".to_owned(),
        list => {
            let each: Vec<String> = list.iter().map(condition).collect();
            each.join(" and ")
        }
    }
}

pub(super) fn limit(limit: &Limit) -> String {
    format!("{}: {}", quoted(&limit.counter.value), bound(limit))
}

/// What a limit says, without its name.
pub(super) fn bound(limit: &Limit) -> String {
    let (max, window) = (number(limit.max.value), limit.window.value.name());
    match &limit.increment_from {
        None => format!("max {max} per {window}"),
        Some(of) => format!("sum of {} max {max} per {window}", path(&of.value)),
    }
}

/// A text of an author as JSON.
pub(super) fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// A value in a summary.
pub(super) fn short(value: &str) -> Cow<'_, str> {
    shorten::middle(value, LONGEST_VALUE)
}

/// Two texts as they stand in a summary.
pub(super) fn both(old: &str, new: &str) -> String {
    let pair = shorten::pair(old, new);
    format!("{} → {}", quoted(&pair.old), quoted(&pair.new))
}

/// ` + "GBP" + "BTC"`: some members of a list, each behind `sign`.
pub(super) fn members(sign: char, values: &[&Value]) -> String {
    let mut text = String::new();
    for value in values.iter().take(MEMBERS) {
        text.push_str(&format!(" {sign} {}", short(&value.to_string())));
    }
    let more = values.len().saturating_sub(MEMBERS);
    if more > 0 {
        let more = number(u64::try_from(more).unwrap_or(u64::MAX));
        text.push_str(&format!(" {sign} {more} more"));
    }
    text
}

/// The ranges of bytes in which two texts differ.
pub(super) fn marks(old: &str, new: &str) -> [Vec<Range<usize>>; 2] {
    let shared = |pairs: &mut dyn Iterator<Item = (char, char)>| -> usize {
        let same = pairs.take_while(|(a, b)| a == b);
        same.map(|(a, _)| a.len_utf8()).sum()
    };
    let head = shared(&mut old.chars().zip(new.chars()));
    let rest = |text: &'_ str| text.get(head..).unwrap_or_default().to_owned();
    let (old, new) = (rest(old), rest(new));
    let tail = shared(&mut old.chars().rev().zip(new.chars().rev()));
    let middle = |text: &str| {
        let end = text.len().saturating_sub(tail);
        text.get(..end).unwrap_or_default().to_owned()
    };
    let (old, new) = (middle(&old), middle(&new));
    if old.len() > MARKED || new.len() > MARKED {
        return [&old, &new].map(|text| match text.len() {
            0 => Vec::new(),
            length => std::iter::once(head..head + length).collect(),
        });
    }
    let mut marked: [Vec<Range<usize>>; 2] = [Vec::new(), Vec::new()];
    let mut at = [head, head];
    let diff = TextDiff::from_chars(&old, &new);
    for change in diff.iter_all_changes() {
        let length = change.value().len();
        let [of_old, of_new] = &mut marked;
        let [at_old, at_new] = &mut at;
        match change.tag() {
            ChangeTag::Equal => {
                *at_old += length;
                *at_new += length;
            }
            ChangeTag::Delete => extend(of_old, at_old, length),
            ChangeTag::Insert => extend(of_new, at_new, length),
        }
    }
    marked
}

/// Adds a range, joined with one that ends where it begins.
fn extend(ranges: &mut Vec<Range<usize>>, at: &mut usize, length: usize) {
    match ranges.last_mut() {
        Some(last) if last.end == *at => last.end += length,
        _ => ranges.push(*at..*at + length),
    }
    *at += length;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(old: &str, new: &str) -> [Vec<String>; 2] {
        let [of_old, of_new] = marks(old, new);
        let cut = |text: &str, ranges: Vec<Range<usize>>| {
            let each = ranges.into_iter().map(|range| text[range].to_owned());
            each.collect()
        };
        [cut(old, of_old), cut(new, of_new)]
    }

    #[test]
    fn changed_characters_are_marked() {
        let none: Vec<String> = Vec::new();
        assert_eq!(
            marked("^/srv/", "^/srv"),
            [vec!["/".to_owned()], none.clone()]
        );
        assert_eq!(
            marked("^[a-z]+$", "^[a-zA-Z]+"),
            [vec!["$".to_owned()], vec!["A-Z".to_owned()]]
        );
        assert_eq!(
            marked("é", "è"),
            [vec!["é".to_owned()], vec!["è".to_owned()]]
        );
        let long = "x".repeat(1_000);
        assert_eq!(marked("a", &format!("a{long}")), [none, vec![long]]);
    }
}
