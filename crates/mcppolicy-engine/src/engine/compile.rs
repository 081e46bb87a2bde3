//! From the typed policy to what decides: no spans, every denial made ready.

use std::borrow::Cow;

use foldhash::HashMap;

use super::counter::LimitId;
use super::{Denial, Engine, Kind};
use crate::document::escape_pointer;
use crate::policy::{self, DefaultDecision, Path, Policy, Test, Window};

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
    pub refusal: Refusal,
}

#[derive(Debug, Clone)]
pub(super) struct Condition {
    pub path: Path,
    pub test: Test,
}

#[derive(Debug, Clone)]
pub(super) struct Limit {
    pub id: LimitId,
    pub counter: String,
    pub window: Window,
    pub max: u64,
    pub increment_from: Option<Path>,
    pub refusal: Refusal,
    /// The message when the amount cannot be counted.
    pub uncountable: String,
}

/// A denial made ready at compile time.
#[derive(Debug, Clone)]
pub(super) struct Refusal {
    pub kind: Kind,
    pub rule: String,
    pub label: String,
    pub message: String,
}

impl Refusal {
    pub fn denial(&self) -> Denial<'_> {
        self.denial_saying(&self.message)
    }

    pub fn denial_saying<'e>(&'e self, message: &'e str) -> Denial<'e> {
        Denial {
            kind: Some(self.kind),
            rule: Some(&self.rule),
            label: Some(&self.label),
            message: Some(Cow::Borrowed(message)),
        }
    }
}

impl Engine {
    /// Compiles a policy. A policy with problems compiles too, into an engine
    /// without the parts that could not be read; do not let it decide.
    pub fn new(policy: &Policy) -> Engine {
        let mut ids = 0;
        let all_tools = limits(&policy.all_tools, "/all_tools", &mut ids);
        let mut engine = Engine {
            attached: true,
            default: policy.default.value,
            hidden: HashMap::default(),
            everything_hidden: None,
            index: HashMap::default(),
            tools: Vec::with_capacity(policy.tools.len()),
            all_tools,
        };
        for (at, entry) in policy.hide.iter().enumerate() {
            let refusal = Refusal {
                kind: Kind::Hidden,
                rule: format!("/hide/{at}"),
                label: "(hidden)".to_owned(),
                message: format!("Tool \"{}\" is hidden by policy", entry.value),
            };
            if entry.value == "*" {
                engine.everything_hidden.get_or_insert((at, refusal));
            } else if engine.everything_hidden.is_none() {
                // The first entry that matches decides, so nothing behind
                // "*" ever does.
                engine.hidden.entry(entry.value.clone()).or_insert(refusal);
            }
        }
        for rules in &policy.tools {
            let tool = Tool {
                require: compile_rules(&rules.require, Kind::Require, &rules.name),
                deny_if: compile_rules(&rules.deny_if, Kind::DenyIf, &rules.name),
                limits: limits(&rules.limits, &rules.pointer, &mut ids),
            };
            engine.index.insert(rules.name.clone(), engine.tools.len());
            engine.tools.push(tool);
        }
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
            refusal: Refusal {
                kind,
                rule: rule.pointer.clone(),
                label: format!("/tools/{}/{}/{last}", escape_pointer(tool), kind.name()),
                message,
            },
        }
    };
    rules.iter().enumerate().map(compile).collect()
}

fn limits(limits: &[policy::Limit], owner: &str, ids: &mut LimitId) -> Vec<Limit> {
    let mut compile = |limit: &policy::Limit| {
        let counter = &limit.counter.value;
        let on_deny = limit.on_deny.as_ref().map(|text| text.value.clone());
        let path = limit.increment_from.as_ref().map(|path| path.value.clone());
        let id = *ids;
        *ids += 1;
        Limit {
            id,
            counter: counter.clone(),
            window: limit.window.value,
            max: limit.max.value,
            refusal: Refusal {
                kind: Kind::Limit,
                rule: limit.pointer.clone(),
                label: format!("{owner}/limits/{}", escape_pointer(counter)),
                message: on_deny.clone().unwrap_or_else(|| {
                    let (max, window) = (limit.max.value, limit.window.value.name());
                    format!("Limit of {max} per {window} reached for {counter}")
                }),
            },
            uncountable: on_deny.unwrap_or_else(|| match &path {
                Some(path) => format!("Amount at {path} cannot be counted for {counter}"),
                None => String::new(),
            }),
            increment_from: path,
        }
    };
    limits.iter().map(&mut compile).collect()
}
