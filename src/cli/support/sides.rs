//! What is compared with what: the operands of the command line, each a file,
//! a directory or `REV:path`, or all policies with their state at a revision.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::base::Base;
use super::configuration::Config;
use super::files::{InputFile, Role, Root};
use super::git::{self, Blob, Entry, Repository, Revision};
use super::input;
use super::patterns::{Globs, normal_pattern};
use super::problems::Problems;
use super::workspace::Workspace;
use mcppolicy_analysis::finding::RuleId;
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
    /// Read already out of a file, or of the state of a change that is checked.
    Read { path: PathBuf, bytes: Vec<u8> },
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
            Operand::Stored(stored) => matches!(stored.entry, Entry::Directory),
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
                let root = Root::at(dir);
                for path in input::walk(dir, input::is_policy)? {
                    self.unlinked(&path)?;
                    let inside = path.strip_prefix(dir).unwrap_or(&path);
                    let name = input::display_name(inside);
                    // What is found is nobody's choice: links are not followed.
                    let file = InputFile::below(&root, &path, None);
                    let bytes = file.read(Role::Policy);
                    let bytes = bytes.map_err(|refusal| refusal.failure(&file.name()))?;
                    policies.insert(name, Content::Read { path, bytes });
                }
                Ok(policies)
            }
            Operand::Stored(stored) => match (&stored.entry, &self.repository) {
                (Entry::Directory, Some(repository)) => {
                    let mut policies = BTreeMap::new();
                    for (name, blob) in
                        repository.files(&stored.revision, &stored.path, input::is_policy)?
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
    let Some(inside) = repository.path_of(file) else {
        return Ok(());
    };
    let mut at = repository.top().to_path_buf();
    let is_linked = inside.split('/').any(|part| {
        at.push(part);
        at.symlink_metadata()
            .is_ok_and(|metadata| metadata.is_symlink())
    });
    if is_linked {
        let message = "is a symbolic link, or behind one; git would not compare what it leads to";
        return Err(failed(&input::display_name(file), message));
    }
    Ok(())
}

/// The policies that a configuration of some time names.
#[derive(Debug, Clone)]
pub(crate) struct Listed {
    /// What its paths are relative to.
    pub root: PathBuf,
    /// Its paths and globs.
    pub patterns: Vec<String>,
    /// Globs of those that it sets aside.
    pub exclude: Vec<String>,
}

impl Listed {
    /// Those of a configuration.
    pub fn by(config: &Config) -> Listed {
        let patterns = config.policies.iter();
        let exclude = config.exclude.iter();
        Listed {
            root: config.root.clone(),
            patterns: patterns.map(|entry| entry.path.text.clone()).collect(),
            exclude: exclude.map(|glob| glob.text.clone()).collect(),
        }
    }
}

/// Every policy of the configuration with its state at a base; and those that
/// other configurations list, so that a change cannot take a policy out of its
/// own comparison.
pub(crate) fn since(
    workspace: &Workspace,
    base: &Base,
    mut listed: Vec<Listed>,
    sources: &mut SourceMap,
) -> (Vec<Pair>, Problems) {
    listed.extend(workspace.config.as_ref().map(Listed::by));
    let (paths, findings) = workspace.policy_paths();
    let mut problems = Problems::from(findings);
    let mut paths: BTreeSet<PathBuf> = paths.into_iter().collect();
    for listed in listed {
        match stored(base, &listed) {
            Ok(stored) => paths.extend(stored),
            // Several configurations list the same policies.
            Err(failure) if problems.failures.contains(&failure) => {}
            Err(failure) => problems.failures.push(failure),
        }
    }
    let mut pairs = Vec::new();
    for file in paths {
        if base.repository().path_of(&file).is_none() {
            let name = input::display_name(&file);
            let failure = failed(&name, "lies outside of the repository");
            problems.failures.push(failure);
            continue;
        }
        if let Some(pair) = problems.keep_problems(pair(base, file, sources)) {
            pairs.extend(pair);
        }
    }
    (pairs, problems)
}

/// A policy's state at a base and now; nothing where it is in neither.
fn pair(base: &Base, file: PathBuf, sources: &mut SourceMap) -> Result<Option<Pair>, Problems> {
    let old = base.file(&base.before, &file)?;
    let old = old.map(|(name, bytes)| Content::Stored { name, bytes });
    let new = if base.checkout().is_there(&file) {
        let root = Root::at(base.repository().top());
        let named = InputFile::below(&root, &file, None).of_checkout(Some(base.checkout()));
        let read = named.read(Role::Policy);
        let bytes = read.map_err(|refusal| named.problem(&refusal, RuleId::Config, sources))?;
        Some(Content::Read {
            path: file.clone(),
            bytes,
        })
    } else {
        None
    };
    let is_somewhere = old.is_some() || new.is_some();
    Ok(is_somewhere.then_some(Pair { file, old, new }))
}

/// The policies at a base that are listed.
fn stored(base: &Base, listed: &Listed) -> Result<Vec<PathBuf>, Failure> {
    let repository = base.repository();
    let inside = repository.path_of(&listed.root).unwrap_or_default();
    let Entry::Directory = repository.entry(&base.before, &inside)? else {
        return Ok(Vec::new());
    };
    let normal = |patterns: &[String]| -> Vec<String> {
        let normal = patterns.iter().map(|pattern| normal_pattern(pattern));
        normal.filter_map(Result::ok).collect()
    };
    let [globs, excluded] = [normal(&listed.patterns), normal(&listed.exclude)]
        .map(|globs| Globs::new(globs.iter().map(String::as_str)));
    let wanted = |path: &Path| globs.is_match(path) && !excluded.is_match(path);
    let files = repository.files(&base.before, &inside, wanted)?;
    let files = files.into_iter();
    Ok(files.map(|(path, _)| listed.root.join(path)).collect())
}
