//! Claude Code: session files (`projects/**/*.jsonl`), the headless client's
//! stream (`--output-format stream-json`), and the array of the same records
//! that the GitHub action keeps (`execution-file.json`, `--output-format json
//! --verbose`). Tool uses are in the assistant's messages, their results in
//! later messages of the user's side. Calls of subagents (sidechains) are calls
//! like any other.
//!
//! The headless client writes `session_id` for `sessionId`, no time, and not
//! always a `uuid`; what it refused it says again in `permission_denials` of the
//! record at the session's end
//! (<https://docs.claude.com/en/docs/claude-code/sdk/sdk-headless>,
//! <https://github.com/anthropics/claude-code-action>).
//!
//! A record that is written again, by compaction or when a session is resumed,
//! keeps its `uuid`; a record that a fork has copied names its origin in
//! `forkedFrom`.

use super::call::{RecordedCall, RecordedRequest};
use super::chunk::{Chunk, LineFinder};
use super::collector::Collector;
use super::log::LogFormat;
use super::message::{Identity, error_code, error_response, first_text, result_of};
use super::options::{Assumed, Format};
use super::outline::Outline;
use super::pointer::Pointer;
use super::reason;
use super::recent::{MOST_CALLS, Recent};
use super::records::Records;
use super::refusal::{CLAUDE_CODE, Fate};
use super::spelling::{Spelled, is_true};
use super::tolerant_json::{Json, name_in, written_arguments};
use mcppolicy_engine::document::borrowed::{Items, Node, NodeKind};

/// The types of records, in session files and in streams.
const TYPES: [&str; 11] = [
    "assistant",
    "user",
    "system",
    "result",
    "stream_event",
    "summary",
    "progress",
    "attachment",
    "rate_limit_event",
    "queue-operation",
    "file-history-snapshot",
];

/// Claude Code's records.
pub(super) struct ClaudeCode {
    records: Records,
    /// The calls that a record of their own has refused already.
    refused: Recent,
    /// The calls of headless sessions that have failed: the end of their session
    /// may say that they were refused. Session and id.
    failed: Vec<(String, String)>,
}

impl Default for ClaudeCode {
    fn default() -> ClaudeCode {
        ClaudeCode {
            records: Records::default(),
            refused: Recent::new(MOST_CALLS),
            failed: Vec::new(),
        }
    }
}

/// Whether the object at `at` of an outline is one of its records.
pub(super) fn is_record(outline: &Outline, at: &str) -> bool {
    let has = |name: &str| outline.has(&format!("{at}{name}"));
    let kind = outline.text(&format!("{at}type")).unwrap_or_default();
    has("leafUuid")
        || (has("sessionId") && !has("role") && !kind.contains('.'))
        || ((has("uuid") || has("session_id")) && has("message.role"))
        || (has("session_id") && TYPES.contains(&kind))
}

impl LogFormat for ClaudeCode {
    fn format(&self) -> Format {
        Format::ClaudeCode
    }

    fn share(&mut self, records: &Records) {
        self.records = records.clone();
    }

    fn read_chunk(&mut self, chunk: Chunk<'_>, collector: &mut Collector) {
        let json = match chunk.read() {
            Ok(json) => json,
            Err(reason) => return collector.skip(chunk.line, reason),
        };
        let mut lines = LineFinder::new(chunk);
        match json.root().kind() {
            NodeKind::Array(items) => {
                let each = chunk.text.len() / items.len().max(1);
                for (index, item) in items.enumerate() {
                    let record = Record {
                        json: &json,
                        root: item,
                        pointer: Pointer::Root.item(index),
                        line: lines.line(item),
                        bytes: each,
                    };
                    self.record(&record, collector);
                }
            }
            _ => {
                let record = Record {
                    json: &json,
                    root: json.root(),
                    pointer: Pointer::Root,
                    line: chunk.line,
                    bytes: chunk.text.len(),
                };
                self.record(&record, collector);
            }
        }
    }
}

/// One record.
struct Record<'a> {
    json: &'a Json<'a>,
    root: Node<'a>,
    /// Where it is in its chunk.
    pointer: Pointer<'a>,
    line: usize,
    bytes: usize,
}

impl<'a> Record<'a> {
    fn kind(&self) -> Option<&'a str> {
        name_in(self.root, &["type"])
    }

    fn session(&self) -> Option<&'a str> {
        name_in(self.root, &["sessionId", "session_id"])
    }

    /// Whether the headless client has written it.
    fn is_headless(&self) -> bool {
        self.root.get("sessionId").is_none()
    }

    /// The blocks of its message.
    fn blocks(&self) -> Items<'a> {
        let message = self.root.get("message");
        let content = message.and_then(|message| message.get("content"));
        content.map(Node::items).unwrap_or_default()
    }
}

fn kind(block: Node<'_>) -> Option<&str> {
    block.get("type").and_then(Node::as_str)
}

impl ClaudeCode {
    fn record(&mut self, record: &Record<'_>, collector: &mut Collector) {
        match record.kind() {
            Some("result") => self.session_ended(record, collector),
            Some("system") if name_in(record.root, &["subtype"]) == Some("permission_denied") => {
                return self.denied(record, collector);
            }
            _ => {}
        }
        let is_tool = |block: Node<'_>| matches!(kind(block), Some("tool_use" | "tool_result"));
        if !record.blocks().any(is_tool) {
            return collector.skip(record.line, reason::NO_CALL);
        }
        if record
            .root
            .get("forkedFrom")
            .is_some_and(|of| !of.is_null())
        {
            return collector.skip(record.line, reason::FORKED);
        }
        let uuid = name_in(record.root, &["uuid"]);
        let is_new = collector.is_new(uuid, &self.records);
        if !is_new {
            return collector.skip(record.line, reason::AGAIN);
        }
        let message = record.pointer.member("message");
        let content = message.member("content");
        for (index, block) in record.blocks().enumerate() {
            match kind(block) {
                Some("tool_use") => {
                    tool_use(record, block, content.item(index), collector);
                }
                Some("tool_result") => self.tool_result(record, block, collector),
                _ => {}
            }
        }
    }

    /// A call that was refused, in a record of its own before the result.
    fn denied(&mut self, record: &Record<'_>, collector: &mut Collector) {
        match Spelled::CallId.text(record.root) {
            Some(id) if collector.cancel(id) => {
                self.refused.insert(id);
            }
            _ => collector.skip(record.line, reason::NO_CALL),
        }
    }

    /// The end of a headless session, which lists what was refused in it.
    fn session_ended(&mut self, record: &Record<'_>, collector: &mut Collector) {
        let denials = record.root.get("permission_denials");
        for denial in denials.map(Node::items).unwrap_or_default() {
            if let Some(id) = Spelled::CallId.text(denial)
                && collector.cancel(id)
            {
                self.refused.insert(id);
            }
        }
        let session = record.session().unwrap_or_default();
        self.failed.retain(|(of, id)| {
            let ends = of == session;
            if ends && !self.refused.contains(id) {
                collector.settle(id);
            }
            !ends
        });
    }

    fn tool_result(&mut self, record: &Record<'_>, block: Node<'_>, collector: &mut Collector) {
        let Some(id) = Spelled::CallId.text(block) else {
            return collector.skip(record.line, reason::NO_REQUEST);
        };
        if self.refused.contains(id) {
            return;
        }
        let text = first_text(block.get("content"));
        let failed = is_true(block.get("is_error"));
        let found = match fate(record, text, failed, collector.name_of(id)) {
            Fate::NotSent => collector.cancel(id),
            Fate::Unknown => collector.unknown_outcome(id, text.unwrap_or_default()),
            Fate::Sent => {
                let response = match text.filter(|text| failed && is_error(text)) {
                    Some(text) => {
                        collector.assume(Assumed::ErrorText);
                        error_code(text).map(error_response)
                    }
                    None => Some(result_of(text)),
                };
                let time = collector.time(record.root.get("timestamp"));
                if failed && record.is_headless() && self.failed.len() < MOST_CALLS {
                    let session = record.session().unwrap_or_default();
                    self.failed.push((session.to_owned(), id.to_owned()));
                    collector.answer_for_now(id, response, time)
                } else {
                    collector.answer(id, response, time)
                }
            }
        };
        if !found {
            collector.skip(record.line, reason::NO_REQUEST);
        }
    }
}

/// What a result says of whether its call was sent. What the record says in a
/// member of its own comes before the words.
fn fate(record: &Record<'_>, text: Option<&str>, failed: bool, tool: Option<String>) -> Fate {
    let results = record.blocks();
    let is_only = results
        .filter(|block| kind(*block) == Some("tool_result"))
        .count()
        == 1;
    // Of several results, what the record says is of those that failed.
    let denial = record
        .root
        .get("toolDenialKind")
        .filter(|_| failed || is_only);
    match denial.and_then(Node::as_str) {
        // The call may have been under way.
        Some("interrupted") => return Fate::Unknown,
        Some(kind) if !kind.is_empty() => return Fate::NotSent,
        _ => {}
    }
    if !failed {
        return Fate::Sent;
    }
    let tool = tool.unwrap_or_default();
    let beside = record.root.get("toolUseResult").filter(|_| is_only);
    let beside = beside.and_then(Node::as_str);
    let fates = [beside, text].map(|text| text.map(|text| CLAUDE_CODE.fate(text, &tool)));
    let is = |fate| fates.contains(&Some(fate));
    if is(Fate::NotSent) {
        Fate::NotSent
    } else if is(Fate::Unknown) {
        Fate::Unknown
    } else {
        Fate::Sent
    }
}

fn tool_use(record: &Record<'_>, block: Node<'_>, pointer: Pointer<'_>, collector: &mut Collector) {
    let id = name_in(block, &["id"]);
    let read = record.json.flaws(pointer).and_then(|repeats| {
        let (arguments, inside) = written_arguments(block.get("input"))?;
        Ok((arguments, repeats || inside))
    });
    let (arguments, repeats_an_argument) = match read {
        Ok(read) => read,
        Err(reason) => {
            collector.skip(record.line, reason);
            return id.into_iter().for_each(|id| collector.request(id));
        }
    };
    let Some(name) = name_in(block, &["name"]) else {
        return collector.skip(record.line, reason::NO_NAME);
    };
    let (server, tool) = collector.split_name(name);
    let call = RecordedCall {
        line: record.line,
        server,
        time: collector.time(record.root.get("timestamp")),
        repeats_an_argument,
        id: id.map(str::to_owned),
        ..RecordedCall::new(RecordedRequest::Tool {
            name: Some(tool),
            arguments,
        })
    };
    let identity = Identity {
        session: record.session().map(str::to_owned),
        ..Identity::default()
    };
    collector.call(call, identity, id, record.bytes);
}

/// Whether a text is how clients show that a call had no result.
fn is_error(text: &str) -> bool {
    let head = text.split_at_checked(10).map_or("", |(head, _)| head);
    head.eq_ignore_ascii_case("MCP error ")
}
