//! `ci`: what needs attention, then a line for each policy.

use std::fmt::Write;

use super::{cases, changes, findings};
use crate::render::conclusion;
use crate::render::escape::terminal;
use crate::render::pins;
use crate::render::style::Style;
use crate::render::words;
use crate::render::words::{counted, severities};
use mcppolicy_analysis::report::{Ci, CiPolicy, Exit, Findings, Tested};
use mcppolicy_engine::source::SourceMap;

/// All policies' details, then the overview.
pub(super) fn render(out: &mut String, ci: &Ci, sources: &SourceMap, style: Style) {
    findings::render(out, &ci.findings, sources, style);
    for policy in &ci.policies {
        findings::render(out, &policy.lint.list, sources, style);
        if let Some(tested) = &policy.test {
            cases::details(out, tested, sources, style);
        }
        let change = policy.diff.as_ref();
        if let Some(change) = change.filter(|change| words::is_changed(change)) {
            changes::details(out, change, sources, style);
            changes::approvals(out, change);
        }
        for pinned in policy.unpinned() {
            super::pinned::render(out, pinned, sources, style);
            out.push('\n');
        }
    }
    let widest = ci
        .policies
        .iter()
        .map(|policy| terminal(&policy.policy).chars().count())
        .max()
        .unwrap_or(0);
    for policy in &ci.policies {
        let _ = writeln!(out, "{} {}", mark(policy.exit), line(policy, widest));
    }
    if ci.policies.is_empty() {
        let _ = writeln!(out, "{}", conclusion::all(ci));
        return;
    }
    let _ = writeln!(out, "\n{}: {}", conclusion::all(ci), totals(ci));
    let diffs: Vec<_> = ci.diffs().collect();
    changes::ways_out(out, &diffs, sources);
}

fn mark(exit: Exit) -> &'static str {
    match exit {
        Exit::Clean => "ok     ",
        Exit::Failed => "FAILED ",
        Exit::CouldNotRun => "ERROR  ",
        Exit::Invalid => "INVALID",
        Exit::NothingToDo => "EMPTY  ",
    }
}

fn line(policy: &CiPolicy, widest: usize) -> String {
    let name = terminal(&policy.policy);
    let tested = policy
        .test
        .as_ref()
        .map_or("no traces".to_owned(), words::tested);
    let changed = policy.diff.as_ref().map(conclusion::since_base);
    let changed = changed.map(|changed| format!("  diff: {changed}"));
    let pins = policy.pins.iter();
    let pins = pins.map(|(command, pinned)| format!("  {command}: {}", pins::pinned(pinned)));
    format!(
        "{name:widest$}  lint: {}  test: {tested}{}{}",
        severities(&policy.lint),
        changed.unwrap_or_default(),
        pins.collect::<String>()
    )
}

fn totals(ci: &Ci) -> String {
    let mut all = Findings::default();
    for policy in &ci.policies {
        all.list.extend(policy.lint.list.iter().cloned());
    }
    let traces: usize = ci
        .policies
        .iter()
        .filter_map(|policy| policy.test.as_ref())
        .map(Tested::traces)
        .sum();
    let counts = ci
        .policies
        .iter()
        .filter_map(|policy| policy.test.as_ref())
        .map(Tested::summary);
    let (calls, passed) = counts.fold((0, 0), |(calls, passed), counts| {
        (calls + counts.calls, passed + counts.passed)
    });
    let traces = counted(traces as u64, "trace");
    let lint = severities(&all);
    if calls == 0 {
        // Nothing is as expected where something could not be read.
        format!("{lint}; no call was replayed")
    } else if calls == passed {
        format!(
            "{lint}; {traces} with {}, all decided as expected",
            counted(calls, "call")
        )
    } else {
        format!(
            "{lint}; {traces} with {}, {passed} decided as expected",
            counted(calls, "call")
        )
    }
}
