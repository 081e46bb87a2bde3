//! `mcppolicy lint --fix` and `--diff`: repaired texts, written or shown.

use std::path::Path;

use clap::Args;
use similar::TextDiff;

use super::files::{self, InputFile, Role};
use super::input;
use super::linter::Linter;
use super::output::complain;
use super::problems::Problems;
use super::suppressions;
use super::workspace::{PolicyFile, Workspace};
use crate::render::{printable, printable_lines};
use mcppolicy_analysis::finding::Finding;
use mcppolicy_analysis::fix::{self, Fixed};
use mcppolicy_analysis::lint;
use mcppolicy_analysis::report::{Failure, Repairs};
use mcppolicy_engine::engine::Engine;
use mcppolicy_engine::policy::Policy;
use mcppolicy_engine::problem::Applicability;
use mcppolicy_engine::source::SourceMap;

/// How to repair.
#[derive(Args, Debug)]
pub(crate) struct FixArgs {
    /// Repair what can be repaired without changing a decision
    #[arg(long)]
    pub fix: bool,
    /// Also repair what then refuses calls that pass today
    #[arg(long = "unsafe")]
    pub also_unsafe: bool,
    /// Show the repairs as a unified diff, and write nothing
    #[arg(long, conflicts_with = "format")]
    pub diff: bool,
}

/// Which repairs to make, and what to do with the repaired text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mode {
    most: Applicability,
    target: Target,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    /// The policy's file.
    File,
    /// Only the diff.
    Diff,
}

impl FixArgs {
    /// Whether `--unsafe` is given without a mode, where it would do nothing.
    pub fn lacks_mode(&self) -> bool {
        self.also_unsafe && self.mode().is_none()
    }

    /// What to repair and how; `--unsafe` by itself repairs nothing.
    pub fn mode(&self) -> Option<Mode> {
        let target = if self.diff {
            Target::Diff
        } else if self.fix {
            Target::File
        } else {
            return None;
        };
        let most = if self.also_unsafe {
            Applicability::Unsafe
        } else {
            Applicability::Safe
        };
        Some(Mode { most, target })
    }
}

/// What was done.
#[derive(Debug, Default)]
pub(crate) struct Repaired {
    /// For the report.
    pub list: Vec<Repairs>,
    /// The changes as a unified diff.
    pub diff: String,
}

/// Repairs policies; those that are written are read again into `files`.
pub(crate) fn run(
    workspace: &Workspace,
    linter: &mut Linter,
    files: &mut [PolicyFile],
    mode: Mode,
    sources: &mut SourceMap,
) -> (Repaired, Problems) {
    let mut repaired = Repaired::default();
    let mut problems = Problems::default();
    for file in files {
        let done = problems.keep(repair(workspace, linter, file, mode, sources));
        let Some((before, fixed)) = done else {
            continue;
        };
        let diff = unified(&file.name, &before, &fixed.text);
        let (diff, is_escaped) = printable_lines(&diff);
        repaired.diff.push_str(&diff);
        if is_escaped && mode.target == Target::Diff {
            complain(&format!(
                "{}: what would not be shown as it is has been escaped in the diff, which is no \
                 patch to apply; --fix repairs the file",
                file.name
            ));
        }
        if mode.target == Target::File && fixed.text != before {
            let written = files::replace(&file.path, fixed.text.as_bytes());
            let written = written.map_err(|error| Failure {
                input: file.name.clone(),
                message: input::plain(&error),
            });
            if problems.keep_failure(written).is_none() {
                continue;
            }
            let read = PolicyFile::read(&file.path, file.entry, sources);
            if let Some(read) = problems.keep_failure(read) {
                *file = read;
            }
        }
        repaired.list.push(Repairs {
            policy: file.name.clone(),
            applied: fixed.applied,
            refused: fixed.refused,
        });
    }
    (repaired, problems)
}

/// The text before, and the repaired one; `None` for a file that is not text
/// or cannot be read.
fn repair(
    workspace: &Workspace,
    linter: &mut Linter,
    file: &PolicyFile,
    mode: Mode,
    sources: &mut SourceMap,
) -> (Option<(String, Fixed)>, Problems) {
    let before = match read(file) {
        Ok(Some(before)) => before,
        Ok(None) => return (None, Problems::default()),
        Err(failure) => return (None, Problems::from(failure)),
    };
    let (with, problems) = linter.for_policy(workspace, file, sources);
    let entries = suppressions::of(workspace, &file.path);
    let today = linter.today;
    // What is suppressed is not repaired.
    let relint = |text: &str, policy: &Policy| -> Vec<Finding> {
        let list = lint::lint(&with.input(policy, &Engine::new(policy)));
        let places = lint::suppress::Places::new(text);
        lint::suppress::sort(list, &entries, &places, &with.settings, today).kept
    };
    let fixed = fix::fix(&file.name, &before, mode.most, &relint);
    (Some((before, fixed)), problems)
}

fn read(file: &PolicyFile) -> Result<Option<String>, Failure> {
    if file.path == Path::new(input::STDIN) {
        return Err(Failure {
            input: file.name.clone(),
            message: "standard input cannot be repaired, name a file".to_owned(),
        });
    }
    let read = InputFile::of_person(&file.path).read(Role::Policy);
    let bytes = read.map_err(|refusal| refusal.failure(&file.name))?;
    Ok(String::from_utf8(bytes).ok())
}

/// A unified diff, empty where nothing differs.
fn unified(name: &str, before: &str, after: &str) -> String {
    if before == after {
        return String::new();
    }
    let diff = TextDiff::from_lines(before, after);
    let name = printable(name);
    let header = [format!("a/{name}"), format!("b/{name}")];
    let [old, new] = &header;
    diff.unified_diff().header(old, new).to_string()
}
