//! Linting policies with the settings, inventories, recordings and
//! suppressions of a run.

use std::path::PathBuf;

use jiff::civil::Date;

use super::input::same_file;
use super::inventories::Inventories;
use super::limit_usage::{LimitUsage, limit_usage};
use super::problems::Problems;
use super::suppressions;
use super::workspace::{PolicyFile, Workspace};
use mcppolicy_analysis::lint;
use mcppolicy_analysis::report::Findings;
use mcppolicy_engine::engine::Engine;
use mcppolicy_engine::source::SourceMap;

/// The rule that compares limits with what recordings use of them.
pub(crate) const LOOSE_LIMIT: &str = "loose-limit";

/// What policies are linted with.
#[derive(Debug)]
pub(crate) struct Linter {
    pub settings: lint::Settings,
    /// The inventory of the command line.
    pub inventory: Option<PathBuf>,
    /// The recordings of the command line.
    pub traces: Vec<PathBuf>,
    /// The policy to replay those through, when there is only one.
    pub only: Option<PathBuf>,
    /// The day by which suppressions expire.
    pub today: Date,
    inventories: Inventories,
    /// What recordings use of limits, once a rule needs it.
    usage: Option<Vec<LimitUsage>>,
}

impl Linter {
    /// A linter with these settings, today.
    pub fn new(settings: lint::Settings) -> Linter {
        Linter {
            settings,
            inventory: None,
            traces: Vec::new(),
            only: None,
            today: suppressions::today(),
            inventories: Inventories::default(),
            usage: None,
        }
    }

    /// The settings for one policy, with its server's tools and the use of its
    /// limits. The problems of an inventory or of recordings are returned once,
    /// when they are read.
    pub fn settings_for(
        &mut self,
        workspace: &Workspace,
        file: &PolicyFile,
        sources: &mut SourceMap,
    ) -> (lint::Settings, Problems) {
        let given = self.inventory.as_deref();
        let inventories = &mut self.inventories;
        let (mut settings, mut problems) =
            inventories.settings_for(workspace, file, given, &self.settings, sources);
        let rule = lint::registry::find(LOOSE_LIMIT);
        if rule.is_some_and(|rule| settings.severity(rule).is_some()) {
            let usage = self.usage.get_or_insert_with(|| {
                let only = self.only.as_deref();
                problems.keep(limit_usage(workspace, &self.traces, only, sources))
            });
            let mut each = usage.iter();
            let mine = each.find(|of| same_file(&of.policy, &file.path));
            settings.observe(mine.map(|of| of.limits.clone()).unwrap_or_default());
        }
        (settings, problems)
    }

    /// The findings about one policy under its `settings`.
    pub fn findings_of(
        &self,
        workspace: &Workspace,
        file: &PolicyFile,
        settings: &lint::Settings,
        sources: &SourceMap,
    ) -> Findings {
        let mut findings = Findings {
            policies: 1,
            list: file.problems.clone(),
            ..Findings::default()
        };
        let Some(policy) = &file.policy else {
            return findings;
        };
        let list = lint::lint(policy, &Engine::new(policy), settings);
        let text = sources.get(policy.file).text();
        let entries = suppressions::of(workspace, &file.path);
        let sorted = suppressions::sort(list, &entries, text, policy, settings, self.today);
        findings.suppressed = sorted.suppressed.len();
        findings.suppressed_list = sorted.suppressed;
        findings.list.extend(sorted.kept);
        let unused = sorted.idle.into_iter().map(|(_, finding)| finding);
        findings.list.extend(unused);
        findings
    }
}
