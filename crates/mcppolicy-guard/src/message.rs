//! One line of either side, read strictly.

use mcppolicy_engine::document::parse::{Trouble, parse_text};
use mcppolicy_engine::document::{Node, NodeKind};

use super::fold::{Spelled, spelled};
use super::pending::Id;
use super::refusal::Refusal;
use super::reply::Era;

/// The longest message of a client, in bytes: a log holds no longer line.
pub(crate) const LONGEST: usize = 16 << 20;

/// The method that a policy decides.
pub(crate) const CALL: &str = "tools/call";

/// The members of a message that a decision or its answer depends on.
const OF_A_MESSAGE: [&str; 4] = ["jsonrpc", "id", "method", "params"];

/// The members of a call's parameters that a decision depends on.
const OF_A_CALL: [&str; 2] = ["name", "arguments"];

/// The first protocol version in which every result says its type.
pub(crate) const STATELESS: &str = "2026-07-28";

/// How messages are told from one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    /// Each is a line.
    Line,
    /// Each is sent by itself, with its length.
    Body,
}

/// The text of a message without the ending of a line.
///
/// # Errors
/// A line that some readers of lines read as several, or what is not UTF-8.
pub(crate) fn content(line: &[u8], framing: Framing) -> Result<&str, Refusal> {
    if framing == Framing::Body {
        return std::str::from_utf8(line).map_err(|_| Refusal::NotJson);
    }
    let content = match line.strip_suffix(b"\n") {
        Some(line) => line.strip_suffix(b"\r").unwrap_or(line),
        None => line,
    };
    if content.iter().any(|byte| matches!(byte, b'\r' | b'\n')) {
        return Err(Refusal::CarriageReturn);
    }
    std::str::from_utf8(content).map_err(|_| Refusal::NotJson)
}

/// A client's message, read strictly.
///
/// # Errors
/// What is not strict JSON, and what readers could read in different ways.
pub(crate) fn read(text: &str) -> Result<Node, Refusal> {
    if text.len() > LONGEST {
        return Err(Refusal::TooLong);
    }
    let (root, defects) = parse_text(text).map_err(|_| Refusal::NotJson)?;
    let is_read_differently = defects.iter().any(|defect| {
        matches!(
            defect.trouble,
            Trouble::LoneSurrogate | Trouble::NumberOverflow
        )
    });
    if is_read_differently {
        return Err(Refusal::NotJson);
    }
    Ok(root)
}

/// Refuses members of a message that readers could take for one another.
pub(crate) fn check_members(message: &Node) -> Result<(), Refusal> {
    plainly(message, &OF_A_MESSAGE)
}

/// The same for the parameters of a call.
pub(crate) fn check_parameters(parameters: &Node) -> Result<(), Refusal> {
    plainly(parameters, &OF_A_CALL)
}

fn plainly(node: &Node, names: &[&'static str]) -> Result<(), Refusal> {
    names.iter().try_for_each(|name| match spelled(node, name) {
        Spelled::Plainly => Ok(()),
        Spelled::Repeated => Err(Refusal::Repeated(name)),
        Spelled::Otherwise => Err(Refusal::Twin(name)),
    })
}

/// The id of a message, with its text as it is written; `None` where there is
/// none that an answer could carry.
pub(crate) fn id<'t>(message: &Node, text: &'t str) -> Option<(Id, &'t str)> {
    if spelled(message, "id") != Spelled::Plainly {
        return None;
    }
    let node = message.get("id")?;
    let written = text.get(node.span.start..node.span.end)?;
    Id::of(node).map(|id| (id, written))
}

/// The protocol version that a message itself names.
pub(crate) fn version(message: &Node) -> Option<&str> {
    message
        .get("params")
        .and_then(|params| params.get("_meta"))
        .and_then(|meta| meta.get("io.modelcontextprotocol/protocolVersion"))
        .and_then(Node::as_str)
}

/// The era of the client that sent a request.
pub(crate) fn era(message: &Node) -> Era {
    match version(message) {
        Some(version) if version >= STATELESS => Era::Stateless,
        _ => Era::Older,
    }
}

/// Whether a server's response is a JSON-RPC error, which gives quota back. One
/// that has a result, too, is none.
pub(crate) fn is_error(response: &Node) -> bool {
    let error = response.get("error").map(|error| &error.kind);
    matches!(error, Some(NodeKind::Object(_) | NodeKind::String(_)))
        && response.get("result").is_none()
}
