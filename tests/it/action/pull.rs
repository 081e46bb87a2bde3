//! Pull requests on real repositories, checked out as actions/checkout does.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use super::runner::{Done, Job};
use super::server::Server;
use crate::support::{commit, fresh, git, write};

/// The programs that a runner has and the action's steps call; without them
/// the test says so, and fails where everything is meant to run.
pub fn has_tools() -> bool {
    let works = |name: &&str| {
        let version = Command::new(name).arg("--version").output();
        version.is_ok_and(|output| output.status.success())
    };
    let missing = ["bash", "curl", "jq"].into_iter().find(|name| !works(name));
    if let Some(name) = missing {
        println!("skipped: there is no {name} to run the action's steps with");
        assert!(
            std::env::var("CI").as_deref() != Ok("true"),
            "CI needs {name}"
        );
    }
    missing.is_none()
}

/// Up to so much money is refunded, so many times a day.
pub fn policy(amount: u32, times: u32) -> String {
    format!(
        r#"{{
  "version": "1",
  "default": "deny",
  "tools": {{
    "create_refund": {{
      "require": [{{ "conditions": [
        {{ "path": "args.amount", "op": "gt", "value": 0 }},
        {{ "path": "args.amount", "op": "lte", "value": {amount} }}
      ], "on_deny": "Refund exceeds the policy limit." }}],
      "limits": [{{ "counter": "refunds_per_day", "window": "day", "max": {times}, "scope": "grant" }}]
    }}
  }}
}}
"#
    )
}

/// A configuration with this behind its one policy.
pub fn config(more: &str) -> String {
    format!("[[policy]]\npath = \"policies/*/policy.json\"\n{more}")
}

/// How much of the history is checked out.
#[derive(Clone, Copy, PartialEq)]
pub enum Depth {
    /// So many commits, 0 for all.
    Commits(u32),
    /// All, and the head of the change instead of the merge.
    Head,
}

/// A pull request: files before it, and what it makes of them.
pub struct Pull<'a> {
    pub name: &'a str,
    pub before: &'a [(&'a str, String)],
    pub change: &'a [(&'a str, Option<String>)],
    pub depth: Depth,
}

/// The path of the refunds' policy.
pub const POLICY: &str = "policies/pay/policy.json";

fn put(dir: &Path, files: &[(&str, Option<String>)]) {
    for (path, text) in files {
        match text {
            Some(text) => drop(write(dir, path, text)),
            None => fs::remove_file(dir.join(path)).unwrap(),
        }
    }
    commit(dir);
}

fn commit_of(dir: &Path, revision: &str) -> String {
    let output = Command::new("git")
        .args(["rev-parse", revision])
        .current_dir(dir)
        .output();
    String::from_utf8(output.unwrap().stdout)
        .unwrap()
        .trim()
        .to_owned()
}

/// A pull request's working copy and what its jobs are told.
pub struct Ready {
    pub dir: PathBuf,
    pub event: Value,
    commit: String,
}

impl Pull<'_> {
    /// The whole story: the base goes on while the change is made.
    pub fn open(&self) -> Ready {
        let origin = fresh(&format!("action-{}-origin", self.name));
        git(&origin, &["init", "--quiet"]);
        let before = self
            .before
            .iter()
            .map(|(path, text)| (*path, Some(text.clone())));
        let before: Vec<_> = before.collect();
        put(&origin, &[("README.md", Some("Tools.\n".to_owned()))]);
        put(&origin, &before);
        git(&origin, &["checkout", "--quiet", "-b", "change"]);
        put(&origin, self.change);
        git(&origin, &["checkout", "--quiet", "main"]);
        put(&origin, &[("elsewhere.txt", Some("a\n".to_owned()))]);
        let base = commit_of(&origin, "main");
        let head = commit_of(&origin, "change");
        git(&origin, &["checkout", "--quiet", "--detach", "main"]);
        git(
            &origin,
            &["merge", "--quiet", "--no-ff", "-m", "merge", "change"],
        );
        git(&origin, &["update-ref", "refs/pull/7/merge", "HEAD"]);
        git(&origin, &["update-ref", "refs/pull/7/head", &head]);
        let commit = commit_of(&origin, "HEAD");
        git(&origin, &["checkout", "--quiet", "main"]);
        let event = json!({
            "number": 7,
            "pull_request": { "number": 7, "base": { "sha": base }, "head": { "sha": head } },
        });
        let dir = self.check_out(&origin);
        Ready { dir, event, commit }
    }

    fn check_out(&self, origin: &Path) -> PathBuf {
        let dir = fresh(&format!("action-{}", self.name));
        let temp = dir.with_extension("temp");
        if temp.exists() {
            fs::remove_dir_all(temp).unwrap();
        }
        let from = format!("file://{}", origin.display());
        git(&dir, &["init", "--quiet"]);
        git(&dir, &["remote", "add", "origin", &from]);
        let what = if self.depth == Depth::Head {
            "head"
        } else {
            "merge"
        };
        let wanted = format!("+refs/pull/7/{what}:refs/remotes/pull/7/{what}");
        let fetch = ["fetch", "--quiet", "--no-tags"];
        match self.depth {
            Depth::Commits(depth) if depth > 0 => {
                let depth = format!("--depth={depth}");
                git(&dir, &[&fetch[..], &[&depth, "origin", &wanted]].concat());
            }
            _ => {
                let all = "+refs/heads/*:refs/remotes/origin/*";
                git(&dir, &[&fetch[..], &["origin", all, &wanted]].concat());
            }
        }
        let at = format!("refs/remotes/pull/7/{what}");
        git(&dir, &["checkout", "--quiet", "--detach", &at]);
        dir
    }
}

impl Ready {
    /// The job of this pull request, without inputs.
    pub fn job(&self, api: &str) -> Job<'static> {
        Job {
            dir: self.dir.clone(),
            event_name: "pull_request",
            event: self.event.clone(),
            api: api.to_owned(),
            inputs: Vec::new(),
            environment: vec![
                ("GITHUB_SHA", self.commit.clone()),
                ("GITHUB_REF", "refs/pull/7/merge".to_owned()),
                ("GITHUB_BASE_REF", "main".to_owned()),
            ],
        }
    }

    pub fn run(&self, server: &Server) -> Done {
        self.job(&server.url).run()
    }
}

/// Runs the job of a change from one policy, with a configuration, to other
/// files; with the usual `fetch-depth: 2`.
pub fn change(name: &str, server: &Server, change: &[(&str, Option<String>)]) -> Done {
    let before = [(POLICY, policy(100, 50)), ("mcppolicy.toml", config(""))];
    let pull = Pull {
        name,
        before: &before,
        change,
        depth: Depth::Commits(2),
    };
    pull.open().run(server)
}
