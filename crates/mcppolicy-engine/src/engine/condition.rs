//! Whether a condition holds for a value (policy language §2).

use std::collections::BTreeMap;

use crate::policy::{Comparison, Operands, Path, Test};
use crate::value::{Value, canonical_decimal};

/// The value that a path leads to, borrowed from wherever the call keeps it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ValueRef<'a> {
    /// Nothing there, or something that has no members on the way.
    Missing,
    /// `null`, which is a value.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(f64),
    /// A string.
    String(&'a str),
    /// An array.
    Array(&'a [Value]),
    /// An object.
    Object(&'a BTreeMap<String, Value>),
}

impl<'a> From<&'a Value> for ValueRef<'a> {
    fn from(value: &'a Value) -> ValueRef<'a> {
        match value {
            Value::Null => ValueRef::Null,
            Value::Bool(b) => ValueRef::Bool(*b),
            Value::Number(n) => ValueRef::Number(*n),
            Value::String(s) => ValueRef::String(s),
            Value::Array(items) => ValueRef::Array(items),
            Value::Object(members) => ValueRef::Object(members),
        }
    }
}

impl ValueRef<'_> {
    /// What a limit adds of this value (policy language §4): a number, rounded
    /// up, that is not negative. Above 2^64 − 1 it is that, for which no limit
    /// has room.
    pub fn amount(self) -> Option<u64> {
        match self {
            ValueRef::Number(number) if number >= 0.0 => Some(number.ceil() as u64),
            _ => None,
        }
    }

    /// The value itself, nothing when missing.
    pub fn to_value(self) -> Option<Value> {
        match self {
            ValueRef::Missing => None,
            ValueRef::Null => Some(Value::Null),
            ValueRef::Bool(b) => Some(Value::Bool(b)),
            ValueRef::Number(n) => Some(Value::Number(n)),
            ValueRef::String(s) => Some(Value::String(s.to_owned())),
            ValueRef::Array(items) => Some(Value::Array(items.to_vec())),
            ValueRef::Object(members) => Some(Value::Object(members.clone())),
        }
    }
}

/// A call's arguments, in whatever form the caller keeps them.
///
/// A gateway that keeps arguments in a form of its own implements this instead
/// of copying them into a [`Value`].
pub trait Lookup {
    /// The value at `path`; [`ValueRef::Missing`] when a segment meets an array or
    /// a scalar, or is absent.
    fn at(&self, path: &Path) -> ValueRef<'_>;
}

impl Lookup for Value {
    fn at(&self, path: &Path) -> ValueRef<'_> {
        let found = path
            .segments()
            .iter()
            .try_fold(self, |value, segment| value.get(segment));
        found.map_or(ValueRef::Missing, ValueRef::from)
    }
}

impl Test {
    /// Whether the test is true of `value`. A missing value makes every
    /// operator false except `exists: false`.
    pub fn holds(&self, value: ValueRef<'_>) -> bool {
        let missing = value == ValueRef::Missing;
        match self {
            Test::Exists(expected) => {
                *expected != matches!(value, ValueRef::Missing | ValueRef::Null)
            }
            Test::Eq(operand) => equals(value, operand),
            Test::Neq(operand) => !missing && !equals(value, operand),
            Test::In(operands) => is_among(value, operands),
            Test::NotIn(operands) => !missing && !is_among(value, operands),
            Test::Compare(comparison, bound) => match value {
                ValueRef::Number(number) => comparison.holds(number, *bound),
                _ => false,
            },
            Test::Regex(pattern) => match value {
                ValueRef::String(text) => pattern.is_match(text),
                _ => false,
            },
            Test::Contains(operand) => match (value, operand) {
                (ValueRef::String(text), Value::String(part)) => text.contains(part.as_str()),
                (ValueRef::Array(items), operand) => items
                    .iter()
                    .any(|item| equals(ValueRef::from(item), operand)),
                _ => false,
            },
        }
    }
}

impl Comparison {
    fn holds(self, number: f64, bound: f64) -> bool {
        match self {
            Comparison::Lt => number < bound,
            Comparison::Lte => number <= bound,
            Comparison::Gt => number > bound,
            Comparison::Gte => number >= bound,
        }
    }
}

/// Equality with its one coercion, at the top level only: a string equals the
/// boolean or the number that it spells canonically.
pub fn equals(value: ValueRef<'_>, operand: &Value) -> bool {
    match (value, operand) {
        (ValueRef::Null, Value::Null) => true,
        (ValueRef::Bool(a), Value::Bool(b)) => a == *b,
        (ValueRef::Number(a), Value::Number(b)) => a == *b,
        (ValueRef::String(a), Value::String(b)) => a == b,
        (ValueRef::Array(a), Value::Array(b)) => a == b.as_slice(),
        (ValueRef::Object(a), Value::Object(b)) => a == b,
        (ValueRef::String(text), Value::Bool(b)) => spells_bool(text, *b),
        (ValueRef::Bool(b), Value::String(text)) => spells_bool(text, b),
        (ValueRef::String(text), Value::Number(n)) => spells_number(text, *n),
        (ValueRef::Number(n), Value::String(text)) => spells_number(text, n),
        _ => false,
    }
}

fn spells_bool(text: &str, boolean: bool) -> bool {
    text == if boolean { "true" } else { "false" }
}

/// Whether `text` is a canonical decimal that reads as `number`.
fn spells_number(text: &str, number: f64) -> bool {
    canonical_decimal(text) == Some(number)
}

/// Whether `value` equals one of `operands`.
fn is_among(value: ValueRef<'_>, operands: &Operands) -> bool {
    let Some(index) = operands.index() else {
        return operands.iter().any(|operand| equals(value, operand));
    };
    match value {
        ValueRef::Missing => false,
        ValueRef::Null => index.has_null,
        ValueRef::Bool(true) => index.has_true || index.has_string("true"),
        ValueRef::Bool(false) => index.has_false || index.has_string("false"),
        ValueRef::Number(number) => index.has_number(number) || index.spells_number(number),
        ValueRef::String(text) => {
            index.has_string(text)
                || match text {
                    "true" => index.has_true,
                    "false" => index.has_false,
                    _ => canonical_decimal(text).is_some_and(|number| index.has_number(number)),
                }
        }
        ValueRef::Array(items) => operands
            .at(index.arrays_like(items))
            .any(|operand| equals(value, operand)),
        ValueRef::Object(members) => operands
            .at(index.objects_like(members))
            .any(|operand| equals(value, operand)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn holds(test: &Test, value: serde_json::Value) -> bool {
        test.holds(ValueRef::from(&Value::from(value)))
    }

    #[test]
    fn a_missing_value_meets_only_exists_false() {
        let one = Value::Number(1.0);
        let tests = [
            Test::Exists(true),
            Test::Eq(one.clone()),
            Test::Neq(one.clone()),
            Test::In(vec![one.clone()].into()),
            Test::NotIn(vec![one.clone()].into()),
            Test::Compare(Comparison::Lt, 9.0),
            Test::Contains(one),
        ];
        assert!(tests.iter().all(|test| !test.holds(ValueRef::Missing)));
        assert!(Test::Exists(false).holds(ValueRef::Missing));
    }

    #[test]
    fn null_is_a_value_that_does_not_exist() {
        assert!(holds(&Test::Neq(Value::from("a")), json!(null)));
        assert!(!holds(&Test::Exists(true), json!(null)));
        assert!(holds(&Test::Exists(false), json!(null)));
    }

    #[test]
    fn a_string_equals_the_number_or_boolean_that_it_spells() {
        let five = Test::Eq(Value::Number(5.0));
        assert!(holds(&five, json!("5")) && holds(&five, json!(5.0)));
        for not_five in ["5.0", "05", "5e0", " 5", "+5", "5.", ""] {
            assert!(!holds(&five, json!(not_five)), "{not_five}");
        }
        assert!(!holds(&Test::Eq(Value::Number(0.0)), json!("-0")));
        assert!(holds(&Test::Eq(Value::Bool(true)), json!("true")));
        assert!(holds(&Test::Eq(Value::from("true")), json!(true)));
        assert!(holds(&Test::Eq(Value::Number(0.5)), json!("0.5")));
        assert!(!holds(&Test::Eq(Value::Number(0.5)), json!(".5")));
    }

    #[test]
    fn inside_arrays_and_objects_nothing_is_coerced() {
        assert!(!holds(&Test::Eq(json!([5]).into()), json!(["5"])));
        assert!(holds(&Test::Contains(Value::Number(5.0)), json!(["5"])));
        assert!(!holds(&Test::Contains(json!([5]).into()), json!([["5"]])));
    }

    #[test]
    fn ordering_never_coerces() {
        assert!(!holds(&Test::Compare(Comparison::Gt, 100.0), json!("500")));
        assert!(holds(&Test::Compare(Comparison::Gt, 100.0), json!(500)));
    }

    #[test]
    fn a_bound_is_on_the_side_that_its_operator_says() {
        use Comparison::{Gt, Gte, Lt, Lte};
        for (comparison, expected) in [
            (Lt, [true, false, false]),
            (Lte, [true, true, false]),
            (Gt, [false, false, true]),
            (Gte, [false, true, true]),
        ] {
            let test = Test::Compare(comparison, 5.0);
            assert_eq!([4, 5, 6].map(|n| holds(&test, json!(n))), expected);
        }
    }

    #[test]
    fn a_pattern_searches_strings_and_contains_arrays_too() {
        let pattern = crate::pattern::Pattern::parse("^a").unwrap();
        let regex = Test::Regex(pattern);
        assert!(holds(&regex, json!("ab")) && !holds(&regex, json!("ba")));
        assert!(!holds(&regex, json!(["ab"])));
        let contains = Test::Contains(Value::from("b"));
        for (value, expected) in [
            (json!("abc"), true),
            (json!("ac"), false),
            (json!(["a", "b"]), true),
            (json!(["abc"]), false),
            (json!({"b": "b"}), false),
        ] {
            assert_eq!(holds(&contains, value.clone()), expected, "{value}");
        }
        assert!(!holds(&Test::Contains(Value::Number(5.0)), json!("5")));
    }

    #[test]
    fn arrays_and_objects_are_equal_as_a_whole() {
        for value in [json!([1, "a"]), json!({"a": [1]})] {
            let equal = Test::Eq(Value::from(&value));
            assert!(holds(&equal, value));
            assert!(!holds(&equal, json!([1])) && !holds(&equal, json!({"a": [2]})));
        }
    }

    #[test]
    fn a_value_that_is_looked_up_is_the_value() {
        for value in [
            json!(null),
            json!(false),
            json!(0.5),
            json!("a"),
            json!([1, "a"]),
            json!({"a": {}}),
        ] {
            let value = Value::from(value);
            assert_eq!(ValueRef::from(&value).to_value(), Some(value.clone()));
        }
        assert_eq!(ValueRef::Missing.to_value(), None);
    }

    #[test]
    fn a_long_list_answers_as_its_operands_one_by_one_do() {
        let mut values = vec![
            json!(null),
            json!(true),
            json!("false"),
            json!(5),
            json!("7"),
            json!("4.9999999999999996"),
            json!("05"),
            json!(0),
            json!([0, "a"]),
            json!({"a": {"b": [1]}}),
            json!([]),
            json!(false),
        ];
        let asked: Vec<serde_json::Value> = values
            .iter()
            .cloned()
            .chain([
                json!(false),
                json!("true"),
                json!("5"),
                json!(7),
                json!(-0.0),
                json!("-0"),
                json!([-0.0, "a"]),
                json!(["0", "a"]),
                json!({"a": {"b": [1.0]}}),
                json!({"a": {"b": []}}),
                json!({}),
                json!("other-3"),
                json!(5.5),
                json!("null"),
            ])
            .collect();
        // Any part of the list, and enough besides that an index is made.
        for left_out in 0..=values.len() {
            let filler = (0..40).map(|at| json!(format!("other-{at}")));
            let list = values.iter().cloned().chain(filler).map(Value::from);
            let list: Vec<Value> = list.collect();
            let operands = Operands::from(list.clone());
            for value in &asked {
                let value = Value::from(value);
                let expected = list.iter().any(|operand| equals((&value).into(), operand));
                let found = Test::In(operands.clone()).holds((&value).into());
                assert_eq!(found, expected, "{value} {left_out}");
                let outside = Test::NotIn(operands.clone()).holds((&value).into());
                assert_eq!(outside, !expected, "{value}");
            }
            values.rotate_left(1);
            if left_out > 0 {
                values.pop();
            }
        }
    }
}
