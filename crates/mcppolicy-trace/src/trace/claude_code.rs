//! Claude Code session files (`projects/**/*.jsonl`): tool uses in the
//! assistant's messages, their results in later messages of the user's side.
//! Calls of subagents (sidechains) are calls like any other.

use super::call::{RecordedCall, RecordedRequest};
use super::chunk::Chunk;
use super::collector::Collector;
use super::log::LogFormat;
use super::message::{Identity, error_code, error_response, first_text, result_of};
use super::options::{Assumed, Format};
use super::reason;
use super::tolerant_json::{Json, arguments, name_in};
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

    fn read_chunk(&mut self, chunk: Chunk<'_>, collector: &mut Collector) {
        let json = match Json::parse(chunk.text) {
            Ok(json) => json,
            Err(reason) => return collector.skip(chunk.line, reason),
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
                    tool_use(&json, block, &pointer, chunk, collector);
                }
                Some("tool_result") => tool_result(&json.root, block, chunk, collector),
                _ => continue,
            }
            found = true;
        }
        if !found {
            collector.skip(chunk.line, reason::NO_CALL);
        }
    }
}

fn tool_use(json: &Json, block: &Node, pointer: &str, chunk: Chunk<'_>, collector: &mut Collector) {
    let id = name_in(block, &["id"]);
    let repeats_an_argument = match json.flaws(pointer) {
        Ok(repeats) => repeats,
        Err(reason) => {
            collector.skip(chunk.line, reason);
            return id.into_iter().for_each(|id| collector.request(id));
        }
    };
    let Some(name) = name_in(block, &["name"]) else {
        return collector.skip(chunk.line, reason::NO_NAME);
    };
    let (server, tool) = collector.split_name(name);
    let call = RecordedCall {
        line: chunk.line,
        server,
        time: collector.time(json.root.get("timestamp")),
        repeats_an_argument,
        id: id.map(str::to_owned),
        ..RecordedCall::new(RecordedRequest::Tool {
            name: Some(tool),
            arguments: arguments(block.get("input")),
        })
    };
    let identity = Identity {
        session: name_in(&json.root, &["sessionId"]).map(str::to_owned),
        ..Identity::default()
    };
    collector.call(call, identity, id, chunk.text.len());
}

fn tool_result(root: &Node, block: &Node, chunk: Chunk<'_>, collector: &mut Collector) {
    let Some(id) = name_in(block, &["tool_use_id"]) else {
        return collector.skip(chunk.line, reason::NO_REQUEST);
    };
    let text = first_text(block.get("content"));
    let failed = block
        .get("is_error")
        .is_some_and(|flag| flag.to_value() == Value::Bool(true));
    let rejected =
        root.get("toolUseResult").and_then(Node::as_str) == Some("User rejected tool use");
    let unsent = text.is_some_and(|text| NOT_SENT.iter().any(|start| text.starts_with(start)));
    if failed && (rejected || unsent) {
        if !collector.cancel(id) {
            collector.skip(chunk.line, reason::NO_REQUEST);
        }
        return;
    }
    let found = match text.filter(|text| failed && is_error(text)) {
        Some(text) => {
            collector.assume(Assumed::ErrorText);
            error_code(text).map(error_response)
        }
        None => Some(result_of(text)),
    };
    let time = collector.time(root.get("timestamp"));
    if !collector.answer(id, found, time) {
        collector.skip(chunk.line, reason::NO_REQUEST);
    }
}

/// Whether a text is how clients show that a call had no result.
fn is_error(text: &str) -> bool {
    let head = text.split_at_checked(10).map_or("", |(head, _)| head);
    head.eq_ignore_ascii_case("MCP error ")
}
