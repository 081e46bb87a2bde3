//! Arguments of a tool that its rules treat independently of each other: what they say
//! of one group of arguments does not depend on the others, so that each group is
//! compared for itself. A thousand rules about a thousand arguments are then a thousand
//! small questions.

use std::collections::HashMap;

use super::edit::{Edit, Target};
use super::elements::{At, Elements};
use mcppolicy_engine::engine::Kind as Step;
use mcppolicy_engine::policy::Path;
use mcppolicy_engine::value::Value;

/// Of each top-level argument, the group that it is in.
pub(super) struct Groups<'r> {
    by_argument: HashMap<&'r str, usize>,
    count: usize,
}

impl<'r> Groups<'r> {
    /// The groups of two policies' elements. What one rule asks together stays together,
    /// and so does what an edit mixes of two rules. None where an element asks nothing.
    pub(super) fn of(old: &Elements<'r>, new: &Elements<'r>, edits: &[Edit]) -> Option<Groups<'r>> {
        let mut joined = Joined::default();
        for elements in [old, new] {
            for at in elements.each() {
                joined.join(arguments(elements, at))?;
            }
            let limits = elements.rules.into_iter().flat_map(|rules| &rules.limits);
            for limit in limits.filter_map(|limit| limit.increment_from.as_ref()) {
                joined.join(argument(&limit.value).into_iter())?;
            }
        }
        for edit in edits {
            if let Target::Condition(Step::DenyIf, (before, after), _) = edit.target {
                let mixed = [(old, before), (new, after)]
                    .map(|(elements, rule)| arguments(elements, At::DenyIf(rule)));
                joined.join(mixed.into_iter().flatten())?;
            }
        }
        Some(joined.groups())
    }

    pub(super) const fn count(&self) -> usize {
        self.count
    }

    /// The group of a path; the number of groups for one that no rule asks about.
    pub(super) fn of_path(&self, path: &Path) -> usize {
        let group = argument(path).and_then(|argument| self.by_argument.get(argument));
        group.copied().unwrap_or(self.count)
    }

    /// The arguments of a group in `found`, the others in `base`.
    pub(super) fn merged(&self, group: usize, base: &Value, found: Value) -> Value {
        let (Value::Object(base), Value::Object(found)) = (base, found) else {
            return base.clone();
        };
        let is_own = |name: &str| self.by_argument.get(name) == Some(&group);
        let mut members = base.clone();
        members.retain(|name, _| !is_own(name));
        for (name, value) in found {
            if is_own(&name) {
                members.insert(name, value);
            } else {
                members.entry(name).or_insert(value);
            }
        }
        Value::Object(members)
    }
}

fn argument(path: &Path) -> Option<&str> {
    path.segments().first().map(String::as_str)
}

fn arguments<'r>(elements: &Elements<'r>, at: At) -> impl Iterator<Item = &'r str> + use<'r> {
    let conditions = elements.conditions(at).iter();
    conditions.filter_map(|condition| argument(&condition.path.value))
}

/// Which arguments belong together, as far as it is known.
#[derive(Default)]
struct Joined<'r> {
    by_argument: HashMap<&'r str, usize>,
    /// Of each argument another one of its group, or itself.
    parent: Vec<usize>,
}

impl<'r> Joined<'r> {
    fn join(&mut self, arguments: impl Iterator<Item = &'r str>) -> Option<()> {
        let mut first = None;
        for argument in arguments {
            let fresh = self.parent.len();
            let at = *self.by_argument.entry(argument).or_insert(fresh);
            if at == fresh {
                self.parent.push(fresh);
            }
            let root = self.root(at);
            let first = self.root(*first.get_or_insert(root));
            if let Some(parent) = self.parent.get_mut(root) {
                *parent = first;
            }
        }
        first.map(|_| ())
    }

    fn root(&mut self, mut at: usize) -> usize {
        while let Some(&above) = self.parent.get(at)
            && above != at
        {
            let further = self.parent.get(above).copied().unwrap_or(above);
            if let Some(parent) = self.parent.get_mut(at) {
                *parent = further;
            }
            at = above;
        }
        at
    }

    fn groups(mut self) -> Groups<'r> {
        let mut each: Vec<(&str, usize)> = self.by_argument.drain().collect();
        each.sort_unstable_by_key(|(_, at)| *at);
        let mut numbers = HashMap::new();
        let mut by_argument = HashMap::new();
        for (argument, at) in each {
            let fresh = numbers.len();
            let group = *numbers.entry(self.root(at)).or_insert(fresh);
            by_argument.insert(argument, group);
        }
        Groups {
            by_argument,
            count: numbers.len(),
        }
    }
}
