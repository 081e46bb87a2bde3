//! A run of `coverage` or `mutate`: every policy with its tests is measured, the
//! tests that are missing are written, and what was found is one report.

use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::path::Path;

use super::configuration::Config;
use super::fail_on::FailOn;
use super::output::{OutputArgs, deliver};
use super::pinning::{self, PinningArgs, Prepared};
use super::workspace::Workspace;
use mcppolicy_analysis::compare::emit::TraceFile;
use mcppolicy_analysis::finding::Finding;
use mcppolicy_analysis::mutate;
use mcppolicy_analysis::report::{Body, Exit, Pinned, PinnedPolicy, Pins, Report, Tested};
use mcppolicy_engine::source::SourceMap;

/// What is measured of each policy.
pub(crate) trait Measure {
    /// Measures one policy, `only` some elements where those are named; and, where a
    /// directory for them is, makes the tests that are missing.
    fn policy(
        &mut self,
        one: Prepared,
        only: Option<HashSet<String>>,
        dir: Option<&Path>,
    ) -> (PinnedPolicy, Vec<TraceFile>);

    /// What is to be said when all policies have been measured.
    fn findings(self, workspace: &Workspace) -> Vec<Finding>;
}

/// Runs a command. Where it `needs_passing` tests and some fail, their report is the
/// command's: what failing tests pin says nothing.
pub(crate) fn run<M: Measure>(
    command: &'static str,
    args: &PinningArgs,
    output: &OutputArgs,
    needs_passing: bool,
    measure: impl FnOnce(Option<&Config>) -> M,
) -> Exit {
    let mut sources = SourceMap::new();
    let (workspace, mut problems) = Workspace::open(Path::new("."), &mut sources);
    let dir = problems.keep_failure(args.directory()).flatten();
    let prepared = problems.keep(args.prepare(&workspace, &mut sources));
    let config = workspace.config.as_ref();
    let fail_on = config.and_then(Config::fail_on).unwrap_or(FailOn::DEFAULT);
    let body = if needs_passing && prepared.iter().any(Prepared::is_broken) {
        Body::Tested(Tested {
            runs: prepared.into_iter().map(|one| one.run).collect(),
            findings: std::mem::take(&mut problems.findings),
            ..Tested::default()
        })
    } else {
        let changed = problems.keep(args.changed(&workspace, &prepared, &mut sources));
        let mut measure = measure(config);
        let many = prepared.len() > 1;
        let mut pinned = Pinned::default();
        for (at, one) in prepared.into_iter().enumerate() {
            let only = changed.as_ref().map(|changed| changed.get(&one.path));
            let only = only.map(|only| only.cloned().unwrap_or_default());
            let (mut policy, traces) = measure.policy(one, only, dir);
            if let Some(dir) = dir {
                let written = pinning::write(dir, &traces, many.then_some(at + 1));
                policy.written = problems.keep_failure(written).unwrap_or_default();
            }
            pinned.policies.push(policy);
        }
        pinned.findings = std::mem::take(&mut problems.findings);
        pinned.findings.extend(measure.findings(&workspace));
        Body::Pinned(pinned)
    };
    let report = Report {
        command,
        sources: &sources,
        failures: problems.failures,
        assumptions: Vec::new(),
        fail_on: fail_on.severity(),
        body,
    };
    deliver(&report, output)
}

/// The most work for all points or mutants of a policy, in decisions.
pub(crate) fn work(effort: u32) -> u64 {
    mutate::USUAL_WORK.saturating_mul(u64::from(effort))
}

/// How many threads to use.
pub(crate) fn threads(asked: Option<NonZeroUsize>) -> NonZeroUsize {
    asked
        .or_else(|| std::thread::available_parallelism().ok())
        .unwrap_or(NonZeroUsize::MIN)
}

/// What was found of a policy, for the report.
pub(crate) fn pinned(one: Prepared, what: Pins, unmet: Vec<String>) -> PinnedPolicy {
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
