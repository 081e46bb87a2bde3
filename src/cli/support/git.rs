//! Reading policies out of git. Only this module runs it.
//!
//! `REV:path` is what git means by it: from the top of the repository, or from
//! the working directory when the path begins with `./` or `../`.
//!
//! Names and paths come from command lines and configurations, and a repository
//! from the author of a change, so neither is trusted. A revision is resolved to
//! a commit first, trees and blobs are read by object id, and nothing is
//! fetched, run, prompted for or checked out. What is not a regular
//! file in the tree (a symbolic link, a submodule) is refused: what it leads to
//! is not what the revision says.

use std::path::{Component, Path, PathBuf};
use std::process::{Command, Stdio};

use super::input;
use mcppolicy_analysis::report::Failure;

/// A working tree.
#[derive(Debug)]
pub(crate) struct Repository {
    /// Its top directory.
    top: PathBuf,
    /// Where the work is done.
    dir: PathBuf,
    /// The same from the top, with a `/` at its end; empty at
    /// the top.
    prefix: String,
    shallow: bool,
}

/// A commit, and what the user calls it.
#[derive(Debug, Clone)]
pub(crate) struct Revision {
    commit: String,
    pub name: String,
}

/// What a tree has at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Entry {
    Absent,
    File(Blob),
    Directory(String),
}

/// A file's object id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Blob(String);

/// One line of a tree.
struct Line {
    mode: String,
    id: String,
    path: String,
}

/// Splits `REV:path` at the first colon outside of braces, as git does
/// (`HEAD@{10:00}:policy.json`).
pub(crate) fn split(text: &str) -> Option<(&str, &str)> {
    let mut depth = 0_usize;
    let colon = text.char_indices().find(|(_, c)| {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        *c == ':' && depth == 0
    });
    let (revision, path) = text.split_at_checked(colon?.0)?;
    Some((revision, path.strip_prefix(':')?))
}

impl Repository {
    /// The repository that `dir` lies in.
    pub fn open(dir: &Path) -> Result<Repository, Failure> {
        let arguments = [
            "rev-parse",
            "--show-toplevel",
            "--show-prefix",
            "--is-shallow-repository",
        ];
        let bytes = git(dir, &arguments).map_err(|problem| failed("git", problem.explain()))?;
        let text = String::from_utf8(bytes)
            .map_err(|_| failed("git", "the repository's path is not UTF-8"))?;
        let lines: Vec<&str> = text.lines().collect();
        let [top, prefix, shallow] = lines.as_slice() else {
            return Err(failed(
                "git",
                "this is not the working tree of a repository",
            ));
        };
        Ok(Repository {
            top: PathBuf::from(top),
            dir: std::path::absolute(dir).unwrap_or_else(|_| dir.to_path_buf()),
            prefix: (*prefix).to_owned(),
            shallow: *shallow == "true",
        })
    }

    /// The commit that a revision names.
    pub fn resolve(&self, name: &str) -> Result<Revision, Failure> {
        if let Some(problem) = suspicious(name) {
            return Err(failed(name, format!("is no revision: {problem}")));
        }
        let commit = format!("{name}^{{commit}}");
        let arguments = ["rev-parse", "--verify", "--end-of-options", &commit];
        let bytes = git(&self.top, &arguments).map_err(|problem| match problem {
            Problem::Refused(_) => failed(name, self.unknown()),
            other => failed(name, other.explain()),
        })?;
        let text = String::from_utf8_lossy(&bytes);
        let id = text.lines().last().unwrap_or_default().to_owned();
        if !is_object_id(&id) {
            return Err(failed(name, "git did not answer with a commit"));
        }
        Ok(Revision {
            commit: id,
            name: name.to_owned(),
        })
    }

    /// The merge base of `revision` and what is checked out: the commit that a
    /// change is compared with.
    pub fn merge_base(&self, revision: &Revision) -> Result<Revision, Failure> {
        let arguments = ["merge-base", &revision.commit, "HEAD"];
        let bytes = git(&self.top, &arguments).map_err(|problem| match problem {
            Problem::Refused(_) if self.shallow => failed(&revision.name, self.unknown()),
            Problem::Refused(_) => failed(
                &revision.name,
                "what is checked out has no history in common with it",
            ),
            other => failed(&revision.name, other.explain()),
        })?;
        let id = String::from_utf8_lossy(&bytes).trim().to_owned();
        if !is_object_id(&id) {
            return Err(failed(&revision.name, "git did not answer with a commit"));
        }
        // The name is shown only where it is the name of that commit.
        let name = if id == revision.commit {
            revision.name.clone()
        } else {
            id.chars().take(12).collect()
        };
        Ok(Revision { commit: id, name })
    }

    fn unknown(&self) -> String {
        if self.shallow {
            "this clone is shallow and does not reach that far back; give actions/checkout \
             `fetch-depth: 0` and, in other places, run `git fetch --unshallow`"
                .to_owned()
        } else {
            "git knows no such revision here; fetch it first".to_owned()
        }
    }

    /// A path as git reads it behind `REV:`: from the top of the repository,
    /// or from the working directory when it begins with `./` or `../`.
    pub fn path(&self, path: &str) -> Result<String, String> {
        let relative = ["./", "../"].iter().any(|start| path.starts_with(start));
        let from = if relative || matches!(path, "." | "..") {
            self.prefix.as_str()
        } else {
            ""
        };
        normal(&format!("{from}{path}"))
    }

    /// The path of a file of the working tree in the repository, whether or not
    /// the file exists and whatever it links to; `None` outside of it.
    pub fn path_of(&self, file: &Path) -> Option<String> {
        let absolute = std::path::absolute(file).ok()?;
        let text = |path: &Path| Some(path.to_str()?.replace(std::path::MAIN_SEPARATOR, "/"));
        let inside = match absolute.strip_prefix(&self.dir) {
            Ok(below) => format!("{}{}", self.prefix, text(below)?),
            Err(_) => text(absolute.strip_prefix(&self.top).ok()?)?,
        };
        normal(&inside).ok()
    }

    /// What a revision has at a path of the repository.
    ///
    /// Each directory on the way is looked into, so that a link among them is
    /// refused and not taken for a path that is absent.
    pub fn entry(&self, revision: &Revision, path: &str) -> Result<Entry, Failure> {
        let mut tree = self.tree_of(revision)?;
        let mut parts = path.split('/').filter(|part| !part.is_empty()).peekable();
        while let Some(part) = parts.next() {
            let lines = self.tree(revision, &tree, &[])?;
            let Some(line) = lines.into_iter().find(|line| line.path == part) else {
                return Ok(Entry::Absent);
            };
            let shown = format!("{}:{path}", revision.name);
            match (is_regular_file(&line.mode), line.mode.as_str()) {
                (true, _) if parts.peek().is_none() => return Ok(Entry::File(Blob(line.id))),
                (true, _) => return Ok(Entry::Absent),
                (false, "040000") => tree = line.id,
                (false, mode) => return Err(failed(&shown, refusal(mode, part))),
            }
        }
        Ok(Entry::Directory(tree))
    }

    /// The files below a tree for which `wanted` is true, sorted by path.
    pub fn files(
        &self,
        revision: &Revision,
        tree: &str,
        wanted: impl Fn(&Path) -> bool,
    ) -> Result<Vec<(String, Blob)>, Failure> {
        let mut files = Vec::new();
        for line in self.tree(revision, tree, &["-r"])? {
            if !wanted(Path::new(&line.path)) {
                continue;
            }
            if !is_regular_file(&line.mode) {
                let shown = format!("{}:{}", revision.name, line.path);
                return Err(failed(&shown, refusal(&line.mode, &line.path)));
            }
            files.push((line.path, Blob(line.id)));
        }
        files.sort();
        Ok(files)
    }

    /// A file's bytes at a revision and the name to show for them; nothing where
    /// there is no such file.
    ///
    /// # Errors
    /// When the revision cannot be read there.
    pub fn file(
        &self,
        revision: &Revision,
        file: &Path,
    ) -> Result<Option<(String, Vec<u8>)>, Failure> {
        let Some(path) = self.path_of(file) else {
            return Ok(None);
        };
        let Entry::File(blob) = self.entry(revision, &path)? else {
            return Ok(None);
        };
        let name = format!("{}:{path}", revision.name);
        let bytes = self.read(&name, &blob)?;
        Ok(Some((name, bytes)))
    }

    /// The bytes of a file.
    pub fn read(&self, shown: &str, blob: &Blob) -> Result<Vec<u8>, Failure> {
        git(&self.top, &["cat-file", "blob", &blob.0]).map_err(|problem| match problem {
            Problem::Refused(_) => failed(
                shown,
                "its content is not in this clone, and nothing is fetched here; fetch it first",
            ),
            other => failed(shown, other.explain()),
        })
    }

    /// Whether a file of the working tree is a symbolic link, or behind one.
    pub fn linked(&self, path: &str) -> bool {
        let mut at = self.top.clone();
        path.split('/').any(|part| {
            at.push(part);
            at.symlink_metadata()
                .is_ok_and(|metadata| metadata.is_symlink())
        })
    }

    /// A path of the repository in the working tree, named from where the work
    /// is done when it lies below.
    pub fn in_working_tree(&self, path: &str) -> PathBuf {
        match path.strip_prefix(&self.prefix) {
            Some(below) => self.dir.join(below),
            None => self.top.join(path),
        }
    }

    fn tree_of(&self, revision: &Revision) -> Result<String, Failure> {
        let tree = format!("{}^{{tree}}", revision.commit);
        let arguments = ["rev-parse", "--verify", "--end-of-options", &tree];
        let bytes = git(&self.top, &arguments)
            .map_err(|problem| failed(&revision.name, problem.explain()))?;
        let text = String::from_utf8_lossy(&bytes);
        let id = text.lines().last().unwrap_or_default().to_owned();
        if is_object_id(&id) {
            Ok(id)
        } else {
            Err(failed(&revision.name, "git did not answer with a tree"))
        }
    }

    fn tree(
        &self,
        revision: &Revision,
        tree: &str,
        options: &[&str],
    ) -> Result<Vec<Line>, Failure> {
        let mut arguments = vec!["ls-tree", "-z", "--full-tree"];
        arguments.extend(options);
        arguments.push(tree);
        let bytes = git(&self.top, &arguments)
            .map_err(|problem| failed(&revision.name, problem.explain()))?;
        // `mode type id\tpath\0`; no argument can name a path that is not UTF-8.
        let lines = bytes.split(|byte| *byte == 0);
        let lines = lines.filter_map(|line| {
            let (head, path) = std::str::from_utf8(line).ok()?.split_once('\t')?;
            let mut head = head.split(' ');
            let (mode, _kind, id) = (head.next()?, head.next()?, head.next()?);
            Some(Line {
                mode: mode.to_owned(),
                id: id.to_owned(),
                path: path.to_owned(),
            })
        });
        Ok(lines.collect())
    }
}

fn is_regular_file(mode: &str) -> bool {
    matches!(mode, "100644" | "100755" | "100664")
}

fn refusal(mode: &str, path: &str) -> String {
    let what = match mode {
        "120000" => "a symbolic link",
        "160000" => "a submodule",
        _ => "no regular file",
    };
    format!("{path} is {what} there, and what it leads to is not what the revision says")
}

fn is_object_id(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Why a revision's name is not passed on to git.
fn suspicious(name: &str) -> Option<&'static str> {
    if name.is_empty() {
        Some("it is empty; the index has no revision")
    } else if name.starts_with('-') {
        Some("it begins with `-`, like an option")
    } else if name.chars().any(char::is_control) {
        Some("it has a control character in it")
    } else if split(name).is_some() {
        Some("it has a `:` in it, which comes before a path")
    } else {
        None
    }
}

/// `a/./b/../c` as `a/c`.
fn normal(path: &str) -> Result<String, String> {
    let mut parts: Vec<String> = Vec::new();
    for component in Path::new(path).components() {
        match component {
            Component::CurDir => {}
            Component::Normal(part) => parts.push(part.to_string_lossy().into_owned()),
            Component::ParentDir if parts.pop().is_some() => {}
            _ => return Err("leads out of the repository".to_owned()),
        }
    }
    Ok(parts.join("/"))
}

fn failed(input: &str, message: impl Into<String>) -> Failure {
    Failure {
        input: input.to_owned(),
        message: message.into(),
    }
}

/// Why git gave no answer.
enum Problem {
    Missing(String),
    Refused(String),
}

impl Problem {
    fn explain(self) -> String {
        match self {
            Problem::Missing(why) => format!("git could not be run: {why}"),
            Problem::Refused(why) => why,
        }
    }
}

/// Runs git in `dir`; what it writes to standard output.
fn git(dir: &Path, arguments: &[&str]) -> Result<Vec<u8>, Problem> {
    let dir = if dir.as_os_str().is_empty() {
        Path::new(".")
    } else {
        dir
    };
    let output = Command::new("git")
        // Neither a pager nor a transport, hook or monitor that a repository's
        // configuration names.
        .args(["--no-pager", "-c", "protocol.allow=never"])
        .args([
            "-c",
            "core.fsmonitor=false",
            "-c",
            "core.hooksPath=/dev/null",
        ])
        .args(arguments)
        .current_dir(dir)
        .env("GIT_NO_LAZY_FETCH", "1")
        .env("GIT_NO_REPLACE_OBJECTS", "1")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("GIT_LITERAL_PATHSPECS", "1")
        .env("LC_ALL", "C")
        .env_remove("GIT_EXTERNAL_DIFF")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| Problem::Missing(input::plain(&error)))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    let first = complaint.lines().next().unwrap_or("git failed");
    let first = first.strip_prefix("fatal: ").unwrap_or(first);
    Err(Problem::Refused(first.to_owned()))
}

#[cfg(test)]
mod tests;
