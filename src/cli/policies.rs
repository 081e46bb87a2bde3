//! `mcppolicy validate` and `mcppolicy lint`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use jiff::civil::Date;

use super::config::Config;
use super::guarded::Inventories;
use super::observed::{Observed, observed};
use super::output::{OutputArgs, deliver};
use super::repair::{self, FixArgs};
use super::traces::same_file;
use super::workspace::{PolicyFile, Workspace};
use super::{FailOn, lint_settings, suppressions};
use mcppolicy_analysis::finding::{Finding, RuleId, Severity};
use mcppolicy_analysis::inventory::Inventory;
use mcppolicy_analysis::lint::{self, Used};
use mcppolicy_analysis::report::{Body, Exit, Failure, Findings, Report};
use mcppolicy_engine::engine::Engine;
use mcppolicy_engine::policy::Policy;

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
    /// Hold limits against what these recordings, or directories of them, use
    /// (loose-limit) [default: the traces of mcppolicy.toml]
    #[arg(long, value_name = "TRACE", num_args = 1..)]
    traces: Vec<PathBuf>,
    /// Add the rules that are too strict for every commit
    #[arg(long)]
    pedantic: bool,
    #[command(flatten)]
    fixes: FixArgs,
    /// Write a suppression for each of today's findings into mcppolicy.toml
    #[arg(long, value_name = "REASON", conflicts_with_all = ["fix", "diff"])]
    suppress_existing: Option<String>,
    /// The day by which suppressions expire, instead of today
    #[arg(long, value_name = "DATE", hide = true)]
    today: Option<Date>,
    #[command(flatten)]
    output: OutputArgs,
}

/// What one policy is linted with.
#[derive(Debug)]
pub(super) struct LintWith {
    pub settings: lint::Settings,
    inventory: Option<Arc<Inventory>>,
    usage: Option<BTreeMap<String, Used>>,
}

impl LintWith {
    /// The linter's input for the policy.
    pub fn input<'a>(&'a self, policy: &'a Policy, engine: &'a Engine) -> lint::Input<'a> {
        lint::Input {
            policy,
            engine,
            inventory: self.inventory.as_deref(),
            usage: self.usage.as_ref(),
            settings: &self.settings,
        }
    }
}

/// What policies are linted with.
#[derive(Debug)]
pub(super) struct Linter {
    pub settings: lint::Settings,
    /// The inventory of the command line.
    pub inventory: Option<PathBuf>,
    inventories: Inventories,
    /// The recordings of the command line, and the only policy there is to
    /// replay them through.
    traces: Vec<PathBuf>,
    only: Option<PathBuf>,
    /// What recordings use of limits, once somebody wants to know.
    observed: Option<Vec<Observed>>,
    /// The day by which suppressions expire.
    pub today: Date,
}

impl Linter {
    /// The linter of a configuration, today.
    pub fn new(workspace: &mut Workspace, pedantic: bool) -> Linter {
        Linter {
            settings: lint_settings(workspace, pedantic),
            inventory: None,
            inventories: Inventories::default(),
            traces: Vec::new(),
            only: None,
            observed: None,
            today: suppressions::today(),
        }
    }

    /// What one policy is linted with. What is wrong with an inventory is added to
    /// `findings`.
    pub fn for_policy(
        &mut self,
        workspace: &mut Workspace,
        file: &PolicyFile,
        findings: &mut Vec<Finding>,
    ) -> LintWith {
        let given = self.inventory.as_deref();
        let (settings, inventory) =
            self.inventories
                .settings_for(workspace, file, given, &self.settings, findings);
        let usage = settings.severity(RuleId::LooseLimit).map(|_| {
            let all = self
                .observed
                .get_or_insert_with(|| observed(workspace, &self.traces, self.only.as_deref()));
            let mine = all.iter().find(|of| same_file(&of.policy, &file.path));
            mine.map(|of| of.limits.clone()).unwrap_or_default()
        });
        LintWith {
            settings,
            inventory,
            usage,
        }
    }

    /// The findings of one policy.
    pub fn findings_of(
        &self,
        workspace: &Workspace,
        file: &PolicyFile,
        with: &LintWith,
    ) -> Findings {
        let mut findings = Findings {
            policies: 1,
            list: file.problems.clone(),
            ..Findings::default()
        };
        let Some(policy) = &file.policy else {
            return findings;
        };
        let engine = Engine::new(policy);
        let input = with.input(policy, &engine);
        let list = lint::lint(&input);
        let text = workspace.sources.get(policy.file).text();
        let entries = suppressions::of(workspace, &file.path);
        let sorted = suppressions::sort(list, &entries, text, &input, self.today);
        findings.suppressed = sorted.suppressed.len();
        findings.suppressed_list = sorted.suppressed;
        findings.list.extend(sorted.kept);
        let idle = sorted.idle.into_iter().map(|(_, finding)| finding);
        findings.list.extend(idle);
        findings
    }
}

/// Runs `validate`.
pub(super) fn validate(args: &ValidateArgs) -> Exit {
    let mut workspace = Workspace::open(Path::new("."));
    let files = workspace.policies(&args.policies);
    let findings = check(&mut workspace, &files, None);
    let fail_on = Some(Severity::Error);
    finish("validate", workspace, findings, fail_on, &args.output)
}

/// Runs `lint`.
pub(super) fn lint(args: &LintArgs) -> Exit {
    if args.fixes.is_idle() {
        super::output::complain("--unsafe says which repairs to make: add --fix or --diff");
        return Exit::CouldNotRun;
    }
    let mut workspace = Workspace::open(Path::new("."));
    let mut linter = Linter::new(&mut workspace, args.pedantic);
    linter.inventory.clone_from(&args.inventory);
    linter.traces.clone_from(&args.traces);
    if !args.traces.is_empty() {
        linter.settings.want(RuleId::LooseLimit);
    }
    linter.today = args.today.unwrap_or(linter.today);
    let configured = workspace.config.as_ref().and_then(Config::fail_on);
    let fail_on = args.fail_on.or(configured).unwrap_or(FailOn::Warning);
    let mut files = workspace.policies(&args.policies);
    if let ([only], false) = (files.as_slice(), args.traces.is_empty()) {
        linter.only = Some(only.path.clone());
    }
    let repairs = match args.fixes.wanted() {
        Some(wanted) => repair::run(&mut workspace, &mut linter, &mut files, wanted),
        None => repair::Repaired::default(),
    };
    let mut findings = check(&mut workspace, &files, Some(&mut linter));
    if args.policies.is_empty() {
        findings.list.extend(suppressions::without_policy(
            &workspace,
            &files,
            &linter.settings,
        ));
    }
    findings.repairs = repairs.list;
    if let Some(reason) = &args.suppress_existing
        && let Err(message) = suppressions::write(&workspace, &files, &mut findings, reason)
    {
        let input = super::config::NAME.to_owned();
        workspace.failures.push(Failure { input, message });
    }
    if args.fixes.diff {
        super::output::print(&repairs.diff);
        return finish_quietly(workspace, findings, fail_on.severity(), &args.output);
    }
    finish(
        "lint",
        workspace,
        findings,
        fail_on.severity(),
        &args.output,
    )
}

/// Validates policies, and lints the valid ones when there is a linter.
fn check(workspace: &mut Workspace, files: &[PolicyFile], linter: Option<&mut Linter>) -> Findings {
    let mut findings = Findings {
        policies: files.len(),
        ..Findings::default()
    };
    findings.list.append(&mut workspace.config_findings);
    findings.list.sort_by_key(|finding| finding.location);
    let Some(linter) = linter else {
        let problems = files.iter().flat_map(|file| file.problems.clone());
        findings.list.extend(problems);
        return findings;
    };
    for file in files {
        let with = linter.for_policy(workspace, file, &mut findings.list);
        let mut of_file = linter.findings_of(workspace, file, &with);
        findings.list.append(&mut of_file.list);
        findings.suppressed += of_file.suppressed;
        findings
            .suppressed_list
            .append(&mut of_file.suppressed_list);
    }
    findings
}

fn exit_of(workspace: &Workspace, findings: &Findings, fail_on: Option<Severity>) -> Exit {
    let exit = findings.exit(fail_on);
    match workspace.failures.is_empty() {
        true => exit,
        false => exit.and(Exit::CouldNotRun),
    }
}

fn finish(
    command: &'static str,
    workspace: Workspace,
    findings: Findings,
    fail_on: Option<Severity>,
    output: &OutputArgs,
) -> Exit {
    let exit = exit_of(&workspace, &findings, fail_on);
    if exit == Exit::NothingToDo {
        super::output::complain("no policy found: name one, or list it in mcppolicy.toml");
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

/// Ends a run whose standard output is a diff: what could not be read goes to
/// standard error.
fn finish_quietly(
    workspace: Workspace,
    findings: Findings,
    fail_on: Option<Severity>,
    output: &OutputArgs,
) -> Exit {
    let exit = exit_of(&workspace, &findings, fail_on);
    for failure in &workspace.failures {
        super::output::complain(&format!("{}: {}", failure.input, failure.message));
    }
    let refused = findings.repairs.iter().flat_map(|of| &of.refused);
    for refused in refused {
        super::output::complain(&crate::render::refused_line(refused));
    }
    let report = Report {
        command: "lint",
        sources: &workspace.sources,
        failures: workspace.failures,
        assumptions: Vec::new(),
        body: Body::Findings(findings),
    };
    super::output::write_files(&report, output, exit)
}
