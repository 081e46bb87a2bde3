//! `mcppolicy merge`: the reports of a test's shares as one.

use std::path::{Path, PathBuf};

use clap::Args;

use super::input;
use super::output::{OutputArgs, complain, deliver};
use crate::merge::{Input, Merged, merge};
use crate::render::Format;
use mcppolicy_analysis::report::{Body, Exit, Failure, Report};

/// Arguments of `merge`.
#[derive(Args, Debug)]
pub(super) struct MergeArgs {
    /// The JSON reports of all shares in any order, directories of them, or - for one on standard input
    #[arg(value_name = "REPORT", required = true)]
    reports: Vec<PathBuf>,
    #[command(flatten)]
    output: OutputArgs,
}

/// Runs `merge`.
pub(super) fn run(args: &MergeArgs) -> Exit {
    let (inputs, exit) = inputs(&args.reports);
    if exit != Exit::Clean {
        return exit;
    }
    match merge(&inputs) {
        Ok(merged) => report(merged, &args.output),
        Err(refusals) => refusals.into_iter().fold(Exit::Clean, |exit, refusal| {
            let name = refusal.report.map(|name| format!("{name}: "));
            let message = refusal.message;
            complain(&format!("{}{message}", name.unwrap_or_default()));
            exit.and(match refusal.invalid {
                true => Exit::Invalid,
                false => Exit::CouldNotRun,
            })
        }),
    }
}

/// Reads all reports, and says what cannot be read.
fn inputs(paths: &[PathBuf]) -> (Vec<Input>, Exit) {
    let mut inputs = Vec::new();
    let mut exit = Exit::Clean;
    let mut fail = |failure: Failure| {
        complain(&format!("{}: {}", failure.input, failure.message));
        exit = Exit::CouldNotRun;
    };
    for path in paths {
        let files = match path.is_dir() {
            true => input::walk(path, is_report),
            false => Ok(vec![path.clone()]),
        };
        for file in files.unwrap_or_else(|failure| {
            fail(failure);
            Vec::new()
        }) {
            match input::read(&file) {
                Ok(bytes) => inputs.push(Input {
                    name: input::display_name(&file),
                    bytes,
                }),
                Err(failure) => fail(failure),
            }
        }
    }
    (inputs, exit)
}

fn is_report(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension == "json")
}

/// Writes the whole run's report, as far as the shares hold it.
fn report(merged: Merged, output: &OutputArgs) -> Exit {
    let wanted = output.wanted();
    let lacking = [
        (
            wanted.passed && !merged.has_passed,
            Format::Junit,
            "--merge-as junit",
        ),
        (
            wanted.usage && !merged.has_usage,
            Format::Html,
            "--merge-as html",
        ),
    ];
    let mut exit = Exit::Clean;
    for (lacks, format, option) in lacking {
        if lacks {
            let format = format.name();
            complain(&format!(
                "the shares do not hold all that {format} needs; run them with {option}"
            ));
            exit = Exit::CouldNotRun;
        }
    }
    if output.show_arguments && !merged.shows_arguments {
        complain("the shares do not hold all arguments; run them with --show-arguments");
        exit = Exit::CouldNotRun;
    }
    if exit != Exit::Clean {
        return exit;
    }
    let exit = merged.tested.exit(merged.assigned, &merged.failures);
    let report = Report {
        command: "test",
        sources: &merged.sources,
        failures: merged.failures,
        assumptions: merged.tested.assumptions(),
        body: Body::Tested(merged.tested),
    };
    // What the shares show has been withheld where it has to be.
    let shown = OutputArgs {
        show_arguments: true,
        ..output.clone()
    };
    deliver(&report, &shown, exit)
}
