//! `mcppolicy diff`: what a change of policies lets through or stops, and
//! whether somebody answers for it.

mod drift;
mod run;
mod sides;

use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::approvals::{self, Store};
use super::base::Base;
use super::config::Config;
use super::git::Repository;
use super::output::{OutputArgs, deliver};
use super::workspace::Workspace;
use super::{FailOn, input, lint_settings, traces};
use mcppolicy_analysis::diff::{Diff, Gate};
use mcppolicy_analysis::lint;
use mcppolicy_analysis::region::Budget;
use mcppolicy_analysis::report::{Body, DiffReport, Exit, Failure, Findings, Report};

use drift::Then;
use run::{Approver, Comparing, Settings};
pub(super) use sides::Listed;
use sides::Pair;

/// Arguments of `diff`.
#[derive(Args, Debug)]
pub(super) struct DiffArgs {
    /// The policy before: a file, a directory of policies, or REV:path as git
    /// spells it; /dev/null for none
    #[arg(requires = "new")]
    old: Option<PathBuf>,
    /// The policy after, likewise
    new: Option<PathBuf>,
    /// Compare every policy of the configuration with its state at this
    /// revision [default: `[diff] base` of the configuration]
    #[arg(
        long,
        value_name = "REV",
        conflicts_with = "old",
        allow_hyphen_values = true
    )]
    base: Option<String>,
    /// Also replay these recordings, or directories of them, through both
    #[arg(long, value_name = "TRACE", num_args = 1..)]
    traces: Vec<PathBuf>,
    #[command(flatten)]
    reading: traces::ReadingArgs,
    /// The policy's server; recorded calls to another are out of scope
    #[arg(long, value_name = "NAME")]
    server: Option<String>,
    /// Which changes exit with 1 [default: loosened]
    #[arg(long, value_name = "GATE", value_parser = gates())]
    gate: Option<Gate>,
    /// Approve what the gate `loosened` refuses, in mcppolicy.approvals.json
    #[arg(long, value_name = "REASON", value_parser = approvals::parse_words)]
    approve: Option<String>,
    /// Who approves it
    #[arg(long, value_name = "NAME", requires = "approve", value_parser = approvals::parse_words)]
    approved_by: Option<String>,
    /// The day of the approval [default: today, in UTC]
    #[arg(long, value_name = "DAY", requires = "approve", value_parser = approvals::parse_date)]
    date: Option<String>,
    /// Drop approvals of what the old policy lets through already
    #[arg(long)]
    prune: bool,
    /// Write each witness as a trace that asserts what the new policy decides
    #[arg(long, value_name = "DIR")]
    emit_traces: Option<PathBuf>,
    /// Spend so many times the usual effort before giving up on a proof
    #[arg(long, value_name = "TIMES", default_value_t = 1)]
    effort: u32,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn parse_gate(text: &str) -> Result<Gate, String> {
    Gate::named(text)
        .ok_or_else(|| format!("the gates are {}", Gate::ALL.map(Gate::name).join(", ")))
}

/// The names are listed in the help and offered by completion.
fn gates() -> impl TypedValueParser<Value = Gate> {
    PossibleValuesParser::new(Gate::ALL.map(Gate::name)).try_map(|name| parse_gate(&name))
}

/// Runs `diff`.
pub(super) fn run(args: &DiffArgs) -> Exit {
    let mut workspace = Workspace::open(Path::new("."));
    workspace.reading = args.reading.settings();
    let configured = workspace.config.as_ref().and_then(Config::gate);
    let gate = args.gate.or(configured).unwrap_or_default();
    let pairs = match pairs(&mut workspace, args) {
        Ok(pairs) => pairs,
        Err(failure) => {
            workspace.failures.push(failure);
            Vec::new()
        }
    };
    let then = then(&mut workspace, args);
    let mut findings = std::mem::take(&mut workspace.config_findings);
    let store = Store::open(&mut workspace, &mut findings);
    let settings = Settings {
        budget: Budget::default().times(args.effort),
        traces: &args.traces,
        server: args.server.as_deref(),
        then,
    };
    let mut comparing = Comparing::new(settings, store);
    for pair in pairs {
        comparing.compare(&mut workspace, pair, &mut findings);
    }
    comparing.judge();
    if findings.is_empty() && workspace.failures.is_empty() {
        let changed = change_approvals(&mut comparing, args);
        let emitted = args.emit_traces.as_ref();
        let emitted = emitted.map_or(Ok(()), |dir| comparing.emit(dir));
        workspace.failures.extend(changed.err());
        workspace.failures.extend(emitted.err());
    }
    let approvals = comparing.approvals();
    let policies = comparing.finish().into_iter().map(|(_, diff)| diff);
    let diff = Diff {
        policies: policies.collect(),
    };
    let report = DiffReport {
        refused: diff.refused_by(gate),
        diff,
        findings,
        gate,
        approvals,
    };
    let fail_on = workspace.config.as_ref().and_then(Config::fail_on);
    let fail_on = fail_on.unwrap_or(FailOn::Warning).severity();
    let mut exit = exit(&report).and(report.drift_exit(fail_on));
    if report.diff.policies.is_empty() {
        exit = exit.and(Exit::NothingToDo);
    }
    if !workspace.failures.is_empty() {
        exit = exit.and(Exit::CouldNotRun);
    }
    let report = Report {
        command: "diff",
        sources: &workspace.sources,
        failures: std::mem::take(&mut workspace.failures),
        assumptions: Vec::new(),
        body: Body::Diff(report),
    };
    deliver(&report, &args.output, exit)
}

/// What is to be compared.
fn pairs(workspace: &mut Workspace, args: &DiffArgs) -> Result<Vec<Pair>, Failure> {
    if let (Some(old), Some(new)) = (&args.old, &args.new) {
        return sides::named(old, new);
    }
    match args.base.clone().or_else(|| configured_base(workspace)) {
        Some(base) => sides::since(workspace, &base),
        None => Err(Failure {
            input: "diff".to_owned(),
            message: "name OLD and NEW, or a --base, or set `base` under [diff] in \
                      mcppolicy.toml"
                .to_owned(),
        }),
    }
}

/// The revision that everything is held against; what is wrong with it has been
/// said where the policies were asked for. What is wrong with the levels of
/// rules is noted in the workspace.
fn then(workspace: &mut Workspace, args: &DiffArgs) -> Option<Then> {
    let is_named = args.old.is_some();
    let base = args.base.clone().or_else(|| configured_base(workspace));
    let base = base.filter(|_| !is_named)?;
    let settings = lint_settings(workspace, false);
    Then::open(workspace, &base, &settings).ok()
}

pub(super) fn configured_base(workspace: &Workspace) -> Option<String> {
    let base = workspace.config.as_ref()?.base.as_ref()?;
    Some(base.text.clone())
}

/// `--approve` and `--prune`.
fn change_approvals(comparing: &mut Comparing<'_>, args: &DiffArgs) -> Result<(), Failure> {
    if let Some(reason) = &args.approve {
        comparing.approve(&Approver {
            reason: reason.clone(),
            by: args.approved_by.clone(),
            date: args.date.clone().unwrap_or_else(approvals::today),
        })?;
    }
    if args.prune {
        comparing.prune()?;
    }
    Ok(())
}

/// How a report ends the run, failures and empty runs aside.
fn exit(report: &DiffReport) -> Exit {
    let invalid = Findings {
        policies: 1,
        list: report.findings.clone(),
        ..Findings::default()
    };
    let mut exit = invalid.exit(None);
    let mut traffic = report
        .diff
        .policies
        .iter()
        .filter_map(|p| p.traffic.as_ref());
    if traffic.any(|traffic| traffic.invalid_lines > 0) {
        exit = exit.and(Exit::Invalid);
    }
    if report.refused {
        exit = exit.and(Exit::Failed);
    }
    exit
}

/// A policy's file with its part of a diff, as `ci` reports it.
pub(super) struct SinceBase {
    pub file: PathBuf,
    pub report: DiffReport,
    pub exit: Exit,
}

/// Every policy that the configuration or the base lists, held against the
/// merge base. What has changed of the servers' own tools matters as the
/// linter's `settings` say.
pub(super) fn since_base(
    workspace: &mut Workspace,
    base: &Base,
    gate: Gate,
    settings: &lint::Settings,
    listed: Vec<Listed>,
    approvals: Store,
) -> Vec<SinceBase> {
    let pairs = Repository::open(&workspace.home())
        .and_then(|repository| sides::pairs(workspace, &repository, &base.before, listed));
    let pairs = match pairs {
        Ok(pairs) => pairs,
        Err(failure) => {
            workspace.failures.push(failure);
            return Vec::new();
        }
    };
    let settings = Settings {
        budget: Budget::default(),
        traces: &[],
        server: None,
        then: Then::of(workspace, base, settings),
    };
    let mut comparing = Comparing::new(settings, approvals);
    let mut invalid = Vec::new();
    for pair in pairs {
        let file = pair.file.clone();
        let mut findings = Vec::new();
        comparing.compare(workspace, pair, &mut findings);
        let name = input::display_name(&file);
        if !findings.is_empty() {
            // What is wrong with the policy as it is now, lint has said.
            findings.retain(|finding| workspace.sources.get(finding.location.file).name() != name);
            invalid.push((file, Diff::default(), Vec::new(), findings));
        }
    }
    comparing.judge();
    let approvals = comparing.approvals();
    let valid = comparing.finish().into_iter().map(|(key, diff)| {
        let mine = approvals
            .iter()
            .filter(|shown| shown.approval.policy == key.name);
        let diff = Diff {
            policies: vec![diff],
        };
        (key.file, diff, mine.cloned().collect(), Vec::new())
    });
    let mut reports: Vec<SinceBase> = valid
        .chain(invalid)
        .map(|(file, diff, approvals, findings)| {
            let report = DiffReport {
                refused: diff.refused_by(gate),
                diff,
                findings,
                gate,
                approvals,
            };
            let exit = exit(&report);
            SinceBase { file, report, exit }
        })
        .collect();
    reports.sort_by(|a, b| a.file.cmp(&b.file));
    reports
}
