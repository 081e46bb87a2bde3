//! The least that any reader of a log does.

use std::borrow::Cow;
use std::fs::File;
use std::hint::black_box;
use std::io::{BufRead, BufReader};
use std::path::Path;

use serde::Deserialize;
use serde_json::value::RawValue;

/// A log, read in large pieces.
pub fn open(log: &Path) -> BufReader<File> {
    BufReader::with_capacity(1 << 18, File::open(log).unwrap())
}

/// Every line into one buffer.
pub fn line_split(log: &Path) -> u64 {
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
pub fn borrowing(log: &Path) -> u64 {
    let (mut input, mut line, mut lines) = (open(log), Vec::new(), 0);
    while input.read_until(b'\n', &mut line).unwrap() > 0 {
        let record: Record<'_> = serde_json::from_slice(&line).unwrap();
        lines += 1;
        black_box(&record);
        line.clear();
    }
    lines
}
