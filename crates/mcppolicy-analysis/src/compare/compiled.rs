//! What is compared: two policies, each with its engine.

use std::cell::{Cell, OnceCell};
use std::collections::HashMap;
use std::ops::Deref;

use crate::inventory::Inventory;
use crate::inventory::category::{Categories, Category};
use crate::region::Budget;
use mcppolicy_engine::engine::Engine;
use mcppolicy_engine::policy::{DefaultDecision, Policy, ToolRules};

/// A policy beside its engine.
pub struct Compiled<'p> {
    /// What the policy says.
    pub policy: &'p Policy,
    /// What decides; it is made when a call is decided first.
    pub engine: LazyEngine<'p>,
    /// The listed tools. Of two with one name the later one counts.
    tools: HashMap<&'p str, &'p ToolRules>,
    /// The first entry of `hide` with each name.
    hidden: HashMap<&'p str, usize>,
}

/// An engine that is made when it is first needed: most tools of a policy are
/// often compared without deciding a call.
pub struct LazyEngine<'p> {
    policy: &'p Policy,
    made: OnceCell<Engine>,
}

impl Deref for LazyEngine<'_> {
    type Target = Engine;

    fn deref(&self) -> &Engine {
        self.made.get_or_init(|| Engine::new(self.policy))
    }
}

impl<'p> Compiled<'p> {
    /// Compiles a policy.
    pub fn new(policy: &'p Policy) -> Compiled<'p> {
        let mut hidden = HashMap::new();
        for (at, entry) in policy.hide.iter().enumerate() {
            hidden.entry(entry.value.as_str()).or_insert(at);
        }
        let tools = policy.tools.iter();
        Compiled {
            policy,
            engine: LazyEngine {
                policy,
                made: OnceCell::new(),
            },
            tools: tools.map(|rules| (rules.name.as_str(), rules)).collect(),
            hidden,
        }
    }

    /// The rules of `tool`, when it is listed.
    pub fn tool(&self, tool: &str) -> Option<&'p ToolRules> {
        self.tools.get(tool).copied()
    }

    /// The index of the first entry of `hide` that hides `tool`.
    pub fn hidden_by(&self, tool: &str) -> Option<usize> {
        let [own, all] = [tool, "*"].map(|name| self.hidden.get(name).copied());
        own.into_iter().chain(all).min()
    }

    /// What the entry of `hide` says that hides `tool`: its position says nothing.
    pub(super) fn hidden_name(&self, tool: &str) -> Option<&'p str> {
        let entry = self.policy.hide.get(self.hidden_by(tool)?);
        entry.map(|entry| entry.value.as_str())
    }

    /// The index of the first entry of `hide` with that name.
    pub(super) fn hidden_as(&self, name: &str) -> Option<usize> {
        self.hidden.get(name).copied()
    }

    /// What decides about a tool before its arguments do.
    pub fn entry(&self, tool: &str) -> Entry<'p> {
        if let Some(at) = self.hidden_by(tool) {
            return Entry::Refused(format!("/hide/{at}"));
        }
        match (self.tool(tool), self.policy.default.value) {
            (Some(rules), _) => Entry::Rules(Some(rules)),
            (None, DefaultDecision::Allow) => Entry::Rules(None),
            (None, DefaultDecision::Deny) => Entry::Refused("/default".to_owned()),
        }
    }
}

/// What decides about a tool before its arguments do (policy language §3,
/// steps 2 and 3).
#[derive(Debug, Clone)]
pub enum Entry<'p> {
    /// It is refused by the rule at this pointer, whatever its arguments.
    Refused(String),
    /// Its rules decide; none for an unlisted tool that passes.
    Rules(Option<&'p ToolRules>),
}

/// Both policies, in the order in which they were given.
pub(crate) struct Pair<'a, 'p> {
    pub(crate) old: &'a Compiled<'p>,
    pub(crate) new: &'a Compiled<'p>,
    budget: Budget,
    allowance: &'a Allowance,
    /// Whether the changes are for people to read, not only to be judged by.
    pub(super) detailed: bool,
    /// Up to so many elements are one question, which gives the shortest calls.
    pub(super) whole: usize,
    pub(super) known: Known<'a>,
}

/// What is known of a server's tools beside the policies.
#[derive(Debug, Default, Clone, Copy)]
pub struct Known<'a> {
    /// The server's own list of them.
    pub inventory: Option<&'a Inventory>,
    /// What they do, as far as it is configured or learnt; else their names say
    /// it.
    pub categories: Option<&'a Categories>,
}

impl Known<'_> {
    /// What a call of a tool does.
    pub(super) fn category(&self, tool: &str) -> Category {
        match self.categories {
            Some(categories) => categories.of(tool).category,
            None => Categories::new().of(tool).category,
        }
    }
}

/// What all questions of a run may cost together: so many times what one may.
/// Once it is spent, each question has [`SCRAPS`] of its budget only, so that
/// what is plain is still decided.
#[derive(Debug)]
pub struct Allowance(Cell<u64>);

const QUESTIONS: u64 = 10;

/// How many elements of two policies' rules for a tool are compared as one question.
const WHOLE: usize = 64;

/// The part of its budget that a question has once the allowance is spent.
const SCRAPS: u32 = 1_000;

impl Allowance {
    /// The allowance for a run whose questions may cost `budget` each.
    pub fn new(budget: &Budget) -> Allowance {
        Allowance(Cell::new(budget.worth().saturating_mul(QUESTIONS)))
    }

    /// What the next question may cost, of a `budget` for each.
    pub(crate) fn budget(&self, budget: &Budget) -> Budget {
        if self.0.get() > 0 {
            *budget
        } else {
            budget.part(SCRAPS)
        }
    }

    /// Takes what a question has cost.
    pub(crate) fn spend(&self, cost: u64) {
        self.0.set(self.0.get().saturating_sub(cost));
    }
}

impl<'a, 'p> Pair<'a, 'p> {
    pub(crate) fn new(
        old: &'a Compiled<'p>,
        new: &'a Compiled<'p>,
        budget: &Budget,
        allowance: &'a Allowance,
    ) -> Pair<'a, 'p> {
        Pair {
            old,
            new,
            budget: *budget,
            allowance,
            detailed: false,
            whole: WHOLE,
            known: Known::default(),
        }
    }

    /// The same for people to read, with what is known of the server's tools.
    pub(super) fn detailed(self, known: Known<'a>) -> Pair<'a, 'p> {
        Pair {
            detailed: true,
            known,
            ..self
        }
    }

    /// What the next question may cost.
    pub(crate) fn budget(&self) -> Budget {
        self.allowance.budget(&self.budget)
    }

    /// Takes what a question has cost from the allowance.
    pub(crate) fn spend(&self, cost: u64) {
        self.allowance.spend(cost);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::{Verdict, policies_within};

    fn policy(condition: &str) -> Policy {
        let rule = format!(r#"{{"conditions":[{{"path":"args.a",{condition}}}]}}"#);
        let text =
            format!(r#"{{"version":"1","default":"deny","tools":{{"t":{{"require":[{rule}]}}}}}}"#);
        Policy::from_json(text.as_bytes()).unwrap()
    }

    #[test]
    fn what_is_plain_is_decided_when_the_run_has_spent_its_allowance() {
        let plain = [5, 9].map(|most| policy(&format!(r#""op":"lte","value":{most}"#)));
        let intricate = [9, 11].map(|count| {
            policy(&format!(
                r#""op":"regex","value":"^(a|b)*a(a|b){{{count}}}c$""#
            ))
        });
        let budget = Budget::default();
        let spent = Allowance(Cell::new(0));
        let verdict = |[old, new]: &[Policy; 2], allowance: &Allowance| {
            policies_within(old, new, &budget, allowance).verdict
        };
        assert_eq!(verdict(&plain, &spent), Verdict::Loosened);
        assert_eq!(verdict(&intricate, &spent), Verdict::Undetermined);
        let fresh = Allowance::new(&budget);
        let before = fresh.0.get();
        assert_ne!(verdict(&intricate, &fresh), Verdict::Undetermined);
        assert!(fresh.0.get() < before);
    }
}
