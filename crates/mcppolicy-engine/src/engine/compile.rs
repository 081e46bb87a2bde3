//! The compiled policy: no spans, and every denial is prepared.

use std::borrow::Cow;
use std::sync::Arc;

use foldhash::HashMap;

use super::limit_key::LimitKey;
use crate::decision::{Denial, Kind};
use crate::document::escape_pointer;
use crate::policy::{self, DefaultDecision, Path, Policy, Test};

/// A compiled policy: immutable, `Send + Sync`, and without state. What calls
/// have consumed is in a [`Store`](super::Store) or in
/// [`Counters`](super::Counters).
#[derive(Debug, Clone)]
pub struct Engine {
    pub(super) attached: bool,
    pub(super) default: DefaultDecision,
    pub(super) hidden: HashMap<String, PreparedDenial>,
    pub(super) everything_hidden: Option<PreparedDenial>,
    pub(super) index: HashMap<String, usize>,
    pub(super) tools: Vec<Tool>,
    pub(super) all_tools: Vec<Limit>,
    /// By [`Limit::id`]. Counters compare the pointer to see whether they were
    /// last used by this engine.
    pub(super) limit_keys: Arc<[LimitKey]>,
}

/// The rules of one listed tool.
#[derive(Debug, Clone)]
pub(super) struct Tool {
    pub require: Vec<Rule>,
    pub deny_if: Vec<Rule>,
    pub limits: Vec<Limit>,
}

#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub conditions: Vec<Condition>,
    pub prepared: PreparedDenial,
}

#[derive(Debug, Clone)]
pub(super) struct Condition {
    pub path: Path,
    pub test: Test,
}

#[derive(Debug, Clone)]
pub(super) struct Limit {
    /// The position of its key in [`Engine::limit_keys`].
    pub id: usize,
    pub key: LimitKey,
    pub max: u64,
    pub prepared: PreparedDenial,
    /// The message when the amount cannot be counted.
    pub uncountable: String,
}

/// A denial prepared at compile time.
#[derive(Debug, Clone)]
pub(super) struct PreparedDenial {
    pub kind: Kind,
    pub rule: String,
    pub label: String,
    pub message: String,
}

impl PreparedDenial {
    pub fn denial(&self) -> Denial<'_> {
        self.denial_with(&self.message)
    }

    pub fn denial_with<'e>(&'e self, message: &'e str) -> Denial<'e> {
        Denial {
            kind: Some(self.kind),
            rule: Some(&self.rule),
            label: Some(&self.label),
            message: Some(Cow::Borrowed(message)),
        }
    }
}

impl Engine {
    /// Compiles a policy. This cannot fail, because a [`Policy`] is valid.
    pub fn new(policy: &Policy) -> Engine {
        let mut keys = Vec::new();
        let all_tools = limits(&policy.all_tools, None, "/all_tools", &mut keys);
        let mut engine = Engine {
            attached: true,
            default: policy.default.value,
            hidden: HashMap::default(),
            everything_hidden: None,
            index: HashMap::default(),
            tools: Vec::with_capacity(policy.tools.len()),
            all_tools,
            limit_keys: Arc::default(),
        };
        for (at, entry) in policy.hide.iter().enumerate() {
            let prepared = PreparedDenial {
                kind: Kind::Hidden,
                rule: format!("/hide/{at}"),
                label: "(hidden)".to_owned(),
                message: format!("Tool \"{}\" is hidden by policy", entry.value),
            };
            if entry.value == "*" {
                engine.everything_hidden.get_or_insert(prepared);
            } else if engine.everything_hidden.is_none() {
                // The first entry that matches decides, so an entry after
                // "*" never does.
                engine.hidden.entry(entry.value.clone()).or_insert(prepared);
            }
        }
        for rules in &policy.tools {
            let tool = Tool {
                require: compile_rules(&rules.require, Kind::Require, &rules.name),
                deny_if: compile_rules(&rules.deny_if, Kind::DenyIf, &rules.name),
                limits: limits(&rules.limits, Some(&rules.name), &rules.pointer, &mut keys),
            };
            engine.index.insert(rules.name.clone(), engine.tools.len());
            engine.tools.push(tool);
        }
        engine.limit_keys = keys.into();
        engine
    }

    /// The engine of a gateway that has no policy: it refuses every call.
    pub fn without_policy() -> Engine {
        Engine {
            attached: false,
            default: DefaultDecision::Deny,
            hidden: HashMap::default(),
            everything_hidden: None,
            index: HashMap::default(),
            tools: Vec::new(),
            all_tools: Vec::new(),
            limit_keys: Arc::default(),
        }
    }
}

fn compile_rules(rules: &[policy::Rule], kind: Kind, tool: &str) -> Vec<Rule> {
    let compile = |(index, rule): (usize, &policy::Rule)| {
        let last = match rule.conditions.first() {
            Some(first) => format!(
                "{}-{}",
                escape_pointer(&first.path.value.to_string()),
                first.test.operator()
            ),
            None => index.to_string(),
        };
        let message = match (&rule.on_deny, kind) {
            (Some(text), _) => text.value.clone(),
            (None, Kind::Require) => format!("Call does not meet {}", rule.pointer),
            (None, _) => format!("Call is refused by {}", rule.pointer),
        };
        Rule {
            conditions: rule
                .conditions
                .iter()
                .map(|condition| Condition {
                    path: condition.path.value.clone(),
                    test: condition.test.clone(),
                })
                .collect(),
            prepared: PreparedDenial {
                kind,
                rule: rule.pointer.clone(),
                label: format!("/tools/{}/{}/{last}", escape_pointer(tool), kind.name()),
                message,
            },
        }
    };
    rules.iter().enumerate().map(compile).collect()
}

fn limits(
    limits: &[policy::Limit],
    tool: Option<&str>,
    owner: &str,
    keys: &mut Vec<LimitKey>,
) -> Vec<Limit> {
    let mut compile = |limit: &policy::Limit| {
        let counter = &limit.counter.value;
        let on_deny = limit.on_deny.as_ref().map(|text| text.value.clone());
        let path = limit.increment_from.as_ref().map(|path| path.value.clone());
        let prepared = PreparedDenial {
            kind: Kind::Limit,
            rule: limit.pointer.clone(),
            label: format!("{owner}/limits/{}", escape_pointer(counter)),
            message: on_deny.clone().unwrap_or_else(|| {
                let (max, window) = (limit.max.value, limit.window.value.name());
                format!("Limit of {max} per {window} reached for {counter}")
            }),
        };
        let uncountable = on_deny.unwrap_or_else(|| match &path {
            Some(path) => format!("Amount at {path} cannot be counted for {counter}"),
            None => String::new(),
        });
        let key = LimitKey {
            tool: tool.map(str::to_owned),
            counter: counter.clone(),
            window: limit.window.value,
            increment_from: path,
        };
        let id = keys.len();
        keys.push(key.clone());
        Limit {
            id,
            key,
            max: limit.max.value,
            prepared,
            uncountable,
        }
    };
    limits.iter().map(&mut compile).collect()
}
