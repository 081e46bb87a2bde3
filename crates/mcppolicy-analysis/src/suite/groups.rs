//! Which calls have counters in common.

use std::collections::{BTreeMap, BTreeSet};

use super::{Suite, SuiteCall};
use mcppolicy_engine::policy::Limit;
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
    /// others, where no limit on all tools ever refuses one. Calls out of the order of time
    /// cannot: a later call of any tool closes windows.
    pub is_separable: bool,
}

impl Group {
    /// Whether none of these limits on all tools ever refuses a call, whichever
    /// of the calls pass: all of them together fit. Then the calls of each tool
    /// can be decided without those of the others, though the limits count them.
    pub(crate) fn leaves_room(&self, suite: &Suite, limits: &[Limit]) -> bool {
        self.is_separable && limits.iter().all(|limit| self.has_room(suite, limit))
    }

    /// Whether its calls, in the order of time, fit all together in each window.
    /// A limit on all tools counts calls, never amounts.
    fn has_room(&self, suite: &Suite, limit: &Limit) -> bool {
        let window = limit.window.value;
        let mut newest = None;
        let mut used = 0_u64;
        for SuiteCall { call, .. } in self.calls.iter().filter_map(|at| suite.calls.get(*at)) {
            // What a log says of the counters stands in place of what they hold.
            if !call.used.is_empty() {
                return false;
            }
            for index in 0..call.repeat {
                let Some(time) = call.time_of(index) else {
                    return false;
                };
                let start = window.start(time);
                if newest.is_some_and(|newest| start < newest) {
                    return false;
                }
                if newest.replace(start) != Some(start) {
                    used = 0;
                }
                used = used.saturating_add(1);
                if used > limit.max.value {
                    return false;
                }
            }
        }
        true
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::sample;
    use mcppolicy_engine::time::TimeDelta;
    use mcppolicy_trace::trace::{RecordedArguments, RecordedCall, RecordedRequest};
    use serde_json::json;

    fn call(tool: &str, second: i64) -> RecordedCall {
        let mut call = RecordedCall::new(RecordedRequest::Tool {
            name: Some(tool.to_owned()),
            arguments: RecordedArguments::from(None),
        });
        call.time = Some(Time::new(1_767_261_600 + second, 0));
        call
    }

    /// Whether two calls a minute on all tools leave room for these.
    fn is_roomy(calls: &[RecordedCall]) -> bool {
        let policy = sample::load(&json!({"version": "1", "default": "allow", "tools": {},
            "all_tools": {"limits": [
                {"counter": "c", "window": "minute", "max": 2, "scope": "grant"}]}}));
        let suite = Suite::of(&[calls.to_vec()]);
        suite.groups()[0].leaves_room(&suite, &policy.all_tools)
    }

    #[test]
    fn calls_leave_room_where_all_of_each_window_fit() {
        assert!(is_roomy(&[call("a", 0), call("b", 59)]));
        assert!(is_roomy(&[call("a", 0), call("b", 59), call("a", 60)]));
        assert!(!is_roomy(&[call("a", 0), call("b", 1), call("a", 59)]));
    }

    #[test]
    fn every_repetition_counts_in_its_own_window() {
        let mut repeated = call("a", 0);
        (repeated.repeat, repeated.every) = (4, TimeDelta::seconds(30));
        assert!(is_roomy(&[repeated.clone()]));
        repeated.every = TimeDelta::seconds(29);
        assert!(!is_roomy(&[repeated]));
    }

    #[test]
    fn where_the_window_of_a_call_is_not_known_nothing_is_said() {
        let mut unknown = call("a", 0);
        unknown.time = None;
        assert!(!is_roomy(&[unknown]));
        assert!(!is_roomy(&[call("a", 60), call("b", 0)]));
    }

    fn by(grant: &str, second: Option<i64>) -> RecordedCall {
        let mut call = call("t", 0);
        call.grant = match grant {
            "?" => Grant::Unknown,
            name => Grant::Named(name.to_owned()),
        };
        call.time = second.map(|second| Time::new(second, 0));
        call
    }

    /// The calls of each group, and whether its tools can be decided apart.
    fn groups(traces: &[Vec<RecordedCall>]) -> Vec<(Vec<usize>, bool)> {
        let groups = of(&Suite::of(traces).calls).into_iter();
        groups
            .map(|group| (group.calls, group.is_separable))
            .collect()
    }

    #[test]
    fn calls_are_grouped_by_trace_and_grant() {
        let [a, b] = ["a", "b"].map(|grant| by(grant, Some(0)));
        assert_eq!(
            groups(&[vec![a.clone(), b.clone(), a.clone()], vec![b, a]]),
            [
                (vec![0, 2], true),
                (vec![1], true),
                (vec![3], true),
                (vec![4], true)
            ]
        );
    }

    #[test]
    fn a_trace_with_a_call_of_an_unknown_grant_is_one_group() {
        let [a, b, unknown] = ["a", "b", "?"].map(|grant| by(grant, Some(0)));
        assert_eq!(
            groups(&[vec![a.clone(), unknown, b], vec![a]]),
            [(vec![0, 1, 2], false), (vec![3], true)]
        );
    }

    #[test]
    fn calls_out_of_the_order_of_time_are_decided_with_those_of_other_tools() {
        let separable = |calls: &[RecordedCall]| groups(&[calls.to_vec()])[0].1;
        let at = |second| by("a", Some(second));
        assert!(separable(&[at(5), at(5), at(7)]));
        assert!(!separable(&[at(5), at(4)]));
        assert!(!separable(&[at(5), at(9), at(7)]));
        // Another grant has windows of its own.
        assert!(separable(&[at(5), by("b", Some(4)), at(5)]));
        assert!(separable(&[at(5), by("a", None), at(5)]));
        assert!(!separable(&[at(5), by("a", None), at(4)]));
        let mut repeated = at(5);
        repeated.repeat = 3;
        repeated.every = TimeDelta::seconds(10);
        assert!(!separable(&[repeated.clone(), at(24)]));
        assert!(separable(&[repeated, at(25)]));
    }
}
