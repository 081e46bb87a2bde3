//! `mcppolicy mutate`: which small changes of a policy its tests would notice.

use std::path::Path;

use clap::Args;

use crate::cli::support::configuration::Config;
use crate::cli::support::fail_on::FailOn;
use crate::cli::support::measuring::{Mutants, Shard, Skips};
use crate::cli::support::minimum::percent;
use crate::cli::support::output::{OutputArgs, deliver};
use crate::cli::support::pinning::{self, PinningArgs, Prepared};
use crate::cli::support::workspace::Workspace;
use mcppolicy_analysis::mutate::{Family, Operator};
use mcppolicy_analysis::report::{Body, Exit, Pinned, Report, Tested};
use mcppolicy_engine::source::SourceMap;

/// Arguments of `mutate`.
#[derive(Args, Debug)]
pub(crate) struct MutateArgs {
    #[command(flatten)]
    pinning: PinningArgs,
    /// Which changes to try: operators by name, or families (tool, rule,
    /// condition, operand, pattern, limit, message) [default: all]
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = operators)]
    operators: Vec<Vec<Operator>>,
    /// Exit with 1 when fewer mutants are killed, in percent [default:
    /// `[mutate] min-score` of the configuration; without either, when a mutant
    /// that lets more through is not killed]
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    min_score: Option<f64>,
    /// Try one share of the mutants, such as 2/8; each mutant is in one share
    #[arg(long, value_name = "K/N", value_parser = Shard::parse)]
    shard: Option<Shard>,
    /// List the mutants and try none
    #[arg(long, conflicts_with = "write_missing")]
    list: bool,
    #[command(flatten)]
    output: OutputArgs,
}

fn operators(text: &str) -> Result<Vec<Operator>, String> {
    let found = Operator::named(text);
    if found.is_empty() {
        let families = Family::ALL.map(Family::name);
        let names = Operator::ALL.map(Operator::name);
        return Err(format!(
            "the families are {}; the operators are {}",
            families.join(", "),
            names.join(", ")
        ));
    }
    Ok(found)
}

/// Runs `mutate`.
pub(crate) fn run(args: &MutateArgs) -> Exit {
    let mut sources = SourceMap::new();
    let (workspace, mut problems) = Workspace::open(Path::new("."), &mut sources);
    let dir = problems.keep_failure(args.pinning.directory()).flatten();
    let prepared = problems.keep(args.pinning.prepare(&workspace, &mut sources));
    let config = workspace.config.as_ref();
    let fail_on = config.and_then(Config::fail_on).unwrap_or(FailOn::DEFAULT);
    let body = if prepared.iter().any(Prepared::is_broken) && !args.list {
        Body::Tested(Tested {
            runs: prepared.into_iter().map(|one| one.run).collect(),
            findings: std::mem::take(&mut problems.findings),
            ..Tested::default()
        })
    } else {
        let changed = problems.keep(args.pinning.changed(&workspace, &prepared, &mut sources));
        let mutants = Mutants {
            operators: args.operators.iter().flatten().copied().collect(),
            min_score: args.min_score.or(config.and_then(Config::min_score)),
            shard: args.shard,
            list: args.list,
            effort: args.pinning.effort,
            threads: args.pinning.threads,
        };
        let mut skips = Skips::new(config);
        let many = prepared.len() > 1;
        let mut pinned = Pinned::default();
        for (at, one) in prepared.into_iter().enumerate() {
            let only = changed.as_ref().map(|changed| changed.get(&one.path));
            let only = only.map(|only| only.cloned().unwrap_or_default());
            let (mut policy, traces) = mutants.run(one, only, &mut skips, dir);
            if let Some(dir) = dir {
                let written = pinning::write(dir, &traces, many.then_some(at + 1));
                policy.written = problems.keep_failure(written).unwrap_or_default();
            }
            pinned.policies.push(policy);
        }
        pinned.findings = std::mem::take(&mut problems.findings);
        pinned.findings.extend(skips.stale());
        Body::Pinned(pinned)
    };
    let report = Report {
        command: "mutate",
        sources: &sources,
        failures: problems.failures,
        assumptions: Vec::new(),
        fail_on: fail_on.severity(),
        body,
    };
    deliver(&report, &args.output)
}
