//! The tests that would kill what no test kills.

use super::run::{self, Options, Outcome};
use super::score::Score;
use super::status::Status;
use crate::compare::emit::{self, Asserted, TraceFile, slug};
use crate::inventory::Inventory;
use crate::specimen::{self, NOTE};
use crate::suite::{Baseline, Suite};
use mcppolicy_engine::engine::{Call, Counters, Engine};
use mcppolicy_engine::policy::{Path, Policy};
use mcppolicy_trace::trace::{RecordedCall, WitnessCall};

/// Who calls in a written trace.
const GRANT: &str = "tester";

/// A trace for each missed mutant that no earlier one of them kills, and the
/// score with them. The header names `header`, the policy's path relative to the
/// traces, where there is one.
pub fn write(
    policy: &Policy,
    engine: &Engine,
    outcomes: &[Outcome],
    inventory: Option<&Inventory>,
    header: Option<&str>,
    options: Options,
) -> (Vec<TraceFile>, Score) {
    let mut traces: Vec<TraceFile> = Vec::new();
    let mut recorded: Vec<Vec<RecordedCall>> = Vec::new();
    let missed = || outcomes.iter().filter(|outcome| outcome.status.is_missed());
    let mut waiting: Vec<&Outcome> = missed().filter(|o| o.witness.is_some()).collect();
    while !waiting.is_empty() {
        let Some(outcome) = waiting.first().copied() else {
            break;
        };
        let Some(calls) = calls(policy, engine, outcome, inventory, header, traces.len()) else {
            waiting.remove(0);
            continue;
        };
        let suite = Suite::of(std::slice::from_ref(&calls.0));
        recorded.push(calls.0);
        traces.push(calls.1);
        let baseline = Baseline::new(&suite, engine);
        let before = waiting.len();
        waiting.retain(|other| !is_killed(policy, &baseline, other, options));
        if waiting.len() == before {
            // A witness that kills nothing would be a defect of the differ.
            debug_assert!(false, "{:?}", outcome.mutant);
            waiting.remove(0);
        }
    }
    let suite = Suite::of(&recorded);
    let baseline = Baseline::new(&suite, engine);
    let mut all: Vec<Outcome> = outcomes.to_vec();
    for outcome in all.iter_mut().filter(|outcome| outcome.status.is_missed()) {
        if is_killed(policy, &baseline, outcome, options) {
            outcome.status = Status::Killed;
        }
    }
    (traces, Score::of(&all))
}

fn is_killed(
    policy: &Policy,
    baseline: &Baseline<'_, '_>,
    outcome: &Outcome,
    options: Options,
) -> bool {
    run::is_killed(policy, baseline, &outcome.mutant, options)
}

/// The calls that kill a mutant, with their expectations, and their trace.
fn calls(
    policy: &Policy,
    engine: &Engine,
    outcome: &Outcome,
    inventory: Option<&Inventory>,
    header: Option<&str>,
    number: usize,
) -> Option<(Vec<RecordedCall>, TraceFile)> {
    let witness = outcome.witness.as_ref()?;
    let calls = completed(policy, outcome, inventory).unwrap_or_else(|| witness.calls.clone());
    if !emit::fits(calls.iter()) {
        return None;
    }
    let calls = calls.iter().map(|call| (GRANT, call));
    let mut calls = emit::recorded(engine, calls, Asserted::Rule);
    if let Some(last) = calls.last_mut() {
        last.note = Some(NOTE.to_owned());
    }
    let mutant = &outcome.mutant;
    let about = format!("{}: fails when {}", mutant.pointer, mutant.what);
    let name = slug(mutant.pointer.trim_start_matches("/tools/"));
    let file = TraceFile {
        file: format!("{:03}-{name}-{}.jsonl", number + 1, mutant.operator.name()),
        text: emit::text(&calls, header, &about),
    };
    Some((calls, file))
}

/// The witness with what the server's schema requires filled in, where it still
/// tells the policy and the mutant apart.
fn completed(
    policy: &Policy,
    outcome: &Outcome,
    inventory: Option<&Inventory>,
) -> Option<Vec<WitnessCall>> {
    let witness = outcome.witness.as_ref()?;
    let changed = outcome.mutant.apply(policy);
    let mut calls = witness.calls.clone();
    for call in &mut calls {
        if let Some(listed) = inventory.and_then(|inventory| inventory.get(&call.tool)) {
            let paths = [policy, &changed].into_iter().flat_map(|policy| {
                let rules = policy.tool(&call.tool);
                rules.map(specimen::paths).unwrap_or_default()
            });
            let paths: Vec<Path> = paths.collect();
            call.arguments = specimen::completed(call.arguments.clone(), listed, &paths);
        }
    }
    let decided = |policy: &Policy| -> Vec<bool> {
        let engine = Engine::new(policy);
        let mut counters = Counters::default();
        let mut decisions = Vec::new();
        for call in &calls {
            for index in 0..call.repeat {
                let time = emit::time_of(call).plus(call.every.times(index));
                let call = Call::new(GRANT, &call.tool, &call.arguments, time);
                decisions.push(engine.decide(&call, &mut counters).decision.is_allow());
            }
        }
        decisions
    };
    (decided(policy) != decided(&changed)).then_some(calls)
}
