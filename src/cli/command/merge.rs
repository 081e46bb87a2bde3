//! `mcppolicy merge`: joins the reports of a test's shares.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::support::files::{Role, input_files};
use crate::cli::support::output::{OutputArgs, complain, complain_of, deliver};
use crate::cli::support::problems::Problems;
use crate::merge::{Input, Merged, Refusal, merge};
use crate::render::Format;
use mcppolicy_analysis::report::{Body, Exit, Failure, Report};

/// Arguments of `merge`.
#[derive(Args, Debug)]
pub(crate) struct MergeArgs {
    /// The JSON reports of all shares in any order, directories of them, or - for one on standard input
    #[arg(value_name = "REPORT", required = true)]
    reports: Vec<PathBuf>,
    #[command(flatten)]
    output: OutputArgs,
}

/// Runs `merge`.
pub(crate) fn run(args: &MergeArgs) -> Exit {
    let inputs = match inputs(&args.reports) {
        Ok(inputs) => inputs,
        Err(failures) => {
            failures.iter().for_each(complain_of);
            return Exit::CouldNotRun;
        }
    };
    let merged = match merge(&inputs) {
        Ok(merged) => merged,
        Err(refusals) => return refuse(&refusals),
    };
    let lacking = lacking(&merged, &args.output);
    if !lacking.is_empty() {
        lacking.iter().for_each(|message| complain(message));
        return Exit::CouldNotRun;
    }

    let report = Report {
        command: "test",
        sources: &merged.sources,
        failures: merged.failures,
        assumptions: merged.tested.assumptions(),
        fail_on: None,
        body: Body::Tested(merged.tested),
    };
    // The shares have withheld what must not be shown.
    let output = OutputArgs {
        show_arguments: true,
        ..args.output.clone()
    };
    deliver(&report, &output)
}

/// Reads all reports.
///
/// # Errors
/// All that cannot be read.
fn inputs(paths: &[PathBuf]) -> Result<Vec<Input>, Vec<Failure>> {
    let mut inputs = Vec::new();
    let mut problems = Problems::default();
    for path in paths {
        for file in problems.keep(input_files(path, is_report)) {
            let name = file.name();
            let read = file.read(Role::Report);
            let read = read.map_err(|refusal| refusal.failure(&name));
            if let Some(bytes) = problems.keep_failure(read) {
                inputs.push(Input { name, bytes });
            }
        }
    }
    if problems.failures.is_empty() {
        Ok(inputs)
    } else {
        Err(problems.failures)
    }
}

fn is_report(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension == "json")
}

/// Says why reports cannot be merged.
fn refuse(refusals: &[Refusal]) -> Exit {
    let mut exit = Exit::Clean;
    for refusal in refusals {
        let message = &refusal.message;
        match &refusal.report {
            Some(name) => complain(&format!("{name}: {message}")),
            None => complain(message),
        }
        exit = exit.worst(if refusal.invalid {
            Exit::Invalid
        } else {
            Exit::CouldNotRun
        });
    }
    exit
}

/// What the shares do not hold of what the formats need.
fn lacking(merged: &Merged, output: &OutputArgs) -> Vec<String> {
    let needed = output.requirements();
    let mut lacking = Vec::new();
    if needed.passed && !merged.has_passed {
        lacking.push(rerun_as(Format::Junit));
    }
    if needed.usage && !merged.has_usage {
        lacking.push(rerun_as(Format::Html));
    }
    if output.show_arguments && !merged.shows_arguments {
        let message = "the shares do not hold all arguments; run them with --show-arguments";
        lacking.push(message.to_owned());
    }
    lacking
}

fn rerun_as(format: Format) -> String {
    let format = format.name();
    format!("the shares do not hold all that {format} needs; run them with --merge-as {format}")
}
