//! VS Code's output of an MCP server: a local time, the level, who sends to whom,
//! and the message
//! (<https://code.visualstudio.com/docs/copilot/chat/mcp-servers>, `mcpServer.ts`
//! of <https://github.com/microsoft/vscode>).
//!
//! ```text
//! 2026-07-24 02:03:14.089 [debug] [editor -> server] {"jsonrpc":"2.0",…}
//! 2026-07-24 02:03:14.090 [info] [Server Says] {"jsonrpc":"2.0",…}
//! ```
//!
//! A local time names no instant: it is read as if it were of UTC, which is
//! said.

use super::call::Server;
use super::chunk::Chunk;
use super::collector::Collector;
use super::jsonrpc;
use super::log::LogFormat;
use super::message::{Envelope, Identity, Side};
use super::options::{Assumed, Format};
use super::outline::Outline;
use super::pointer::Pointer;
use super::reason;
use super::tolerant_json::{Json, cut_mark};
use mcppolicy_engine::time::Time;

const NO_MESSAGE: &str = "no message between client and server";

/// The length of `2026-07-24 02:03:14.089`.
const TIME: usize = 23;

/// What is in the bracket before a message, and who has sent it.
const SENDERS: [(&str, Side); 6] = [
    ("editor -> server", Side::Client),
    ("server -> editor", Side::Server),
    ("client -> server", Side::Client),
    ("server -> client", Side::Server),
    ("Client Says", Side::Client),
    ("Server Says", Side::Server),
];

/// VS Code's output of an MCP server.
#[derive(Default)]
pub(super) struct VsCode;

/// The parts of one line.
struct Entry<'a> {
    time: Time,
    sender: Option<Side>,
    message: &'a str,
}

impl<'a> Entry<'a> {
    fn read(text: &'a str) -> Option<Entry<'a>> {
        let (time, rest) = text.split_at_checked(TIME)?;
        time.contains(' ').then_some(())?;
        let mut written = String::with_capacity(TIME + 1);
        written.push_str(time);
        written.push('Z');
        let time = Time::parse(&written);
        let time = time.and_then(Time::in_calendar).ok()?;
        let (_level, rest) = rest.strip_prefix(" [")?.split_once("] ")?;
        let mut senders = SENDERS.iter().filter_map(|(name, side)| {
            let message = rest.strip_prefix('[')?.strip_prefix(name)?;
            Some((*side, message.strip_prefix(']')?))
        });
        let (sender, message) = match senders.next() {
            Some((side, message)) => (Some(side), message),
            None => (None, rest),
        };
        Some(Entry {
            time,
            sender,
            message: message.trim(),
        })
    }
}

/// Whether a line is one of these logs.
pub(super) fn is_entry(text: &str) -> bool {
    Entry::read(text).is_some()
}

impl LogFormat for VsCode {
    fn format(&self) -> Format {
        Format::VsCode
    }

    fn read_chunk(&mut self, chunk: Chunk<'_>, collector: &mut Collector) {
        let Some(entry) = Entry::read(chunk.text) else {
            return collector.skip(chunk.line, NO_MESSAGE);
        };
        let is_message = entry.message.starts_with(['{', '[']);
        let Some(sender) = entry.sender.filter(|_| is_message) else {
            return collector.skip(chunk.line, NO_MESSAGE);
        };
        collector.assume(Assumed::LocalTime);
        let envelope = Envelope {
            line: chunk.line,
            time: Some(entry.time),
            sender: Some(sender),
            leg: None,
            identity: Identity::default(),
            server: Server::Unknown,
            exchange: None,
            would_block: None,
            cut: cut_mark(entry.message).is_some(),
            bytes: chunk.text.len(),
        };
        match Json::parse(entry.message) {
            Ok(json) => jsonrpc::message(&json, json.root(), Pointer::Root, &envelope, collector),
            Err(_) if Outline::end_of(entry.message).is_none() => {
                collector.skip(chunk.line, reason::CUT_OFF)
            }
            Err(reason) => collector.skip(chunk.line, reason),
        }
    }
}
