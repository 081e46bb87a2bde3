//! The base of a change.
//!
//! A change must not switch off the settings that it is checked with, so `ci`
//! reads two commits beside the working tree: the *tip* of the base, whose
//! settings and approvals are in force, and the *merge base*, with which the
//! policies are compared. A branch that begins at an old commit is compared
//! with that commit, under the settings that are in force today.

use std::path::{Path, PathBuf};

use super::configuration::{self, Config};
use super::git::{Blob, Entry, Repository, Revision};
use mcppolicy_analysis::report::Failure;
use mcppolicy_engine::source::SourceMap;

/// The base of a change.
#[derive(Debug)]
pub(crate) struct Base {
    repository: Repository,
    /// The merge base.
    pub before: Revision,
    /// What the user named.
    pub tip: Revision,
}

impl Base {
    /// The base that `name` means to what is checked out in `start`.
    ///
    /// # Errors
    /// When that is no repository, or the revision or the history down to it is
    /// not there.
    pub fn open(start: &Path, name: &str) -> Result<Base, Failure> {
        // A change may have removed the directory.
        let there = start.ancestors().find(|dir| dir.is_dir());
        let repository = Repository::open(there.unwrap_or(start))?;
        let tip = repository.resolve(name)?;
        let before = repository.merge_base(&tip)?;
        Ok(Base {
            repository,
            before,
            tip,
        })
    }

    /// The configuration that a revision has for `start`: the nearest one
    /// upward. What is wrong with it was wrong before the change, and is not
    /// returned.
    pub fn config(
        &self,
        revision: &Revision,
        start: &Path,
        sources: &mut SourceMap,
    ) -> Result<Option<Config>, Failure> {
        let Some(inside) = self.repository.path_of(start) else {
            return Ok(None);
        };
        let (mut dir, mut inside) = (start.to_path_buf(), inside);
        loop {
            let path = match inside.as_str() {
                "" => configuration::NAME.to_owned(),
                inside => format!("{inside}/{}", configuration::NAME),
            };
            if let Entry::File(blob) = self.repository.entry(revision, &path)? {
                let name = format!("{}:{path}", revision.name);
                let bytes = self.repository.read(&name, &blob)?;
                let (config, _) = configuration::parse(dir, &name, &bytes, sources);
                return Ok(Some(config));
            }
            if inside.is_empty() || !dir.pop() {
                return Ok(None);
            }
            let above = inside.rsplit_once('/').map(|(above, _)| above.to_owned());
            inside = above.unwrap_or_default();
        }
    }

    /// The file at a path of the merge base, or the files below it that are
    /// `wanted`, in the working tree's names.
    ///
    /// # Errors
    /// When git cannot read it, or a link is on the way.
    pub fn files(
        &self,
        path: &Path,
        wanted: impl Fn(&Path) -> bool,
    ) -> Result<Vec<(PathBuf, Blob)>, Failure> {
        let Some(inside) = self.repository.path_of(path) else {
            return Ok(Vec::new());
        };
        match self.repository.entry(&self.before, &inside)? {
            Entry::Absent => Ok(Vec::new()),
            Entry::File(blob) => Ok(vec![(path.to_path_buf(), blob)]),
            Entry::Directory(tree) => {
                let files = self.repository.files(&self.before, &tree, wanted)?;
                let files = files.into_iter();
                Ok(files.map(|(at, blob)| (path.join(at), blob)).collect())
            }
        }
    }

    /// The bytes of one of [`files`](Self::files).
    ///
    /// # Errors
    /// When git cannot read them.
    pub fn read(&self, file: &Path, blob: &Blob) -> Result<Vec<u8>, Failure> {
        let name = format!("{}:{}", self.before.name, file.display());
        self.repository.read(&name, blob)
    }

    /// A file's bytes at a revision and the name to show for them; none where
    /// there is no such file.
    pub fn file(
        &self,
        revision: &Revision,
        file: &Path,
    ) -> Result<Option<(String, Vec<u8>)>, Failure> {
        self.repository.file(revision, file)
    }
}
