//! The command line: arguments in, report out, exit code. The only room that
//! touches the file system and prints.

mod ci;
mod config;
mod decide;
mod explain;
mod import;
mod input;
mod output;
mod policies;
mod test;
mod traces;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

use crate::diagnostic::Severity;
use crate::lint;
use workspace::Workspace;

const EXIT_CODES: &str = "\
Exit codes:
  0  clean
  1  findings at or above --fail-on, failed expectations, a refused change
  2  could not run: usage, a missing or unreadable file
  3  a policy, trace or configuration is invalid (all problems are listed)
  4  nothing to do: no policy, no trace, no call in scope, nothing asserted";

/// Check what an MCP gateway's policy.json lets through, before you trust it.
#[derive(Parser)]
#[command(version, after_help = EXIT_CODES, disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Check policies against the format: syntax, schema, structure
    #[command(after_help = "Example: mcppolicy validate policies/*/policy.json")]
    Validate(policies::ValidateArgs),
    /// Validate, then look for rules that do not do what they seem to
    #[command(after_help = "Example: mcppolicy lint policy.json")]
    Lint(policies::LintArgs),
    /// Replay recorded calls and hold them against what the traces expect
    #[command(after_help = "Example: mcppolicy test traces/ --policy policy.json")]
    Test(test::TestArgs),
    /// Turn logs of any format into native traces
    #[command(after_help = "Example: mcppolicy import mcp.log -o traces/mcp.jsonl")]
    Import(import::ImportArgs),
    /// Validate, lint and test all that mcppolicy.toml names
    #[command(after_help = "Example: mcppolicy ci")]
    Ci(ci::CiArgs),
    /// Decide one call, with every step explained
    #[command(
        after_help = "Example: mcppolicy decide --tool create_refund --arguments '{\"amount\": 500}'"
    )]
    Decide(decide::DecideArgs),
    /// Print the page of a lint rule, or the list of rules
    #[command(after_help = "Example: mcppolicy explain fail-open-deny")]
    Explain(explain::ExplainArgs),
    /// Print a JSON Schema for editors
    #[command(after_help = "Example: mcppolicy schema policy > policy.schema.json")]
    Schema(explain::SchemaArgs),
}

/// `--fail-on`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FailOn {
    Error,
    Warning,
    Note,
    Never,
}

impl FailOn {
    /// The level that a configuration calls by this name.
    fn named(name: &str) -> Option<FailOn> {
        FailOn::from_str(name, false).ok()
    }

    fn severity(self) -> Option<Severity> {
        match self {
            FailOn::Error => Some(Severity::Error),
            FailOn::Warning => Some(Severity::Warning),
            FailOn::Note => Some(Severity::Note),
            FailOn::Never => None,
        }
    }
}

/// Reads the arguments, runs the command, and says how it ended.
pub fn main() -> ExitCode {
    let exit = match Cli::parse().command {
        Command::Validate(args) => policies::validate(&args),
        Command::Lint(args) => policies::lint(&args),
        Command::Test(args) => test::run(&args),
        Command::Import(args) => import::run(&args),
        Command::Ci(args) => ci::run(&args),
        Command::Decide(args) => decide::run(&args),
        Command::Explain(args) => explain::explain(&args),
        Command::Schema(args) => explain::schema(&args),
    };
    ExitCode::from(exit.code())
}

/// The linter's settings from the configuration and the command line.
fn lint_settings(workspace: &mut Workspace, pedantic: bool) -> lint::Settings {
    let _ = workspace;
    lint::Settings { pedantic }
}
