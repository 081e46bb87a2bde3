//! One decision taken apart: every step in order, with what each condition
//! saw (`mcppolicy decide`). Nothing here decides: each step asks what
//! [`Engine::decide`](super::Engine::decide) asks.

use super::compile::{Condition, Limit, Rule};
use super::counter::Interval;
use super::evaluate::{Amount, Room, Truth, window_start};
use super::{Arguments, Call, Counters, Engine, Kind, Request};
use crate::value::Value;

/// How one step went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepOutcome {
    /// The call goes on to the next step.
    Passed,
    /// The call is refused here.
    Denied,
    /// It depends on what is unknown; the call may be refused here.
    Unknown,
    /// An earlier step has decided.
    NotReached,
}

impl StepOutcome {
    /// The outcome's name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            StepOutcome::Passed => "passed",
            StepOutcome::Denied => "denied",
            StepOutcome::Unknown => "unknown",
            StepOutcome::NotReached => "not-reached",
        }
    }
}

/// One step of a decision.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Which step of the order (policy language §3).
    pub kind: Kind,
    /// The rule, limit or entry concerned, as a JSON Pointer.
    pub rule: Option<String>,
    /// How it went.
    pub outcome: StepOutcome,
    /// The conditions of a rule.
    pub conditions: Vec<ConditionSeen>,
    /// The counter of a limit.
    pub counter: Option<CounterSeen>,
}

/// A condition and the value that it looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct ConditionSeen {
    /// The path, such as `args.amount`.
    pub path: String,
    /// The operator.
    pub op: &'static str,
    /// The operand.
    pub operand: Value,
    /// What stood at the path; `None` when missing or unknown.
    pub saw: Option<Value>,
    /// Whether it held; `None` when the arguments are unknown.
    pub held: Option<bool>,
}

/// A counter as a limit saw it, before this call.
#[derive(Debug, Clone, PartialEq)]
pub struct CounterSeen {
    /// The counter's name.
    pub counter: String,
    /// `minute`, `hour` or `day`.
    pub window: &'static str,
    /// The largest count or sum.
    pub max: u64,
    /// What was consumed before.
    pub used: Interval,
    /// What this call adds; `None` when that cannot be counted.
    pub amount: Option<Interval>,
}

impl Engine {
    /// Every step that a decision of `call` would take, in order; reserves
    /// nothing.
    pub fn explain(&self, call: &Call<'_>, counters: &Counters) -> Vec<Step> {
        let mut steps = Steps {
            list: Vec::new(),
            decided: false,
        };
        if let Err(denial) = self.screen(call.request) {
            let decided_by = denial.kind.unwrap_or(Kind::Malformed);
            for kind in Kind::ALL
                .into_iter()
                .take_while(|kind| *kind != Kind::Require)
            {
                let denied = kind == decided_by;
                let rule = if denied {
                    denial.rule.map(str::to_owned)
                } else {
                    None
                };
                steps.push(
                    kind,
                    rule,
                    if denied {
                        StepOutcome::Denied
                    } else {
                        StepOutcome::Passed
                    },
                );
            }
        } else {
            for kind in Kind::ALL
                .into_iter()
                .take_while(|kind| *kind != Kind::Require)
            {
                steps.push(kind, None, StepOutcome::Passed);
            }
        }
        let Request::Tool {
            name: Some(name),
            arguments,
        } = call.request
        else {
            return steps.list;
        };
        let tool = self.index.get(name).copied();
        if let Some(tool) = self.tool(tool) {
            steps.rules(Kind::Require, &tool.require, Truth::False, arguments);
            steps.rules(Kind::DenyIf, &tool.deny_if, Truth::True, arguments);
        }
        let grant = counters.find(call.grant);
        for limit in self.limits_of(tool) {
            let outcome = match limit.room(limit.amount(arguments), grant, call.time, counters) {
                Room::Enough => StepOutcome::Passed,
                Room::TooLittle | Room::Uncountable => StepOutcome::Denied,
                Room::Unknown(_) => StepOutcome::Unknown,
            };
            steps.push(Kind::Limit, Some(limit.refusal.rule.clone()), outcome);
            if let Some(step) = steps.list.last_mut() {
                step.counter = Some(limit.seen(call, arguments, counters));
            }
        }
        steps.list
    }
}

impl Limit {
    fn seen(&self, call: &Call<'_>, arguments: Arguments<'_>, counters: &Counters) -> CounterSeen {
        let at = call
            .time
            .map(|time| (time, window_start(self.window, time)));
        CounterSeen {
            counter: self.counter.clone(),
            window: self.window.name(),
            max: self.max,
            used: counters.seen(counters.find(call.grant), self.id, at),
            amount: match self.amount(arguments) {
                Amount::Uncountable => None,
                amount => Some(amount.interval()),
            },
        }
    }
}

struct Steps {
    list: Vec<Step>,
    decided: bool,
}

impl Steps {
    fn push(&mut self, kind: Kind, rule: Option<String>, outcome: StepOutcome) {
        let outcome = if self.decided {
            StepOutcome::NotReached
        } else {
            outcome
        };
        self.decided |= outcome == StepOutcome::Denied;
        self.list.push(Step {
            kind,
            rule,
            outcome,
            conditions: Vec::new(),
            counter: None,
        });
    }

    fn rules(&mut self, kind: Kind, rules: &[Rule], denies_when: Truth, arguments: Arguments<'_>) {
        for rule in rules {
            let outcome = match rule.holds(arguments) {
                Truth::Unknown => StepOutcome::Unknown,
                truth if truth == denies_when => StepOutcome::Denied,
                _ => StepOutcome::Passed,
            };
            self.push(kind, Some(rule.refusal.rule.clone()), outcome);
            if let Some(step) = self.list.last_mut() {
                step.conditions = rule
                    .conditions
                    .iter()
                    .map(|condition| condition.seen(arguments))
                    .collect();
            }
        }
    }
}

impl Condition {
    fn seen(&self, arguments: Arguments<'_>) -> ConditionSeen {
        let slot = match arguments {
            Arguments::Known(arguments) => Some(arguments.at(&self.path)),
            _ => None,
        };
        ConditionSeen {
            path: self.path.to_string(),
            op: self.test.operator(),
            operand: self.test.operand(),
            saw: slot.and_then(|slot| slot.to_value()),
            held: slot.map(|slot| self.test.holds(slot)),
        }
    }
}
