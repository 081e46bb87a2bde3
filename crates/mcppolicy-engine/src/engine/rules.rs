//! Steps 0 to 5 of a decision (policy language §3): what depends neither on
//! who calls, nor on when, nor on what was called before.

use std::borrow::Cow;

use super::call::{Arguments, Request};
use super::compile::{Condition, Engine, Limit, Rule, Tool};
use super::condition::Lookup;
use super::quota::Amount;
use crate::decision::{Decision, Denial, Kind, Reason};
use crate::policy::DefaultDecision;

/// A truth value where arguments may be unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Truth {
    True,
    False,
    Unknown,
}

/// The denials found so far that may or may not happen.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Possible<'e> {
    denial: Option<Denial<'e>>,
    reason: Option<Reason>,
}

impl<'e> Possible<'e> {
    pub fn may_be(&mut self, denial: Denial<'e>, reason: Reason) {
        self.reason = Some(self.reason.map_or(reason, |earlier| earlier.min(reason)));
        self.denial = Some(match self.denial.take() {
            None => denial,
            Some(earlier) => earlier.agreeing(denial),
        });
    }

    /// What is certain of the denial when `denial` happens unless an earlier one
    /// does.
    pub fn certainly(self, denial: Denial<'e>) -> Denial<'e> {
        match self.denial {
            None => denial,
            Some(earlier) => earlier.agreeing(denial),
        }
    }

    /// The decision when nothing further denies.
    pub fn otherwise_allow(self) -> Decision<'e> {
        self.reason.map_or(Decision::Allow, Decision::Undetermined)
    }
}

/// What the rules of one engine say of a call, before any limit.
///
/// It holds its engine, so that its limits can only be applied by the engine
/// whose rules were evaluated; see
/// [`apply_limits`](RuleVerdict::apply_limits).
#[must_use]
#[derive(Debug, Clone)]
pub struct RuleVerdict<'e> {
    pub(super) engine: &'e Engine,
    pub(super) outcome: RuleOutcome<'e>,
}

#[derive(Debug, Clone)]
pub(super) enum RuleOutcome<'e> {
    Refused(Denial<'e>),
    Passed(Passed<'e>),
}

/// A call that no rule certainly refuses.
#[derive(Debug, Clone)]
pub(super) struct Passed<'e> {
    /// `None` is a tool that the policy does not list.
    pub tool: Option<usize>,
    /// The denials that depend on what is unknown.
    pub possible: Possible<'e>,
    /// What the call adds to each limit with `increment_from`, in order.
    pub amounts: Vec<Amount>,
}

impl RuleVerdict<'_> {
    /// Whether the rules of two engines say the same of a call: the same denial,
    /// or that it passes with the same amounts to count.
    pub fn agrees_with(&self, other: &RuleVerdict<'_>) -> bool {
        match (&self.outcome, &other.outcome) {
            (RuleOutcome::Refused(own), RuleOutcome::Refused(others)) => own == others,
            (RuleOutcome::Passed(own), RuleOutcome::Passed(others)) => {
                own.possible == others.possible && own.amounts == others.amounts
            }
            _ => false,
        }
    }
}

impl Engine {
    /// Evaluates the rules for a call (policy language §3, steps 0 to 5). This
    /// may run on any thread; [`RuleVerdict::apply_limits`] continues from it.
    pub fn evaluate_rules<'e>(&'e self, request: Request<'_>) -> RuleVerdict<'e> {
        RuleVerdict {
            engine: self,
            outcome: self.rule_outcome(request),
        }
    }

    fn rule_outcome<'e>(&'e self, request: Request<'_>) -> RuleOutcome<'e> {
        let (tool, arguments) = match self.screen(request) {
            Ok(passed) => passed,
            Err(denial) => return RuleOutcome::Refused(denial),
        };
        let mut possible = Possible::default();
        if let Some(tool) = self.tool(tool) {
            for (rules, denies_when) in
                [(&tool.require, Truth::False), (&tool.deny_if, Truth::True)]
            {
                for rule in rules {
                    match rule.holds(arguments) {
                        Truth::Unknown => {
                            possible.may_be(rule.prepared.denial(), Reason::UnknownArguments)
                        }
                        truth if truth == denies_when => {
                            return RuleOutcome::Refused(
                                possible.certainly(rule.prepared.denial()),
                            );
                        }
                        _ => {}
                    }
                }
            }
        }
        let amounts = self
            .limits_of(tool)
            .filter(|limit| limit.key.increment_from.is_some())
            .map(|limit| limit.amount(arguments))
            .collect();
        RuleOutcome::Passed(Passed {
            tool,
            possible,
            amounts,
        })
    }

    /// Steps 0 to 3: whether the call reaches the rules, and of which tool
    /// (`None`: an unlisted one).
    pub(super) fn screen<'e, 'c>(
        &'e self,
        request: Request<'c>,
    ) -> Result<(Option<usize>, Arguments<'c>), Denial<'e>> {
        let fixed = |kind, label, message: &'static str| Denial {
            kind: Some(kind),
            rule: None,
            label,
            message: Some(Cow::Borrowed(message)),
        };
        let (name, arguments) = match request {
            Request::Batch => {
                return Err(fixed(Kind::Batch, None, "Batch requests are not accepted"));
            }
            Request::Tool { name, arguments } => (name.unwrap_or_default(), arguments),
        };
        let malformed = |message| fixed(Kind::Malformed, Some("(malformed)"), message);
        if name.is_empty() {
            return Err(malformed("Malformed tool call: no tool name"));
        }
        if matches!(arguments, Arguments::NotAnObject) {
            return Err(malformed(
                "Malformed tool call: arguments are not an object",
            ));
        }
        if !self.attached {
            return Err(fixed(
                Kind::NoPolicy,
                Some("(no policy)"),
                "No policy is attached",
            ));
        }
        if let Some(prepared) = self.hidden.get(name) {
            return Err(prepared.denial());
        }
        if let Some(prepared) = &self.everything_hidden {
            let message = format!("Tool \"{name}\" is hidden by policy");
            return Err(Denial {
                message: Some(Cow::Owned(message)),
                ..prepared.denial()
            });
        }
        let tool = self.index.get(name).copied();
        if tool.is_none() && self.default == DefaultDecision::Deny {
            return Err(Denial {
                kind: Some(Kind::DefaultDeny),
                rule: Some("/default"),
                label: Some("(default deny)"),
                message: Some(Cow::Owned(format!(
                    "Tool \"{name}\" is not permitted by policy"
                ))),
            });
        }
        Ok((tool, arguments))
    }

    pub(super) fn tool(&self, tool: Option<usize>) -> Option<&Tool> {
        tool.and_then(|at| self.tools.get(at))
    }

    /// The limits that count a call of `tool`, in the order of the decision.
    pub(super) fn limits_of(&self, tool: Option<usize>) -> impl Iterator<Item = &Limit> {
        let own = self
            .tool(tool)
            .map(|tool| tool.limits.as_slice())
            .unwrap_or_default();
        own.iter().chain(&self.all_tools)
    }
}

impl Rule {
    pub(super) fn holds(&self, arguments: Arguments<'_>) -> Truth {
        match arguments {
            Arguments::Known(arguments) => {
                let all = self
                    .conditions
                    .iter()
                    .all(|condition| condition.holds(arguments));
                if all { Truth::True } else { Truth::False }
            }
            _ if self.conditions.is_empty() => Truth::True,
            _ => Truth::Unknown,
        }
    }
}

impl Condition {
    fn holds(&self, arguments: &dyn Lookup) -> bool {
        self.test.holds(arguments.at(&self.path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Policy;
    use crate::value::Value;

    const POLICY: &str = r#"{"version":"1","default":"deny","hide":["h","*"],"tools":{}}"#;

    fn engine(policy: &str) -> Engine {
        Engine::new(&Policy::from_json(policy.as_bytes()).unwrap())
    }

    #[test]
    fn what_is_hidden_with_all_others_is_refused_by_its_own_name() {
        let engine = engine(POLICY);
        for (tool, rule) in [("h", "/hide/0"), ("t", "/hide/1")] {
            let request = Request::Tool {
                name: Some(tool),
                arguments: Arguments::Unknown,
            };
            let denial = engine.screen(request).err().unwrap();
            assert_eq!(denial.rule, Some(rule));
            let message = denial.message.unwrap();
            assert_eq!(message, format!("Tool \"{tool}\" is hidden by policy"));
        }
    }

    #[test]
    fn verdicts_agree_that_refuse_alike_or_pass_the_same_amounts() {
        let policy = |message: &str, amount: &str| {
            engine(&format!(
                r#"{{"version":"1","default":"deny","tools":{{"t":{{
                "require":[{{"conditions":[{{"path":"args.to","op":"exists","value":true}}],
                    "on_deny":"{message}"}}],
                "limits":[{{"counter":"c","window":"day","max":5,"scope":"grant",
                    "increment_from":"args.{amount}"}}]}}}}}}"#
            ))
        };
        let engines = [
            policy("no", "n"),
            policy("no", "n"),
            policy("never", "n"),
            policy("no", "m"),
        ];
        let agree = |arguments: Arguments<'_>| {
            let request = Request::Tool {
                name: Some("t"),
                arguments,
            };
            let verdicts = engines
                .each_ref()
                .map(|engine| engine.evaluate_rules(request));
            let [first, others @ ..] = &verdicts;
            others.each_ref().map(|other| first.agrees_with(other))
        };
        let known = |json: serde_json::Value| {
            let arguments = Value::from(json);
            agree(Arguments::from(&arguments))
        };
        let passed = known(serde_json::json!({"to": "x", "n": 1, "m": 2}));
        assert_eq!(passed, [true, true, false]);
        let alike = known(serde_json::json!({"to": "x", "n": 2, "m": 2}));
        assert_eq!(alike, [true, true, true]);
        let refused = known(serde_json::json!({"n": 1, "m": 2}));
        assert_eq!(refused, [true, false, true]);
        // Perhaps refused, with other words.
        assert_eq!(agree(Arguments::Unknown), [true, false, true]);
        let refusing = engine(r#"{"version":"1","default":"deny"}"#);
        let request = Request::Tool {
            name: Some("t"),
            arguments: Arguments::Unknown,
        };
        let [one, other] = [&refusing, &engines[0]].map(|engine| engine.evaluate_rules(request));
        assert!(!one.agrees_with(&other) && !other.agrees_with(&one));
    }
}
