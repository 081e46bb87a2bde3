//! Requests that the rules of a tool cannot tell apart: under the policy and, but
//! for the one condition that a mutant has in another's place, under each mutant.

use std::collections::HashMap;

use super::edit::{Edit, InTool, List, Mutant};
use crate::suite::{OfTool, Suite};
use mcppolicy_engine::engine::{Lookup, ValueRef};
use mcppolicy_engine::policy::{Condition, Path, ToolRules};

/// The requests of one tool by what its conditions and amounts say of them.
#[derive(Debug)]
pub(super) struct Classes {
    /// The class of each request of the tool.
    of: Vec<usize>,
    /// How many there are.
    pub(super) count: usize,
    /// Of each class, the truth of each condition; nothing where the arguments are
    /// unknown.
    truths: Vec<Option<Vec<bool>>>,
    amounts: Vec<Path>,
}

impl Classes {
    pub(super) fn new(suite: &Suite, tool: &OfTool, rules: Option<&ToolRules>) -> Classes {
        let conditions: Vec<&Condition> = rules.map(in_order).unwrap_or_default();
        let amounts: Vec<Path> = rules
            .into_iter()
            .flat_map(|rules| &rules.limits)
            .filter_map(|limit| Some(limit.increment_from.as_ref()?.value.clone()))
            .collect();
        let mut classes = Classes {
            of: Vec::new(),
            count: 0,
            truths: Vec::new(),
            amounts,
        };
        let mut known: HashMap<(Vec<bool>, Vec<Option<u64>>), usize> = HashMap::new();
        for request in &tool.requests {
            let next = classes.count;
            let mut own = None;
            let class = match suite.arguments(*request) {
                None => next,
                Some(arguments) => {
                    let each = conditions.iter();
                    let truths: Vec<bool> = each
                        .map(|c| c.test.holds(arguments.at(&c.path.value)))
                        .collect();
                    let amounts = classes.amounts.iter();
                    let amounts = amounts.map(|path| match arguments.at(path) {
                        ValueRef::Number(number) => Some(number.to_bits()),
                        _ => None,
                    });
                    own = Some(truths.clone());
                    *known.entry((truths, amounts.collect())).or_insert(next)
                }
            };
            if class == next {
                classes.count += 1;
                classes.truths.push(own);
            }
            classes.of.push(class);
        }
        classes
    }

    /// The class of the request at a place among those of the tool.
    pub(super) fn of(&self, place: usize) -> Option<usize> {
        self.of.get(place).copied()
    }

    /// The truth of a condition, by its place in the order of the policy.
    pub(super) fn truth(&self, class: usize, condition: usize) -> Option<bool> {
        self.truths.get(class)?.as_ref()?.get(condition).copied()
    }

    /// Whether a mutant tells requests of one class apart by the condition alone
    /// that it has in place of another.
    pub(super) fn hold_under(&self, mutant: &Mutant) -> bool {
        match &mutant.edit {
            Edit::Tool(_, InTool::Limit(_, Some(limit))) => {
                let from = limit.increment_from.as_ref();
                from.is_none_or(|path| self.amounts.contains(&path.value))
            }
            _ => true,
        }
    }
}

/// The conditions of a tool in the order of the policy.
fn in_order(rules: &ToolRules) -> Vec<&Condition> {
    let all = rules.require.iter().chain(&rules.deny_if);
    all.flat_map(|rule| &rule.conditions).collect()
}

/// The place in that order of a condition of a rule.
pub(super) fn place(rules: &ToolRules, list: List, rule: usize, at: usize) -> usize {
    let before = match list {
        List::Require => 0,
        List::DenyIf => rules.require.iter().map(|rule| rule.conditions.len()).sum(),
    };
    let earlier = list.of(rules).iter().take(rule);
    before + earlier.map(|rule| rule.conditions.len()).sum::<usize>() + at
}
