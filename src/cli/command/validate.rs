//! `mcppolicy validate`: policies against the format.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::support::output::{OutputArgs, complain, deliver};
use crate::cli::support::workspace::{PolicyFile, Workspace};
use crate::schema::{self, Structure};
use mcppolicy_analysis::finding::{Finding, Severity};
use mcppolicy_analysis::report::{Body, Exit, Findings, Report};
use mcppolicy_engine::document::Document;
use mcppolicy_engine::document::parse::parse_text;
use mcppolicy_engine::source::SourceMap;

/// Arguments of `validate`.
#[derive(Args, Debug)]
pub(crate) struct ValidateArgs {
    /// Policies, directories of them, or - for standard input
    #[arg(value_name = "POLICY")]
    policies: Vec<PathBuf>,
    #[command(flatten)]
    output: OutputArgs,
}

/// Runs `validate`.
pub(crate) fn run(args: &ValidateArgs) -> Exit {
    let mut sources = SourceMap::new();
    let (workspace, mut problems) = Workspace::open(Path::new("."), &mut sources);
    let files = problems.keep(workspace.policies(&args.policies, &mut sources));

    let mut list = problems.findings;
    list.sort_by_key(|finding| finding.location);
    for file in &files {
        list.extend(file.problems.iter().cloned());
        list.extend(schema_disagreement(&sources, file));
    }

    let report = Report {
        command: "validate",
        sources: &sources,
        failures: problems.failures,
        assumptions: Vec::new(),
        fail_on: Some(Severity::Error),
        body: Body::Findings(Findings {
            policies: files.len(),
            list,
            ..Findings::default()
        }),
    };
    if report.exit() == Exit::NothingToDo {
        complain("no policy found: name one, or list it in mcppolicy.toml");
    }
    deliver(&report, &args.output)
}

/// A finding where the validator and the JSON Schema disagree about a policy:
/// a mistake of ours, which no run should hide.
fn schema_disagreement(sources: &SourceMap, file: &PolicyFile) -> Option<Finding> {
    let problem = file.problems.first().map(|problem| problem.location.file);
    let id = file.policy.as_ref().map(|policy| policy.file).or(problem)?;
    let text = sources.get(id).text();
    let (root, _) = parse_text(text).ok()?;
    let document = Document { file: id, root };
    let structure = match &file.policy {
        Some(_) => Structure::Accepted,
        None => Structure::of(&document, text),
    };
    schema::disagreement(&document, structure)
}
