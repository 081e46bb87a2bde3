//! Every step of one decision in order, with the value that each condition and
//! limit saw. Each step is evaluated by the code that decides.

use super::call::{Arguments, Call, Request};
use super::compile::{Condition, Engine, Limit, Rule};
use super::counters::Counters;
use super::interval::Interval;
use super::quota::{Amount, Balance, QuotaCheck};
use super::rules::Truth;
use crate::decision::Kind;
use crate::value::Value;

/// How one step went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepOutcome {
    /// The call continues to the next step.
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
#[non_exhaustive]
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

/// A condition and the value that it read.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ConditionSeen {
    /// The path, such as `args.amount`.
    pub path: String,
    /// The operator.
    pub op: &'static str,
    /// The operand.
    pub operand: Value,
    /// The value at the path; `None` when missing or unknown.
    pub saw: Option<Value>,
    /// Whether it held; `None` when the arguments are unknown.
    pub held: Option<bool>,
}

/// A counter as a limit saw it, before this call.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
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
        let screened = self.screen(call.request).err();
        for kind in Kind::ALL
            .into_iter()
            .take_while(|kind| *kind != Kind::Require)
        {
            match &screened {
                Some(denial) if denial.kind == Some(kind) => {
                    steps.push(kind, denial.rule.map(str::to_owned), StepOutcome::Denied);
                }
                _ => steps.push(kind, None, StepOutcome::Passed),
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
            let amount = limit.amount(arguments);
            let balance = counters.balance(&self.limit_keys, limit, grant, call.time);
            let outcome = match limit.check(amount, balance) {
                QuotaCheck::Fits => StepOutcome::Passed,
                QuotaCheck::Exceeds | QuotaCheck::Uncountable => StepOutcome::Denied,
                QuotaCheck::Unknown(_) => StepOutcome::Unknown,
            };
            steps.push(Kind::Limit, Some(limit.prepared.rule.clone()), outcome);
            if let Some(step) = steps.list.last_mut() {
                step.counter = Some(limit.seen(amount, balance));
            }
        }
        steps.list
    }
}

impl Limit {
    fn seen(&self, amount: Amount, balance: Balance) -> CounterSeen {
        CounterSeen {
            counter: self.key.counter.clone(),
            window: self.key.window.name(),
            max: self.max,
            used: balance.used,
            amount: match amount {
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
            self.push(kind, Some(rule.prepared.rule.clone()), outcome);
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
        let value = match arguments {
            Arguments::Known(arguments) => Some(arguments.at(&self.path)),
            _ => None,
        };
        ConditionSeen {
            path: self.path.to_string(),
            op: self.test.operator(),
            operand: self.test.operand(),
            saw: value.and_then(|value| value.to_value()),
            held: value.map(|value| self.test.holds(value)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Policy;
    use crate::time::Time;

    fn engine() -> Engine {
        let policy = br#"{"version":"1","default":"deny","hide":["secret"],"tools":{"pay":{
            "require":[{"conditions":[{"path":"args.to","op":"exists","value":true}]}],
            "deny_if":[{"conditions":[{"path":"args.sum","op":"gt","value":9}]}],
            "limits":[{"counter":"c","window":"day","max":1,"scope":"grant",
                       "increment_from":"args.sum"}]}}}"#;
        Engine::new(&Policy::from_json(policy).unwrap())
    }

    /// The steps in a few words, each with its outcome.
    fn steps(engine: &Engine, tool: &str, arguments: Arguments<'_>) -> Vec<String> {
        let request = Request::Tool {
            name: Some(tool),
            arguments,
        };
        let call = Call {
            grant: Some("g"),
            request,
            time: Some(Time::new(0, 0)),
        };
        let steps = engine.explain(&call, &Counters::default());
        let word = |step: &Step| {
            let rule = step.rule.as_deref().unwrap_or(step.kind.name());
            format!("{rule} {}", step.outcome.name())
        };
        steps.iter().map(word).collect()
    }

    #[test]
    fn each_step_is_told_and_those_after_the_decision_are_not_reached() {
        let engine = engine();
        let told = |json: serde_json::Value| {
            let arguments = Value::from(json);
            steps(&engine, "pay", Arguments::from(&arguments)).split_off(5)
        };
        let first = steps(&engine, "pay", Arguments::Unknown);
        let passed = |kind: &Kind| format!("{} passed", kind.name());
        let before = Kind::ALL.iter().take(5).map(passed);
        assert_eq!(first[..5], before.collect::<Vec<_>>());
        let [require, deny_if, limit] =
            ["require/0", "deny_if/0", "limits/0"].map(|rule| format!("/tools/pay/{rule}"));
        let outcomes = |outcomes: [&str; 3]| {
            let each = [&require, &deny_if, &limit].into_iter().zip(outcomes);
            each.map(|(rule, outcome)| format!("{rule} {outcome}"))
                .collect::<Vec<_>>()
        };
        for (arguments, expected) in [
            (
                serde_json::json!({"to": "x", "sum": 1}),
                ["passed", "passed", "passed"],
            ),
            (
                serde_json::json!({"to": "x", "sum": 2}),
                ["passed", "passed", "denied"],
            ),
            (
                serde_json::json!({"to": "x", "sum": 10}),
                ["passed", "denied", "not-reached"],
            ),
            (
                serde_json::json!({"sum": 10}),
                ["denied", "not-reached", "not-reached"],
            ),
            (
                serde_json::json!({"to": "x"}),
                ["passed", "passed", "denied"],
            ),
        ] {
            assert_eq!(told(arguments), outcomes(expected));
        }
        assert_eq!(first[5..], outcomes(["unknown"; 3]));
    }

    #[test]
    fn a_call_that_is_refused_before_the_rules_is_refused_at_its_step() {
        let engine = engine();
        let told = |tool| steps(&engine, tool, Arguments::from(&Value::empty_object()));
        assert_eq!(
            told("secret"),
            [
                "batch passed",
                "malformed passed",
                "no_policy passed",
                "/hide/0 denied",
                "default_deny not-reached"
            ]
        );
        assert_eq!(told("other").last().unwrap(), "/default denied");
    }

    #[test]
    fn a_condition_shows_what_it_saw_and_a_limit_what_it_counts() {
        let engine = engine();
        let arguments = Value::from(serde_json::json!({"sum": 0.5}));
        let call = Call::new("g", "pay", &arguments, Time::new(0, 0));
        let steps = engine.explain(&call, &Counters::default());
        let seen: Vec<(&str, Option<Value>, Option<bool>)> = steps
            .iter()
            .flat_map(|step| &step.conditions)
            .map(|seen| (seen.path.as_str(), seen.saw.clone(), seen.held))
            .collect();
        assert_eq!(
            seen,
            [
                ("args.to", None, Some(false)),
                ("args.sum", Some(Value::Number(0.5)), Some(false))
            ]
        );
        let counter = steps.last().unwrap().counter.clone().unwrap();
        assert_eq!((counter.counter.as_str(), counter.max), ("c", 1));
        assert_eq!(counter.amount, Some(Interval::exactly(1)));
        assert_eq!(counter.used, Interval::default());
    }
}
