//! How names, arguments and values are spelled in a sentence.

use mcppolicy_engine::characters::escape_json;
use mcppolicy_engine::policy::Path;
use mcppolicy_engine::value::{Value, canonical_decimal};

/// A name or a pattern between backquotes; as a JSON string where it has backquotes
/// itself, so that it always ends where it seems to end.
pub fn name(text: &str) -> String {
    if text.contains('`') || text.is_empty() {
        value(&Value::from(text))
    } else {
        format!("`{text}`")
    }
}

/// An argument by its path, without the `args.` that every path begins with.
pub fn argument(path: &Path) -> String {
    argument_at(&path.segments().join("."))
}

/// An argument by the text of its path, with or without `args.`.
pub(super) fn argument_at(path: &str) -> String {
    name(path.strip_prefix("args.").unwrap_or(path))
}

/// A whole number with its thousands apart, from five digits on.
pub fn number(number: u64) -> String {
    let digits = number.to_string();
    if digits.len() < 5 {
        return digits;
    }
    let mut out = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(' ');
        }
        out.push(digit);
    }
    out
}

/// A value as compact JSON in which nothing is unseen.
pub fn value(value: &Value) -> String {
    escape_json(&value.to_string()).into_owned()
}

/// `1`, `1 or 2`, `1, 2 or 3`.
pub(super) fn alternatives(values: &[Value]) -> String {
    joined(values.iter().map(value), "or")
}

/// Parts of a sentence: commas between them, and `last` before the last one.
pub(super) fn joined(parts: impl Iterator<Item = String>, last: &str) -> String {
    let mut parts: Vec<String> = parts.collect();
    match (parts.pop(), parts.as_slice()) {
        (None, _) => String::new(),
        (Some(only), []) => only,
        (Some(end), others) => format!("{} {last} {end}", others.join(", ")),
    }
}

/// As what else a value of a call equals one of `values`: the language lets a text
/// that spells a number or a boolean equal it. Empty where nothing else does.
pub(super) fn coerced(values: &[Value], word: &str) -> String {
    let has = |is: fn(&Value) -> bool| values.iter().any(is);
    let kinds = [
        (has(is_spelled), "text"),
        (has(spells_number), "a number"),
        (has(spells_boolean), "a boolean"),
    ];
    let kinds = kinds.into_iter().filter(|(is_there, _)| *is_there);
    let kinds: Vec<String> = kinds.map(|(_, kind)| format!("{word} as {kind}")).collect();
    if kinds.is_empty() {
        String::new()
    } else {
        format!(" ({})", kinds.join(", "))
    }
}

fn is_spelled(value: &Value) -> bool {
    matches!(value, Value::Number(_) | Value::Bool(_))
}

fn spells_number(value: &Value) -> bool {
    matches!(value, Value::String(text) if canonical_decimal(text).is_some())
}

fn spells_boolean(value: &Value) -> bool {
    matches!(value, Value::String(text) if text == "true" || text == "false")
}
