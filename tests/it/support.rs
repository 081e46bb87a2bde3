//! What the tests share: the built binary, run as a user runs it, directories
//! and repositories for it to work in, and programs from outside.

use std::path::{Path, PathBuf};
use std::process;
use std::sync::OnceLock;

use assert_cmd::Command;
use serde_json::Value;

/// What a run left behind.
#[derive(Debug)]
pub struct Ran {
    /// The exit code.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Ran {
    /// The JSON on standard output, which is one report that conforms to its
    /// published schema.
    pub fn report(&self) -> Value {
        let report = json(&self.out);
        conforms(&report);
        report
    }
}

/// A text as JSON.
pub fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// A report conforms to its published schema.
pub fn conforms(report: &Value) {
    static SCHEMA: OnceLock<jsonschema::Validator> = OnceLock::new();
    let validator = SCHEMA.get_or_init(|| {
        let schema = json(include_str!("../../schema/report.schema.json"));
        jsonschema::draft202012::new(&schema).unwrap()
    });
    let errors = validator.iter_errors(report);
    let errors: Vec<String> = errors.map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}\n{report}");
}

/// The repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A new empty directory below the target directory, named for a test.
pub fn fresh(name: &str) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if dir.exists() {
        std::fs::remove_dir_all(&dir).unwrap();
    }
    std::fs::create_dir_all(&dir).unwrap();
    dir
}

/// Writes a file in `dir`, and the directories that lead to it.
pub fn write(dir: &Path, path: &str, contents: impl AsRef<[u8]>) -> PathBuf {
    let file = dir.join(path);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, contents).unwrap();
    file
}

/// Writes files in `dir`, and the directories that lead to them.
pub fn write_all(dir: &Path, files: &[(&str, &str)]) {
    for (path, text) in files {
        write(dir, path, text);
    }
}

/// `mcppolicy` in `dir`, to be started with more arguments.
pub fn mcppolicy(dir: &Path) -> process::Command {
    let mut command = process::Command::new(env!("CARGO_BIN_EXE_mcppolicy"));
    command
        .current_dir(dir)
        .env("NO_COLOR", "1")
        // The project's own repository is above the directories of tests.
        .env("GIT_CEILING_DIRECTORIES", env!("CARGO_TARGET_TMPDIR"));
    // A run is one on a person's machine unless its test says otherwise.
    for variable in ["CI", "TF_BUILD", "JENKINS_URL", "TEAMCITY_VERSION"] {
        command.env_remove(variable);
    }
    command
}

/// Runs `mcppolicy` in `dir`.
pub fn run(dir: &Path, arguments: &[&str]) -> Ran {
    run_with(dir, arguments, b"")
}

/// Runs `mcppolicy` in `dir` with a standard input.
pub fn run_with(dir: &Path, arguments: &[&str], input: &'static [u8]) -> Ran {
    let output = Command::from_std(mcppolicy(dir))
        .args(arguments)
        .write_stdin(input)
        .output()
        .unwrap();
    Ran {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Runs git in `dir`, whatever the machine's own configuration says.
pub fn git(dir: &Path, arguments: &[&str]) {
    let output = process::Command::new("git")
        .args([
            "-c",
            "init.defaultBranch=main",
            "-c",
            "commit.gpgsign=false",
        ])
        .args(["-c", "protocol.file.allow=always"])
        .args(arguments)
        .current_dir(dir)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CEILING_DIRECTORIES", env!("CARGO_TARGET_TMPDIR"))
        .envs(["AUTHOR", "COMMITTER"].map(|role| (format!("GIT_{role}_NAME"), "tester")))
        .envs(["AUTHOR", "COMMITTER"].map(|role| (format!("GIT_{role}_EMAIL"), "t@example.org")))
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {arguments:?}: {errors}");
}

/// Commits everything in `dir`.
pub fn commit(dir: &Path) {
    git(dir, &["add", "--all"]);
    git(dir, &["commit", "--quiet", "--allow-empty", "-m", "state"]);
}

/// A repository in a fresh directory whose branch `main` has one commit with
/// these files.
pub fn repository(name: &str, files: &[(&str, &str)]) -> PathBuf {
    let dir = fresh(name);
    git(&dir, &["init", "--quiet"]);
    write_all(&dir, files);
    commit(&dir);
    dir
}

/// The first of `names` that is a program here. Without one the test says that
/// it is skipped, and fails where everything is meant to run.
pub fn program(what: &str, names: &[&'static str]) -> Option<&'static str> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_here = |name: &&&str| std::env::split_paths(&path).any(|dir| dir.join(name).is_file());
    let found = names.iter().find(is_here).copied();
    if found.is_none() {
        skipped(what);
    }
    found
}

/// Says that a test cannot do what it is for, because `what` is not here.
pub fn skipped(what: &str) {
    println!("skipped: there is no {what}");
    let is_ci = std::env::var("CI").as_deref() == Ok("true");
    assert!(!is_ci, "CI needs {what}: .ci/peers installs it");
}

/// What tests use of Python: the reader of JUnit's XML, the real pre-commit with
/// its reader of YAML, what builds wheels, and a linter of workflows.
const PYTHON: [&str; 5] = [
    "junitparser==5.0.3",
    "maturin==1.16.0",
    "pre-commit==4.7.0",
    "wheel==0.45.1",
    "zizmor==1.32.0",
];

/// The programs of a virtual environment with [`PYTHON`] below the target
/// directory, made by the first test that needs it; without one the test is skipped.
pub fn python() -> Option<&'static Path> {
    static FOUND: OnceLock<Option<PathBuf>> = OnceLock::new();
    let found = FOUND.get_or_init(|| {
        let venv = Path::new(env!("CARGO_TARGET_TMPDIR")).join("python");
        let bin = venv.join("bin");
        let runs = |program: &str, arguments: &[&str]| {
            let output = process::Command::new(bin.join(program))
                .args(arguments)
                .output();
            output.is_ok_and(|output| output.status.success())
        };
        let is_complete = || {
            runs(
                "python",
                &["-c", "import junitparser, pre_commit, wheel, yaml"],
            ) && runs("maturin", &["--version"])
                && runs("zizmor", &["--version"])
        };
        if !is_complete() {
            let _ = process::Command::new("python3")
                .args(["-m", "venv"])
                .arg(&venv)
                .output();
            let install = [
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
            ];
            runs("python", &[&install[..], &PYTHON].concat());
        }
        is_complete().then_some(bin)
    });
    if found.is_none() {
        skipped("Python with its packages");
    }
    found.as_deref()
}

/// A YAML document as JSON.
pub fn yaml(python: &Path, text: &str) -> Value {
    let read = "import json, sys, yaml; print(json.dumps(yaml.safe_load(sys.argv[1])))";
    let output = process::Command::new(python.join("python"))
        .args(["-c", read, text])
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Copies a file, or a directory with all that is in it.
pub fn copy(from: &Path, to: &Path) {
    if !from.is_dir() {
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(from, to).unwrap();
        return;
    }
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        copy(&entry.path(), &to.join(entry.file_name()));
    }
}

/// The first block of `language` in a page that contains `words`, with the
/// line that it begins at.
pub fn block(page: &str, language: &str, words: &str) -> (usize, String) {
    let lines: Vec<&str> = page.lines().collect();
    let fence = format!("```{language}");
    for (at, line) in lines.iter().enumerate() {
        if *line == fence {
            let inside = lines[at + 1..].iter().take_while(|line| **line != "```");
            let text: String = inside.map(|line| format!("{line}\n")).collect();
            if text.contains(words) {
                return (at + 2, text);
            }
        }
    }
    panic!("no {language} block has {words:?}");
}
