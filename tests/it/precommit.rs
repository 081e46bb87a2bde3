//! The hooks, run by the real pre-commit in throw-away repositories.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{block, commit, copy, fresh, git, python, root, run, yaml};

const DOCS: &str = include_str!("../../docs/pre-commit.md");

/// How the tests build a release: a static program, as a release is one, without
/// the optimisations that take minutes.
pub const CHEAP_BUILD: [(&str, &str); 5] = [
    ("CARGO_BUILD_TARGET", "x86_64-unknown-linux-gnu"),
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "64"),
    ("CARGO_PROFILE_RELEASE_LTO", "off"),
    ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0"),
    ("RUSTFLAGS", "-C target-feature=+crt-static"),
];

/// Where these builds are kept for the next run of the tests.
pub fn hook_build() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("hook-build")
}

/// A repository whose commits pass through pre-commit.
struct Repository {
    dir: PathBuf,
    python: &'static Path,
    /// Where pre-commit keeps what it has cloned and built.
    home: PathBuf,
}

/// What a commit left behind.
struct Commit {
    passed: bool,
    said: String,
}

impl Repository {
    /// A copy of the shipped example with a configuration of pre-commit's.
    fn new(name: &str, python: &'static Path, configuration: &str) -> Repository {
        let dir = fresh(name);
        copy(&root().join("testdata/quickstart"), &dir);
        fs::write(dir.join(".pre-commit-config.yaml"), configuration).unwrap();
        git(&dir, &["init", "--quiet"]);
        let home = fresh(&format!("{name}-home"));
        let repository = Repository { dir, python, home };
        let installed = repository.command(&python.join("pre-commit"), &["install"]);
        assert!(installed.passed, "{}", installed.said);
        repository
    }

    fn command(&self, program: &Path, arguments: &[&str]) -> Commit {
        let built = Path::new(env!("CARGO_BIN_EXE_mcppolicy")).parent().unwrap();
        let path = std::env::var_os("PATH").unwrap();
        let path = [built.to_path_buf(), self.python.to_path_buf()]
            .into_iter()
            .chain(std::env::split_paths(&path));
        let who = ["-c", "user.name=tester", "-c", "user.email=t@example.org"];
        let is_git = program == Path::new("git");
        let output = Command::new(program)
            .args(if is_git { &who[..] } else { &[] })
            .args(arguments)
            .current_dir(&self.dir)
            .env("PATH", std::env::join_paths(path).unwrap())
            .env("PRE_COMMIT_HOME", &self.home)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_COUNT", "1")
            .env("GIT_CONFIG_KEY_0", "protocol.file.allow")
            .env("GIT_CONFIG_VALUE_0", "always")
            .env("CARGO_TARGET_DIR", hook_build())
            .envs(CHEAP_BUILD)
            .env("NO_COLOR", "1")
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].concat();
        Commit {
            passed: output.status.success(),
            said: String::from_utf8(said).unwrap(),
        }
    }

    /// Commits all that is there.
    fn commit(&self) -> Commit {
        git(&self.dir, &["add", "--all"]);
        self.command(Path::new("git"), &["commit", "--quiet", "--message", "x"])
    }

    /// Replaces text in a file.
    fn edit(&self, file: &str, from: &str, to: &str) {
        let file = self.dir.join(file);
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.contains(from), "{from} in {text}");
        fs::write(file, text.replacen(from, to, 1)).unwrap();
    }
}

/// A repository with the hooks' definitions and `files` of this one; its path
/// and revision.
fn hooks(name: &str, files: &[&str]) -> (PathBuf, String) {
    let dir = fresh(name);
    for file in [&[".pre-commit-hooks.yaml"], files].concat() {
        copy(&root().join(file), &dir.join(file));
    }
    git(&dir, &["init", "--quiet"]);
    commit(&dir);
    let head = fs::read_to_string(dir.join(".git/refs/heads/main")).unwrap();
    (dir, head.trim().to_owned())
}

/// A page's configuration, with the hooks' repository in place of the one that
/// it names.
fn configured(page: &str, words: &str, hooks: &(PathBuf, String)) -> String {
    let (_, text) = block(page, "yaml", words);
    let lines = text.lines().map(|line| {
        let indent = line.len() - line.trim_start().len();
        let key = line.trim_start().trim_start_matches("- ");
        if key.starts_with("repo: https") {
            format!("{}- repo: {}\n", " ".repeat(indent), hooks.0.display())
        } else if key.starts_with("rev:") {
            format!("{}rev: {}\n", " ".repeat(indent), hooks.1)
        } else {
            format!("{line}\n")
        }
    });
    lines.collect()
}

/// A good commit passes; a policy that lets too much through, a tool that the
/// server no longer has, and an expectation that fails are stopped.
fn holds(repository: &Repository) {
    let good = repository.commit();
    assert!(good.passed, "{}", good.said);
    assert_eq!(good.said.matches("Passed").count(), 2, "{}", good.said);

    fs::write(repository.dir.join("notes.txt"), "nothing of ours").unwrap();
    let other = repository.commit();
    assert!(
        other.passed && !other.said.contains("Passed"),
        "{}",
        other.said
    );

    let policy = "comfyui/policy.json";
    repository.edit(policy, "\"deny\"", "\"allow\"");
    let bad = repository.commit();
    assert!(!bad.passed, "{}", bad.said);
    for words in ["Failed", "missing-default-deny", "comfyui/policy.json:"] {
        assert!(bad.said.contains(words), "{words}: {}", bad.said);
    }
    repository.edit(policy, "\"allow\"", "\"deny\"");

    let trace = "comfyui/traces/normal-use.jsonl";
    repository.edit(trace, "\"expect\":\"allow\"", "\"expect\":\"deny\"");
    let wrong = repository.commit();
    assert!(!wrong.passed, "{}", wrong.said);
    assert!(wrong.said.contains("normal-use.jsonl:"), "{}", wrong.said);
}

#[test]
fn pre_commit_with_the_installed_command_stops_what_is_wrong() {
    let Some(python) = python() else { return };
    let hooks = hooks("hooks-system", &[]);
    let configuration = configured(DOCS, "mcppolicy-lint-system", &hooks);
    let repository = Repository::new("hook-system", python, &configuration);
    holds(&repository);

    repository.edit(
        "comfyui/traces/normal-use.jsonl",
        "\"expect\":\"deny\"",
        "\"expect\":\"allow\"",
    );
    repository.edit(
        "mcppolicy.toml",
        "server =",
        "inventory = \"{dir}/tools.json\"\nserver =",
    );
    let with_inventory = repository.commit();
    assert!(with_inventory.passed, "{}", with_inventory.said);
    repository.edit(
        "comfyui/tools.json",
        "\"run_workflow\"",
        "\"start_workflow\"",
    );
    let stale = repository.commit();
    assert!(!stale.passed, "{}", stale.said);
    assert!(stale.said.contains("run_workflow"), "{}", stale.said);
}

#[test]
fn pre_commit_builds_the_hook_from_source() {
    // A second build of everything: a minute and a half of processor time.
    if std::env::var("CI").as_deref() != Ok("true") {
        println!("skipped: CI=true lets pre-commit build the hook from these sources");
        return;
    }
    let Some(python) = python() else { return };
    let sources = [
        "Cargo.toml",
        "Cargo.lock",
        "src",
        "crates",
        "schema",
        "benches",
        "examples",
        "README.md",
        "rust-toolchain.toml",
    ];
    let hooks = hooks("hooks-rust", &sources);
    let configuration = configured(DOCS, "mcppolicy-lint-source", &hooks);
    holds(&Repository::new("hook-rust", python, &configuration));
}

#[test]
fn a_local_hook_needs_no_other_repository() {
    let Some(python) = python() else { return };
    let (_, configuration) = block(DOCS, "yaml", "repo: local");
    let repository = Repository::new("hook-local", python, &configuration);
    let good = repository.commit();
    assert!(good.passed && good.said.contains("Passed"), "{}", good.said);
    repository.edit("comfyui/policy.json", "\"deny\"", "\"allow\"");
    let bad = repository.commit();
    assert!(
        !bad.passed && bad.said.contains("missing-default-deny"),
        "{}",
        bad.said
    );
}

#[test]
fn a_hook_that_finds_nothing_says_where_it_looked() {
    let dir = fresh("hook-nothing");
    for (command, words) in [("lint", "no policy found"), ("test", "no trace found")] {
        let ran = run(&dir, &[command]);
        assert_eq!(ran.code, 4, "{}", ran.out);
        assert!(ran.err.contains(words), "{}", ran.err);
    }
}

#[test]
fn each_hook_has_its_twin_for_an_installed_command() {
    let Some(python) = python() else { return };
    let text = fs::read_to_string(root().join(".pre-commit-hooks.yaml")).unwrap();
    let hooks = yaml(python, &text);
    let hooks = hooks.as_array().unwrap();
    for id in ["mcppolicy-lint", "mcppolicy-test"] {
        let of = |form: &str| {
            let id = format!("{id}-{form}");
            hooks.iter().find(|hook| hook["id"] == *id).unwrap()
        };
        let (built, installed) = (of("source"), of("system"));
        assert_eq!(built["language"], "rust");
        assert_eq!(installed["language"], "system");
        for key in ["entry", "files", "pass_filenames", "name"] {
            assert_eq!(built[key], installed[key], "{id}: {key}");
        }
    }
}
