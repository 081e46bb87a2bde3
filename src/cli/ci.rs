//! `mcppolicy ci`: validate, lint and test everything that the configuration
//! names, and hold it against the base; one summary, one exit code.

mod held;
pub(super) mod settings;

use std::path::{Path, PathBuf};

use clap::Args;

use super::base::Base;
use super::config::Config;
use super::diff::SinceBase;
use super::output::{OutputArgs, deliver};
use super::policies::Linter;
use super::test::ReplayArgs;
use super::traces::Assignment;
use super::workspace::{DEFAULT_POLICY, PolicyFile, Workspace};
use super::{FailOn, diff, input, suppressions, test, traces};
use mcppolicy_analysis::diff::Gate;
use mcppolicy_analysis::finding::{Finding, Severity};
use mcppolicy_analysis::report::{Body, Ci, CiPolicy, Exit, Failure, Findings, Report, Tested};

/// Arguments of `ci`.
#[derive(Args, Debug)]
pub(super) struct CiArgs {
    /// Where the configuration is
    #[arg(value_name = "DIR", default_value = ".")]
    dir: PathBuf,
    /// Hold the change against this revision: policies against where the
    /// histories part, settings and approvals as they are in force there
    /// [default: `[diff] base` of the configuration]
    #[arg(long, value_name = "REV", allow_hyphen_values = true)]
    base: Option<String>,
    /// Which changes exit with 1, whatever is configured: loosened, changed,
    /// never
    #[arg(long, value_name = "GATE", value_parser = diff::parse_gate)]
    gate: Option<Gate>,
    /// The least severity that fails the run, whatever is configured
    #[arg(long, value_name = "LEVEL")]
    fail_on: Option<FailOn>,
    #[command(flatten)]
    output: OutputArgs,
}

/// Runs `ci`.
pub(super) fn run(args: &CiArgs) -> Exit {
    let mut workspace = Workspace::open(&args.dir);
    if !args.dir.is_dir() {
        workspace.failures.push(Failure {
            input: input::display_name(&args.dir),
            message: "no such directory".to_owned(),
        });
    }
    let mut linter = Linter::new(&mut workspace, false);
    let mut fail_on = workspace.config.as_ref().and_then(Config::fail_on);
    let mut ci = Ci::default();
    let mut changes = Vec::new();
    let base = args
        .base
        .clone()
        .or_else(|| diff::configured_base(&workspace));
    if let Some(base) = base {
        match since(&mut workspace, &mut linter, &base, args.gate) {
            Ok(since) => {
                fail_on = since.fail_on;
                ci.findings = since.findings;
                changes = since.changes;
            }
            Err(failure) => workspace.failures.push(failure),
        }
    }
    let fail_on = args.fail_on.or(fail_on).unwrap_or(FailOn::Warning);
    let fail_on = fail_on.severity();
    let (mut files, assignments) = inputs(&mut workspace, &args.dir);
    let hidden = out_of_sight(&mut workspace, &files, &changes);
    for file in hidden {
        ci.findings.push(settings::unlisted(&mut workspace, &file));
        files.push(file);
    }
    ci.findings.append(&mut workspace.config_findings);
    ci.findings.extend(suppressions::without_policy(
        &workspace,
        &files,
        &linter.settings,
    ));
    policies(
        Checking {
            workspace: &mut workspace,
            linter: &mut linter,
            fail_on,
            assignments,
            changes,
            replay: ReplayArgs {
                wanted: args.output.wanted(),
                ..ReplayArgs::default()
            },
        },
        files,
        &mut ci,
    );
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

/// What came of holding the change against its base.
struct Since {
    fail_on: Option<FailOn>,
    findings: Vec<Finding>,
    changes: Vec<SinceBase>,
}

fn since(
    workspace: &mut Workspace,
    linter: &mut Linter,
    base: &str,
    gate: Option<Gate>,
) -> Result<Since, Failure> {
    let base = Base::open(workspace.start(), base)?;
    let held = held::hold(workspace, &base, &linter.settings)?;
    linter.settings = held.lint.unwrap_or_else(|| linter.settings.clone());
    let gate = gate.unwrap_or(held.gate);
    let changes = diff::since_base(
        workspace,
        &base,
        gate,
        &linter.settings,
        held.listed,
        held.approvals,
    );
    Ok(Since {
        fail_on: held.fail_on,
        findings: held.findings,
        changes,
    })
}

/// The policies and their traces.
fn inputs(workspace: &mut Workspace, dir: &Path) -> (Vec<PolicyFile>, Vec<Assignment>) {
    if workspace.config.is_some() {
        let files = workspace.policies(&[]);
        return (files, traces::assign(workspace, &[], None));
    }
    let file = dir.join(DEFAULT_POLICY);
    if file.symlink_metadata().is_err() {
        return (Vec::new(), Vec::new());
    }
    let files = workspace.policies(std::slice::from_ref(&file));
    (files, beside(workspace, dir))
}

/// Policies that the base lists and that are there, though nothing finds them
/// any more, as where a change has git ignore them.
fn out_of_sight(
    workspace: &mut Workspace,
    files: &[PolicyFile],
    changes: &[SinceBase],
) -> Vec<PolicyFile> {
    let seen = |change: &&SinceBase| {
        let same = |file: &PolicyFile| traces::same_file(&file.path, &change.file);
        files.iter().any(same)
    };
    let there = changes.iter().filter(|change| change.file.is_file());
    let hidden: Vec<PathBuf> = there
        .filter(|change| !seen(change))
        .map(|change| change.file.clone())
        .collect();
    let load = |path: &PathBuf| workspace.load(path, None);
    hidden.iter().filter_map(load).collect()
}

/// What policies are checked with.
struct Checking<'a> {
    workspace: &'a mut Workspace,
    linter: &'a mut Linter,
    fail_on: Option<Severity>,
    assignments: Vec<Assignment>,
    changes: Vec<SinceBase>,
    replay: ReplayArgs,
}

/// Checks each policy, then names those that the base has and that are gone.
fn policies(mut with: Checking<'_>, files: Vec<PolicyFile>, ci: &mut Ci) {
    let workspace = with.workspace;
    for file in files {
        let inputs = with.linter.for_policy(workspace, &file, &mut ci.findings);
        let lint = with.linter.findings_of(workspace, &file, &inputs);
        let mut exit = lint.exit(with.fail_on);
        let is_mine =
            |known: &Assignment| known.policy.as_ref().is_some_and(|p| p.path == file.path);
        let mine = with.assignments.iter().position(is_mine);
        let tested = match (mine, &file.policy) {
            (Some(at), Some(_)) => {
                let assignment = with.assignments.swap_remove(at);
                let (tested, outcome) =
                    test::test(workspace, vec![assignment], &with.replay, false);
                exit = exit.and(outcome);
                Some(tested)
            }
            _ => None,
        };
        let same = |change: &SinceBase| traces::same_file(&change.file, &file.path);
        let change = with.changes.iter().position(same);
        let change = change.map(|at| with.changes.remove(at));
        exit = change.iter().fold(exit, |exit, change| {
            let drift = change.report.drift_exit(with.fail_on);
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
    let gone = with.changes.into_iter();
    ci.policies.extend(gone.map(|change| CiPolicy {
        policy: input::display_name(&change.file),
        exit: change.exit,
        lint: Findings::default(),
        test: None,
        diff: Some(change.report),
    }));
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
