//! Codex rollouts (`rollout-*.jsonl`): function calls with their arguments as
//! JSON in a string, results in later lines. Recent versions name the server
//! apart (`namespace`) and write an event at the end of each MCP call, which
//! says exactly which server and tool it was; some write only that event.
//!
//! A forked session begins with what it has copied from the other session, with
//! new times (`codex-rs/core/src/rollout` of <https://github.com/openai/codex>):
//! [`fork`] says where its own first turn begins.
//!
//! The events of `codex exec --json` are read by [`exec`].

mod exec;
mod fork;

use super::call::{RecordedArguments, RecordedCall, RecordedRequest, Server};
use super::chunk::Chunk;
use super::collector::Collector;
use super::log::LogFormat;
use super::message::{Identity, error_code, error_response, first_text, result_of};
use super::options::Format;
use super::outline::Outline;
use super::pointer::Pointer;
use super::reason;
use super::recent::{MOST_CALLS, Recent};
use super::records::Records;
use super::refusal::{CODEX, Fate};
use super::response::Response;
use super::tolerant_json::{Json, arguments, name_in, written_arguments};
use fork::Fork;
use mcppolicy_engine::document::borrowed::Node;
use mcppolicy_engine::time::{Time, TimeDelta};

/// Codex rollouts.
pub(super) struct Codex {
    session: Option<String>,
    fork: Fork,
    /// Finished calls, so that an event about one of them is no call of its own.
    finished: Recent,
    /// The calls that the logs of the run have shown.
    records: Records,
}

impl Default for Codex {
    fn default() -> Codex {
        Codex {
            session: None,
            fork: Fork::default(),
            finished: Recent::new(MOST_CALLS),
            records: Records::default(),
        }
    }
}

/// The types of records in an envelope.
const TYPES: [&str; 5] = [
    "session_meta",
    "response_item",
    "event_msg",
    "turn_context",
    "compacted",
];

/// The types of items that are calls, and that are their outputs.
const CALLS: [&str; 3] = ["function_call", "custom_tool_call", "local_shell_call"];
const OUTPUTS: [&str; 2] = ["function_call_output", "custom_tool_call_output"];

/// Whether the object at `at` of an outline is one of its records.
pub(super) fn is_record(outline: &Outline, at: &str) -> bool {
    let has = |name: &str| outline.has(&format!("{at}{name}"));
    let kind = outline.text(&format!("{at}type")).unwrap_or_default();
    // The messages of an API have the same type, and other blocks.
    let block = outline
        .text(&format!("{at}content.0.type"))
        .unwrap_or_default();
    let is_others = [
        "text",
        "tool_use",
        "tool_result",
        "mcp_tool_use",
        "thinking",
    ]
    .contains(&block);
    let is_item = (CALLS.contains(&kind) || OUTPUTS.contains(&kind)) && has("call_id");
    (TYPES.contains(&kind) && outline.has_inside(&format!("{at}payload")))
        || exec::is_event(outline, at)
        // The first rollouts had no envelope. Messages of a chat have no type.
        || is_item
        || has("record_type")
        || (kind == "message" && has("role") && has("content") && !is_others)
}

impl LogFormat for Codex {
    fn format(&self) -> Format {
        Format::Codex
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
        // The first rollouts had no envelope.
        let enveloped = root.get("payload").is_some();
        let payload = root.get("payload").unwrap_or(root);
        let kind = |node: Node<'_>| node.get("type").and_then(Node::as_str).map(str::to_owned);
        if exec::is_record(root) {
            return self.exec_event(&json, chunk, collector);
        }
        if kind(root).as_deref() == Some("session_meta") || (!enveloped && kind(root).is_none()) {
            // A fork's file has the other session's record behind its own.
            if !self.fork.begins(root, payload) {
                let session = name_in(payload, &["id", "session_id"]).map(str::to_owned);
                self.session = session.or(self.session.take());
                // Another session may use the same ids.
                self.finished = Recent::new(MOST_CALLS);
            }
            return collector.skip(chunk.line, reason::NO_CALL);
        }
        let entry = Entry {
            json: &json,
            payload,
            pointer: match enveloped {
                true => Pointer::Root.member("payload"),
                false => Pointer::Root,
            },
            time: collector.time(root.get("timestamp")),
            chunk,
        };
        let kind = kind(payload).unwrap_or_default();
        let is_call = CALLS.contains(&kind.as_str()) || kind == "mcp_tool_call_end";
        let is_output = OUTPUTS.contains(&kind.as_str());
        let is_copied = self.fork.is_copied(payload, entry.time, collector);
        if is_copied && (is_call || is_output) {
            collector.skip(chunk.line, reason::FORKED);
        } else if kind == "mcp_tool_call_end" {
            self.end(&entry, collector);
        } else if is_call {
            self.function_call(&entry, collector);
        } else if is_output {
            self.output(&entry, collector);
        } else {
            collector.skip(chunk.line, reason::NO_CALL);
        }
    }
}

/// One line.
struct Entry<'a> {
    json: &'a Json<'a>,
    payload: Node<'a>,
    pointer: Pointer<'static>,
    time: Option<Time>,
    chunk: Chunk<'a>,
}

impl Entry<'_> {
    fn id(&self) -> Option<&str> {
        name_in(self.payload, &["call_id"])
    }
}

impl Codex {
    fn identity(&self) -> Identity {
        Identity {
            session: self.session.clone(),
            ..Identity::default()
        }
    }

    /// Whether a call of this session, with this id and time, has been read already:
    /// of a rollout that is kept in a second place, or of lines that were copied.
    fn is_again(&mut self, entry: &Entry<'_>, collector: &mut Collector) -> bool {
        let (Some(session), Some(id), Some(time)) = (&self.session, entry.id(), entry.time) else {
            return false;
        };
        let key = format!("{session}\0{id}\0{time}");
        let is_new = collector.is_new(Some(&key), &self.records);
        if !is_new {
            self.finished.insert(id);
            collector.skip(entry.chunk.line, reason::AGAIN);
        }
        !is_new
    }

    fn function_call(&mut self, entry: &Entry<'_>, collector: &mut Collector) {
        if self.is_again(entry, collector) {
            return;
        }
        let line = entry.chunk.line;
        let payload = entry.payload;
        let read = entry
            .json
            .flaws(entry.pointer)
            .and_then(|_| called_with(payload));
        let (arguments, repeats_an_argument) = match read {
            Ok(read) => read,
            Err(reason) => {
                collector.skip(line, reason);
                return entry.id().into_iter().for_each(|id| collector.request(id));
            }
        };
        let shell = payload.get("action").map(|_| "local_shell");
        let Some(name) = name_in(payload, &["name"]).or(shell) else {
            return collector.skip(line, reason::NO_NAME);
        };
        let namespace =
            name_in(payload, &["namespace"]).and_then(|space| space.strip_prefix("mcp__"));
        let (server, tool) = match namespace {
            Some(server) => {
                let server = server.trim_end_matches("__").to_owned();
                (Server::Named(server), name.to_owned())
            }
            None => collector.split_name(name),
        };
        let call = RecordedCall {
            line,
            server,
            time: entry.time,
            repeats_an_argument,
            id: entry.id().map(str::to_owned),
            ..RecordedCall::new(RecordedRequest::Tool {
                name: Some(tool),
                arguments,
            })
        };
        let key = entry.id().map(str::to_owned);
        collector.call(
            call,
            self.identity(),
            key.as_deref(),
            entry.chunk.text.len(),
        );
    }

    fn output(&mut self, entry: &Entry<'_>, collector: &mut Collector) {
        let line = entry.chunk.line;
        let Some(id) = entry.id() else {
            return collector.skip(line, reason::NO_REQUEST);
        };
        if self.finished.contains(id) && collector.open_call(id).is_none() {
            return;
        }
        let output = entry.payload.get("output");
        let text = first_text(output)
            .or_else(|| output.and_then(|output| first_text(output.get("content"))));
        let text = text.map(behind_preamble);
        let said = text.unwrap_or_default();
        let found = match CODEX.fate(said, "") {
            Fate::NotSent => collector.cancel(id),
            Fate::Unknown => collector.unknown_outcome(id, said),
            Fate::Sent => collector.answer(id, Some(shown_by(text)), entry.time),
        };
        if !found {
            return collector.skip(line, reason::NO_REQUEST);
        }
        self.finished.insert(id);
    }

    fn end(&mut self, entry: &Entry<'_>, collector: &mut Collector) {
        let line = entry.chunk.line;
        let invocation = entry.payload.get("invocation");
        let name = |key| invocation.and_then(|invocation| name_in(invocation, &[key]));
        let (Some(server), Some(tool), Some(id)) = (name("server"), name("tool"), entry.id())
        else {
            return collector.skip(line, reason::NO_NAME);
        };
        if collector.open_call(id).is_none() {
            if self.finished.contains(id) || self.is_again(entry, collector) {
                return;
            }
            let given = invocation.and_then(|of| of.get("arguments"));
            let payload = Pointer::Root.member("payload");
            let read = entry.json.flaws(payload.member("invocation"));
            let read = read.and_then(|repeats| {
                let (arguments, inside) = written_arguments(given)?;
                Ok((arguments, repeats || inside))
            });
            let (arguments, repeats_an_argument) = match read {
                Ok(read) => read,
                Err(reason) => return collector.skip(line, reason),
            };
            let call = RecordedCall {
                line,
                server: Server::Named(server.to_owned()),
                time: began(entry),
                repeats_an_argument,
                id: Some(id.to_owned()),
                ..RecordedCall::new(RecordedRequest::Tool {
                    name: Some(tool.to_owned()),
                    arguments,
                })
            };
            collector.call(call, self.identity(), Some(id), entry.chunk.text.len());
        } else if let Some(call) = collector.open_call(id) {
            // The event has the server's name apart.
            call.server = Server::Named(server.to_owned());
            if let RecordedRequest::Tool { name, .. } = &mut call.request {
                *name = Some(tool.to_owned());
            }
        }
        self.result(entry, id, collector);
    }

    fn result(&mut self, entry: &Entry<'_>, id: &str, collector: &mut Collector) {
        let result = entry.payload.get("result");
        let ok = result.and_then(|result| result.get("Ok"));
        let failure = result
            .and_then(|result| result.get("Err"))
            .and_then(Node::as_str);
        ended(id, ok, failure, entry.time, collector);
        self.finished.insert(id);
    }
}

/// What came of an MCP call, as an event at its end says: a result, or how it
/// failed.
fn ended(
    id: &str,
    ok: Option<Node<'_>>,
    failure: Option<&str>,
    time: Option<Time>,
    collector: &mut Collector,
) {
    let response = match (ok, failure) {
        (Some(ok), _) => Some(result_of(first_text(ok.get("content")))),
        (None, Some(failure)) => match CODEX.fate(failure, "") {
            Fate::NotSent => {
                collector.cancel(id);
                return;
            }
            Fate::Unknown => {
                collector.unknown_outcome(id, failure);
                return;
            }
            Fate::Sent => error_in(failure),
        },
        (None, None) => None,
    };
    collector.answer(id, response, time);
}

/// The arguments of a function call, and whether one is repeated.
fn called_with(payload: Node<'_>) -> Result<(RecordedArguments, bool), &'static str> {
    if let Some(action) = payload.get("action") {
        return Ok((arguments(Some(action)), false));
    }
    match payload.get("input") {
        // The client's own tools may take free text.
        Some(_) if payload.get("arguments").is_none() => Ok((RecordedArguments::Unknown, false)),
        _ => written_arguments(payload.get("arguments")),
    }
}

/// When a call began of which only the end is recorded.
fn began(entry: &Entry<'_>) -> Option<Time> {
    let duration = entry.payload.get("duration")?;
    let part = |key| duration.get(key).and_then(Node::as_number).unwrap_or(0.0);
    let (seconds, nanos) = (part("secs"), part("nanos"));
    if !(0.0..1e9).contains(&seconds) || !(0.0..1e9).contains(&nanos) {
        return None;
    }
    let nanos = seconds as i128 * 1_000_000_000 + nanos as i128;
    let began = entry.time?.plus(TimeDelta::nanos(-nanos));
    began.in_calendar().ok()
}

/// The tool's own text in an output that says first how long it took.
fn behind_preamble(text: &str) -> &str {
    match text
        .strip_prefix("Wall time:")
        .and_then(|rest| rest.split_once("\nOutput:\n"))
    {
        Some((_, output)) => output,
        None => text,
    }
}

fn shown_by(text: Option<&str>) -> Response {
    text.and_then(error_in).unwrap_or_else(|| result_of(text))
}

/// The JSON-RPC error in a failure's words; other failures are no response.
fn error_in(failure: &str) -> Option<Response> {
    let at = failure.to_ascii_lowercase().find("mcp error: -")?;
    let code = failure.get(at..)?.split_once(": ")?.1;
    error_code(&format!("MCP error {code}")).map(error_response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_read_from_a_failures_words() {
        let failure = "tool call failed for `a/b`: Mcp error: -32603: boom";
        assert_eq!(error_in(failure), Some(error_response(-32603.0)));
        assert_eq!(error_in("tool call failed for `a/b`: timed out"), None);
        assert_eq!(error_in("Mcp error: -32001: Request timed out"), None);
    }

    #[test]
    fn a_preamble_about_the_time_taken_is_no_part_of_the_output() {
        assert_eq!(
            behind_preamble("Wall time: 0.0 seconds\nOutput:\n[x]"),
            "[x]"
        );
        assert_eq!(behind_preamble("plain"), "plain");
    }
}
