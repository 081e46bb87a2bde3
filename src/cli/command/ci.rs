//! `mcppolicy ci`: validates, lints and tests everything that the configuration
//! names, and compares it with the base; one summary, one exit code.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use clap::Args;

use crate::cli::support::approvals::Store;
use crate::cli::support::approver::ApproveArgs;
use crate::cli::support::base::{Asked, Base};
use crate::cli::support::change::{Change, Judging, since_base};
use crate::cli::support::configuration::Config;
use crate::cli::support::dropped_base;
use crate::cli::support::enforced_settings;
use crate::cli::support::fail_on::FailOn;
use crate::cli::support::files::{InputFile, beginning, is_job, spelling};
use crate::cli::support::gate::parse_gate;
use crate::cli::support::input;
use crate::cli::support::linter::Linter;
use crate::cli::support::measuring::{self, Work};
use crate::cli::support::mutants::Skips;
use crate::cli::support::nested;
use crate::cli::support::output::{OutputArgs, complain, deliver};
use crate::cli::support::problems::Problems;
use crate::cli::support::replay::{ReplayArgs, options_for, test_run};
use crate::cli::support::review::Review;
use crate::cli::support::workspace::{DEFAULT_POLICY, PolicyFile, Workspace};
use crate::cli::support::{lint_settings, settings_changes, suppressions, traces};
use mcppolicy_analysis::diff::Gate;
use mcppolicy_analysis::finding::{Finding, RuleId};
use mcppolicy_analysis::lint;
use mcppolicy_analysis::report::{
    Body, Ci, CiPolicy, Exit, Failure, Findings, Report, TestRun, Tested,
};
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
    /// Compare a submodule's own history, where DIR lies in one
    #[arg(long)]
    submodule: bool,
    #[command(flatten)]
    approving: ApproveArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Runs `ci`.
pub(crate) fn run(args: &CiArgs) -> Exit {
    let mut sources = SourceMap::new();
    let ((mut workspace, base), mut problems) = open(args, &mut sources);
    if !workspace.is_dir(&args.dir) {
        problems.failures.push(Failure {
            input: input::display_name(&args.dir),
            message: "no such directory".to_owned(),
        });
    }
    let (mut lint, unknown) = lint_settings::configured(workspace.config.as_ref());
    problems.extend(unknown);
    let mut fail_on = workspace.config.as_ref().and_then(Config::fail_on);

    // The settings of the base replace those of the change.
    let mut ci = Ci::default();
    let mut changes = Vec::new();
    let mut review = None;
    problems.failures.extend(without_base(args, base.as_ref()));
    let mut assumed: Vec<String> = compared_with_nothing(base.as_ref()).into_iter().collect();
    if let Some(base) = &base {
        let settings = enforced_settings::read(&workspace, base, &mut sources);
        if let Some(settings) = problems.keep_failure(settings) {
            workspace.set_config(settings.config);
            fail_on = settings.fail_on;
            lint = settings.lint.unwrap_or(lint);
            ci.findings = settings.findings;
            let approvals = Store::open(&workspace, &mut sources);
            let mut approvals = problems.keep(approvals);
            let enforced = approvals.enforce(base, &mut sources);
            if let Some(findings) = problems.keep_failure(enforced) {
                ci.findings.extend(findings);
                let fails = args.fail_on.or(fail_on).unwrap_or(FailOn::DEFAULT);
                approvals.approve_with(args.approving.approver(), fails.severity());
                let befores = settings.befores;
                let judging = Judging {
                    gate: args.gate.unwrap_or(settings.gate),
                    lint: &lint,
                    listed: settings.listed,
                    approvals,
                };
                let compared = since_base(&workspace, &befores, judging, &mut sources);
                let (compared, approvals) = problems.keep(compared);
                changes = compared;
                let held = settings.held;
                review = Some(Review::new(&workspace, befores, held, &lint, approvals));
            }
        }
    }

    let mut files = problems.keep(policies(&workspace, &args.dir, &mut sources));
    for path in out_of_sight(&workspace, &files, &changes) {
        let read = workspace.policy(&path, None, &mut sources);
        if let Some(file) = problems.keep_problems(read) {
            let unlisted = settings_changes::unlisted(&workspace, &file, &mut sources);
            ci.findings.push(unlisted);
            files.push((file, None));
        }
    }
    let nested = nested::findings(&workspace, base.as_ref(), "ci", &mut sources);
    let nested = problems.keep_failure(nested);
    problems.findings.extend(nested.into_iter().flatten());
    ci.findings.append(&mut problems.findings);
    ci.findings
        .extend(unused_suppressions(&workspace, &files, &lint));

    if let Some(base) = &base {
        let again = again(args, base);
        for change in &mut changes {
            change.report.again.clone_from(&again);
        }
    }
    let changes = changes.into_iter();
    let mut changes: BTreeMap<PathBuf, Change> = changes
        .map(|change| (spelling(&change.file), change))
        .collect();

    let fail_on = args.fail_on.or(fail_on).unwrap_or(FailOn::DEFAULT);
    let fail_on = fail_on.severity();
    let replay = ReplayArgs::default().options(args.output.requirements(), None);
    let mut listed = 0;
    lint.policies = files.len();
    let mut linter = Linter::new(lint);
    let mut skips = Skips::new(workspace.config.as_ref());
    let mut work = Work::default();
    for (file, traces) in files {
        let settings = linter.for_policy(&workspace, &file, &mut sources);
        let settings = problems.keep(settings);
        let mut lint = linter.findings_of(&workspace, &file, &settings, &sources);
        if let Some(review) = &mut review {
            let traces = traces.as_deref().unwrap_or_default();
            review.look_at(&workspace, &file, traces, &mut lint, &mut sources);
        }
        let mut pins = Vec::new();
        let test = match (&file.policy, traces) {
            (Some(policy), Some(traces)) => {
                let foreign =
                    traces::foreign_policies(&workspace, &file.path, &traces, &mut sources);
                problems.findings.extend(foreign);
                let mut options = options_for(&workspace, &file, &replay);
                options.most_cases = MOST_CASES.saturating_sub(listed).max(FEW_CASES);
                let reading = workspace.reading;
                let run = test_run(&file.name, policy, &options, &traces, reading, &mut sources);
                let run = problems.keep(run);
                listed += run.results.cases.len() + run.results.passed.len();
                assumed.extend(unlisted(&run));
                pins = problems.keep(measuring::configured(
                    &workspace,
                    &file,
                    &traces,
                    &options,
                    (&mut skips, &mut work),
                    &mut sources,
                ));
                Some(Tested {
                    runs: vec![run],
                    ..Tested::default()
                })
            }
            _ => None,
        };
        let change = changes.remove(&spelling(&file.path));
        let mut change = change.map(|change| {
            lint.list.extend(change.note);
            change.report
        });
        if let Some(review) = &review {
            review.settle(&file.path, change.as_mut());
        }
        let failures = &problems.failures;
        let is_bare = is_bare(&workspace, &file, &lint);
        let policy = CiPolicy::new(file.name, lint, test, change, fail_on, failures);
        let mut policy = policy.with_pins(pins, fail_on);
        if is_bare {
            complain(&format!(
                "{}: no inventory and no trace is named yet, and the policy refuses every call",
                policy.policy
            ));
            policy.exit = policy.exit.worst(Exit::NothingToDo);
        }
        ci.policies.push(policy);
    }
    if workspace
        .config
        .as_ref()
        .and_then(Config::min_score)
        .is_some()
    {
        ci.findings.extend(skips.stale(&workspace));
    }
    if let Some(base) = &base {
        let about = about_checkout(&workspace, base, &mut sources);
        ci.findings.extend(problems.keep(about));
    }
    for change in changes.into_values() {
        let name = input::display_name(&change.file);
        let removed = CiPolicy::removed(name, change.report, fail_on);
        ci.policies.push(removed);
    }
    ci.findings.extend(problems.findings);
    let mut assumptions = assumptions(&ci);
    assumptions.append(&mut assumed);
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

/// The command line that checks the same, for a shell.
fn again(args: &CiArgs, base: &Base) -> String {
    let base = input::shell_word(&base.tip.name);
    match args.dir.to_string_lossy().as_ref() {
        "." => format!("mcppolicy ci --base {base}"),
        dir => format!("mcppolicy ci {} --base {base}", input::shell_word(dir)),
    }
}

/// Whether a policy of a configuration is a beginning only: nothing can be called, and
/// there is nothing yet that it could be held against.
fn is_bare(workspace: &Workspace, file: &PolicyFile, lint: &Findings) -> bool {
    let Some(entry) = workspace.entry(file.entry) else {
        return false;
    };
    let refuses = |finding: &Finding| finding.rule == RuleId::NothingCallable;
    entry.inventory.is_none() && entry.traces.is_empty() && lint.list.iter().any(refuses)
}

/// The workspace, and the base of the change where there is one: then the
/// workspace is that of what is committed.
fn open(args: &CiArgs, sources: &mut SourceMap) -> ((Workspace, Option<Base>), Problems) {
    let mut problems = Problems::default();
    let mut opened = None;
    let name = match &args.base {
        Some(name) => Some(name.clone()),
        None => {
            let (workspace, found) = Workspace::open(&args.dir, sources);
            let name = workspace.config.as_ref().and_then(Config::base);
            let name = name.or_else(|| dropped_base::find(asked(args, ""), &workspace));
            if name.is_none() {
                return ((workspace, None), found);
            }
            opened = Some((workspace, found));
            name
        }
    };
    let asked = asked(args, name.as_deref().unwrap_or_default());
    let base = problems.keep_problems(Base::open(asked, sources));
    let (workspace, found) = match (&base, opened) {
        (Some(base), _) => {
            let checkout = Rc::clone(base.checkout());
            Workspace::of(&args.dir, Some(checkout), sources)
        }
        (None, Some(opened)) => opened,
        (None, None) => Workspace::open(&args.dir, sources),
    };
    problems.extend(found);
    ((workspace, base), problems)
}

fn asked<'a>(args: &'a CiArgs, name: &'a str) -> Asked<'a> {
    Asked {
        start: &args.dir,
        name,
        submodule: args.submodule,
    }
}

/// What a reader of the report must know of what was checked: files that are not
/// committed, and that there was no change.
fn about_checkout(
    workspace: &Workspace,
    base: &Base,
    sources: &mut SourceMap,
) -> (Vec<Finding>, Problems) {
    let mut problems = Problems::default();
    let mut findings = base.checkout().findings(sources);
    let is_no_change = problems.keep_failure(base.is_what_is_checked());
    if is_no_change == Some(true) {
        let setting = workspace.config.as_ref();
        let setting = setting.and_then(|config| config.base.as_ref());
        let location = match setting.filter(|setting| setting.text == base.tip.name) {
            Some(setting) => setting.location,
            None => beginning(&base.tip.name, sources),
        };
        let message = format!(
            "Nothing was compared: what is checked has the same files as {}",
            base.tip.name
        );
        let help = "name a revision before the change, such as the branch that it goes into";
        findings.push(settings_changes::note(location, message, help));
    }
    (findings, problems)
}

/// What is wrong with approving something that is compared with nothing.
fn without_base(args: &CiArgs, base: Option<&Base>) -> Option<Failure> {
    let is_named = args.base.is_some() || base.is_some();
    let is_wrong = !is_named && args.approving.approve.is_some();
    is_wrong.then(|| Failure {
        input: "ci".to_owned(),
        message: "approves what a change does: name its --base".to_owned(),
    })
}

/// How many calls the reports of all policies list.
const MOST_CASES: usize = 200_000;

/// How many calls of one policy are listed in any case.
const FEW_CASES: usize = 10;

/// What is said of calls that are counted and not listed.
fn unlisted(run: &TestRun) -> Option<String> {
    let more = run.results.unlisted_cases;
    (more > 0).then(|| {
        format!(
            "{}: {more} more calls are counted, and not listed because of their number",
            run.name
        )
    })
}

/// What a job says that has nothing to compare with.
fn compared_with_nothing(base: Option<&Base>) -> Option<String> {
    let is_silent = base.is_some() || !is_job();
    (!is_silent).then(|| {
        "nothing is compared: there is no --base, and no `base` under [diff] in mcppolicy.toml"
            .to_owned()
    })
}

/// A policy with its traces; `None` where it is not tested.
type WithTraces = (PolicyFile, Option<Vec<InputFile>>);

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
    if named.iter().any(|file| !workspace.is_there(file)) {
        return (Vec::new(), Problems::default());
    }
    let (files, mut problems) = workspace.policies(&named, sources);
    let mut with_traces = Vec::new();
    for file in files {
        let traces = match workspace.config {
            Some(_) => {
                let configured = traces::configured_for(workspace, &file, sources);
                configured.map(|traces| problems.keep(traces))
            }
            None => problems.keep(beside(workspace, dir, sources)),
        };
        with_traces.push((file, traces));
    }
    (with_traces, problems)
}

/// The traces beside a policy that no configuration names; `None` where there
/// are none.
fn beside(
    workspace: &Workspace,
    dir: &Path,
    sources: &mut SourceMap,
) -> (Option<Vec<InputFile>>, Problems) {
    let dir = dir.join(traces::DEFAULT_TRACES);
    let (traces, problems) = traces::in_directory(workspace, &dir, None, sources);
    (Some(traces).filter(|traces| !traces.is_empty()), problems)
}

/// Policies that the base lists and that are there, though no configuration
/// names them any more.
fn out_of_sight(workspace: &Workspace, files: &[WithTraces], changes: &[Change]) -> Vec<PathBuf> {
    let found: HashSet<PathBuf> = files.iter().map(|(file, _)| spelling(&file.path)).collect();
    let paths = changes.iter().map(|change| &change.file);
    let hidden = paths.filter(|path| !found.contains(&spelling(path)) && workspace.is_there(path));
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

/// What the tests of all policies assumed, and the linter left open, each thing
/// once.
fn assumptions(ci: &Ci) -> Vec<String> {
    let tested = ci.policies.iter().filter_map(|policy| policy.test.as_ref());
    let mut assumptions: Vec<String> = tested.flat_map(Tested::assumptions).collect();
    let linted = ci.policies.iter().map(|policy| &policy.lint);
    assumptions.extend(linted.flat_map(|lint| lint.unfinished.iter().cloned()));
    assumptions.sort();
    assumptions.dedup();
    assumptions
}
