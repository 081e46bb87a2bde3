//! The base of a change.
//!
//! A change must not switch off the settings that it is checked with, so `ci`
//! reads other commits beside the one that is checked: the *tip* of the base,
//! whose settings and approvals are in force, and the *merge base*, with which
//! the policies are compared. A branch that begins at an old commit is compared
//! with that commit, under the settings that are in force today. Where each side
//! has merged the other's history there are several merge bases, and the change
//! is compared with each.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::configuration::{self, Config};
use super::files::{Checkout, beginning};
use super::git::{Blob, Entry, Repository, Revision};
use super::problems::Problems;
use mcppolicy_analysis::finding::{Finding, RuleId, Severity};
use mcppolicy_analysis::report::Failure;
use mcppolicy_engine::source::SourceMap;

/// The base of a change.
#[derive(Debug, Clone)]
pub(crate) struct Base {
    checkout: Rc<Checkout>,
    /// A merge base.
    pub before: Revision,
    /// The other merge bases.
    others: Vec<Revision>,
    /// What the user named.
    pub tip: Revision,
}

/// What a base is to be opened for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    /// Where the run begins.
    pub start: &'a Path,
    /// The revision.
    pub name: &'a str,
    /// Whether a submodule is meant where the start lies in one.
    pub submodule: bool,
}

impl Base {
    /// The base that a name means to what is checked out.
    ///
    /// # Errors
    /// When there is no repository, or the revision or the history down to it is
    /// not there.
    pub fn open(asked: Asked<'_>, sources: &mut SourceMap) -> Result<Base, Problems> {
        let base = Base::at(asked, sources)?;
        let mut bases = base.repository().merge_bases(&base.tip)?.into_iter();
        let before = bases.next();
        for revision in before.iter().chain([&base.tip]) {
            let linked = base.checkout.linked_start(asked.start, revision, sources)?;
            if let Some(finding) = linked {
                return Err(Problems::from(vec![finding]));
            }
        }
        Ok(Base {
            before: before.unwrap_or_else(|| base.tip.clone()),
            others: bases.collect(),
            ..base
        })
    }

    /// The revision itself as the base, whatever its history.
    ///
    /// # Errors
    /// When there is no repository, or the revision is not there.
    pub fn at(asked: Asked<'_>, sources: &mut SourceMap) -> Result<Base, Problems> {
        let repository = Rc::new(Repository::open(asked.start)?);
        if let Some(superproject) = repository.superproject()
            && !asked.submodule
        {
            return Err(Problems::from(vec![is_submodule(superproject, sources)]));
        }
        let tip = repository.resolve(asked.name)?;
        let checkout = Rc::new(Checkout::open(repository)?);
        if let Some(finding) = checkout.start(asked.start, sources) {
            return Err(Problems::from(vec![finding]));
        }
        Ok(Base {
            checkout,
            before: tip.clone(),
            others: Vec::new(),
            tip,
        })
    }

    /// What is checked.
    pub fn checkout(&self) -> &Rc<Checkout> {
        &self.checkout
    }

    /// The repository.
    pub fn repository(&self) -> &Rc<Repository> {
        self.checkout.repository()
    }

    /// The base once for each merge base.
    pub fn each(&self) -> Vec<Base> {
        let all = std::iter::once(&self.before).chain(&self.others);
        let with = |before: &Revision| Base {
            before: before.clone(),
            others: Vec::new(),
            ..self.clone()
        };
        all.map(with).collect()
    }

    /// Whether what is checked is no other than each merge base.
    ///
    /// # Errors
    /// When git cannot list the files of a merge base.
    pub fn is_what_is_checked(&self) -> Result<bool, Failure> {
        for base in self.each() {
            if self.checkout.differs_from(&base.before)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The configuration that a revision has for `start`: the nearest one
    /// upward. What is wrong with it was wrong before the change, and is not
    /// returned.
    ///
    /// # Errors
    /// When git cannot read it.
    pub fn config(
        &self,
        revision: &Revision,
        start: &Path,
        sources: &mut SourceMap,
    ) -> Result<Option<Config>, Failure> {
        let repository = self.repository();
        let Some(inside) = repository.path_of(start) else {
            return Ok(None);
        };
        let (mut dir, mut inside) = (start.to_path_buf(), inside);
        loop {
            let path = match inside.as_str() {
                "" => configuration::NAME.to_owned(),
                inside => format!("{inside}/{}", configuration::NAME),
            };
            if let Entry::File(blob) = repository.entry(revision, &path)? {
                let name = format!("{}:{path}", revision.name);
                let bytes = repository.read(&name, &blob)?;
                let (mut config, _) = configuration::parse(dir, &name, &bytes, sources);
                config.checkout = Some(Rc::clone(&self.checkout));
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
        let repository = self.repository();
        let Some(inside) = repository.path_of(path) else {
            return Ok(Vec::new());
        };
        match repository.entry(&self.before, &inside)? {
            Entry::Absent => Ok(Vec::new()),
            Entry::File(blob) => Ok(vec![(path.to_path_buf(), blob)]),
            Entry::Directory => {
                let files = repository.files(&self.before, &inside, wanted)?;
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
        self.repository().read(&name, blob)
    }

    /// A file's bytes at a revision and the name to show for them; none where
    /// there is no such file.
    ///
    /// # Errors
    /// When git cannot read it.
    pub fn file(
        &self,
        revision: &Revision,
        file: &Path,
    ) -> Result<Option<(String, Vec<u8>)>, Failure> {
        self.repository().file(revision, file)
    }
}

/// A finding that the history of a submodule says nothing about the change.
fn is_submodule(superproject: &Path, sources: &mut SourceMap) -> Finding {
    let message = format!(
        "This is a submodule of {}, whose changes decide what it contains",
        superproject.display()
    );
    let location = beginning("git", sources);
    let help =
        "run in the superproject, or give --submodule to compare the submodule's own history";
    let rule = RuleId::UnsafePath;
    Finding::new(rule, Severity::Error, location, "", message).help(help)
}
