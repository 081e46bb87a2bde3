//! What `codex exec --json` prints: events of a thread, of which those about
//! items of the type `mcp_tool_call` are calls. There is no time, and arguments
//! and result are in the item itself
//! (`codex-rs/exec/src/exec_events.rs` of <https://github.com/openai/codex>).
//!
//! ```json
//! {"type":"thread.started","thread_id":"t-1"}
//! {"type":"item.started","item":{"id":"item_0","type":"mcp_tool_call","server":"db","tool":"delete","arguments":{"id":"a"},"status":"in_progress"}}
//! {"type":"item.completed","item":{"id":"item_0","type":"mcp_tool_call","server":"db","tool":"delete","arguments":{"id":"a"},"result":{"content":[]},"error":null,"status":"completed"}}
//! ```

use super::{Codex, ended};
use crate::trace::call::{RecordedCall, RecordedRequest, Server};
use crate::trace::chunk::Chunk;
use crate::trace::collector::Collector;
use crate::trace::outline::Outline;
use crate::trace::pointer::Pointer;
use crate::trace::reason;
use crate::trace::tolerant_json::{Json, name_in, written_arguments};
use mcppolicy_engine::document::borrowed::Node;

/// The beginnings of the events' types.
const TYPES: [&str; 3] = ["thread.", "turn.", "item."];

fn is_type(kind: Option<&str>) -> bool {
    kind.is_some_and(|kind| TYPES.iter().any(|start| kind.starts_with(start)))
}

/// Whether the object at `at` of an outline is an event.
pub(super) fn is_event(outline: &Outline, at: &str) -> bool {
    let inside = |name: &str| outline.has(&format!("{at}{name}"));
    is_type(outline.text(&format!("{at}type")))
        && (inside("thread_id") || inside("item.type") || inside("usage"))
}

/// Whether a record is an event.
pub(super) fn is_record(root: Node<'_>) -> bool {
    is_type(name_in(root, &["type"])) && root.get("payload").is_none()
}

impl Codex {
    /// Reads an event.
    pub(super) fn exec_event(
        &mut self,
        json: &Json<'_>,
        chunk: Chunk<'_>,
        collector: &mut Collector,
    ) {
        let root = json.root();
        let line = chunk.line;
        if let Some(thread) = name_in(root, &["thread_id"]) {
            self.session = Some(thread.to_owned());
            // Items are numbered anew.
            collector.close_all();
        }
        let item = root.get("item");
        let is_call =
            |item: &Node<'_>| name_in(*item, &["type", "item_type"]) == Some("mcp_tool_call");
        let Some(item) = item.filter(is_call) else {
            return collector.skip(line, reason::NO_CALL);
        };
        let Some(tool) = name_in(item, &["tool"]) else {
            return collector.skip(line, reason::NO_NAME);
        };
        let id = name_in(item, &["id"]).unwrap_or_default();
        if collector.open_call(id).is_none() {
            let read = json
                .flaws(Pointer::Root.member("item"))
                .and_then(|repeats| {
                    let (arguments, inside) = written_arguments(item.get("arguments"))?;
                    Ok((arguments, repeats || inside))
                });
            let (arguments, repeats_an_argument) = match read {
                Ok(read) => read,
                Err(reason) => return collector.skip(line, reason),
            };
            let server = name_in(item, &["server"]);
            let call = RecordedCall {
                line,
                server: server.map_or(Server::Unknown, |name| Server::Named(name.to_owned())),
                repeats_an_argument,
                id: Some(id.to_owned()),
                ..RecordedCall::new(RecordedRequest::Tool {
                    name: Some(tool.to_owned()),
                    arguments,
                })
            };
            collector.call(call, self.identity(), Some(id), chunk.text.len());
        }
        if name_in(root, &["type"]) == Some("item.completed") {
            let given = |key| item.get(key).filter(|node: &Node<'_>| !node.is_null());
            let failure = given("error")
                .and_then(|error| error.as_str().or_else(|| name_in(error, &["message"])));
            let result = given("result").filter(|_| failure.is_none());
            ended(id, result, failure, None, collector);
        }
    }
}
