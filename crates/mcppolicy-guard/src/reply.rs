//! Messages that the guard writes itself.

use super::refusal::Refusal;

/// The answer to a denied call: a tool result, so that the agent reads why.
/// `id` is the id as the client wrote it.
pub(crate) fn denial(id: &str, text: &str, era: Era) -> String {
    let text = serde_json::Value::from(text);
    let kind = match era {
        Era::Older => "",
        Era::Stateless => "\"resultType\":\"complete\",",
    };
    format!(
        "{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{{{kind}\"content\":[{{\"type\":\"text\",\"text\":{text}}}],\"isError\":true}}}}"
    )
}

/// The answer to a message that is refused undecided.
pub(crate) fn refused(id: Option<&str>, refusal: Refusal) -> String {
    error(id, refusal.code(), &refusal.message())
}

/// A JSON-RPC error.
pub(crate) fn error(id: Option<&str>, code: i32, message: &str) -> String {
    let id = id.unwrap_or("null");
    let message = serde_json::Value::from(message);
    format!(
        "{{\"jsonrpc\":\"2.0\",\"id\":{id},\"error\":{{\"code\":{code},\"message\":{message}}}}}"
    )
}

/// Which results a client reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Era {
    /// Up to 2025-11-25.
    Older,
    /// From 2026-07-28 on, every result says its type.
    Stateless,
}
