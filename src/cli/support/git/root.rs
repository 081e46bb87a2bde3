//! Finding the repository: its top directory and its git directory, once, from
//! the working directory upward.
//!
//! A directory that only looks like a repository is none: to git, one with
//! `HEAD`, `objects/` and `refs/` is a bare repository, and a change may commit
//! such a directory. So only a `.git` counts, which no commit can contain.

use std::path::{Path, PathBuf};

use super::run::{Git, Problem, answered_path};
use mcppolicy_analysis::report::Failure;

/// Where a repository is.
#[derive(Debug)]
pub(super) struct Root {
    /// The top directory, as it was reached.
    pub top: PathBuf,
    pub git_dir: PathBuf,
    /// What linked worktrees have in common.
    pub common_dir: PathBuf,
    /// The repository that this one is a submodule of.
    pub superproject: Option<PathBuf>,
}

/// The nearest directory upward that has a `.git`.
fn with_git(dir: &Path) -> Option<&Path> {
    dir.ancestors()
        .find(|above| above.join(".git").symlink_metadata().is_ok())
}

impl Root {
    /// The repository of the working directory when `start` lies in it, else
    /// that of `start`, which a person named.
    ///
    /// # Errors
    /// When there is none, or when git does not agree that it is one.
    pub fn find(start: &Path) -> Result<Root, Failure> {
        let failed = |message: String| Failure {
            input: "git".to_owned(),
            message,
        };
        let here = std::env::current_dir().unwrap_or_default();
        let start = std::path::absolute(start).unwrap_or_else(|_| start.to_path_buf());
        let of_here = with_git(&here).filter(|top| start.starts_with(top));
        let top = of_here.or_else(|| with_git(&start));
        let top = top.ok_or_else(|| failed("not a git repository".to_owned()))?;

        let git = Git {
            top: top.to_path_buf(),
            dir: None,
            common_dir: None,
            index: None,
        };
        // Git looks at who owns the repository only as long as nobody says
        // where it is.
        let answer = git.run(&[
            "rev-parse",
            "--absolute-git-dir",
            "--git-common-dir",
            "--show-toplevel",
        ]);
        let answer = answer.map_err(Problem::explain).map_err(failed)?;
        let answer = String::from_utf8(answer)
            .map_err(|_| failed("the repository's path is not UTF-8".to_owned()))?;
        let lines: Vec<&str> = answer.lines().collect();
        let [git_dir, common_dir, toplevel] = lines.as_slice() else {
            return Err(failed(
                "this is not the working tree of a repository".to_owned(),
            ));
        };
        let [git_dir, common_dir, toplevel] =
            [git_dir, common_dir, toplevel].map(|path| answered_path(path, top));
        let is_same = |a: &Path, b: &Path| match (a.canonicalize(), b.canonicalize()) {
            (Ok(a), Ok(b)) => a == b,
            _ => false,
        };
        if !is_same(&toplevel, top) {
            let message = format!(
                "git takes {} for the working tree of the repository in {}",
                toplevel.display(),
                top.display()
            );
            return Err(failed(message));
        }
        let superproject = superproject(top, &git_dir);
        Ok(Root {
            top: top.to_path_buf(),
            git_dir,
            common_dir,
            superproject,
        })
    }
}

/// The repository above whose git directory contains this one's.
fn superproject(top: &Path, git_dir: &Path) -> Option<PathBuf> {
    let git_dir = git_dir.canonicalize().ok()?;
    let is_module = |above: &&Path| {
        let Some(dir) = git_dir_of(above).and_then(|dir| dir.canonicalize().ok()) else {
            return false;
        };
        git_dir.starts_with(dir.join("modules"))
    };
    let above = top.parent()?;
    above.ancestors().find(is_module).map(Path::to_path_buf)
}

/// The git directory that the `.git` of a directory is or names.
fn git_dir_of(dir: &Path) -> Option<PathBuf> {
    let entry = dir.join(".git");
    if entry.is_dir() {
        return Some(entry);
    }
    let text = std::fs::read_to_string(&entry).ok()?;
    let named = text.lines().next()?.strip_prefix("gitdir: ")?;
    Some(dir.join(named))
}
