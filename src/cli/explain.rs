//! `mcppolicy explain` and `mcppolicy schema`: what the tool knows, printed.

use clap::{Args, ValueEnum};

use super::output::{complain, print};
use mcppolicy_analysis::finding::RuleId;
use mcppolicy_analysis::lint;
use mcppolicy_analysis::report::Exit;
use mcppolicy_engine::nearest::nearest;
use mcppolicy_engine::schema;

/// Arguments of `explain`.
#[derive(Args, Debug)]
pub(super) struct ExplainArgs {
    /// The rule; without one, all rules are listed
    rule: Option<String>,
    /// Print the pages of all rules, the text of docs/rules.md
    #[arg(long, conflicts_with = "rule")]
    all: bool,
}

/// Arguments of `schema`.
#[derive(Args, Debug)]
pub(super) struct SchemaArgs {
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
}

/// Runs `explain`.
pub(super) fn explain(args: &ExplainArgs) -> Exit {
    if args.all {
        print(&lint::book());
        return Exit::Clean;
    }
    let Some(name) = &args.rule else {
        print(&list());
        return Exit::Clean;
    };
    match RuleId::parse_lint_rule(name) {
        Some(rule) => {
            print(&lint::page(rule));
            Exit::Clean
        }
        None => {
            let hint = match nearest(name, RuleId::lint_rules().map(RuleId::name)) {
                Some(near) => format!("did you mean {near}?"),
                None => "`mcppolicy explain` lists them".to_owned(),
            };
            complain(&format!("there is no rule {name:?}; {hint}"));
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

/// Runs `schema`.
pub(super) fn schema(args: &SchemaArgs) -> Exit {
    print(match args.which {
        Which::Policy => schema::POLICY_SCHEMA,
        Which::Config => super::config::CONFIG_SCHEMA,
        Which::Report => crate::render::json::REPORT_SCHEMA,
    });
    Exit::Clean
}
