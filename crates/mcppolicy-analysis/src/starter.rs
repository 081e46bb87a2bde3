//! A first policy for a server, made from what it says of its own tools, with a
//! trace that shows what the policy does (`mcppolicy init`).
//!
//! What is read may be called within a limit; what writes or executes too,
//! within a lower one; what runs code of the caller's is refused, what destroys is
//! hidden, what moves money is refused, and whatever else the server may offer one
//! day is refused by default. A person's word on a category comes before all that
//! but the last. Text out, no files.

mod example;
mod policy;
#[cfg(test)]
mod tests;
mod trace;

use std::collections::BTreeMap;

use crate::inventory::category::{Categories, Category};
use crate::inventory::{Inventory, Tool};
use crate::lint::confusable;

/// What a person has said of whole categories.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Words(BTreeMap<Category, bool>);

impl Words {
    /// Allows a category, or denies it.
    pub fn say(&mut self, category: Category, is_allowed: bool) {
        self.0.insert(category, is_allowed);
    }

    /// What was said of a category.
    pub fn on(&self, category: Category) -> Option<bool> {
        self.0.get(&category).copied()
    }
}

/// What becomes of a tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Treatment {
    /// It may be called within limits.
    Allowed,
    /// It is refused, because it moves money.
    BlockedMoney,
    /// It is refused, because it runs code that its caller sends.
    BlockedCode,
    /// It is hidden.
    Hidden,
}

/// A tool that the policy speaks of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// Its name.
    pub name: String,
    /// Its category.
    pub category: Category,
    /// Why it has that category.
    pub because: String,
    /// Why it runs code of its caller's, where it does.
    pub runs_code: Option<String>,
    /// What becomes of it.
    pub treatment: Treatment,
}

/// What a new repository starts with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Starter {
    /// The policy's text.
    pub policy: String,
    /// A native trace that passes under it; none where there is nothing to show.
    pub trace: Option<String>,
    /// The allowed tools whose annotations claim less harm than the policy takes
    /// them to do, with the categories that it goes by: for `[categories]`.
    pub settled: Vec<(String, Category)>,
    /// The tools that the policy speaks of, by name.
    pub tools: Vec<Decided>,
}

impl Starter {
    /// How many tools of a category there are.
    pub fn count(&self, category: Category) -> usize {
        let tools = self.tools.iter();
        tools.filter(|tool| tool.category == category).count()
    }

    /// The tools that may be called, the riskiest first: those that run code of the
    /// caller's before others of their category.
    pub fn allowed(&self) -> Vec<&Decided> {
        let tools = self.tools.iter();
        let mut allowed: Vec<&Decided> = tools
            .filter(|tool| tool.treatment == Treatment::Allowed)
            .collect();
        let risk = |tool: &&Decided| (tool.category, tool.runs_code.is_some());
        allowed.sort_by_key(|tool| std::cmp::Reverse(risk(tool)));
        allowed
    }
}

/// The start for the tools of an inventory.
pub fn start(inventory: &Inventory, categories: &Categories, words: &Words) -> Starter {
    let mut tools = decide(inventory, categories, words);
    tools.sort_by(|a, b| a.name.cmp(&b.name));
    let settled = tools
        .iter()
        .filter(|tool| tool.treatment == Treatment::Allowed)
        .filter(|tool| categories.conflict(&tool.name).is_some())
        .map(|tool| (tool.name.clone(), tool.category))
        .collect();
    Starter {
        policy: policy::text(&tools),
        trace: trace::text(&tools, inventory),
        settled,
        tools,
    }
}

/// What a person is asked: the categories of the inventory's tools, the harmless
/// first, with the tools of each.
pub fn questions(inventory: &Inventory, categories: &Categories) -> Vec<(Category, Vec<Decided>)> {
    let tools = decide(inventory, categories, &Words::default());
    let of = |category| {
        let tools = tools.iter().filter(|tool| tool.category == category);
        (category, tools.cloned().collect::<Vec<_>>())
    };
    let all = Category::ALL.map(of).into_iter();
    all.filter(|(_, tools)| !tools.is_empty()).collect()
}

fn decide(inventory: &Inventory, categories: &Categories, words: &Words) -> Vec<Decided> {
    let tools = inventory.tools.iter().filter(|tool| is_nameable(tool));
    tools
        .map(|tool| {
            let class = categories.of(&tool.name);
            let runs_code = categories.runs_code(&tool.name).map(str::to_owned);
            Decided {
                name: tool.name.clone(),
                treatment: treatment(class.category, runs_code.is_some(), words),
                category: class.category,
                because: class.because,
                runs_code,
            }
        })
        .collect()
}

/// Whether a policy can speak of a tool. The format has no blank names, and "*" in
/// `hide` is every tool. A reader would not see which tool a confusable name allows:
/// such tools are left to `default` until somebody decides about them.
fn is_nameable(tool: &Tool) -> bool {
    !tool.name.trim().is_empty() && tool.name != "*" && confusable::in_name(&tool.name).is_none()
}

fn treatment(category: Category, runs_code: bool, words: &Words) -> Treatment {
    let without_a_word = match category {
        Category::Read | Category::Write => Treatment::Allowed,
        Category::Execute if runs_code => Treatment::BlockedCode,
        Category::Execute => Treatment::Allowed,
        Category::Destructive => Treatment::Hidden,
        Category::Financial => Treatment::BlockedMoney,
    };
    match words.on(category) {
        Some(true) => Treatment::Allowed,
        Some(false) if category == Category::Financial => Treatment::BlockedMoney,
        Some(false) => Treatment::Hidden,
        None => without_a_word,
    }
}

/// Calls per minute, and the longer window that keeps a steady stream down.
fn rates(category: Category) -> &'static [(&'static str, &'static str, u64)] {
    match category {
        Category::Read => &[("rate", "minute", 60)],
        Category::Write => &[("rate", "minute", 30), ("daily", "day", 1000)],
        Category::Execute => &[("rate", "minute", 10), ("daily", "day", 200)],
        Category::Destructive | Category::Financial => {
            &[("rate", "minute", 5), ("daily", "day", 50)]
        }
    }
}

/// The limits of the allowed tools of a category in words.
pub fn limits(category: Category) -> String {
    let each = rates(category).iter();
    let each = each.map(|(_, window, max)| format!("{max} calls a {window}"));
    each.collect::<Vec<_>>()
        .join(" and ")
        .replace(" calls a day", " a day")
}
