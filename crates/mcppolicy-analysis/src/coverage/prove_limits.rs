//! Limits: timed calls that fill them and exceed them, or the proof that none do.
//! The differ finds them: what the policy refuses and the same policy without a
//! limit passes is what this limit refuses.

use super::Step;
use super::points::Kind;
use super::prover::{GRANT, Proof, Prover};
use crate::compare::{self, Allowance, Comparison, Verdict};
use crate::specimen::paths;
use mcppolicy_engine::engine::{Call, Counters, Decision, Engine};
use mcppolicy_engine::policy::{self, Condition, Limit, Policy, Spanned, Test, ToolRules, Window};
use mcppolicy_engine::time::{Time, TimeDelta};
use mcppolicy_trace::trace::WitnessCall;

/// The grant that calls while another one's limit is full.
const OTHER: &str = "another";

/// 2026-01-01T10:00:00Z, for calls whose time does not matter.
const WHENEVER: i64 = 1_767_261_600;

/// The proof for a limit of a tool that is not hidden.
pub(super) fn of_tool(prover: &Prover<'_>, rules: &ToolRules, at: usize, kind: Kind) -> Proof {
    let Some(limit) = rules.limits.get(at) else {
        return Proof::Infeasible;
    };
    let alone = Policy {
        hide: Vec::new(),
        tools: vec![rules.clone()],
        empty_lists: Vec::new(),
        ..prover.policy.clone()
    };
    let question = Question {
        prover,
        limit,
        policy: alone,
        rules: Some(rules),
        change: &|policy, change| {
            if let Some(rules) = policy.tools.first_mut() {
                change(&mut rules.limits, at);
            }
        },
    };
    question.answer(kind)
}

/// The proof for a limit that counts all tools.
pub(super) fn of_all_tools(prover: &Prover<'_>, at: usize, kind: Kind) -> Proof {
    let Some(limit) = prover.policy.all_tools.get(at) else {
        return Proof::Infeasible;
    };
    let question = Question {
        prover,
        limit,
        policy: prover.policy.clone(),
        rules: None,
        change: &|policy, change| change(&mut policy.all_tools, at),
    };
    question.answer(kind)
}

/// A change of the limit at a place in a list.
type Change<'c> = &'c dyn Fn(&mut Vec<Limit>, usize);

struct Question<'q> {
    prover: &'q Prover<'q>,
    limit: &'q Limit,
    /// The policy as far as it matters.
    policy: Policy,
    /// The rules of the limit's tool, where it has one.
    rules: Option<&'q ToolRules>,
    change: &'q dyn Fn(&mut Policy, Change<'_>),
}

impl Question<'_> {
    fn answer(&self, kind: Kind) -> Proof {
        let calls = match kind {
            Kind::Fills => return self.fills(),
            Kind::Decides => return self.exceeds(false),
            _ => match self.exceeds(true) {
                Proof::Reached(calls) => calls,
                other => return other,
            },
        };
        match kind {
            Kind::NextWindow => self.continued(calls, &self.later(), GRANT),
            Kind::OtherGrant => self.continued(calls, &[TimeDelta::default()], OTHER),
            _ => Proof::Reached(calls),
        }
    }

    fn compared(&self, old: &Policy, new: &Policy) -> Comparison {
        let budget = &self.prover.budget;
        compare::policies_within(old, new, budget, &Allowance::new(budget))
    }

    fn changed(&self, policy: &Policy, change: Change<'_>) -> Policy {
        let mut changed = policy.clone();
        (self.change)(&mut changed, change);
        changed
    }

    /// Calls of which the last fills the limit: with one less it is refused.
    fn fills(&self) -> Proof {
        let lower = self.changed(&self.policy, &|limits, at| {
            if let Some(limit) = limits.get_mut(at) {
                limit.max.value = limit.max.value.saturating_sub(1);
            }
        });
        let compared = self.compared(&self.policy, &lower);
        let mut changes = compared.changes.iter();
        let witness = changes.find_map(|change| change.tightened.first());
        match witness {
            Some(witness) => self.confirmed(&witness.calls, |decision| decision.is_allow()),
            None if compared.verdict == Verdict::Equivalent => Proof::Infeasible,
            None => Proof::Undetermined,
        }
    }

    /// Calls of which the limit refuses the last; `counted` says that it does so
    /// because the limit is full, not because there is no amount.
    fn exceeds(&self, counted: bool) -> Proof {
        let is_own = |decision: &Decision<'_>| decision.rule() == Some(self.limit.pointer.as_str());
        // Of amounts, some that fit together and one more; a single one that never
        // fits says less.
        if self.limit.increment_from.is_some()
            && let Proof::Reached(calls) = self.fills()
            && let Some(calls) = self.continued_by(calls, is_own)
        {
            return Proof::Reached(calls);
        }
        let mut old = self.policy.clone();
        if counted {
            self.demand_amount(&mut old);
        }
        // Calls over several of the next smaller windows say which window it is.
        if let Some(calls) = self.spread(&old, is_own) {
            return Proof::Reached(calls);
        }
        let new = self.changed(&old, &|limits, at| {
            if at < limits.len() {
                limits.remove(at);
            }
        });
        let compared = self.compared(&old, &new);
        let mut changes = compared.changes.iter();
        let witness = changes.find_map(|change| change.loosened.first());
        if let Some(witness) = witness {
            return self.confirmed(&witness.calls, is_own);
        }
        if compared.undetermined {
            return Proof::Undetermined;
        }
        // Some other limit is full whenever this one is. It may still be the
        // first to say so.
        match self.fills() {
            Proof::Reached(calls) => match self.continued_by(calls, is_own) {
                Some(calls) => Proof::Reached(calls),
                None => Proof::Undetermined,
            },
            other if self.limit.increment_from.is_none() => other,
            _ => Proof::Undetermined,
        }
    }

    /// Calls that the limit refuses and that it would pass if it were for the next
    /// smaller window.
    fn spread(&self, old: &Policy, is_own: impl Fn(&Decision<'_>) -> bool) -> Option<Vec<Step>> {
        let smaller = match self.limit.window.value {
            Window::Minute => return None,
            Window::Hour => Window::Minute,
            Window::Day => Window::Hour,
        };
        let new = self.changed(old, &|limits, at| {
            if let Some(limit) = limits.get_mut(at) {
                limit.window.value = smaller;
            }
        });
        let compared = self.compared(old, &new);
        let mut changes = compared.changes.iter();
        let witness = changes.find_map(|change| change.loosened.first())?;
        match self.confirmed(&witness.calls, is_own) {
            Proof::Reached(calls) => Some(calls),
            _ => None,
        }
    }

    /// Lets the rules pass only calls whose amount can be counted.
    fn demand_amount(&self, policy: &mut Policy) {
        let Some(path) = &self.limit.increment_from else {
            return;
        };
        let Some(rules) = policy.tools.first_mut() else {
            return;
        };
        let known = rules.require.iter().chain(&rules.deny_if);
        let template: Option<Condition> = known.flat_map(|rule| &rule.conditions).next().cloned();
        let template = template.or_else(template_condition);
        let Some(mut condition) = template else {
            return;
        };
        condition.path = Spanned {
            value: path.value.clone(),
            span: path.span,
        };
        condition.test = Test::Compare(policy::Comparison::Gte, 0.0);
        rules.require.push(policy::Rule {
            span: self.limit.span,
            pointer: String::new(),
            conditions: vec![condition],
            on_deny: None,
        });
    }

    /// The calls with times, when the engine decides the last of them as it
    /// should.
    fn confirmed(&self, calls: &[WitnessCall], is_right: impl Fn(&Decision<'_>) -> bool) -> Proof {
        let decided = self.rules.map(paths).unwrap_or_default();
        let steps: Vec<Step> = calls
            .iter()
            .map(|call| {
                let known = self
                    .prover
                    .call(&call.tool, call.arguments.clone(), &decided);
                Step {
                    grant: GRANT,
                    call: WitnessCall {
                        arguments: known.call.arguments,
                        at: Some(call.at.unwrap_or(Time::new(WHENEVER, 0))),
                        ..call.clone()
                    },
                }
            })
            .collect();
        match last_decision(self.prover.engine, &steps) {
            Some(decision) if is_right(&decision) => Proof::Reached(steps),
            _ => Proof::Undetermined,
        }
    }

    /// The calls and one more like the last, at the same time, when it is decided
    /// so.
    fn continued_by(
        &self,
        mut calls: Vec<Step>,
        is_right: impl Fn(&Decision<'_>) -> bool,
    ) -> Option<Vec<Step>> {
        let next = next_call(calls.last()?, TimeDelta::default(), GRANT)?;
        calls.push(next);
        let decision = last_decision(self.prover.engine, &calls)?;
        is_right(&decision).then_some(calls)
    }

    /// The calls and one more that passes, after one of the delays.
    fn continued(&self, calls: Vec<Step>, delays: &[TimeDelta], grant: &'static str) -> Proof {
        let Some(last) = calls.last() else {
            return Proof::Undetermined;
        };
        // The last one may be of an amount that never fits; an earlier one passed.
        let passed = calls.first().unwrap_or(last);
        for model in [last, passed] {
            for delay in delays {
                let Some(mut next) = next_call(last, *delay, grant) else {
                    continue;
                };
                next.call.tool.clone_from(&model.call.tool);
                next.call.arguments = model.call.arguments.clone();
                let mut longer = calls.clone();
                longer.push(next);
                let decision = last_decision(self.prover.engine, &longer);
                if decision.is_some_and(|decision| decision.is_allow()) {
                    return Proof::Reached(longer);
                }
            }
        }
        Proof::Undetermined
    }

    /// When the limit's next window has begun, and those of all others.
    fn later(&self) -> [TimeDelta; 2] {
        [self.limit.window.value.seconds(), 86_400].map(TimeDelta::seconds)
    }
}

/// A condition to be filled in, of a policy that has none.
fn template_condition() -> Option<Condition> {
    let text = br#"{"version":"1","default":"deny","tools":{"t":{"require":[{"conditions":
        [{"path":"args.a","op":"exists","value":true}]}]}}}"#;
    let policy = Policy::from_json(text).ok()?;
    let rules = policy.tools.into_iter().next()?;
    let rule = rules.require.into_iter().next()?;
    rule.conditions.into_iter().next()
}

/// A single call like `last`, a while later.
fn next_call(last: &Step, delay: TimeDelta, grant: &'static str) -> Option<Step> {
    let repeated = last.call.every.times(last.call.repeat.saturating_sub(1));
    let at = last.call.at?.plus(repeated).plus(delay);
    let mut call = WitnessCall::new(last.call.tool.clone(), last.call.arguments.clone());
    call.at = Some(at);
    Some(Step { grant, call })
}

/// What an engine decides of the last of some calls.
fn last_decision<'e>(engine: &'e Engine, steps: &[Step]) -> Option<Decision<'e>> {
    let mut counters = Counters::default();
    let mut last = None;
    for step in steps {
        for index in 0..step.call.repeat {
            let time = step.call.at?.plus(step.call.every.times(index));
            let call = Call::new(step.grant, &step.call.tool, &step.call.arguments, time);
            last = Some(engine.decide(&call, &mut counters).decision);
        }
    }
    last
}
