//! `mcppolicy lint`: validates policies, then looks for rules that do not do
//! what they seem to; repairs and suppresses findings.

use std::path::PathBuf;

use clap::Args;
use jiff::civil::Date;

use crate::cli::support::configuration::{self, Config};
use crate::cli::support::configured::{Group, Otherwise, by_configuration};
use crate::cli::support::fail_on::FailOn;
use crate::cli::support::input;
use crate::cli::support::lint_settings;
use crate::cli::support::linter::Linter;
use crate::cli::support::nested;
use crate::cli::support::output::{OutputArgs, complain, complain_of, deliver, print, write_files};
use crate::cli::support::problems::Problems;
use crate::cli::support::repair::{self, FixArgs, Repaired};
use crate::cli::support::suppressions;
use mcppolicy_analysis::finding::{Finding, RuleId};
use mcppolicy_analysis::report::{Body, Exit, Failure, Findings, Report};
use mcppolicy_engine::problem::Applicability;
use mcppolicy_engine::source::SourceMap;

/// Arguments of `lint`.
#[derive(Args, Debug)]
pub(crate) struct LintArgs {
    /// Policies, directories of them, or - for standard input
    #[arg(value_name = "POLICY")]
    policies: Vec<PathBuf>,
    /// The least severity that fails the run [default: warning]
    #[arg(long, value_name = "LEVEL")]
    fail_on: Option<FailOn>,
    /// The server's answer to tools/list, instead of what mcppolicy.toml names
    #[arg(long, value_name = "FILE")]
    inventory: Option<PathBuf>,
    /// Compare limits with what these recordings, or directories of them, use
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

/// Runs `lint`.
pub(crate) fn run(args: &LintArgs) -> Exit {
    if args.fixes.lacks_mode() {
        complain("--unsafe says which repairs to make: add --fix or --diff");
        return Exit::CouldNotRun;
    }
    let mut sources = SourceMap::new();
    let (groups, problems) = by_configuration(
        &args.policies,
        input::is_policy,
        Otherwise::Nothing,
        &mut sources,
    );
    let mut run = Run {
        failures: problems.failures,
        ..Run::default()
    };
    run.findings.list = problems.findings;
    let is_only = groups.len() == 1;
    for group in groups {
        run.lint(args, group, is_only, &mut sources);
    }
    let fail_on = run.fail_on();
    let (mut findings, diff) = (run.findings, run.diff);
    let report = Report {
        command: "lint",
        sources: &sources,
        failures: run.failures,
        assumptions: std::mem::take(&mut findings.unfinished),
        fail_on: fail_on.severity(),
        body: Body::Findings(findings),
    };
    if args.fixes.mode().is_some()
        && let Body::Findings(findings) = &report.body
        && let Some(why) = unrepaired(findings, args.fixes.also_unsafe)
    {
        complain(&why);
    }
    if args.fixes.diff {
        let printed = print(&diff);
        return deliver_beside_diff(&report, &args.output).worst(printed);
    }
    if report.exit() == Exit::NothingToDo {
        complain("no policy found: name one, or list it in mcppolicy.toml");
    }
    deliver(&report, &args.output)
}

/// What the policies of all configurations have given so far.
#[derive(Debug, Default)]
struct Run {
    findings: Findings,
    failures: Vec<Failure>,
    diff: String,
    /// The level of each configuration, and whether one of its findings fails the run.
    levels: Vec<(FailOn, bool)>,
}

impl Run {
    /// Lints the policies of one configuration. `is_only` says that there are no
    /// others.
    fn lint(&mut self, args: &LintArgs, group: Group, is_only: bool, sources: &mut SourceMap) {
        let Group {
            workspace,
            whole,
            files,
            ..
        } = group;
        let mut problems = Problems::default();
        let (mut settings, unknown) = lint_settings::configured(workspace.config.as_ref());
        problems.extend(unknown);
        settings.pedantic = args.pedantic;
        if !args.traces.is_empty() {
            settings.want(RuleId::LooseLimit);
        }
        let mut files = problems.keep(workspace.policies_of(whole, files, sources));
        if whole {
            let nested = nested::findings(&workspace, None, "lint", sources);
            let nested = problems.keep_failure(nested);
            problems.findings.extend(nested.into_iter().flatten());
        }

        let mut linter = Linter::new(settings);
        linter.inventory.clone_from(&args.inventory);
        linter.traces.clone_from(&args.traces);
        linter.today = args.today.unwrap_or(linter.today);
        if let ([only], [_, ..]) = (files.as_slice(), args.traces.as_slice())
            && is_only
        {
            linter.only = Some(only.path.clone());
        }
        let repaired = match args.fixes.mode() {
            Some(mode) => problems.keep(repair::run(
                &workspace,
                &mut linter,
                &mut files,
                mode,
                sources,
            )),
            None => Repaired::default(),
        };
        self.diff.push_str(&repaired.diff);

        let mut findings = Findings {
            policies: files.len(),
            list: problems.findings,
            repairs: repaired.list,
            ..Findings::default()
        };
        findings.list.sort_by_key(|finding| finding.location);
        self.failures.extend(problems.failures);
        for file in &files {
            let (settings, problems) = linter.for_policy(&workspace, file, sources);
            self.failures.extend(problems.failures);
            findings.list.extend(problems.findings);
            let of_file = linter.findings_of(&workspace, file, &settings, sources);
            findings.list.extend(of_file.list);
            findings.suppressed += of_file.suppressed;
            findings.suppressed_list.extend(of_file.suppressed_list);
            findings.unfinished.extend(of_file.unfinished);
        }
        if whole {
            let unused = suppressions::without_policy(&workspace, files.iter(), &linter.settings);
            findings.list.extend(unused);
        }
        if let Some(reason) = &args.suppress_existing
            && let Err(message) =
                suppressions::write(&workspace, &files, &mut findings, reason, sources)
        {
            self.failures.push(Failure {
                input: configuration::NAME.to_owned(),
                message,
            });
        }
        let configured = workspace.config.as_ref().and_then(Config::fail_on);
        let fail_on = args.fail_on.or(configured).unwrap_or(FailOn::DEFAULT);
        let severity = fail_on.severity();
        let fails = |finding: &Finding| severity.is_some_and(|least| finding.severity >= least);
        self.levels.push((fail_on, findings.list.iter().any(fails)));
        self.add(findings);
    }

    fn add(&mut self, findings: Findings) {
        let all = &mut self.findings;
        all.policies += findings.policies;
        all.list.extend(findings.list);
        all.repairs.extend(findings.repairs);
        all.suppressed += findings.suppressed;
        all.suppressed_list.extend(findings.suppressed_list);
        all.unfinished.extend(findings.unfinished);
    }

    /// The level by which the run ends as the gravest of its configurations does:
    /// that of one whose findings fail it, else the most lenient.
    fn fail_on(&self) -> FailOn {
        let mut failing = self.levels.iter().filter(|(_, fails)| *fails);
        let lenient = || {
            let levels = self.levels.iter().map(|(level, _)| *level);
            levels.max_by_key(|level| level.severity().map_or(u8::MAX, |of| of as u8))
        };
        let failing = failing.next().map(|(level, _)| *level);
        failing.or_else(lenient).unwrap_or(FailOn::DEFAULT)
    }
}

/// Why nothing was repaired, where nothing was.
fn unrepaired(findings: &Findings, also_unsafe: bool) -> Option<String> {
    let repairs = &findings.repairs;
    if repairs
        .iter()
        .any(|of| !of.applied.is_empty() || !of.refused.is_empty())
    {
        return None;
    }
    let fixes = findings
        .list
        .iter()
        .filter_map(|finding| finding.fix.as_ref());
    let fixable = fixes.filter(|fix| fix.applicability == Applicability::Unsafe);
    let unsafe_ones = fixable.count();
    Some(match (findings.list.len(), unsafe_ones) {
        (0, _) => "nothing to repair: there is nothing to report".to_owned(),
        (_, 1..) if !also_unsafe => format!(
            "nothing that is safe to repair; with --unsafe: {unsafe_ones} {}",
            if unsafe_ones == 1 {
                "repair that may refuse calls that pass today"
            } else {
                "repairs that may refuse calls that pass today"
            }
        ),
        _ => "nothing to repair: no rule knows how to repair what is reported".to_owned(),
    })
}

/// Ends a run whose standard output is a diff: what could not be read or
/// repaired goes to standard error.
fn deliver_beside_diff(report: &Report<'_>, output: &OutputArgs) -> Exit {
    report.failures.iter().for_each(complain_of);
    if let Body::Findings(findings) = &report.body {
        let refused = findings.repairs.iter().flat_map(|of| &of.refused);
        for refused in refused {
            complain(&crate::render::refused_line(refused));
        }
    }
    write_files(report, output)
}
