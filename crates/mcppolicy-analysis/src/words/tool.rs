//! What a policy lets through of one tool.

use super::condition::conditions;
use super::limit::limits;
use super::spell::name;
use mcppolicy_engine::policy::{DefaultDecision, Policy, Rule, ToolRules};

/// What is let through of a tool, in clauses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolWords {
    /// The tool's name; `None` for every tool that is not listed.
    pub name: Option<String>,
    /// Whether any call may pass.
    pub access: Access,
    /// What must be so, one clause for each `require` that asks for something.
    pub requires: Vec<String>,
    /// What must not be so, one clause for each `deny_if`.
    pub refuses: Vec<String>,
    /// How often and how much.
    pub limits: Option<String>,
    /// How often, counted with the calls of all other tools.
    pub shared: Option<String>,
}

/// Whether any call of a tool may pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Its rules decide.
    Rules,
    /// It is not listed, and the default lets it through.
    Default,
    /// `hide` has its name.
    Hidden,
    /// `hide` has every tool.
    AllHidden,
    /// It is not listed, and the default refuses it.
    Refused,
    /// A `deny_if` without conditions refuses every call.
    Blocked,
}

impl Access {
    /// Whether any call may pass.
    pub const fn is_open(self) -> bool {
        matches!(self, Access::Rules | Access::Default)
    }
}

/// What a policy lets through of a tool.
pub fn tool(policy: &Policy, tool: &str) -> ToolWords {
    let access = match policy.hidden_by(tool) {
        Some((_, entry)) if entry.value == tool => Some(Access::Hidden),
        Some(_) => Some(Access::AllHidden),
        None => None,
    };
    of_rules(policy, Some(tool), access, policy.tool(tool))
}

/// What rules let through of the tool that they are listed for, wherever nothing
/// hides it.
pub fn listed(rules: &ToolRules) -> ToolWords {
    let mut words = ToolWords {
        name: Some(rules.name.clone()),
        access: Access::Rules,
        requires: clauses(&rules.require),
        refuses: clauses(&rules.deny_if),
        limits: limits(&rules.limits),
        shared: None,
    };
    if is_blocked(rules) {
        words.access = Access::Blocked;
    }
    words
}

fn is_blocked(rules: &ToolRules) -> bool {
    rules.deny_if.iter().any(|of| of.conditions.is_empty())
}

fn clauses(list: &[Rule]) -> Vec<String> {
    let each = list.iter().filter_map(|rule| conditions(&rule.conditions));
    each.collect()
}

/// What a policy lets through of every tool that it does not list.
pub fn unlisted(policy: &Policy) -> ToolWords {
    let all_hidden = policy.hide.iter().any(|entry| entry.value == "*");
    let access = all_hidden.then_some(Access::AllHidden);
    of_rules(policy, None, access, None)
}

pub(super) fn of_rules(
    policy: &Policy,
    name: Option<&str>,
    hidden: Option<Access>,
    rules: Option<&ToolRules>,
) -> ToolWords {
    let access = match (hidden, rules, policy.default.value) {
        (Some(hidden), ..) => hidden,
        (None, Some(rules), _) if is_blocked(rules) => Access::Blocked,
        (None, Some(_), _) => Access::Rules,
        (None, None, DefaultDecision::Allow) => Access::Default,
        (None, None, DefaultDecision::Deny) => Access::Refused,
    };
    let mut words = ToolWords {
        name: name.map(str::to_owned),
        access,
        requires: Vec::new(),
        refuses: Vec::new(),
        limits: None,
        shared: None,
    };
    if !access.is_open() {
        return words;
    }
    if let Some(rules) = rules {
        words.requires = clauses(&rules.require);
        words.refuses = clauses(&rules.deny_if);
        words.limits = limits(&rules.limits);
    }
    words.shared = limits(&policy.all_tools);
    words
}

impl ToolWords {
    /// All of it as one sentence without a full stop.
    pub fn sentence(&self) -> String {
        let shared = self.shared.as_ref();
        let shared = shared.map(|shared| format!("with all tools together {shared}"));
        self.closed_by(shared)
    }

    /// The sentence where the limits on all tools are told once, for all of them.
    pub fn own_sentence(&self) -> String {
        self.closed_by(None)
    }

    /// The sentence without the tool's name, with which it begins, and without the
    /// limits on all tools.
    pub fn predicate(&self) -> String {
        self.of_calls(None)
    }

    fn closed_by(&self, shared: Option<String>) -> String {
        format!("{} {}", self.subject(), self.of_calls(shared))
    }

    fn of_calls(&self, shared: Option<String>) -> String {
        let mut out = self.opening();
        if !self.access.is_open() {
            return out;
        }
        let own = match (&self.limits, &self.shared, &shared) {
            (Some(limits), ..) => Some(limits.clone()),
            (None, None, _) => Some("any number of calls".to_owned()),
            (None, Some(_), None) => Some("no limit of its own".to_owned()),
            (None, Some(_), Some(_)) => None,
        };
        for clause in own.into_iter().chain(shared) {
            out.push_str("; ");
            out.push_str(&clause);
        }
        out
    }

    fn subject(&self) -> String {
        match &self.name {
            Some(tool) => name(tool),
            None => "every other tool".to_owned(),
        }
    }

    /// Which arguments pass.
    fn opening(&self) -> String {
        let refused = match (self.access, &self.name) {
            (Access::Rules | Access::Default, _) => None,
            (Access::Hidden, _) => Some("`hide` names it"),
            (Access::AllHidden, _) => Some("`hide` has every tool"),
            (Access::Refused, None) => Some("the default is deny"),
            (Access::Refused, Some(_)) => Some("it is not listed, and the default is deny"),
            (Access::Blocked, _) => Some("a `deny_if` without conditions refuses every call"),
        };
        if let Some(why) = refused {
            return format!("never passes: {why}");
        }
        let mut out = if self.requires.is_empty() {
            "passes with any arguments".to_owned()
        } else {
            format!("passes when {}", self.requires.join(", and "))
        };
        for (at, refused) in self.refuses.iter().enumerate() {
            out.push_str(if at == 0 { ", unless " } else { ", or unless " });
            out.push_str(refused);
        }
        out
    }
}
