//! What a client gives to its hooks, kept as JSON Lines: one record before a
//! tool is used and one after it
//! (<https://docs.claude.com/en/docs/claude-code/hooks>).
//!
//! ```json
//! {"session_id":"s-1","hook_event_name":"PreToolUse","tool_name":"mcp__db__delete","tool_input":{"id":"a"},"tool_use_id":"t1"}
//! {"session_id":"s-1","hook_event_name":"PostToolUse","tool_name":"mcp__db__delete","tool_input":{"id":"a"},"tool_response":[{"type":"text","text":"gone"}],"tool_use_id":"t1"}
//! ```
//!
//! The two have an id in common, in older versions only what was called. A hook
//! runs before the client decides, so a call without its second record may not
//! have been sent; it counts.

use super::chunk::Chunk;
use super::collector::Collector;
use super::log::LogFormat;
use super::message::first_text;
use super::options::Format;
use super::outline::Outline;
use super::pointer::Pointer;
use super::reason;
use super::refusal::CLAUDE_CODE;
use super::spelling::Spelled;
use super::told::{Outcome, Told};
use super::tolerant_json::{Json, name_in};
use mcppolicy_engine::document::borrowed::Node;

/// Payloads of hooks.
#[derive(Default)]
pub(super) struct Hooks;

/// The events before and after a call, and those that say that it was refused.
const BEFORE: [&str; 2] = ["PreToolUse", "preToolUse"];
const AFTER: [&str; 4] = [
    "PostToolUse",
    "postToolUse",
    "PostToolUseFailure",
    "postToolUseFailure",
];
const REFUSED: [&str; 2] = ["PermissionDenied", "permissionDenied"];

/// Whether the object at `at` of an outline is a payload.
pub(super) fn is_record(outline: &Outline, at: &str) -> bool {
    outline.has(&format!("{at}hook_event_name"))
}

impl LogFormat for Hooks {
    fn format(&self) -> Format {
        Format::Hooks
    }

    fn read_chunk(&mut self, chunk: Chunk<'_>, collector: &mut Collector) {
        let json = match Json::parse(chunk.text) {
            Ok(json) => json,
            Err(reason) => return collector.skip(chunk.line, reason),
        };
        let root = json.root();
        let event = name_in(root, &["hook_event_name"]).unwrap_or_default();
        let is_before = BEFORE.contains(&event);
        if !is_before && !AFTER.contains(&event) && !REFUSED.contains(&event) {
            return collector.skip(chunk.line, reason::NO_CALL);
        }
        let id = Spelled::CallId.text(root);
        let session = name_in(root, &["session_id", "sessionId", "conversation_id"]);
        let name = name_in(root, &["tool_name"]);
        let input = root.get("tool_input");
        let key = id.map(str::to_owned).unwrap_or_else(|| {
            let input = input.map(Node::to_value);
            let input = input.map(|input| input.to_string()).unwrap_or_default();
            let (session, name) = (session.unwrap_or_default(), name.unwrap_or_default());
            format!("\0{session}\0{name}\0{input}")
        });
        let time = collector.time(Spelled::Time.of(root));
        if is_before || collector.open_call(&key).is_none() {
            let told = Told {
                json: &json,
                pointer: Pointer::Root,
                line: chunk.line,
                time,
                tool: name.map(|name| collector.split_name(name)),
                arguments: input,
                id,
                session: session.map(str::to_owned),
                bytes: chunk.text.len(),
            };
            told.call(Some(&key), collector);
        }
        if is_before {
            return;
        }
        let response = root.get("tool_response");
        let content = response.map(|of| of.get("content").unwrap_or(of));
        let outcome = Outcome {
            text: name_in(root, &["error"]).or_else(|| first_text(content)),
            failed: event.ends_with("Failure"),
            refused: REFUSED.contains(&event),
            time,
        };
        outcome.answer(&key, (&CLAUDE_CODE, name.unwrap_or_default()), collector);
    }
}
