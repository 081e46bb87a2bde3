//! Running git: always in the same root, with the git directory said, and with
//! nothing of the environment that names another repository.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use super::super::input;

/// The largest file that is read from a repository: 256 MiB.
pub(super) const MAX_BLOB: u64 = 256 << 20;

/// Variables of git that say where its own programs and the user's settings
/// are. They come from whoever runs the command. Every other variable of git is
/// removed: git sets many of them for hooks, and they name a repository, an
/// index or objects.
const KEPT: [&str; 5] = [
    "GIT_CONFIG_COUNT",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_NOSYSTEM",
    "GIT_CONFIG_SYSTEM",
    "GIT_EXEC_PATH",
];
const KEPT_BEGINNINGS: [&str; 2] = ["GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_"];

/// Why git gave no answer.
pub(super) enum Problem {
    Missing(String),
    Refused(String),
}

impl Problem {
    pub fn explain(self) -> String {
        match self {
            Problem::Missing(why) => format!("git could not be run: {why}"),
            Problem::Refused(why) => why,
        }
    }
}

/// Git for one repository.
#[derive(Debug, Clone)]
pub(super) struct Git {
    /// The top directory of the working tree. Git runs there.
    pub top: PathBuf,
    /// The git directory; none for the first question, which asks for it.
    pub dir: Option<PathBuf>,
    /// The git directory that linked worktrees have in common.
    pub common_dir: Option<PathBuf>,
    /// The index that a hook was given.
    pub index: Option<PathBuf>,
}

impl Git {
    /// What git writes to standard output.
    pub fn run(&self, arguments: &[&str]) -> Result<Vec<u8>, Problem> {
        let output = self
            .command(arguments)
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

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            let is_kept = KEPT.contains(&text.as_ref())
                || KEPT_BEGINNINGS.iter().any(|start| text.starts_with(start));
            if text.starts_with("GIT_") && !is_kept {
                command.env_remove(&name);
            }
        }
        command.args(["--no-pager", "--no-replace-objects", "--literal-pathspecs"]);
        // Neither a transport, a hook nor a monitor that a repository's
        // configuration names.
        for setting in [
            "protocol.allow=never",
            "safe.bareRepository=explicit",
            "core.fsmonitor=false",
            "core.hooksPath=/dev/null",
        ] {
            command.args(["-c", setting]);
        }
        if let Some(dir) = &self.dir {
            command.arg("--git-dir").arg(dir);
            command.arg("--work-tree").arg(&self.top);
        }
        if let Some(index) = &self.index {
            command.env("GIT_INDEX_FILE", index);
        }
        command
            .args(arguments)
            .current_dir(&self.top)
            .env("GIT_NO_LAZY_FETCH", "1")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("LC_ALL", "C");
        command
    }

    /// A process that answers with the content of objects.
    pub fn objects(&self) -> Result<Objects, Problem> {
        let missing = |error: std::io::Error| Problem::Missing(input::plain(&error));
        let mut child = self
            .command(&["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(missing)?;
        let (Some(questions), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(Problem::Missing("it has no input or output".to_owned()));
        };
        Ok(Objects {
            child,
            questions: Some(questions),
            answers: BufReader::new(answers),
        })
    }
}

/// A running `git cat-file --batch`.
#[derive(Debug)]
pub(super) struct Objects {
    child: Child,
    questions: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

/// What a repository has under an object id.
pub(super) enum Object {
    Blob(Vec<u8>),
    /// A blob of so many bytes, which is too large to be read.
    TooLarge(u64),
    /// No blob, or none that is in this clone.
    Absent,
}

impl Objects {
    /// The content of a blob.
    pub fn read(&mut self, id: &str) -> std::io::Result<Object> {
        let questions = self.questions.as_mut();
        let questions = questions.ok_or(std::io::ErrorKind::BrokenPipe)?;
        questions.write_all(format!("{id}\n").as_bytes())?;
        questions.flush()?;
        let mut head = String::new();
        self.answers.read_line(&mut head)?;
        // `ID TYPE SIZE`, or `ID missing`.
        let mut words = head.trim_end().split(' ').skip(1);
        let (Some(kind), Some(size)) = (words.next(), words.next()) else {
            return if head.is_empty() {
                Err(std::io::ErrorKind::UnexpectedEof.into())
            } else {
                Ok(Object::Absent)
            };
        };
        let size: u64 = size
            .parse()
            .map_err(|_| std::io::Error::from(std::io::ErrorKind::InvalidData))?;
        if kind != "blob" || size > MAX_BLOB {
            // The content and the line feed behind it are passed over.
            let mut rest = (&mut self.answers).take(size.saturating_add(1));
            std::io::copy(&mut rest, &mut std::io::sink())?;
            return Ok(match kind {
                "blob" => Object::TooLarge(size),
                _ => Object::Absent,
            });
        }
        let mut bytes = Vec::new();
        (&mut self.answers).take(size).read_to_end(&mut bytes)?;
        let mut end = [0];
        self.answers.read_exact(&mut end)?;
        Ok(Object::Blob(bytes))
    }
}

impl Drop for Objects {
    fn drop(&mut self) {
        // Without questions git ends by itself.
        drop(self.questions.take());
        let _ = self.child.wait();
    }
}

/// A path that git answered with; `relative_to` is where git ran.
pub(super) fn answered_path(text: &str, relative_to: &Path) -> PathBuf {
    relative_to.join(text)
}
