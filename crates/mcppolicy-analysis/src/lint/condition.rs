//! Conditions: their opposites, how they are shown, and which of them matter.

use crate::shorten;
use crate::words;
use mcppolicy_engine::policy::{Comparison, Condition, Path, Test};
use mcppolicy_engine::value::Value;

/// More rules or conditions than these are not searched for the few of them
/// that matter.
const MOST_SEARCHED: usize = 24;

/// Operator and operand of the test that holds for exactly those present values for
/// which `test` does not; `None` where the language has no such test.
pub fn opposite(test: &Test) -> Option<(&'static str, Value)> {
    Some(match test {
        Test::Compare(comparison, bound) => {
            let opposite = match comparison {
                Comparison::Lt => Comparison::Gte,
                Comparison::Lte => Comparison::Gt,
                Comparison::Gt => Comparison::Lte,
                Comparison::Gte => Comparison::Lt,
            };
            (opposite.name(), Value::Number(*bound))
        }
        Test::Eq(value) => ("neq", value.clone()),
        Test::Neq(value) => ("eq", value.clone()),
        Test::In(values) => ("not_in", Value::Array(values.to_vec())),
        Test::NotIn(values) => ("in", Value::Array(values.to_vec())),
        Test::Exists(_) | Test::Regex(_) | Test::Contains(_) => return None,
    })
}

/// Of `items`, some that still are `enough` and of which none can be spared;
/// nothing when there are too many to search.
pub fn fewest<T: Clone>(items: &[T], mut enough: impl FnMut(&[T]) -> bool) -> Option<Vec<T>> {
    if items.len() > MOST_SEARCHED {
        return None;
    }
    let mut kept = items.to_vec();
    let mut at = 0;
    while at < kept.len() {
        let mut fewer = kept.clone();
        fewer.remove(at);
        if enough(&fewer) {
            kept = fewer;
        } else {
            at += 1;
        }
    }
    Some(kept)
}

/// Whether one path is the other or leads into it: only then can conditions on
/// them have to do with each other.
pub fn are_related(a: &Path, b: &Path) -> bool {
    let (a, b) = (a.segments(), b.segments());
    a.starts_with(b) || b.starts_with(a)
}

/// A condition in a sentence, behind "that": `` `amount` is a number above 100 ``.
pub fn worded(condition: &Condition) -> String {
    /// Longer words are cut in their middle.
    const LONGEST: usize = 120;
    shorten::middle(&words::condition(condition), LONGEST).into_owned()
}
