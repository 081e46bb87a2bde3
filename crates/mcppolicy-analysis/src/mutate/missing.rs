//! The tests that would kill what no test kills.

use super::edit::Reach;
use super::run::{self, Options, Outcome};
use super::score::Score;
use super::status::Status;
use crate::compare::emit::{self, Asserted, TraceFile};
use crate::inventory::Inventory;
use crate::specimen::{self, NOTE};
use crate::suite::{Baseline, Suite};
use mcppolicy_engine::engine::{Call, Counters, Engine};
use mcppolicy_engine::policy::{Path, Policy};
use mcppolicy_trace::trace::{RecordedCall, WitnessCall};

/// Who calls in a written trace.
const GRANT: &str = "tester";

/// Traces that kill every missed mutant that can be killed, none of them without
/// need, and the score with them. The header names `header`, the policy's path
/// relative to the traces, where there is one.
pub fn write(
    policy: &Policy,
    engine: &Engine,
    outcomes: &[Outcome],
    inventory: Option<&Inventory>,
    header: Option<&str>,
    options: Options,
) -> (Vec<TraceFile>, Score) {
    let missed = || outcomes.iter().filter(|outcome| outcome.status.is_missed());
    let missed: Vec<&Outcome> = missed().filter(|o| o.witness.is_some()).collect();
    let reaches: Vec<Reach> = missed.iter().map(|o| o.mutant.reach(policy)).collect();
    let mut tests: Vec<Test<'_>> = Vec::new();
    let mut killers = vec![0_usize; missed.len()];
    for (at, outcome) in missed.iter().enumerate() {
        let is_killed_already = killers.get(at).is_some_and(|count| *count > 0);
        if is_killed_already {
            continue;
        }
        let Some(calls) = calls(policy, engine, outcome, inventory) else {
            continue;
        };
        let suite = Suite::of(std::slice::from_ref(&calls));
        let baseline = Baseline::new(&suite, engine);
        let is_in_reach = |reach: &Reach| match reach {
            Reach::Tool(tool) => suite.of_tool(tool).is_some(),
            Reach::All => true,
        };
        let each = missed.iter().zip(&reaches).enumerate();
        let killed = each.filter(|(_, (other, reach))| {
            is_in_reach(reach) && is_killed(policy, &baseline, other, options)
        });
        let killed: Vec<usize> = killed.map(|(at, _)| at).collect();
        // A witness that kills nothing would be a defect of the differ.
        debug_assert!(killed.contains(&at), "{:?}", outcome.mutant);
        count(&mut killers, &killed, |killers| *killers += 1);
        tests.push(Test {
            outcome,
            calls,
            killed,
        });
    }
    // What a later test notices as well needs no test of its own.
    tests.retain(|test| {
        let mut killed = test.killed.iter();
        let is_needed = killed.any(|at| killers.get(*at).is_some_and(|count| *count == 1));
        if !is_needed {
            count(&mut killers, &test.killed, |killers| *killers -= 1);
        }
        is_needed
    });
    let traces = tests.iter().enumerate();
    let traces: Vec<TraceFile> = traces
        .map(|(at, test)| test.file(policy, at + 1, header))
        .collect();
    let recorded: Vec<Vec<RecordedCall>> = tests.into_iter().map(|test| test.calls).collect();
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

fn count(killers: &mut [usize], killed: &[usize], change: impl Fn(&mut usize)) {
    for at in killed {
        killers.get_mut(*at).into_iter().for_each(&change);
    }
}

/// Calls that kill a mutant.
struct Test<'o> {
    /// The mutant.
    outcome: &'o Outcome,
    calls: Vec<RecordedCall>,
    /// All mutants that they kill.
    killed: Vec<usize>,
}

impl Test<'_> {
    fn file(&self, policy: &Policy, number: usize, header: Option<&str>) -> TraceFile {
        let mutant = &self.outcome.mutant;
        let about = format!("{}: fails when {}", mutant.pointer, mutant.what);
        let name = emit::name_of(policy, &mutant.pointer);
        TraceFile {
            file: format!("{number:03}-{name}-{}.jsonl", mutant.operator.name()),
            text: emit::text(&self.calls, header, &about),
        }
    }
}

fn is_killed(
    policy: &Policy,
    baseline: &Baseline<'_, '_>,
    outcome: &Outcome,
    options: Options,
) -> bool {
    run::is_killed(policy, baseline, &outcome.mutant, options)
}

/// The calls that kill a mutant, with their expectations.
fn calls(
    policy: &Policy,
    engine: &Engine,
    outcome: &Outcome,
    inventory: Option<&Inventory>,
) -> Option<Vec<RecordedCall>> {
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
    Some(calls)
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
