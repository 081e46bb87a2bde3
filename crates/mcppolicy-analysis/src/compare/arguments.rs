//! Which argument objects pass: the rules of a tool as a region, and the
//! difference of two tools' regions in both directions.
//!
//! An argument object passes when a first call with it does: the rules let it
//! through, and every amount that is to be counted can be counted and fits.
//! Amounts over time belong to the limits.

use super::literals::{accept, countable, hold, literal, literals, refusals};
use crate::region::{Answer, Budget, Literal, Region, Space};
use mcppolicy_engine::engine::Kind as Step;
use mcppolicy_engine::policy::{Condition, ToolRules};

/// The arguments of one tool under one policy: what the linter's rules look at.
#[derive(Debug)]
pub struct Arguments<'p> {
    space: Space,
    rules: Option<&'p ToolRules>,
}

impl<'p> Arguments<'p> {
    /// The arguments of a tool with these rules; an unlisted one has none.
    pub fn new(rules: Option<&'p ToolRules>, budget: Budget) -> Arguments<'p> {
        Arguments {
            space: Space::new(budget),
            rules,
        }
    }

    /// The same tool's arguments with what has been learnt about them before.
    pub fn resume(rules: Option<&'p ToolRules>, space: Space) -> Arguments<'p> {
        Arguments { space, rules }
    }

    /// What has been learnt about the arguments.
    pub fn into_space(self) -> Space {
        self.space
    }

    /// Where further literals are made.
    pub fn space(&mut self) -> &mut Space {
        &mut self.space
    }

    /// A condition as a literal.
    pub fn condition(&mut self, condition: &Condition) -> Literal {
        literal(&mut self.space, condition)
    }

    /// Arguments that the tool accepts as a first call and of which `also` is
    /// true; `Empty` is the proof that there are none.
    pub fn accepted(&mut self, also: &[Literal]) -> Answer {
        let mut region = Region::everything();
        for literal in also {
            region.and(*literal);
        }
        accept(&mut self.space, self.rules, &mut region);
        self.space.find(&region)
    }

    /// Arguments for which the rule of that step at `index` is the one that
    /// decides; `Empty` is the proof that the rule is unreachable.
    pub fn decided_by(&mut self, step: Step, index: usize) -> Answer {
        let rules_of = |step| match (self.rules, step) {
            (Some(rules), Step::Require) => rules.require.len(),
            (Some(rules), Step::DenyIf) => rules.deny_if.len(),
            _ => usize::MAX,
        };
        if index >= rules_of(step) {
            return Answer::Empty;
        }
        let is_earlier = |other: Step, at: usize| match (other, step) {
            (Step::Require, Step::DenyIf) => true,
            _ => other == step && at < index,
        };
        self.between(is_earlier, &[(step, index)])
    }

    /// Arguments that each rule of which `passing` says yes lets pass, and that
    /// each of `refusing` refuses. A rule is named by its step and its index;
    /// the limits (what they say of a single call) by their step and 0.
    pub fn between(
        &mut self,
        passing: impl Fn(Step, usize) -> bool,
        refusing: &[(Step, usize)],
    ) -> Answer {
        let Some(rules) = self.rules else {
            return Answer::Empty;
        };
        let space = &mut self.space;
        let mut region = Region::everything();
        for (at, rule) in rules.require.iter().enumerate() {
            if passing(Step::Require, at) {
                hold(space, &rule.conditions, &mut region);
            }
            if refusing.contains(&(Step::Require, at)) {
                let literals = literals(space, &rule.conditions);
                region.outside(&literals);
            }
        }
        for (at, rule) in rules.deny_if.iter().enumerate() {
            if passing(Step::DenyIf, at) {
                let literals = literals(space, &rule.conditions);
                region.outside(&literals);
            }
            if refusing.contains(&(Step::DenyIf, at)) {
                hold(space, &rule.conditions, &mut region);
            }
        }
        if passing(Step::Limit, 0) {
            for literal in countable(space, &rules.limits) {
                region.and(literal);
            }
        }
        if refusing.contains(&(Step::Limit, 0)) {
            let literals: Vec<Literal> = countable(space, &rules.limits).into_iter().collect();
            region.outside(&literals);
        }
        space.find(&region)
    }

    /// Arguments that one rule alone decides about: every other rule, and every
    /// amount, lets them pass. Without a condition the rule refuses them; with
    /// one, its fellows are true and it is not, so that it alone turns the
    /// decision. `Empty` is the proof that the rule, or the condition, makes no
    /// difference. Of the arguments `also` is true.
    pub fn alone(
        &mut self,
        step: Step,
        index: usize,
        condition: Option<usize>,
        also: &[Literal],
    ) -> Answer {
        let Some(rules) = self.rules else {
            return Answer::Empty;
        };
        let list = match step {
            Step::Require => &rules.require,
            _ => &rules.deny_if,
        };
        let Some(rule) = list.get(index) else {
            return Answer::Empty;
        };
        let space = &mut self.space;
        let mut region = Region::everything();
        also.iter().for_each(|literal| region.and(*literal));
        let is_own = |own: Step, at: usize| own == step && at == index;
        for (at, other) in rules.require.iter().enumerate() {
            if !is_own(Step::Require, at) {
                hold(space, &other.conditions, &mut region);
            }
        }
        for (at, other) in rules.deny_if.iter().enumerate() {
            if !is_own(Step::DenyIf, at) {
                let literals = literals(space, &other.conditions);
                region.outside(&literals);
            }
        }
        for literal in countable(space, &rules.limits) {
            region.and(literal);
        }
        let own = literals(space, &rule.conditions);
        match condition {
            None if step == Step::Require => region.outside(&own),
            None => own.iter().for_each(|literal| region.and(*literal)),
            Some(alone) => {
                for (at, literal) in own.iter().enumerate() {
                    region.and(if at == alone { !*literal } else { *literal });
                }
            }
        }
        space.find(&region)
    }

    /// Arguments of which all `literals` are true and `other` is not; `Empty`
    /// is the proof that they imply it.
    pub fn counterexample(&mut self, literals: &[Literal], other: Literal) -> Answer {
        let mut region = Region::everything();
        for literal in literals {
            region.and(*literal);
        }
        region.and(!other);
        self.space.find(&region)
    }

    /// Arguments of which all `literals` are true, whatever the rules say;
    /// `Empty` is the proof that they contradict each other.
    pub fn example(&mut self, literals: &[Literal]) -> Answer {
        let mut region = Region::everything();
        for literal in literals {
            region.and(*literal);
        }
        self.space.find(&region)
    }
}

/// Arguments that `within` accepts and that the rules of every tool in
/// `beyond` refuse: whether a policy stays within others together;
/// with what the answer has cost, in conditions looked at.
pub fn outside(
    within: Option<&ToolRules>,
    beyond: &[Option<&ToolRules>],
    budget: Budget,
) -> (Answer, u64) {
    let mut space = Space::new(budget);
    let mut region = Region::everything();
    accept(&mut space, within, &mut region);
    for rules in beyond {
        region.within_one(refusals(&mut space, *rules));
    }
    (space.find(&region), space.spent())
}
