//! Claude Code session files (`projects/**/*.jsonl`): tool uses in the
//! assistant's messages, their results in later messages of the user's side.
//! Calls of subagents (sidechains) are calls like any other.

use super::account::{Assumed, Format};
use super::lenient::{Json, arguments, first_text, name_in, result_of};
use super::log::{LogFormat, Piece};
use super::sink::{Sink, Who, reason};
use super::{RecordedCall, RecordedRequest, Response};
use mcppolicy_engine::document::{Node, push_pointer};
use mcppolicy_engine::value::Value;

/// What the client writes in place of a result when the call was never sent.
const NOT_SENT: [&str; 2] = [
    "The user doesn't want to proceed with this tool use",
    "Claude requested permissions to use",
];

/// Claude Code session files.
#[derive(Default)]
pub(super) struct ClaudeCode;

impl LogFormat for ClaudeCode {
    fn format(&self) -> Format {
        Format::ClaudeCode
    }

    fn piece(&mut self, piece: Piece<'_>, sink: &mut Sink) {
        let json = match Json::parse(piece.text) {
            Ok(json) => json,
            Err(reason) => return sink.pass_over(piece.line, reason),
        };
        let content = json
            .root
            .get("message")
            .and_then(|message| message.get("content"));
        let mut found = false;
        for (index, block) in content
            .map(Node::items)
            .unwrap_or_default()
            .iter()
            .enumerate()
        {
            match block.get("type").and_then(Node::as_str) {
                Some("tool_use") => {
                    let pointer = push_pointer("/message/content", &index.to_string());
                    tool_use(&json, block, &pointer, piece, sink);
                }
                Some("tool_result") => tool_result(&json.root, block, piece, sink),
                _ => continue,
            }
            found = true;
        }
        if !found {
            sink.pass_over(piece.line, reason::NO_CALL);
        }
    }
}

fn tool_use(json: &Json, block: &Node, pointer: &str, piece: Piece<'_>, sink: &mut Sink) {
    let id = name_in(block, &["id"]);
    let repeats_an_argument = match json.flaws(pointer) {
        Ok(repeats) => repeats,
        Err(reason) => {
            sink.pass_over(piece.line, reason);
            return id.into_iter().for_each(|id| sink.request(id));
        }
    };
    let Some(name) = name_in(block, &["name"]) else {
        return sink.pass_over(piece.line, reason::NO_NAME);
    };
    let (server, tool) = sink.split_name(name);
    let call = RecordedCall {
        line: piece.line,
        server,
        time: sink.time(json.root.get("timestamp")),
        repeats_an_argument,
        id: id.map(str::to_owned),
        ..RecordedCall::new(RecordedRequest::Tool {
            name: Some(tool),
            arguments: arguments(block.get("input")),
        })
    };
    let who = Who {
        session: name_in(&json.root, &["sessionId"]).map(str::to_owned),
        ..Who::default()
    };
    sink.call(call, who, id, piece.text.len());
}

fn tool_result(root: &Node, block: &Node, piece: Piece<'_>, sink: &mut Sink) {
    let Some(id) = name_in(block, &["tool_use_id"]) else {
        return sink.pass_over(piece.line, reason::NO_REQUEST);
    };
    let text = first_text(block.get("content"));
    let failed = block
        .get("is_error")
        .is_some_and(|flag| flag.to_value() == Value::Bool(true));
    let rejected =
        root.get("toolUseResult").and_then(Node::as_str) == Some("User rejected tool use");
    let unsent = text.is_some_and(|text| NOT_SENT.iter().any(|start| text.starts_with(start)));
    if failed && (rejected || unsent) {
        if !sink.take_back(id) {
            sink.pass_over(piece.line, reason::NO_REQUEST);
        }
        return;
    }
    let found = match text.filter(|text| failed && is_error(text)) {
        Some(text) => {
            sink.assume(Assumed::ErrorText);
            error_code(text).map(error_response)
        }
        None => Some(result_of(text)),
    };
    let time = sink.time(root.get("timestamp"));
    if !sink.answer(id, found, time) {
        sink.pass_over(piece.line, reason::NO_REQUEST);
    }
}

/// Whether a text is how clients show that a call had no result.
fn is_error(text: &str) -> bool {
    let head = text.split_at_checked(10).map_or("", |(head, _)| head);
    head.eq_ignore_ascii_case("MCP error ")
}

/// The code in the words by which clients show a JSON-RPC error, such as
/// `MCP error -32603: boom`. A timeout and a closed connection are shown in the
/// same words and are no response.
pub(super) fn error_code(text: &str) -> Option<f64> {
    let lower = text.to_ascii_lowercase();
    let (code, message) = lower.strip_prefix("mcp error ")?.split_once(':')?;
    let own = ["request timed out", "connection closed", "aborterror"];
    let message = message.trim_start();
    if own.iter().any(|words| message.starts_with(words)) {
        return None;
    }
    code.trim().parse::<i32>().ok().map(f64::from)
}

/// A JSON-RPC error of which only the code is known.
pub(super) fn error_response(code: f64) -> Response {
    Response::Error(Value::Object(
        [("code".to_owned(), Value::from(code))].into(),
    ))
}
