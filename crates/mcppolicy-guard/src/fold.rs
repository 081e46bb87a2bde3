//! Names that some reader of JSON takes for the same.
//!
//! Go's `encoding/json`, .NET and Jackson can match the names of members without
//! regard to case, each with its own table; a reader written in C may end a name
//! at a zero byte. A name that any of them takes for another is its twin.

use mcppolicy_engine::document::{Member, Node};

/// Whether some reader takes `name` for `known`.
pub(crate) fn is_same(name: &str, known: &str) -> bool {
    let name = name.split('\0').next().unwrap_or_default();
    name.chars().map(folded).eq(known.chars().map(folded))
}

/// One character for all that differ only in case: the lower case of the upper
/// case, so that `ſ` is `s`, `ı` and `İ` are `i`, and the Kelvin sign is `k`.
fn folded(c: char) -> char {
    let mut upper = c.to_uppercase();
    let upper = match (upper.next(), upper.next()) {
        (Some(one), None) => one,
        _ => c,
    };
    upper.to_lowercase().next().unwrap_or(upper)
}

/// How the members of an object spell a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spelled {
    /// There is none of the name, or exactly one that spells it so.
    Plainly,
    /// More than one spells it so.
    Repeated,
    /// One spells it in another case.
    Otherwise,
}

/// How the members of `node` spell `known`.
pub(crate) fn spelled(node: &Node, known: &str) -> Spelled {
    let mut seen = false;
    for Member { key, .. } in node.members() {
        if key == known {
            if seen {
                return Spelled::Repeated;
            }
            seen = true;
        } else if is_same(key, known) {
            return Spelled::Otherwise;
        }
    }
    Spelled::Plainly
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_reader_without_case_takes_for_the_same_is_the_same() {
        for name in [
            "METHOD",
            "Method",
            "method\0x",
            "method\0",
            "mEthod\0method",
        ] {
            assert!(is_same(name, "method"), "{name:?}");
        }
        for (name, known) in [
            ("param\u{17f}", "params"),
            ("\u{131}d", "id"),
            ("\u{130}D", "id"),
            ("to\u{212a}en", "token"),
            ("\u{e9}t\u{c9}", "\u{c9}T\u{e9}"),
        ] {
            assert!(is_same(name, known), "{name:?}");
        }
        for (name, known) in [("method ", "method"), ("ma\u{df}", "mass"), ("", "id")] {
            assert!(!is_same(name, known), "{name:?}");
        }
    }
}
