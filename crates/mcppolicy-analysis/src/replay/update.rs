//! `test --update`: the current decisions written as `expect` into native
//! traces, every other byte kept, so that a reviewer sees them in the change.

use std::collections::HashMap;

use super::expect::{Cursor, Verdict, judge, restated};
use super::options::Options;
use super::problems::Problems;
use crate::finding::Finding;
use mcppolicy_engine::document::Node;
use mcppolicy_engine::document::parse::parse_text;
use mcppolicy_engine::engine::Engine;
use mcppolicy_engine::source::SourceMap;
use mcppolicy_trace::timeline::{Order, Placed, Scope, Timeline, merged, scope};
use mcppolicy_trace::trace::native::{NativeReader, write_expectation};
use mcppolicy_trace::trace::{Expectation, Expected, Item, Reader, Shown};

/// A native trace to update.
#[derive(Debug, Clone, Copy)]
pub struct Original<'t> {
    /// The name that findings show.
    pub name: &'t str,
    /// Its whole content.
    pub bytes: &'t [u8],
}

/// A trace with its expectations brought up to date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Updated {
    /// The text to write.
    pub text: String,
    /// The lines that changed, from 1.
    pub changed: Vec<usize>,
    /// The lines that were left as they are although their expectation does
    /// not hold, because the decisions of their repetitions change too often
    /// to be written down.
    pub left: Vec<usize>,
}

/// The most runs that are written into one line.
const MOST_RUNS: usize = 10_000;

/// Brings the expectations of `originals` up to date, with the timelines that
/// `options` ask for. An expectation that holds stays as it is written; one
/// that does not keeps its form; calls out of scope get none.
///
/// # Errors
/// What is wrong with the traces: then nothing is to be written.
pub fn update(
    engine: &Engine,
    options: &Options,
    originals: &[Original<'_>],
    map: &mut SourceMap,
) -> Result<Vec<Updated>, Vec<Finding>> {
    let placed = read(originals, map)?;
    let mut records: HashMap<(usize, usize), Record> = HashMap::new();
    let mut timeline = Timeline::new(engine, options.max_lateness);
    match options.order {
        Order::Merged => {
            for (at, index) in merged(&placed) {
                if let Some(placed) = placed.get(at) {
                    step(&mut timeline, options, placed, index, &mut records);
                }
            }
        }
        Order::PerFile => {
            let mut file = 0;
            for placed in &placed {
                if placed.file != file {
                    file = placed.file;
                    timeline = Timeline::new(engine, options.max_lateness);
                }
                for index in 0..placed.call.repeat {
                    step(&mut timeline, options, placed, index, &mut records);
                }
            }
        }
    }
    let rewrite = |(file, original): (usize, &Original<'_>)| {
        // Every line has been read, so the whole is UTF-8.
        let text = std::str::from_utf8(original.bytes).unwrap_or_default();
        rewrite(text, |line| records.get(&(file, line)))
    };
    Ok(originals.iter().enumerate().map(rewrite).collect())
}

/// What one line's decisions are.
#[derive(Debug, Default)]
struct Record {
    cursor: Cursor,
    /// Whether some repetition does not pass as the line is.
    stale: bool,
    runs: Vec<(Expected, u64)>,
    too_many: bool,
}

fn read(originals: &[Original<'_>], map: &mut SourceMap) -> Result<Vec<Placed>, Vec<Finding>> {
    let mut placed = Vec::new();
    let mut problems = Problems::default();
    for (file, original) in originals.iter().enumerate() {
        let mut reader = NativeReader::new(original.bytes);
        // Reading from memory reports no error.
        while let Ok(Some(item)) = reader.next() {
            match item {
                Item::Call(call) => placed.push(Placed { file, call: *call }),
                Item::Problem(line) => {
                    problems.keep(&line, map, original.name, Shown::Withheld);
                }
                _ => {}
            }
        }
    }
    if problems.lines == 0 {
        Ok(placed)
    } else {
        Err(problems.findings)
    }
}

fn step(
    timeline: &mut Timeline<'_>,
    options: &Options,
    placed: &Placed,
    index: u64,
    records: &mut HashMap<(usize, usize), Record>,
) {
    let call = &placed.call;
    if matches!(
        scope(call.server.as_deref(), options.server.as_deref()),
        Scope::Out(_)
    ) {
        return;
    }
    let decision = timeline.step(placed.file, call, index).decision;
    let record = records.entry((placed.file, call.line)).or_default();
    let expected = call
        .expect
        .as_ref()
        .and_then(|expect| record.cursor.next(expect));
    record.stale |= judge(expected, &decision).verdict != Verdict::Pass;
    let now = restated(expected, &decision);
    let full = record.runs.len() == MOST_RUNS;
    match record.runs.last_mut() {
        Some((last, times)) if *last == now => *times += 1,
        _ if full => record.too_many = true,
        _ => record.runs.push((now, 1)),
    }
}

/// The text with the stale lines rewritten.
fn rewrite<'r>(text: &str, record: impl Fn(usize) -> Option<&'r Record>) -> Updated {
    let mut out = Updated {
        text: String::with_capacity(text.len() + text.len() / 8),
        changed: Vec::new(),
        left: Vec::new(),
    };
    for (at, line) in text.split_inclusive('\n').enumerate() {
        let number = at + 1;
        let content = line.strip_suffix('\n').unwrap_or(line);
        let content = content.strip_suffix('\r').unwrap_or(content);
        let ending = line.get(content.len()..).unwrap_or_default();
        let stale = record(number).filter(|record| record.stale);
        let rewritten = stale
            .filter(|record| !record.too_many)
            .and_then(|record| with_expectation(content, &record.runs));
        match rewritten {
            Some(rewritten) => {
                out.changed.push(number);
                out.text.push_str(&rewritten);
            }
            None => {
                if stale.is_some() {
                    out.left.push(number);
                }
                out.text.push_str(content);
            }
        }
        out.text.push_str(ending);
    }
    out
}

/// One line with `expect` in it, in the spacing of the line.
fn with_expectation(line: &str, runs: &[(Expected, u64)]) -> Option<String> {
    let (root, _) = parse_text(line).ok()?;
    let style = Style::of(line, &root);
    let expectation = match runs {
        [(expected, _)] => Expectation::Each(expected.clone()),
        runs => Expectation::Runs(runs.to_vec()),
    };
    let value = write_expectation(&expectation, style.colon, style.comma);
    let (from, to, new) = match root.member("expect") {
        Some(member) => (member.value.span.start, member.value.span.end, value),
        None => {
            let end = root.members().last()?.value.span.end;
            let new = format!("{}\"expect\"{}{value}", style.comma, style.colon);
            (end, end, new)
        }
    };
    let (before, after) = (line.get(..from)?, line.get(to..)?);
    Some(format!("{before}{new}{after}"))
}

/// What a line puts between keys and values, and between members.
struct Style<'t> {
    colon: &'t str,
    comma: &'t str,
}

impl<'t> Style<'t> {
    fn of(line: &'t str, root: &Node) -> Style<'t> {
        let members = root.members();
        let colon = members
            .first()
            .and_then(|first| line.get(first.key_span.end..first.value.span.start))
            .unwrap_or(":");
        let comma = match members {
            [first, second, ..] => line.get(first.value.span.end..second.key_span.start),
            _ if colon.ends_with(' ') => Some(", "),
            _ => None,
        };
        Style {
            colon,
            comma: comma.unwrap_or(","),
        }
    }
}
