//! `mcppolicy explain`: prints the page of a lint rule, or the list of rules.

use clap::Args;

use crate::cli::support::output::{complain, print};
use crate::cli::support::suggest;
use mcppolicy_analysis::finding::RuleId;
use mcppolicy_analysis::lint;
use mcppolicy_analysis::report::Exit;

/// Arguments of `explain`.
#[derive(Args, Debug)]
pub(crate) struct ExplainArgs {
    /// The rule; without one, all rules are listed
    rule: Option<String>,
    /// Print the pages of all rules, the text of docs/rules.md
    #[arg(long, conflicts_with = "rule")]
    all: bool,
}

/// Runs `explain`.
pub(crate) fn run(args: &ExplainArgs) -> Exit {
    if args.all {
        return print(&lint::book());
    }
    let Some(name) = &args.rule else {
        return print(&list());
    };
    match RuleId::parse_lint_rule(name) {
        Some(rule) => print(&lint::page(rule)),
        None => {
            complain(&format!(
                "there is no rule {name:?}; {}",
                suggest::rule(name)
            ));
            Exit::CouldNotRun
        }
    }
}

fn list() -> String {
    let names = RuleId::lint_rules().map(RuleId::name);
    let widest = names.map(str::len).max().unwrap_or(0);
    let line = |rule: RuleId| {
        let level = rule.level().name();
        format!("{rule:widest$}  {level:8}  {}\n", rule.summary())
    };
    RuleId::lint_rules().map(line).collect()
}
