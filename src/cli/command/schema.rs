//! `mcppolicy schema`: prints a JSON Schema for editors.

use clap::{Args, ValueEnum};

use crate::cli::support::approvals::APPROVALS_SCHEMA;
use crate::cli::support::configuration::CONFIG_SCHEMA;
use crate::cli::support::output::print;
use crate::render::json::REPORT_SCHEMA;
use crate::schema::{POLICY_SCHEMA, TRACE_SCHEMA};
use mcppolicy_analysis::report::Exit;

/// Arguments of `schema`.
#[derive(Args, Debug)]
pub(crate) struct SchemaArgs {
    /// Which schema
    #[arg(value_enum)]
    which: Which,
}

/// The schemas that there are.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Which {
    /// A policy
    Policy,
    /// The configuration, mcppolicy.toml
    Config,
    /// A report in JSON
    Report,
    /// The approvals, mcppolicy.approvals.json
    Approvals,
    /// A line of a trace
    Trace,
}

/// Runs `schema`.
pub(crate) fn run(args: &SchemaArgs) -> Exit {
    print(match args.which {
        Which::Policy => POLICY_SCHEMA,
        Which::Config => CONFIG_SCHEMA,
        Which::Report => REPORT_SCHEMA,
        Which::Approvals => APPROVALS_SCHEMA,
        Which::Trace => TRACE_SCHEMA,
    })
}
