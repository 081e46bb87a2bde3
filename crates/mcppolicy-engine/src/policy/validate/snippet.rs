//! Pieces of policy to show in a help or to write into a file, in the
//! spacing of the published policies.

use crate::document::{Node, NodeKind};

/// A string in JSON, whole.
pub(super) fn string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A value in JSON on one line, its members in the order of the file.
pub(super) fn value(node: &Node) -> String {
    let join = |parts: Vec<String>| parts.join(", ");
    match &node.kind {
        NodeKind::Array(items) => format!("[{}]", join(items.iter().map(value).collect())),
        NodeKind::Object(members) => {
            let members = members.iter().map(|member| {
                let key = string(&member.key);
                format!("{key}: {}", value(&member.value))
            });
            format!("{{{}}}", join(members.collect()))
        }
        _ => node.to_value().to_string(),
    }
}

/// A whole limit.
pub(super) fn limit(counter: &str, window: &str, max: u64) -> String {
    let counter = string(counter);
    format!(r#"{{"counter": {counter}, "window": "{window}", "max": {max}, "scope": "grant"}}"#)
}

/// `"a", "b" and "c"`.
pub(super) fn list<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let mut words: Vec<String> = words.into_iter().map(string).collect();
    match (words.pop(), words.is_empty()) {
        (None, _) => String::new(),
        (Some(only), true) => only,
        (Some(last), false) => format!("{} and {last}", words.join(", ")),
    }
}
