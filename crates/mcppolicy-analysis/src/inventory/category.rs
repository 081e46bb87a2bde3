//! What kind of tool one is, and why (design: the linter, §3).
//!
//! The evidence, the best first: the configuration; the category that the
//! inventory states; the annotations; and what the tool says of itself, which
//! is its name, its description and its arguments' names.
//!
//! The classifier is deterministic and explains itself. Mistakes cost
//! differently: a tool that executes and is called Read is the one to avoid,
//! so doubt goes to the more dangerous reading, and a tool that says nothing is
//! a Write. An annotation is a claim of the server: it makes a tool as dangerous
//! as it says, but a `readOnlyHint` does not make `delete_repository` harmless;
//! that is a [`Conflict`]. The rules are general ones about English verbs; no
//! tool's or server's name is known here.

mod arguments;
mod claims;
mod evidence;
mod name;
mod prose;
#[cfg(test)]
mod tests;
pub(crate) mod words;

use std::collections::BTreeMap;
use std::fmt;

use super::{Inventory, Tool};
pub use claims::Conflict;

/// What a tool does to the world, the harmless first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Category {
    /// Looks at something.
    Read,
    /// Changes something that can be changed back.
    Write,
    /// Runs code, a command, a query or a workflow of the caller's choice.
    Execute,
    /// Takes something away for good.
    Destructive,
    /// Moves money.
    Financial,
}

impl Category {
    /// All categories, the harmless first.
    pub const ALL: [Category; 5] = [
        Category::Read,
        Category::Write,
        Category::Execute,
        Category::Destructive,
        Category::Financial,
    ];

    /// The word that people read.
    pub const fn name(self) -> &'static str {
        match self {
            Category::Read => "Read",
            Category::Write => "Write",
            Category::Execute => "Execute",
            Category::Destructive => "Destructive",
            Category::Financial => "Financial",
        }
    }

    /// The category that people write as `name`, in capitals or not.
    pub fn named(name: &str) -> Option<Category> {
        Category::ALL
            .into_iter()
            .find(|category| category.name().eq_ignore_ascii_case(name))
    }

    /// How much harm a call can do.
    pub const fn risk(self) -> Risk {
        match self {
            Category::Read => Risk::Low,
            Category::Write => Risk::Medium,
            Category::Execute => Risk::High,
            Category::Destructive | Category::Financial => Risk::Critical,
        }
    }
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How much harm a call can do, the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Risk {
    /// Reading.
    Low,
    /// Writing.
    Medium,
    /// Executing.
    High,
    /// Destroying, spending.
    Critical,
}

impl Risk {
    /// The word used in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Risk::Low => "low",
            Risk::Medium => "medium",
            Risk::High => "high",
            Risk::Critical => "critical",
        }
    }
}

/// A category, and what it was told from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Classification {
    /// The category.
    pub category: Category,
    /// A few words that name the evidence, such as "verb *run*, argument
    /// `command`".
    pub because: String,
}

/// Answers which category a tool belongs to. The precedence of the sources is
/// kept here, so that nobody who asks needs to know it.
#[derive(Debug, Clone, Default)]
pub struct Categories {
    configured: BTreeMap<String, Category>,
    listed: BTreeMap<String, (Classification, Option<Conflict>)>,
}

impl Categories {
    /// Categories told from names alone, until more is known.
    pub fn new() -> Categories {
        Categories::default()
    }

    /// Sets a tool's category, whatever else speaks of it.
    pub fn configure(&mut self, tool: impl Into<String>, category: Category) {
        self.configured.insert(tool.into(), category);
    }

    /// Takes all that an inventory says of its tools into account.
    pub fn learn(&mut self, inventory: &Inventory) {
        for tool in &inventory.tools {
            self.listed.insert(tool.name.clone(), classify(tool));
        }
    }

    /// The category of `tool`, with its reason.
    pub fn of(&self, tool: &str) -> Classification {
        if let Some(category) = self.configured.get(tool) {
            return Classification {
                category: *category,
                because: "the configuration says so".to_owned(),
            };
        }
        match self.listed.get(tool) {
            Some((classification, _)) => classification.clone(),
            None => evidence::from_name(tool),
        }
    }

    /// Where the annotations of `tool` claim less harm than it says of itself.
    /// None when the configuration has settled its category.
    pub fn conflict(&self, tool: &str) -> Option<&Conflict> {
        if self.configured.contains_key(tool) {
            return None;
        }
        self.listed.get(tool)?.1.as_ref()
    }
}

/// The category of a tool by all that its inventory says.
fn classify(tool: &Tool) -> (Classification, Option<Conflict>) {
    if let Some((category, _)) = tool.category {
        let because = "the inventory says so".to_owned();
        return (Classification { category, because }, None);
    }
    let told = evidence::from_tool(tool);
    claims::weigh(&tool.annotations, told, arguments::can_carry_text(tool))
}
