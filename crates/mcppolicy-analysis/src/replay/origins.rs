//! Traces in which imported calls are reported: those in which an importer
//! found them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::case::Case;
use super::results::{Results, TraceSummary};
use mcppolicy_trace::trace::Origin;
use mcppolicy_trace::trace::options::Format;

/// The traces of origins by their names.
#[derive(Debug, Default)]
pub(super) struct Origins {
    by_name: HashMap<String, usize>,
    last: Option<usize>,
}

impl Origins {
    /// The trace called as `origin` names it, which is added to `traces` when
    /// it is new.
    pub fn trace(&mut self, traces: &mut Vec<TraceSummary>, origin: &Origin) -> usize {
        let last = self.last.and_then(|last| traces.get(last));
        if let (Some(last), Some(trace)) = (self.last, last)
            && trace.name == origin.file
        {
            return last;
        }
        let trace = match self.by_name.get(&origin.file) {
            Some(trace) => *trace,
            None => {
                traces.push(TraceSummary::new(&origin.file, Format::Native));
                let trace = traces.len() - 1;
                self.by_name.insert(origin.file.clone(), trace);
                trace
            }
        };
        self.last = Some(trace);
        trace
    }
}

/// A case at the line of its origin, if it has one.
pub(super) fn at_origin(case: Case) -> Case {
    match &case.origin {
        None => case,
        Some(origin) => Case {
            line: usize::try_from(origin.line).unwrap_or(usize::MAX),
            // An import does not say which call of its line it was.
            nth: 0,
            ..case
        },
    }
}

/// Sorts the traces of a run that reports calls at their origin by name, one
/// for each, and leaves out those that hold nothing.
pub(super) fn sort_by_name(results: &mut Results) {
    let waiting: BTreeSet<usize> = results
        .shared
        .iter()
        .flat_map(|shared| shared.calls.iter().map(|call| call.trace))
        .collect();
    let mut named: BTreeMap<String, (TraceSummary, Vec<usize>)> = BTreeMap::new();
    for (at, trace) in std::mem::take(&mut results.traces).into_iter().enumerate() {
        let empty = trace.counts.calls == 0 && trace.skipped.is_empty();
        if empty && !waiting.contains(&at) {
            continue;
        }
        match named.get_mut(&trace.name) {
            Some((known, indices)) => {
                known.add(&trace);
                indices.push(at);
            }
            None => {
                named.insert(trace.name.clone(), (trace, vec![at]));
            }
        }
    }
    let mut moved: HashMap<usize, usize> = HashMap::new();
    for (to, (trace, indices)) in named.into_values().enumerate() {
        results.traces.push(trace);
        moved.extend(indices.into_iter().map(|from| (from, to)));
    }
    let to = |from: usize| moved.get(&from).copied().unwrap_or(from);
    for case in results.cases.iter_mut().chain(&mut results.passed) {
        case.trace = to(case.trace);
    }
    for shared in results.shared.iter_mut() {
        for call in &mut shared.calls {
            call.trace = to(call.trace);
        }
    }
}
