//! Exact questions about the arguments of one tool, under a budget for the whole
//! policy. An answer that would cost more is unknown, and rules report nothing that
//! is unknown.

use std::cell::{Cell, OnceCell};

use crate::compare::arguments::Arguments;
use crate::region::{Answer, Budget, Exceeded, STEP, Space};
use mcppolicy_engine::policy::ToolRules;
use mcppolicy_engine::value::Value;

/// What one question may cost.
const BUDGET: Budget = Budget {
    steps: 200_000,
    boxes: 400,
    conditions: 200_000,
    automaton: 1 << 18,
    calls: 0,
};

/// What all questions about one tool may cost, in conditions looked at.
const PER_TOOL: u64 = 1_500_000 * STEP;

/// What all questions about one policy may cost, in conditions looked at.
const PER_POLICY: u64 = 15_000_000 * STEP;

/// How many policies of a run may cost as much each. Where there are more, they
/// share what that makes: a policy must not take what the next one needs.
const POLICIES: u64 = 4;

/// The state of the questions about one tool.
pub struct Questions {
    /// The regions of the conditions, kept between questions.
    space: Cell<Option<Box<Space>>>,
    /// What further questions about the tool may cost, in conditions looked at.
    left: Cell<u64>,
    /// The answer to the most frequent question.
    pub(super) accepted: OnceCell<Accepted>,
}

/// The calls of a tool that its own rules let pass.
pub(super) enum Accepted {
    /// There is none.
    Never,
    /// This is one.
    Call(Value),
    /// Whether there is one is unknown.
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

impl Allowance {
    /// The part of one of so many policies that a run looks at.
    pub(super) fn of_one_in(policies: usize) -> Allowance {
        let policies = u64::try_from(policies).unwrap_or(u64::MAX);
        let part = (PER_POLICY * POLICIES).div_ceil(policies.max(POLICIES));
        Allowance(Cell::new(part))
    }
}

impl Questions {
    /// The exact answer to a question about the tool with these rules; unknown past
    /// the budget.
    pub(super) fn ask<'p>(
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
