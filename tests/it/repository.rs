//! In a user's repository: the hook and the workflow that `init` writes, and
//! the pages about other places, run as they are there.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::support::{block, commit, copy, fresh, git, python, root, run, yaml};

/// A git repository with the shipped example in it.
fn repository(name: &str) -> std::path::PathBuf {
    let dir = fresh(name);
    copy(&root().join("testdata/quickstart"), &dir);
    git(&dir, &["init", "--quiet"]);
    commit(&dir);
    dir
}

#[test]
fn init_adds_a_hook_and_a_workflow_and_leaves_what_is_there() {
    let Some(python) = python() else { return };
    let dir = repository("init-adopt");
    let ran = run(&dir, &["init", "--hook", "--workflow"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let read = |name: &str| fs::read_to_string(dir.join(name)).unwrap();
    assert!(!dir.join("policy.json").exists(), "{}", ran.out);
    let (_, documented) = block(
        &fs::read_to_string(root().join("docs/pre-commit.md")).unwrap(),
        "yaml",
        "repo: local",
    );
    assert_eq!(read(".pre-commit-config.yaml"), documented);
    let workflow = read(".github/workflows/mcppolicy.yml");
    is_safe(
        "mcppolicy.yml",
        &yaml(python, &workflow),
        &["OWNER/mcppolicy"],
    );
    assert!(ran.out.contains("Replace OWNER"), "{}", ran.out);

    let again = run(&dir, &["init", "--hook", "--workflow"]);
    assert_eq!(again.code, 0, "{}", again.err);
    assert_eq!(again.out.matches("kept ").count(), 2, "{}", again.out);
    assert_eq!(read(".github/workflows/mcppolicy.yml"), workflow);

    let theirs = "repos: []\n";
    fs::write(dir.join(".pre-commit-config.yaml"), theirs).unwrap();
    let ran = run(&dir, &["init", "--hook", "--force"]);
    assert_eq!(read(".pre-commit-config.yaml"), theirs);
    assert!(ran.out.contains("      - id: mcppolicy\n"), "{}", ran.out);
}

#[test]
fn init_below_the_root_names_its_directory_and_outside_a_repository_says_so() {
    let Some(python) = python() else { return };
    // The directories of tests lie in the project's own repository.
    let ran = run(&std::env::temp_dir(), &["init", "nowhere", "--hook"]);
    assert_eq!(ran.code, 2, "{}", ran.out);
    assert!(ran.err.contains("is in none"), "{}", ran.err);
    let dir = fresh("init-below");
    git(&dir, &["init", "--quiet"]);
    let ran = run(&dir, &["init"]);
    assert!(
        ran.out.contains("mcppolicy init --hook --workflow"),
        "{}",
        ran.out
    );

    let dir = fresh("init-far-below");
    git(&dir, &["init", "--quiet"]);
    let ran = run(&dir, &["init", "the gate", "--hook", "--workflow"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let below = dir.join("the gate");
    assert!(below.join("policy.json").exists() && below.join("mcppolicy.toml").exists());
    let read = |name: &str| yaml(python, &fs::read_to_string(dir.join(name)).unwrap());
    let hook = &read(".pre-commit-config.yaml")["repos"][0]["hooks"][0];
    assert_eq!(hook["entry"], "mcppolicy ci 'the gate'");
    let steps = &read(".github/workflows/mcppolicy.yml")["jobs"]["policies"]["steps"];
    assert_eq!(steps[1]["with"]["path"], "the gate");
}

/// Holds a workflow to what no workflow may lack: actions pinned by hash
/// (`own` ones by version), permissions said, no text from outside in a script,
/// no token left in the checkout, no program out of a cache, and no trigger that
/// gives a stranger's change a token that writes.
pub fn is_safe(name: &str, workflow: &Value, own: &[&str]) {
    // YAML 1.1 reads the key `on` as true.
    let triggers = workflow["true"].to_string();
    assert_ne!(triggers, "null", "{name}");
    for trigger in ["pull_request_target", "workflow_run"] {
        assert!(!triggers.contains(trigger), "{name}: {trigger}");
    }
    let jobs = workflow["jobs"].as_object().unwrap();
    assert!(!jobs.is_empty(), "{name}");
    let says = |at: &Value| at["permissions"].is_object();
    assert!(says(workflow), "{name} has no permissions");
    for (job, content) in jobs {
        for step in content["steps"].as_array().unwrap() {
            let script = step["run"].as_str().unwrap_or_default();
            assert!(!script.contains("${{"), "{name}, {job}: {script}");
            let Some(action) = step["uses"]
                .as_str()
                .filter(|uses| !uses.starts_with("./") && !uses.starts_with("$/"))
            else {
                continue;
            };
            let (which, revision) = action.split_once('@').unwrap();
            let is_hash = revision.len() == 40 && revision.chars().all(|c| c.is_ascii_hexdigit());
            assert!(is_hash || own.contains(&which), "{name}, {job}: {action}");
            assert!(
                !which.starts_with("actions/cache"),
                "{name}, {job}: {action}"
            );
            if which == "actions/checkout" {
                let keeps = &step["with"]["persist-credentials"];
                assert_eq!(
                    keeps, false,
                    "{name}, {job}: keeps its token in the checkout"
                );
            }
        }
    }
}

#[test]
fn each_workflow_pins_its_actions_and_lets_nothing_into_its_scripts() {
    let Some(python) = python() else { return };
    let dir = root().join(".github/workflows");
    let mut names = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let workflow = yaml(python, &fs::read_to_string(&path).unwrap());
        is_safe(&name, &workflow, &[]);
        for (job, content) in workflow["jobs"].as_object().unwrap() {
            assert!(content["timeout-minutes"].is_u64(), "{name}: {job}");
        }
        names.push(name);
    }
    assert!(names.contains(&"ci.yml".to_owned()) && names.contains(&"release.yml".to_owned()));
}

#[test]
#[should_panic(expected = "hostile.yml, a")]
fn a_script_with_text_from_outside_is_not_safe() {
    let hostile = serde_json::json!({
        "true": ["pull_request"], "permissions": {},
        "jobs": { "a": { "steps": [{ "run": "echo ${{ github.event.pull_request.title }}" }] } },
    });
    is_safe("hostile.yml", &hostile, &[]);
}

/// Runs a script in `dir` as a job does, with the built command on the PATH.
fn script(dir: &Path, text: &str, variables: &[(&str, &str)]) -> Output {
    let built = Path::new(env!("CARGO_BIN_EXE_mcppolicy")).parent().unwrap();
    let path = std::env::var_os("PATH").unwrap();
    let path = std::iter::once(built.to_path_buf()).chain(std::env::split_paths(&path));
    Command::new("sh")
        .args(["-e", "-c", text])
        .current_dir(dir)
        .env("PATH", std::env::join_paths(path).unwrap())
        .envs(variables.iter().copied())
        .output()
        .unwrap()
}

fn runnable(file: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(file, fs::Permissions::from_mode(0o755)).unwrap();
}

/// The commit that is checked out.
fn head(dir: &Path) -> String {
    let output = script(dir, "git rev-parse HEAD", &[]);
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Lets everything through that no policy names, in a commit.
fn loosen(dir: &Path) {
    let policy = dir.join("comfyui/policy.json");
    let text = fs::read_to_string(&policy).unwrap();
    fs::write(&policy, text.replace("\"max\": 10", "\"max\": 11")).unwrap();
    let trace = dir.join("comfyui/traces/runaway-loop.jsonl");
    fs::remove_file(trace).unwrap();
    git(dir, &["commit", "--quiet", "--all", "--message", "more"]);
}

#[test]
fn the_job_for_gitlab_runs_as_the_page_shows_it() {
    let Some(python) = python() else { return };
    let page = fs::read_to_string(root().join("docs/gitlab-ci.md")).unwrap();
    let job = yaml(python, &block(&page, "yaml", "mcppolicy:").1);
    let job = &job["mcppolicy"];
    let lines = |key: &str| -> Vec<String> {
        let lines = job[key].as_array().unwrap().iter();
        lines
            .map(|line| line.as_str().unwrap().to_owned())
            .collect()
    };
    let text = [lines("before_script"), lines("script")]
        .concat()
        .join("\n");

    let dir = repository("gitlab");
    let base = head(&dir);
    // Nothing is installed by the test; the built command is on the PATH.
    let tools = dir.with_extension("tools");
    let cargo = crate::support::write(&tools, "cargo", "#!/bin/sh\npwd > \"$CARGO_SAID\"\n");
    runnable(&cargo);
    let built = Path::new(env!("CARGO_BIN_EXE_mcppolicy")).parent().unwrap();
    let path = std::env::var_os("PATH").unwrap();
    let path = [tools.clone(), built.to_path_buf()]
        .into_iter()
        .chain(std::env::split_paths(&path));
    let path = std::env::join_paths(path).unwrap();
    let said_by_cargo = tools.join("said");
    let variables = [
        ("CI_MERGE_REQUEST_DIFF_BASE_SHA", base.as_str()),
        ("CARGO_SAID", said_by_cargo.to_str().unwrap()),
        ("PATH", path.to_str().unwrap()),
    ];
    // Where the page once kept the command: a merge request can commit this.
    let planted = "#!/bin/sh\ntouch ran\n";
    for file in [".mcppolicy/bin/mcppolicy", "mcppolicy", "cargo"] {
        runnable(&crate::support::write(&dir, file, planted));
    }
    let clean = script(&dir, &text, &variables);
    let said = String::from_utf8_lossy(&clean.stdout);
    assert_eq!(clean.status.code(), Some(0), "{said}");
    assert!(!dir.join("ran").exists());
    assert_eq!(fs::read_to_string(&said_by_cargo).unwrap(), "/\n");
    let artifacts = &job["artifacts"];
    for file in [
        &artifacts["paths"][0],
        &artifacts["reports"]["codequality"],
        &artifacts["reports"]["junit"],
    ] {
        let file = dir.join(file.as_str().unwrap());
        assert!(file.metadata().unwrap().len() > 0, "{file:?}");
    }
    loosen(&dir);
    let loosened = script(&dir, &text, &variables);
    let said = String::from_utf8_lossy(&loosened.stdout);
    assert_eq!(loosened.status.code(), Some(1), "{said}");
    assert!(said.contains("loosened"), "{said}");
}

#[test]
fn the_scripts_for_a_plain_shell_run_as_the_page_shows_them() {
    let page = fs::read_to_string(root().join("docs/shell.md")).unwrap();
    let dir = repository("plain-shell");
    git(&dir, &["update-ref", "refs/remotes/origin/main", "HEAD"]);
    let run = |words: &str| {
        let output = script(&dir, &block(&page, "sh", words).1, &[]);
        (
            output.status.code(),
            String::from_utf8(output.stdout).unwrap(),
        )
    };
    assert_eq!(run("--output junit").0, Some(0));
    for report in ["junit.xml", "mcppolicy.sarif", "mcppolicy.html"] {
        assert!(dir.join(report).metadata().unwrap().len() > 0, "{report}");
    }
    assert_eq!(run("merge-base").0, Some(0));
    assert_eq!(run("exec mcppolicy ci").0, Some(0));
    let explains = |expected: (i32, &str)| {
        let (code, said) = run("case $code");
        assert_eq!((code, said.trim()), (Some(expected.0), expected.1));
    };
    explains((0, "clean"));
    loosen(&dir);
    assert_eq!(run("merge-base").0, Some(1));
    fs::write(dir.join("comfyui/policy.json"), "{").unwrap();
    explains((3, "a policy, a trace or the configuration is invalid"));
    fs::write(dir.join("mcppolicy.toml"), "").unwrap();
    fs::remove_file(dir.join("comfyui/policy.json")).unwrap();
    let code = run("case $code").0.unwrap();
    assert!(code > 0, "{code}");
}

#[test]
fn each_page_that_another_names_is_there() {
    let docs = root().join("docs");
    let pages = fs::read_dir(&docs)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let pages: Vec<_> = pages.chain([root().join("README.md")]).collect();
    let mut links = 0;
    for page in pages {
        let text = fs::read_to_string(&page).unwrap();
        for (at, _) in text.match_indices("](") {
            let target = text[at + 2..].split([')', '#']).next().unwrap();
            if target.is_empty() || target.contains("://") {
                continue;
            }
            links += 1;
            let file = page.parent().unwrap().join(target);
            assert!(file.exists(), "{} names {target}", page.display());
        }
    }
    assert!(links >= 6, "{links}");
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    for page in fs::read_dir(docs).unwrap() {
        let name = page.unwrap().file_name().into_string().unwrap();
        assert!(
            readme.contains(&format!("docs/{name}")),
            "README does not name {name}"
        );
    }
}
