//! The work of `coverage` and `mutate` on one policy, and their thresholds: `ci`
//! does the same.

use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::path::Path;

use super::configuration::{Config, Skip};
use super::files::InputFile;
use super::minimum::{Minimum, rounded_down};
use super::pinned_run::Measure;
use super::pinning::{Prepared, prepare};
use super::problems::Problems;
use super::workspace::{PolicyFile, Workspace};
use mcppolicy_analysis::compare::emit::TraceFile;
use mcppolicy_analysis::coverage::{self, Count, Criterion};
use mcppolicy_analysis::finding::{Finding, RuleId, Severity};
use mcppolicy_analysis::mutate::{self, Mutant, Operator, Outcome, Score};
use mcppolicy_analysis::region::Budget;
use mcppolicy_analysis::replay::Options;
use mcppolicy_analysis::report::{Failure, Pinned, PinnedPolicy, Pins};
use mcppolicy_analysis::suite::Baseline;
use mcppolicy_engine::engine::Engine;
use mcppolicy_engine::source::SourceMap;

fn work(effort: u32) -> u64 {
    mutate::USUAL_WORK.saturating_mul(u64::from(effort))
}

fn threads(asked: Option<NonZeroUsize>) -> NonZeroUsize {
    asked
        .or_else(|| std::thread::available_parallelism().ok())
        .unwrap_or(NonZeroUsize::MIN)
}

/// The most work that the policies of a run may take to be measured by `ci`: calls
/// that are decided, each times the square of the elements of its policy.
const MOST_WORK: u64 = 200_000_000;

/// The work that the policies of a run have taken.
#[derive(Debug, Default)]
pub(crate) struct Work(u64);

/// Takes the work for one policy, unless it is too much.
fn is_affordable(one: &Prepared, taken: &mut Work) -> bool {
    let tools = one.policy.tools.iter();
    let elements = tools.map(|tool| {
        let rules = tool.require.iter().chain(&tool.deny_if);
        let conditions: usize = rules.map(|rule| 1 + rule.conditions.len()).sum();
        1 + conditions + tool.limits.len()
    });
    let elements = elements.sum::<usize>() + one.policy.all_tools.len();
    let elements = u64::try_from(elements).unwrap_or(u64::MAX);
    let work = elements
        .saturating_mul(elements)
        .saturating_mul(one.suite.size());
    taken.0 = taken.0.saturating_add(work);
    taken.0 <= MOST_WORK
}

/// What the configuration wants measured of one policy with its traces, as `ci`
/// does: each part with the name of its command. What would take too long is not
/// measured, and is a failure.
pub(crate) fn configured(
    workspace: &Workspace,
    file: &PolicyFile,
    traces: &[InputFile],
    options: &Options,
    (skips, taken): (&mut Skips, &mut Work),
    sources: &mut SourceMap,
) -> (Vec<(&'static str, Pinned)>, Problems) {
    let config = workspace.config.as_ref();
    let min = config.and_then(Config::min_coverage);
    let min_score = config.and_then(Config::min_score);
    let mut problems = Problems::default();
    if min.is_none() && min_score.is_none() {
        return (Vec::new(), problems);
    }
    let threads = Some(options.threads);
    let mut pins = Vec::new();
    // What is wrong with the traces and the inventory is reported already.
    let mut one = || {
        let one = prepare(workspace, file, traces, None, options, sources).0?;
        if is_affordable(&one, taken) {
            return Some(one);
        }
        problems.failures.push(Failure {
            input: file.name.clone(),
            message:
                "has too many rules and tests to be measured in one run; use `mcppolicy mutate` \
                      with --shard, or `coverage`"
                    .to_owned(),
        });
        None
    };
    let mut add = |command, policy| {
        let policies = vec![policy];
        let findings = Vec::new();
        pins.push((command, Pinned { policies, findings }));
    };
    if let Some(one) = min
        .as_ref()
        .and_then(|_| one())
        .filter(|one| !one.is_broken())
    {
        let points = Points {
            criteria: Criterion::USUAL.to_vec(),
            min,
            effort: 1,
            threads,
        };
        add("coverage", points.measure(one, None, None).0);
    }
    if let Some(one) = min_score.and_then(|_| one()).filter(|one| !one.is_broken()) {
        let mutants = Mutants {
            operators: Vec::new(),
            min_score,
            shard: None,
            list: false,
            effort: 1,
            threads,
        };
        add("mutate", mutants.run(one, None, skips, None).0);
    }
    (pins, problems)
}

/// How points are looked for.
#[derive(Debug)]
pub(crate) struct Points {
    pub criteria: Vec<Criterion>,
    pub min: Option<Minimum>,
    pub effort: u32,
    pub threads: Option<NonZeroUsize>,
}

impl Points {
    /// The points of one policy, `only` of some elements where those are named;
    /// and, where a directory for them is, the tests that are missing.
    pub fn measure(
        &self,
        one: Prepared,
        only: Option<HashSet<String>>,
        dir: Option<&Path>,
    ) -> (PinnedPolicy, Vec<TraceFile>) {
        let mut criteria = self.criteria.clone();
        criteria.extend(self.min.iter().flat_map(Minimum::criteria));
        criteria.sort_unstable();
        criteria.dedup();
        let engine = Engine::new(&one.policy);
        let baseline = Baseline::new(&one.suite, &engine);
        let options = coverage::Options {
            criteria: criteria.clone(),
            threads: threads(self.threads),
            budget: Budget::default().times(self.effort),
            only,
            work: work(self.effort),
        };
        let inventory = one.inventory.as_deref();
        let points = coverage::measure(&one.policy, &engine, &baseline, inventory, &options);
        let mut traces = Vec::new();
        let mut after = None;
        if let Some(dir) = dir {
            let header = one.header(dir);
            let written = coverage::write(&one.policy, &engine, &points, header.as_deref());
            traces = written.traces;
            after = Some(written.after);
        }
        let count = |criterion| Count::of(&points, criterion);
        let unmet = self.min.as_ref().map(|min| min.unmet(count));
        let what = Pins::Points {
            criteria,
            points,
            after,
        };
        (pinned(one, what, unmet.unwrap_or_default()), traces)
    }
}

impl Measure for Points {
    fn policy(
        &mut self,
        one: Prepared,
        only: Option<HashSet<String>>,
        dir: Option<&Path>,
    ) -> (PinnedPolicy, Vec<TraceFile>) {
        self.measure(one, only, dir)
    }

    fn findings(self) -> Vec<Finding> {
        Vec::new()
    }
}

fn pinned(one: Prepared, what: Pins, unmet: Vec<String>) -> PinnedPolicy {
    PinnedPolicy {
        name: one.name.clone(),
        outcome: one.run.outcome,
        calls: one.places(),
        findings: PinnedPolicy::findings(&one.policy, &what, &unmet),
        policy: one.policy,
        what,
        unmet,
        written: Vec::new(),
    }
}

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
}

impl Skips {
    pub fn new(config: Option<&Config>) -> Skips {
        let skips = config.map(|config| config.skips.clone());
        let skips = skips.unwrap_or_default().into_iter();
        Skips {
            skips: skips.map(|skip| (skip, false)).collect(),
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

    /// Skips of mutants that no policy has.
    pub fn stale(self) -> Vec<Finding> {
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

    fn findings(self) -> Vec<Finding> {
        self.skips.stale()
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
        let inventory = one.inventory.as_deref();
        let messages = baseline.named_messages();
        let mut skipped = Vec::new();
        let mut tried = Vec::new();
        let all = mutate::mutants(&one.policy, inventory, &messages).into_iter();
        for (at, mutant) in all.enumerate() {
            // A skip is in use whatever this run looks at.
            let reason = skips.reason(&mutant);
            let is_wanted = self.shard.is_none_or(|shard| shard.has(at))
                && (self.operators.is_empty() || self.operators.contains(&mutant.operator))
                && only
                    .as_ref()
                    .is_none_or(|only| only.contains(&mutant.pointer));
            match reason {
                _ if !is_wanted => {}
                Some(reason) => skipped.push((mutant, reason)),
                None => tried.push(mutant),
            }
        }
        if self.list {
            let what = Pins::Mutants {
                outcomes: Vec::new(),
                skipped,
                listed: tried,
                after: None,
            };
            return (pinned(one, what, Vec::new()), Vec::new());
        }
        let options = mutate::Options {
            threads: threads(self.threads),
            budget: Budget::default().times(self.effort),
            work: work(self.effort),
        };
        let outcomes = mutate::run(&one.policy, &baseline, tried, options);
        let mut traces = Vec::new();
        let mut after = None;
        if let Some(dir) = dir {
            let header = one.header(dir);
            let header = header.as_deref();
            let written =
                mutate::write(&one.policy, &engine, &outcomes, inventory, header, options);
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
        (pinned(one, what, unmet), traces)
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
