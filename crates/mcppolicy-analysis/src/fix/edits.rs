//! Edits to a text: which can be made at once, and making them.

use std::collections::BTreeSet;

use super::layout::Layout;
use mcppolicy_engine::problem::Edit;
use mcppolicy_engine::source::Span;

/// The places that edits to be made have taken.
#[derive(Debug, Default)]
pub(super) struct Taken {
    /// By their starts; none overlaps another.
    spans: BTreeSet<Span>,
}

impl Taken {
    /// Takes the places of one fix, unless one of them is taken already. Two
    /// insertions at one place conflict as well: their order is not defined.
    pub fn take(&mut self, edits: &[Edit]) -> bool {
        let is_free = |edit: &Edit| !self.meets(edit.span);
        if edits.is_empty() || !edits.iter().all(is_free) {
            return false;
        }
        self.spans.extend(edits.iter().map(|edit| edit.span));
        true
    }

    fn meets(&self, span: Span) -> bool {
        // Taken places are apart, so only the neighbours can meet this one.
        let least = Span::new(span.start, 0);
        let before = self.spans.range(..least).next_back();
        // An insertion and a range may begin at one place.
        let after = self.spans.range(least..).take(2);
        before
            .into_iter()
            .chain(after)
            .any(|taken| overlap(*taken, span))
    }
}

fn overlap(a: Span, b: Span) -> bool {
    (a.start < b.end && b.start < a.end) || a == b
}

/// The text after all edits; `None` when two overlap or one is not a place in
/// the text.
pub(super) fn apply<'e>(text: &str, edits: impl Iterator<Item = &'e Edit>) -> Option<String> {
    let mut edits: Vec<&Edit> = edits.collect();
    // Stable: insertions at one place keep the order of their fix.
    edits.sort_by_key(|edit| edit.span);
    let writes = edits.iter().any(|edit| !edit.text.is_empty());
    let layout = if writes { Layout::of(text) } else { None };
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for edit in edits {
        out.push_str(text.get(at..edit.span.start)?);
        text.get(edit.span.start..edit.span.end)?;
        match &layout {
            Some(layout) if !edit.text.is_empty() => out.push_str(&layout.fitted(edit)),
            _ => out.push_str(&edit.text),
        }
        at = edit.span.end;
    }
    out.push_str(text.get(at..)?);
    Some(out)
}
