//! Where a check leaves what it found.

use super::context::Context;
use super::witness;
use crate::finding::{Finding, RuleId, Severity};
use mcppolicy_engine::engine::Decision;
use mcppolicy_engine::source::{Location, Span};
use mcppolicy_trace::trace::WitnessCall;

/// How many steps (a rule or limit looked at) one rule may have decided to
/// prove its findings in one policy. Beyond it findings come without a witness,
/// and say so.
const BUDGET: u64 = 1_000_000;

/// What a finding says whose proof would cost too much.
const UNPROVED: &str = "no call shows it here: to decide one would cost too much";

/// Collects the findings of one rule.
pub struct Reporter<'a> {
    rule: RuleId,
    severity: Severity,
    context: &'a Context<'a>,
    budget: u64,
    /// Whether the last proof that was asked for would have cost too much.
    is_unproved: bool,
    findings: Vec<Finding>,
}

impl<'a> Reporter<'a> {
    pub(super) fn new(rule: RuleId, severity: Severity, context: &'a Context<'a>) -> Reporter<'a> {
        Reporter {
            rule,
            severity,
            context,
            budget: BUDGET,
            is_unproved: false,
            findings: Vec::new(),
        }
    }

    /// Whether the rule's pedantic cases are asked for.
    pub fn is_pedantic(&self) -> bool {
        self.context.settings.pedantic
    }

    /// A finding of this rule, not yet reported.
    pub fn finding(
        &self,
        span: Span,
        pointer: impl Into<String>,
        message: impl Into<String>,
    ) -> Finding {
        let location = self.at(span);
        Finding::new(self.rule, self.severity, location, pointer, message)
    }

    /// A finding of one of the rule's pedantic cases: a note.
    pub fn pedantic_finding(
        &self,
        span: Span,
        pointer: impl Into<String>,
        message: impl Into<String>,
    ) -> Finding {
        let location = self.at(span);
        Finding::new(self.rule, Severity::Note, location, pointer, message)
    }

    /// A finding of a case that weighs more or less than the rule's others: its
    /// severity, unless the user has set one for the rule.
    pub fn finding_of(
        &self,
        severity: Severity,
        span: Span,
        pointer: impl Into<String>,
        message: impl Into<String>,
    ) -> Finding {
        let severity = if self.context.settings.level(self.rule).is_some() {
            self.severity
        } else {
            severity
        };
        Finding::new(self.rule, severity, self.at(span), pointer, message)
    }

    /// A span of the policy as a location.
    pub fn at(&self, span: Span) -> Location {
        self.context.policy.at(span)
    }

    /// Reports a finding.
    pub fn push(&mut self, mut finding: Finding) {
        if std::mem::take(&mut self.is_unproved) && finding.witness.is_empty() {
            let help = finding.help.take();
            finding.help = Some(match help {
                Some(help) => format!("{help} ({UNPROVED})"),
                None => UNPROVED.to_owned(),
            });
        }
        self.findings.push(finding);
    }

    /// `calls`, if the engine lets all of them pass. No calls, where it would cost too
    /// much to decide them: the claim then stands without its proof, as it does for
    /// the other questions. Of several calls whose time does not matter, the first
    /// alone, where a limit leaves no room for the others.
    pub fn passing(&mut self, calls: Vec<WitnessCall>) -> Option<Vec<WitnessCall>> {
        let is_single = |call: &WitnessCall| call.at.is_none() && call.repeat == 1;
        let first = match calls.as_slice() {
            [first, _, ..] if calls.iter().all(is_single) => Some(vec![first.clone()]),
            _ => None,
        };
        let passing = self.all_passing(calls);
        passing.or_else(|| self.all_passing(first?))
    }

    fn all_passing(&mut self, calls: Vec<WitnessCall>) -> Option<Vec<WitnessCall>> {
        let context = self.context;
        match witness::all_pass(context.engine, context.policy, &calls) {
            Some(passes) => {
                self.is_unproved = false;
                passes.then_some(calls)
            }
            None => self.confirmed(calls, |_, decision| decision.is_allow()),
        }
    }

    /// `calls`, if the engine refuses all of them.
    pub fn refused(&mut self, calls: Vec<WitnessCall>) -> Option<Vec<WitnessCall>> {
        self.confirmed(calls, |_, decision| decision.is_deny())
    }

    /// `calls`, if the engine lets all of them pass but the last, and refuses
    /// that one by `rule`.
    pub fn last_refused_by(
        &mut self,
        calls: Vec<WitnessCall>,
        rule: &str,
    ) -> Option<Vec<WitnessCall>> {
        self.confirmed(calls, |is_last, decision| {
            if is_last {
                decision.rule() == Some(rule)
            } else {
                decision.is_allow()
            }
        })
    }

    fn confirmed(
        &mut self,
        calls: Vec<WitnessCall>,
        holds: impl Fn(bool, &Decision<'_>) -> bool,
    ) -> Option<Vec<WitnessCall>> {
        let steps = calls.iter().fold(0, |sum: u64, call| {
            let each = self.context.steps(&call.tool);
            sum.saturating_add(call.repeat.saturating_mul(each))
        });
        self.is_unproved = steps > self.budget;
        if self.is_unproved {
            return Some(Vec::new());
        }
        self.budget -= steps;
        let total = witness::count(&calls);
        let mut seen = 0;
        let mut confirmed = total > 0;
        witness::replay(self.context.engine, &calls, |_, decision| {
            seen += 1;
            confirmed &= holds(seen == total, decision);
            confirmed
        });
        confirmed.then_some(calls)
    }

    pub(super) fn into_findings(self) -> Vec<Finding> {
        self.findings
    }
}
