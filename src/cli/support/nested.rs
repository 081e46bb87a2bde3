//! Configurations below the one that a run goes by: what they set does not count
//! there, and a job must not look as if it did.

use std::path::{Path, PathBuf};

use super::base::Base;
use super::configuration;
use super::files::beginning;
use super::git::Entry;
use super::input::{display_name, shell_word};
use super::listing::excluded;
use super::workspace::Workspace;
use mcppolicy_analysis::finding::{Finding, RuleId, Severity};
use mcppolicy_analysis::report::Failure;
use mcppolicy_engine::source::SourceMap;

/// A finding about each configuration below the directory that a run works on, but for
/// those that `exclude` sets aside. `command` is what checks the directory of one.
///
/// One that the base of a change does not have is a note, for what the change adds to
/// `exclude` does not count yet; any other is a warning.
///
/// # Errors
/// When git cannot say what the base has.
pub(crate) fn findings(
    workspace: &Workspace,
    base: Option<&Base>,
    command: &str,
    sources: &mut SourceMap,
) -> Result<Vec<Finding>, Failure> {
    let mut findings = Vec::new();
    for path in below(workspace) {
        let is_new = match base {
            Some(base) => is_new(&path, base)?,
            None => false,
        };
        let level = if is_new {
            Severity::Note
        } else {
            Severity::Warning
        };
        let dir = path.parent().unwrap_or(&path);
        let mut help = format!("run `mcppolicy {command} {}` too", shown(dir));
        if let Some(config) = &workspace.config {
            let inside = dir.strip_prefix(&config.root).unwrap_or(dir);
            let inside = inside.to_string_lossy().replace('\\', "/");
            let glob = format!("{}/**", globset::escape(&inside));
            help.push_str(&format!(
                "; {glob:?} under `exclude` in {} says that its directory is checked by a run of its own",
                display_name(&config.root.join(configuration::NAME))
            ));
        }
        let message = "This run does not go by this configuration: its levels, traces and \
                       inventories count where its own directory is checked";
        let location = beginning(&display_name(&path), sources);
        findings.push(Finding::new(RuleId::Config, level, location, "", message).help(help));
    }
    Ok(findings)
}

/// A directory as an argument of a command.
fn shown(dir: &Path) -> String {
    shell_word(&display_name(dir))
}

/// The configurations below the one in force, or below the directory where a run
/// begins that has none. Outside of a repository none is looked for: that could be
/// a whole home directory.
fn below(workspace: &Workspace) -> Vec<PathBuf> {
    let home = workspace.home();
    let top = workspace.bounds().dir().to_path_buf();
    if workspace.config.is_none() && top.join(".git").symlink_metadata().is_err() {
        return Vec::new();
    }
    let own = home.join(configuration::NAME);
    let is_config = |path: &Path| path.file_name().is_some_and(|of| of == configuration::NAME);
    // A directory that cannot be read is reported where its policies are looked for.
    let found = workspace.list(&home, &is_config).unwrap_or_default();
    let is_excluded = |path: &PathBuf| {
        workspace
            .config
            .as_ref()
            .is_some_and(|of| excluded(of)(path))
    };
    let is_tracked = |path: &PathBuf| match workspace.checkout() {
        Some(checkout) => checkout.is_tracked(path),
        None => true,
    };
    let counts = |path: &PathBuf| {
        *path != own
            && is_tracked(path)
            && !is_excluded(path)
            && !is_of_another_repository(path, &home)
    };
    found.into_iter().filter(counts).collect()
}

/// Whether a repository of its own begins between a directory and a file below it.
fn is_of_another_repository(path: &Path, home: &Path) -> bool {
    let mut dirs = path.ancestors().skip(1).take_while(|dir| *dir != home);
    dirs.any(|dir| dir.join(".git").symlink_metadata().is_ok())
}

/// Whether the base of a change has no file there.
fn is_new(path: &Path, base: &Base) -> Result<bool, Failure> {
    let repository = base.repository();
    let Some(inside) = repository.path_of(path) else {
        return Ok(false);
    };
    let entry = repository.entry(&base.tip, &inside)?;
    Ok(matches!(entry, Entry::Absent))
}
