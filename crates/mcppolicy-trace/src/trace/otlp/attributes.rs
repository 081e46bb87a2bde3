//! What a span carries: attributes in OTLP's encoding or as a plain object, the
//! arguments of a call, and what came back.

use std::borrow::Cow;

use crate::trace::call::RecordedArguments;
use crate::trace::message::{error_response, result_of};
use crate::trace::response::Response;
use crate::trace::tolerant_json::{is_redaction, written_text};
use mcppolicy_engine::document::borrowed::{Node, NodeKind};
use mcppolicy_engine::document::parse::parse_borrowed;
use mcppolicy_engine::time::Time;
use mcppolicy_engine::value::Value;

/// The attributes that may hold the arguments, newest first.
const ARGUMENTS: [&str; 6] = [
    "gen_ai.tool.call.arguments",
    "gen_ai.tool.args",
    "gen_ai.tool.input",
    "mcp.tool.arguments",
    "tool.parameters",
    "input.value",
];

/// The attributes that may hold the result, newest first.
const RESULTS: [&str; 3] = ["gen_ai.tool.call.result", "mcp.tool.result", "output.value"];

/// A member in either of the spellings that protobuf's JSON allows.
pub(super) fn member<'n>(node: Node<'n>, camel: &str, snake: &str) -> Option<Node<'n>> {
    node.get(camel).or_else(|| node.get(snake))
}

/// A time in nanoseconds since the epoch, as a string of digits or a number;
/// zero is not set.
pub(super) fn nanos(node: Option<Node<'_>>) -> Option<Time> {
    let node = node?;
    let nanos = match node.as_str() {
        // Reading 128 bits is slow, and hardly ever needed.
        Some(text) => match text.parse::<i64>() {
            Ok(nanos) => i128::from(nanos),
            Err(_) => text.parse().ok()?,
        },
        None => node.as_number().map(|number| number as i128)?,
    };
    if nanos == 0 {
        return None;
    }
    Time::from_nanos(nanos).in_calendar().ok()
}

/// The attributes of a span or a log record, in their order.
pub(super) struct Attributes<'n>(Vec<(&'n str, Option<Node<'n>>)>);

impl<'n> Attributes<'n> {
    pub fn of(node: Node<'n>) -> Attributes<'n> {
        let Some(all) = node.get("attributes") else {
            return Attributes(Vec::new());
        };
        // Some exporters write them as a plain object.
        let (members, items) = (all.members(), all.items());
        let mut found = Vec::with_capacity(members.len().max(items.len()));
        found.extend(members.map(|member| (member.key, Some(member.value))));
        found.extend(items.filter_map(|item| {
            let key = item.get("key").and_then(Node::as_str)?;
            Some((key, item.get("value")))
        }));
        Attributes(found)
    }

    /// The attribute `key`, the last one where it is repeated.
    pub fn get(&self, key: &str) -> Option<Node<'n>> {
        let mut all = self.0.iter().rev();
        all.find(|(own, _)| *own == key)?.1
    }

    /// An attribute that is a string with something in it.
    pub fn text(&self, key: &str) -> Option<&'n str> {
        text_in(self.get(key)?).filter(|text| !text.is_empty())
    }
}

/// The string in an `AnyValue`, or the one that stands in its place.
fn text_in(value: Node<'_>) -> Option<&str> {
    member(value, "stringValue", "string_value")
        .unwrap_or(value)
        .as_str()
}

/// The arguments that a span carries, and whether one is repeated.
pub(super) fn called_with(
    attributes: &Attributes<'_>,
) -> Result<(RecordedArguments, bool), &'static str> {
    let Some(node) = ARGUMENTS.iter().find_map(|key| attributes.get(key)) else {
        return Ok((RecordedArguments::Unknown, false));
    };
    unless_taken_out(passed(node)?, is_redaction)
}

/// The arguments in an attribute, and whether one is repeated.
///
/// # Errors
/// What keeps any gateway from parsing them.
pub(super) fn passed(node: Node<'_>) -> Result<(RecordedArguments, bool), &'static str> {
    if let Some(text) = text_in(node) {
        return written_text(text);
    }
    let arguments = match any_value(node) {
        Some(none @ (Value::Object(_) | Value::Null)) => RecordedArguments::from(Some(none)),
        _ => RecordedArguments::Unknown,
    };
    Ok((arguments, false))
}

/// Arguments, which are unknown where `test` is true of a string in them: something was
/// taken out before they were exported.
pub(super) fn unless_taken_out(
    (arguments, repeats): (RecordedArguments, bool),
    test: impl Fn(&str) -> bool,
) -> Result<(RecordedArguments, bool), &'static str> {
    match &arguments {
        RecordedArguments::Known(known) if known.has_text(test) => {
            Ok((RecordedArguments::Unknown, false))
        }
        _ => Ok((arguments, repeats)),
    }
}

/// The value in OTLP's `AnyValue`; a node that is none of its shapes is a plain
/// value; `None` when it says less than a value.
pub(super) fn any_value(node: Node<'_>) -> Option<Value> {
    let shape = |camel, snake| member(node, camel, snake);
    if let Some(text) = shape("stringValue", "string_value") {
        return text.as_str().map(Value::from);
    }
    if let Some(truth) = shape("boolValue", "bool_value") {
        return Some(truth.to_value());
    }
    if let Some(number) =
        shape("intValue", "int_value").or_else(|| shape("doubleValue", "double_value"))
    {
        let in_text = number.as_str().and_then(|text| text.parse::<f64>().ok());
        let number = number.as_number().or(in_text)?;
        return number.is_finite().then_some(Value::Number(number));
    }
    if let Some(array) = shape("arrayValue", "array_value") {
        let items = array.get("values").map(Node::items).unwrap_or_default();
        return items
            .map(any_value)
            .collect::<Option<_>>()
            .map(Value::Array);
    }
    if let Some(list) = shape("kvlistValue", "kvlist_value") {
        let pair = |item: Node<'_>| {
            let key = item.get("key").and_then(Node::as_str)?;
            Some((key.to_owned(), any_value(item.get("value")?)?))
        };
        let items = list.get("values").map(Node::items).unwrap_or_default();
        return items.map(pair).collect::<Option<_>>().map(Value::Object);
    }
    if shape("bytesValue", "bytes_value").is_some() {
        return None;
    }
    match node.kind() {
        // An `AnyValue` that is set to nothing is null.
        NodeKind::Object(members) if members.is_empty() => Some(Value::Null),
        _ => Some(node.to_value()),
    }
}

/// What a span says of the response: the code of a JSON-RPC error, or the
/// result's text. That a call ended well does not say what the gateway decided.
pub(super) fn response(span: Node<'_>, attributes: &Attributes<'_>) -> Option<Response> {
    let codes = [
        "rpc.response.status_code",
        "jsonrpc.error.code",
        "rpc.jsonrpc.error_code",
        "error.type",
    ];
    let code = codes.iter().find_map(|key| {
        let value = any_value(attributes.get(key)?)?;
        match value {
            Value::Number(code) => Some(code),
            Value::String(text) => text.parse::<i32>().ok().map(f64::from),
            _ => None,
        }
    });
    // Codes of HTTP and the like are positive.
    if let Some(code) = code.filter(|code| *code < 0.0) {
        return Some(error_response(code));
    }
    let result = RESULTS.iter().find_map(|key| attributes.get(key))?;
    let text = match text_in(result) {
        Some(text) => Cow::Borrowed(text),
        None => Cow::Owned(any_value(result)?.to_string()),
    };
    if is_redaction(&text) || member(span, "endTimeUnixNano", "end_time_unix_nano").is_none() {
        return None;
    }
    let inner = parse_borrowed(&text).ok();
    let block = inner
        .as_ref()
        .and_then(|(tree, _)| tree.root().at("/content/0/text"));
    let shown = block.and_then(Node::as_str).unwrap_or(&text);
    Some(result_of(Some(shown)))
}
