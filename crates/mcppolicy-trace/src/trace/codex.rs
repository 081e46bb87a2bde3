//! Codex rollouts (`rollout-*.jsonl`): function calls with their arguments as
//! JSON in a string, results in later lines. Recent versions name the server
//! apart (`namespace`) and write an event at the end of each MCP call, which
//! says exactly which server and tool it was; some write only that event.

use std::collections::VecDeque;

use super::call::{RecordedArguments, RecordedCall, RecordedRequest, Server};
use super::chunk::Chunk;
use super::collector::Collector;
use super::log::LogFormat;
use super::message::{Identity, error_code, error_response, first_text, result_of};
use super::options::Format;
use super::reason;
use super::response::Response;
use super::tolerant_json::{Json, arguments, arguments_in_text, name_in};
use mcppolicy_engine::document::{Node, NodeKind};
use mcppolicy_engine::time::{Time, TimeDelta};

/// How many finished calls are remembered, so that an event about one of them
/// is no call of its own.
const MOST_FINISHED: usize = 256;

/// Codex rollouts.
#[derive(Default)]
pub(super) struct Codex {
    session: Option<String>,
    finished: VecDeque<String>,
}

impl LogFormat for Codex {
    fn format(&self) -> Format {
        Format::Codex
    }

    fn read_chunk(&mut self, chunk: Chunk<'_>, collector: &mut Collector) {
        let json = match Json::parse(chunk.text) {
            Ok(json) => json,
            Err(reason) => return collector.skip(chunk.line, reason),
        };
        let root = &json.root;
        // The first rollouts had no envelope.
        let enveloped = root.get("payload").is_some();
        let payload = root.get("payload").unwrap_or(root);
        let kind = |node: &Node| node.get("type").and_then(Node::as_str).map(str::to_owned);
        if kind(root).as_deref() == Some("session_meta") || (!enveloped && kind(root).is_none()) {
            self.session = name_in(payload, &["id"])
                .map(str::to_owned)
                .or(self.session.take());
            return collector.skip(chunk.line, reason::NO_CALL);
        }
        let entry = Entry {
            json: &json,
            payload,
            pointer: if enveloped { "/payload" } else { "" },
            time: collector.time(root.get("timestamp")),
            chunk,
        };
        match kind(payload).as_deref() {
            Some("function_call" | "custom_tool_call" | "local_shell_call") => {
                self.function_call(&entry, collector);
            }
            Some("function_call_output" | "custom_tool_call_output") => {
                self.output(&entry, collector)
            }
            Some("mcp_tool_call_end") => self.end(&entry, collector),
            _ => collector.skip(chunk.line, reason::NO_CALL),
        }
    }
}

/// One line.
struct Entry<'a> {
    json: &'a Json,
    payload: &'a Node,
    pointer: &'static str,
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

    fn function_call(&mut self, entry: &Entry<'_>, collector: &mut Collector) {
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
        if self.finished.iter().any(|finished| finished == id) && collector.open_call(id).is_none()
        {
            return;
        }
        let output = entry.payload.get("output");
        let text = first_text(output)
            .or_else(|| output.and_then(|output| first_text(output.get("content"))));
        let text = text.map(behind_preamble);
        if text.is_some_and(|text| text.starts_with("user rejected MCP tool call")) {
            collector.cancel(id);
        } else if !collector.answer(id, Some(shown_by(text)), entry.time) {
            return collector.skip(line, reason::NO_REQUEST);
        }
        self.finish(id);
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
            if self.finished.iter().any(|finished| finished == id) {
                return;
            }
            let repeats_an_argument = match entry.json.flaws("/payload/invocation") {
                Ok(repeats) => repeats,
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
                    arguments: arguments(invocation.and_then(|of| of.get("arguments"))),
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
        if failure.is_some_and(|failure| failure.contains("user rejected")) {
            collector.cancel(id);
        } else {
            let response = match (ok, failure) {
                (Some(ok), _) => Some(result_of(first_text(ok.get("content")))),
                (None, Some(failure)) => error_in(failure),
                (None, None) => None,
            };
            collector.answer(id, response, entry.time);
        }
        self.finish(id);
    }

    fn finish(&mut self, id: &str) {
        self.finished.push_back(id.to_owned());
        if self.finished.len() > MOST_FINISHED {
            self.finished.pop_front();
        }
    }
}

/// The arguments of a function call, and whether one is repeated.
fn called_with(payload: &Node) -> Result<(RecordedArguments, bool), &'static str> {
    if let Some(action) = payload.get("action") {
        return Ok((arguments(Some(action)), false));
    }
    match payload.get("arguments") {
        Some(Node {
            kind: NodeKind::String(text),
            ..
        }) if text.trim().is_empty() => Ok((RecordedArguments::from(None), false)),
        Some(Node {
            kind: NodeKind::String(text),
            ..
        }) => arguments_in_text(text),
        Some(value) => Ok((arguments(Some(value)), false)),
        // The client's own tools may take free text.
        None => Ok((RecordedArguments::Unknown, false)),
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
