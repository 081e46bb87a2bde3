//! Whether a pattern is tied to the ends of a text.

use regex_syntax::hir::{Class, Hir, HirKind, Look};

use super::demands_only_text;
use crate::lint::context::Tool;
use mcppolicy_engine::pattern::Pattern;
use mcppolicy_engine::policy::{Path, Test};

/// Where a pattern is not tied to the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::lint::rules) struct Open {
    /// Foreign text may come before a match.
    pub(in crate::lint::rules) start: bool,
    /// Foreign text may follow a match.
    pub(in crate::lint::rules) end: bool,
    /// It looks as if the author wants it so.
    pub(in crate::lint::rules) on_purpose: bool,
}

/// The open ends of a pattern, if it has any that matter.
///
/// Asked of the pattern's meaning and not of its text: which assertions hold
/// at the beginning and at the end of *every* match.
pub(in crate::lint::rules) fn open_ends(pattern: &Pattern) -> Option<Open> {
    let hir = pattern.hir();
    let properties = hir.properties();
    let start = !properties.look_set_prefix().contains(Look::Start);
    let end = !properties.look_set_suffix().contains(Look::End);
    if !(start || end) || demands_only_text(hir) {
        return None;
    }
    let on_purpose = match (start, end) {
        (false, true) => edge_is_separator(hir, Edge::Last),
        (true, false) => edge_is_separator(hir, Edge::First),
        _ => false,
    };
    Some(Open {
        start,
        end,
        on_purpose,
    })
}

#[derive(Clone, Copy)]
enum Edge {
    First,
    Last,
}

impl Edge {
    fn end_of_text(self) -> Look {
        match self {
            Edge::First => Look::Start,
            Edge::Last => Look::End,
        }
    }

    fn is_end_of_text(self, hir: &Hir) -> bool {
        matches!(hir.kind(), HirKind::Look(look) if *look == self.end_of_text())
    }

    fn of(self, fragments: &[Hir]) -> Option<&Hir> {
        match self {
            Edge::First => fragments.first(),
            Edge::Last => fragments.last(),
        }
    }
}

/// Whether every match begins, or ends, with a separator of names, or there is
/// no more text.
fn edge_is_separator(hir: &Hir, edge: Edge) -> bool {
    const SEPARATORS: [char; 6] = ['/', ':', '-', '_', '.', '#'];
    let is_separator = |c: char| SEPARATORS.contains(&c) || c == '@';
    match hir.kind() {
        HirKind::Empty => false,
        // As in `^docs(/|$)`: the text ends there.
        HirKind::Look(look) => *look == edge.end_of_text(),
        HirKind::Literal(literal) => {
            let text = String::from_utf8_lossy(&literal.0);
            let c = match edge {
                Edge::First => text.chars().next(),
                Edge::Last => text.chars().next_back(),
            };
            c.is_some_and(is_separator)
        }
        HirKind::Class(Class::Unicode(class)) => class.ranges().iter().all(|range| {
            let (start, end) = (u32::from(range.start()), u32::from(range.end()));
            end - start < 8 && (range.start()..=range.end()).all(is_separator)
        }),
        HirKind::Class(Class::Bytes(_)) => false,
        HirKind::Repetition(repetition) => {
            repetition.min > 0 && edge_is_separator(&repetition.sub, edge)
        }
        HirKind::Capture(capture) => edge_is_separator(&capture.sub, edge),
        HirKind::Concat(fragments)
            if edge
                .of(fragments)
                .is_some_and(|fragment| edge.is_end_of_text(fragment)) =>
        {
            true
        }
        HirKind::Concat(fragments) => {
            let is_text =
                |fragment: &&Hir| !matches!(fragment.kind(), HirKind::Look(_) | HirKind::Empty);
            let fragment = match edge {
                Edge::First => fragments.iter().find(is_text),
                Edge::Last => fragments.iter().rev().find(is_text),
            };
            fragment.is_some_and(|fragment| edge_is_separator(fragment, edge))
        }
        HirKind::Alternation(branches) => branches
            .iter()
            .all(|branch| edge_is_separator(branch, edge)),
    }
}

/// Whether every pattern that a value at `path` must match is open at an end
/// for no good reason: that is one defect, whatever else gets in.
pub(in crate::lint::rules) fn is_open_ended(tool: &Tool<'_>, path: &Path) -> bool {
    ends(tool, path).all(|open| open.is_some_and(|open| !open.on_purpose))
}

/// Whether some pattern that a value at `path` must match holds its beginning.
pub(in crate::lint::rules) fn starts_anchored(tool: &Tool<'_>, path: &Path) -> bool {
    ends(tool, path).any(|open| open.is_none_or(|open| !open.start))
}

fn ends(tool: &Tool<'_>, path: &Path) -> impl Iterator<Item = Option<Open>> {
    let required = tool.rules.require.iter().flat_map(|rule| &rule.conditions);
    let here = required.filter(move |condition| condition.path.value == *path);
    here.filter_map(|condition| match &condition.test {
        Test::Regex(pattern) if !demands_only_text(pattern.hir()) => Some(open_ends(pattern)),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(pattern: &str) -> Option<Open> {
        open_ends(&Pattern::parse(pattern).unwrap())
    }

    #[test]
    fn anchoring_is_told_from_the_meaning_of_a_pattern() {
        for anchored in [
            "^a$", r"\Aa\z", "^(a|b)$", "^a$|^b$", "(^a$)", "(?:^a$)+", r"^\ba?$", "(?i)^a$",
            "(?s)^.*$",
        ] {
            assert_eq!(open(anchored), None, "{anchored}");
        }
        let ends = |pattern| open(pattern).map(|open| (open.start, open.end));
        assert_eq!(ends("a"), Some((true, true)));
        assert_eq!(ends("^a"), Some((false, true)));
        assert_eq!(ends("a$"), Some((true, false)));
        assert_eq!(ends("^a|b$"), Some((true, true)));
        assert_eq!(ends("(?m)^a$"), Some((true, true)));
        assert_eq!(ends("(?:^a)?b$"), Some((true, false)));
        assert_eq!(ends("(^a$)|b"), Some((true, true)));
        assert_eq!(ends(r"^a\$"), Some((false, true)));
        assert_eq!(ends("[^a]"), Some((true, true)));
    }

    #[test]
    fn a_prefix_up_to_a_separator_is_open_on_purpose() {
        let on_purpose = |pattern| open(pattern).unwrap().on_purpose;
        for prefix in [
            "^feat/",
            "^(feat|fix)/",
            "^(feat/|fix-)",
            "^acct_",
            "^docs/+",
            "^a[/:]",
            "/README$",
            "@example$",
            "^docs(/|$)",
            "^a$|^feat/",
        ] {
            assert!(on_purpose(prefix), "{prefix}");
        }
        for other in [
            "^feat",
            "^feat/?",
            "^git ",
            "feat/",
            "^a|^feat/",
            "(?m)^feat/",
            "^a/|b$",
        ] {
            assert!(!on_purpose(other), "{other}");
        }
    }

    #[test]
    fn the_mere_demand_for_text_is_no_list() {
        for demand in ["", r"\S", ".", ".+", "^.+", r"(\S+)", r"[^\s]$", r"(?s).*"] {
            assert_eq!(open(demand), None, "{demand}");
        }
        for list in ["[a-z]+", r"\w", "a.*"] {
            assert!(open(list).is_some(), "{list}");
        }
    }
}
