//! One tool that a policy lists.

use std::collections::HashMap;

use super::questions::Questions;
use crate::inventory;
use crate::inventory::category::Classification;
use crate::inventory::schema::{Argument, Presence};
use mcppolicy_engine::policy::{Condition, Path, Rule, Spanned, Test, ToolRules};
use mcppolicy_engine::source::Span;

/// A tool that the policy lists, and what can be read from its rules.
pub struct Tool<'a> {
    /// Its rules.
    pub rules: &'a ToolRules,
    /// Its category.
    pub class: Classification,
    /// The entry of `hide` that has its very name, with its index.
    pub hidden: Option<(usize, &'a Spanned<String>)>,
    /// Its entry in the inventory, where it has one.
    pub listed: Option<&'a inventory::Tool>,
    /// Why its own rules refuse every call, where that can be read from them.
    pub blocked: Option<Blocked>,
    /// The questions about its arguments.
    pub(super) questions: Questions,
}

/// A part of a tool's rules that refuses every call.
pub struct Blocked {
    /// Its span.
    pub span: Span,
    /// What it does, as the end of a sentence.
    pub why: String,
}

impl Tool<'_> {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.rules.name
    }

    /// The index of the first `deny_if` without conditions: the idiom for an
    /// unconditional block (policy language §3, step 5).
    pub fn switched_off(&self) -> Option<usize> {
        let rules = &self.rules.deny_if;
        rules.iter().position(|rule| rule.conditions.is_empty())
    }

    /// What the server's schema says of the argument at `path`, in particular
    /// whether a call must have it; `None` where the inventory does not have
    /// the tool.
    pub fn argument(&self, path: &Path) -> Option<Argument> {
        Some(self.listed?.arguments().argument(path.segments()))
    }

    /// What the schema says of an argument that it describes, and nothing of
    /// others.
    pub fn declared(&self, path: &Path) -> Option<Argument> {
        self.argument(path)
            .filter(|argument| argument.presence == Presence::Declared)
    }

    /// The conditions of its rules, and whether each is in a `require`.
    pub fn conditions(&self) -> impl Iterator<Item = (bool, &Condition)> {
        let of = |is_require| move |rule| (is_require, rule);
        let required = self.rules.require.iter().map(of(true));
        let refused = self.rules.deny_if.iter().map(of(false));
        required
            .chain(refused)
            .flat_map(|(is_require, rule): (bool, &Rule)| {
                rule.conditions
                    .iter()
                    .map(move |condition| (is_require, condition))
            })
    }

    /// Whether its rules look at any argument.
    pub(super) fn looks_at_arguments(&self) -> bool {
        let mut limits = self.rules.limits.iter();
        self.conditions().next().is_some() || limits.any(|limit| limit.increment_from.is_some())
    }
}

/// Why `rules` refuse every call, where that can be read from them: an unconditional
/// `deny_if`, a `require` that no value passes, an argument that must be and must
/// not be there.
pub(super) fn blocked(rules: &ToolRules) -> Option<Blocked> {
    if let Some(rule) = rules.deny_if.iter().find(|rule| rule.conditions.is_empty()) {
        return Some(Blocked {
            span: rule.span,
            why: "refuses every call".to_owned(),
        });
    }
    let required = || rules.require.iter().flat_map(|rule| &rule.conditions);
    if let Some(never) =
        required().find(|condition| matches!(&condition.test, Test::In(list) if list.is_empty()))
    {
        let why = "requires one of no values".to_owned();
        return Some(Blocked {
            span: never.span,
            why,
        });
    }
    let mut presence: HashMap<&Path, bool> = HashMap::new();
    let demanded = required().filter_map(|condition| match condition.test {
        Test::Exists(expected) => Some((condition, expected)),
        _ => None,
    });
    for (condition, expected) in demanded.chain(rules.deny_if.iter().filter_map(refused_presence)) {
        let path = &condition.path.value;
        if *presence.entry(path).or_insert(expected) != expected {
            let why = format!("leaves `{path}` neither present nor absent");
            return Some(Blocked {
                span: condition.span,
                why,
            });
        }
    }
    None
}

/// What a `deny_if` of a single `exists` demands of its argument.
fn refused_presence(rule: &Rule) -> Option<(&Condition, bool)> {
    match rule.conditions.as_slice() {
        [condition] => match condition.test {
            Test::Exists(expected) => Some((condition, !expected)),
            _ => None,
        },
        _ => None,
    }
}
