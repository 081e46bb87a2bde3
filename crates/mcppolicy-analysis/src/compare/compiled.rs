//! What is compared: two policies, each with its engine.

use crate::region::Budget;
use mcppolicy_engine::engine::Engine;
use mcppolicy_engine::policy::{DefaultDecision, Policy, ToolRules};

/// A policy beside its engine.
pub struct Compiled<'p> {
    /// What the policy says.
    pub policy: &'p Policy,
    /// What decides.
    pub engine: Engine,
}

impl<'p> Compiled<'p> {
    /// Compiles a policy.
    pub fn new(policy: &'p Policy) -> Compiled<'p> {
        Compiled {
            policy,
            engine: Engine::new(policy),
        }
    }

    /// What decides about a tool before its arguments do.
    pub fn entry(&self, tool: &str) -> Entry<'p> {
        if let Some((at, _)) = self.policy.hidden_by(tool) {
            return Entry::Refused(format!("/hide/{at}"));
        }
        match (self.policy.tool(tool), self.policy.default.value) {
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
