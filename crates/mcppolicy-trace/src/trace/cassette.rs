//! Cassettes of mcp-cassette, which record a session for tests that play it back
//! (`cassette.py` of <https://github.com/cheneeheng/mcp-cassette>): one document
//! with the messages as they were, each with its sender and the milliseconds since
//! the recording began.
//!
//! ```json
//! {"format_version":2,"recorded_at":"2026-11-20T10:00:00Z","transport":"stdio","session_id":null,"server_info":{"name":"files","version":"1"},"messages":[{"seq":0,"t_offset_ms":125,"sender":"client","kind":"request","method":"tools/call","msg_id":1,"payload":{"jsonrpc":"2.0","id":1,"method":"tools/call",…}}]}
//! ```
//!
//! What the recorder took out of a message is marked (`redacted`): the arguments of
//! such a call are unknown.

use super::call::Server;
use super::chunk::{Chunk, LineFinder};
use super::collector::Collector;
use super::jsonrpc;
use super::log::LogFormat;
use super::message::{Envelope, Identity};
use super::options::Format;
use super::outline::Outline;
use super::pointer::Pointer;
use super::reason;
use super::spelling::{Spelled, is_true};
use super::timestamp;
use super::tolerant_json::Json;
use mcppolicy_engine::document::borrowed::Node;
use mcppolicy_engine::time::Time;

/// The messages of a cassette.
const MESSAGES: &str = "messages";

/// Whether the object at `at` of an outline is a cassette or a message of one.
pub(super) fn is_record(outline: &Outline, at: &str) -> bool {
    let has = |name: &str| outline.has(&format!("{at}{name}"));
    let is_cassette = has("format_version") && has("recorded_at");
    is_cassette || (has("t_offset_ms") && has("sender") && has("payload"))
}

/// Cassettes. What a cassette says of the whole session is before its messages.
#[derive(Default)]
pub(super) struct Cassette {
    begun: Option<Time>,
    session: Option<String>,
    server: Option<String>,
}

impl Cassette {
    /// The cassette that begins with `text`.
    pub fn of(text: &str) -> Cassette {
        let text = text.trim_start_matches('\u{FEFF}').trim_start();
        let outline = Outline::scan(text);
        Cassette {
            begun: outline.text("recorded_at").and_then(timestamp::in_text),
            session: outline.text("session_id").map(str::to_owned),
            server: outline.text("server_info.name").map(str::to_owned),
        }
    }

    fn message(
        &self,
        (json, pointer): (&Json<'_>, Pointer<'_>),
        message: Node<'_>,
        (line, bytes): (usize, usize),
        collector: &mut Collector,
    ) {
        let Some(payload) = message.get("payload") else {
            return collector.skip(line, reason::NO_MESSAGE);
        };
        let time = timestamp::after(self.begun, message.get("t_offset_ms"));
        let exchange = Spelled::Exchange.label(message);
        let envelope = Envelope {
            line,
            time,
            sender: Spelled::Direction
                .text(message)
                .and_then(|direction| collector.directions.way(direction).sender),
            leg: None,
            identity: Identity {
                grant: None,
                session: self.session.clone(),
                user: None,
            },
            // Where there is no session, ids count for the whole cassette.
            exchange: exchange.filter(|_| self.session.is_some()),
            server: self.server.clone().map_or(Server::Unknown, Server::Named),
            would_block: None,
            cut: is_true(message.get("redacted")),
            bytes,
        };
        match payload.as_str() {
            // A line of the server that was no message.
            Some(_) => collector.skip(line, reason::NO_MESSAGE),
            None => {
                let pointer = pointer.member("payload");
                jsonrpc::message(json, payload, pointer, &envelope, collector);
            }
        }
    }
}

impl LogFormat for Cassette {
    fn format(&self) -> Format {
        Format::Cassette
    }

    fn read_chunk(&mut self, chunk: Chunk<'_>, collector: &mut Collector) {
        let json = match chunk.read() {
            Ok(json) => json,
            Err(reason) => return collector.skip(chunk.line, reason),
        };
        let mut lines = LineFinder::new(chunk);
        let Some(messages) = json.root().get(MESSAGES) else {
            let place = (chunk.line, chunk.text.len());
            return self.message((&json, Pointer::Root), json.root(), place, collector);
        };
        // A whole cassette on one line.
        *self = Cassette::of(chunk.text);
        if messages.items().is_empty() {
            return collector.skip(chunk.line, reason::NO_CALL);
        }
        let mut bytes = chunk.text.len();
        let all = Pointer::Root.member(MESSAGES);
        for (index, message) in messages.items().enumerate() {
            let pointer = all.item(index);
            let place = (lines.line(message), std::mem::take(&mut bytes));
            self.message((&json, pointer), message, place, collector);
        }
    }
}
