//! What holds for a change: the gate, the threshold and the rules' levels of
//! the base, its list of policies beside the change's own, its approvals and
//! those that the change adds.
//!
//! What speaks of one place of one policy counts as the change has it, because
//! it is reviewed together with that place: suppressions, categories, and a
//! policy's traces, server and inventory. Where the base has no configuration,
//! the lint settings of the change count, and the gate is the default.

use std::path::{Path, PathBuf};

use super::settings;
use crate::cli::approvals::Store;
use crate::cli::base::Base;
use crate::cli::config::{Config, Entry, Setting};
use crate::cli::diff::Listed;
use crate::cli::workspace::{DEFAULT_POLICY, Workspace, named};
use crate::cli::{FailOn, configured_settings};
use mcppolicy_analysis::diff::Gate;
use mcppolicy_analysis::finding::Finding;
use mcppolicy_analysis::lint;
use mcppolicy_analysis::report::Failure;

/// What a change is held to.
pub(in crate::cli) struct Held {
    pub gate: Gate,
    pub fail_on: Option<FailOn>,
    /// The lint settings of the base, where it has a configuration.
    pub lint: Option<lint::Settings>,
    /// The policies that are listed before the change and at the base's tip.
    pub listed: Vec<Listed>,
    pub approvals: Store,
    /// What the change does to all that.
    pub findings: Vec<Finding>,
}

/// Puts the settings of the base in force: the workspace's configuration then
/// lists every policy that the change or the base lists.
pub(in crate::cli) fn hold(
    workspace: &mut Workspace,
    base: &Base,
    own: &lint::Settings,
) -> Result<Held, Failure> {
    let start = workspace.start().to_path_buf();
    let before = base.config(&base.before, &start, &mut workspace.sources)?;
    let tip = base.config(&base.tip, &start, &mut workspace.sources)?;
    let head = workspace.config.take();
    let states = settings::States {
        before: before.as_ref(),
        after: head.as_ref(),
        in_force: tip.as_ref(),
    };
    let mut findings = settings::changes(&states);
    let listed = [&before, &tip].map(|config| match config {
        Some(config) => Listed::by(config),
        None => Listed {
            root: start.clone(),
            patterns: vec![DEFAULT_POLICY.to_owned()],
        },
    });
    let lint = tip.as_ref().map(|tip| {
        let (mut settings, _) = configured_settings(tip, false);
        settings.categories.clone_from(&own.categories);
        settings
    });
    let configured = head.as_ref().and_then(Config::fail_on);
    let (gate, fail_on) = match &tip {
        Some(tip) => (tip.gate(), tip.fail_on()),
        None => (None, configured),
    };
    workspace.config = together(head, tip, &start);
    let mut problems = Vec::new();
    let mut approvals = Store::open(workspace, &mut problems);
    findings.extend(approvals.hold(workspace, base)?);
    workspace.config_findings.extend(problems);
    Ok(Held {
        gate: gate.unwrap_or_default(),
        fail_on,
        lint,
        listed: listed.into(),
        approvals,
        findings,
    })
}

/// The change's own configuration with what only the base lists, seen from the
/// upper one of both directories.
fn together(head: Option<Config>, tip: Option<Config>, start: &Path) -> Option<Config> {
    let (mut head, mut tip) = match (head, tip) {
        (None, None) => return None,
        (Some(head), None) => return Some(with_default(head, start)),
        // What is wrong with the base's own configuration was so before.
        (None, Some(mut tip)) => {
            let (files, _) = named(&tip);
            let there: Vec<usize> = files.iter().map(|(_, entry)| *entry).collect();
            tip.policies = chosen(tip.policies, &there);
            return Some(tip);
        }
        (Some(head), Some(tip)) => (head, tip),
    };
    let upper = match tip.root.components().count() < head.root.components().count() {
        true => tip.root.clone(),
        false => head.root.clone(),
    };
    head.seen_from(&upper);
    tip.seen_from(&upper);
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
    let inside = file.strip_prefix(&head.root).map(Path::to_path_buf);
    if let (true, Ok(inside)) = (
        file.is_file() && !own.iter().any(|(o, _)| *o == file),
        inside,
    ) {
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
    }
    head
}

fn chosen(entries: Vec<Entry>, wanted: &[usize]) -> Vec<Entry> {
    let each = entries.into_iter().enumerate();
    each.filter(|(at, _)| wanted.contains(at))
        .map(|(_, entry)| entry)
        .collect()
}
