//! JSON values as the policy language reads them (§2): every number is an
//! IEEE double, and the order of an object's members means nothing.
//!
//! This room holds the plain data only. What it means for two values to be
//! equal in a condition (with its coercion) is the engine's business.

use std::collections::BTreeMap;
use std::fmt;

/// A JSON value whose numbers are doubles and whose members are unordered.
///
/// `PartialEq` is structural equality without any coercion: exactly what the
/// language uses inside arrays and objects.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `null`, which is a value and not the same as a missing one.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number; never NaN nor infinite.
    Number(f64),
    /// A string.
    String(String),
    /// An array.
    Array(Vec<Value>),
    /// An object; of repeated members the last one counts.
    Object(BTreeMap<String, Value>),
}

impl Value {
    /// An empty object: what absent or null `arguments` stand for (§3, step 0).
    pub const fn empty_object() -> Value {
        Value::Object(BTreeMap::new())
    }

    /// The member `name`, when this is an object that has it.
    pub fn get(&self, name: &str) -> Option<&Value> {
        match self {
            Value::Object(members) => members.get(name),
            _ => None,
        }
    }

    /// The value's type in JSON's own words: `null`, `boolean`, `number`,
    /// `string`, `array` or `object`.
    pub fn type_name(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        }
    }

    /// The same value for `serde_json`; whole numbers up to 2^53 are written
    /// without a fraction.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Value::Null => serde_json::Value::Null,
            Value::Bool(b) => (*b).into(),
            Value::Number(n) => number_to_json(*n),
            Value::String(s) => s.as_str().into(),
            Value::Array(items) => items.iter().map(Value::to_json).collect(),
            Value::Object(members) => members
                .iter()
                .map(|(name, value)| (name.clone(), value.to_json()))
                .collect(),
        }
    }
}

/// The number that a text spells canonically: `-?(0|[1-9][0-9]*)(\.[0-9]*[1-9])?`,
/// but not `-0`.
pub fn canonical_decimal(text: &str) -> Option<f64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = match digits.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (digits, None),
    };
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let whole_fits =
        whole == "0" || (!whole.is_empty() && !whole.starts_with('0') && all_digits(whole));
    let fraction_fits =
        fraction.is_none_or(|f| all_digits(f) && !f.is_empty() && !f.ends_with('0'));
    if whole_fits && fraction_fits && text != "-0" {
        text.parse().ok()
    } else {
        None
    }
}

const MAX_SAFE_INTEGER: f64 = 9_007_199_254_740_992.0;

fn number_to_json(n: f64) -> serde_json::Value {
    if n.fract() == 0.0 && n.abs() <= MAX_SAFE_INTEGER && !(n == 0.0 && n.is_sign_negative()) {
        // In range by the test above, so the cast is exact.
        serde_json::Value::from(n as i64)
    } else {
        serde_json::Number::from_f64(n).map_or(serde_json::Value::Null, serde_json::Value::Number)
    }
}

/// Numbers beyond 2^53 become their nearest double, as in every gateway known
/// (§2).
impl From<&serde_json::Value> for Value {
    fn from(json: &serde_json::Value) -> Value {
        match json {
            serde_json::Value::Null => Value::Null,
            serde_json::Value::Bool(b) => Value::Bool(*b),
            serde_json::Value::Number(n) => Value::Number(n.as_f64().unwrap_or(f64::MAX)),
            serde_json::Value::String(s) => Value::String(s.clone()),
            serde_json::Value::Array(items) => {
                Value::Array(items.iter().map(Value::from).collect())
            }
            serde_json::Value::Object(members) => Value::Object(
                members
                    .iter()
                    .map(|(name, value)| (name.clone(), Value::from(value)))
                    .collect(),
            ),
        }
    }
}

impl From<serde_json::Value> for Value {
    fn from(json: serde_json::Value) -> Value {
        Value::from(&json)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::String(text.to_owned())
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Value {
        Value::Number(number)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Value {
        Value::Bool(truth)
    }
}

/// Compact JSON.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.to_json())
    }
}

/// Reads any JSON value, in any format that serde reads. A number beyond
/// doubles is an error; of repeated members the last one counts.
#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Value {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
        struct Visitor;

        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Value;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON value")
            }

            fn visit_unit<E>(self) -> Result<Value, E> {
                Ok(Value::Null)
            }

            fn visit_bool<E>(self, truth: bool) -> Result<Value, E> {
                Ok(Value::Bool(truth))
            }

            // Every integer is read as its nearest double, as gateways do.
            fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
                Ok(Value::Number(number as f64))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
                Ok(Value::Number(number as f64))
            }

            fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Value, E> {
                if number.is_finite() {
                    Ok(Value::Number(number))
                } else {
                    Err(E::custom("a number that no JSON text can spell"))
                }
            }

            fn visit_str<E>(self, text: &str) -> Result<Value, E> {
                Ok(Value::String(text.to_owned()))
            }

            fn visit_string<E>(self, text: String) -> Result<Value, E> {
                Ok(Value::String(text))
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(
                self,
                mut items: A,
            ) -> Result<Value, A::Error> {
                let mut array = Vec::new();
                while let Some(item) = items.next_element()? {
                    array.push(item);
                }
                Ok(Value::Array(array))
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                mut members: A,
            ) -> Result<Value, A::Error> {
                let mut object = BTreeMap::new();
                while let Some((name, value)) = members.next_entry()? {
                    object.insert(name, value);
                }
                Ok(Value::Object(object))
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn members_compare_without_order_and_numbers_by_value() {
        let a = Value::from(json!({"a": 1, "b": [1.0, null]}));
        let b = Value::from(json!({"b": [1, null], "a": 1.0}));
        assert_eq!(a, b);
    }

    #[test]
    fn whole_numbers_are_written_without_a_fraction() {
        assert_eq!(Value::Number(10.0).to_string(), "10");
        assert_eq!(Value::Number(0.5).to_string(), "0.5");
        assert_eq!(Value::Number(-0.0).to_string(), "-0.0");
        assert_eq!(Value::Number(1e300).to_string(), "1e+300");
    }

    #[test]
    fn integers_beyond_doubles_become_their_nearest_double() {
        let value = Value::from(json!(9_007_199_254_740_993_u64));
        assert_eq!(value, Value::Number(9_007_199_254_740_992.0));
    }

    #[cfg(feature = "serde")]
    #[test]
    fn a_value_is_read_as_it_is_converted() {
        let text = r#"{"a":[1,-2,0.5,1e300,18446744073709551615],"b":null,"c":{"d":"e\n","f":true},"a2":[]}"#;
        let read: Value = serde_json::from_str(text).unwrap();
        let json: serde_json::Value = serde_json::from_str(text).unwrap();
        assert_eq!(read, Value::from(json));
        let repeated: Value = serde_json::from_str(r#"{"a":1,"a":2}"#).unwrap();
        assert_eq!(repeated, Value::from(json!({"a": 2})));
        assert!(serde_json::from_str::<Value>("1e999").is_err());
    }
}
