//! Which calls have counters in common.

use std::collections::{BTreeMap, BTreeSet};

use super::SuiteCall;
use mcppolicy_engine::time::Time;
use mcppolicy_trace::trace::Grant;

/// Calls that are decided together, apart from all others: those of one grant in
/// one trace. Where the recording does not say who called, a call may touch
/// every grant's counters, and the whole trace is one group.
#[derive(Debug)]
pub struct Group {
    /// The calls in the order of the recording, as numbers in the suite.
    pub calls: Vec<usize>,
    /// Whether the calls of each tool can be decided without those of the
    /// others, where no limit counts all tools. Calls out of the order of time
    /// cannot: a later call of any tool closes windows.
    pub is_separable: bool,
}

/// The groups of all calls, in the order of their first calls.
pub(super) fn of(calls: &[SuiteCall]) -> Vec<Group> {
    let unknown: BTreeSet<usize> = calls
        .iter()
        .filter(|call| call.call.grant == Grant::Unknown)
        .map(|call| call.trace)
        .collect();
    let mut groups: Vec<(Group, Option<Time>)> = Vec::new();
    let mut known: BTreeMap<(usize, Option<&Grant>), usize> = BTreeMap::new();
    for (at, call) in calls.iter().enumerate() {
        let is_whole = unknown.contains(&call.trace);
        let grant = (!is_whole).then_some(&call.call.grant);
        let next = groups.len();
        let group = *known.entry((call.trace, grant)).or_insert(next);
        if group == next {
            let group = Group {
                calls: Vec::new(),
                is_separable: !is_whole,
            };
            groups.push((group, None));
        }
        let Some((group, newest)) = groups.get_mut(group) else {
            continue;
        };
        group.calls.push(at);
        let last = call.call.repeat.saturating_sub(1);
        let (first, last) = (call.call.time_of(0), call.call.time_of(last));
        if first.is_some() && first < *newest {
            group.is_separable = false;
        }
        *newest = (*newest).max(last);
    }
    groups.into_iter().map(|(group, _)| group).collect()
}
