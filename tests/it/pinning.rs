//! `coverage` and `mutate` as a person and a job run them.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::{self, commit, copy, fresh, git, root, run, write, write_all};

const POLICY: &str = r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "create_refund": {
      "require": [{ "conditions": [
        { "path": "args.amount", "op": "lte", "value": 100 },
        { "path": "args.currency", "op": "in", "value": ["EUR", "USD"] }] }],
      "limits": [{ "counter": "per_day", "window": "day", "max": 3, "scope": "grant" }]
    }
  }
}
"#;

/// Some of what matters is asserted, one call is only there.
const TRACE: &str = r#"{"tool":"create_refund","arguments":{"amount":50,"currency":"EUR"},"expect":"allow"}
{"tool":"create_refund","arguments":{"amount":500,"currency":"EUR"},"expect":"deny"}
{"tool":"create_refund","arguments":{"amount":50,"currency":"GBP"}}
"#;

fn project(name: &str) -> PathBuf {
    let dir = fresh(&format!("pinning-{name}"));
    write_all(&dir, &[("policy.json", POLICY), ("traces/a.jsonl", TRACE)]);
    dir
}

fn report(dir: &Path, arguments: &[&str]) -> (i32, Value) {
    let ran = run(dir, &[arguments, &["--format", "json"]].concat());
    assert!(!ran.out.is_empty(), "{arguments:?}: {}", ran.err);
    (ran.code, ran.report())
}

/// The status of each point that is not simply covered, by pointer and kind.
fn statuses(report: &Value) -> Vec<String> {
    let points = report["coverage"]["points"].as_array().unwrap();
    let open = points.iter().filter(|point| point["status"] != "covered");
    open.map(|point| {
        format!("{} {} {}", point["pointer"], point["kind"], point["status"]).replace('"', "")
    })
    .collect()
}

#[test]
fn a_call_without_an_expectation_is_seen_and_covers_nothing() {
    let dir = project("seen");
    let (code, report) = report(&dir, &["coverage", "--criterion", "conditions"]);
    assert_eq!(code, 0, "{report}");
    let rule = "/tools/create_refund/require/0";
    assert_eq!(
        statuses(&report),
        [format!("{rule}/conditions/1 alone seen")]
    );
    assert_eq!(report["summary"]["seen"], 1);
    let seen = report["coverage"]["points"].as_array().unwrap().iter();
    let seen: Vec<&Value> = seen.filter(|point| point["status"] == "seen").collect();
    assert_eq!(
        seen[0]["by"][0],
        json!({"file": "traces/a.jsonl", "line": 3})
    );
    let call = &seen[0]["witness"]["calls"][0];
    assert_eq!(call["tool"], "create_refund");
}

#[test]
fn a_threshold_decides_the_exit_code_and_is_named() {
    let dir = project("threshold");
    for (arguments, code) in [
        (vec!["coverage"], 0),
        (vec!["coverage", "--min", "100"], 1),
        (vec!["coverage", "--min", "conditions=60"], 0),
        (vec!["coverage", "--min", "conditions=70"], 1),
        (vec!["coverage", "--min", "boundaries=100"], 1),
        (vec!["coverage", "--min", "101"], 2),
        (vec!["coverage", "--criterion", "lines"], 2),
        (vec!["mutate"], 1),
        (vec!["mutate", "--min-score", "10"], 0),
        (vec!["mutate", "--min-score", "90"], 1),
        (vec!["mutate", "--operators", "tool-empty"], 0),
        (vec!["mutate", "--operators", "lines"], 2),
        (vec!["mutate", "--shard", "3/2"], 2),
    ] {
        let ran = run(&dir, &arguments);
        assert_eq!(ran.code, code, "{arguments:?}\n{}{}", ran.out, ran.err);
    }
    for format in [
        "human", "json", "sarif", "junit", "github", "gitlab", "markdown", "html",
    ] {
        let arguments = ["coverage", "--min", "100", "--format", format];
        let ran = run(&dir, &arguments);
        assert_eq!(ran.code, 1);
        assert!(ran.out.contains("are wanted"), "{format}: {}", ran.out);
        let ran = run(&dir, &["mutate", "--format", format]);
        assert_eq!(ran.code, 1);
        assert!(ran.out.contains("lte 101"), "{format}: {}", ran.out);
    }
}

#[test]
fn tests_that_fail_or_assert_nothing_come_first() {
    let dir = project("broken");
    write(
        &dir,
        "traces/b.jsonl",
        "{\"tool\":\"create_refund\",\"expect\":\"allow\"}\n",
    );
    for command in ["coverage", "mutate"] {
        let (code, report) = report(&dir, &[command]);
        assert_eq!(code, 1);
        assert_eq!(report["summary"]["failed"], 1, "{report}");
        assert_eq!(report["mutants"], Value::Null);
    }
    write_all(
        &dir,
        &[
            ("traces/a.jsonl", "{\"tool\":\"create_refund\"}\n"),
            ("traces/b.jsonl", "{\"tool\":\"x\"}\n"),
        ],
    );
    for command in ["coverage", "mutate"] {
        assert_eq!(run(&dir, &[command, "--write-missing", "new"]).code, 4);
        fs::remove_dir_all(dir.join("new")).unwrap();
    }
    fs::remove_dir_all(dir.join("traces")).unwrap();
    for command in ["coverage", "mutate"] {
        assert_eq!(run(&dir, &[command]).code, 4);
    }
    write(&dir, "policy.json", "{}");
    for command in ["coverage", "mutate"] {
        assert_eq!(run(&dir, &[command]).code, 3);
    }
}

#[test]
fn nothing_is_overwritten() {
    let dir = project("overwritten");
    for command in ["coverage", "mutate"] {
        let ran = run(&dir, &[command, "--write-missing", "traces"]);
        assert_eq!(ran.code, 2, "{}", ran.out);
        assert!(ran.err.contains("not an empty directory"), "{}", ran.err);
    }
    assert_eq!(
        fs::read_to_string(dir.join("traces/a.jsonl")).unwrap(),
        TRACE
    );
}

/// Writes what is missing, and asks again with it.
fn closed(dir: &Path, command: &str, also: &[&str]) -> Value {
    let new = format!("{command}-new");
    let (_, first) = report(
        dir,
        &[&[command, "--write-missing", &new][..], also].concat(),
    );
    let written = first["written"].as_array().unwrap();
    let mut traces: Vec<String> = Vec::new();
    for entry in walk(dir) {
        let name = entry
            .strip_prefix(dir)
            .unwrap()
            .to_string_lossy()
            .into_owned();
        if name.ends_with(".jsonl") && !name.contains("-new/") {
            traces.push(name);
        }
    }
    if !written.is_empty() {
        traces.push(new.clone());
        for file in written {
            let text = fs::read_to_string(dir.join(file.as_str().unwrap())).unwrap();
            assert!(text.contains("read it before you commit it"), "{text}");
            assert!(text.contains("\"policy\":\""), "{text}");
        }
        let tested = run(dir, &["test", &new]);
        assert_eq!(tested.code, 0, "{}", tested.out);
    }
    let traces: Vec<&str> = traces.iter().map(String::as_str).collect();
    let (_, second) = report(dir, &[&[command][..], &traces, also].concat());
    second
}

fn walk(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(walk(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

#[test]
fn what_is_written_closes_every_gap_of_the_shipped_example() {
    for command in ["coverage", "mutate"] {
        let dir = fresh(&format!("pinning-example-{command}"));
        copy(&root().join("testdata/quickstart"), &dir);
        let (_, before) = report(&dir, &[command]);
        let percent = before["summary"]["percent"].as_f64().unwrap();
        assert!(percent < 100.0, "{before}");
        let after = closed(&dir, command, &[]);
        assert_eq!(after["summary"]["percent"], 100.0, "{}", after["summary"]);
        assert_eq!(after["summary"]["policies"], 5);
    }
}

#[test]
fn what_is_written_for_a_first_policy_fits_the_servers_schema() {
    let mut calls = 0;
    for server in ["0nmcp", "comfyui", "github", "filesystem", "paypal"] {
        let dir = fresh(&format!("pinning-init-{server}"));
        let tools = root().join(format!("testdata/classifier/servers/{server}.json"));
        copy(&tools, &dir.join("tools.json"));
        let ran = run(&dir, &["init", "--inventory", "tools.json"]);
        assert_eq!(ran.code, 0, "{server}: {}{}", ran.out, ran.err);
        let inventory = support::json(&fs::read_to_string(dir.join("tools.json")).unwrap());
        for command in ["coverage", "mutate"] {
            let after = closed(&dir, command, &["--inventory", "tools.json"]);
            let summary = &after["summary"];
            assert_eq!(summary["percent"], 100.0, "{server}: {summary}");
            for file in walk(&dir.join(format!("{command}-new"))) {
                calls += fitting(&file, &inventory);
            }
        }
    }
    assert!(calls > 100, "{calls}");
}

/// How many calls of a trace are of listed tools; the arguments of each fit its
/// schema.
fn fitting(file: &Path, inventory: &Value) -> usize {
    let tools = match inventory.get("tools") {
        Some(tools) => tools.as_array().unwrap(),
        None => inventory["result"]["tools"].as_array().unwrap(),
    };
    let text = fs::read_to_string(file).unwrap();
    let mut fitting = 0;
    for line in text.lines().skip(1) {
        let call = support::json(line);
        let listed = tools.iter().find(|tool| tool["name"] == call["tool"]);
        let Some(schema) = listed.and_then(|tool| tool.get("inputSchema")) else {
            continue;
        };
        let validator = jsonschema::validator_for(schema).unwrap();
        let errors: Vec<String> = validator
            .iter_errors(&call["arguments"])
            .map(|error| error.to_string())
            .collect();
        assert!(errors.is_empty(), "{}: {line}\n{errors:?}", file.display());
        fitting += 1;
    }
    fitting
}

#[test]
fn a_survivor_that_loosens_is_named_with_the_call_that_kills_it() {
    let dir = project("loosens");
    let (code, report) = report(&dir, &["mutate", "--operators", "operand"]);
    assert_eq!(code, 1);
    let mutants = report["mutants"].as_array().unwrap();
    let found = mutants
        .iter()
        .find(|mutant| mutant["operator"] == "bound-up")
        .unwrap();
    assert_eq!(found["status"], "survived");
    assert_eq!(found["direction"], "loosens");
    assert_eq!(found["from"]["value"], 100);
    assert_eq!(found["to"]["value"], 101);
    let call = &found["witness"]["calls"][0]["arguments"];
    assert_eq!(call["amount"], 101);
    let killed = mutants
        .iter()
        .find(|mutant| mutant["status"] == "killed")
        .unwrap();
    assert_eq!(killed["killed_by"]["file"], "traces/a.jsonl");
}

#[test]
fn every_mutant_is_in_one_shard_and_on_the_list() {
    let dir = project("shards");
    let ids = |report: &Value, member: &str| -> Vec<String> {
        let list = report[member].as_array().unwrap().iter();
        list.map(|mutant| mutant["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let (code, listed) = report(&dir, &["mutate", "--list"]);
    assert_eq!(code, 0);
    let mut listed = ids(&listed, "listed");
    let mut tried = Vec::new();
    for shard in ["1/3", "2/3", "3/3"] {
        tried.extend(ids(
            &report(&dir, &["mutate", "--shard", shard]).1,
            "mutants",
        ));
    }
    listed.sort();
    tried.sort();
    assert_eq!(listed, tried);
    assert!(listed.len() > 20);
}

#[test]
fn a_skip_leaves_a_mutant_out_and_a_stale_one_is_a_finding() {
    let dir = project("skips");
    let (_, all) = report(&dir, &["mutate"]);
    let bound = all["mutants"].as_array().unwrap().iter();
    let bound = bound
        .clone()
        .find(|mutant| mutant["operator"] == "bound-up")
        .unwrap()["id"]
        .clone();
    let skip = |id: &str| {
        format!(
            "[[policy]]\npath = \"policy.json\"\ntraces = [\"traces\"]\n\
             [mutate]\nmin-score = 10\n[[mutate.skip]]\nid = \"{id}\"\nreason = \"one cent\"\n"
        )
    };
    write(&dir, "mcppolicy.toml", skip(bound.as_str().unwrap()));
    let (code, report_) = report(&dir, &["mutate"]);
    assert_eq!(code, 0, "{report_}");
    assert_eq!(report_["skipped"][0]["reason"], "one cent");
    assert!(
        report_["mutants"]
            .as_array()
            .unwrap()
            .iter()
            .all(|mutant| mutant["id"] != bound)
    );
    write(
        &dir,
        "mcppolicy.toml",
        skip("bound-up:/tools/other:00000000"),
    );
    for command in ["mutate", "ci"] {
        let (code, report) = report(&dir, &[command]);
        assert_eq!(code, 1, "{report}");
        let message = report["findings"][0]["message"].as_str().unwrap();
        assert!(message.contains("No policy has a mutant"), "{message}");
    }
    write(
        &dir,
        "mcppolicy.toml",
        "[[policy]]\npath = \"policy.json\"\n[[mutate.skip]]\nid = \"x\"\n",
    );
    assert_eq!(run(&dir, &["mutate"]).code, 3);
}

#[test]
fn a_skip_is_stale_only_when_every_policy_has_been_looked_at() {
    let dir = project("skips-of-others");
    write_all(
        &dir,
        &[
            ("other/policy.json", POLICY),
            ("other/traces/a.jsonl", TRACE),
            (
                "mcppolicy.toml",
                "[[policy]]\npath = \"policy.json\"\ntraces = [\"traces\"]\n\
                 [[policy]]\npath = \"other/policy.json\"\ntraces = [\"other/traces\"]\n\
                 [mutate]\nmin-score = 10\n\
                 [[mutate.skip]]\nid = \"bound-up:/tools/other:00000000\"\nreason = \"one cent\"\n",
            ),
        ],
    );
    for (arguments, is_whole) in [
        (&["mutate"][..], true),
        (&["ci"], true),
        (&["mutate", "traces"], false),
        (&["mutate", "--policy", "policy.json"], false),
        (&["mutate", "traces", "other/traces"], true),
    ] {
        let (_, report) = report(&dir, arguments);
        let findings = report["findings"].as_array().unwrap();
        let stale = findings.iter().filter(|finding| {
            let message = finding["message"].as_str().unwrap();
            message.contains("No policy has a mutant")
        });
        assert_eq!(
            stale.count(),
            usize::from(is_whole),
            "{arguments:?} {findings:#?}"
        );
    }
    // A policy whose tests fail has not been looked at.
    write(
        &dir,
        "other/traces/a.jsonl",
        "{\"tool\":\"create_refund\",\"expect\":\"allow\"}\n",
    );
    let ran = run(&dir, &["ci"]);
    assert_eq!(ran.code, 1);
    assert!(!ran.out.contains("No policy has a mutant"), "{}", ran.out);
}

#[test]
fn what_can_be_read_only_once_is_refused() {
    let dir = project("streams");
    for command in ["coverage", "mutate"] {
        let ran = support::run_with(
            &dir,
            &[command, "--policy", "policy.json", "-"],
            TRACE.as_bytes(),
        );
        assert_eq!(ran.code, 2, "{}", ran.out);
        assert!(ran.err.contains("can be read only once"), "{}", ran.err);
        let ran = run(&dir, &[command, "--timeline", "merged"]);
        assert_eq!(ran.code, 2);
        assert!(ran.err.contains("counters of its own"), "{}", ran.err);
        let usual = run(&dir, &[command]);
        let named = run(&dir, &[command, "--timeline", "file"]);
        assert_eq!(named.out, usual.out);
    }
}

#[test]
fn what_would_take_too_long_for_ci_fails_and_is_named() {
    let dir = fresh("pinning-budget");
    let rules: Vec<Value> = (0..600)
        .map(|at| {
            json!({"conditions": [
                {"path": "args.kind", "op": "eq", "value": format!("k{at}")},
                {"path": "args.amount", "op": "gt", "value": at}]})
        })
        .collect();
    let policy = |rules: &[Value]| {
        json!({"version": "1", "default": "deny", "tools": {"pay": {"deny_if": rules}}}).to_string()
    };
    let call = "{\"tool\":\"pay\",\"arguments\":{},\"expect\":\"allow\"}\n";
    write_all(
        &dir,
        &[("policy.json", &policy(&rules)), ("traces/a.jsonl", call)],
    );
    write(
        &dir,
        "mcppolicy.toml",
        "[[policy]]\npath = \"policy.json\"\ntraces = [\"traces\"]\n\
         [mutate]\nmin-score = 1\n[coverage]\nmin = 1\n",
    );
    let (code, large) = report(&dir, &["ci"]);
    assert_eq!(code, 2, "{}", large["failures"]);
    let failures = large["failures"].as_array().unwrap();
    assert_eq!(failures.len(), 2, "{failures:?}");
    // A policy of a usual size is measured.
    write(&dir, "policy.json", policy(&rules[..20]));
    let (_, usual) = report(&dir, &["ci"]);
    assert_eq!(usual["failures"], json!([]));
    for (command, failure) in ["coverage", "mutate"].iter().zip(failures) {
        assert_eq!(failure["input"], "policy.json");
        let message = failure["message"].as_str().unwrap();
        assert!(message.contains("too many rules and tests"), "{message}");
        assert!(
            message.contains(&format!("mcppolicy {command}")),
            "{message}"
        );
        assert_eq!(large["policies"][0][command], Value::Null);
        assert!(usual["policies"][0][command].is_object(), "{usual}");
    }
}

#[test]
fn with_a_base_only_what_has_changed_is_looked_at() {
    let dir = support::repository(
        "pinning-base",
        &[("policy.json", POLICY), ("traces/a.jsonl", TRACE)],
    );
    git(&dir, &["checkout", "--quiet", "-b", "change"]);
    let (code, report_) = report(&dir, &["mutate", "--base", "main"]);
    assert_eq!(
        (code, &report_["summary"]["survived"]),
        (0, &json!(0)),
        "{report_}"
    );
    write(&dir, "policy.json", POLICY.replace("100", "200"));
    commit(&dir);
    let (_, report_) = report(&dir, &["mutate", "--base", "main"]);
    let mutants = report_["mutants"].as_array().unwrap();
    assert!(mutants.iter().any(|mutant| mutant["to"]["value"] == 201));
    for mutant in mutants {
        let pointer = mutant["pointer"].as_str().unwrap();
        let changed = [
            "/tools/create_refund",
            "/tools/create_refund/require/0",
            "/tools/create_refund/require/0/conditions/0",
        ];
        assert!(changed.contains(&pointer), "{pointer}");
    }
    let (_, report_) = report(&dir, &["coverage", "--base", "main"]);
    let points = report_["coverage"]["points"].as_array().unwrap();
    assert!(!points.is_empty());
    assert!(points.iter().all(|point| point["pointer"] != "/default"));
}

#[test]
fn ci_holds_the_thresholds_of_the_configuration() {
    let dir = project("ci");
    let config = |more: &str| {
        format!(
            "[[policy]]\npath = \"policy.json\"\ntraces = [\"traces\"]\n\
            [lint]\nfail-on = \"error\"\n{more}"
        )
    };
    for (more, code) in [
        ("", 0),
        ("[coverage]\nmin = 10\n", 0),
        ("[coverage]\nmin = \"rules=100\"\n", 1),
        ("[mutate]\nmin-score = 10.5\n", 0),
        ("[mutate]\nmin-score = 95\n", 1),
        ("[mutate]\nmin-score = 195\n", 3),
        ("[coverage]\nmin = \"lines=1\"\n", 3),
    ] {
        write(&dir, "mcppolicy.toml", config(more));
        let ran = run(&dir, &["ci"]);
        assert_eq!(ran.code, code, "{more}\n{}", ran.out);
        let is_shown = ran.out.contains("are wanted");
        assert_eq!(is_shown, code == 1, "{}", ran.out);
        let (_, report) = report(&dir, &["ci"]);
        if more.starts_with("[coverage]") && code < 3 {
            let points = &report["policies"][0]["coverage"]["coverage"]["points"];
            assert!(!points.as_array().unwrap().is_empty());
        }
    }
}

#[test]
fn the_same_report_comes_out_of_any_number_of_threads() {
    let dir = project("threads");
    for command in ["coverage", "mutate"] {
        let one = run(&dir, &[command, "--threads", "1", "--format", "json"]).out;
        let four = run(&dir, &[command, "--threads", "4", "--format", "json"]).out;
        assert_eq!(one, four);
    }
}
