//! The categories of tools.

use std::fmt;

/// What a call of a tool does, the harmless first.
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

/// A category, and the evidence for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Classification {
    /// The category.
    pub category: Category,
    /// A few words that name the evidence, such as "verb *run*, argument
    /// `command`".
    pub because: String,
}
