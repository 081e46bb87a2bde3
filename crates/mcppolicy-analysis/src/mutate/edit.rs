//! One small change, kept small: it is applied when it is needed.

use super::operator::Operator;
use crate::fnv::Fnv;
use mcppolicy_engine::policy::{
    Condition, DefaultDecision, Limit, Policy, Rule, Spanned, ToolRules,
};
use mcppolicy_engine::source::Span;

/// A policy with one small change.
#[derive(Debug, Clone)]
pub struct Mutant {
    /// Operator, pointer and a fingerprint of both values; reformatting the
    /// policy keeps it.
    pub id: String,
    /// What the change does.
    pub operator: Operator,
    /// The element of the policy that it changes, as a JSON Pointer.
    pub pointer: String,
    /// That element's span in the policy's file.
    pub span: Span,
    /// The element before; null where it is new.
    pub from: serde_json::Value,
    /// The element after; null where it is gone.
    pub to: serde_json::Value,
    /// What is different, in a few words.
    pub what: String,
    pub(super) edit: Edit,
}

/// Where a change is and what stands there afterwards.
#[derive(Debug, Clone)]
pub(super) enum Edit {
    Default(DefaultDecision),
    /// The tool at this index is not listed.
    DropTool(usize),
    Hide(String),
    Unhide(usize),
    /// Something in the tool at this index.
    Tool(usize, InTool),
    /// The limit for all tools at this index becomes this one, or goes.
    AllTools(usize, Option<Box<Limit>>),
}

/// A change of one tool's rules.
#[derive(Debug, Clone)]
pub(super) enum InTool {
    Empty,
    /// The rule at that place of that list becomes this one, or goes.
    Rule(List, usize, Option<Box<Rule>>),
    Move(List, usize),
    /// A condition of a rule becomes this one, or goes.
    Condition(List, usize, usize, Option<Box<Condition>>),
    Limit(usize, Option<Box<Limit>>),
}

/// The two lists of rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum List {
    Require,
    DenyIf,
}

impl List {
    pub(super) fn of(self, rules: &ToolRules) -> &Vec<Rule> {
        match self {
            List::Require => &rules.require,
            List::DenyIf => &rules.deny_if,
        }
    }

    fn of_mut(self, rules: &mut ToolRules) -> &mut Vec<Rule> {
        match self {
            List::Require => &mut rules.require,
            List::DenyIf => &mut rules.deny_if,
        }
    }

    pub(super) const fn other(self) -> List {
        match self {
            List::Require => List::DenyIf,
            List::DenyIf => List::Require,
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            List::Require => "require",
            List::DenyIf => "deny_if",
        }
    }
}

/// What a change can reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reach {
    /// The calls of this tool.
    Tool(String),
    /// All calls.
    All,
}

impl Mutant {
    /// The mutant's place among those of its policy: by the file, then by id.
    pub(super) fn key(&self) -> (usize, usize, Operator, &str) {
        (self.span.start, self.span.end, self.operator, &self.id)
    }

    /// The id of a change.
    pub(super) fn id_of(
        operator: Operator,
        pointer: &str,
        from: &serde_json::Value,
        to: &serde_json::Value,
    ) -> String {
        let hash = Fnv::new()
            .with(from.to_string().as_bytes())
            .with(b"\n")
            .with(to.to_string().as_bytes())
            .value();
        let hash = (hash ^ (hash >> 32)) & 0xffff_ffff;
        format!("{}:{pointer}:{hash:08x}", operator.name())
    }

    /// The policy with the change. An entry that is left out of `hide` becomes an
    /// empty name, which is no tool's, so that the others keep their places.
    pub fn apply(&self, policy: &Policy) -> Policy {
        let mut changed = policy.clone();
        match &self.edit {
            Edit::Default(decision) => changed.default.value = *decision,
            Edit::DropTool(at) => remove(&mut changed.tools, *at),
            Edit::Hide(tool) => changed.hide.push(Spanned {
                value: tool.clone(),
                span: self.span,
            }),
            Edit::Unhide(at) => blank(&mut changed.hide, *at),
            Edit::Tool(at, edit) => {
                if let Some(rules) = changed.tools.get_mut(*at) {
                    edit.apply(rules);
                }
            }
            Edit::AllTools(at, limit) => replace(&mut changed.all_tools, *at, limit.as_deref()),
        }
        changed
    }

    /// The policy with the change, as far as it decides calls of `tool`.
    pub(super) fn apply_to_tool(&self, policy: &Policy, tool: &str) -> Policy {
        let mut changed = restricted(policy, tool);
        match &self.edit {
            Edit::DropTool(_) => changed.tools.clear(),
            Edit::Tool(_, edit) => changed.tools.iter_mut().for_each(|rules| edit.apply(rules)),
            Edit::Hide(name) => changed.hide.push(Spanned {
                value: name.clone(),
                span: self.span,
            }),
            Edit::Unhide(at) => {
                // The entries keep their places in a policy that hides the tool.
                changed.hide = policy.hide.clone();
                blank(&mut changed.hide, *at);
            }
            Edit::Default(_) | Edit::AllTools(..) => {}
        }
        changed
    }

    /// Which calls may be decided otherwise.
    pub(super) fn reach(&self, policy: &Policy) -> Reach {
        let named = |at: usize| match policy.tools.get(at) {
            Some(rules) => Reach::Tool(rules.name.clone()),
            None => Reach::All,
        };
        match &self.edit {
            Edit::Default(_) | Edit::AllTools(..) => Reach::All,
            Edit::DropTool(at) | Edit::Tool(at, _) => named(*at),
            Edit::Hide(tool) => Reach::Tool(tool.clone()),
            Edit::Unhide(at) => match policy.hide.get(*at) {
                Some(entry) if entry.value != "*" => Reach::Tool(entry.value.clone()),
                _ => Reach::All,
            },
        }
    }

    /// Whether a counter may hold something else, though no rule says anything
    /// else of any call.
    pub(super) fn touches_limits(&self) -> bool {
        match &self.edit {
            Edit::Default(_) | Edit::Hide(_) | Edit::Unhide(_) => false,
            Edit::DropTool(_) | Edit::AllTools(..) => true,
            Edit::Tool(_, edit) => matches!(edit, InTool::Empty | InTool::Limit(..)),
        }
    }
}

impl InTool {
    /// Makes the change.
    pub(super) fn apply(&self, rules: &mut ToolRules) {
        match self {
            InTool::Empty => {
                rules.require.clear();
                rules.deny_if.clear();
                rules.limits.clear();
            }
            InTool::Rule(list, at, rule) => replace(list.of_mut(rules), *at, rule.as_deref()),
            InTool::Move(list, at) => {
                let other = list.other();
                if *at < list.of(rules).len() {
                    let mut rule = list.of_mut(rules).remove(*at);
                    let count = other.of(rules).len();
                    rule.pointer = format!("{}/{}/{count}", rules.pointer, other.name());
                    other.of_mut(rules).push(rule);
                }
            }
            InTool::Condition(list, rule, at, condition) => {
                if let Some(rule) = list.of_mut(rules).get_mut(*rule) {
                    replace(&mut rule.conditions, *at, condition.as_deref());
                }
            }
            InTool::Limit(at, limit) => replace(&mut rules.limits, *at, limit.as_deref()),
        }
    }
}

/// The policy without the other tools: what it decides of calls of `tool`. Where
/// that is hidden, the entries of `hide` keep their places.
pub(super) fn restricted(policy: &Policy, tool: &str) -> Policy {
    let is_hidden = policy.hidden_by(tool).is_some();
    Policy {
        file: policy.file,
        span: policy.span,
        default: policy.default.clone(),
        hide: if is_hidden {
            policy.hide.clone()
        } else {
            Vec::new()
        },
        all_tools: policy.all_tools.clone(),
        tools: policy.tool(tool).into_iter().cloned().collect(),
        empty_lists: Vec::new(),
    }
}

pub(super) fn replace<T: Clone>(list: &mut Vec<T>, at: usize, with: Option<&T>) {
    match with {
        None => remove(list, at),
        Some(with) => {
            if let Some(place) = list.get_mut(at) {
                *place = with.clone();
            }
        }
    }
}

fn blank(hide: &mut [Spanned<String>], at: usize) {
    if let Some(entry) = hide.get_mut(at) {
        entry.value.clear();
    }
}

fn remove<T>(list: &mut Vec<T>, at: usize) {
    if at < list.len() {
        list.remove(at);
    }
}
