//! Repetitions of one call that went alike, which are reported as one case.

use super::case::{Actual, Case, Repetitions};
use super::expect::Judgement;
use mcppolicy_engine::engine::{Decision, Engine};
use mcppolicy_trace::trace::{Expected, RecordedCall, RecordedRequest};

/// Repetitions of one call that are reported as one case.
pub(super) struct Group<'e> {
    pub expected: Option<Expected>,
    pub decision: Decision<'e>,
    pub judgement: Judgement,
    pub first: u64,
    pub last: u64,
    pub count: u64,
}

/// How many of the last groups a repetition may still join.
const GROUPS_SEARCHED: usize = 16;

/// Adds a repetition to the group of equal ones.
pub(super) fn add<'e>(
    groups: &mut Vec<Group<'e>>,
    expected: Option<&Expected>,
    decision: &Decision<'e>,
    judgement: Judgement,
    index: u64,
) {
    let equal = groups
        .iter_mut()
        .rev()
        .take(GROUPS_SEARCHED)
        .find(|group| group.decision == *decision && group.expected.as_ref() == expected);
    if let Some(group) = equal {
        group.last = index;
        group.count += 1;
        return;
    }
    groups.push(Group {
        expected: expected.cloned(),
        decision: decision.clone(),
        judgement,
        first: index,
        last: index,
        count: 1,
    });
}

/// The case that a group of `call` is, wherever it is reported.
pub(super) fn case(engine: &Engine, call: &RecordedCall, group: Group<'_>) -> Case {
    let arguments = match &call.request {
        RecordedRequest::Batch(_) => None,
        RecordedRequest::Tool { arguments, .. } => Some(arguments.clone()),
    };
    let reads = engine.reads(call.tool().unwrap_or_default(), &group.decision);
    Case {
        trace: 0,
        file: String::new(),
        line: call.line,
        nth: call.nth,
        tool: call.tool().map(str::to_owned),
        grant: call.grant.clone(),
        time: call.time_of(group.first),
        arguments,
        reads: reads.into_iter().cloned().collect(),
        expected: group.expected,
        actual: Actual::from(&group.decision),
        verdict: group.judgement.verdict,
        mismatches: group.judgement.mismatches,
        repetitions: Repetitions {
            of: call.repeat,
            first: group.first + 1,
            last: group.last + 1,
            count: group.count,
        },
        id: call.id.clone(),
        note: call.note.clone(),
        origin: call.origin.clone(),
    }
}
