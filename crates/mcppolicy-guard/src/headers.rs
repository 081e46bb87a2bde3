//! The headers of a request over HTTP that repeat what its message says.
//!
//! From 2026-07-28 on a client says method and name in headers, too, and what is
//! between it and the server may decide by them. A message that says something
//! else than its headers could be decided as one thing and done as another.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mcppolicy_engine::document::{Node, NodeKind};

use super::message::{self, STATELESS};
use super::refusal::Refusal;

const VERSION: &str = "MCP-Protocol-Version";
const METHOD: &str = "Mcp-Method";
const NAME: &str = "Mcp-Name";
const PARAMETER: &str = "Mcp-Param";

/// What the headers of a request say about its message; `None` where there is no
/// such header.
#[derive(Debug, Clone, Copy, Default)]
pub struct Headers<'h> {
    /// `MCP-Protocol-Version`.
    pub version: Option<&'h str>,
    /// `Mcp-Method`.
    pub method: Option<&'h str>,
    /// `Mcp-Name`.
    pub name: Option<&'h str>,
    /// The values of all headers whose names begin with `Mcp-Param-`.
    pub parameters: &'h [&'h str],
}

impl Headers<'_> {
    /// Refuses headers that do not say what the message says, and the lack of
    /// those that its protocol version requires.
    pub(crate) fn check(&self, message: &Node) -> Result<(), Refusal> {
        let method = message.get("method").and_then(Node::as_str);
        let params = message.get("params");
        let version = message::version(message);
        let is_request = method.is_some() && message.get("id").is_some();
        let is_new = [self.version, version]
            .into_iter()
            .flatten()
            .any(|version| version >= STATELESS);
        let must_be_there = is_request && is_new;
        if self.version != version && (must_be_there || self.version.is_some() && version.is_some())
        {
            return Err(Refusal::Header(VERSION));
        }
        if self.method != method && (must_be_there || self.method.is_some()) {
            return Err(Refusal::Header(METHOD));
        }
        if let Some(member) = method.and_then(named_by) {
            let named = params.and_then(|params| params.get(member));
            let named = named.and_then(Node::as_str);
            let said = self.name.map(decoded);
            let is_equal = match &said {
                Some(said) => said.as_deref() == named,
                None => !(must_be_there && named.is_some()),
            };
            if !is_equal {
                return Err(Refusal::Header(NAME));
            }
        }
        let arguments = params.and_then(|params| params.get("arguments"));
        let is_argument = |value: &&str| {
            decoded(value).is_some_and(|value| arguments.is_some_and(|node| holds(node, &value)))
        };
        match self.parameters.iter().all(is_argument) {
            true => Ok(()),
            false => Err(Refusal::Header(PARAMETER)),
        }
    }
}

/// The parameter that `Mcp-Name` repeats.
fn named_by(method: &str) -> Option<&'static str> {
    match method {
        message::CALL | "prompts/get" => Some("name"),
        "resources/read" => Some("uri"),
        "tasks/get" | "tasks/update" | "tasks/cancel" => Some("taskId"),
        _ => None,
    }
}

/// The value of a header, which may be in Base64; `None` for what is none.
fn decoded(value: &str) -> Option<String> {
    let inner = value.strip_prefix("=?base64?");
    let Some(inner) = inner.and_then(|inner| inner.strip_suffix("?=")) else {
        return Some(value.to_owned());
    };
    String::from_utf8(STANDARD.decode(inner).ok()?).ok()
}

/// Whether some value in the arguments is written so in a header.
fn holds(node: &Node, value: &str) -> bool {
    match &node.kind {
        NodeKind::String(text) => text == value,
        NodeKind::Bool(truth) => value == if *truth { "true" } else { "false" },
        NodeKind::Number(number) => value.parse() == Ok(*number),
        NodeKind::Array(items) => items.iter().any(|item| holds(item, value)),
        NodeKind::Object(members) => members.iter().any(|member| holds(&member.value, value)),
        NodeKind::Null => false,
    }
}
