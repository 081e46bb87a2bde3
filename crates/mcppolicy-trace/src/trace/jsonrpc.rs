//! Raw MCP messages, one per line, as a tap between client and server writes
//! them: bare, or wrapped with a time, a direction, and who and where.

use super::account::Format;
use super::lenient::{Json, arguments, first_text, name_in, result_of};
use super::log::{LogFormat, Piece};
use super::sink::{Sink, Who, reason};
use super::skim::{Message, What};
use super::tap::noise_in;
use super::{Grant, RecordedArguments, RecordedCall, RecordedRequest, Response, Server};
use mcppolicy_engine::document::{Node, NodeKind, push_pointer};
use mcppolicy_engine::time::Time;

pub(super) const NO_MESSAGE: &str = "not a JSON-RPC message";

/// The members that hold a wrapped message.
const WRAPPERS: [&str; 4] = ["msg", "message", "payload", "request"];

/// Who sent a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Client,
    Server,
}

/// What stands around a message.
#[derive(Debug, Clone)]
pub(super) struct Envelope {
    pub line: usize,
    pub time: Option<Time>,
    pub sender: Option<Side>,
    pub who: Who,
    pub server: Server,
    /// Whether the log cut something out of the message.
    pub cut: bool,
    /// How much text is held for the message.
    pub bytes: usize,
}

/// Raw MCP messages.
#[derive(Default)]
pub(super) struct JsonRpc;

impl LogFormat for JsonRpc {
    fn format(&self) -> Format {
        Format::JsonRpc
    }

    fn reads_messages(&self) -> bool {
        true
    }

    fn piece(&mut self, piece: Piece<'_>, sink: &mut Sink) {
        let json = match Json::parse(piece.text) {
            Ok(json) => json,
            Err(reason) => return sink.pass_over(piece.line, reason),
        };
        let root = &json.root;
        let envelope = envelope(piece, root, sink);
        if is_message(root) {
            return message(&json, root, "", &envelope, sink);
        }
        for key in WRAPPERS {
            let Some(inner) = root.get(key) else {
                continue;
            };
            match inner.as_str().map(Json::parse) {
                Some(Ok(json)) => message(&json, &json.root, "", &envelope, sink),
                Some(Err(reason)) => sink.pass_over(piece.line, reason),
                None if is_message(inner) => {
                    message(&json, inner, &push_pointer("", key), &envelope, sink);
                    beside(root, &envelope, inner, sink);
                }
                None => sink.pass_over(piece.line, NO_MESSAGE),
            }
            return;
        }
        sink.pass_over(piece.line, noise_in(root).unwrap_or(NO_MESSAGE));
    }
}

impl Message {
    /// Writes the key of the request that it is, or that it answers.
    pub(super) fn write_key(&self, text: &str, out: &mut String) {
        let server = self.server(text);
        let session = self.session.map(|session| session.of(text));
        let asker = match self.what {
            What::Result => self.sender.map(Side::other),
            What::Call { .. } | What::Other { .. } => self.sender,
        };
        let id = self.id.map(|id| id.of(text)).unwrap_or_default();
        write_key(out, server, session, asker, id);
    }
}

/// A response that a tap wrote into the line of its request.
fn beside(root: &Node, envelope: &Envelope, request: &Node, sink: &mut Sink) {
    let (Some(found), Some(id)) = (root.get("response"), request.get("id")) else {
        return;
    };
    let time = sink.time(root.get("response_ts"));
    if let Some(found) = response(found) {
        sink.answer(&key(envelope, envelope.sender, id), Some(found), time);
    }
}

fn envelope(piece: Piece<'_>, root: &Node, sink: &mut Sink) -> Envelope {
    let named = |keys: &[&str]| name_in(root, keys).map(str::to_owned);
    Envelope {
        line: piece.line,
        time: sink.time(root.get("ts").or_else(|| root.get("timestamp"))),
        sender: name_in(root, &["dir", "direction", "sender"]).and_then(sender),
        who: Who {
            grant: match root.get("grant").map(|grant| &grant.kind) {
                Some(NodeKind::String(name)) => Some(Grant::Named(name.clone())),
                Some(NodeKind::Null) => Some(Grant::Unknown),
                _ => None,
            },
            session: named(&["session", "session_id", "sessionId"]),
            user: named(&["user", "user_id", "userId"]),
        },
        server: match root.get("server").map(|server| &server.kind) {
            Some(NodeKind::String(name)) => Server::Named(name.clone()),
            Some(NodeKind::Null) => Server::Unknown,
            _ => Server::Default,
        },
        cut: false,
        bytes: piece.text.len(),
    }
}

/// Who sends in a direction such as `client->server`, `to_server` or `c2s`;
/// nothing for one that depends on where the tap stood, such as `in`.
pub(super) fn sender(direction: &str) -> Option<Side> {
    let lower = direction.to_ascii_lowercase();
    let (client, server) = (lower.find("client"), lower.find("server"));
    let reversed = lower.contains("<-") || lower.contains("\u{2190}") || lower.starts_with("to");
    let first = match (client, server) {
        (Some(client), Some(server)) if client < server => Side::Client,
        (Some(_), None) => Side::Client,
        (_, Some(_)) => Side::Server,
        (None, None) => match lower.as_str() {
            "c2s" | "stdin" => return Some(Side::Client),
            "s2c" | "stdout" => return Some(Side::Server),
            _ => return None,
        },
    };
    Some(if reversed { first.other() } else { first })
}

impl Side {
    pub(super) fn other(self) -> Side {
        match self {
            Side::Client => Side::Server,
            Side::Server => Side::Client,
        }
    }
}

/// Whether a value is a message or a batch of them.
fn is_message(node: &Node) -> bool {
    match &node.kind {
        NodeKind::Array(items) => items.iter().any(is_message),
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

/// Reads a message or a batch, which stands at `pointer` in `json`.
pub(super) fn message(
    json: &Json,
    node: &Node,
    pointer: &str,
    envelope: &Envelope,
    sink: &mut Sink,
) {
    if let NodeKind::Array(items) = &node.kind {
        return batch(json, items, node, pointer, envelope, sink);
    }
    let method = node.get("method").and_then(Node::as_str);
    let id = node.get("id").filter(|id| !id.is_null());
    match (method, id) {
        (Some("tools/call"), _) => call(json, node, pointer, envelope, sink),
        (Some(method), id) => {
            sink.other(method);
            if let Some(id) = id {
                sink.request(&key(envelope, envelope.sender, id));
            }
        }
        (None, Some(id)) => match response(node) {
            Some(found) => {
                let asker = envelope.sender.map(Side::other);
                if !sink.answer(&key(envelope, asker, id), Some(found), envelope.time) {
                    sink.pass_over(envelope.line, reason::NO_REQUEST);
                }
            }
            None => sink.pass_over(envelope.line, NO_MESSAGE),
        },
        (None, None) => sink.pass_over(envelope.line, NO_MESSAGE),
    }
}

fn call(json: &Json, node: &Node, pointer: &str, envelope: &Envelope, sink: &mut Sink) {
    let id = node.get("id").filter(|id| !id.is_null());
    let key = id.map(|id| key(envelope, envelope.sender, id));
    let repeats_an_argument = match json.flaws(pointer) {
        Ok(repeats) => repeats,
        Err(reason) => {
            sink.pass_over(envelope.line, reason);
            // Its response is not one without a request.
            return key.iter().for_each(|key| sink.request(key));
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
    let call = RecordedCall {
        line: envelope.line,
        server: envelope.server.clone(),
        time: envelope.time,
        repeats_an_argument,
        id: id.map(id_text),
        ..RecordedCall::new(RecordedRequest::Tool {
            name: name.map(str::to_owned),
            arguments,
        })
    };
    sink.call(call, envelope.who.clone(), key.as_deref(), envelope.bytes);
}

/// A batch is one call when it calls a tool: gateways refuse it whole. It is
/// answered with its first call.
fn batch(
    json: &Json,
    items: &[Node],
    node: &Node,
    pointer: &str,
    envelope: &Envelope,
    sink: &mut Sink,
) {
    let calls = |item: &&Node| item.get("method").and_then(Node::as_str) == Some("tools/call");
    let Some(first) = items.iter().find(calls) else {
        return parts(json, items, pointer, envelope, sink);
    };
    if let Err(reason) = json.flaws(pointer) {
        return sink.pass_over(envelope.line, reason);
    }
    let call = RecordedCall {
        line: envelope.line,
        server: envelope.server.clone(),
        time: envelope.time,
        ..RecordedCall::new(RecordedRequest::Batch(node.to_value()))
    };
    let id = first.get("id").filter(|id| !id.is_null());
    let key = id.map(|id| key(envelope, envelope.sender, id));
    sink.call(call, envelope.who.clone(), key.as_deref(), envelope.bytes);
}

/// A batch without a tool call: other requests, or the responses to a batch,
/// of which one is enough to say that it was answered.
fn parts(json: &Json, items: &[Node], pointer: &str, envelope: &Envelope, sink: &mut Sink) {
    let mut answered = false;
    let mut responses = 0;
    for (index, item) in items.iter().enumerate() {
        if item.get("method").is_some() {
            let pointer = push_pointer(pointer, &index.to_string());
            message(json, item, &pointer, envelope, sink);
            continue;
        }
        responses += 1;
        if let (Some(id), found @ Some(_)) = (item.get("id"), response(item)) {
            let asker = envelope.sender.map(Side::other);
            answered |= sink.answer(&key(envelope, asker, id), found, envelope.time);
        }
    }
    if responses > 0 && !answered {
        sink.pass_over(envelope.line, reason::NO_REQUEST);
    } else if items.is_empty() {
        sink.pass_over(envelope.line, NO_MESSAGE);
    }
}

/// The key of a request: ids count for each connection and for each side that
/// asks.
pub(super) fn key_of(envelope: &Envelope, asker: Option<Side>, id: &str) -> String {
    let mut key = String::new();
    let session = envelope.who.session.as_deref();
    write_key(&mut key, envelope.server.as_deref(), session, asker, id);
    key
}

/// Writes such a key behind what is in `out`.
pub(super) fn write_key(
    out: &mut String,
    server: Server<&str>,
    session: Option<&str>,
    asker: Option<Side>,
    id: &str,
) {
    let server = match server {
        Server::Named(name) => name,
        Server::Default | Server::Unknown => "",
    };
    // A tap that names directions may still leave one out.
    let asker = match asker {
        Some(Side::Server) => "server",
        Some(Side::Client) | None => "client",
    };
    let parts = [server, session.unwrap_or_default(), asker, id];
    for (at, part) in parts.into_iter().enumerate() {
        if at > 0 {
            out.push('\0');
        }
        out.push_str(part);
    }
}

fn key(envelope: &Envelope, asker: Option<Side>, id: &Node) -> String {
    key_of(envelope, asker, &id.to_value().to_string())
}

fn id_text(id: &Node) -> String {
    match id.as_str() {
        Some(text) => text.to_owned(),
        None => id.to_value().to_string(),
    }
}

/// What a JSON-RPC response means for replay; nothing when it holds neither a
/// result nor an error.
pub(super) fn response(node: &Node) -> Option<Response> {
    let present = |key| node.get(key).filter(|value: &&Node| !value.is_null());
    if let Some(error) = present("error") {
        return Some(Response::Error(error.to_value()));
    }
    let result = node.get("result")?;
    Some(result_of(first_text(result.get("content"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_direction_says_who_sent_unless_it_depends_on_the_tap() {
        let client = [
            "client->server",
            "client",
            "c2s",
            "to_server",
            "server<-client",
            "from client to server",
        ];
        for direction in client {
            assert_eq!(sender(direction), Some(Side::Client), "{direction}");
        }
        for direction in ["server->client", "Server", "s2c", "to client", "stdout"] {
            assert_eq!(sender(direction), Some(Side::Server), "{direction}");
        }
        for direction in ["in", "out", "send", ""] {
            assert_eq!(sender(direction), None, "{direction}");
        }
    }
}
