//! Changes of a policy that are likely to break it.

use serde_json::{Map, Value, json};

use crate::naive::OPERATORS;
use crate::random::Random;

/// Keys of the format, keys near them, keys of other formats, and odd ones.
const KEYS: [&str; 36] = [
    "version",
    "default",
    "hide",
    "all_tools",
    "tools",
    "require",
    "deny_if",
    "limits",
    "conditions",
    "on_deny",
    "path",
    "op",
    "value",
    "counter",
    "window",
    "max",
    "scope",
    "increment_from",
    "versoin",
    "denyIf",
    "limit",
    "rate_limit",
    "action",
    "reason",
    "rules",
    "name",
    "$schema",
    "description",
    "windw",
    "",
    " ",
    "\u{feff}",
    "a/b",
    "~1",
    "\u{200b}",
    "0",
];

/// Words of the format, words near them, paths, and texts that some call blank.
const TEXTS: [&str; 52] = [
    "1",
    "2",
    "",
    " ",
    "\t\n",
    "\u{85}",
    "\u{feff}",
    "\u{a0}\u{3000}",
    "\u{2028}\u{2029}",
    "\u{1680}\u{202f}\u{205f}",
    "\u{b}\u{c}",
    "\u{1c}",
    "\u{180e}",
    "\u{200b}",
    "\0",
    "\u{fffd}",
    " \u{85}\u{feff} ",
    "\u{feff}x",
    "allow",
    "deny",
    "Allow",
    "deny ",
    "minute",
    "hour",
    "day",
    "days",
    "grant",
    "session",
    "exists",
    "eq",
    "gt",
    "not_in",
    "regex",
    "EQ",
    "==",
    "*",
    "read",
    "args",
    "args.",
    "args.a",
    "args.a.b",
    "args..a",
    "args.a.",
    ".args.a",
    "Args.a",
    "args.\n",
    "args.\u{e9}. ",
    "xargs.a",
    "args.a\n",
    "args. .",
    "10/minute",
    "(",
];

/// Changes something somewhere.
pub fn mutate(document: &mut Value, random: &mut Random) {
    let mut at = random.below(count(document));
    at_node(document, &mut at, &mut |node| change(node, random));
}

/// How many values there are in this one, itself included.
fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(count).sum(),
        Value::Object(members) => members.values().map(count).sum(),
        _ => 0,
    }
}

/// Calls `change` for the value number `at`, from the outside in.
fn at_node(value: &mut Value, at: &mut usize, change: &mut dyn FnMut(&mut Value)) -> bool {
    if *at == 0 {
        change(value);
        return true;
    }
    *at -= 1;
    match value {
        Value::Array(items) => items.iter_mut().any(|item| at_node(item, at, change)),
        Value::Object(members) => members.values_mut().any(|inner| at_node(inner, at, change)),
        _ => false,
    }
}

fn change(node: &mut Value, random: &mut Random) {
    match node {
        Value::Object(members) if !random.chance(15) => change_members(members, random),
        Value::Array(items) if !random.chance(20) => change_items(items, random),
        Value::Number(_) if random.chance(60) => *node = number(random),
        Value::String(_) if random.chance(25) => *node = json!(random.text(&OPERATORS)),
        Value::String(_) if random.chance(70) => *node = json!(random.text(&TEXTS)),
        _ => *node = another(node, random),
    }
}

fn change_members(members: &mut Map<String, Value>, random: &mut Random) {
    let keys: Vec<String> = members.keys().cloned().collect();
    let any = (!keys.is_empty()).then(|| random.pick(&keys).clone());
    match (random.below(6), any) {
        (0, Some(key)) => {
            members.remove(&key);
        }
        (1, Some(key)) => {
            let value = members.remove(&key).unwrap();
            members.insert(random.text(&KEYS).to_owned(), value);
        }
        (2, Some(key)) => {
            let value = members[&key].clone();
            members.insert(random.text(&KEYS).to_owned(), value);
        }
        (3, Some(one)) => {
            let other = random.pick(&keys).clone();
            let value = members[&one].clone();
            let value = members.insert(other, value).unwrap();
            members.insert(one, value);
        }
        (4, Some(key)) => {
            let value = another(&members[&key], random);
            members.insert(key, value);
        }
        _ => {
            let value = any_value(random, 2);
            members.insert(random.text(&KEYS).to_owned(), value);
        }
    }
}

fn change_items(items: &mut Vec<Value>, random: &mut Random) {
    let at = random.below(items.len() + 1);
    let one = items.get(at).cloned();
    match (random.below(4), one) {
        (0, Some(one)) => items.insert(random.below(items.len() + 1), one),
        (1, Some(_)) => {
            items.remove(at);
        }
        (2, Some(one)) => items[at] = another(&one, random),
        _ => items.insert(at, any_value(random, 2)),
    }
}

/// A value of another type, if possible with the same content.
fn another(value: &Value, random: &mut Random) -> Value {
    match random.below(5) {
        0 => json!([value]),
        1 => json!({ random.text(&KEYS): value }),
        2 => match value {
            // Not a number of more digits than a double holds.
            Value::String(text) if text.len() < 10 => {
                serde_json::from_str(text).unwrap_or(Value::Null)
            }
            other => json!(other.to_string()),
        },
        _ => any_value(random, 2),
    }
}

fn any_value(random: &mut Random, depth: usize) -> Value {
    match random.below(if depth > 0 { 9 } else { 6 }) {
        0 => Value::Null,
        1 => json!(random.chance(50)),
        2 => number(random),
        3 => json!(random.text(&OPERATORS)),
        4 | 5 => json!(random.text(&TEXTS)),
        6 => (0..random.below(4))
            .map(|_| any_value(random, depth - 1))
            .collect(),
        7 => {
            let member = |random: &mut Random| {
                let key = random.text(&KEYS).to_owned();
                (key, any_value(random, depth - 1))
            };
            Value::Object((0..random.below(4)).map(|_| member(random)).collect())
        }
        _ => (0..random.below(40)).fold(json!([]), |inner, _| json!([inner])),
    }
}

/// A number at an edge of what `max` may be; always one that a double holds.
fn number(random: &mut Random) -> Value {
    match random.below(13) {
        0 => json!(0),
        1 => json!(-1),
        2 => json!(-0.0),
        3 => json!(0.5),
        4 => json!(1.0),
        5 => json!(1.5),
        6 => json!((1_u64 << 53) - 1),
        7 => json!(1_u64 << 53),
        8 => json!(1_u64 << 60),
        9 => json!(1e300),
        10 => json!(5e-324),
        11 => json!(-9_007_199_254_740_991_i64),
        _ => json!(random.between(-2, 12)),
    }
}
