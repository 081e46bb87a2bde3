//! What a whole policy lets through, the riskiest tools first.

use std::collections::BTreeSet;

use super::limit::limits;
use super::tool::{Access, ToolWords, of_rules, unlisted};
use crate::inventory::category::{Categories, Category};
use mcppolicy_engine::policy::Policy;

/// What a policy lets through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyWords {
    /// The listed tools of which some call may pass, the riskiest first, then by name.
    pub open: Vec<(Category, ToolWords)>,
    /// The tools that the policy lists or hides and of which no call passes, by name.
    pub closed: Vec<ToolWords>,
    /// Every tool that is not listed.
    pub unlisted: ToolWords,
    /// What all tools together may do, where that is limited.
    pub shared: Option<String>,
}

/// What a policy lets through, with the categories of its tools.
pub fn policy(policy: &Policy, categories: &Categories) -> PolicyWords {
    let mut hidden: BTreeSet<&str> = policy.hide.iter().map(|of| of.value.as_str()).collect();
    let all_hidden = hidden.remove("*");
    let mut open = Vec::new();
    let mut closed = Vec::new();
    for rules in &policy.tools {
        let access = match hidden.remove(rules.name.as_str()) {
            true => Some(Access::Hidden),
            false => all_hidden.then_some(Access::AllHidden),
        };
        let words = of_rules(policy, Some(&rules.name), access, Some(rules));
        if words.access.is_open() {
            open.push((categories.of(&rules.name).category, words));
        } else {
            closed.push(words);
        }
    }
    let only_hidden = hidden.into_iter();
    closed.extend(only_hidden.map(|name| of_rules(policy, Some(name), Some(Access::Hidden), None)));
    open.sort_by(|(a, tool), (b, other)| b.cmp(a).then_with(|| tool.name.cmp(&other.name)));
    closed.sort_by(|tool, other| tool.name.cmp(&other.name));
    PolicyWords {
        open,
        closed,
        unlisted: unlisted(policy),
        shared: limits(&policy.all_tools),
    }
}
