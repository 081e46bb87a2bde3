//! The base that a change takes out of its configuration.
//!
//! Without `--base`, `ci` compares with what `[diff] base` names. A change that
//! drops the setting must not go unchecked: it counts once the base has dropped it,
//! too. Which base that is, earlier commits of the change say.

use std::path::{Path, PathBuf};

use super::base::{Asked, Base};
use super::configuration::{self, Config};
use super::git::Repository;
use super::workspace::Workspace;
use mcppolicy_engine::source::SourceMap;

/// How many commits are looked at, that of the working tree first.
const MOST_COMMITS: usize = 100;

/// How many bytes a configuration may have.
const LONGEST: usize = 1 << 20;

/// The base that an earlier commit names for the change in `workspace`, which names
/// none, where that base itself names one still.
pub(crate) fn find(asked: Asked<'_>, workspace: &Workspace) -> Option<String> {
    let repository = Repository::open(asked.start).ok()?;
    let mut seen = Vec::new();
    for dir in homes(workspace, asked.start, &repository) {
        let file = dir.join(configuration::NAME);
        for bytes in repository.earlier(&file, MOST_COMMITS, LONGEST) {
            let mut sources = SourceMap::new();
            let (config, _) = configuration::parse(dir.clone(), "", &bytes, &mut sources);
            let Some(name) = config.base() else { continue };
            if seen.contains(&name) {
                continue;
            }
            seen.push(name.clone());
            if is_in_force(
                Asked {
                    name: &name,
                    ..asked
                },
                workspace,
            ) {
                return Some(name);
            }
        }
    }
    None
}

/// The directories whose configuration the change may have dropped it from.
fn homes(workspace: &Workspace, start: &Path, repository: &Repository) -> Vec<PathBuf> {
    if let Some(config) = &workspace.config {
        return vec![config.root.clone()];
    }
    let start = std::path::absolute(start).unwrap_or_default();
    let inside = start.ancestors();
    inside
        .take_while(|dir| dir.starts_with(repository.top()))
        .map(Path::to_path_buf)
        .collect()
}

/// Whether the configuration of the base names a base.
fn is_in_force(asked: Asked<'_>, workspace: &Workspace) -> bool {
    let mut sources = SourceMap::new();
    let Ok(base) = Base::open(asked, &mut sources) else {
        return false;
    };
    let config = base.config(&base.tip, workspace.start(), &mut sources);
    config
        .ok()
        .flatten()
        .as_ref()
        .and_then(Config::base)
        .is_some()
}
