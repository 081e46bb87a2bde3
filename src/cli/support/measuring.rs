//! The work of `coverage` on one policy, and what `ci` measures of each.

use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::path::Path;

use super::configuration::Config;
use super::files::InputFile;
use super::minimum::Minimum;
use super::mutants::{Mutants, Skips};
use super::pinned_run::{self, Measure, pinned, threads};
use super::pinning::{Prepared, prepare};
use super::problems::Problems;
use super::workspace::{PolicyFile, Workspace};
use mcppolicy_analysis::compare::emit::TraceFile;
use mcppolicy_analysis::coverage::{self, Count, Criterion};
use mcppolicy_analysis::finding::Finding;
use mcppolicy_analysis::region::Budget;
use mcppolicy_analysis::replay::Options;
use mcppolicy_analysis::report::{Failure, Pinned, PinnedPolicy, Pins};
use mcppolicy_analysis::suite::Baseline;
use mcppolicy_engine::engine::Engine;
use mcppolicy_engine::source::SourceMap;

/// The most work that the policies of a run may take to be measured by `ci`, in
/// decisions: less than a minute.
const MOST_WORK: u64 = 60_000_000;

/// The work that the policies of a run may still take.
#[derive(Debug)]
pub(crate) struct Work(u64);

impl Default for Work {
    fn default() -> Work {
        Work(MOST_WORK)
    }
}

impl Work {
    /// Takes the work for one policy, unless too little is left.
    fn takes(&mut self, cost: u64) -> bool {
        let left = self.0.checked_sub(cost);
        self.0 = left.unwrap_or(self.0);
        left.is_some()
    }
}

/// That a policy is not measured, because that would take too long.
fn too_large(file: &PolicyFile, command: &str) -> Failure {
    let help = match command {
        "mutate" => "use `mcppolicy mutate` with --shard",
        _ => "use `mcppolicy coverage`",
    };
    Failure {
        input: file.name.clone(),
        message: format!("has too many rules and tests to be measured in one run; {help}"),
    }
}

/// What the configuration wants measured of one policy with its traces, as `ci`
/// does: each part with the name of its command. What would take too long is not
/// measured, and is a failure.
pub(crate) fn configured(
    workspace: &Workspace,
    file: &PolicyFile,
    traces: &[InputFile],
    options: &Options,
    (skips, work): (&mut Skips, &mut Work),
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
        let one = prepare(workspace, file, traces, None, options, sources).0;
        one.filter(|one| !one.is_broken())
    };
    let mut add = |command, policy| {
        let policies = vec![policy];
        let findings = Vec::new();
        pins.push((command, Pinned { policies, findings }));
    };
    if let Some(one) = min.as_ref().and_then(|_| one()) {
        let points = Points {
            criteria: Criterion::USUAL.to_vec(),
            min,
            effort: 1,
            threads,
        };
        match work.takes(points.cost(&one)) {
            true => add("coverage", points.measure(one, None, None).0),
            false => problems.failures.push(too_large(file, "coverage")),
        }
    }
    if let Some(one) = min_score.and_then(|_| one()) {
        let mutants = Mutants {
            operators: Vec::new(),
            min_score,
            shard: None,
            list: false,
            effort: 1,
            threads,
        };
        match mutants.run_within(one, skips, |cost| work.takes(cost)) {
            Some(policy) => add("mutate", policy),
            None => problems.failures.push(too_large(file, "mutate")),
        }
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
    fn options(&self, only: Option<HashSet<String>>) -> coverage::Options {
        let mut criteria = self.criteria.clone();
        criteria.extend(self.min.iter().flat_map(Minimum::criteria));
        criteria.sort_unstable();
        criteria.dedup();
        coverage::Options {
            criteria,
            threads: threads(self.threads),
            budget: Budget::default().times(self.effort),
            only,
            work: pinned_run::work(self.effort),
        }
    }

    /// What it costs to measure a policy, in decisions.
    fn cost(&self, one: &Prepared) -> u64 {
        let inventory = one.inventory.as_deref();
        coverage::cost(&one.policy, &one.suite, inventory, &self.options(None))
    }

    /// The points of one policy, `only` of some elements where those are named;
    /// and, where a directory for them is, the tests that are missing.
    pub fn measure(
        &self,
        one: Prepared,
        only: Option<HashSet<String>>,
        dir: Option<&Path>,
    ) -> (PinnedPolicy, Vec<TraceFile>) {
        let engine = Engine::new(&one.policy);
        let baseline = Baseline::new(&one.suite, &engine);
        let options = self.options(only);
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
            criteria: options.criteria,
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

    fn findings(self, _: &Workspace) -> Vec<Finding> {
        Vec::new()
    }
}
