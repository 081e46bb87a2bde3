//! Exact questions about the arguments of one tool, under a budget for each tool, so
//! that what one tool costs takes no finding away from another. An answer that would
//! cost more is unknown, and it is said which rules had to leave it so.

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

/// What all questions about the policies of one run may cost, in conditions looked
/// at. Where the tools could cost more together, each has an equal share, from the first
/// question on: neither a policy nor a tool takes what the next one needs.
const PER_RUN: u64 = 30_000_000 * STEP;

/// How many bytes an automaton may take that is kept for further questions.
const KEPT: usize = 16 << 10;

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

/// What the questions about each of so many tools may cost, in one of so many policies
/// that a run looks at.
pub(super) fn share(tools: usize, policies: usize) -> u64 {
    let part = |count: usize| u64::try_from(count).unwrap_or(u64::MAX).max(1);
    (PER_RUN / part(policies) / part(tools)).min(PER_TOOL)
}

impl Questions {
    /// The questions about a tool that may cost so much.
    pub(super) fn within(share: u64) -> Questions {
        Questions {
            space: Cell::new(None),
            left: Cell::new(share),
            accepted: OnceCell::new(),
        }
    }

    /// The exact answer to a question about the tool with these rules; unknown past
    /// the budget.
    pub(super) fn ask<'p>(
        &self,
        rules: &'p ToolRules,
        question: impl FnOnce(&mut Arguments<'p>) -> Answer,
    ) -> Answer {
        if self.left.get() == 0 {
            return Answer::Unknown(Exceeded::Steps);
        }
        let mut arguments = match self.space.take() {
            Some(space) => Arguments::resume(Some(rules), *space),
            None => prepared(rules),
        };
        // One question takes no more than the tool's share either.
        arguments.space().limit(BUDGET.at_most(self.left.get()));
        let before = arguments.space().spent();
        let answer = question(&mut arguments);
        let cost = arguments.space().spent().saturating_sub(before);
        let mut space = arguments.into_space();
        space.release(KEPT);
        self.space.set(Some(Box::new(space)));
        self.left.set(self.left.get().saturating_sub(cost));
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

#[cfg(test)]
mod tests {
    use super::*;
    use mcppolicy_engine::policy::Policy;

    #[test]
    fn one_question_takes_no_more_than_the_share_of_its_tool() {
        let rules = [14, 13].map(|count| {
            let pattern = format!("^[ab]*a[ab]{{{count}}}c");
            format!(r#"{{"conditions":[{{"path":"args.m","op":"regex","value":"{pattern}"}}]}}"#)
        });
        let text = format!(
            r#"{{"version":"1","default":"deny","tools":{{"t":{{"require":[{}]}}}}}}"#,
            rules.join(",")
        );
        let policy = Policy::from_json(text.as_bytes()).unwrap();
        let rules = &policy.tools[0];
        let cost = |share: u64| {
            let questions = Questions::within(share);
            questions.ask(rules, |arguments| arguments.accepted(&[]));
            let space = questions.space.take().unwrap();
            space.spent()
        };
        let small = 500 * STEP;
        // The three parts of a budget are each within the share.
        assert!(cost(small) <= 4 * small, "{}", cost(small));
        assert!(cost(PER_TOOL) > 4 * small);
    }
}
