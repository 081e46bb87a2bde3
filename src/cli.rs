//! The command line: arguments in, report out, exit code. The only module that
//! touches the file system and prints.

mod command;
mod support;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use crate::render;
use support::output;

#[cfg(feature = "guard")]
use command::guard;
use command::{
    ci, classify, completions, coverage, decide, diff, explain, import, init, inventory, lint,
    merge, mutate, record, schema, test, validate,
};

const AFTER_HELP: &str = "\
Examples:
  mcppolicy lint policy.json                     what is wrong with a policy
  mcppolicy test traces/ --policy policy.json    what it does to recorded calls
  mcppolicy diff main:policy.json policy.json    what a change to it lets through
  mcppolicy ci                                   all of it, by mcppolicy.toml

Exit codes:
  0  clean
  1  findings at or above --fail-on, failed expectations, a refused change
  2  could not run: usage, a missing or unreadable file
  3  a policy, trace or configuration is invalid (all problems are listed)
  4  nothing to do: no policy, no trace, no call in scope, nothing asserted";

/// Check what an MCP gateway's policy.json lets through, before you trust it.
#[derive(Parser)]
#[command(version, after_help = AFTER_HELP)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Check policies against the format: syntax, schema, structure
    #[command(after_help = "Example: mcppolicy validate policies/*/policy.json")]
    Validate(validate::ValidateArgs),
    /// Validate, then look for rules that do not do what they seem to
    #[command(after_help = "Example: mcppolicy lint policy.json")]
    Lint(lint::LintArgs),
    /// Replay recorded calls and compare the decisions with what the traces expect
    #[command(after_help = "Example: mcppolicy test traces/ --policy policy.json")]
    Test(test::TestArgs),
    /// Turn logs of any format into native traces
    #[command(after_help = "Example: mcppolicy import mcp.log -o traces/mcp.jsonl")]
    Import(import::ImportArgs),
    /// Join the JSON reports of a test's shares into the report of one run
    #[command(after_help = "Example: mcppolicy merge share-*.json")]
    Merge(merge::MergeArgs),
    /// Run a stdio server for a client, and record all messages in a trace
    #[command(
        after_help = "In the client's settings, put it before the command that starts the server.\n\
            Example: mcppolicy record -o 'recordings/{server}-{date}-{pid}.jsonl' -- npx -y @modelcontextprotocol/server-everything\n\n\
            The exit code is the server's own, 128 and a signal's number if one ended it; 2 if the\n\
            server cannot be started, or if the trace could not be written to the end."
    )]
    Record(record::RecordArgs),
    /// Stand before a server, and let only what a policy allows reach it
    #[cfg(feature = "guard")]
    #[command(after_help = guard::AFTER_HELP)]
    Guard(guard::GuardArgs),
    /// List the tools of a stdio server, and write or compare the list
    #[command(
        after_help = "Examples:\n  mcppolicy inventory -o tools.json -- npx -y @modelcontextprotocol/server-everything\n  \
            mcppolicy inventory --check -o tools.json -- npx -y @modelcontextprotocol/server-everything\n\n\
            Exit codes: 0 as listed, 1 the server lists other tools, 2 it does not answer,\n\
            3 FILE or the server's list is invalid, 4 there are no tools."
    )]
    Inventory(inventory::InventoryArgs),
    /// Validate, lint and test all that mcppolicy.toml names, and diff it
    #[command(after_help = "Example: mcppolicy ci --base origin/main")]
    Ci(ci::CiArgs),
    /// Show what a change of policies lets through or stops, with proof
    #[command(
        after_help = "Examples:\n  mcppolicy diff origin/main:policy.json policy.json\n  mcppolicy diff --base origin/main --approve \"new workflow, see #12\""
    )]
    Diff(diff::DiffArgs),
    /// Show which decisions of a policy no test pins, and write the missing tests
    #[command(after_help = "Example: mcppolicy coverage traces/ --policy policy.json")]
    Coverage(coverage::CoverageArgs),
    /// Change a policy in every small way, and show which changes no test notices
    #[command(after_help = "Example: mcppolicy mutate traces/ --policy policy.json --min-score 90")]
    Mutate(mutate::MutateArgs),
    /// Decide one call, with every step explained
    #[command(
        after_help = "Example: mcppolicy decide --tool create_refund --arguments '{\"amount\": 500}'"
    )]
    Decide(decide::DecideArgs),
    /// Show the category of each tool of a server, and why
    #[command(after_help = "Example: mcppolicy classify tools.json")]
    Classify(classify::ClassifyArgs),
    /// Write a first policy, a trace and mcppolicy.toml, from a server's tools
    #[command(
        after_help = "Examples:\n  mcppolicy init --inventory tools.json\n  mcppolicy init --hook --workflow"
    )]
    Init(init::InitArgs),
    /// Print the page of a lint rule, the list of rules, or a policy in words
    #[command(
        after_help = "Examples:\n  mcppolicy explain fail-open-deny\n  mcppolicy explain --policy policy.json create_refund"
    )]
    Explain(explain::ExplainArgs),
    /// Print a JSON Schema for editors
    #[command(after_help = "Example: mcppolicy schema policy > policy.schema.json")]
    Schema(schema::SchemaArgs),
    /// Print a script that lets a shell complete this command's arguments
    #[command(after_help = completions::EXAMPLES)]
    Completions(completions::CompletionsArgs),
}

/// Reads the arguments. A message about them quotes them, and names of files come
/// from whoever made the files: it is written about arguments in which everything
/// is shown.
fn parse() -> Result<Cli, clap::Error> {
    let quoted = || {
        let arguments = std::env::args_os();
        let shown = arguments.map(|argument| render::printable(&argument.to_string_lossy()));
        Cli::try_parse_from(shown).err()
    };
    Cli::try_parse().map_err(|error| quoted().unwrap_or(error))
}

/// Reads the arguments, runs the command, and returns its exit code.
pub fn main() -> ExitCode {
    let cli = match parse() {
        Ok(cli) => cli,
        // Help and the version are no errors, unless nobody gets to read them.
        Err(error) if error.use_stderr() => {
            output::complain_of_usage(&error.render().to_string());
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
        Err(error) => {
            let printed = output::ended(error.print());
            let code = u8::try_from(error.exit_code()).unwrap_or(2);
            return ExitCode::from(code.max(printed.code()));
        }
    };
    let exit = match cli.command {
        Command::Validate(args) => validate::run(&args),
        Command::Lint(args) => lint::run(&args),
        Command::Test(args) => test::run(&args),
        Command::Import(args) => import::run(&args),
        Command::Merge(args) => merge::run(&args),
        Command::Record(args) => return record::run(&args),
        #[cfg(feature = "guard")]
        Command::Guard(args) => return guard::run(&args),
        Command::Inventory(args) => inventory::run(&args),
        Command::Ci(args) => ci::run(&args),
        Command::Diff(args) => diff::run(&args),
        Command::Coverage(args) => coverage::run(&args),
        Command::Mutate(args) => mutate::run(&args),
        Command::Decide(args) => decide::run(&args),
        Command::Classify(args) => classify::run(&args),
        Command::Init(args) => init::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Schema(args) => schema::run(&args),
        Command::Completions(args) => completions::run(&args, &mut Cli::command()),
    };
    ExitCode::from(exit.code())
}
