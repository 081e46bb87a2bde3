//! `import --assert policy`: a log becomes a test in one step.

use serde_json::{Value, json};

use crate::support::{fresh, run, write};

const POLICY: &str = r#"{"version":"1","default":"deny","tools":{"refund":{
  "deny_if":[{"conditions":[{"path":"args.amount","op":"gt","value":100}],"on_deny":"Too much"}],
  "limits":[{"counter":"n","max":3,"window":"minute","scope":"grant","on_deny":"Slow down"}]}}}"#;

fn call(at: &str, server: &str, tool: &str, arguments: &Value) -> String {
    let message = json!({"jsonrpc": "2.0", "id": at, "method": "tools/call",
        "params": {"name": tool, "arguments": arguments}});
    json!({"ts": format!("2026-11-20T10:00:{at}Z"), "dir": "client->server", "server": server,
        "session": "s1", "message": message})
    .to_string()
}

fn log() -> String {
    let lines = [
        call(
            "01",
            "shop",
            "refund",
            &json!({"amount": 5, "iban": "DE00 s3cret"}),
        ),
        call(
            "02",
            "shop",
            "refund",
            &json!({"amount": 500, "iban": "DE00 s3cret"}),
        ),
        call(
            "03",
            "mail",
            "refund",
            &json!({"amount": 7, "to": "s3cret"}),
        ),
        call("04", "shop", "refund", &json!({"amount": 6})),
        call("05", "shop", "refund", &json!({"amount": 6})),
        call("06", "shop", "refund", &json!({"amount": 6})),
        call("07", "shop", "drop", &json!({"table": "s3cret"})),
    ];
    lines.join("\n") + "\n"
}

#[test]
fn a_log_becomes_a_test_that_passes_and_holds_no_more_than_it_needs() {
    let dir = fresh("import_assert");
    write(&dir, "policy.json", POLICY);
    write(&dir, "log.jsonl", log());
    let ran = run(
        &dir,
        &[
            "import",
            "log.jsonl",
            "-o",
            "traces/refund.jsonl",
            "--assert",
            "policy",
            "--server",
            "shop",
        ],
    );
    assert_eq!(ran.code, 0, "{}", ran.err);
    for said in [
        "left out, to another server, mail: calls 1",
        "traces/refund.jsonl: calls 6, with what policy.json decides today: allow 3, deny 3, undetermined 0",
        "whether each deny is meant to be one: lines 3, 6, 7",
        "only these are in it: args.amount of refund",
    ] {
        assert!(ran.err.contains(said), "{said}\n{}", ran.err);
    }
    let text = std::fs::read_to_string(dir.join("traces/refund.jsonl")).unwrap();
    assert!(!text.contains("s3cret"), "{text}");
    assert!(!text.contains("mail"), "{text}");
    assert!(text.contains(r#""amount":500"#), "{text}");
    let ran = run(&dir, &["test", "--server", "shop", "--format", "json"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(report["summary"]["passed"], 6);
    // A policy that decides otherwise is noticed.
    write(&dir, "policy.json", POLICY.replace("100", "1000"));
    assert_eq!(run(&dir, &["test", "--server", "shop"]).code, 1);
}

#[test]
fn everything_is_kept_where_that_is_asked_for() {
    let dir = fresh("import_assert_whole");
    write(&dir, "policy.json", POLICY);
    write(&dir, "log.jsonl", log());
    let arguments = [
        "import",
        "log.jsonl",
        "-o",
        "t.jsonl",
        "--assert",
        "policy",
        "--no-redact",
    ];
    let ran = run(&dir, &arguments);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(
        ran.err.contains("every argument value is in it"),
        "{}",
        ran.err
    );
    let text = std::fs::read_to_string(dir.join("t.jsonl")).unwrap();
    assert!(text.contains("DE00 s3cret"), "{text}");
    let without = run(&dir, &["import", "log.jsonl", "--no-redact"]);
    assert_eq!(without.code, 2);
}

#[test]
fn the_policy_is_the_one_that_tests_the_directory_or_the_one_named() {
    let dir = fresh("import_assert_policy");
    let open = r#"{"version":"1","default":"allow"}"#;
    write(&dir, "a/policy.json", POLICY);
    write(&dir, "b/policy.json", open);
    write(&dir, "c/rules.json", open);
    write(
        &dir,
        "mcppolicy.toml",
        "[[policy]]\npath = \"a/policy.json\"\nserver = \"shop\"\ntraces = [\"{dir}/traces\"]\n\
         [[policy]]\npath = \"b/policy.json\"\ntraces = [\"{dir}/traces\"]\n",
    );
    write(&dir, "log.jsonl", log());
    let import = |output: &str, more: &[&str]| {
        let mut arguments = vec!["import", "log.jsonl", "--assert", "policy", "-o", output];
        arguments.extend(more);
        run(&dir, &arguments)
    };
    let ran = import("a/traces/x.jsonl", &[]);
    assert!(
        ran.err
            .contains("what a/policy.json decides today: allow 3, deny 3"),
        "{}",
        ran.err
    );
    let ran = import("b/traces/deep/x.jsonl", &[]);
    assert!(
        ran.err
            .contains("what b/policy.json decides today: allow 7, deny 0"),
        "{}",
        ran.err
    );
    let ran = import("x.jsonl", &[]);
    assert_eq!(ran.code, 2, "{}", ran.err);
    assert!(ran.err.contains("--policy names one"), "{}", ran.err);
    assert!(!dir.join("x.jsonl").exists());
    let ran = import("c/traces/x.jsonl", &["--policy", "c/rules.json"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let text = std::fs::read_to_string(dir.join("c/traces/x.jsonl")).unwrap();
    assert!(
        text.starts_with(r#"{"mcppolicy":"trace/1","policy":"../rules.json""#),
        "{text}"
    );
    let ran = run(&dir, &["test", "c/traces/x.jsonl"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert_eq!(run(&dir, &["test"]).code, 0);
}

#[test]
fn nothing_is_written_where_there_is_no_call_or_no_policy() {
    let dir = fresh("import_assert_nothing");
    let list = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;
    write(&dir, "log.jsonl", format!("{list}\n"));
    let arguments = ["import", "log.jsonl", "-o", "t.jsonl", "--assert", "policy"];
    assert_eq!(run(&dir, &arguments).code, 2, "there is no policy");
    write(&dir, "policy.json", "{}");
    assert_eq!(run(&dir, &arguments).code, 3);
    write(&dir, "policy.json", POLICY);
    assert_eq!(run(&dir, &arguments).code, 4);
    assert!(!dir.join("t.jsonl").exists());
}
