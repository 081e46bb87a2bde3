//! Which configuration counts, by where it lies: `lint`, `ci` and the hooks agree.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::{Ran, commit, fresh, git, repository, run, write};

/// Something to report at the usual level, and a level of its own to see which
/// configuration is in force.
const OPEN: &str = r#"{"version":"1","default":"allow"}"#;

/// Nothing to report.
const CLOSED: &str = r#"{"version":"1","default":"deny","tools":{"get_x":{}}}"#;

fn config(policy: &str, level: &str) -> String {
    format!(
        "[[policy]]\npath = \"{policy}\"\ntraces = [\"{{dir}}/traces\"]\n\n\
         [lint.rules]\nmissing-default-deny = \"{level}\"\n"
    )
}

const TRACE: &str = "{\"tool\":\"x\",\"arguments\":{},\"expect\":\"allow\"}\n";

/// One way to lay out a repository.
struct Layout {
    name: &'static str,
    files: Vec<(&'static str, String)>,
    /// Where the commands run, from the top.
    from: &'static str,
    /// What `lint` and `test` are given; each is given to a `ci` of its own.
    named: &'static [&'static str],
    /// The same for `ci`, where it takes a directory and `lint` a file.
    ci: &'static [&'static str],
    /// The policies with the level at which the finding comes out.
    expected: &'static [(&'static str, &'static str)],
}

fn layouts() -> Vec<Layout> {
    let policy = |at: &'static str| (at, OPEN.to_owned());
    let at = |at: &'static str, policy: &str, level: &str| (at, config(policy, level));
    let trace = |at: &'static str| (at, TRACE.to_owned());
    let root = || {
        vec![
            at("mcppolicy.toml", "policy.json", "note"),
            policy("policy.json"),
            trace("traces/a.jsonl"),
            ("sub/readme", String::new()),
        ]
    };
    let team = || {
        vec![
            at("team/mcppolicy.toml", "policy.json", "error"),
            policy("team/policy.json"),
            trace("team/traces/a.jsonl"),
        ]
    };
    vec![
        Layout {
            name: "root",
            files: root(),
            from: "",
            named: &[],
            ci: &[],
            expected: &[("policy.json", "note")],
        },
        Layout {
            name: "root, from a sub-directory",
            files: root(),
            from: "sub",
            named: &[],
            ci: &[],
            expected: &[("policy.json", "note")],
        },
        Layout {
            name: "root, named",
            files: root(),
            from: "",
            named: &["."],
            ci: &["."],
            expected: &[("policy.json", "note")],
        },
        Layout {
            name: "sub-directory, named",
            files: team(),
            from: "",
            named: &["team"],
            ci: &["team"],
            expected: &[("team/policy.json", "error")],
        },
        Layout {
            name: "sub-directory, from it",
            files: team(),
            from: "team",
            named: &[],
            ci: &[],
            expected: &[("team/policy.json", "error")],
        },
        Layout {
            name: "two configurations",
            files: vec![
                at("a/mcppolicy.toml", "policy.json", "error"),
                policy("a/policy.json"),
                trace("a/traces/a.jsonl"),
                at("b/mcppolicy.toml", "policy.json", "note"),
                policy("b/policy.json"),
                trace("b/traces/b.jsonl"),
            ],
            from: "",
            named: &["a", "b"],
            ci: &["a", "b"],
            expected: &[("a/policy.json", "error"), ("b/policy.json", "note")],
        },
        Layout {
            name: "one configuration within another",
            files: vec![
                (
                    "mcppolicy.toml",
                    format!("exclude = [\"team/**\"]\n{}", config("policy.json", "note")),
                ),
                policy("policy.json"),
                trace("traces/a.jsonl"),
                at("team/mcppolicy.toml", "policy.json", "error"),
                policy("team/policy.json"),
                trace("team/traces/a.jsonl"),
            ],
            from: "",
            named: &[".", "team"],
            ci: &[".", "team"],
            expected: &[("policy.json", "note"), ("team/policy.json", "error")],
        },
        Layout {
            name: "none",
            files: vec![policy("policy.json"), trace("traces/a.jsonl")],
            from: "",
            named: &[],
            ci: &[],
            expected: &[("policy.json", "warning")],
        },
        Layout {
            name: "none, in a sub-directory",
            files: vec![policy("team/policy.json"), trace("team/traces/a.jsonl")],
            from: "",
            named: &["team"],
            ci: &["team"],
            expected: &[("team/policy.json", "warning")],
        },
        Layout {
            name: "a link to the directory",
            files: team(),
            from: "",
            named: &["link"],
            ci: &["link"],
            // No link is followed to a configuration: both refuse, and say so.
            expected: &[],
        },
        Layout {
            name: "a file of another name",
            files: vec![
                at("team/mcppolicy.toml", "gateway.json", "error"),
                policy("team/gateway.json"),
                trace("team/traces/a.jsonl"),
            ],
            from: "",
            named: &["team/gateway.json"],
            ci: &["team"],
            expected: &[("team/gateway.json", "error")],
        },
        Layout {
            name: "above the repository",
            files: vec![
                at("mcppolicy.toml", "inner/policy.json", "note"),
                policy("inner/policy.json"),
                trace("inner/traces/a.jsonl"),
                ("inner/.git/HEAD", "ref: refs/heads/main\n".to_owned()),
            ],
            from: "inner",
            named: &[],
            ci: &[],
            expected: &[("inner/policy.json", "warning")],
        },
    ]
}

/// Findings as policy, rule and level.
type Found = BTreeSet<(String, String, String)>;

fn found(top: &Path, from: &Path, findings: &Value, into: &mut Found) {
    for finding in findings.as_array().unwrap() {
        let file = from.join(finding["file"].as_str().unwrap());
        let file = file
            .strip_prefix(top)
            .unwrap()
            .to_string_lossy()
            .into_owned();
        let text = |key: &str| finding[key].as_str().unwrap().to_owned();
        into.insert((file, text("rule"), text("severity")));
    }
}

fn said(ran: &Ran, layout: &Layout) -> Value {
    assert!(
        ran.out.starts_with('{'),
        "{}: {}{}",
        layout.name,
        ran.out,
        ran.err
    );
    ran.report()
}

/// The directory of a layout, and where its commands run.
fn laid_out(at: usize, layout: &Layout) -> (PathBuf, PathBuf) {
    let top = fresh(&format!("layout-{at}"));
    if !layout.name.starts_with("above") {
        git(&top, &["init", "--quiet"]);
    }
    for (path, text) in &layout.files {
        write(&top, path, text);
    }
    #[cfg(unix)]
    std::os::unix::fs::symlink("team", top.join("link")).unwrap();
    let from = top.join(layout.from);
    (top, from)
}

#[test]
fn lint_and_ci_agree_on_every_layout() {
    let layouts = layouts();
    assert_eq!(layouts.len(), 12);
    for (at, layout) in layouts.iter().enumerate() {
        if cfg!(not(unix)) && layout.named == ["link"] {
            continue;
        }
        let (top, from) = laid_out(at, layout);
        let json = |first: &str, named: &[&str]| {
            let ran = run(&from, &[&[first], named, &["--format", "json"]].concat());
            (ran.code, said(&ran, layout))
        };
        let (code, report) = json("lint", layout.named);
        let mut linted = Found::new();
        found(&top, &from, &report["findings"], &mut linted);

        let runs: Vec<&[&str]> = match layout.ci {
            [] => vec![&[]],
            several => several.iter().map(std::slice::from_ref).collect(),
        };
        let (mut checked, mut worst) = (Found::new(), 0);
        for named in runs {
            let (code, report) = json("ci", named);
            worst = worst.max(code);
            found(&top, &from, &report["findings"], &mut checked);
            for policy in report["policies"].as_array().unwrap() {
                found(&top, &from, &policy["lint"]["findings"], &mut checked);
            }
        }
        let expected = layout.expected.iter().map(|(policy, level)| {
            (
                (*policy).to_owned(),
                "missing-default-deny".to_owned(),
                (*level).to_owned(),
            )
        });
        let expected: Found = expected.collect();
        if expected.is_empty() {
            let refusal = ("link/mcppolicy.toml", "unsafe-path", "error");
            let (file, rule, level) = refusal;
            let refusal = (file.to_owned(), rule.to_owned(), level.to_owned());
            assert!(linted.contains(&refusal) && checked.contains(&refusal));
            assert_eq!((code, worst), (3, 3), "{}", layout.name);
            continue;
        }
        assert_eq!(linted, expected, "{}", layout.name);
        assert_eq!(checked, expected, "{}", layout.name);
        assert_eq!(code, worst, "{}", layout.name);

        // What the test hook runs finds the traces that belong to those policies.
        let named: Vec<&str> = match layout.named {
            ["team/gateway.json"] => vec!["team"],
            named => named.to_vec(),
        };
        let (code, report) = json("test", &named);
        let passed = report["summary"]["passed"].as_u64();
        let expected = Some(layout.expected.len() as u64);
        assert_eq!((code, passed), (0, expected), "{}: {report}", layout.name);
    }
}

#[test]
fn a_policy_is_held_by_the_nearest_configuration_upward() {
    let top = fresh("layout-nearest");
    for (path, text) in [
        ("mcppolicy.toml", config("**/policy.json", "note")),
        ("policy.json", OPEN.to_owned()),
        ("team/mcppolicy.toml", config("*/policy.json", "error")),
        ("team/deep/policy.json", OPEN.to_owned()),
    ] {
        write(&top, path, text);
    }
    let level = |from: &str, policy: &str| {
        let ran = run(&top.join(from), &["lint", policy, "--format", "json"]);
        let report = ran.report();
        report["findings"][0]["severity"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(level("", "policy.json"), "note");
    assert_eq!(level("", "team/deep/policy.json"), "error");
    assert_eq!(level("team/deep", "../../policy.json"), "note");
    // The gravest of two decides: the first alone is clean.
    let both = ["lint", "policy.json", "team/deep/policy.json"];
    assert_eq!(run(&top, &both[..2]).code, 0);
    assert_eq!(run(&top, &both).code, 1);
}

#[test]
fn diff_is_gated_by_the_configuration_of_the_new_policy() {
    let top = fresh("layout-diff");
    write(&top, "team/mcppolicy.toml", "[diff]\ngate = \"never\"\n");
    write(&top, "old.json", OPEN.replace("allow", "deny"));
    write(&top, "team/policy.json", OPEN);
    write(&top, "policy.json", OPEN);
    assert_eq!(run(&top, &["diff", "old.json", "policy.json"]).code, 1);
    assert_eq!(run(&top, &["diff", "old.json", "team/policy.json"]).code, 0);
}

/// The findings about configurations that a run does not go by, as file and level.
fn not_in_force(report: &Value) -> Vec<(String, String)> {
    let findings = report["findings"].as_array().unwrap().iter();
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap().to_owned();
    findings
        .filter(|finding| text(finding, "message").contains("does not go by this configuration"))
        .map(|finding| (text(finding, "file"), text(finding, "severity")))
        .collect()
}

#[test]
fn a_run_says_which_configurations_it_does_not_go_by() {
    let all =
        "[[policy]]\npath = \"**/policy.json\"\n[lint.rules]\nmissing-default-deny = \"note\"\n";
    let top = fresh("layout-nested");
    for (path, text) in [
        ("a/mcppolicy.toml", config("policy.json", "note")),
        ("a/policy.json", OPEN.to_owned()),
        ("a/traces/a.jsonl", TRACE.to_owned()),
        ("b/mcppolicy.toml", config("policy.json", "note")),
        ("b/policy.json", OPEN.to_owned()),
        ("b/traces/b.jsonl", TRACE.to_owned()),
    ] {
        write(&top, path, text);
    }
    let both = |command: &str, named: &[&str]| {
        let ran = run(&top, &[&[command], named, &["--format", "json"]].concat());
        (ran.code, not_in_force(&ran.report()))
    };
    let warning = |dir: &str| (format!("{dir}/mcppolicy.toml"), "warning".to_owned());
    git(&top, &["init", "--quiet"]);
    for command in ["lint", "ci"] {
        assert_eq!(both(command, &[]), (4, vec![warning("a"), warning("b")]));
        assert_eq!(both(command, &["a"]), (0, vec![]), "{command}");
    }
    let said = run(&top, &["ci"]).out;
    assert!(said.contains("run `mcppolicy ci a` too"), "{said}");
    // `lint` goes by the nearest configuration of each policy below a directory.
    assert_eq!(both("lint", &["."]), (0, vec![]));

    // A configuration above theirs sets their directories aside, or does not.
    write(&top, "mcppolicy.toml", all);
    for command in ["lint", "ci"] {
        assert_eq!(both(command, &[]), (1, vec![warning("a"), warning("b")]));
    }
    write(
        &top,
        "mcppolicy.toml",
        format!("exclude = [\"a/**\"]\n{all}"),
    );
    for command in ["lint", "ci"] {
        assert_eq!(both(command, &[]), (1, vec![warning("b")]), "{command}");
    }
    // A repository within this one goes by its own.
    write(&top, "b/.git", "gitdir: elsewhere\n");
    for command in ["lint", "ci"] {
        assert_eq!(both(command, &[]), (0, vec![]), "{command}");
    }
}

#[test]
fn a_change_may_add_a_configuration_and_set_its_directory_aside() {
    let all = "[[policy]]\npath = \"policy.json\"\n";
    let top = repository(
        "layout-added",
        &[("mcppolicy.toml", all), ("policy.json", CLOSED)],
    );
    let ci = |code: i32, level: &[&str]| {
        let ran = run(&top, &["ci", "--base", "main", "--format", "json"]);
        let found = not_in_force(&ran.report());
        let found: Vec<&str> = found.iter().map(|(_, level)| level.as_str()).collect();
        assert_eq!((ran.code, found.as_slice()), (code, level), "{}", ran.out);
    };
    git(&top, &["checkout", "--quiet", "-b", "change"]);
    write(
        &top,
        "mcppolicy.toml",
        format!("exclude = [\"team/**\"]\n{all}"),
    );
    write(&top, "team/mcppolicy.toml", all);
    commit(&top);
    // What the change excludes does not count yet, so it cannot be asked for.
    ci(0, &["note"]);
    git(&top, &["branch", "--force", "main"]);
    write(&top, "README", "more\n");
    commit(&top);
    ci(0, &[]);
    write(&top, "mcppolicy.toml", all);
    commit(&top);
    git(&top, &["branch", "--force", "main"]);
    write(&top, "README", "still more\n");
    commit(&top);
    ci(1, &["warning"]);
}
