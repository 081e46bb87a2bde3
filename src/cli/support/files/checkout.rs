//! The state of a change that is checked.
//!
//! With a base, what is checked is what is committed: the blobs of the commit
//! that is checked out, or in a git hook those of the index. The working files
//! are looked at only to say where they differ. In a job that is an error,
//! because nobody edits there; elsewhere the working file is checked, and the
//! report says so. See docs/security.md.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::{Refusal, Role, Root, beginning};
use crate::cli::support::git::{Kind, Repository, Revision, Tree, TreeEntry};
use crate::cli::support::input;
use mcppolicy_analysis::finding::{Finding, RuleId, Severity};
use mcppolicy_analysis::report::Failure;
use mcppolicy_engine::source::SourceMap;

/// How a file of Git LFS begins.
const LFS: &[u8] = b"version https://git-lfs.github.com/spec/";

/// What is wrong with a path that no tree of git's own making has.
const ODD: &str = "has a name that is not UTF-8, leads elsewhere or is there twice";

/// How many pairs of a link and a file behind it are tried against patterns.
const MAX_BEHIND_LINKS: usize = 1_000_000;

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
fn is_job() -> bool {
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
            Some(entry) => self.tracked(&name, &inside, entry)?,
            None => self.untracked(&name, &inside, role)?,
        };
        if u64::try_from(bytes.len()).is_ok_and(|length| length > role.limit()) {
            return Err(Refusal::TooLarge(role));
        }
        Ok(bytes)
    }

    fn tracked(&self, name: &str, inside: &str, entry: &TreeEntry) -> Result<Vec<u8>, Refusal> {
        let committed = self.repository.read(name, &entry.blob).map_err(unread)?;
        let is_lfs = committed.starts_with(LFS);
        if is_lfs && (self.is_job || self.is_in_hook()) {
            return Err(Difference::Lfs.refusal());
        }
        if self.is_in_hook() {
            return Ok(committed);
        }
        match self.working(inside)? {
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
            false => self.working(inside)?,
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
    fn working(&self, inside: &str) -> Result<Option<Vec<u8>>, Refusal> {
        let file = self.repository.in_working_tree(inside);
        let root = Root::at(self.repository.top());
        match root.open(&root.dir().join(inside)) {
            Ok(mut opened) => {
                let mut bytes = Vec::new();
                opened.read_to_end(&mut bytes)?;
                Ok(Some(bytes))
            }
            Err(Refusal::Absent) => Ok(None),
            Err(Refusal::Directory) if file.is_dir() => {
                Err(in_the_way(inside, inside, "a directory"))
            }
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
        let mut left = MAX_BEHIND_LINKS;
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

    /// Where a path leads, see [`Tree::resolved`].
    fn resolved(&self, path: &str) -> Option<String> {
        self.tree.resolved(path, |entry| {
            let target = self.repository.read(path, &entry.blob).ok()?;
            String::from_utf8(target).ok()
        })
    }

    /// Links and submodules below a directory that stand where `may_hold` says
    /// that a directory may hold files that are wanted. A link to a file is none,
    /// nor one to a directory of this tree, whose files are listed otherwise.
    pub fn obstacles(&self, dir: &Path, may_hold: &dyn Fn(&Path) -> bool) -> Vec<PathBuf> {
        let Some(inside) = self.repository.path_of(dir) else {
            return Vec::new();
        };
        let is_obstacle = |path: &str, kind: Kind| match kind {
            Kind::Submodule => true,
            Kind::Link => match self.resolved(path) {
                None => true,
                Some(target) => self
                    .tree
                    .below(&target)
                    .any(|(_, entry)| entry.kind == Kind::Submodule),
            },
            Kind::File | Kind::Other => false,
        };
        let below = self.tree.below(&inside);
        let linked = below.filter(|(_, entry)| entry.kind != Kind::File);
        linked
            .map(|(path, entry)| (path, entry.kind, self.repository.in_working_tree(path)))
            .filter(|(path, kind, here)| may_hold(here) && is_obstacle(path, *kind))
            .map(|(_, _, here)| here)
            .collect()
    }

    /// A finding when the directory that a run begins in was at `base` reached
    /// by another name, which is now a link to it: then the run would look at
    /// what the link leads to, where the base has nothing.
    ///
    /// # Errors
    /// When git cannot list the files of the base.
    pub fn linked_start(
        &self,
        start: &Path,
        base: &Revision,
        sources: &mut SourceMap,
    ) -> Result<Option<Finding>, Failure> {
        let Some(inside) = self.repository.path_of(start) else {
            return Ok(None);
        };
        let then = self.repository.tree(base)?;
        for (path, entry) in self.tree.below("") {
            let is_new_link = entry.kind == Kind::Link && then.below(path).next().is_some();
            if !is_new_link {
                continue;
            }
            let leads_here = match self.resolved(path) {
                None => false,
                Some(target) => {
                    target.is_empty()
                        || inside == target
                        || inside.starts_with(&format!("{target}/"))
                }
            };
            if leads_here && then.below(&inside).next().is_none() {
                let message = format!(
                    "{path} is a symbolic link to the directory that this run begins in, and was \
                     a directory at {}",
                    base.name
                );
                let location = beginning(path, sources);
                let rule = RuleId::UnsafePath;
                let finding = Finding::new(rule, Severity::Error, location, "", message);
                return Ok(Some(finding));
            }
        }
        Ok(None)
    }

    /// The paths of tracked files as a link to their directory shows them.
    fn behind_link(&self, link: &str, left: &mut usize) -> Result<Vec<String>, Failure> {
        let Some(target) = self.resolved(link) else {
            return Ok(Vec::new());
        };
        let below = self.tree.below(&target);
        let shown = below.filter_map(|(path, _)| {
            let inside = path.strip_prefix(target.as_str())?;
            Some(format!("{link}/{}", inside.trim_start_matches('/')))
        });
        let shown: Vec<String> = shown.take(*left).collect();
        *left -= shown.len();
        if *left == 0 {
            return Err(Failure {
                input: link.to_owned(),
                message: format!(
                    "is one of so many links that more than {MAX_BEHIND_LINKS} files lie behind them"
                ),
            });
        }
        Ok(shown)
    }

    fn note(&self, name: &str, difference: Difference) {
        let mut differing = self.differing.borrow_mut();
        differing.insert(name.to_owned(), difference);
    }

    /// A finding when a path, as a directory that a person names, is a link or
    /// behind something that is no directory.
    pub fn start(&self, dir: &Path, sources: &mut SourceMap) -> Option<Finding> {
        let inside = self.repository.path_of(dir)?;
        let name = input::display_name(dir);
        let mut at = self.repository.top().to_path_buf();
        let linked = inside.split('/').find_map(|part| {
            at.push(part);
            let found = at.symlink_metadata().ok()?;
            found.is_symlink().then(|| self.repository.path_of(&at))?
        });
        let tracked = self.tree.in_the_way(&inside);
        let (at, what) = match (linked, tracked) {
            (_, Some((at, kind))) => (at.to_owned(), kind.name()),
            (Some(at), None) => (at, Kind::Link.name()),
            (None, None) => return None,
        };
        let message = if at == inside {
            format!("{name} is {what}, and a directory is needed")
        } else {
            format!("{name} is behind {at}, which is {what}")
        };
        let location = beginning(&name, sources);
        let rule = RuleId::UnsafePath;
        Some(Finding::new(rule, Severity::Error, location, "", message))
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

    /// Findings about two tracked files that are one file on some systems,
    /// because their names differ only in case or in how their characters are
    /// composed; one of them was read.
    fn ambiguous(&self, sources: &mut SourceMap) -> Vec<Finding> {
        let mut known: BTreeMap<String, &str> = BTreeMap::new();
        let read = self.read.borrow();
        let wanted: BTreeSet<String> = read.iter().map(|path| folded(path)).collect();
        // A directory on the way that is a file or a link in another case.
        let ways = read.iter().flat_map(|path| {
            let ends = path.match_indices('/').map(|(at, _)| at);
            ends.filter_map(move |end| path.get(..end))
        });
        for way in ways {
            known.insert(folded(way), way);
        }
        let ways: BTreeSet<String> = known.keys().cloned().collect();
        let mut findings = Vec::new();
        for (path, _) in self.tree.entries() {
            let folded = folded(path);
            if !wanted.contains(&folded) && !ways.contains(&folded) {
                continue;
            }
            if let Some(other) = known.insert(folded, path) {
                let message =
                    format!("{other} and {path} are one file where case or composition is ignored");
                let location = beginning(path, sources);
                let finding = Finding::new(
                    RuleId::AmbiguousPath,
                    Severity::Error,
                    location,
                    "",
                    message,
                );
                findings.push(finding.help("rename one of them"));
            }
        }
        findings
    }
}

/// A path as file systems see it that ignore case and composition.
fn folded(path: &str) -> String {
    use unicode_normalization::UnicodeNormalization as _;
    if path.is_ascii() {
        return path.to_ascii_lowercase();
    }
    // Upper case first: some characters have one lower form of their own and
    // share their upper form.
    let folded = path.nfd().collect::<String>().to_uppercase().to_lowercase();
    folded.nfc().collect()
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

    #[test]
    fn names_that_some_file_systems_take_for_one_fold_to_one() {
        for (a, b) in [
            ("Policies/policy.json", "policies/POLICY.json"),
            ("caf\u{e9}/policy.json", "CAFE\u{301}/policy.json"),
            ("\u{17f}ervers/policy.json", "servers/policy.json"),
            ("stra\u{df}e", "STRASSE"),
        ] {
            assert_eq!(folded(a), folded(b));
        }
        assert_ne!(folded("a/policy.json"), folded("a-policy.json"));
    }
}
