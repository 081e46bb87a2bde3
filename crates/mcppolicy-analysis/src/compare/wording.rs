//! Changes of words alone: messages, counter names, and the position and order of
//! rules, where what passes is the same.

use super::compiled::{Entry, Pair};
use super::verdict::{Aspect, Change, Scope, Side};
use mcppolicy_engine::policy::{Condition, Limit, Rule, ToolRules};
use mcppolicy_engine::value::Value;

/// What a rule says, whatever its position, without the message.
type Said = Vec<(String, &'static str, Value)>;

fn said(conditions: &[Condition]) -> Said {
    conditions
        .iter()
        .map(|condition| {
            (
                condition.path.value.to_string(),
                condition.test.operator(),
                condition.test.operand(),
            )
        })
        .collect()
}

/// Whether two tools have the same rules, message aside: then they pass the
/// same arguments.
pub(super) fn same_rules(old: Option<&ToolRules>, new: Option<&ToolRules>) -> bool {
    let rules = |of: fn(&ToolRules) -> &Vec<Rule>, tool: Option<&ToolRules>| -> Vec<Said> {
        let rules = tool.map(of).map(Vec::as_slice).unwrap_or_default();
        rules.iter().map(|rule| said(&rule.conditions)).collect()
    };
    rules(|tool| &tool.require, old) == rules(|tool| &tool.require, new)
        && rules(|tool| &tool.deny_if, old) == rules(|tool| &tool.deny_if, new)
}

/// Whether two lists of limits bound the same, names and messages aside.
pub(super) fn same_limits(old: &[Limit], new: &[Limit]) -> bool {
    let bounds = |limits: &[Limit]| {
        let mut bounds: Vec<_> = limits
            .iter()
            .map(|limit| {
                let path = limit.increment_from.as_ref().map(|path| path.value.clone());
                (limit.window.value, limit.max.value, path)
            })
            .collect();
        bounds.sort();
        bounds
    };
    bounds(old) == bounds(new)
}

/// A change of a tool's words; `None` when it reads as before.
pub(super) fn of_tool(pair: &Pair<'_, '_>, scope: &Scope, tool: &str) -> Option<Change> {
    let (old, new) = (pair.old.policy.tool(tool), pair.new.policy.tool(tool));
    let aspect = match (pair.old.entry(tool), pair.new.entry(tool)) {
        (Entry::Refused(a), Entry::Refused(b)) if a != b => Aspect::Access,
        (Entry::Refused(_), Entry::Refused(_)) => return None,
        _ if old.is_some() != new.is_some() => Aspect::Access,
        _ if !same_rules(old, new) || messages(old) != messages(new) => Aspect::Arguments,
        _ if words(own(old)) != words(own(new)) => Aspect::Limits,
        _ => return None,
    };
    let sides = [
        Side::of_tool(pair.old.policy, tool),
        Side::of_tool(pair.new.policy, tool),
    ];
    Some(Change::reworded(scope.clone(), aspect, sides))
}

/// A change of the words of the limits on all tools.
pub(super) fn of_all_tools(pair: &Pair<'_, '_>) -> Option<Change> {
    let (old, new) = (&pair.old.policy.all_tools, &pair.new.policy.all_tools);
    let sides = || {
        [
            Side::at(pair.old.policy, "/all_tools"),
            Side::at(pair.new.policy, "/all_tools"),
        ]
    };
    (words(old) != words(new)).then(|| Change::reworded(Scope::AllTools, Aspect::Limits, sides()))
}

fn own(tool: Option<&ToolRules>) -> &[Limit] {
    tool.map(|tool| tool.limits.as_slice()).unwrap_or_default()
}

fn messages(tool: Option<&ToolRules>) -> Vec<Option<&str>> {
    let rules = tool.map(|tool| tool.require.iter().chain(&tool.deny_if));
    rules
        .into_iter()
        .flatten()
        .map(|rule| rule.on_deny.as_ref().map(|text| text.value.as_str()))
        .collect()
}

fn words(limits: &[Limit]) -> Vec<String> {
    limits
        .iter()
        .map(|limit| {
            let path = limit
                .increment_from
                .as_ref()
                .map(|path| path.value.to_string());
            let message = limit.on_deny.as_ref().map(|text| text.value.as_str());
            format!(
                "{:?}",
                (
                    &limit.counter.value,
                    limit.window.value,
                    limit.max.value,
                    path,
                    message
                )
            )
        })
        .collect()
}
