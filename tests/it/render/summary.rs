//! Several outputs in one run, and the summary of a job on GitHub.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::POLICY;
use crate::support::{self, fresh, write};

/// A repository's directory with a policy in it.
fn with_policy(name: &str) -> PathBuf {
    let dir = fresh(&format!("render-{name}"));
    fs::create_dir(dir.join(".git")).unwrap();
    write(&dir, "policy.json", POLICY);
    dir
}

/// The command outside of GitHub, to be started.
fn mcppolicy(dir: &Path) -> Command {
    let mut command = support::mcppolicy(dir);
    command.env_remove("GITHUB_STEP_SUMMARY");
    command
}

#[test]
fn one_run_writes_every_format_and_the_exit_code_stays() {
    let dir = with_policy("every-format");
    let formats = [
        "human", "json", "sarif", "junit", "github", "gitlab", "markdown", "html",
    ];
    let plain = mcppolicy(&dir).arg("lint").output().unwrap().status.code();
    let mut command = mcppolicy(&dir);
    command.arg("lint");
    for format in formats {
        command.args(["--output", &format!("{format}=report.{format}")]);
    }
    assert_eq!(command.output().unwrap().status.code(), plain);
    for format in formats {
        let text = fs::read_to_string(dir.join(format!("report.{format}"))).unwrap();
        assert!(!text.is_empty(), "{format}");
        let code = mcppolicy(&dir)
            .args(["lint", "--format", format])
            .output()
            .unwrap();
        assert_eq!(code.status.code(), plain, "{format}");
    }
}

#[test]
fn the_summary_is_added_to_and_only_for_github() {
    let dir = with_policy("summary");
    let summary = dir.join("summary.md");
    fs::write(&summary, "before\n").unwrap();
    let run = |format: &str| {
        mcppolicy(&dir)
            .args(["lint", "--format", format])
            .env("GITHUB_STEP_SUMMARY", &summary)
            .output()
            .unwrap();
        fs::read_to_string(&summary).unwrap()
    };
    assert_eq!(run("human"), "before\n");
    let text = run("github");
    assert!(text.starts_with("before\n## "), "{text}");
}

#[test]
fn the_summary_stays_within_the_size_that_github_takes() {
    let dir = with_policy("summary-size");
    let summary = dir.join("summary.md");
    fs::write(&summary, "x".repeat((1 << 20) - 150)).unwrap();
    mcppolicy(&dir)
        .args(["lint", "--output", "github=annotations"])
        .env("GITHUB_STEP_SUMMARY", &summary)
        .output()
        .unwrap();
    let text = fs::read_to_string(&summary).unwrap();
    assert!(text.len() <= 1 << 20);
    assert!(text.contains("Cut here"), "{}", &text[text.len() - 200..]);
}
