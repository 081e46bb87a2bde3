//! The inventories that the command line or the configuration names for the
//! servers of policies, each read once.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::files::{InputFile, Role};
use super::listing::fill;
use super::problems::Problems;
use super::workspace::{PolicyFile, Workspace};
use mcppolicy_analysis::finding::{Finding, RuleId, Severity};
use mcppolicy_analysis::inventory::Inventory;
use mcppolicy_analysis::inventory::category::Categories;
use mcppolicy_analysis::lint;
use mcppolicy_analysis::report::Failure;
use mcppolicy_engine::source::SourceMap;

/// The inventories of a run.
#[derive(Debug, Default)]
pub(crate) struct Inventories {
    read: HashMap<PathBuf, Known>,
    /// The tools of all inventories that policies were given again.
    given_again: usize,
}

/// How many tools the inventories may have, for all policies together that share one:
/// each policy is held against each tool.
pub(crate) const MOST_GIVEN: usize = 5_000_000;

/// An inventory that was read, and the categories of its tools.
#[derive(Debug, Clone, Default)]
struct Known {
    inventory: Option<Arc<Inventory>>,
    categories: Categories,
}

impl Known {
    fn new(inventory: Option<Arc<Inventory>>) -> Known {
        let mut categories = Categories::new();
        if let Some(inventory) = &inventory {
            categories.learn(inventory);
        }
        Known {
            inventory,
            categories,
        }
    }
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
            let setting = entry?.inventory.as_ref()?;
            let path = fill(&setting.text, &workspace.root(), &file.path);
            Some(workspace.file(path, Some(setting.location)))
        };
        let mut problems = Problems::default();
        let named = given.map(InputFile::of_person).or_else(configured);
        let known = named.map(|file| problems.keep(self.get(&file, sources)));
        let known = known.unwrap_or_default();
        settings.categories.learn_from(&known.categories);
        ((settings, known.inventory), problems)
    }

    /// Takes `inventory` for what is in a file that is not there.
    pub fn remember(&mut self, path: PathBuf, inventory: Option<Arc<Inventory>>) {
        let known = self.read.entry(path);
        known.or_insert_with(|| Known::new(inventory));
    }

    fn get(&mut self, file: &InputFile, sources: &mut SourceMap) -> (Known, Problems) {
        if let Some(known) = self.read.get(file.path()) {
            let before = self.given_again;
            let tools = known.inventory.iter().map(|list| list.names().count());
            self.given_again = before.saturating_add(tools.sum());
            if self.given_again <= MOST_GIVEN {
                return (known.clone(), Problems::default());
            }
            let failure = (before <= MOST_GIVEN).then(|| Failure {
                input: file.name(),
                message: format!(
                    "is not used for further policies: those before have more than \
                     {MOST_GIVEN} tools of inventories together"
                ),
            });
            let problems = failure.map(Problems::from).unwrap_or_default();
            return (Known::default(), problems);
        }
        let (inventory, problems) = read(file, sources);
        let known = Known::new(inventory.map(Arc::new));
        self.read.insert(file.path().to_path_buf(), known.clone());
        (known, problems)
    }
}

/// Reads an inventory. One that has errors is not used: what is missing from
/// it would be reported as an error of the policy.
fn read(file: &InputFile, sources: &mut SourceMap) -> (Option<Inventory>, Problems) {
    let bytes = match file.read(Role::Inventory) {
        Ok(bytes) => bytes,
        Err(refusal) => return (None, file.problem(&refusal, RuleId::Inventory, sources)),
    };
    let (inventory, findings) = valid(&file.name(), &bytes, sources);
    (inventory, Problems::from(findings))
}

/// The inventory in the bytes of a file, where it has no errors, and what is wrong
/// with it.
pub(crate) fn valid(
    name: &str,
    bytes: &[u8],
    sources: &mut SourceMap,
) -> (Option<Inventory>, Vec<Finding>) {
    let (_, inventory, findings) = Inventory::read(sources, name, bytes);
    let is_broken = findings.iter().any(|of| of.severity == Severity::Error);
    (inventory.filter(|_| !is_broken), findings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inventory_of_too_many_policies_is_used_no_more_and_that_is_said_once() {
        let file = InputFile::of_person(Path::new("tools.json"));
        let mut sources = SourceMap::new();
        let text = br#"{"tools": [{"name": "t", "inputSchema": {"type": "object"}}]}"#;
        let (list, _) = valid("tools.json", text, &mut sources);
        let mut inventories = Inventories::default();
        inventories.remember(file.path().to_path_buf(), list.map(Arc::new));
        inventories.given_again = MOST_GIVEN - 1;
        let mut given = || {
            let (known, problems) = inventories.get(&file, &mut sources);
            (known.inventory.is_some(), problems.failures.len())
        };
        assert_eq!(
            [given(), given(), given()],
            [(true, 0), (false, 1), (false, 0)]
        );
    }
}
