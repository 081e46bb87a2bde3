//! OTLP logs of agents (`resourceLogs`): the one wide source that records what a
//! client refused. A decision about a call and its result are two records with
//! the id of the call.
//!
//! ```json
//! {"timeUnixNano":"…","body":{"stringValue":"claude_code.tool_decision"},"attributes":[{"key":"tool_name","value":{"stringValue":"mcp__db__delete"}},{"key":"tool_use_id",…},{"key":"decision","value":{"stringValue":"reject"}}]}
//! {"timeUnixNano":"…","body":{"stringValue":"claude_code.tool_result"},"attributes":[{"key":"tool_name",…},{"key":"success","value":{"stringValue":"true"}},{"key":"duration_ms",…},{"key":"tool_input",…}]}
//! ```
//!
//! Sources: <https://code.claude.com/docs/en/monitoring-usage>, and `codex-rs/otel`
//! of <https://github.com/openai/codex>. Arguments are opt-in, and are cut:
//! those are unknown.

use super::attributes::{Attributes, any_value, member, nanos, passed, unless_taken_out};
use crate::trace::call::{RecordedArguments, RecordedCall, RecordedRequest, Server};
use crate::trace::collector::Collector;
use crate::trace::message::{Identity, result_of};
use crate::trace::reason;
use crate::trace::recent::{MOST_CALLS, Recent};
use crate::trace::refusal::{CLAUDE_CODE, CODEX, Fate};
use mcppolicy_engine::document::borrowed::Node;
use mcppolicy_engine::time::{Time, TimeDelta};
use mcppolicy_engine::value::Value;

/// The beginnings of the events' names, where they are not left out.
const AGENTS: [&str; 2] = ["claude_code.", "codex."];

/// The decisions that do not let a call through.
const REFUSING: [&str; 6] = ["reject", "rejected", "deny", "denied", "abort", "timed_out"];

/// Values of arguments from this length on may have been cut.
const SHORTEST_CUT: usize = 500;

/// What the events of a log have told.
pub(super) struct Events {
    /// The calls that are over.
    over: Recent,
}

impl Default for Events {
    fn default() -> Events {
        Events {
            over: Recent::new(MOST_CALLS),
        }
    }
}

/// A record that is about a call.
struct Event<'a> {
    attributes: Attributes<'a>,
    line: usize,
    time: Option<Time>,
    is_codex: bool,
    bytes: usize,
}

impl Events {
    /// Reads a log record.
    pub fn record(&mut self, node: Node<'_>, line: usize, collector: &mut Collector) {
        let attributes = Attributes::of(node);
        let body = member(node, "body", "body").and_then(any_value);
        let body = match &body {
            Some(Value::String(text)) => Some(text.as_str()),
            _ => None,
        };
        let name = attributes.text("event.name").or(body).unwrap_or_default();
        let is_codex = name.starts_with("codex.");
        let short = AGENTS.iter().find_map(|agent| name.strip_prefix(agent));
        let times = [
            member(node, "timeUnixNano", "time_unix_nano"),
            member(node, "observedTimeUnixNano", "observed_time_unix_nano"),
        ];
        let event = Event {
            line,
            time: match attributes.get("event.timestamp") {
                Some(time) => collector.time(Some(
                    member(time, "stringValue", "string_value").unwrap_or(time),
                )),
                None => times.into_iter().find_map(nanos),
            },
            is_codex,
            bytes: node.span().end.saturating_sub(node.span().start),
            attributes,
        };
        match short.unwrap_or(name) {
            "tool_decision" => self.decision(&event, collector),
            "tool_result" => self.result(&event, collector),
            _ => collector.skip(line, reason::NO_CALL),
        }
    }

    fn decision(&mut self, event: &Event<'_>, collector: &mut Collector) {
        let decision = event.attributes.text("decision").unwrap_or_default();
        let refuses = REFUSING.contains(&decision.to_ascii_lowercase().as_str());
        let Some(id) = event.key() else {
            // Only the result says that it is the same call.
            let reason = if refuses {
                reason::NOT_SENT
            } else {
                reason::NO_CALL
            };
            return collector.skip(event.line, reason);
        };
        if self.over.contains(&id) {
            return collector.skip(event.line, reason::NO_CALL);
        }
        if collector.open_call(&id).is_none() {
            event.call(&id, event.time, collector);
        }
        if refuses {
            collector.cancel(&id);
            self.over.insert(&id);
        }
    }

    fn result(&mut self, event: &Event<'_>, collector: &mut Collector) {
        let id = event.key();
        if id.as_ref().is_some_and(|id| self.over.contains(id)) {
            return collector.skip(event.line, reason::NO_CALL);
        }
        // Without an id no other record is about it.
        let key = id.clone().unwrap_or_else(|| format!("\0{}", event.line));
        if collector.open_call(&key).is_none() {
            event.call(&key, event.began(), collector);
        } else if let (Some(call), Ok((known, repeats))) =
            (collector.open_call(&key), event.arguments())
            && let RecordedRequest::Tool { arguments, .. } = &mut call.request
        {
            // The decision did not have the arguments.
            *arguments = known;
            call.repeats_an_argument = repeats;
        }
        let text = |key| event.attributes.text(key);
        let said = text("output").or_else(|| text("error")).unwrap_or_default();
        let client = if event.is_codex { CODEX } else { CLAUDE_CODE };
        let failed = event.flag("success") == Some(false);
        let decided = text("decision_type")
            .or_else(|| text("decision"))
            .unwrap_or_default();
        let fate = match client.fate(said, text("tool_name").unwrap_or_default()) {
            _ if REFUSING.contains(&decided) => Fate::NotSent,
            fate if failed => fate,
            _ => Fate::Sent,
        };
        match fate {
            Fate::NotSent => collector.cancel(&key),
            Fate::Unknown => collector.unknown_outcome(&key, said),
            Fate::Sent => {
                let shown = result_of(Some(said));
                let is_denied = shown.observed() == Some(crate::trace::response::Observed::Deny);
                let response = (is_denied || !failed).then_some(shown);
                collector.answer(&key, response, event.time)
            }
        };
        if let Some(id) = id {
            self.over.insert(&id);
        }
    }
}

impl Event<'_> {
    fn id(&self) -> Option<&str> {
        let keys = ["tool_use_id", "call_id", "gen_ai.tool.call.id"];
        keys.iter().find_map(|key| self.attributes.text(key))
    }

    fn session(&self) -> Option<&str> {
        let keys = ["session.id", "conversation.id", "gen_ai.conversation.id"];
        keys.iter().find_map(|key| self.attributes.text(key))
    }

    /// Under which a call waits for its other record: ids count for a session.
    fn key(&self) -> Option<String> {
        let session = self.session().unwrap_or_default();
        self.id().map(|id| format!("{session}\0{id}"))
    }

    fn flag(&self, key: &str) -> Option<bool> {
        match any_value(self.attributes.get(key)?)? {
            Value::Bool(flag) => Some(flag),
            Value::String(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// When the call began of which this is the end.
    fn began(&self) -> Option<Time> {
        let duration = self.attributes.get("duration_ms").and_then(any_value);
        let duration: f64 = match duration {
            Some(Value::Number(number)) => number,
            Some(Value::String(text)) => text.parse().unwrap_or(0.0),
            _ => 0.0,
        };
        let is_sane = (0.0..1e12).contains(&duration);
        let span = TimeDelta::nanos(if is_sane {
            duration as i128 * 1_000_000
        } else {
            0
        });
        let began = self.time?.plus(TimeDelta::nanos(-span.as_nanos()));
        began.in_calendar().ok()
    }

    fn arguments(&self) -> Result<(RecordedArguments, bool), &'static str> {
        let keys = ["tool_input", "arguments", "gen_ai.tool.call.arguments"];
        let Some(node) = keys.iter().find_map(|key| self.attributes.get(key)) else {
            return Ok((RecordedArguments::Unknown, false));
        };
        unless_taken_out(passed(node)?, is_cut)
    }

    /// A call that waits under `key` for what becomes of it.
    fn call(&self, key: &str, time: Option<Time>, collector: &mut Collector) {
        let (arguments, repeats_an_argument) = match self.arguments() {
            Ok(read) => read,
            Err(reason) => {
                collector.skip(self.line, reason);
                return collector.request(key);
            }
        };
        let text = |key: &str| self.attributes.text(key);
        let parameters = text("tool_parameters")
            .and_then(|text| serde_json::from_str::<serde_json::Value>(text).ok());
        let named = |key: &str| {
            let inner = parameters.as_ref().and_then(|of| of.get(key)?.as_str());
            let name = text(key).or(inner).filter(|name| !name.is_empty());
            name.map(str::to_owned)
        };
        let apart = named("mcp_server_name").or_else(|| named("mcp_server"));
        let name = named("mcp_tool_name").or_else(|| named("tool_name"));
        let Some(name) = name.as_deref() else {
            return collector.skip(self.line, reason::NO_NAME);
        };
        let (server, tool) = match apart {
            Some(server) if !name.starts_with("mcp__") => (Server::Named(server), name.to_owned()),
            _ => collector.split_name(name),
        };
        let call = RecordedCall {
            line: self.line,
            server,
            time,
            repeats_an_argument,
            id: self.id().map(str::to_owned),
            ..RecordedCall::new(RecordedRequest::Tool {
                name: Some(tool),
                arguments,
            })
        };
        let first = |keys: &[&str]| {
            let found = keys.iter().find_map(|key| self.attributes.text(key));
            found.map(str::to_owned)
        };
        let identity = Identity {
            grant: None,
            session: self.session().map(str::to_owned),
            user: first(&["user.id", "user.account_id", "user.email"]),
        };
        collector.call(call, identity, Some(key), self.bytes);
    }
}

/// Whether a value has been cut: it is long and ends as cuts do.
fn is_cut(text: &str) -> bool {
    let end = text.trim_end_matches([')', ']']);
    let marks = ["...", "\u{2026}", "truncated"];
    text.len() >= SHORTEST_CUT && marks.iter().any(|mark| end.ends_with(mark))
}
