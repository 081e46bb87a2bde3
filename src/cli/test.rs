//! `mcppolicy test`: recorded calls replayed, expectations asserted.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use clap::Args;

use super::output::{OutputArgs, Wanted, complain, deliver};
use super::traces::{self, Assignment, ReadingArgs};
use super::unpack::Packed;
use super::workspace::{PolicyFile, Workspace, fill_dirname};
use mcppolicy_analysis::finding::Finding;
use mcppolicy_analysis::replay::results::Results;
use mcppolicy_analysis::replay::share::{By, Share};
use mcppolicy_analysis::replay::{Options, Replay, update};
use mcppolicy_analysis::report::{Body, Exit, Failure, Report, SharedRun, TestRun, Tested};
use mcppolicy_engine::engine::{DEFAULT_MAX_LATENESS, Engine};
use mcppolicy_engine::time::Span;
use mcppolicy_trace::timeline::Order;
use mcppolicy_trace::trace::account::{Format, Settings};

/// Arguments of `test`.
#[derive(Args, Debug, Default)]
pub(super) struct TestArgs {
    /// Traces, directories of them, or - for standard input
    #[arg(value_name = "TRACE")]
    traces: Vec<PathBuf>,
    /// The policy, before what a trace or the configuration names
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    #[command(flatten)]
    options: ReplayArgs,
    /// Write the current decisions as `expect` into the traces
    #[arg(long, conflicts_with = "partition")]
    update: bool,
    /// Take one share of the grants: hash:2/8, or given:2/8 where no other calls are
    /// given; `merge` joins the shares' JSON reports
    #[arg(long, value_name = "BY:K/N", value_parser = Share::parse)]
    partition: Option<Share>,
    /// Keep in a share's JSON report what `merge` needs to write junit or html;
    /// may be repeated
    #[arg(long, value_name = "FORMAT", requires = "partition", value_parser = ["junit", "html"])]
    merge_as: Vec<String>,
    #[command(flatten)]
    output: OutputArgs,
}

/// How to replay.
#[derive(Args, Debug, Default, Clone)]
pub(super) struct ReplayArgs {
    /// The policy's server; calls to another are out of scope
    #[arg(long, value_name = "NAME")]
    pub server: Option<String>,
    /// What to assert beside what the traces expect: `observed`, the decisions that they record
    #[arg(long, value_name = "WHAT", value_parser = ["observed"])]
    pub expect: Option<String>,
    /// Do not fail when a recording does not say enough
    #[arg(long)]
    pub allow_undetermined: bool,
    /// Do not fail when nothing is asserted
    #[arg(long)]
    pub allow_unasserted: bool,
    /// Report every call, not only those that did not pass
    #[arg(long)]
    pub all_cases: bool,
    /// List the lines of logs that were passed over, not only their number
    #[arg(long)]
    pub verbose: bool,
    #[command(flatten)]
    pub reading: ReadingArgs,
    /// `file`: each file has fresh counters; `merged`: all files by time
    #[arg(long, value_name = "HOW", default_value = "file", value_parser = ["file", "merged"])]
    pub timeline: Option<String>,
    /// How far behind a grant's newest call another may come, such as 36h [default: 1d]
    #[arg(long, value_name = "DURATION", value_parser = Span::parse)]
    pub max_lateness: Option<Span>,
    /// Threads that read; the report does not depend on it [default: one a core]
    #[arg(long, value_name = "N")]
    pub threads: Option<NonZeroUsize>,
    /// Report imported calls at their place in the log
    #[arg(long)]
    pub at_origin: bool,
    /// What the wanted formats need.
    #[arg(skip)]
    pub wanted: Wanted,
    /// The share of the grants to take, of `test`.
    #[arg(skip)]
    pub share: Option<Share>,
}

impl ReplayArgs {
    /// The options for one policy, whose server is `configured`.
    fn options(&self, configured: Option<String>) -> Options {
        Options {
            server: self.server.clone().or(configured),
            expect_observed: self.expect.is_some(),
            allow_undetermined: self.allow_undetermined,
            allow_unasserted: self.allow_unasserted,
            all_cases: self.all_cases,
            list_passed_over: self.verbose,
            order: match self.timeline.as_deref() {
                Some("merged") => Order::Merged,
                _ => Order::PerFile,
            },
            max_lateness: self.max_lateness.unwrap_or(DEFAULT_MAX_LATENESS),
            list_passed: self.wanted.passed,
            usage: self.wanted.usage,
            threads: self
                .threads
                .or_else(|| std::thread::available_parallelism().ok())
                .unwrap_or(NonZeroUsize::MIN),
            share: self.share,
            // What a share is given stands elsewhere for whoever reads the whole.
            at_origin: self.at_origin || self.share.is_some_and(|share| share.by == By::Given),
        }
    }
}

/// Runs `test`.
pub(super) fn run(args: &TestArgs) -> Exit {
    let mut workspace = Workspace::open(Path::new("."));
    workspace.reading = args.options.reading.settings();
    let assignments = traces::assign(&mut workspace, &args.traces, args.policy.as_deref());
    let wanted = args.output.wanted();
    let for_merge = |format: &str| args.merge_as.iter().any(|named| named == format);
    let options = ReplayArgs {
        wanted: Wanted {
            passed: wanted.passed || for_merge("junit"),
            usage: wanted.usage || for_merge("html"),
        },
        share: args.partition,
        ..args.options.clone()
    };
    let (tested, exit) = test(&mut workspace, assignments, &options, args.update);
    if exit == Exit::NothingToDo && tested.traces() == 0 {
        complain("no trace found: name one, put it into traces/, or list it in mcppolicy.toml");
    }
    let report = Report {
        command: "test",
        sources: &workspace.sources,
        failures: std::mem::take(&mut workspace.failures),
        assumptions: tested.assumptions(),
        body: Body::Tested(tested),
    };
    deliver(&report, &args.output, exit)
}

/// Replays each policy's traces, and says how that ended; files that could not
/// be read are in `workspace.failures`.
pub(super) fn test(
    workspace: &mut Workspace,
    assignments: Vec<Assignment>,
    args: &ReplayArgs,
    update: bool,
) -> (Tested, Exit) {
    let mut tested = Tested {
        shared: args.share.map(|_| SharedRun {
            options: args.options(None),
            reading: workspace.reading,
            assigned: !assignments.is_empty(),
        }),
        ..Tested::default()
    };
    tested.findings.append(&mut workspace.config_findings);
    let assigned = !assignments.is_empty();
    let mut exit = Exit::Clean;
    for assignment in assignments {
        tested.findings.extend(assignment.problems);
        let Some(file) = assignment.policy else {
            continue;
        };
        let Some(policy) = &file.policy else {
            tested.findings.extend(file.problems);
            continue;
        };
        let engine = Engine::new(policy);
        let options = args.options(server_of(workspace, &file));
        if update {
            let (findings, outcome) = rewrite(workspace, &engine, &options, &assignment.traces);
            tested.findings.extend(findings);
            exit = exit.and(outcome);
        }
        let mut replay = Replay::new(&engine, options.clone());
        for path in &assignment.traces {
            let read = traces::open(path, workspace.reading).and_then(|mut trace| {
                replay
                    .read(&mut trace, &mut workspace.sources)
                    .map_err(|error| traces::failure(path, &error))
            });
            if let Err(failure) = read {
                workspace.failures.push(failure);
            }
        }
        let results = replay.finish();
        workspace.failures.extend(stray(&results));
        let outcome = results.outcome(&options);
        tested.runs.push(TestRun {
            name: file.name,
            policy: policy.clone(),
            server: options.server.clone(),
            results,
            outcome,
        });
    }
    exit = exit.and(tested.exit(assigned, &workspace.failures));
    (tested, exit)
}

/// The call that does not belong to the share that it was given to.
fn stray(results: &Results) -> Option<Failure> {
    let stray = results.shared.as_ref()?.stray.as_ref()?;
    Some(Failure {
        input: format!("{}:{}", stray.file, stray.line),
        message: stray.why.to_owned(),
    })
}

/// The server that the configuration names for a policy.
pub(super) fn server_of(workspace: &Workspace, file: &PolicyFile) -> Option<String> {
    let server = workspace.entry(file.entry)?.server.as_ref()?;
    Some(fill_dirname(&server.text, &file.path))
}

/// Writes the current decisions into the traces.
fn rewrite(
    workspace: &mut Workspace,
    engine: &Engine,
    options: &Options,
    paths: &[PathBuf],
) -> (Vec<Finding>, Exit) {
    let mut files: Vec<(&PathBuf, String, Vec<u8>)> = Vec::new();
    for path in paths {
        if let Some(failure) = not_native(path, workspace.reading) {
            workspace.failures.push(failure);
            continue;
        }
        match super::input::read(path) {
            Ok(bytes) if Packed::recognise(&bytes).is_some() => workspace.failures.push(Failure {
                input: super::input::display_name(path),
                message: "is compressed, and --update writes text; unpack it first".to_owned(),
            }),
            Ok(bytes) => files.push((path, super::input::display_name(path), bytes)),
            Err(failure) => workspace.failures.push(failure),
        }
    }
    let originals: Vec<update::Original<'_>> = files
        .iter()
        .map(|(_, name, bytes)| update::Original { name, bytes })
        .collect();
    match update::update(engine, options, &originals, &mut workspace.sources) {
        // The replay that follows reports what is wrong with the traces.
        Err(_) => (Vec::new(), Exit::Invalid),
        Ok(updated) => {
            for ((path, name, bytes), updated) in files.iter().zip(updated) {
                if updated.text.as_bytes() == bytes.as_slice() {
                    continue;
                }
                if let Err(error) = std::fs::write(path, &updated.text) {
                    workspace.failures.push(Failure {
                        input: name.clone(),
                        message: super::input::plain(&error),
                    });
                }
            }
            (Vec::new(), Exit::Clean)
        }
    }
}

/// Why expectations cannot be written into a file: only native traces have
/// them.
fn not_native(path: &Path, settings: Settings) -> Option<Failure> {
    let format = traces::open(path, settings).ok()?.format();
    (format != Format::Native).then(|| Failure {
        input: super::input::display_name(path),
        message: format!(
            "is a log ({}), and --update writes into native traces; import it first",
            format.name()
        ),
    })
}
