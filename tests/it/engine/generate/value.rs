//! Random values, from small pools so that values and operands often meet.

use serde_json::{Value, json};

use super::haystack;
use crate::random::Random;

/// A value of any type. What is in a policy must be exact.
pub fn any(random: &mut Random, in_policy: bool) -> Value {
    let kind = *random.pick(&[0, 1, 2, 2, 3, 3, 4, 5]);
    of_type(random, kind, in_policy)
}

/// A value of the type with this index in [`crate::naive::TYPES`].
pub fn of_type(random: &mut Random, kind: usize, in_policy: bool) -> Value {
    match kind {
        0 => Value::Null,
        1 => json!(random.chance(50)),
        2 => number(random, in_policy),
        3 => text(random),
        4 => match random.below(9) {
            0 => json!([]),
            1 => json!([5]),
            2 => json!(["5"]),
            3 => json!([[5]]),
            4 => json!([["5"], null]),
            5 => json!([true, "a"]),
            6 => json!(["true"]),
            7 => json!([{"k": 1}, 0.5]),
            _ => json!([{"k": 1.0}, "ab"]),
        },
        _ => match random.below(7) {
            0 => json!({}),
            1 => json!({"k": 1}),
            2 => json!({"k": 1.0}),
            3 => json!({"k": "1"}),
            4 => json!({"k": 1, "l": [2]}),
            5 => json!({"l": [2.0], "k": 1e0}),
            _ => json!({"x": null, "y": {"z": 5}, "b": "5"}),
        },
    }
}

pub fn number(random: &mut Random, in_policy: bool) -> Value {
    let inexact = if in_policy { 0 } else { 3 };
    match random.below(14 + inexact) {
        0 => json!(0),
        1 => json!(-0.0),
        2 => json!(1),
        3 => json!(1.0),
        4 => json!(5),
        5 => json!(5.0),
        6 => json!(-1),
        7 => json!(0.1),
        8 => json!(0.5),
        9 => json!(2.5),
        10 => json!(1e300),
        11 => json!(9_007_199_254_740_992_u64),
        12 => json!(1_152_921_504_606_846_976_u64),
        13 => json!(-7.25),
        14 => json!(9_007_199_254_740_993_u64),
        15 => json!(u64::MAX),
        _ => json!(i64::MIN),
    }
}

fn text(random: &mut Random) -> Value {
    const SPELT: [&str; 22] = [
        "",
        "5",
        "5.0",
        "05",
        "5e0",
        " 5",
        "+5",
        "5.",
        ".5",
        "0.5",
        "0",
        "-0",
        "-1",
        "0.1",
        "2.5",
        "true",
        "false",
        "True",
        "null",
        "9007199254740993",
        "-7.25",
        "1152921504606846976",
    ];
    if random.chance(50) {
        json!(random.text(&SPELT))
    } else {
        json!(haystack(random))
    }
}

/// A value near the operand half of the time, else of any type or missing.
pub fn value_for(random: &mut Random, condition: &Value) -> Option<Value> {
    let operand = &condition["value"];
    if random.chance(45) {
        return match random.below(7) {
            6 => None,
            kind => Some(of_type(random, kind, false)),
        };
    }
    Some(match condition["op"].as_str().unwrap() {
        "exists" => of_type(random, 3, false),
        "in" | "not_in" if operand.as_array().is_some_and(|list| !list.is_empty()) => {
            let element = random.pick(operand.as_array().unwrap()).clone();
            respelt(random, element)
        }
        "lt" | "lte" | "gt" | "gte" => {
            let bound = operand.as_f64().unwrap();
            json!(*random.pick(&[bound, bound + 1.0, bound - 1.0, bound * 2.0]))
        }
        "regex" => json!(haystack(random)),
        "contains" => match operand {
            Value::String(part) if random.chance(60) => {
                json!(format!("{}{part}{}", haystack(random), haystack(random)))
            }
            operand => {
                let element = respelt(random, operand.clone());
                json!([any(random, false), element])
            }
        },
        _ => respelt(random, operand.clone()),
    })
}

/// The value itself, or one that a coercion takes for it, or nearly.
fn respelt(random: &mut Random, value: Value) -> Value {
    match &value {
        _ if random.chance(50) => value,
        Value::Number(_) | Value::Bool(_) => json!(value.to_string()),
        Value::String(text) => serde_json::from_str(text).unwrap_or(value),
        Value::Array(items) => items
            .iter()
            .map(|item| respelt(random, item.clone()))
            .collect(),
        _ => value,
    }
}

pub fn amount(random: &mut Random) -> Option<Value> {
    Some(match random.below(20) {
        0..=4 => json!(1),
        5 | 6 => json!(2),
        7 => json!(0),
        8 | 9 => json!(0.5),
        10 => json!(0.99),
        11 => json!(1.01),
        12 => json!(-0.0),
        13 => json!(9_007_199_254_740_991_u64),
        14 => return None,
        15 => json!(-0.5),
        16 => json!("1"),
        17 => number(random, false),
        _ => any(random, false),
    })
}
