//! From the text of traces to results.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use super::expect::{Mismatch, Verdict};
use super::results::{Actual, Counts, Repetitions, Results, ToolCounts};
use super::{Options, Replay, RunOutcome, redact};
use mcppolicy_engine::engine::{Engine, Kind, Reason};
use mcppolicy_engine::policy::Policy;
use mcppolicy_engine::source::SourceMap;
use mcppolicy_engine::time::TimeDelta;
use mcppolicy_trace::timeline::{Assumption, Order};
use mcppolicy_trace::trace::native::NativeReader;
use mcppolicy_trace::trace::{DecisionName, Grant, KINDS, REASONS, Trace};

mod blocks;
mod timelines;
mod update;

const POLICY: &str = include_str!("../../../../testdata/traces/run_workflow.policy.json");
const RUNAWAY: &str = include_str!("../../../../testdata/traces/runaway.jsonl");

fn engine() -> Engine {
    Engine::new(&Policy::from_json(POLICY.as_bytes()).unwrap())
}

fn replay_with(options: &Options, traces: &[&str]) -> Results {
    let engine = engine();
    let mut replay = Replay::new(&engine, options.clone());
    let mut map = SourceMap::new();
    for (at, text) in traces.iter().enumerate() {
        let input = std::io::Cursor::new((*text).to_owned());
        let reader = Box::new(NativeReader::new(input));
        let mut trace = Trace::open(format!("t{at}.jsonl"), reader).unwrap();
        replay.read(&mut trace, &mut map).unwrap();
    }
    replay.finish()
}

fn replay(text: &str) -> Results {
    replay_with(&Options::default(), &[text])
}

/// Every call's decision and kind or reason, repetitions written out.
fn decisions(order: Order, traces: &[&str]) -> Vec<(usize, usize, Actual)> {
    let options = Options {
        all_cases: true,
        order,
        ..Options::default()
    };
    let results = replay_with(&options, traces);
    results
        .cases
        .into_iter()
        .map(|case| (case.trace, case.line, case.actual))
        .collect()
}

fn allow_all() -> Options {
    Options {
        allow_undetermined: true,
        allow_unasserted: true,
        ..Options::default()
    }
}

#[test]
fn the_runaway_trace_holds() {
    let options = Options::default();
    let results = replay_with(&options, &[RUNAWAY]);
    assert_eq!(results.cases, []);
    assert_eq!(results.outcome(&options), RunOutcome::Clean);
    let counts = Counts {
        calls: 18,
        passed: 18,
        allow: 13,
        deny: 4,
        ..Counts::default()
    };
    assert_eq!(results.summary(), counts);
    assert_eq!(results.reasons, BTreeMap::from([(Reason::UnknownTime, 1)]));
    let run = ToolCounts {
        calls: 16,
        allow: 13,
        deny: 2,
        undetermined: 1,
    };
    assert_eq!(results.tools.get(&Some("run_workflow".into())), Some(&run));
    assert_eq!(results.assumptions, [Assumption::CountersStartAtZero]);
}

#[test]
fn names_that_expectations_can_use_are_the_engines() {
    let mut kinds = KINDS;
    let mut names = Kind::ALL.map(Kind::name);
    kinds.sort_unstable();
    names.sort_unstable();
    assert_eq!(kinds, names);
    assert_eq!(REASONS, Reason::ALL.map(Reason::name));
}

#[test]
fn a_failed_expectation_is_reported_with_what_was_decided() {
    let results = replay(
        r#"{"grant":"g","id":"4","note":"n","ts":"2026-11-20T10:00:00Z","tool":"create_charge","arguments":{"currency":"usd","amount":60000,"card":"4242"},"expect":{"decision":"deny","rule":"/tools/create_charge/deny_if/1","kind":"deny_if","message":"no"},"origin":{"file":"l","line":9}}"#,
    );
    assert_eq!(results.cases.len(), 1);
    let case = &results.cases[0];
    assert_eq!((case.file.as_str(), case.line), ("t0.jsonl", 1));
    assert_eq!(case.verdict, Verdict::Fail);
    assert_eq!(case.grant, Grant::Named("g".into()));
    let actual = Actual {
        decision: DecisionName::Deny,
        kind: Some(Kind::DenyIf),
        rule: Some("/tools/create_charge/deny_if/0".into()),
        label: Some("/tools/create_charge/deny_if/args.amount-gt".into()),
        message: Some("Too much at once".into()),
        reason: None,
    };
    assert_eq!(case.actual, actual);
    let mismatch = |member, expected: &str, actual: &str| Mismatch {
        member,
        expected: expected.into(),
        actual: Some(actual.into()),
    };
    assert_eq!(
        case.mismatches,
        [
            mismatch(
                "rule",
                "/tools/create_charge/deny_if/1",
                "/tools/create_charge/deny_if/0"
            ),
            mismatch("message", "no", "Too much at once"),
        ]
    );
    let reads: Vec<String> = case.reads.iter().map(ToString::to_string).collect();
    assert_eq!(reads, ["args.amount"]);
    let Some(mcppolicy_trace::trace::RecordedArguments::Known(arguments)) = &case.arguments else {
        panic!("no arguments");
    };
    let shown = redact::redact(arguments.value(), &case.reads);
    assert_eq!(
        shown.to_string(),
        r#"{"amount":60000,"card":"…","currency":"…"}"#
    );
    assert_eq!(case.origin.as_ref().map(|origin| origin.line), Some(9));
}

#[test]
fn an_allowed_call_shows_all_that_the_policy_read() {
    let results = replay(
        r#"{"tool":"create_charge","arguments":{"currency":"usd","amount":1},"expect":"deny"}"#,
    );
    let reads: Vec<String> = results.cases[0]
        .reads
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        reads,
        ["args.currency", "args.amount", "args.customer.blocked"]
    );
}

#[test]
fn a_hidden_tools_arguments_are_never_shown() {
    let results = replay(r#"{"tool":"delete_asset","arguments":{"id":1},"expect":"allow"}"#);
    assert_eq!(results.cases[0].reads, []);
}

#[test]
fn the_repetitions_that_went_alike_are_one_case() {
    let results = replay(
        r#"{"ts":"2026-11-20T10:00:00Z","repeat":130,"every":"5s","tool":"run_workflow","expect":"allow"}"#,
    );
    assert_eq!(results.cases.len(), 1);
    let repetitions = Repetitions {
        of: 130,
        first: 11,
        last: 120,
        count: 20,
    };
    assert_eq!(results.cases[0].repetitions, repetitions);
    let time = mcppolicy_engine::time::Time::parse("2026-11-20T10:00:50Z").unwrap();
    assert_eq!(results.cases[0].time, Some(time));
    assert_eq!(results.summary().failed, 20);
}

#[test]
fn what_is_undetermined_without_an_expectation_is_counted_and_not_listed() {
    let text = r#"{"tool":"create_charge","arguments_unknown":true}"#;
    let results = replay(text);
    assert_eq!(results.cases, []);
    assert_eq!(results.summary().undetermined, 1);
    assert_eq!(
        results.reasons,
        BTreeMap::from([(Reason::UnknownArguments, 1)])
    );
    assert_eq!(results.outcome(&Options::default()), RunOutcome::Failed);
    let lenient = Options {
        allow_undetermined: true,
        ..Options::default()
    };
    assert_eq!(results.outcome(&lenient), RunOutcome::NothingAsserted);
    assert_eq!(results.outcome(&allow_all()), RunOutcome::Clean);
}

#[test]
fn an_expected_reason_must_be_the_reason() {
    let verdict = |reason: &str| {
        let results = replay(&format!(
            r#"{{"tool":"create_charge","arguments_unknown":true,"expect":{{"decision":"undetermined","reason":"{reason}"}}}}"#
        ));
        let counts = results.summary();
        (counts.passed, counts.failed)
    };
    assert_eq!(verdict("unknown-arguments"), (1, 0));
    assert_eq!(verdict("unknown-time"), (0, 1));
}

#[test]
fn a_certain_denial_of_uncertain_origin_passes_only_what_it_can() {
    let policy = br#"{"version":"1","default":"deny","tools":{"x":{
        "require":[{"conditions":[{"path":"args.a","op":"exists","value":true}]}],
        "deny_if":[{"conditions":[]}]}, "y":{
        "deny_if":[{"conditions":[{"path":"args.a","op":"exists","value":true}]},{"conditions":[]}]}}}"#;
    let engine = Engine::new(&Policy::from_json(policy).unwrap());
    let verdict = |tool: &str, expect: &str| {
        let line =
            format!("{{\"tool\":\"{tool}\",\"arguments_unknown\":true,\"expect\":{expect}}}");
        let reader = Box::new(NativeReader::new(std::io::Cursor::new(line)));
        let mut trace = Trace::open("t", reader).unwrap();
        let options = Options {
            all_cases: true,
            ..Options::default()
        };
        let mut replay = Replay::new(&engine, options);
        replay.read(&mut trace, &mut SourceMap::new()).unwrap();
        replay.finish().cases[0].verdict
    };
    assert_eq!(verdict("x", r#""deny""#), Verdict::Pass);
    assert_eq!(verdict("x", r#""allow""#), Verdict::Fail);
    let named = r#"{"decision":"deny","rule":"/tools/x/deny_if/0"}"#;
    assert_eq!(verdict("x", named), Verdict::Undetermined);
    let kind = r#"{"decision":"deny","kind":"deny_if"}"#;
    assert_eq!(verdict("x", kind), Verdict::Undetermined);
    assert_eq!(verdict("y", kind), Verdict::Pass);
    let both = r#"{"decision":"deny","kind":"limit","rule":"/tools/y/deny_if/0"}"#;
    assert_eq!(verdict("y", both), Verdict::Fail);
    let said = r#"{"decision":"deny","message_contains":"refused"}"#;
    assert_eq!(verdict("y", said), Verdict::Undetermined);
}

#[test]
fn malformed_calls_and_batches_are_denied_and_stand_in_no_rule() {
    let results = replay(concat!(
        r#"{"request":[],"expect":{"decision":"deny","kind":"batch"}}"#,
        "\n",
        r#"{"request":{"method":"tools/call","params":{"name":1}},"expect":{"decision":"deny","kind":"malformed","message":"Malformed tool call: no tool name"}}"#,
        "\n",
        r#"{"request":{"method":"tools/call","params":{"name":"run_workflow","arguments":"{}"}},"expect":{"decision":"deny","kind":"malformed","message_contains":"not an object"}}"#,
        "\n",
        r#"{"request":[],"expect":{"decision":"deny","rule":"/default"}}"#,
    ));
    assert_eq!(results.summary().passed, 3);
    assert_eq!(results.cases[0].verdict, Verdict::Fail);
    assert_eq!(results.tools.get(&None).map(|tool| tool.deny), Some(3));
}

#[test]
fn what_the_recording_shows_can_be_expected() {
    let text = concat!(
        r#"{"tool":"run_workflow","observed":"allow","expect":"deny"}"#,
        "\n",
        r#"{"tool":"delete_asset","response":{"result":{"content":[{"type":"text","text":"[POLICY DENIED] no"}]}}}"#,
        "\n",
        r#"{"tool":"delete_asset","observed":"allow"}"#,
        "\n",
        r#"{"tool":"run_workflow","expect":"allow"}"#,
        "\n",
        r#"{"tool":"run_workflow"}"#,
    );
    let options = Options {
        expect_observed: true,
        ..Options::default()
    };
    let counts = replay_with(&options, &[text]).summary();
    assert_eq!((counts.passed, counts.failed, counts.unasserted), (3, 1, 1));
    let counts = replay(text).summary();
    assert_eq!((counts.passed, counts.failed, counts.unasserted), (1, 1, 3));
}

#[test]
fn calls_to_other_servers_are_counted_and_consume_nothing() {
    let text = concat!(
        r#"{"ts":"2026-11-20T10:00:00Z","server":"other","repeat":20,"tool":"run_workflow","expect":"deny"}"#,
        "\n",
        r#"{"ts":"2026-11-20T10:00:00Z","server":"mine","repeat":10,"tool":"run_workflow","expect":"allow"}"#,
        "\n",
        r#"{"ts":"2026-11-20T10:00:00Z","server":null,"grant":"g","tool":"run_workflow","expect":"allow"}"#,
        "\n",
        r#"{"server":"mine","request":{"method":"tools/list"}}"#,
    );
    let options = Options {
        server: Some("mine".into()),
        ..Options::default()
    };
    for order in [Order::PerFile, Order::Merged] {
        let options = Options {
            order,
            ..options.clone()
        };
        let results = replay_with(&options, &[text]);
        let counts = Counts {
            calls: 31,
            passed: 11,
            out_of_scope: 20,
            allow: 11,
            ..Counts::default()
        };
        assert_eq!(results.summary(), counts);
        assert_eq!(
            results.out_of_scope,
            BTreeMap::from([("other".to_owned(), 20)])
        );
        assert_eq!(
            results.other_methods,
            BTreeMap::from([("tools/list".to_owned(), 1)])
        );
        let assumptions = [
            Assumption::CountersStartAtZero,
            Assumption::ImplicitGrant {
                file: "t0.jsonl".into(),
            },
            Assumption::UnknownServer,
        ];
        assert_eq!(results.assumptions, assumptions);
    }
}

#[test]
fn assumptions_are_listed_once_and_read_as_sentences() {
    let text = concat!(
        r#"{"ts":"2026-11-20T10:00:00Z","server":"a","tool":"run_workflow","arguments":{"x":1,"x":2},"response":{"error":{}},"expect":"allow"}"#,
        "\n",
        r#"{"ts":"2026-11-20T10:00:00Z","server":"a","tool":"run_workflow","arguments":{"x":1,"x":2},"response":{"error":{}},"expect":"allow"}"#,
    );
    let results = replay(text);
    let listed: Vec<String> = results.assumptions.iter().map(|a| a.to_string()).collect();
    assert_eq!(
        listed,
        [
            "every counter is zero where a recording starts",
            "t0.jsonl: the calls that name no grant share one",
            "the policy's server has no name here, so calls to \"a\" are taken to be its",
            "a JSON-RPC error whose time is not recorded gave its quota back at once",
            "of an argument that a call repeats, the last one counts",
        ]
    );
}

#[test]
fn a_run_ends_in_the_worst_way_that_applies() {
    let strict = Options::default();
    let ends = |text: &str| replay(text).outcome(&strict);
    assert_eq!(
        replay_with(&strict, &[]).outcome(&allow_all()),
        RunOutcome::NoTrace
    );
    let header = r#"{"mcppolicy":"trace/1"}"#;
    assert_eq!(ends(header), RunOutcome::NoCallInScope);
    assert_eq!(
        replay(header).outcome(&allow_all()),
        RunOutcome::NoCallInScope
    );
    assert_eq!(
        ends(r#"{"request":{"method":"ping"}}"#),
        RunOutcome::NoCallInScope
    );
    let unasserted = r#"{"tool":"x"}"#;
    assert_eq!(ends(unasserted), RunOutcome::NothingAsserted);
    assert_eq!(replay(unasserted).outcome(&allow_all()), RunOutcome::Clean);
    let failed = r#"{"tool":"x","expect":"allow"}"#;
    assert_eq!(ends(failed), RunOutcome::Failed);
    assert_eq!(
        ends(&format!("{failed}\n{{oops\n")),
        RunOutcome::InvalidTrace
    );
    let codes = [
        RunOutcome::Clean,
        RunOutcome::Failed,
        RunOutcome::InvalidTrace,
        RunOutcome::NoTrace,
        RunOutcome::NoCallInScope,
        RunOutcome::NothingAsserted,
    ]
    .map(RunOutcome::exit_code);
    assert_eq!(codes, [0, 1, 3, 4, 4, 4]);
}

#[test]
fn a_bad_line_is_reported_and_the_rest_is_still_replayed() {
    let results = replay(concat!(
        "{\"tool\":\"x\",\"expect\":\"deny\"}\n",
        "{\"tool\":\n",
        "{\"tool\":\"x\",\"expect\":\"deny\"}\n",
    ));
    assert_eq!(results.invalid_lines, 1);
    assert_eq!(results.unlisted_lines, 0);
    assert_eq!(results.problems.len(), 1);
    assert_eq!(results.summary().passed, 2);
}

#[test]
fn beyond_a_thousand_findings_bad_lines_are_only_counted() {
    let results = replay(&"{\n".repeat(1_500));
    assert_eq!(results.problems.len(), 1_000);
    assert_eq!(
        (results.invalid_lines, results.unlisted_lines),
        (1_500, 500)
    );
}
