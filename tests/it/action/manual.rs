//! The workflows that people copy, on the example that they copy with them.

use std::fs;
use std::path::Path;

use yaml_rust2::{Yaml, YamlLoader};

use super::pull::*;
use super::runner::{entries, scalar};
use super::server::Server;
use crate::support::root;

/// The workflow in a block of a page, and the step that uses the action.
fn workflows(page: &str) -> Vec<Yaml> {
    let text = fs::read_to_string(root().join(page)).unwrap();
    let blocks = text.split("```yaml\n").skip(1);
    let blocks = blocks.map(|block| block.split("```").next().unwrap());
    let parsed = blocks.map(|block| YamlLoader::load_from_str(block).unwrap().remove(0));
    let is_whole = |workflow: &Yaml| !workflow["jobs"].is_badvalue();
    parsed.filter(is_whole).collect()
}

fn steps(workflow: &Yaml) -> Vec<&Yaml> {
    let jobs = entries(&workflow["jobs"]);
    assert_eq!(jobs.len(), 1);
    jobs[0].1["steps"].as_vec().unwrap().iter().collect()
}

fn of<'a>(steps: &[&'a Yaml], action: &str) -> Option<&'a Yaml> {
    let is_it = |step: &&&Yaml| {
        step["uses"]
            .as_str()
            .is_some_and(|uses| uses.starts_with(action))
    };
    steps.iter().find(is_it).copied()
}

fn example(dir: &Path) -> Vec<(String, String)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(example(&path));
        } else {
            let shipped = root().join("testdata/quickstart");
            let inside = path
                .strip_prefix(shipped)
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned();
            files.push((inside, fs::read_to_string(path).unwrap()));
        }
    }
    files.sort();
    files
}

/// Runs the workflow on the example as a repository, where one policy becomes
/// looser, and where one becomes tighter.
fn works(page: &str, number: usize, workflow: &Yaml) {
    assert!(!workflow["on"]["pull_request"].is_badvalue(), "{page}");
    assert_eq!(
        workflow["permissions"]["pull-requests"].as_str(),
        Some("write")
    );
    let steps = steps(workflow);
    let depth = &of(&steps, "actions/checkout@").unwrap()["with"]["fetch-depth"];
    let depth = u32::try_from(depth.as_i64().unwrap()).unwrap();
    let own = of(&steps, "OWNER/mcppolicy@").expect("a step with the action");
    let files = example(&root().join("testdata/quickstart"));
    assert!(files.len() > 10);
    let comfyui = "comfyui/policy.json";
    let (_, policy) = files.iter().find(|(path, _)| path == comfyui).unwrap();
    let wider = policy.replace("\"max\": 10,", "\"max\": 9999,");
    let daily = r#"{"counter": "runs", "window": "day", "max": 500, "scope": "grant"}"#;
    let narrower = policy.replace("\"limits\": [", &format!("\"limits\": [{daily},"));
    for (name, changed, code, verdict) in [
        ("wider", wider, 1, "loosened"),
        ("narrower", narrower, 0, "tightened"),
    ] {
        assert_ne!(changed, *policy);
        let before: Vec<(&str, String)> = files
            .iter()
            .map(|(path, text)| (path.as_str(), text.clone()))
            .collect();
        let pull = Pull {
            name: &format!("{}-{number}-{name}", page.replace(['/', '.'], "-")),
            before: &before,
            change: &[(comfyui, Some(changed))],
            depth: Depth::Commits(depth),
        };
        let server = Server::start();
        let ready = pull.open();
        let mut job = ready.job(&server.url);
        let with = entries(&own["with"]);
        job.inputs = with
            .iter()
            .map(|(key, value)| (key.as_str(), scalar(value)))
            .collect();
        let done = job.run();
        assert_eq!(done.code, code, "{name}: {}", done.log);
        assert_eq!(done.outputs["verdict"], verdict, "{name}");
        assert_eq!(server.comments().len(), 1);
    }
}

#[test]
fn the_workflow_of_the_readme_works_on_the_example() {
    if !has_tools() {
        return;
    }
    let found = workflows("README.md");
    assert_eq!(found.len(), 1);
    works("README.md", 0, &found[0]);
}

#[test]
fn the_workflows_of_the_manual_work_on_the_example() {
    if !has_tools() {
        return;
    }
    let found = workflows("docs/github-action.md");
    assert!(!found.is_empty());
    for (number, workflow) in found.iter().enumerate() {
        works("docs/github-action.md", number, workflow);
    }
}

#[test]
fn the_manual_names_every_input_and_output() {
    let manual = fs::read_to_string(root().join("docs/github-action.md")).unwrap();
    let action = super::runner::action();
    for table in ["inputs", "outputs"] {
        for (name, _) in entries(&action[table]) {
            assert!(manual.contains(&format!("| `{name}` |")), "{table}: {name}");
        }
    }
}
