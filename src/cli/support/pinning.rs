//! What `coverage` and `mutate` have in common: policies with their tests, what
//! has changed of them since a base, and the traces that are written.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use clap::Args;

use super::base::{Asked, Base};
use super::comparison::relative;
use super::files::{self, InputFile, spelling};
use super::input;
use super::inventories::Inventories;
use super::output::Requirements;
use super::problems::Problems;
use super::replay::{ReplayArgs, TimelineOf, options_for, test_run};
use super::sides::{self, Content};
use super::traces::{self, Assignment};
use super::workspace::{self, DEFAULT_POLICY, PolicyFile, Workspace};
use mcppolicy_analysis::compare::emit::TraceFile;
use mcppolicy_analysis::elements;
use mcppolicy_analysis::finding::RuleId;
use mcppolicy_analysis::inventory::Inventory;
use mcppolicy_analysis::lint;
use mcppolicy_analysis::replay::{Options, RunOutcome};
use mcppolicy_analysis::report::{Failure, TestRun};
use mcppolicy_analysis::suite::Suite;
use mcppolicy_engine::policy::Policy;
use mcppolicy_engine::source::SourceMap;
use mcppolicy_trace::trace::options::Settings;

/// Which policies, with which tests.
#[derive(Args, Debug, Default)]
pub(crate) struct PinningArgs {
    /// Traces, or directories of them
    #[arg(value_name = "TRACE")]
    pub traces: Vec<PathBuf>,
    /// The policy, before what a trace or the configuration names
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// The server's tools, before what the configuration names
    #[arg(long, value_name = "FILE")]
    pub inventory: Option<PathBuf>,
    /// The policy's server; calls to another are out of scope
    #[arg(long, value_name = "NAME")]
    pub server: Option<String>,
    /// Look only at what has changed since the merge base with this revision
    #[arg(long, value_name = "REV", allow_hyphen_values = true)]
    pub base: Option<String>,
    /// Which calls have counters in common: only `file`, those of one trace
    #[arg(long, value_name = "HOW", hide = true, value_parser = timeline)]
    pub timeline: Option<TimelineOf>,
    /// Write the missing tests as traces into a new or an empty directory
    #[arg(long, value_name = "DIR")]
    pub write_missing: Option<PathBuf>,
    /// Spend so many times the usual effort before giving up on a proof
    #[arg(long, value_name = "TIMES", default_value_t = 1)]
    pub effort: u32,
    /// Threads; the report does not depend on it [default: one a core]
    #[arg(long, value_name = "N")]
    pub threads: Option<std::num::NonZeroUsize>,
}

fn timeline(text: &str) -> Result<TimelineOf, String> {
    match text {
        "file" => Ok(TimelineOf::File),
        _ => Err("only `file` is known here: each trace is a test with counters of its own".into()),
    }
}

/// What can be read once and not again: standard input, a pipe.
fn is_stream(path: &Path) -> bool {
    let is_kept = path.is_file() || path.is_dir() || path == Path::new("/dev/null");
    path == Path::new(input::STDIN) || path.exists() && !is_kept
}

/// A policy with its tests.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// The policy's name in reports.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    pub policy: Policy,
    pub inventory: Option<Arc<Inventory>>,
    pub suite: Suite,
    /// The tests through the policy as it is.
    pub run: TestRun,
}

impl PinningArgs {
    fn replay(&self) -> ReplayArgs {
        ReplayArgs {
            server: self.server.clone(),
            threads: self.threads,
            ..ReplayArgs::default()
        }
    }

    /// Each policy with its tests. The problems are inputs that could not be read
    /// or are not valid.
    pub fn prepare(
        &self,
        workspace: &Workspace,
        sources: &mut SourceMap,
    ) -> (Vec<Prepared>, Problems) {
        let mut problems = Problems::default();
        let streams = self.traces.iter().filter(|path| is_stream(path));
        problems.failures.extend(streams.map(|path| {
            Failure {
                input: input::display_name(path),
                message: "can be read only once, and `coverage` and `mutate` read a trace twice; \
                      write it to a file"
                    .to_owned(),
            }
        }));
        if !problems.failures.is_empty() {
            return (Vec::new(), problems);
        }
        let assigned = traces::assign(workspace, &self.traces, self.policy.as_deref(), sources);
        let mut assignments = problems.keep(assigned);
        if assignments.is_empty() && self.traces.is_empty() {
            assignments.extend(self.untested(workspace, sources, &mut problems));
        }
        let assignments = by_policy(assignments);
        let run = self.replay().options(Requirements::default(), None);
        let mut prepared = Vec::new();
        for assignment in assignments {
            problems.findings.extend(assignment.problems);
            let Some(file) = assignment.policy else {
                continue;
            };
            let options = options_for(workspace, &file, &run);
            let inventory = self.inventory.as_deref();
            let traces = &assignment.traces;
            if !file.problems.is_empty() {
                problems.findings.extend(file.problems);
                continue;
            }
            let one = prepare(workspace, &file, traces, inventory, &options, sources);
            prepared.extend(problems.keep(one));
        }
        (prepared, problems)
    }

    /// The policy that is named or here, where it has no tests at all.
    fn untested(
        &self,
        workspace: &Workspace,
        sources: &mut SourceMap,
        problems: &mut Problems,
    ) -> Option<Assignment> {
        let file = match &self.policy {
            Some(policy) => InputFile::of_person(policy),
            None => {
                let here = Path::new(DEFAULT_POLICY);
                let is_here = workspace.config.is_none() && workspace.is_there(here);
                is_here.then(|| workspace.file(here, None))?
            }
        };
        let read = PolicyFile::open(&file, None, RuleId::Trace, sources);
        Some(Assignment {
            policy: Some(problems.keep_problems(read)?),
            ..Assignment::default()
        })
    }

    /// The elements of each policy, by its place, that have changed since the
    /// base; nothing where no base is named.
    pub fn changed(
        &self,
        workspace: &Workspace,
        prepared: &[Prepared],
        sources: &mut SourceMap,
    ) -> (Option<HashMap<PathBuf, HashSet<String>>>, Problems) {
        let Some(name) = &self.base else {
            return (None, Problems::default());
        };
        let mut problems = Problems::default();
        let asked = Asked {
            start: Path::new("."),
            name,
            submodule: false,
        };
        let Some(base) = problems.keep_problems(Base::at(asked, sources)) else {
            return (None, problems);
        };
        let checkout = Rc::clone(base.checkout());
        let (committed, _) = Workspace::of(workspace.start(), Some(checkout), sources);
        let pairs = problems.keep(sides::since(&committed, &base, Vec::new(), sources));
        let mut olds: HashMap<PathBuf, Option<Policy>> = HashMap::new();
        for pair in pairs {
            let old = match pair.old {
                Some(Content::Stored { name, bytes }) => workspace::parse(&name, &bytes, sources).0,
                _ => None,
            };
            olds.insert(real(&pair.file), old);
        }
        let mut changed = HashMap::new();
        for one in prepared {
            let old = olds.remove(&real(&one.path)).flatten();
            let elements = match &old {
                Some(old) => elements::changed(old, &one.policy),
                // All of a policy that the base does not have is new.
                None => elements::all(&one.policy),
            };
            changed.insert(one.path.clone(), elements);
        }
        (Some(changed), problems)
    }

    /// Where the missing tests go, which must not hold anything yet.
    pub fn directory(&self) -> Result<Option<&Path>, Failure> {
        let Some(dir) = self.write_missing.as_deref() else {
            return Ok(None);
        };
        let is_empty = dir
            .read_dir()
            .map_or(true, |mut entries| entries.next().is_none());
        if is_empty && !dir.is_file() {
            return Ok(Some(dir));
        }
        Err(Failure {
            input: input::display_name(dir),
            message: "is not an empty directory; nothing there is ever overwritten".to_owned(),
        })
    }
}

/// Assignments that lead to one policy as one: its tests count together, however
/// each trace spells the way to it.
fn by_policy(assignments: Vec<Assignment>) -> Vec<Assignment> {
    let mut merged: Vec<Assignment> = Vec::new();
    let mut known: HashMap<PathBuf, usize> = HashMap::new();
    for assignment in assignments {
        let file = assignment.policy.as_ref();
        let path = file.map(|file| real(&file.path));
        let earlier = path.as_ref().and_then(|path| known.get(path)).copied();
        match earlier.and_then(|at| merged.get_mut(at)) {
            Some(first) => {
                first.traces.extend(assignment.traces);
                first.problems.extend(assignment.problems);
            }
            None => {
                known.extend(path.map(|path| (path, merged.len())));
                merged.push(assignment);
            }
        }
    }
    merged
}

/// A path by which files that are the same have one name.
pub(crate) fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| spelling(path))
}

/// A policy with its tests, when it is valid.
pub(crate) fn prepare(
    workspace: &Workspace,
    file: &PolicyFile,
    traces: &[InputFile],
    inventory: Option<&Path>,
    options: &Options,
    sources: &mut SourceMap,
) -> (Option<Prepared>, Problems) {
    let mut problems = Problems::default();
    let Some(policy) = file.policy.clone() else {
        return (None, problems);
    };
    let settings = lint::Settings::default();
    let read = Inventories::default().settings_for(workspace, file, inventory, &settings, sources);
    let (_, inventory) = problems.keep(read);
    let reading = workspace.reading;
    let run = test_run(&file.name, &policy, options, traces, reading, sources);
    let run = problems.keep(run);
    let suite = problems.keep(suite(traces, options, reading));
    let prepared = Prepared {
        name: file.name.clone(),
        path: file.path.clone(),
        policy,
        inventory,
        suite,
        run,
    };
    (Some(prepared), problems)
}

/// The calls of traces, read once more: what is wrong with the traces, the replay
/// has reported.
fn suite(traces: &[InputFile], options: &Options, reading: Settings) -> (Suite, Problems) {
    let mut problems = Problems::default();
    let mut suite = Suite::new(Some(options.max_lateness));
    for file in traces {
        let Ok(mut trace) = traces::open(file, reading, &mut SourceMap::new()) else {
            continue;
        };
        let read = suite.read(&mut trace, options.server.as_deref());
        problems.keep_failure(read.map_err(|error| traces::failure(file.path(), &error)));
    }
    suite.finish();
    (suite, problems)
}

impl Prepared {
    /// Whether the tests fail as it is, so that nothing can be asked of them.
    pub fn is_broken(&self) -> bool {
        matches!(
            self.run.outcome,
            RunOutcome::Failed | RunOutcome::InvalidTrace
        )
    }

    /// The file and the line of each call of the tests.
    pub fn places(&self) -> Vec<(String, usize)> {
        let each = self.suite.calls.iter().map(|call| {
            let name = self.suite.traces.get(call.trace).cloned();
            (name.unwrap_or_default(), call.call.line)
        });
        each.collect()
    }

    /// The policy's path relative to traces in `dir`.
    pub fn header(&self, dir: &Path) -> Option<String> {
        relative(&self.path, dir)
    }
}

/// Writes traces into `dir`, and returns their names in reports. With several
/// policies each one's begin with its number.
///
/// # Errors
/// A file that is there, or cannot be written.
pub(crate) fn write(
    dir: &Path,
    traces: &[TraceFile],
    number: Option<usize>,
) -> Result<Vec<String>, Failure> {
    let failure = |path: &Path, error: &std::io::Error| Failure {
        input: input::display_name(path),
        message: input::plain(error),
    };
    files::make_directory(dir).map_err(|error| failure(dir, &error))?;
    let mut written = Vec::new();
    for trace in traces {
        let name = match number {
            Some(number) => format!("{number:03}-{}", trace.file),
            None => trace.file.clone(),
        };
        let path = dir.join(name);
        files::create_new(&path, trace.text.as_bytes()).map_err(|error| failure(&path, &error))?;
        written.push(input::display_name(&path));
    }
    Ok(written)
}
