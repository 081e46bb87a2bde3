//! What `opencode export` writes: a session with its messages, whose parts of the
//! type `tool` are calls with their state
//! (`packages/opencode/src/session/message-v2.ts` of
//! <https://github.com/sst/opencode>). A message may also be a line of its own.
//!
//! ```json
//! {"info":{"id":"ses_1"},"messages":[{"info":{"id":"msg_1","sessionID":"ses_1","role":"assistant"},"parts":[{"id":"prt_1","type":"tool","callID":"c1","tool":"db_delete","state":{"status":"completed","input":{"id":"a"},"output":"gone","time":{"start":1795168800000,"end":1795168801000}}}]}]}
//! ```

use super::call::Server;
use super::chunk::{Chunk, LineFinder};
use super::collector::Collector;
use super::log::LogFormat;
use super::options::Format;
use super::outline::Outline;
use super::pointer::Pointer;
use super::reason;
use super::records::Records;
use super::refusal::OPENCODE;
use super::spelling::Spelled;
use super::told::{Outcome, Told};
use super::tolerant_json::name_in;
use mcppolicy_engine::document::borrowed::Node;

/// Exports of OpenCode.
#[derive(Default)]
pub(super) struct OpenCode {
    session: Option<String>,
    parts: Records,
}

/// Whether the object at `at` of an outline is an export or a message.
pub(super) fn is_record(outline: &Outline, at: &str) -> bool {
    let inside = |name: &str| outline.has_inside(&format!("{at}{name}"));
    inside("info") && (inside("messages") || inside("parts"))
}

impl LogFormat for OpenCode {
    fn format(&self) -> Format {
        Format::OpenCode
    }

    fn share(&mut self, records: &Records) {
        self.parts = records.clone();
    }

    fn read_chunk(&mut self, chunk: Chunk<'_>, collector: &mut Collector) {
        let json = match chunk.read() {
            Ok(json) => json,
            Err(reason) => return collector.skip(chunk.line, reason),
        };
        let mut lines = LineFinder::new(chunk);
        let mut bytes = chunk.text.len();
        let mut found = false;
        let root = json.root();
        let messages = Spelled::Messages.items(root);
        let single = messages.is_empty().then_some((Pointer::Root, root));
        let all = Pointer::Root.member("messages");
        let several = messages.enumerate();
        let several = several.map(|(index, message)| (all.item(index), message));
        for (pointer, message) in single.into_iter().chain(several) {
            let info = message.get("info");
            let session = info.and_then(|info| name_in(info, &["sessionID", "id"]));
            if message.get("parts").is_some() {
                self.session = session.map(str::to_owned).or(self.session.take());
            }
            let parts = message.get("parts").map(Node::items).unwrap_or_default();
            let in_message = pointer.member("parts");
            for (index, part) in parts.enumerate() {
                if name_in(part, &["type"]) != Some("tool") {
                    continue;
                }
                found = true;
                let told = Told {
                    json: &json,
                    pointer: in_message.item(index),
                    line: lines.line(part),
                    time: None,
                    tool: None,
                    arguments: None,
                    id: Spelled::CallId.text(part),
                    session: self.session.clone(),
                    bytes: std::mem::take(&mut bytes),
                };
                self.part(part, told, collector);
            }
        }
        if !found {
            collector.skip(chunk.line, reason::NO_CALL);
        }
    }
}

impl OpenCode {
    fn part(&mut self, part: Node<'_>, told: Told<'_>, collector: &mut Collector) {
        let line = told.line;
        let is_new = collector.is_new(name_in(part, &["id"]), &self.parts);
        if !is_new {
            return collector.skip(line, reason::AGAIN);
        }
        let state = part.get("state");
        let of = |key: &str| state.and_then(|state| state.get(key));
        let text = |key: &str| of(key).and_then(Node::as_str);
        let mut time = |key: &str| collector.time(of("time").and_then(|time| time.get(key)));
        let (start, end) = (time("start"), time("end"));
        let name = name_in(part, &["tool"]);
        // A call without an id has its result in its own part.
        let key = told.id.map_or_else(|| format!("\0{line}"), str::to_owned);
        let told = Told {
            time: start,
            tool: name.map(|name| tool(name, collector)),
            arguments: of("input"),
            ..told
        };
        told.call(Some(&key), collector);
        let status = text("status").unwrap_or_default();
        if status == "completed" || status == "error" {
            let failed = status == "error";
            let outcome = Outcome {
                text: if failed {
                    text("error")
                } else {
                    text("output")
                },
                failed,
                refused: false,
                time: end,
            };
            outcome.answer(&key, (&OPENCODE, name.unwrap_or_default()), collector);
        }
    }
}

/// The server and the tool: the client writes `server_tool`, and its own tools
/// have names of one word.
fn tool(name: &str, collector: &mut Collector) -> (Server, String) {
    if name.contains('_') && !name.starts_with("mcp__") {
        collector.split_at(name, name, "_")
    } else {
        collector.split_name(name)
    }
}
