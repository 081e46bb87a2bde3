//! Links and submodules on the way to what a run looks at.

use std::path::{Path, PathBuf};

use super::super::beginning;
use super::Checkout;
use crate::cli::support::git::{Kind, Revision};
use crate::cli::support::input;
use mcppolicy_analysis::finding::{Finding, RuleId, Severity};
use mcppolicy_analysis::report::Failure;
use mcppolicy_engine::source::SourceMap;

/// How many pairs of a link and a file behind it are tried against patterns.
pub(super) const MOST_BEHIND: usize = 1_000_000;

impl Checkout {
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
    pub(super) fn behind_link(&self, link: &str, left: &mut usize) -> Result<Vec<String>, Failure> {
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
                    "is one of so many links that more than {MOST_BEHIND} files lie behind them"
                ),
            });
        }
        Ok(shown)
    }
}
