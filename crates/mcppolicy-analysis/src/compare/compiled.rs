//! What is compared: two policies, each with its engine.

use std::collections::HashMap;

use crate::region::Budget;
use mcppolicy_engine::engine::Engine;
use mcppolicy_engine::policy::{DefaultDecision, Policy, ToolRules};

/// A policy beside its engine.
pub struct Compiled<'p> {
    /// What the policy says.
    pub policy: &'p Policy,
    /// What decides.
    pub engine: Engine,
    /// The listed tools. Of two with one name the later one counts.
    tools: HashMap<&'p str, &'p ToolRules>,
    /// The first entry of `hide` with each name.
    hidden: HashMap<&'p str, usize>,
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
            engine: Engine::new(policy),
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
    pub(crate) budget: Budget,
}
