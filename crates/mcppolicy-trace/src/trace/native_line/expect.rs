//! The member `expect` in its three forms: a word, an object, or runs.

use super::context::MOST_REPETITIONS;
use super::fields::{Fields, article, list_quoted, nearest, range, whole_number};
use crate::trace::expectation::{DecisionName, Expectation, Expected, KINDS, REASONS};
use mcppolicy_engine::document::borrowed::{Node, NodeKind};
use mcppolicy_engine::document::parse::quoted;
use mcppolicy_engine::document::push_pointer;

const MEMBERS: [&str; 6] = [
    "decision",
    "rule",
    "kind",
    "reason",
    "message",
    "message_contains",
];

/// Reads `expect` of a line that repeats its call `repeat` times, if it does.
pub(super) fn read(fields: &mut Fields<'_>, repeat: Option<u64>) -> Option<Expectation> {
    let node = fields.root.get("expect")?;
    let NodeKind::Array(items) = node.kind() else {
        return expected(fields, node, "/expect".to_owned()).map(Expectation::Each);
    };
    if fields.root.get("repeat").is_none() {
        let message = "`expect` can only be a list of runs beside `repeat`".to_owned();
        fields.at_value("expect", message, None);
        return None;
    }
    let mut runs = Vec::with_capacity(items.len() / 2);
    let mut total = 0_u64;
    let before = fields.complaints.len();
    let items: Vec<Node<'_>> = items.collect();
    for (at, pair) in items.chunks(2).enumerate() {
        let [value, count] = *pair else {
            let message = "Each value in `expect` is followed by how many times it holds";
            fields.at_value(
                "expect",
                message.to_owned(),
                Some("such as [\"allow\", 10, \"deny\", 2]".to_owned()),
            );
            return None;
        };
        let value = expected(fields, value, format!("/expect/{}", 2 * at));
        let times = whole_number(count, 1, MOST_REPETITIONS);
        if times.is_none() {
            let expected = range(1, MOST_REPETITIONS);
            let message = match count.kind() {
                NodeKind::Number(_) => format!("The length of a run must be {expected}"),
                _ => format!(
                    "The length of a run must be {expected}, not {}",
                    article(count)
                ),
            };
            fields.at_node(count, &format!("/expect/{}", 2 * at + 1), message, None);
        }
        if let (Some(value), Some(times)) = (value, times) {
            total = total.saturating_add(times);
            runs.push((value, times));
        }
    }
    if fields.complaints.len() > before {
        return None;
    }
    let repeat = repeat?;
    if total != repeat {
        let message = format!("The runs add up to {total}, but `repeat` is {repeat}");
        fields.at_value("expect", message, None);
        return None;
    }
    Some(Expectation::Runs(runs))
}

fn expected<'a>(fields: &mut Fields<'a>, node: Node<'a>, pointer: String) -> Option<Expected> {
    match node.kind() {
        NodeKind::String(text) => {
            let decision = decision(fields, node, text, &pointer)?;
            Some(Expected::decision(decision))
        }
        NodeKind::Object(_) => fields.within(node, pointer, object),
        _ => {
            let words = list_quoted(&DecisionName::ALL.map(DecisionName::name));
            let message = format!(
                "`expect` must be {words}, or an object, not {}",
                article(node)
            );
            fields.at_node(node, &pointer, message, None);
            None
        }
    }
}

fn decision(
    fields: &mut Fields<'_>,
    node: Node<'_>,
    text: &str,
    pointer: &str,
) -> Option<DecisionName> {
    let words = DecisionName::ALL.map(DecisionName::name);
    let found = DecisionName::ALL
        .into_iter()
        .find(|known| known.name() == text);
    if found.is_none() {
        let message = format!("{} is none of {}", quoted(text), list_quoted(&words));
        let help = match text {
            "allowed" | "pass" => Some("allow"),
            "denied" | "block" | "blocked" => Some("deny"),
            _ => nearest(text, &words),
        };
        let help = help.map(|near| format!("did you mean {near:?}?"));
        fields.at_node(node, pointer, message, help);
    }
    found
}

fn object(fields: &mut Fields<'_>) -> Option<Expected> {
    let node = fields.root;
    fields.only("An expectation", &MEMBERS, &[("label", "rule")]);
    if node.get("decision").is_none() {
        let pointer = fields.pointer.clone();
        fields.at_node(node, &pointer, "`expect` lacks `decision`".to_owned(), None);
    }
    let found = match fields.string("decision").zip(node.get("decision")) {
        Some((text, at)) => {
            let pointer = push_pointer(&fields.pointer, "decision");
            decision(fields, at, text, &pointer)
        }
        None => None,
    };
    let rule = fields.parsed("rule", |text| {
        if text.starts_with('/') {
            Ok(text.to_owned())
        } else {
            Err(format!(
                "{} is not a JSON Pointer; write it as \"/tools/create_charge/deny_if/0\"",
                quoted(text)
            ))
        }
    });
    let kind = fields.word("kind", &KINDS).map(str::to_owned);
    let reason = fields.word("reason", &REASONS).map(str::to_owned);
    Some(Expected {
        rule,
        kind,
        reason,
        message: fields.string("message").map(str::to_owned),
        message_contains: fields.string("message_contains").map(str::to_owned),
        decision: found?,
    })
}
