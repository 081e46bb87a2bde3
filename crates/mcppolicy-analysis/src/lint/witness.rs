//! Calls that prove what a finding claims, decided by the engine.
//!
//! [`replay`] decides them; [`accepted_arguments`] finds arguments to make
//! them with. The search is a small one, over the values that the conditions
//! themselves name and their neighbours: what it finds, the engine has
//! confirmed; when it finds nothing, nothing follows from that.

mod counted;
mod sample;
mod search;

use mcppolicy_engine::engine::{Call, Counters, Decision, Engine};
use mcppolicy_engine::policy::{Path, Policy, ToolRules};
use mcppolicy_engine::time::{Time, TimeDelta};
use mcppolicy_engine::value::Value;
use mcppolicy_trace::trace::WitnessCall;

pub(super) use crate::placing::put;
pub use crate::placing::with;
pub use search::candidates;

/// When witnesses happen that do not say when: a midnight, at which windows of
/// every length begin.
pub fn start() -> Time {
    // 2026-01-05T00:00:00Z
    Time::new(1_767_571_200, 0)
}

/// How often a call is repeated before its repetitions are counted and not decided one
/// by one.
const MOST_REPLAYED: u64 = 1_000;

/// The grant that witnesses are made under.
const GRANT: &str = "witness";

/// Arguments with which the engine lets a first call of a tool pass, if the
/// search finds some. The tool must be a listed one of the engine's policy.
pub fn accepted_arguments(engine: &Engine, rules: &ToolRules) -> Option<Value> {
    search::accepted(engine, rules)
}

/// Whether the engine lets a first call with these arguments pass.
pub fn passes(engine: &Engine, tool: &str, arguments: &Value) -> bool {
    engine
        .peek(
            &Call::new(GRANT, tool, arguments, start()),
            &Counters::default(),
        )
        .is_allow()
}

/// The rule that refuses a first call with these arguments, if one does.
pub fn refused_by<'e>(engine: &'e Engine, tool: &str, arguments: &Value) -> Option<&'e str> {
    engine
        .peek(
            &Call::new(GRANT, tool, arguments, start()),
            &Counters::default(),
        )
        .rule()
}

/// Whether the engine lets all of `calls` pass, by counting; `None` where that has to
/// be tried out.
pub fn all_pass(engine: &Engine, policy: &Policy, calls: &[WitnessCall]) -> Option<bool> {
    let is_long = calls.iter().any(|call| call.repeat > MOST_REPLAYED);
    if is_long {
        counted::all_pass(engine, policy, calls)
    } else {
        None
    }
}

/// How many single calls `calls` represent.
pub fn count(calls: &[WitnessCall]) -> u64 {
    calls
        .iter()
        .fold(0, |sum: u64, call| sum.saturating_add(call.repeat))
}

/// Decides `calls` in order, each as often as it says, under one grant with
/// fresh counters, until `visit` (which gets the index into `calls`) returns
/// false.
pub fn replay(
    engine: &Engine,
    calls: &[WitnessCall],
    mut visit: impl FnMut(usize, &Decision<'_>) -> bool,
) {
    let mut counters = Counters::default();
    for (index, call) in calls.iter().enumerate() {
        let mut time = call.at.unwrap_or_else(start);
        for _ in 0..call.repeat {
            let asked = Call::new(GRANT, &call.tool, &call.arguments, time);
            if !visit(index, &engine.decide(&asked, &mut counters).decision) {
                return;
            }
            time = time.plus(call.every);
        }
    }
}

/// `arguments` without the value at `path`.
pub fn without(arguments: &Value, path: &Path) -> Value {
    fn take(at: &mut Value, segments: &[String]) {
        let (Some((first, rest)), Value::Object(members)) = (segments.split_first(), at) else {
            return;
        };
        if rest.is_empty() {
            members.remove(first);
        } else if let Some(member) = members.get_mut(first) {
            take(member, rest);
        }
    }
    let mut changed = arguments.clone();
    take(&mut changed, path.segments());
    changed
}

/// A call repeated `times` times, `every` so often, from [`start`] on.
pub fn repeated(tool: &str, arguments: Value, times: u64, every: TimeDelta) -> WitnessCall {
    WitnessCall {
        at: Some(start()),
        repeat: times,
        every,
        ..WitnessCall::new(tool, arguments)
    }
}
