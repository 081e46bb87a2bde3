//! `mcppolicy ci`: validates, lints and tests everything that the configuration
//! names, and compares it with the base; one summary, one exit code.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::support::approvals::Store;
use crate::cli::support::approver::ApproveArgs;
use crate::cli::support::base::Base;
use crate::cli::support::change::{Change, Judging, since_base};
use crate::cli::support::configuration::Config;
use crate::cli::support::enforced_settings::{self, EnforcedSettings};
use crate::cli::support::fail_on::FailOn;
use crate::cli::support::gate::parse_gate;
use crate::cli::support::input::{self, same_file};
use crate::cli::support::linter::Linter;
use crate::cli::support::output::{OutputArgs, deliver};
use crate::cli::support::problems::Problems;
use crate::cli::support::replay::{ReplayArgs, options_for, test_run};
use crate::cli::support::review::Review;
use crate::cli::support::workspace::{DEFAULT_POLICY, PolicyFile, Workspace};
use crate::cli::support::{lint_settings, settings_changes, suppressions, traces};
use mcppolicy_analysis::diff::Gate;
use mcppolicy_analysis::finding::Finding;
use mcppolicy_analysis::lint;
use mcppolicy_analysis::report::{Body, Ci, CiPolicy, DiffReport, Exit, Failure, Report, Tested};
use mcppolicy_engine::source::SourceMap;

/// Arguments of `ci`.
#[derive(Args, Debug)]
pub(crate) struct CiArgs {
    /// Where the configuration is
    #[arg(value_name = "DIR", default_value = ".")]
    dir: PathBuf,
    /// Compare with this revision: policies with the merge base, under the
    /// settings and approvals that are in force at the revision itself
    /// [default: `[diff] base` of the configuration]
    #[arg(long, value_name = "REV", allow_hyphen_values = true)]
    base: Option<String>,
    /// Which changes exit with 1, whatever is configured: loosened, changed,
    /// never
    #[arg(long, value_name = "GATE", value_parser = parse_gate)]
    gate: Option<Gate>,
    /// The least severity that fails the run, whatever is configured
    #[arg(long, value_name = "LEVEL")]
    fail_on: Option<FailOn>,
    #[command(flatten)]
    approving: ApproveArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Runs `ci`.
pub(crate) fn run(args: &CiArgs) -> Exit {
    let mut sources = SourceMap::new();
    let (mut workspace, mut problems) = Workspace::open(&args.dir, &mut sources);
    if !args.dir.is_dir() {
        problems.failures.push(Failure {
            input: input::display_name(&args.dir),
            message: "no such directory".to_owned(),
        });
    }
    let (mut lint, unknown) = lint_settings::configured(workspace.config.as_ref());
    problems.extend(unknown);
    let mut fail_on = workspace.config.as_ref().and_then(Config::fail_on);
    let base = args.base.clone();
    let base = base.or_else(|| workspace.config.as_ref()?.base());

    // The settings of the base replace those of the change.
    let mut ci = Ci::default();
    let mut changes = Vec::new();
    let mut review = None;
    problems
        .failures
        .extend(without_base(args, base.as_deref()));
    let read = base.map(|name| base_settings(&workspace, &name, &mut sources));
    if let Some((base, settings)) = read.and_then(|read| problems.keep_failure(read)) {
        workspace.config = settings.config;
        fail_on = settings.fail_on;
        lint = settings.lint.unwrap_or(lint);
        ci.findings = settings.findings;
        let approvals = Store::open(&workspace, &mut sources);
        let mut approvals = problems.keep(approvals);
        let enforced = approvals.enforce(&base, &mut sources);
        if let Some(findings) = problems.keep_failure(enforced) {
            ci.findings.extend(findings);
            let fails = args
                .fail_on
                .or(fail_on)
                .unwrap_or(FailOn::DEFAULT)
                .severity();
            approvals.approve_with(args.approving.approver(), fails);
            let before = settings.before;
            let judging = Judging {
                gate: args.gate.unwrap_or(settings.gate),
                lint: &lint,
                listed: settings.listed,
                before: before.clone(),
                approvals,
            };
            let compared = since_base(&workspace, &base, judging, &mut sources);
            let (compared, approvals) = problems.keep(compared);
            changes = compared;
            let held = settings.held;
            review = Some(Review::new(
                &workspace, base, before, held, &lint, approvals,
            ));
        }
    }

    let mut files = problems.keep(policies(&workspace, &args.dir, &mut sources));
    for path in out_of_sight(&files, &changes) {
        let read = PolicyFile::read(&path, None, &mut sources);
        if let Some(file) = problems.keep_failure(read) {
            let unlisted = settings_changes::unlisted(&workspace, &file, &mut sources);
            ci.findings.push(unlisted);
            files.push((file, None));
        }
    }
    ci.findings.append(&mut problems.findings);
    ci.findings
        .extend(unused_suppressions(&workspace, &files, &lint));

    let fail_on = args.fail_on.or(fail_on).unwrap_or(FailOn::DEFAULT);
    let fail_on = fail_on.severity();
    let replay = ReplayArgs::default().options(args.output.requirements(), None);
    let mut linter = Linter::new(lint);
    for (file, traces) in files {
        let settings = linter.for_policy(&workspace, &file, &mut sources);
        let settings = problems.keep(settings);
        let mut lint = linter.findings_of(&workspace, &file, &settings, &sources);
        if let Some(review) = &mut review {
            let traces = traces.as_deref().unwrap_or_default();
            review.look_at(&workspace, &file, traces, &mut lint, &mut sources);
        }
        let test = match (&file.policy, traces) {
            (Some(policy), Some(traces)) => {
                let options = options_for(&workspace, &file, &replay);
                let reading = workspace.reading;
                let run = test_run(&file.name, policy, &options, &traces, reading, &mut sources);
                Some(Tested {
                    runs: vec![problems.keep(run)],
                    ..Tested::default()
                })
            }
            _ => None,
        };
        let mut change = take_change(&mut changes, &file.path);
        if let Some(review) = &review {
            review.settle(&file.path, change.as_mut());
        }
        let failures = &problems.failures;
        let policy = CiPolicy::new(file.name, lint, test, change, fail_on, failures);
        ci.policies.push(policy);
    }
    for change in changes {
        let name = input::display_name(&change.file);
        let removed = CiPolicy::removed(name, change.report, fail_on);
        ci.policies.push(removed);
    }
    ci.findings.extend(problems.findings);
    let mut assumptions = assumptions(&ci);
    if let Some(mut review) = review {
        assumptions.append(&mut review.assumptions);
        let is_broken = ci.is_invalid() || !problems.failures.is_empty();
        let finished = review.finish(&mut ci, is_broken);
        problems.failures.extend(finished.err());
    }

    let report = Report {
        command: "ci",
        sources: &sources,
        failures: problems.failures,
        assumptions,
        fail_on,
        body: Body::Ci(ci),
    };
    deliver(&report, &args.output)
}

/// The base called `name`, and the settings that the change is checked with.
fn base_settings(
    workspace: &Workspace,
    name: &str,
    sources: &mut SourceMap,
) -> Result<(Base, EnforcedSettings), Failure> {
    let base = Base::open(workspace.start(), name)?;
    let settings = enforced_settings::read(workspace, &base, sources)?;
    Ok((base, settings))
}

/// What is wrong with approving something that is compared with nothing.
fn without_base(args: &CiArgs, base: Option<&str>) -> Option<Failure> {
    let is_wrong = base.is_none() && args.approving.approve.is_some();
    is_wrong.then(|| Failure {
        input: "ci".to_owned(),
        message: "approves what a change does: name its --base".to_owned(),
    })
}

/// A policy with its traces; `None` where it is not tested.
type WithTraces = (PolicyFile, Option<Vec<PathBuf>>);

/// The policies of the configuration, or the one in `dir`.
fn policies(
    workspace: &Workspace,
    dir: &Path,
    sources: &mut SourceMap,
) -> (Vec<WithTraces>, Problems) {
    let named = match workspace.config {
        Some(_) => Vec::new(),
        None => vec![dir.join(DEFAULT_POLICY)],
    };
    if named.iter().any(|file| file.symlink_metadata().is_err()) {
        return (Vec::new(), Problems::default());
    }
    let (files, mut problems) = workspace.policies(&named, sources);
    let mut with_traces = Vec::new();
    for file in files {
        let traces = match workspace.config {
            Some(_) => {
                let configured = traces::configured_for(workspace, &file);
                configured.map(|traces| problems.keep(traces))
            }
            None => problems.keep(beside(dir)),
        };
        with_traces.push((file, traces));
    }
    (with_traces, problems)
}

/// The traces beside a policy that no configuration names; `None` where there
/// are none.
fn beside(dir: &Path) -> (Option<Vec<PathBuf>>, Problems) {
    let dir = dir.join(traces::DEFAULT_TRACES);
    if !dir.is_dir() {
        return (None, Problems::default());
    }
    let (traces, problems) = traces::expand(&[dir]);
    (Some(traces).filter(|traces| !traces.is_empty()), problems)
}

/// Policies that the base lists and that are there, though nothing finds them
/// any more, as where a change has git ignore them.
fn out_of_sight(files: &[WithTraces], changes: &[Change]) -> Vec<PathBuf> {
    let is_found = |path: &Path| files.iter().any(|(file, _)| same_file(&file.path, path));
    let paths = changes.iter().map(|change| &change.file);
    let hidden = paths.filter(|path| path.is_file() && !is_found(path));
    hidden.cloned().collect()
}

/// Findings about suppressions of policies that are not there.
fn unused_suppressions(
    workspace: &Workspace,
    files: &[WithTraces],
    settings: &lint::Settings,
) -> Vec<Finding> {
    let files = files.iter().map(|(file, _)| file);
    suppressions::without_policy(workspace, files, settings)
}

/// Takes the change of the policy in `path` out of all changes.
fn take_change(changes: &mut Vec<Change>, path: &Path) -> Option<DiffReport> {
    let mut each = changes.iter();
    let at = each.position(|change| same_file(&change.file, path))?;
    Some(changes.remove(at).report)
}

/// What the tests of all policies assumed, each thing once.
fn assumptions(ci: &Ci) -> Vec<String> {
    let tested = ci.policies.iter().filter_map(|policy| policy.test.as_ref());
    let mut assumptions: Vec<String> = tested.flat_map(Tested::assumptions).collect();
    assumptions.sort();
    assumptions.dedup();
    assumptions
}
