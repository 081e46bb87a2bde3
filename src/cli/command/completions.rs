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
    let mut script = String::from_utf8_lossy(&script).into_owned();
    if args.shell == Shell::Fish {
        // The script for fish has no values of arguments without a name.
        let rules: Vec<&str> = RuleId::lint_rules().map(RuleId::name).collect();
        script.push_str(&format!(
            "complete -c mcppolicy -n \"__fish_mcppolicy_using_subcommand explain\" -f -a \"{}\"\n",
            rules.join(" ")
        ));
    }
    print(&script)
}
