//! The command line: arguments in, report out, exit code. The only room that
//! touches the file system and prints.

mod approvals;
mod base;
mod ci;
mod classify;
mod completions;
mod config;
mod decide;
mod diff;
mod explain;
mod git;
mod guarded;
mod import;
mod init;
mod input;
mod inventory;
mod merge;
mod observed;
mod output;
mod policies;
mod progress;
mod record;
mod repair;
mod suppressions;
mod test;
mod traces;
mod unpack;
mod workspace;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand, ValueEnum};

use mcppolicy_analysis::finding::{Finding, RuleId, Severity};
use mcppolicy_analysis::inventory::category::Category;
use mcppolicy_analysis::lint;
use mcppolicy_engine::nearest::nearest;
use workspace::Workspace;

const AFTER_HELP: &str = "\
Examples:
  mcppolicy lint policy.json                     what is wrong with a policy
  mcppolicy test traces/ --policy policy.json    what it does to recorded calls
  mcppolicy diff main:policy.json policy.json    what a change to it lets through
  mcppolicy ci                                   all of it, as mcppolicy.toml says

Exit codes:
  0  clean
  1  findings at or above --fail-on, failed expectations, a refused change
  2  could not run: usage, a missing or unreadable file
  3  a policy, trace or configuration is invalid (all problems are listed)
  4  nothing to do: no policy, no trace, no call in scope, nothing asserted";

/// Check what an MCP gateway's policy.json lets through, before you trust it.
#[derive(Parser)]
#[command(version, after_help = AFTER_HELP, disable_help_subcommand = true)]
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
    /// Join the JSON reports of a test's shares into what one run reports
    #[command(after_help = "Example: mcppolicy merge share-*.json")]
    Merge(merge::MergeArgs),
    /// Pass a stdio server through, and write all that passes into a trace
    #[command(
        after_help = "In the client's settings, put it before the command that starts the server.\n\
            Example: mcppolicy record -o session.jsonl -- npx -y @modelcontextprotocol/server-everything\n\n\
            The exit code is the server's own, 128 and a signal's number if one ended it; 2 if the\n\
            server cannot be started, or if the trace could not be written to the end."
    )]
    Record(record::RecordArgs),
    /// Ask a stdio server for its tools, and keep or compare the list
    #[command(
        after_help = "Examples:\n  mcppolicy inventory -o tools.json -- npx -y @modelcontextprotocol/server-everything\n  \
            mcppolicy inventory --check -o tools.json -- npx -y @modelcontextprotocol/server-everything\n\n\
            Exit codes: 0 as listed, 1 the server lists its tools otherwise, 2 it does not answer,\n\
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
    /// Decide one call, with every step explained
    #[command(
        after_help = "Example: mcppolicy decide --tool create_refund --arguments '{\"amount\": 500}'"
    )]
    Decide(decide::DecideArgs),
    /// Say what kind of tool each one of a server is, and why
    #[command(after_help = "Example: mcppolicy classify tools.json")]
    Classify(classify::ClassifyArgs),
    /// Write a first policy, a trace and mcppolicy.toml, from a server's tools
    #[command(
        after_help = "Examples:\n  mcppolicy init --inventory tools.json\n  mcppolicy init --hook --workflow"
    )]
    Init(init::InitArgs),
    /// Print the page of a lint rule, or the list of rules
    #[command(after_help = "Example: mcppolicy explain fail-open-deny")]
    Explain(explain::ExplainArgs),
    /// Print a JSON Schema for editors
    #[command(after_help = "Example: mcppolicy schema policy > policy.schema.json")]
    Schema(explain::SchemaArgs),
    /// Print what lets a shell complete this command's arguments
    #[command(after_help = completions::EXAMPLES)]
    Completions(completions::CompletionsArgs),
}

/// What a build that starts no server says when it is asked to.
#[cfg(not(feature = "live"))]
const WITHOUT_LIVE: &str = "this build leaves out what starts a server; \
                            `cargo install` it with its default features";

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

    fn name(self) -> &'static str {
        self.severity().map_or("never", Severity::name)
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
        Command::Merge(args) => merge::run(&args),
        Command::Record(args) => return record::run(&args),
        Command::Inventory(args) => inventory::run(&args),
        Command::Ci(args) => ci::run(&args),
        Command::Diff(args) => diff::run(&args),
        Command::Decide(args) => decide::run(&args),
        Command::Classify(args) => classify::run(&args),
        Command::Init(args) => init::run(&args),
        Command::Explain(args) => explain::explain(&args),
        Command::Schema(args) => explain::schema(&args),
        Command::Completions(args) => completions::run(&args, &mut Cli::command()),
    };
    ExitCode::from(exit.code())
}

/// The linter's settings from the configuration and the command line; what is
/// wrong with the configuration's is added to its findings.
fn lint_settings(workspace: &mut Workspace, pedantic: bool) -> lint::Settings {
    let (settings, problems) = match &workspace.config {
        Some(config) => configured_settings(config, pedantic),
        None => {
            let mut settings = lint::Settings::new();
            settings.pedantic = pedantic;
            (settings, Vec::new())
        }
    };
    workspace.config_findings.extend(problems);
    settings
}

/// The linter's settings as a configuration has them, and what is wrong with
/// those.
fn configured_settings(config: &config::Config, pedantic: bool) -> (lint::Settings, Vec<Finding>) {
    let mut settings = lint::Settings::new();
    settings.pedantic = pedantic;
    let mut problems = Vec::new();
    let mut complain = |setting: &config::Setting, message: String, help: String| {
        problems.push(setting.complaint(message).help(help));
    };
    for (name, level) in &config.levels {
        match lint::Level::parse(&level.text) {
            None => {
                let message = format!("{:?} is not a level", level.text);
                complain(level, message, levels_help());
            }
            Some(parsed) => match RuleId::parse_lint_rule(&name.text) {
                Some(rule) => settings.set_level(rule, parsed),
                None => complain(name, unknown_rule(&name.text), nearest_rule(&name.text)),
            },
        }
    }
    for (rule, option, value) in &config.options {
        let Some(id) = RuleId::parse_lint_rule(&rule.text) else {
            complain(rule, unknown_rule(&rule.text), nearest_rule(&rule.text));
            continue;
        };
        if let Err(bad) = lint::set_option(&mut settings, id, &option.text, &value.text) {
            let place = if bad.is_value { value } else { option };
            complain(place, bad.message, bad.help);
        }
    }
    for (tool, category) in &config.categories {
        match Category::ALL
            .into_iter()
            .find(|known| known.name().eq_ignore_ascii_case(&category.text))
        {
            Some(known) => settings.categories.configure(tool.text.clone(), known),
            None => {
                let message = format!("{:?} is not a category", category.text);
                let help =
                    "write \"read\", \"write\", \"execute\", \"destructive\" or \"financial\"";
                complain(category, message, help.to_owned());
            }
        }
    }
    (settings, problems)
}

fn levels_help() -> String {
    "write \"error\", \"warning\", \"note\" or \"off\"".to_owned()
}

fn unknown_rule(name: &str) -> String {
    format!("there is no rule {name:?}")
}

fn nearest_rule(name: &str) -> String {
    match nearest(name, RuleId::lint_rules().map(RuleId::name)) {
        Some(near) => format!("did you mean {near}?"),
        None => "`mcppolicy explain` lists the rules".to_owned(),
    }
}
