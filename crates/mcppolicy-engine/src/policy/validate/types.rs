//! What a person reads about a value of the wrong type, and what to write.

use super::context::NodeContext;
use super::edit::{bracket, rewrite, unproved};
use super::part::{Part, WINDOWS};
use super::rate::{self, Rate};
use super::snippet;
use super::text::is_blank;
use super::violation::JsonType;
use super::vocabulary::{SCOPE_HELP, named_counter, operators, the_words};
use crate::document::parse::quoted;
use crate::document::{Node, NodeKind};
use crate::policy::model::Limit;
use crate::problem::{Edit, Problem};

pub(super) fn wrong_type(expected: JsonType, context: &NodeContext<'_>) -> Problem {
    let expected_words = match expected {
        JsonType::String => "a string",
        JsonType::Number => "a number",
        JsonType::Integer => "a whole number",
        JsonType::Boolean => "a boolean",
        JsonType::Array => "an array",
        JsonType::Object => "an object",
    };
    let found = match &context.node.kind {
        NodeKind::Null => "null".to_owned(),
        NodeKind::Bool(_) => "a boolean".to_owned(),
        NodeKind::Number(_) if expected == JsonType::Integer => context.node.to_value().to_string(),
        NodeKind::Number(_) => "a number".to_owned(),
        NodeKind::String(_) => "a string".to_owned(),
        NodeKind::Array(_) => "an array".to_owned(),
        NodeKind::Object(_) => "an object".to_owned(),
    };
    let (help, edits) = instead_of_type(expected, context);
    let finding = context
        .error(format!("Expected {expected_words}, found {found}"))
        .help(help);
    match edits {
        Some(edits) => finding.fix(unproved(edits)),
        None => finding,
    }
}

/// What to write where the type is wrong, and how to get there where one can.
fn instead_of_type(expected: JsonType, context: &NodeContext<'_>) -> (String, Option<Vec<Edit>>) {
    let node = context.node;
    let is_object = matches!(node.kind, NodeKind::Object(_));
    let only = |help: &str| (help.to_owned(), None);
    match context.part {
        Part::Policy => {
            only(r#"a policy is an object: {"version": "1", "default": "deny", "tools": {}}"#)
        }
        Part::Version => {
            let is_one = matches!(node.kind, NodeKind::Number(number) if number == 1.0);
            let edits = is_one.then(|| rewrite(node, r#""1""#));
            (r#"write "version": "1", with quotes"#.to_owned(), edits)
        }
        Part::Default => only(r#"write "default": "deny" or "default": "allow""#),
        Part::Hide => match node.as_str() {
            Some(name) if !is_blank(name) => (
                format!(r#"write a list: "hide": [{}]"#, quoted(name)),
                Some(bracket(node)),
            ),
            _ => only(r#"list the tools to hide by name: "hide": ["delete_repository"]"#),
        },
        Part::HiddenTool => only(r#"name the tool as the server lists it, or write "*" for all"#),
        Part::AllTools => (
            format!(
                r#"write "all_tools": {{"limits": [{}]}}"#,
                snippet::limit("calls", "hour", 500)
            ),
            None,
        ),
        Part::Tools => only(
            r#""tools" gives each tool its rules: "tools": {"run_workflow": {}}; {} allows a tool without conditions"#,
        ),
        Part::ToolRules => only(
            r#"{} allows the tool without conditions, {"deny_if": [{"conditions": []}]} blocks it"#,
        ),
        Part::Rules(_) | Part::Conditions | Part::Limits(_) if is_object => (
            "put the object in brackets: [{…}]".to_owned(),
            Some(bracket(node)),
        ),
        Part::Rules(_) => only(
            r#"write a list of rules: [{"conditions": [{"path": "args.amount", "op": "lte", "value": 100}]}]"#,
        ),
        Part::Rule(_) => only(
            r#"a rule is an object: {"conditions": [{"path": "args.amount", "op": "lte", "value": 100}]}"#,
        ),
        Part::Conditions => only(
            r#"write a list of conditions: [{"path": "args.amount", "op": "lte", "value": 100}]"#,
        ),
        Part::Condition => {
            only(r#"a condition is an object: {"path": "args.amount", "op": "lte", "value": 100}"#)
        }
        Part::Path => only(r#"a path begins with "args.": "args.amount""#),
        Part::Op => (operators(), None),
        Part::Operand => instead_of_operand(expected, context),
        Part::Limits(_) | Part::Limit(_) => instead_of_limit(context),
        Part::Counter => (
            format!("name the counter: {}", named_counter(&context.counter())),
            None,
        ),
        Part::Window => {
            let seconds = match node.kind {
                NodeKind::Number(seconds) => rate::window_of_seconds(seconds),
                _ => None,
            };
            let named = seconds.map(|window| {
                (
                    format!(r#"a window has a name: write "window": "{window}""#),
                    Some(rewrite(node, snippet::string(window))),
                )
            });
            named.unwrap_or_else(|| (the_words("windows", WINDOWS), None))
        }
        Part::Max => match whole_number_in(node) {
            Some(max) => (
                format!(r#"write it without quotes: "max": {max}"#),
                Some(rewrite(node, max.to_string())),
            ),
            None => only(r#"write the most that may pass in one window: "max": 10"#),
        },
        Part::Scope => only(SCOPE_HELP),
        Part::IncrementFrom => only(
            r#"name the argument that holds the amount: "increment_from": "args.amount", or leave it out to count calls"#,
        ),
        Part::OnDeny => {
            only(r#"write what the agent should read, in quotes, or leave "on_deny" out"#)
        }
        Part::Unknown => only("see the schema for what belongs here"),
    }
}

/// An item of `limits`, or the list itself, that is neither object nor list.
fn instead_of_limit(context: &NodeContext<'_>) -> (String, Option<Vec<Edit>>) {
    let rate = Rate::read(context.node);
    let text = rate
        .as_ref()
        .and_then(|rate| rate.limit(&context.counter()));
    match (text, context.part) {
        (Some(text), Part::Limit(_)) => {
            let edits = rewrite(context.node, text.clone());
            (format!("write {text}"), Some(edits))
        }
        (Some(text), _) => {
            let text = format!("[{text}]");
            let edits = rewrite(context.node, text.clone());
            (format!("write {text}"), Some(edits))
        }
        (None, part) => {
            let text = snippet::limit(&context.counter(), "minute", 10);
            match part {
                Part::Limit(_) => (format!("a limit is an object: {text}"), None),
                _ => (format!("write a list of limits: [{text}]"), None),
            }
        }
    }
}

fn instead_of_operand(
    expected: JsonType,
    context: &NodeContext<'_>,
) -> (String, Option<Vec<Edit>>) {
    let node = context.node;
    let op = context
        .parent_node()
        .and_then(|condition| condition.get("op"));
    let op = quoted(op.and_then(Node::as_str).unwrap_or_default());
    match (expected, node.as_str()) {
        (JsonType::Boolean, Some(text @ ("true" | "false"))) => (
            format!(r#"write it without quotes: "value": {text}"#),
            Some(rewrite(node, text)),
        ),
        (JsonType::Boolean, _) => (
            format!(
                r#"{op} asks whether the argument is there: "value": true, or "value": false where it must be missing"#
            ),
            None,
        ),
        (JsonType::Number, Some(text)) => match number_in(text) {
            Some(number) => (
                format!(r#"write it without quotes: "value": {number}"#),
                Some(rewrite(node, number)),
            ),
            None => (
                format!(r#"{op} compares numbers: "value": 100; a regex can look at text"#),
                None,
            ),
        },
        (JsonType::Number, None) => (format!(r#"{op} compares numbers: "value": 100"#), None),
        (JsonType::Array, Some(text)) => (
            format!(r#"{op} compares with a list: "value": [{}]"#, quoted(text)),
            Some(bracket(node)),
        ),
        (JsonType::Array, None) => match node.kind {
            NodeKind::Number(_) | NodeKind::Bool(_) => (
                format!(
                    r#"{op} compares with a list: "value": [{}]"#,
                    snippet::value(node)
                ),
                Some(bracket(node)),
            ),
            _ => (
                format!(r#"{op} compares with a list: "value": ["main", "develop"]"#),
                None,
            ),
        },
        _ => (
            format!(r#"{op} takes a pattern in quotes: "value": "^[a-z0-9-]+$""#),
            None,
        ),
    }
}

/// The number that was put in quotes.
fn number_in(text: &str) -> Option<&str> {
    let is_number = serde_json::from_str::<serde_json::Number>(text).is_ok();
    (is_number && text.len() <= 30).then_some(text)
}

/// A whole number above 0 that was put in quotes.
fn whole_number_in(node: &Node) -> Option<u64> {
    let number: u64 = node.as_str()?.trim().parse().ok()?;
    (1..=Limit::LARGEST_MAX).contains(&number).then_some(number)
}
