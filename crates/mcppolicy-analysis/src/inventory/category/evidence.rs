//! What a tool says of itself, weighed: its name before its description before
//! the names of its arguments.

use super::{Category, Classification, arguments, name, prose};
use crate::inventory::Tool;

/// A category as one piece of evidence tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Told {
    /// The category.
    pub category: Category,
    /// A few words that name the evidence.
    pub because: String,
    /// How much the evidence is worth.
    pub weight: Weight,
}

/// How much a piece of evidence is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Weight {
    /// Nothing was said, the category is a guess.
    None,
    /// A word that can mean more than one thing: *manage*, *process*.
    Vague,
    /// A word that usually means this, and sometimes something milder:
    /// *remove*, a database in a query.
    Usual,
    /// A word that means this: *delete*, *run*, *create*.
    Plain,
}

impl Told {
    /// The guess for a tool that says nothing.
    fn nothing() -> Told {
        Told {
            category: Category::Write,
            because: "nothing says what it does".to_owned(),
            weight: Weight::None,
        }
    }

    /// The same evidence as one reads it in the description.
    pub(super) fn in_description(mut self) -> Told {
        self.because = format!("description: {}", self.because);
        self
    }
}

/// The category of a tool of which nothing but the name is known.
pub(super) fn from_name(tool: &str) -> Classification {
    let told = name::tell(tool).unwrap_or_else(|| Told {
        because: "its name says nothing about what it does".to_owned(),
        ..Told::nothing()
    });
    Classification {
        category: told.category,
        because: told.because,
    }
}

/// The category of a tool by its own words.
pub(super) fn from_tool(tool: &Tool) -> Told {
    let told = by_words(tool);
    let told = arguments::raise(tool, told);
    match told.category {
        Category::Execute => arguments::mention(tool, told),
        _ => told,
    }
}

/// By the name, where it is clear; where it is not, by the description.
fn by_words(tool: &Tool) -> Told {
    let description = tool.description_text();
    let named = name::tell(&tool.name);
    let described = prose::tell(description).or_else(|| prose::tell(tool.title_text()));
    match (named, described) {
        (Some(named), Some(described)) => both(named, described, description),
        (Some(told), None) | (None, Some(told)) => told,
        (None, None) => arguments::tell(tool).unwrap_or_else(Told::nothing),
    }
}

/// A name and a description that both say something.
fn both(named: Told, described: Told, description: &str) -> Told {
    let only_reads = prose::promises_to_read_only(description);
    match named.category {
        // A query that the description limits to reading. What *runs* or
        // *executes* is not believed so easily.
        Category::Execute if named.weight == Weight::Usual && only_reads => Told {
            category: Category::Read,
            because: format!("{}; description: reads only", named.because),
            weight: Weight::Usual,
        },
        _ if named.weight <= Weight::Vague => match described.weight {
            Weight::None | Weight::Vague => graver(named, described),
            _ => described,
        },
        // A harmless name over a description of something dangerous.
        Category::Read | Category::Write
            if described.category > Category::Write
                && described.weight >= Weight::Usual
                && !only_reads =>
        {
            described
        }
        _ => named,
    }
}

/// The graver of two; the first where they agree.
fn graver(a: Told, b: Told) -> Told {
    if b.category > a.category { b } else { a }
}
