//! Reading files out of git. Only this module runs it.
//!
//! `REV:path` is what git means by it: from the top of the repository, or from
//! the working directory when the path begins with `./` or `../`.
//!
//! Names and paths come from command lines and configurations, and a repository
//! from the author of a change, so neither is trusted. The repository is found
//! once, see [`root`]; a revision is resolved to a commit first, trees and blobs
//! are read by object id, and nothing is fetched, run, prompted for or checked
//! out. What is not a regular file in the tree (a symbolic link, a submodule) is
//! refused: what it leads to is not what the revision says.

mod names;
mod root;
mod run;
mod tree;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;

use self::names::{spelled_out, suspicious};
use self::root::Root;
use self::run::{Git, MAX_BLOB, Object, Objects, Problem};
use mcppolicy_analysis::report::Failure;

pub(crate) use self::tree::{Blob, Kind, Tree, TreeEntry};

/// A working tree with its history.
#[derive(Debug)]
pub(crate) struct Repository {
    git: Git,
    root: Root,
    /// Where the work is done: the working directory, where that lies in the
    /// repository, else the top.
    dir: PathBuf,
    /// The commits that a shallow clone ends at.
    ends: Vec<String>,
    trees: RefCell<BTreeMap<String, Rc<Tree>>>,
    objects: RefCell<Option<Objects>>,
}

/// A commit, and what the user calls it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Revision {
    commit: String,
    pub name: String,
}

/// What a tree has at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Entry {
    Absent,
    File(Blob),
    Directory,
}

/// How many ends of a shallow clone are looked at before it counts as too
/// shallow to say what a change is based on.
const MAX_ENDS: usize = 64;

/// Splits `REV:path` at the first colon outside of braces, as git does
/// (`HEAD@{10:00}:policy.json`).
pub(crate) fn split(text: &str) -> Option<(&str, &str)> {
    let mut depth = 0_usize;
    let colon = text.char_indices().find(|(_, c)| {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        *c == ':' && depth == 0
    });
    let (revision, path) = text.split_at_checked(colon?.0)?;
    Some((revision, path.strip_prefix(':')?))
}

impl Repository {
    /// The repository that the working directory lies in, or `start`, where that
    /// is elsewhere.
    ///
    /// # Errors
    /// When there is none that git and its `.git` agree on.
    pub fn open(start: &Path) -> Result<Repository, Failure> {
        let root = Root::find(start)?;
        let mut git = Git {
            top: root.top.clone(),
            dir: Some(root.git_dir.clone()),
            common_dir: Some(root.common_dir.clone()),
            index: None,
        };
        git.index = index_of_a_hook(&root);
        // Git itself reads what a clone ends at from this file.
        let ends = std::fs::read_to_string(root.common_dir.join("shallow"));
        let ends = ends.unwrap_or_default();
        let here = std::env::current_dir().unwrap_or_default();
        let dir = if here.starts_with(&root.top) {
            here
        } else {
            root.top.clone()
        };
        Ok(Repository {
            git,
            root,
            dir,
            ends: ends.lines().map(str::to_owned).collect(),
            trees: RefCell::default(),
            objects: RefCell::default(),
        })
    }

    /// The top directory of the working tree.
    pub fn top(&self) -> &Path {
        &self.root.top
    }

    /// The repository that this one is a submodule of.
    pub fn superproject(&self) -> Option<&Path> {
        self.root.superproject.as_deref()
    }

    /// Whether this runs in a hook of the repository, whose index is about to be
    /// committed.
    pub fn is_in_hook(&self) -> bool {
        self.git.index.is_some()
    }

    /// The commit that a revision names.
    ///
    /// # Errors
    /// When the name means no commit, or more than one thing.
    pub fn resolve(&self, name: &str) -> Result<Revision, Failure> {
        if let Some(problem) = suspicious(name) {
            return Err(failed(name, format!("is no revision: {problem}")));
        }
        let full = spelled_out(&self.git, name).map_err(|problem| failed(name, problem))?;
        let commit = format!("{full}^{{commit}}");
        let arguments = ["rev-parse", "--verify", "--end-of-options", &commit];
        let bytes = self.git.run(&arguments).map_err(|problem| match problem {
            Problem::Refused(_) => failed(name, self.unknown()),
            other => failed(name, other.explain()),
        })?;
        let text = String::from_utf8_lossy(&bytes);
        let id = text.lines().last().unwrap_or_default().to_owned();
        if !is_object_id(&id) {
            return Err(failed(name, "git did not answer with a commit"));
        }
        Ok(Revision {
            commit: id,
            name: name.to_owned(),
        })
    }

    /// The commit that is checked out.
    ///
    /// # Errors
    /// When there is none yet.
    pub fn head(&self) -> Result<Revision, Failure> {
        self.resolve("HEAD")
    }

    /// The merge bases of `revision` and what is checked out: the commits that a
    /// change is compared with. There are several where both sides have merged
    /// each other's history.
    ///
    /// # Errors
    /// When there is none, or when this clone does not reach far enough back to
    /// say.
    pub fn merge_bases(&self, revision: &Revision) -> Result<Vec<Revision>, Failure> {
        let arguments = ["merge-base", "--all", &revision.commit, "HEAD"];
        let bytes = self.git.run(&arguments).map_err(|problem| match problem {
            Problem::Refused(_) if self.is_shallow() => failed(&revision.name, self.unknown()),
            Problem::Refused(_) => failed(
                &revision.name,
                "what is checked out has no history in common with it",
            ),
            other => failed(&revision.name, other.explain()),
        })?;
        let text = String::from_utf8_lossy(&bytes);
        let ids: Vec<&str> = text.lines().map(str::trim).collect();
        if ids.is_empty() || !ids.iter().all(|id| is_object_id(id)) {
            return Err(failed(&revision.name, "git did not answer with a commit"));
        }
        if self.hides_a_merge_base(revision, &ids) {
            return Err(failed(&revision.name, self.unknown()));
        }
        let named = ids.into_iter().map(|id| {
            // The name is shown only where it is the name of that commit.
            let name = if id == revision.commit {
                revision.name.clone()
            } else {
                id.chars().take(12).collect()
            };
            Revision {
                commit: id.to_owned(),
                name,
            }
        });
        Ok(named.collect())
    }

    /// Whether a later merge base may lie behind what a shallow clone ends at: on
    /// the way from one of both sides there is an end that is not below a merge
    /// base.
    fn hides_a_merge_base(&self, revision: &Revision, bases: &[&str]) -> bool {
        if !self.is_shallow() || bases == [revision.commit.as_str()] {
            return false;
        }
        if self.ends.len() > MAX_ENDS {
            return true;
        }
        let is_above = |end: &str, commit: &str| {
            let arguments = ["merge-base", "--is-ancestor", end, commit];
            self.git.run(&arguments).is_ok()
        };
        self.ends.iter().any(|end| {
            let is_on_the_way = is_above(end, "HEAD") || is_above(end, &revision.commit);
            is_on_the_way && !bases.iter().any(|base| is_above(end, base))
        })
    }

    fn is_shallow(&self) -> bool {
        !self.ends.is_empty()
    }

    fn unknown(&self) -> String {
        if self.is_shallow() {
            "this clone is shallow and does not reach that far back; give actions/checkout \
             `fetch-depth: 0` and, in other places, run `git fetch --unshallow`"
                .to_owned()
        } else {
            "git knows no such revision here; fetch it first".to_owned()
        }
    }

    /// A path as git reads it behind `REV:`: from the top of the repository,
    /// or from the working directory when it begins with `./` or `../`.
    pub fn path(&self, path: &str) -> Result<String, String> {
        let relative = ["./", "../"].iter().any(|start| path.starts_with(start));
        if !relative && !matches!(path, "." | "..") {
            return normal(path);
        }
        let from = self.path_of(&self.dir).unwrap_or_default();
        normal(&format!("{from}/{path}"))
    }

    /// The path of a file of the working tree in the repository, whether or not
    /// the file exists and whatever it links to; `None` outside of it.
    pub fn path_of(&self, file: &Path) -> Option<String> {
        let absolute = std::path::absolute(file).ok()?;
        let inside = absolute.strip_prefix(&self.root.top).ok()?;
        let inside = inside.to_str()?;
        normal(&inside.replace(std::path::MAIN_SEPARATOR, "/")).ok()
    }

    /// What a revision has at a path of the repository.
    ///
    /// # Errors
    /// When a link or a submodule is there, or on the way there.
    pub fn entry(&self, revision: &Revision, path: &str) -> Result<Entry, Failure> {
        let tree = self.tree(revision)?;
        if let Some((at, kind)) = tree.in_the_way(path) {
            let shown = format!("{}:{path}", revision.name);
            return Err(failed(&shown, refusal(kind, at)));
        }
        if let Some(entry) = tree.get(path) {
            return Ok(Entry::File(entry.blob.clone()));
        }
        let is_directory = path.is_empty() || tree.below(path).next().is_some();
        Ok(if is_directory {
            Entry::Directory
        } else {
            Entry::Absent
        })
    }

    /// The files below a directory for which `wanted` is true of their path
    /// from there, sorted.
    ///
    /// # Errors
    /// When one of them is no regular file.
    pub fn files(
        &self,
        revision: &Revision,
        dir: &str,
        wanted: impl Fn(&Path) -> bool,
    ) -> Result<Vec<(String, Blob)>, Failure> {
        let tree = self.tree(revision)?;
        let mut files = Vec::new();
        for (path, entry) in tree.below(dir) {
            let inside = path.strip_prefix(dir).unwrap_or(path);
            let inside = inside.trim_start_matches('/');
            if !wanted(Path::new(inside)) {
                continue;
            }
            if entry.kind != Kind::File {
                let shown = format!("{}:{path}", revision.name);
                return Err(failed(&shown, refusal(entry.kind, inside)));
            }
            files.push((inside.to_owned(), entry.blob.clone()));
        }
        Ok(files)
    }

    /// A file's bytes at a revision and the name to show for them; nothing where
    /// there is no such file.
    ///
    /// # Errors
    /// When the revision cannot be read there.
    pub fn file(
        &self,
        revision: &Revision,
        file: &Path,
    ) -> Result<Option<(String, Vec<u8>)>, Failure> {
        let Some(path) = self.path_of(file) else {
            return Ok(None);
        };
        let Entry::File(blob) = self.entry(revision, &path)? else {
            return Ok(None);
        };
        let name = format!("{}:{path}", revision.name);
        let bytes = self.read(&name, &blob)?;
        Ok(Some((name, bytes)))
    }

    /// The bytes of a file, which is called `shown` in messages.
    ///
    /// # Errors
    /// When its content is not in this clone, or is too large.
    pub fn read(&self, shown: &str, blob: &Blob) -> Result<Vec<u8>, Failure> {
        let mut running = self.objects.borrow_mut();
        if running.is_none() {
            let started = self.git.objects();
            *running = Some(started.map_err(|problem| failed(shown, problem.explain()))?);
        }
        let Some(objects) = running.as_mut() else {
            return Err(failed(shown, "git could not be run"));
        };
        match objects.read(&blob.0) {
            Ok(Object::Blob(bytes)) => Ok(bytes),
            Ok(Object::TooLarge(size)) => Err(failed(
                shown,
                format!("has {size} bytes, more than the {MAX_BLOB} that are read from git"),
            )),
            Ok(Object::Absent) => Err(failed(
                shown,
                "its content is not in this clone, and nothing is fetched here; fetch it first",
            )),
            Err(error) => {
                *running = None;
                Err(failed(shown, format!("git gave no answer: {error}")))
            }
        }
    }

    /// What a file was at the commit that is checked out and at the first parents
    /// before it, `most` commits together, the latest first. What has more than
    /// `longest` bytes is left out.
    pub fn earlier(&self, file: &Path, most: usize, longest: usize) -> Vec<Vec<u8>> {
        let path = self.path_of(file);
        // Git reads one question a line, and answers with its words.
        let path = path.filter(|path| !path.contains(char::is_whitespace));
        let Some(path) = path else { return Vec::new() };
        let Ok(mut objects) = self.git.objects() else {
            return Vec::new();
        };
        let mut states: Vec<Vec<u8>> = Vec::new();
        for back in 0..most {
            match objects.read(&format!("HEAD~{back}:{path}")) {
                Ok(Object::Blob(bytes)) => {
                    if bytes.len() <= longest && states.last() != Some(&bytes) {
                        states.push(bytes);
                    }
                }
                Ok(_) => {}
                Err(_) => break,
            }
        }
        states
    }

    /// A path of the repository in the working tree.
    pub fn in_working_tree(&self, path: &str) -> PathBuf {
        self.root.top.join(path)
    }

    /// Every file of a commit.
    ///
    /// # Errors
    /// When git cannot list them.
    pub fn tree(&self, revision: &Revision) -> Result<Rc<Tree>, Failure> {
        if let Some(known) = self.trees.borrow().get(&revision.commit) {
            return Ok(Rc::clone(known));
        }
        let tree = format!("{}^{{tree}}", revision.commit);
        let arguments = ["ls-tree", "-r", "-z", "--full-tree", &tree];
        let bytes = self.git.run(&arguments);
        let bytes = bytes.map_err(|problem| failed(&revision.name, problem.explain()))?;
        let tree = Rc::new(Tree::of_commit(&bytes));
        let mut trees = self.trees.borrow_mut();
        trees.insert(revision.commit.clone(), Rc::clone(&tree));
        Ok(tree)
    }

    /// Every file of the index: that of the hook, in a hook.
    ///
    /// # Errors
    /// When git cannot list them.
    pub fn index(&self) -> Result<Tree, Failure> {
        let bytes = self.git.run(&["ls-files", "--stage", "-t", "-z"]);
        let bytes = bytes.map_err(|problem| failed("git", problem.explain()))?;
        Ok(Tree::of_index(&bytes))
    }
}

/// The index that git gives a hook of this repository; none elsewhere.
fn index_of_a_hook(root: &Root) -> Option<PathBuf> {
    let named = std::env::var_os("GIT_INDEX_FILE")?;
    let file = root.top.join(named);
    let dir = file.parent()?.canonicalize().ok()?;
    let git_dir = root.git_dir.canonicalize().ok()?;
    (dir.starts_with(&git_dir) && file.is_file()).then_some(file)
}

fn refusal(kind: Kind, path: &str) -> String {
    let what = kind.name();
    format!("{path} is {what} there, and what it leads to is not what the revision says")
}

fn is_object_id(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// `a/./b/../c` as `a/c`.
pub(crate) fn normal(path: &str) -> Result<String, String> {
    let mut parts: Vec<String> = Vec::new();
    for component in Path::new(path).components() {
        match component {
            Component::CurDir => {}
            Component::Normal(part) => parts.push(part.to_string_lossy().into_owned()),
            Component::ParentDir if parts.pop().is_some() => {}
            _ => return Err("leads out of the repository".to_owned()),
        }
    }
    Ok(parts.join("/"))
}

fn failed(input: &str, message: impl Into<String>) -> Failure {
    Failure {
        input: input.to_owned(),
        message: message.into(),
    }
}

#[cfg(test)]
mod tests;
