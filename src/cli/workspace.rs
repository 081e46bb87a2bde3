//! What a run works on: the configuration, and the policies that the command
//! line or the configuration names.

use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};

use super::config::{self, Config, Entry, Setting};
use super::input;
use mcppolicy_analysis::finding::{Finding, RuleId, Severity};
use mcppolicy_analysis::report::Failure;
use mcppolicy_engine::policy::Policy;
use mcppolicy_engine::source::{Location, SourceMap};
use mcppolicy_trace::trace::account::Settings;

/// The policy's file when nothing names one.
pub(super) const DEFAULT_POLICY: &str = "policy.json";

/// Files read so far, and everything that went wrong on the way.
#[derive(Debug, Default)]
pub(super) struct Workspace {
    /// Where the run begins to look for a configuration.
    start: PathBuf,
    /// The files that findings point into.
    pub sources: SourceMap,
    /// The configuration in force, if there is one.
    pub config: Option<Config>,
    /// What is wrong with the configuration.
    pub config_findings: Vec<Finding>,
    /// Inputs that could not be read.
    pub failures: Vec<Failure>,
    /// How to read traces.
    pub reading: Settings,
}

/// A policy's file, read.
#[derive(Debug)]
pub(super) struct PolicyFile {
    /// Where it is.
    pub path: PathBuf,
    /// Its name in reports.
    pub name: String,
    /// The policy, when it is valid.
    pub policy: Option<Policy>,
    /// What makes it invalid.
    pub problems: Vec<Finding>,
    /// The configuration's entry for it.
    pub entry: Option<usize>,
}

impl Workspace {
    /// A workspace with the configuration that is found upward from `start`.
    pub fn open(start: &Path) -> Workspace {
        let start = std::path::absolute(start).unwrap_or_else(|_| start.to_path_buf());
        let found = config::find(&start);
        let mut workspace = Workspace {
            start,
            ..Workspace::default()
        };
        if let Some(file) = found {
            workspace.read_config(&file);
        }
        workspace
    }

    fn read_config(&mut self, file: &Path) {
        match config::load(file, &mut self.sources) {
            Ok((config, findings)) => {
                self.config = Some(config);
                self.config_findings = findings;
            }
            Err(failure) => self.failures.push(failure),
        }
    }

    /// Where the run began to look for a configuration.
    pub fn start(&self) -> &Path {
        &self.start
    }

    /// The directory that paths inside files must stay in.
    pub fn root(&self) -> PathBuf {
        match &self.config {
            Some(config) => config.root.clone(),
            None => std::env::current_dir().unwrap_or_default(),
        }
    }

    /// Where policies and approvals are looked for: beside the configuration,
    /// or where the run began.
    pub fn home(&self) -> PathBuf {
        match &self.config {
            Some(config) => config.root.clone(),
            None => self.start.clone(),
        }
    }

    /// The configuration's entry at `index`.
    pub fn entry(&self, index: Option<usize>) -> Option<&Entry> {
        self.config.as_ref()?.policies.get(index?)
    }

    /// The policies that `paths` name: files, directories, or `-`; without any,
    /// those of the configuration, else `policy.json` here.
    pub fn policies(&mut self, paths: &[PathBuf]) -> Vec<PolicyFile> {
        let mut found: Vec<(PathBuf, Option<usize>)> = Vec::new();
        let configured = self.configured();
        if paths.is_empty() {
            if configured.is_empty() && self.config.is_none() && Path::new(DEFAULT_POLICY).exists()
            {
                found.push((PathBuf::from(DEFAULT_POLICY), None));
            }
            found.extend(
                configured
                    .iter()
                    .map(|(path, entry)| (path.clone(), Some(*entry))),
            );
            self.report_unmatched(&configured);
        }
        for path in paths {
            let files = if path.is_dir() {
                self.policies_below(path)
            } else {
                vec![path.clone()]
            };
            for file in files {
                let absolute = std::path::absolute(&file).unwrap_or_else(|_| file.clone());
                let entry = configured
                    .iter()
                    .find(|(other, _)| *other == absolute)
                    .map(|(_, entry)| *entry);
                found.push((file, entry));
            }
        }
        found
            .into_iter()
            .filter_map(|(path, entry)| self.load(&path, entry))
            .collect()
    }

    /// Finds policies below the configuration that no entry of it names.
    fn report_unmatched(&mut self, configured: &[(PathBuf, usize)]) {
        let Some(config) = &self.config else {
            return;
        };
        // An unreadable directory is reported where its policies are asked for.
        let Ok(there) = input::walk(&config.root, input::is_policy) else {
            return;
        };
        let last = config.policies.last();
        let start = Location {
            file: config.file,
            span: Default::default(),
        };
        let location = last.map_or(start, |entry| entry.path.location);
        for path in there {
            if configured.iter().any(|(known, _)| *known == path) {
                continue;
            }
            let inside = path.strip_prefix(&config.root).unwrap_or(&path);
            let name = inside.to_string_lossy().replace('\\', "/");
            let message = format!("No [[policy]] names {name}, so nothing checks it");
            let help = format!("add [[policy]] with path = {name:?}");
            let finding =
                Finding::new(RuleId::Config, Severity::Warning, location, "", message).help(help);
            if !self.config_findings.contains(&finding) {
                self.config_findings.push(finding);
            }
        }
    }

    fn policies_below(&mut self, dir: &Path) -> Vec<PathBuf> {
        match input::walk(dir, input::is_policy) {
            Ok(files) => files,
            Err(failure) => {
                self.failures.push(failure);
                Vec::new()
            }
        }
    }

    /// Reads one policy; a failure is kept for the report.
    pub fn load(&mut self, path: &Path, entry: Option<usize>) -> Option<PolicyFile> {
        let bytes = match input::read(path) {
            Ok(bytes) => bytes,
            Err(failure) => {
                self.failures.push(failure);
                return None;
            }
        };
        let name = input::display_name(path);
        let path = path.to_path_buf();
        let (policy, problems) = self.parse(&name, &bytes);
        Some(PolicyFile {
            path,
            name,
            policy,
            problems,
            entry,
        })
    }

    /// A policy's bytes, wherever they come from: the policy when it is valid,
    /// and what makes it invalid.
    pub fn parse(&mut self, name: &str, bytes: &[u8]) -> (Option<Policy>, Vec<Finding>) {
        match Policy::load(&mut self.sources, name, bytes) {
            Ok(policy) => (Some(policy), Vec::new()),
            Err(invalid) => {
                let problems = invalid.into_problems().into_iter();
                (None, problems.map(Finding::from).collect())
            }
        }
    }

    /// Where the policies are that the configuration names; without one,
    /// `policy.json` there, whether or not it is there.
    pub fn policy_paths(&mut self) -> Vec<PathBuf> {
        if self.config.is_none() {
            return vec![self.home().join(DEFAULT_POLICY)];
        }
        let configured = self.configured().into_iter();
        configured.map(|(path, _)| path).collect()
    }

    /// Where the inventory is that the configuration names for the policy in
    /// `file`.
    pub fn inventory_of(&mut self, file: &Path) -> Option<PathBuf> {
        let absolute = std::path::absolute(file).ok()?;
        let configured = self.configured();
        let (path, index) = configured.into_iter().find(|(path, _)| *path == absolute)?;
        let template = &self.entry(Some(index))?.inventory.as_ref()?.text;
        Some(fill(template, &self.root(), &path))
    }

    /// The configuration's policies with the entry of each, sorted within an
    /// entry; an entry that names nothing is a finding.
    fn configured(&mut self) -> Vec<(PathBuf, usize)> {
        let Some(config) = &self.config else {
            return Vec::new();
        };
        let (found, problems) = named(config);
        for (location, problem) in problems {
            let finding = Finding::new(
                RuleId::Config,
                Severity::Error,
                location,
                "",
                format!("This path {problem}"),
            );
            if !self.config_findings.contains(&finding) {
                self.config_findings.push(finding);
            }
        }
        found
    }
}

/// Files with the entry of each, and what is wrong with entries.
type Named = (Vec<(PathBuf, usize)>, Vec<(Location, String)>);

/// The files that a configuration names, sorted within an entry.
pub(super) fn named(config: &Config) -> Named {
    let mut found: Vec<(PathBuf, usize)> = Vec::new();
    let mut problems = Vec::new();
    for (index, entry) in config.policies.iter().enumerate() {
        match files_of(&config.root, &entry.path) {
            Ok(files) if files.is_empty() => {
                problems.push((entry.path.location, "matches no file".to_owned()));
            }
            Ok(files) => {
                let new = files
                    .into_iter()
                    .filter(|file| !found.iter().any(|(other, _)| other == file));
                found.extend(new.map(|file| (file, index)).collect::<Vec<_>>());
            }
            Err(problem) => problems.push((entry.path.location, problem)),
        }
    }
    (found, problems)
}

/// The files that a path or glob of the configuration names.
fn files_of(root: &Path, path: &Setting) -> Result<Vec<PathBuf>, String> {
    if path.text.split(['/', '\\']).any(|part| part == "..") || Path::new(&path.text).is_absolute()
    {
        return Err("leads out of the configuration's directory".to_owned());
    }
    if !path.text.contains(['*', '?', '[', '{']) {
        let file = root.join(&path.text);
        return Ok(if file.exists() {
            vec![file]
        } else {
            Vec::new()
        });
    }
    let matcher = matcher(&path.text)?;
    let fits = |file: &Path| {
        file.strip_prefix(root)
            .is_ok_and(|relative| matcher.is_match(relative))
    };
    input::walk(root, fits).map_err(|failure| failure.message)
}

/// Which paths, relative to the configuration, a glob of it means.
pub(super) fn matcher(path: &str) -> Result<GlobMatcher, String> {
    let glob = GlobBuilder::new(path).literal_separator(true).build();
    let glob = glob.map_err(|error| format!("is no glob: {}", error.kind()))?;
    Ok(glob.compile_matcher())
}

/// A path of the configuration with `{dir}` and `{dirname}` filled in for one
/// policy; relative to the configuration unless it begins with `{dir}`.
pub(super) fn fill(template: &str, root: &Path, policy: &Path) -> PathBuf {
    let dir = policy.parent().unwrap_or(Path::new(""));
    match template.strip_prefix("{dir}") {
        Some(rest) => dir.join(fill_dirname(rest, policy).trim_start_matches('/')),
        None => root.join(fill_dirname(template, policy)),
    }
}

/// `template` with `{dirname}`, the name of the policy's directory, filled in.
pub(super) fn fill_dirname(template: &str, policy: &Path) -> String {
    let absolute = std::path::absolute(policy).unwrap_or_else(|_| policy.to_path_buf());
    let name = absolute
        .parent()
        .and_then(Path::file_name)
        .unwrap_or_default();
    template.replace("{dirname}", &name.to_string_lossy())
}
