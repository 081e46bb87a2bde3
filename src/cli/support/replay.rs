//! Replaying the traces of one policy, and the options that say how.

use std::num::NonZeroUsize;

use clap::{Args, ValueEnum};

use super::files::InputFile;
use super::output::Requirements;
use super::problems::Problems;
use super::repetitions;
use super::traces::{self, ReadingArgs};
use super::workspace::{PolicyFile, Workspace};
use mcppolicy_analysis::replay::results::Results;
use mcppolicy_analysis::replay::share::{By, Share};
use mcppolicy_analysis::replay::{Options, Replay};
use mcppolicy_analysis::report::{Failure, TestRun};
use mcppolicy_engine::engine::{DEFAULT_MAX_LATENESS, Engine};
use mcppolicy_engine::policy::Policy;
use mcppolicy_engine::source::SourceMap;
use mcppolicy_engine::time::TimeDelta;
use mcppolicy_trace::timeline::Order;
use mcppolicy_trace::trace::options::Settings;

/// How to replay.
#[derive(Args, Debug, Default, Clone)]
pub(crate) struct ReplayArgs {
    /// The policy's server; calls to another are out of scope
    #[arg(long, value_name = "NAME")]
    pub server: Option<String>,
    /// What to assert beside what the traces expect: `observed`, the decisions that they record
    #[arg(long, value_name = "WHAT")]
    pub expect: Option<Expect>,
    /// Do not fail when a recording does not say enough
    #[arg(long)]
    pub allow_undetermined: bool,
    /// Do not fail when nothing is asserted
    #[arg(long)]
    pub allow_unasserted: bool,
    /// Report every call, not only those that did not pass
    #[arg(long)]
    pub all_cases: bool,
    /// List the lines of logs that were skipped, not only their number
    #[arg(long)]
    pub verbose: bool,
    #[command(flatten)]
    pub reading: ReadingArgs,
    /// `file`: each file has fresh counters; `merged`: all files by time
    #[arg(long, value_name = "HOW", default_value = "file")]
    pub timeline: Option<TimelineOf>,
    /// How far behind a grant's newest call another may come, such as 36h [default: 1d]
    #[arg(long, value_name = "DURATION", value_parser = TimeDelta::parse)]
    pub max_lateness: Option<TimeDelta>,
    /// Threads that read; the report does not depend on it [default: one a core]
    #[arg(long, value_name = "N")]
    pub threads: Option<NonZeroUsize>,
    /// Report imported calls at their line in the log
    #[arg(long)]
    pub at_origin: bool,
}

// The variants have no doc comments: each would take a line of the help.

/// What is asserted beside what traces expect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Expect {
    Observed,
}

/// Which calls have counters in common.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum TimelineOf {
    #[default]
    File,
    Merged,
}

impl TimelineOf {
    fn order(self) -> Order {
        match self {
            TimelineOf::File => Order::PerFile,
            TimelineOf::Merged => Order::Merged,
        }
    }
}

impl ReplayArgs {
    /// The options of a run, without the server that a policy's configuration
    /// names.
    pub fn options(&self, requirements: Requirements, share: Option<Share>) -> Options {
        Options {
            server: self.server.clone(),
            expect_observed: self.expect == Some(Expect::Observed),
            allow_undetermined: self.allow_undetermined,
            allow_unasserted: self.allow_unasserted,
            all_cases: self.all_cases,
            most_cases: usize::MAX,
            list_skipped: self.verbose,
            order: self.timeline.unwrap_or_default().order(),
            max_lateness: self.max_lateness.unwrap_or(DEFAULT_MAX_LATENESS),
            list_passed: requirements.passed,
            usage: requirements.usage,
            threads: self
                .threads
                .or_else(|| std::thread::available_parallelism().ok())
                .unwrap_or(NonZeroUsize::MIN),
            share,
            // The calls of a given share are at other lines of the whole trace.
            at_origin: self.at_origin || share.is_some_and(|share| share.by == By::Given),
            invalid_lines: requirements.invalid_lines(),
        }
    }
}

/// The options for one policy: those of the run, and the server that the
/// configuration names where the command line names none.
pub(crate) fn options_for(workspace: &Workspace, file: &PolicyFile, run: &Options) -> Options {
    let mut options = run.clone();
    options.server = options.server.or_else(|| workspace.server_of(file));
    options
}

/// Replays traces through a policy, as a part of a test's report.
pub(crate) fn test_run(
    name: &str,
    policy: &Policy,
    options: &Options,
    traces: &[InputFile],
    reading: Settings,
    sources: &mut SourceMap,
) -> (TestRun, Problems) {
    let engine = Engine::new(policy);
    let (results, mut problems) = replay(&engine, options.clone(), traces, reading, sources);
    problems.failures.extend(misplaced(&results));
    let run = TestRun {
        name: name.to_owned(),
        policy: policy.clone(),
        server: options.server.clone(),
        outcome: results.outcome(options),
        results,
    };
    (run, problems)
}

/// Replays traces; those that cannot be read are skipped.
pub(crate) fn replay(
    engine: &Engine,
    options: Options,
    traces: &[InputFile],
    reading: Settings,
    sources: &mut SourceMap,
) -> (Results, Problems) {
    let mut problems = Problems::default();
    let mut replay = Replay::new(engine, options);
    for file in traces {
        let before = replay.repeated();
        let opened = repetitions::open(file, reading, sources);
        if let Some(mut trace) = problems.keep_problems(opened) {
            let read = replay.read(&mut trace, sources);
            problems.keep_failure(read.map_err(|error| traces::failure(file.path(), &error)));
        }
        repetitions::add(replay.repeated() - before);
    }
    (replay.finish(), problems)
}

/// The call that does not belong to the share that it is in, if there is one.
fn misplaced(results: &Results) -> Option<Failure> {
    let stray = results.shared.as_ref()?.stray.as_ref()?;
    Some(Failure {
        input: format!("{}:{}", stray.file, stray.line),
        message: stray.why.to_owned(),
    })
}
