//! Where a check leaves what it found.

use super::context::Context;
use super::{Rule, witness};
use crate::diagnostic::{Finding, Severity, WitnessCall};
use crate::engine::Decision;
use crate::source::{Location, Span};

/// How many calls one rule may have decided to prove its findings in one
/// policy. Beyond it findings come without a witness rather than late.
const REPLAY_BUDGET: u64 = 200_000;

/// Collects the findings of one rule.
pub struct Reporter<'a> {
    rule: &'static Rule,
    severity: Severity,
    context: &'a Context<'a>,
    budget: u64,
    findings: Vec<Finding>,
}

impl<'a> Reporter<'a> {
    pub(super) fn new(
        rule: &'static Rule,
        severity: Severity,
        context: &'a Context<'a>,
    ) -> Reporter<'a> {
        Reporter {
            rule,
            severity,
            context,
            budget: REPLAY_BUDGET,
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
        Finding::new(self.rule.name, self.severity, location, pointer, message)
    }

    /// A finding of one of the rule's pedantic cases: a note.
    pub fn pedantic_finding(
        &self,
        span: Span,
        pointer: impl Into<String>,
        message: impl Into<String>,
    ) -> Finding {
        let location = self.at(span);
        Finding::new(self.rule.name, Severity::Note, location, pointer, message)
    }

    /// A span of the policy as a location.
    pub fn at(&self, span: Span) -> Location {
        self.context.policy.at(span)
    }

    /// Reports a finding.
    pub fn push(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// `calls`, if the engine lets all of them pass.
    pub fn passing(&mut self, calls: Vec<WitnessCall>) -> Option<Vec<WitnessCall>> {
        self.confirmed(calls, |_, decision| decision.is_allow())
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
        let total = witness::count(&calls);
        self.budget = self.budget.checked_sub(total)?;
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
