//! What is compared with what: the operands of the command line, each a file,
//! a directory or `REV:path`, or all policies with their state at a revision.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::configuration::{self, Config};
use super::git::{self, Blob, Entry, Repository, Revision};
use super::input;
use super::problems::Problems;
use super::workspace::{Workspace, matcher};
use mcppolicy_analysis::report::Failure;
use mcppolicy_engine::source::SourceMap;

/// One policy's two states; at most one of them is missing.
#[derive(Debug)]
pub(crate) struct Pair {
    /// Where it is, or would be, in the working tree.
    pub file: PathBuf,
    pub old: Option<Content>,
    pub new: Option<Content>,
}

/// A policy's bytes, or where they are.
#[derive(Debug)]
pub(crate) enum Content {
    /// In a file.
    File(PathBuf),
    /// In git, read already, and how reports call it.
    Stored { name: String, bytes: Vec<u8> },
}

/// One side of the command line.
enum Operand {
    /// No policies at all.
    Nothing,
    /// In the working tree.
    Here(PathBuf),
    /// At a revision.
    Stored(Stored),
}

struct Stored {
    revision: Revision,
    /// From the top of the repository.
    path: String,
    entry: Entry,
}

/// The pairs that two operands name: two files, or the policies of two
/// directories by their path inside.
pub(crate) fn named(old: &Path, new: &Path) -> Result<Vec<Pair>, Failure> {
    let mut repository = None;
    let mut sides = [old, new].map(|path| operand(path, &mut repository));
    let [old, new] = &mut sides;
    let old = std::mem::replace(old, Ok(Operand::Nothing))?;
    let new = std::mem::replace(new, Ok(Operand::Nothing))?;
    let sides = Sides {
        repository,
        old,
        new,
    };
    if sides.old.is_dir() || sides.new.is_dir() {
        sides.directories()
    } else {
        sides.files().map(|pair| vec![pair])
    }
}

fn operand(path: &Path, repository: &mut Option<Repository>) -> Result<Operand, Failure> {
    // How git, too, names the state of a file that does not exist.
    if path == Path::new("/dev/null") {
        return Ok(Operand::Nothing);
    }
    let here = || Ok(Operand::Here(path.to_path_buf()));
    if path == Path::new(input::STDIN) || path.symlink_metadata().is_ok() {
        return here();
    }
    let Some((name, inside)) = path.to_str().and_then(git::split) else {
        return here();
    };
    let opened = match repository.take() {
        Some(opened) => opened,
        None => Repository::open(Path::new("."))?,
    };
    let opened = repository.insert(opened);
    let revision = opened.resolve(name)?;
    let problem = |message: String| Failure {
        input: input::display_name(path),
        message,
    };
    let inside = opened.path(inside).map_err(problem)?;
    let entry = opened.entry(&revision, &inside)?;
    Ok(Operand::Stored(Stored {
        revision,
        path: inside,
        entry,
    }))
}

impl Operand {
    fn is_dir(&self) -> bool {
        match self {
            Operand::Nothing => false,
            Operand::Here(path) => path.is_dir(),
            Operand::Stored(stored) => matches!(stored.entry, Entry::Directory(_)),
        }
    }

    fn name(&self) -> String {
        match self {
            Operand::Nothing => "/dev/null".to_owned(),
            Operand::Here(path) => input::display_name(path),
            Operand::Stored(stored) => format!("{}:{}", stored.revision.name, stored.path),
        }
    }
}

struct Sides {
    /// Open when one side is in git.
    repository: Option<Repository>,
    old: Operand,
    new: Operand,
}

impl Sides {
    fn files(&self) -> Result<Pair, Failure> {
        let old = self.content(&self.old, &self.new)?;
        let new = self.content(&self.new, &self.old)?;
        if old.is_none() && new.is_none() {
            return Err(failed(&self.new.name(), "is on neither side"));
        }
        let named = if matches!(self.new, Operand::Nothing) {
            &self.old
        } else {
            &self.new
        };
        Ok(Pair {
            file: self.in_working_tree(named),
            old,
            new,
        })
    }

    /// Where an operand is, or would be, in the working tree.
    fn in_working_tree(&self, operand: &Operand) -> PathBuf {
        match (operand, &self.repository) {
            (Operand::Here(path), _) => path.clone(),
            (Operand::Stored(stored), Some(repository)) => repository.in_working_tree(&stored.path),
            _ => PathBuf::new(),
        }
    }

    /// The policy of a side; none where the other side shows that the policy is
    /// new, or gone.
    fn content(&self, operand: &Operand, other: &Operand) -> Result<Option<Content>, Failure> {
        match operand {
            Operand::Nothing => Ok(None),
            Operand::Here(path) => {
                let inside = self.repository.as_ref().and_then(|r| r.path_of(path));
                let gone = path.symlink_metadata().is_err() && path != Path::new(input::STDIN);
                if gone && matches!((other, &inside), (Operand::Stored(o), Some(i)) if o.path == *i)
                {
                    return Ok(None);
                }
                self.unlinked(path)?;
                Ok(Some(Content::File(path.clone())))
            }
            Operand::Stored(stored) => match &stored.entry {
                Entry::File(blob) => self.stored(stored, &stored.path, blob).map(Some),
                _ if self.is_of(other, &stored.path) => Ok(None),
                _ => Err(failed(&operand.name(), self.absent(&stored.path))),
            },
        }
    }

    /// Whether a side names the same path of the repository.
    fn is_of(&self, other: &Operand, path: &str) -> bool {
        match other {
            Operand::Nothing => false,
            Operand::Stored(stored) => stored.path == path,
            Operand::Here(file) => {
                let inside = self.repository.as_ref().and_then(|r| r.path_of(file));
                inside.as_deref() == Some(path)
            }
        }
    }

    fn absent(&self, path: &str) -> String {
        let advice = if Path::new(path).exists() {
            format!("; `./{path}` is from the working directory, `{path}` from the top")
        } else {
            "; a policy is new, or gone, when both sides name the same path".to_owned()
        };
        format!("there is no such file{advice}")
    }

    fn stored(&self, stored: &Stored, path: &str, blob: &Blob) -> Result<Content, Failure> {
        let name = format!("{}:{path}", stored.revision.name);
        let Some(repository) = &self.repository else {
            return Err(failed(&name, "there is no repository"));
        };
        let bytes = repository.read(&name, blob)?;
        Ok(Content::Stored { name, bytes })
    }

    /// That a file that is compared with git is none that git has as a link.
    fn unlinked(&self, file: &Path) -> Result<(), Failure> {
        match &self.repository {
            Some(repository) => unlinked(repository, file),
            None => Ok(()),
        }
    }

    fn directories(&self) -> Result<Vec<Pair>, Failure> {
        let mut old = self.policies(&self.old)?;
        let mut new = self.policies(&self.new)?;
        let names: BTreeSet<String> = old.keys().chain(new.keys()).cloned().collect();
        let named = if matches!(self.new, Operand::Nothing) {
            &self.old
        } else {
            &self.new
        };
        let dir = self.in_working_tree(named);
        let pair = |name: String| Pair {
            file: dir.join(&name),
            old: old.remove(&name),
            new: new.remove(&name),
        };
        Ok(names.into_iter().map(pair).collect())
    }

    /// The policies of a directory by their path inside.
    fn policies(&self, operand: &Operand) -> Result<BTreeMap<String, Content>, Failure> {
        match operand {
            Operand::Nothing => Ok(BTreeMap::new()),
            Operand::Here(dir) if !dir.is_dir() => Err(failed(
                &operand.name(),
                "is no directory, and the other side is",
            )),
            Operand::Here(dir) => {
                let mut policies = BTreeMap::new();
                for file in input::walk(dir, input::is_policy)? {
                    self.unlinked(&file)?;
                    let inside = file.strip_prefix(dir).unwrap_or(&file);
                    let name = input::display_name(inside);
                    policies.insert(name, Content::File(file));
                }
                Ok(policies)
            }
            Operand::Stored(stored) => match (&stored.entry, &self.repository) {
                (Entry::Directory(tree), Some(repository)) => {
                    let mut policies = BTreeMap::new();
                    for (name, blob) in
                        repository.files(&stored.revision, tree, input::is_policy)?
                    {
                        let path = format!("{}/{name}", stored.path);
                        let content = self.stored(stored, path.trim_start_matches('/'), &blob)?;
                        policies.insert(name, content);
                    }
                    Ok(policies)
                }
                (Entry::Absent, _) => Ok(BTreeMap::new()),
                _ => Err(failed(
                    &operand.name(),
                    "is no directory, and the other side is",
                )),
            },
        }
    }
}

fn failed(input: &str, message: impl Into<String>) -> Failure {
    Failure {
        input: input.to_owned(),
        message: message.into(),
    }
}

fn unlinked(repository: &Repository, file: &Path) -> Result<(), Failure> {
    let inside = repository.path_of(file);
    if inside.is_some_and(|inside| repository.linked(&inside)) {
        let message = "is a symbolic link, or behind one; git would not compare what it leads to";
        return Err(failed(&input::display_name(file), message));
    }
    Ok(())
}

/// The policies that a configuration of some time names.
#[derive(Debug)]
pub(crate) struct Listed {
    /// What its paths are relative to.
    pub root: PathBuf,
    /// Its paths and globs.
    pub patterns: Vec<String>,
}

impl Listed {
    /// Those of a configuration.
    pub fn by(config: &Config) -> Listed {
        let patterns = config.policies.iter();
        Listed {
            root: config.root.clone(),
            patterns: patterns.map(|entry| entry.path.text.clone()).collect(),
        }
    }
}

/// Every policy of the configuration with its state at `base`: those that it
/// names now, those that it named then, and those that are gone.
pub(crate) fn since(
    workspace: &Workspace,
    base: &str,
    sources: &mut SourceMap,
) -> (Vec<Pair>, Problems) {
    match listed_at(workspace, base, sources) {
        Ok((repository, revision, listed)) => pairs(workspace, &repository, &revision, listed),
        Err(failure) => (Vec::new(), Problems::from(failure)),
    }
}

/// The revision called `base`, and the policies that its configuration lists.
fn listed_at(
    workspace: &Workspace,
    base: &str,
    sources: &mut SourceMap,
) -> Result<(Repository, Revision, Vec<Listed>), Failure> {
    let root = workspace.home();
    let repository = Repository::open(&root)?;
    let revision = repository.resolve(base)?;
    let name = root.join(configuration::NAME);
    let mut listed = Vec::new();
    if let Some((name, bytes)) = repository.file(&revision, &name)? {
        // What is wrong with it was wrong before the change.
        let (config, _) = configuration::parse(root, &name, &bytes, sources);
        listed.push(Listed::by(&config));
    }
    Ok((repository, revision, listed))
}

/// Every policy of the configuration with its state at a revision; and those
/// that other configurations list, so that a change cannot take a policy out of
/// its own comparison. Without all of them there are none.
pub(crate) fn pairs(
    workspace: &Workspace,
    repository: &Repository,
    revision: &Revision,
    mut listed: Vec<Listed>,
) -> (Vec<Pair>, Problems) {
    listed.extend(workspace.config.as_ref().map(Listed::by));
    let (paths, findings) = workspace.policy_paths();
    let mut problems = Problems::from(findings);
    let pairs = all_pairs(repository, revision, paths, &listed);
    let pairs = problems.keep_failure(pairs);
    (pairs.unwrap_or_default(), problems)
}

fn all_pairs(
    repository: &Repository,
    revision: &Revision,
    paths: Vec<PathBuf>,
    listed: &[Listed],
) -> Result<Vec<Pair>, Failure> {
    let mut paths: BTreeSet<PathBuf> = paths.into_iter().collect();
    for listed in listed {
        paths.extend(stored(repository, revision, listed)?);
    }
    let mut pairs = Vec::new();
    for file in paths {
        if repository.path_of(&file).is_none() {
            let name = input::display_name(&file);
            return Err(failed(&name, "lies outside of the repository"));
        }
        let old = repository.file(revision, &file)?;
        let old = old.map(|(name, bytes)| Content::Stored { name, bytes });
        unlinked(repository, &file)?;
        let new = file.exists().then(|| Content::File(file.clone()));
        if old.is_some() || new.is_some() {
            pairs.push(Pair { file, old, new });
        }
    }
    Ok(pairs)
}

/// The policies at a revision that are listed.
fn stored(
    repository: &Repository,
    revision: &Revision,
    listed: &Listed,
) -> Result<Vec<PathBuf>, Failure> {
    let inside = repository.path_of(&listed.root).unwrap_or_default();
    let Entry::Directory(tree) = repository.entry(revision, &inside)? else {
        return Ok(Vec::new());
    };
    let mut globs = Vec::new();
    for pattern in &listed.patterns {
        globs.extend(matcher(pattern));
    }
    let wanted = |path: &Path| globs.iter().any(|glob| glob.is_match(path));
    let files = repository.files(revision, &tree, wanted)?;
    let files = files.into_iter();
    Ok(files.map(|(path, _)| listed.root.join(path)).collect())
}
