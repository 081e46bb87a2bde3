//! The category of a tool, and why.
//!
//! The evidence, the best first: the configuration; the category that the
//! inventory states; the annotations; and what the tool says of itself, which
//! is its name, its description and its arguments' names.
//!
//! The classifier is deterministic and explains itself. Mistakes cost
//! differently: the worst one is to call a tool Read that executes. So doubt goes
//! to the more dangerous category, and a tool without any evidence is a Write. An
//! annotation is a claim of the server: it makes a tool as dangerous as it claims,
//! but a `readOnlyHint` does not make `delete_repository` harmless; that is a
//! [`Conflict`]. The rules are general ones about English verbs and contain no name
//! of a tool or server.

mod arguments;
mod claims;
mod code;
mod evidence;
mod name;
mod prose;
#[cfg(test)]
mod tests;
mod weighing;
pub(crate) mod words;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use super::category_kind::{Category, Classification, Risk};
use super::tools::{Inventory, Tool};
pub use claims::Conflict;
use claims::Told;
use mcppolicy_engine::source::FileId;

/// The categories of tools, from all sources in their order of precedence.
///
/// Copies have in common what they know, so that each policy of a run can have its
/// own.
#[derive(Debug, Clone, Default)]
pub struct Categories {
    configured: Arc<BTreeMap<String, Category>>,
    listed: Arc<BTreeMap<String, Listed>>,
    /// The inventories that were learned.
    learned: Vec<FileId>,
}

/// What an inventory says of a tool.
#[derive(Debug, Clone)]
struct Listed {
    classification: Classification,
    conflict: Option<Conflict>,
    runs_code: Option<String>,
}

impl Categories {
    /// Categories by names alone, until more is configured or learned.
    pub fn new() -> Categories {
        Categories::default()
    }

    /// Sets a tool's category, which overrides all evidence.
    pub fn configure(&mut self, tool: impl Into<String>, category: Category) {
        Arc::make_mut(&mut self.configured).insert(tool.into(), category);
    }

    /// Adds what an inventory says of its tools, unless that is known.
    pub fn learn(&mut self, inventory: &Inventory) {
        if self.learned.contains(&inventory.file) {
            return;
        }
        self.learned.push(inventory.file);
        let listed = Arc::make_mut(&mut self.listed);
        for tool in &inventory.tools {
            listed.insert(tool.name.clone(), classify(tool));
        }
    }

    /// Takes over what `other` has learned of inventories, in place of what is known
    /// of them.
    pub fn learn_from(&mut self, other: &Categories) {
        self.listed = Arc::clone(&other.listed);
        self.learned.clone_from(&other.learned);
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
            Some(listed) => listed.classification.clone(),
            None => weighing::of_name(tool),
        }
    }

    /// Where the annotations of `tool` claim less harm than it says of itself.
    /// None when the configuration has settled its category.
    pub fn conflict(&self, tool: &str) -> Option<&Conflict> {
        if self.configured.contains_key(tool) {
            return None;
        }
        self.listed.get(tool)?.conflict.as_ref()
    }

    /// Why `tool` runs code that its caller sends, where its inventory says so: an
    /// argument, its name, its description.
    pub fn runs_code(&self, tool: &str) -> Option<&str> {
        self.listed.get(tool)?.runs_code.as_deref()
    }
}

/// The category of a tool by all that its inventory says.
fn classify(tool: &Tool) -> Listed {
    let (classification, conflict) = match tool.category {
        Some((category, _)) => {
            let because = "the inventory says so".to_owned();
            (Classification { category, because }, None)
        }
        None => {
            let evidence = weighing::of_tool(tool);
            let told = Told {
                carries_text: arguments::can_carry_text(tool),
                loss: weighing::loss(tool),
            };
            claims::weigh(&tool.annotations, evidence, &told)
        }
    };
    Listed {
        runs_code: code::runs(tool, classification.category),
        classification,
        conflict,
    }
}
