//! Phrases that several messages share.

use super::part::OPERATORS;
use super::snippet;
use crate::document::parse::quoted;

pub(super) const SCOPE_HELP: &str = r#"the only scope is "grant": write "scope": "grant"; calls made with one grant count together, in whatever session"#;

pub(super) fn the_words(nouns: &str, words: &[&str]) -> String {
    format!("the {nouns} are {}", snippet::list(words.iter().copied()))
}

pub(super) fn operators() -> String {
    the_words("operators", OPERATORS)
}

pub(super) fn named_counter(text: &str) -> String {
    format!(r#""counter": {}"#, quoted(text))
}

/// Whether a word stands for a person's approval.
pub(super) fn asks_a_person(word: &str) -> bool {
    let word = word.to_lowercase().replace(['-', ' '], "_");
    matches!(
        word.as_str(),
        "approve"
            | "approval"
            | "require_approval"
            | "requires_approval"
            | "human_approval"
            | "ask"
            | "confirm"
            | "prompt"
    )
}
