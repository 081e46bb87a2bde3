//! Two policies compared: what does the new one let through that the old one
//! did not, and the other way round.
//!
//! Per scope (each tool that either policy names, the unlisted tools, all tools
//! together) and along four aspects: access, visibility, arguments, limits.
//! The answer is a proof where it says `equivalent`, and a replayed witness
//! where it says that something changed: every call here has been decided by
//! the engine under both policies, and a claim that the engine does not
//! confirm becomes `undetermined`.
//!
//! The parts add up: whatever sequence of calls one policy passes and the other
//! does not, either a single call of it separates the two (access, arguments),
//! or all its calls pass alone under both (limits).
//!
//! Nothing here renders, reads files, or depends on gates and approvals.

pub mod arguments;
mod compiled;
pub mod emit;
pub mod limits;
mod quota;
pub(crate) mod sequence;
mod verdict;
mod wording;

use crate::fresh::fresh_name;
use std::collections::BTreeSet;

use crate::region::Budget;
use mcppolicy_engine::policy::Policy;

pub(crate) use compiled::Pair;
pub use compiled::{Allowance, Compiled, Entry};
pub use verdict::{
    Aspect, Change, Comparison, Direction, Reason, Ruling, Scope, Side, Verdict, Witness,
};

/// Compares two policies, along every aspect of every scope.
pub fn policies(old: &Policy, new: &Policy, budget: &Budget) -> Comparison {
    policies_within(old, new, budget, &Allowance::new(budget))
}

/// Compares two policies, as one of several questions that have an allowance in
/// common.
pub fn policies_within(
    old: &Policy,
    new: &Policy,
    budget: &Budget,
    allowance: &Allowance,
) -> Comparison {
    let [old, new] = [old, new].map(Compiled::new);
    compared(&Pair::new(&old, &new, budget, allowance))
}

/// Compares two compiled policies, along every aspect of every scope.
pub fn compiled(old: &Compiled<'_>, new: &Compiled<'_>, budget: &Budget) -> Comparison {
    compared(&Pair::new(old, new, budget, &Allowance::new(budget)))
}

fn compared(pair: &Pair<'_, '_>) -> Comparison {
    let (old, new) = (pair.old, pair.new);
    let mut changes = Vec::new();
    let names = names(old.policy, new.policy);
    let unlisted = unlisted_tool(&names);
    let scopes = names
        .iter()
        .map(|name| (Scope::Tool(name.clone()), name.as_str()))
        .chain([(Scope::Unlisted, unlisted.as_str())]);
    for (scope, tool) in scopes {
        let mut of_tool = Vec::new();
        of_tool.extend(visibility(pair, &scope, tool));
        of_tool.extend(arguments::compare(pair, &scope, tool));
        of_tool.extend(limits::of_tool(pair, &scope, tool));
        if of_tool.is_empty() {
            of_tool.extend(wording::of_tool(pair, &scope, tool));
        }
        changes.append(&mut of_tool);
    }
    let of_all = limits::of_all_tools(pair, &names, &unlisted);
    changes.extend(of_all.or_else(|| wording::of_all_tools(pair)));
    Comparison::new(changes, names.len())
}

/// Every tool that either policy names, sorted.
fn names(old: &Policy, new: &Policy) -> BTreeSet<String> {
    [old, new]
        .into_iter()
        .flat_map(|policy| {
            let listed = policy.tools.iter().map(|rules| &rules.name);
            let hidden = policy.hide.iter().map(|entry| &entry.value);
            listed.chain(hidden.filter(|name| *name != "*"))
        })
        .cloned()
        .collect()
}

/// A tool that neither policy names, in place of all unlisted tools.
fn unlisted_tool(names: &BTreeSet<String>) -> String {
    fresh_name("unlisted_tool", |name| names.contains(name))
}

fn visibility(pair: &Pair<'_, '_>, scope: &Scope, tool: &str) -> Option<Change> {
    let (old, new) = (pair.old.hidden_by(tool), pair.new.hidden_by(tool));
    let (loosened, tightened) = match (old, new) {
        (Some(_), None) => (Direction::Proved(Vec::new()), Direction::Excluded),
        (None, Some(_)) => (Direction::Excluded, Direction::Proved(Vec::new())),
        _ => return None,
    };
    let side = |side: &Compiled<'_>, at: Option<usize>| match at {
        Some(at) => Side::at(side, &format!("/hide/{at}")),
        None => Side::of_tool(side, tool),
    };
    Some(Change::new(
        scope.clone(),
        Aspect::Visibility,
        [side(pair.old, old), side(pair.new, new)],
        loosened,
        tightened,
    ))
}
