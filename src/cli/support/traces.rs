//! Which traces there are, and which policy each is replayed through: the one
//! of the command line, else the trace's own, else the configuration's.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::input::{self, same_file};
use super::problems::Problems;
use super::progress::Watched;
use super::unpack::unpacked;
use super::workspace::{DEFAULT_POLICY, PolicyFile, Workspace, fill};
use mcppolicy_analysis::finding::{Finding, RuleId, Severity};
use mcppolicy_analysis::report::Failure;
use mcppolicy_engine::source::SourceMap;
use mcppolicy_trace::trace::Trace;
use mcppolicy_trace::trace::options::{Format, GrantFrom, Settings};
use mcppolicy_trace::trace::recognise::reader;

/// A policy and the traces to replay through it.
#[derive(Debug, Default)]
pub(crate) struct Assignment {
    /// The policy; `None` when it could not be found or read.
    pub policy: Option<PolicyFile>,
    /// The traces in order.
    pub traces: Vec<PathBuf>,
    /// What is wrong with the assignment itself.
    pub problems: Vec<Finding>,
}

/// The directory of traces when nothing names one.
pub(crate) const DEFAULT_TRACES: &str = "traces";

/// How to read logs that are no native traces.
#[derive(Args, Debug, Default, Clone, Copy)]
pub(crate) struct ReadingArgs {
    /// The format of the logs, when their content should not decide
    #[arg(long, value_name = "FORMAT", value_parser = formats())]
    pub from: Option<Format>,
    /// What to use as the gateway's grant in logs, which do not record it
    /// [default: session where there is one, else file]
    #[arg(long, value_name = "WHAT", value_parser = grants())]
    pub grant_from: Option<GrantFrom>,
}

impl ReadingArgs {
    /// The same as settings of the trace readers.
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
pub(crate) fn open(path: &Path, settings: Settings) -> Result<Trace, Failure> {
    let name = input::display_name(path);
    let unpacked = if path == Path::new(input::STDIN) {
        unpacked(Watched::new(io::stdin(), &name, None))
    } else if path.is_dir() {
        return Err(Failure {
            input: name,
            message: "is a directory, a file is needed".to_owned(),
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
pub(crate) fn failure(path: &Path, error: &io::Error) -> Failure {
    Failure {
        input: input::display_name(path),
        message: input::plain(error),
    }
}

/// Finds the traces that `paths` name (without any, those of the
/// configuration, else `traces/` here) and groups them by policy: by `policy`,
/// if it is given.
pub(crate) fn assign(
    workspace: &Workspace,
    paths: &[PathBuf],
    policy: Option<&Path>,
    sources: &mut SourceMap,
) -> (Vec<Assignment>, Problems) {
    let mut problems = Problems::default();
    let configured = match workspace.config {
        Some(_) => problems.keep(configured(workspace, sources)),
        None => Vec::new(),
    };
    if paths.is_empty() && workspace.config.is_some() && policy.is_none() {
        return (configured, problems);
    }
    let here = [PathBuf::from(DEFAULT_TRACES)];
    let paths = match paths {
        [] if Path::new(DEFAULT_TRACES).is_dir() => here.as_slice(),
        paths => paths,
    };
    let mut assigning = Assigning {
        workspace,
        policy,
        fallback: fallback(&configured),
        configured,
        sources,
        assigned: Vec::new(),
    };
    for trace in problems.keep(expand(paths)) {
        problems.extend(assigning.add(trace));
    }
    let assigned = assigning.assigned.into_iter();
    (
        assigned.map(|(_, assignment)| assignment).collect(),
        problems,
    )
}

/// The configuration's policies that name traces, with those traces.
fn configured(workspace: &Workspace, sources: &mut SourceMap) -> (Vec<Assignment>, Problems) {
    let (files, mut problems) = workspace.policies(&[], sources);
    let mut assignments = Vec::new();
    for file in files {
        if let Some(traces) = configured_for(workspace, &file) {
            assignments.push(Assignment {
                traces: problems.keep(traces),
                policy: Some(file),
                problems: Vec::new(),
            });
        }
    }
    (assignments, problems)
}

/// The traces that the configuration names for a policy; `None` when it names
/// none. The problems are directories that cannot be read.
pub(crate) fn configured_for(
    workspace: &Workspace,
    file: &PolicyFile,
) -> Option<(Vec<PathBuf>, Problems)> {
    let root = workspace.root();
    let templates = &workspace.entry(file.entry)?.traces;
    let filled = templates.iter();
    let paths: Vec<PathBuf> = filled
        .map(|template| fill(&template.text, &root, &file.path))
        .collect();
    (!paths.is_empty()).then(|| expand(&paths))
}

/// The files that paths name: a directory means the traces in it.
pub(crate) fn expand(paths: &[PathBuf]) -> (Vec<PathBuf>, Problems) {
    let mut files = Vec::new();
    let mut problems = Problems::default();
    for path in paths {
        if path.is_dir() {
            let found = problems.keep_failure(input::walk(path, is_trace));
            files.extend(found.unwrap_or_default());
        } else {
            files.push(path.clone());
        }
    }
    (files, problems)
}

/// Whether a file found while walking is taken for a trace. Logs go by any
/// name, so those of other names are read where they are named.
pub(crate) fn is_trace(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy());
    let name = name.unwrap_or_default();
    [".jsonl", ".jsonl.gz", ".jsonl.zst"]
        .iter()
        .any(|ending| name.ends_with(ending))
}

/// Traces that are being grouped by policy.
struct Assigning<'a> {
    workspace: &'a Workspace,
    /// The policy of the command line.
    policy: Option<&'a Path>,
    configured: Vec<Assignment>,
    /// The policy of traces that nothing else assigns.
    fallback: Option<PathBuf>,
    sources: &'a mut SourceMap,
    /// By the policy's path; traces without a policy have the empty path.
    assigned: Vec<(PathBuf, Assignment)>,
}

impl Assigning<'_> {
    /// Adds one trace. The problems are files that cannot be read.
    fn add(&mut self, trace: PathBuf) -> Problems {
        let policy = match self.policy {
            Some(policy) => Ok(policy.to_path_buf()),
            None => self.policy_of(&trace),
        };
        let policy = match policy {
            Ok(policy) => policy,
            Err(Unassigned::Failure(failure)) => {
                self.assigned.push(Default::default());
                return Problems::from(failure);
            }
            Err(Unassigned::Finding(finding)) => {
                let problems = vec![*finding];
                let assignment = Assignment {
                    problems,
                    ..Assignment::default()
                };
                self.assigned.push((PathBuf::new(), assignment));
                return Problems::default();
            }
        };
        let mut known = self.assigned.iter_mut();
        if let Some((_, assignment)) = known.find(|(path, _)| *path == policy) {
            assignment.traces.push(trace);
            return Problems::default();
        }
        let mut problems = Problems::default();
        let read = PolicyFile::read(&policy, self.entry_of(&policy), self.sources);
        let assignment = Assignment {
            policy: problems.keep_failure(read),
            traces: vec![trace],
            problems: Vec::new(),
        };
        self.assigned.push((policy, assignment));
        problems
    }

    /// The configuration's entry for a policy.
    fn entry_of(&self, policy: &Path) -> Option<usize> {
        let mut known = self.configured.iter().filter_map(|of| of.policy.as_ref());
        known.find(|file| same_file(&file.path, policy))?.entry
    }

    /// The policy of one trace: its header's, else that of the configuration's
    /// entry that has it, else the fallback.
    fn policy_of(&mut self, trace: &Path) -> Result<PathBuf, Unassigned> {
        let opened = open_unless_stdin(trace, self.workspace.reading)?;
        let header = opened.as_ref().and_then(Trace::header);
        if let Some((header, (policy, span))) =
            header.and_then(|header| Some((header, header.policy.as_ref()?)))
        {
            let path = trace.parent().unwrap_or(Path::new("")).join(policy);
            let Err(problem) = stays_inside(&path, &self.workspace.root()) else {
                return Ok(path);
            };
            let name = input::display_name(trace);
            let location = header.locate(self.sources, &name, *span);
            let message = format!("The policy {policy:?} of this trace {problem}");
            let finding =
                Finding::new(RuleId::Trace, Severity::Error, location, "/policy", message);
            return Err(Unassigned::Finding(Box::new(finding)));
        }
        let has_it = |of: &&Assignment| of.traces.iter().any(|known| same_file(known, trace));
        let configured = self.configured.iter().find(has_it);
        let configured = configured.and_then(|of| Some(of.policy.as_ref()?.path.clone()));
        configured.or_else(|| self.fallback.clone()).ok_or_else(|| {
            Unassigned::Failure(Failure {
                input: input::display_name(trace),
                message: "names no policy, and the configuration has several; use --policy"
                    .to_owned(),
            })
        })
    }
}

/// Why a trace has no policy.
enum Unassigned {
    /// The trace cannot be read, or nothing names its policy.
    Failure(Failure),
    /// Its header names a policy that it must not.
    Finding(Box<Finding>),
}

impl From<Failure> for Unassigned {
    fn from(failure: Failure) -> Unassigned {
        Unassigned::Failure(failure)
    }
}

/// The configuration's only policy, or `policy.json` here.
fn fallback(configured: &[Assignment]) -> Option<PathBuf> {
    match configured {
        [] => Some(PathBuf::from(DEFAULT_POLICY)),
        [only] => only.policy.as_ref().map(|file| file.path.clone()),
        _ => None,
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

/// Whether a path that a file names stays inside a directory, symbolic links
/// followed.
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
