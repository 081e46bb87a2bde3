//! `import`: what `test` decides of a log, it decides of its import.

use mcppolicy_analysis::replay::import::Import;
use mcppolicy_analysis::replay::results::{Actual, Results};
use mcppolicy_analysis::replay::{Options, Replay};
use mcppolicy_engine::engine::Engine;
use mcppolicy_engine::policy::Policy;
use mcppolicy_engine::source::SourceMap;
use mcppolicy_trace::trace::native::write_call;

use super::*;
use crate::support::{fresh, root, run, write};

/// Reads arguments of the fixtures in rules and counts every call.
const POLICY: &str = r#"{
  "version": "1", "default": "allow", "hide": ["delete_file"],
  "all_tools": {"limits": [{"counter": "all", "window": "minute", "max": 2, "scope": "grant"}]},
  "tools": {
    "read_file": {"require": [{"conditions": [{"path": "args.path", "op": "regex", "value": "^a"}]}]},
    "write_file": {"deny_if": [{"conditions": [{"path": "args.path.deep", "op": "exists", "value": true}]}]},
    "get_issue": {"deny_if": [{"conditions": [{"path": "args.number", "op": "gt", "value": 5}]}]},
    "get_me": {"require": [{"conditions": [{"path": "args.a", "op": "exists", "value": false}]}]},
    "book": {"limits": [{"counter": "spent", "window": "day", "max": 260, "scope": "grant", "increment_from": "args.price"}]},
    "put": {"require": [{"conditions": [{"path": "args.z", "op": "exists", "value": false}, {"path": "args.l", "op": "contains", "value": "x"}]}]},
    "d": {}, "f": {"require": [{"conditions": [{"path": "args.x", "op": "eq", "value": 1}]}]}
  }
}"#;

fn engine() -> Engine {
    Engine::new(&Policy::from_json(POLICY.as_bytes()).unwrap())
}

fn replay(engine: &Engine, bytes: &[u8], settings: Settings) -> Results {
    let options = Options {
        all_cases: true,
        expect_observed: true,
        ..Options::default()
    };
    let mut run = Replay::new(engine, options);
    let reader = reader(Cursor::new(bytes.to_vec()), settings).unwrap();
    let mut trace = Trace::open("log", reader).unwrap();
    run.read(&mut trace, &mut SourceMap::default()).unwrap();
    run.finish()
}

fn import(bytes: &[u8], settings: Settings, import: &Import<'_>) -> String {
    let mut out = import.header(None) + "\n";
    for call in read_with(bytes, settings).calls {
        out.push_str(&write_call(&import.native(call, "log")));
        out.push('\n');
    }
    out
}

/// Where each call came from and what became of it.
fn outcomes(results: &Results) -> Vec<(usize, Option<String>, Actual, bool)> {
    let line = |case: &mcppolicy_analysis::replay::results::Case| match &case.origin {
        Some(origin) => origin.line as usize,
        None => case.line,
    };
    let cases = results.cases.iter();
    let outcome = |case: &mcppolicy_analysis::replay::results::Case| {
        let passed = case.mismatches.is_empty();
        (line(case), case.tool.clone(), case.actual.clone(), passed)
    };
    cases.map(outcome).collect()
}

#[test]
fn an_import_is_decided_as_its_log_is_redacted_or_not() {
    let engine = engine();
    for (fixture, _) in FIXTURES {
        for grant_from in [
            None,
            Some(GrantFrom::File),
            Some(GrantFrom::User),
            Some(GrantFrom::Server),
        ] {
            let settings = Settings {
                format: None,
                grant_from,
                ..Settings::default()
            };
            let bytes = bytes(fixture);
            let direct = replay(&engine, &bytes, settings);
            for redact in [None, Some(&engine)] {
                let how = Import {
                    redact,
                    ..Import::default()
                };
                let text = import(&bytes, settings, &how);
                let imported = replay(&engine, text.as_bytes(), Settings::default());
                assert_eq!(imported.invalid_lines, 0, "{fixture}\n{text}");
                let mut direct = outcomes(&direct);
                let mut imported = outcomes(&imported);
                // A call that only its end shows is at another line.
                direct.sort_by_key(|(line, ..)| *line);
                imported.sort_by_key(|(line, ..)| *line);
                assert_eq!(imported, direct, "{fixture}");
            }
        }
    }
}

#[test]
fn every_call_keeps_its_arguments_unless_redacted() {
    for (fixture, _) in FIXTURES {
        let bytes = bytes(fixture);
        let text = import(&bytes, Settings::default(), &Import::default());
        let again = read_with(text.as_bytes(), Settings::default());
        assert_eq!(again.format, Format::Native, "{fixture}");
        let direct = read_with(&bytes, Settings::default());
        let same = |log: &Log| -> Vec<_> {
            let calls = log.calls.iter();
            calls
                .map(|call| {
                    (
                        call.request.clone(),
                        call.grant.clone(),
                        call.server.clone(),
                        call.time,
                    )
                })
                .collect()
        };
        assert_eq!(same(&again), same(&direct), "{fixture}");
    }
}

#[test]
fn redaction_keeps_what_a_condition_reads_and_no_other_value() {
    let engine = engine();
    let log = concat!(
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read_file","arguments":{"path":"a.txt","token":"s3cret","deep":{"x":"s3cret"}}}}"#,
        "\n",
        r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"s3cret"}}"#,
        "\n",
        r#"{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"write_file","arguments":{"path":"s3cret"}}}"#,
        "\n",
        r#"{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"other","arguments":["s3cret"]}}"#,
        "\n",
        r#"[{"jsonrpc":"2.0","id":4,"method":"tools/call","params":{"name":"other","arguments":{"a":"s3cret"}}}]"#,
        "\n",
    );
    let how = Import {
        redact: Some(&engine),
        ..Import::default()
    };
    let text = import(log.as_bytes(), Settings::default(), &how);
    assert!(!text.contains("s3cret"), "{text}");
    assert!(text.contains(r#""path":"a.txt""#), "{text}");
    assert!(
        text.contains(r#""token":"#) && text.contains("-32000"),
        "{text}"
    );
}

#[test]
fn what_a_log_shows_can_be_expected() {
    let how = Import {
        expect_observed: true,
        ..Import::default()
    };
    let text = import(&bytes("gateway/events.jsonl"), Settings::default(), &how);
    let expects: Vec<bool> = text
        .lines()
        .map(|line| line.contains("\"expect\""))
        .collect();
    assert_eq!(expects, [false, true, true, false]);
}

#[test]
fn the_command_writes_a_trace_that_test_takes_as_it_is() {
    let dir = fresh("readers-command");
    write(&dir, "policy.json", POLICY);
    for (fixture, name) in [
        ("codex/rollout.jsonl", "a.jsonl"),
        ("claude-desktop/mcp.log", "b.log"),
    ] {
        write(&dir, name, bytes(fixture));
    }
    let output = run(&dir, &["import", "a.jsonl", "b.log", "-o", "out.jsonl"]);
    let log = &output.err;
    assert_eq!(output.code, 0, "{log}");
    assert!(log.contains("a.jsonl: read as codex: calls 2"), "{log}");
    assert!(
        log.contains("b.log: read as claude-desktop: calls 2"),
        "{log}"
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(dir.join("out.jsonl"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let output = run(
        &dir,
        &[
            "test",
            "out.jsonl",
            "--policy",
            "policy.json",
            "--allow-unasserted",
            "--format",
            "json",
            "--all-cases",
        ],
    );
    let report = output.report();
    assert_eq!(output.code, 0, "{report}");
    assert_eq!(report["summary"]["calls"], 4);
    assert_eq!(report["traces"][0]["format"], "native");
    let grants: Vec<&str> = report["cases"]
        .as_array()
        .unwrap()
        .iter()
        .map(|case| case["grant"].as_str().unwrap())
        .collect();
    assert_eq!(grants, ["c-1", "c-1", "file:b.log", "file:b.log"]);
}

#[test]
fn a_test_has_no_path_of_the_machine_that_it_was_imported_on() {
    let dir = fresh("readers-elsewhere");
    for name in ["one/a.log", "two/a.log"] {
        write(&dir, name, bytes("claude-desktop/mcp.log"));
    }
    std::fs::create_dir(dir.join("here")).unwrap();
    let logs = ["one/a.log", "two/a.log"].map(|log| dir.join(log).display().to_string());
    let output = run(&dir.join("here"), &["import", &logs[0], &logs[1]]);
    assert_eq!(output.code, 0, "{output:?}");
    assert!(!output.out.contains(&logs[0]), "{output:?}");
    for name in ["one/a.log", "two/a.log"] {
        let grant = format!(r#""grant":"file:{name}""#);
        let origin = format!(r#""origin":{{"file":"{name}","#);
        assert!(output.out.contains(&grant), "{output:?}");
        assert!(output.out.contains(&origin), "{output:?}");
    }
    // What a person reads names the log as it was given.
    assert!(output.err.contains(&logs[0]), "{output:?}");
}

#[test]
fn the_command_says_what_it_could_not_do() {
    let dir = fresh("readers-refusals");
    write(&dir, "empty.jsonl", "");
    write(&dir, "bad.jsonl", "{\"tool\":7}\n");
    let code = |args: &[&str]| run(&dir, args).code;
    assert_eq!(code(&["import", "empty.jsonl"]), 4);
    assert_eq!(code(&["import", "bad.jsonl"]), 3);
    assert_eq!(code(&["import", "missing.jsonl"]), 2);
    assert_eq!(code(&["import", "bad.jsonl", "-o", "bad.jsonl"]), 2);
    assert_eq!(code(&["import", "bad.jsonl", "--redact", "bad.jsonl"]), 3);
    assert_eq!(
        std::fs::read(dir.join("bad.jsonl")).unwrap(),
        b"{\"tool\":7}\n"
    );
    assert_eq!(code(&["import", "empty.jsonl", "--from", "nothing"]), 2);
    // What is no trace is named as such, and is not said to be read as one.
    write(&dir, "policy.json", POLICY);
    let output = run(&dir, &["import", "policy.json"]);
    assert_eq!(output.code, 3);
    assert!(output.err.contains("a policy, and no trace"), "{output:?}");
    assert!(!output.err.contains("read as"), "{output:?}");
}

#[test]
fn test_reads_a_log_as_it_is_and_reports_how() {
    let dir = fresh("readers-as-it-is");
    write(&dir, "policy.json", POLICY);
    write(&dir, "s.jsonl", bytes("claude-code/session.jsonl"));
    let args = [
        "test",
        "s.jsonl",
        "--policy",
        "policy.json",
        "--server",
        "github",
        "--expect",
        "observed",
    ];
    let json = run(
        &dir,
        &[&args[..], &["--format", "json", "--verbose"]].concat(),
    );
    let report = json.report();
    assert_eq!(json.code, 0, "{report}");
    assert_eq!(report["out_of_scope"], serde_json::json!({"client": 1}));
    assert_eq!(
        report["traces"],
        serde_json::json!([{
            "policy": "policy.json", "file": "s.jsonl", "format": "claude-code",
            "calls": 2, "out_of_scope": 1,
            "passed_over": [{"reason": "no tool call in it", "count": 3, "lines": [1, 2, 6]}],
        }])
    );
    let human = run(
        &dir,
        &[&args[..], &["--verbose", "--grant-from", "server"]].concat(),
    );
    let text = human.out;
    assert!(
        text.contains("s.jsonl read as claude-code: 2 calls, 3 lines skipped"),
        "{text}"
    );
    assert!(text.contains("no tool call in it: 1, 2, 6"), "{text}");
    assert!(text.contains("s.jsonl: each server is one grant"), "{text}");
}

#[test]
fn update_writes_into_no_log() {
    let dir = fresh("readers-update");
    let log = bytes("claude-code/session.jsonl");
    write(&dir, "policy.json", POLICY);
    write(&dir, "s.jsonl", &log);
    let output = run(
        &dir,
        &["test", "s.jsonl", "--policy", "policy.json", "--update"],
    );
    assert_eq!(output.code, 2);
    assert!(output.err.contains("import it first"), "{}", output.err);
    assert_eq!(std::fs::read(dir.join("s.jsonl")).unwrap(), log);
}

#[test]
fn the_filesystem_policy_denies_the_traversal_and_the_key() {
    let output = run(root(), &["test", "testdata/filesystem/calls.jsonl"]);
    assert_eq!(output.code, 0);
}
