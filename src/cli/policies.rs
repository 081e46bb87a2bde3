//! `mcppolicy validate` and `mcppolicy lint`.

use std::path::{Path, PathBuf};

use clap::Args;

use super::guarded::Inventories;
use super::output::{OutputArgs, deliver};
use super::workspace::{PolicyFile, Workspace};
use super::{FailOn, lint_settings};
use crate::diagnostic::Severity;
use crate::engine::Engine;
use crate::lint;
use crate::report::{Body, Exit, Findings, Report};

/// Arguments of `validate`.
#[derive(Args, Debug)]
pub(super) struct ValidateArgs {
    /// Policies, directories of them, or - for standard input
    #[arg(value_name = "POLICY")]
    policies: Vec<PathBuf>,
    #[command(flatten)]
    output: OutputArgs,
}

/// Arguments of `lint`.
#[derive(Args, Debug)]
pub(super) struct LintArgs {
    /// Policies, directories of them, or - for standard input
    #[arg(value_name = "POLICY")]
    policies: Vec<PathBuf>,
    /// The least severity that fails the run [default: warning]
    #[arg(long, value_name = "LEVEL")]
    fail_on: Option<FailOn>,
    /// The server's answer to tools/list, instead of what mcppolicy.toml names
    #[arg(long, value_name = "FILE")]
    inventory: Option<PathBuf>,
    /// Add the rules that are too strict for every commit
    #[arg(long)]
    pedantic: bool,
    #[command(flatten)]
    output: OutputArgs,
}

/// Runs `validate`.
pub(super) fn validate(args: &ValidateArgs) -> Exit {
    let mut workspace = Workspace::open(Path::new("."));
    let findings = check(&mut workspace, &args.policies, None, None);
    finish(
        "validate",
        workspace,
        findings,
        Some(Severity::Error),
        &args.output,
    )
}

/// Runs `lint`.
pub(super) fn lint(args: &LintArgs) -> Exit {
    let mut workspace = Workspace::open(Path::new("."));
    let settings = lint_settings(&mut workspace, args.pedantic);
    let configured = workspace.config.as_ref().and_then(|config| config.fail_on);
    let fail_on = args.fail_on.or(configured).unwrap_or(FailOn::Warning);
    let inventory = args.inventory.as_deref();
    let findings = check(&mut workspace, &args.policies, inventory, Some(&settings));
    finish(
        "lint",
        workspace,
        findings,
        fail_on.severity(),
        &args.output,
    )
}

/// Validates policies, and lints the valid ones when there are settings, against
/// the inventory where one is given or configured.
fn check(
    workspace: &mut Workspace,
    paths: &[PathBuf],
    inventory: Option<&Path>,
    settings: Option<&lint::Settings>,
) -> Findings {
    let files = workspace.policies(paths);
    let mut findings = Findings {
        policies: files.len(),
        ..Findings::default()
    };
    findings.list.append(&mut workspace.config_findings);
    let mut inventories = Inventories::default();
    for file in &files {
        let known = settings.map(|settings| {
            let list = &mut findings.list;
            inventories.settings_for(workspace, file, inventory, settings, list)
        });
        findings.list.extend(findings_of(file, known.as_ref()).list);
    }
    findings
}

/// What is to be said of one policy.
pub(super) fn findings_of(file: &PolicyFile, settings: Option<&lint::Settings>) -> Findings {
    let mut list = file.problems.clone();
    if let (Some(policy), Some(settings)) = (&file.policy, settings) {
        list.extend(lint::lint(policy, &Engine::new(policy), settings));
    }
    Findings {
        policies: 1,
        list,
        suppressed: 0,
    }
}

fn finish(
    command: &'static str,
    workspace: Workspace,
    findings: Findings,
    fail_on: Option<Severity>,
    output: &OutputArgs,
) -> Exit {
    let mut exit = findings.exit(fail_on);
    if !workspace.failures.is_empty() {
        exit = exit.and(Exit::CouldNotRun);
    }
    let report = Report {
        command,
        sources: &workspace.sources,
        failures: workspace.failures,
        assumptions: Vec::new(),
        body: Body::Findings(findings),
    };
    deliver(&report, output, exit)
}
