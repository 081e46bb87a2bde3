//! Random changes of a repository against one law: where a policy that the base
//! has passes, as committed, a call that it refused there, and the change
//! approves nothing, the exit code is not 0.
//!
//! The normal run tries a few; `GATE_REPOSITORIES=2000` tries so many, from the
//! seed in `GATE_SEED`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use mcppolicy_engine::engine::{Call, Counters, Engine};
use mcppolicy_engine::policy::Policy;
use mcppolicy_engine::time::Time;
use mcppolicy_engine::value::Value;

use super::scene::{LIST, up_to};
use crate::random::Random;
use crate::support::{self, commit, copy, fresh, git, mcppolicy};

/// The policies of the base.
const POLICIES: [&str; 3] = ["a", "b", "c"];

/// Configurations that a change may write.
const CONFIGURATIONS: [&str; 14] = [
    "",
    LIST,
    "[[policy]]\npath = \"policies/a/policy.json\"\n",
    "[[policy]]\npath = \".//policies/./*/policy.json\"\n",
    "[[policy]]\npath = \"**/policy.json\"\n",
    "[[policy]]\npath = \"moved/*/policy.json\"\n",
    "exclude = [\"policies/**\"]\n[[policy]]\npath = \"policies/*/policy.json\"\n",
    "[[policy]]\npath = \"policies/*/policy.json\"\n[diff]\ngate = \"never\"\n",
    "[[policy]]\npath = \"policies/*/policy.json\"\n[diff]\nbase = \"HEAD\"\n",
    "[[policy]]\npath = \"policies/*/policy.json\"\n[lint]\nfail-on = \"never\"\n",
    "[[policy]]\npath = \"policies/[!a]/policy.json\"\n[[policy]]\npath = \"policies/a/other.json\"\n",
    "[[policy]]\npath = \"policies/*/policy.json\"\nserver = \"elsewhere\"\ntraces = [\"{dir}/traces\"]\n",
    "[[policy]]\npath = \"policies/*/policy.json\"\ninventory = \"../../etc/passwd\"\n",
    "not = toml = at all\n",
];

/// Attributes that a change may write.
const ATTRIBUTES: [&str; 7] = [
    "* ident\n",
    "* working-tree-encoding=UTF-16LE\n",
    "* text eol=crlf\n",
    "* export-ignore\n",
    "* filter=lfs diff=lfs merge=lfs -text\n",
    "* binary\n",
    "policies/a/* filter=none\n",
];

/// Names of files that git or a walk may take for an order to look away.
const IGNORING: [&str; 5] = [
    ".gitignore",
    ".ignore",
    ".rgignore",
    "policies/.gitignore",
    "policies/a/.ignore",
];

/// One random change in a repository.
struct Edits<'a> {
    dir: &'a Path,
    random: Random,
    /// What was done, for the message of a failure.
    log: Vec<String>,
}

impl Edits<'_> {
    fn policy(&mut self) -> String {
        let name = self.random.text(&POLICIES);
        format!("policies/{name}/policy.json")
    }

    fn text(&mut self) -> String {
        match self.random.below(6) {
            0 => up_to(5),
            1 | 2 => up_to(9999),
            3 => up_to(9999).replace("\"deny\"", "\"allow\""),
            4 => up_to(9999).replace("$", "$Id$"),
            _ => format!("{}\n", up_to(101).replace(',', ",\r\n")),
        }
    }

    fn write(&self, path: &str, text: &str) {
        let file = self.dir.join(path);
        let parent = file.parent().unwrap();
        // Something else may be in the way by now.
        if fs::create_dir_all(parent).is_ok() && !file.is_dir() {
            let _ = fs::write(file, text);
        }
    }

    fn remove(&self, path: &str) {
        let at = self.dir.join(path);
        match at.symlink_metadata() {
            Ok(data) if data.is_dir() => fs::remove_dir_all(at).unwrap(),
            Ok(_) => fs::remove_file(at).unwrap(),
            Err(_) => {}
        }
    }

    fn link(&self, target: &str, path: &str) {
        self.remove(path);
        let at = self.dir.join(path);
        if fs::create_dir_all(at.parent().unwrap()).is_ok() {
            let _ = std::os::unix::fs::symlink(target, at);
        }
    }

    /// One edit of the working tree, or of the history.
    fn one(&mut self) {
        let (policy, text) = (self.policy(), self.text());
        let dir = policy.trim_end_matches("/policy.json").to_owned();
        let kind = self.random.below(19);
        self.log.push(format!("{kind} at {policy}"));
        match kind {
            0..=4 => self.write(&policy, &text),
            5 => self.remove(&policy),
            6 => {
                let moved = dir.replace("policies", "moved");
                let (from, to) = (self.dir.join(&dir), self.dir.join(&moved));
                if fs::create_dir_all(to.parent().unwrap()).is_ok() && !to.exists() {
                    let _ = fs::rename(from, to);
                }
            }
            7 => {
                self.write("open/policy.json", &text);
                self.link("../open", &dir);
            }
            8 => {
                self.write("open/policy.json", &text);
                self.link("../../open/policy.json", &policy);
            }
            9 => {
                let which = self.random.below(CONFIGURATIONS.len());
                self.log.push(format!("configuration {which}"));
                self.write("mcppolicy.toml", CONFIGURATIONS[which]);
            }
            10 => {
                let which = self.random.below(CONFIGURATIONS.len());
                self.write("policies/mcppolicy.toml", CONFIGURATIONS[which]);
            }
            11 => {
                let attributes = self.random.text(&ATTRIBUTES);
                self.write(".gitattributes", attributes);
            }
            12 => {
                let ignoring = self.random.text(&IGNORING);
                self.write(ignoring, "*\n!.gitignore\n");
            }
            13 => {
                for (name, text) in [
                    ("HEAD", "ref: refs/heads/main\n"),
                    ("config", "[core]\nbare = true\n"),
                ] {
                    self.write(&format!("policies/{name}"), text);
                }
                self.write("policies/objects/keep", "");
                self.write("policies/refs/heads/main", &"0".repeat(40));
            }
            14 => {
                let twin = policy.replace("policies", "Policies");
                self.write(&twin, &text);
            }
            15 => {
                commit_all(self.dir);
                let head = run_git(self.dir, &["rev-parse", "HEAD"]);
                run_git(self.dir, &["update-ref", "refs/tags/main", head.trim()]);
                run_git(self.dir, &["tag", "--force", "origin/main"]);
            }
            16 => {
                commit_all(self.dir);
                run_git(
                    self.dir,
                    &[
                        "merge",
                        "--quiet",
                        "--no-ff",
                        "-m",
                        "merge",
                        "--strategy",
                        "ours",
                        "side",
                    ],
                );
            }
            17 => {
                let id = run_git(self.dir, &["rev-parse", "HEAD"]);
                commit_all(self.dir);
                self.remove(&dir);
                let entry = format!("160000,{},{dir}", id.trim());
                run_git(
                    self.dir,
                    &["rm", "-r", "--quiet", "--cached", "--ignore-unmatch", &dir],
                );
                run_git(self.dir, &["update-index", "--add", "--cacheinfo", &entry]);
                run_git(
                    self.dir,
                    &["commit", "--quiet", "--allow-empty", "-m", "module"],
                );
                self.write("marker", &entry);
            }
            _ => {
                self.write(
                    "mcppolicy.approvals.json",
                    "{\"version\":\"1\",\"approvals\":[]}\n",
                );
            }
        }
    }
}

/// What git says; a command that a random state does not allow says nothing.
fn run_git(dir: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=t", "-c", "user.email=t@example.org"])
        .args(arguments)
        .current_dir(dir)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn commit_all(dir: &Path) {
    run_git(dir, &["add", "--all", "--force"]);
    run_git(dir, &["commit", "--quiet", "--allow-empty", "-m", "change"]);
}

/// The blob of a path at a revision, links of the repository followed.
fn committed(dir: &Path, revision: &str, path: &str) -> Option<String> {
    let output = Command::new("git")
        .args(["cat-file", "--batch", "--follow-symlinks"])
        .current_dir(dir)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .and_then(|mut child| {
            use std::io::Write as _;
            let mut input = child.stdin.take().unwrap();
            writeln!(input, "{revision}:{path}")?;
            drop(input);
            child.wait_with_output()
        })
        .unwrap();
    let text = String::from_utf8(output.stdout).ok()?;
    let (head, body) = text.split_once('\n')?;
    head.contains(" blob ").then(|| body.to_owned())
}

/// Whether a policy passes one of some calls that another one refuses.
fn passes_more(old: &str, new: &str) -> bool {
    let (Ok(old), Ok(new)) = (
        Policy::from_json(old.as_bytes()),
        Policy::from_json(new.as_bytes()),
    ) else {
        return false;
    };
    let passes = |policy: &Policy, tool: &str, amount: i64| {
        let arguments = Value::from(serde_json::json!({ "amount": amount }));
        let call = Call::new("agent", tool, &arguments, Time::new(0, 0));
        let engine = Engine::new(policy);
        let decided = engine.decide(&call, &mut Counters::default());
        decided.decision.name() == "allow"
    };
    [
        ("create_refund", 50),
        ("create_refund", 101),
        ("create_refund", 5000),
        ("delete_all", 1),
    ]
    .into_iter()
    .any(|(tool, amount)| passes(&new, tool, amount) && !passes(&old, tool, amount))
}

/// The repository that every change starts from.
fn template() -> PathBuf {
    let policy = up_to(100);
    let paths = POLICIES.map(|name| format!("policies/{name}/policy.json"));
    let mut files = vec![("mcppolicy.toml", LIST), ("README.md", "Tools.\n")];
    files.extend(paths.iter().map(|path| (path.as_str(), policy.as_str())));
    let dir = support::repository("gate-campaign-template", &files);
    git(&dir, &["checkout", "--quiet", "-b", "side"]);
    support::write(&dir, "side.md", "Side.\n");
    commit(&dir);
    git(&dir, &["checkout", "--quiet", "-b", "change", "main"]);
    git(&dir, &["update-ref", "refs/remotes/origin/main", "main"]);
    dir
}

/// Makes a change and checks it; whether it loosens a policy, and the exit code.
fn one(template: &Path, seed: u64) -> (bool, i32) {
    let dir = fresh("gate-campaign");
    fs::remove_dir(&dir).unwrap();
    copy(template, &dir);
    let mut edits = Edits {
        dir: &dir,
        random: Random::new(seed),
        log: Vec::new(),
    };
    for _ in 0..=edits.random.below(5) {
        edits.one();
    }
    let in_hook = edits.random.chance(15);
    if in_hook {
        run_git(&dir, &["add", "--all", "--force"]);
    } else {
        commit_all(&dir);
    }
    let state = if in_hook { "" } else { "HEAD" };
    let is_looser = POLICIES.iter().any(|name| {
        let path = format!("policies/{name}/policy.json");
        let now = committed(&dir, state, &path);
        now.is_some_and(|now| passes_more(&up_to(100), &now))
    });
    // What a later step of the job, or a person, has in the working tree.
    if edits.random.chance(30) {
        let policy = edits.policy();
        edits.write(&policy, &up_to(100));
        edits.log.push(format!("working {policy}"));
    }
    let start = edits.random.text(&[".", ".", ".", "policies"]);
    let mut run = mcppolicy(&dir);
    // The full name: the change may have a tag of the short one.
    run.args(["ci", start, "--base", "refs/heads/main", "--format", "json"]);
    if in_hook {
        run.env("GIT_INDEX_FILE", dir.join(".git/index"));
    } else {
        run.env("CI", "true");
    }
    let output = run.output().unwrap();
    let code = output.status.code().unwrap();
    assert!(
        !(is_looser && code == 0),
        "seed {seed}: {:?}\n{}",
        edits.log,
        String::from_utf8_lossy(&output.stdout)
    );
    assert!([0, 1, 2, 3, 4].contains(&code), "seed {seed}: {code}");
    (is_looser, code)
}

#[test]
fn no_random_change_gets_a_looser_policy_past_the_gate() {
    let number = |name: &str| std::env::var(name).ok()?.parse::<u64>().ok();
    let (count, first) = (
        number("GATE_REPOSITORIES").unwrap_or(60),
        number("GATE_SEED").unwrap_or(1),
    );
    let template = template();
    let mut seen = [[0_u32; 5]; 2];
    for seed in first..first + count {
        let (is_looser, code) = one(&template, seed);
        seen[usize::from(is_looser)][usize::try_from(code).unwrap()] += 1;
    }
    println!("exit codes 0 to 4, of changes that loosen nothing and of others: {seen:?}");
    // The law would hold of a command that always fails, and of one that is
    // never asked about a loosened policy.
    assert!(
        seen[0][0] > 0 && seen[1].iter().sum::<u32>() > 0,
        "{seen:?}"
    );
}
