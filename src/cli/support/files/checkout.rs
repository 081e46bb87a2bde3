//! The state of a change that is checked.
//!
//! With a base, what is checked is what is committed: the blobs of the commit
//! that is checked out, or in a git hook those of the index. The working files
//! are looked at only to say where they differ. In a job that is an error,
//! because nobody edits there; elsewhere the working file is checked, and the
//! report says so. See docs/security.md.

mod links;
mod twins;

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::{Refusal, Role, Root, beginning, limited};
use crate::cli::support::git::{Kind, Repository, Revision, Tree, TreeEntry};
use crate::cli::support::input;
use mcppolicy_analysis::finding::{Finding, RuleId, Severity};
use mcppolicy_analysis::report::Failure;
use mcppolicy_engine::source::SourceMap;

/// How a file of Git LFS begins.
const LFS: &[u8] = b"version https://git-lfs.github.com/spec/";

/// What is wrong with a path that no tree of git's own making has.
const ODD: &str = "has a name that is not UTF-8, leads elsewhere or is there twice";

/// The state of a change that is checked.
#[derive(Debug)]
pub(crate) struct Checkout {
    repository: Rc<Repository>,
    /// What is checked: the commit, or the index of a hook.
    tree: Rc<Tree>,
    /// The index, for what a sparse checkout leaves out.
    index: OnceCell<Tree>,
    is_job: bool,
    /// The paths of the repository that were read.
    read: RefCell<BTreeSet<String>>,
    /// Files whose working state is checked instead, by their name in reports.
    differing: RefCell<BTreeMap<String, Difference>>,
}

/// How the working state of a file is another than the committed one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Difference {
    Edited,
    Removed,
    Untracked,
    Lfs,
}

impl Difference {
    const fn says(self) -> &'static str {
        match self {
            Difference::Edited => "differs from what is committed",
            Difference::Removed => "is committed, and missing in the working tree",
            Difference::Untracked => "is not committed",
            Difference::Lfs => "is kept by Git LFS, so the repository does not have its content",
        }
    }

    fn refusal(self) -> Refusal {
        let advice = "a job checks what is committed";
        Refusal::Uncommitted(format!("{}, and {advice}", self.says()))
    }
}

/// Whether this runs in a job of continuous integration.
pub(crate) fn is_job() -> bool {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let says_so = std::env::var("CI").is_ok_and(|value| !matches!(&*value, "" | "false"));
    says_so
        || ["TF_BUILD", "JENKINS_URL", "TEAMCITY_VERSION"]
            .iter()
            .any(|name| is_set(name))
}

impl Checkout {
    /// What is checked in a repository.
    ///
    /// # Errors
    /// When there is no commit yet, or git cannot list its files.
    pub fn open(repository: Rc<Repository>) -> Result<Checkout, Failure> {
        let head = repository.head()?;
        let tree = if repository.is_in_hook() {
            Rc::new(repository.index()?)
        } else {
            repository.tree(&head)?
        };
        Ok(Checkout {
            repository,
            tree,
            index: OnceCell::new(),
            is_job: is_job(),
            read: RefCell::default(),
            differing: RefCell::default(),
        })
    }

    /// The repository.
    pub fn repository(&self) -> &Rc<Repository> {
        &self.repository
    }

    /// Whether anything that was read is another than at `revision`, or the
    /// index of a hook is.
    ///
    /// # Errors
    /// When git cannot list the files of the revision.
    pub fn differs_from(&self, revision: &Revision) -> Result<bool, Failure> {
        let is_same = self.repository.tree(revision)?.has_the_files_of(&self.tree);
        Ok(!is_same || !self.differing.borrow().is_empty())
    }

    fn is_in_hook(&self) -> bool {
        self.repository.is_in_hook()
    }

    /// The bytes of a file that a configuration names, as they are checked.
    ///
    /// # Errors
    /// Why it is not read: there is no such file, something is in the way to
    /// it, or in a job it is not what is committed.
    pub fn read(&self, path: &Path, role: Role) -> Result<Vec<u8>, Refusal> {
        let Some(inside) = self.repository.path_of(path) else {
            let message = "lies outside of the repository";
            return Err(Refusal::Forbidden(message.to_owned()));
        };
        self.read.borrow_mut().insert(inside.clone());
        if let Some((at, kind)) = self.tree.in_the_way(&inside) {
            return Err(in_the_way(at, &inside, kind.name()));
        }
        if self.tree.odd().contains(&inside) {
            return Err(Refusal::Forbidden(ODD.to_owned()));
        }
        let name = input::display_name(path);
        let bytes = match self.tree.get(&inside) {
            Some(entry) => self.tracked(&name, &inside, (entry, role))?,
            None => self.untracked(&name, &inside, role)?,
        };
        if u64::try_from(bytes.len()).is_ok_and(|length| length > role.limit()) {
            return Err(Refusal::TooLarge(role));
        }
        Ok(bytes)
    }

    fn tracked(
        &self,
        name: &str,
        inside: &str,
        (entry, role): (&TreeEntry, Role),
    ) -> Result<Vec<u8>, Refusal> {
        let committed = self.repository.read(name, &entry.blob).map_err(unread)?;
        let is_lfs = committed.starts_with(LFS);
        if is_lfs && (self.is_job || self.is_in_hook()) {
            return Err(Difference::Lfs.refusal());
        }
        if self.is_in_hook() {
            return Ok(committed);
        }
        match self.working(inside, role)? {
            None if self.is_job || self.is_left_out(inside).map_err(unread)? => Ok(committed),
            None => {
                self.note(name, Difference::Removed);
                Err(Refusal::Absent)
            }
            Some(bytes) if is_lfs => {
                self.note(name, Difference::Lfs);
                Ok(bytes)
            }
            Some(bytes) if is_same_text(&bytes, &committed) => Ok(committed),
            Some(_) if self.is_job => Err(Difference::Edited.refusal()),
            Some(bytes) => {
                self.note(name, Difference::Edited);
                Ok(bytes)
            }
        }
    }

    fn untracked(&self, name: &str, inside: &str, role: Role) -> Result<Vec<u8>, Refusal> {
        let working = match self.is_in_hook() {
            true => None,
            false => self.working(inside, role)?,
        };
        match working {
            None => Err(Refusal::Absent),
            Some(_) if self.is_job && role != Role::Trace => Err(Difference::Untracked.refusal()),
            Some(bytes) => {
                self.note(name, Difference::Untracked);
                Ok(bytes)
            }
        }
    }

    /// What the working tree has at a path of the repository. No link is
    /// followed.
    fn working(&self, inside: &str, role: Role) -> Result<Option<Vec<u8>>, Refusal> {
        let root = Root::at(self.repository.top());
        match root.open(&root.dir().join(inside)) {
            Ok(file) => limited(file, role).map(Some),
            Err(Refusal::Absent) => Ok(None),
            Err(Refusal::Directory) => Err(in_the_way(inside, inside, "a directory")),
            Err(other) => Err(other),
        }
    }

    /// Whether a sparse checkout leaves a file out.
    fn is_left_out(&self, inside: &str) -> Result<bool, Failure> {
        if self.index.get().is_none() {
            let index = self.repository.index()?;
            let _ = self.index.set(index);
        }
        let entry = self.index.get().and_then(|index| index.get(inside));
        Ok(entry.is_some_and(|entry| entry.left_out))
    }

    /// Whether there is a file at a path, or something that is in its way, so
    /// that reading it says what. A tracked file that was removed and not
    /// committed is not there, outside of a job.
    pub fn is_there(&self, path: &Path) -> bool {
        let Some(inside) = self.repository.path_of(path) else {
            return path.symlink_metadata().is_ok();
        };
        if self.tree.in_the_way(&inside).is_some() {
            return true;
        }
        let in_working_tree = || path.symlink_metadata().is_ok_and(|found| !found.is_dir());
        match self.tree.get(&inside) {
            None => !self.is_in_hook() && in_working_tree(),
            Some(_) if self.is_in_hook() || self.is_job => true,
            Some(_) => {
                let is_there = in_working_tree() || self.is_left_out(&inside).unwrap_or(true);
                if !is_there {
                    self.note(&input::display_name(path), Difference::Removed);
                }
                is_there
            }
        }
    }

    /// Whether a path is one of the files that are checked, and not behind a
    /// submodule or only in the working tree.
    pub fn is_tracked(&self, path: &Path) -> bool {
        let inside = self.repository.path_of(path);
        inside.is_some_and(|inside| self.tree.get(&inside).is_some())
    }

    /// Whether a path is a directory.
    pub fn is_dir(&self, path: &Path) -> bool {
        let inside = self.repository.path_of(path);
        let is_tracked = inside.is_some_and(|inside| self.tree.below(&inside).next().is_some());
        is_tracked || (!self.is_in_hook() && path.is_dir())
    }

    /// The files below a directory for which `wanted` is true, sorted: every
    /// one that is tracked, whatever hides it from people, and those of the
    /// working tree that git does not ignore. Links and submodules are among
    /// them, and so are files behind links: reading one says what it is.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn list(
        &self,
        dir: &Path,
        wanted: &dyn Fn(&Path) -> bool,
    ) -> Result<Vec<PathBuf>, Failure> {
        let mut found = BTreeSet::new();
        let Some(inside) = self.repository.path_of(dir) else {
            return input::walk(dir, wanted);
        };
        if self.tree.in_the_way(&inside).is_some() {
            // Whoever reads it is told what is in the way.
            return Ok(vec![dir.to_path_buf()]);
        }
        for odd in self.tree.odd() {
            let path = self.repository.in_working_tree(odd);
            if wanted(&path) {
                return Err(Failure {
                    input: odd.clone(),
                    message: ODD.to_owned(),
                });
            }
        }
        let mut left = links::MOST_BEHIND;
        for (path, entry) in self.tree.below(&inside) {
            let here = self.repository.in_working_tree(path);
            if wanted(&here) {
                if entry.kind != Kind::File || self.is_there(&here) {
                    found.insert(here);
                }
            } else if entry.kind == Kind::Link {
                // One of them says what is in the way of all.
                let behind = self.behind_link(path, &mut left)?;
                let behind = behind.into_iter();
                let mut behind = behind.map(|path| self.repository.in_working_tree(&path));
                found.extend(behind.find(|path| wanted(path)));
            }
        }
        if !self.is_in_hook() && dir.is_dir() {
            let is_untracked = |path: &Path| {
                let inside = self.repository.path_of(path);
                inside.is_none_or(|inside| self.tree.get(&inside).is_none())
            };
            found.extend(input::walk(dir, |path| wanted(path) && is_untracked(path))?);
        }
        Ok(found.into_iter().collect())
    }

    fn note(&self, name: &str, difference: Difference) {
        let mut differing = self.differing.borrow_mut();
        differing.insert(name.to_owned(), difference);
    }

    /// What a reader of the report must know of the files that were read: those
    /// that are checked though they are not committed, and those that are one
    /// file with another on some systems.
    pub fn findings(&self, sources: &mut SourceMap) -> Vec<Finding> {
        let mut findings = self.ambiguous(sources);
        findings.extend(self.notes(sources));
        findings
    }

    fn notes(&self, sources: &mut SourceMap) -> Vec<Finding> {
        let differing = self.differing.borrow();
        let each = differing.iter();
        each.map(|(name, difference)| {
            let message = format!("{name} {}", difference.says());
            let help = match difference {
                Difference::Removed => "the file counts as removed",
                _ => "the working file was checked",
            };
            let location = beginning(name, sources);
            Finding::new(RuleId::NotCommitted, Severity::Note, location, "", message).help(help)
        })
        .collect()
    }
}

/// Whether two files differ by line endings at most.
fn is_same_text(a: &[u8], b: &[u8]) -> bool {
    fn lines(bytes: &[u8]) -> impl Iterator<Item = u8> {
        let mut bytes = bytes.iter().copied().peekable();
        std::iter::from_fn(move || {
            let byte = bytes.next()?;
            if byte == b'\r' && bytes.peek() == Some(&b'\n') {
                return bytes.next();
            }
            Some(byte)
        })
    }
    a == b || lines(a).eq(lines(b))
}

fn in_the_way(at: &str, path: &str, what: &str) -> Refusal {
    Refusal::Forbidden(if at == path {
        format!("is {what}, and only a regular file is read here")
    } else {
        format!("is behind {at}, which is {what}")
    })
}

/// What git could not read.
fn unread(failure: Failure) -> Refusal {
    Refusal::Unreadable(io::Error::other(failure.message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_endings_are_no_difference_and_everything_else_is() {
        assert!(is_same_text(b"a\r\nb\n", b"a\nb\r\n"));
        for (a, b) in [
            ("a\n", "a"),
            ("a\rb", "a\nb"),
            ("a\r\r\n", "a\r\n\n"),
            ("a", "A"),
        ] {
            assert!(!is_same_text(a.as_bytes(), b.as_bytes()), "{a:?} {b:?}");
        }
    }
}
