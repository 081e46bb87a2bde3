//! What a server says of a tool beside what the protocol names.

use mcppolicy_engine::document::{Member, Node, NodeKind};

/// The members of a tool that have no place of their own, and those of its
/// annotations.
pub(super) fn others(tool: &Node, has_category: bool) -> Vec<Member> {
    const KNOWN: [&str; 5] = [
        "name",
        "title",
        "description",
        "inputSchema",
        "outputSchema",
    ];
    const HINTS: [&str; 5] = [
        "title",
        "readOnlyHint",
        "destructiveHint",
        "idempotentHint",
        "openWorldHint",
    ];
    let mut others = Vec::new();
    for member in tool.members() {
        let key = member.key.as_str();
        if KNOWN.contains(&key) || (key == "category" && has_category) {
            continue;
        }
        let mut member = member.clone();
        if key == "annotations"
            && let NodeKind::Object(hints) = &mut member.value.kind
        {
            hints.retain(|hint| !HINTS.contains(&hint.key.as_str()));
            if hints.is_empty() {
                continue;
            }
        }
        if !member.value.is_null() {
            others.push(member);
        }
    }
    others
}
