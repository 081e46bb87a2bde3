//! Which points of limits recorded calls reach: what the counters hold, call by
//! call.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::points::{Kind, Point};
use super::reached::Reached;
use crate::replay::expect::Cursor;
use crate::suite::{Baseline, SuiteCall};
use mcppolicy_engine::engine::{Decision, Engine, Lookup};
use mcppolicy_engine::policy::{Limit, Window};
use mcppolicy_engine::time::Time;
use mcppolicy_trace::timeline::Timeline;
use mcppolicy_trace::trace::{Grant, RecordedArguments, RecordedRequest};

impl Reached<'_> {
    /// The points of limits: what the counters hold, call by call.
    pub(super) fn limits(&mut self, engine: &Engine, baseline: &Baseline<'_, '_>) {
        let policy = self.policy;
        let is_asked = |point: &Point| matches!(point.kind, Kind::Fills | Kind::Exceeds);
        if !self.points.iter().any(is_asked) {
            return;
        }
        let suite = baseline.suite;
        let mut trace = None;
        let mut timeline = Timeline::new(engine, suite.lateness());
        let mut refused = Refused::default();
        for (at, call) in suite.calls.iter().enumerate() {
            if trace != Some(call.trace) {
                trace = Some(call.trace);
                timeline = Timeline::new(engine, suite.lateness());
                refused = Refused::default();
            }
            let own = call.call.tool().and_then(|tool| self.tools.get(tool));
            let own = own.and_then(|tool| policy.tools.get(*tool));
            let limits: Vec<&Limit> = own
                .into_iter()
                .flat_map(|rules| &rules.limits)
                .chain(&policy.all_tools)
                .collect();
            let Some(verdict) = baseline.verdict(call.request) else {
                continue;
            };
            let mut cursor = Cursor::default();
            for index in 0..call.call.repeat {
                let step = timeline.apply_limits(call.trace, &call.call, index, verdict);
                let expectation = call.call.expect.as_ref();
                let is_asserted = expectation.is_some_and(|e| cursor.next(e).is_some());
                let Some(time) = call.call.time_of(index) else {
                    continue;
                };
                if limits.is_empty() || call.call.grant == Grant::Unknown {
                    continue;
                }
                let seen = Seen {
                    at,
                    time,
                    call,
                    is_asserted,
                };
                match step.decision {
                    Decision::Allow => {
                        let used = timeline.usage(call.trace, &call.call, index);
                        for limit in &limits {
                            let own = used.iter().find(|used| used.rule == limit.pointer);
                            let is_full = own.is_some_and(|used| {
                                used.used.low == limit.max.value && used.used.high == used.used.low
                            });
                            self.passed(&seen, limit, is_full, &refused);
                        }
                    }
                    Decision::Deny(denial) => {
                        let limit = limits
                            .iter()
                            .find(|l| Some(l.pointer.as_str()) == denial.rule);
                        if let Some(limit) = limit {
                            self.exceeded(&seen, limit, &mut refused);
                        }
                    }
                    _ => {}
                }
            }
        }
    }

    fn passed(&mut self, seen: &Seen<'_>, limit: &Limit, is_full: bool, refused: &Refused) {
        let mut reached = Vec::new();
        if is_full {
            reached.push(Kind::Fills);
        }
        let start = window_of(limit.window.value, seen.time);
        let grant = &seen.call.call.grant;
        if let Some(windows) = refused.0.get(&limit.pointer) {
            for (window, grants) in windows {
                if *window < start && grants.contains(grant) {
                    reached.push(Kind::NextWindow);
                }
                if *window == start && grants.iter().any(|other| other != grant) {
                    reached.push(Kind::OtherGrant);
                }
            }
        }
        for kind in reached {
            let point = self.point(&limit.pointer, kind);
            self.mark(point, seen.at, seen.is_asserted);
        }
    }

    fn exceeded(&mut self, seen: &Seen<'_>, limit: &Limit, refused: &mut Refused) {
        let arguments = match &seen.call.call.request {
            RecordedRequest::Tool {
                arguments: RecordedArguments::Known(arguments),
                ..
            } => Some(arguments),
            _ => None,
        };
        let is_counted = match (&limit.increment_from, arguments) {
            (None, _) => true,
            (Some(path), Some(arguments)) => arguments.at(&path.value).amount().is_some(),
            (Some(_), None) => false,
        };
        if !is_counted {
            return;
        }
        let start = window_of(limit.window.value, seen.time);
        let windows = refused.0.entry(limit.pointer.clone()).or_default();
        let grants = windows.entry(start).or_default();
        grants.insert(seen.call.call.grant.clone());
        let point = self.point(&limit.pointer, Kind::Exceeds);
        self.mark(point, seen.at, seen.is_asserted);
    }
}

/// The grants that each limit has refused, by the start of the window.
#[derive(Default)]
struct Refused(HashMap<String, BTreeMap<i64, BTreeSet<Grant>>>);

/// One decided repetition of a call.
struct Seen<'c> {
    at: usize,
    time: Time,
    call: &'c SuiteCall,
    is_asserted: bool,
}

fn window_of(window: Window, time: Time) -> i64 {
    time.seconds().div_euclid(window.seconds())
}
