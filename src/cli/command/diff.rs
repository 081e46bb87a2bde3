//! `mcppolicy diff`: what a change of policies lets through or stops, and
//! whether it is approved.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use clap::Args;

use crate::cli::support::approvals::Store;
use crate::cli::support::approver::ApproveArgs;
use crate::cli::support::base::{Asked, Base};
use crate::cli::support::comparison::{Comparing, Settings};
use crate::cli::support::configuration::Config;
use crate::cli::support::configured;
use crate::cli::support::enforced_settings;
use crate::cli::support::fail_on::FailOn;
use crate::cli::support::gate::gates;
use crate::cli::support::input;
use crate::cli::support::inventory_drift::InventoryBase;
use crate::cli::support::lint_settings;
use crate::cli::support::output::{OutputArgs, deliver};
use crate::cli::support::problems::Problems;
use crate::cli::support::sides::{self, Pair};
use crate::cli::support::traces::ReadingArgs;
use crate::cli::support::workspace::Workspace;
use mcppolicy_analysis::diff::{Diff, Gate};
use mcppolicy_analysis::region::Budget;
use mcppolicy_analysis::report::{Body, DiffReport, Exit, Failure, Report};
use mcppolicy_engine::source::SourceMap;

/// Arguments of `diff`.
#[derive(Args, Debug)]
pub(crate) struct DiffArgs {
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
    reading: ReadingArgs,
    /// The policy's server; recorded calls to another are out of scope
    #[arg(long, value_name = "NAME")]
    server: Option<String>,
    /// Which changes exit with 1 [default: loosened]
    #[arg(long, value_name = "GATE", value_parser = gates())]
    gate: Option<Gate>,
    #[command(flatten)]
    approving: ApproveArgs,
    /// Drop approvals that the change does not need, or that the base has
    #[arg(long)]
    prune: bool,
    /// Write each witness as a trace that asserts what the new policy decides
    #[arg(long, value_name = "DIR")]
    emit_traces: Option<PathBuf>,
    /// Spend so many times the usual effort on a proof
    #[arg(long, value_name = "TIMES", default_value_t = 1)]
    effort: u32,
    /// With a base: compare a submodule's own history
    #[arg(long)]
    submodule: bool,
    #[command(flatten)]
    output: OutputArgs,
}

/// Runs `diff`.
pub(crate) fn run(args: &DiffArgs) -> Exit {
    let mut sources = SourceMap::new();
    let (workspace, mut problems) = Workspace::open(&start(args), &mut sources);
    let compared = problems.keep(compared(workspace, args, &mut sources));
    let Compared {
        workspace,
        pairs,
        base,
        inventories,
        gate,
        fail_on,
    } = compared;
    let workspace = workspace.reading(args.reading.settings());
    let mut store = problems.keep(Store::open(&workspace, &mut sources));
    if let Some(base) = &base {
        problems.keep_failure(store.enforce(base, &mut sources));
    }
    store.approve_with(args.approving.approver(), fail_on.severity());
    let again = again(args, base.as_ref());

    let settings = Settings {
        budget: Budget::default().times(args.effort),
        traces: &args.traces,
        server: args.server.as_deref(),
        inventories,
    };
    let mut comparing = Comparing::new(settings, store);
    for pair in pairs {
        let of_pair = comparing.compare(&workspace, pair, &mut sources);
        problems.extend(of_pair);
    }
    comparing.judge();
    if problems.findings.is_empty() && problems.failures.is_empty() {
        problems.keep_failure(change_approvals(&mut comparing, args));
        if let Some(dir) = &args.emit_traces {
            problems.keep_failure(comparing.emit(dir));
        }
    }

    if let Some(checkout) = workspace.checkout() {
        problems.findings.extend(checkout.findings(&mut sources));
    }
    let approvals = comparing.approvals();
    problems
        .findings
        .extend(comparing.take_notes().into_values());
    problems.findings.extend(comparing.unneeded());
    let (compared, _) = comparing.finish();
    let policies = compared.into_iter().map(|(_, diff)| diff);
    let diff = Diff {
        policies: policies.collect(),
    };
    let gate = args.gate.unwrap_or(gate);
    problems.say_once();
    let report = Report {
        command: "diff",
        sources: &sources,
        failures: problems.failures,
        assumptions: Vec::new(),
        fail_on: fail_on.severity(),
        body: Body::Diff(DiffReport {
            refused: diff.refused_by(gate),
            diff,
            findings: problems.findings,
            gate,
            approvals,
            again,
        }),
    };
    deliver(&report, &args.output)
}

/// The command line that compares the same, for a shell.
fn again(args: &DiffArgs, base: Option<&Base>) -> String {
    let path = |path: &PathBuf| input::shell_word(&path.to_string_lossy());
    match (&args.old, &args.new, base) {
        (Some(old), Some(new), _) => format!("mcppolicy diff {} {}", path(old), path(new)),
        (.., Some(base)) => {
            let base = input::shell_word(&base.tip.name);
            format!("mcppolicy diff --base {base}")
        }
        _ => String::new(),
    }
}

/// Where the configuration is looked for: beside the new policy, or here where that
/// is no file of the working tree.
fn start(args: &DiffArgs) -> PathBuf {
    match &args.new {
        Some(new) if new.is_dir() => new.clone(),
        Some(new) if new.is_file() => configured::beside(new),
        _ => PathBuf::from("."),
    }
}

/// The revision that all policies are compared with, unless two of them are
/// named.
fn base_name(workspace: &Workspace, args: &DiffArgs) -> Option<String> {
    let configured = || workspace.config.as_ref()?.base();
    args.base.clone().or_else(configured)
}

/// What is to be compared, and how.
struct Compared {
    /// With a base, that of what is committed.
    workspace: Workspace,
    pairs: Vec<Pair>,
    base: Option<Base>,
    inventories: Option<InventoryBase>,
    gate: Gate,
    fail_on: FailOn,
}

impl Compared {
    /// Pairs that have nothing to do with a base.
    fn new(workspace: Workspace, pairs: Vec<Pair>) -> Compared {
        let config = workspace.config.as_ref();
        let gate = config.and_then(Config::gate).unwrap_or_default();
        let fail_on = config.and_then(Config::fail_on).unwrap_or(FailOn::DEFAULT);
        Compared {
            workspace,
            pairs,
            base: None,
            inventories: None,
            gate,
            fail_on,
        }
    }
}

/// What is to be compared, and how: with a base, under its settings.
fn compared(
    workspace: Workspace,
    args: &DiffArgs,
    sources: &mut SourceMap,
) -> (Compared, Problems) {
    let mut problems = Problems::default();
    if let (Some(old), Some(new)) = (&args.old, &args.new) {
        let pairs = problems.keep_failure(sides::named(old, new));
        return (
            Compared::new(workspace, pairs.unwrap_or_default()),
            problems,
        );
    }
    let Some(name) = base_name(&workspace, args) else {
        let failure = Failure {
            input: "diff".to_owned(),
            message: "name OLD and NEW, or a --base, or set `base` under [diff] in mcppolicy.toml"
                .to_owned(),
        };
        let nothing = Compared::new(workspace, Vec::new());
        return (nothing, Problems::from(failure));
    };
    let asked = Asked {
        start: Path::new("."),
        name: &name,
        submodule: args.submodule,
    };
    let Some(base) = problems.keep_problems(Base::at(asked, sources)) else {
        return (Compared::new(workspace, Vec::new()), problems);
    };
    let checkout = Rc::clone(base.checkout());
    let of_change = Workspace::of(Path::new("."), Some(checkout), sources);
    // What is wrong with the configuration is reported already.
    let (mut workspace, _) = of_change;
    let (own, findings) = lint_settings::configured(workspace.config.as_ref());
    problems.extend(findings);
    let read = enforced_settings::read(&workspace, &base, sources);
    let Some(settings) = problems.keep_failure(read) else {
        return (Compared::new(workspace, Vec::new()), problems);
    };
    workspace.set_config(settings.config);
    let levels = settings.lint.unwrap_or(own);
    let config = settings.befores.into_iter().next();
    let config = config.and_then(|(_, config)| config);
    let inventories = InventoryBase::of(&base, config, &levels);
    let pairs = problems.keep(sides::since(&workspace, &base, settings.listed, sources));
    let compared = Compared {
        workspace,
        pairs,
        base: Some(base),
        inventories: Some(inventories),
        gate: settings.gate,
        fail_on: settings.fail_on.unwrap_or(FailOn::DEFAULT),
    };
    (compared, problems)
}

/// Carries out `--approve` and `--prune`.
fn change_approvals(comparing: &mut Comparing<'_>, args: &DiffArgs) -> Result<(), Failure> {
    comparing.approve_if_asked()?;
    comparing.write_approvals()?;
    if args.prune {
        comparing.prune()?;
    }
    Ok(())
}
