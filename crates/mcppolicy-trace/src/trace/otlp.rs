//! OpenTelemetry spans as OTLP JSON: one export per line, or one document. A
//! call is a span whose `mcp.method.name` is `tools/call`; what a span does not
//! carry (arguments are opt-in) is unknown.
//!
//! Client, gateway and server each export a span of the same call; [`join`] makes
//! one call of them.

mod attributes;
mod events;
mod join;

use std::borrow::Cow;

use super::call::{RecordedCall, RecordedRequest};
use super::chunk::{Chunk, LineFinder};
use super::collector::Collector;
use super::log::LogFormat;
use super::message::Identity;
use super::options::Format;
use super::outline::Outline;
use super::pointer::Pointer;
use super::reason;
use super::records::Records;
use super::spans::Side;
use super::tolerant_json::Json;
use attributes::{Attributes, called_with, member, nanos, response};
use events::Events;
use join::{Place, SpanCall, Window};
use mcppolicy_engine::document::borrowed::{Node, NodeKind};

const OTHER_SPAN: &str = "a span of no MCP request";
const TOOL_SPAN: &str = "a span of a tool that may be no MCP tool (see --include-tools)";

/// OpenTelemetry spans and the log records of agents.
#[derive(Default)]
pub(super) struct Otlp {
    /// Whether spans of tools are calls that do not say that they are MCP
    /// requests.
    include_tools: bool,
    window: Window,
    events: Events,
}

impl Otlp {
    /// Reads spans of tools that do not say that they are MCP requests only with
    /// `include_tools`.
    pub fn new(include_tools: bool) -> Otlp {
        Otlp {
            include_tools,
            ..Otlp::default()
        }
    }
}

impl LogFormat for Otlp {
    fn format(&self) -> Format {
        Format::Otlp
    }

    fn share(&mut self, records: &Records) {
        self.window.share(records);
    }

    fn end(&mut self, collector: &mut Collector) {
        self.window.close(collector);
    }

    fn within(&self) -> &'static str {
        // One of the levels.
        "trace"
    }

    fn read_chunk(&mut self, chunk: Chunk<'_>, collector: &mut Collector) {
        let json = match chunk.read() {
            Ok(json) => json,
            Err(reason) => return collector.skip(chunk.line, reason),
        };
        let mut reading = Reading {
            json: &json,
            lines: LineFinder::new(chunk),
            found: false,
        };
        self.part(&mut reading, json.root(), Pointer::Root, collector);
        if !reading.found {
            collector.skip(chunk.line, reason::NO_CALL);
        }
    }
}

/// A chunk while it is read.
struct Reading<'a> {
    json: &'a Json<'a>,
    lines: LineFinder<'a>,
    /// Whether there was any span.
    found: bool,
}

/// What holds spans and log records, from the outside in, in both of the spellings that
/// protobuf's JSON allows.
const LEVELS: [&str; 15] = [
    "resourceLogs",
    "resource_logs",
    "scopeLogs",
    "scope_logs",
    "logRecords",
    "log_records",
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
const NAMED_LEVELS: usize = 12;

/// Whether the object at `at` of an outline holds spans or is one.
pub(super) fn is_record(outline: &Outline, at: &str) -> bool {
    let mut levels = LEVELS.iter().take(NAMED_LEVELS);
    let mut others = LEVELS.iter().skip(NAMED_LEVELS);
    levels.any(|level| outline.has_inside(&format!("{at}{level}")))
        || START.iter().any(|key| outline.has(&format!("{at}{key}")))
        || others.any(|level| {
            let inner = format!("{at}{level}");
            let first = format!("{inner}.0");
            [inner, first]
                .iter()
                .any(|at| outline.has_inside(at) && is_record(outline, &format!("{at}.")))
        })
}

/// When a span began.
const START: [&str; 2] = ["startTimeUnixNano", "start_time_unix_nano"];

impl Otlp {
    fn part(
        &mut self,
        reading: &mut Reading<'_>,
        node: Node<'_>,
        pointer: Pointer<'_>,
        collector: &mut Collector,
    ) {
        if let NodeKind::Array(items) = node.kind() {
            for (index, item) in items.enumerate() {
                self.part(reading, item, pointer.item(index), collector);
            }
            return;
        }
        if member(node, "startTimeUnixNano", "start_time_unix_nano").is_some() {
            reading.found = true;
            return self.span(reading, node, pointer, collector);
        }
        let is_record = member(node, "timeUnixNano", "time_unix_nano").is_some()
            || member(node, "observedTimeUnixNano", "observed_time_unix_nano").is_some()
            || (node.get("body").is_some() && node.get("attributes").is_some());
        if is_record {
            reading.found = true;
            let line = reading.lines.line(node);
            return match reading.json.flaws(pointer) {
                Ok(_) => self.events.record(node, line, collector),
                Err(reason) => collector.skip(line, reason),
            };
        }
        for key in LEVELS {
            if let Some(inner) = node.get(key) {
                self.part(reading, inner, pointer.member(key), collector);
            }
        }
    }

    fn span(
        &mut self,
        reading: &mut Reading<'_>,
        span: Node<'_>,
        pointer: Pointer<'_>,
        collector: &mut Collector,
    ) {
        let line = reading.lines.line(span);
        let place = place(span);
        let read = self.call(reading.json, (span, place, line), pointer, collector);
        match read {
            Ok(call) => return self.window.add(call, collector),
            Err(Some(reason)) => collector.skip(line, reason),
            Err(None) => {}
        }
        self.window.link(&place, collector);
    }

    /// The call of a span; else why it is passed over, unless that has been told.
    fn call(
        &self,
        json: &Json<'_>,
        (span, place, line): (Node<'_>, Place, usize),
        pointer: Pointer<'_>,
        collector: &mut Collector,
    ) -> Result<SpanCall, Option<&'static str>> {
        let attributes = Attributes::of(span);
        match attributes.text("mcp.method.name") {
            Some("tools/call") => {}
            Some(method) => {
                collector.other(method);
                return Err(None);
            }
            None if !is_tool(&attributes) => return Err(Some(OTHER_SPAN)),
            None if !self.include_tools => return Err(Some(TOOL_SPAN)),
            None => {}
        }
        json.flaws(pointer)?;
        let (arguments, repeats_an_argument) = called_with(&attributes)?;
        let title = member(span, "name", "name").and_then(Node::as_str);
        let in_title = TITLES
            .iter()
            .find_map(|start| title.and_then(|title| title.strip_prefix(start)));
        let name = NAMES.iter().find_map(|key| attributes.text(key));
        let name = name.or(in_title).ok_or(reason::NO_NAME)?;
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
        let bytes = span.span().end.saturating_sub(span.span().start);
        Ok(SpanCall {
            place,
            call,
            identity,
            bytes,
        })
    }
}

/// The attributes that may name the tool, and the beginnings of spans' names
/// before it.
const NAMES: [&str; 3] = ["gen_ai.tool.name", "mcp.tool.name", "tool.name"];
const TITLES: [&str; 2] = ["tools/call ", "execute_tool "];

/// Whether a span is of a tool, by the conventions of OpenTelemetry
/// (<https://github.com/open-telemetry/semantic-conventions-genai>), of
/// OpenInference (<https://github.com/Arize-ai/openinference>), or of older
/// instrumentations of MCP.
fn is_tool(attributes: &Attributes<'_>) -> bool {
    attributes.text("gen_ai.operation.name") == Some("execute_tool")
        || attributes.text("openinference.span.kind") == Some("TOOL")
        || attributes.text("mcp.tool.name").is_some()
}

/// Where a span is in its trace.
fn place(span: Node<'_>) -> Place {
    let text = |camel, snake| {
        let id = member(span, camel, snake)?.as_str()?;
        // An id that is not set is empty or zero.
        if id.bytes().all(|byte| byte == b'0') {
            return None;
        }
        Some(match id.bytes().any(|byte| byte.is_ascii_uppercase()) {
            true => Cow::Owned(id.to_ascii_lowercase()),
            false => Cow::Borrowed(id),
        })
    };
    let trace = text("traceId", "trace_id");
    // An id is one within its trace.
    let (own, parent) = match &trace {
        Some(_) => (
            text("spanId", "span_id"),
            text("parentSpanId", "parent_span_id"),
        ),
        None => (None, None),
    };
    let kind = member(span, "kind", "kind");
    let (number, name) = (kind.and_then(Node::as_number), kind.and_then(Node::as_str));
    let is = |of: f64, named: &str| number == Some(of) || name == Some(named);
    let side = if is(2.0, "SPAN_KIND_SERVER") || is(2.0, "server") {
        Side::Server
    } else if is(3.0, "SPAN_KIND_CLIENT") || is(3.0, "client") {
        Side::Client
    } else {
        Side::Unknown
    };
    Place::new(trace.as_deref(), own.as_deref(), parent.as_deref(), side)
}
