//! Every output format over one shared report: the same findings in each, and
//! hostile text from files surviving in each.

mod browser;
mod changes;
mod every_format;
mod formats;
mod hostile;
mod junit;
mod sarif;
mod summary;

use mcppolicy::render::{Format, Style, render};
use mcppolicy_analysis::compare::{self, Allowance, Compiled};
use mcppolicy_analysis::diff::gate::Judgement;
use mcppolicy_analysis::diff::traffic::Traffic;
use mcppolicy_analysis::diff::{Diff, Gate, PolicyDiff, PolicyStatus};
use mcppolicy_analysis::finding::{Finding, RuleId, Severity};
use mcppolicy_analysis::region::Budget;
use mcppolicy_analysis::replay::{Options, Replay};
use mcppolicy_analysis::report::{Body, DiffReport, Failure, Findings, Report, TestRun, Tested};
use mcppolicy_engine::engine::{DEFAULT_MAX_LATENESS, Engine};
use mcppolicy_engine::policy::Policy;
use mcppolicy_engine::problem::{Applicability, Edit, Fix};
use mcppolicy_engine::source::{Location, SourceMap, Span};
use mcppolicy_trace::trace::Trace;
use mcppolicy_trace::trace::WitnessCall;
use mcppolicy_trace::trace::native::NativeReader;

/// Plain output without a limit.
const STYLE: Style<'_> = Style {
    colour: false,
    width: 100,
    show_arguments: false,
    root: "",
    prefix: "",
    limit: None,
    failures: true,
};

/// What a file may try on whoever prints it.
const HOSTILE: &str = "50%\n::error::x, a:b |c| `d` @team <script>alert(1)</script> ]]> \
                       \u{1b}[31m \u{0}\u{202e}rtl [l](https://evil.test) ##[error] {0}";

const POLICY: &str = r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "refund": {
      "deny_if": [{ "conditions": [{ "path": "args.amount", "op": "gt", "value": 500 }], "on_deny": "Too much" }],
      "limits": [{ "counter": "refunds", "window": "minute", "max": 2, "scope": "grant" }]
    },
    "look": {}
  }
}
"#;

/// A finding about the text `needle` of the policy.
fn finding(
    file: mcppolicy_engine::source::FileId,
    text: &str,
    needle: &str,
    rule: RuleId,
    severity: Severity,
    pointer: &str,
    message: &str,
) -> Finding {
    let start = text.find(needle).unwrap();
    let span = Span::new(start, start + needle.len());
    Finding::new(rule, severity, Location { file, span }, pointer, message)
}

/// Three findings about one policy, with everything that a finding can have;
/// `{}` of the messages is filled with `words`.
fn findings(sources: &mut SourceMap, text: &str, words: &str) -> Vec<Finding> {
    let file = sources.add("dir/pol icy.json", text);
    let amount: mcppolicy_engine::value::Value = serde_json::json!({ "amount": words }).into();
    let first = finding(
        file,
        text,
        "500",
        RuleId::FailOpenDeny,
        Severity::Warning,
        "/tools/refund/deny_if/0/conditions/0/value",
        &format!("alpha comes through {words}"),
    );
    let location = first.location;
    let first = first
        .help(format!("beta repairs it {words}"))
        .related(location, format!("gamma is near {words}"))
        .witness(vec![WitnessCall::new(words, amount)])
        .fix(Fix {
            applicability: Applicability::Unsafe,
            edits: vec![Edit {
                span: location.span,
                text: "499".to_owned(),
            }],
        });
    let second = finding(
        file,
        text,
        "\"look\"",
        RuleId::Schema,
        Severity::Error,
        "/tools/look",
        &format!("delta is no key {words}"),
    );
    let limit = finding(
        file,
        text,
        "2, \"scope\"",
        RuleId::BurstOnlyLimit,
        Severity::Note,
        "/tools/refund/limits/0",
        &format!("epsilon is a note {words}"),
    );
    vec![first, second, limit]
}

/// A report of `lint`.
fn lint_report(sources: &SourceMap, list: Vec<Finding>) -> Report<'_> {
    Report {
        command: "lint",
        sources,
        failures: vec![Failure {
            input: "gone.json".to_owned(),
            message: "no such file".to_owned(),
        }],
        assumptions: vec!["zeta is assumed".to_owned()],
        fail_on: None,
        body: Body::Findings(Findings {
            policies: 2,
            list,
            suppressed: 1,
            ..Findings::default()
        }),
    }
}

/// A replay of `trace` through `policy`, with all that a report may need.
fn tested(sources: &mut SourceMap, policy: &str, trace: &str) -> Tested {
    let policy = Policy::load(sources, "policy.json", policy.as_bytes()).unwrap();
    let engine = Engine::new(&policy);
    let options = Options {
        list_passed: true,
        usage: true,
        ..Options::default()
    };
    let mut replay = Replay::new(&engine, options.clone());
    let input = std::io::Cursor::new(trace.to_owned());
    let mut trace = Trace::open("traces/t.jsonl", Box::new(NativeReader::new(input))).unwrap();
    replay.read(&mut trace, sources).unwrap();
    let results = replay.finish();
    let outcome = results.outcome(&options);
    Tested {
        runs: vec![TestRun {
            name: "policy.json".to_owned(),
            policy,
            server: None,
            results,
            outcome,
        }],
        ..Tested::default()
    }
}

fn test_report(sources: &SourceMap, tested: Tested) -> Report<'_> {
    Report {
        command: "test",
        sources,
        failures: Vec::new(),
        assumptions: tested.assumptions(),
        fail_on: None,
        body: Body::Tested(tested),
    }
}

/// A comparison of two policies, with a trace through both.
fn compared(sources: &mut SourceMap, old: &str, new: &str, trace: &str) -> DiffReport {
    let mut load = |name: &str, text: &str| Policy::load(sources, name, text.as_bytes()).unwrap();
    let (old, new) = (load("old.json", old), load("policy.json", new));
    let [before, after] = [Compiled::new(&old), Compiled::new(&new)];
    let budget = Budget::default();
    let comparison = compare::compiled(
        &before,
        &after,
        &budget,
        &Allowance::new(&budget),
        compare::Known::default(),
    );
    let mut traffic = Traffic::default();
    let input = std::io::Cursor::new(trace.to_owned());
    let mut trace = Trace::open("traces/t.jsonl", Box::new(NativeReader::new(input))).unwrap();
    traffic
        .read(
            [&before, &after],
            &mut trace,
            None,
            DEFAULT_MAX_LATENESS,
            sources,
        )
        .unwrap();
    let diff = Diff {
        policies: vec![PolicyDiff {
            name: "policy.json".to_owned(),
            old: Some(old.file),
            new: Some(new.file),
            status: PolicyStatus::Compared(comparison),
            opened: Vec::new(),
            judgement: Judgement::default(),
            traffic: Some(traffic),
            drift: Vec::new(),
            told: None,
        }],
    };
    DiffReport {
        refused: diff.refused_by(Gate::Loosened),
        gate: Gate::Loosened,
        approvals: Vec::new(),
        findings: Vec::new(),
        again: "mcppolicy diff old.json policy.json".to_owned(),
        diff,
    }
}

fn diff_report(sources: &SourceMap, diff: DiffReport) -> Report<'_> {
    Report {
        command: "diff",
        sources,
        failures: Vec::new(),
        assumptions: Vec::new(),
        fail_on: None,
        body: Body::Diff(diff),
    }
}

/// Ten calls of which the expectation of some fails; one argument is a secret.
const TRACE: &str = r#"{"mcppolicy":"trace/1","grant":"bot"}
{"ts":"2026-11-20T10:00:00Z","tool":"refund","arguments":{"amount":10,"card":"s3cret"},"repeat":4,"every":"1s","expect":["allow",2,"deny",2]}
{"ts":"2026-11-20T10:02:00Z","tool":"refund","arguments":{"amount":900,"card":"s3cret"},"expect":"allow"}
{"ts":"2026-11-20T10:03:00Z","tool":"look","arguments":{}}
{"ts":"2026-11-20T10:04:00Z","tool":"refund","arguments":{"amount":600},"grant":null,"expect":"deny"}
"#;

#[test]
fn the_same_findings_appear_in_each_format() {
    let mut sources = SourceMap::new();
    let list = findings(&mut sources, POLICY, "");
    let report = lint_report(&sources, list);
    for format in Format::ALL {
        let text = render(&report, format, STYLE);
        let name = format.name();
        for word in ["alpha", "delta", "epsilon", "beta", "gamma", "gone.json"] {
            assert!(text.contains(word), "{name} lacks {word}:\n{text}");
        }
        for rule in ["fail-open-deny", "schema", "burst-only-limit"] {
            assert!(text.contains(rule), "{name} lacks {rule}:\n{text}");
        }
        // The proof's argument.
        assert!(text.contains("amount"), "{name} lacks the proof:\n{text}");
        assert_eq!(text, render(&report, format, STYLE), "{name} is not stable");
    }
}

#[test]
fn the_same_changes_appear_in_each_format() {
    let mut sources = SourceMap::new();
    let new = POLICY
        .replace("500", "800")
        .replace("\"look\": {}", "\"watch\": {}");
    let diff = compared(&mut sources, POLICY, &new, TRACE);
    let report = diff_report(&sources, diff);
    for format in Format::ALL {
        let text = render(&report, format, STYLE);
        let name = format.name();
        for word in ["refund", "look", "watch", "loosened", "tightened"] {
            assert!(text.contains(word), "{name} lacks {word}:\n{text}");
        }
    }
}

#[test]
fn a_recorded_argument_that_nothing_reads_is_in_no_format() {
    let mut sources = SourceMap::new();
    let done = tested(&mut sources, POLICY, TRACE);
    let report = test_report(&sources, done);
    for format in Format::ALL {
        let text = render(&report, format, STYLE);
        let name = format.name();
        assert!(!text.contains("s3cret"), "{name} shows it:\n{text}");
        assert!(text.contains("900"), "{name} lacks what was read:\n{text}");
        let all = Style {
            show_arguments: true,
            ..STYLE
        };
        assert!(render(&report, format, all).contains("s3cret"), "{name}");
    }
}
