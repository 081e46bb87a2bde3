//! What is left where something was taken out: how much a removal lets through.

use std::collections::HashSet;

use super::text;
use crate::compare::edit::{Edit, EditKind, Target};
use mcppolicy_engine::engine::Kind as Step;
use mcppolicy_engine::policy::{Condition, Limit, Path, Rule, ToolRules};

/// Arguments that an edit names as unchecked.
const NAMED: usize = 3;

/// Adds to the edits that take out a condition, a rule or a limit of a tool whether
/// anything else checks the same arguments, or limits the tool's calls.
pub(super) fn tell(old: &ToolRules, new: &ToolRules, all_tools: &[Limit], edits: &mut [Edit]) {
    let is_removal = |edit: &&mut Edit| edit.kind == EditKind::Removed;
    let removals: Vec<&mut Edit> = edits.iter_mut().filter(is_removal).collect();
    if removals.is_empty() {
        return;
    }
    let rules = new.require.iter().chain(&new.deny_if);
    let checked: HashSet<&Path> = rules
        .flat_map(|rule| &rule.conditions)
        .map(|condition| &condition.path.value)
        .collect();
    let is_unlimited = new.limits.is_empty() && all_tools.is_empty();
    for edit in removals {
        let left = match edit.target {
            Target::Limit(_) if is_unlimited => Some("no limit is left".to_owned()),
            Target::Rule(step, ends) => {
                let rule = ends.old.and_then(|at| rules_of(old, step).get(at));
                rule.and_then(|rule| unchecked(&rule.conditions, &checked))
            }
            Target::Condition(step, (rule, _), ends) => {
                let rule = rules_of(old, step).get(rule);
                let condition = rule.and_then(|rule| rule.conditions.get(ends.old?));
                condition.and_then(|of| unchecked(std::slice::from_ref(of), &checked))
            }
            _ => None,
        };
        if let Some(left) = left {
            edit.summary = format!("{}; {left}", edit.summary);
        }
    }
}

fn rules_of(tool: &ToolRules, step: Step) -> &[Rule] {
    match step {
        Step::DenyIf => &tool.deny_if,
        _ => &tool.require,
    }
}

/// `nothing checks amount now`: of the arguments that `removed` checked, those that
/// nothing else does.
fn unchecked(removed: &[Condition], checked: &HashSet<&Path>) -> Option<String> {
    let paths = removed.iter().map(|condition| &condition.path.value);
    let mut seen = HashSet::new();
    let free = paths.filter(|path| !checked.contains(path) && seen.insert(*path));
    let free: Vec<String> = free.map(text::path).collect();
    let shown: Vec<String> = free
        .iter()
        .take(NAMED)
        .map(|path| text::short(path).into_owned())
        .collect();
    let mut names = shown.join(" or ");
    if free.len() > shown.len() {
        names = format!("{names} or {} more", free.len() - shown.len());
    }
    (!free.is_empty()).then(|| format!("nothing checks {names} now"))
}

#[cfg(test)]
mod tests {
    use crate::compare;
    use crate::region::Budget;
    use mcppolicy_engine::policy::Policy;

    fn summaries(old: &str, new: &str) -> Vec<String> {
        let [old, new] = [old, new].map(|tool| {
            let text = format!(r#"{{"version":"1","default":"deny","tools":{{"t":{tool}}}}}"#);
            Policy::from_json(text.as_bytes()).unwrap()
        });
        let comparison = compare::policies(&old, &new, &Budget::default());
        let edits = comparison.changes.into_iter().flat_map(|of| of.edits);
        edits.map(|edit| edit.summary).collect()
    }

    #[test]
    fn a_removal_says_what_nothing_checks_any_more() {
        let rule = |conditions: &str| format!(r#"{{"require":[{{"conditions":[{conditions}]}}]}}"#);
        let amount = r#"{"path":"args.amount","op":"lte","value":5}"#;
        let whole = r#"{"path":"args.amount","op":"gte","value":0}"#;
        let force = r#"{"path":"args.force","op":"neq","value":true}"#;
        let told = summaries(&rule(&format!("{amount},{force}")), &rule(amount));
        assert!(
            told[0].ends_with("force neq true; nothing checks force now"),
            "{told:?}"
        );
        let told = summaries(&rule(&format!("{amount},{whole}")), &rule(amount));
        assert!(told[0].ends_with("amount gte 0"), "{told:?}");
        let told = summaries(&rule(amount), "{}");
        assert!(
            told[0].ends_with("amount lte 5; nothing checks amount now"),
            "{told:?}"
        );
    }

    #[test]
    fn a_removed_limit_says_that_no_limit_is_left() {
        let limit = |name: &str| {
            format!(r#"{{"counter":"{name}","window":"hour","max":5,"scope":"grant"}}"#)
        };
        let tool = |limits: &[String]| format!(r#"{{"limits":[{}]}}"#, limits.join(","));
        let told = summaries(&tool(&[limit("a")]), "{}");
        assert_eq!(
            told,
            [r#"limit removed: "a": max 5 per hour; no limit is left"#]
        );
        let minute = limit("b").replace("hour", "minute");
        let told = summaries(&tool(&[limit("a"), minute.clone()]), &tool(&[minute]));
        assert_eq!(told, [r#"limit removed: "a": max 5 per hour"#]);
    }
}
