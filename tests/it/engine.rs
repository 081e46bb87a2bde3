//! The engine against its naive twin: random policies and call sequences must
//! get the same decision, kind, rule, label and message from both. The seeds
//! are fixed, so every run tries the same cases.

pub mod generate;
mod holes;
mod meter;

use std::sync::Mutex;
use std::thread;

use jiff::Timestamp;
use mcppolicy_engine::engine::{
    Arguments, Call, Counters, Decision, Engine, Outcome, Request, Reservation, StepOutcome,
};
use mcppolicy_engine::policy::Policy;
use mcppolicy_engine::time::{Time, TimeDelta};
use mcppolicy_engine::value::Value;

use crate::naive::{self, Bug, Naive, Verdict};
use crate::random::Random;
use generate::{Case, GeneratedCall, Order, Sequence};
use meter::Meter;

/// Policies tried; each meets two call sequences, except where none is
/// attached.
const POLICIES: u64 = 55_000;

/// Policies within which each mistake made on purpose must be noticed.
const BUDGET: u64 = 6_000;

#[test]
fn engine_and_naive_twin_decide_alike() {
    let meter = Mutex::new(Meter::default());
    in_parallel(POLICIES, |seeds| {
        let mut own = Meter::default();
        for seed in seeds {
            let case = generate::case(&mut Random::new(seed));
            if let Some(difference) = difference(&case, None, &mut own) {
                panic!("seed {seed}: {difference}");
            }
        }
        meter.lock().unwrap().add(&own);
    });
    let meter = meter.into_inner().unwrap();
    println!("{meter}");
    assert!(meter.sequences >= 100_000, "{} sequences", meter.sequences);
    let thin = meter.thin_cells();
    assert!(thin.is_empty(), "below 1 % of their table: {thin:?}");
}

#[test]
fn a_mistake_in_either_evaluator_is_noticed() {
    let missed = Mutex::new(Vec::new());
    in_parallel(Bug::ALL.len() as u64, |bugs| {
        for index in bugs {
            let bug = Bug::ALL[index as usize];
            let mut meter = Meter::default();
            let found = (0..BUDGET).find(|seed| {
                let case = generate::case(&mut Random::new(*seed));
                difference(&case, Some(bug), &mut meter).is_some()
            });
            match found {
                Some(seed) => println!("{bug:?}: noticed at policy {seed}"),
                None => missed.lock().unwrap().push(bug),
            }
        }
    });
    let missed = missed.into_inner().unwrap();
    assert!(missed.is_empty(), "not noticed: {missed:?}");
}

#[test]
fn patterns_match_what_the_naive_matcher_says() {
    in_parallel(24_000, |seeds| {
        for seed in seeds {
            let mut random = Random::new(seed);
            let text = generate::pattern(&mut random);
            let pattern = mcppolicy_engine::pattern::Pattern::parse(&text)
                .unwrap_or_else(|error| panic!("{text:?}: {error}"));
            for _ in 0..8 {
                let haystack = generate::haystack(&mut random);
                assert_eq!(
                    pattern.is_match(&haystack),
                    naive::pattern::matches(&text, &haystack),
                    "{text:?} in {haystack:?}"
                );
            }
        }
    });
}

/// Runs `work` on the numbers below `end`, shared out to all cores.
fn in_parallel(end: u64, work: impl Fn(Box<dyn Iterator<Item = u64>>) + Sync) {
    let workers = thread::available_parallelism().map_or(2, |cores| cores.get()) as u64;
    let work = &work;
    thread::scope(|scope| {
        for worker in 0..workers {
            scope.spawn(move || work(Box::new((worker..end).step_by(workers as usize))));
        }
    });
}

/// The first difference between the engine and the twin, told in full.
fn difference(case: &Case, bug: Option<Bug>, meter: &mut Meter) -> Option<String> {
    let engine = match &case.policy {
        None => Engine::without_policy(),
        Some(policy) => {
            let text = policy.to_string();
            let policy = Policy::from_json(text.as_bytes());
            Engine::new(&policy.unwrap_or_else(|error| panic!("{error}\n{text}")))
        }
    };
    let mut naive = Naive::new(case.policy.as_ref());
    if let Some(bug) = bug {
        naive = naive.with(bug);
    }
    let mut found = None;
    for (index, sequence) in case.sequences.iter().enumerate() {
        naive.forget_after(0);
        meter.sequences += 1;
        let mut gateway = Gateway::new(&engine, sequence, index % 2 == 1);
        for (at, call) in sequence.calls.iter().enumerate() {
            let expected = naive.decide(&asked(call));
            let actual = gateway.decide(call);
            meter.note(&expected);
            if actual != expected {
                found = Some(format!(
                    "call {at}\nengine {actual:#?}\ntwin   {expected:#?}\n{:#?}\n{:#}",
                    &sequence.calls[..=at],
                    case.policy.clone().unwrap_or_default(),
                ));
                break;
            }
        }
        if found.is_some() {
            break;
        }
    }
    meter.met(&naive.met);
    found
}

fn asked(call: &GeneratedCall) -> naive::Call<'_> {
    naive::Call {
        grant: call.grant,
        at: timestamp(call.at),
        params: &call.params,
        failed: call.failed.map(timestamp),
    }
}

fn timestamp(nanos: i128) -> Timestamp {
    Timestamp::from_nanosecond(nanos).unwrap()
}

/// The engine as a gateway or a replay uses it.
struct Gateway<'e> {
    engine: &'e Engine,
    counters: Counters,
    /// Errors that will have arrived, when told as late as a gateway learns of
    /// them.
    pending: Option<Vec<(Time, Reservation)>>,
}

impl<'e> Gateway<'e> {
    /// `as_they_arrive`: each release is told just before the first call that
    /// may see it, as in a gateway; else right after its own call, as in a
    /// recording.
    fn new(engine: &'e Engine, sequence: &Sequence, as_they_arrive: bool) -> Gateway<'e> {
        let lateness = match sequence.order {
            Order::Ascending => Some(TimeDelta::default()),
            Order::WithinADay => None,
            Order::Any => Some(TimeDelta::seconds(400 * 86_400)),
        };
        Gateway {
            engine,
            counters: lateness.map_or_else(Counters::default, Counters::new),
            pending: as_they_arrive.then(Vec::new),
        }
    }

    fn decide(&mut self, call: &GeneratedCall) -> Verdict {
        let now = Time::from_nanos(call.at);
        if let Some(pending) = &mut self.pending {
            for (arrives, reservation) in pending.extract_if(.., |(at, _)| *at <= now) {
                self.counters.release(reservation, arrives);
            }
        }
        let arguments = call.params.get("arguments").map(Value::from);
        let request = request(&call.params, arguments.as_ref());
        let asked = Call {
            grant: Some(call.grant),
            request,
            time: Some(now),
        };
        let peeked = self.engine.peek(&asked, &self.counters);
        self.check_steps(&asked, &peeked);
        let Outcome {
            decision,
            reservation,
        } = self.engine.decide(&asked, &mut self.counters);
        assert_eq!(peeked, decision, "peek and decide");
        assert!(decision.is_allow() || reservation.is_empty());
        if let Some(failed) = call.failed {
            let arrives = Time::from_nanos(failed);
            match &mut self.pending {
                Some(pending) => pending.push((arrives, reservation)),
                None => self.counters.release(reservation, arrives),
            }
        }
        verdict(&decision)
    }

    /// What `explain` tells must end where the decision does.
    fn check_steps(&self, call: &Call<'_>, decision: &Decision<'_>) {
        let steps = self.engine.explain(call, &self.counters);
        let denied = steps
            .iter()
            .find(|step| step.outcome == StepOutcome::Denied);
        assert_eq!(denied.is_some(), decision.is_deny());
        if let (Some(step), Some(denial)) = (denied, decision.denial()) {
            assert_eq!(Some(step.kind), denial.kind);
            assert_eq!(step.rule.as_deref(), denial.rule);
        }
    }
}

/// A request as a gateway reads it off the wire.
fn request<'c>(params: &'c serde_json::Value, arguments: Option<&'c Value>) -> Request<'c> {
    if params.is_array() {
        return Request::Batch;
    }
    static NULL: Value = Value::Null;
    Request::Tool {
        name: params.get("name").and_then(serde_json::Value::as_str),
        arguments: Arguments::from(arguments.unwrap_or(&NULL)),
    }
}

/// The engine's decision in the twin's words.
fn verdict(decision: &Decision<'_>) -> Verdict {
    let Decision::Deny(denial) = decision else {
        return Verdict {
            kind: decision.name().to_owned(),
            rule: None,
            label: None,
            message: None,
        };
    };
    Verdict {
        kind: denial.kind.expect("everything is known").name().to_owned(),
        rule: denial.rule.map(str::to_owned),
        label: denial.label.map(str::to_owned),
        message: denial.message.as_deref().map(str::to_owned),
    }
}
