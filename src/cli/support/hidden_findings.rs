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
use super::linter::Linter;
use super::workspace::{PolicyFile, Workspace, fill, fill_dirname};
use mcppolicy_analysis::finding::{Class, Finding, RuleId, Severity};
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
    pub fn new(workspace: &Workspace, held: HeldSettings) -> HiddenFindings {
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
        let mut hidden = Vec::new();
        if let Some(own) = &mut self.own {
            // Problems with files are reported where the run reads them.
            let (with, _) = own.for_policy(workspace, file, sources);
            let list = own.findings_of(workspace, file, &with, sources).list;
            let shown = weights(&list);
            let (muted, kept) = std::mem::take(&mut findings.list)
                .into_iter()
                .partition(|finding| is_of_lint(finding) && is_missing(finding, &shown));
            findings.list = kept;
            hidden.extend::<Vec<Finding>>(muted);
        }
        if self.alters(workspace, file) {
            let held = self.held_findings(workspace, base, file, sources);
            let shown = weights(findings.list.iter().chain(&hidden));
            let accepted = findings.suppressed_list.iter().map(|of| &of.finding);
            let accepted: HashSet<Key> = accepted.map(key).collect();
            let held = held.into_iter().filter(|finding| {
                is_of_lint(finding)
                    && is_missing(finding, &shown)
                    && !accepted.contains(&key(finding))
            });
            hidden.extend(held);
        }
        if hidden.is_empty() {
            return;
        }
        // A finding that the change only makes weigh less is not shown twice.
        let keys: HashSet<Key> = hidden.iter().map(key).collect();
        findings
            .list
            .retain(|finding| !keys.contains(&key(finding)));
        let hidden = hidden.into_iter().map(Finding::hidden_by_change);
        findings.list.extend(hidden);
        findings.list.sort_by_key(|finding| finding.location);
    }

    /// What the linter finds with the settings of the base.
    fn held_findings(
        &mut self,
        workspace: &Workspace,
        base: &Base,
        file: &PolicyFile,
        sources: &mut SourceMap,
    ) -> Vec<Finding> {
        let entry = self.entries.find(&file.path).map(|(at, _)| at);
        self.linter.inventory = None;
        let named = self.entries.inventory(&file.path);
        if let Some(named) = named.filter(|named| !named.is_file()) {
            match workspace.inventory_of(&file.path) {
                // It has another name now, and its changes are reported.
                Some(now) => self.linter.inventory = Some(now),
                None => {
                    let old = inventory_at(base, &named, sources);
                    self.linter.remember_inventory(named, old);
                }
            }
        }
        let held = PolicyFile {
            path: file.path.clone(),
            name: file.name.clone(),
            policy: file.policy.clone(),
            problems: Vec::new(),
            entry,
        };
        let (with, _) = self.linter.for_policy(&self.held, &held, sources);
        let found = self.linter.findings_of(&self.held, &held, &with, sources);
        found.list
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
        let Some(config) = &workspace.config else {
            return false;
        };
        let absolute = |path: &Path| std::path::absolute(path).ok();
        let mut suppressions = config.suppressions.iter();
        suppressions.any(|suppression| {
            let path = config.root.join(&suppression.0.text);
            absolute(&path) == absolute(&file.path)
                && !self.suppressed.contains(&accepts(suppression))
        })
    }
}

/// The rule and the place of a finding.
type Key = (RuleId, String);

fn key(finding: &Finding) -> Key {
    (finding.rule, finding.pointer.clone())
}

/// The gravest severity of the findings of each rule at each place.
fn weights<'f>(findings: impl IntoIterator<Item = &'f Finding>) -> HashMap<Key, Severity> {
    let mut weights = HashMap::new();
    for finding in findings {
        let severity = finding.severity;
        let known = weights.entry(key(finding)).or_insert(severity);
        *known = severity.max(*known);
    }
    weights
}

/// Whether no finding of that rule at that place weighs as much.
fn is_missing(finding: &Finding, shown: &HashMap<Key, Severity>) -> bool {
    shown
        .get(&key(finding))
        .is_none_or(|known| *known < finding.severity)
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
    let (_, inventory, problems) = Inventory::read(sources, &name, &bytes);
    let is_error = |problem: &Finding| problem.severity == Severity::Error;
    inventory
        .filter(|_| !problems.iter().any(is_error))
        .map(Arc::new)
}
