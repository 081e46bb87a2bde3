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

/// What is marked as a whole where two texts differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// Words and numbers, and every other character.
    Words,
    /// Characters, as of patterns.
    Characters,
}

impl Unit {
    fn pieces(self, text: &str) -> Vec<&str> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let length = match self {
                Unit::Words if first.is_alphanumeric() => {
                    rest.len() - rest.trim_start_matches(char::is_alphanumeric).len()
                }
                Unit::Words | Unit::Characters => first.len_utf8(),
            };
            let (piece, behind) = rest.split_at(length);
            pieces.push(piece);
            rest = behind;
        }
        pieces
    }
}

/// The ranges of bytes in which two texts differ.
pub(super) fn marks(old: &str, new: &str, unit: Unit) -> [Vec<Range<usize>>; 2] {
    fn shared<'t>(pairs: impl Iterator<Item = (&'t &'t str, &'t &'t str)>) -> (usize, usize) {
        let same = pairs.take_while(|(a, b)| a == b);
        same.fold((0, 0), |(pieces, bytes), (piece, _)| {
            (pieces + 1, bytes + piece.len())
        })
    }
    let (old, new) = (unit.pieces(old), unit.pieces(new));
    let (pieces, head) = shared(old.iter().zip(&new));
    let [old, new] = [&old, &new].map(|all| all.get(pieces..).unwrap_or_default());
    let (pieces, _) = shared(old.iter().rev().zip(new.iter().rev()));
    let [old, new] = [old, new].map(|all| all.get(..all.len() - pieces).unwrap_or_default());
    let [old_length, new_length] = [old, new].map(|all| all.iter().map(|of| of.len()).sum());
    if old_length > MARKED || new_length > MARKED {
        return [old_length, new_length].map(|length| match length {
            0 => Vec::new(),
            length => std::iter::once(head..head + length).collect(),
        });
    }
    let mut marked: [Vec<Range<usize>>; 2] = [Vec::new(), Vec::new()];
    let mut at = [head, head];
    let diff = TextDiff::from_slices(old, new);
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

    fn marked(old: &str, new: &str, unit: Unit) -> [Vec<String>; 2] {
        let [of_old, of_new] = marks(old, new, unit);
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
            marked("^/srv/", "^/srv", Unit::Characters),
            [vec!["/".to_owned()], none.clone()]
        );
        assert_eq!(
            marked("^[a-z]+$", "^[a-zA-Z]+", Unit::Characters),
            [vec!["$".to_owned()], vec!["A-Z".to_owned()]]
        );
        assert_eq!(
            marked("é", "è", Unit::Words),
            [vec!["é".to_owned()], vec!["è".to_owned()]]
        );
        let long = "x".repeat(1_000);
        assert_eq!(
            marked("a ", &format!("a {long}"), Unit::Words),
            [none, vec![long]]
        );
    }

    #[test]
    fn a_long_word_is_read_once_whatever_is_marked() {
        let long = "x".repeat(1_000_000);
        for unit in [Unit::Characters, Unit::Words] {
            let marked = marked(&format!("{long} a"), &format!("{long} b"), unit);
            assert_eq!(marked, [["a".to_owned()], ["b".to_owned()]]);
        }
    }

    #[test]
    fn numbers_and_words_are_marked_whole() {
        let words = |old: &str, new: &str| marked(old, new, Unit::Words);
        assert_eq!(
            words("max 60 per minute", "max 600 per hour"),
            [["60", "minute"], ["600", "hour"]].map(|of| of.map(str::to_owned).to_vec())
        );
        assert_eq!(
            words(r#"in ["EUR"]"#, r#"in ["EUR", "USD"]"#),
            [vec![], vec![r#", "USD""#.to_owned()]]
        );
    }
}
