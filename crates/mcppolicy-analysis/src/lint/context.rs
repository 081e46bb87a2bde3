//! What every check may look at: the policy, its engine, and what has been
//! worked out about each tool once for all rules.

mod guards;
mod questions;
mod tool;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::input::{Input, Used};
use super::settings::Settings;
use super::witness;
use crate::compare::arguments::Arguments;
use crate::finding::{Finding, RuleId};
use crate::fresh::fresh_name;
use crate::inventory::Inventory;
use crate::inventory::category::Categories;
use crate::region::Answer;
use mcppolicy_engine::engine::{Engine, Kind as Step};
use mcppolicy_engine::nearest::nearest;
use mcppolicy_engine::policy::{Condition, DefaultDecision, Limit, Policy, Rule, Spanned};
use mcppolicy_engine::source::Location;
use mcppolicy_engine::value::Value;

pub use tool::Tool;

use questions::{Accepted, Questions};
use tool::blocked;

/// Tools of which something was left open, with the rules that had to.
pub type Unfinished = BTreeMap<String, BTreeSet<RuleId>>;

/// One policy as rules see it.
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
    /// The rule that is checked.
    checked: Cell<Option<RuleId>>,
    /// The tools about which some question was too intricate, with the rules that
    /// asked it.
    unfinished: RefCell<Unfinished>,
    meant: HashMap<&'a str, &'a str>,
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
        let asked = policy.tools.iter();
        let asked = asked.filter(|rules| !rules.require.is_empty() || !rules.deny_if.is_empty());
        let share = questions::share(asked.count(), settings.policies);
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
                questions: Questions::within(share),
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
            checked: Cell::new(None),
            unfinished: RefCell::default(),
            meant,
            tools,
        }
    }

    /// The finding with the place of an argument in the inventory, where that has
    /// it. The argument is the first of the `segments` of a path.
    pub fn with_place(&self, tool: &Tool<'_>, segments: &[String], finding: Finding) -> Finding {
        let property = || tool.listed?.arguments().property(segments.first()?);
        match (self.inventory, property()) {
            (Some(inventory), Some(property)) => {
                let location = Location {
                    file: inventory.file,
                    span: property.span,
                };
                finding.related(location, "what the server takes")
            }
            _ => finding,
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

    /// Says which rule is checked from now on.
    pub(super) fn check(&self, rule: RuleId) {
        self.checked.set(Some(rule));
    }

    /// The tools about which some question was too intricate.
    pub(super) fn into_unfinished(self) -> Unfinished {
        self.unfinished.into_inner()
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
        fresh_name("any_other_tool", |name| {
            self.lists(name) || (self.everything_hidden.is_none() && self.engine.hides(name))
        })
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

    /// The exact answer to a question about the arguments of `tool`; unknown
    /// past the budget.
    pub fn ask<'t>(
        &self,
        tool: &Tool<'t>,
        question: impl FnOnce(&mut Arguments<'t>) -> Answer,
    ) -> Answer {
        let answer = tool.questions.ask(tool.rules, question);
        if answer.exceeded().is_some() {
            let mut unfinished = self.unfinished.borrow_mut();
            let rules = match unfinished.get_mut(tool.name()) {
                Some(rules) => rules,
                None => unfinished.entry(tool.name().to_owned()).or_default(),
            };
            rules.extend(self.checked.get());
        }
        answer
    }

    /// Arguments with which the engine lets a first call of `tool` pass, when
    /// some are known.
    pub fn accepted(&self, tool: &Tool<'_>) -> Option<Value> {
        if self.engine.hides(tool.name()) {
            return None;
        }
        match self.look_for_accepted(tool) {
            Accepted::Never => None,
            Accepted::Call(arguments) => Some(arguments.clone()),
            // The search finds some where the algebra gives up.
            Accepted::Unknown => witness::accepted_arguments(self.engine, tool.rules),
        }
    }

    /// Whether certainly no call meets the rules of `tool`, `hide` apart.
    pub fn never_accepts(&self, tool: &Tool<'_>) -> bool {
        matches!(self.look_for_accepted(tool), Accepted::Never)
    }

    fn look_for_accepted<'t>(&self, tool: &'t Tool<'_>) -> &'t Accepted {
        tool.questions.accepted.get_or_init(|| {
            if !tool.looks_at_arguments() && tool.blocked.is_none() {
                return Accepted::Call(Value::empty_object());
            }
            match self.ask(tool, |arguments| arguments.accepted(&[])) {
                Answer::Empty => Accepted::Never,
                Answer::Witness(arguments) => Accepted::Call(arguments),
                Answer::Unknown(_) => Accepted::Unknown,
            }
        })
    }

    /// Whether the conditions of `rule` certainly exclude each other, or one of
    /// them is never true.
    pub fn is_contradictory(&self, tool: &Tool<'_>, rule: &Rule) -> bool {
        self.exclude_each_other(tool, &rule.conditions.iter().collect::<Vec<_>>())
    }

    /// Whether certainly nothing meets all of `conditions`.
    pub fn exclude_each_other(&self, tool: &Tool<'_>, conditions: &[&Condition]) -> bool {
        let answer = self.ask(tool, |arguments| {
            let literals: Vec<_> = conditions
                .iter()
                .map(|condition| arguments.condition(condition))
                .collect();
            arguments.example(&literals)
        });
        answer.is_empty()
    }

    /// Whether `condition` certainly holds wherever all of `others` do.
    pub fn implied(&self, tool: &Tool<'_>, others: &[&Condition], condition: &Condition) -> bool {
        let answer = self.ask(tool, |arguments| {
            let literals: Vec<_> = others
                .iter()
                .map(|other| arguments.condition(other))
                .collect();
            let literal = arguments.condition(condition);
            arguments.counterexample(&literals, literal)
        });
        answer.is_empty()
    }

    /// Whether the rule of that step at `index` certainly never decides,
    /// because of the rules before it and not by its own doing.
    pub fn is_unreachable(&self, tool: &Tool<'_>, step: Step, index: usize, rule: &Rule) -> bool {
        let is_first = index == 0 && (step == Step::Require || tool.rules.require.is_empty());
        if is_first || rule.conditions.is_empty() {
            return false;
        }
        let answer = self.ask(tool, |arguments| arguments.decided_by(step, index));
        answer.is_empty() && (step == Step::Require || !self.is_contradictory(tool, rule))
    }
}

/// The most pairs of names that are compared.
const MOST_PAIRS: usize = 1_000_000;

/// For each name of the policy that the server does not have, the tool that was
/// probably meant: the nearest of those that the policy does not name.
fn meant<'a>(policy: &'a Policy, inventory: &'a Inventory) -> HashMap<&'a str, &'a str> {
    let listed = policy.tools.iter().map(|rules| rules.name.as_str());
    let hidden = policy.hide.iter().map(|entry| entry.value.as_str());
    let named: BTreeSet<&str> = listed.chain(hidden).collect();
    let free: Vec<&str> = inventory.names().filter(|n| !named.contains(n)).collect();
    let unknown = named.iter().filter(|name| inventory.get(name).is_none());
    // Nobody has misspelt thousands of names.
    let most = MOST_PAIRS / free.len().max(1);
    unknown
        .take(most)
        .filter_map(|name| Some((*name, nearest(name, free.iter().copied())?)))
        .collect()
}
