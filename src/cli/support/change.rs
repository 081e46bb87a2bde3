//! What a change does to every policy since its base.

use std::path::PathBuf;

use super::approvals::Store;
use super::base::Base;
use super::comparison::{Comparing, Settings};
use super::configuration::Config;
use super::git::Repository;
use super::input;
use super::inventory_drift::InventoryBase;
use super::problems::Problems;
use super::sides::{self, Listed};
use super::workspace::Workspace;
use mcppolicy_analysis::diff::{Diff, Gate};
use mcppolicy_analysis::finding::Finding;
use mcppolicy_analysis::lint;
use mcppolicy_analysis::region::Budget;
use mcppolicy_analysis::report::{ApprovalShown, DiffReport};
use mcppolicy_engine::source::SourceMap;

/// A policy's file with its part of a diff.
pub(crate) struct Change {
    pub file: PathBuf,
    pub report: DiffReport,
}

/// What a change is judged by.
pub(crate) struct Judging<'a> {
    pub gate: Gate,
    /// The linter's settings, for the levels of changes of servers' tools.
    pub lint: &'a lint::Settings,
    /// The policies that are listed at the base.
    pub listed: Vec<Listed>,
    /// The configuration at the merge base.
    pub before: Option<Config>,
    pub approvals: Store,
}

/// Every policy that the configuration or the base lists, compared with the
/// merge base, and the approvals with what the comparison says of them. The
/// problems are files that could not be read.
pub(crate) fn since_base(
    workspace: &Workspace,
    base: &Base,
    judging: Judging<'_>,
    sources: &mut SourceMap,
) -> ((Vec<Change>, Store), Problems) {
    let repository = match Repository::open(&workspace.home()) {
        Ok(repository) => repository,
        Err(failure) => return ((Vec::new(), judging.approvals), Problems::from(failure)),
    };
    let listed = judging.listed;
    let (pairs, mut problems) = sides::pairs(workspace, &repository, &base.before, listed);
    // Listing the policies of the run reports these.
    problems.findings.clear();
    let settings = Settings {
        budget: Budget::default(),
        traces: &[],
        server: None,
        inventories: InventoryBase::of(workspace, base, judging.before, judging.lint),
    };
    let mut comparing = Comparing::new(settings, judging.approvals);
    let gate = judging.gate;
    let mut changes = Vec::new();
    for pair in pairs {
        let file = pair.file.clone();
        let of_pair = comparing.compare(workspace, pair, sources);
        problems.failures.extend(of_pair.failures);
        let mut findings = of_pair.findings;
        if !findings.is_empty() {
            // Lint reports what is wrong with the policy as it is now.
            let name = input::display_name(&file);
            findings.retain(|finding| sources.get(finding.location.file).name() != name);
            let report = report(Diff::default(), gate, Vec::new(), findings);
            changes.push(Change { file, report });
        }
    }
    comparing.judge();
    problems.keep_failure(comparing.approve_if_asked());
    let (compared, approvals) = comparing.finish();
    for (key, diff) in compared {
        let mine = approvals.shown(Some(&key.name));
        let policies = vec![diff];
        let report = report(Diff { policies }, gate, mine, Vec::new());
        let file = key.file;
        changes.push(Change { file, report });
    }
    changes.sort_by(|a, b| a.file.cmp(&b.file));
    ((changes, approvals), problems)
}

fn report(
    diff: Diff,
    gate: Gate,
    approvals: Vec<ApprovalShown>,
    findings: Vec<Finding>,
) -> DiffReport {
    DiffReport {
        refused: diff.refused_by(gate),
        diff,
        findings,
        gate,
        approvals,
    }
}
