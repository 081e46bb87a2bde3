//! What a guard writes beside the calls themselves: what each limit had counted
//! before a call, how a call was answered, and what was refused undecided.

use super::fields::{Fields, Nullable};
use crate::trace::item::Item;
use crate::trace::response::Response;
use mcppolicy_engine::document::borrowed::{Node, NodeKind};
use mcppolicy_engine::engine::LimitKey;
use mcppolicy_engine::policy::{Path, Window};
use mcppolicy_engine::time::Time;
use mcppolicy_engine::value::Value;

/// The members of a limit in `used`.
const LIMIT_MEMBERS: [&str; 5] = ["place", "counter", "window", "increment_from", "used"];

/// The members of a line that says how a call was answered.
const ANSWER_MEMBERS: [&str; 3] = ["answers", "outcome", "ts"];

/// The members of a line about a message that was refused undecided.
const REFUSED_MEMBERS: [&str; 4] = ["refused", "ts", "grant", "note"];

/// Why such a line holds no call.
const REFUSED: &str = "refused by the guard before it was decided";

/// How an earlier call was answered.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::trace) struct Answer {
    /// The call's `id`.
    pub id: String,
    /// The response; `None` when there was none.
    pub response: Option<Response>,
    /// When it came.
    pub time: Option<Time>,
}

/// What the limits had counted before a call of `tool`: the member `used`.
pub(super) fn used(fields: &mut Fields<'_>, tool: Option<&str>) -> Vec<(LimitKey, u64)> {
    let Some(node) = fields.root.get("used") else {
        return Vec::new();
    };
    fields.not_both(
        "used",
        "repeat",
        "`used` belongs to one call, not to a repeated one",
    );
    let NodeKind::Array(items) = node.kind() else {
        fields.wrong_type("used", "an array of limits");
        return Vec::new();
    };
    let mut used: Vec<(LimitKey, u64)> = Vec::new();
    for (at, item) in items.enumerate() {
        let pointer = format!("/used/{at}");
        let read = fields.within(item, pointer.clone(), |fields| limit(fields, tool));
        match read {
            Some((key, _)) if used.iter().any(|(other, _)| *other == key) => {
                let message = "This limit is already in `used`".to_owned();
                fields.at_node(item, &pointer, message, None);
            }
            read => used.extend(read),
        }
    }
    used
}

fn limit(fields: &mut Fields<'_>, tool: Option<&str>) -> Option<(LimitKey, u64)> {
    if !fields.root.is_object() {
        let (root, pointer) = (fields.root, fields.pointer.clone());
        let message = "A limit in `used` must be an object".to_owned();
        fields.at_node(root, &pointer, message, None);
        return None;
    }
    fields.only("A limit in `used`", &LIMIT_MEMBERS, &[]);
    for key in ["place", "counter", "window", "used"] {
        if fields.root.get(key).is_none() {
            let (root, pointer) = (fields.root, fields.pointer.clone());
            let message = format!("A limit in `used` lacks `{key}`");
            fields.at_node(root, &pointer, message, None);
        }
    }
    let place = fields.word("place", &["tool", "all_tools"])?;
    let counter = fields.string("counter")?.to_owned();
    let window = fields.word("window", &Window::ALL.map(Window::name))?;
    let window = Window::ALL
        .into_iter()
        .find(|known| known.name() == window)?;
    let path = fields.parsed("increment_from", Path::parse);
    let count = fields.whole_number("used", 0, u64::MAX)?;
    if path.is_none() && fields.root.get("increment_from").is_some() {
        return None;
    }
    let tool = (place == "tool").then(|| tool.unwrap_or_default().to_owned());
    Some((LimitKey::new(tool, counter, window, path), count))
}

/// A line that says how an earlier call was answered.
pub(super) fn answer(fields: &mut Fields<'_>) -> Option<Answer> {
    fields.only("An answer", &ANSWER_MEMBERS, &[]);
    let id = fields.string("answers");
    let time = instant(fields);
    if fields.root.get("outcome").is_none() {
        fields.at_member("answers", "An answer needs `outcome`".to_owned(), None);
    }
    let response = match fields.word("outcome", &["error", "result", "unknown"])? {
        "error" => Some(Response::Error(Box::new(Value::empty_object()))),
        "result" => Some(Response::Result),
        _ => None,
    };
    Some(Answer {
        id: id?.to_owned(),
        response,
        time,
    })
}

/// A line about a message that was refused undecided.
pub(super) fn refused(fields: &mut Fields<'_>, line: usize) -> Item {
    fields.only("A refused message", &REFUSED_MEMBERS, &[]);
    for key in ["refused", "note"] {
        let _ = fields.string(key);
    }
    let _ = fields.string_or_null("grant");
    let _ = instant(fields);
    Item::Skipped {
        line,
        reason: REFUSED,
    }
}

fn instant(fields: &mut Fields<'_>) -> Option<Time> {
    match fields.string_or_null("ts") {
        Nullable::String(_) => fields.parsed("ts", Time::parse),
        Nullable::Absent | Nullable::Null => None,
    }
}

/// The digest of a policy in a header: the SHA-256 of its bytes, as 64
/// lower-case hexadecimal digits.
pub(super) fn digest(fields: &mut Fields<'_>) -> Option<String> {
    let text = fields.string("policy_sha256")?;
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if text.len() == 64 && text.bytes().all(is_digit) {
        return Some(text.to_owned());
    }
    let message = "`policy_sha256` must be 64 hexadecimal digits in lower case".to_owned();
    fields.at_value("policy_sha256", message, None);
    None
}

/// Whether a line is one of these, and no call.
pub(super) fn is_answer(root: Node<'_>) -> bool {
    root.get("answers").is_some()
}

/// Whether a line is about a message that was refused undecided.
pub(super) fn is_refused(root: Node<'_>) -> bool {
    root.get("refused").is_some()
}
