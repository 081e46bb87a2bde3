//! What a change since a base is held to beside its policies' rules: findings that
//! its settings hide, expectations that its traces lose, and its approvals.

use std::path::Path;

use super::approvals::Store;
use super::base::Base;
use super::configuration::Config;
use super::entries::Entries;
use super::evidence::Evidence;
use super::files::InputFile;
use super::held_settings::HeldSettings;
use super::hidden_findings::HiddenFindings;
use super::lost_expectations::TracesThen;
use super::suppressions;
use super::workspace::{PolicyFile, Workspace};
use mcppolicy_analysis::expectations::{Lost, at_level};
use mcppolicy_analysis::finding::{Class, Finding, FindingStatus, RuleId};
use mcppolicy_analysis::lint;
use mcppolicy_analysis::report::{Ci, DiffReport, Failure, Findings};
use mcppolicy_engine::source::{Location, SourceMap};

/// What a change is held to.
pub(crate) struct Review {
    /// Each merge base with the entries of its configuration.
    befores: Vec<(Base, Option<Entries>)>,
    /// What each merge base holds findings to, where it has and the change has a
    /// configuration.
    hidden: Vec<HiddenFindings>,
    approvals: Store,
    evidence: Evidence,
    /// The linter's settings that count.
    settings: lint::Settings,
    /// Each suppression that accepts a finding, and that finding.
    accepted: Vec<(Location, Finding)>,
    /// What could not be compared.
    pub assumptions: Vec<String>,
}

impl Review {
    /// The review of the change in `workspace`, whose policies have been compared.
    pub fn new(
        workspace: &Workspace,
        befores: Vec<(Base, Option<Config>)>,
        held: Vec<HeldSettings>,
        settings: &lint::Settings,
        approvals: Store,
    ) -> Review {
        Review {
            befores: befores
                .into_iter()
                .map(|(base, config)| (base, config.map(Entries::of)))
                .collect(),
            hidden: held
                .into_iter()
                .map(|held| HiddenFindings::new(workspace, held))
                .collect(),
            approvals,
            evidence: Evidence::default(),
            settings: settings.clone(),
            accepted: Vec::new(),
            assumptions: Vec::new(),
        }
    }

    /// Adds to the findings about a policy what the change hides and what its
    /// traces lose, and settles both by the approvals.
    pub fn look_at(
        &mut self,
        workspace: &Workspace,
        file: &PolicyFile,
        traces: &[InputFile],
        findings: &mut Findings,
        sources: &mut SourceMap,
    ) {
        if file.policy.is_none() {
            return;
        }
        for (hidden, (base, _)) in self.hidden.iter_mut().zip(&self.befores) {
            hidden.add_to(workspace, base, file, findings, sources);
        }
        self.keep_accepted(workspace, &file.path, findings);
        let policy = self.approvals.key(&file.path);
        let list = std::mem::take(&mut findings.list);
        findings.list = list
            .into_iter()
            .map(|finding| match finding.status {
                FindingStatus::Hidden => {
                    let rests_on = self.evidence.of(&finding, sources);
                    self.approvals.settle(&policy, finding, &rests_on)
                }
                _ => finding,
            })
            .collect();
        for Lost { finding, rests_on } in self.lost(workspace, file, traces, sources) {
            let settled = self.approvals.settle(&policy, finding, &rests_on);
            findings.list.push(settled);
        }
    }

    fn lost(
        &mut self,
        workspace: &Workspace,
        file: &PolicyFile,
        traces: &[InputFile],
        sources: &mut SourceMap,
    ) -> Vec<Lost> {
        let severity = self.settings.severity(RuleId::LostExpectation);
        if severity.is_none() {
            return Vec::new();
        }
        let mut all: Vec<Lost> = Vec::new();
        for (base, entries) in &self.befores {
            let entries = entries.as_ref();
            let then = TracesThen { base, entries };
            let lost = then.lost(workspace, file, traces, sources, &mut self.assumptions);
            for lost in lost {
                let is_known = |known: &Lost| known.finding.message == lost.finding.message;
                if self.befores.len() == 1 || !all.iter().any(is_known) {
                    all.push(lost);
                }
            }
        }
        at_level(all, severity)
    }

    fn keep_accepted(&mut self, workspace: &Workspace, policy: &Path, findings: &Findings) {
        if findings.suppressed_list.is_empty() {
            return;
        }
        for entry in suppressions::of(workspace, policy) {
            let mut accepted = findings.suppressed_list.iter().map(|of| &of.finding);
            let is_its =
                |finding: &&Finding| finding.rule == entry.rule && finding.pointer == entry.at;
            if let Some(finding) = accepted.find(is_its) {
                self.accepted.push((entry.location, finding.clone()));
            }
        }
    }

    /// Gives a policy's change its approvals as they stand now.
    pub fn settle(&self, file: &Path, change: Option<&mut DiffReport>) {
        if let Some(change) = change {
            change.approvals = self.approvals.shown(Some(&self.approvals.key(file)));
        }
    }

    /// Says beside each suppression that the change adds what it hides, adds the
    /// findings about approvals, and writes new approvals unless `is_broken`.
    ///
    /// # Errors
    /// When the approvals cannot be written.
    pub fn finish(self, ci: &mut Ci, is_broken: bool) -> Result<(), Failure> {
        let settings = ci.findings.iter_mut();
        for note in settings.filter(|finding| finding.rule.class() == Class::Settings) {
            let mut accepted = self.accepted.iter();
            if let Some((_, hidden)) = accepted.find(|(at, _)| *at == note.location) {
                note.help = Some(format!("it hides {}: {}", hidden.rule, hidden.message));
                let related = note.clone().related(hidden.location, "what it hides");
                *note = related;
            }
        }
        let settings = |finding: &Finding| finding.rule.class() == Class::Settings;
        let others = ci.findings.iter().position(|finding| !settings(finding));
        let at = others.unwrap_or(ci.findings.len());
        let _ = ci.findings.splice(at..at, self.approvals.unneeded());
        if is_broken {
            return Ok(());
        }
        self.approvals.write_new()
    }
}
