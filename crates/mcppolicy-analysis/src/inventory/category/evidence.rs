//! What one source says of a tool's category.

use crate::inventory::category_kind::{Category, Classification};

/// A category, and how sure one source makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Evidence {
    /// The category.
    pub category: Category,
    /// A few words that name the evidence.
    pub because: String,
    /// How sure it is.
    pub confidence: Confidence,
}

/// How sure evidence makes a category, the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Confidence {
    /// There is no evidence, the category is a guess.
    None,
    /// A word that can mean more than one thing: *manage*, *process*.
    Vague,
    /// A word that usually means this, and sometimes something milder:
    /// *remove*, a database in a query.
    Usual,
    /// A word that means this: *delete*, *run*, *create*.
    Plain,
}

impl Evidence {
    /// The guess for a tool without evidence.
    pub(super) fn nothing() -> Evidence {
        Evidence {
            category: Category::Write,
            because: "nothing says what it does".to_owned(),
            confidence: Confidence::None,
        }
    }

    /// The same evidence, found in the description.
    pub(super) fn in_description(mut self) -> Evidence {
        self.because = format!("description: {}", self.because);
        self
    }
}

impl From<Evidence> for Classification {
    fn from(evidence: Evidence) -> Classification {
        Classification {
            category: evidence.category,
            because: evidence.because,
        }
    }
}
