//! `mcppolicy lint --fix` and `--diff`: repaired texts, written or shown.

use std::path::Path;

use clap::Args;
use similar::TextDiff;

use super::input;
use super::policies::Linter;
use super::suppressions;
use super::workspace::{PolicyFile, Workspace};
use mcppolicy_analysis::finding::Finding;
use mcppolicy_analysis::fix::{self, Fixed};
use mcppolicy_analysis::lint;
use mcppolicy_analysis::report::{Failure, Repairs};
use mcppolicy_engine::engine::Engine;
use mcppolicy_engine::policy::Policy;
use mcppolicy_engine::problem::Applicability;

/// How to repair.
#[derive(Args, Debug)]
pub(super) struct FixArgs {
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

/// What was asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    most: Applicability,
    write: bool,
}

impl FixArgs {
    /// Whether `--unsafe` stands alone, where it would do nothing.
    pub fn is_idle(&self) -> bool {
        self.also_unsafe && self.wanted().is_none()
    }

    /// What is wanted; `--unsafe` alone wants nothing.
    pub fn wanted(&self) -> Option<Wanted> {
        (self.fix || self.diff).then_some(Wanted {
            most: match self.also_unsafe {
                true => Applicability::Unsafe,
                false => Applicability::Safe,
            },
            write: !self.diff,
        })
    }
}

/// What was done.
#[derive(Debug, Default)]
pub(super) struct Repaired {
    /// For the report.
    pub list: Vec<Repairs>,
    /// The changes as a unified diff.
    pub diff: String,
}

/// Repairs policies; those that are written are read again.
pub(super) fn run(
    workspace: &mut Workspace,
    linter: &mut Linter,
    files: &mut [PolicyFile],
    wanted: Wanted,
) -> Repaired {
    let mut repaired = Repaired::default();
    for file in files {
        match repair(workspace, linter, file, wanted) {
            Ok(Some((before, fixed))) => {
                repaired
                    .diff
                    .push_str(&unified(&file.name, &before, &fixed.text));
                repaired.list.push(Repairs {
                    policy: file.name.clone(),
                    applied: fixed.applied,
                    refused: fixed.refused,
                });
            }
            Ok(None) => {}
            Err(failure) => workspace.failures.push(failure),
        }
    }
    repaired
}

/// The text before, and what became of it; nothing for a file that is no text.
fn repair(
    workspace: &mut Workspace,
    linter: &mut Linter,
    file: &mut PolicyFile,
    wanted: Wanted,
) -> Result<Option<(String, Fixed)>, Failure> {
    if file.path == Path::new(input::STDIN) {
        return Err(Failure {
            input: file.name.clone(),
            message: "standard input cannot be repaired, name a file".to_owned(),
        });
    }
    let Ok(before) = String::from_utf8(input::read(&file.path)?) else {
        return Ok(None);
    };
    let mut problems = Vec::new();
    let with = linter.for_policy(workspace, file, &mut problems);
    workspace.config_findings.append(&mut problems);
    let entries = suppressions::of(workspace, &file.path);
    let today = linter.today;
    // What somebody has decided to live with is not repaired.
    let relint = |text: &str, policy: &Policy| -> Vec<Finding> {
        let list = lint::lint(&with.input(policy, &Engine::new(policy)));
        let places = lint::suppress::Places::new(text);
        lint::suppress::sort(list, &entries, &places, &with.settings, today).kept
    };
    let fixed = fix::fix(&file.name, &before, wanted.most, &relint);
    if wanted.write && fixed.text != before {
        std::fs::write(&file.path, &fixed.text).map_err(|error| Failure {
            input: file.name.clone(),
            message: input::plain(&error),
        })?;
        if let Some(read) = workspace.load(&file.path, file.entry) {
            *file = read;
        }
    }
    Ok(Some((before, fixed)))
}

/// A unified diff, empty where nothing differs.
fn unified(name: &str, before: &str, after: &str) -> String {
    if before == after {
        return String::new();
    }
    let diff = TextDiff::from_lines(before, after);
    let header = [format!("a/{name}"), format!("b/{name}")];
    let [old, new] = &header;
    diff.unified_diff().header(old, new).to_string()
}
