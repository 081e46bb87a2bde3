//! `mcppolicy coverage`: which decisions of a policy its tests pin.

use std::path::Path;

use clap::Args;

use crate::cli::support::configuration::Config;
use crate::cli::support::fail_on::FailOn;
use crate::cli::support::measuring::Points;
use crate::cli::support::minimum::Minimum;
use crate::cli::support::output::{OutputArgs, deliver};
use crate::cli::support::pinning::{self, PinningArgs, Prepared};
use crate::cli::support::workspace::Workspace;
use mcppolicy_analysis::coverage::Criterion;
use mcppolicy_analysis::report::{Body, Exit, Pinned, Report, Tested};
use mcppolicy_engine::source::SourceMap;

/// Arguments of `coverage`.
#[derive(Args, Debug)]
pub(crate) struct CoverageArgs {
    #[command(flatten)]
    pinning: PinningArgs,
    /// What to look at: rules, conditions, limits, boundaries, regions
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = criterion,
          default_value = "rules,conditions,limits")]
    criterion: Vec<Criterion>,
    /// Exit with 1 when fewer points are covered, in percent: 100, or
    /// rules=100,conditions=80 [default: `[coverage] min` of the configuration]
    #[arg(long, value_name = "PERCENT", value_parser = Minimum::parse)]
    min: Option<Minimum>,
    #[command(flatten)]
    output: OutputArgs,
}

fn criterion(text: &str) -> Result<Criterion, String> {
    Criterion::named(text).ok_or_else(|| {
        let names = Criterion::ALL.map(Criterion::name);
        format!("the criteria are {}", names.join(", "))
    })
}

/// Runs `coverage`.
pub(crate) fn run(args: &CoverageArgs) -> Exit {
    let mut sources = SourceMap::new();
    let (workspace, mut problems) = Workspace::open(Path::new("."), &mut sources);
    let dir = problems.keep_failure(args.pinning.directory()).flatten();
    let prepared = problems.keep(args.pinning.prepare(&workspace, &mut sources));
    let config = workspace.config.as_ref();
    let fail_on = config.and_then(Config::fail_on).unwrap_or(FailOn::DEFAULT);
    let body = if prepared.iter().any(Prepared::is_broken) {
        Body::Tested(Tested {
            runs: prepared.into_iter().map(|one| one.run).collect(),
            findings: std::mem::take(&mut problems.findings),
            ..Tested::default()
        })
    } else {
        let changed = problems.keep(args.pinning.changed(&workspace, &prepared, &mut sources));
        let points = Points {
            criteria: args.criterion.clone(),
            min: args.min.clone().or(config.and_then(Config::min_coverage)),
            effort: args.pinning.effort,
            threads: args.pinning.threads,
        };
        let many = prepared.len() > 1;
        let mut pinned = Pinned::default();
        for (at, one) in prepared.into_iter().enumerate() {
            let only = changed.as_ref().map(|changed| changed.get(&one.path));
            let only = only.map(|only| only.cloned().unwrap_or_default());
            let (mut policy, traces) = points.measure(one, only, dir);
            if let Some(dir) = dir {
                let written = pinning::write(dir, &traces, many.then_some(at + 1));
                policy.written = problems.keep_failure(written).unwrap_or_default();
            }
            pinned.policies.push(policy);
        }
        pinned.findings = std::mem::take(&mut problems.findings);
        Body::Pinned(pinned)
    };
    let report = Report {
        command: "coverage",
        sources: &sources,
        failures: problems.failures,
        assumptions: Vec::new(),
        fail_on: fail_on.severity(),
        body,
    };
    deliver(&report, &args.output)
}
