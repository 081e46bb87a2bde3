//! What a run works on: the configuration, and the policies that the command
//! line or the configuration names.

use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};

use super::configuration::{self, Config, Entry, Setting};
use super::input;
use super::problems::Problems;
use mcppolicy_analysis::finding::{Finding, RuleId, Severity};
use mcppolicy_analysis::report::Failure;
use mcppolicy_engine::policy::Policy;
use mcppolicy_engine::source::{Location, SourceMap};
use mcppolicy_trace::trace::options::Settings;

/// The policy's file when nothing names one.
pub(crate) const DEFAULT_POLICY: &str = "policy.json";

/// The directory that a run works on, and the configuration in force there.
#[derive(Debug, Default)]
pub(crate) struct Workspace {
    /// Where the run begins to look for a configuration.
    start: PathBuf,
    /// The configuration in force, if there is one.
    pub config: Option<Config>,
    /// How to read traces.
    pub reading: Settings,
}

/// A policy's file, read.
#[derive(Debug)]
pub(crate) struct PolicyFile {
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

impl PolicyFile {
    /// Reads a policy, for which the configuration has `entry`.
    ///
    /// # Errors
    /// When the file cannot be read. An invalid policy is not an error here:
    /// its problems are in the result.
    pub fn read(
        path: &Path,
        entry: Option<usize>,
        sources: &mut SourceMap,
    ) -> Result<PolicyFile, Failure> {
        let bytes = input::read(path)?;
        let name = input::display_name(path);
        let (policy, problems) = parse(&name, &bytes, sources);
        Ok(PolicyFile {
            path: path.to_path_buf(),
            name,
            policy,
            problems,
            entry,
        })
    }
}

/// A policy's bytes, wherever they come from: the policy when it is valid,
/// and what makes it invalid.
pub(crate) fn parse(
    name: &str,
    bytes: &[u8],
    sources: &mut SourceMap,
) -> (Option<Policy>, Vec<Finding>) {
    match Policy::load(sources, name, bytes) {
        Ok(policy) => (Some(policy), Vec::new()),
        Err(invalid) => {
            let problems = invalid.into_problems().into_iter();
            (None, problems.map(Finding::from).collect())
        }
    }
}

impl Workspace {
    /// A workspace with the configuration that is found upward from `start`,
    /// and what is wrong with that.
    pub fn open(start: &Path, sources: &mut SourceMap) -> (Workspace, Problems) {
        let start = std::path::absolute(start).unwrap_or_else(|_| start.to_path_buf());
        let loaded = configuration::find(&start).map(|file| configuration::load(&file, sources));
        let (config, problems) = match loaded {
            Some(Ok((config, findings))) => (Some(config), Problems::from(findings)),
            Some(Err(failure)) => (None, Problems::from(failure)),
            None => (None, Problems::default()),
        };
        let workspace = Workspace {
            start,
            config,
            reading: Settings::default(),
        };
        (workspace, problems)
    }

    /// The same workspace with another configuration.
    pub fn configured_by(&self, config: Config) -> Workspace {
        Workspace {
            start: self.start.clone(),
            config: Some(config),
            reading: self.reading,
        }
    }

    /// The same workspace with other settings for reading traces.
    pub fn reading(self, reading: Settings) -> Workspace {
        Workspace { reading, ..self }
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

    /// The server that the configuration names for a policy.
    pub fn server_of(&self, file: &PolicyFile) -> Option<String> {
        let server = self.entry(file.entry)?.server.as_ref()?;
        Some(fill_dirname(&server.text, &file.path))
    }

    /// The policies that `paths` name: files, directories, or `-`; without any,
    /// those of the configuration, else `policy.json` here. The problems are
    /// files that cannot be read, paths of the configuration that lead nowhere
    /// and, without `paths`, policies that no entry names.
    pub fn policies(
        &self,
        paths: &[PathBuf],
        sources: &mut SourceMap,
    ) -> (Vec<PolicyFile>, Problems) {
        let (configured, findings) = self.configured();
        let mut problems = Problems::from(findings);
        let named = if paths.is_empty() {
            problems.findings.extend(self.unlisted(&configured));
            self.default_policies(configured)
        } else {
            problems.keep(policies_at(paths, &configured))
        };
        let mut files = Vec::new();
        for (path, entry) in named {
            let read = PolicyFile::read(&path, entry, sources);
            files.extend(problems.keep_failure(read));
        }
        (files, problems)
    }

    /// The policies of a run that names none.
    fn default_policies(&self, configured: Vec<(PathBuf, usize)>) -> Vec<(PathBuf, Option<usize>)> {
        if self.config.is_none() && Path::new(DEFAULT_POLICY).exists() {
            return vec![(PathBuf::from(DEFAULT_POLICY), None)];
        }
        let each = configured.into_iter();
        each.map(|(path, entry)| (path, Some(entry))).collect()
    }

    /// Findings about policies below the configuration that no entry of it
    /// names.
    fn unlisted(&self, configured: &[(PathBuf, usize)]) -> Vec<Finding> {
        let Some(config) = &self.config else {
            return Vec::new();
        };
        // An unreadable directory is reported where its policies are read.
        let Ok(there) = input::walk(&config.root, input::is_policy) else {
            return Vec::new();
        };
        let last = config.policies.last();
        let location = last.map_or(config.beginning(), |entry| entry.path.location);
        let listed = |path: &PathBuf| configured.iter().any(|(known, _)| known == path);
        let unlisted = there.into_iter().filter(|path| !listed(path));
        unlisted
            .map(|path| {
                let inside = path.strip_prefix(&config.root).unwrap_or(&path);
                let name = inside.to_string_lossy().replace('\\', "/");
                let message = format!("No [[policy]] names {name}, so nothing checks it");
                let help = format!("add [[policy]] with path = {name:?}");
                Finding::new(RuleId::Config, Severity::Warning, location, "", message).help(help)
            })
            .collect()
    }

    /// Where the policies are that the configuration names, and what is wrong
    /// with its paths; without a configuration, `policy.json` there, whether or
    /// not it is there.
    pub fn policy_paths(&self) -> (Vec<PathBuf>, Vec<Finding>) {
        if self.config.is_none() {
            return (vec![self.home().join(DEFAULT_POLICY)], Vec::new());
        }
        let (configured, findings) = self.configured();
        let paths = configured.into_iter().map(|(path, _)| path);
        (paths.collect(), findings)
    }

    /// Where the inventory is that the configuration names for the policy in
    /// `file`.
    pub fn inventory_of(&self, file: &Path) -> Option<PathBuf> {
        let absolute = std::path::absolute(file).ok()?;
        let (configured, _) = self.configured();
        let (path, index) = configured.into_iter().find(|(path, _)| *path == absolute)?;
        let template = &self.entry(Some(index))?.inventory.as_ref()?.text;
        Some(fill(template, &self.root(), &path))
    }

    /// The configuration's policies with the entry of each, sorted within an
    /// entry; an entry that names nothing is a finding.
    fn configured(&self) -> (Vec<(PathBuf, usize)>, Vec<Finding>) {
        let Some(config) = &self.config else {
            return (Vec::new(), Vec::new());
        };
        let (found, problems) = named(config);
        let findings = problems.into_iter().map(|(location, problem)| {
            let message = format!("This path {problem}");
            Finding::new(RuleId::Config, Severity::Error, location, "", message)
        });
        (found, findings.collect())
    }
}

/// The policies that paths name, each with the configuration's entry for it.
/// The problems are directories that cannot be read.
fn policies_at(
    paths: &[PathBuf],
    configured: &[(PathBuf, usize)],
) -> (Vec<(PathBuf, Option<usize>)>, Problems) {
    let mut found = Vec::new();
    let mut problems = Problems::default();
    for path in paths {
        let files = if path.is_dir() {
            let files = input::walk(path, input::is_policy);
            problems.keep_failure(files).unwrap_or_default()
        } else {
            vec![path.clone()]
        };
        for file in files {
            let absolute = std::path::absolute(&file).unwrap_or_else(|_| file.clone());
            let mut each = configured.iter();
            let entry = each.find(|(other, _)| *other == absolute);
            let entry = entry.map(|(_, entry)| *entry);
            found.push((file, entry));
        }
    }
    (found, problems)
}

/// Files with the entry of each, and what is wrong with entries.
type Named = (Vec<(PathBuf, usize)>, Vec<(Location, String)>);

/// The files that a configuration names, sorted within an entry.
pub(crate) fn named(config: &Config) -> Named {
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
pub(crate) fn matcher(path: &str) -> Result<GlobMatcher, String> {
    let glob = GlobBuilder::new(path).literal_separator(true).build();
    let glob = glob.map_err(|error| format!("is no glob: {}", error.kind()))?;
    Ok(glob.compile_matcher())
}

/// A path of the configuration with `{dir}` and `{dirname}` filled in for one
/// policy; relative to the configuration unless it begins with `{dir}`.
pub(crate) fn fill(template: &str, root: &Path, policy: &Path) -> PathBuf {
    let dir = policy.parent().unwrap_or(Path::new(""));
    match template.strip_prefix("{dir}") {
        Some(rest) => dir.join(fill_dirname(rest, policy).trim_start_matches('/')),
        None => root.join(fill_dirname(template, policy)),
    }
}

/// `template` with `{dirname}`, the name of the policy's directory, filled in.
pub(crate) fn fill_dirname(template: &str, policy: &Path) -> String {
    let absolute = std::path::absolute(policy).unwrap_or_else(|_| policy.to_path_buf());
    let name = absolute
        .parent()
        .and_then(Path::file_name)
        .unwrap_or_default();
    template.replace("{dirname}", &name.to_string_lossy())
}
