//! Which traces there are, and which policy each is replayed through: the one
//! of the command line, else the trace's own, else the configuration's.

use std::collections::{HashMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::evidence::sha256;
use super::files::{InputFile, Root, input_files, spelled_out, spelling};
use super::input::{self, same_file};
use super::listing::fill;
use super::problems::Problems;
use super::progress::Watched;
use super::unpack::{Allowance, unpacked, unpacked_within};
use super::workspace::{DEFAULT_POLICY, PolicyFile, Workspace};
use mcppolicy_analysis::finding::{Finding, RuleId, Severity};
use mcppolicy_analysis::report::Failure;
use mcppolicy_engine::source::{Location, SourceMap};
use mcppolicy_trace::trace::Trace;
use mcppolicy_trace::trace::options::{Format, GrantFrom, Settings};
use mcppolicy_trace::trace::recognise::reader;

/// A policy and the traces to replay through it.
#[derive(Debug, Default)]
pub(crate) struct Assignment {
    /// The policy; `None` when it could not be found or read.
    pub policy: Option<PolicyFile>,
    /// The traces in order.
    pub traces: Vec<InputFile>,
    /// What is wrong with the assignment itself.
    pub problems: Vec<Finding>,
}

/// How much a trace of a change may unpack to: 256 MiB. What a person names may be
/// of any size.
const MOST_UNPACKED: u64 = 256 << 20;

/// How many bytes the traces of a change may still have, over all policies of the
/// run that they are replayed for: 512 MiB at its beginning.
static LEFT: AtomicU64 = AtomicU64::new(512 << 20);

/// The directory of traces when nothing names one.
pub(crate) const DEFAULT_TRACES: &str = "traces";

/// How to read logs that are no native traces.
#[derive(Args, Debug, Default, Clone, Copy)]
pub(crate) struct ReadingArgs {
    /// The format of the logs, when their content should not decide; a wrong one lists all
    #[arg(long, value_name = "FORMAT", value_parser = formats(), hide_possible_values = true)]
    pub from: Option<Format>,
    /// What to use as the gateway's grant in logs, which do not record it
    /// [default: session where there is one, else file]
    #[arg(long, value_name = "WHAT", value_parser = grants())]
    pub grant_from: Option<GrantFrom>,
    /// Read also spans of tools that may be no MCP requests
    #[arg(long)]
    pub include_tools: bool,
}

impl ReadingArgs {
    /// The same as settings of the trace readers.
    pub fn settings(self) -> Settings {
        Settings {
            format: self.from,
            grant_from: self.grant_from,
            include_tools: self.include_tools,
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

/// Opens a trace.
///
/// # Errors
/// A trace that cannot or must not be read.
pub(crate) fn open(
    file: &InputFile,
    settings: Settings,
    sources: &mut SourceMap,
) -> Result<Trace, Problems> {
    let opened = file.open();
    let opened = opened.map_err(|refusal| file.problem(&refusal, RuleId::Trace, sources))?;
    let name = file.name();
    let input = Watched::new(opened.input, &name, opened.length);
    let input = if file.is_checked() {
        let each = MOST_UNPACKED;
        unpacked_within(input, Allowance { each, left: &LEFT })
    } else {
        unpacked(input)
    };
    input
        .and_then(|input| reader(input, settings))
        .and_then(|reader| Trace::open(name, reader))
        .map_err(|error| Problems::from(failure(file.path(), &error)))
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
    let (files, mut problems) = expand(paths);
    let assigned = assign_files(workspace, paths.is_empty(), files, policy, sources);
    (problems.keep(assigned), problems)
}

/// The same for traces that are found already: `files`, and with `whole` those of
/// the configuration, else of `traces/` here.
pub(crate) fn assign_files(
    workspace: &Workspace,
    whole: bool,
    files: Vec<InputFile>,
    policy: Option<&Path>,
    sources: &mut SourceMap,
) -> (Vec<Assignment>, Problems) {
    let mut problems = Problems::default();
    let configured = match workspace.config {
        Some(_) => problems.keep(configured(workspace, sources)),
        None => Vec::new(),
    };
    let is_configured = whole && workspace.config.is_some() && policy.is_none();
    if is_configured && files.is_empty() {
        return (configured, problems);
    }
    let mut traces = files;
    if whole && !is_configured {
        let here = in_directory(workspace, Path::new(DEFAULT_TRACES), None, sources);
        traces.splice(0..0, problems.keep(here));
    }
    if is_configured {
        let of_config = configured.iter().flat_map(|of| &of.traces);
        traces.splice(0..0, of_config.cloned().collect::<Vec<_>>());
        traces = each_once(traces);
    }
    let mut assigning = Assigning {
        workspace,
        policy,
        fallback: fallback(&configured),
        entries: entries(&configured),
        of_traces: of_traces(&configured),
        sources,
        assigned: Vec::new(),
        known: HashMap::new(),
    };
    for trace in traces {
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
        if let Some(traces) = configured_for(workspace, &file, sources) {
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
    sources: &mut SourceMap,
) -> Option<(Vec<InputFile>, Problems)> {
    let root = workspace.root();
    let templates = &workspace.entry(file.entry)?.traces;
    if templates.is_empty() {
        return None;
    }
    let mut files = Vec::new();
    let mut problems = Problems::default();
    let mut seen = HashSet::new();
    for template in templates {
        let path = fill(&template.text, &root, &file.path);
        let location = Some(template.location);
        if !seen.insert(spelling(&path)) {
            continue;
        }
        if workspace.is_dir(&path) {
            files.extend(problems.keep(in_directory(workspace, &path, location, sources)));
        } else {
            files.push(workspace.file(path, location));
        }
    }
    Some((each_once(files), problems))
}

/// The traces in a directory that the configuration names at a location, or
/// that is looked for; none where there is no such directory.
pub(crate) fn in_directory(
    workspace: &Workspace,
    dir: &Path,
    location: Option<Location>,
    sources: &mut SourceMap,
) -> (Vec<InputFile>, Problems) {
    let is_dir = match workspace.checkout() {
        Some(_) => Ok(workspace.is_dir(dir)),
        None => workspace.bounds().is_dir(dir),
    };
    match is_dir {
        Ok(false) => (Vec::new(), Problems::default()),
        Ok(true) => match workspace.list(dir, &is_trace) {
            Ok(found) => {
                let files = found.into_iter();
                let files = files.map(|path| workspace.file(path, location));
                (files.collect(), Problems::default())
            }
            Err(failure) => (Vec::new(), Problems::from(failure)),
        },
        Err(refusal) => {
            let file = workspace.file(dir, location);
            let problems = file.problem(&refusal, RuleId::Trace, sources);
            (Vec::new(), problems)
        }
    }
}

/// The files that paths of the command line name, each once: a directory means
/// the traces in it.
pub(crate) fn expand(paths: &[PathBuf]) -> (Vec<InputFile>, Problems) {
    let mut problems = Problems::default();
    let mut seen = HashSet::new();
    let paths = paths.iter().filter(|path| seen.insert(spelling(path)));
    let files = paths.flat_map(|path| problems.keep(input_files(path, is_trace)));
    (each_once(files.collect()), problems)
}

/// The files without those that an earlier one spells otherwise.
fn each_once(mut files: Vec<InputFile>) -> Vec<InputFile> {
    let mut seen = HashSet::new();
    files.retain(|file| seen.insert(spelling(file.path())));
    files
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
    /// The configuration's entries for policies, by the real path of each.
    entries: HashMap<PathBuf, Option<usize>>,
    /// The configuration's policies of traces, by the real path of each.
    of_traces: HashMap<PathBuf, PathBuf>,
    /// The policy of traces that nothing else assigns.
    fallback: Option<PathBuf>,
    sources: &'a mut SourceMap,
    /// By the policy's path; traces without a policy have the empty path.
    assigned: Vec<(PathBuf, Assignment)>,
    /// The position of each policy among those.
    known: HashMap<PathBuf, usize>,
}

/// The path that `path` leads to, itself where it leads nowhere.
fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_path_buf())
}

fn entries(configured: &[Assignment]) -> HashMap<PathBuf, Option<usize>> {
    let mut entries = HashMap::new();
    for file in configured.iter().filter_map(|of| of.policy.as_ref()) {
        entries.entry(real(&file.path)).or_insert(file.entry);
    }
    entries
}

fn of_traces(configured: &[Assignment]) -> HashMap<PathBuf, PathBuf> {
    let mut policies = HashMap::new();
    for of in configured {
        let Some(policy) = &of.policy else { continue };
        for trace in &of.traces {
            policies
                .entry(real(trace.path()))
                .or_insert_with(|| policy.path.clone());
        }
    }
    policies
}

impl Assigning<'_> {
    /// Adds one trace. The problems are files that cannot be read.
    fn add(&mut self, trace: InputFile) -> Problems {
        let policy = match self.policy {
            Some(policy) => Ok((InputFile::of_person(policy), None)),
            None => self.policy_of(&trace),
        };
        let (policy, chosen) = match policy {
            Ok(policy) => policy,
            Err(problems) => {
                self.assigned.push(Default::default());
                return problems;
            }
        };
        let path = policy.path().to_path_buf();
        let known = self.known.get(&path).copied();
        if let Some((_, assignment)) = known.and_then(|at| self.assigned.get_mut(at)) {
            assignment.traces.push(trace);
            assignment.problems.extend(chosen);
            return Problems::default();
        }
        self.known.insert(path.clone(), self.assigned.len());
        let mut problems = Problems::default();
        let entry = self.entry_of(&path);
        let read = PolicyFile::open(&policy, entry, RuleId::Trace, self.sources);
        let assignment = Assignment {
            policy: problems.keep_problems(read),
            traces: vec![trace],
            problems: chosen.into_iter().collect(),
        };
        self.assigned.push((path, assignment));
        problems
    }

    /// The configuration's entry for a policy.
    fn entry_of(&self, policy: &Path) -> Option<usize> {
        self.entries.get(&real(policy)).copied().flatten()
    }

    /// The policy of one trace: its header's, else that of the configuration's
    /// entry that has it, else the fallback. With the header's comes a finding
    /// where the configuration or the working directory gives another.
    fn policy_of(&mut self, trace: &InputFile) -> Result<(InputFile, Option<Finding>), Problems> {
        let path = trace.path();
        let configured = self.of_traces.get(&real(path)).cloned();
        let given = configured.or_else(|| self.fallback.clone());
        // Standard input can be read only once, so its header is not looked at.
        if !trace.is_stdin() {
            let opened = open(trace, self.workspace.reading, self.sources)?;
            if let Some(named) = Named::of(&opened, trace, self.workspace, self.sources) {
                let is_given = given.is_some_and(|given| named.is(&given));
                let finding = (!is_given).then(|| named.finding(trace));
                return Ok((named.policy, finding));
            }
        }
        let given = given.ok_or_else(|| Failure {
            input: trace.name(),
            message: "names no policy, and the configuration has several; use --policy".to_owned(),
        })?;
        Ok((self.workspace.file(given, None), None))
    }
}

/// The policy that a trace's header names.
struct Named {
    policy: InputFile,
    location: Location,
}

impl Named {
    /// The policy that the header of a trace names, which must lie below the
    /// configuration or, without one, the working directory.
    fn of(
        opened: &Trace,
        trace: &InputFile,
        workspace: &Workspace,
        sources: &mut SourceMap,
    ) -> Option<Named> {
        let header = opened.header()?;
        let (policy, span) = header.policy.as_ref()?;
        let location = header.locate(sources, &trace.name(), *span);
        let dir = trace.path().parent().unwrap_or(Path::new(""));
        // A person may have reached the trace over a link.
        let dir = dir.canonicalize().unwrap_or_else(|_| dir.to_path_buf());
        let path = spelled_out(&dir.join(policy));
        let root = Root::at(&workspace.root());
        Some(Named {
            policy: InputFile::below(&root, path, location)
                .at_pointer("/policy")
                .of_checkout(workspace.checkout()),
            location,
        })
    }

    fn is(&self, other: &Path) -> bool {
        same_file(self.policy.path(), other)
    }

    fn finding(&self, trace: &InputFile) -> Finding {
        let (trace, policy) = (trace.name(), self.policy.name());
        let message = format!("The header of {trace} chose the policy {policy}");
        let (rule, note) = (RuleId::Trace, Severity::Note);
        Finding::new(rule, note, self.location, "/policy", message)
    }
}

/// Problems of traces whose header names another policy than the one that the
/// configuration tests with them. A gate that followed such a header would test
/// a policy of the change's choice.
pub(crate) fn foreign_policies(
    workspace: &Workspace,
    policy: &Path,
    traces: &[InputFile],
    sources: &mut SourceMap,
) -> Vec<Finding> {
    let mut found = Vec::new();
    for trace in traces {
        // What cannot be read is reported where it is replayed.
        let Ok(opened) = open(trace, workspace.reading, &mut SourceMap::new()) else {
            continue;
        };
        let Some(named) = Named::of(&opened, trace, workspace, sources) else {
            continue;
        };
        if !named.is(policy) {
            let (trace, policy) = (trace.name(), input::display_name(policy));
            let message = format!(
                "The header of {trace} names another policy than {policy}, which the \
                 configuration tests with it"
            );
            let help = format!("remove `policy` from the header, or list {trace} where it belongs");
            let (rule, error) = (RuleId::Trace, Severity::Error);
            let finding = Finding::new(rule, error, named.location, "/policy", message);
            found.push(finding.help(help));
        }
    }
    found
}

/// The policy of a trace that no entry of the configuration has: its only one
/// with traces, or its only one at all, or `policy.json` here.
pub(crate) fn fallback_policy(workspace: &Workspace, files: &[PolicyFile]) -> Option<PathBuf> {
    let has_traces = |file: &PolicyFile| {
        let entry = workspace.entry(file.entry);
        entry.is_some_and(|entry| !entry.traces.is_empty())
    };
    let with_traces: Vec<&PolicyFile> = files.iter().filter(|file| has_traces(file)).collect();
    let only = match (with_traces.as_slice(), files) {
        ([only], _) => only,
        ([], [only]) => only,
        _ => return None,
    };
    Some(only.path.clone())
}

/// Warnings about traces that a guard wrote under a policy of another digest than
/// that of `policy`: what they expect may be what another policy decided.
pub(crate) fn of_other_policies(
    policy: &PolicyFile,
    traces: &[InputFile],
    reading: Settings,
    sources: &mut SourceMap,
) -> Vec<Finding> {
    let file = policy.policy.as_ref().map(|policy| policy.file);
    let Some(digest) = file.map(|file| sha256(sources.get(file).text())) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    // Standard input can be read only once.
    for trace in traces.iter().filter(|trace| !trace.is_stdin()) {
        // What cannot be read is reported where it is replayed.
        let Ok(opened) = open(trace, reading, &mut SourceMap::new()) else {
            continue;
        };
        let Some(header) = opened.header() else {
            continue;
        };
        let Some((written, span)) = header.policy_sha256.as_ref().filter(|of| of.0 != digest)
        else {
            continue;
        };
        let location = header.locate(sources, &trace.name(), *span);
        let message = format!(
            "{} was written under a policy with the digest {written}, and not under {}",
            trace.name(),
            policy.name
        );
        let (rule, warning) = (RuleId::Trace, Severity::Warning);
        found.push(Finding::new(
            rule,
            warning,
            location,
            "/policy_sha256",
            message,
        ));
    }
    found
}

/// The configuration's only policy, or `policy.json` here.
fn fallback(configured: &[Assignment]) -> Option<PathBuf> {
    match configured {
        [] => Some(PathBuf::from(DEFAULT_POLICY)),
        [only] => only.policy.as_ref().map(|file| file.path.clone()),
        _ => None,
    }
}
