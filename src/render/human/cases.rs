//! Replayed calls: those whose expectation did not pass, then the counts.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::findings;
use super::steps::decision_line;
use crate::render::escape::terminal;
use crate::render::quote;
use crate::render::style::Style;
use crate::render::words;
use crate::render::words::counted;
use crate::shown;
use mcppolicy_analysis::replay::expect::Verdict;
use mcppolicy_analysis::replay::results::{Case, Results, TraceSummary};
use mcppolicy_analysis::report::{TestRun, Tested};
use mcppolicy_analysis::shorten;
use mcppolicy_engine::source::SourceMap;
use mcppolicy_trace::trace::options::Format;

/// All policies' cases, then one summary where anything was read that `counts`.
pub(super) fn render(
    out: &mut String,
    tested: &Tested,
    sources: &SourceMap,
    style: Style,
    counts: bool,
) {
    details(out, tested, sources, style);
    for run in &tested.runs {
        tools(out, run);
        logs(out, &run.results);
    }
    if counts {
        let _ = writeln!(out, "{}", words::tested(tested));
    }
}

/// What needs attention, without the counts.
pub(super) fn details(out: &mut String, tested: &Tested, sources: &SourceMap, style: Style) {
    findings::render(out, &tested.findings, sources, style);
    for run in &tested.runs {
        findings::render(out, &run.results.problems, sources, style);
        let unlisted = run.results.unlisted_lines;
        if unlisted > 0 {
            let _ = writeln!(
                out,
                "{} not shown\n",
                counted(unlisted, "further invalid line")
            );
        }
        for case in &run.results.cases {
            render_case(out, case, run, sources, style);
        }
        if let Some(complaint) = words::complaint(run.outcome) {
            let _ = writeln!(out, "{}: {complaint}\n", terminal(&run.name));
        }
    }
}

fn render_case(out: &mut String, case: &Case, run: &TestRun, sources: &SourceMap, style: Style) {
    let verdict = match case.verdict {
        Verdict::Fail => "FAIL",
        other => other.name(),
    };
    let tool = tool_name(case.tool.as_deref());
    let _ = write!(
        out,
        "{verdict} {}:{} {tool}",
        terminal(&case.file),
        case.line
    );
    if let Some(grant) = case.grant.name() {
        let _ = write!(out, " by {}", terminal(&shorten::name(grant)));
    }
    if let Some(time) = case.time {
        let _ = write!(out, " at {time}");
    }
    if let Some(repetitions) = words::repetitions(&case.repetitions) {
        let _ = write!(out, ", {repetitions}");
    }
    out.push('\n');
    for mismatch in words::mismatches(case) {
        let _ = writeln!(out, "  {}", terminal(&mismatch));
    }
    let location = case
        .actual
        .rule
        .as_deref()
        .map(|rule| run.policy.location_of(rule));
    let _ = writeln!(
        out,
        "  it {}",
        decision_line(&case.actual, location, sources)
    );
    if let Some(message) = &case.actual.message {
        let _ = writeln!(
            out,
            "  the agent is told: [POLICY DENIED] {}",
            terminal(&shorten::text(message))
        );
    }
    if let Some(arguments) = shown::arguments(case, style.shown()) {
        let arguments = quote::arguments(&arguments);
        let _ = writeln!(out, "  arguments: {}", terminal(&arguments));
    }
    for (label, text) in [("id", &case.id), ("note", &case.note)] {
        if let Some(text) = text {
            let _ = writeln!(out, "  {label}: {}", terminal(&shorten::text(text)));
        }
    }
    out.push('\n');
}

/// The name of a tool, or that there is none.
pub(super) fn tool_name(tool: Option<&str>) -> String {
    terminal(&shorten::name(tool.unwrap_or(words::NO_TOOL)))
}

/// Calls by tool, one line each.
fn tools(out: &mut String, run: &TestRun) {
    let _ = writeln!(out, "{}", terminal(&run.name));
    for (tool, counts) in &run.results.tools {
        let tool = tool_name(tool.as_deref());
        let mut parts = vec![counted(counts.calls, "call")];
        for (count, what) in [
            (counts.allow, "allowed"),
            (counts.deny, "denied"),
            (counts.undetermined, "undetermined"),
        ] {
            if count > 0 {
                parts.push(format!("{count} {what}"));
            }
        }
        let _ = writeln!(out, "  {tool}: {}", parts.join(", "));
    }
    asides(out, &run.results);
}

/// What was read and not decided.
fn asides(out: &mut String, results: &Results) {
    for (reason, count) in &results.reasons {
        let _ = writeln!(out, "  undetermined, {}: {count}", reason.name());
    }
    for (server, count) in &results.out_of_scope {
        let _ = writeln!(
            out,
            "  out of scope, server {}: {}",
            terminal(&shorten::name(server)),
            counted(*count, "call")
        );
    }
    for (method, count) in &results.other_methods {
        let _ = writeln!(
            out,
            "  other method {}: {count}",
            terminal(&shorten::name(method))
        );
    }
    for (reason, count) in &results.skipped {
        let _ = writeln!(out, "  skipped, {reason}: {}", counted(*count, "line"));
    }
}

/// More logs than these are shown by format.
const MOST_LOGS: usize = 20;

/// What logs were recognised as, and what was skipped in them.
fn logs(out: &mut String, results: &Results) {
    let is_log = |trace: &&TraceSummary| trace.format != Format::Native;
    let logs: Vec<&TraceSummary> = results.traces.iter().filter(is_log).collect();
    let listed = |log: &&TraceSummary| log.skipped.values().any(|of| !of.listed.is_empty());
    if logs.len() > MOST_LOGS && !logs.iter().any(listed) {
        let mut formats: BTreeMap<Format, (u64, u64)> = BTreeMap::new();
        for log in logs {
            let (files, calls) = formats.entry(log.format).or_default();
            *files += 1;
            *calls += log.counts.calls;
        }
        for (format, (files, calls)) in formats {
            let (files, calls) = (counted(files, "log"), counted(calls, "call"));
            let _ = writeln!(out, "  read as {}: {files}, {calls}", format.name());
        }
        return;
    }
    for log in logs {
        let passed = log.skipped.values().map(|passed| passed.lines).sum();
        let _ = writeln!(
            out,
            "  {} read as {}: {}, {} skipped",
            terminal(&log.name),
            log.format.name(),
            counted(log.counts.calls, "call"),
            counted(passed, "line"),
        );
        for (reason, passed) in &log.skipped {
            let Some(last) = passed.listed.last() else {
                continue;
            };
            let lines: Vec<String> = passed.listed.iter().map(usize::to_string).collect();
            let more = if passed.lines > passed.listed.len() as u64 {
                format!(" and more behind {last}")
            } else {
                String::new()
            };
            let _ = writeln!(out, "    {reason}: {}{more}", lines.join(", "));
        }
    }
}
