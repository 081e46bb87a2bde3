//! A first policy for a server, made from what it says of its own tools, with a
//! trace that shows what the policy does (`mcppolicy init`).
//!
//! What is read may be called within a limit; what writes or executes too,
//! within a lower one; what destroys is hidden, what moves money is refused, and
//! whatever else the server may offer one day is refused by default. Text out,
//! no files.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::inventory::Inventory;
use crate::inventory::category::{Categories, Category};
use crate::lint::confusable;
use mcppolicy_engine::value::Value;

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
    /// How many tools of each category the policy speaks of, the harmless first.
    pub counts: [(Category, usize); 5],
}

/// The start for the tools of an inventory.
pub fn start(inventory: &Inventory, categories: &Categories) -> Starter {
    let mut tools: BTreeMap<&str, Category> = BTreeMap::new();
    for tool in &inventory.tools {
        // The format has no blank names, and "*" in `hide` is every tool: no policy can
        // speak of such a tool, and the default refuses it.
        // A reader would not see which tool a confusable name allows: such tools are
        // left to `default` until somebody decides about them.
        let is_plain = confusable::in_name(&tool.name).is_none();
        if !tool.name.trim().is_empty() && tool.name != "*" && is_plain {
            tools.insert(&tool.name, categories.of(&tool.name).category);
        }
    }
    let is_allowed = |category: Category| !rates(category).is_empty();
    let settled = tools
        .iter()
        .filter(|(name, category)| is_allowed(**category) && categories.conflict(name).is_some())
        .map(|(name, category)| ((*name).to_owned(), *category))
        .collect();
    let count = |category| tools.values().filter(|of| **of == category).count();
    Starter {
        policy: policy(&tools),
        trace: trace(&tools),
        settled,
        counts: Category::ALL.map(|category| (category, count(category))),
    }
}

/// Calls per minute, and the longer window that keeps a steady stream down.
fn rates(category: Category) -> &'static [(&'static str, &'static str, u64)] {
    match category {
        Category::Read => &[("rate", "minute", 60)],
        Category::Write => &[("rate", "minute", 30), ("daily", "day", 1000)],
        Category::Execute => &[("rate", "minute", 10), ("daily", "day", 200)],
        Category::Destructive | Category::Financial => &[],
    }
}

const BLOCKED: &str = "This tool moves money and is blocked by policy";

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

fn policy(tools: &BTreeMap<&str, Category>) -> String {
    let mut out = String::from("{\n  \"version\": \"1\",\n  \"default\": \"deny\"");
    let hidden = tools
        .iter()
        .filter(|(_, category)| **category == Category::Destructive);
    let hidden: Vec<String> = hidden
        .map(|(name, _)| format!("    {}", quoted(name)))
        .collect();
    if !hidden.is_empty() {
        let _ = write!(out, ",\n  \"hide\": [\n{}\n  ]", hidden.join(",\n"));
    }
    let listed: Vec<String> = tools
        .iter()
        .filter(|(_, category)| **category != Category::Destructive)
        .map(|(name, category)| format!("    {}: {}", quoted(name), rules(name, *category)))
        .collect();
    if !listed.is_empty() {
        let _ = write!(out, ",\n  \"tools\": {{\n{}\n  }}", listed.join(",\n"));
    }
    out.push_str("\n}\n");
    out
}

fn rules(name: &str, category: Category) -> String {
    if category == Category::Financial {
        return format!(
            "{{\n      \"deny_if\": [\n        {{ \"conditions\": [], \"on_deny\": {} }}\n      ]\n    }}",
            quoted(BLOCKED)
        );
    }
    let limits: Vec<String> = rates(category)
        .iter()
        .map(|(suffix, window, max)| {
            let counter = quoted(&format!("{name}_{suffix}"));
            let on_deny = quoted(&format!("At most {max} calls per {window}, try again later"));
            format!(
                "        {{\n          \"counter\": {counter},\n          \"window\": \"{window}\",\n          \"max\": {max},\n          \"scope\": \"grant\",\n          \"on_deny\": {on_deny}\n        }}"
            )
        })
        .collect();
    format!(
        "{{\n      \"limits\": [\n{}\n      ]\n    }}",
        limits.join(",\n")
    )
}

/// One call of the first tool of each kind, with what becomes of it.
fn trace(tools: &BTreeMap<&str, Category>) -> Option<String> {
    let mut out = String::from(
        "{\"mcppolicy\":\"trace/1\",\"grant\":\"agent\",\"start\":\"2026-01-05T09:00:00Z\",\"step\":\"20s\",\
         \"description\":\"one tool of each kind: replace the calls by recorded ones\"}\n",
    );
    let mut any = false;
    for category in Category::ALL {
        let of_kind = tools.iter().find(|(_, of)| **of == category);
        let Some((name, _)) = of_kind else {
            continue;
        };
        let expect = match category {
            Category::Read | Category::Write | Category::Execute => "allow",
            Category::Destructive | Category::Financial => "deny",
        };
        let _ = writeln!(
            out,
            "{{\"tool\":{},\"arguments\":{{}},\"expect\":\"{expect}\"}}",
            quoted(name)
        );
        any = true;
    }
    any.then_some(out)
}
