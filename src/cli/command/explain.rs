//! `mcppolicy explain` and `mcppolicy schema`: what the tool knows, printed.

use clap::{Args, ValueEnum};

use super::output::{complain, print};
use mcppolicy_analysis::lint::{Rule, registry};
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
        print(&mcppolicy_analysis::lint::book());
        return Exit::Clean;
    }
    let Some(name) = &args.rule else {
        print(&list());
        return Exit::Clean;
    };
    match registry::find(name) {
        Some(rule) => {
            print(&mcppolicy_analysis::lint::explain(rule));
            Exit::Clean
        }
        None => {
            let hint = match nearest(name, registry::names()) {
                Some(near) => format!("did you mean {near}?"),
                None => "`mcppolicy explain` lists them".to_owned(),
            };
            complain(&format!("there is no rule {name:?}; {hint}"));
            Exit::CouldNotRun
        }
    }
}

fn list() -> String {
    let widest = registry::names().map(str::len).max().unwrap_or(0);
    let line = |rule: &&Rule| {
        let level = if rule.pedantic {
            "pedantic"
        } else {
            rule.severity.name()
        };
        format!("{:widest$}  {level:8}  {}\n", rule.name, rule.summary)
    };
    registry::RULES.iter().map(line).collect()
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
