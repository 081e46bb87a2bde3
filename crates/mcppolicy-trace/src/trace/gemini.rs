//! Gemini CLI sessions (`tmp/<project>/chats/session-*.json` and `.jsonl`):
//! messages of the type `gemini` with their `toolCalls`, each with its result and
//! a status (`packages/core/src/services/chatRecordingService.ts` of
//! <https://github.com/google-gemini/gemini-cli>).
//!
//! ```json
//! {"sessionId":"s-1","startTime":"…","messages":[{"id":"m1","timestamp":"…","type":"gemini","content":"","toolCalls":[{"id":"delete-1","name":"mcp_db_delete","args":{"id":"a"},"status":"success","timestamp":"…","result":[{"functionResponse":{"id":"delete-1","name":"delete","response":{"output":"gone"}}}]}]}]}
//! ```
//!
//! A line for a message is written again when its calls go on; a call is told
//! once, with its last status.

use super::call::Server;
use super::chunk::{Chunk, LineFinder};
use super::collector::Collector;
use super::log::LogFormat;
use super::options::Format;
use super::outline::Outline;
use super::pointer::Pointer;
use super::reason;
use super::recent::{MOST_CALLS, Recent};
use super::refusal::GEMINI;
use super::spelling::Spelled;
use super::told::{Outcome, Told};
use super::tolerant_json::{Json, name_in};
use mcppolicy_engine::document::borrowed::Node;

/// Gemini CLI sessions.
pub(super) struct Gemini {
    session: Option<String>,
    over: Recent,
}

impl Default for Gemini {
    fn default() -> Gemini {
        Gemini {
            session: None,
            over: Recent::new(MOST_CALLS),
        }
    }
}

/// Whether the object at `at` of an outline is a session, its first line, or a
/// message.
pub(super) fn is_record(outline: &Outline, at: &str) -> bool {
    let has = |name: &str| outline.has(&format!("{at}{name}"));
    let kind = outline.text(&format!("{at}type"));
    has("projectHash")
        || (has("sessionId") && has("startTime") && has("messages"))
        || (kind == Some("gemini") && has("id"))
}

impl LogFormat for Gemini {
    fn format(&self) -> Format {
        Format::Gemini
    }

    fn read_chunk(&mut self, chunk: Chunk<'_>, collector: &mut Collector) {
        let json = match chunk.read() {
            Ok(json) => json,
            Err(reason) => return collector.skip(chunk.line, reason),
        };
        let root = json.root();
        if let Some(session) = name_in(root, &["sessionId"]) {
            self.session = Some(session.to_owned());
        }
        let mut reading = Reading {
            json: &json,
            lines: LineFinder::new(chunk),
            bytes: chunk.text.len(),
            found: false,
        };
        let messages = Spelled::Messages.items(root);
        if messages.is_empty() {
            self.message(root, Pointer::Root, &mut reading, collector);
        }
        let all = Pointer::Root.member("messages");
        for (index, message) in messages.enumerate() {
            self.message(message, all.item(index), &mut reading, collector);
        }
        if !reading.found {
            collector.skip(chunk.line, reason::NO_CALL);
        }
    }
}

/// A chunk while it is read.
struct Reading<'a> {
    json: &'a Json<'a>,
    lines: LineFinder<'a>,
    bytes: usize,
    found: bool,
}

impl Gemini {
    fn message(
        &mut self,
        message: Node<'_>,
        pointer: Pointer<'_>,
        reading: &mut Reading<'_>,
        collector: &mut Collector,
    ) {
        let calls = message.get("toolCalls").map(Node::items);
        let all = pointer.member("toolCalls");
        for (index, call) in calls.unwrap_or_default().enumerate() {
            reading.found = true;
            let line = reading.lines.line(call);
            let Some(id) = name_in(call, &["id"]) else {
                collector.skip(line, reason::NO_REQUEST);
                continue;
            };
            // A message that is written again has the same id.
            let of = name_in(message, &["id"]).unwrap_or_default();
            let key = format!("{of}\0{id}");
            if self.over.contains(&key) {
                continue;
            }
            let name = name_in(call, &["name"]);
            let time = call.get("timestamp").or_else(|| message.get("timestamp"));
            let time = collector.time(time);
            if collector.open_call(&key).is_none() {
                let told = Told {
                    json: reading.json,
                    pointer: all.item(index),
                    line,
                    time,
                    tool: name.map(|name| tool(name, name_in(call, &["displayName"]), collector)),
                    arguments: Spelled::Arguments.of(call),
                    id: Some(id),
                    session: self.session.clone(),
                    bytes: std::mem::take(&mut reading.bytes),
                };
                told.call(Some(&key), collector);
            }
            let status = name_in(call, &["status"]).unwrap_or_default();
            if ["success", "error", "cancelled"].contains(&status) {
                let outcome = Outcome {
                    text: call.get("result").and_then(shown),
                    failed: status != "success",
                    refused: false,
                    time: None,
                };
                outcome.answer(&key, (&GEMINI, name.unwrap_or_default()), collector);
                self.over.insert(&key);
            }
        }
    }
}

/// The text of a result: `[{"functionResponse":{"response":{"output":"…"}}}]`.
fn shown(result: Node<'_>) -> Option<&str> {
    let parts = result.items();
    let mut responses = parts.filter_map(|part| part.get("functionResponse")?.get("response"));
    responses
        .find_map(|response| name_in(response, &["output", "error"]))
        .or_else(|| result.as_str())
}

/// The server and the tool: newer versions write `mcp_server_tool`, older ones
/// the tool's own name, and name the server only where people read it.
fn tool(name: &str, display: Option<&str>, collector: &mut Collector) -> (Server, String) {
    let shown = display.and_then(|text| text.strip_suffix(" MCP Server)"));
    let server = shown
        .and_then(|text| text.rsplit_once('('))
        .map(|(_, server)| server);
    let after = name
        .strip_prefix("mcp_")
        .filter(|rest| !rest.starts_with('_'));
    match (server, after) {
        (Some(server), after) => {
            let prefix = [format!("{server}_"), format!("{server}__")];
            let rest = after.unwrap_or(name);
            let bare = prefix
                .iter()
                .rev()
                .find_map(|start| rest.strip_prefix(start));
            let tool = bare.unwrap_or(rest).to_owned();
            (Server::Named(server.to_owned()), tool)
        }
        (None, Some(rest)) => collector.split_at(name, rest, "_"),
        (None, None) if name.contains("__") && !name.starts_with("mcp__") => {
            collector.split_at(name, name, "__")
        }
        (None, None) => collector.split_name(name),
    }
}
