//! What makes every commit and every pull request of a repository checked: a
//! hook for pre-commit and a GitHub workflow. What is there is never overwritten.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::cli::support::files::{self, InputFile, Refusal, Role, Root};
use crate::cli::support::input;
use mcppolicy_engine::value::Value;

/// The hooks of a repository, by pre-commit's name for the file.
const HOOKS: &str = ".pre-commit-config.yaml";
/// The workflow.
const WORKFLOW: &str = ".github/workflows/mcppolicy.yml";
/// Where the action is while the crate does not say where its home is.
const UNKNOWN_HOME: &str = "OWNER/mcppolicy";

/// A git repository, and where in it the configuration is.
#[derive(Debug)]
pub(super) struct Repository {
    root: PathBuf,
    /// The configuration's directory from the root, with `/`; empty at the root.
    inside: String,
}

impl Repository {
    /// The repository that `dir` is in, whether or not `dir` is there yet.
    pub fn of(dir: &Path) -> Option<Repository> {
        let dir = std::path::absolute(dir).ok()?;
        let root = dir.ancestors().find(|above| above.join(".git").exists())?;
        let inside: Vec<_> = dir
            .strip_prefix(root)
            .ok()?
            .components()
            .map(|part| part.as_os_str().to_string_lossy())
            .collect();
        Some(Repository {
            root: root.to_path_buf(),
            inside: inside.join("/"),
        })
    }

    /// Writes a hook that runs the command that is installed; where there are
    /// hooks already, says what to add to them.
    pub fn write_hook(&self, output: &mut String) -> Result<(), String> {
        let hook = hook(&self.inside);
        let file = self.root.join(HOOKS);
        let name = shown(&file);
        let there = InputFile::below(&Root::at(&self.root), &file, None);
        match there.read(Role::Configuration) {
            Ok(there) if String::from_utf8_lossy(&there).contains("mcppolicy") => {
                let _ = writeln!(output, "kept {name}, which has mcppolicy in it");
            }
            Ok(_) => {
                let _ = writeln!(output, "kept {name}: add this to its `repos`\n\n{hook}");
            }
            Err(Refusal::Absent) => write_new(&file, &format!("repos:\n{hook}"), output)?,
            Err(refusal) => return Err(format!("{name}: {}", refusal.message())),
        }
        Ok(())
    }

    /// Writes a workflow that runs the action on pull requests.
    pub fn write_workflow(&self, output: &mut String) -> Result<(), String> {
        let file = self.root.join(WORKFLOW);
        if file.symlink_metadata().is_ok() {
            let _ = writeln!(output, "kept {}, which is there already", shown(&file));
            return Ok(());
        }
        let action = action(env!("CARGO_PKG_REPOSITORY"));
        write_new(&file, &workflow(&action, &self.inside), output)?;
        if action == UNKNOWN_HOME {
            let _ = writeln!(
                output,
                "Replace OWNER in it by where the project's repository lives."
            );
        }
        Ok(())
    }
}

/// Writes a file that must not be there.
fn write_new(file: &Path, text: &str, output: &mut String) -> Result<(), String> {
    let name = input::display_name(file);
    files::create_new(file, text.as_bytes())
        .map_err(|error| format!("{name}: {}", input::plain(&error)))?;
    let _ = writeln!(output, "wrote {}", shown(file));
    Ok(())
}

fn shown(file: &Path) -> String {
    crate::render::printable(&input::display_name(file))
}

/// An entry of `repos` that runs everything that the configuration in `inside`
/// says.
fn hook(inside: &str) -> String {
    let entry = match inside {
        "" => "mcppolicy ci".to_owned(),
        inside => format!("mcppolicy ci {}", one_word(inside)),
    };
    format!(
        "  - repo: local
    hooks:
      - id: mcppolicy
        name: mcppolicy
        entry: {}
        language: system
        files: (^|/)(policy|tools)\\.json$|(^|/)mcppolicy\\.toml$|\\.jsonl$
        pass_filenames: false
",
        scalar(&entry)
    )
}

/// Every pull request, not only those that touch policies: a job that is
/// required and does not run would block the others.
fn workflow(action: &str, inside: &str) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let mut out = format!(
        "name: mcppolicy
on:
  pull_request:
permissions:
  contents: read
  pull-requests: write # the comment that says what a change lets through
jobs:
  policies:
    runs-on: ubuntu-24.04
    timeout-minutes: 30
    steps:
      - uses: actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2
        with:
          fetch-depth: 2 # the base, which the change is held against
          persist-credentials: false
      - uses: {action}@v{version}
"
    );
    if !inside.is_empty() {
        let _ = write!(out, "        with:\n          path: {}\n", scalar(inside));
    }
    out
}

/// `owner/name` of a repository's address on GitHub.
fn action(home: &str) -> String {
    let name = home.strip_prefix("https://github.com/");
    let name = name.map(|name| name.trim_end_matches('/').trim_end_matches(".git"));
    name.filter(|name| !name.is_empty())
        .unwrap_or(UNKNOWN_HOME)
        .to_owned()
}

/// Text that needs no quotes, neither for a shell nor in YAML.
fn is_plain(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_');
    !text.is_empty() && text.chars().all(|c| plain(c) || c == '-') && !text.starts_with('-')
}

/// Text as one word of a command line.
fn one_word(text: &str) -> String {
    if is_plain(text) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

/// Text as a scalar of YAML; JSON's strings are YAML's.
fn scalar(text: &str) -> String {
    if text.split(' ').all(is_plain) {
        text.to_owned()
    } else {
        crate::render::json_text(Value::from(text).to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_action_is_where_the_crate_says_its_home_is() {
        assert_eq!(
            action("https://github.com/acme/mcppolicy"),
            "acme/mcppolicy"
        );
        assert_eq!(action("https://github.com/acme/gate.git"), "acme/gate");
        for unknown in [
            "",
            "https://example.org/acme/mcppolicy",
            "https://github.com/",
        ] {
            assert_eq!(action(unknown), UNKNOWN_HOME);
        }
    }

    #[test]
    fn odd_directories_are_quoted_for_the_shell_and_for_yaml() {
        let line = |inside| {
            let hook = hook(inside);
            let mut lines = hook.lines().map(str::trim);
            lines
                .find(|line| line.starts_with("entry"))
                .unwrap()
                .to_owned()
        };
        assert_eq!(line(""), "entry: mcppolicy ci");
        assert_eq!(line("a/b-c"), "entry: mcppolicy ci a/b-c");
        assert_eq!(line("a b: #"), "entry: \"mcppolicy ci 'a b: #'\"");
        assert_eq!(line("it's"), "entry: \"mcppolicy ci 'it'\\\\''s'\"");
        assert!(workflow("o/r", "x: y").contains("path: \"x: y\"\n"));
        assert!(!workflow("o/r", "").contains("path:"));
    }
}
