//! Changes of words alone: messages, counter names, and the position and order of
//! rules, where what passes is the same.

use super::change::Change;
use super::compiled::{Entry, Pair};
use super::verdict::{Aspect, Scope, Side};
use mcppolicy_engine::policy::{Condition, Limit, Path, Rule, Spanned, Test, ToolRules, Window};

/// Whether two lists of conditions read the same.
fn same_conditions(old: &[Condition], new: &[Condition]) -> bool {
    let same = |(old, new): (&Condition, &Condition)| {
        old.path.value == new.path.value && same_test(&old.test, &new.test)
    };
    old.len() == new.len() && old.iter().zip(new).all(same)
}

pub(super) fn same_test(old: &Test, new: &Test) -> bool {
    match (old, new) {
        (Test::Exists(old), Test::Exists(new)) => old == new,
        (Test::Eq(old), Test::Eq(new))
        | (Test::Neq(old), Test::Neq(new))
        | (Test::Contains(old), Test::Contains(new)) => old == new,
        (Test::In(old), Test::In(new)) | (Test::NotIn(old), Test::NotIn(new)) => old == new,
        (Test::Compare(old, bound), Test::Compare(new, other)) => old == new && bound == other,
        (Test::Regex(old), Test::Regex(new)) => old.as_str() == new.as_str(),
        _ => false,
    }
}

/// Whether nothing that concerns a tool has been edited, so that nothing about
/// it needs to be asked.
pub(super) fn is_untouched(pair: &Pair<'_, '_>, tool: &str) -> bool {
    let (old, new) = (pair.old.tool(tool), pair.new.tool(tool));
    let is_alike = match (old, new) {
        (Some(_), Some(_)) => {
            same_rules(old, new)
                && messages(old).eq(messages(new))
                && words(own(old)).eq(words(own(new)))
        }
        (None, None) => pair.old.policy.default.value == pair.new.policy.default.value,
        _ => false,
    };
    is_alike && pair.old.hidden_name(tool) == pair.new.hidden_name(tool)
}

/// Whether two tools have the same rules, message aside: then they pass the
/// same arguments.
pub(super) fn same_rules(old: Option<&ToolRules>, new: Option<&ToolRules>) -> bool {
    let same = |of: fn(&ToolRules) -> &Vec<Rule>| {
        let [old, new] = [old, new].map(|tool| tool.map(of).map_or(&[][..], Vec::as_slice));
        let same = |(old, new): (&Rule, &Rule)| same_conditions(&old.conditions, &new.conditions);
        old.len() == new.len() && old.iter().zip(new).all(same)
    };
    same(|tool| &tool.require) && same(|tool| &tool.deny_if)
}

/// Whether two lists of limits bound the same, names and messages aside.
pub(super) fn same_limits(old: &[Limit], new: &[Limit]) -> bool {
    fn bound(limit: &Limit) -> (Window, u64, Option<&Path>) {
        let path = limit.increment_from.as_ref().map(|path| &path.value);
        (limit.window.value, limit.max.value, path)
    }
    let sorted = |limits| {
        let mut bounds: Vec<_> = <[Limit]>::iter(limits).map(bound).collect();
        bounds.sort();
        bounds
    };
    let each = || old.iter().map(bound).eq(new.iter().map(bound));
    old.len() == new.len() && (each() || sorted(old) == sorted(new))
}

/// A change of a tool's words; `None` when it reads as before. Edits of what
/// never decides, as of the rules of a hidden tool, are such a change, too.
pub(super) fn of_tool(
    pair: &Pair<'_, '_>,
    scope: &Scope,
    tool: &str,
    is_edited: bool,
) -> Option<Change> {
    let (old, new) = (pair.old.tool(tool), pair.new.tool(tool));
    let aspect = match (pair.old.entry(tool), pair.new.entry(tool)) {
        (Entry::Refused(a), Entry::Refused(b)) if a != b => Aspect::Access,
        (Entry::Refused(_), Entry::Refused(_)) if !is_edited => return None,
        (Entry::Refused(_), Entry::Refused(_)) => Aspect::Access,
        _ if old.is_some() != new.is_some() => Aspect::Access,
        _ if !same_rules(old, new) || !messages(old).eq(messages(new)) => Aspect::Arguments,
        _ if !words(own(old)).eq(words(own(new))) => Aspect::Limits,
        _ if is_edited => Aspect::Access,
        _ => return None,
    };
    let sides = [Side::of_tool(pair.old, tool), Side::of_tool(pair.new, tool)];
    Some(Change::reworded(scope.clone(), aspect, sides))
}

/// A change of the words of the limits on all tools.
pub(super) fn of_all_tools(pair: &Pair<'_, '_>) -> Option<Change> {
    let (old, new) = (&pair.old.policy.all_tools, &pair.new.policy.all_tools);
    let sides = || [pair.old, pair.new].map(|side| Side::at(side, "/all_tools"));
    (!words(old).eq(words(new))).then(|| Change::reworded(Scope::AllTools, Aspect::Limits, sides()))
}

fn own(tool: Option<&ToolRules>) -> &[Limit] {
    tool.map(|tool| tool.limits.as_slice()).unwrap_or_default()
}

fn messages(tool: Option<&ToolRules>) -> impl Iterator<Item = Option<&str>> {
    let rules = tool.map(|tool| tool.require.iter().chain(&tool.deny_if));
    let rules = rules.into_iter().flatten();
    rules.map(|rule| message(rule.on_deny.as_ref()))
}

fn message(text: Option<&Spanned<String>>) -> Option<&str> {
    text.map(|text| text.value.as_str())
}

/// What a limit says, its message and its counter's name included.
type Words<'a> = (&'a str, Window, u64, Option<&'a Path>, Option<&'a str>);

fn words(limits: &[Limit]) -> impl Iterator<Item = Words<'_>> {
    limits.iter().map(|limit| {
        let path = limit.increment_from.as_ref().map(|path| &path.value);
        (
            limit.counter.value.as_str(),
            limit.window.value,
            limit.max.value,
            path,
            message(limit.on_deny.as_ref()),
        )
    })
}
