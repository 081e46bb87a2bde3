//! OpenTelemetry spans as OTLP JSON: one export per line, or one document. A
//! call is a span whose `mcp.method.name` is `tools/call`; what a span does not
//! carry (arguments are opt-in) is unknown.

use std::collections::{HashSet, VecDeque};

use super::call::{RecordedArguments, RecordedCall, RecordedRequest};
use super::chunk::{Chunk, LineFinder};
use super::collector::Collector;
use super::log::LogFormat;
use super::message::{Identity, error_response, result_of};
use super::options::Format;
use super::outline::Outline;
use super::reason;
use super::response::Response;
use super::tolerant_json::{Json, arguments_in_text, is_redaction};
use mcppolicy_engine::document::{Node, NodeKind, push_pointer};
use mcppolicy_engine::time::Time;
use mcppolicy_engine::value::Value;

const OTHER_SPAN: &str = "a span of no MCP request";
const OTHER_SIDE: &str = "a span of a call that another span has already told";

/// The attributes that may hold the arguments, newest first.
const ARGUMENTS: [&str; 3] = [
    "gen_ai.tool.call.arguments",
    "gen_ai.tool.args",
    "gen_ai.tool.input",
];

/// How many spans are remembered, to recognise the other side of a call.
const MOST_REMEMBERED: usize = 4_096;

/// OpenTelemetry spans.
#[derive(Default)]
pub(super) struct Otlp {
    /// Spans of calls whose parent or child is the same call seen from the
    /// other side, oldest first.
    seen: VecDeque<String>,
    seen_ids: HashSet<String>,
}

impl LogFormat for Otlp {
    fn format(&self) -> Format {
        Format::Otlp
    }

    fn read_chunk(&mut self, chunk: Chunk<'_>, collector: &mut Collector) {
        let json = match Json::parse(chunk.text) {
            Ok(json) => json,
            Err(reason) => return collector.skip(chunk.line, reason),
        };
        let mut reading = Reading {
            json: &json,
            lines: LineFinder::new(chunk),
            found: false,
            bytes: chunk.text.len(),
        };
        self.part(&mut reading, &json.root, "", collector);
        if !reading.found {
            collector.skip(chunk.line, reason::NO_CALL);
        }
    }
}

/// A chunk while it is read.
struct Reading<'a> {
    json: &'a Json,
    lines: LineFinder<'a>,
    /// Whether there was any span.
    found: bool,
    bytes: usize,
}

/// What holds spans, from the outside in, in both of the spellings that
/// protobuf's JSON allows.
const LEVELS: [&str; 9] = [
    "resourceSpans",
    "resource_spans",
    "scopeSpans",
    "scope_spans",
    "instrumentationLibrarySpans",
    "instrumentation_library_spans",
    // Other tools have these names for other things.
    "batches",
    "trace",
    "spans",
];

/// How many of the levels have names that say what they are.
const NAMED_LEVELS: usize = 6;

/// Whether the object at `at` of an outline holds spans or is one.
pub(super) fn is_record(outline: &Outline, at: &str) -> bool {
    let named = |at: &str| {
        let mut levels = LEVELS.iter().take(NAMED_LEVELS);
        levels.any(|level| outline.has_inside(&format!("{at}{level}")))
    };
    let is_span = |at: &str| START.iter().any(|key| outline.has(&format!("{at}{key}")));
    let within = |at: &str| named(at) || is_span(at);
    within(at)
        || LEVELS
            .iter()
            .skip(NAMED_LEVELS)
            .any(|level| within(&format!("{at}{level}.")) || within(&format!("{at}{level}.0.")))
}

/// When a span began.
const START: [&str; 2] = ["startTimeUnixNano", "start_time_unix_nano"];

impl Otlp {
    fn part(
        &mut self,
        reading: &mut Reading<'_>,
        node: &Node,
        pointer: &str,
        collector: &mut Collector,
    ) {
        if let NodeKind::Array(items) = &node.kind {
            for (index, item) in items.iter().enumerate() {
                self.part(
                    reading,
                    item,
                    &push_pointer(pointer, &index.to_string()),
                    collector,
                );
            }
            return;
        }
        if member(node, "startTimeUnixNano", "start_time_unix_nano").is_some() {
            reading.found = true;
            return self.span(reading, node, pointer, collector);
        }
        for key in LEVELS {
            if let Some(inner) = node.get(key) {
                self.part(reading, inner, &push_pointer(pointer, key), collector);
            }
        }
    }

    fn span(
        &mut self,
        reading: &mut Reading<'_>,
        span: &Node,
        pointer: &str,
        collector: &mut Collector,
    ) {
        let line = reading.lines.line(span);
        let attributes = Attributes(span);
        match attributes.text("mcp.method.name") {
            Some("tools/call") => {}
            Some(method) => return collector.other(method),
            None => return collector.skip(line, OTHER_SPAN),
        }
        if self.is_other_side(span) {
            return collector.skip(line, OTHER_SIDE);
        }
        let read = reading
            .json
            .flaws(pointer)
            .and_then(|_| called_with(&attributes));
        let (arguments, repeats_an_argument) = match read {
            Ok(read) => read,
            Err(reason) => return collector.skip(line, reason),
        };
        let title = member(span, "name", "name").and_then(Node::as_str);
        let in_title = title.and_then(|title| title.strip_prefix("tools/call "));
        let Some(name) = attributes.text("gen_ai.tool.name").or(in_title) else {
            return collector.skip(line, reason::NO_NAME);
        };
        let call = RecordedCall {
            line,
            time: nanos(member(span, "startTimeUnixNano", "start_time_unix_nano")),
            repeats_an_argument,
            response: response(span, &attributes),
            response_time: nanos(member(span, "endTimeUnixNano", "end_time_unix_nano")),
            id: attributes.text("jsonrpc.request.id").map(str::to_owned),
            ..RecordedCall::new(RecordedRequest::Tool {
                name: Some(name.to_owned()),
                arguments,
            })
        };
        let first = |keys: &[&str]| {
            keys.iter()
                .find_map(|key| attributes.text(key))
                .map(str::to_owned)
        };
        let identity = Identity {
            grant: None,
            session: first(&["mcp.session.id", "session.id", "gen_ai.conversation.id"]),
            user: first(&["user.id", "enduser.id"]),
        };
        collector.call(call, identity, None, std::mem::take(&mut reading.bytes));
    }

    /// Whether a call has been seen already: client and server each export a
    /// span of it, and the server's is the child of the client's.
    fn is_other_side(&mut self, span: &Node) -> bool {
        let trace = member(span, "traceId", "trace_id").and_then(Node::as_str);
        let id = |camel, snake| {
            let id = member(span, camel, snake)?.as_str()?;
            (!id.is_empty()).then(|| format!("{}/{id}", trace.unwrap_or_default()))
        };
        let own = id("spanId", "span_id");
        let parent = id("parentSpanId", "parent_span_id");
        let kind = member(span, "kind", "kind").map(Node::to_value);
        let is = |number: f64, name: &str| {
            kind == Some(Value::Number(number)) || kind == Some(Value::from(name))
        };
        // What the other side's span says of this call.
        let link = if is(2.0, "SPAN_KIND_SERVER") {
            parent
        } else if is(3.0, "SPAN_KIND_CLIENT") {
            own
        } else {
            None
        };
        let side = if is(2.0, "SPAN_KIND_SERVER") {
            "server"
        } else {
            "client"
        };
        let other = if side == "server" { "client" } else { "server" };
        let Some(link) = link else {
            return false;
        };
        if self.seen_ids.remove(&format!("{other} {link}")) {
            return true;
        }
        let seen = format!("{side} {link}");
        if self.seen_ids.insert(seen.clone()) {
            self.seen.push_back(seen);
        }
        if self.seen.len() > MOST_REMEMBERED
            && let Some(oldest) = self.seen.pop_front()
        {
            self.seen_ids.remove(&oldest);
        }
        false
    }
}

fn member<'n>(node: &'n Node, camel: &str, snake: &str) -> Option<&'n Node> {
    node.get(camel).or_else(|| node.get(snake))
}

/// A time in nanoseconds since the epoch, as a string of digits or a number;
/// zero is not set.
fn nanos(node: Option<&Node>) -> Option<Time> {
    let node = node?;
    let nanos = match node.as_str() {
        Some(text) => text.parse::<i128>().ok()?,
        None => node.as_number().map(|number| number as i128)?,
    };
    if nanos == 0 {
        return None;
    }
    Time::from_nanos(nanos).in_calendar().ok()
}

/// A span's attributes.
struct Attributes<'n>(&'n Node);

impl<'n> Attributes<'n> {
    fn get(&self, key: &str) -> Option<&'n Node> {
        let all = self.0.get("attributes")?;
        // Some exporters write them as a plain object.
        all.get(key).or_else(|| {
            let named = |item: &&Node| item.get("key").and_then(Node::as_str) == Some(key);
            all.items().iter().rev().find(named)?.get("value")
        })
    }

    /// An attribute that is a string with something in it.
    fn text(&self, key: &str) -> Option<&'n str> {
        let value = self.get(key)?;
        let text = member(value, "stringValue", "string_value").unwrap_or(value);
        text.as_str().filter(|text| !text.is_empty())
    }
}

/// The arguments that a span carries, and whether one is repeated.
fn called_with(attributes: &Attributes<'_>) -> Result<(RecordedArguments, bool), &'static str> {
    let Some(node) = ARGUMENTS.iter().find_map(|key| attributes.get(key)) else {
        return Ok((RecordedArguments::Unknown, false));
    };
    let value = any_value(node);
    let (arguments, repeats) = match &value {
        Some(Value::String(text)) => arguments_in_text(text)?,
        Some(object @ Value::Object(_)) => (RecordedArguments::Known(object.clone()), false),
        _ => (RecordedArguments::Unknown, false),
    };
    match &arguments {
        RecordedArguments::Known(value) if has_redaction(value) => {
            Ok((RecordedArguments::Unknown, false))
        }
        _ => Ok((arguments, repeats)),
    }
}

/// Whether something was taken out of a value before it was exported.
fn has_redaction(value: &Value) -> bool {
    match value {
        Value::String(text) => is_redaction(text),
        Value::Array(items) => items.iter().any(has_redaction),
        Value::Object(members) => members.values().any(has_redaction),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// The value in OTLP's `AnyValue`; a node that is none of its shapes is a plain
/// value; `None` when it says less than a value.
fn any_value(node: &Node) -> Option<Value> {
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
            .iter()
            .map(any_value)
            .collect::<Option<_>>()
            .map(Value::Array);
    }
    if let Some(list) = shape("kvlistValue", "kvlist_value") {
        let pair = |item: &Node| {
            let key = item.get("key").and_then(Node::as_str)?;
            Some((key.to_owned(), any_value(item.get("value")?)?))
        };
        let items = list.get("values").map(Node::items).unwrap_or_default();
        return items
            .iter()
            .map(pair)
            .collect::<Option<_>>()
            .map(Value::Object);
    }
    if shape("bytesValue", "bytes_value").is_some() {
        return None;
    }
    match &node.kind {
        // An `AnyValue` that is set to nothing is null.
        NodeKind::Object(members) if members.is_empty() => Some(Value::Null),
        _ => Some(node.to_value()),
    }
}

/// What a span says of the response: the code of a JSON-RPC error, or the
/// result's text. That a call ended well does not say what the gateway decided.
fn response(span: &Node, attributes: &Attributes<'_>) -> Option<Response> {
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
    let result = any_value(attributes.get("gen_ai.tool.call.result")?)?;
    let text = match &result {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    if is_redaction(&text) || member(span, "endTimeUnixNano", "end_time_unix_nano").is_none() {
        return None;
    }
    let inner = serde_json::from_str::<serde_json::Value>(&text).ok();
    let block = inner
        .as_ref()
        .and_then(|value| value.pointer("/content/0/text"));
    let shown = block.and_then(serde_json::Value::as_str).unwrap_or(&text);
    Some(result_of(Some(shown)))
}
