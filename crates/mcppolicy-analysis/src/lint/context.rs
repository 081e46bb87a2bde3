//! What every check may look at: the policy, its engine, and what has been
//! worked out about each tool once for all rules.

pub mod questions;

use std::collections::{BTreeMap, HashMap, HashSet};

use super::input::{Input, Used};
use super::settings::Settings;
use crate::finding::RuleId;
use crate::inventory::category::{Categories, Classification};
use crate::inventory::schema::{Argument, Presence};
use crate::inventory::{self, Inventory};
use mcppolicy_engine::engine::Engine;
use mcppolicy_engine::nearest::nearest;
use mcppolicy_engine::policy::{
    Condition, DefaultDecision, Limit, Path, Policy, Rule, Spanned, Test, ToolRules,
};
use mcppolicy_engine::source::Span;

use questions::{Allowance, Questions};

/// One policy under the rules' eyes.
pub struct Context<'a> {
    /// The policy.
    pub policy: &'a Policy,
    /// The engine compiled from it.
    pub engine: &'a Engine,
    /// What the user has set.
    pub settings: &'a Settings,
    /// The listed tools, in the order of the file.
    pub tools: Vec<Tool<'a>>,
    /// The categories of tools, by the settings and the inventory.
    pub categories: Categories,
    /// The tools of the server that the policy is for, where they are known.
    pub inventory: Option<&'a Inventory>,
    /// The entry `"*"` of `hide`, with its index.
    pub everything_hidden: Option<(usize, &'a Spanned<String>)>,
    usage: Option<&'a BTreeMap<String, Used>>,
    index: HashMap<&'a str, usize>,
    allowance: Allowance,
    meant: HashMap<&'a str, &'a str>,
}

/// A listed tool and what is plain to see of it.
pub struct Tool<'a> {
    /// Its rules.
    pub rules: &'a ToolRules,
    /// Its category.
    pub class: Classification,
    /// The entry of `hide` that has its very name, with its index.
    pub hidden: Option<(usize, &'a Spanned<String>)>,
    /// What the server says of it, where the inventory has it.
    pub listed: Option<&'a inventory::Tool>,
    /// Why its own rules refuse every call, where that is plain to see.
    pub blocked: Option<Blocked>,
    questions: Questions,
}

/// A part of a tool's rules that refuses every call.
pub struct Blocked {
    /// Where it stands.
    pub span: Span,
    /// What it does, as the end of a sentence.
    pub why: String,
}

impl<'a> Context<'a> {
    pub(super) fn new(input: &Input<'a>) -> Context<'a> {
        let Input {
            policy,
            engine,
            inventory,
            usage,
            settings,
        } = *input;
        let mut categories = settings.categories.clone();
        if let Some(inventory) = inventory {
            categories.learn(inventory);
        }
        let mut hidden: HashMap<&str, (usize, &Spanned<String>)> = HashMap::new();
        for (at, entry) in policy.hide.iter().enumerate() {
            hidden.entry(&entry.value).or_insert((at, entry));
        }
        let meant = inventory.map(|inventory| meant(policy, inventory));
        let meant = meant.unwrap_or_default();
        let tools: Vec<Tool<'a>> = policy
            .tools
            .iter()
            .map(|rules| Tool {
                rules,
                // A misspelt tool is one slip, and not a tool of its own as well.
                class: categories.of(meant
                    .get(rules.name.as_str())
                    .unwrap_or(&rules.name.as_str())),
                // "*" among the listed tools is only a name, in `hide` it is not.
                hidden: hidden
                    .get(rules.name.as_str())
                    .copied()
                    .filter(|_| rules.name != "*"),
                blocked: blocked(rules),
                questions: Questions::default(),
                listed: inventory.and_then(|inventory| inventory.get(&rules.name)),
            })
            .collect();
        Context {
            policy,
            engine,
            settings,
            categories,
            inventory,
            usage,
            everything_hidden: hidden.get("*").copied(),
            index: policy
                .tools
                .iter()
                .enumerate()
                .map(|(at, rules)| (rules.name.as_str(), at))
                .collect(),
            allowance: Allowance::default(),
            meant,
            tools,
        }
    }

    /// The listed tools that are not hidden.
    pub fn visible_tools(&self) -> impl Iterator<Item = &Tool<'a>> {
        let everything_hidden = self.everything_hidden.is_some();
        let tools = self.tools.iter();
        tools.filter(move |tool| !everything_hidden && tool.hidden.is_none())
    }

    /// The listed tools that some call may pass: all but those of which the
    /// opposite is certain.
    pub fn open_tools(&self) -> impl Iterator<Item = &Tool<'a>> {
        self.visible_tools()
            .filter(|tool| tool.blocked.is_none() && !self.never_accepts(tool))
    }

    /// The listed tools whose rules are meant to decide: those that are not
    /// hidden and not switched off by a `deny_if` without conditions.
    pub fn tools_in_use(&self) -> impl Iterator<Item = &Tool<'a>> {
        self.visible_tools()
            .filter(|tool| tool.switched_off().is_none())
    }

    /// What recordings use of the limit at a JSON Pointer, where they show it.
    pub fn used(&self, limit: &str) -> Option<Used> {
        self.usage?.get(limit).copied()
    }

    /// Whether the user has this rule on.
    pub fn runs(&self, rule: RuleId) -> bool {
        self.settings.severity(rule).is_some()
    }

    /// Whether certainly no tool can be called at all.
    pub fn nothing_is_callable(&self) -> bool {
        self.everything_hidden.is_some()
            || (!self.allows_by_default() && self.open_tools().next().is_none())
    }

    /// Whether `tool` is listed.
    pub fn lists(&self, tool: &str) -> bool {
        self.index.contains_key(tool)
    }

    /// Whether the server is known not to have `tool`.
    pub fn is_unknown(&self, tool: &str) -> bool {
        self.inventory
            .is_some_and(|inventory| inventory.get(tool).is_none())
    }

    /// The tool of the server that a name which it does not have was probably
    /// meant to be.
    pub fn meant(&self, name: &str) -> Option<&'a str> {
        self.meant.get(name).copied()
    }

    /// How many rules and limits a call of `tool` may meet, and one: what it
    /// costs to decide it.
    pub fn steps(&self, tool: &str) -> u64 {
        let listed = self
            .index
            .get(tool)
            .and_then(|at| self.policy.tools.get(*at));
        let own = listed.map_or(0, |rules| {
            rules.require.len() + rules.deny_if.len() + rules.limits.len()
        });
        (1 + own + self.policy.all_tools.len()) as u64
    }

    /// A tool name that is neither listed nor hidden by its name.
    pub fn unlisted_tool(&self) -> String {
        let is_free = |name: &String| {
            !self.lists(name) && (self.everything_hidden.is_some() || !self.engine.hides(name))
        };
        let names = (1_u32..).map(|n| match n {
            1 => "any_other_tool".to_owned(),
            n => format!("any_other_tool_{n}"),
        });
        // A policy names finitely many tools.
        names.into_iter().find(is_free).unwrap_or_default()
    }

    /// Whether unlisted tools pass.
    pub fn allows_by_default(&self) -> bool {
        self.policy.default.value == DefaultDecision::Allow && self.everything_hidden.is_none()
    }

    /// The limits that count a call of `tool`, in the order of the decision.
    pub fn limits_of(&self, tool: &Tool<'a>) -> impl Iterator<Item = &'a Limit> {
        let policy: &'a Policy = self.policy;
        tool.rules.limits.iter().chain(&policy.all_tools)
    }
}

impl Tool<'_> {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.rules.name
    }

    /// The index of the first `deny_if` without conditions: the idiom for an
    /// unconditional block (policy language §3, step 5).
    pub fn switched_off(&self) -> Option<usize> {
        let rules = &self.rules.deny_if;
        rules.iter().position(|rule| rule.conditions.is_empty())
    }

    /// What the server's schema says of the argument at `path`, in particular
    /// whether a call must have it; `None` where the inventory does not have
    /// the tool.
    pub fn argument(&self, path: &Path) -> Option<Argument> {
        Some(self.listed?.arguments().argument(path.segments()))
    }

    /// What the schema says of an argument that it describes, and nothing of
    /// others.
    pub fn declared(&self, path: &Path) -> Option<Argument> {
        self.argument(path)
            .filter(|argument| argument.presence == Presence::Declared)
    }

    /// The conditions of its rules, and whether each stands in a `require`.
    pub fn conditions(&self) -> impl Iterator<Item = (bool, &Condition)> {
        let of = |is_require| move |rule| (is_require, rule);
        let required = self.rules.require.iter().map(of(true));
        let refused = self.rules.deny_if.iter().map(of(false));
        required
            .chain(refused)
            .flat_map(|(is_require, rule): (bool, &Rule)| {
                rule.conditions
                    .iter()
                    .map(move |condition| (is_require, condition))
            })
    }

    /// Whether its rules look at any argument.
    pub fn looks_at_arguments(&self) -> bool {
        let rules = self.rules.require.iter().chain(&self.rules.deny_if);
        rules.flat_map(|rule| &rule.conditions).next().is_some()
            || self
                .rules
                .limits
                .iter()
                .any(|limit| limit.increment_from.is_some())
    }
}

/// For each name of the policy that the server does not have, the tool that was
/// probably meant: the nearest of those that the policy does not name.
fn meant<'a>(policy: &'a Policy, inventory: &'a Inventory) -> HashMap<&'a str, &'a str> {
    let listed = policy.tools.iter().map(|rules| rules.name.as_str());
    let hidden = policy.hide.iter().map(|entry| entry.value.as_str());
    let named: HashSet<&str> = listed.chain(hidden).collect();
    let free: Vec<&str> = inventory.names().filter(|n| !named.contains(n)).collect();
    let unknown = named
        .iter()
        .filter(|name| inventory.get(name).is_none())
        .filter_map(|name| Some((*name, nearest(name, free.iter().copied())?)));
    unknown.collect()
}

/// Why `rules` refuse every call, where that is plain to see: an unconditional
/// `deny_if`, a `require` that nothing meets, an argument that must be and must
/// not be there.
fn blocked(rules: &ToolRules) -> Option<Blocked> {
    if let Some(rule) = rules.deny_if.iter().find(|rule| rule.conditions.is_empty()) {
        return Some(Blocked {
            span: rule.span,
            why: "refuses every call".to_owned(),
        });
    }
    let required = || rules.require.iter().flat_map(|rule| &rule.conditions);
    if let Some(never) =
        required().find(|condition| matches!(&condition.test, Test::In(list) if list.is_empty()))
    {
        let why = "requires one of no values".to_owned();
        return Some(Blocked {
            span: never.span,
            why,
        });
    }
    let mut presence: HashMap<&Path, bool> = HashMap::new();
    let demanded = required().filter_map(|condition| match condition.test {
        Test::Exists(expected) => Some((condition, expected)),
        _ => None,
    });
    for (condition, expected) in demanded.chain(rules.deny_if.iter().filter_map(refused_presence)) {
        let path = &condition.path.value;
        if *presence.entry(path).or_insert(expected) != expected {
            let why = format!("leaves `{path}` neither present nor absent");
            return Some(Blocked {
                span: condition.span,
                why,
            });
        }
    }
    None
}

/// What a `deny_if` of a single `exists` demands of its argument.
fn refused_presence(rule: &Rule) -> Option<(&Condition, bool)> {
    match rule.conditions.as_slice() {
        [condition] => match condition.test {
            Test::Exists(expected) => Some((condition, !expected)),
            _ => None,
        },
        _ => None,
    }
}
