//! Conditions, as the table of §2 has them, and equality with its one
//! coercion.

use serde_json::Value;

use super::{Bug, Naive, pattern, walk};

/// The eleven operators of §2, in its order.
pub const OPERATORS: [&str; 11] = [
    "exists", "eq", "neq", "in", "not_in", "lt", "lte", "gt", "gte", "regex", "contains",
];

/// JSON's types, and what is not there at all.
pub const TYPES: [&str; 7] = [
    "null", "boolean", "number", "string", "array", "object", "missing",
];

/// How often each operator met each type of value, by [`OPERATORS`] and
/// [`TYPES`], and how often it was false and true.
#[derive(Debug, Clone, Default)]
pub struct Met {
    pub types: [[u64; TYPES.len()]; OPERATORS.len()],
    pub truth: [[u64; 2]; OPERATORS.len()],
}

impl Naive<'_> {
    /// §2: one row of the table of operators.
    pub(super) fn condition(&mut self, condition: &Value, arguments: &Value) -> bool {
        let mut value = walk(arguments, condition["path"].as_str().unwrap());
        let op = condition["op"].as_str().unwrap();
        let operand = &condition["value"];
        let row = OPERATORS.iter().position(|known| *known == op).unwrap();
        self.met.types[row][type_index(value)] += 1;
        if value.is_some_and(Value::is_null) && self.has(Bug::NullCountsAsMissing) {
            value = None;
        }
        let holds = self.operator(op, value, operand);
        self.met.truth[row][usize::from(holds)] += 1;
        holds
    }

    fn operator(&self, op: &str, value: Option<&Value>, operand: &Value) -> bool {
        // Missing makes every operator false except `exists: false`.
        let Some(value) = value else {
            return (op == "exists" && operand == false)
                || (op == "neq" && self.has(Bug::NeqTrueOfMissing))
                || (op == "not_in" && self.has(Bug::NotInTrueOfMissing));
        };
        let some_element_equals = |list: &Value, other: &Value| {
            list.as_array()
                .unwrap()
                .iter()
                .any(|element| self.equal(element, other))
        };
        match op {
            "exists" => value.is_null() != operand.as_bool().unwrap(),
            "eq" => self.equal(value, operand),
            "neq" => !self.equal(value, operand),
            "in" => some_element_equals(operand, value),
            "not_in" => !some_element_equals(operand, value),
            "lt" | "lte" | "gt" | "gte" => {
                let number = match value {
                    Value::Number(number) => number.as_f64().unwrap(),
                    Value::String(text) if self.has(Bug::OrderingCoerces) => match text.parse() {
                        Ok(number) => number,
                        Err(_) => return false,
                    },
                    _ => return false,
                };
                let bound = operand.as_f64().unwrap();
                match op {
                    "lt" => number < bound,
                    "lte" => number <= bound,
                    "gt" => number > bound,
                    _ => number >= bound,
                }
            }
            "regex" => {
                let Value::String(text) = value else {
                    return false;
                };
                let pattern = operand.as_str().unwrap();
                if self.has(Bug::PatternAnchored) {
                    return pattern::matches(&format!("^(?:{pattern})$"), text);
                }
                if self.has(Bug::DollarBeforeLastNewline) && text.ends_with('\n') {
                    return pattern::matches(pattern, text)
                        || pattern::matches(pattern, text.trim_end_matches('\n'));
                }
                pattern::matches(pattern, text)
            }
            "contains" => match (value, operand) {
                (Value::String(text), Value::String(part)) => text.contains(part.as_str()),
                (Value::Array(_), operand) => some_element_equals(value, operand),
                _ => false,
            },
            other => panic!("no such operator: {other}"),
        }
    }

    /// Equality at the top level of a comparison, where a string may spell a
    /// boolean or a number.
    fn equal(&self, a: &Value, b: &Value) -> bool {
        match (a, b) {
            (Value::String(text), Value::Bool(boolean))
            | (Value::Bool(boolean), Value::String(text)) => {
                (text == "true" && *boolean) || (text == "false" && !boolean)
            }
            (Value::String(text), Value::Number(number))
            | (Value::Number(number), Value::String(text)) => {
                let reads_alike = text.parse() == Ok(number.as_f64().unwrap());
                let canonical = self.has(Bug::StringEqualsAnySpelling) || spelt_canonically(text);
                canonical && reads_alike
            }
            (Value::Array(a), Value::Array(b)) if self.has(Bug::CoercionInsideArrays) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| self.equal(a, b))
            }
            _ => same(a, b),
        }
    }
}

fn type_index(value: Option<&Value>) -> usize {
    match value {
        Some(Value::Null) => 0,
        Some(Value::Bool(_)) => 1,
        Some(Value::Number(_)) => 2,
        Some(Value::String(_)) => 3,
        Some(Value::Array(_)) => 4,
        Some(Value::Object(_)) => 5,
        None => 6,
    }
}

/// Equality by value and structure, member order ignored, numbers as doubles.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(key, value)| b.get(key).is_some_and(|other| same(value, other)))
        }
        (Value::Null, Value::Null) => true,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::String(a), Value::String(b)) => a == b,
        _ => false,
    }
}

/// The form `-?(0|[1-9][0-9]*)(\.[0-9]*[1-9])?`, and not `-0`.
fn spelt_canonically(text: &str) -> bool {
    text != "-0" && pattern::matches(r"^-?(0|[1-9][0-9]*)(\.[0-9]*[1-9])?$", text)
}
