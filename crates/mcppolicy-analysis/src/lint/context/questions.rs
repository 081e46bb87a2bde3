//! Exact questions about the arguments of one tool, under a budget for the
//! whole policy: an answer that would cost more is unknown, and of what is
//! unknown no rule speaks.

use std::cell::{Cell, OnceCell};
use std::fmt;

use super::Context;
use crate::compare::arguments::Arguments;
use crate::lint::witness;
use crate::region::{Answer, Budget, Exceeded, Space};
use mcppolicy_engine::engine::Kind as Step;
use mcppolicy_engine::policy::{Condition, Path, Rule, ToolRules};
use mcppolicy_engine::value::Value;

/// What one question may cost.
const BUDGET: Budget = Budget {
    steps: 200_000,
    boxes: 400,
    automaton: 1 << 18,
    calls: 0,
};

/// What all questions about one tool may cost, in steps of automata.
const PER_TOOL: u64 = 1_500_000;

/// What all questions about one policy may cost, in steps of automata.
const PER_POLICY: u64 = 15_000_000;

/// More rules or conditions than these are not searched for the few of them
/// that matter.
const MOST_SEARCHED: usize = 24;

/// What has been asked about a tool, and what it still may cost.
pub struct Questions {
    space: Cell<Option<Box<Space>>>,
    left: Cell<u64>,
    accepted: OnceCell<Accepted>,
}

/// The calls of a tool that its own rules let pass.
enum Accepted {
    /// There is none.
    Never,
    /// This is one.
    Call(Value),
    /// Nobody knows whether there is any.
    Unknown,
}

impl Default for Questions {
    fn default() -> Self {
        Questions {
            space: Cell::new(None),
            left: Cell::new(PER_TOOL),
            accepted: OnceCell::new(),
        }
    }
}

/// What all questions about the policy may still cost.
pub struct Allowance(Cell<u64>);

impl Default for Allowance {
    fn default() -> Allowance {
        Allowance(Cell::new(PER_POLICY))
    }
}

impl Questions {
    fn ask<'p>(
        &self,
        rules: &'p ToolRules,
        allowance: &Allowance,
        question: impl FnOnce(&mut Arguments<'p>) -> Answer,
    ) -> Answer {
        if self.left.get() == 0 || allowance.0.get() == 0 {
            return Answer::Unknown(Exceeded::Steps);
        }
        let mut arguments = match self.space.take() {
            Some(space) => Arguments::resume(Some(rules), *space),
            None => prepared(rules),
        };
        let before = arguments.space().spent();
        let answer = question(&mut arguments);
        let cost = arguments.space().spent().saturating_sub(before);
        self.space.set(Some(Box::new(arguments.into_space())));
        self.left.set(self.left.get().saturating_sub(cost));
        allowance.0.set(allowance.0.get().saturating_sub(cost));
        answer
    }
}

/// A tool's arguments with every condition known from the start, so that an
/// answer does not depend on what else was asked before.
fn prepared(rules: &ToolRules) -> Arguments<'_> {
    let mut arguments = Arguments::new(Some(rules), BUDGET);
    for rule in rules.require.iter().chain(&rules.deny_if) {
        for condition in &rule.conditions {
            arguments.condition(condition);
        }
    }
    arguments
}

impl Context<'_> {
    /// The exact answer to a question about the arguments of `tool`; unknown
    /// past the budget.
    pub fn ask<'t>(
        &self,
        tool: &super::Tool<'t>,
        question: impl FnOnce(&mut Arguments<'t>) -> Answer,
    ) -> Answer {
        tool.questions.ask(tool.rules, &self.allowance, question)
    }

    /// Arguments with which the engine lets a first call of `tool` pass, when
    /// some are known.
    pub fn accepted(&self, tool: &super::Tool<'_>) -> Option<Value> {
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
    pub fn never_accepts(&self, tool: &super::Tool<'_>) -> bool {
        matches!(self.look_for_accepted(tool), Accepted::Never)
    }

    fn look_for_accepted<'t>(&self, tool: &'t super::Tool<'_>) -> &'t Accepted {
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
    pub fn is_contradictory(&self, tool: &super::Tool<'_>, rule: &Rule) -> bool {
        self.exclude_each_other(tool, &rule.conditions.iter().collect::<Vec<_>>())
    }

    /// Whether certainly nothing meets all of `conditions`.
    pub fn exclude_each_other(&self, tool: &super::Tool<'_>, conditions: &[&Condition]) -> bool {
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
    pub fn implied(
        &self,
        tool: &super::Tool<'_>,
        others: &[&Condition],
        condition: &Condition,
    ) -> bool {
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
    pub fn is_unreachable(
        &self,
        tool: &super::Tool<'_>,
        step: Step,
        index: usize,
        rule: &Rule,
    ) -> bool {
        let is_first = index == 0 && (step == Step::Require || tool.rules.require.is_empty());
        if is_first || rule.conditions.is_empty() {
            return false;
        }
        let answer = self.ask(tool, |arguments| arguments.decided_by(step, index));
        answer.is_empty() && (step == Step::Require || !self.is_contradictory(tool, rule))
    }
}

/// Of `items`, some that still are `enough` and of which none can be spared;
/// nothing when there are too many to search.
pub fn fewest<T: Clone>(items: &[T], mut enough: impl FnMut(&[T]) -> bool) -> Option<Vec<T>> {
    if items.len() > MOST_SEARCHED {
        return None;
    }
    let mut kept = items.to_vec();
    let mut at = 0;
    while at < kept.len() {
        let mut fewer = kept.clone();
        fewer.remove(at);
        if enough(&fewer) {
            kept = fewer;
        } else {
            at += 1;
        }
    }
    Some(kept)
}

/// Whether one path is the other or leads into it: only then can conditions on
/// them have to do with each other.
pub fn are_related(a: &Path, b: &Path) -> bool {
    let (a, b) = (a.segments(), b.segments());
    a.starts_with(b) || b.starts_with(a)
}

/// A condition in a sentence: `args.amount gt 100`.
pub struct Spoken<'c>(pub &'c Condition);

impl fmt::Display for Spoken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// Longer operands are cut.
        const LONGEST: usize = 40;
        let operand = self.0.test.operand().to_string();
        let mut shown: String = operand.chars().take(LONGEST).collect();
        if shown.len() < operand.len() {
            shown.push('…');
        }
        let (path, operator) = (&self.0.path.value, self.0.test.operator());
        write!(f, "`{path} {operator} {shown}`")
    }
}
