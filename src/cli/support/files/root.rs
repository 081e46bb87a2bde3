//! Opening what lies below a directory, with no link on the way.

use std::ffi::OsStr;
use std::fs::File;
use std::path::{Component, Path, PathBuf};

use super::dir::{Dir, Kind, link};
use super::{Refusal, regular, special};
use crate::cli::support::input;

/// A directory that paths inside files must stay in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Root {
    /// Absolute, without links.
    dir: PathBuf,
}

/// What the kernel shows as files.
const KERNEL: [&str; 3] = ["/proc", "/sys", "/dev"];
/// Memory that is used as a disk, and may hold a checkout.
const MEMORY: &str = "/dev/shm";

impl Root {
    /// The directory `dir` itself.
    pub fn at(dir: &Path) -> Root {
        let absolute = std::path::absolute(dir).unwrap_or_else(|_| dir.to_path_buf());
        Root {
            dir: absolute.canonicalize().unwrap_or(absolute),
        }
    }

    /// The top of the repository that `dir` lies in, else `dir`.
    pub fn around(dir: &Path) -> Root {
        let own = Root::at(dir);
        let mut above = own.dir.ancestors();
        let top = above.find(|dir| dir.join(".git").symlink_metadata().is_ok());
        Root {
            dir: top.unwrap_or(&own.dir).to_path_buf(),
        }
    }

    /// Where it is.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Opens a regular file below the root.
    ///
    /// The way is walked from the root, one directory after the other, and a
    /// link is refused at each step. Opening a pipe does not wait.
    ///
    /// # Errors
    /// Why it is not read. Nothing has been read by then.
    pub fn open(&self, path: &Path) -> Result<File, Refusal> {
        let inside = self.inside(path)?;
        let parts: Vec<&OsStr> = inside.iter().collect();
        let Some((name, parents)) = parts.split_last() else {
            return Err(Refusal::Directory);
        };
        let mut dir = Dir::at(&self.dir)?;
        for part in parents {
            dir = dir.below(part)?;
        }
        // Opening some devices does something, so that the kind is asked first.
        match dir.kind(name)? {
            Kind::File => {}
            Kind::Directory => return Err(Refusal::Directory),
            Kind::Link => return Err(link(name)),
            other => return Err(special(other)),
        }
        regular(dir.reader(name)?)
    }

    /// Whether `path` is a directory below the root, or the root.
    ///
    /// # Errors
    /// A path that leads out of the root, or over a link.
    pub fn is_dir(&self, path: &Path) -> Result<bool, Refusal> {
        let inside = self.inside(path)?;
        let mut at = self.dir.clone();
        for part in &inside {
            at.push(part);
            match at.symlink_metadata() {
                Ok(data) if data.is_dir() => {}
                Ok(data) if data.is_symlink() => return Err(link(part)),
                _ => return Ok(false),
            }
        }
        Ok(true)
    }

    /// The path from the root, spelled out.
    ///
    /// # Errors
    /// A path that leads out, into git's own directory, or to what the kernel
    /// shows as files.
    fn inside(&self, path: &Path) -> Result<PathBuf, Refusal> {
        let forbidden = |why: String| Err(Refusal::Forbidden(why));
        let spelled = spelling(path);
        let Some(inside) = self.strip(&spelled) else {
            let root = match input::display_name(&self.dir).as_str() {
                "." => "the working directory".to_owned(),
                root => root.to_owned(),
            };
            return forbidden(format!("leads out of {root}"));
        };
        let is_kernel = |dir: &&str| self.dir.join(&inside).starts_with(dir);
        if KERNEL.iter().any(is_kernel) && !self.dir.starts_with(MEMORY) {
            return forbidden("is no file of a disk".to_owned());
        }
        if inside.iter().any(is_git) {
            return forbidden("lies in git's own directory".to_owned());
        }
        Ok(inside)
    }

    /// What is left of an absolute path behind the root, which a person may
    /// have reached over a link above it.
    fn strip(&self, path: &Path) -> Option<PathBuf> {
        if let Ok(inside) = path.strip_prefix(&self.dir) {
            return Some(inside.to_path_buf());
        }
        // The outermost one: a link further in may lead back to the root.
        let above: Vec<&Path> = path.ancestors().collect();
        let is_root = |dir: &&&Path| dir.canonicalize().is_ok_and(|dir| dir == self.dir);
        let root = above.iter().rev().find(is_root)?;
        Some(path.strip_prefix(root).ok()?.to_path_buf())
    }
}

/// A path as one of its spellings, to tell whether two are the same: absolute,
/// without `.` and `..`.
pub(crate) fn spelling(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path);
    spelled_out(&absolute.unwrap_or_else(|_| path.to_path_buf()))
}

/// An absolute path without `..`, as its text says and not as links lead.
pub(crate) fn spelled_out(path: &Path) -> PathBuf {
    let mut spelled = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                spelled.pop();
            }
            Component::CurDir => {}
            other => spelled.push(other),
        }
    }
    spelled
}

/// Whether some file system takes this name for `.git`: letters may have
/// either case, macOS ignores characters that show nothing, and Windows ignores
/// dots and spaces at the end and has a short name.
fn is_git(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    let name = name.split(':').next().unwrap_or_default();
    let shown = name.chars().filter(|c| !is_ignored(*c));
    let shown: String = shown.flat_map(char::to_lowercase).collect();
    matches!(shown.trim_end_matches(['.', ' ']), ".git" | "git~1")
}

/// The characters that HFS+ ignores in names, as git lists them.
fn is_ignored(c: char) -> bool {
    matches!(
        c,
        '\u{200C}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{206A}'..='\u{206F}' | '\u{FEFF}'
    )
}
