//! What the action and the workflows must never do, and that scripts are sound.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::runner::{action, entries, yaml};
use crate::support::root;
use yaml_rust2::Yaml;

fn steps(owner: &Yaml) -> Vec<&Yaml> {
    owner["steps"].as_vec().unwrap().iter().collect()
}

/// The project's workflows.
fn workflows() -> Vec<(PathBuf, Yaml)> {
    let dir = root().join(".github/workflows");
    let files = fs::read_dir(dir).unwrap().map(|file| file.unwrap().path());
    let mut files: Vec<PathBuf> = files.collect();
    files.sort();
    files
        .into_iter()
        .map(|file| (file.clone(), yaml(&file)))
        .collect()
}

fn jobs(workflow: &Yaml) -> Vec<&Yaml> {
    entries(&workflow["jobs"])
        .into_iter()
        .map(|(_, job)| job)
        .collect()
}

fn is_pinned(uses: &str) -> bool {
    let hash = uses.split_once('@').map_or("", |(_, hash)| hash);
    hash.len() == 40 && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[test]
fn no_script_has_an_expression_in_it() {
    let action = action();
    let workflows = workflows();
    let jobs = workflows.iter().flat_map(|(_, workflow)| jobs(workflow));
    let all: Vec<&Yaml> = std::iter::once(&action["runs"])
        .chain(jobs)
        .flat_map(steps)
        .collect();
    assert!(all.len() > 5);
    for step in all {
        let script = step["run"].as_str().unwrap_or_default();
        assert!(!script.contains("${{"), "{script}");
    }
}

#[test]
fn other_actions_are_pinned_by_hash() {
    let action = action();
    let workflows = workflows();
    let jobs = workflows.iter().flat_map(|(_, workflow)| jobs(workflow));
    let all = std::iter::once(&action["runs"]).chain(jobs).flat_map(steps);
    let used: Vec<&str> = all.filter_map(|step| step["uses"].as_str()).collect();
    assert!(used.len() > 2);
    for uses in used {
        assert!(uses == "$/" || is_pinned(uses), "{uses}");
    }
}

#[test]
fn workflows_have_few_permissions_and_no_stranger_gets_a_token() {
    for (file, workflow) in workflows() {
        let name = file.display();
        assert!(
            !workflow["permissions"].is_badvalue(),
            "{name} has no permissions"
        );
        let text = fs::read_to_string(&file).unwrap();
        assert!(!text.contains("pull_request_target"), "{name}");
        assert!(!text.contains("write-all"), "{name}");
    }
}

#[test]
fn a_pull_request_of_this_project_runs_the_action_itself() {
    let uses = |workflow: &Yaml| {
        let steps = jobs(workflow).into_iter().flat_map(steps);
        steps
            .filter(|step| step["uses"].as_str() == Some("$/"))
            .count()
    };
    let found: Vec<Yaml> = workflows()
        .into_iter()
        .map(|(_, workflow)| workflow)
        .filter(|workflow| uses(workflow) > 0)
        .collect();
    assert_eq!(found.len(), 1);
    assert!(!found[0]["on"]["pull_request"].is_badvalue());
    // Each job says what it needs, and the workflow gives nothing.
    assert!(entries(&found[0]["permissions"]).is_empty());
    let permissions = entries(&jobs(&found[0])[0]["permissions"]);
    let permissions: Vec<_> = permissions
        .iter()
        .map(|(name, level)| (name.as_str(), level.as_str().unwrap()))
        .collect();
    assert_eq!(
        permissions,
        [("contents", "read"), ("pull-requests", "write")]
    );
}

fn scripts() -> Vec<PathBuf> {
    let files = fs::read_dir(root().join(".github/action")).unwrap();
    files.map(|file| file.unwrap().path()).collect()
}

#[test]
fn steps_call_scripts_that_are_there_in_the_one_way_that_works_everywhere() {
    let action = action();
    let mut called = 0;
    for step in steps(&action["runs"]) {
        let Some(script) = step["run"].as_str().filter(|run| run.contains(".sh")) else {
            continue;
        };
        // The files of an action need not be executable, and `github.action_path`
        // is wrong in a container.
        let name = script.strip_prefix("bash \"$GITHUB_ACTION_PATH/");
        let name = name.and_then(|name| name.strip_suffix('"')).expect(script);
        assert!(root().join(name).is_file(), "{name}");
        called += 1;
    }
    assert_eq!(called, 3);
}

#[test]
fn the_scripts_have_nothing_that_shellcheck_knows_to_be_wrong() {
    let check = |files: &[PathBuf]| Command::new("shellcheck").args(files).output();
    let Ok(output) = check(&scripts()) else {
        println!("skipped: there is no shellcheck");
        assert!(
            std::env::var("CI").as_deref() != Ok("true"),
            "CI needs shellcheck"
        );
        return;
    };
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    // It does find things.
    let wrong = Path::new(env!("CARGO_TARGET_TMPDIR")).join("wrong.sh");
    fs::write(&wrong, "#!/bin/bash\nrm $1\n").unwrap();
    assert!(!check(&[wrong]).unwrap().status.success());
}
