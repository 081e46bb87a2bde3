//! What a recording does not say (policy language §5): on small traces with
//! holes the naive twin tries every way of filling them, and what the engine
//! has decided must be right in each.
//!
//! Unknown arguments are taken to be an object: a call whose arguments were
//! none would not have been recorded as a call with arguments.

use std::collections::BTreeMap;
use std::sync::Mutex;

use jiff::Timestamp;
use mcppolicy_engine::engine::{
    Arguments, Call, Counters, Decision, Denial, Engine, Reason, Request,
};
use mcppolicy_engine::policy::Policy;
use mcppolicy_engine::time::Time;
use mcppolicy_engine::value::Value;
use serde_json::{Value as Json, json};

use super::in_parallel;
use crate::naive::{self, Naive, Verdict};
use crate::random::Random;

/// Traces tried.
const TRACES: u64 = 40_000;

/// No trace has more ways of filling its holes than this.
const MOST_FILLINGS: usize = 400;

/// What unknown arguments may have been: everything that the conditions and
/// amounts of [`policy`] can tell apart.
const ARGUMENTS: [&str; 8] = [
    r#"{}"#,
    r#"{"k":"a"}"#,
    r#"{"k":"b"}"#,
    r#"{"n":1}"#,
    r#"{"n":2,"k":"a"}"#,
    r#"{"n":1,"k":"b"}"#,
    r#"{"n":0,"k":"a"}"#,
    r#"{"n":-1,"k":"b"}"#,
];

/// Who an unknown caller may have been; the last one never calls openly.
const GRANTS: [&str; 3] = ["alice", "bob", "carol"];

/// When calls happen: two minutes of one hour, and one of the next day.
const TIMES: [i64; 5] = [0, 30, 60, 61, 180];

/// The first of [`TIMES`]: 2026-11-20T23:58:00Z.
const START: i64 = 1_795_219_080;

/// A call of which some may be unknown.
#[derive(Debug, Clone)]
struct Holed {
    tool: &'static str,
    grant: Option<&'static str>,
    /// Seconds behind [`START`].
    at: Option<i64>,
    arguments: Option<Json>,
    /// The arrival of its JSON-RPC error; `Some(None)`: at an unknown time.
    failed: Option<Option<i64>>,
}

/// What became of the traces.
#[derive(Debug, Default)]
struct Account {
    fillings: usize,
    decided: usize,
    /// Decided although the call itself has a hole.
    decided_with_hole: usize,
    /// Denied in every filling, but not by the same rule in all.
    merged: usize,
    undetermined: BTreeMap<Reason, usize>,
    /// Undetermined, and yet every filling gives the same decision.
    cautious: usize,
}

#[test]
fn no_decided_call_is_decided_otherwise_by_any_filling() {
    let account = Mutex::new(Account::default());
    in_parallel(TRACES, |seeds| {
        let mut own = Account::default();
        for seed in seeds {
            try_trace(seed, &mut own);
        }
        let mut all = account.lock().unwrap();
        all.fillings += own.fillings;
        all.decided += own.decided;
        all.decided_with_hole += own.decided_with_hole;
        all.merged += own.merged;
        all.cautious += own.cautious;
        for (reason, count) in own.undetermined {
            *all.undetermined.entry(reason).or_default() += count;
        }
    });
    let account = account.into_inner().unwrap();
    println!("{TRACES} traces: {account:#?}");
    // An engine that decides nothing would pass the test above.
    let undetermined: usize = account.undetermined.values().sum();
    let all = account.decided + undetermined;
    assert!(account.decided_with_hole * 10 > all);
    assert!(account.merged * 200 > all);
    assert!(account.cautious * 5 < undetermined);
    for reason in Reason::ALL {
        let count = account.undetermined.get(&reason).copied().unwrap_or(0);
        if reason == Reason::Late {
            assert_eq!(count, 0, "all times are within one day");
        } else {
            assert!(count * 100 > undetermined, "{reason:?}: {count}");
        }
    }
}

fn try_trace(seed: u64, account: &mut Account) {
    let mut random = Random::new(seed);
    let policy = policy(&mut random);
    let mut calls: Vec<Holed> = (0..2 + random.below(4))
        .map(|_| call(&mut random))
        .collect();
    while fillings(&calls) > MOST_FILLINGS {
        calls.pop();
    }
    let text = policy.to_string();
    let engine = Engine::new(&Policy::from_json(text.as_bytes()).unwrap());
    let decisions = decide(&engine, &calls);

    account.fillings += fillings(&calls);
    let choices: Vec<Vec<Choice>> = calls.iter().map(Holed::choices).collect();
    let mut verdicts = vec![Vec::new(); calls.len()];
    let mut naive = Naive::new(Some(&policy));
    fill(&mut naive, &calls, &choices, &mut verdicts);
    for (index, (decision, verdicts)) in decisions.iter().zip(&verdicts).enumerate() {
        if let Err(wrong) = check(&calls, index, decision, verdicts, account) {
            panic!(
                "seed {seed}, call {index}: {wrong}\n{decision:?}\n{verdicts:#?}\n{calls:#?}\n{policy:#}"
            );
        }
    }
}

/// Whether a decision is right in every filling, and its reason a possible one.
fn check(
    calls: &[Holed],
    index: usize,
    decision: &Decision<'_>,
    verdicts: &[Verdict],
    account: &mut Account,
) -> Result<(), &'static str> {
    let call = &calls[index];
    match decision {
        Decision::Allow if verdicts.iter().all(Verdict::allows) => {}
        Decision::Allow => return Err("allowed, and some filling denies"),
        Decision::Deny(denial) => {
            for verdict in verdicts {
                if !agrees(denial, verdict) {
                    return Err("denied, and some filling differs");
                }
            }
            account.merged += usize::from(verdicts.len() > 1);
        }
        Decision::Undetermined(reason) => {
            let earlier = &calls[..index];
            let possible = match reason {
                Reason::UnknownArguments => call.arguments.is_none(),
                Reason::UnknownTime => call.at.is_none(),
                Reason::UnknownGrant => call.grant.is_none() && call.at.is_some(),
                Reason::UnknownHistory => earlier.iter().any(Holed::has_hole),
                Reason::Late => false,
            };
            if !possible {
                return Err("the reason is none");
            }
            *account.undetermined.entry(*reason).or_default() += 1;
            let allowed = verdicts.iter().filter(|verdict| verdict.allows()).count();
            if allowed == 0 || allowed == verdicts.len() {
                account.cautious += 1;
            }
            return Ok(());
        }
    }
    account.decided += 1;
    account.decided_with_hole += usize::from(call.has_hole());
    Ok(())
}

/// Whether what the engine says of a denial is what happened.
fn agrees(denial: &Denial<'_>, verdict: &Verdict) -> bool {
    let same = |said: Option<&str>, happened: &Option<String>| {
        said.is_none_or(|said| happened.as_deref() == Some(said))
    };
    !verdict.allows()
        && denial.kind.is_none_or(|kind| kind.name() == verdict.kind)
        && same(denial.rule, &verdict.rule)
        && same(denial.label, &verdict.label)
        && same(denial.message.as_deref(), &verdict.message)
}

fn time(seconds: i64) -> Time {
    Time::new(START + seconds, 0)
}

/// The engine's decisions, each release told right after its call.
fn decide<'e>(engine: &'e Engine, calls: &[Holed]) -> Vec<Decision<'e>> {
    let mut counters = Counters::default();
    let mut decisions = Vec::new();
    for call in calls {
        let arguments = call.arguments.as_ref().map(Value::from);
        let outcome = engine.decide(
            &Call {
                grant: call.grant,
                request: Request::Tool {
                    name: Some(call.tool),
                    arguments: arguments
                        .as_ref()
                        .map_or(Arguments::Unknown, Arguments::from),
                },
                time: call.at.map(time),
            },
            &mut counters,
        );
        if let Some(arrived) = call.failed {
            // What comes before its call counts as at the call.
            match arrived {
                Some(arrived) => counters.release(outcome.reservation, time(arrived)),
                None => counters.release_at_once(outcome.reservation),
            }
        }
        decisions.push(outcome.decision);
    }
    decisions
}

/// What one filling puts into one call.
#[derive(Debug, Clone)]
struct Choice {
    grant: &'static str,
    at: i64,
    params: Json,
}

impl Choice {
    fn call(&self, holed: &Holed) -> naive::Call<'_> {
        let at = |seconds: i64| Timestamp::from_second(START + seconds).unwrap();
        naive::Call {
            grant: self.grant,
            at: at(self.at),
            params: &self.params,
            failed: holed.failed.map(|arrived| at(arrived.unwrap_or(self.at))),
        }
    }
}

impl Holed {
    fn has_hole(&self) -> bool {
        self.grant.is_none() || self.at.is_none() || self.arguments.is_none()
    }

    /// Whether its error is taken to have come at once, before any call that was
    /// recorded later: neither its time nor the error's is known.
    fn is_given_back_before_all_others(&self) -> bool {
        self.at.is_none() && self.failed == Some(None)
    }

    /// Every way of filling this call's holes.
    fn choices(&self) -> Vec<Choice> {
        let grants = self.grant.map_or(GRANTS.to_vec(), |grant| vec![grant]);
        let times = self.at.map_or(TIMES.to_vec(), |at| vec![at]);
        let arguments = match &self.arguments {
            Some(arguments) => vec![arguments.clone()],
            None => ARGUMENTS
                .iter()
                .map(|text| serde_json::from_str(text).unwrap())
                .collect(),
        };
        let mut all = Vec::new();
        for grant in grants {
            for at in &times {
                for arguments in &arguments {
                    all.push(Choice {
                        grant,
                        at: *at,
                        params: json!({"name": self.tool, "arguments": arguments}),
                    });
                }
            }
        }
        all
    }
}

/// How many ways there are of filling all holes.
fn fillings(calls: &[Holed]) -> usize {
    calls.iter().map(|call| call.choices().len()).product()
}

/// Decides the calls under every way of filling their holes, and collects the
/// different verdicts on each.
fn fill(
    naive: &mut Naive<'_>,
    calls: &[Holed],
    choices: &[Vec<Choice>],
    verdicts: &mut [Vec<Verdict>],
) {
    let ([call, calls @ ..], [own, choices @ ..], [met, verdicts @ ..]) =
        (calls, choices, verdicts)
    else {
        return;
    };
    let passed = naive.passed();
    for choice in own {
        let verdict = naive.decide(&choice.call(call));
        if call.is_given_back_before_all_others() {
            naive.forget_after(passed);
        }
        if !met.contains(&verdict) {
            met.push(verdict);
        }
        fill(naive, calls, choices, verdicts);
        naive.forget_after(passed);
    }
}

fn call(random: &mut Random) -> Holed {
    let known: Json = serde_json::from_str(random.text(&ARGUMENTS)).unwrap();
    Holed {
        tool: random.text(&["pay", "pay", "pay", "read", "free"]),
        grant: (!random.chance(20)).then(|| GRANTS[random.weighted(&[80, 20])]),
        at: (!random.chance(20)).then(|| *random.pick(&TIMES)),
        arguments: (!random.chance(25)).then_some(known),
        failed: random
            .chance(25)
            .then(|| (!random.chance(30)).then(|| *random.pick(&TIMES))),
    }
}

/// A policy whose counters are soon full.
fn policy(random: &mut Random) -> Json {
    let mut policy = json!({
        "version": "1",
        "default": random.text(&["allow", "allow", "deny"]),
        "tools": {"pay": tool(random)},
    });
    if random.chance(50) {
        policy["tools"]["read"] = tool(random);
    }
    if random.chance(10) {
        policy["hide"] = json!([random.text(&["read", "free"])]);
    }
    if random.chance(50) {
        let limits = limits(random, &["total", "other"], false);
        policy["all_tools"] = json!({ "limits": limits });
    }
    policy
}

fn tool(random: &mut Random) -> Json {
    let mut rules = json!({});
    for (kind, percent) in [("require", 35), ("deny_if", 45)] {
        if random.chance(percent) {
            let count = 1 + random.below(2);
            rules[kind] = (0..count).map(|_| rule(random)).collect();
        }
    }
    if random.chance(85) {
        rules["limits"] = limits(random, &["calls", "spend"], true).into();
    }
    rules
}

fn rule(random: &mut Random) -> Json {
    let mut conditions = vec![
        json!({"path": "args.k", "op": "eq", "value": "a"}),
        json!({"path": "args.k", "op": "neq", "value": "a"}),
        json!({"path": "args.k", "op": "exists", "value": true}),
        json!({"path": "args.n", "op": "gt", "value": 0}),
        json!({"path": "args.n", "op": "lte", "value": 1}),
    ];
    let mut chosen = Vec::new();
    for _ in 0..random.weighted(&[5, 75, 20]) {
        chosen.push(conditions.swap_remove(random.below(conditions.len())));
    }
    let mut rule = json!({ "conditions": chosen });
    if random.chance(20) {
        rule["on_deny"] = json!("No.");
    }
    rule
}

fn limits(random: &mut Random, counters: &[&str], amounts: bool) -> Vec<Json> {
    let count = 1 + random.below(counters.len());
    let one = |counter: &&str| {
        let mut limit = json!({
            "counter": counter,
            "window": random.text(&["minute", "hour", "day"]),
            "max": random.between(1, 3),
            "scope": "grant",
        });
        if amounts && random.chance(40) {
            limit["increment_from"] = json!("args.n");
        }
        if random.chance(15) {
            limit["on_deny"] = json!("No.");
        }
        limit
    };
    counters.iter().take(count).map(one).collect()
}
