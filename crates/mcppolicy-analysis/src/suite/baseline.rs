//! What the policy itself decides of a suite, and whether another engine
//! decides anything else.

use std::collections::BTreeSet;

use super::{Group, Suite, SuiteCall};
use crate::replay::expect::{Cursor, Verdict, judge, name_of};
use mcppolicy_engine::engine::{Decision, Engine, RuleVerdict};
use mcppolicy_trace::timeline::Timeline;
use mcppolicy_trace::trace::{Expectation, Expected};

/// Equal decisions in a row, each with how many repetitions it covers.
type Runs<'e> = Vec<(Decision<'e>, u64)>;

/// The decisions of the unchanged policy.
#[derive(Debug)]
pub struct Baseline<'s, 'e> {
    /// The calls.
    pub suite: &'s Suite,
    /// What the rules say of each request.
    verdicts: Vec<RuleVerdict<'e>>,
    /// By the number of the call.
    decisions: Vec<Runs<'e>>,
}

/// What the tests notice of a changed policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Noticed {
    /// The first call whose expectation fails.
    pub failed: Option<usize>,
    /// The first call that is decided otherwise, expected or not.
    pub differs: Option<usize>,
}

impl<'s, 'e> Baseline<'s, 'e> {
    /// Decides every call of a suite.
    pub fn new(suite: &'s Suite, engine: &'e Engine) -> Baseline<'s, 'e> {
        let requests = 0..suite.requests();
        let mut baseline = Baseline {
            suite,
            verdicts: requests
                .filter_map(|request| suite.rule(engine, request))
                .collect(),
            decisions: vec![Vec::new(); suite.calls.len()],
        };
        for group in suite.groups() {
            baseline.decide(engine, group);
        }
        baseline
    }

    fn decide(&mut self, engine: &'e Engine, group: &Group) {
        let mut timeline = Timeline::new(engine, self.suite.lateness());
        for at in &group.calls {
            let (Some(call), Some(runs)) = (self.suite.calls.get(*at), self.decisions.get_mut(*at))
            else {
                continue;
            };
            let Some(verdict) = self.verdicts.get(call.request) else {
                continue;
            };
            for index in 0..call.call.repeat {
                let step = timeline.apply_limits(call.trace, &call.call, index, verdict);
                match runs.last_mut() {
                    Some((last, times)) if *last == step.decision => *times += 1,
                    _ => runs.push((step.decision, 1)),
                }
            }
        }
    }

    /// Each decision of a call with the repetitions that it covers.
    pub fn decisions(&self, call: usize) -> &[(Decision<'e>, u64)] {
        self.decisions.get(call).map_or(&[], Vec::as_slice)
    }

    /// The rules and limits, as JSON Pointers, whose messages some expectation
    /// names.
    pub fn named_messages(&self) -> BTreeSet<String> {
        let mut named = BTreeSet::new();
        for (at, call) in self.suite.calls.iter().enumerate() {
            let names = |expected: &Expected| {
                expected.message.is_some() || expected.message_contains.is_some()
            };
            let is_named = match &call.call.expect {
                None => false,
                Some(Expectation::Each(expected)) => names(expected),
                Some(Expectation::Runs(runs)) => runs.iter().any(|(expected, _)| names(expected)),
            };
            if is_named {
                let decisions = self.decisions(at).iter();
                let rules = decisions.filter_map(|(decision, _)| decision.rule());
                named.extend(rules.map(str::to_owned));
            }
        }
        named
    }

    /// What the rules say of a request.
    pub(crate) fn verdict(&self, request: usize) -> Option<&RuleVerdict<'e>> {
        self.verdicts.get(request)
    }

    /// Decides calls of one group again, in their order, and compares. It stops
    /// at the first expectation that fails. `verdict` is what the rules of the
    /// changed policy say of a request, whose engine is `engine`.
    pub(crate) fn compare<'m, 'v>(
        &self,
        engine: &'m Engine,
        calls: impl IntoIterator<Item = usize>,
        verdict: impl Fn(usize) -> Option<&'v RuleVerdict<'m>>,
        noticed: &mut Noticed,
    ) where
        'm: 'v,
        'e: 'm,
    {
        let mut timeline = Timeline::new(engine, self.suite.lateness());
        for at in calls {
            let Some(call) = self.suite.calls.get(at) else {
                continue;
            };
            if let Some(verdict) = verdict(call.request) {
                self.call(&mut timeline, at, call, verdict, noticed);
            }
            if noticed.failed.is_some() {
                return;
            }
        }
    }

    fn call<'m>(
        &self,
        timeline: &mut Timeline<'m>,
        at: usize,
        call: &SuiteCall,
        verdict: &RuleVerdict<'m>,
        noticed: &mut Noticed,
    ) {
        let mut before = self.decisions(at).iter();
        let mut run = before.next();
        let mut within = 0;
        let mut cursor = Cursor::default();
        for index in 0..call.call.repeat {
            let after = timeline
                .apply_limits(call.trace, &call.call, index, verdict)
                .decision;
            let expectation = call.call.expect.as_ref();
            let expected = expectation.and_then(|expectation| cursor.next(expectation));
            let Some((before_it, times)) = run else {
                continue;
            };
            if *before_it != after {
                noticed.differs = noticed
                    .differs
                    .or((name_of(before_it) != name_of(&after)).then_some(at));
                if expected.is_some()
                    && judge(expected, &after).verdict != Verdict::Pass
                    && judge(expected, before_it).verdict == Verdict::Pass
                {
                    noticed.failed = Some(at);
                    return;
                }
            }
            within += 1;
            if within == *times {
                within = 0;
                run = before.next();
            }
        }
    }
}
