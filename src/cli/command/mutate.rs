//! `mcppolicy mutate`: which small changes of a policy its tests would notice.

use clap::Args;

use crate::cli::support::configuration::Config;
use crate::cli::support::minimum::percent;
use crate::cli::support::mutants::{Mutants, Shard, Skips};
use crate::cli::support::output::OutputArgs;
use crate::cli::support::pinned_run;
use crate::cli::support::pinning::PinningArgs;
use mcppolicy_analysis::mutate::{Family, Operator};
use mcppolicy_analysis::report::Exit;

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
    let needs_passing = !args.list;
    pinned_run::run(
        "mutate",
        &args.pinning,
        &args.output,
        needs_passing,
        |config| {
            let mutants = Mutants {
                operators: args.operators.iter().flatten().copied().collect(),
                min_score: args.min_score.or(config.and_then(Config::min_score)),
                shard: args.shard,
                list: args.list,
                effort: args.pinning.effort,
                threads: args.pinning.threads,
            };
            mutants.leaving_out(Skips::new(config))
        },
    )
}
