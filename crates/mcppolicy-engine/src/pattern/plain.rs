//! Patterns that are one text, with or without the beginning or the end of what is
//! matched, such as `^/srv/workspace/`. They are compared as texts, which costs far less
//! than an automaton.

use regex_syntax::hir::{Hir, HirKind, Look};

/// One text, and where it has to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plain {
    text: Box<str>,
    /// Whether nothing may come before it.
    at_start: bool,
    /// Whether nothing may come behind it.
    at_end: bool,
}

impl Plain {
    /// What a pattern is, when it is one text.
    pub fn of(hir: &Hir) -> Option<Plain> {
        let parts = match hir.kind() {
            HirKind::Concat(parts) => parts.as_slice(),
            _ => std::slice::from_ref(hir),
        };
        let is = |part: &Hir, look| *part.kind() == HirKind::Look(look);
        let (parts, at_start) = match parts {
            [first, rest @ ..] if is(first, Look::Start) => (rest, true),
            _ => (parts, false),
        };
        let (parts, at_end) = match parts {
            [rest @ .., last] if is(last, Look::End) => (rest, true),
            _ => (parts, false),
        };
        match parts {
            [only] => match only.kind() {
                HirKind::Literal(literal) => Some(Plain {
                    text: std::str::from_utf8(&literal.0).ok()?.into(),
                    at_start,
                    at_end,
                }),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether the pattern matches somewhere in `haystack`.
    pub fn is_match(&self, haystack: &str) -> bool {
        let text = &*self.text;
        match (self.at_start, self.at_end) {
            (true, true) => haystack == text,
            (true, false) => haystack.starts_with(text),
            (false, true) => haystack.ends_with(text),
            (false, false) => haystack.contains(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::pattern::Pattern;
    use proptest::prelude::*;

    fn is_plain(pattern: &str) -> bool {
        Pattern::parse(pattern).unwrap().0.plain.is_some()
    }

    #[test]
    fn one_text_is_plain_and_nothing_else_is() {
        for pattern in ["a", "^ab", "ab$", "^a\\.b$", "é", "^/srv/workspace/"] {
            assert!(is_plain(pattern), "{pattern}");
        }
        for pattern in [
            "", "^", "^$", "^(ab)$", "a*", "a|b", "(?i)a", "a.", "[ab]", "^a|b$", "a^", "$a",
            "^^a", "\\ba",
        ] {
            assert!(!is_plain(pattern), "{pattern}");
        }
    }

    proptest! {
        #[test]
        fn a_plain_pattern_matches_what_its_automaton_does(
            start in prop_oneof![Just(""), Just("^")],
            text in "[ab\né]{1,3}",
            end in prop_oneof![Just(""), Just("$")],
            haystack in "[ab\né]{0,6}",
        ) {
            let pattern = Pattern::parse(&format!("{start}{text}{end}")).unwrap();
            prop_assert!(pattern.0.plain.is_some());
            let compiled = pattern.compiled().unwrap();
            prop_assert_eq!(pattern.is_match(&haystack), compiled.is_match(&haystack));
        }
    }
}
