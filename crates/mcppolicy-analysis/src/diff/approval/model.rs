//! Approvals, as data.

use std::collections::HashMap;

use crate::compare::Scope;
use crate::finding::RuleId;
use mcppolicy_engine::policy::{Policy, Spanned, ToolRules};
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
            rules: Box::new(part(&Indexed::new(policy), scope)),
        }
    }

    /// The same of several scopes, in their order.
    pub fn states<'s>(
        scopes: impl IntoIterator<Item = &'s Scope>,
        policy: &Policy,
    ) -> Vec<Approved> {
        let indexed = Indexed::new(policy);
        let each = scopes.into_iter();
        each.map(|scope| Approved::State {
            scope: scope.clone(),
            rules: Box::new(part(&indexed, scope)),
        })
        .collect()
    }

    /// The scope, where the approval is of a part of a policy.
    pub fn scope(&self) -> Option<&Scope> {
        match self {
            Approved::State { scope, .. } => Some(scope),
            Approved::Removal | Approved::Finding(_) => None,
        }
    }
}

/// A policy with its tools and hidden names by their names.
pub(in crate::diff) struct Indexed<'p> {
    pub(in crate::diff) policy: &'p Policy,
    tools: HashMap<&'p str, &'p ToolRules>,
    hidden: HashMap<&'p str, Vec<usize>>,
}

impl<'p> Indexed<'p> {
    pub(in crate::diff) fn new(policy: &'p Policy) -> Indexed<'p> {
        let tools = policy.tools.iter();
        let mut hidden: HashMap<&str, Vec<usize>> = HashMap::new();
        for (at, entry) in policy.hide.iter().enumerate() {
            hidden.entry(entry.value.as_str()).or_default().push(at);
        }
        Indexed {
            policy,
            // Of two with one name the later one counts.
            tools: tools.map(|rules| (rules.name.as_str(), rules)).collect(),
            hidden,
        }
    }

    /// Whether the policy lists a tool or hides it by its name.
    pub(in crate::diff) fn names(&self, tool: &str) -> bool {
        self.tools.contains_key(tool) || self.hidden.contains_key(tool)
    }

    /// The entries of `hide` that concern a tool, or the unlisted ones.
    fn hiding(&self, tool: Option<&str>) -> Vec<Spanned<String>> {
        let names = tool.filter(|tool| *tool != "*").into_iter().chain(["*"]);
        let at = names.filter_map(|name| self.hidden.get(name)).flatten();
        let mut at: Vec<usize> = at.copied().collect();
        at.sort_unstable();
        let entries = at.into_iter().filter_map(|at| self.policy.hide.get(at));
        entries.cloned().collect()
    }
}

/// As much of a policy as concerns one scope, words for agents left out.
pub(in crate::diff) fn part(indexed: &Indexed<'_>, scope: &Scope) -> Policy {
    let policy = indexed.policy;
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
        Scope::Unlisted => part.hide = indexed.hiding(None),
        Scope::Tool(tool) => {
            part.hide = indexed.hiding(Some(tool));
            part.tools.extend(
                indexed
                    .tools
                    .get(tool.as_str())
                    .map(|rules| (*rules).clone()),
            );
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
