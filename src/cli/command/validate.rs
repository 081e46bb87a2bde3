//! `mcppolicy validate`: policies against the format.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::support::output::{OutputArgs, complain, deliver};
use crate::cli::support::workspace::Workspace;
use mcppolicy_analysis::finding::Severity;
use mcppolicy_analysis::report::{Body, Exit, Findings, Report};
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
    list.extend(files.iter().flat_map(|file| file.problems.clone()));

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
