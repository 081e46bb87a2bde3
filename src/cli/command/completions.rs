//! `mcppolicy completions`: what lets a shell complete the command's arguments.

use clap::Args;
use clap::builder::PossibleValuesParser;
use clap_complete::Shell;

use crate::cli::support::output::print;
use mcppolicy_analysis::finding::RuleId;
use mcppolicy_analysis::report::Exit;

/// Where each shell looks for what this command prints.
pub(crate) const EXAMPLES: &str = "\
Examples:
  mcppolicy completions bash > ~/.local/share/bash-completion/completions/mcppolicy
  mcppolicy completions zsh > \"${fpath[1]}/_mcppolicy\"
  mcppolicy completions fish > ~/.config/fish/completions/mcppolicy.fish
  mcppolicy completions elvish >> ~/.config/elvish/rc.elv
  mcppolicy completions powershell >> $PROFILE";

/// Arguments of `completions`.
#[derive(Args, Debug)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

/// Runs `completions` for the whole command line `command`.
pub(crate) fn run(args: &CompletionsArgs, command: &mut clap::Command) -> Exit {
    let name = command.get_name().to_owned();
    // What `explain` takes first is the name of a rule.
    let mut whole = std::mem::take(command).mut_subcommand("explain", |explain| {
        let first = explain.get_positionals().next();
        let Some(first) = first.map(|first| first.get_id().clone()) else {
            return explain;
        };
        let rules = RuleId::lint_rules().map(RuleId::name);
        explain.mut_arg(first, |arg| {
            arg.value_parser(PossibleValuesParser::new(rules))
        })
    });
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut whole, name, &mut script);
    print(&String::from_utf8_lossy(&script))
}
