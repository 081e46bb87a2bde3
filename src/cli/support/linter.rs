//! Linting policies with the settings, inventories, recordings and
//! suppressions of a run.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::civil::Date;

use super::input::same_file;
use super::inventories::Inventories;
use super::limit_usage::{LimitUsage, limit_usage};
use super::problems::Problems;
use super::suppressions;
use super::workspace::{PolicyFile, Workspace};
use mcppolicy_analysis::finding::RuleId;
use mcppolicy_analysis::inventory::Inventory;
use mcppolicy_analysis::lint::{self, Used};
use mcppolicy_analysis::report::Findings;
use mcppolicy_engine::engine::Engine;
use mcppolicy_engine::policy::Policy;
use mcppolicy_engine::source::SourceMap;

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

/// What one policy is linted with.
#[derive(Debug)]
pub(crate) struct LintWith {
    pub settings: lint::Settings,
    inventory: Option<Arc<Inventory>>,
    usage: Option<BTreeMap<String, Used>>,
}

impl LintWith {
    /// The linter's input for the policy.
    pub fn input<'a>(&'a self, policy: &'a Policy, engine: &'a Engine) -> lint::Input<'a> {
        lint::Input {
            policy,
            engine,
            inventory: self.inventory.as_deref(),
            usage: self.usage.as_ref(),
            settings: &self.settings,
        }
    }
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

    /// Takes an inventory for what is in a file that is not there.
    pub fn remember_inventory(&mut self, path: PathBuf, inventory: Option<Arc<Inventory>>) {
        self.inventories.remember(path, inventory);
    }

    /// What one policy is linted with: the settings, its server's tools, and the
    /// use of its limits. The problems of an inventory or of recordings are returned once,
    /// when they are read.
    pub fn for_policy(
        &mut self,
        workspace: &Workspace,
        file: &PolicyFile,
        sources: &mut SourceMap,
    ) -> (LintWith, Problems) {
        let given = self.inventory.as_deref();
        let inventories = &mut self.inventories;
        let ((settings, inventory), mut problems) =
            inventories.settings_for(workspace, file, given, &self.settings, sources);
        let usage = settings.severity(RuleId::LooseLimit).map(|_| {
            let usage = self.usage.get_or_insert_with(|| {
                let only = self.only.as_deref();
                problems.keep(limit_usage(workspace, &self.traces, only, sources))
            });
            let mut each = usage.iter();
            let mine = each.find(|of| same_file(&of.policy, &file.path));
            mine.map(|of| of.limits.clone()).unwrap_or_default()
        });
        let with = LintWith {
            settings,
            inventory,
            usage,
        };
        (with, problems)
    }

    /// The findings about one policy.
    pub fn findings_of(
        &self,
        workspace: &Workspace,
        file: &PolicyFile,
        with: &LintWith,
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
        let engine = Engine::new(policy);
        let input = with.input(policy, &engine);
        let linted = lint::lint_in_full(&input);
        findings.unfinished.extend(left_open(&file.name, &linted));
        let list = linted.findings;
        let text = sources.get(policy.file).text();
        let entries = suppressions::of(workspace, &file.path);
        let sorted = suppressions::sort(list, &entries, text, &input, self.today);
        findings.suppressed = sorted.suppressed.len();
        findings.suppressed_list = sorted.suppressed;
        findings.list.extend(sorted.kept);
        let unused = sorted.idle.into_iter().map(|(_, finding)| finding);
        findings.list.extend(unused);
        findings
    }
}

/// How many tools are named of those that were left open.
const NAMED: usize = 3;

/// What the linter left open in a policy.
fn left_open(policy: &str, linted: &lint::Linted) -> Option<String> {
    let named: Vec<String> = linted
        .unfinished
        .iter()
        .take(NAMED)
        .map(|(tool, rules)| {
            let rules: Vec<&str> = rules.iter().map(|rule| rule.name()).collect();
            format!("{tool} ({})", rules.join(", "))
        })
        .collect();
    let more = match linted.unfinished.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    (!named.is_empty()).then(|| {
        format!(
            "{policy}: the rules of {}{more} are too intricate to be analysed in full, \
             so that the linter may have missed something there: what it looks for is in parentheses",
            named.join(", ")
        )
    })
}
