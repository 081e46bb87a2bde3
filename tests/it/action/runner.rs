//! A job of one step that uses the action: the steps of action.yml itself, run
//! with what a runner gives them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use yaml_rust2::{Yaml, YamlLoader};

use super::expression::{self, Names};
use super::server::TOKEN;
use crate::support::root;

/// Reads a YAML file of the project.
pub fn yaml(path: &Path) -> Yaml {
    let text = fs::read_to_string(path).unwrap();
    YamlLoader::load_from_str(&text).unwrap().remove(0)
}

/// The action.
pub fn action() -> Yaml {
    yaml(&root().join("action.yml"))
}

/// The entries of a map, in their order.
pub fn entries(map: &Yaml) -> Vec<(String, &Yaml)> {
    let map = map.as_hash().map(|map| map.iter().collect());
    let entries: Vec<(&Yaml, &Yaml)> = map.unwrap_or_default();
    let named = entries.into_iter();
    named
        .map(|(key, value)| (key.as_str().unwrap().to_owned(), value))
        .collect()
}

/// A scalar as the runner sees it.
pub fn scalar(value: &Yaml) -> String {
    match value {
        Yaml::String(text) | Yaml::Real(text) => text.clone(),
        Yaml::Boolean(value) => value.to_string(),
        Yaml::Integer(value) => value.to_string(),
        other => panic!("{other:?} is no scalar"),
    }
}

/// A job.
pub struct Job<'a> {
    /// The working copy, which is the workspace.
    pub dir: PathBuf,
    pub event_name: &'a str,
    pub event: Value,
    /// Where the API is.
    pub api: String,
    pub inputs: Vec<(&'a str, String)>,
    /// More of the environment.
    pub environment: Vec<(&'a str, String)>,
}

/// What a job has left behind.
#[derive(Debug)]
pub struct Done {
    /// The exit code of the first step that failed; 0 without one.
    pub code: i32,
    /// What the steps wrote to the log.
    pub log: String,
    pub summary: String,
    pub outputs: BTreeMap<String, String>,
}

struct State<'a> {
    job: &'a Job<'a>,
    inputs: BTreeMap<String, String>,
    steps: BTreeMap<String, BTreeMap<String, String>>,
}

impl Names for State<'_> {
    fn text(&self, name: &str) -> String {
        if name == "github.token" {
            return TOKEN.to_owned();
        }
        // Both are empty where an action runs from the working copy.
        if matches!(name, "github.action_repository" | "github.action_ref") {
            return String::new();
        }
        if let Some(input) = name.strip_prefix("inputs.") {
            return self.inputs.get(input).expect("a known input").clone();
        }
        let step = name.strip_prefix("steps.").expect("a known name");
        let (step, output) = step.split_once(".outputs.").unwrap();
        let output = self.steps.get(step).and_then(|step| step.get(output));
        output.cloned().unwrap_or_default()
    }
}

impl Job<'_> {
    /// Runs every step whose condition holds.
    pub fn run(&self) -> Done {
        let action = action();
        let mut inputs = BTreeMap::new();
        for (name, input) in entries(&action["inputs"]) {
            inputs.insert(name, scalar(&input["default"]));
        }
        for (name, value) in &self.inputs {
            let known = inputs.insert((*name).to_owned(), value.clone());
            assert!(known.is_some(), "the action has no input {name}");
        }
        let mut state = State {
            job: self,
            inputs,
            steps: BTreeMap::new(),
        };
        let mut done = Done {
            code: 0,
            log: String::new(),
            summary: String::new(),
            outputs: BTreeMap::new(),
        };
        let temp = self.dir.with_extension("temp");
        fs::create_dir_all(&temp).unwrap();
        let summary = temp.join("summary.md");
        fs::write(&summary, "").unwrap();
        for step in action["runs"]["steps"].as_vec().unwrap() {
            let condition = step["if"].as_str();
            if !expression::condition(condition, done.code != 0, &state)
                || !step["uses"].is_badvalue()
            {
                continue;
            }
            let code = state.step(step, &temp, &mut done.log);
            if done.code == 0 {
                done.code = code;
            }
        }
        done.summary = fs::read_to_string(&summary).unwrap();
        for (name, output) in entries(&action["outputs"]) {
            let value = expression::fill(output["value"].as_str().unwrap(), &state);
            done.outputs.insert(name, value);
        }
        done
    }
}

impl State<'_> {
    /// Runs one step; its exit code.
    fn step(&mut self, step: &Yaml, temp: &Path, log: &mut String) -> i32 {
        assert_eq!(step["shell"].as_str(), Some("bash"));
        let script = temp.join("step.sh");
        fs::write(&script, step["run"].as_str().unwrap()).unwrap();
        let output = temp.join("output");
        fs::write(&output, "").unwrap();
        let event = temp.join("event.json");
        fs::write(&event, self.job.event.to_string()).unwrap();
        let path = |path: &Path| path.to_str().unwrap().to_owned();
        let mut environment: Vec<(String, String)> = [
            ("PATH", std::env::var("PATH").unwrap()),
            ("HOME", path(temp)),
            ("CI", "true".to_owned()),
            ("GITHUB_ACTION_PATH", path(root())),
            ("GITHUB_API_URL", self.job.api.clone()),
            ("GITHUB_EVENT_NAME", self.job.event_name.to_owned()),
            ("GITHUB_EVENT_PATH", path(&event)),
            ("GITHUB_OUTPUT", path(&output)),
            ("GITHUB_REPOSITORY", "team/tools".to_owned()),
            ("GITHUB_RUN_ID", "99".to_owned()),
            ("GITHUB_SERVER_URL", "https://github.com".to_owned()),
            ("GITHUB_STEP_SUMMARY", path(&temp.join("summary.md"))),
            ("GITHUB_WORKSPACE", path(&self.job.dir)),
            ("RUNNER_ARCH", "X64".to_owned()),
            ("RUNNER_OS", "Linux".to_owned()),
            ("RUNNER_TEMP", path(temp)),
            ("MCPPOLICY_BIN", env!("CARGO_BIN_EXE_mcppolicy").to_owned()),
            ("GIT_CONFIG_GLOBAL", "/dev/null".to_owned()),
            ("GIT_CONFIG_NOSYSTEM", "1".to_owned()),
            (
                "GIT_CEILING_DIRECTORIES",
                env!("CARGO_TARGET_TMPDIR").to_owned(),
            ),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        let more = self.job.environment.iter();
        environment.extend(more.map(|(name, value)| ((*name).to_owned(), value.clone())));
        for (name, value) in entries(&step["env"]) {
            environment.push((name, expression::fill(&scalar(value), self)));
        }
        let ran = Command::new("bash")
            .args(["--noprofile", "--norc", "-eo", "pipefail"])
            .arg(&script)
            .current_dir(&self.job.dir)
            .env_clear()
            .envs(environment)
            .output()
            .unwrap();
        log.push_str(&String::from_utf8(ran.stdout).unwrap());
        log.push_str(&String::from_utf8(ran.stderr).unwrap());
        if let Some(id) = step["id"].as_str() {
            let lines = fs::read_to_string(&output).unwrap();
            let pairs = lines.lines().map(|line| line.split_once('=').unwrap());
            let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
            self.steps.insert(id.to_owned(), pairs.collect());
        }
        ran.status.code().unwrap()
    }
}
