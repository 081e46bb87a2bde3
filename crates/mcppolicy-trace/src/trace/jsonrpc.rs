//! Raw MCP messages, one per line, as recorded by a tap between client and
//! server: either bare, or in a wrapper object with a timestamp, a direction,
//! the caller's identity and the server. A stream of server-sent events has its
//! messages behind `data:`, a stream with headers has a `Content-Length` between
//! them, behind the last message on its line.

use std::borrow::Cow;

use super::call::{Grant, RecordedArguments, RecordedCall, RecordedRequest, Server};
use super::chunk::Chunk;
use super::collector::Collector;
use super::direction::{CLIENT, Way};
use super::going_on;
use super::log::LogFormat;
use super::message::{Envelope, Identity, Leg, Side, response, would_block};
use super::options::Format;
use super::outline::Outline;
use super::pointer::Pointer;
use super::reason;
use super::response::Observed;
use super::spelling::Spelled;
use super::tap::{self, noise_in};
use super::tolerant_json::{Json, arguments};
use mcppolicy_engine::document::borrowed::{Items, Node, NodeKind};

/// Raw MCP messages.
#[derive(Default)]
pub(super) struct JsonRpc;

const FRAME: &str = "a header around messages";

/// The headers of a stream that go on in the line of a message.
const HEADER: &str = "Content-Length:";

/// A line without what a stream writes around its message: the name of an
/// event's field before it, and the next header behind it.
pub(super) fn unframed(line: &str) -> &str {
    let line = match line.strip_prefix("data:") {
        Some(data) if data.trim_start().starts_with(['{', '[']) => data.trim_start(),
        _ => line,
    };
    if !line.starts_with(['{', '[']) || !line.contains(HEADER) {
        return line;
    }
    let end = Outline::end_of(line);
    match end.and_then(|end| line.split_at_checked(end)) {
        Some((message, rest)) if rest.starts_with(HEADER) => message,
        _ => line,
    }
}

/// Whether a line is only a header, or a field of an event without a message.
fn is_frame(line: &str) -> bool {
    let names = [
        "Content-Length:",
        "Content-Type:",
        "event:",
        "id:",
        "retry:",
        "data:",
    ];
    line.starts_with(':') || names.iter().any(|name| line.starts_with(name))
}

/// Whether the object at `at` of an outline is a message or has one.
pub(super) fn is_record(outline: &Outline, at: &str) -> bool {
    let wraps = |key: &str| {
        let inner = format!("{at}{key}");
        let in_text = || {
            let text = outline.text(&inner);
            text.is_some_and(|text| is_outlined(&Outline::scan(unframed(text.trim_start())), ""))
        };
        is_outlined(outline, &format!("{inner}.")) || in_text()
    };
    // Whatever a tap of ours has kept, message or noise.
    let direction = outline.text(&format!("{at}dir"));
    is_outlined(outline, at)
        || Spelled::Message.names().iter().any(|key| wraps(key))
        || direction.is_some_and(tap::is_direction)
}

/// Whether there is a message at `at` of an outline.
pub(super) fn is_outlined(outline: &Outline, at: &str) -> bool {
    let has = |name: &str| outline.has(&format!("{at}{name}"));
    has("jsonrpc")
        || (has("method") && (has("id") || has("params")))
        || (has("id") && has("result"))
        || (has("id") && has("error"))
}

impl LogFormat for JsonRpc {
    fn format(&self) -> Format {
        Format::JsonRpc
    }

    fn reads_messages(&self) -> bool {
        true
    }

    fn read_chunk(&mut self, chunk: Chunk<'_>, collector: &mut Collector) {
        let text = unframed(chunk.text.trim_start());
        if is_frame(text) {
            return collector.skip(chunk.line, FRAME);
        }
        // What was read of the chunk is another text where something was taken off.
        let json = chunk.json.filter(|_| text.len() == chunk.text.len());
        let own = Chunk {
            text,
            json,
            ..chunk
        };
        let json = match own.read() {
            Ok(json) => json,
            Err(reason) => return collector.skip(chunk.line, reason),
        };
        // Records in an array are as many, and messages in one are a batch.
        if json.root().items().is_empty() || is_message(json.root()) {
            return record(&json, json.root(), Pointer::Root, chunk, collector);
        }
        for (index, item) in json.root().items().enumerate() {
            record(&json, item, Pointer::Root.item(index), chunk, collector);
        }
    }
}

/// Reads a message or a wrapper with one, which is at `pointer` in `json`.
fn record(
    json: &Json<'_>,
    root: Node<'_>,
    pointer: Pointer<'_>,
    chunk: Chunk<'_>,
    collector: &mut Collector,
) {
    let envelope = envelope(root, (chunk.line, chunk.text.len()), collector);
    if is_message(root) && !names_a_message(root) {
        return message(json, root, pointer, &envelope, collector);
    }
    for key in Spelled::Message.names() {
        let Some(inner) = root.get(key) else {
            continue;
        };
        let text = inner.as_str().map(|text| unframed(text.trim_start()));
        match text.map(Json::parse) {
            Some(Ok(json)) => message(&json, json.root(), Pointer::Root, &envelope, collector),
            Some(Err(reason)) => collector.skip(chunk.line, reason),
            None if is_message(inner) => {
                message(json, inner, pointer.member(key), &envelope, collector);
                inline_response(root, &envelope, inner, collector);
            }
            None => collector.skip(chunk.line, reason::NO_MESSAGE),
        }
        return;
    }
    collector.skip(chunk.line, noise_in(root).unwrap_or(reason::NO_MESSAGE));
}

/// Records a response that the tap stored on the same line as its request.
fn inline_response(
    root: Node<'_>,
    envelope: &Envelope,
    request: Node<'_>,
    collector: &mut Collector,
) {
    let (Some(found), Some(id)) = (root.get("response"), request.get("id")) else {
        return;
    };
    let later = Envelope {
        time: collector.time(root.get("response_ts")),
        ..envelope.clone()
    };
    going_on::answer(
        &key(envelope, envelope.sender, id),
        found,
        &later,
        collector,
    );
}

/// What the wrapper of a message says; the numbers are its line and its length in
/// bytes.
pub(super) fn envelope(
    root: Node<'_>,
    (line, bytes): (usize, usize),
    collector: &mut Collector,
) -> Envelope {
    let way = Way::of(root, &mut collector.directions);
    let is_client = way.leg == Some(Leg::Client);
    Envelope {
        line,
        time: collector.time(Spelled::Time.of(root)),
        sender: way.sender,
        leg: way.leg,
        identity: Identity {
            grant: match root.get("grant").map(|grant| grant.kind()) {
                Some(NodeKind::String(name)) => Some(Grant::Named(name.to_owned())),
                Some(NodeKind::Null) => Some(Grant::Unknown),
                _ => None,
            },
            session: Spelled::Session.label(root),
            user: Spelled::User.label(root),
        },
        exchange: Spelled::Exchange.label(root),
        would_block: would_block(root),
        server: match Spelled::Server.of(root).map(|server| server.kind()) {
            // A gateway's name for its client.
            Some(NodeKind::String(name)) if is_client && name == CLIENT => Server::Default,
            Some(NodeKind::String(name)) => Server::Named(name.to_owned()),
            Some(NodeKind::Null) => Server::Unknown,
            _ => Server::Default,
        },
        cut: false,
        bytes,
    }
}

/// Whether a value is a message or a batch of them.
pub(super) fn is_message(node: Node<'_>) -> bool {
    match node.kind() {
        NodeKind::Array(mut items) => items.any(is_message),
        NodeKind::Object(_) => {
            let responds = node.get("result").is_some() || node.get("error").is_some();
            let has = |key| node.get(key).is_some();
            has("jsonrpc")
                || node.get("method").and_then(Node::as_str).is_some()
                || (responds && has("id"))
        }
        _ => false,
    }
}

/// Whether an object is the wrapper of a message although it has a member of one: it
/// repeats the method.
fn names_a_message(root: Node<'_>) -> bool {
    let has = |name: &str| root.get(name).is_some();
    let is_whole = has("jsonrpc") || has("params") || has("result") || has("error");
    !is_whole && Spelled::Message.of(root).is_some_and(is_message)
}

/// Reads a message or a batch, which is at `pointer` in `json`.
pub(super) fn message(
    json: &Json<'_>,
    node: Node<'_>,
    pointer: Pointer<'_>,
    envelope: &Envelope,
    collector: &mut Collector,
) {
    if let NodeKind::Array(items) = node.kind() {
        return batch(json, items, node, pointer, envelope, collector);
    }
    let method = node.get("method").and_then(Node::as_str);
    let id = node.get("id").filter(|id| !id.is_null());
    if method.is_some() && id.is_some() {
        collector.askers.ask(envelope);
    }
    match (method, id) {
        (Some("tools/call"), _) => call(json, node, pointer, envelope, collector),
        (Some(method), id) => {
            collector.other(method);
            let key = id.map(|id| key(envelope, envelope.sender, id));
            if let Some(key) = &key {
                collector.request(key);
            }
            going_on::other(
                method,
                node.get("params"),
                key.as_deref(),
                envelope,
                collector,
            );
        }
        (None, Some(id)) => {
            let answer = |envelope: &Envelope, collector: &mut Collector| {
                let key = key(envelope, envelope.sender.map(Side::other), id);
                going_on::answer(&key, node, envelope, collector)
            };
            let mut found = answer(envelope, collector);
            if found == Some(false)
                && let Some(across) = collector.askers.across(envelope)
            {
                found = answer(&across, collector);
            }
            match found {
                Some(true) => {}
                Some(false) => collector.skip(envelope.line, reason::NO_REQUEST),
                None => collector.skip(envelope.line, reason::NO_MESSAGE),
            }
        }
        (None, None) => collector.skip(envelope.line, reason::NO_MESSAGE),
    }
}

fn call(
    json: &Json<'_>,
    node: Node<'_>,
    pointer: Pointer<'_>,
    envelope: &Envelope,
    collector: &mut Collector,
) {
    let id = node.get("id").filter(|id| !id.is_null());
    let key = id.map(|id| key(envelope, envelope.sender, id));
    if is_passed_on(key.as_deref(), envelope, collector) {
        return;
    }
    let repeats_an_argument = match json.flaws(pointer) {
        Ok(repeats) => repeats,
        Err(reason) => {
            collector.skip(envelope.line, reason);
            // Register the request, so that its response is not skipped as unmatched.
            return key.iter().for_each(|key| collector.request(key));
        }
    };
    let params = node.get("params");
    let arguments = match params.and_then(|params| params.get("arguments")) {
        _ if envelope.cut => RecordedArguments::Unknown,
        found => arguments(found),
    };
    let name = params
        .and_then(|params| params.get("name"))
        .and_then(Node::as_str);
    let mut call = RecordedCall {
        line: envelope.line,
        server: envelope.server.clone(),
        time: envelope.time,
        repeats_an_argument,
        observed: envelope.would_block.map(|would| match would {
            true => Observed::Deny,
            false => Observed::Allow,
        }),
        id: id.map(id_text),
        ..RecordedCall::new(RecordedRequest::Tool {
            name: name.map(str::to_owned),
            arguments,
        })
    };
    going_on::call(&mut call, params, envelope, collector);
    collect(call, key.as_deref(), envelope, collector);
}

/// Whether a call is one that a gateway has passed on, in a log that shows how it came
/// from its client. Its response is still to come.
fn is_passed_on(key: Option<&str>, envelope: &Envelope, collector: &mut Collector) -> bool {
    match envelope.leg {
        Some(Leg::Server) => collector.is_passed_on(envelope.line, key),
        Some(Leg::Client) => {
            collector.show_client();
            false
        }
        None => false,
    }
}

fn collect(call: RecordedCall, key: Option<&str>, envelope: &Envelope, collector: &mut Collector) {
    let (identity, bytes) = (envelope.identity.clone(), envelope.bytes);
    match envelope.leg {
        Some(Leg::Server) => collector.call_to_server(call, identity, key, bytes),
        Some(Leg::Client) | None => collector.call(call, identity, key, bytes),
    }
}

/// Records a batch with a tool call as a single call, because gateways refuse
/// the whole batch. Its response is matched by the id of its first tool call.
fn batch(
    json: &Json<'_>,
    items: Items<'_>,
    node: Node<'_>,
    pointer: Pointer<'_>,
    envelope: &Envelope,
    collector: &mut Collector,
) {
    let calls = |item: &Node<'_>| item.get("method").and_then(Node::as_str) == Some("tools/call");
    let Some(first) = items.clone().find(calls) else {
        return batch_without_call(json, items, pointer, envelope, collector);
    };
    let id = first.get("id").filter(|id| !id.is_null());
    let key = id.map(|id| key(envelope, envelope.sender, id));
    if is_passed_on(key.as_deref(), envelope, collector) {
        return;
    }
    if let Err(reason) = json.flaws(pointer) {
        return collector.skip(envelope.line, reason);
    }
    let call = RecordedCall {
        line: envelope.line,
        server: envelope.server.clone(),
        time: envelope.time,
        ..RecordedCall::new(RecordedRequest::Batch(node.to_value()))
    };
    collect(call, key.as_deref(), envelope, collector);
}

/// Reads a batch without a tool call: other requests, or the responses to an
/// earlier batch. One matching response marks that batch as answered.
fn batch_without_call(
    json: &Json<'_>,
    items: Items<'_>,
    pointer: Pointer<'_>,
    envelope: &Envelope,
    collector: &mut Collector,
) {
    let mut answered = false;
    let mut responses = 0;
    let is_empty = items.is_empty();
    for (index, item) in items.enumerate() {
        if item.get("method").is_some() {
            message(json, item, pointer.item(index), envelope, collector);
            continue;
        }
        responses += 1;
        if let (Some(id), found @ Some(_)) = (item.get("id"), response(item)) {
            let requester = envelope.sender.map(Side::other);
            answered |= collector.answer(&key(envelope, requester, id), found, envelope.time);
        }
    }
    if responses > 0 && !answered {
        collector.skip(envelope.line, reason::NO_REQUEST);
    } else if is_empty {
        collector.skip(envelope.line, reason::NO_MESSAGE);
    }
}

/// The key of a request of `requester` with this id.
pub(super) fn key(envelope: &Envelope, requester: Option<Side>, id: Node<'_>) -> String {
    envelope.key(requester, &written(id))
}

/// An id in the one way of writing it.
fn written(id: Node<'_>) -> Cow<'_, str> {
    const MOST_DIGITS: usize = 15;
    let raw = id.raw();
    let digits = raw.strip_prefix('-').unwrap_or(raw);
    let is_whole = digits.len() <= MOST_DIGITS
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && raw != "-0";
    let is_plain = id.as_str().is_some_and(|text| text.len() + 2 == raw.len());
    if is_whole || is_plain {
        Cow::Borrowed(raw)
    } else {
        Cow::Owned(id.to_value().to_string())
    }
}

fn id_text(id: Node<'_>) -> String {
    match id.as_str() {
        Some(text) => text.to_owned(),
        None => written(id).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_written_in_one_way() {
        for text in [
            "7",
            "-7",
            "0",
            "-0",
            "7.0",
            "70e-1",
            "1e3",
            "123456789012345",
            "1234567890123456",
            "12345678901234567890",
            "0.5",
            r#""7""#,
            r#""a\u0062""#,
            r#""\n""#,
            r#""é""#,
            r#""\"""#,
            r#""\ud800""#,
            "null",
            "true",
            "[1, 2]",
            r#"{"a" : 1}"#,
        ] {
            let json = Json::parse(text).unwrap_or_else(|reason| panic!("{reason}"));
            let id = json.root();
            assert_eq!(written(id), id.to_value().to_string(), "{text}");
        }
    }
}
