//! Approvals that allow more than was seen.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::{self, commit, git, run, write};

attacks! {
    an_approval_of_an_earlier_change_is_used_again: Approval,
        "loosens a policy again, within an approval that the base has from an earlier change"
        => "The gate refuses it. The entry of the base is a record and is not mentioned.";
    an_approval_arms_again_after_a_tightening: Approval,
        "takes back a tightening that came after the approval"
        => "The gate refuses it, whatever was approved once.";
    an_approval_of_a_branch_that_the_base_has_dropped: Approval,
        "brings an entry along that the base has pruned since the branch began"
        => "The entry is no addition of the change and approves nothing.";
    an_entry_of_the_base_that_is_written_twice: Approval,
        "repeats an entry of the base word for word, in another place of the file"
        => "It is the same record and approves nothing; with another day or reason it is new.";
    an_approval_that_allows_far_more_than_the_change: Approval,
        "approves a hundred times what it needs"
        => "It passes, and every report shows what is allowed and a call that nothing needs.";
    an_approval_that_nothing_needs: Approval,
        "adds an approval for later to a change that loosens nothing"
        => "A warning, `unneeded-approval`, which fails the run.";
    an_approval_of_another_policy: Approval,
        "approves a policy of another name, or one that is not there"
        => "The loosening is refused, and the approval is a warning.";
    a_default_that_is_approved_covers_what_is_tighter: Approval,
        "loosens a tool that the base hides by its name, under an approval of `default: allow`"
        => "Refused: only tools that the base does not name are within that approval.";
    a_finding_is_approved_for_another_text: Approval,
        "changes a tool's description again after it was approved"
        => "The hash does not fit: the finding counts, and the approval is a warning.";
    a_removed_policy_is_approved_once: Approval,
        "removes a policy that was removed, approved and added again before"
        => "The record of the first removal approves nothing.";
}

const CONFIG: &str = "[[policy]]\npath = \"*/policy.json\"\ninventory = \"{dir}/tools.json\"\n\
    [lint.rules]\nundecided-tool = \"off\"\nmissing-default-deny = \"off\"\n";
const TOOLS: &str = r#"{"tools":[{"name":"pay","description":"Pays."},
{"name":"drop","description":"Drops."},{"name":"ask","description":"Asks."}]}"#;

/// Payments up to an amount, so many times a day.
fn up_to(max: u32) -> String {
    format!(
        r#"{{"version":"1","default":"deny","hide":["drop"],"tools":{{"pay":{{"require":[{{"conditions":[
{{"path":"args.amount","op":"gt","value":0}},{{"path":"args.amount","op":"lte","value":{max}}}]}}],
"limits":[{{"counter":"pays","window":"day","max":9,"scope":"grant"}}]}}}}}}"#
    )
}

/// A repository whose `main` has this policy, with the branch `change` checked out.
fn repository(name: &str, policy: &str) -> PathBuf {
    let files = [
        ("mcppolicy.toml", CONFIG),
        ("bank/policy.json", policy),
        ("bank/tools.json", TOOLS),
    ];
    let dir = support::repository(&format!("gate-approvals-{name}"), &files);
    git(&dir, &["checkout", "--quiet", "-b", "change"]);
    dir
}

/// Commits the change, and has `main` be there, as a merge does.
fn merge(dir: &Path) {
    commit(dir);
    git(dir, &["branch", "--force", "main", "HEAD"]);
}

/// Commits the change and checks it: the exit code and the report.
fn ci(dir: &Path, more: &[&str]) -> (i32, Value) {
    commit(dir);
    let arguments = ["ci", "--base", "main", "--format", "json"];
    let ran = run(dir, &[&arguments[..], more].concat());
    (ran.code, ran.report())
}

const APPROVE: [&str; 2] = ["--approve", "see #12"];

/// Approves what the change does.
fn approve(dir: &Path, more: &[&str]) {
    commit(dir);
    let ran = run(
        dir,
        &[&["ci", "--base", "main"][..], &APPROVE, more].concat(),
    );
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
}

fn rules(report: &Value) -> Vec<&str> {
    let findings = report["findings"].as_array().unwrap().iter();
    findings.map(|of| of["rule"].as_str().unwrap()).collect()
}

fn diff(report: &Value) -> &Value {
    &report["policies"][0]["diff"]
}

/// The status of each approval of the first policy.
fn standing(report: &Value) -> Vec<&str> {
    let approvals = diff(report)["approvals"].as_array().unwrap().iter();
    approvals
        .map(|of| of["standing"].as_str().unwrap())
        .collect()
}

fn an_approval_of_an_earlier_change_is_used_again() {
    let dir = repository("again", &up_to(10));
    // The honest change, with its approval.
    write(&dir, "bank/policy.json", up_to(100));
    assert_eq!(ci(&dir, &[]).0, 1);
    approve(&dir, &[]);
    let (code, report) = ci(&dir, &[]);
    assert_eq!((code, standing(&report)), (0, vec!["used"]), "{report}");
    merge(&dir);
    // The next one is within what was approved, and beyond what is there.
    write(&dir, "bank/policy.json", up_to(50));
    merge(&dir);
    write(&dir, "bank/policy.json", up_to(100));
    let (code, report) = ci(&dir, &[]);
    assert_eq!((code, standing(&report)), (1, vec!["record"]), "{report}");
    assert_eq!(rules(&report), [""; 0], "a record is silent");
    let ran = run(&dir, &["diff", "--base", "main"]);
    assert_eq!(ran.code, 1);
    assert!(!ran.out.contains("see #12"), "{}", ran.out);
    // Pruning drops it, and the change can be approved anew.
    assert_eq!(run(&dir, &["diff", "--base", "main", "--prune"]).code, 1);
    assert!(!dir.join("mcppolicy.approvals.json").exists());
    approve(&dir, &[]);
    assert_eq!(ci(&dir, &[]).0, 1, "the same words are the same record");
    approve(&dir, &["--date", "2030-01-01"]);
    assert_eq!(ci(&dir, &[]).0, 0);
}

fn an_approval_arms_again_after_a_tightening() {
    let dir = repository("tightened", &up_to(10));
    write(&dir, "bank/policy.json", up_to(100));
    approve(&dir, &[]);
    merge(&dir);
    write(&dir, "bank/policy.json", up_to(5));
    assert_eq!(ci(&dir, &[]).0, 0, "a tightening needs no approval");
    merge(&dir);
    for amount in [6, 10, 100] {
        write(&dir, "bank/policy.json", up_to(amount));
        assert_eq!(ci(&dir, &[]).0, 1, "{amount}");
    }
    write(&dir, "bank/policy.json", up_to(5));
    assert_eq!(ci(&dir, &[]).0, 0);
}

fn an_approval_of_a_branch_that_the_base_has_dropped() {
    let dir = repository("pruned", &up_to(10));
    write(&dir, "bank/policy.json", up_to(100));
    approve(&dir, &[]);
    merge(&dir);
    write(&dir, "bank/policy.json", up_to(10));
    merge(&dir);
    git(&dir, &["checkout", "--quiet", "main"]);
    run(&dir, &["diff", "--base", "main", "--prune"]);
    commit(&dir);
    git(&dir, &["checkout", "--quiet", "change"]);
    write(&dir, "bank/policy.json", up_to(100));
    let (code, report) = ci(&dir, &[]);
    assert_eq!((code, standing(&report)), (1, vec!["record"]), "{report}");
    // What the branch adds itself counts.
    approve(&dir, &["--date", "2030-01-01"]);
    assert_eq!(ci(&dir, &[]).0, 0);
}

fn an_entry_of_the_base_that_is_written_twice() {
    let dir = repository("twice", &up_to(10));
    write(&dir, "bank/policy.json", up_to(100));
    approve(&dir, &[]);
    merge(&dir);
    write(&dir, "bank/policy.json", up_to(10));
    merge(&dir);
    let file = dir.join("mcppolicy.approvals.json");
    let mut approvals: Value = support::json(&fs::read_to_string(&file).unwrap());
    let entry = approvals["approvals"][0].clone();
    approvals["approvals"].as_array_mut().unwrap().push(entry);
    fs::write(&file, approvals.to_string()).unwrap();
    write(&dir, "bank/policy.json", up_to(100));
    let (code, report) = ci(&dir, &[]);
    assert_eq!(code, 1, "{report}");
    assert_eq!(standing(&report), ["record", "record"]);
    approvals["approvals"][1]["date"] = "2030-01-01".into();
    fs::write(&file, approvals.to_string()).unwrap();
    let (code, report) = ci(&dir, &[]);
    assert_eq!((code, standing(&report)), (0, vec!["record", "used"]));
}

fn an_approval_that_allows_far_more_than_the_change() {
    let dir = repository("surplus", &up_to(10));
    write(&dir, "bank/policy.json", up_to(1000));
    approve(&dir, &[]);
    write(&dir, "bank/policy.json", up_to(20));
    let (code, report) = ci(&dir, &[]);
    assert_eq!(code, 0, "{report}");
    let approval = &diff(&report)["approvals"][0];
    let amount = approval["surplus"][0]["arguments"]["amount"].as_f64();
    assert!(amount.unwrap() > 20.0, "{approval}");
    let ran = run(&dir, &["ci", "--base", "main"]);
    assert!(
        ran.out.contains("more than the change needs"),
        "{}",
        ran.out
    );
    for format in ["human", "markdown", "html"] {
        let out = run(&dir, &["ci", "--base", "main", "--format", format]).out;
        let plain = out.replace('\\', "");
        assert!(plain.contains("up to 1000"), "{format}: {out}");
        assert!(plain.contains("at most 9 calls a day"), "{format}: {out}");
    }
    // Exactly what is needed has no surplus, and is listed when it is written.
    fs::remove_file(dir.join("mcppolicy.approvals.json")).unwrap();
    commit(&dir);
    let ran = run(
        &dir,
        &[
            "ci",
            "--base",
            "main",
            "--approve",
            "more",
            "--format",
            "json",
        ],
    );
    assert!(ran.err.contains("approves `pay` of bank/policy.json"));
    assert!(ran.err.contains("up to 20"), "{}", ran.err);
    let report = ran.report();
    let approval = &diff(&report)["approvals"][0];
    assert_eq!(approval["surplus"], Value::Array(Vec::new()));
    assert_eq!(approval["written"], true);
    // The one edit, and the three parts of what it comes to.
    let allows = approval["allows"].as_array().unwrap().iter();
    let edits = allows.clone().filter(|part| part["kind"] == "edit").count();
    assert_eq!((edits, allows.count()), (1, 4), "{approval}");
    assert_eq!(ci(&dir, &[]).0, 0);
}

fn an_approval_that_nothing_needs() {
    let dir = repository("unneeded", &up_to(10));
    write(&dir, "bank/policy.json", up_to(100));
    approve(&dir, &[]);
    write(&dir, "bank/policy.json", up_to(10));
    let (code, report) = ci(&dir, &[]);
    assert_eq!(code, 1, "{report}");
    assert!(rules(&report).contains(&"unneeded-approval"), "{report}");
    let ran = run(&dir, &["diff", "--base", "main", "--format", "json"]);
    assert_eq!(ran.code, 1);
    assert!(rules(&ran.report()).contains(&"unneeded-approval"));
    // Beside one that is needed, too.
    write(&dir, "bank/policy.json", up_to(200));
    approve(&dir, &["--date", "2030-01-01"]);
    let (code, report) = ci(&dir, &[]);
    assert_eq!(code, 0, "the wider one took its place: {report}");
}

fn an_approval_of_another_policy() {
    let dir = repository("other", &up_to(10));
    write(&dir, "bank/policy.json", up_to(100));
    approve(&dir, &[]);
    let file = dir.join("mcppolicy.approvals.json");
    let text = fs::read_to_string(&file).unwrap();
    for name in ["./bank/policy.json", "Bank/policy.json", "policy.json"] {
        fs::write(&file, text.replace("bank/policy.json", name)).unwrap();
        let (code, report) = ci(&dir, &[]);
        assert_eq!(code, 1, "{name}");
        assert_eq!(report["summary"]["refused"], true, "{name}");
        assert!(rules(&report).contains(&"unneeded-approval"), "{name}");
    }
    fs::write(&file, text).unwrap();
    assert_eq!(ci(&dir, &[]).0, 0);
}

fn a_default_that_is_approved_covers_what_is_tighter() {
    let dir = repository("default", &up_to(10));
    let open = up_to(10).replace("\"default\":\"deny\"", "\"default\":\"allow\"");
    write(&dir, "bank/policy.json", &open);
    approve(&dir, &[]);
    assert_eq!(ci(&dir, &[]).0, 0);
    // A tool that is listed later, with a limit, is within it.
    let limited = open.replace(
        "\"tools\":{",
        r#""tools":{"ask":{"limits":[{"counter":"c","window":"day","max":3,"scope":"grant"}]},"#,
    );
    write(&dir, "bank/policy.json", &limited);
    let (code, report) = ci(&dir, &[]);
    assert_eq!(code, 0, "{report}");
    let closed = limited.replace("\"default\":\"allow\"", "\"default\":\"deny\"");
    write(&dir, "bank/policy.json", &closed);
    let (code, report) = ci(&dir, &[]);
    assert_eq!(code, 0, "{report}");
    let surplus = &diff(&report)["approvals"][0]["surplus"];
    assert_eq!(surplus.as_array().unwrap().len(), 1, "{report}");
    // One that the base hides is not, and one that it lists neither.
    let shown = limited.replace("\"hide\":[\"drop\"],", "");
    write(&dir, "bank/policy.json", &shown);
    assert_eq!(ci(&dir, &[]).0, 1);
    let listed = open.replace("\"value\":10", "\"value\":11");
    write(&dir, "bank/policy.json", &listed);
    assert_eq!(ci(&dir, &[]).0, 1);
}

fn a_finding_is_approved_for_another_text() {
    let dir = repository("text", &up_to(10));
    let tools = |text: &str| TOOLS.replace("Pays.", text);
    write(&dir, "bank/tools.json", tools("Pays, after a question."));
    assert_eq!(ci(&dir, &[]).0, 1);
    approve(&dir, &[]);
    let (code, report) = ci(&dir, &[]);
    assert_eq!((code, standing(&report)), (0, vec!["used"]), "{report}");
    let finding = &diff(&report)["findings"][0];
    assert_eq!(finding["status"], "approved", "{report}");
    assert!(
        finding["message"]
            .as_str()
            .unwrap()
            .contains("after a question")
    );
    write(
        &dir,
        "bank/tools.json",
        tools("Pays the author of this text."),
    );
    let (code, report) = ci(&dir, &[]);
    assert_eq!(code, 1, "{report}");
    assert_eq!(diff(&report)["findings"][0]["severity"], "warning");
    assert!(rules(&report).contains(&"unneeded-approval"), "{report}");
    // Another place of the file does not matter.
    let moved = tools("Pays, after a question.").replace("{\"tools\"", "{ \"tools\"");
    write(&dir, "bank/tools.json", moved);
    assert_eq!(ci(&dir, &[]).0, 0);
}

fn a_removed_policy_is_approved_once() {
    let dir = repository("removed", &up_to(10));
    let tools = fs::read(dir.join("bank/tools.json")).unwrap();
    write(&dir, "wiki/policy.json", up_to(1));
    write(&dir, "wiki/tools.json", &tools);
    merge(&dir);
    fs::remove_dir_all(dir.join("wiki")).unwrap();
    assert_eq!(ci(&dir, &[]).0, 1);
    approve(&dir, &[]);
    assert_eq!(ci(&dir, &[]).0, 0);
    merge(&dir);
    write(&dir, "wiki/policy.json", up_to(1));
    write(&dir, "wiki/tools.json", &tools);
    merge(&dir);
    fs::remove_dir_all(dir.join("wiki")).unwrap();
    let (code, report) = ci(&dir, &[]);
    assert_eq!(code, 1, "{report}");
    approve(&dir, &["--date", "2030-01-01"]);
    assert_eq!(ci(&dir, &[]).0, 0);
}
