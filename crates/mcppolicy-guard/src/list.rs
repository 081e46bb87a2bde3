//! Lists of tools in a server's messages, without the hidden ones.
//!
//! Every result that has `tools` is taken for a list, whatever it answers: so
//! every page is filtered, on every stream, without memory of requests.

use mcppolicy_engine::document::{Node, NodeKind};
use mcppolicy_engine::engine::Engine;

use super::edits::Edits;
use super::fold::{Spelled, is_same, spelled};
use super::reply;

/// Why the client does not get a list.
const UNREADABLE: &str = "The server's list of tools cannot be read in one way only";

/// The longest time for which a client may keep a list, in milliseconds: after it,
/// a changed policy shows.
const LONGEST_KEPT: f64 = 60_000.0;

/// Cuts hidden tools out of the list in `message`, if it has one, and replaces
/// the whole message when its list cannot be read. How long and for whom the
/// list may be kept is limited.
pub(crate) fn filter(message: &Node, text: &str, engine: &Engine, edits: &mut Edits) {
    if !has_list(message) {
        return;
    }
    if engine.hides_anything() {
        match shown(message, text, engine) {
            Some(None) => {}
            Some(Some((list, shown))) => edits.replace(list.span, shown),
            None => {
                let id = message
                    .get("id")
                    .and_then(|id| text.get(id.span.start..id.span.end));
                let error = reply::error(id, -32603, UNREADABLE);
                edits.replace(message.span, error);
                return;
            }
        }
    }
    for member in message.get("result").map_or(&[][..], Node::members) {
        let value = &member.value;
        if is_same(&member.key, "ttlMs") {
            let is_short = matches!(value.kind, NodeKind::Number(time) if time <= LONGEST_KEPT);
            if !is_short {
                edits.replace(value.span, format!("{LONGEST_KEPT}"));
            }
        } else if is_same(&member.key, "cacheScope") && value.as_str() != Some("private") {
            edits.replace(value.span, "\"private\"".to_owned());
        }
    }
}

/// Whether some reader finds a list of tools in a message.
fn has_list(message: &Node) -> bool {
    let results = spelled_in_any_way(message, "result");
    results.into_iter().any(|result| {
        let lists = spelled_in_any_way(result, "tools");
        !lists.is_empty()
    })
}

/// The values of all members that some reader takes for `name`.
fn spelled_in_any_way<'n>(node: &'n Node, name: &str) -> Vec<&'n Node> {
    let members = node.members().iter();
    members
        .filter(|member| is_same(&member.key, name))
        .map(|member| &member.value)
        .collect()
}

/// The list, and its text without the hidden tools when there are any; `None`
/// when it cannot be read in one way only.
#[allow(clippy::option_option, reason = "unreadable, unchanged, changed")]
fn shown<'n>(message: &'n Node, text: &str, engine: &Engine) -> Option<Option<(&'n Node, String)>> {
    let plainly = |node: &Node, name| (spelled(node, name) == Spelled::Plainly).then_some(());
    plainly(message, "result")?;
    let result = message.get("result")?;
    plainly(result, "tools")?;
    let list = result.get("tools")?;
    let NodeKind::Array(tools) = &list.kind else {
        return None;
    };
    let mut kept: Vec<&str> = Vec::with_capacity(tools.len());
    for tool in tools {
        plainly(tool, "name")?;
        let name = tool.get("name").and_then(Node::as_str)?;
        if !engine.hides(name) {
            kept.push(text.get(tool.span.start..tool.span.end)?);
        }
    }
    if kept.len() == tools.len() {
        return Some(None);
    }
    Some(Some((list, format!("[{}]", kept.join(",")))))
}
