//! The parts of a change of limits: one for each limit that refuses, with the
//! edits that cause it.

use super::limits_of;
use crate::compare::change::Change;
use crate::compare::compiled::Pair;
use crate::compare::edit::{Edit, EditSide, Target};
use crate::compare::part::{Part, PartDirection};
use crate::compare::sequence;
use crate::compare::verdict::{Side, Witness};
use mcppolicy_engine::engine::Engine;
use mcppolicy_engine::policy::{Limit, Policy, ToolRules};

/// Makes a part of each witness.
pub(super) fn fill(pair: &Pair<'_, '_>, tool: Option<&str>, edits: &[Edit], change: &mut Change) {
    if !pair.detailed {
        return;
    }
    let filling = Filling { pair, tool, edits };
    let loosened = change.loosened.iter();
    let loosened = loosened.map(|witness| filling.part(PartDirection::Loosened, witness));
    let tightened = change.tightened.iter();
    let tightened = tightened.map(|witness| filling.part(PartDirection::Tightened, witness));
    change.parts = loosened.chain(tightened).collect();
}

struct Filling<'f, 'p> {
    pair: &'f Pair<'f, 'p>,
    /// None for the limits on all tools.
    tool: Option<&'f str>,
    edits: &'f [Edit],
}

impl Filling<'_, '_> {
    fn part(&self, direction: PartDirection, witness: &Witness) -> Part {
        let ruling = witness.refusal();
        let rule = ruling.rule.as_deref().unwrap_or_default();
        let is_of = |side: &Option<EditSide>| {
            let pointer = side.as_ref().map(|side| side.pointer.as_str());
            let rest = pointer.and_then(|pointer| pointer.strip_prefix(rule));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let touches = |edit: &Edit| match (edit.target, direction) {
            (Target::Limit(_), PartDirection::Loosened) => is_of(&edit.old),
            (Target::Limit(_), PartDirection::Tightened) => is_of(&edit.new),
            (Target::Tool, _) => true,
            _ => false,
        };
        let each = self.edits.iter().enumerate();
        let mut edits: Vec<usize> = each
            .filter(|(_, edit)| touches(edit))
            .map(|(at, _)| at)
            .collect();
        let alone = edits
            .iter()
            .copied()
            .find(|at| self.is_alone(*at, direction, witness));
        match alone {
            Some(at) => edits = vec![at],
            // Several limits refuse the calls, and each had to give way.
            None => {
                let each = self.edits.iter().enumerate();
                let limits = each.filter(|(_, edit)| matches!(edit.target, Target::Limit(_)));
                edits.extend(limits.map(|(at, _)| at));
                edits.sort_unstable();
                edits.dedup();
            }
        }
        Part {
            direction,
            by: Side {
                rule: ruling.rule.clone(),
                span: ruling.span,
            },
            edits,
            alone: alone.is_some(),
            witness: Some(witness.clone()),
            schema_valid: None,
        }
    }

    /// Whether the old policy with that edit alone decides the calls as the new
    /// one does.
    fn is_alone(&self, edit: usize, direction: PartDirection, witness: &Witness) -> bool {
        let Some(policy) = self
            .edits
            .get(edit)
            .and_then(|edit| self.with(edit, witness))
        else {
            return false;
        };
        let passes =
            sequence::passes_all(&Engine::new(&policy), &witness.calls, sequence::whenever());
        passes == (direction == PartDirection::Loosened)
    }

    /// As much of the old policy, with that edit, as the witness is decided by.
    fn with(&self, edit: &Edit, witness: &Witness) -> Option<Policy> {
        let (old, new) = (self.pair.old, self.pair.new);
        let mut policy = Policy {
            file: old.policy.file,
            span: old.policy.span,
            default: old.policy.default.clone(),
            hide: Vec::new(),
            all_tools: old.policy.all_tools.clone(),
            tools: Vec::new(),
            empty_lists: Vec::new(),
        };
        for call in &witness.calls {
            let is_known = policy.tools.iter().any(|known| known.name == call.tool);
            if !is_known {
                policy.tools.extend(old.tool(&call.tool).cloned());
            }
        }
        match (edit.target, self.tool) {
            (Target::Limit(ends), Some(tool)) => {
                let rules = policy.tools.iter_mut().find(|rules| rules.name == tool)?;
                let of_new = limits_of(new.tool(tool));
                rules.limits = edited(&rules.limits, of_new, (ends.old, ends.new));
            }
            (Target::Limit(ends), None) => {
                let of_new = &new.policy.all_tools;
                policy.all_tools = edited(&policy.all_tools, of_new, (ends.old, ends.new));
            }
            (Target::Tool, Some(tool)) => {
                policy.tools.retain(|rules: &ToolRules| rules.name != tool);
                policy.tools.extend(new.tool(tool).cloned());
            }
            _ => return None,
        }
        Some(policy)
    }
}

/// The old limits with one of them edited, at its place.
fn edited(old: &[Limit], new: &[Limit], ends: (Option<usize>, Option<usize>)) -> Vec<Limit> {
    let (gone, come) = ends;
    let come = come.and_then(|at| new.get(at));
    let mut limits: Vec<Limit> = Vec::new();
    for (at, limit) in old.iter().enumerate() {
        if Some(at) == gone {
            limits.extend(come.cloned());
        } else {
            limits.push(limit.clone());
        }
    }
    if gone.is_none() {
        limits.extend(come.cloned());
    }
    limits
}
