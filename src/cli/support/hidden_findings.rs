//! Findings that the settings of a change hide.
//!
//! Each policy is linted with the settings of the base, too: what that finds and
//! the run does not is hidden by the change. A finding that the change suppresses,
//! one value at one place with a reason, is not hidden but accepted.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use super::base::Base;
use super::configuration::{Config, Entry};
use super::entries::Entries;
use super::held_settings::{HeldSettings, accepts};
use super::inventories;
use super::linter::Linter;
use super::listing::{fill, fill_dirname};
use super::workspace::{PolicyFile, Workspace};
use mcppolicy_analysis::finding::{Class, Finding, FindingStatus, RuleId, Severity};
use mcppolicy_analysis::inventory::Inventory;
use mcppolicy_analysis::report::Findings;
use mcppolicy_engine::source::SourceMap;

/// What the base holds the findings of a change to.
pub(crate) struct HiddenFindings {
    /// The change with the configuration of the base.
    held: Workspace,
    entries: Entries,
    linter: Linter,
    /// The linter with the levels of the change, where it alters these.
    own: Option<Linter>,
    /// What suppressions of the base accept.
    suppressed: HashSet<String>,
    /// Whether the change alters categories for all policies.
    recategorises: bool,
}

impl HiddenFindings {
    /// What `held` says of the change in `workspace`.
    pub fn new(workspace: &Workspace, mut held: HeldSettings) -> HiddenFindings {
        // Of a policy that the base lists nowhere, it says nothing.
        let own = workspace.config.iter().flat_map(|config| &config.policies);
        held.config.policies.extend(own.cloned());
        let suppressed = held.config.suppressions.iter().map(accepts).collect();
        let recategorises = match &workspace.config {
            Some(config) => categories(config) != categories(&held.config),
            None => true,
        };
        HiddenFindings {
            entries: Entries::of(held.config.clone()),
            held: workspace.configured_by(held.config),
            linter: Linter::new(held.lint),
            own: held.own.map(Linter::new),
            suppressed,
            recategorises,
        }
    }

    /// Adds to the findings about a policy those that the change hides, and marks
    /// those that its levels hide.
    pub fn add_to(
        &mut self,
        workspace: &Workspace,
        base: &Base,
        file: &PolicyFile,
        findings: &mut Findings,
        sources: &mut SourceMap,
    ) {
        if let Some(own) = &mut self.own {
            // Problems with files are reported where the run reads them.
            let (with, _) = own.for_policy(workspace, file, sources);
            let list = own.findings_of(workspace, file, &with, sources).list;
            let mut own = Shown::of(&list);
            let shown = |of: &&mut Finding| is_of_lint(of) && of.status != FindingStatus::Hidden;
            for finding in findings.list.iter_mut().filter(shown) {
                if !own.take(finding).is_some_and(|as_much| as_much) {
                    *finding = finding.clone().hidden_by_change();
                }
            }
        }
        if self.alters(workspace, file) {
            let held = self.held_findings(workspace, base, file, sources);
            let mut shown = Shown::of(&findings.list);
            let accepted = findings.suppressed_list.iter().map(|of| &of.finding);
            let mut accepted = Shown::of(accepted);
            // What the base accepts itself is accepted for nothing else.
            for of in &held.suppressed_list {
                accepted.take(&of.finding);
            }
            let held = held.list.into_iter().filter(is_of_lint).filter(|finding| {
                !shown.take(finding).unwrap_or(false) && accepted.take(finding).is_none()
            });
            let held: Vec<Finding> = held.map(Finding::hidden_by_change).collect();
            findings.list.extend(held);
            findings.list.sort_by_key(|finding| finding.location);
        }
    }

    /// What the linter finds with the settings of the base.
    fn held_findings(
        &mut self,
        workspace: &Workspace,
        base: &Base,
        file: &PolicyFile,
        sources: &mut SourceMap,
    ) -> Findings {
        let entry = self.entries.find(&file.path).map(|(at, _)| at);
        self.linter.inventory = None;
        let now = || workspace.inventory_of(&file.path);
        match self.entries.inventory(&file.path) {
            Some(named) if workspace.is_there(&named) => {}
            Some(named) => match now() {
                // It has another name now, and its changes are reported.
                Some(now) => self.linter.inventory = Some(now),
                None => {
                    let old = inventory_at(base, &named, sources);
                    self.linter.remember_inventory(named, old);
                }
            },
            // What a first inventory says of itself hides what is found without.
            None => {}
        }
        let held = PolicyFile {
            path: file.path.clone(),
            name: file.name.clone(),
            policy: file.policy.clone(),
            problems: Vec::new(),
            entry,
        };
        let (with, _) = self.linter.for_policy(&self.held, &held, sources);
        self.linter.findings_of(&self.held, &held, &with, sources)
    }

    /// Whether the change alters what the findings about a policy depend on.
    fn alters(&self, workspace: &Workspace, file: &PolicyFile) -> bool {
        if self.recategorises || self.drops_a_suppression_for(workspace, file) {
            return true;
        }
        let entry = |workspace: &Workspace, entry: Option<&Entry>| {
            let root = workspace.root();
            entry.map(|entry| as_text(entry, &root, &file.path))
        };
        let held = self.entries.find(&file.path).map(|(_, entry)| entry);
        entry(&self.held, held) != entry(workspace, workspace.entry(file.entry))
    }

    /// Whether the run accepts findings about the policy that the base does not.
    fn drops_a_suppression_for(&self, workspace: &Workspace, file: &PolicyFile) -> bool {
        let mine = workspace.suppressions_of(&file.path).into_iter();
        let mut mine = mine.map(accepts);
        mine.any(|accepts| !self.suppressed.contains(&accepts))
    }
}

/// The rule and the place of a finding.
type Key = (RuleId, String);

fn key(finding: &Finding) -> Key {
    (finding.rule, finding.pointer.clone())
}

/// Findings that are shown, each of which stands for one of another list.
struct Shown {
    left: HashMap<Key, Vec<Severity>>,
}

impl Shown {
    fn of<'f>(findings: impl IntoIterator<Item = &'f Finding>) -> Shown {
        let mut left: HashMap<Key, Vec<Severity>> = HashMap::new();
        for finding in findings {
            left.entry(key(finding)).or_default().push(finding.severity);
        }
        Shown { left }
    }

    /// Takes one of the rule and the place of `finding`, the lightest that weighs as
    /// much: whether one does; `None` where none is left.
    fn take(&mut self, finding: &Finding) -> Option<bool> {
        let left = self.left.get_mut(&key(finding))?;
        let weighs = |(_, severity): &(usize, &Severity)| **severity >= finding.severity;
        let heavy = left.iter().enumerate().filter(weighs);
        match heavy.min_by_key(|(_, severity)| **severity) {
            Some((at, _)) => {
                left.swap_remove(at);
                Some(true)
            }
            None => left.pop().map(|_| false),
        }
    }
}

fn is_of_lint(finding: &Finding) -> bool {
    finding.rule.class() == Class::Lint
}

fn categories(config: &Config) -> HashMap<&str, &str> {
    let each = config.categories.iter();
    each.map(|(tool, of)| (&*tool.text, &*of.text)).collect()
}

/// What an entry says of one policy.
fn as_text(entry: &Entry, root: &Path, policy: &Path) -> String {
    let path = |text: &str| fill(text, root, policy);
    let inventory = entry.inventory.as_ref().map(|of| path(&of.text));
    let server = entry.server.as_ref();
    let server = server.map(|of| fill_dirname(&of.text, policy));
    let traces: Vec<_> = entry.traces.iter().map(|of| path(&of.text)).collect();
    format!("{:?}", (inventory, server, traces, &entry.categories))
}

/// The inventory that the merge base has in a file.
fn inventory_at(base: &Base, path: &Path, sources: &mut SourceMap) -> Option<Arc<Inventory>> {
    let (name, bytes) = base.file(&base.before, path).ok()??;
    let (inventory, _) = inventories::valid(&name, &bytes, sources);
    inventory.map(Arc::new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use mcppolicy_engine::source::{Location, Span};

    fn finding(severity: Severity, pointer: &str) -> Finding {
        let file = SourceMap::new().add("f", "");
        let span = Span::default();
        let location = Location { file, span };
        Finding::new(RuleId::FreeAmount, severity, location, pointer, "m")
    }

    #[test]
    fn each_finding_stands_for_one_that_weighs_as_much() {
        use Severity::{Error, Note, Warning};
        let of = [
            finding(Error, "/a"),
            finding(Note, "/a"),
            finding(Note, "/b"),
        ];
        let mut shown = Shown::of(&of);
        let mut take = |severity, pointer| shown.take(&finding(severity, pointer));
        assert_eq!(take(Note, "/a"), Some(true));
        assert_eq!(take(Error, "/a"), Some(true), "the note stood for the note");
        assert_eq!(take(Note, "/a"), None, "two do not stand for three");
        assert_eq!(take(Warning, "/b"), Some(false));
        assert_eq!(take(Note, "/c"), None);
    }
}
