//! Settings by which a change hides what is found, and tests that it takes away.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::{self, commit, git, run, write};

attacks! {
    a_category_hides_a_finding: Base,
        "calls a tool that moves money `read`, for all policies or for one"
        => "The finding is shown, marked as hidden by the change, and fails the run.";
    a_level_hides_a_finding: Base,
        "turns a rule off, or down to a note, and breaks it"
        => "The finding counts at the base's level and is marked as hidden by the change.";
    a_suppression_for_another_value: Base,
        "adds a suppression for a value that is not there, or brings one back that the base dropped"
        => "The finding counts. A suppression of the value that is there passes, with the finding.";
    an_inventory_is_repointed: Base,
        "names another inventory, with which the policy has no findings and its server no drift"
        => "What the base's inventory shows is found, and the drift between the two as well.";
    an_inventory_is_dropped: Base,
        "takes an inventory out of the configuration, or deletes it with its entry"
        => "Its findings and its drift are shown; a deleted one is `changed-tool`.";
    an_inventory_is_renamed_with_a_change: Base,
        "renames an inventory and changes a description in it"
        => "The change is shown and fails. A rename without one passes with a note.";
    a_copy_of_the_old_inventory_is_named: Base,
        "changes the inventory and has the configuration name a copy of the old one"
        => "The change of the inventory that the base names is shown and fails.";
    a_server_that_no_trace_names: Base,
        "gives the policy another server, so that no recorded call is its own any more"
        => "The expectations are lost; an error where the base's level says so.";
    a_test_is_deleted: Base,
        "deletes a trace, a line of one, an `expect`, or moves a call to another server"
        => "Each is `lost-expectation` with file, line and call; moved lines are not.";
    a_test_is_flipped: Base,
        "loosens nothing that is proved, and turns an expected refusal into a pass"
        => "`lost-expectation` shows both decisions; an approval of one is none of another.";
    traces_are_taken_out_of_the_configuration: Base,
        "names another directory of traces, or none"
        => "The expectations of the base's traces are lost.";
    a_hidden_finding_is_approved_for_another_place: Approval,
        "approves one hidden finding, and hides another of the same rule"
        => "The other one counts, and an approval for another value of it does not fit.";
    a_first_configuration_mutes_rules: Base,
        "adds the first mcppolicy.toml, with rules turned off and findings suppressed"
        => "It passes, with a note for each rule that it mutes, counted in the verdict's line.";
    a_suppressed_finding_stands_for_another: Base,
        "hides a finding of a rule beside one that the base suppresses"
        => "It is shown: what the base accepts is accepted for nothing else.";
    an_entry_comes_before_the_one_of_the_base: Base,
        "names a policy in an entry before the base's, with another inventory and category"
        => "The base's entry says what is held. An entry for a new policy is its own.";
    a_threshold_of_the_tests_is_lowered: Base,
        "lowers `[coverage] min` or `[mutate] min-score`, or adds a skip, and takes tests away"
        => "The thresholds and skips of the base hold, and a note says what the change alters.";
    a_path_leaves_out_what_comes_later: Base,
        "narrows the path of the policies, so that it names only those that are there"
        => "A note says which path is gone.";
}

/// Refunds up to an amount and 9 a day; nothing to report under [`CONFIG`].
const POLICY: &str = r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "create_refund": {
      "require": [{ "conditions": [
        { "path": "args.amount", "op": "gt", "value": 0 },
        { "path": "args.amount", "op": "lte", "value": 50 }] }],
      "limits": [
        { "counter": "refunds", "window": "day", "max": 9, "scope": "grant" },
        { "counter": "refund_sum", "window": "day", "max": 200, "scope": "grant", "increment_from": "args.amount" }
      ]
    },
    "get_order": {}
  }
}
"#;
const TOOLS: &str = r#"{"tools": [
  {"name": "create_refund", "description": "Refunds.",
   "inputSchema": {"type": "object", "properties": {"amount": {"type": "number"}}, "additionalProperties": false}},
  {"name": "get_order", "description": "Reads an order.", "annotations": {"readOnlyHint": true}}
]}
"#;
const TRACE: &str = r#"{"tool":"create_refund","arguments":{"amount":5,"note":"secret"},"expect":"allow"}
{"tool":"create_refund","arguments":{"amount":500},"expect":"deny"}
{"tool":"drop_order","expect":"deny"}
"#;
const ENTRY: &str = "[[policy]]\npath = \"*/policy.json\"\nserver = \"{dirname}\"\n\
    inventory = \"{dir}/tools.json\"\ntraces = [\"{dir}/traces\"]\n";

/// A repository on whose `main` nothing is found, with `change` checked out.
fn repository(name: &str, rules: &str) -> PathBuf {
    let config = format!("{ENTRY}[lint.rules]\n{rules}");
    let files = [
        ("mcppolicy.toml", config.as_str()),
        ("shop/policy.json", POLICY),
        ("shop/tools.json", TOOLS),
        ("shop/traces/a.jsonl", TRACE),
    ];
    let dir = support::repository(&format!("gate-settings-{name}"), &files);
    git(&dir, &["checkout", "--quiet", "-b", "change"]);
    let (code, report) = ci(&dir);
    assert_eq!((code, found(&report)), (0, Vec::new()), "{report}");
    dir
}

fn edit(dir: &Path, file: &str, from: &str, to: &str) {
    let text = fs::read_to_string(dir.join(file)).unwrap();
    assert_eq!(text.matches(from).count(), 1, "{from} in {text}");
    write(dir, file, text.replace(from, to));
}

fn restore(dir: &Path) {
    git(dir, &["reset", "--quiet", "--hard", "main"]);
}

/// Commits the change and checks it: the exit code and the report.
fn ci(dir: &Path) -> (i32, Value) {
    commit(dir);
    let ran = run(dir, &["ci", "--base", "main", "--format", "json"]);
    (ran.code, ran.report())
}

fn approve(dir: &Path) {
    commit(dir);
    let ran = run(
        dir,
        &["ci", "--base", "main", "--approve", "read and meant"],
    );
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let (code, report) = ci(dir);
    assert_eq!(code, 0, "{report}");
}

/// Severity, rule and status of each finding about the policy.
fn found(report: &Value) -> Vec<String> {
    let policy = &report["policies"][0];
    let lists = [&policy["lint"]["findings"], &policy["diff"]["findings"]];
    let findings = lists.into_iter().flat_map(|list| list.as_array().unwrap());
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let of = |of: &Value| {
        let parts = ["severity", "rule", "status"].map(|name| text(&of[name]));
        parts.join(" ").trim_end().to_owned()
    };
    findings.map(of).collect()
}

fn messages(report: &Value) -> Vec<&str> {
    let findings = report["policies"][0]["lint"]["findings"].as_array();
    let findings = findings.unwrap().iter();
    findings.map(|of| of["message"].as_str().unwrap()).collect()
}

/// The messages about settings.
fn settings(report: &Value) -> Vec<&str> {
    let findings = report["findings"].as_array().unwrap().iter();
    let settings = findings.filter(|of| of["rule"] == "settings");
    settings.map(|of| of["message"].as_str().unwrap()).collect()
}

const NO_LIMITS: &str = r#",
      "limits": [
        { "counter": "refunds", "window": "day", "max": 9, "scope": "grant" },
        { "counter": "refund_sum", "window": "day", "max": 200, "scope": "grant", "increment_from": "args.amount" }
      ]"#;

/// Has the base hold a policy without limits, with what is then found as an error.
fn unlimited(name: &str) -> PathBuf {
    let dir = support::repository(
        &format!("gate-settings-{name}"),
        &[
            ("mcppolicy.toml", ENTRY),
            ("shop/policy.json", &POLICY.replace(NO_LIMITS, "")),
            ("shop/tools.json", TOOLS),
            ("shop/traces/a.jsonl", TRACE),
        ],
    );
    git(&dir, &["checkout", "--quiet", "-b", "change"]);
    dir
}

fn a_category_hides_a_finding() {
    let dir = unlimited("category");
    let (code, report) = ci(&dir);
    assert_eq!(code, 1, "{report}");
    let rule = "unlimited-financial-tool";
    assert!(
        found(&report).iter().any(|of| of.ends_with(rule)),
        "{report}"
    );
    let for_one = ENTRY.replace(
        "\ntraces",
        "\ncategories = { create_refund = \"read\" }\ntraces",
    );
    for config in [
        format!("{ENTRY}[categories]\ncreate_refund = \"read\"\n"),
        for_one,
    ] {
        write(&dir, "mcppolicy.toml", config);
        let (code, report) = ci(&dir);
        assert_eq!(code, 1, "{report}");
        let hidden = format!("{rule} hidden_by_change");
        assert!(
            found(&report).iter().any(|of| of.ends_with(&hidden)),
            "{report}"
        );
        assert!(messages(&report)[0].starts_with("Hidden by this change: "));
        assert_eq!(settings(&report).len(), 1, "{report}");
        for format in [
            "human", "markdown", "html", "github", "sarif", "gitlab", "junit",
        ] {
            let out = run(&dir, &["ci", "--base", "main", "--format", format]).out;
            assert!(out.contains("Hidden by this change"), "{format}: {out}");
        }
    }
    approve(&dir);
    // Merged, it counts; and one that hides nothing passes with its note.
    git(&dir, &["branch", "--force", "main", "HEAD"]);
    let (_, report) = ci(&dir);
    assert!(!report.to_string().contains("hidden_by_change"), "{report}");
    let dir = repository("harmless", "");
    let config = format!("{ENTRY}[categories]\nget_order = \"read\"\n");
    write(&dir, "mcppolicy.toml", config);
    let (code, report) = ci(&dir);
    assert_eq!(
        (code, found(&report), settings(&report).len()),
        (0, Vec::new(), 1)
    );
    let out = run(&dir, &["ci", "--base", "main"]).out;
    assert!(out.contains("1 change to settings"), "{out}");
}

fn a_level_hides_a_finding() {
    for level in ["off", "note"] {
        let dir = repository(&format!("level-{level}"), "");
        let config = format!("{ENTRY}[lint.rules]\nunlimited-financial-tool = \"{level}\"\n");
        write(&dir, "mcppolicy.toml", &config);
        let (code, report) = ci(&dir);
        assert_eq!(
            (code, found(&report), settings(&report).len()),
            (0, Vec::new(), 1)
        );
        write(&dir, "new/policy.json", POLICY.replace(NO_LIMITS, ""));
        write(&dir, "new/tools.json", TOOLS);
        write(&dir, "new/traces/a.jsonl", TRACE);
        let (code, report) = ci(&dir);
        assert_eq!(code, 1, "{report}");
        let found = found(&report);
        let hidden = "unlimited-financial-tool hidden_by_change";
        assert_eq!(
            found.iter().filter(|of| of.ends_with(hidden)).count(),
            1,
            "{found:?}"
        );
        approve(&dir);
    }
}

fn a_suppression_for_another_value() {
    let dir = unlimited("suppression");
    let suppress = run(&dir, &["lint", "--suppress-existing", "capped upstream"]);
    assert_eq!(suppress.code, 0, "{}", suppress.err);
    let honest = fs::read_to_string(dir.join("mcppolicy.toml")).unwrap();
    let (code, report) = ci(&dir);
    assert_eq!(code, 0, "{report}");
    let notes = report["findings"].as_array().unwrap();
    let help = notes[0]["help"].as_str().unwrap();
    assert!(help.starts_with("it hides "), "{report}");
    assert!(!notes[0]["related"].as_array().unwrap().is_empty());
    // For another value it suppresses nothing.
    let at = honest.find("value = \"").unwrap() + 9;
    let other = format!("{}00000000{}", &honest[..at], &honest[at + 8..]);
    write(&dir, "mcppolicy.toml", other);
    assert_eq!(ci(&dir).0, 1);
    // One that the base has dropped since does not come back with the branch.
    write(&dir, "mcppolicy.toml", &honest);
    commit(&dir);
    git(&dir, &["branch", "--force", "main", "HEAD"]);
    assert_eq!(ci(&dir).0, 0);
    git(&dir, &["checkout", "--quiet", "main"]);
    write(&dir, "mcppolicy.toml", ENTRY);
    commit(&dir);
    git(&dir, &["checkout", "--quiet", "change"]);
    write(&dir, "README.md", "Shops.\n");
    let (code, report) = ci(&dir);
    assert_eq!(code, 1, "{report}");
    assert!(!report.to_string().contains("hidden_by_change"), "{report}");
}

/// A policy that names an argument which the inventory does not have.
fn misspelt(dir: &Path) {
    let text = fs::read_to_string(dir.join("shop/policy.json")).unwrap();
    let extra = r#""deny_if": [{ "conditions": [
        { "path": "args.curency", "op": "eq", "value": "XXX" }] }],
      "require": [{ "conditions": ["#;
    let text = text.replace(r#""require": [{ "conditions": ["#, extra);
    write(dir, "shop/policy.json", text);
}

/// Of no interest where an argument that is missing is what a test is about.
const QUIET: &str = "fail-open-deny = \"off\"\n";
const REPOINTED: &str = "inventory = \"{dir}/other.json\"";
const NAMED: &str = "inventory = \"{dir}/tools.json\"";

fn an_inventory_is_repointed() {
    let dir = repository("repointed", QUIET);
    misspelt(&dir);
    let (code, report) = ci(&dir);
    assert_eq!(
        (code, found(&report)),
        (1, vec!["warning unknown-argument".to_owned()])
    );
    let tools = TOOLS.replace("\"amount\"", "\"curency\":{\"type\":\"string\"},\"amount\"");
    write(&dir, "shop/other.json", tools);
    edit(&dir, "mcppolicy.toml", NAMED, REPOINTED);
    let (code, report) = ci(&dir);
    assert_eq!(code, 1, "{report}");
    let expected = [
        "warning unknown-argument hidden_by_change",
        "warning changed-tool",
    ];
    assert_eq!(found(&report), expected, "{report}");
    approve(&dir);
    // One that says the same passes with a note.
    restore(&dir);
    write(&dir, "shop/other.json", TOOLS);
    edit(&dir, "mcppolicy.toml", NAMED, REPOINTED);
    let (code, report) = ci(&dir);
    assert_eq!(
        (code, found(&report), settings(&report).len()),
        (0, Vec::new(), 1)
    );
}

fn an_inventory_is_dropped() {
    let dir = repository("dropped", QUIET);
    edit(&dir, "mcppolicy.toml", &format!("{NAMED}\n"), "");
    let (code, report) = ci(&dir);
    assert_eq!(
        (code, found(&report), settings(&report).len()),
        (0, Vec::new(), 1)
    );
    misspelt(&dir);
    edit(
        &dir,
        "shop/tools.json",
        "Refunds.",
        "Refunds whom the page names.",
    );
    let (code, report) = ci(&dir);
    assert_eq!(code, 1, "{report}");
    let expected = [
        "warning unknown-argument hidden_by_change",
        "warning changed-tool",
    ];
    assert_eq!(found(&report), expected);
    fs::remove_file(dir.join("shop/tools.json")).unwrap();
    let (code, report) = ci(&dir);
    assert_eq!(
        (code, found(&report)),
        (1, expected.map(str::to_owned).into())
    );
    let message = &report["policies"][0]["diff"]["findings"][0]["message"];
    let message = message.as_str().unwrap();
    assert!(
        message.starts_with("This change takes away the inventory"),
        "{message}"
    );
    approve(&dir);
    // With its entry alone gone, the file that the base names is not there.
    restore(&dir);
    fs::remove_file(dir.join("shop/tools.json")).unwrap();
    assert_eq!(ci(&dir).0, 2);
}

fn an_inventory_is_renamed_with_a_change() {
    let dir = repository("renamed", "");
    git(&dir, &["mv", "shop/tools.json", "shop/other.json"]);
    edit(&dir, "mcppolicy.toml", NAMED, REPOINTED);
    let (code, report) = ci(&dir);
    assert_eq!(
        (code, found(&report), settings(&report).len()),
        (0, Vec::new(), 1)
    );
    edit(
        &dir,
        "shop/other.json",
        "Refunds.",
        "Refunds whom the page names.",
    );
    let (code, report) = ci(&dir);
    assert_eq!(
        (code, found(&report)),
        (1, vec!["warning changed-tool".to_owned()])
    );
    let ran = run(&dir, &["diff", "--base", "main", "--format", "json"]);
    assert_eq!(ran.code, 1);
    assert!(ran.out.contains("changed-tool"), "{}", ran.out);
}

fn a_copy_of_the_old_inventory_is_named() {
    let dir = repository("copy", "");
    write(&dir, "shop/other.json", TOOLS);
    edit(&dir, "mcppolicy.toml", NAMED, REPOINTED);
    edit(
        &dir,
        "shop/tools.json",
        "Refunds.",
        "Refunds whom the page names.",
    );
    let (code, report) = ci(&dir);
    assert_eq!(
        (code, found(&report)),
        (1, vec!["warning changed-tool".to_owned()])
    );
    edit(
        &dir,
        "shop/tools.json",
        "Refunds whom the page names.",
        "Refunds.",
    );
    assert_eq!(ci(&dir).0, 0);
}

const STRICT: &str = "lost-expectation = \"error\"\n";

fn a_server_that_no_trace_names() {
    let dir = repository("server", STRICT);
    let named = TRACE.replace("{\"tool\"", "{\"server\":\"shop\",\"tool\"");
    write(&dir, "shop/traces/a.jsonl", &named);
    let (code, report) = ci(&dir);
    assert_eq!((code, found(&report)), (0, Vec::new()), "{report}");
    git(&dir, &["branch", "--force", "main", "HEAD"]);
    edit(&dir, "mcppolicy.toml", "\"{dirname}\"", "\"nowhere\"");
    let (code, report) = ci(&dir);
    assert_eq!(code, 1);
    let expected = vec!["error lost-expectation".to_owned(); 3];
    assert_eq!(found(&report), expected, "{report}");
    // With the traces renamed alike, nothing is lost.
    let renamed = named.replace("\"shop\"", "\"nowhere\"");
    write(&dir, "shop/traces/a.jsonl", renamed);
    let (code, report) = ci(&dir);
    assert_eq!(
        (code, found(&report), settings(&report).len()),
        (0, Vec::new(), 1)
    );
}

fn a_test_is_deleted() {
    let dir = repository("deleted", "");
    let line = TRACE.lines().nth(1).unwrap();
    let silent = line.replace(",\"expect\":\"deny\"", "");
    let elsewhere = line.replace("{\"tool\"", "{\"server\":\"other\",\"tool\"");
    for (now, says) in [
        (TRACE.replace(line, ""), "no trace has that now"),
        (TRACE.replace(line, &silent), "nothing is expected now"),
        (
            TRACE.replace(line, &elsewhere),
            "by another server, `other`",
        ),
    ] {
        write(&dir, "shop/traces/a.jsonl", now);
        let (code, report) = ci(&dir);
        assert_eq!(
            (code, found(&report)),
            (0, vec!["note lost-expectation".to_owned()])
        );
        let finding = &report["policies"][0]["lint"]["findings"][0];
        assert_eq!(finding["file"], "shop/traces/a.jsonl");
        assert_eq!(finding["span"]["start"]["line"], 2, "{finding}");
        assert!(messages(&report)[0].contains(says), "{report}");
        let out = run(&dir, &["ci", "--base", "main"]).out;
        assert!(
            out.contains("create_refund") && out.contains("500"),
            "{out}"
        );
    }
    fs::remove_dir_all(dir.join("shop/traces")).unwrap();
    write(
        &dir,
        "shop/traces/b.jsonl",
        "{\"tool\":\"get_order\",\"expect\":\"allow\"}\n",
    );
    let (code, report) = ci(&dir);
    assert_eq!((code, found(&report).len()), (0, 3), "{report}");
    let out = run(&dir, &["ci", "--base", "main"]).out;
    assert!(!out.contains("secret"), "{out}");
    // Lines in another order, in another file, spelt otherwise.
    let lines: Vec<&str> = TRACE.lines().rev().collect();
    fs::remove_file(dir.join("shop/traces/b.jsonl")).unwrap();
    write(&dir, "shop/traces/c.jsonl", lines[..2].join("\n"));
    write(
        &dir,
        "shop/traces/d.jsonl",
        lines[2].replace(":5,", ":5.0,"),
    );
    let (code, report) = ci(&dir);
    assert_eq!((code, found(&report)), (0, Vec::new()), "{report}");
    // Where the base says so, an approval is needed.
    let strict = repository("deleted-strict", STRICT);
    write(&strict, "shop/traces/a.jsonl", TRACE.replace(line, ""));
    assert_eq!(ci(&strict).0, 1);
    edit(&strict, "mcppolicy.toml", "\"error\"", "\"off\"");
    let (code, report) = ci(&strict);
    assert_eq!(
        (code, found(&report)),
        (1, vec!["error lost-expectation".to_owned()])
    );
    approve(&strict);
}

fn a_test_is_flipped() {
    let dir = repository("flipped", STRICT);
    edit(
        &dir,
        "shop/policy.json",
        "\"get_order\": {}",
        "\"get_order\": {}, \"drop_order\": {}",
    );
    let drop = "{\"tool\":\"drop_order\",\"expect\":\"deny\"}";
    let flipped = drop.replace("deny", "allow");
    edit(&dir, "shop/traces/a.jsonl", drop, &flipped);
    let (code, report) = ci(&dir);
    assert_eq!(code, 1);
    let lost = messages(&report);
    let lost = lost.iter().find(|of| of.contains("drop_order` was"));
    let expected = "A call of `drop_order` was expected to be \"deny\", now \"allow\"";
    assert_eq!(lost, Some(&expected), "{report}");
    // An approval of this is none of another flip.
    restore(&dir);
    edit(&dir, "shop/traces/a.jsonl", drop, "");
    approve(&dir);
    let first = TRACE.lines().next().unwrap();
    edit(&dir, "shop/traces/a.jsonl", first, "");
    let (code, report) = ci(&dir);
    assert_eq!(code, 1, "{report}");
    let expected = ["error lost-expectation", "note lost-expectation approved"];
    assert_eq!(found(&report), expected);
}

fn traces_are_taken_out_of_the_configuration() {
    let dir = repository("traces", STRICT);
    write(
        &dir,
        "shop/own/a.jsonl",
        "{\"tool\":\"get_order\",\"expect\":\"allow\"}\n",
    );
    for traces in ["", "traces = [\"{dir}/own\"]\n"] {
        let config = format!("{ENTRY}[lint.rules]\n{STRICT}");
        let config = config.replace("traces = [\"{dir}/traces\"]\n", traces);
        write(&dir, "mcppolicy.toml", config);
        let (code, report) = ci(&dir);
        assert_eq!(code, 1, "{report}");
        assert_eq!(found(&report), vec!["error lost-expectation"; 3]);
    }
    // The directory moved as a whole.
    restore(&dir);
    git(&dir, &["mv", "shop/traces", "shop/own"]);
    edit(&dir, "mcppolicy.toml", "{dir}/traces", "{dir}/own");
    let (code, report) = ci(&dir);
    assert_eq!((code, found(&report)), (0, Vec::new()), "{report}");
}

fn a_hidden_finding_is_approved_for_another_place() {
    let dir = unlimited("place");
    let config = format!("{ENTRY}[categories]\ncreate_refund = \"read\"\n");
    write(&dir, "mcppolicy.toml", &config);
    approve(&dir);
    let more = format!("{config}create_payout = \"read\"\n");
    write(&dir, "mcppolicy.toml", more);
    let tool = "\"get_order\": {}, \"create_payout\": {\"require\": [{\"conditions\": [\
        {\"path\": \"args.amount\", \"op\": \"gt\", \"value\": 0}, \
        {\"path\": \"args.amount\", \"op\": \"lte\", \"value\": 1}]}]}";
    edit(&dir, "shop/policy.json", "\"get_order\": {}", tool);
    let name = "{\"name\": \"create_payout\", \"inputSchema\": {\"type\": \"object\", \
        \"properties\": {\"amount\": {\"type\": \"number\"}}}}, {\"name\": \"get_order\"";
    edit(&dir, "shop/tools.json", "{\"name\": \"get_order\"", name);
    let (code, report) = ci(&dir);
    assert_eq!(code, 1, "{report}");
    let found = found(&report);
    let counts = |end: &str| found.iter().filter(|of| of.ends_with(end)).count();
    assert!(
        counts("unlimited-financial-tool hidden_by_change") >= 1,
        "{found:?}"
    );
    assert!(
        counts("unlimited-financial-tool approved") >= 1,
        "{found:?}"
    );
    // The hash of another value does not fit.
    restore(&dir);
    write(&dir, "mcppolicy.toml", &config);
    approve(&dir);
    let file = dir.join("mcppolicy.approvals.json");
    let text = fs::read_to_string(&file).unwrap();
    let at = text.find("\"sha256\": \"").unwrap() + 11;
    fs::write(
        &file,
        format!("{}{}{}", &text[..at], "0".repeat(64), &text[at + 64..]),
    )
    .unwrap();
    assert_eq!(ci(&dir).0, 1);
}

fn a_first_configuration_mutes_rules() {
    let files = [
        ("policy.json", POLICY.replace(NO_LIMITS, "")),
        ("tools.json", TOOLS.to_owned()),
    ];
    let files = files.each_ref().map(|(name, text)| (*name, text.as_str()));
    let dir = support::repository("gate-settings-first", &files);
    git(&dir, &["checkout", "--quiet", "-b", "change"]);
    assert_eq!(ci(&dir).0, 1);
    let config = "[[policy]]\npath = \"policy.json\"\n[lint]\nfail-on = \"error\"\n\
        [lint.rules]\nunlimited-financial-tool = \"off\"\nunbounded-amount = \"off\"\n\
        [[suppress]]\nrule = \"free-amount\"\npolicy = \"policy.json\"\nat = \"/tools\"\n\
        value = \"00000000\"\nreason = \"known\"\n";
    write(&dir, "mcppolicy.toml", config);
    let (code, report) = ci(&dir);
    assert_eq!(code, 0, "{report}");
    let expected = [
        "`fail-on` goes from `warning` to `error`",
        "The level of unbounded-amount goes from `note` to `off`",
        "The level of unlimited-financial-tool goes from `warning` to `off`",
        "This change suppresses free-amount at `/tools` of `policy.json`: known",
    ];
    assert_eq!(settings(&report), expected);
    let out = run(&dir, &["ci", "--base", "main"]).out;
    assert!(out.contains("4 changes to settings"), "{out}");
    // One that mutes nothing has no note.
    write(
        &dir,
        "mcppolicy.toml",
        "[[policy]]\npath = \"policy.json\"\n",
    );
    let (code, report) = ci(&dir);
    assert_eq!((code, settings(&report)), (1, Vec::new()), "{report}");
}

fn a_suppressed_finding_stands_for_another() {
    let dir = unlimited("second");
    assert_eq!(run(&dir, &["lint", "--suppress-existing", "known"]).code, 0);
    commit(&dir);
    git(&dir, &["branch", "--force", "main", "HEAD"]);
    assert_eq!(ci(&dir).0, 0);
    // What the base accepts is not hidden by a category that hides it as well.
    let config = fs::read_to_string(dir.join("mcppolicy.toml")).unwrap();
    let config = format!("{config}\n[categories]\ncreate_refund = \"read\"\n");
    let read = config.replace(
        "[categories]",
        "[lint.rules]\nunused-suppression = \"off\"\n[categories]",
    );
    write(&dir, "mcppolicy.toml", &read);
    let (_, report) = ci(&dir);
    assert!(!report.to_string().contains("hidden_by_change"), "{report}");
    // Another tool beside it is.
    write(
        &dir,
        "mcppolicy.toml",
        format!("{read}create_payout = \"read\"\n"),
    );
    let tool = "\"get_order\": {}, \"create_payout\": {}";
    edit(&dir, "shop/policy.json", "\"get_order\": {}", tool);
    let name = "{\"name\": \"create_payout\"}, {\"name\": \"get_order\"";
    edit(&dir, "shop/tools.json", "{\"name\": \"get_order\"", name);
    let (code, report) = ci(&dir);
    assert_eq!(code, 1, "{report}");
    let hidden = "unlimited-financial-tool hidden_by_change";
    assert!(
        found(&report).iter().any(|of| of.ends_with(hidden)),
        "{report}"
    );
}

fn an_entry_comes_before_the_one_of_the_base() {
    let dir = unlimited("before");
    let own =
        "[[policy]]\npath = \"shop/policy.json\"\ncategories = { create_refund = \"read\" }\n";
    write(&dir, "mcppolicy.toml", format!("{own}{ENTRY}"));
    let (code, report) = ci(&dir);
    assert_eq!(code, 1, "{report}");
    let hidden = "unlimited-financial-tool hidden_by_change";
    assert!(
        found(&report).iter().any(|of| of.ends_with(hidden)),
        "{report}"
    );
    // The category of a policy that the base does not list is not held to anything.
    let dir = repository("new-entry", "");
    let named =
        "[[policy]]\npath = \"new.policy.json\"\ncategories = { create_refund = \"read\" }\n";
    let config = fs::read_to_string(dir.join("mcppolicy.toml")).unwrap();
    write(&dir, "mcppolicy.toml", format!("{named}{config}"));
    write(&dir, "new.policy.json", POLICY.replace(NO_LIMITS, ""));
    let (code, report) = ci(&dir);
    assert!(!report.to_string().contains("hidden_by_change"), "{report}");
    assert_eq!(code, 0, "{report}");
}

fn a_path_leaves_out_what_comes_later() {
    let dir = repository("path", "");
    edit(&dir, "mcppolicy.toml", "*/policy.json", "shop/policy.json");
    let (code, report) = ci(&dir);
    assert_eq!(code, 0, "{report}");
    let expected = ["This change takes the path `*/policy.json` out of the list of policies"];
    assert_eq!(settings(&report), expected);
    // Another entry beside it is no such thing.
    restore(&dir);
    let config = fs::read_to_string(dir.join("mcppolicy.toml")).unwrap();
    let more = config.replace("[lint", "[[policy]]\npath = \"*/*.policy.json\"\n[lint");
    write(&dir, "mcppolicy.toml", more);
    write(&dir, "shop/b.policy.json", POLICY);
    let (code, report) = ci(&dir);
    assert_eq!((code, settings(&report)), (0, Vec::new()), "{report}");
}

/// A limit and a default that are tested to the end.
const PINNED: &str = r#"{"tool":"create_refund","arguments":{"amount":5},"expect":"allow"}
{"tool":"create_refund","arguments":{"amount":50},"expect":"allow"}
{"tool":"create_refund","arguments":{"amount":51},"expect":"deny"}
{"tool":"get_order","expect":"allow"}
"#;

fn a_threshold_of_the_tests_is_lowered() {
    let pins = "[coverage]\nmin = \"conditions=60\"\n[mutate]\nmin-score = 30\n";
    let config = format!("{ENTRY}{pins}");
    let files = [
        ("mcppolicy.toml", config.as_str()),
        ("shop/policy.json", POLICY),
        ("shop/tools.json", TOOLS),
        ("shop/traces/a.jsonl", PINNED),
    ];
    let dir = support::repository("gate-settings-pins", &files);
    git(&dir, &["checkout", "--quiet", "-b", "change"]);
    let (code, report) = ci(&dir);
    assert_eq!(code, 0, "{report}");
    // An honest change adds a test.
    write(
        &dir,
        "shop/traces/b.jsonl",
        "{\"tool\":\"drop_order\",\"expect\":\"deny\"}\n",
    );
    let (code, report) = ci(&dir);
    assert_eq!(code, 0, "{report}");
    restore(&dir);
    // One that takes tests away lowers what they are held to, too.
    let fewer = "{\"tool\":\"get_order\",\"expect\":\"allow\"}\n";
    for (from, to) in [
        (pins, ""),
        ("conditions=60", "conditions=0"),
        ("min-score = 30", "min-score = 1"),
    ] {
        restore(&dir);
        write(&dir, "shop/traces/a.jsonl", fewer);
        edit(&dir, "mcppolicy.toml", from, to);
        let (code, report) = ci(&dir);
        assert_eq!(code, 1, "{from}: {report}");
        let text = report.to_string();
        assert!(text.contains("This change alters"), "{text}");
        assert!(text.contains("are wanted"), "{text}");
    }
    // A skip that the change adds leaves nothing out.
    restore(&dir);
    let ran = run(&dir, &["mutate", "--list", "--format", "json"]);
    let id = ran.report()["listed"][0]["id"].as_str().unwrap().to_owned();
    let skip = format!("{config}[[mutate.skip]]\nid = \"{id}\"\nreason = \"no\"\n");
    write(&dir, "mcppolicy.toml", skip);
    let (code, report) = ci(&dir);
    assert_eq!(code, 0, "{report}");
    let skipped = &report["policies"][0]["mutate"]["skipped"];
    assert_eq!(skipped.as_array().unwrap().len(), 0, "{skipped}");
    assert!(report.to_string().contains("adds a skip"), "{report}");
}
