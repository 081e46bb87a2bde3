//! `mcppolicy classify`: the category of each tool of an inventory, and why.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::support::files::{InputFile, Role};
use crate::cli::support::input;
use crate::cli::support::lint_settings;
use crate::cli::support::output::{OutputArgs, deliver};
use crate::cli::support::workspace::Workspace;
use mcppolicy_analysis::inventory::Inventory;
use mcppolicy_analysis::inventory::category::Categories;
use mcppolicy_analysis::report::{Body, Classified, ClassifiedTool, Exit, Report};
use mcppolicy_engine::source::SourceMap;

/// Arguments of `classify`.
#[derive(Args, Debug)]
pub(crate) struct ClassifyArgs {
    /// The server's answer to tools/list, or - for standard input
    #[arg(value_name = "INVENTORY")]
    inventory: PathBuf,
    #[command(flatten)]
    output: OutputArgs,
}

/// Runs `classify`.
pub(crate) fn run(args: &ClassifyArgs) -> Exit {
    let mut sources = SourceMap::new();
    let (workspace, mut problems) = Workspace::open(Path::new("."), &mut sources);
    // The categories of the configuration come before those that tools show.
    let mut categories = Categories::new();
    if let Some(config) = &workspace.config {
        let (configured, findings) = lint_settings::categories(config);
        problems.extend(findings);
        for (tool, category) in configured {
            categories.configure(tool, category);
        }
    }
    let mut classified = Classified::default();
    let name = input::display_name(&args.inventory);
    let read = InputFile::of_person(&args.inventory).read(Role::Inventory);
    if let Some(bytes) = problems.keep_failure(read.map_err(|refusal| refusal.failure(&name))) {
        let (_, inventory, findings) = Inventory::read(&mut sources, &name, &bytes);
        problems.extend(findings);
        if let Some(inventory) = inventory {
            categories.learn(&inventory);
            classified.tools = tools(&inventory, &categories);
        }
    }
    classified.findings = problems.findings;

    let report = Report {
        command: "classify",
        sources: &sources,
        failures: problems.failures,
        assumptions: Vec::new(),
        fail_on: None,
        body: Body::Classified(classified),
    };
    deliver(&report, &args.output)
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
