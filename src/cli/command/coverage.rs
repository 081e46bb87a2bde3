//! `mcppolicy coverage`: which decisions of a policy its tests pin.

use clap::Args;

use crate::cli::support::configuration::Config;
use crate::cli::support::measuring::Points;
use crate::cli::support::minimum::Minimum;
use crate::cli::support::output::OutputArgs;
use crate::cli::support::pinned_run;
use crate::cli::support::pinning::PinningArgs;
use mcppolicy_analysis::coverage::Criterion;
use mcppolicy_analysis::report::Exit;

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
    pinned_run::run("coverage", &args.pinning, &args.output, true, |config| {
        Points {
            criteria: args.criterion.clone(),
            min: args.min.clone().or(config.and_then(Config::min_coverage)),
            effort: args.pinning.effort,
            threads: args.pinning.threads,
        }
    })
}
