//! What a tool says of itself: its name before its description before the names of
//! its arguments.

use super::evidence::{Confidence, Evidence};
use super::{arguments, name, prose, words};
use crate::inventory::category_kind::{Category, Classification};
use crate::inventory::tools::Tool;

/// The category of a tool of which nothing but the name is known.
pub(super) fn of_name(tool: &str) -> Classification {
    let evidence = name::classify(tool).unwrap_or_else(|| Evidence {
        because: "its name says nothing about what it does".to_owned(),
        ..Evidence::nothing()
    });
    evidence.into()
}

/// The category of a tool by its own words.
pub(super) fn of_tool(tool: &Tool) -> Evidence {
    let evidence = by_words(tool);
    let evidence = arguments::raise(tool, evidence);
    match evidence.category {
        Category::Execute => arguments::mention(tool, evidence),
        _ => evidence,
    }
}

/// By the name, where it is clear; where it is not, by the description.
fn by_words(tool: &Tool) -> Evidence {
    let description = tool.description_text();
    let named = name::classify(&tool.name);
    let described = prose::classify(description).or_else(|| prose::classify(tool.title_text()));
    // A calculator evaluates formulas.
    let calculates = || {
        words::split(&tool.name)
            .iter()
            .any(|word| words::is_calculating(word))
    };
    match (named, described) {
        (Some(named), Some(_)) if named.category == Category::Read && calculates() => named,
        (Some(named), Some(described)) => both(named, described, description),
        (Some(evidence), None) | (None, Some(evidence)) => evidence,
        (None, None) => arguments::classify(tool).unwrap_or_else(Evidence::nothing),
    }
}

/// How many characters of a description say what the tool does; what comes later
/// is advice.
const BEGINNING: usize = 300;

/// A word for a loss in a tool's name or description: *overwrite*.
pub(super) fn loss(tool: &Tool) -> Option<String> {
    let description: String = tool.description_text().chars().take(BEGINNING).collect();
    let text = format!("{} {description}", tool.name);
    let words = words::split(&text);
    // What is dragged is dropped.
    let points = words.iter().any(|word| words::is_pointing(word));
    let is_loss = |word: &String| words::destroys(word) && !(points && word == "drop");
    words.into_iter().find(is_loss)
}

/// A name and a description that both say something.
fn both(named: Evidence, described: Evidence, description: &str) -> Evidence {
    let only_reads = prose::promises_to_read_only(description);
    match named.category {
        // A query that the description limits to reading. What *runs* or
        // *executes* is not believed so easily.
        Category::Execute if named.confidence == Confidence::Usual && only_reads => Evidence {
            category: Category::Read,
            because: format!("{}; description: reads only", named.because),
            confidence: Confidence::Usual,
        },
        _ if named.confidence <= Confidence::Vague => match described.confidence {
            Confidence::None | Confidence::Vague => graver(named, described),
            _ => described,
        },
        // A harmless name over a description of something dangerous.
        Category::Read | Category::Write
            if described.category > Category::Write
                && described.confidence >= Confidence::Usual
                && !only_reads =>
        {
            described
        }
        _ => named,
    }
}

/// The graver of two; the first where they agree.
fn graver(a: Evidence, b: Evidence) -> Evidence {
    if b.category > a.category { b } else { a }
}
