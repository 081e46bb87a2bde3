//! The tests that are missing, as traces that assert what the policy does today.

use std::collections::HashSet;

use super::points::{Kind, Point};
use super::reached::Reached;
use super::{Count, Covered, Status, Step};
use crate::compare::emit::{self, Asserted, TraceFile};
use crate::specimen::NOTE;
use crate::suite::{Baseline, Suite};
use mcppolicy_engine::engine::Engine;
use mcppolicy_engine::policy::Policy;
use mcppolicy_trace::trace::RecordedCall;

/// Traces for what no test pins.
#[derive(Debug, Default)]
pub struct Written {
    /// The traces, each with fresh counters.
    pub traces: Vec<TraceFile>,
    /// The calls of each of them.
    pub calls: Vec<Vec<RecordedCall>>,
    /// The points with them.
    pub after: Count,
}

/// Traces for the missing points, in the order of the policy. What a condition turns
/// has a trace of its own, because its call is chosen to tell that condition from
/// similar ones; of the other points, those that no other trace reaches. The points of
/// one limit share a trace. The header names `header`, the policy's path relative to
/// the traces, where there is one.
pub fn write(
    policy: &Policy,
    engine: &Engine,
    points: &[Covered],
    header: Option<&str>,
) -> Written {
    let only: Vec<Point> = points.iter().map(|covered| covered.point.clone()).collect();
    let mut reached = Reached::new(policy, &only);
    let mut tests: Vec<(usize, Test<'_>, Vec<RecordedCall>)> = Vec::new();
    let mut known: HashSet<String> = HashSet::new();
    for of_conditions in [true, false] {
        for (at, covered) in points.iter().enumerate() {
            let point = &covered.point;
            let is_own = matches!(point.kind, Kind::Alone | Kind::Holds);
            if is_own != of_conditions || !covered.status.is_missing() {
                continue;
            }
            let own = || Test {
                steps: covered.witness.iter().collect(),
                name: point.kind.name(),
                about: format!("{}: a call {}", point.pointer, point.what),
            };
            for test in [whole_limit(points, at), Some(own())].into_iter().flatten() {
                let mark = reached.marks.get(at);
                let is_reached = mark.is_some_and(|mark| !mark.asserted.is_empty());
                let calls = || test.steps.iter().map(|step| (step.grant, &step.call));
                if is_reached && !is_own || !emit::fits(calls().map(|(_, call)| call)) {
                    continue;
                }
                let mut calls = emit::recorded(engine, calls(), Asserted::Rule);
                if !known.insert(emit::text(&calls, None, "")) {
                    continue;
                }
                if let Some(last) = calls.last_mut() {
                    last.note = Some(NOTE.to_owned());
                }
                let suite = Suite::of(std::slice::from_ref(&calls));
                reached.look_at(engine, &Baseline::new(&suite, engine));
                tests.push((at, test, calls));
            }
        }
    }
    tests.sort_by_key(|(at, ..)| *at);
    let mut written = Written::default();
    for (number, (at, test, calls)) in (1..).zip(tests) {
        let pointer = points.get(at).map_or("", |covered| &covered.point.pointer);
        let name = emit::name_of(policy, pointer);
        written.traces.push(TraceFile {
            file: format!("{number:03}-{name}-{}.jsonl", test.name),
            text: emit::text(&calls, header, &test.about),
        });
        written.calls.push(calls);
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

/// The calls of a trace to be written.
struct Test<'c> {
    steps: Vec<&'c Step>,
    /// The end of the file's name.
    name: &'static str,
    about: String,
}

/// All that there is to say of the limit of a point, in one trace: it is filled, it
/// refuses one more, another grant passes, and the next window is empty. Nothing
/// where less is missing, or where these do not begin alike.
fn whole_limit(points: &[Covered], at: usize) -> Option<Test<'_>> {
    let point = &points.get(at)?.point;
    // The points of an element stand together.
    let near = points.get(at.saturating_sub(4)..)?.iter().take(9);
    let of_kind = |kind: Kind| {
        let mut own = near
            .clone()
            .filter(|other| other.point.pointer == point.pointer);
        own.find(|other| other.point.kind == kind && other.status.is_missing())
    };
    let [other, next] = [Kind::OtherGrant, Kind::NextWindow].map(of_kind);
    let (other, full) = other?.witness.split_last()?;
    let (next, before) = next?.witness.split_last()?;
    (full == before && other.call.at <= next.call.at).then(|| Test {
        steps: full.iter().chain([other, next]).collect(),
        name: "full",
        about: format!(
            "{}: the limit is filled and refuses one more; another grant passes, and so does \
             the next window",
            point.pointer
        ),
    })
}
