//! `mcppolicy test`: replays recorded calls and compares the decisions with
//! what the traces expect.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use clap::{Args, ValueEnum};

use crate::cli::support::configuration;
use crate::cli::support::configured::{self, Otherwise};
use crate::cli::support::files::{self, InputFile, Role};
use crate::cli::support::input;
use crate::cli::support::output::{OutputArgs, Requirements, complain, deliver, inform};
use crate::cli::support::problems::Problems;
use crate::cli::support::replay::{ReplayArgs, options_for, test_run};
use crate::cli::support::traces::{self, Assignment, DEFAULT_TRACES};
use crate::cli::support::unpack::Packed;
use crate::cli::support::workspace::{DEFAULT_POLICY, Workspace};
use mcppolicy_analysis::replay::share::Share;
use mcppolicy_analysis::replay::{Options, update};
use mcppolicy_analysis::report::{Body, Exit, Failure, Report, SharedRun, Tested};
use mcppolicy_engine::engine::Engine;
use mcppolicy_engine::source::SourceMap;
use mcppolicy_trace::trace::options::{Format, Settings};

/// Arguments of `test`.
#[derive(Args, Debug, Default)]
pub(crate) struct TestArgs {
    /// Traces, directories of them, or - for standard input
    #[arg(value_name = "TRACE")]
    traces: Vec<PathBuf>,
    /// The policy, before what a trace or the configuration names
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    #[command(flatten)]
    replay: ReplayArgs,
    /// Write the current decisions as `expect` into the traces
    #[arg(long, conflicts_with = "partition")]
    update: bool,
    /// Take one share of the grants: hash:2/8, or given:2/8 where no other calls are
    /// given; `merge` joins the shares' JSON reports
    #[arg(long, value_name = "BY:K/N", value_parser = Share::parse)]
    partition: Option<Share>,
    /// Keep in a share's JSON report what `merge` needs to write junit or html;
    /// may be repeated
    #[arg(long, value_name = "FORMAT", requires = "partition")]
    merge_as: Vec<MergeAs>,
    #[command(flatten)]
    output: OutputArgs,
}

// The variants have no doc comments: each would take a line of the help.

/// The formats that need more of a share than others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum MergeAs {
    Junit,
    Html,
}

impl TestArgs {
    fn requirements(&self) -> Requirements {
        let own = self.output.requirements();
        Requirements {
            passed: own.passed || self.merge_as.contains(&MergeAs::Junit),
            usage: own.usage || self.merge_as.contains(&MergeAs::Html),
            arguments: own.arguments,
        }
    }
}

/// Runs `test`.
pub(crate) fn run(args: &TestArgs) -> Exit {
    let mut sources = SourceMap::new();
    let (assignments, problems) = assigned(args, &mut sources);

    let options = args.replay.options(args.requirements(), args.partition);
    let mut tested = Tested {
        shared: args.partition.map(|_| SharedRun {
            options: options.clone(),
            reading: args.replay.reading.settings(),
            assigned: !assignments.is_empty(),
        }),
        findings: problems.findings,
        ..Tested::default()
    };
    let mut failures = problems.failures;
    for (workspace, assignment) in assignments {
        tested.findings.extend(assignment.problems);
        let Some(file) = assignment.policy else {
            continue;
        };
        let Some(policy) = &file.policy else {
            tested.findings.extend(file.problems);
            continue;
        };
        let other =
            traces::of_other_policies(&file, &assignment.traces, workspace.reading, &mut sources);
        tested.findings.extend(other);
        let options = options_for(&workspace, &file, &options);
        let (traces, reading) = (&assignment.traces, workspace.reading);
        for name in empty(traces) {
            complain(&format!("{name} is empty: there is no call in it"));
        }
        if args.update {
            let engine = Engine::new(policy);
            failures.extend(rewrite(&engine, &options, traces, reading, &mut sources));
        }
        let run = test_run(&file.name, policy, &options, traces, reading, &mut sources);
        let (run, problems) = run;
        failures.extend(problems.failures);
        tested.findings.extend(problems.findings);
        tested.runs.push(run);
    }

    let report = Report {
        command: "test",
        sources: &sources,
        failures,
        assumptions: tested.assumptions(),
        fail_on: None,
        body: Body::Tested(tested),
    };
    if let (Exit::NothingToDo, Body::Tested(tested)) = (report.exit(), &report.body)
        && tested.traces() == 0
    {
        complain("no trace found: name one, put it into traces/, or list it in mcppolicy.toml");
    }
    deliver(&report, &args.output)
}

/// The policies with their traces, each with the workspace of the configuration that
/// is in force for it: that of the policy of the command line, else the nearest of each
/// trace, else that of the working directory.
fn assigned(
    args: &TestArgs,
    sources: &mut SourceMap,
) -> (Vec<(Rc<Workspace>, Assignment)>, Problems) {
    let mut problems = Problems::default();
    let mut assigning = Assigning {
        reading: args.replay.reading.settings(),
        all: Vec::new(),
    };
    if let Some(policy) = &args.policy {
        let start = configured::beside(policy);
        let workspace = problems.keep(Workspace::open(&start, sources));
        let files = problems.keep(traces::expand(&args.traces));
        let whole = args.traces.is_empty();
        problems.extend(assigning.add(workspace, whole, files, Some(policy), sources));
        return (assigning.all, problems);
    }
    let (alone, paths): (Vec<PathBuf>, Vec<PathBuf>) = args
        .traces
        .iter()
        .cloned()
        .partition(|path| has_only_policy(path));
    if !paths.is_empty() || alone.is_empty() {
        let grouped =
            configured::by_configuration(&paths, traces::is_trace, Otherwise::Here, sources);
        for group in problems.keep(grouped) {
            let (workspace, files) = (group.workspace, group.files);
            problems.extend(assigning.add(workspace, group.whole, files, None, sources));
        }
    }
    for dir in alone {
        let workspace = Workspace::without_config(&dir);
        let found = traces::in_directory(&workspace, &dir.join(DEFAULT_TRACES), None, sources);
        let (files, policy) = (problems.keep(found), dir.join(DEFAULT_POLICY));
        problems.extend(assigning.add(workspace, false, files, Some(&policy), sources));
    }
    (assigning.all, problems)
}

/// Whether a path is a directory with a policy for which there is no configuration:
/// then `ci` replays the traces beside it through that one.
fn has_only_policy(path: &Path) -> bool {
    path.is_dir()
        && path.join(DEFAULT_POLICY).is_file()
        && configuration::find(&files::spelling(path), None).is_none()
}

/// Traces that are being assigned to policies.
struct Assigning {
    reading: Settings,
    all: Vec<(Rc<Workspace>, Assignment)>,
}

impl Assigning {
    fn add(
        &mut self,
        workspace: Workspace,
        whole: bool,
        files: Vec<InputFile>,
        policy: Option<&Path>,
        sources: &mut SourceMap,
    ) -> Problems {
        let workspace = Rc::new(workspace.reading(self.reading));
        let assigned = traces::assign_files(&workspace, whole, files, policy, sources);
        let (assignments, problems) = assigned;
        let each = assignments.into_iter();
        let each = each.map(|assignment| (Rc::clone(&workspace), assignment));
        self.all.extend(each);
        problems
    }
}

/// Writes the current decisions into the traces; what could not be read or
/// written is returned.
fn rewrite(
    engine: &Engine,
    options: &Options,
    traces: &[InputFile],
    reading: Settings,
    sources: &mut SourceMap,
) -> Vec<Failure> {
    let mut problems = Problems::default();
    let mut files: Vec<(&Path, String, Vec<u8>)> = Vec::new();
    for trace in traces {
        if let Some(bytes) = problems.keep_failure(read_native(trace, reading)) {
            files.push((trace.path(), trace.name(), bytes));
        }
    }
    let originals: Vec<update::Original<'_>> = files
        .iter()
        .map(|(_, name, bytes)| update::Original { name, bytes })
        .collect();
    // The replay that follows reports what is wrong with the traces.
    let updated = update::update(engine, options, &originals, sources).unwrap_or_default();
    for ((path, name, bytes), updated) in files.iter().zip(updated) {
        if updated.text.as_bytes() == bytes.as_slice() {
            inform(&format!(
                "{name}: all expectations are as decided, nothing is written"
            ));
        } else {
            let written = files::replace(path, updated.text.as_bytes());
            let written = written.map_err(|error| Failure {
                input: name.clone(),
                message: input::plain(&error),
            });
            if problems.keep_failure(written).is_some() {
                inform(&format!(
                    "{name}: wrote the decisions as `expect` into {}",
                    changed_lines(bytes, &updated.text)
                ));
            }
        }
    }
    problems.failures
}

/// How many lines of a trace are others now.
fn changed_lines(before: &[u8], after: &str) -> String {
    let before = String::from_utf8_lossy(before);
    let pairs = before.lines().zip(after.lines());
    match pairs.filter(|(before, after)| before != after).count() {
        1 => "1 line".to_owned(),
        count => format!("{count} lines"),
    }
}

/// The traces that hold nothing but blank lines, of those that are small enough to be
/// looked at.
fn empty<'a>(traces: &'a [InputFile]) -> impl Iterator<Item = String> + 'a {
    let is_empty = |trace: &&InputFile| {
        let data = trace.path().metadata();
        let is_small = data.is_ok_and(|data| data.is_file() && data.len() < 4096);
        let bytes = is_small.then(|| trace.read(Role::Trace));
        let is_blank = |bytes: Vec<u8>| bytes.trim_ascii().is_empty();
        bytes.is_some_and(|bytes| bytes.is_ok_and(is_blank))
    };
    traces.iter().filter(is_empty).map(InputFile::name)
}

/// Reads a trace into which expectations can be written: only native ones have
/// them, and only text is written.
fn read_native(file: &InputFile, reading: Settings) -> Result<Vec<u8>, Failure> {
    let failure = |message: String| Failure {
        input: file.name(),
        message,
    };
    if let Ok(trace) = traces::open(file, reading, &mut SourceMap::new())
        && trace.format() != Format::Native
    {
        return Err(failure(format!(
            "is a log ({}), and --update writes into native traces; import it first",
            trace.format().name()
        )));
    }
    let read = file.read(Role::Trace);
    let bytes = read.map_err(|refusal| refusal.failure(&file.name()))?;
    if Packed::recognise(&bytes).is_some() {
        let message = "is compressed, and --update writes text; unpack it first";
        return Err(failure(message.to_owned()));
    }
    Ok(bytes)
}
