//! The servers' own tools at the base: what has changed of them since.

use std::path::Path;

use super::base::Base;
use super::files::Role;
use super::input;
use super::problems::Problems;
use super::workspace::Workspace;
use mcppolicy_analysis::diff::drift::{self, Level, Levels};
use mcppolicy_analysis::finding::{Finding, RuleId, Severity};
use mcppolicy_analysis::inventory::Inventory;
use mcppolicy_analysis::lint;
use mcppolicy_analysis::report::Failure;
use mcppolicy_engine::policy::Policy;
use mcppolicy_engine::source::SourceMap;

/// The revision that inventories are compared with, and the levels of the
/// rules about what has changed since.
pub(crate) struct InventoryBase {
    base: Base,
    levels: Levels,
}

impl InventoryBase {
    /// The merge base of a change.
    pub fn of(base: &Base, settings: &lint::Settings) -> InventoryBase {
        InventoryBase {
            base: base.clone(),
            levels: levels(settings),
        }
    }

    /// What has changed since that revision of the tools that the configuration
    /// names for the policy in `file`; nothing where either side has no
    /// inventory, or where the old one is invalid.
    ///
    /// # Errors
    /// When the inventory cannot be read now.
    pub fn drift(
        &self,
        workspace: &Workspace,
        file: &Path,
        policy: Option<&Policy>,
        sources: &mut SourceMap,
    ) -> Result<Vec<Finding>, Problems> {
        let Some(path) = workspace.inventory_of(file) else {
            return Ok(Vec::new());
        };
        let Some((then, bytes)) = self.base.file(&self.base.before, &path)? else {
            return Ok(Vec::new());
        };
        let Ok(old) = read(&then, &bytes, sources) else {
            return Ok(Vec::new());
        };
        let now = input::display_name(&path);
        let file = workspace.file(&path, None);
        let bytes = file.read(Role::Inventory);
        let bytes = bytes.map_err(|refusal| file.problem(&refusal, RuleId::Inventory, sources))?;
        match read(&now, &bytes, sources) {
            Ok(new) => Ok(drift::findings(&old, &new, policy, self.levels)),
            Err(message) => Err(Problems::from(Failure {
                input: now,
                message,
            })),
        }
    }
}

/// The levels of the rules of drift, as the linter's settings have them.
fn levels(settings: &lint::Settings) -> Levels {
    let of = |rule| match settings.level(rule) {
        None => Level::ByPolicy,
        Some(lint::Level::Off) => Level::Off,
        Some(lint::Level::On(severity)) => Level::On(severity),
    };
    Levels {
        changed: of(RuleId::ChangedTool),
        new: of(RuleId::NewTool),
        missing: of(RuleId::MissingTool),
    }
}

fn read(name: &str, bytes: &[u8], sources: &mut SourceMap) -> Result<Inventory, String> {
    let (_, inventory, problems) = Inventory::read(sources, name, bytes);
    let is_error = |problem: &&Finding| problem.severity == Severity::Error;
    match (problems.iter().find(is_error), inventory) {
        (None, Some(inventory)) => Ok(inventory),
        (Some(problem), _) => Err(format!("is no inventory: {}", problem.message)),
        (None, None) => Err("is no inventory".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Severity and rule of what has changed, one tool of each kind.
    fn found(settings: &lint::Settings) -> Vec<(RuleId, Severity)> {
        let mut map = SourceMap::new();
        let mut read = |text: &str| {
            let (_, inventory, _) = Inventory::read(&mut map, "tools.json", text.as_bytes());
            inventory.unwrap()
        };
        let old = read(r#"[{"name":"a","description":"Reads"},{"name":"gone"}]"#);
        let new = read(r#"[{"name":"a","description":"Reads all"},{"name":"new"}]"#);
        let policy = br#"{"version":"1","default":"deny","tools":{"a":{}}}"#;
        let policy = Policy::from_json(policy).unwrap();
        let found = drift::findings(&old, &new, Some(&policy), levels(settings));
        found.iter().map(|f| (f.rule, f.severity)).collect()
    }

    #[test]
    fn the_rules_of_drift_have_the_levels_of_the_catalogue_unless_they_are_set() {
        let mut settings = lint::Settings::new();
        let usual = [RuleId::MissingTool, RuleId::ChangedTool, RuleId::NewTool]
            .map(|rule| (rule, rule.severity()));
        assert_eq!(found(&settings), usual);
        let mut set = |rule, level| settings.set_level(rule, level);
        set(RuleId::ChangedTool, lint::Level::Off);
        set(RuleId::NewTool, lint::Level::On(Severity::Error));
        set(RuleId::MissingTool, lint::Level::On(Severity::Warning));
        let expected = [
            (RuleId::MissingTool, Severity::Warning),
            (RuleId::NewTool, Severity::Error),
        ];
        assert_eq!(found(&settings), expected);
    }
}
