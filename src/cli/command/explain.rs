//! `mcppolicy explain`: prints the page of a lint rule, the list of rules, or what a
//! policy lets through, in words.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::support::configured::beside;
use crate::cli::support::inventories::Inventories;
use crate::cli::support::lint_settings;
use crate::cli::support::output::{OutputArgs, complain, deliver, print};
use crate::cli::support::suggest;
use crate::cli::support::workspace::Workspace;
use crate::render::passes;
use mcppolicy_analysis::finding::RuleId;
use mcppolicy_analysis::lint;
use mcppolicy_analysis::report::{Body, Exit, Findings, Report};
use mcppolicy_analysis::words;
use mcppolicy_engine::source::SourceMap;

/// Arguments of `explain`.
#[derive(Args, Debug)]
pub(crate) struct ExplainArgs {
    /// The rule; without one, all rules are listed. With --policy, the tool
    #[arg(value_name = "RULE|TOOL")]
    about: Option<String>,
    /// Print the pages of all rules, the text of docs/rules.md
    #[arg(long, conflicts_with_all = ["about", "policy"])]
    all: bool,
    /// Say in words what this policy lets through, of TOOL or of every tool
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// The server's answer to tools/list, which tells how risky its tools are
    /// [default: the configuration's]
    #[arg(long, value_name = "FILE", requires = "policy")]
    inventory: Option<PathBuf>,
}

/// Runs `explain`.
pub(crate) fn run(args: &ExplainArgs) -> Exit {
    if args.all {
        return print(&lint::book());
    }
    if let Some(policy) = &args.policy {
        return explain_policy(args, policy);
    }
    let Some(name) = &args.about else {
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

/// Says what a policy lets through, or what is wrong with it.
fn explain_policy(args: &ExplainArgs, policy: &Path) -> Exit {
    let mut sources = SourceMap::new();
    let (workspace, mut problems) = Workspace::open(&beside(policy), &mut sources);
    let (settings, unknown) = lint_settings::configured(workspace.config.as_ref());
    problems.extend(unknown);
    let files = problems.keep(workspace.policies(&[policy.to_path_buf()], &mut sources));
    let invalid = files.iter().flat_map(|file| file.problems.clone());
    problems.findings.extend(invalid);
    let mut text = String::new();
    let mut inventories = Inventories::default();
    for file in &files {
        let given = args.inventory.as_deref();
        let settings = inventories.settings_for(&workspace, file, given, &settings, &mut sources);
        let (settings, inventory) = problems.keep(settings);
        let Some(policy) = &file.policy else { continue };
        let mut categories = settings.categories;
        if let Some(inventory) = &inventory {
            categories.learn(inventory);
        }
        let told = match &args.about {
            Some(tool) => passes::explained_tool(&words::tool(policy, tool)),
            None => passes::explained(&file.name, &words::policy(policy, &categories)),
        };
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&told);
    }
    if problems.failures.is_empty() && problems.findings.is_empty() && !text.is_empty() {
        return print(&text);
    }
    let report = Report {
        command: "explain",
        sources: &sources,
        failures: problems.failures,
        assumptions: Vec::new(),
        fail_on: None,
        body: Body::Findings(Findings {
            policies: files.len(),
            list: problems.findings,
            ..Findings::default()
        }),
    };
    deliver(&report, &OutputArgs::default())
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
