//! `mcppolicy init`: what it allows, asks, writes and says, and that `ci` accepts it.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::{Ran, fresh, root, run, write};

const TOOLS: &str = r#"[
  {"name":"get_page"},
  {"name":"fetch_page","inputSchema":{"type":"object","properties":{"url":{"type":"string"}},"required":["url"]}},
  {"name":"read_files","inputSchema":{"type":"object","properties":{"paths":{"type":"array","items":{"type":"string"}}}}},
  {"name":"start_job","inputSchema":{"type":"object","properties":{"id":{"type":"string"}}}},
  {"name":"run_script","inputSchema":{"type":"object","properties":{"code":{"type":"string"}}}},
  {"name":"delete_page"},
  {"name":"send_payment"}
]"#;

/// A fresh directory with an inventory, and `init` run there.
fn init(name: &str, tools: &str, more: &[&str]) -> (PathBuf, Ran) {
    let dir = fresh(name);
    write(&dir, "tools.json", tools);
    let ran = run(
        &dir,
        &[&["init", "--inventory", "tools.json"], more].concat(),
    );
    (dir, ran)
}

/// `ci` has nothing to report, warnings and notes included.
#[track_caller]
fn is_accepted(dir: &Path) {
    let ran = run(dir, &["ci", "--format", "json"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let report = ran.report();
    let policies = report["policies"].as_array().unwrap();
    let empty = Value::Array(Vec::new());
    assert_eq!(report["findings"], empty, "{report}");
    for policy in policies {
        assert_eq!(policy["lint"]["findings"], empty, "{policy}");
        assert_eq!(policy["test"]["summary"]["failed"], 0, "{policy}");
    }
}

fn policy(dir: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(dir.join("policy.json")).unwrap()).unwrap()
}

#[test]
fn what_init_writes_is_accepted_and_what_it_leaves_open_is_said() {
    let (dir, ran) = init("init", TOOLS, &[]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    for said in [
        "\nAllowed, the riskiest first:\n  start_job: Execute, verb *start*\n",
        "\n  run_script: Execute, verb *run*, argument `code`; runs what the caller sends as `code`\n",
        "\n      1 Execute: blocked, because they run code of the caller's\n",
        "Open decisions: 2 arguments that no condition looks at.",
        "\n  fetch_page: args.url takes a URL\n",
        "\n  read_files: args.paths takes an array of paths, and no condition can look at its elements\n",
        "\nNext:\n  1. ",
        "\n  2. ",
        "\n  3. ",
    ] {
        assert!(ran.out.contains(said), "{said}\n{}", ran.out);
    }
    is_accepted(&dir);
    let policy = policy(&dir);
    assert_eq!(policy["hide"], serde_json::json!(["delete_page"]));
    for blocked in ["run_script", "send_payment"] {
        let rule = &policy["tools"][blocked]["deny_if"][0];
        assert_eq!(rule["conditions"], serde_json::json!([]), "{blocked}");
    }

    fs::write(dir.join("policy.json"), "mine").unwrap();
    let again = ["init", "--inventory", "tools.json"];
    let refused = run(&dir, &again);
    assert_eq!(refused.code, 2);
    assert!(refused.err.contains("--force"), "{}", refused.err);
    assert_eq!(fs::read_to_string(dir.join("policy.json")).unwrap(), "mine");
    assert_eq!(run(&dir, &[&again[..], &["--force"]].concat()).code, 0);
}

#[test]
fn whole_categories_are_allowed_and_denied_by_a_persons_word() {
    for (at, more) in [
        &["--allow", "execute"][..],
        &["--allow", "destructive,financial"],
        &["--allow", "Execute", "--deny", "read,write"],
        &["--deny", "execute"],
    ]
    .iter()
    .enumerate()
    {
        let (dir, ran) = init(&format!("init-word-{at}"), TOOLS, more);
        assert_eq!(ran.code, 0, "{more:?}: {}", ran.err);
        is_accepted(&dir);
        let policy = policy(&dir);
        let is_hidden = |tool: &str| policy["hide"].as_array().unwrap().contains(&tool.into());
        let is_limited = |tool: &str| policy["tools"][tool]["limits"].is_array();
        match at {
            0 => assert!(is_limited("run_script") && is_hidden("delete_page")),
            1 => assert!(is_limited("delete_page") && is_limited("send_payment")),
            2 => assert!(is_hidden("get_page") && is_limited("run_script")),
            _ => assert!(is_hidden("start_job") && is_hidden("run_script")),
        }
    }
    let riskiest = init("init-riskiest", TOOLS, &["--allow", "execute,financial"])
        .1
        .out;
    let order = ["send_payment", "run_script", "start_job"];
    let places: Vec<usize> = order
        .iter()
        .map(|tool| riskiest.find(&format!("\n  {tool}:")).unwrap())
        .collect();
    assert!(places.is_sorted(), "{riskiest}");
}

#[test]
fn words_that_mean_nothing_are_refused() {
    for (more, said) in [
        (
            &["--allow", "reading"][..],
            "the categories are read, write",
        ),
        (
            &["--allow", "read", "--deny", "read"],
            "--allow and --deny both name read",
        ),
    ] {
        let (dir, ran) = init("init-words", TOOLS, more);
        assert_eq!(ran.code, 2, "{more:?}");
        assert!(ran.err.contains(said), "{}", ran.err);
        assert!(!dir.join("policy.json").exists());
    }
    let dir = fresh("init-words");
    let ran = run(&dir, &["init", "--allow", "read"]);
    assert!(
        ran.code == 2 && ran.err.contains("--inventory"),
        "{}",
        ran.err
    );
}

#[test]
fn nothing_is_written_where_nothing_may_be_called() {
    for (tools, said) in [
        (
            r#"[{"name":"run_code","inputSchema":{"properties":{"code":{}}}},{"name":"delete_all"}]"#,
            "(1 Execute, 1 Destructive)",
        ),
        ("[]", "lists no tool"),
    ] {
        let (dir, ran) = init("init-nothing", tools, &[]);
        assert_eq!(ran.code, 4, "{}", ran.err);
        assert!(ran.err.contains(said), "{}", ran.err);
        assert_eq!(fs::read_dir(&dir).unwrap().count(), 1);
    }
    let (dir, ran) = init(
        "init-something",
        r#"[{"name":"delete_all"}]"#,
        &["--allow", "destructive"],
    );
    assert_eq!(ran.code, 0, "{}", ran.err);
    is_accepted(&dir);
}

#[test]
fn without_an_inventory_ci_says_what_is_missing() {
    let dir = fresh("init-without");
    let ran = run(&dir, &["init"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(
        ran.out.contains("1. mcppolicy inventory -o tools.json"),
        "{}",
        ran.out
    );
    let ci = run(&dir, &["ci"]);
    assert_eq!(ci.code, 4, "{}{}", ci.out, ci.err);
    assert!(
        ci.err.contains("no inventory and no trace is named yet"),
        "{}",
        ci.err
    );
    let lint = run(&dir, &["lint"]);
    assert_eq!(lint.code, 0, "{}", lint.out);
    // With its tools listed, the same folder is an ordinary one.
    write(&dir, "tools.json", TOOLS);
    let next = run(&dir, &["init", "--force", "--inventory", "tools.json"]);
    assert_eq!(next.code, 0, "{}", next.err);
    is_accepted(&dir);
}

/// The inventories of real servers in the repository.
fn inventories() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in ["testdata/lint/good", "testdata/quickstart"] {
        for entry in fs::read_dir(root().join(folder)).unwrap() {
            let tools = entry.unwrap().path().join("tools.json");
            found.extend(tools.exists().then_some(tools));
        }
    }
    found.sort();
    assert!(found.len() > 6, "{found:?}");
    found
}

#[test]
fn the_first_trace_of_each_server_has_calls_that_its_schemas_admit() {
    for file in inventories() {
        let text = fs::read_to_string(&file).unwrap();
        let (dir, ran) = init("init-schemas", &text, &[]);
        assert_eq!(ran.code, 0, "{}: {}", file.display(), ran.err);
        is_accepted(&dir);
        let tools: Value = serde_json::from_str(&text).unwrap();
        let tools = tools
            .get("tools")
            .unwrap_or(&tools)
            .as_array()
            .unwrap()
            .clone();
        let trace = fs::read_to_string(dir.join("traces/first.jsonl")).unwrap();
        let mut calls = 0;
        for line in trace.lines().skip(1) {
            let call: Value = serde_json::from_str(line).unwrap();
            let Some(tool) = tools.iter().find(|tool| tool["name"] == call["tool"]) else {
                continue;
            };
            if let Some(schema) = tool.get("inputSchema") {
                let errors: Vec<String> = jsonschema::validator_for(schema)
                    .unwrap()
                    .iter_errors(&call["arguments"])
                    .map(|error| error.to_string())
                    .collect();
                assert_eq!(errors, [""; 0], "{}: {line}", file.display());
            }
            calls += 1;
        }
        assert!(calls > 1, "{trace}");
    }
}
