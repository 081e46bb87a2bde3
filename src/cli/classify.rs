//! `mcppolicy classify`: each tool of an inventory, what kind it is, and why.

use std::path::{Path, PathBuf};

use clap::Args;

use super::input;
use super::output::{OutputArgs, deliver};
use super::workspace::Workspace;
use mcppolicy_analysis::finding::{Finding, RuleId, Severity};
use mcppolicy_analysis::inventory::Inventory;
use mcppolicy_analysis::inventory::category::{Categories, Category};
use mcppolicy_analysis::report::{Body, Classified, ClassifiedTool, Exit, Report};

/// Arguments of `classify`.
#[derive(Args, Debug)]
pub(super) struct ClassifyArgs {
    /// The server's answer to tools/list, or - for standard input
    #[arg(value_name = "INVENTORY")]
    inventory: PathBuf,
    #[command(flatten)]
    output: OutputArgs,
}

/// Runs `classify`.
pub(super) fn run(args: &ClassifyArgs) -> Exit {
    let mut workspace = Workspace::open(Path::new("."));
    let mut categories = Categories::new();
    let mut classified = Classified {
        findings: configure(&mut categories, &mut workspace),
        ..Classified::default()
    };
    match input::read(&args.inventory) {
        Ok(bytes) => {
            let name = input::display_name(&args.inventory);
            let (_, inventory, mut problems) =
                Inventory::read(&mut workspace.sources, &name, &bytes);
            classified.findings.append(&mut problems);
            if let Some(inventory) = inventory {
                categories.learn(&inventory);
                classified.tools = tools(&inventory, &categories);
            }
        }
        Err(failure) => workspace.failures.push(failure),
    }
    let mut exit = classified.exit();
    if !workspace.failures.is_empty() {
        exit = exit.and(Exit::CouldNotRun);
    }
    let report = Report {
        command: "classify",
        sources: &workspace.sources,
        failures: workspace.failures,
        assumptions: Vec::new(),
        body: Body::Classified(classified),
    };
    deliver(&report, &args.output, exit)
}

/// Puts the categories of the configuration first, and says what is wrong with
/// it.
fn configure(categories: &mut Categories, workspace: &mut Workspace) -> Vec<Finding> {
    let mut findings = std::mem::take(&mut workspace.config_findings);
    let Some(config) = &workspace.config else {
        return findings;
    };
    for (tool, category) in &config.categories {
        match Category::named(&category.text) {
            Some(category) => categories.configure(&tool.text, category),
            None => findings.push(
                Finding::new(
                    RuleId::Config,
                    Severity::Error,
                    category.location,
                    "",
                    format!("{:?} is not a category", category.text),
                )
                .help(format!(
                    "the categories are {}",
                    Category::ALL
                        .map(|category| category.name().to_lowercase())
                        .join(", ")
                )),
            ),
        }
    }
    findings
}

fn tools(inventory: &Inventory, categories: &Categories) -> Vec<ClassifiedTool> {
    inventory
        .tools
        .iter()
        .map(|tool| {
            let class = categories.of(&tool.name);
            ClassifiedTool {
                name: tool.name.clone(),
                category: class.category,
                because: class.because,
                conflict: categories
                    .conflict(&tool.name)
                    .map(|conflict| conflict.annotation),
            }
        })
        .collect()
}
