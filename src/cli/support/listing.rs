//! Which files a configuration names: its paths, globs and templates.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::configuration::Config;
use super::files::Checkout;
use super::input;
use super::patterns::{Globs, directories, literal, normal_pattern};
use mcppolicy_analysis::report::Failure;
use mcppolicy_engine::source::Location;

/// Files with the entry of each, and what is wrong with entries.
pub(crate) type Named = (Vec<(PathBuf, usize)>, Unusable);

/// What is wrong with paths and globs of a configuration, each at its place.
pub(crate) type Unusable = Vec<(Location, String)>;

/// The files that a configuration names and does not exclude, sorted within an
/// entry. A file belongs to the first entry that names it.
pub(crate) fn named(config: &Config) -> Named {
    let checkout = config.checkout.as_deref();
    let mut problems = Vec::new();
    let mut globs = Vec::new();
    let mut files: Vec<Vec<PathBuf>> = Vec::new();
    for (index, entry) in config.policies.iter().enumerate() {
        files.push(Vec::new());
        match normal_pattern(&entry.path.text) {
            Err(problem) => problems.push((entry.path.location, problem)),
            Ok(pattern) => match literal(&pattern) {
                Some(path) => {
                    let file = config.root.join(path);
                    let is_there = match checkout {
                        Some(checkout) => checkout.is_there(&file),
                        None => file.symlink_metadata().is_ok(),
                    };
                    if is_there && let Some(files) = files.last_mut() {
                        files.push(file);
                    }
                }
                None => globs.push((index, pattern)),
            },
        }
    }
    let (matches, unusable) = matching(config, globs);
    problems.extend(unusable);
    for (index, file) in matches {
        if let Some(files) = files.get_mut(index) {
            files.push(file);
        }
    }
    let excluded = excluded(config);
    let mut first: HashMap<PathBuf, usize> = HashMap::new();
    let mut found = Vec::new();
    for (index, (entry, files)) in config.policies.iter().zip(files).enumerate() {
        let location = entry.path.location;
        if files.is_empty() && !problems.iter().any(|(known, _)| *known == location) {
            problems.push((location, "matches no file".to_owned()));
        }
        for file in files {
            if !excluded(&file) && first.insert(file.clone(), index).is_none() {
                found.push((file, index));
            }
        }
    }
    problems.sort_by_key(|(location, _)| location.span);
    (found, problems)
}

/// The files that globs of a configuration match, each with the glob's entry, in
/// the order of the files; and what is wrong with globs.
fn matching(config: &Config, globs: Vec<(usize, String)>) -> (Vec<(usize, PathBuf)>, Unusable) {
    let mut problems = Vec::new();
    let mut usable = Vec::new();
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut repeated = Vec::new();
    for (index, pattern) in globs {
        // Of two entries with one glob, the first one has its files.
        let earlier = seen.get(&pattern).copied();
        if let Some(first) = earlier {
            repeated.push((first, index));
            continue;
        }
        seen.insert(pattern.clone(), index);
        match (Globs::check(&pattern), config.policies.get(index)) {
            (Err(problem), Some(entry)) => problems.push((entry.path.location, problem)),
            _ => usable.push((index, pattern)),
        }
    }
    if usable.is_empty() {
        return (Vec::new(), problems);
    }
    let set = Globs::new(usable.iter().map(|(_, pattern)| pattern.as_str()));
    let below = |file: &Path| file.strip_prefix(&config.root).map(Path::to_path_buf).ok();
    let wanted = |file: &Path| below(file).is_some_and(|inside| set.is_match(&inside));
    let listed = list(config.checkout.as_deref(), &config.root, &wanted);
    let files = match listed {
        Ok(files) => files,
        Err(failure) => {
            let Failure { input, message } = failure;
            problems.push((
                config.beginning(),
                format!("leads to {input}, which {message}"),
            ));
            Vec::new()
        }
    };
    let mut matches = Vec::new();
    if let Some(checkout) = config.checkout.as_deref() {
        let patterns = usable.iter().map(|(_, pattern)| pattern.as_str());
        let patterns: Vec<String> = patterns.flat_map(directories).collect();
        let directories = Globs::new(patterns.iter().map(String::as_str));
        let may_hold = |file: &Path| below(file).is_some_and(|dir| directories.is_match(&dir));
        let obstacles = checkout.obstacles(&config.root, &may_hold).into_iter();
        let first = usable.first().map_or(0, |(index, _)| *index);
        matches.extend(obstacles.map(|file| (first, file)));
    }
    for file in files {
        let inside = below(&file);
        for at in inside
            .map(|inside| set.matches(&inside))
            .unwrap_or_default()
        {
            let entry = usable.get(at);
            matches.extend(entry.map(|(index, _)| (*index, file.clone())));
        }
    }
    // That an entry names something is shown by one file.
    let named: HashMap<usize, PathBuf> = matches.iter().cloned().collect();
    for (first, index) in repeated {
        matches.extend(named.get(&first).map(|file| (index, file.clone())));
    }
    (matches, problems)
}

/// Whether a configuration sets a file aside.
pub(crate) fn excluded(config: &Config) -> impl Fn(&Path) -> bool {
    let globs = config.exclude.iter();
    let globs = globs.filter_map(|glob| normal_pattern(&glob.text).ok());
    let globs: Vec<String> = globs.filter(|glob| Globs::check(glob).is_ok()).collect();
    let set = Globs::new(globs.iter().map(String::as_str));
    let root = config.root.clone();
    move |file| {
        let inside = file.strip_prefix(&root);
        inside.is_ok_and(|inside| set.is_match(inside))
    }
}

/// The files below a directory for which `wanted` is true, sorted.
///
/// # Errors
/// When the directory cannot be read.
pub(crate) fn list(
    checkout: Option<&Checkout>,
    dir: &Path,
    wanted: &dyn Fn(&Path) -> bool,
) -> Result<Vec<PathBuf>, Failure> {
    match checkout {
        Some(checkout) => checkout.list(dir, wanted),
        None => input::walk(dir, wanted),
    }
}

/// A path of the configuration with `{dir}` and `{dirname}` filled in for one
/// policy; relative to the configuration unless it begins with `{dir}`.
pub(crate) fn fill(template: &str, root: &Path, policy: &Path) -> PathBuf {
    let dir = policy.parent().unwrap_or(Path::new(""));
    match template.strip_prefix("{dir}") {
        Some(rest) => dir.join(fill_dirname(rest, policy).trim_start_matches('/')),
        None => root.join(fill_dirname(template, policy)),
    }
}

/// `template` with `{dirname}`, the name of the policy's directory, filled in.
pub(crate) fn fill_dirname(template: &str, policy: &Path) -> String {
    let absolute = std::path::absolute(policy).unwrap_or_else(|_| policy.to_path_buf());
    let name = absolute
        .parent()
        .and_then(Path::file_name)
        .unwrap_or_default();
    template.replace("{dirname}", &name.to_string_lossy())
}
