//! Approvals, as data.

use crate::compare::Scope;
use crate::finding::RuleId;
use mcppolicy_engine::policy::{Policy, Spanned};
use mcppolicy_engine::source::{Location, Span};

/// One approval.
#[derive(Debug, Clone)]
pub struct Approval {
    /// The policy's path, relative to the approvals' directory.
    pub policy: String,
    /// What is approved.
    pub approved: Approved,
    /// Why, in the author's words.
    pub reason: String,
    /// Who approved it, where that was said.
    pub by: Option<String>,
    /// The day, as `2026-11-20`.
    pub date: String,
    /// Where it is in its file; none for one that is being written.
    pub location: Option<Location>,
}

/// What an approval lets through.
#[derive(Debug, Clone)]
pub enum Approved {
    /// Calls of this scope that a policy with these rules lets through.
    State {
        /// Which part of the policy.
        scope: Scope,
        /// A policy that speaks of that part only.
        rules: Box<Policy>,
    },
    /// That there is no policy any more.
    Removal,
    /// That one finding does not count.
    Finding(ApprovedFinding),
}

/// A finding that somebody answers for: of this rule, at this place, and while
/// what it rests on stays the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovedFinding {
    /// The rule.
    pub rule: RuleId,
    /// The place in the file that the finding points into, a JSON Pointer.
    pub pointer: String,
    /// SHA-256, as 64 lower-case hexadecimal digits, of the message and of the
    /// value or text at that place. The caller computes it.
    pub sha256: String,
}

impl Approved {
    /// What `policy` says of a scope: its rules for a tool, `hide` and
    /// `default` as far as they concern it, or the limits on all tools.
    pub fn state(scope: &Scope, policy: &Policy) -> Approved {
        Approved::State {
            scope: scope.clone(),
            rules: Box::new(part(policy, scope)),
        }
    }

    /// The scope, where the approval is of a part of a policy.
    pub fn scope(&self) -> Option<&Scope> {
        match self {
            Approved::State { scope, .. } => Some(scope),
            Approved::Removal | Approved::Finding(_) => None,
        }
    }
}

/// As much of a policy as concerns one scope, words for agents left out.
pub(in crate::diff) fn part(policy: &Policy, scope: &Scope) -> Policy {
    let mut part = Policy {
        file: policy.file,
        span: Span::default(),
        default: policy.default.clone(),
        hide: Vec::new(),
        all_tools: Vec::new(),
        tools: Vec::new(),
        empty_lists: Vec::new(),
    };
    match scope {
        Scope::AllTools => part.all_tools.clone_from(&policy.all_tools),
        Scope::Unlisted => part.hide = hiding(policy, None),
        Scope::Tool(tool) => {
            part.hide = hiding(policy, Some(tool));
            part.tools.extend(policy.tool(tool).cloned());
        }
    }
    for tool in &mut part.tools {
        for rule in tool.require.iter_mut().chain(&mut tool.deny_if) {
            rule.on_deny = None;
        }
        for limit in &mut tool.limits {
            limit.on_deny = None;
        }
    }
    for limit in &mut part.all_tools {
        limit.on_deny = None;
    }
    part
}

/// The entries of `hide` that concern a tool, or the unlisted ones.
fn hiding(policy: &Policy, tool: Option<&str>) -> Vec<Spanned<String>> {
    let concerns = |name: &str| name == "*" || Some(name) == tool;
    let entries = policy.hide.iter();
    entries
        .filter(|entry| concerns(&entry.value))
        .cloned()
        .collect()
}
