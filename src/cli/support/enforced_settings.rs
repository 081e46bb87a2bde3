//! The settings that a change is checked with: the gate, the threshold and the
//! rules' levels of the base, and its list of policies beside the change's own.
//!
//! What belongs to one part of one policy counts as the change has it, because
//! it is reviewed together with that part: suppressions, categories, and a
//! policy's traces, server and inventory. Where the base has no configuration,
//! the lint settings of the change count, and the gate is the default.

use std::path::{Path, PathBuf};

use super::base::Base;
use super::configuration::{Config, Entry, Setting};
use super::fail_on::FailOn;
use super::lint_settings;
use super::settings_changes::{self, States};
use super::sides::Listed;
use super::workspace::{DEFAULT_POLICY, Workspace, named};
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
    /// What the change does to all that.
    pub findings: Vec<Finding>,
}

/// Reads the settings of the base. `own` are the change's lint settings.
///
/// # Errors
/// When git cannot read the configurations of the base.
pub(crate) fn read(
    workspace: &Workspace,
    base: &Base,
    own: &lint::Settings,
    sources: &mut SourceMap,
) -> Result<EnforcedSettings, Failure> {
    let start = workspace.start();
    let before = base.config(&base.before, start, sources)?;
    let tip = base.config(&base.tip, start, sources)?;
    let head = workspace.config.clone();
    let findings = settings_changes::changes(&States {
        before: before.as_ref(),
        after: head.as_ref(),
        in_force: tip.as_ref(),
    });
    let mut configs = vec![before, tip.clone()];
    for other in base.each().iter().skip(1) {
        configs.push(base.config(&other.before, start, sources)?);
    }
    let listed = configs.iter().map(|config| match config {
        Some(config) => Listed::by(config),
        None => Listed {
            root: start.to_path_buf(),
            patterns: vec![DEFAULT_POLICY.to_owned()],
            exclude: Vec::new(),
        },
    });
    let listed = listed.collect();
    let lint = tip.as_ref().map(|tip| {
        let (mut settings, _) = lint_settings::configured(Some(tip));
        settings.categories.clone_from(&own.categories);
        settings
    });
    let (gate, fail_on) = match &tip {
        Some(tip) => (tip.gate(), tip.fail_on()),
        None => (None, head.as_ref().and_then(Config::fail_on)),
    };
    Ok(EnforcedSettings {
        config: together(head, tip, start),
        gate: gate.unwrap_or_default(),
        fail_on,
        lint,
        listed,
        findings,
    })
}

/// The change's own configuration with what only the base lists, seen from the
/// upper one of both directories.
fn together(head: Option<Config>, tip: Option<Config>, start: &Path) -> Option<Config> {
    let (mut head, mut tip) = match (head, tip) {
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
    let depth = |config: &Config| config.root.components().count();
    let upper = if depth(&tip) < depth(&head) {
        tip.root.clone()
    } else {
        head.root.clone()
    };
    head.seen_from(&upper);
    tip.seen_from(&upper);
    // What the change sets aside counts once the base has it.
    head.exclude
        .retain(|glob| tip.exclude.iter().any(|known| known.text == glob.text));
    let (own, _) = named(&head);
    let (then, _) = named(&tip);
    let only_then: Vec<usize> = then
        .iter()
        .filter(|(file, _)| !own.iter().any(|(known, _)| known == file))
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
    let each = entries.into_iter().enumerate();
    each.filter(|(at, _)| indices.contains(at))
        .map(|(_, entry)| entry)
        .collect()
}
