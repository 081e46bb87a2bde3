//! What `coverage` and `mutate` found: what the tests of policies pin.

use super::{Exit, exit_of};
use crate::coverage::{Count, Covered, Criterion};
use crate::finding::{Finding, RuleId, Severity};
use crate::mutate::{Mutant, Outcome, Score};
use crate::replay::RunOutcome;
use mcppolicy_engine::policy::Policy;
use mcppolicy_engine::source::{Location, SourceMap};
use mcppolicy_trace::trace::WitnessCall;

/// What `coverage` or `mutate` found.
#[derive(Debug, Default)]
pub struct Pinned {
    /// Each policy with tests.
    pub policies: Vec<PinnedPolicy>,
    /// What is invalid in policies and configuration, and skips of mutants that
    /// there are not.
    pub findings: Vec<Finding>,
}

/// One policy, and what its tests pin.
#[derive(Debug)]
pub struct PinnedPolicy {
    /// The policy's name in reports.
    pub name: String,
    /// The policy.
    pub policy: Policy,
    /// How its tests ended.
    pub outcome: RunOutcome,
    /// The file and the line of each call of the tests.
    pub calls: Vec<(String, usize)>,
    /// What was found.
    pub what: Pins,
    /// Each missing test as a finding.
    pub findings: Vec<Finding>,
    /// The thresholds that are not met, as sentences.
    pub unmet: Vec<String>,
    /// The traces that were written.
    pub written: Vec<String>,
}

/// What was found of one policy.
#[derive(Debug)]
pub enum Pins {
    /// By `coverage`.
    Points {
        /// The criteria that were asked for.
        criteria: Vec<Criterion>,
        /// The points in the order of the policy.
        points: Vec<Covered>,
        /// The points in numbers with the traces that were written.
        after: Option<Count>,
    },
    /// By `mutate`.
    Mutants {
        /// The mutants in the order of the policy.
        outcomes: Vec<Outcome>,
        /// Those that are skipped, each with the reason.
        skipped: Vec<(Mutant, String)>,
        /// Those that were only listed.
        listed: Vec<Mutant>,
        /// The score with the traces that were written.
        after: Option<Score>,
    },
}

impl Pinned {
    /// How the run ends, when findings from `fail_on` upward fail it.
    pub fn exit(&self, fail_on: Option<Severity>) -> Exit {
        let mut exit = exit_of(&self.findings, self.policies.len(), fail_on);
        for policy in &self.policies {
            exit = exit.worst(policy.exit());
        }
        exit
    }
}

impl PinnedPolicy {
    /// How this policy's part ends: without any call that has an expectation, no
    /// threshold says anything.
    pub fn exit(&self) -> Exit {
        let is_list = matches!(&self.what, Pins::Mutants { listed, .. } if !listed.is_empty());
        match (Exit::from(self.outcome), self.unmet.is_empty()) {
            _ if is_list => Exit::Clean,
            (Exit::Clean, false) => Exit::Failed,
            (exit, _) => exit,
        }
    }

    /// The points in numbers: of one criterion, or of all.
    pub fn count(&self, criterion: Option<Criterion>) -> Count {
        match &self.what {
            Pins::Points { points, .. } => Count::of(points, criterion),
            Pins::Mutants { .. } => Count::default(),
        }
    }

    /// The mutants in numbers.
    pub fn score(&self) -> Score {
        match &self.what {
            Pins::Points { .. } => Score::default(),
            Pins::Mutants { outcomes, .. } => Score::of(outcomes),
        }
    }

    /// An error for each threshold that is not met, then a note for each missing
    /// test.
    pub fn findings(policy: &Policy, what: &Pins, unmet: &[String]) -> Vec<Finding> {
        let rule = match what {
            Pins::Points { .. } => RuleId::UntestedDecision,
            Pins::Mutants { .. } => RuleId::SurvivingMutant,
        };
        let whole = Location {
            file: policy.file,
            span: policy.default.span,
        };
        let unmet = unmet.iter().map(|sentence| {
            let error = Severity::Error;
            Finding::new(rule, error, whole, "/default", sentence.as_str())
        });
        unmet.chain(PinnedPolicy::missing(policy, what)).collect()
    }

    fn missing(policy: &Policy, what: &Pins) -> Vec<Finding> {
        let at = |span| Location {
            file: policy.file,
            span,
        };
        let note = Severity::Note;
        match what {
            Pins::Points { points, .. } => {
                let missing = points.iter().filter(|covered| covered.status.is_missing());
                let finding = |covered: &Covered| {
                    let point = &covered.point;
                    let message = format!("No test has a call {}", point.what);
                    let calls = covered.witness.iter().map(|step| step.call.clone());
                    Finding::new(
                        RuleId::UntestedDecision,
                        note,
                        at(point.span),
                        point.pointer.as_str(),
                        message,
                    )
                    .witness(calls.collect())
                };
                missing.map(finding).collect()
            }
            Pins::Mutants { outcomes, .. } => {
                let missed = outcomes.iter().filter(|outcome| outcome.status.is_missed());
                let finding = |outcome: &Outcome| {
                    let mutant = &outcome.mutant;
                    let message = format!(
                        "No test fails when {}{}",
                        mutant.what,
                        match outcome.direction {
                            Some(direction) => format!(", which {}", direction.verb()),
                            None => String::new(),
                        }
                    );
                    Finding::new(
                        RuleId::SurvivingMutant,
                        note,
                        at(mutant.span),
                        mutant.pointer.as_str(),
                        message,
                    )
                    .help(format!("the mutant's id is {}", mutant.id))
                    .witness(witness(outcome))
                };
                missed.map(finding).collect()
            }
        }
    }

    /// The policy's text, as it is in its file.
    pub fn text<'s>(&self, sources: &'s SourceMap) -> &'s str {
        sources.get(self.policy.file).text()
    }
}

fn witness(outcome: &Outcome) -> Vec<WitnessCall> {
    let witness = outcome.witness.as_ref();
    witness.map_or_else(Vec::new, |witness| witness.calls.clone())
}
