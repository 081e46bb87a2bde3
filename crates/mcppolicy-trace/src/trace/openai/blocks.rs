//! The shapes of other makers' transcripts: blocks of Anthropic's messages, and
//! items of OpenAI's responses.
//!
//! ```json
//! {"role":"assistant","content":[{"type":"mcp_tool_use","id":"t1","name":"delete","server_name":"db","input":{"id":"a"}}]}
//! {"object":"response","output":[{"type":"mcp_call","id":"m1","server_label":"db","name":"delete","arguments":"{\"id\":\"a\"}","output":"gone","error":null}]}
//! ```
//!
//! Sources: <https://docs.claude.com/en/docs/agents-and-tools/mcp-connector> and
//! <https://platform.openai.com/docs/api-reference/responses/object>.

use super::Reading;
use crate::trace::call::Server;
use crate::trace::collector::Collector;
use crate::trace::message::{error_response, first_text, result_of};
use crate::trace::outline::Outline;
use crate::trace::pointer::Pointer;
use crate::trace::reason;
use crate::trace::response::Response;
use crate::trace::spelling::Spelled;
use crate::trace::told::Told;
use crate::trace::tolerant_json::name_in;
use mcppolicy_engine::document::borrowed::Node;

/// The types of blocks and items that are calls, and that are results.
const CALLS: [&str; 4] = ["tool_use", "mcp_tool_use", "function_call", "mcp_call"];
const RESULTS: [&str; 3] = ["tool_result", "mcp_tool_result", "function_call_output"];

/// Whether the object at `at` of an outline is a response, or an item of one that
/// no other format has.
pub(super) fn is_record(outline: &Outline, at: &str) -> bool {
    let text = |name: &str| outline.text(&format!("{at}{name}"));
    text("object") == Some("response")
        || text("output.0.type").is_some()
        || matches!(
            text("type"),
            Some("mcp_call" | "mcp_list_tools" | "mcp_approval_request")
        )
}

impl Reading<'_> {
    /// Reads the blocks in a message's content.
    pub(super) fn blocks(
        &mut self,
        message: Node<'_>,
        pointer: Pointer<'_>,
        collector: &mut Collector,
    ) {
        let content = message.get("content").map(Node::items).unwrap_or_default();
        let all = pointer.member("content");
        for (index, block) in content.enumerate() {
            self.item(block, all.item(index), collector);
        }
    }

    /// Reads the items of a response; whether it is one.
    pub(super) fn response(
        &mut self,
        node: Node<'_>,
        pointer: Pointer<'_>,
        collector: &mut Collector,
    ) -> bool {
        let output = node.get("output").map(Node::items).unwrap_or_default();
        let typed = |item: Node<'_>| item.get("type").is_some();
        if !output.clone().any(typed) {
            return self.item(node, pointer, collector);
        }
        // The request repeats what came before: only results are new there.
        let given = node.get("input").map(Node::items).unwrap_or_default();
        for item in given {
            let kind = name_in(item, &["type"]).unwrap_or_default();
            if let Some(id) = Spelled::CallId
                .text(item)
                .filter(|_| RESULTS.contains(&kind))
            {
                collector.answer(id, Some(shown(item)), None);
            }
        }
        let all = pointer.member("output");
        for (index, item) in output.enumerate() {
            self.item(item, all.item(index), collector);
        }
        true
    }

    /// Reads a block or an item; whether it is a call or a result.
    fn item(&mut self, item: Node<'_>, pointer: Pointer<'_>, collector: &mut Collector) -> bool {
        let kind = name_in(item, &["type"]).unwrap_or_default();
        if RESULTS.contains(&kind) {
            self.found = true;
            let found = Spelled::CallId
                .text(item)
                .is_some_and(|id| collector.answer(id, Some(shown(item)), None));
            if !found {
                let line = self.lines.line(item);
                collector.skip(line, reason::NO_REQUEST);
            }
        }
        if !CALLS.contains(&kind) {
            return RESULTS.contains(&kind);
        }
        self.found = true;
        let line = self.lines.line(item);
        let ids = ["call_id", "id"];
        let id = name_in(item, &ids);
        let server = name_in(item, &["server_name", "server_label"]);
        let tool = name_in(item, &["name"]).map(|name| match server {
            Some(server) => (Server::Named(server.to_owned()), name.to_owned()),
            None if name.starts_with("mcp__") => collector.split_name(name),
            None => (Server::Default, name.to_owned()),
        });
        // Its result is in the item itself.
        let is_whole = kind == "mcp_call";
        let own = format!("\0{pointer}");
        let key = if is_whole { Some(own.as_str()) } else { id };
        let told = Told {
            json: self.json,
            pointer,
            line,
            time: None,
            tool,
            arguments: Spelled::Arguments.of(item),
            id,
            session: self.session.clone(),
            bytes: std::mem::take(&mut self.bytes),
        };
        told.call(key, collector);
        if is_whole {
            collector.answer(&own, outcome(item), None);
        }
        true
    }
}

/// What came of an `mcp_call`.
fn outcome(item: Node<'_>) -> Option<Response> {
    let given = |key| item.get(key).filter(|node: &Node<'_>| !node.is_null());
    if let Some(error) = given("error") {
        let code = error.get("code").and_then(Node::as_number);
        // Codes of HTTP are positive, and come from before the server.
        return match code {
            Some(code) if code < 0.0 => Some(error_response(code)),
            Some(_) => None,
            None => Some(shown(error)),
        };
    }
    given("output").map(|output| result_of(first_text(Some(output))))
}

fn shown(node: Node<'_>) -> Response {
    let content = ["content", "output"].iter().find_map(|key| node.get(key));
    result_of(first_text(content))
}
