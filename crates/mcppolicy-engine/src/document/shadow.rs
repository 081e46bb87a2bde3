//! What a repeated key hides: the values that come before its last one. No
//! gateway may read them, but their mistakes are reported in the same run.

use super::{Document, Member, Node, NodeKind};
use crate::source::Span;

/// `document` as it would be if the member whose key is at `key` were the
/// last of its name, with the span of that member's value; `None` when it is
/// the last.
pub fn uncovered(document: &Document, key: Span) -> Option<(Document, Span)> {
    let (root, value) = uncover(&document.root, key)?;
    Some((
        Document {
            file: document.file,
            root,
        },
        value,
    ))
}

fn uncover(node: &Node, key: Span) -> Option<(Node, Span)> {
    if key.start < node.span.start || node.span.end < key.end {
        return None;
    }
    let rebuilt = |kind| Node {
        span: node.span,
        kind,
    };
    match &node.kind {
        NodeKind::Object(members) => {
            if let Some(hidden) = members.iter().find(|member| member.key_span == key) {
                let kept: Vec<Member> = members
                    .iter()
                    .filter(|member| member.key != hidden.key || member.key_span == key)
                    .cloned()
                    .collect();
                let last = members
                    .iter()
                    .rev()
                    .find(|member| member.key == hidden.key)?;
                return (last.key_span != key)
                    .then(|| (rebuilt(NodeKind::Object(kept)), hidden.value.span));
            }
            let (at, (inner, span)) = members
                .iter()
                .enumerate()
                .find_map(|(at, member)| Some((at, uncover(&member.value, key)?)))?;
            let mut members = members.clone();
            members.get_mut(at)?.value = inner;
            Some((rebuilt(NodeKind::Object(members)), span))
        }
        NodeKind::Array(items) => {
            let (at, (inner, span)) = items
                .iter()
                .enumerate()
                .find_map(|(at, item)| Some((at, uncover(item, key)?)))?;
            let mut items = items.clone();
            *items.get_mut(at)? = inner;
            Some((rebuilt(NodeKind::Array(items)), span))
        }
        _ => None,
    }
}
