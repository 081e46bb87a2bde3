//! Approvals as the text of their file: always the same bytes for the same
//! approvals, indented so that a reviewer reads them as a change.

use std::collections::BTreeMap;

use serde::Serialize;

use super::model::{Approval, Approved};
use crate::compare::Scope;
use mcppolicy_engine::policy::{Condition, Limit, Policy, Rule, ToolRules};

/// The whole file, with a line break at its end.
pub fn write(approvals: &[Approval]) -> String {
    let file = File {
        version: "1",
        approvals: approvals.iter().map(Entry::new).collect(),
    };
    // Maps with string keys, strings and numbers always serialise.
    let mut text = serde_json::to_string_pretty(&file).unwrap_or_default();
    text.push('\n');
    text
}

impl Approval {
    /// The approval alone in a file: two approvals say the same where these texts
    /// are equal.
    pub fn text(&self) -> String {
        write(std::slice::from_ref(self))
    }
}

#[derive(Serialize)]
struct File<'a> {
    version: &'static str,
    approvals: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    policy: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<ScopeEntry<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    approved: Option<Fragment<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    removed: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pointer: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<&'a str>,
    reason: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<&'a str>,
    date: &'a str,
}

#[derive(Serialize)]
struct ScopeEntry<'a> {
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool: Option<&'a str>,
}

#[derive(Serialize)]
struct Fragment<'a> {
    version: &'static str,
    default: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hide: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    all_tools: Option<AllTools<'a>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    tools: BTreeMap<&'a str, ToolEntry<'a>>,
}

#[derive(Serialize)]
struct AllTools<'a> {
    limits: Vec<LimitEntry<'a>>,
}

#[derive(Serialize)]
struct ToolEntry<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    require: Vec<RuleEntry>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    deny_if: Vec<RuleEntry>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    limits: Vec<LimitEntry<'a>>,
}

#[derive(Serialize)]
struct RuleEntry {
    conditions: Vec<ConditionEntry>,
}

#[derive(Serialize)]
struct ConditionEntry {
    path: String,
    op: &'static str,
    value: serde_json::Value,
}

#[derive(Serialize)]
struct LimitEntry<'a> {
    counter: &'a str,
    window: &'static str,
    max: u64,
    scope: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    increment_from: Option<String>,
}

impl<'a> Entry<'a> {
    fn new(approval: &'a Approval) -> Entry<'a> {
        let mut entry = Entry {
            policy: &approval.policy,
            scope: None,
            approved: None,
            removed: None,
            rule: None,
            pointer: None,
            sha256: None,
            reason: &approval.reason,
            by: approval.by.as_deref(),
            date: &approval.date,
        };
        match &approval.approved {
            Approved::State { scope, rules } => {
                entry.scope = Some(ScopeEntry::new(scope));
                entry.approved = Some(Fragment::new(scope, rules));
            }
            Approved::Removal => entry.removed = Some(true),
            Approved::Finding(finding) => {
                entry.rule = Some(finding.rule.name());
                entry.pointer = Some(&finding.pointer);
                entry.sha256 = Some(&finding.sha256);
            }
        }
        entry
    }
}

impl<'a> ScopeEntry<'a> {
    fn new(scope: &'a Scope) -> ScopeEntry<'a> {
        let (kind, tool) = match scope {
            Scope::Tool(tool) => ("tool", Some(tool.as_str())),
            Scope::Unlisted => ("unlisted", None),
            Scope::AllTools => ("all_tools", None),
        };
        ScopeEntry { kind, tool }
    }
}

impl<'a> Fragment<'a> {
    fn new(scope: &Scope, policy: &'a Policy) -> Fragment<'a> {
        // No limits on all tools is a state too, and the widest one.
        let all_tools = (*scope == Scope::AllTools).then(|| AllTools {
            limits: policy.all_tools.iter().map(LimitEntry::new).collect(),
        });
        Fragment {
            version: "1",
            default: policy.default.value.name(),
            hide: policy
                .hide
                .iter()
                .map(|entry| entry.value.as_str())
                .collect(),
            all_tools,
            tools: policy
                .tools
                .iter()
                .map(|tool| (tool.name.as_str(), ToolEntry::new(tool)))
                .collect(),
        }
    }
}

impl<'a> ToolEntry<'a> {
    fn new(tool: &'a ToolRules) -> ToolEntry<'a> {
        ToolEntry {
            require: tool.require.iter().map(RuleEntry::new).collect(),
            deny_if: tool.deny_if.iter().map(RuleEntry::new).collect(),
            limits: tool.limits.iter().map(LimitEntry::new).collect(),
        }
    }
}

impl RuleEntry {
    fn new(rule: &Rule) -> RuleEntry {
        RuleEntry {
            conditions: rule.conditions.iter().map(ConditionEntry::new).collect(),
        }
    }
}

impl ConditionEntry {
    fn new(condition: &Condition) -> ConditionEntry {
        ConditionEntry {
            path: condition.path.value.to_string(),
            op: condition.test.operator(),
            value: condition.test.operand().to_json(),
        }
    }
}

impl<'a> LimitEntry<'a> {
    fn new(limit: &'a Limit) -> LimitEntry<'a> {
        LimitEntry {
            counter: &limit.counter.value,
            window: limit.window.value.name(),
            max: limit.max.value,
            scope: "grant",
            increment_from: limit
                .increment_from
                .as_ref()
                .map(|path| path.value.to_string()),
        }
    }
}
