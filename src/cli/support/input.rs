//! Reading files, and their names in reports.

use std::path::{Component, Path, PathBuf};

use ignore::WalkBuilder;

use mcppolicy_analysis::report::Failure;

/// The name of standard input on the command line.
pub(crate) const STDIN: &str = "-";

/// An operating system's error in few words.
pub(crate) fn plain(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "no such file".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}

/// A word for a shell: between quotes unless every character stands for itself.
pub(crate) fn shell_word(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./:@%+=,".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// A path as reports show it: relative to the working directory where it lies
/// below it, with `/` on every system.
pub(crate) fn display_name(path: &Path) -> String {
    if path == Path::new(STDIN) {
        return "<stdin>".to_owned();
    }
    let here = std::env::current_dir().unwrap_or_default();
    let shown = path.strip_prefix(&here).unwrap_or(path);
    let mut parts: Vec<String> = Vec::new();
    for component in shown.components() {
        match component {
            Component::CurDir => {}
            Component::RootDir => parts.push(String::new()),
            other => parts.push(other.as_os_str().to_string_lossy().into_owned()),
        }
    }
    if parts.is_empty() {
        ".".to_owned()
    } else {
        parts.join("/")
    }
}

/// The files below `dir` for which `wanted` is true, sorted, as git sees
/// them: what `.gitignore` names is skipped, and so are hidden files.
pub(crate) fn walk(dir: &Path, wanted: impl Fn(&Path) -> bool) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    let walk = WalkBuilder::new(dir)
        .require_git(false)
        .sort_by_file_path(|a, b| a.cmp(b))
        .build();
    for entry in walk {
        let entry = entry.map_err(|error| Failure {
            input: display_name(dir),
            message: error.to_string(),
        })?;
        if entry.file_type().is_some_and(|kind| !kind.is_dir()) && wanted(entry.path()) {
            found.push(entry.into_path());
        }
    }
    Ok(found)
}

/// Whether two paths lead to the same file.
pub(crate) fn same_file(a: &Path, b: &Path) -> bool {
    match (a.canonicalize(), b.canonicalize()) {
        (Ok(a), Ok(b)) => a == b,
        _ => a == b,
    }
}

/// Whether a file found while walking is taken for a policy.
pub(crate) fn is_policy(path: &Path) -> bool {
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    name == "policy.json" || name.ends_with(".policy.json")
}
