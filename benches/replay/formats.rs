//! The same calls in each format of logs.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use mcppolicy_analysis::replay::results::Counts;
use mcppolicy_engine::engine::Engine;
use mcppolicy_trace::trace::options::Format;

use crate::logs::{LOGS, Log};
use crate::measure::{Pass, measure};
use crate::replay;
use crate::template::write;
use crate::workload::{Call, Directory, calls};

/// How many of the calls are written in each format: the first ones.
const CALLS: u64 = 50_000;

/// Writes the calls in each format whose name begins with `name`, and in the native one,
/// measures the replay of each log on one thread, and prints the second table. Every
/// format is among the logs.
pub fn each(engine: &Engine, directory: &Directory, name: &str, rounds: usize) {
    let formats: BTreeSet<Format> = LOGS.iter().map(|log| log.format).collect();
    assert_eq!(formats.len(), Format::ALL.len());
    let is_asked = |(at, log): &(usize, &Log)| *at == 0 || log.name.starts_with(name);
    let logs: Vec<&Log> = LOGS
        .iter()
        .enumerate()
        .filter(is_asked)
        .map(|(_, log)| log)
        .collect();
    let calls: Vec<Call> = calls().take(CALLS as usize).collect();
    let paths: Vec<PathBuf> = logs
        .iter()
        .map(|log| {
            let path = directory.file(&log.name.replace([',', ' '], "_"));
            write_log(&path, log, &calls);
            path
        })
        .collect();
    let counts: Vec<Counts> = logs
        .iter()
        .zip(&paths)
        .map(|(log, path)| {
            let (counts, format) = replay(engine, path, NonZeroUsize::MIN);
            assert_eq!((format, counts.calls), (log.format, CALLS), "{}", log.name);
            counts
        })
        .collect();
    let native = &counts[0];
    for (log, counts) in logs.iter().zip(&counts) {
        let is_alike = (counts.allow, counts.deny) == (native.allow, native.deny);
        assert!(is_alike || !log.decides_alike, "{}: {counts:?}", log.name);
    }
    let passes: Vec<Pass<'_>> = logs
        .iter()
        .zip(&paths)
        .map(|(log, path)| -> Pass<'_> {
            let pass = move || replay(engine, path, NonZeroUsize::MIN).0.calls;
            (log.name.to_owned(), Box::new(pass))
        })
        .collect();
    let times = measure(&passes, rounds);
    assert!(times.iter().all(|times| times.read == CALLS));
    println!("{CALLS} calls in each format, 1 thread, {rounds} rounds, ratios to native");
    println!(
        "{:38}{:^44}   {:^44}",
        "", "on the clock", "on the processor"
    );
    let columns = format!(
        "{:>10} {:>8} {:>12} {:>11}",
        "ns a call", "ns/byte", "ratio a call", "ratio/byte"
    );
    println!(
        "{:<20}{:>8} {:>8}  {columns}   {columns}",
        "", "bytes", "decided"
    );
    let bytes: Vec<f64> = paths.iter().map(|path| bytes_of_call(path)).collect();
    for (at, log) in logs.iter().enumerate() {
        let bytes_ratio = bytes[at] / bytes[0];
        let decided = counts[at].allow + counts[at].deny;
        let columns = [0, 1].map(|which| {
            let (nanos, ratio) = (
                times[at].median[which] * 1e9 / CALLS as f64,
                times[at].ratio[which],
            );
            format!(
                "{nanos:>10.0} {:>8.2} {ratio:>12.2} {:>11.2}",
                nanos / bytes[at],
                ratio / bytes_ratio,
            )
        });
        println!(
            "{:<20}{:>8.0} {:>7.0}%  {}   {}",
            log.name,
            bytes[at],
            decided as f64 * 100.0 / CALLS as f64,
            columns[0],
            columns[1],
        );
    }
}

/// Writes the calls in one format.
fn write_log(path: &Path, log: &Log, calls: &[Call]) {
    let mut out = BufWriter::new(File::create(path).unwrap());
    out.write_all(log.head.as_bytes()).unwrap();
    for (group, calls) in calls.chunks(log.group as usize).enumerate() {
        if group > 0 {
            out.write_all(log.between_groups.as_bytes()).unwrap();
        }
        let (first, last) = (&calls[0], &calls[calls.len() - 1]);
        write(&mut out, log.begin, first);
        for (at, call) in calls.iter().enumerate() {
            if at > 0 {
                out.write_all(log.between.as_bytes()).unwrap();
            }
            write(&mut out, log.call, call);
        }
        write(&mut out, log.end, last);
    }
    out.write_all(log.tail.as_bytes()).unwrap();
    out.flush().unwrap();
}

/// How many bytes a log has for each call.
fn bytes_of_call(path: &Path) -> f64 {
    std::fs::metadata(path).unwrap().len() as f64 / CALLS as f64
}
