//! How fast a log is replayed, beside the least that any reader of it does and beside
//! the native format: in one run, in turns.
//!
//! `cargo bench --bench replay` prints two tables. The first is of one raw JSON-RPC log:
//! a replay beside passes over the same bytes that decide nothing. The second is of the
//! same calls in each format of logs, replayed on one thread ([`formats`]).
//! `-- LOG POLICY [ROUNDS]` prints the first table alone, of any raw JSON-RPC log;
//! `-- NAME` the second, of the native format and of those whose name begins so.
//!
//! Each figure is the median of the rounds, each ratio the median of the ratios within a
//! round: to the pass of `serde_json` that borrows in the first table, to the native
//! format in the second. Both are of the time on the clock and, where Linux reports it,
//! of the processor time of the thread, which a busy machine disturbs less. A replay on
//! several threads has no processor time of its own.
//!
//! In the second table, `decided` is the share of the calls of which the log says enough
//! to allow or deny them.
//!
//! The logs are written into the temporary directory, less than 1 GB in all, and deleted at
//! the end.

#![allow(
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench prints, and may panic"
)]

mod bare;
mod formats;
mod logs;
mod measure;
mod template;
mod workload;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use mcppolicy_analysis::replay::results::Counts;
use mcppolicy_analysis::replay::{Options, Replay};
use mcppolicy_engine::engine::Engine;
use mcppolicy_engine::policy::Policy;
use mcppolicy_engine::source::SourceMap;
use mcppolicy_trace::trace::Trace;
use mcppolicy_trace::trace::options::{Format, Settings};
use mcppolicy_trace::trace::recognise::reader;
use measure::{Pass, measure};
use workload::Directory;

/// How many rounds are measured, unless the command line says it.
const ROUNDS: usize = 5;

fn main() {
    // Cargo passes `--bench`.
    let mut arguments = std::env::args().skip(1).filter(|arg| arg != "--bench");
    let (log, policy) = (arguments.next(), arguments.next());
    if let (Some(log), Some(policy)) = (&log, policy) {
        let rounds = arguments.next().map(|rounds| rounds.parse().unwrap());
        let engine = engine(&std::fs::read(policy).unwrap());
        return one_log(&engine, &PathBuf::from(log), rounds.unwrap_or(ROUNDS));
    }
    let engine = engine(&workload::policy());
    let directory = Directory::new();
    if let Some(name) = log {
        return formats::each(&engine, &directory, &name, ROUNDS);
    }
    let log = directory.file("requests.jsonl");
    workload::write_requests(&log);
    one_log(&engine, &log, ROUNDS);
    println!();
    formats::each(&engine, &directory, "", ROUNDS);
}

/// What decides by a policy.
fn engine(policy: &[u8]) -> Engine {
    Engine::new(&Policy::from_json(policy).unwrap())
}

/// Measures the replay of a raw JSON-RPC log beside passes that decide nothing, and
/// prints the first table.
fn one_log(engine: &Engine, log: &Path, rounds: usize) {
    let cores = std::thread::available_parallelism().unwrap();
    let replay_on = |threads: NonZeroUsize| {
        move || {
            let (summary, _) = replay(engine, log, threads);
            assert_eq!(summary.allow + summary.deny, summary.calls);
            summary.calls
        }
    };
    let passes: [Pass<'_>; 4] = [
        (
            "serde_json, borrowing".to_owned(),
            Box::new(|| bare::borrowing(log)),
        ),
        ("line split".to_owned(), Box::new(|| bare::line_split(log))),
        (
            "replay, 1 thread".to_owned(),
            Box::new(replay_on(NonZeroUsize::MIN)),
        ),
        (
            format!("replay, {cores} threads"),
            Box::new(replay_on(cores)),
        ),
    ];
    let times = measure(&passes, rounds);
    let calls = times.last().unwrap().read;
    let bytes = std::fs::metadata(log).unwrap().len() as f64;
    println!("{calls} calls, {:.0} MB, {rounds} rounds", bytes / 1e6);
    for ((name, _), times) in passes.iter().zip(times) {
        let ([clock, processor], ratio) = (times.median, times.ratio);
        println!(
            "{name:<24} {clock:>7.3} s {:>6.0} ns a call {:>5.0} MB/s  ratio {:.2}   on the processor {:>6.0} ns, ratio {:.2}",
            clock * 1e9 / calls as f64,
            bytes / 1e6 / clock,
            ratio[0],
            processor * 1e9 / calls as f64,
            ratio[1],
        );
    }
}

/// From the file to the report, decisions and limits included; and which format the
/// file was taken for.
fn replay(engine: &Engine, log: &Path, threads: NonZeroUsize) -> (Counts, Format) {
    let options = Options {
        allow_unasserted: true,
        allow_undetermined: true,
        threads,
        ..Options::default()
    };
    let read = reader(bare::open(log), Settings::default()).unwrap();
    let format = read.format();
    let mut trace = Trace::open("log", read).unwrap();
    let mut replay = Replay::new(engine, options);
    replay.read(&mut trace, &mut SourceMap::new()).unwrap();
    (replay.finish().summary(), format)
}
