//! The work of `mutate` on one policy: which mutants there are, which of them are
//! tried, and what its tests make of those.

use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use super::configuration::{Config, Skip};
use super::minimum::rounded_down;
use super::pinned_run::{Measure, pinned, threads, work};
use super::pinning::{Prepared, real};
use super::workspace::Workspace;
use mcppolicy_analysis::compare::emit::TraceFile;
use mcppolicy_analysis::finding::{Finding, RuleId, Severity};
use mcppolicy_analysis::mutate::{self, Mutant, Operator, Outcome, Score};
use mcppolicy_analysis::region::Budget;
use mcppolicy_analysis::report::{PinnedPolicy, Pins};
use mcppolicy_analysis::suite::Baseline;
use mcppolicy_engine::engine::Engine;

/// One share of the mutants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shard {
    /// From 1.
    share: usize,
    of: usize,
}

impl Shard {
    /// Reads `2/8`.
    pub fn parse(text: &str) -> Result<Shard, String> {
        let read = || {
            let (share, of) = text.split_once('/')?;
            let (share, of) = (share.parse().ok()?, of.parse().ok()?);
            (share >= 1 && share <= of).then_some(Shard { share, of })
        };
        read().ok_or_else(|| "write it as 2/8: the second of eight shares".to_owned())
    }

    /// Whether the mutant at that place is in this share.
    fn has(self, at: usize) -> bool {
        at % self.of + 1 == self.share
    }
}

/// The mutants that the configuration leaves out.
#[derive(Debug, Default)]
pub(crate) struct Skips {
    skips: Vec<(Skip, bool)>,
    /// The policies whose mutants have been compared with them.
    looked_at: HashSet<PathBuf>,
}

impl Skips {
    pub fn new(config: Option<&Config>) -> Skips {
        let skips = config.map(|config| config.skips.clone());
        let skips = skips.unwrap_or_default().into_iter();
        Skips {
            skips: skips.map(|skip| (skip, false)).collect(),
            looked_at: HashSet::new(),
        }
    }

    /// Why a mutant is left out.
    fn reason(&mut self, mutant: &Mutant) -> Option<String> {
        let mut reason = None;
        for (skip, is_used) in &mut self.skips {
            if skip.id.text == mutant.id {
                *is_used = true;
                reason = Some(skip.reason.clone());
            }
        }
        reason
    }

    /// Skips of mutants that no policy of the workspace has. A skip does not say
    /// whose mutant it is, so nothing is known until all policies have been looked
    /// at.
    pub fn stale(self, workspace: &Workspace) -> Vec<Finding> {
        let (policies, _) = workspace.policy_paths();
        if policies
            .iter()
            .any(|path| !self.looked_at.contains(&real(path)))
        {
            return Vec::new();
        }
        let stale = self.skips.into_iter().filter(|(_, is_used)| !is_used);
        let finding = |(skip, _): (Skip, bool)| {
            let message = format!("No policy has a mutant {:?}", skip.id.text);
            let (rule, warning) = (RuleId::Config, Severity::Warning);
            Finding::new(rule, warning, skip.id.location, "", message)
                .help("remove the [[mutate.skip]], or name the mutant as the report does now")
        };
        stale.map(finding).collect()
    }
}

/// The mutants of one policy.
#[derive(Debug, Default)]
struct Plan {
    tried: Vec<Mutant>,
    /// Those that are left out, each with the reason.
    skipped: Vec<(Mutant, String)>,
}

/// How mutants are tried.
#[derive(Debug)]
pub(crate) struct Mutants {
    /// All of them where none is named.
    pub operators: Vec<Operator>,
    pub min_score: Option<f64>,
    pub shard: Option<Shard>,
    pub list: bool,
    pub effort: u32,
    pub threads: Option<NonZeroUsize>,
}

/// All mutants but those that the configuration leaves out.
#[derive(Debug)]
pub(crate) struct Unskipped {
    mutants: Mutants,
    skips: Skips,
}

impl Measure for Unskipped {
    fn policy(
        &mut self,
        one: Prepared,
        only: Option<HashSet<String>>,
        dir: Option<&Path>,
    ) -> (PinnedPolicy, Vec<TraceFile>) {
        self.mutants.run(one, only, &mut self.skips, dir)
    }

    fn findings(self, workspace: &Workspace) -> Vec<Finding> {
        self.skips.stale(workspace)
    }
}

impl Mutants {
    /// These mutants without what is skipped.
    pub fn leaving_out(self, skips: Skips) -> Unskipped {
        Unskipped {
            mutants: self,
            skips,
        }
    }

    /// The mutants of one policy, `only` of some elements where those are named;
    /// and, where a directory for them is, the tests that would kill those that no
    /// test kills.
    pub fn run(
        &self,
        one: Prepared,
        only: Option<HashSet<String>>,
        skips: &mut Skips,
        dir: Option<&Path>,
    ) -> (PinnedPolicy, Vec<TraceFile>) {
        let engine = Engine::new(&one.policy);
        let baseline = Baseline::new(&one.suite, &engine);
        let plan = self.plan(&one, &baseline, only, skips);
        let (what, unmet, traces) = self.tried(&one, &engine, &baseline, plan, dir);
        (pinned(one, what, unmet), traces)
    }

    /// The same of a whole policy, as `ci` does; nothing when `takes` does not take
    /// what it costs, in decisions.
    pub fn run_within(
        &self,
        one: Prepared,
        skips: &mut Skips,
        takes: impl FnOnce(u64) -> bool,
    ) -> Option<PinnedPolicy> {
        let engine = Engine::new(&one.policy);
        let baseline = Baseline::new(&one.suite, &engine);
        let plan = self.plan(&one, &baseline, None, skips);
        let cost = mutate::cost(&one.policy, &one.suite, &plan.tried);
        if !takes(cost) {
            return None;
        }
        let (what, unmet, _) = self.tried(&one, &engine, &baseline, plan, None);
        Some(pinned(one, what, unmet))
    }

    /// The mutants of one policy, and which of them are tried.
    fn plan(
        &self,
        one: &Prepared,
        baseline: &Baseline<'_, '_>,
        only: Option<HashSet<String>>,
        skips: &mut Skips,
    ) -> Plan {
        let messages = baseline.named_messages();
        let mut plan = Plan::default();
        let all = mutate::mutants(&one.policy, one.inventory.as_deref(), &messages);
        skips.looked_at.insert(real(&one.path));
        for (at, mutant) in all.into_iter().enumerate() {
            // A skip is in use whatever this run looks at.
            let reason = skips.reason(&mutant);
            let is_wanted = self.shard.is_none_or(|shard| shard.has(at))
                && (self.operators.is_empty() || self.operators.contains(&mutant.operator))
                && only
                    .as_ref()
                    .is_none_or(|only| only.contains(&mutant.pointer));
            match reason {
                _ if !is_wanted => {}
                Some(reason) => plan.skipped.push((mutant, reason)),
                None => plan.tried.push(mutant),
            }
        }
        plan
    }

    /// What the tests make of the mutants, what that falls short of, and the tests
    /// that are missing.
    fn tried(
        &self,
        one: &Prepared,
        engine: &Engine,
        baseline: &Baseline<'_, '_>,
        plan: Plan,
        dir: Option<&Path>,
    ) -> (Pins, Vec<String>, Vec<TraceFile>) {
        let Plan { tried, skipped } = plan;
        let inventory = one.inventory.as_deref();
        if self.list {
            let what = Pins::Mutants {
                outcomes: Vec::new(),
                skipped,
                listed: tried,
                after: None,
            };
            return (what, Vec::new(), Vec::new());
        }
        let options = mutate::Options {
            threads: threads(self.threads),
            budget: Budget::default().times(self.effort),
            work: work(self.effort),
        };
        let outcomes = mutate::run(&one.policy, baseline, tried, options);
        let mut traces = Vec::new();
        let mut after = None;
        if let Some(dir) = dir {
            let header = one.header(dir);
            let header = header.as_deref();
            let written = mutate::write(&one.policy, engine, &outcomes, inventory, header, options);
            traces = written.0;
            after = Some(written.1);
        }
        let unmet = self.unmet(&outcomes);
        let what = Pins::Mutants {
            outcomes,
            skipped,
            listed: Vec::new(),
            after,
        };
        (what, unmet, traces)
    }

    /// What the score falls short of, as a sentence.
    fn unmet(&self, outcomes: &[Outcome]) -> Vec<String> {
        let score = Score::of(outcomes);
        match (self.min_score, score.percent()) {
            (Some(least), Some(percent)) if percent < least => vec![format!(
                "{} of {} mutants are killed, {:.1} %, and {least} % are wanted",
                score.killed,
                score.counted(),
                rounded_down(percent)
            )],
            (None, _) if score.loosening > 0 => vec![match score.loosening {
                1 => "1 mutant that lets more through is not killed".to_owned(),
                count => format!("{count} mutants that let more through are not killed"),
            }],
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mutant_is_in_one_share() {
        for of in 1..6 {
            for at in 0..20 {
                let shares = (1..=of).filter(|share| Shard { share: *share, of }.has(at));
                assert_eq!(shares.count(), 1);
            }
        }
        for wrong in ["0/3", "4/3", "1", "a/b", "1/0", "/"] {
            assert!(Shard::parse(wrong).is_err(), "{wrong}");
        }
    }
}
