//! The tests that are missing, as traces that assert what the policy does today.

use super::points::Point;
use super::reached::Reached;
use super::{Count, Covered, Status};
use crate::compare::emit::{self, Asserted, TraceFile, slug};
use crate::specimen::NOTE;
use crate::suite::{Baseline, Suite};
use mcppolicy_engine::engine::Engine;
use mcppolicy_engine::policy::Policy;

/// Traces for what no test pins.
#[derive(Debug, Default)]
pub struct Written {
    /// The traces, each with fresh counters.
    pub traces: Vec<TraceFile>,
    /// The points with them.
    pub after: Count,
}

/// A trace for each missing point that no earlier one of them reaches. The header
/// names `header`, the policy's path relative to the traces, where there is one.
pub fn write(
    policy: &Policy,
    engine: &Engine,
    points: &[Covered],
    header: Option<&str>,
) -> Written {
    let only: Vec<Point> = points.iter().map(|covered| covered.point.clone()).collect();
    let mut reached = Reached::new(policy, &only);
    let mut written = Written::default();
    for (at, covered) in points.iter().enumerate() {
        let is_reached = |reached: &Reached<'_>| {
            let mark = reached.marks.get(at);
            mark.is_some_and(|mark| !mark.asserted.is_empty())
        };
        let calls = || covered.witness.iter();
        if !covered.status.is_missing()
            || is_reached(&reached)
            || !emit::fits(calls().map(|step| &step.call))
        {
            continue;
        }
        let calls = calls().map(|step| (step.grant, &step.call));
        let mut calls = emit::recorded(engine, calls, Asserted::Rule);
        if let Some(last) = calls.last_mut() {
            last.note = Some(NOTE.to_owned());
        }
        let number = written.traces.len() + 1;
        let about = format!("{}: a call {}", covered.point.pointer, covered.point.what);
        let name = slug(covered.point.pointer.trim_start_matches("/tools/"));
        let suite = Suite::of(std::slice::from_ref(&calls));
        reached.look_at(engine, &Baseline::new(&suite, engine));
        written.traces.push(TraceFile {
            file: format!("{number:03}-{name}-{}.jsonl", covered.point.kind.name()),
            text: emit::text(&calls, header, &about),
        });
    }
    let after = points
        .iter()
        .zip(&reached.marks)
        .map(|(covered, mark)| Covered {
            status: match mark.asserted.is_empty() {
                true => covered.status,
                false => Status::Covered,
            },
            ..covered.clone()
        });
    written.after = Count::of(&after.collect::<Vec<_>>(), None);
    written
}
