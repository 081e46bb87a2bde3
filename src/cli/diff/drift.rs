//! The servers' own tools at the base: what has changed of them since.

use std::path::Path;

use crate::cli::base::Base;
use crate::cli::git::{Entry, Repository, Revision};
use crate::cli::input;
use crate::cli::workspace::Workspace;
use crate::diagnostic::{Finding, Severity};
use crate::diff::drift;
use crate::inventory::Inventory;
use crate::policy::Policy;
use crate::report::Failure;

/// The revision that inventories are held against.
pub(in crate::cli) struct Then {
    pub repository: Repository,
    pub revision: Revision,
}

impl Then {
    /// The revision called `name` of the repository that the policies lie in.
    pub fn open(workspace: &Workspace, name: &str) -> Result<Then, Failure> {
        let repository = Repository::open(&workspace.home())?;
        let revision = repository.resolve(name)?;
        Ok(Then {
            repository,
            revision,
        })
    }

    /// Where a change parts from its base.
    pub fn of(workspace: &Workspace, base: &Base) -> Option<Then> {
        let repository = Repository::open(&workspace.home()).ok()?;
        Some(Then {
            repository,
            revision: base.before.clone(),
        })
    }

    /// What has changed since then of the tools that the configuration names
    /// for the policy in `file`; nothing where either side has no inventory.
    /// One that cannot be read now is a failure; one that could not be read
    /// then was so before the change.
    pub fn drift(
        &self,
        workspace: &mut Workspace,
        file: &Path,
        policy: Option<&Policy>,
    ) -> Result<Vec<Finding>, Failure> {
        let Some(path) = workspace.inventory_of(file) else {
            return Ok(Vec::new());
        };
        let Some((then, bytes)) = self.stored(&path)? else {
            return Ok(Vec::new());
        };
        let Ok(old) = read(workspace, &then, &bytes) else {
            return Ok(Vec::new());
        };
        let now = input::display_name(&path);
        let bytes = input::read(&path)?;
        match read(workspace, &now, &bytes) {
            Ok(new) => Ok(drift::findings(&old, &new, policy)),
            Err(message) => Err(Failure {
                input: now,
                message,
            }),
        }
    }

    /// A file as it was then, and what reports call it.
    fn stored(&self, path: &Path) -> Result<Option<(String, Vec<u8>)>, Failure> {
        let Some(inside) = self.repository.path_of(path) else {
            return Ok(None);
        };
        let Entry::File(blob) = self.repository.entry(&self.revision, &inside)? else {
            return Ok(None);
        };
        let name = format!("{}:{inside}", self.revision.name);
        let bytes = self.repository.read(&name, &blob)?;
        Ok(Some((name, bytes)))
    }
}

fn read(workspace: &mut Workspace, name: &str, bytes: &[u8]) -> Result<Inventory, String> {
    let (_, inventory, problems) = Inventory::read(&mut workspace.sources, name, bytes);
    let is_error = |problem: &&Finding| problem.severity == Severity::Error;
    match (problems.iter().find(is_error), inventory) {
        (None, Some(inventory)) => Ok(inventory),
        (Some(problem), _) => Err(format!("is no inventory: {}", problem.message)),
        (None, None) => Err("is no inventory".to_owned()),
    }
}
