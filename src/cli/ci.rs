//! `mcppolicy ci`: validate, lint and test everything that the configuration
//! names; one summary, one exit code.

use std::path::{Path, PathBuf};

use clap::Args;

use super::output::{OutputArgs, deliver};
use super::policies::{self, Linter};
use super::test::ReplayArgs;
use super::workspace::Workspace;
use super::{FailOn, suppressions, test, traces};
use crate::diagnostic::Severity;
use crate::report::{Body, Ci, CiPolicy, Exit, Findings, Report, Tested};

/// Arguments of `ci`.
#[derive(Args, Debug)]
pub(super) struct CiArgs {
    /// Where the configuration is
    #[arg(value_name = "DIR", default_value = ".")]
    dir: PathBuf,
    #[command(flatten)]
    output: OutputArgs,
}

/// Runs `ci`.
pub(super) fn run(args: &CiArgs) -> Exit {
    let mut workspace = Workspace::open(&args.dir);
    let linter = Linter::new(&mut workspace, false);
    let configured = workspace.config.as_ref().and_then(|config| config.fail_on);
    let fail_on = configured.unwrap_or(FailOn::Warning).severity();
    let files = match &workspace.config {
        Some(_) => workspace.policies(&[]),
        None => workspace.policies(&[args.dir.join("policy.json")]),
    };
    let mut assignments = match &workspace.config {
        Some(_) => traces::assign(&mut workspace, &[], None),
        None => beside(&mut workspace, &args.dir),
    };
    let mut ci = Ci {
        findings: std::mem::take(&mut workspace.config_findings),
        ..Ci::default()
    };
    ci.findings
        .extend(suppressions::without_policy(&workspace, &files));
    for file in files {
        let lint = policies::findings_of(&mut workspace, &file, Some(&linter));
        // Those of the inventory, before the replay takes them for its own.
        ci.findings.append(&mut workspace.config_findings);
        let mut exit = lint.exit(fail_on);
        let mine = assignments
            .iter()
            .position(|known| known.policy.as_ref().is_some_and(|p| p.path == file.path));
        let tested = match (mine, &file.policy) {
            (Some(at), Some(_)) => {
                let assignment = assignments.swap_remove(at);
                let (tested, outcome) = test::test(
                    &mut workspace,
                    vec![assignment],
                    &ReplayArgs::default(),
                    false,
                );
                exit = exit.and(outcome);
                Some(tested)
            }
            _ => None,
        };
        ci.policies.push(CiPolicy {
            policy: file.name,
            exit,
            lint,
            test: tested,
        });
    }
    let exit = overall(&workspace, &ci, fail_on);
    let tested = ci.policies.iter().filter_map(|policy| policy.test.as_ref());
    let mut assumptions: Vec<String> = tested.flat_map(Tested::assumptions).collect();
    assumptions.sort();
    assumptions.dedup();
    let report = Report {
        command: "ci",
        sources: &workspace.sources,
        failures: std::mem::take(&mut workspace.failures),
        assumptions,
        body: Body::Ci(ci),
    };
    deliver(&report, &args.output, exit)
}

/// The traces beside a policy that no configuration names.
fn beside(workspace: &mut Workspace, dir: &Path) -> Vec<traces::Assignment> {
    let traces = dir.join("traces");
    if !traces.is_dir() {
        return Vec::new();
    }
    traces::assign(workspace, &[traces], Some(&dir.join("policy.json")))
}

fn overall(workspace: &Workspace, ci: &Ci, fail_on: Option<Severity>) -> Exit {
    let policies = Findings {
        policies: ci.policies.len(),
        list: ci.findings.clone(),
        ..Findings::default()
    };
    let mut exit = ci
        .policies
        .iter()
        .fold(policies.exit(fail_on), |exit, policy| exit.and(policy.exit));
    if !workspace.failures.is_empty() {
        exit = exit.and(Exit::CouldNotRun);
    }
    exit
}
