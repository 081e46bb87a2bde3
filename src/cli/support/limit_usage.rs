//! How much of each limit recordings use, for the lint rule that compares
//! limits with it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::problems::Problems;
use super::replay;
use super::traces::{self, Assignment};
use super::workspace::Workspace;
use mcppolicy_analysis::lint::Used;
use mcppolicy_analysis::replay::Options;
use mcppolicy_analysis::report::Failure;
use mcppolicy_engine::engine::Engine;
use mcppolicy_engine::source::SourceMap;

/// What the recordings show of one policy's limits.
#[derive(Debug)]
pub(crate) struct LimitUsage {
    /// The policy's file.
    pub policy: PathBuf,
    /// The use of each limit, by JSON Pointer.
    pub limits: BTreeMap<String, Used>,
}

/// What `paths` show of each policy, or without any, the traces of the
/// configuration; `policy` is the only one that `paths` are for. The problems
/// are failures of `paths`. What is wrong with the configuration and with its
/// traces is not returned: `test` reports it.
pub(crate) fn limit_usage(
    workspace: &Workspace,
    paths: &[PathBuf],
    policy: Option<&Path>,
    sources: &mut SourceMap,
) -> (Vec<LimitUsage>, Problems) {
    if paths.is_empty() && workspace.config.is_none() {
        return (Vec::new(), Problems::default());
    }
    let (assignments, mut problems) = traces::assign(workspace, paths, policy, sources);
    let mut all = Vec::new();
    for assignment in assignments {
        all.extend(problems.keep(of_assignment(workspace, assignment, sources)));
    }
    problems.findings.clear();
    if paths.is_empty() {
        problems.failures.clear();
    }
    (all, problems)
}

fn of_assignment(
    workspace: &Workspace,
    assignment: Assignment,
    sources: &mut SourceMap,
) -> (Option<LimitUsage>, Problems) {
    let Some(file) = assignment.policy else {
        return (None, Problems::default());
    };
    let Some(policy) = &file.policy else {
        return (None, Problems::default());
    };
    let options = Options {
        server: workspace.server_of(&file),
        usage: true,
        ..Options::default()
    };
    let engine = Engine::new(policy);
    let (results, mut problems) = replay::replay(
        &engine,
        options,
        &assignment.traces,
        workspace.reading,
        sources,
    );
    if results.invalid_lines > 0 {
        let lines = results.invalid_lines;
        problems.failures.push(Failure {
            input: file.name.clone(),
            message: format!(
                "cannot be compared with its recordings: {lines} of their lines are not valid, \
                 `mcppolicy test` shows them"
            ),
        });
    }
    let limits = results.usage.map(|usage| {
        let each = usage.limits.into_iter().map(|(pointer, limit)| {
            let (peak, calls) = (limit.peak, limit.counted);
            (pointer, Used { peak, calls })
        });
        each.collect()
    });
    let usage = limits.map(|limits| LimitUsage {
        policy: file.path,
        limits,
    });
    (usage, problems)
}
