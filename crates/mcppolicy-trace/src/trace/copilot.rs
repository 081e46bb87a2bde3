//! Copilot CLI sessions (`session-state/<session>/events.jsonl`): an event at the
//! beginning and one at the end of each call
//! (the streaming events of <https://github.com/github/copilot-sdk>).
//!
//! ```json
//! {"type":"session.start","id":"e1","timestamp":"…","data":{"sessionId":"s-1"}}
//! {"type":"tool.execution_start","id":"e2","timestamp":"…","data":{"toolCallId":"c1","toolName":"db-delete","mcpServerName":"db","mcpToolName":"delete","arguments":{"id":"a"}}}
//! {"type":"tool.execution_complete","id":"e3","timestamp":"…","data":{"toolCallId":"c1","success":true,"result":{"content":"gone"}}}
//! ```

use super::call::Server;
use super::chunk::Chunk;
use super::collector::Collector;
use super::log::LogFormat;
use super::options::Format;
use super::outline::Outline;
use super::pointer::Pointer;
use super::reason;
use super::records::Records;
use super::refusal::COPILOT;
use super::spelling::{Spelled, is_true};
use super::told::{Outcome, Told};
use super::tolerant_json::{Json, name_in};
use mcppolicy_engine::document::borrowed::Node;

/// The beginnings of the events' types.
const TYPES: [&str; 6] = [
    "session.",
    "user.",
    "assistant.",
    "tool.",
    "permission.",
    "hook.",
];

/// The codes of an error by which the client refuses a call.
const REFUSING: [&str; 4] = [
    "denied",
    "rejected",
    "permission_denied",
    "user_not_available",
];

/// Copilot CLI sessions.
#[derive(Default)]
pub(super) struct Copilot {
    session: Option<String>,
    records: Records,
}

/// Whether the object at `at` of an outline is an event.
pub(super) fn is_record(outline: &Outline, at: &str) -> bool {
    let kind = outline.text(&format!("{at}type")).unwrap_or_default();
    TYPES.iter().any(|start| kind.starts_with(start)) && outline.has_inside(&format!("{at}data"))
}

impl LogFormat for Copilot {
    fn format(&self) -> Format {
        Format::Copilot
    }

    fn share(&mut self, records: &Records) {
        self.records = records.clone();
    }

    fn read_chunk(&mut self, chunk: Chunk<'_>, collector: &mut Collector) {
        let json = match Json::parse(chunk.text) {
            Ok(json) => json,
            Err(reason) => return collector.skip(chunk.line, reason),
        };
        let root = json.root();
        let Some(data) = root.get("data") else {
            return collector.skip(chunk.line, reason::NO_CALL);
        };
        let kind = name_in(root, &["type"]).unwrap_or_default();
        let time = collector.time(Spelled::Time.of(root));
        if kind == "session.start" || kind == "session.resume" {
            let session = Spelled::Session.text(data).map(str::to_owned);
            self.session = session.or(self.session.take());
        }
        let is_start = kind == "tool.execution_start";
        if !is_start && kind != "tool.execution_complete" {
            return collector.skip(chunk.line, reason::NO_CALL);
        }
        let is_new = collector.is_new(name_in(root, &["id"]), &self.records);
        if !is_new {
            return collector.skip(chunk.line, reason::AGAIN);
        }
        let id = Spelled::CallId.text(data);
        if is_start {
            let told = Told {
                json: &json,
                pointer: Pointer::Root.member("data"),
                line: chunk.line,
                time,
                tool: tool(data, collector),
                arguments: Spelled::Arguments.of(data),
                id,
                session: self.session.clone(),
                bytes: chunk.text.len(),
            };
            return told.call(id, collector);
        }
        let error = data.get("error");
        let text_of = |node: Option<Node<'_>>, keys: &[&str]| {
            let node = node?;
            let text = node.as_str().or_else(|| name_in(node, keys));
            text.map(str::to_owned)
        };
        let text = text_of(error, &["message"])
            .or_else(|| text_of(data.get("result"), &["content", "detailedContent"]));
        let code = error.and_then(|error| name_in(error, &["code"]));
        let outcome = Outcome {
            text: text.as_deref(),
            failed: !is_true(data.get("success")),
            refused: code.is_some_and(|code| REFUSING.contains(&code)),
            time,
        };
        let name = id.and_then(|id| collector.name_of(id)).unwrap_or_default();
        let found = id.is_some_and(|id| outcome.answer(id, (&COPILOT, &name), collector));
        if !found {
            collector.skip(chunk.line, reason::NO_REQUEST);
        }
    }
}

/// The server and the tool.
fn tool(data: Node<'_>, collector: &mut Collector) -> Option<(Server, String)> {
    let name = name_in(data, &["mcpToolName", "toolName"])?;
    match name_in(data, &["mcpServerName"]) {
        Some(server) => Some((Server::Named(server.to_owned()), name.to_owned())),
        None => Some(collector.split_name(name)),
    }
}
