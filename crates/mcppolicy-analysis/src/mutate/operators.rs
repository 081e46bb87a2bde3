//! All small changes of a policy.

mod conditions;
mod limits;

use std::collections::{BTreeSet, HashSet};

use super::edit::{self, Edit, InTool, List, Mutant};
use super::operator::Operator;
use crate::elements as text;
use crate::inventory::{self, Inventory};
use mcppolicy_engine::policy::{Condition, DefaultDecision, Limit, Policy, Rule, Test, ToolRules};
use mcppolicy_engine::source::Span;
use serde_json::{Value, json};

/// The mutants of a policy in the order of its file, each once, and none that
/// plainly decides as the policy itself. An inventory says which other arguments
/// and values there are. `messages` are the rules and limits whose messages some
/// expectation names.
pub fn mutants(
    policy: &Policy,
    inventory: Option<&Inventory>,
    messages: &BTreeSet<String>,
) -> Vec<Mutant> {
    let mut all = Vec::new();
    whole(policy, &mut all);
    let hidden: HashSet<&str> = policy.hide.iter().map(|e| e.value.as_str()).collect();
    for (at, rules) in policy.tools.iter().enumerate() {
        let mut tool = Tool {
            at,
            rules,
            listed: inventory.and_then(|inventory| inventory.get(&rules.name)),
            messages,
            made: Vec::new(),
        };
        tool.whole(hidden.contains(rules.name.as_str()) || hidden.contains("*"));
        tool.rules();
        tool.limits();
        all.extend(distinct(rules, tool.made));
    }
    all.extend(limits::of_all_tools(policy, messages));
    all.sort_by(|a, b| a.key().cmp(&b.key()));
    all.dedup_by(|a, b| a.id == b.id);
    all
}

/// Changes outside of the tools' own rules.
fn whole(policy: &Policy, made: &mut Vec<Mutant>) {
    let other = match policy.default.value {
        DefaultDecision::Allow => DefaultDecision::Deny,
        DefaultDecision::Deny => DefaultDecision::Allow,
    };
    let [from, to] = [policy.default.value, other].map(|decision| Value::from(decision.name()));
    let what = format!("`default` becomes {to}");
    let place = ("/default".to_owned(), policy.default.span);
    made.push(mutant(
        Operator::DefaultFlip,
        place,
        [from, to],
        what,
        Edit::Default(other),
    ));
    for (at, entry) in policy.hide.iter().enumerate() {
        let place = (format!("/hide/{at}"), entry.span);
        let values = [Value::from(entry.value.as_str()), Value::Null];
        let what = format!("`hide` no longer has {:?}", entry.value);
        made.push(mutant(
            Operator::ToolUnhide,
            place,
            values,
            what,
            Edit::Unhide(at),
        ));
    }
}

fn mutant(
    operator: Operator,
    (pointer, span): (String, Span),
    [from, to]: [Value; 2],
    what: String,
    edit: Edit,
) -> Mutant {
    Mutant {
        id: Mutant::id_of(operator, &pointer, &from, &to),
        operator,
        pointer,
        span,
        from,
        to,
        what,
        edit,
    }
}

/// The mutants of one tool that differ, from it and from each other.
fn distinct(rules: &ToolRules, made: Vec<Mutant>) -> Vec<Mutant> {
    let own = Said { rules };
    let mut seen: HashSet<String> = HashSet::new();
    for list in [List::Require, List::DenyIf] {
        let each = list.of(rules).iter().enumerate();
        seen.extend(each.map(|(at, rule)| own.rule(list, at, rule)));
    }
    let limits = rules.limits.iter().enumerate();
    seen.extend(limits.map(|(at, limit)| own.limit(at, limit)));
    if own.elements() == 0 {
        seen.insert(own.nothing("", 0));
    }
    let mut is_new = |mutant: &Mutant| match &mutant.edit {
        Edit::Tool(_, edit) => seen.insert(own.change(edit)),
        _ => true,
    };
    made.into_iter().filter(|mutant| is_new(mutant)).collect()
}

/// What the changes of a tool say: two that plainly decide alike, their words
/// included, are one text. A `require` without conditions and a `deny_if` that
/// never holds say nothing, and whatever else is in a rule that never holds does
/// not count.
struct Said<'a> {
    rules: &'a ToolRules,
}

impl Said<'_> {
    fn elements(&self) -> usize {
        self.rules.require.len() + self.rules.deny_if.len() + self.rules.limits.len()
    }

    fn change(&self, edit: &InTool) -> String {
        let rule = |list: List, at: usize| list.of(self.rules).get(at);
        match edit {
            InTool::Empty => "nothing".to_owned(),
            InTool::Rule(list, at, Some(rule)) => self.rule(*list, *at, rule),
            InTool::Rule(list, at, None) => self.nothing(list.name(), *at),
            InTool::Move(list, at) => format!("move {} {at}", list.name()),
            InTool::Condition(list, at, index, condition) => {
                let Some(mut rule) = rule(*list, *at).cloned() else {
                    return self.nothing(list.name(), *at);
                };
                edit::replace(&mut rule.conditions, *index, condition.as_deref());
                self.rule(*list, *at, &rule)
            }
            InTool::Limit(at, Some(limit)) => self.limit(*at, limit),
            InTool::Limit(at, None) => self.nothing("limits", *at),
        }
    }

    fn rule(&self, list: List, at: usize, rule: &Rule) -> String {
        let never = rule.conditions.iter().any(|c| text::is_never(&c.test));
        match list {
            List::Require if rule.conditions.is_empty() => self.nothing(list.name(), at),
            List::DenyIf if never => self.nothing(list.name(), at),
            List::Require if never => format!("never {at}"),
            _ => format!("{} {at} {}", list.name(), text::rule(rule)),
        }
    }

    fn limit(&self, at: usize, limit: &Limit) -> String {
        format!("limits {at} {}", text::limit(limit))
    }

    /// That the element at a place says nothing.
    fn nothing(&self, list: &str, at: usize) -> String {
        match self.elements() {
            0 | 1 => "nothing".to_owned(),
            _ => format!("without {list} {at}"),
        }
    }
}

/// One tool whose mutants are being made.
struct Tool<'a> {
    at: usize,
    rules: &'a ToolRules,
    listed: Option<&'a inventory::Tool>,
    messages: &'a BTreeSet<String>,
    made: Vec<Mutant>,
}

impl Tool<'_> {
    fn add(
        &mut self,
        operator: Operator,
        place: (&str, Span),
        values: [Value; 2],
        what: String,
        edit: InTool,
    ) {
        let place = (place.0.to_owned(), place.1);
        let edit = Edit::Tool(self.at, edit);
        self.made.push(mutant(operator, place, values, what, edit));
    }

    fn whole(&mut self, is_hidden: bool) {
        let (rules, name) = (self.rules, &self.rules.name);
        let place = || (rules.pointer.clone(), rules.name_span);
        let own = || text::tool(rules);
        self.made.push(mutant(
            Operator::ToolDrop,
            place(),
            [own(), Value::Null],
            format!("`{name}` is not listed"),
            Edit::DropTool(self.at),
        ));
        self.made.push(mutant(
            Operator::ToolEmpty,
            place(),
            [own(), json!({})],
            format!("`{name}` has no rules and no limits"),
            Edit::Tool(self.at, InTool::Empty),
        ));
        if !is_hidden {
            self.made.push(mutant(
                Operator::ToolHide,
                place(),
                [Value::Null, Value::from(name.as_str())],
                format!("`{name}` is hidden"),
                Edit::Hide(name.clone()),
            ));
        }
    }

    fn rules(&mut self) {
        let rules = self.rules;
        for list in [List::Require, List::DenyIf] {
            for (at, rule) in list.of(rules).iter().enumerate() {
                self.rule(list, at, rule);
                for (index, condition) in rule.conditions.iter().enumerate() {
                    self.condition(list, at, index, condition);
                }
            }
        }
    }

    fn rule(&mut self, list: List, at: usize, rule: &Rule) {
        let place = (rule.pointer.as_str(), rule.span);
        let own = || text::rule(rule);
        let gone = InTool::Rule(list, at, None);
        let what = format!("the rule is left out of `{}`", list.name());
        self.add(Operator::RuleDrop, place, [own(), Value::Null], what, gone);

        if let Some(first) = rule.conditions.first() {
            let mut never = rule.clone();
            never.conditions = vec![never_true(first)];
            let values = [own(), text::rule(&never)];
            let edit = InTool::Rule(list, at, Some(Box::new(never)));
            let what = "the rule's conditions never hold".to_owned();
            self.add(Operator::RuleNever, place, values, what, edit);
        }

        let other = list.other().name();
        let what = format!("the rule stands in `{other}`");
        let values = [own(), json!({ other: own() })];
        self.add(
            Operator::RuleMove,
            place,
            values,
            what,
            InTool::Move(list, at),
        );

        if rule.on_deny.is_some() && self.messages.contains(&rule.pointer) {
            let mut silent = rule.clone();
            silent.on_deny = None;
            let values = [own(), text::rule(&silent)];
            let edit = InTool::Rule(list, at, Some(Box::new(silent)));
            let what = "`on_deny` is left out".to_owned();
            self.add(Operator::Message, place, values, what, edit);
        }
    }

    fn condition(&mut self, list: List, rule: usize, at: usize, condition: &Condition) {
        let place = (condition.pointer.as_str(), condition.span);
        let own = || text::condition(condition);
        let gone = InTool::Condition(list, rule, at, None);
        let what = format!("`{}` is left out", conditions::words(condition));
        self.add(
            Operator::ConditionDrop,
            place,
            [own(), Value::Null],
            what,
            gone,
        );
        let with = |other: &Condition| [text::condition(condition), text::condition(other)];
        let edit = |other: Condition| InTool::Condition(list, rule, at, Some(Box::new(other)));
        for (operator, other) in conditions::changed(condition, self.listed) {
            let what = conditions::difference(condition, &other);
            self.add(operator, place, with(&other), what, edit(other));
        }
    }

    fn limits(&mut self) {
        let rules = self.rules;
        for (at, limit) in rules.limits.iter().enumerate() {
            let place = (limit.pointer.as_str(), limit.span);
            let is_named = self.messages.contains(&limit.pointer);
            for (operator, other, what) in limits::changed(limit, self.listed, is_named) {
                let to = other.as_ref().map_or(Value::Null, text::limit);
                let edit = InTool::Limit(at, other.map(Box::new));
                self.add(operator, place, [text::limit(limit), to], what, edit);
            }
        }
    }
}

/// The conditions on the same argument that differ from this one in one small
/// thing: what a test has to tell it from.
pub(crate) fn neighbours(
    condition: &Condition,
    listed: Option<&inventory::Tool>,
) -> Vec<Condition> {
    let changed = conditions::changed(condition, listed).into_iter();
    let is_same_path = |other: &Condition| other.path.value == condition.path.value;
    changed
        .map(|(_, other)| other)
        .filter(is_same_path)
        .collect()
}

/// A condition at the same place that is true of no value.
fn never_true(condition: &Condition) -> Condition {
    let mut never = condition.clone();
    never.test = Test::In(Vec::new().into());
    never
}
