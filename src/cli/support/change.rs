//! What a change does to every policy since its base.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::approvals::Store;
use super::base::Base;
use super::comparison::{Comparing, Settings};
use super::configuration::Config;
use super::input;
use super::inventory_drift::InventoryBase;
use super::problems::Problems;
use super::sides::{self, Listed};
use super::workspace::Workspace;
use mcppolicy_analysis::diff::{Diff, Gate};
use mcppolicy_analysis::finding::{Finding, RuleId, Severity};
use mcppolicy_analysis::lint;
use mcppolicy_analysis::region::Budget;
use mcppolicy_analysis::report::{ApprovalShown, DiffReport};
use mcppolicy_engine::source::SourceMap;

/// A policy's file with its part of a diff.
pub(crate) struct Change {
    pub file: PathBuf,
    pub report: DiffReport,
    /// What is said of the policy at the base, where that is invalid.
    pub note: Option<Finding>,
}

/// What a change is judged by.
#[derive(Clone)]
pub(crate) struct Judging<'a> {
    pub gate: Gate,
    /// The linter's settings, for the levels of changes of servers' tools.
    pub lint: &'a lint::Settings,
    /// The policies that are listed at the base.
    pub listed: Vec<Listed>,
    pub approvals: Store,
}

/// Every policy that the configuration or the base lists, compared with each
/// merge base, which has this configuration; of each policy the gravest result stays. With them come the
/// approvals with what the comparisons say of them. The problems are files that
/// could not be read.
pub(crate) fn since_base(
    workspace: &Workspace,
    befores: &[(Base, Option<Config>)],
    judging: Judging<'_>,
    sources: &mut SourceMap,
) -> ((Vec<Change>, Store), Problems) {
    let mut problems = Problems::default();
    let mut changes: BTreeMap<PathBuf, Change> = BTreeMap::new();
    let mut approvals: Option<Store> = None;
    for before in befores {
        let since = since_one(workspace, before, judging.clone(), sources);
        let ((since, store), of_base) = since;
        match &mut approvals {
            None => approvals = Some(store),
            Some(approvals) => approvals.also(&store),
        }
        for failure in of_base.failures {
            if !problems.failures.contains(&failure) {
                problems.failures.push(failure);
            }
        }
        for finding in of_base.findings {
            let is_known = |known: &Finding| known.message == finding.message;
            if !problems.findings.iter().any(is_known) {
                problems.findings.push(finding);
            }
        }
        for change in since {
            match changes.get_mut(&change.file) {
                Some(known) if gravity(&change.report) > gravity(&known.report) => *known = change,
                Some(_) => {}
                None => {
                    changes.insert(change.file.clone(), change);
                }
            }
        }
    }
    let changes = changes.into_values().collect();
    ((changes, approvals.unwrap_or(judging.approvals)), problems)
}

/// How grave a result is: what cannot be compared, then what the gate refuses,
/// then what lets more through, then what has changed of the server's tools, then
/// what is different at all.
fn gravity(report: &DiffReport) -> (bool, bool, bool, Option<Severity>, bool) {
    let is_unreadable = !report.findings.is_empty();
    let is = |gate: Gate| report.diff.refused_by(gate);
    (
        is_unreadable,
        report.refused,
        is(Gate::Loosened),
        report.diff.drift().map(|finding| finding.severity).max(),
        is(Gate::Changed),
    )
}

fn since_one(
    workspace: &Workspace,
    (base, config): &(Base, Option<Config>),
    judging: Judging<'_>,
    sources: &mut SourceMap,
) -> ((Vec<Change>, Store), Problems) {
    let listed = judging.listed;
    let (pairs, mut problems) = sides::since(workspace, base, listed, sources);
    // Listing the policies of the run reports these.
    problems
        .findings
        .retain(|finding| finding.rule != RuleId::Config);
    let settings = Settings {
        budget: Budget::default(),
        traces: &[],
        server: None,
        inventories: Some(InventoryBase::of(base, config.clone(), judging.lint)),
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
            changes.push(Change {
                file,
                report,
                note: None,
            });
        }
    }
    comparing.judge();
    problems.keep_failure(comparing.approve_if_asked());
    let mut notes = comparing.take_notes();
    let (compared, approvals) = comparing.finish();
    for (key, diff) in compared {
        let mine = approvals.shown(Some(&key.name));
        let policies = vec![diff];
        let report = report(Diff { policies }, gate, mine, Vec::new());
        let file = key.file;
        let note = notes.remove(&file);
        changes.push(Change { file, report, note });
    }
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
        again: String::new(),
    }
}
