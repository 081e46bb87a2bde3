//! `mcppolicy ci`: validate, lint and test everything that the configuration
//! names, and hold it against the base; one summary, one exit code.

use std::path::{Path, PathBuf};

use clap::Args;

use super::output::{OutputArgs, deliver};
use super::policies::Linter;
use super::test::ReplayArgs;
use super::workspace::Workspace;
use super::{FailOn, diff, input, suppressions, test, traces};
use crate::diagnostic::Severity;
use crate::report::{Body, Ci, CiPolicy, Exit, Findings, Report, Tested};

/// Arguments of `ci`.
#[derive(Args, Debug)]
pub(super) struct CiArgs {
    /// Where the configuration is
    #[arg(value_name = "DIR", default_value = ".")]
    dir: PathBuf,
    /// Also hold each policy against this revision [default: `[diff] base` of
    /// the configuration]
    #[arg(long, value_name = "REV", allow_hyphen_values = true)]
    base: Option<String>,
    #[command(flatten)]
    output: OutputArgs,
}

/// Runs `ci`.
pub(super) fn run(args: &CiArgs) -> Exit {
    let mut workspace = Workspace::open(&args.dir);
    let mut linter = Linter::new(&mut workspace, false);
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
    let mut changes = diff::since_base(&mut workspace, args.base.as_deref());
    let mut ci = Ci {
        findings: std::mem::take(&mut workspace.config_findings),
        ..Ci::default()
    };
    ci.findings.extend(suppressions::without_policy(
        &workspace,
        &files,
        &linter.settings,
    ));
    let replay = ReplayArgs {
        wanted: args.output.wanted(),
        ..ReplayArgs::default()
    };
    for file in files {
        let settings = linter.settings_for(&mut workspace, &file, &mut ci.findings);
        let lint = linter.findings_of(&workspace, &file, &settings);
        let mut exit = lint.exit(fail_on);
        let mine = assignments
            .iter()
            .position(|known| known.policy.as_ref().is_some_and(|p| p.path == file.path));
        let tested = match (mine, &file.policy) {
            (Some(at), Some(_)) => {
                let assignment = assignments.swap_remove(at);
                let (tested, outcome) =
                    test::test(&mut workspace, vec![assignment], &replay, false);
                exit = exit.and(outcome);
                Some(tested)
            }
            _ => None,
        };
        let same = |change: &diff::SinceBase| traces::same_file(&change.file, &file.path);
        let change = changes.iter().position(same).map(|at| changes.remove(at));
        exit = change.iter().fold(exit, |exit, change| {
            let drift = change.report.drift_exit(fail_on);
            exit.and(change.exit).and(drift)
        });
        ci.policies.push(CiPolicy {
            policy: file.name,
            exit,
            lint,
            test: tested,
            diff: change.map(|change| change.report),
        });
    }
    // Policies that the base has and the configuration no longer names.
    ci.policies
        .extend(changes.into_iter().map(|change| CiPolicy {
            policy: input::display_name(&change.file),
            exit: change.exit,
            lint: Findings::default(),
            test: None,
            diff: Some(change.report),
        }));
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
