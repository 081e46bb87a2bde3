//! What a run works on: the configuration, and the policies that the command
//! line or the configuration names.

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::configuration::{self, Config, Entry, Setting};
use super::files::{Checkout, InputFile, Role, Root, input_files, spelling};
use super::input;
use super::listing::{Named, excluded, fill, fill_dirname, list, named};
use super::oversized;
use super::problems::Problems;
use super::stranger;
use mcppolicy_analysis::finding::{Finding, RuleId, Severity};
use mcppolicy_analysis::lint::suppress::Suppression;
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
    /// The configuration in force, if there is one; another one is put in force
    /// by [`Workspace::set_config`].
    pub config: Option<Config>,
    /// What is checked, when that is not the working tree.
    checkout: Option<Rc<Checkout>>,
    /// The policies of the configuration, once they were looked for.
    named: OnceCell<Named>,
    /// The entry of each of them.
    entries: OnceCell<HashMap<PathBuf, usize>>,
    /// The suppressions of each policy, once they were looked for.
    suppressions: OnceCell<HashMap<PathBuf, Vec<usize>>>,
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
        let file = InputFile::of_person(path);
        let read = file.read(Role::Policy);
        let bytes = read.map_err(|refusal| refusal.failure(&file.name()))?;
        Ok(PolicyFile::of(&file, &bytes, entry, sources))
    }

    /// Reads a policy, whoever names it. `rule` is that of the findings about
    /// what may not be named.
    ///
    /// # Errors
    /// When the file cannot or must not be read.
    pub fn open(
        file: &InputFile,
        entry: Option<usize>,
        rule: RuleId,
        sources: &mut SourceMap,
    ) -> Result<PolicyFile, Problems> {
        match file.read(Role::Policy) {
            Ok(bytes) => Ok(PolicyFile::of(file, &bytes, entry, sources)),
            Err(refusal) => Err(file.problem(&refusal, rule, sources)),
        }
    }

    fn of(
        file: &InputFile,
        bytes: &[u8],
        entry: Option<usize>,
        sources: &mut SourceMap,
    ) -> PolicyFile {
        let name = file.name();
        let (policy, problems) = parse(&name, bytes, sources);
        PolicyFile {
            path: file.path().to_path_buf(),
            name,
            policy,
            problems,
            entry,
        }
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
            let problems: Vec<Finding> = problems.map(Finding::from).collect();
            let file = problems.first().map(|problem| problem.location.file);
            let stranger = file.and_then(|file| stranger::of(file, sources.get(file).text()));
            (None, stranger.map_or(problems, |finding| vec![finding]))
        }
    }
}

impl Workspace {
    /// A workspace of the working tree with the configuration that is found
    /// upward from `start`, and what is wrong with that.
    pub fn open(start: &Path, sources: &mut SourceMap) -> (Workspace, Problems) {
        Workspace::of(start, None, sources)
    }

    /// The same for a state of a change.
    pub fn of(
        start: &Path,
        checkout: Option<Rc<Checkout>>,
        sources: &mut SourceMap,
    ) -> (Workspace, Problems) {
        let start = spelling(start);
        let found = configuration::find(&start, checkout.as_deref());
        let loaded = found.map(|file| configuration::load(&file, checkout.as_ref(), sources));
        let (config, problems) = match loaded {
            Some(Ok((mut config, mut findings))) => {
                findings.extend(oversized::curtail(&mut config));
                (Some(config), Problems::from(findings))
            }
            Some(Err(problems)) => (None, problems),
            None => (None, Problems::default()),
        };
        let workspace = Workspace {
            start,
            config,
            checkout,
            ..Workspace::default()
        };
        (workspace, problems)
    }

    /// A workspace of the working tree for which no configuration is in force.
    pub fn without_config(start: &Path) -> Workspace {
        Workspace {
            start: spelling(start),
            ..Workspace::default()
        }
    }

    /// Puts another configuration in force.
    pub fn set_config(&mut self, config: Option<Config>) {
        self.config = config;
        self.named = OnceCell::new();
        self.entries = OnceCell::new();
        self.suppressions = OnceCell::new();
    }

    /// What is checked, when that is not the working tree.
    pub fn checkout(&self) -> Option<&Rc<Checkout>> {
        self.checkout.as_ref()
    }

    /// Whether there is a file at a path that the configuration names.
    pub fn is_there(&self, path: &Path) -> bool {
        match &self.checkout {
            Some(checkout) => checkout.is_there(path),
            None => path.symlink_metadata().is_ok(),
        }
    }

    /// Whether a path that the configuration names is a directory.
    pub fn is_dir(&self, path: &Path) -> bool {
        match &self.checkout {
            Some(checkout) => checkout.is_dir(path),
            None => path.is_dir(),
        }
    }

    /// The files below a directory for which `wanted` is true, sorted.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn list(
        &self,
        dir: &Path,
        wanted: &dyn Fn(&Path) -> bool,
    ) -> Result<Vec<PathBuf>, Failure> {
        list(self.checkout.as_deref(), dir, wanted)
    }

    /// Reads a policy of the configuration, for which that has `entry`.
    ///
    /// # Errors
    /// When the file cannot be read. An invalid policy is not an error here: its
    /// problems are in the result.
    pub fn policy(
        &self,
        path: &Path,
        entry: Option<usize>,
        sources: &mut SourceMap,
    ) -> Result<PolicyFile, Problems> {
        let file = self.file(path, self.location_of(entry));
        PolicyFile::open(&file, entry, RuleId::Config, sources)
    }

    fn location_of(&self, entry: Option<usize>) -> Option<Location> {
        Some(self.entry(entry)?.path.location)
    }

    /// The same workspace with another configuration.
    pub fn configured_by(&self, config: Config) -> Workspace {
        Workspace {
            start: self.start.clone(),
            config: Some(config),
            checkout: self.checkout.clone(),
            named: OnceCell::new(),
            entries: OnceCell::new(),
            suppressions: OnceCell::new(),
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

    /// The top of the repository that the run is in, else the configuration's
    /// directory: what files name must lie below it.
    pub fn bounds(&self) -> Root {
        Root::around(&self.home())
    }

    /// A file that the configuration names, or that is looked for.
    pub fn file(&self, path: impl Into<PathBuf>, location: Option<Location>) -> InputFile {
        InputFile::below(&self.bounds(), path, location).of_checkout(self.checkout())
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
        let mut problems = Problems::default();
        let files = paths.iter();
        let files = files.flat_map(|path| problems.keep(input_files(path, input::is_policy)));
        let files: Vec<InputFile> = files.collect();
        let (policies, of_policies) = self.policies_of(paths.is_empty(), files, sources);
        problems.extend(of_policies);
        (policies, problems)
    }

    /// The policies in `files`, behind those of the configuration (else `policy.json`
    /// here) where the `whole` of it is meant: then policies that no entry names are
    /// among the problems.
    pub fn policies_of(
        &self,
        whole: bool,
        files: Vec<InputFile>,
        sources: &mut SourceMap,
    ) -> (Vec<PolicyFile>, Problems) {
        let (configured, findings) = self.configured();
        let mut problems = Problems::from(findings);
        let entries: HashMap<&PathBuf, usize> = configured
            .iter()
            .map(|(path, entry)| (path, *entry))
            .collect();
        let given = files.into_iter().map(|file| {
            let absolute = std::path::absolute(file.path());
            let entry = absolute.ok().and_then(|path| entries.get(&path).copied());
            (file, entry)
        });
        let given: Vec<_> = given.collect();
        let mut named = Vec::new();
        if whole {
            problems.findings.extend(self.unlisted(&configured));
            named = self.default_policies(configured);
        }
        let is_known = |file: &InputFile| {
            let mut named = named.iter();
            named.any(|(known, _)| spelling(known.path()) == spelling(file.path()))
        };
        let given: Vec<_> = given
            .into_iter()
            .filter(|(file, _)| !is_known(file))
            .collect();
        named.extend(given);
        let mut policies = Vec::new();
        for (file, entry) in named {
            // With a checkout, nothing is read but what is checked.
            let file = match &self.checkout {
                Some(_) => self.file(file.path(), self.location_of(entry)),
                None => file,
            };
            let read = PolicyFile::open(&file, entry, RuleId::Config, sources);
            policies.extend(problems.keep_problems(read));
        }
        (policies, problems)
    }

    /// The policies of a run that names none.
    fn default_policies(
        &self,
        configured: Vec<(PathBuf, usize)>,
    ) -> Vec<(InputFile, Option<usize>)> {
        if self.config.is_none() && self.is_there(Path::new(DEFAULT_POLICY)) {
            return vec![(self.file(DEFAULT_POLICY, None), None)];
        }
        let each = configured.into_iter();
        each.map(|(path, entry)| (self.file(path, self.location_of(Some(entry))), Some(entry)))
            .collect()
    }

    /// Findings about policies below the configuration that no entry of it
    /// names.
    fn unlisted(&self, configured: &[(PathBuf, usize)]) -> Vec<Finding> {
        let Some(config) = &self.config else {
            return Vec::new();
        };
        // An unreadable directory is reported where its policies are read.
        let Ok(there) = self.list(&config.root, &input::is_policy) else {
            return Vec::new();
        };
        let last = config.policies.last();
        let location = last.map_or(config.beginning(), |entry| entry.path.location);
        let listed: HashSet<&PathBuf> = configured.iter().map(|(path, _)| path).collect();
        let excluded = excluded(config);
        let is_tracked = |path: &PathBuf| match &self.checkout {
            Some(checkout) => checkout.is_tracked(path),
            None => true,
        };
        let is_unlisted =
            |path: &PathBuf| !listed.contains(path) && !excluded(path) && is_tracked(path);
        let unlisted = there.into_iter().filter(is_unlisted);
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
        let entries = self.entries.get_or_init(|| {
            let (configured, _) = self.configured();
            configured.into_iter().collect()
        });
        let template = &self
            .entry(entries.get(&absolute).copied())?
            .inventory
            .as_ref()?
            .text;
        Some(fill(template, &self.root(), &absolute))
    }

    /// The suppressions that the configuration has for a policy, with the path of it
    /// as it is written there.
    pub fn suppressions_of(&self, policy: &Path) -> Vec<&(Setting, Suppression)> {
        let Some(config) = &self.config else {
            return Vec::new();
        };
        let by_policy = self.suppressions.get_or_init(|| {
            let mut by_policy: HashMap<PathBuf, Vec<usize>> = HashMap::new();
            for (at, (path, _)) in config.suppressions.iter().enumerate() {
                if let Ok(path) = std::path::absolute(config.root.join(&path.text)) {
                    by_policy.entry(path).or_default().push(at);
                }
            }
            by_policy
        });
        // The components of a path tell it from another, but for the beginning.
        let policy = std::path::absolute(policy).ok();
        let mine = policy.and_then(|policy| by_policy.get(&policy));
        let each = mine.into_iter().flatten();
        each.filter_map(|at| config.suppressions.get(*at)).collect()
    }

    /// The configuration's policies with the entry of each, sorted within an
    /// entry; an entry that names nothing is a finding.
    fn configured(&self) -> (Vec<(PathBuf, usize)>, Vec<Finding>) {
        let Some(config) = &self.config else {
            return (Vec::new(), Vec::new());
        };
        let (found, problems) = self.named.get_or_init(|| named(config)).clone();
        let findings = problems.into_iter().map(|(location, problem)| {
            let message = format!("This path {problem}");
            Finding::new(RuleId::Config, Severity::Error, location, "", message)
        });
        (found, findings.collect())
    }
}
