//! Whether an edit changes the decision of any call.

use super::change::Change;
use super::compiled::{Entry, Pair};
use super::edit::{Edit, Effect, Element, Target};
use super::elements::{At, Elements};
use super::verdict::{Aspect, Verdict};
use crate::region::{Answer, Region, Space};
use mcppolicy_engine::engine::Kind as Step;

/// The edits of one tool whose effect is looked for.
const EDITS: usize = 32;

/// The elements that may be named as the one that makes an edit idle.
const REASONS: usize = 32;

/// The part of its budget that a question about an effect has; all of them
/// together have as much as one of another kind.
const PART: u32 = 20;

/// Says of each edit of a tool whether it changes a decision; the changes are
/// all of that tool.
pub(super) fn fill(pair: &Pair<'_, '_>, tool: &str, edits: &mut [Edit], changes: &[Change]) {
    let is_named = |at: usize| {
        let mut parts = changes.iter().flat_map(|change| &change.parts);
        parts.any(|part| part.edits.contains(&at))
    };
    let is_closed = [pair.old, pair.new]
        .into_iter()
        .all(|of| matches!(of.entry(tool), Entry::Refused(_)));
    let is_proved = |aspects: &[Aspect]| {
        let of_aspect = changes
            .iter()
            .filter(|change| aspects.contains(&change.aspect));
        let mut verdicts = of_aspect.map(|change| change.verdict);
        verdicts.all(|verdict| verdict == Verdict::Equivalent)
    };
    let arguments = is_proved(&[Aspect::Access, Aspect::Arguments]);
    let limits = arguments && is_proved(&[Aspect::Limits]);
    let mut asking = None;
    let mut left = EDITS;
    for (at, edit) in edits.iter_mut().enumerate() {
        if edit.effect != Effect::Unknown {
            continue;
        }
        let is_of_limits = matches!(edit.target, Target::Limit(_));
        edit.effect = if is_named(at) {
            Effect::Decides
        } else if is_closed && edit.element != Element::HiddenName {
            Effect::Nothing(Some(
                "the tool is refused whatever its arguments".to_owned(),
            ))
        } else if (is_of_limits && limits)
            || (!is_of_limits && arguments && is_proved(&[Aspect::Visibility]))
        {
            Effect::Nothing(None)
        } else {
            Effect::Unknown
        };
        let is_idle = edit.effect == Effect::Nothing(None);
        if !is_of_limits && (edit.effect == Effect::Unknown || is_idle) && left > 0 {
            left -= 1;
            let asking = asking.get_or_insert_with(|| Asking::new(pair, tool));
            edit.effect = asking
                .effect(edit)
                .unwrap_or(std::mem::take(&mut edit.effect));
        }
    }
    if let Some(asking) = asking {
        pair.spend(asking.space.spent());
    }
}

/// Says of each edit of the limits on all tools whether it changes a decision.
pub(super) fn of_all_tools(edits: &mut [Edit], changes: &[Change]) {
    let is_proved = |change: &Change| change.verdict == Verdict::Equivalent;
    let nothing = changes.iter().all(is_proved);
    for (at, edit) in edits.iter_mut().enumerate() {
        if edit.effect != Effect::Unknown {
            continue;
        }
        let mut parts = changes.iter().flat_map(|change| &change.parts);
        if parts.any(|part| part.edits.contains(&at)) {
            edit.effect = Effect::Decides;
        } else if nothing {
            edit.effect = Effect::Nothing(None);
        }
    }
}

struct Asking<'p> {
    space: Space,
    old: Elements<'p>,
    new: Elements<'p>,
    most: u64,
}

impl<'p> Asking<'p> {
    fn new(pair: &Pair<'_, 'p>, tool: &str) -> Asking<'p> {
        let budget = pair.budget().part(PART);
        let mut space = Space::new(budget);
        let [old, new] = [pair.old, pair.new].map(|of| Elements::new(&mut space, of.tool(tool)));
        Asking {
            space,
            old,
            new,
            most: budget.worth(),
        }
    }

    fn is_spent(&self) -> bool {
        self.space.spent() > self.most
    }

    /// Whether what the edited element refuses on one side passes on the other.
    fn effect(&mut self, edit: &Edit) -> Option<Effect> {
        let at = |step: Step, rule: usize, condition: Option<usize>| match (step, condition) {
            (Step::DenyIf, _) => Some(At::DenyIf(rule)),
            (_, Some(condition)) => Some(At::Require(rule, condition)),
            (_, None) => None,
        };
        let (old, new): (Vec<At>, Vec<At>) = match edit.target {
            Target::Rule(Step::DenyIf, ends) => (
                ends.old.map(At::DenyIf).into_iter().collect(),
                ends.new.map(At::DenyIf).into_iter().collect(),
            ),
            Target::Rule(_, ends) => {
                let all = |of: &Elements<'_>, rule: Option<usize>| -> Vec<At> {
                    let each = of.each();
                    each.filter(|at| matches!(at, At::Require(of, _) if Some(*of) == rule))
                        .collect()
                };
                (all(&self.old, ends.old), all(&self.new, ends.new))
            }
            Target::Condition(step, rule, ends) => (
                at(step, rule.0, ends.old).into_iter().collect(),
                at(step, rule.1, ends.new).into_iter().collect(),
            ),
            _ => return None,
        };
        let mut why = None;
        for (refusing, is_old) in old
            .iter()
            .map(|at| (at, true))
            .chain(new.iter().map(|at| (at, false)))
        {
            let (refuser, passer) = if is_old {
                (&self.old, &self.new)
            } else {
                (&self.new, &self.old)
            };
            let refused = refuser.refused(*refusing);
            let mut region = Region::everything();
            refused.iter().for_each(|literal| region.and(*literal));
            passer.accept(&mut region);
            match self.space.find(&region) {
                Answer::Empty => {}
                Answer::Witness(_) => return Some(Effect::Decides),
                Answer::Unknown(_) => return None,
            }
            if self.is_spent() {
                continue;
            }
            // Which one alone refuses all of it?
            let implies = passer.each().take(REASONS).find(|other| {
                let mut region = Region::everything();
                refused.iter().for_each(|literal| region.and(*literal));
                passer.pass(*other, &mut region);
                self.space.find(&region).is_empty()
            });
            let rule = implies.and_then(|other| passer.rule(other));
            why = why.or(rule.map(|rule| format!("implied by {}", rule.pointer)));
        }
        Some(Effect::Nothing(why))
    }
}
