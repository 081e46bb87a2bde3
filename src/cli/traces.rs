//! Which traces there are, and which policy each is replayed through: the one
//! of the command line, else the trace's own, else the configuration's.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::input;
use super::progress::Watched;
use super::unpack::unpacked;
use super::workspace::{PolicyFile, Workspace, fill};
use mcppolicy_analysis::finding::{Finding, RuleId, Severity};
use mcppolicy_analysis::report::Failure;
use mcppolicy_trace::trace::Trace;
use mcppolicy_trace::trace::account::{Format, GrantFrom, Settings};
use mcppolicy_trace::trace::recognise::reader;

/// A policy and the traces to replay through it.
#[derive(Debug, Default)]
pub(super) struct Assignment {
    /// The policy; `None` when it could not be found or read.
    pub policy: Option<PolicyFile>,
    /// The traces in order.
    pub traces: Vec<PathBuf>,
    /// What is wrong with the assignment itself.
    pub problems: Vec<Finding>,
}

/// The directory of traces when nothing names one.
const DEFAULT_TRACES: &str = "traces";

/// How to read logs that are no native traces.
#[derive(Args, Debug, Default, Clone, Copy)]
pub(super) struct ReadingArgs {
    /// The format of the logs, when their content should not decide
    #[arg(long, value_name = "FORMAT", value_parser = formats())]
    pub from: Option<Format>,
    /// What stands for the gateway's grant in logs, which do not record it
    /// [default: session where there is one, else file]
    #[arg(long, value_name = "WHAT", value_parser = grants())]
    pub grant_from: Option<GrantFrom>,
}

impl ReadingArgs {
    pub fn settings(self) -> Settings {
        Settings {
            format: self.from,
            grant_from: self.grant_from,
            ..Settings::default()
        }
    }
}

fn formats() -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(Format::ALL.map(Format::name))
        .try_map(|name| Format::named(&name).ok_or("no such format"))
}

fn grants() -> impl TypedValueParser<Value = GrantFrom> {
    PossibleValuesParser::new(GrantFrom::ALL.map(GrantFrom::name))
        .try_map(|name| GrantFrom::named(&name).ok_or("no such choice"))
}

/// Opens a trace, or standard input for `-`.
pub(super) fn open(path: &Path, settings: Settings) -> Result<Trace, Failure> {
    let name = input::display_name(path);
    let unpacked = if path == Path::new(input::STDIN) {
        unpacked(Watched::new(io::stdin(), &name, None))
    } else if path.is_dir() {
        let message = "is a directory, a file is needed".to_owned();
        return Err(Failure {
            input: input::display_name(path),
            message,
        });
    } else {
        let file = File::open(path).map_err(|error| failure(path, &error))?;
        let length = file.metadata().ok().filter(|known| known.is_file());
        unpacked(Watched::new(file, &name, length.map(|known| known.len())))
    };
    unpacked
        .and_then(|input| reader(input, settings))
        .and_then(|reader| Trace::open(name, reader))
        .map_err(|error| failure(path, &error))
}

/// An input that could not be read.
pub(super) fn failure(path: &Path, error: &io::Error) -> Failure {
    Failure {
        input: input::display_name(path),
        message: input::plain(error),
    }
}

/// Finds the traces that `paths` name (without any, those of the
/// configuration, else `traces/` here) and groups them by policy.
pub(super) fn assign(
    workspace: &mut Workspace,
    paths: &[PathBuf],
    policy: Option<&Path>,
) -> Vec<Assignment> {
    let configured = configured(workspace);
    if paths.is_empty() {
        if workspace.config.is_some() && policy.is_none() {
            return configured;
        }
        let here = PathBuf::from(DEFAULT_TRACES);
        let traces = if here.is_dir() {
            vec![here]
        } else {
            Vec::new()
        };
        return by_policy(workspace, &traces, policy, configured);
    }
    by_policy(workspace, paths, policy, configured)
}

/// The configuration's policies that name traces, with those traces.
fn configured(workspace: &mut Workspace) -> Vec<Assignment> {
    if workspace.config.is_none() {
        return Vec::new();
    }
    let root = workspace.root();
    let mut assignments = Vec::new();
    for file in workspace.policies(&[]) {
        let templates: Vec<String> = workspace
            .entry(file.entry)
            .map(|entry| {
                entry
                    .traces
                    .iter()
                    .map(|setting| setting.text.clone())
                    .collect()
            })
            .unwrap_or_default();
        if templates.is_empty() {
            continue;
        }
        let paths: Vec<PathBuf> = templates
            .iter()
            .map(|template| fill(template, &root, &file.path))
            .collect();
        let traces = expand(workspace, &paths);
        assignments.push(Assignment {
            policy: Some(file),
            traces,
            problems: Vec::new(),
        });
    }
    assignments
}

/// The files that paths name: a directory stands for the traces in it.
pub(super) fn expand(workspace: &mut Workspace, paths: &[PathBuf]) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        match input::walk(path, is_trace) {
            Ok(found) => files.extend(found),
            Err(failure) => workspace.failures.push(failure),
        }
    }
    files
}

/// Whether a file found while walking is taken for a trace. Logs go by any
/// name, so those of other names are read where they are named.
fn is_trace(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy());
    let name = name.unwrap_or_default();
    [".jsonl", ".jsonl.gz", ".jsonl.zst"]
        .iter()
        .any(|ending| name.ends_with(ending))
}

fn by_policy(
    workspace: &mut Workspace,
    paths: &[PathBuf],
    policy: Option<&Path>,
    configured: Vec<Assignment>,
) -> Vec<Assignment> {
    let mut assignments: Vec<(PathBuf, Assignment)> = Vec::new();
    let fallback = fallback(&configured);
    for trace in expand(workspace, paths) {
        let named = match policy {
            Some(policy) => Ok(policy.to_path_buf()),
            None => named_by(workspace, &trace, &configured, fallback.as_deref()),
        };
        let wanted = match named {
            Ok(wanted) => wanted,
            Err(problems) => {
                let problems = problems.into_iter().map(|problem| *problem).collect();
                assignments.push((
                    PathBuf::new(),
                    Assignment {
                        problems,
                        ..Assignment::default()
                    },
                ));
                continue;
            }
        };
        match assignments.iter_mut().find(|(path, _)| *path == wanted) {
            Some((_, assignment)) => assignment.traces.push(trace),
            None => {
                let entry = configured.iter().filter_map(|known| known.policy.as_ref());
                let entry = entry
                    .clone()
                    .find(|file| same_file(&file.path, &wanted))
                    .and_then(|file| file.entry);
                let policy = workspace.load(&wanted, entry);
                assignments.push((
                    wanted,
                    Assignment {
                        policy,
                        traces: vec![trace],
                        problems: Vec::new(),
                    },
                ));
            }
        }
    }
    assignments
        .into_iter()
        .map(|(_, assignment)| assignment)
        .collect()
}

/// The configuration's only policy, or `policy.json` here.
fn fallback(configured: &[Assignment]) -> Option<PathBuf> {
    match configured {
        [] => Some(PathBuf::from("policy.json")),
        [only] => only.policy.as_ref().map(|file| file.path.clone()),
        _ => None,
    }
}

/// Whether two paths lead to the same file.
pub(super) fn same_file(a: &Path, b: &Path) -> bool {
    match (a.canonicalize(), b.canonicalize()) {
        (Ok(a), Ok(b)) => a == b,
        _ => a == b,
    }
}

/// The policy of one trace: its header's, else that of the configuration's
/// entry that has it, else the fallback. The error is what is wrong with the
/// header's, or nothing when a failure has been kept.
fn named_by(
    workspace: &mut Workspace,
    trace: &Path,
    configured: &[Assignment],
    fallback: Option<&Path>,
) -> Result<PathBuf, Option<Box<Finding>>> {
    let opened = open_unless_stdin(trace, workspace.reading).map_err(|failure| {
        workspace.failures.push(failure);
        None
    })?;
    if let Some((header, policy, span)) =
        opened.as_ref().and_then(Trace::header).and_then(|header| {
            header
                .policy
                .as_ref()
                .map(|(policy, span)| (header, policy, *span))
        })
    {
        let path = trace.parent().unwrap_or(Path::new("")).join(policy);
        let problem = match stays_inside(&path, &workspace.root()) {
            Ok(()) => return Ok(path),
            Err(problem) => problem,
        };
        let location = header.locate(&mut workspace.sources, &input::display_name(trace), span);
        let message = format!("The policy {policy:?} of this trace {problem}");
        let finding = Finding::new(RuleId::Trace, Severity::Error, location, "/policy", message);
        return Err(Some(Box::new(finding)));
    }
    let holder = configured
        .iter()
        .find(|assignment| {
            assignment
                .traces
                .iter()
                .any(|known| same_file(known, trace))
        })
        .and_then(|assignment| assignment.policy.as_ref());
    match (holder, fallback) {
        (Some(file), _) => Ok(file.path.clone()),
        (None, Some(path)) => Ok(path.to_path_buf()),
        (None, None) => {
            workspace.failures.push(Failure {
                input: input::display_name(trace),
                message: "names no policy, and the configuration has several; use --policy"
                    .to_owned(),
            });
            Err(None)
        }
    }
}

/// Standard input can be read only once, so its header is not looked at.
fn open_unless_stdin(trace: &Path, settings: Settings) -> Result<Option<Trace>, Failure> {
    if trace == Path::new(input::STDIN) {
        Ok(None)
    } else {
        open(trace, settings).map(Some)
    }
}

/// Whether a path that stands inside a file stays in the directory it must
/// not leave, symbolic links followed (surfaces.md §1).
fn stays_inside(path: &Path, root: &Path) -> Result<(), String> {
    let real = path
        .canonicalize()
        .map_err(|error| format!("cannot be read: {}", input::plain(&error)))?;
    let root = root
        .canonicalize()
        .map_err(|error| format!("cannot be read: {}", input::plain(&error)))?;
    if real.starts_with(&root) {
        Ok(())
    } else {
        Err(format!("leads out of {}", input::display_name(&root)))
    }
}
