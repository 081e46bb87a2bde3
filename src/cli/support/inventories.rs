//! The inventories that the command line or the configuration names for the
//! servers of policies, each read once.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::input;
use super::problems::Problems;
use super::workspace::{PolicyFile, Workspace, fill};
use mcppolicy_analysis::finding::Severity;
use mcppolicy_analysis::inventory::Inventory;
use mcppolicy_analysis::lint;
use mcppolicy_engine::source::SourceMap;

/// The inventories of a run.
#[derive(Debug, Default)]
pub(crate) struct Inventories {
    read: Vec<(PathBuf, Option<Arc<Inventory>>)>,
}

impl Inventories {
    /// The settings for one policy, which are those of the run with the policy's
    /// own categories, and the inventory of its server. `given` is the inventory of the command line, which
    /// comes before the configuration's. The problems of an inventory are
    /// returned the first time that it is read.
    pub fn settings_for(
        &mut self,
        workspace: &Workspace,
        file: &PolicyFile,
        given: Option<&Path>,
        settings: &lint::Settings,
        sources: &mut SourceMap,
    ) -> ((lint::Settings, Option<Arc<Inventory>>), Problems) {
        let mut settings = settings.clone();
        let entry = workspace.entry(file.entry);
        for (tool, category) in entry.iter().flat_map(|entry| &entry.categories) {
            settings.categories.configure(tool.clone(), *category);
        }
        let configured = || {
            let template = &entry?.inventory.as_ref()?.text;
            Some(fill(template, &workspace.root(), &file.path))
        };
        let mut problems = Problems::default();
        let path = given.map(Path::to_path_buf).or_else(configured);
        let inventory = path.and_then(|path| problems.keep(self.get(path, sources)));
        ((settings, inventory), problems)
    }

    /// Takes `inventory` for what is in a file that is not there.
    pub fn remember(&mut self, path: PathBuf, inventory: Option<Arc<Inventory>>) {
        if !self.read.iter().any(|(read, _)| *read == path) {
            self.read.push((path, inventory));
        }
    }

    fn get(
        &mut self,
        path: PathBuf,
        sources: &mut SourceMap,
    ) -> (Option<Arc<Inventory>>, Problems) {
        if let Some((_, known)) = self.read.iter().find(|(read, _)| *read == path) {
            return (known.clone(), Problems::default());
        }
        let (inventory, problems) = read(&path, sources);
        let inventory = inventory.map(Arc::new);
        self.read.push((path, inventory.clone()));
        (inventory, problems)
    }
}

/// Reads an inventory. One that has errors is not used: what is missing from
/// it would be reported as an error of the policy.
fn read(path: &Path, sources: &mut SourceMap) -> (Option<Inventory>, Problems) {
    let bytes = match input::read(path) {
        Ok(bytes) => bytes,
        Err(failure) => return (None, Problems::from(failure)),
    };
    let name = input::display_name(path);
    let (_, inventory, findings) = Inventory::read(sources, &name, &bytes);
    let mut severities = findings.iter().map(|finding| finding.severity);
    let is_broken = severities.any(|severity| severity == Severity::Error);
    let inventory = inventory.filter(|_| !is_broken);
    (inventory, Problems::from(findings))
}
