//! How long a policy of realistic size (fifty tools with conditions and limits)
//! takes to parse, to compile, and to decide a call, and a trace to replay.
//! `cargo bench --bench engine` runs it.

#![allow(clippy::unwrap_used, reason = "a bench may panic")]

use std::io::Cursor;

use divan::{Bencher, black_box};
use mcppolicy_analysis::replay::{Options, Replay};
use mcppolicy_engine::document::parse::parse_text;
use mcppolicy_engine::engine::{Call, Counters, Engine};
use mcppolicy_engine::policy::Policy;
use mcppolicy_engine::source::SourceMap;
use mcppolicy_engine::time::{Time, TimeDelta};
use mcppolicy_engine::value::Value;
use mcppolicy_trace::trace::Trace;
use mcppolicy_trace::trace::native::NativeReader;
use serde_json::json;

const TOOLS: usize = 50;

fn main() {
    divan::main();
}

/// Fifty tools: each with a rule that must hold, one that must not, and limits.
fn policy_text() -> String {
    let tools: serde_json::Map<String, serde_json::Value> = (0..TOOLS)
        .map(|index| {
            let rules = json!({
                "require": [{"conditions": [
                    {"path": "args.target.path", "op": "regex", "value": "^/srv/[a-z0-9_/-]+$"},
                    {"path": "args.mode", "op": "in", "value": ["read", "write", "append"]},
                ]}],
                "deny_if": [{
                    "conditions": [{"path": "args.amount", "op": "gt", "value": 500}],
                    "on_deny": "Ask a person for more than 500.",
                }],
                "limits": [
                    {"counter": "calls", "window": "minute", "max": 1000, "scope": "grant"},
                    {"counter": "spend", "window": "day", "max": 1_000_000_000_u64,
                     "scope": "grant", "increment_from": "args.amount"},
                ],
            });
            (format!("tool_{index}"), rules)
        })
        .collect();
    let policy = json!({
        "version": "1",
        "default": "deny",
        "hide": ["drop_database"],
        "all_tools": {"limits": [
            {"counter": "all", "window": "hour", "max": 1_000_000, "scope": "grant"},
        ]},
        "tools": tools,
    });
    serde_json::to_string_pretty(&policy).unwrap()
}

fn engine() -> Engine {
    Engine::new(&Policy::from_json(policy_text().as_bytes()).unwrap())
}

fn arguments(amount: u64) -> Value {
    Value::from(json!({
        "target": {"path": "/srv/reports/2026/november", "line": 12},
        "mode": "append",
        "amount": amount,
        "note": "a text that no condition reads",
    }))
}

/// From text to the spanned tree.
#[divan::bench]
fn parse(bencher: Bencher<'_, '_>) {
    let text = policy_text();
    bencher
        .counter(divan::counter::BytesCount::of_str(&text))
        .bench(|| parse_text(black_box(&text)).unwrap());
}

/// From bytes to the typed policy: parser, schema, lowering and patterns.
#[divan::bench]
fn load(bencher: Bencher<'_, '_>) {
    let text = policy_text();
    bencher
        .counter(divan::counter::BytesCount::of_str(&text))
        .bench(|| Policy::from_json(black_box(text.as_bytes())).unwrap());
}

/// From the typed policy to the engine.
#[divan::bench]
fn compile(bencher: Bencher<'_, '_>) {
    let policy = Policy::from_json(policy_text().as_bytes()).unwrap();
    bencher.bench(|| Engine::new(black_box(&policy)));
}

/// One call after another, 40 milliseconds apart, each through all steps.
#[divan::bench]
fn decide_allowed(bencher: Bencher<'_, '_>) {
    decide(bencher, 20);
}

/// The same, refused by a condition.
#[divan::bench]
fn decide_denied(bencher: Bencher<'_, '_>) {
    decide(bencher, 900);
}

fn decide(bencher: Bencher<'_, '_>, amount: u64) {
    let engine = engine();
    let arguments = arguments(amount);
    let mut counters = Counters::new(TimeDelta::seconds(0));
    let mut nanos = 1_795_219_200_000_000_000_i128;
    bencher
        .counter(divan::counter::ItemsCount::new(1_usize))
        .bench_local(|| {
            nanos += 40_000_000;
            let time = Time::from_nanos(nanos);
            let call = Call::new("agent-7", "tool_31", black_box(&arguments), time);
            engine.decide(&call, &mut counters).reservation
        });
}

const CALLS: usize = 10_000;

/// A native trace of calls that pass and calls that do not, all asserted.
fn trace_text() -> String {
    let mut text = String::from(
        "{\"mcppolicy\":\"trace/1\",\"start\":\"2026-11-20T10:00:00Z\",\"step\":\"250ms\"}\n",
    );
    for index in 0..CALLS {
        let amount = if index % 10 == 0 { 900 } else { 20 };
        let call = json!({
            "tool": format!("tool_{}", index % TOOLS),
            "grant": format!("grant-{}", index % 20),
            "arguments": arguments(amount).to_json(),
            "expect": if amount == 900 { "deny" } else { "allow" },
        });
        text.push_str(&call.to_string());
        text.push('\n');
    }
    text
}

/// From a trace's bytes to its report.
#[divan::bench]
fn replay(bencher: Bencher<'_, '_>) {
    let engine = engine();
    let text = trace_text();
    bencher
        .counter(divan::counter::ItemsCount::new(CALLS))
        .counter(divan::counter::BytesCount::of_str(&text))
        .bench(|| {
            let mut sources = SourceMap::new();
            let reader = NativeReader::new(Cursor::new(text.clone().into_bytes()));
            let mut trace = Trace::open("bench", Box::new(reader)).unwrap();
            let mut replay = Replay::new(&engine, Options::default());
            replay.read(&mut trace, &mut sources).unwrap();
            let results = replay.finish();
            assert_eq!(results.summary().passed, CALLS as u64);
            results
        });
}
