//! What an approval allows, one line for each part of it: what its reviewer
//! reads when it is written, and in each report that uses it.

use super::model::Approved;
use crate::compare::Scope;
use crate::words;
use mcppolicy_engine::policy::{DefaultDecision, Limit, Policy, Rule, ToolRules};

/// One part of what an approval allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowed {
    /// Which kind of part.
    pub kind: AllowedKind,
    /// The part in words, without a full stop.
    pub text: String,
}

/// The kinds of parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AllowedKind {
    /// What the change edits.
    Edit,
    /// Which calls are open at all.
    Access,
    /// A rule that still refuses calls.
    Rule,
    /// A limit that still refuses calls.
    Limit,
    /// That the policy is gone.
    Removal,
    /// That a finding does not count.
    Finding,
}

impl AllowedKind {
    /// The name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            AllowedKind::Edit => "edit",
            AllowedKind::Access => "access",
            AllowedKind::Rule => "rule",
            AllowedKind::Limit => "limit",
            AllowedKind::Removal => "removal",
            AllowedKind::Finding => "finding",
        }
    }
}

impl Approved {
    /// What it allows, in the order of the policy.
    pub fn allows(&self) -> Vec<Allowed> {
        match self {
            Approved::State { scope, rules } => of_state(scope, rules),
            Approved::Removal => {
                let text = "no policy decides any call to this server";
                vec![allowed(AllowedKind::Removal, text.to_owned())]
            }
            Approved::Finding(finding) => {
                let text = match finding.pointer.as_str() {
                    "" => format!("one finding of {} does not count", finding.rule),
                    pointer => format!("{} at `{pointer}` does not count", finding.rule),
                };
                vec![allowed(AllowedKind::Finding, text)]
            }
        }
    }
}

fn allowed(kind: AllowedKind, text: String) -> Allowed {
    Allowed { kind, text }
}

fn of_state(scope: &Scope, state: &Policy) -> Vec<Allowed> {
    let tool = match scope {
        Scope::AllTools => return of_all_tools(state),
        Scope::Unlisted => None,
        Scope::Tool(tool) => Some(tool.as_str()),
    };
    let is_hidden = state.hide.iter().any(|entry| entry.value == "*")
        || tool.is_some_and(|tool| state.hidden_by(tool).is_some());
    if is_hidden {
        return vec![allowed(AllowedKind::Access, "it stays hidden".to_owned())];
    }
    let listed = tool.and_then(|tool| state.tool(tool));
    match (listed, state.default.value, tool) {
        (Some(rules), ..) => of_tool(rules),
        (None, DefaultDecision::Deny, _) => {
            let text = "no call: `default` refuses each";
            vec![allowed(AllowedKind::Access, text.to_owned())]
        }
        (None, DefaultDecision::Allow, Some(tool)) => {
            let text = format!("every call of `{tool}`, which only `default` decides");
            vec![allowed(AllowedKind::Access, text)]
        }
        (None, DefaultDecision::Allow, None) => {
            let text = "every call of every tool that the policy does not list";
            vec![allowed(AllowedKind::Access, text.to_owned())]
        }
    }
}

fn of_all_tools(state: &Policy) -> Vec<Allowed> {
    if state.all_tools.is_empty() {
        let text = "any number of calls of all tools together";
        return vec![allowed(AllowedKind::Access, text.to_owned())];
    }
    let limits = state.all_tools.iter();
    limits
        .map(|of| allowed(AllowedKind::Limit, limit(of)))
        .collect()
}

fn of_tool(rules: &ToolRules) -> Vec<Allowed> {
    let calls = match (rules.require.is_empty(), rules.deny_if.is_empty()) {
        (true, true) => "calls with any arguments",
        _ => "calls that its rules let through",
    };
    let mut all = vec![allowed(
        AllowedKind::Access,
        format!("{calls} of `{}`", rules.name),
    )];
    all.extend(rules.require.iter().map(|rule| {
        let text = format!("where {}", conditions(rule, "nothing else is required"));
        allowed(AllowedKind::Rule, text)
    }));
    all.extend(rules.deny_if.iter().map(|rule| {
        let text = format!("not where {}", conditions(rule, "it is a call at all"));
        allowed(AllowedKind::Rule, text)
    }));
    all.extend(
        rules
            .limits
            .iter()
            .map(|of| allowed(AllowedKind::Limit, limit(of))),
    );
    if rules.limits.is_empty() {
        let text = "any number of calls".to_owned();
        all.push(allowed(AllowedKind::Limit, text));
    }
    all
}

fn conditions(rule: &Rule, without: &str) -> String {
    words::conditions(&rule.conditions).unwrap_or_else(|| without.to_owned())
}

fn limit(limit: &Limit) -> String {
    format!("{} for each grant", words::limit(limit))
}
