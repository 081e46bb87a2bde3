//! `mcppolicy diff` as people use it: on real repositories, with the gate, the
//! approvals and the traces that come of it.

mod edits;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::{self, Ran, commit, fresh, git, run, write};

/// Runs the command for its JSON report: exit code and report.
fn json(args: &[&str], dir: &Path) -> (i32, Value) {
    let args = [&[args[0], "--format", "json"], &args[1..]].concat();
    let ran = run(dir, &args);
    (ran.code, ran.report())
}

/// A policy whose one tool takes amounts up to `max`.
fn up_to(max: u32) -> String {
    let require =
        format!(r#"[{{"conditions":[{{"path":"args.amount","op":"lte","value":{max}}}]}}]"#);
    format!(r#"{{"version":"1","default":"deny","tools":{{"pay":{{"require":{require}}}}}}}"#)
}

/// A policy whose one tool may be called so often in a minute.
fn per_minute(max: u32) -> String {
    let limit = format!(r#"{{"counter":"c","window":"minute","max":{max},"scope":"grant"}}"#);
    format!(r#"{{"version":"1","default":"deny","tools":{{"run":{{"limits":[{limit}]}}}}}}"#)
}

/// A repository with this policy committed, and a branch `origin/main` at it.
fn repository(name: &str, policy: &str) -> PathBuf {
    let dir = support::repository(&format!("diff-{name}"), &[("policy.json", policy)]);
    git(&dir, &["update-ref", "refs/remotes/origin/main", "HEAD"]);
    dir
}

/// The run ends with this code and says this, once.
fn refused(args: &[&str], dir: &Path, says: &str) {
    let (code, report) = json(args, dir);
    let failures = report["failures"].as_array().unwrap();
    let messages: Vec<String> = failures
        .iter()
        .map(|f| format!("{}: {}", f["input"].as_str().unwrap(), f["message"]))
        .collect();
    assert_eq!(code, 2, "{args:?}: {report}");
    assert!(
        messages.len() == 1 && messages[0].contains(says),
        "{args:?}: {messages:?} should say {says}"
    );
}

const SINCE_MAIN: [&str; 3] = ["diff", "origin/main:policy.json", "policy.json"];

#[test]
fn a_loosening_fails_until_it_is_approved_and_again_when_it_grows() {
    let dir = repository("approve", &up_to(100));
    write(&dir, "policy.json", up_to(200));
    let Ran { code, out, .. } = run(&dir, &SINCE_MAIN);
    assert_eq!(code, 1);
    assert!(
        out.contains("refused: it lets more through (gate: loosened)"),
        "{out}"
    );

    let approve = ["--approve", "raise of May", "--approved-by", "ann"];
    let approve = [&SINCE_MAIN[..], &approve, &["--date", "2026-05-02"]].concat();
    let (code, report) = json(&approve, &dir);
    assert_eq!(code, 0, "{report}");
    let approval = &report["approvals"][0];
    assert_eq!(approval["policy"], "policy.json");
    assert_eq!(approval["scope"]["tool"], "pay");
    assert_eq!(approval["by"], "ann");
    assert_eq!(approval["date"], "2026-05-02");
    assert_eq!(
        (&approval["standing"], &approval["written"]),
        (&"used".into(), &true.into())
    );
    assert_eq!(report["changes"][0]["approved"], true);
    assert_eq!(report["summary"]["verdict"], "loosened");
    let file = fs::read_to_string(dir.join("mcppolicy.approvals.json")).unwrap();
    assert!(
        file.contains("raise of May") && file.contains("\"value\": 200"),
        "{file}"
    );

    assert_eq!(
        run(&dir, &SINCE_MAIN).code,
        0,
        "the approval is in the file"
    );
    write(&dir, "policy.json", up_to(150));
    assert_eq!(run(&dir, &SINCE_MAIN).code, 0, "less than approved");

    write(&dir, "policy.json", up_to(300));
    let (code, report) = json(&SINCE_MAIN, &dir);
    assert_eq!(code, 1);
    assert_eq!(report["changes"][0]["approved"], false);
    let outside = &report["outside"][0];
    assert_eq!(outside["approvals"], 1);
    let amount = outside["calls"][0]["arguments"]["amount"].as_f64().unwrap();
    assert!(amount > 200.0 && amount <= 300.0, "{outside}");
    let out = run(&dir, &SINCE_MAIN).out;
    assert!(out.contains("pay: beyond what is approved"), "{out}");
}

#[test]
fn a_wider_approval_takes_the_place_of_a_narrower_one() {
    let dir = repository("supersede", &up_to(100));
    for max in [200, 300] {
        write(&dir, "policy.json", up_to(max));
        let args = [&SINCE_MAIN[..], &["--approve", "more"]].concat();
        assert_eq!(run(&dir, &args).code, 0);
    }
    let (_, report) = json(&SINCE_MAIN, &dir);
    assert_eq!(report["approvals"].as_array().unwrap().len(), 1);
}

#[test]
fn an_approval_that_no_longer_matters_is_a_note_until_it_is_pruned() {
    let dir = repository("prune", &up_to(100));
    write(&dir, "policy.json", up_to(200));
    run(&dir, &[&SINCE_MAIN[..], &["--approve", "more"]].concat());
    git(&dir, &["checkout", "--quiet", "-b", "merged"]);
    commit(&dir);
    git(&dir, &["update-ref", "refs/remotes/origin/main", "HEAD"]);

    let Ran { code, out, .. } = run(&dir, &SINCE_MAIN);
    assert_eq!(code, 0);
    assert!(out.contains("no longer matters"), "{out}");
    let (code, report) = json(&[&SINCE_MAIN[..], &["--prune"]].concat(), &dir);
    assert_eq!(code, 0);
    assert_eq!(report["approvals"][0]["standing"], "pruned");
    assert!(!dir.join("mcppolicy.approvals.json").exists());
    let (_, report) = json(&SINCE_MAIN, &dir);
    assert_eq!(report["approvals"], Value::Array(Vec::new()));
}

#[test]
fn invalid_approvals_approve_nothing_and_are_never_written_over() {
    let dir = repository("invalid-approvals", &up_to(100));
    write(&dir, "policy.json", up_to(200));
    run(&dir, &[&SINCE_MAIN[..], &["--approve", "more"]].concat());
    let path = dir.join("mcppolicy.approvals.json");
    let broken = fs::read_to_string(&path)
        .unwrap()
        .replace("\"reason\"", "\"raison\"");
    fs::write(&path, &broken).unwrap();
    let (code, report) = json(&[&SINCE_MAIN[..], &["--approve", "again"]].concat(), &dir);
    assert_eq!(code, 3);
    assert_eq!(report["summary"]["refused"], true);
    let finding = &report["findings"][0];
    assert_eq!(finding["file"], "mcppolicy.approvals.json");
    assert_eq!(finding["rule"], "approvals");
    assert_eq!(fs::read_to_string(&path).unwrap(), broken);
}

#[test]
fn a_blank_reason_or_a_day_that_is_none_is_wrong_usage() {
    let dir = repository("usage", &up_to(100));
    for more in [
        &["--approve", " "][..],
        &["--approve", "x", "--date", "2026-02-30"],
        &["--approved-by", "ann"],
        &["--gate", "lax"],
        &["--base", "HEAD"],
    ] {
        let args = [&SINCE_MAIN[..], more].concat();
        assert_eq!(run(&dir, &args).code, 2, "{more:?}");
    }
    assert_eq!(run(&dir, &["diff", "policy.json"]).code, 2, "one side only");
    refused(&["diff"], &dir, "--base");
}

#[test]
fn a_policy_that_one_side_lacks_is_added_or_removed() {
    let dir = repository("fates", &up_to(100));
    write(&dir, "new/policy.json", up_to(1));
    let added = ["diff", "origin/main:new/policy.json", "new/policy.json"];
    let (code, report) = json(&added, &dir);
    assert_eq!(code, 0);
    assert_eq!(report["policies"][0]["fate"], "added");

    fs::remove_file(dir.join("policy.json")).unwrap();
    let (code, report) = json(&SINCE_MAIN, &dir);
    assert_eq!(code, 1);
    assert_eq!(report["policies"][0]["fate"], "removed");
    let approve = [&SINCE_MAIN[..], &["--approve", "server is gone"]].concat();
    assert_eq!(run(&dir, &approve).code, 0);
    let (code, report) = json(&SINCE_MAIN, &dir);
    assert_eq!(code, 0);
    assert_eq!(report["approvals"][0]["scope"]["kind"], "policy");
    assert_eq!(report["approvals"][0]["standing"], "used");
}

#[test]
fn a_misspelt_path_is_not_taken_for_a_new_policy() {
    let dir = repository("misspelt", &up_to(100));
    refused(
        &["diff", "origin/main:polcy.json", "policy.json"],
        &dir,
        "no such file",
    );
    refused(
        &["diff", "origin/main:policy.json", "polcy.json"],
        &dir,
        "no such file",
    );
    refused(
        &["diff", "origin/main:nowhere.json", "HEAD:nowhere.json"],
        &dir,
        "neither side",
    );
}

#[test]
fn paths_at_a_revision_are_those_of_git() {
    let dir = repository("paths", &up_to(100));
    write(&dir, "sub/policy.json", up_to(7));
    commit(&dir);
    let sub = dir.join("sub");
    let (code, report) = json(&["diff", "HEAD:./policy.json", "policy.json"], &sub);
    assert_eq!(
        (code, &report["summary"]["verdict"]),
        (0, &"equivalent".into())
    );
    let top = ["diff", "HEAD:policy.json", "policy.json"];
    assert_eq!(json(&top, &sub).1["summary"]["verdict"], "tightened");
    let up = ["diff", "HEAD:../policy.json", "HEAD:sub/policy.json"];
    assert_eq!(json(&up, &sub).1["summary"]["verdict"], "tightened");
    refused(
        &["diff", "HEAD:../../x", "policy.json"],
        &sub,
        "out of the repository",
    );
    write(&dir, "only/here.json", up_to(7));
    commit(&dir);
    let below = dir.join("only");
    refused(
        &["diff", "HEAD:here.json", "here.json"],
        &below,
        "./here.json",
    );
}

#[test]
fn a_file_whose_name_looks_like_a_revision_wins() {
    let dir = fresh("diff-colon");
    write(&dir, "HEAD:policy.json", up_to(1));
    write(&dir, "policy.json", up_to(1));
    let code = run(&dir, &["diff", "HEAD:policy.json", "policy.json"]).code;
    assert_eq!(code, 0, "there is no repository to read");
}

#[test]
fn directories_at_revisions_are_compared_policy_by_policy() {
    let dir = repository("directories", &up_to(100));
    write(&dir, "p/a/policy.json", up_to(1));
    write(&dir, "p/b/policy.json", up_to(1));
    commit(&dir);
    write(&dir, "p/a/policy.json", up_to(2));
    fs::remove_dir_all(dir.join("p/b")).unwrap();
    write(&dir, "p/c.policy.json", up_to(1));
    let (code, report) = json(&["diff", "HEAD:p", "p"], &dir);
    assert_eq!(code, 1);
    let fates: Vec<_> = report["policies"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| (p["policy"].as_str().unwrap(), p["fate"].as_str().unwrap()))
        .collect();
    let expected = [
        ("p/a/policy.json", "loosened"),
        ("p/b/policy.json", "removed"),
        ("p/c.policy.json", "added"),
    ];
    assert_eq!(fates, expected);
}

#[test]
fn hostile_revisions_are_refused_before_git_sees_them() {
    let dir = repository("hostile", &up_to(100));
    for name in ["--upload-pack=touch pwned", "-x", "main\n--all", ""] {
        let old = format!("{name}:policy.json");
        refused(&["diff", "--", &old, "policy.json"], &dir, "is no revision");
        if !name.is_empty() {
            refused(&["diff", &format!("--base={name}")], &dir, "is no revision");
        }
    }
    refused(
        &["diff", "--base", "HEAD:policy.json"],
        &dir,
        "is no revision",
    );
    refused(
        &["diff", "--base", "no-such-branch"],
        &dir,
        "no such revision",
    );
    assert!(!dir.join("pwned").exists());
}

#[test]
fn outside_of_a_repository_the_message_says_so() {
    // The directories of tests lie in the project's own repository.
    let dir = std::env::temp_dir();
    refused(&SINCE_MAIN, &dir, "not a git repository");
    refused(&["diff", "--base", "main"], &dir, "not a git repository");
}

#[test]
fn a_shallow_clone_without_the_base_names_the_depth_to_fetch() {
    let origin = repository("shallow-origin", &up_to(1));
    commit(&origin);
    let clone = fresh("diff-shallow-clone");
    let from = format!("file://{}", origin.display());
    git(&clone, &["clone", "--quiet", "--depth", "1", &from, "."]);
    refused(&["diff", "--base", "HEAD~1"], &clone, "fetch-depth: 0");
    let code = run(&clone, &["diff", "--base", "HEAD"]).code;
    assert_eq!(code, 0, "what is there can be compared");
}

#[cfg(unix)]
#[test]
fn symbolic_links_are_refused_wherever_they_stand() {
    use std::os::unix::fs::symlink;
    let dir = repository("links", &up_to(1));
    write(&dir, "real/policy.json", up_to(1));
    symlink("../policy.json", dir.join("real/link.json")).unwrap();
    symlink("real", dir.join("way")).unwrap();
    commit(&dir);
    refused(
        &["diff", "HEAD:real/link.json", "policy.json"],
        &dir,
        "symbolic link",
    );
    refused(
        &["diff", "HEAD:way/policy.json", "policy.json"],
        &dir,
        "symbolic link",
    );
    for linked in ["real/link.json", "way/policy.json"] {
        refused(&["diff", "HEAD:policy.json", linked], &dir, "symbolic link");
    }
    // A policy that has become a link since the base.
    fs::remove_file(dir.join("policy.json")).unwrap();
    symlink("real/policy.json", dir.join("policy.json")).unwrap();
    let (code, report) = json(&["diff", "--base", "HEAD"], &dir);
    assert_eq!(code, 3, "{report}");
    let finding = &report["findings"][0];
    assert_eq!(finding["rule"], "unsafe-path");
    let message =
        "policy.json leads over the symbolic link policy.json, and links are not followed there";
    assert_eq!(finding["message"], message);
    // One that was a link then.
    commit(&dir);
    fs::remove_file(dir.join("policy.json")).unwrap();
    write(&dir, "policy.json", up_to(1));
    refused(&["diff", "--base", "HEAD"], &dir, "symbolic link");
}

const CONFIG: &str =
    "[[policy]]\npath = \"policies/*/policy.json\"\n\n[diff]\nbase = \"origin/main\"\n";

/// Three configured policies, of which one is looser, one gone and one new.
fn several(name: &str) -> PathBuf {
    let dir = repository(name, &up_to(100));
    write(&dir, "mcppolicy.toml", CONFIG);
    for policy in ["a", "b"] {
        write(&dir, &format!("policies/{policy}/policy.json"), up_to(10));
    }
    commit(&dir);
    git(&dir, &["update-ref", "refs/remotes/origin/main", "HEAD"]);
    write(&dir, "policies/a/policy.json", up_to(20));
    fs::remove_dir_all(dir.join("policies/b")).unwrap();
    write(&dir, "policies/c/policy.json", up_to(10));
    dir
}

fn fates(report: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let policies = report["policies"].as_array().unwrap().iter();
    policies
        .map(|policy| (text(&policy["policy"]), text(&policy["fate"])))
        .collect()
}

#[test]
fn the_base_of_the_configuration_is_what_a_bare_diff_compares_with() {
    let dir = several("base");
    let (code, report) = json(&["diff"], &dir);
    assert_eq!(code, 1);
    let expected = [("a", "loosened"), ("b", "removed"), ("c", "added")];
    let expected = expected.map(|(p, fate)| (format!("policies/{p}/policy.json"), fate.to_owned()));
    assert_eq!(fates(&report), expected);
    // From below, with the same answer, and another base.
    let below = dir.join("policies/a");
    assert_eq!(run(&below, &["diff"]).code, 1);
    git(&dir, &["stash", "--quiet", "--include-untracked"]);
    assert_eq!(run(&dir, &["diff", "--base", "HEAD"]).code, 0);
}

#[test]
fn approving_a_whole_change_writes_an_approval_for_each_policy_refused() {
    let dir = several("approve-all");
    assert_eq!(run(&dir, &["diff", "--approve", "spring cleaning"]).code, 0);
    let (code, report) = json(&["diff"], &dir);
    assert_eq!(code, 0);
    let approvals: Vec<_> = report["approvals"]
        .as_array()
        .unwrap()
        .iter()
        .map(|approval| (&approval["policy"], &approval["scope"]["kind"]))
        .collect();
    assert_eq!(
        approvals[0],
        (&"policies/a/policy.json".into(), &"tool".into())
    );
    assert_eq!(
        approvals[1],
        (&"policies/b/policy.json".into(), &"policy".into())
    );
    let errors = run(&dir.join("policies"), &["diff"]).err;
    assert_eq!(errors, "");
}

#[test]
fn a_change_cannot_take_a_policy_out_of_the_configuration_to_hide_it() {
    let dir = several("unlisted");
    let narrower = CONFIG.replace("policies/*/", "policies/c/");
    write(&dir, "mcppolicy.toml", &narrower);
    let (code, report) = json(&["diff"], &dir);
    assert_eq!(code, 1);
    assert_eq!(fates(&report).len(), 3);
}

#[test]
fn the_gate_of_the_configuration_yields_to_that_of_the_command_line() {
    let dir = repository("gates", &up_to(100));
    write(
        &dir,
        "mcppolicy.toml",
        "[[policy]]\npath = \"policy.json\"\n[diff]\ngate = \"changed\"\n",
    );
    write(&dir, "policy.json", up_to(50));
    assert_eq!(run(&dir, &SINCE_MAIN).code, 1, "tightened is changed");
    let gate = |gate| run(&dir, &[&SINCE_MAIN[..], &["--gate", gate]].concat()).code;
    assert_eq!(
        [gate("loosened"), gate("changed"), gate("never")],
        [0, 1, 0]
    );
    write(
        &dir,
        "mcppolicy.toml",
        "[[policy]]\npath = \"policy.json\"\n[diff]\ngate = \"lax\"\nbse = \"x\"\n",
    );
    let (code, report) = json(&SINCE_MAIN, &dir);
    assert_eq!(code, 3);
    assert_eq!(report["findings"].as_array().unwrap().len(), 2);
}

#[test]
fn emitted_traces_pass_against_the_new_policy_and_fail_against_the_old() {
    let dir = repository("emit", &up_to(100));
    for (name, old, new) in [
        ("arguments", up_to(100), up_to(200)),
        ("tighter", up_to(200), up_to(100)),
        ("limits", per_minute(10), per_minute(25)),
        ("fewer", per_minute(25), per_minute(10)),
        ("access", up_to(1), per_minute(70_000)),
    ] {
        write(&dir, "old.json", &old);
        write(&dir, "policies/policy.json", &new);
        let traces = format!("traces/{name}");
        let diff = [
            "diff",
            "old.json",
            "policies/policy.json",
            "--emit-traces",
            &traces,
        ];
        let (_, report) = json(&diff, &dir);
        let written = fs::read_dir(dir.join(&traces)).unwrap().count();
        assert!(written > 0, "{name}: {report}");
        let (code, tested) = json(&["test", &traces], &dir);
        assert_eq!(code, 0, "{name}: {tested}");
        assert_eq!(tested["summary"]["calls"], tested["summary"]["passed"]);
        let (code, _) = json(&["test", &traces, "--policy", "old.json"], &dir);
        assert_eq!(code, 1, "{name}");
    }
}

#[test]
fn ci_holds_each_policy_against_the_base() {
    let dir = several("ci");
    let (code, report) = json(&["ci"], &dir);
    assert_eq!(code, 1, "{report}");
    let diffs: Vec<_> = report["policies"]
        .as_array()
        .unwrap()
        .iter()
        .map(|policy| {
            let diff = &policy["diff"];
            assert_eq!(diff["command"], "diff");
            (
                policy["policy"].as_str().unwrap(),
                diff["summary"]["refused"] == true,
            )
        })
        .collect();
    let expected = [
        ("policies/a/policy.json", true),
        ("policies/c/policy.json", false),
        ("policies/b/policy.json", true),
    ];
    assert_eq!(diffs, expected);
    let out = run(&dir, &["ci"]).out;
    assert!(out.contains("diff: loosened, refused"), "{out}");
    assert!(out.contains("diff: removed, refused"), "{out}");
    assert_eq!(run(&dir, &["diff", "--approve", "agreed"]).code, 0);
    let Ran { code, out, .. } = run(&dir, &["ci"]);
    // Only the calls that make the points say that they were refused before.
    assert!(
        !out.contains(", refused") && !out.contains("refused:"),
        "{out}"
    );
    assert_eq!(code, 1, "lint still has its say: {out}");
}

#[test]
fn ci_without_the_base_it_names_cannot_run() {
    let dir = several("ci-without-base");
    git(&dir, &["update-ref", "-d", "refs/remotes/origin/main"]);
    refused(&["ci"], &dir, "no such revision");
    refused(&["ci", "--base", "-x"], &dir, "is no revision");
}

#[test]
fn ci_without_any_base_has_no_diff() {
    let dir = fresh("diff-ci-no-base");
    write(&dir, "policy.json", per_minute(10));
    let (_, report) = json(&["ci"], &dir);
    assert_eq!(report["policies"][0]["diff"], Value::Null);
}

#[test]
fn what_is_approved_conforms_to_the_schema_of_its_file() {
    let dir = several("approvals-schema");
    write(&dir, "policies/c/policy.json", up_to(10));
    let config = CONFIG.replace("\n\n[diff]", "\ninventory = \"{dir}/tools.json\"\n\n[diff]");
    write(&dir, "mcppolicy.toml", &config);
    write(&dir, "policies/a/tools.json", r#"[{"name":"pay"}]"#);
    git(&dir, &["add", "mcppolicy.toml", "policies/a/tools.json"]);
    git(&dir, &["commit", "--quiet", "-m", "an inventory"]);
    git(&dir, &["update-ref", "refs/remotes/origin/main", "HEAD"]);
    let tools = r#"[{"name":"pay","description":"Pays me"}]"#;
    write(&dir, "policies/a/tools.json", tools);
    write(&dir, "policies/c/tools.json", r#"[{"name":"pay"}]"#);
    let ran = run(
        &dir,
        &["diff", "--approve", "agreed", "--approved-by", "ann"],
    );
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let written = fs::read_to_string(dir.join("mcppolicy.approvals.json")).unwrap();
    let written = support::json(&written);
    let schema = support::json(&run(&dir, &["schema", "approvals"]).out);
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let errors: Vec<String> = validator
        .iter_errors(&written)
        .map(|e| e.to_string())
        .collect();
    assert_eq!(errors, [""; 0], "{written}");
    let entries = written["approvals"].as_array().unwrap();
    for member in ["approved", "removed", "sha256"] {
        let has_it = entries.iter().any(|entry| entry.get(member).is_some());
        assert!(has_it, "{member}: {written}");
    }
    for (from, to) in [
        ("\"sha256\":\"", "\"sha256\":\"x"),
        ("\"removed\":true", "\"removed\":1"),
    ] {
        let text = written.to_string();
        assert!(text.contains(from), "{text}");
        let wrong = support::json(&text.replace(from, to));
        assert!(!validator.is_valid(&wrong), "{wrong}");
    }
}
