//! How much of each limit recordings use, for the rule that holds limits against
//! what anybody needs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::traces;
use super::workspace::Workspace;
use mcppolicy_analysis::lint::Used;
use mcppolicy_analysis::replay::{Options, Replay};
use mcppolicy_analysis::report::Failure;
use mcppolicy_engine::engine::Engine;

/// What the recordings show of one policy's limits, by JSON Pointer.
#[derive(Debug)]
pub(super) struct Observed {
    /// The policy's file.
    pub policy: PathBuf,
    pub limits: BTreeMap<String, Used>,
}

/// What `paths` show of each policy, or without any, the traces of the
/// configuration; `policy` is the only one that `paths` are for. What is wrong with the latter is not said here: `test` does.
pub(super) fn observed(
    workspace: &mut Workspace,
    paths: &[PathBuf],
    policy: Option<&Path>,
) -> Vec<Observed> {
    if paths.is_empty() && workspace.config.is_none() {
        return Vec::new();
    }
    let said = workspace.config_findings.clone();
    let failures = workspace.failures.clone();
    let assignments = traces::assign(workspace, paths, policy);
    let all = assignments.into_iter().filter_map(|assignment| {
        let file = assignment.policy?;
        let engine = Engine::new(file.policy.as_ref()?);
        let options = Options {
            server: super::test::server_of(workspace, &file),
            usage: true,
            ..Options::default()
        };
        let mut replay = Replay::new(&engine, options);
        for path in &assignment.traces {
            let read = traces::open(path, workspace.reading).and_then(|mut trace| {
                replay
                    .read(&mut trace, &mut workspace.sources)
                    .map_err(|error| traces::failure(path, &error))
            });
            workspace.failures.extend(read.err());
        }
        let results = replay.finish();
        if results.invalid_lines > 0 {
            let lines = results.invalid_lines;
            workspace.failures.push(Failure {
                input: file.name.clone(),
                message: format!(
                    "cannot be held against its recordings: {lines} of their lines are not valid, \
                     `mcppolicy test` shows them"
                ),
            });
        }
        let usage = results.usage?;
        let limits = usage.limits.into_iter().map(|(pointer, limit)| {
            let (peak, calls) = (limit.peak, limit.counted);
            (pointer, Used { peak, calls })
        });
        Some(Observed {
            policy: file.path,
            limits: limits.collect(),
        })
    });
    let all = all.collect();
    workspace.config_findings = said;
    if paths.is_empty() {
        workspace.failures = failures;
    }
    all
}
