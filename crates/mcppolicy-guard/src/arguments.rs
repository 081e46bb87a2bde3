//! A call's arguments: what may not be read in two ways, and what is cut.

use std::collections::HashSet;

use mcppolicy_engine::document::{Node, NodeKind};
use mcppolicy_engine::policy::Path;
use mcppolicy_engine::source::Span;

use super::edits::Edits;
use super::fold::is_same;

/// Whether an argument differs only in case from one that a rule reads, at any
/// place along the path to it. The last of repeated members is the one that
/// counts.
pub(crate) fn has_twin(arguments: &Node, paths: &[&Path]) -> bool {
    paths.iter().any(|path| {
        let mut node = arguments;
        for segment in path.segments() {
            let is_twin = |key: &str| key != segment && is_same(key, segment);
            if node.members().iter().any(|member| is_twin(&member.key)) {
                return true;
            }
            match node.get(segment) {
                Some(next) => node = next,
                None => return false,
            }
        }
        false
    })
}

/// Cuts every member that a later one of the same object repeats, at every
/// depth.
pub(crate) fn cut_repeated(node: &Node, edits: &mut Edits) {
    match &node.kind {
        NodeKind::Array(items) => items.iter().for_each(|item| cut_repeated(item, edits)),
        NodeKind::Object(members) => {
            let mut later: HashSet<&str> = HashSet::new();
            let mut next: Option<usize> = None;
            for member in members.iter().rev() {
                let start = member.key_span.start;
                if later.insert(&member.key) {
                    cut_repeated(&member.value, edits);
                } else if let Some(next) = next {
                    // Up to the next member, so that its comma goes with it.
                    edits.cut(Span::new(start, next));
                }
                next = Some(start);
            }
        }
        _ => {}
    }
}
