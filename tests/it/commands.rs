//! Wiring: what each command reads, prints and exits with.

use std::fs;

use crate::support::{conforms, fresh, json, mcppolicy, root, run, run_with, write};
use serde_json::{Value, json};

const OPEN: &str = r#"{"version":"1","default":"allow"}"#;
const CLOSED: &str = r#"{"version":"1","default":"deny","tools":{"ping":{}}}"#;

#[test]
fn the_shipped_example_is_clean_in_one_command() {
    let ran = run(root(), &["ci", "testdata/quickstart", "--format", "json"]);
    let report = json(&ran.out);
    conforms(&report);
    assert_eq!(ran.code, 0, "{}", ran.out);
    let policies = report["policies"].as_array().unwrap();
    assert_eq!(policies.len(), 5);
    for policy in policies {
        assert_eq!(policy["exit"], 0);
        let rules: Vec<&str> = policy["lint"]["findings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|f| f["rule"].as_str().unwrap())
            .collect();
        assert_eq!(rules, ["burst-only-limit"]);
        assert_eq!(policy["test"]["summary"]["failed"], 0);
        assert!(policy["test"]["summary"]["passed"].as_u64().unwrap() > 0);
        conforms(&policy["lint"]);
        conforms(&policy["test"]);
    }
}

#[test]
fn findings_below_the_threshold_do_not_fail_a_run() {
    let dir = fresh("threshold");
    write(&dir, "policy.json", OPEN);
    assert_eq!(run(&dir, &["lint"]).code, 1);
    assert_eq!(run(&dir, &["lint", "--fail-on", "error"]).code, 0);
    assert_eq!(run(&dir, &["lint", "--fail-on", "never"]).code, 0);
    assert_eq!(run(&dir, &["validate"]).code, 0);
    write(
        &dir,
        "mcppolicy.toml",
        "[[policy]]\npath = \"policy.json\"\n[lint]\nfail-on = \"error\"\n",
    );
    assert_eq!(run(&dir, &["lint"]).code, 0);
    write(
        &dir,
        "mcppolicy.toml",
        "[[policy]]\npath = \"policy.json\"\n[lint.rules]\nmissing-default-deny = \"off\"\n",
    );
    let ran = run(&dir, &["lint", "--format", "json"]);
    assert_eq!(json(&ran.out)["findings"], json!([]));
}

#[test]
fn a_report_in_a_file_says_what_the_terminal_says() {
    let dir = fresh("output");
    write(&dir, "policy.json", OPEN);
    let ran = run(
        &dir,
        &[
            "lint",
            "--format",
            "json",
            "--output",
            "json=a.json",
            "--output",
            "human=b.txt",
        ],
    );
    assert_eq!(fs::read_to_string(dir.join("a.json")).unwrap(), ran.out);
    assert!(
        fs::read_to_string(dir.join("b.txt"))
            .unwrap()
            .contains("missing-default-deny")
    );
    conforms(&json(&ran.out));
    assert_eq!(
        run(&dir, &["lint", "--output", "json=no/such/dir.json"]).code,
        2
    );
}

#[test]
fn the_gravest_of_several_inputs_decides_and_all_are_reported() {
    let dir = fresh("several");
    write(&dir, "open.json", OPEN);
    write(&dir, "broken.json", "{");
    let ran = run(
        &dir,
        &["lint", "open.json", "broken.json", "--format", "json"],
    );
    let report = json(&ran.out);
    let rules: Vec<&Value> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| &f["rule"])
        .collect();
    assert_eq!(
        (ran.code, rules),
        (3, vec![&json!("missing-default-deny"), &json!("syntax")])
    );
    let ran = run(
        &dir,
        &[
            "lint",
            "open.json",
            "missing.json",
            "broken.json",
            "--format",
            "json",
        ],
    );
    let report = json(&ran.out);
    assert_eq!(ran.code, 2);
    assert_eq!(
        report["failures"],
        json!([{"input": "missing.json", "message": "no such file"}])
    );
    assert_eq!(report["findings"].as_array().unwrap().len(), 2);
    conforms(&report);
}

#[test]
fn what_is_no_readable_file_is_said_so() {
    let dir = fresh("unreadable");
    assert_eq!(run(&dir, &["lint"]).code, 4);
    assert_eq!(run(&dir, &["lint", "--frobnicate"]).code, 2);
    fs::create_dir(dir.join("policy.json")).unwrap();
    let ran = run(
        &dir,
        &["decide", "--tool", "x", "--policy", "policy.json/nope"],
    );
    assert_eq!(ran.code, 2);
    let ran = run(&dir, &["test", "nope.jsonl", "--policy", "nope.json"]);
    // What keeps a run from being one goes to standard error, and no count follows it.
    let said = "mcppolicy: nope.json: no such file\n";
    assert_eq!((ran.code, &*ran.out, &*ran.err), (2, "", said));
    for (command, report) in [
        (&["lint", "nope.json"][..], "nope.json: no such file"),
        (&["validate", "nope.json"], "nope.json: no such file"),
        (
            &["diff", "nope.json", "nope.json"],
            "nope.json: no such file",
        ),
        (&["ci", "nope"], "nope: no such directory"),
    ] {
        let ran = run(&dir, command);
        assert_eq!(ran.code, 2, "{command:?}");
        assert!(ran.err.starts_with("mcppolicy: "), "{}", ran.err);
        assert!(ran.err.contains(report), "{}", ran.err);
        assert!(!ran.out.contains("no such"), "{}", ran.out);
        assert!(!ran.out.contains("nothing to report"), "{}", ran.out);
        let file = [command, &["--output", "human=report.txt"]].concat();
        assert_eq!(run(&dir, &file).code, 2);
        let file = fs::read_to_string(dir.join("report.txt")).unwrap();
        assert!(file.contains(report), "{file}");
    }
}

#[test]
fn standard_input_is_a_policy_or_a_trace() {
    let dir = fresh("stdin");
    let ran = run_with(
        &dir,
        &["validate", "-", "--format", "json"],
        b"{\"version\": 1}",
    );
    let report = json(&ran.out);
    assert_eq!(report["findings"][0]["file"], "<stdin>");
    assert_eq!(ran.code, 3);
    write(&dir, "policy.json", CLOSED);
    let ran = run_with(
        &dir,
        &["test", "-"],
        b"{\"tool\":\"ping\",\"expect\":\"allow\"}\n",
    );
    assert_eq!(ran.code, 0, "{}", ran.out);
}

#[test]
fn a_test_exits_by_what_was_asserted() {
    let dir = fresh("asserted");
    write(&dir, "policy.json", CLOSED);
    for (trace, code) in [
        (r#"{"tool":"ping","expect":"allow"}"#, 0),
        (r#"{"tool":"ping","expect":"deny"}"#, 1),
        (r#"{"tool":"ping"}"#, 4),
        ("", 4),
        (r#"{"tool":"ping","server":"other","expect":"allow"}"#, 0),
        (r#"{"tool":"ping","expect":"allow"} x"#, 3),
        ("{\"tool\":\"ping\",\"expect\":\"deny\"}\n{\"tol\":1}", 3),
    ] {
        write(&dir, "t.jsonl", trace);
        let ran = run(&dir, &["test", "t.jsonl", "--format", "json"]);
        assert_eq!(ran.code, code, "{trace}: {}", ran.out);
        conforms(&json(&ran.out));
    }
    write(
        &dir,
        "t.jsonl",
        r#"{"tool":"ping","server":"other","expect":"allow"}"#,
    );
    assert_eq!(run(&dir, &["test", "t.jsonl", "--server", "mine"]).code, 4);
    fs::create_dir(dir.join("empty")).unwrap();
    assert_eq!(run(&dir, &["test", "empty"]).code, 4);
    write(&dir, "t.jsonl", r#"{"tool":"ping"}"#);
    assert_eq!(
        run(&dir, &["test", "t.jsonl", "--allow-unasserted"]).code,
        0
    );
}

#[test]
fn update_writes_what_is_decided_and_then_passes() {
    let dir = fresh("update");
    write(&dir, "policy.json", CLOSED);
    write(
        &dir,
        "t.jsonl",
        "{ \"tool\": \"ping\" }\r\n{\"tool\":\"pong\",\"expect\":\"allow\"}\n",
    );
    assert_eq!(run(&dir, &["test", "t.jsonl", "--update"]).code, 0);
    let text = fs::read_to_string(dir.join("t.jsonl")).unwrap();
    assert_eq!(
        text,
        "{ \"tool\": \"ping\", \"expect\": \"allow\" }\r\n{\"tool\":\"pong\",\"expect\":\"deny\"}\n"
    );
    assert_eq!(run(&dir, &["test", "t.jsonl"]).code, 0);
}

#[test]
fn a_trace_names_its_policy_but_only_inside_the_directory() {
    let dir = fresh("header");
    write(&dir, "inner/policies/p.json", CLOSED);
    write(&dir, "outside.json", CLOSED);
    let trace = |policy: &str| {
        format!(
            "{{\"mcppolicy\":\"trace/1\",\"policy\":\"{policy}\"}}\n{{\"tool\":\"ping\",\"expect\":\"allow\"}}\n"
        )
    };
    let inner = dir.join("inner");
    write(&inner, "traces/a.jsonl", trace("../policies/p.json"));
    assert_eq!(run(&inner, &["test"]).code, 0);
    write(&inner, "traces/a.jsonl", trace("../../outside.json"));
    let ran = run(&inner, &["test", "--format", "json"]);
    let report = json(&ran.out);
    assert_eq!(ran.code, 3);
    assert_eq!(report["findings"][0]["pointer"], "/policy");
    assert!(
        report["findings"][0]["message"]
            .as_str()
            .unwrap()
            .contains("leads out of")
    );
}

#[cfg(unix)]
#[test]
fn a_symbolic_link_does_not_lead_a_trace_out_of_the_directory() {
    let dir = fresh("symlink");
    write(&dir, "outside.json", CLOSED);
    write(
        &dir,
        "inner/traces/a.jsonl",
        "{\"mcppolicy\":\"trace/1\",\"policy\":\"../link.json\"}\n{\"tool\":\"ping\",\"expect\":\"allow\"}\n",
    );
    std::os::unix::fs::symlink(dir.join("outside.json"), dir.join("inner/link.json")).unwrap();
    assert_eq!(run(&dir.join("inner"), &["test"]).code, 3);
}

#[test]
fn recorded_arguments_are_withheld_unless_a_condition_reads_them() {
    let dir = fresh("withheld");
    write(
        &dir,
        "policy.json",
        r#"{"version":"1","default":"deny","tools":{"pay":{"require":[{"conditions":[{"path":"args.amount","op":"lte","value":5}]}]}}}"#,
    );
    write(
        &dir,
        "t.jsonl",
        r#"{"tool":"pay","arguments":{"amount":9,"card":"4242"},"expect":"allow"}"#,
    );
    for format in ["human", "json"] {
        let ran = run(&dir, &["test", "t.jsonl", "--format", format]);
        assert!(
            ran.out.contains("amount") && ran.out.contains('9'),
            "{}",
            ran.out
        );
        assert!(!ran.out.contains("4242"), "{}", ran.out);
        let ran = run(
            &dir,
            &["test", "t.jsonl", "--format", format, "--show-arguments"],
        );
        assert!(ran.out.contains("4242"));
    }
}

#[test]
fn text_from_files_cannot_command_the_terminal() {
    let dir = fresh("escapes");
    write(
        &dir,
        "policy.json",
        "{\"version\":\"1\",\"default\":\"deny\",\"tools\":{\"a\\u001b[31m\\u202e\":{\"x\":1}}}",
    );
    let ran = run(&dir, &["validate"]);
    assert!(
        !ran.out.contains('\u{1b}') && !ran.out.contains('\u{202e}'),
        "{:?}",
        ran.out
    );
    write(&dir, "policy.json", CLOSED);
    write(
        &dir,
        "t.jsonl",
        "{\"tool\":\"\\u001b]0;x\\u0007\",\"grant\":\"\\u202e\",\"expect\":\"allow\",\"note\":\"\\u009b\"}",
    );
    let ran = run(&dir, &["test", "t.jsonl"]);
    assert!(
        !ran.out.chars().any(|c| c.is_control() && c != '\n'),
        "{:?}",
        ran.out
    );
    assert!(!ran.out.contains('\u{202e}'));
}

#[test]
fn a_configuration_is_checked_to_the_letter() {
    let dir = fresh("config");
    write(&dir, "policy.json", CLOSED);
    for (text, message, help) in [
        (
            "[[polcy]]\npath = \"policy.json\"",
            "There is no setting \"polcy\"",
            "did you mean `policy`?",
        ),
        ("[[policy]]\npath = \"nope/*.json\"", "matches no file", ""),
        ("[[policy]]\npath = \"../policy.json\"", "leads out of", ""),
        ("[[policy]]\nserver = \"x\"", "lacks its path", ""),
        ("[lint]\nfail-on = \"fatal\"", "is not a level", "never"),
        (
            "[lint.rules]\nfail-open = \"off\"",
            "there is no rule",
            "fail-open-deny",
        ),
        (
            "[categories]\nping = \"harmless\"",
            "is not a category",
            "read",
        ),
        ("[[policy]\n", "Not TOML", ""),
    ] {
        write(&dir, "mcppolicy.toml", text);
        let ran = run(&dir, &["lint", "policy.json", "--format", "json"]);
        let report = json(&ran.out);
        let finding = &report["findings"][0];
        assert_eq!(
            (ran.code, &finding["rule"]),
            (3, &json!("config")),
            "{text}: {}",
            ran.out
        );
        assert_eq!(finding["file"], "mcppolicy.toml");
        assert!(
            finding["message"].as_str().unwrap().contains(message),
            "{finding}"
        );
        assert!(
            finding["help"].as_str().unwrap_or_default().contains(help),
            "{finding}"
        );
    }
}

#[test]
fn decide_shows_every_step_and_what_it_saw() {
    let args = [
        "decide",
        "--policy",
        "testdata/refund/before.json",
        "--tool",
        "create_refund",
        "--format",
        "json",
    ];
    let ran = run(
        root(),
        &[&args[..], &["--arguments", r#"{"amount":500}"#]].concat(),
    );
    let report = json(&ran.out);
    conforms(&report);
    assert_eq!(report["actual"]["rule"], "/tools/create_refund/deny_if/0");
    assert_eq!(
        report["actual"]["label"],
        "/tools/create_refund/deny_if/args.amount-gt"
    );
    let steps = report["steps"].as_array().unwrap();
    let step = steps.iter().find(|step| step["kind"] == "deny_if").unwrap();
    assert_eq!(step["conditions"][0]["saw"], 500);
    assert_eq!(step["outcome"], "denied");
    assert_eq!(ran.code, 0);
    // The outcome comes first, in words, and the exit code tells it when asked.
    for (arguments, code, outcome) in [
        (
            r#"{"amount":500}"#,
            1,
            "`create_refund` is denied by a `deny_if` rule: `amount` is a number above 100 (saw 500)",
        ),
        (
            "{}",
            0,
            "`create_refund` is allowed: no rule refuses this call, and every limit has room for it",
        ),
    ] {
        let asked = [&args[..5], &["--exit-code", "--arguments", arguments]].concat();
        let ran = run(root(), &asked);
        assert_eq!((ran.code, ran.out.lines().next()), (code, Some(outcome)));
    }
    assert_eq!(
        run(root(), &[&args[..], &["--arguments", "{"]].concat()).code,
        2
    );
    assert_eq!(
        run(root(), &[&args[..], &["--at", "noon"]].concat()).code,
        2
    );
}

#[test]
fn a_diff_exits_by_its_gate() {
    let (before, after) = ("testdata/refund/before.json", "testdata/refund/after.json");
    let ran = run(root(), &["diff", before, after, "--format", "json"]);
    let report = json(&ran.out);
    conforms(&report);
    assert_eq!(
        (ran.code, &report["summary"]["verdict"]),
        (0, &json!("tightened"))
    );
    assert_eq!(run(root(), &["diff", after, before]).code, 1);
    assert_eq!(
        run(root(), &["diff", after, before, "--gate", "never"]).code,
        0
    );
    assert_eq!(
        run(root(), &["diff", before, after, "--gate", "changed"]).code,
        1
    );
    assert_eq!(
        run(root(), &["diff", before, before, "--gate", "changed"]).code,
        0
    );
    assert_eq!(run(root(), &["diff", "/dev/null", after]).code, 0);
    assert_eq!(run(root(), &["diff", before, "/dev/null"]).code, 1);
    let ran = run(root(), &["diff", before, "no.json"]);
    assert_eq!(ran.code, 2);
    assert!(ran.out.contains("nothing was compared"), "{}", ran.out);
}

#[test]
fn a_reader_that_stops_reading_is_no_error() {
    use std::process::Stdio;
    let mut child = mcppolicy(root())
        .args(["explain", "fail-open-deny"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty());
}

/// The configuration beside the policy counts, wherever the command is run: it names the
/// list that says how risky a tool is.
#[test]
fn a_policy_is_explained_with_the_list_that_its_own_configuration_names() {
    let dir = fresh("explain-beside");
    let inner = dir.join("policies");
    fs::create_dir(&inner).unwrap();
    write(
        &inner,
        "policy.json",
        r#"{"version":"1","default":"deny","tools":{"tidy":{}}}"#,
    );
    write(
        &inner,
        "tools.json",
        r#"{"tools":[{"name":"tidy","description":"Deletes all files","inputSchema":{"type":"object"}}]}"#,
    );
    write(
        &inner,
        "mcppolicy.toml",
        "[[policy]]\npath = \"policy.json\"\ninventory = \"tools.json\"\n",
    );
    let said = |dir: &std::path::Path, policy: &str| {
        let ran = run(dir, &["explain", "--policy", policy]);
        assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
        let line = ran.out.lines().find(|line| line.contains("`tidy`"));
        line.unwrap().to_owned()
    };
    let outside = said(&dir, "policies/policy.json");
    assert_eq!(outside, said(&inner, "policy.json"));
    assert!(outside.contains("Destructive: `tidy`"), "{outside}");
}

#[test]
fn a_policy_is_explained_in_words() {
    let policy = "testdata/refund/before.json";
    let ran = run(root(), &["explain", "--policy", policy, "create_refund"]);
    assert_eq!(ran.code, 0);
    let words = "`create_refund` passes with any arguments, unless `amount` is a number above 100; \
                 at most 50 calls a day for each grant\n";
    assert!(ran.out.starts_with(words), "{}", ran.out);
    let ran = run(root(), &["explain", "--policy", policy]);
    for line in [
        &format!("  Financial: {words}"),
        "  every other tool never passes: the default is deny\n",
    ] {
        assert!(ran.out.contains(line), "{}", ran.out);
    }
    assert_eq!(run(root(), &["explain", "--policy", "no.json"]).code, 2);
    let invalid = run(root(), &["explain", "--policy", "testdata/lint/tools.json"]);
    assert_eq!(invalid.code, 3, "{}", invalid.out);
}

#[test]
fn an_unknown_rule_is_answered_with_the_nearest() {
    let ran = run(root(), &["explain", "fail-open"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("fail-open-deny"), "{}", ran.err);
}
