//! `mcppolicy lint`: validates policies, then looks for rules that do not do
//! what they seem to; repairs and suppresses findings.

use std::path::{Path, PathBuf};

use clap::Args;
use jiff::civil::Date;

use crate::cli::support::configuration::{self, Config};
use crate::cli::support::fail_on::FailOn;
use crate::cli::support::lint_settings;
use crate::cli::support::linter::Linter;
use crate::cli::support::output::{OutputArgs, complain, complain_of, deliver, print, write_files};
use crate::cli::support::repair::{self, FixArgs, Repaired};
use crate::cli::support::suppressions;
use crate::cli::support::workspace::Workspace;
use mcppolicy_analysis::finding::RuleId;
use mcppolicy_analysis::report::{Body, Exit, Failure, Findings, Report};
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
    let (workspace, mut problems) = Workspace::open(Path::new("."), &mut sources);
    let (mut settings, unknown) = lint_settings::configured(workspace.config.as_ref());
    problems.extend(unknown);
    settings.pedantic = args.pedantic;
    if !args.traces.is_empty() {
        settings.want(RuleId::LooseLimit);
    }
    let mut files = problems.keep(workspace.policies(&args.policies, &mut sources));

    let mut linter = Linter::new(settings);
    linter.inventory.clone_from(&args.inventory);
    linter.traces.clone_from(&args.traces);
    linter.today = args.today.unwrap_or(linter.today);
    if let ([only], [_, ..]) = (files.as_slice(), args.traces.as_slice()) {
        linter.only = Some(only.path.clone());
    }
    let repaired = match args.fixes.mode() {
        Some(mode) => problems.keep(repair::run(
            &workspace,
            &mut linter,
            &mut files,
            mode,
            &mut sources,
        )),
        None => Repaired::default(),
    };

    let mut failures = problems.failures;
    let mut findings = Findings {
        policies: files.len(),
        list: problems.findings,
        repairs: repaired.list,
        ..Findings::default()
    };
    findings.list.sort_by_key(|finding| finding.location);
    for file in &files {
        let (settings, problems) = linter.for_policy(&workspace, file, &mut sources);
        failures.extend(problems.failures);
        findings.list.extend(problems.findings);
        let of_file = linter.findings_of(&workspace, file, &settings, &sources);
        findings.list.extend(of_file.list);
        findings.suppressed += of_file.suppressed;
        findings.suppressed_list.extend(of_file.suppressed_list);
        findings.unfinished.extend(of_file.unfinished);
    }
    if args.policies.is_empty() {
        let unused = suppressions::without_policy(&workspace, files.iter(), &linter.settings);
        findings.list.extend(unused);
    }
    if let Some(reason) = &args.suppress_existing
        && let Err(message) =
            suppressions::write(&workspace, &files, &mut findings, reason, &sources)
    {
        failures.push(Failure {
            input: configuration::NAME.to_owned(),
            message,
        });
    }

    let configured = workspace.config.as_ref().and_then(Config::fail_on);
    let fail_on = args.fail_on.or(configured).unwrap_or(FailOn::DEFAULT);
    let report = Report {
        command: "lint",
        sources: &sources,
        failures,
        assumptions: std::mem::take(&mut findings.unfinished),
        fail_on: fail_on.severity(),
        body: Body::Findings(findings),
    };
    if args.fixes.diff {
        let printed = print(&repaired.diff);
        return deliver_beside_diff(&report, &args.output).worst(printed);
    }
    if report.exit() == Exit::NothingToDo {
        complain("no policy found: name one, or list it in mcppolicy.toml");
    }
    deliver(&report, &args.output)
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
