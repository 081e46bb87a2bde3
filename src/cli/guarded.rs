//! The servers that policies guard: the inventories that the command line or
//! the configuration names, each read once.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::input;
use super::workspace::{PolicyFile, Workspace, fill};
use mcppolicy_analysis::finding::{Finding, Severity};
use mcppolicy_analysis::inventory::Inventory;
use mcppolicy_analysis::lint;

/// The inventories of a run.
#[derive(Debug, Default)]
pub(super) struct Inventories {
    read: Vec<(PathBuf, Option<Arc<Inventory>>)>,
}

impl Inventories {
    /// The settings for one policy, which are those of the run with the
    /// policy's own categories, and the inventory of its server. `given` is the
    /// inventory of the command line, which comes before the configuration's.
    /// What is wrong with an inventory is added to `findings` when it is read, and
    /// one that cannot be read to the failures.
    pub fn settings_for(
        &mut self,
        workspace: &mut Workspace,
        file: &PolicyFile,
        given: Option<&Path>,
        settings: &lint::Settings,
        findings: &mut Vec<Finding>,
    ) -> (lint::Settings, Option<Arc<Inventory>>) {
        let configured = || {
            let template = &workspace.entry(file.entry)?.inventory.as_ref()?.text;
            Some(fill(template, &workspace.root(), &file.path))
        };
        let mut settings = settings.clone();
        let entry = workspace.entry(file.entry);
        for (tool, category) in entry.iter().flat_map(|entry| &entry.categories) {
            settings.categories.configure(tool.clone(), *category);
        }
        let path = given.map(Path::to_path_buf).or_else(configured);
        let inventory = path.and_then(|path| self.get(workspace, path, findings));
        (settings, inventory)
    }

    fn get(
        &mut self,
        workspace: &mut Workspace,
        path: PathBuf,
        findings: &mut Vec<Finding>,
    ) -> Option<Arc<Inventory>> {
        if let Some((_, known)) = self.read.iter().find(|(read, _)| *read == path) {
            return known.clone();
        }
        let inventory = read(workspace, &path, findings).map(Arc::new);
        self.read.push((path, inventory.clone()));
        inventory
    }
}

/// One that has errors is not used: what is missing from it would be held
/// against the policy.
fn read(workspace: &mut Workspace, path: &Path, findings: &mut Vec<Finding>) -> Option<Inventory> {
    let bytes = match input::read(path) {
        Ok(bytes) => bytes,
        Err(failure) => {
            workspace.failures.push(failure);
            return None;
        }
    };
    let name = input::display_name(path);
    let (_, inventory, problems) = Inventory::read(&mut workspace.sources, &name, &bytes);
    let is_broken = problems
        .iter()
        .any(|problem| problem.severity == Severity::Error);
    findings.extend(problems);
    inventory.filter(|_| !is_broken)
}
