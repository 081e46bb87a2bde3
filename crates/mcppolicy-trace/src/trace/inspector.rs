//! What the MCP Inspector exports from its screens: one array, of the entries of
//! History (`MessageEntry`) or of Network (`FetchRequestEntry`, both in
//! `core/mcp/types.ts` of <https://github.com/modelcontextprotocol/inspector>).
//! An entry may also be a line of its own.
//!
//! ```json
//! [{"id":"m-1","timestamp":"2026-11-20T10:00:00.000Z","direction":"request","origin":"client","message":{"jsonrpc":"2.0","id":1,"method":"tools/call",…},"response":{"jsonrpc":"2.0","id":1,"result":{…}},"duration":12}]
//! [{"id":"f-1","timestamp":"2026-11-20T10:00:00.000Z","method":"POST","url":"https://gw.example.com/mcp","requestHeaders":{"mcp-session-id":"s-1"},"requestBody":"{…}","responseStatus":200,"responseHeaders":{},"responseBody":"data: {…}\n\n","duration":12,"category":"transport"}]
//! ```
//!
//! `direction` says what a message is and not who sent it. That is `origin`; an
//! export without it comes from an Inspector that showed no responses of the client.
//! Network takes out what may be a credential, also within messages: the arguments
//! of such a call are unknown. What is kept of an exchange: [`super::exchange`].
//!
//! The newest entry may be the first. The entries are read in the order of their
//! times, as many at once as [`MOST_ENTRIES`] and [`MOST_BYTES`] allow.

use std::ops::Range;

use super::chunk::{Chunk, LineFinder};
use super::collector::Collector;
use super::exchange::{Exchange, Headers, messages};
use super::going_on;
use super::jsonrpc::{self, envelope, is_message, key};
use super::log::LogFormat;
use super::message::{Envelope, Side};
use super::options::Format;
use super::outline::Outline;
use super::pointer::Pointer;
use super::reason;
use super::recent::{MOST_CALLS, Recent};
use super::records::Records;
use super::timestamp;
use super::tolerant_json::Json;
use mcppolicy_engine::document::borrowed::Node;
use mcppolicy_engine::time::Time;

/// The most entries that are put in order.
const MOST_ENTRIES: usize = 65_536;

/// The most text of entries that are put in order, in bytes.
const MOST_BYTES: usize = 32 << 20;

/// The member with the time of an entry.
const TIMESTAMP: &str = "timestamp";

const OF_SERVER: &str = "a request of the server to its client";
const OF_LOGS: &str = "a message that the server has logged";
const OF_AUTH: &str = "an exchange with an authorization server";

/// What a message of History is.
const DIRECTIONS: [&str; 3] = ["request", "response", "notification"];

/// What an exchange of Network is about.
const CATEGORIES: [&str; 2] = ["auth", "transport"];

/// The methods of which only servers ask.
const METHODS_OF_SERVERS: [&str; 3] =
    ["sampling/createMessage", "elicitation/create", "roots/list"];

/// The members whose texts Network takes out, in lower case, and what it writes
/// in their place (`core/mcp/fetchTracking.ts`).
const SECRETS: [&str; 10] = [
    "access_token",
    "assertion",
    "client_assertion",
    "client_secret",
    "code",
    "code_verifier",
    "id_token",
    "password",
    "refresh_token",
    "token",
];
const TAKEN_OUT: &str = "[REDACTED]";

/// Whether the object at `at` of an outline is an entry of History or of Network.
pub(super) fn is_record(outline: &Outline, at: &str) -> bool {
    let has = |name: &str| outline.has(&format!("{at}{name}"));
    let inside = |name: &str| outline.has_inside(&format!("{at}{name}"));
    let is_one_of = |name: &str, known: &[&str]| {
        let text = outline.text(&format!("{at}{name}"));
        text.is_some_and(|text| known.contains(&text))
    };
    let is_entry = has("id") && has("timestamp");
    let is_history = is_one_of("direction", &DIRECTIONS) && inside("message");
    let is_network = is_one_of("category", &CATEGORIES) && has("url") && has("requestHeaders");
    is_entry && (is_history || is_network)
}

/// Whether the object at `at` of an outline is an entry of the Inspector's Logs
/// (`LogEntryData`), which hold no calls.
pub(super) fn is_logged(outline: &Outline, at: &str) -> bool {
    outline.has(&format!("{at}receivedAt")) && outline.has(&format!("{at}params.level"))
}

/// Exports of the MCP Inspector.
pub(super) struct Inspector {
    records: Records,
    /// The entries that are to be put in order.
    held: Vec<Held>,
    /// Their texts, one behind the other.
    texts: String,
    /// How many exchanges were read.
    exchanges: usize,
    /// The keys of requests whose entries hold their responses.
    answered: Recent,
}

/// An entry.
struct Held {
    line: usize,
    /// Where its text is among all.
    text: Range<usize>,
    time: Option<Time>,
}

impl Default for Inspector {
    fn default() -> Inspector {
        Inspector {
            records: Records::default(),
            held: Vec::new(),
            texts: String::new(),
            exchanges: 0,
            answered: Recent::new(MOST_CALLS),
        }
    }
}

impl LogFormat for Inspector {
    fn format(&self) -> Format {
        Format::Inspector
    }

    fn share(&mut self, records: &Records) {
        self.records = records.clone();
    }

    fn read_chunk(&mut self, chunk: Chunk<'_>, collector: &mut Collector) {
        if !chunk.text.trim_start().starts_with('[') {
            return self.hold(chunk, collector);
        }
        // A whole export on one line.
        let json = match chunk.read() {
            Ok(json) => json,
            Err(reason) => return collector.skip(chunk.line, reason),
        };
        let mut lines = LineFinder::new(chunk);
        if json.root().items().is_empty() {
            return collector.skip(chunk.line, reason::NO_CALL);
        }
        for entry in json.root().items() {
            let line = lines.line(entry);
            let text = chunk.text.get(entry.span().start..entry.span().end);
            let text = text.unwrap_or_default();
            self.hold(Chunk::new(line, text), collector);
        }
    }

    fn end(&mut self, collector: &mut Collector) {
        let texts = std::mem::take(&mut self.texts);
        for held in in_order(std::mem::take(&mut self.held)) {
            let text = texts.get(held.text).unwrap_or_default();
            self.entry(Chunk::new(held.line, text), collector);
        }
    }
}

/// Entries in the order of their times. Those of the same time keep their order,
/// or the opposite one where the newest was first; one without a time stays behind
/// the one before it.
fn in_order(mut entries: Vec<Held>) -> Vec<Held> {
    let mut times = entries.iter().filter_map(|entry| entry.time);
    let (first, last) = (times.next(), times.next_back());
    if last.is_some_and(|last| Some(last) < first) {
        entries.reverse();
    }
    let mut before = None;
    for entry in &mut entries {
        entry.time = entry.time.or(before);
        before = entry.time;
    }
    entries.sort_by_key(|entry| entry.time);
    entries
}

/// When an entry was made, also one that is cut off.
fn time_of(entry: Chunk<'_>) -> Option<Time> {
    let in_either = |text: Option<&str>, number: Option<f64>| {
        let time = text.and_then(timestamp::in_text);
        time.or_else(|| number.and_then(timestamp::since_epoch))
    };
    match entry.read() {
        Ok(json) => {
            let time = json.root().get(TIMESTAMP)?;
            in_either(time.as_str(), time.as_number())
        }
        Err(_) => {
            let outline = Outline::scan(entry.text.trim_start());
            let number = outline.scalar(TIMESTAMP).and_then(|raw| raw.parse().ok());
            in_either(outline.text(TIMESTAMP), number)
        }
    }
}

impl Inspector {
    /// Keeps an entry until it is its turn.
    fn hold(&mut self, chunk: Chunk<'_>, collector: &mut Collector) {
        if self.held.len() >= MOST_ENTRIES || self.texts.len() + chunk.text.len() > MOST_BYTES {
            self.end(collector);
        }
        let start = self.texts.len();
        self.texts.push_str(chunk.text);
        self.held.push(Held {
            line: chunk.line,
            text: start..self.texts.len(),
            time: time_of(chunk),
        });
    }

    /// Reads an entry.
    fn entry(&mut self, chunk: Chunk<'_>, collector: &mut Collector) {
        let line = chunk.line;
        let json = match chunk.read() {
            Ok(json) => json,
            Err(reason) => return collector.skip(line, reason),
        };
        let entry = json.root();
        let place = (line, chunk.text.len());
        let has = |name: &str| entry.get(name).is_some();
        if has("requestHeaders") || has("requestBody") || has("category") {
            self.exchange(entry, place, collector);
        } else if let Some(message) = entry.get("message").filter(|node| is_message(*node)) {
            self.message(&json, message, place, collector);
        } else if has("receivedAt") {
            collector.skip(line, OF_LOGS);
        } else {
            collector.skip(line, reason::NO_MESSAGE);
        }
    }

    /// Reads an entry of Network.
    fn exchange(
        &mut self,
        entry: Node<'_>,
        (line, bytes): (usize, usize),
        collector: &mut Collector,
    ) {
        if entry.get("category").and_then(Node::as_str) == Some("auth") {
            return collector.skip(line, OF_AUTH);
        }
        self.exchanges += 1;
        let body = |name: &str| {
            let body = entry.get(name).and_then(Node::as_str);
            body.map(messages).unwrap_or_default()
        };
        let [asks, answers] =
            ["requestHeaders", "responseHeaders"].map(|name| Headers(entry.get(name)));
        let sent = body("requestBody");
        let exchange = Exchange {
            line,
            number: self.exchanges,
            bytes,
            begun: entry.get(TIMESTAMP),
            millis: entry.get("duration"),
            url: entry.get("url"),
            status: entry.get("responseStatus"),
            session: asks.session().or_else(|| answers.session()),
            credential: asks.credential(),
            cut: sent.iter().flatten().any(|json| has_a_gap(json.root())),
            sent,
            received: body("responseBody"),
        };
        exchange.read(&self.records, collector);
    }

    /// Reads an entry of History.
    fn message(
        &mut self,
        json: &Json<'_>,
        message: Node<'_>,
        place: (usize, usize),
        collector: &mut Collector,
    ) {
        let entry = json.root();
        let sender = sender(entry, message);
        let pointer = Pointer::Root.member("message");
        let envelope = Envelope {
            sender: Some(sender),
            ..envelope(entry, place, collector)
        };
        if !message.items().is_empty() {
            return jsonrpc::message(json, message, pointer, &envelope, collector);
        }
        let id = message.get("id").filter(|id| !id.is_null());
        let Some(method) = message.get("method").and_then(Node::as_str) else {
            return self.response(message, &envelope, collector);
        };
        if sender == Side::Server && method == "tools/call" {
            return collector.skip(envelope.line, OF_SERVER);
        }
        jsonrpc::message(json, message, pointer, &envelope, collector);
        let (Some(id), Some(response)) = (id, entry.get("response")) else {
            return;
        };
        let key = key(&envelope, Some(sender), id);
        if entry
            .get("clientError")
            .is_some_and(|error| !error.is_null())
            && let Some(call) = collector.open_call(&key)
        {
            call.note.get_or_insert_with(|| REJECTED.to_owned());
        }
        let time = envelope.time;
        let later = Envelope {
            time: timestamp::after(time, entry.get("duration")),
            ..envelope
        };
        if going_on::answer(&key, response, &later, collector).is_some() {
            self.answered.insert(&key);
        }
    }

    /// Reads a response with an entry of its own.
    fn response(&mut self, message: Node<'_>, envelope: &Envelope, collector: &mut Collector) {
        let id = message.get("id").filter(|id| !id.is_null());
        let key = id.map(|id| key(envelope, envelope.sender.map(Side::other), id));
        let found = key
            .as_deref()
            .and_then(|key| going_on::answer(key, message, envelope, collector));
        let is_again = key.is_some_and(|key| self.answered.contains(&key));
        match found {
            Some(true) => {}
            Some(false) if is_again => collector.skip(envelope.line, reason::AGAIN),
            Some(false) => collector.skip(envelope.line, reason::NO_REQUEST),
            None => collector.skip(envelope.line, reason::NO_MESSAGE),
        }
    }
}

/// What is noted of a call whose response the client found wrong. It was one.
const REJECTED: &str = "the client has rejected the response";

/// Who sent the message of an entry.
fn sender(entry: Node<'_>, message: Node<'_>) -> Side {
    let method = message.get("method").and_then(Node::as_str);
    match (entry.get("origin").and_then(Node::as_str), method) {
        (Some("client"), _) => Side::Client,
        (Some("server"), _) => Side::Server,
        (_, Some(method)) if METHODS_OF_SERVERS.contains(&method) => Side::Server,
        (_, Some(_)) => Side::Client,
        // Without an origin, only the responses of servers are there.
        (_, None) => Side::Server,
    }
}

/// Whether something was taken out of the arguments of a call, or of one in a
/// batch.
fn has_a_gap(root: Node<'_>) -> bool {
    let arguments = |node: Node<'_>| {
        let arguments = node
            .get("params")
            .and_then(|params| params.get("arguments"));
        arguments.is_some_and(is_gapped)
    };
    arguments(root) || root.items().any(arguments)
}

/// Whether something was taken out of a value. A text is at most as deep as JSON is
/// read.
fn is_gapped(node: Node<'_>) -> bool {
    let is_secret = |key: &str| SECRETS.iter().any(|name| key.eq_ignore_ascii_case(name));
    let is_out = |node: Node<'_>| node.as_str() == Some(TAKEN_OUT);
    let mut members = node.members();
    members.any(|member| (is_secret(member.key) && is_out(member.value)) || is_gapped(member.value))
        || node.items().any(is_gapped)
}
