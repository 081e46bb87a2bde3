//! `mcppolicy diff`: what a change of policies lets through or stops.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Args;

use super::output::{OutputArgs, deliver};
use super::workspace::{PolicyFile, Workspace};
use super::{input, traces};
use crate::compare::{self, Compiled};
use crate::diff::traffic::Traffic;
use crate::diff::{Diff, Fate, Gate, PolicyDiff};
use crate::engine::DEFAULT_MAX_LATENESS;
use crate::region::Budget;
use crate::report::{Body, DiffReport, Exit, Findings, Report};

/// Arguments of `diff`.
#[derive(Args, Debug)]
pub(super) struct DiffArgs {
    /// The policy before, or a directory of policies; /dev/null for none
    old: PathBuf,
    /// The policy after, or a directory of policies; /dev/null for none
    new: PathBuf,
    /// Also replay these recordings, or directories of them, through both
    #[arg(long, value_name = "TRACE", num_args = 1..)]
    traces: Vec<PathBuf>,
    /// The policy's server; recorded calls to another are out of scope
    #[arg(long, value_name = "NAME")]
    server: Option<String>,
    /// Which changes exit with 1: loosened, changed, never
    #[arg(long, value_name = "GATE", default_value = "loosened", value_parser = parse_gate)]
    gate: Gate,
    /// Spend so many times the usual effort before giving up on a proof
    #[arg(long, value_name = "TIMES", default_value_t = 1)]
    effort: u32,
    #[command(flatten)]
    output: OutputArgs,
}

fn parse_gate(text: &str) -> Result<Gate, String> {
    Gate::ALL
        .into_iter()
        .find(|gate| gate.name() == text)
        .ok_or_else(|| format!("the gates are {}", Gate::ALL.map(Gate::name).join(", ")))
}

/// One policy's two states.
struct Pair {
    name: String,
    old: Option<PathBuf>,
    new: Option<PathBuf>,
}

/// Runs `diff`.
pub(super) fn run(args: &DiffArgs) -> Exit {
    let mut workspace = Workspace::open(Path::new("."));
    let mut findings = std::mem::take(&mut workspace.config_findings);
    let mut diff = Diff::default();
    for pair in pairs(&mut workspace, &args.old, &args.new) {
        if let Some(compared) = compare_pair(&mut workspace, pair, args, &mut findings) {
            diff.policies.push(compared);
        }
    }
    let invalid = Findings {
        policies: 1,
        list: findings,
        ..Findings::default()
    };
    let mut exit = invalid.exit(None);
    if diff
        .policies
        .iter()
        .filter_map(|policy| policy.traffic.as_ref())
        .any(|traffic| traffic.invalid_lines > 0)
    {
        exit = exit.and(Exit::Invalid);
    }
    let refused = args.gate.refuses(&diff);
    if refused {
        exit = exit.and(Exit::Failed);
    }
    if diff.policies.is_empty() {
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
        body: Body::Diff(DiffReport {
            diff,
            findings: invalid.list,
            gate: args.gate,
            refused,
        }),
    };
    deliver(&report, &args.output, exit)
}

/// The policies on both sides: two files, or those of two directories by
/// their path inside.
fn pairs(workspace: &mut Workspace, old: &Path, new: &Path) -> Vec<Pair> {
    if !old.is_dir() && !new.is_dir() {
        let named = if is_none(new) { old } else { new };
        let state = |path: &Path| (!is_none(path)).then(|| path.to_path_buf());
        return vec![Pair {
            name: input::display_name(named),
            old: state(old),
            new: state(new),
        }];
    }
    let mut names = BTreeSet::new();
    for dir in [old, new] {
        match input::walk(dir, input::is_policy) {
            Ok(files) => {
                let relative = files.iter().filter_map(|file| file.strip_prefix(dir).ok());
                names.extend(relative.map(Path::to_path_buf));
            }
            Err(failure) => workspace.failures.push(failure),
        }
    }
    let state = |dir: &Path, name: &Path| Some(dir.join(name)).filter(|path| path.exists());
    names
        .into_iter()
        .map(|name| Pair {
            old: state(old, &name),
            new: state(new, &name),
            name: input::display_name(&new.join(&name)),
        })
        .collect()
}

/// How git, too, names the state of a file that does not exist.
fn is_none(path: &Path) -> bool {
    path == Path::new("/dev/null")
}

fn compare_pair(
    workspace: &mut Workspace,
    pair: Pair,
    args: &DiffArgs,
    findings: &mut Vec<crate::diagnostic::Finding>,
) -> Option<PolicyDiff> {
    let mut load = |path: Option<PathBuf>| match path {
        None => Ok(None),
        Some(path) => match workspace.load(&path, None) {
            Some(PolicyFile {
                policy: Some(policy),
                ..
            }) => Ok(Some(policy)),
            Some(invalid) => {
                findings.extend(invalid.problems);
                Err(())
            }
            None => Err(()),
        },
    };
    let (Ok(old), Ok(new)) = (load(pair.old), load(pair.new)) else {
        return None;
    };
    let (fate, traffic) = match (&old, &new) {
        (None, _) => (Fate::Added, None),
        (_, None) => (Fate::Removed, None),
        (Some(old), Some(new)) => {
            let [old, new] = [Compiled::new(old), Compiled::new(new)];
            let comparison = compare::compiled(&old, &new, &Budget::default().times(args.effort));
            let traffic = (!args.traces.is_empty()).then(|| replay(workspace, [&old, &new], args));
            (Fate::Compared(comparison), traffic)
        }
    };
    let file = |policy: &Option<crate::policy::Policy>| policy.as_ref().map(|policy| policy.file);
    Some(PolicyDiff {
        name: pair.name,
        old: file(&old),
        new: file(&new),
        fate,
        traffic,
    })
}

fn replay(workspace: &mut Workspace, both: [&Compiled<'_>; 2], args: &DiffArgs) -> Traffic {
    let mut traffic = Traffic::default();
    for path in traces::expand(workspace, &args.traces) {
        let read = traces::open(&path).and_then(|mut trace| {
            traffic
                .read(
                    both,
                    &mut trace,
                    args.server.as_deref(),
                    DEFAULT_MAX_LATENESS,
                    &mut workspace.sources,
                )
                .map_err(|error| traces::failure(&path, &error))
        });
        if let Err(failure) = read {
            workspace.failures.push(failure);
        }
    }
    traffic
}
