//! `mcppolicy ci --base`: what a change is held to, whatever it says itself.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::{self, commit, fresh, git, run, write_all};

/// Refunds up to an amount, with a day's limit or without.
fn policy(amount: u32, limited: bool) -> String {
    let limits = match limited {
        true => r#", "limits": [{"counter":"refunds","window":"day","max":50,"scope":"grant"}]"#,
        false => "",
    };
    format!(
        r#"{{"version":"1","default":"deny","tools":{{"create_refund":{{"require":[{{"conditions":[
{{"path":"args.amount","op":"gt","value":0}},{{"path":"args.amount","op":"lte","value":{amount}}}]}}]{limits}}}}}}}"#
    )
}

const LIST: &str = "[[policy]]\npath = \"*/policy.json\"\n";

/// A repository whose `main` has these files, with the branch `change` checked
/// out.
fn repository(name: &str, files: &[(&str, &str)]) -> PathBuf {
    let files = [&[("README.md", "Tools.\n")], files].concat();
    let dir = support::repository(&format!("held-{name}"), &files);
    git(&dir, &["checkout", "--quiet", "-b", "change"]);
    dir
}

/// Runs `ci` against `main` for its JSON report, which keeps to its schema.
fn ci(dir: &Path, more: &[&str]) -> (i32, Value) {
    let arguments = [&["ci", "--base", "main", "--format", "json"], more].concat();
    let ran = run(dir, &arguments);
    (ran.code, ran.report())
}

/// The messages of the findings about settings, which come first.
fn settings(report: &Value) -> Vec<&str> {
    let findings = report["findings"].as_array().unwrap();
    let is_setting = |finding: &&Value| finding["rule"] == "settings";
    let first = findings.iter().take_while(is_setting).count();
    assert_eq!(
        first,
        findings.iter().filter(is_setting).count(),
        "{findings:#?}"
    );
    findings
        .iter()
        .filter(is_setting)
        .inspect(|finding| assert_eq!(finding["severity"], "note"))
        .map(|finding| finding["message"].as_str().unwrap())
        .collect()
}

fn rules(report: &Value, policy: usize) -> Vec<&str> {
    let findings = report["policies"][policy]["lint"]["findings"].as_array();
    let findings = findings.unwrap().iter();
    findings
        .map(|finding| finding["rule"].as_str().unwrap())
        .collect()
}

#[test]
fn a_change_of_nothing_but_settings_is_told_and_passes() {
    let dir = repository(
        "told",
        &[
            ("pay/policy.json", &policy(9, true)),
            ("mcppolicy.toml", LIST),
        ],
    );
    write_all(
        &dir,
        &[(
            "pay/traces/a.jsonl",
            "{\"tool\":\"create_refund\",\"expect\":\"deny\"}\n",
        )],
    );
    let config = "[[policy]]\npath = \"pay/policy.json\"\nserver = \"money\"\ntraces = [\"{dir}/traces\"]\n\
         [lint]\nfail-on = \"error\"\n\
         [lint.rules]\nburst-only-limit = \"off\"\nloose-limit = { level = \"note\", execute = \"9/day\" }\n\
         [categories]\ncreate_refund = \"read\"\n\
         [[suppress]]\nrule = \"burst-only-limit\"\npolicy = \"pay/policy.json\"\nat = \"/tools\"\nvalue = \"00000000\"\nreason = \"capped upstream\"\n\
         [diff]\nbase = \"HEAD\"\ngate = \"never\"\n";
    write_all(&dir, &[("mcppolicy.toml", config)]);
    let (_, report) = ci(&dir, &["--fail-on", "never"]);
    let expected = [
        "The gate goes from `loosened` to `never`",
        "`fail-on` goes from `warning` to `error`",
        "The base of comparisons goes from `nothing` to `HEAD`",
        "The list of traces of `pay/policy.json` goes from `nothing` to `pay/traces`",
        "The server of `pay/policy.json` goes from `nothing` to `money`",
        "This change takes the path `*/policy.json` out of the list of policies",
        "The level of burst-only-limit goes from `note` to `off`",
        "The level of loose-limit goes from `off` to `note`",
        "`execute` of loose-limit goes from `the default` to `9/day`",
        "The category of `create_refund` goes from `its own` to `read`",
        "This change suppresses burst-only-limit at `/tools` of `pay/policy.json`: capped upstream",
    ];
    assert_eq!(settings(&report), expected);
    let gate = &report["findings"][0];
    assert_eq!(gate["file"], "mcppolicy.toml");
    assert_eq!(gate["span"]["start"]["line"], 20, "{gate}");

    let only = format!("{LIST}[diff]\ngate = \"never\"\n");
    write_all(&dir, &[("mcppolicy.toml", &only)]);
    let (code, report) = ci(&dir, &[]);
    assert_eq!((code, settings(&report).len()), (0, 1), "{report}");
}

#[test]
fn levels_and_the_threshold_are_those_of_the_base() {
    let dir = repository(
        "levels",
        &[
            ("pay/policy.json", &policy(9, true)),
            ("mcppolicy.toml", LIST),
        ],
    );
    let open = r#"{"version":"1","default":"allow"}"#;
    let rule = "missing-default-deny";
    let config = format!("{LIST}[lint]\nfail-on = \"never\"\n[lint.rules]\n{rule} = \"off\"\n");
    write_all(
        &dir,
        &[("new/policy.json", open), ("mcppolicy.toml", &config)],
    );
    let (code, report) = ci(&dir, &[]);
    assert_eq!((code, rules(&report, 0)), (1, vec![rule]), "{report}");
    // What the command line says goes before both.
    assert_eq!(ci(&dir, &["--fail-on", "never"]).0, 0);
    // Once they are in the base they count.
    commit(&dir);
    git(&dir, &["branch", "--force", "main", "change"]);
    assert_eq!(ci(&dir, &[]).0, 0);
}

#[test]
fn a_suppression_counts_at_once() {
    let open = r#"{"version":"1","default":"allow"}"#;
    let dir = repository(
        "suppressed",
        &[("mcppolicy.toml", LIST), ("pay/policy.json", open)],
    );
    assert_eq!(ci(&dir, &[]).0, 1);
    assert_eq!(
        run(&dir, &["lint", "--suppress-existing", "a test server"]).code,
        0
    );
    let (code, report) = ci(&dir, &[]);
    assert_eq!(code, 0, "{report}");
    assert!(
        settings(&report)[0].ends_with("`pay/policy.json`: a test server"),
        "{report}"
    );
}

#[test]
fn the_gate_of_the_command_line_goes_before_that_of_the_base() {
    let strict = format!("{LIST}[diff]\ngate = \"changed\"\n");
    let dir = repository(
        "gate",
        &[
            ("mcppolicy.toml", &strict),
            ("pay/policy.json", &policy(9, true)),
        ],
    );
    write_all(
        &dir,
        &[
            ("pay/policy.json", &policy(5, true)),
            ("mcppolicy.toml", LIST),
        ],
    );
    let (code, report) = ci(&dir, &[]);
    assert_eq!(code, 1, "{report}");
    assert_eq!(
        settings(&report),
        ["The gate goes from `changed` to `loosened`"]
    );
    assert_eq!(ci(&dir, &["--gate", "loosened"]).0, 0);
    assert_eq!(run(&dir, &["ci", "--gate", "lax"]).code, 2);
}

#[test]
fn a_policy_that_is_there_cannot_be_put_out_of_sight() {
    let pay = policy(9, false);
    let files = [
        ("mcppolicy.toml", LIST),
        ("pay/policy.json", pay.as_str()),
        ("mail/policy.json", &policy(9, true)),
    ];
    let dir = repository("sight", &files);
    let (_, report) = ci(&dir, &[]);
    let found = rules(&report, 1).len();
    assert!(found > 0, "{report}");
    // What git ignores is tracked all the same, so it is not even hidden.
    for (hide, text, says) in [
        (
            "mcppolicy.toml",
            "[[policy]]\npath = \"mail/policy.json\"\n",
            &["This change takes `pay/policy.json` out of the list of policies"][..],
        ),
        (".gitignore", "pay\n", &[]),
    ] {
        write_all(
            &dir,
            &[(hide, text), ("pay/policy.json", &policy(99, false))],
        );
        let (code, report) = ci(&dir, &[]);
        assert_eq!(code, 1, "{report}");
        assert_eq!(settings(&report), says);
        assert_eq!(report["summary"]["verdict"], "loosened", "{hide}");
        assert_eq!(rules(&report, 1).len(), found, "{hide}: {report}");
        git(&dir, &["checkout", "--quiet", "."]);
    }
}

#[test]
fn without_a_configuration_the_base_lists_the_policy_that_lies_there() {
    let dir = repository("default", &[("policy.json", &policy(9, true))]);
    let config = "[[policy]]\npath = \"other/policy.json\"\n[diff]\ngate = \"never\"\n";
    write_all(
        &dir,
        &[
            ("policy.json", &policy(99, true)),
            ("other/policy.json", &policy(1, true)),
        ],
    );
    write_all(&dir, &[("mcppolicy.toml", config)]);
    let (code, report) = ci(&dir, &[]);
    assert_eq!(code, 1, "{report}");
    assert_eq!(report["summary"]["refused"], true);
    assert_eq!(
        settings(&report),
        ["The gate goes from `loosened` to `never`"]
    );
    // And when it goes, that is a removal.
    fs::remove_file(dir.join("policy.json")).unwrap();
    fs::remove_file(dir.join("mcppolicy.toml")).unwrap();
    let (code, report) = ci(&dir, &[]);
    assert_eq!(
        (code, &report["summary"]["verdict"]),
        (1, &"loosened".into()),
        "{report}"
    );
    assert_eq!(
        report["policies"][0]["diff"]["policies"][0]["fate"],
        "removed"
    );
}

#[test]
fn a_nearer_configuration_does_not_take_the_place_of_the_bases() {
    let strict = format!("{LIST}[diff]\ngate = \"changed\"\n");
    let dir = repository(
        "nearer",
        &[
            ("mcppolicy.toml", &strict),
            ("pay/policy.json", &policy(9, true)),
        ],
    );
    let own = "[[policy]]\npath = \"policy.json\"\n[diff]\ngate = \"never\"\n";
    write_all(
        &dir,
        &[
            ("pay/mcppolicy.toml", own),
            ("pay/policy.json", &policy(99, true)),
        ],
    );
    let (code, report) = ci(&dir, &["pay"]);
    assert_eq!(code, 1, "{report}");
    assert_eq!(report["policies"][0]["policy"], "pay/policy.json");
    assert_eq!(report["policies"][0]["diff"]["summary"]["gate"], "changed");
    // Nor does one further up.
    let dir = repository(
        "upper",
        &[
            ("pay/mcppolicy.toml", own),
            ("pay/policy.json", &policy(9, true)),
        ],
    );
    fs::remove_file(dir.join("pay/mcppolicy.toml")).unwrap();
    write_all(
        &dir,
        &[
            ("mcppolicy.toml", &strict),
            ("pay/policy.json", &policy(5, true)),
        ],
    );
    let (code, report) = ci(&dir, &["pay"]);
    assert_eq!(code, 0, "{report}");
    assert_eq!(report["policies"][0]["diff"]["summary"]["gate"], "never");
}

#[test]
fn an_old_branch_is_compared_with_where_it_began_and_held_to_today() {
    let lax = format!("{LIST}[diff]\ngate = \"never\"\n");
    let dir = repository(
        "old",
        &[
            ("mcppolicy.toml", &lax),
            ("pay/policy.json", &policy(100, true)),
        ],
    );
    git(&dir, &["checkout", "--quiet", "main"]);
    write_all(
        &dir,
        &[
            ("mcppolicy.toml", LIST),
            ("pay/policy.json", &policy(5, true)),
        ],
    );
    commit(&dir);
    git(&dir, &["checkout", "--quiet", "change"]);
    // The base has become tighter since: that is no loosening of this change.
    let (code, report) = ci(&dir, &[]);
    assert_eq!(
        (code, &report["summary"]["verdict"]),
        (0, &"equivalent".into()),
        "{report}"
    );
    let says = ["Nothing was compared: what is checked has the same files as main"];
    assert_eq!(settings(&report), says);
    write_all(&dir, &[("pay/policy.json", &policy(101, true))]);
    let (code, report) = ci(&dir, &[]);
    assert_eq!(
        (code, &report["summary"]["verdict"]),
        (1, &"loosened".into()),
        "{report}"
    );
}

#[test]
fn a_history_that_has_nothing_in_common_cannot_be_compared() {
    let dir = repository(
        "apart",
        &[
            ("mcppolicy.toml", LIST),
            ("pay/policy.json", &policy(9, true)),
        ],
    );
    git(&dir, &["checkout", "--quiet", "--orphan", "other"]);
    write_all(&dir, &[("README.md", "Other tools.\n")]);
    commit(&dir);
    let (code, report) = ci(&dir, &[]);
    assert_eq!(code, 2);
    assert_eq!(
        report["failures"][0]["message"],
        "what is checked out has no history in common with it"
    );
}

#[test]
fn a_broken_configuration_of_the_base_can_be_repaired() {
    let dir = repository(
        "broken",
        &[
            ("mcppolicy.toml", "[[policy]\n"),
            ("pay/policy.json", &policy(9, true)),
        ],
    );
    write_all(&dir, &[("mcppolicy.toml", LIST)]);
    let (code, report) = ci(&dir, &[]);
    assert_eq!(code, 0, "{report}");
    write_all(&dir, &[("mcppolicy.toml", "[[policy]\n")]);
    assert_eq!(ci(&dir, &[]).0, 3);
}

const APPROVE: [&str; 6] = [
    "diff",
    "--base",
    "main",
    "--approve",
    "see #12",
    "--date=2026-11-20",
];

#[test]
fn an_approval_counts_in_the_change_that_adds_it() {
    let files = [
        ("mcppolicy.toml", LIST),
        ("pay/policy.json", &policy(9, true)),
    ];
    let dir = repository("approvals", &files);
    write_all(&dir, &[("pay/policy.json", &policy(99, true))]);
    assert_eq!(run(&dir, &APPROVE).code, 0);
    let (code, report) = ci(&dir, &[]);
    assert_eq!(code, 0, "{report}");
    let added = "This change approves `create_refund` of `pay/policy.json`: see #12 (2026-11-20)";
    assert_eq!(settings(&report), [added]);
    write_all(&dir, &[("pay/policy.json", &policy(100, true))]);
    assert_eq!(ci(&dir, &[]).0, 1, "beyond what is approved");

    // In the base it is a record: it approves nothing, and to drop it says nothing.
    fs::write(dir.join("pay/policy.json"), policy(9, true)).unwrap();
    commit(&dir);
    git(&dir, &["branch", "--force", "main", "change"]);
    write_all(&dir, &[("pay/policy.json", &policy(50, true))]);
    let (code, report) = ci(&dir, &[]);
    assert_eq!((code, settings(&report)), (1, Vec::new()), "{report}");
    fs::remove_file(dir.join("mcppolicy.approvals.json")).unwrap();
    write_all(&dir, &[("pay/policy.json", &policy(9, true))]);
    let (code, report) = ci(&dir, &[]);
    assert_eq!((code, settings(&report)), (0, Vec::new()), "{report}");
}

#[test]
fn every_format_says_what_happens_to_the_settings() {
    let dir = repository(
        "formats",
        &[
            ("mcppolicy.toml", LIST),
            ("pay/policy.json", &policy(9, true)),
        ],
    );
    let config = format!("{LIST}[diff]\ngate = \"never\"\n");
    write_all(
        &dir,
        &[
            ("mcppolicy.toml", &config),
            ("pay/policy.json", &policy(99, true)),
        ],
    );
    let formats = [
        "human", "json", "sarif", "junit", "github", "gitlab", "markdown", "html",
    ];
    let targets: Vec<String> = formats
        .iter()
        .map(|format| format!("{format}={format}.out"))
        .collect();
    let mut arguments = vec!["ci", "--base", "main"];
    arguments.extend(targets.iter().flat_map(|target| ["--output", target]));
    let ran = run(&dir, &arguments);
    assert_eq!(ran.code, 1, "{}", ran.out);
    for format in formats {
        let text = fs::read_to_string(dir.join(format!("{format}.out"))).unwrap();
        // SARIF describes its rules before its results.
        let text = text.rsplit("\"results\"").next().unwrap();
        let first = text.find("The gate goes from").expect(format);
        let change = text.find("create_refund").expect(format);
        // In a pull request's comment the change itself comes first.
        match format {
            "junit" => {}
            "markdown" => assert!(change < first, "{format}: {text}"),
            _ => assert!(first < change, "{format}: {text}"),
        }
    }
}

#[test]
fn a_directory_that_is_not_there_cannot_be_checked_and_an_empty_one_is_never_green() {
    let dir = fresh("held-nothing");
    let ran = support::run(&dir, &["ci", "nowhere"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("no such directory"), "{}", ran.err);
    let ran = support::run(&dir, &["ci"]);
    assert_eq!((ran.code, ran.out.as_str()), (4, "no policy found\n"));
}
