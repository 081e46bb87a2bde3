//! The old policy with one edit alone: what it decides of a call.

use super::compiled::Pair;
use super::edit::{Edit, Ends, Target};
use super::elements::{all_hold, bears, holds};
use mcppolicy_engine::engine::Kind as Step;
use mcppolicy_engine::policy::{Condition, DefaultDecision, Limit, Policy, Rule, ToolRules};
use mcppolicy_engine::value::Value;

/// Whether the old policy, with that edit and no other, passes a first call of
/// a tool.
pub(super) fn passes(pair: &Pair<'_, '_>, edit: &Edit, tool: &str, arguments: &Value) -> bool {
    let (old, new) = (pair.old, pair.new);
    let is_hidden = [tool, "*"].into_iter().any(|name| {
        let entry = |policy: &Policy, at: Option<usize>| {
            let entry = at.and_then(|at| policy.hide.get(at));
            entry.is_some_and(|entry| entry.value == name)
        };
        let was = old.hidden_as(name);
        match edit.target {
            Target::Hide(at) if edit.new.is_some() => was.is_some() || entry(new.policy, at),
            Target::Hide(at) => was.is_some() && !entry(old.policy, at),
            _ => was.is_some(),
        }
    });
    if is_hidden {
        return false;
    }
    let (listed, default) = match edit.target {
        Target::Tool => (new.tool(tool), old.policy.default.value),
        Target::Default => (old.tool(tool), new.policy.default.value),
        _ => (old.tool(tool), old.policy.default.value),
    };
    let Some(rules) = listed else {
        return default == DefaultDecision::Allow;
    };
    let other = new.tool(tool).unwrap_or(rules);
    let edited = Edited {
        target: edit.target,
        old: rules,
        new: other,
    };
    edited.pass(arguments)
}

struct Edited<'r> {
    target: Target,
    old: &'r ToolRules,
    new: &'r ToolRules,
}

impl Edited<'_> {
    fn pass(&self, arguments: &Value) -> bool {
        self.rules(Step::Require, &self.old.require, &self.new.require)
            .all(|rule| self.holds(Step::Require, rule, arguments))
            && !self
                .rules(Step::DenyIf, &self.old.deny_if, &self.new.deny_if)
                .any(|rule| self.holds(Step::DenyIf, rule, arguments))
            && self.limits().all(|limit| bears(limit, arguments))
    }

    /// The rules of one list; the edited one by its position.
    fn rules<'a>(
        &self,
        step: Step,
        old: &'a [Rule],
        new: &'a [Rule],
    ) -> impl Iterator<Item = (Option<usize>, &'a Rule)> {
        let (gone, come) = match self.target {
            Target::Rule(of, ends) if of == step => edited(ends),
            _ => (None, None),
        };
        let kept = old.iter().enumerate();
        let kept = kept.filter(move |(at, _)| Some(*at) != gone);
        let kept = kept.map(|(at, rule)| (Some(at), rule));
        kept.chain(come.and_then(|at| new.get(at)).map(|rule| (None, rule)))
    }

    fn holds(&self, step: Step, (at, rule): (Option<usize>, &Rule), arguments: &Value) -> bool {
        match self.target {
            Target::Condition(of, (old, new), ends) if of == step && at == Some(old) => {
                let new = match step {
                    Step::DenyIf => self.new.deny_if.get(new),
                    _ => self.new.require.get(new),
                };
                let new = new.map(|rule| rule.conditions.as_slice());
                altered(&rule.conditions, new.unwrap_or_default(), ends)
                    .all(|condition| holds(condition, arguments))
            }
            _ => all_hold(&rule.conditions, arguments),
        }
    }

    fn limits(&self) -> impl Iterator<Item = &Limit> {
        let (gone, come) = match self.target {
            Target::Limit(ends) => edited(ends),
            _ => (None, None),
        };
        let kept = self.old.limits.iter().enumerate();
        let kept = kept.filter(move |(at, _)| Some(*at) != gone);
        let kept = kept.map(|(_, limit)| limit);
        kept.chain(come.and_then(|at| self.new.limits.get(at)))
    }
}

/// What an edit takes out of the old list, and what it puts there from the new
/// one.
const fn edited(ends: Ends) -> (Option<usize>, Option<usize>) {
    (ends.old, ends.new)
}

/// The conditions of a rule with one edit.
pub(super) fn altered<'c>(
    old: &'c [Condition],
    new: &'c [Condition],
    ends: Ends,
) -> impl Iterator<Item = &'c Condition> {
    let (gone, come) = edited(ends);
    let kept = old.iter().enumerate();
    let kept = kept.filter(move |(at, _)| Some(*at) != gone);
    kept.map(|(_, condition)| condition)
        .chain(come.and_then(|at| new.get(at)))
}
