//! The settings that a change is checked with: the gate, the threshold and the
//! rules' levels of the base, and its list of policies beside the change's own.
//!
//! Suppressions, categories, and a policy's traces, server and inventory count as
//! the change has them; what they hide of the findings that the base's own would
//! show is shown all the same (see [`review`](super::review)). Where the base has
//! no configuration, the lint settings of the change count, and the gate is the
//! default.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::base::Base;
use super::configuration::{Config, Entry, Setting};
use super::fail_on::FailOn;
use super::held_settings::{self, HeldSettings};
use super::lint_settings;
use super::listing::named;
use super::settings_changes::{self, States};
use super::sides::Listed;
use super::workspace::{DEFAULT_POLICY, Workspace};
use mcppolicy_analysis::diff::Gate;
use mcppolicy_analysis::finding::Finding;
use mcppolicy_analysis::lint;
use mcppolicy_analysis::report::Failure;
use mcppolicy_engine::source::SourceMap;

/// The settings that a change is checked with.
pub(crate) struct EnforcedSettings {
    /// The change's own configuration, which also lists every policy that the
    /// base lists.
    pub config: Option<Config>,
    pub gate: Gate,
    pub fail_on: Option<FailOn>,
    /// The lint settings of the base, where it has a configuration.
    pub lint: Option<lint::Settings>,
    /// The policies that are listed before the change and at the base's tip.
    pub listed: Vec<Listed>,
    /// Each merge base with its configuration.
    pub befores: Vec<(Base, Option<Config>)>,
    /// What each merge base holds findings to, where the base and the change have
    /// a configuration.
    pub held: Vec<HeldSettings>,
    /// What the change does to all that.
    pub findings: Vec<Finding>,
}

/// Reads the settings of the base.
///
/// # Errors
/// When git cannot read the configurations of the base.
pub(crate) fn read(
    workspace: &Workspace,
    base: &Base,
    sources: &mut SourceMap,
) -> Result<EnforcedSettings, Failure> {
    let start = workspace.start();
    let mut tip = base.config(&base.tip, start, sources)?;
    let mut head = workspace.config.clone();
    let mut befores = Vec::new();
    let mut findings: Vec<Finding> = Vec::new();
    for base in base.each() {
        let before = base.config(&base.before, start, sources)?;
        let changes = settings_changes::changes(&States {
            before: before.as_ref(),
            after: head.as_ref(),
            in_force: tip.as_ref(),
        });
        for finding in changes {
            let is_known = |known: &Finding| known.message == finding.message;
            if befores.is_empty() || !findings.iter().any(is_known) {
                findings.push(finding);
            }
        }
        befores.push((base, before));
    }
    let mut thens: Vec<Option<Config>> = befores.iter().map(|(_, config)| config.clone()).collect();
    from_one_directory(thens.iter_mut().chain([&mut head, &mut tip]));
    let configs = befores.iter().map(|(_, config)| config).chain([&tip]);
    let listed = configs.map(|config| match config {
        Some(config) => Listed::by(config),
        None => Listed {
            root: start.to_path_buf(),
            patterns: vec![DEFAULT_POLICY.to_owned()],
            exclude: Vec::new(),
        },
    });
    let listed = listed.collect();
    let held = match (&head, &tip) {
        (Some(head), Some(tip)) => {
            let each = thens.iter();
            each.map(|then| HeldSettings::new(then.as_ref(), head, tip))
                .collect()
        }
        _ => Vec::new(),
    };
    let (gate, fail_on) = match &tip {
        Some(tip) => (tip.gate(), tip.fail_on()),
        None => (None, head.as_ref().and_then(Config::fail_on)),
    };
    let levels = tip
        .as_ref()
        .map(|tip| lint_settings::configured(Some(tip)).0);
    let before = thens.first().and_then(Option::as_ref);
    let config = together(head, before, tip, start);
    let lint = levels.map(|mut settings| {
        let (own, _) = lint_settings::configured(config.as_ref());
        settings.categories = own.categories;
        settings
    });
    Ok(EnforcedSettings {
        config,
        gate: gate.unwrap_or_default(),
        fail_on,
        lint,
        listed,
        befores,
        held,
        findings,
    })
}

/// Has configurations be seen from the uppermost one of their directories.
fn from_one_directory<'a>(configs: impl Iterator<Item = &'a mut Option<Config>>) {
    let configs: Vec<&mut Config> = configs.flatten().collect();
    let roots = configs.iter().map(|config| config.root.clone());
    let Some(upper) = roots.min_by_key(|root| root.components().count()) else {
        return;
    };
    for config in configs {
        config.seen_from(&upper);
    }
}

/// The change's own configuration with what only the base lists.
fn together(
    head: Option<Config>,
    before: Option<&Config>,
    tip: Option<Config>,
    start: &Path,
) -> Option<Config> {
    let (head, tip) = match (head, tip) {
        (None, None) => return None,
        (Some(head), None) => return Some(with_default(head, start)),
        // What is wrong with the base's own configuration was wrong before.
        (None, Some(mut tip)) => {
            let (files, _) = named(&tip);
            let there: Vec<usize> = files.iter().map(|(_, entry)| *entry).collect();
            tip.policies = chosen(tip.policies, &there);
            return Some(tip);
        }
        (Some(head), Some(tip)) => (head, tip),
    };
    let mut head = held_settings::with_base(head, before, &tip);
    // What the change sets aside counts once the base has it.
    head.exclude
        .retain(|glob| tip.exclude.iter().any(|known| known.text == glob.text));
    let (own, _) = named(&head);
    let (then, _) = named(&tip);
    let own: HashSet<PathBuf> = own.into_iter().map(|(file, _)| file).collect();
    let only_then: Vec<usize> = then
        .iter()
        .filter(|(file, _)| !own.contains(file))
        .map(|(_, entry)| *entry)
        .collect();
    head.policies.extend(chosen(tip.policies, &only_then));
    Some(head)
}

/// Without a configuration, the base lists the policy where the run began.
fn with_default(mut head: Config, start: &Path) -> Config {
    let file: PathBuf = start.join(DEFAULT_POLICY);
    let (own, _) = named(&head);
    let is_listed = own.iter().any(|(listed, _)| *listed == file);
    let Ok(inside) = file.strip_prefix(&head.root) else {
        return head;
    };
    let is_there = match head.checkout.as_deref() {
        Some(checkout) => checkout.is_there(&file),
        None => file.is_file(),
    };
    if !is_there || is_listed {
        return head;
    }
    // The base checks it, so the change cannot set it aside.
    head.exclude.clear();
    let inside = inside.to_string_lossy().replace('\\', "/");
    let path = Setting {
        text: globset::escape(&inside),
        location: head.beginning(),
    };
    head.policies.push(Entry {
        path,
        server: None,
        traces: Vec::new(),
        inventory: None,
        categories: Vec::new(),
    });
    head
}

fn chosen(entries: Vec<Entry>, indices: &[usize]) -> Vec<Entry> {
    let indices: HashSet<&usize> = indices.iter().collect();
    let each = entries.into_iter().enumerate();
    each.filter(|(at, _)| indices.contains(at))
        .map(|(_, entry)| entry)
        .collect()
}
