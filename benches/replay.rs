//! How fast a log is replayed, beside the least that any reader of it does: in
//! one run, over the same bytes, in turns.
//!
//! `cargo bench --bench replay` writes a log of its own shape into the
//! temporary directory; `-- LOG POLICY [ROUNDS]` takes any raw JSON-RPC log.
//! Each figure is the median of the rounds, each ratio the median of the ratios
//! within a round, to the pass of `serde_json` that borrows: of the time on the
//! clock, and, where Linux reports it, of the processor time of the one thread that
//! everything but the last pass runs on, which a busy machine disturbs less.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench prints, and may panic"
)]

use std::borrow::Cow;
use std::fs::File;
use std::hint::black_box;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Instant;

use mcppolicy_analysis::replay::{Options, Replay};
use mcppolicy_engine::engine::Engine;
use mcppolicy_engine::policy::Policy;
use mcppolicy_engine::source::SourceMap;
use mcppolicy_trace::trace::Trace;
use mcppolicy_trace::trace::options::Settings;
use mcppolicy_trace::trace::recognise::reader;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

fn main() {
    // Cargo passes `--bench`.
    let mut arguments = std::env::args().skip(1).filter(|arg| arg != "--bench");
    let (log, policy) = match (arguments.next(), arguments.next()) {
        (Some(log), Some(policy)) => (PathBuf::from(log), std::fs::read(policy).unwrap()),
        _ => workload(),
    };
    let rounds: usize = arguments.next().map_or(5, |rounds| rounds.parse().unwrap());
    let engine = Engine::new(&Policy::from_json(&policy).unwrap());
    let cores = std::thread::available_parallelism().unwrap();
    let replay_on = |threads: NonZeroUsize| {
        let (engine, log) = (&engine, &log);
        move || replay(engine, log, threads)
    };
    type Pass<'a> = (String, Box<dyn Fn() -> u64 + 'a>);
    let passes: [Pass<'_>; 4] = [
        (
            "serde_json, borrowing".to_owned(),
            Box::new(|| borrowing(&log)),
        ),
        ("line split".to_owned(), Box::new(|| line_split(&log))),
        (
            "replay, 1 thread".to_owned(),
            Box::new(replay_on(NonZeroUsize::MIN)),
        ),
        (
            format!("replay, {cores} threads"),
            Box::new(replay_on(cores)),
        ),
    ];
    let mut rounds_of: Vec<Vec<[f64; 2]>> = vec![Vec::new(); passes.len()];
    let mut calls = 0;
    for _ in 0..=rounds {
        for ((_, pass), times) in passes.iter().zip(&mut rounds_of) {
            let (begun, before) = (Instant::now(), on_processor());
            calls = black_box(pass());
            let clock = begun.elapsed().as_secs_f64();
            times.push([clock, on_processor() - before]);
        }
    }
    // The first round warms the file's pages.
    let rounds_of: Vec<&[[f64; 2]]> = rounds_of.iter().map(|all| all.get(1..).unwrap()).collect();
    let bytes = std::fs::metadata(&log).unwrap().len() as f64;
    println!("{calls} calls, {:.0} MB, {rounds} rounds", bytes / 1e6);
    for ((name, _), times) in passes.iter().zip(&rounds_of) {
        let [clock, processor] = [0, 1].map(|which| {
            let of = |time: &[f64; 2]| *time.get(which).unwrap();
            let pairs = times.iter().zip(*rounds_of.first().unwrap());
            let ratio = median(pairs.map(|(time, bare)| of(time) / of(bare)).collect());
            (median(times.iter().map(of).collect()), ratio)
        });
        println!(
            "{name:<24} {:>7.3} s {:>6.0} ns a call {:>5.0} MB/s  ratio {:.2}   on the processor {:>6.0} ns, ratio {:.2}",
            clock.0,
            clock.0 * 1e9 / calls as f64,
            bytes / 1e6 / clock.0,
            clock.1,
            processor.0 * 1e9 / calls as f64,
            processor.1,
        );
    }
}

/// The processor time of this thread in seconds; zero where it is not known.
fn on_processor() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos: Option<f64> = text.split(' ').next().and_then(|nanos| nanos.parse().ok());
    nanos.unwrap_or_default() / 1e9
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap()
}

fn open(log: &Path) -> BufReader<File> {
    BufReader::with_capacity(1 << 18, File::open(log).unwrap())
}

/// Every line into one buffer.
fn line_split(log: &Path) -> u64 {
    let (mut input, mut line, mut lines) = (open(log), Vec::new(), 0);
    while input.read_until(b'\n', &mut line).unwrap() > 0 {
        lines += 1;
        black_box(&line);
        line.clear();
    }
    lines
}

/// The members that a decision needs, borrowed; arguments are skipped.
#[derive(Deserialize)]
#[allow(dead_code, reason = "read and not used: that is the bare pass")]
struct Record<'a> {
    #[serde(borrow)]
    ts: Cow<'a, str>,
    #[serde(borrow)]
    grant: Cow<'a, str>,
    #[serde(borrow)]
    session: Cow<'a, str>,
    #[serde(borrow)]
    server: Cow<'a, str>,
    #[serde(borrow)]
    message: Message<'a>,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "read and not used: that is the bare pass")]
struct Message<'a> {
    id: u64,
    #[serde(borrow)]
    method: Cow<'a, str>,
    #[serde(borrow)]
    params: Params<'a>,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "read and not used: that is the bare pass")]
struct Params<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    arguments: &'a RawValue,
}

/// Every line through `serde_json`.
fn borrowing(log: &Path) -> u64 {
    let (mut input, mut line, mut lines) = (open(log), Vec::new(), 0);
    while input.read_until(b'\n', &mut line).unwrap() > 0 {
        let record: Record<'_> = serde_json::from_slice(&line).unwrap();
        lines += 1;
        black_box(&record);
        line.clear();
    }
    lines
}

/// From the file to the report, decisions and limits included.
fn replay(engine: &Engine, log: &Path, threads: NonZeroUsize) -> u64 {
    let options = Options {
        allow_unasserted: true,
        threads,
        ..Options::default()
    };
    let read = reader(open(log), Settings::default()).unwrap();
    let mut trace = Trace::open("log", read).unwrap();
    let mut replay = Replay::new(engine, options);
    replay.read(&mut trace, &mut SourceMap::new()).unwrap();
    let summary = replay.finish().summary();
    assert_eq!(summary.allow + summary.deny, summary.calls);
    summary.calls
}

/// A log of 300,000 calls and its policy: sixty tools, a third of them with
/// conditions, limits on half, twenty grants, eight hours.
fn workload() -> (PathBuf, Vec<u8>) {
    const CALLS: u64 = 300_000;
    const TOOLS: u64 = 60;
    let tools: serde_json::Map<String, serde_json::Value> = (0..TOOLS)
        .map(|tool| {
            let mut rules = json!({});
            if tool % 3 == 0 {
                rules["require"] = json!([{"conditions": [
                    {"path": "args.path", "op": "regex", "value": "^/srv/workspace/"},
                    {"path": "args.options.dry_run", "op": "eq", "value": false},
                ]}]);
            }
            if tool % 2 == 0 {
                rules["limits"] = json!([
                    {"counter": "calls", "window": "hour", "max": 200, "scope": "grant"},
                ]);
            }
            (format!("tool_number_{tool}"), rules)
        })
        .collect();
    let policy = json!({
        "version": "1",
        "default": "deny",
        "all_tools": {"limits": [
            {"counter": "all", "window": "minute", "max": 120, "scope": "grant"},
        ]},
        "tools": tools,
    });
    let log = std::env::temp_dir().join(format!("mcppolicy-bench-{}.jsonl", std::process::id()));
    let mut out = BufWriter::new(File::create(&log).unwrap());
    // Any generator will do, as long as it is always the same.
    let mut state = 7_u64;
    let mut next = |below: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    for call in 0..CALLS {
        let milli = call * 8 * 3_600_000 / CALLS;
        let (hour, minute) = (8 + milli / 3_600_000, milli / 60_000 % 60);
        let (second, milli) = (milli / 1_000 % 60, milli % 1_000);
        let folder = ["srv/workspace", "srv/workspace", "srv/workspace", "etc"];
        let folder = folder.get(next(4) as usize).unwrap();
        writeln!(
            out,
            "{{\"ts\":\"2026-11-19T{hour:02}:{minute:02}:{second:02}.{milli:03}Z\",\"grant\":\"grant-{:02}\",\"session\":\"{:032x}\",\"server\":\"acme-tools\",\"message\":{{\"jsonrpc\":\"2.0\",\"id\":{call},\"method\":\"tools/call\",\"params\":{{\"name\":\"tool_number_{}\",\"arguments\":{{\"path\":\"/{folder}/src/{:08x}.rs\",\"owner\":\"acme\",\"limit\":{},\"note\":\"check the failing test on staging — “quoted”\\nand a second line\",\"labels\":[\"bug\",\"p1\"],\"options\":{{\"dry_run\":{},\"depth\":{}}}}},\"_meta\":{{\"progressToken\":{call}}}}}}}}}",
            next(20), next(u64::MAX), next(TOOLS), next(u64::MAX), next(100), next(3) == 0, next(6),
        )
        .unwrap();
    }
    out.flush().unwrap();
    (log, serde_json::to_vec(&policy).unwrap())
}
