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

mod apart;
mod applied;
pub mod arguments;
mod change;
mod compiled;
mod danger;
mod difference;
mod edit;
mod edits;
mod effects;
mod elements;
pub mod emit;
pub mod limits;
mod literals;
mod part;
mod quota;
pub(crate) mod sequence;
mod verdict;
mod wording;

#[cfg(test)]
mod tests;

use crate::fresh::fresh_name;
use std::collections::{BTreeMap, BTreeSet};

use crate::region::Budget;
use mcppolicy_engine::policy::{DefaultDecision, Policy, Spanned};
use mcppolicy_engine::source::Span;

pub use change::{Change, Comparison};
pub(crate) use compiled::Pair;
pub use compiled::{Allowance, Compiled, Entry, Known};
pub use edit::{Edit, EditKind, EditSide, Effect, Element};
pub use part::{Part, PartDirection};
pub use verdict::{Aspect, Direction, Reason, Ruling, Scope, Side, Verdict, Witness};

/// Compares two policies, along every aspect of every scope, as [`compiled`]
/// does without an inventory.
pub fn policies(old: &Policy, new: &Policy, budget: &Budget) -> Comparison {
    let [old, new] = [old, new].map(Compiled::new);
    compiled(
        &old,
        &new,
        budget,
        &Allowance::new(budget),
        Known::default(),
    )
}

/// Compares two policies, as one of several questions that have an allowance in
/// common; without edits and parts, and one witness for each direction.
pub fn policies_within(
    old: &Policy,
    new: &Policy,
    budget: &Budget,
    allowance: &Allowance,
) -> Comparison {
    let [old, new] = [old, new].map(Compiled::new);
    compared(&Pair::new(&old, &new, budget, allowance))
}

/// Compares two compiled policies, along every aspect of every scope, for
/// people to read: with edits and parts, the gravest change first; as one of
/// several comparisons that have an allowance in common. Calls that
/// make a point are such as the server's own schemas admit, where they are known
/// and there are any.
pub fn compiled(
    old: &Compiled<'_>,
    new: &Compiled<'_>,
    budget: &Budget,
    allowance: &Allowance,
    known: Known<'_>,
) -> Comparison {
    compared(&Pair::new(old, new, budget, allowance).detailed(known))
}

/// What a policy opens that comes where nothing was let through: the changes by
/// which something passes, or may.
pub fn opened(
    new: &Compiled<'_>,
    budget: &Budget,
    allowance: &Allowance,
    known: Known<'_>,
) -> Vec<Change> {
    let nothing = Policy {
        file: new.policy.file,
        span: Span::default(),
        default: Spanned {
            value: DefaultDecision::Deny,
            span: Span::default(),
        },
        hide: Vec::new(),
        all_tools: Vec::new(),
        tools: Vec::new(),
        empty_lists: Vec::new(),
    };
    let comparison = compiled(&Compiled::new(&nothing), new, budget, allowance, known);
    let mut changes = comparison.changes;
    changes.retain(|change| !matches!(change.verdict, Verdict::Equivalent | Verdict::Tightened));
    changes
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
        if wording::is_untouched(pair, tool) {
            continue;
        }
        let mut edits = if pair.detailed {
            edits::of_tool(old, new, tool)
        } else {
            Vec::new()
        };
        let subject = difference::Subject {
            pair,
            scope: &scope,
            tool,
            edits: &edits,
        };
        let mut of_tool = Vec::new();
        of_tool.extend(visibility(pair, &scope, tool, &edits));
        of_tool.extend(difference::compare(subject));
        of_tool.extend(limits::of_tool(pair, &scope, tool, &edits));
        if of_tool.is_empty() {
            of_tool.extend(wording::of_tool(pair, &scope, tool, !edits.is_empty()));
        }
        effects::fill(pair, tool, &mut edits, &of_tool);
        distribute(&edits, &mut of_tool);
        changes.append(&mut of_tool);
    }
    let mut edits = if pair.detailed {
        edits::of_all_tools(old, new)
    } else {
        Vec::new()
    };
    let of_all = limits::of_all_tools(pair, &names, &unlisted, &edits);
    let mut of_all: Vec<Change> = of_all
        .or_else(|| wording::of_all_tools(pair))
        .into_iter()
        .collect();
    effects::of_all_tools(&mut edits, &of_all);
    distribute(&edits, &mut of_all);
    changes.append(&mut of_all);
    if pair.detailed {
        for change in &mut changes {
            change.category = match &change.scope {
                Scope::Tool(tool) => Some(pair.known.category(tool)),
                Scope::Unlisted | Scope::AllTools => None,
            };
        }
        changes.sort_by_key(Change::weight);
    }
    Comparison::new(changes, names.len())
}

/// Gives each change of a scope the edits that bear on it and those that its
/// parts name; edits that bear on none go with the last. The parts come to name
/// their edits by position in the change's own.
fn distribute(edits: &[Edit], changes: &mut [Change]) {
    let mut given: Vec<Vec<usize>> = changes
        .iter()
        .map(|change| {
            let named: BTreeSet<usize> = change
                .parts
                .iter()
                .flat_map(|p| &p.edits)
                .copied()
                .collect();
            let each = edits.iter().enumerate();
            each.filter(|(at, edit)| named.contains(at) || edit.bears_on(change.aspect))
                .map(|(at, _)| at)
                .collect()
        })
        .collect();
    let known: BTreeSet<usize> = given.iter().flatten().copied().collect();
    if let Some(last) = given.last_mut() {
        last.extend((0..edits.len()).filter(|at| !known.contains(at)));
    }
    for (change, mut given) in changes.iter_mut().zip(given) {
        given.sort_by_key(|at| (edits.get(*at).is_some_and(Edit::is_of_words), *at));
        let own: BTreeMap<usize, usize> = given.iter().copied().zip(0..).collect();
        for part in &mut change.parts {
            part.edits = part
                .edits
                .iter()
                .filter_map(|at| own.get(at).copied())
                .collect();
        }
        let of_change = given.iter().filter_map(|at| edits.get(*at)).cloned();
        change.edits = of_change.collect();
    }
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

fn visibility(pair: &Pair<'_, '_>, scope: &Scope, tool: &str, edits: &[Edit]) -> Option<Change> {
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
    let sides = [side(pair.old, old), side(pair.new, new)];
    let part = (old.is_some() != new.is_some() && pair.detailed).then(|| {
        let (direction, by) = match (&sides, old) {
            ([old, _], Some(_)) => (PartDirection::Loosened, old.clone()),
            ([_, new], None) => (PartDirection::Tightened, new.clone()),
        };
        let each = edits.iter().enumerate();
        let hiding = each.filter(|(_, edit)| edit.element == Element::HiddenName);
        let edits: Vec<usize> = hiding.map(|(at, _)| at).collect();
        Part {
            direction,
            by,
            alone: edits.len() == 1,
            edits,
            witness: None,
            schema_valid: None,
        }
    });
    let aspect = Aspect::Visibility;
    let mut change = Change::new(scope.clone(), aspect, sides, loosened, tightened);
    change.parts.extend(part);
    Some(change)
}
