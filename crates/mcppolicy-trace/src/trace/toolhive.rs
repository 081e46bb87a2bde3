//! Audit events of ToolHive's proxy, which carry its decision
//! (<https://docs.stacklok.com/toolhive/guides-k8s/logging>, package `audit` of
//! <https://github.com/stacklok/toolhive>). The message itself is in them only
//! when the proxy is told to keep it.
//!
//! ```json
//! {"audit_id":"a1","type":"mcp_tool_call","logged_at":"…","outcome":"denied","component":"db","subjects":{"user":"ann"},"target":{"method":"tools/call","name":"delete","type":"tool"},"data":{"request":{"params":{"name":"delete","arguments":{"id":"a"}}}}}
//! ```

use super::call::{RecordedArguments, RecordedCall, RecordedRequest, Server};
use super::chunk::Chunk;
use super::collector::Collector;
use super::log::LogFormat;
use super::message::{Identity, error_response};
use super::options::Format;
use super::outline::Outline;
use super::pointer::Pointer;
use super::reason;
use super::records::Records;
use super::response::Observed;
use super::tolerant_json::{Json, arguments, name_in};
use mcppolicy_engine::document::borrowed::Node;

/// Audit events of ToolHive.
#[derive(Default)]
pub(super) struct ToolHive {
    records: Records,
}

/// Whether the object at `at` of an outline is an event.
pub(super) fn is_record(outline: &Outline, at: &str) -> bool {
    let has = |name: &str| outline.has(&format!("{at}{name}"));
    has("audit_id") && has("outcome") && has("type")
}

impl LogFormat for ToolHive {
    fn format(&self) -> Format {
        Format::ToolHive
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
        let target = root.get("target");
        let of = |node: Option<Node<'_>>, key: &str| {
            node.and_then(|node| name_in(node, &[key]))
                .map(str::to_owned)
        };
        let is_call = name_in(root, &["type"]) == Some("mcp_tool_call");
        let method = of(target, "method").filter(|_| !is_call);
        match method.as_deref() {
            Some("tools/call") => {}
            Some(method) => return collector.other(method),
            None if is_call => {}
            None => return collector.skip(chunk.line, reason::NO_CALL),
        }
        let is_new = collector.is_new(name_in(root, &["audit_id"]), &self.records);
        if !is_new {
            return collector.skip(chunk.line, reason::AGAIN);
        }
        let data = Pointer::Root.member("data");
        let repeats_an_argument = match json.flaws(data.member("request")) {
            Ok(repeats) => repeats,
            Err(reason) => return collector.skip(chunk.line, reason),
        };
        let request = root.get("data").and_then(|data| data.get("request"));
        let params = request.map(|request| request.get("params").unwrap_or(request));
        let name = of(params, "name").or_else(|| of(target, "name"));
        let Some(name) = name else {
            return collector.skip(chunk.line, reason::NO_NAME);
        };
        let outcome = name_in(root, &["outcome"]).unwrap_or_default();
        let call = RecordedCall {
            line: chunk.line,
            server: match name_in(root, &["component"]) {
                Some(server) => Server::Named(server.to_owned()),
                None => Server::Unknown,
            },
            time: collector.time(root.get("logged_at").or_else(|| root.get("time"))),
            repeats_an_argument,
            // Whatever else became of it, it was let through. Where the response
            // is a JSON-RPC error, its code is not kept.
            response: (outcome == "application_error").then(|| error_response(0.0)),
            observed: match outcome {
                "denied" => Some(Observed::Deny),
                "success" | "application_error" => Some(Observed::Allow),
                _ => None,
            },
            ..RecordedCall::new(RecordedRequest::Tool {
                name: Some(name),
                arguments: match params {
                    Some(params) => arguments(params.get("arguments")),
                    None => RecordedArguments::Unknown,
                },
            })
        };
        let extra = root.get("source").and_then(|source| source.get("extra"));
        let identity = Identity {
            grant: None,
            session: of(extra, "session_id"),
            user: of(root.get("subjects"), "user"),
        };
        collector.call(call, identity, None, chunk.text.len());
    }
}
