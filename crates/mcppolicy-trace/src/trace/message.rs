//! JSON-RPC messages in a log: who sent them, what surrounds them, the key that
//! pairs a response with its request, and what a response means.

use super::call::{Grant, Server};
use super::response::{DENIED_PREFIX, Response};
use super::spelling::Spelled;
use mcppolicy_engine::document::borrowed::{Node, NodeKind};
use mcppolicy_engine::time::Time;
use mcppolicy_engine::value::Value;

/// Who sent a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Client,
    Server,
}

impl Side {
    pub fn other(self) -> Side {
        match self {
            Side::Client => Side::Server,
            Side::Server => Side::Client,
        }
    }
}

/// A side of a gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leg {
    /// Between a client and the gateway.
    Client,
    /// Between the gateway and a server.
    Server,
}

/// Who called, as far as a log says.
#[derive(Debug, Clone)]
pub(crate) struct Identity<N = String> {
    /// A grant that a wrapper recorded.
    pub grant: Option<Grant<N>>,
    pub session: Option<N>,
    pub user: Option<N>,
}

impl Default for Identity {
    fn default() -> Identity {
        Identity {
            grant: None,
            session: None,
            user: None,
        }
    }
}

/// What a log says of a message beside the message itself.
#[derive(Debug, Clone)]
pub(crate) struct Envelope {
    pub line: usize,
    pub time: Option<Time>,
    pub sender: Option<Side>,
    /// On which side of a gateway it was seen, where the recorder says that.
    pub leg: Option<Leg>,
    pub identity: Identity,
    /// The exchange that a message belongs to with what answers it, where there is
    /// no session for which ids count.
    pub exchange: Option<String>,
    pub server: Server,
    /// What a gateway that only watches says that it would have done.
    pub would_block: Option<bool>,
    /// Whether the log cut something out of the message.
    pub cut: bool,
    /// How much text is held for the message, in bytes.
    pub bytes: usize,
}

impl Envelope {
    /// The key of a request that `requester` sent: ids count for each
    /// connection, each side of a gateway and each side that sends requests.
    pub fn key(&self, requester: Option<Side>, id: &str) -> String {
        let mut key = match self.leg {
            Some(Leg::Server) => "passed on\0".to_owned(),
            Some(Leg::Client) | None => String::new(),
        };
        let session = self.identity.session.as_deref();
        let session = session.or(self.exchange.as_deref());
        write_key(&mut key, self.server.as_deref(), session, requester, id);
        key
    }
}

/// Appends such a key to `out`.
pub(crate) fn write_key(
    out: &mut String,
    server: Server<&str>,
    session: Option<&str>,
    requester: Option<Side>,
    id: &str,
) {
    let server = match server {
        Server::Named(name) => name,
        Server::Default | Server::Unknown => "",
    };
    // A tap that names directions may still leave one out.
    let requester = match requester {
        Some(Side::Server) => "server",
        Some(Side::Client) | None => "client",
    };
    let parts = [server, session.unwrap_or_default(), requester, id];
    for (at, part) in parts.into_iter().enumerate() {
        if at > 0 {
            out.push('\0');
        }
        out.push_str(part);
    }
}

/// What a JSON-RPC response means for replay; `None` when it holds neither a
/// result nor an error.
pub(crate) fn response(node: Node<'_>) -> Option<Response> {
    let present = |key| node.get(key).filter(|value: &Node<'_>| !value.is_null());
    if let Some(error) = present("error") {
        return Some(Response::Error(Box::new(error.to_value())));
    }
    let result = node.get("result")?;
    Some(result_of(first_text(result.get("content"))))
}

/// What a gateway that only watches says that it would have done: whether it
/// would have refused the call.
pub(crate) fn would_block(root: Node<'_>) -> Option<bool> {
    match &Spelled::WouldBlock.of(root)?.kind() {
        NodeKind::Bool(would) => Some(*would),
        NodeKind::Null => Some(false),
        // The rule, or what it says.
        NodeKind::String(text) => Some(!matches!(*text, "" | "false" | "no")),
        NodeKind::Object(_) => Some(true),
        NodeKind::Number(_) | NodeKind::Array(_) => None,
    }
}

/// The response that a tool's result shows by its first text.
pub(crate) fn result_of(text: Option<&str>) -> Response {
    match text {
        Some(text) if text.starts_with(DENIED_PREFIX) => Response::Denied,
        _ => Response::Result,
    }
}

/// A JSON-RPC error of which only the code is known.
pub(crate) fn error_response(code: f64) -> Response {
    let error = Value::Object([("code".to_owned(), Value::from(code))].into());
    Response::Error(Box::new(error))
}

/// The code in the words by which clients show a JSON-RPC error, such as
/// `MCP error -32603: boom`. A timeout and a closed connection are shown in the
/// same words and are no response.
pub(crate) fn error_code(text: &str) -> Option<f64> {
    let lower = text.to_ascii_lowercase();
    let (code, message) = lower.strip_prefix("mcp error ")?.split_once(':')?;
    let own = ["request timed out", "connection closed", "aborterror"];
    let message = message.trim_start();
    if own.iter().any(|words| message.starts_with(words)) {
        return None;
    }
    code.trim().parse::<i32>().ok().map(f64::from)
}

/// The first text in a result's content: the content itself, or the first of
/// its blocks that has one.
pub(crate) fn first_text(content: Option<Node<'_>>) -> Option<&str> {
    let content = content?;
    let mut texts = content.items().filter_map(|item| item.get("text"));
    content
        .as_str()
        .or_else(|| texts.next().and_then(Node::as_str))
}
