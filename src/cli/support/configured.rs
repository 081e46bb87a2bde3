//! Paths of the command line by the configuration that is in force for each: the
//! nearest one upward.

use std::path::{Path, PathBuf};

use super::configuration;
use super::files::{InputFile, input_files, spelling};
use super::input;
use super::problems::Problems;
use super::workspace::Workspace;
use mcppolicy_engine::source::SourceMap;

/// What one configuration is in force for, or none.
#[derive(Debug)]
pub(crate) struct Group {
    /// The workspace with the configuration.
    pub workspace: Workspace,
    /// Whether all that the configuration names is meant.
    pub whole: bool,
    /// The files that are meant besides.
    pub files: Vec<InputFile>,
    config: Option<PathBuf>,
}

/// Which configuration is in force for a file that has none above it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Otherwise {
    /// None: a policy elsewhere is not held by the settings of this directory.
    Nothing,
    /// That of the working directory: it says which policy a log from elsewhere is
    /// replayed through.
    Here,
}

/// Groups the files that paths name, the configurations in the order in which they
/// are met. Without paths, and for a directory that has a configuration of its own,
/// that means all that the configuration names; of another directory, the files below
/// it for which `wanted` is true.
pub(crate) fn by_configuration(
    paths: &[PathBuf],
    wanted: fn(&Path) -> bool,
    otherwise: Otherwise,
    sources: &mut SourceMap,
) -> (Vec<Group>, Problems) {
    let mut problems = Problems::default();
    let mut groups: Vec<Group> = Vec::new();
    if paths.is_empty() {
        problems.keep(place(&mut groups, Path::new("."), otherwise, sources));
        groups.iter_mut().for_each(|group| group.whole = true);
    }
    for path in paths {
        let has_own = path.is_dir() && path.join(configuration::NAME).symlink_metadata().is_ok();
        if has_own {
            let at = problems.keep(place(&mut groups, path, otherwise, sources));
            let group = groups.get_mut(at);
            group.into_iter().for_each(|group| group.whole = true);
            continue;
        }
        for file in problems.keep(input_files(path, wanted)) {
            let dir = beside(file.path());
            let at = problems.keep(place(&mut groups, &dir, otherwise, sources));
            let group = groups.get_mut(at);
            group
                .into_iter()
                .for_each(|group| group.files.push(file.clone()));
        }
    }
    (groups, problems)
}

/// The directory of a file; the working directory for standard input.
pub(crate) fn beside(file: &Path) -> PathBuf {
    match file.parent() {
        Some(dir) if file != Path::new(input::STDIN) && !dir.as_os_str().is_empty() => {
            dir.to_path_buf()
        }
        _ => PathBuf::from("."),
    }
}

/// The index of the group of what lies in `dir`.
fn place(
    groups: &mut Vec<Group>,
    dir: &Path,
    otherwise: Otherwise,
    sources: &mut SourceMap,
) -> (usize, Problems) {
    let here = Path::new(".");
    let found = configuration::find(&spelling(dir), None);
    let (start, config) = match (found, otherwise) {
        (Some(found), _) => (dir, Some(found)),
        (None, Otherwise::Here) => (here, configuration::find(&spelling(here), None)),
        // Where there is none, all share the working directory.
        (None, Otherwise::Nothing) => (here, None),
    };
    if let Some(at) = groups.iter().position(|group| group.config == config) {
        return (at, Problems::default());
    }
    let (group, problems) = group(start, config, sources);
    groups.push(group);
    (groups.len() - 1, problems)
}

fn group(start: &Path, config: Option<PathBuf>, sources: &mut SourceMap) -> (Group, Problems) {
    let (workspace, problems) = match config {
        Some(_) => Workspace::open(start, sources),
        None => (Workspace::without_config(start), Problems::default()),
    };
    let group = Group {
        workspace,
        whole: false,
        files: Vec::new(),
        config,
    };
    (group, problems)
}
