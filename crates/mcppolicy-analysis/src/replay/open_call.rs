//! One recorded call while its repetitions are decided.

use std::collections::BTreeMap;

use smallvec::SmallVec;

use super::expect::{Cursor, Verdict, judge};
use super::group::{self, Group};
use super::options::Options;
use super::results::Counts;
use super::runs::push_run;
use mcppolicy_engine::engine::{Decision, Reason};
use mcppolicy_trace::trace::Expectation;

/// One recorded call while its repetitions are decided.
pub(super) struct OpenCall<'e> {
    /// The trace that it is reported in.
    pub trace: usize,
    /// What is expected of it.
    pub expectation: Option<Expectation>,
    cursor: Cursor,
    /// Its decided repetitions.
    pub counts: Counts,
    /// How many of its repetitions each rule has refused.
    pub refused: SmallVec<[(&'e str, u64); 1]>,
    /// Its repetitions that are reported.
    pub groups: Vec<Group<'e>>,
    /// The decisions of one share, for a call that only all shares together
    /// decide.
    pub set_aside: Option<Vec<(Decision<'e>, u64)>>,
}

impl<'e> OpenCall<'e> {
    /// A call of which no repetition has been decided, reported in `trace`.
    pub fn new(trace: usize, expectation: Option<Expectation>) -> OpenCall<'e> {
        OpenCall {
            trace,
            expectation,
            cursor: Cursor::default(),
            counts: Counts::default(),
            refused: SmallVec::new(),
            groups: Vec::new(),
            set_aside: None,
        }
    }

    /// Sets aside or counts the decision of repetition `index`.
    pub fn decided(
        &mut self,
        index: u64,
        decision: &Decision<'e>,
        options: &Options,
        reasons: &mut BTreeMap<Reason, u64>,
    ) {
        match &mut self.set_aside {
            Some(decisions) => push_run(decisions, decision.clone(), 1),
            None => self.count(index, decision, options, reasons),
        }
    }

    /// Counts the decision, compares it with what is expected, and keeps it
    /// where it is reported.
    fn count(
        &mut self,
        index: u64,
        decision: &Decision<'e>,
        options: &Options,
        reasons: &mut BTreeMap<Reason, u64>,
    ) {
        let expected = self
            .expectation
            .as_ref()
            .and_then(|expectation| self.cursor.next(expectation));
        self.counts.calls += 1;
        match decision {
            Decision::Allow => self.counts.allow += 1,
            Decision::Deny(denial) => {
                self.counts.deny += 1;
                if let Some(rule) = denial.rule {
                    match self.refused.last_mut() {
                        Some((last, times)) if *last == rule => *times += 1,
                        _ => self.refused.push((rule, 1)),
                    }
                }
            }
            Decision::Undetermined(reason) => *reasons.entry(*reason).or_default() += 1,
        }
        let judgement = judge(expected, decision);
        match judgement.verdict {
            Verdict::Pass => self.counts.passed += 1,
            Verdict::Fail => self.counts.failed += 1,
            Verdict::Undetermined => self.counts.undetermined += 1,
            Verdict::Unasserted => self.counts.unasserted += 1,
        }
        let is_asserted = expected.is_some();
        let reported = is_asserted && judgement.verdict != Verdict::Pass;
        let listed = is_asserted && options.list_passed;
        if reported || listed || options.all_cases {
            group::add(&mut self.groups, expected, decision, judgement, index);
        }
    }
}
