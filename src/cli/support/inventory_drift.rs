//! The servers' own tools at the base: what has changed of them since.
//!
//! The inventory of a policy is the one that the base's configuration names: a
//! change that names another one, or none, is compared with it all the same.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::base::Base;
use super::configuration::Config;
use super::entries::Entries;
use super::files::Role;
use super::input;
use super::inventories;
use super::problems::Problems;
use super::workspace::Workspace;
use mcppolicy_analysis::diff::drift::{self, Level, Levels};
use mcppolicy_analysis::finding::{Finding, RuleId, Severity};
use mcppolicy_analysis::inventory::Inventory;
use mcppolicy_analysis::lint;
use mcppolicy_analysis::report::Failure;
use mcppolicy_engine::policy::Policy;
use mcppolicy_engine::source::{Location, SourceMap, Span};

/// The revision that inventories are compared with, and the levels of the
/// rules about what has changed since.
pub(crate) struct InventoryBase {
    base: Base,
    /// The configuration's entries there.
    entries: Option<Entries>,
    levels: Levels,
    /// The inventories there that have been read; none where one is invalid.
    then: RefCell<HashMap<PathBuf, Option<Rc<Inventory>>>>,
    /// The inventories of the change that have been read.
    now: RefCell<HashMap<PathBuf, Rc<Inventory>>>,
    /// The tools that have been compared, for each policy again.
    compared: Cell<usize>,
}

impl InventoryBase {
    /// The merge base of a change, which has this configuration.
    pub fn of(base: &Base, config: Option<Config>, settings: &lint::Settings) -> InventoryBase {
        InventoryBase {
            base: base.clone(),
            entries: config.map(Entries::of),
            levels: levels(settings),
            then: RefCell::default(),
            now: RefCell::default(),
            compared: Cell::new(0),
        }
    }

    /// What has changed since that revision of the tools of the server of the
    /// policy in `file`; nothing where that had no inventory, or an invalid one.
    ///
    /// # Errors
    /// When an inventory cannot be read now.
    pub fn drift(
        &self,
        workspace: &Workspace,
        file: &Path,
        policy: Option<&Policy>,
        sources: &mut SourceMap,
    ) -> Result<Vec<Finding>, Problems> {
        if policy.is_none() {
            return Ok(Vec::new());
        }
        let named_now = workspace.inventory_of(file);
        let entries = self.entries.as_ref();
        let named_then = entries.and_then(|entries| entries.inventory(file));
        let Some((path, old)) = self.old([&named_then, &named_now], sources)? else {
            return Ok(Vec::new());
        };
        // The one that the base names may be there as well as the one that the
        // change names in its place.
        let there = Some(path.clone())
            .filter(|path| workspace.is_there(path) && named_now.as_ref() != Some(path));
        let mut found: Vec<Finding> = Vec::new();
        let mut is_compared = false;
        for path in [named_now, there].into_iter().flatten() {
            let new = self.of_change(workspace, &path, sources)?;
            is_compared = true;
            let [before, after] = [&old, &new].map(|list| sources.get(list.file).text());
            if before == after {
                continue;
            }
            let compared = self.compared.get().saturating_add(new.names().count());
            self.compared.set(compared);
            if compared > inventories::MOST_GIVEN {
                let message = format!(
                    "is not compared with the base for further policies: those before have more \
                     than {} tools of inventories together",
                    inventories::MOST_GIVEN
                );
                let input = input::display_name(&path);
                return Err(Failure { input, message }.into());
            }
            let known: HashSet<String> = found.iter().map(|of| of.message.clone()).collect();
            let drift = drift::findings(&old, &new, policy, self.levels).into_iter();
            found.extend(drift.filter(|finding| !known.contains(&finding.message)));
        }
        if !is_compared {
            found.extend(self.taken_away(&path, &old));
        }
        Ok(found)
    }

    /// The inventory of the change at `path`.
    fn of_change(
        &self,
        workspace: &Workspace,
        path: &Path,
        sources: &mut SourceMap,
    ) -> Result<Rc<Inventory>, Problems> {
        if let Some(known) = self.now.borrow().get(path) {
            return Ok(Rc::clone(known));
        }
        let name = input::display_name(path);
        let file = workspace.file(path, None);
        let bytes = file.read(Role::Inventory);
        let bytes = bytes.map_err(|refusal| file.problem(&refusal, RuleId::Inventory, sources))?;
        let new = read(&name, &bytes, sources).map_err(|message| Failure {
            input: name,
            message,
        })?;
        let new = Rc::new(new);
        let mut known = self.now.borrow_mut();
        known.insert(path.to_path_buf(), Rc::clone(&new));
        Ok(new)
    }

    /// The first of these inventories that the revision has, where it is valid.
    fn old(
        &self,
        paths: [&Option<PathBuf>; 2],
        sources: &mut SourceMap,
    ) -> Result<Option<(PathBuf, Rc<Inventory>)>, Failure> {
        for path in paths.into_iter().flatten() {
            if let Some(known) = self.then.borrow().get(path) {
                return Ok(known.clone().map(|old| (path.clone(), old)));
            }
            if let Some((name, bytes)) = self.base.file(&self.base.before, path)? {
                let old = read(&name, &bytes, sources).ok().map(Rc::new);
                let mut known = self.then.borrow_mut();
                known.insert(path.clone(), old.clone());
                return Ok(old.map(|old| (path.clone(), old)));
            }
        }
        Ok(None)
    }

    /// The finding about an inventory that is gone, and that nothing replaces.
    fn taken_away(&self, path: &Path, old: &Inventory) -> Option<Finding> {
        let rule = RuleId::ChangedTool;
        let severity = match self.levels.changed {
            Level::Off => return None,
            Level::ByPolicy => rule.severity(),
            Level::On(severity) => severity,
        };
        let location = Location {
            file: old.file,
            span: Span::default(),
        };
        let name = input::display_name(path);
        let message = format!(
            "This change takes away the inventory `{name}`, so that no change of the server's \
             tools is seen any more"
        );
        let finding = Finding::new(rule, severity, location, "", message);
        Some(finding.help("keep it, or name another one in mcppolicy.toml"))
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
    let (inventory, problems) = inventories::valid(name, bytes, sources);
    let is_error = |problem: &&Finding| problem.severity == Severity::Error;
    inventory.ok_or_else(|| match problems.iter().find(is_error) {
        Some(problem) => format!("is no inventory: {}", problem.message),
        None => "is no inventory".to_owned(),
    })
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
