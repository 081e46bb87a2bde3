//! Claude Desktop's logs: messages after a time and two brackets, the level
//! and the server's name, in `mcp.log` in this order and in a server's own file
//! in the other. The log cuts long messages and adds text after some.

use super::call::{RecordedArguments, RecordedCall, RecordedRequest, Server};
use super::chunk::Chunk;
use super::collector::Collector;
use super::jsonrpc;
use super::log::LogFormat;
use super::message::{Envelope, Identity, Side, error_response};
use super::options::Format;
use super::outline::Outline;
use super::pointer::Pointer;
use super::reason;
use super::response::Response;
use super::tolerant_json::{Json, cut_mark};
use mcppolicy_engine::time::Time;

const NO_MESSAGE: &str = "no message between client and server";
const WITHOUT_CONTENT: &str = "a tool call logged without its content";
const CUT: &str = "a message that the log cut beyond recognition";

/// Claude Desktop's logs.
#[derive(Default)]
pub(super) struct ClaudeDesktop;

impl LogFormat for ClaudeDesktop {
    fn format(&self) -> Format {
        Format::ClaudeDesktop
    }

    fn read_chunk(&mut self, chunk: Chunk<'_>, collector: &mut Collector) {
        let Some(entry) = Entry::read(chunk.text) else {
            return collector.skip(chunk.line, NO_MESSAGE);
        };
        let Some((sender, text)) = said(entry.message) else {
            return collector.skip(chunk.line, NO_MESSAGE);
        };
        let mut envelope = Envelope {
            line: chunk.line,
            time: Some(entry.time),
            sender: Some(sender),
            leg: None,
            identity: Identity::default(),
            server: match entry.server {
                Some(name) => Server::Named(name.to_owned()),
                None => Server::Unknown,
            },
            exchange: None,
            would_block: None,
            cut: cut_mark(text).is_some(),
            bytes: chunk.text.len(),
        };
        if !text.starts_with(['{', '[']) {
            return collector.skip(chunk.line, summary(text));
        }
        let is_whole = |rest: &str| rest.is_empty() || rest.starts_with("{ metadata:");
        match Json::parse_first(text) {
            Ok((json, rest)) if is_whole(rest.trim_start()) => {
                jsonrpc::message(&json, json.root(), Pointer::Root, &envelope, collector)
            }
            Ok(_) if !envelope.cut => collector.skip(chunk.line, reason::NOT_JSON),
            Err(reason) if !envelope.cut => collector.skip(chunk.line, reason),
            _ => {
                envelope.cut = true;
                remains(text, &envelope, collector);
            }
        }
    }
}

/// The parts of one line.
struct Entry<'a> {
    time: Time,
    server: Option<&'a str>,
    message: &'a str,
}

impl<'a> Entry<'a> {
    fn read(text: &'a str) -> Option<Entry<'a>> {
        let (time, rest) = text.split_once(' ')?;
        let time = Time::parse(time).and_then(Time::in_calendar).ok()?;
        let (first, rest) = bracket(rest)?;
        let second = bracket(rest);
        let (server, message) = match (is_level(first), second) {
            (true, Some((name, rest))) => (Some(name), rest),
            (true, None) => (None, rest),
            (false, Some((level, rest))) if is_level(level) => (Some(first), rest),
            (false, _) => (Some(first), rest),
        };
        Some(Entry {
            time,
            server,
            message: message.trim_start(),
        })
    }
}

/// Whether a line is one of these logs.
pub(super) fn is_entry(text: &str) -> bool {
    Entry::read(text).is_some()
}

/// The text in the bracket at the beginning, and what follows.
fn bracket(text: &str) -> Option<(&str, &str)> {
    text.trim_start().strip_prefix('[')?.split_once(']')
}

fn is_level(text: &str) -> bool {
    let levels = [
        "debug", "error", "fatal", "info", "log", "silly", "trace", "verbose", "warn", "warning",
    ];
    levels.iter().any(|level| text.eq_ignore_ascii_case(level))
}

/// Who sent what.
fn said(message: &str) -> Option<(Side, &str)> {
    let rest = message.strip_prefix("Message from ")?;
    let (sender, text) = rest.split_once(": ")?;
    match sender {
        "client" => Some((Side::Client, text.trim())),
        "server" => Some((Side::Server, text.trim())),
        _ => None,
    }
}

/// Why a message of which the log keeps only a summary is skipped.
fn summary(text: &str) -> &'static str {
    if text.contains("method=\"tools/call\"") {
        WITHOUT_CONTENT
    } else {
        NO_MESSAGE
    }
}

/// What a message was of which the log keeps a head and a tail.
fn remains(text: &str, envelope: &Envelope, collector: &mut Collector) {
    let (start, end) = cut_mark(text).unwrap_or((text.len(), text.len()));
    let head = Outline::scan(text.get(..start).unwrap_or_default());
    let id = head.scalar("id").or_else(|| id_in_tail(text.get(end..)?));
    let key = |requester| id.as_deref().map(|id| envelope.key(Some(requester), id));
    match (
        envelope.sender,
        head.text("method"),
        head.text("params.name"),
    ) {
        (Some(Side::Client), Some("tools/call"), Some(name)) => {
            let call = RecordedCall {
                line: envelope.line,
                server: envelope.server.clone(),
                time: envelope.time,
                id: id.clone(),
                ..RecordedCall::new(RecordedRequest::Tool {
                    name: Some(name.to_owned()),
                    arguments: RecordedArguments::Unknown,
                })
            };
            collector.call(
                call,
                envelope.identity.clone(),
                key(Side::Client).as_deref(),
                envelope.bytes,
            );
        }
        (Some(Side::Client), Some("tools/call"), None) => {
            collector.skip(envelope.line, reason::NO_NAME);
        }
        (Some(sender), Some(method), _) => {
            collector.other(method);
            key(sender).iter().for_each(|key| collector.request(key));
        }
        (Some(Side::Server), None, _) => {
            let response = if head.has_inside("error") {
                Some(error_response(0.0))
            } else {
                head.has_inside("result").then_some(Response::Result)
            };
            let answered = key(Side::Client)
                .filter(|_| response.is_some())
                .is_some_and(|key| collector.answer(&key, response, envelope.time));
            if !answered {
                collector.skip(envelope.line, CUT);
            }
        }
        _ => collector.skip(envelope.line, CUT),
    }
}

/// The id at the very end of a message: `…},"jsonrpc":"2.0","id":5}`.
fn id_in_tail(tail: &str) -> Option<String> {
    let tail = tail.strip_suffix("{ metadata: undefined }").unwrap_or(tail);
    let (_, rest) = tail.rsplit_once("\"id\":")?;
    let raw = rest.trim().strip_suffix('}')?.trim();
    let id: serde_json::Value = serde_json::from_str(raw).ok()?;
    (id.is_number() || id.is_string()).then(|| id.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_brackets_come_in_either_order() {
        let read = |text: &str| {
            let entry = Entry::read(text)?;
            Some((entry.server.map(str::to_owned), entry.message.to_owned()))
        };
        let time = "2025-12-16T16:06:55.750Z";
        let message = "Message".to_owned();
        for brackets in ["[info] [Name]", "[Name] [info]"] {
            let line = format!("{time} {brackets} Message");
            let expected = (Some("Name".to_owned()), message.clone());
            assert_eq!(read(&line), Some(expected));
        }
        assert_eq!(
            read(&format!("{time} [info] Message")),
            Some((None, message))
        );
        assert_eq!(read("no time [info] Message"), None);
    }

    #[test]
    fn an_id_is_found_at_the_end_of_what_remains() {
        assert_eq!(
            id_in_tail("xyz\"}]},\"jsonrpc\":\"2.0\",\"id\":5}").as_deref(),
            Some("5")
        );
        assert_eq!(
            id_in_tail("\"id\":\"a\"} { metadata: undefined }").as_deref(),
            Some("\"a\"")
        );
        assert_eq!(id_in_tail("\"id\":{\"x\":1}}"), None);
    }
}
