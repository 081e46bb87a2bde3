//! A change of policies: the verdict first, then each change with the calls
//! that prove it, then recorded traffic.

use std::fmt::Write;

use super::cases::tool_name;
use super::findings;
use crate::render::escape::terminal;
use crate::render::quote;
use crate::render::style::Style;
use crate::render::words;
use crate::render::words::counted;
use crate::shown;
use mcppolicy_analysis::compare::{Change, Scope, Side, Witness};
use mcppolicy_analysis::diff::PolicyDiff;
use mcppolicy_analysis::diff::gate::Outside;
use mcppolicy_analysis::diff::traffic::{Example, Traffic};
use mcppolicy_analysis::report::DiffReport;
use mcppolicy_analysis::shorten;
use mcppolicy_engine::source::{FileId, Location, SourceMap};

/// Witnesses shown for each direction; the JSON report has them all.
const MOST_WITNESSES: usize = 3;

/// The whole change.
pub(super) fn render(out: &mut String, report: &DiffReport, sources: &SourceMap, style: Style) {
    findings::render(out, &report.findings, sources, style);
    details(out, report, sources, style);
    approvals(out, report);
    let _ = writeln!(out, "{}", conclusion(report));
}

/// Each policy's changes, what of them nobody has approved, and the traffic.
pub(super) fn details(out: &mut String, report: &DiffReport, sources: &SourceMap, style: Style) {
    for policy in &report.diff.policies {
        findings::render(out, &policy.drift, sources, style);
        let _ = writeln!(out, "{}: {}", terminal(&policy.name), words::status(policy));
        for change in policy.changes() {
            render_change(out, change, policy, sources);
        }
        for (scope, outside) in policy.judgement.outside() {
            render_outside(out, scope, outside);
        }
        if let Some(traffic) = &policy.traffic {
            findings::render(out, &traffic.problems, sources, style);
            render_traffic(out, traffic, style);
        }
        out.push('\n');
    }
}

/// The approvals that matter, each with what it allows.
pub(super) fn approvals(out: &mut String, report: &DiffReport) {
    for shown in &report.approvals {
        let Some(approval) = words::approval(shown) else {
            continue;
        };
        let _ = writeln!(out, "{}", terminal(&approval));
        for line in words::allowed(shown) {
            let _ = writeln!(out, "  {}", terminal(&line));
        }
    }
}

fn conclusion(report: &DiffReport) -> String {
    let policies = counted(report.diff.policies.len() as u64, "policy");
    format!("{policies}: {}", words::conclusion(report))
}

fn render_change(out: &mut String, change: &Change, policy: &PolicyDiff, sources: &SourceMap) {
    let scope = terminal(&words::scope(&change.scope));
    let verdict = words::verdict(change);
    let _ = write!(out, "\n  {scope}, {}: {verdict}", change.aspect.name());
    if let Some(reason) = change.reason {
        let _ = write!(out, " ({})", reason.name());
    }
    out.push_str(words::approved(policy, change));
    out.push('\n');
    for (label, side, file) in [
        ("before", &change.old, policy.old),
        ("after", &change.new, policy.new),
    ] {
        if let Some(line) = position(side, file, sources) {
            let _ = writeln!(out, "    {label}: {line}");
        }
    }
    for (turn, witnesses) in [
        (Turn::PassesNow, &change.loosened),
        (Turn::IsRefusedNow, &change.tightened),
    ] {
        for witness in witnesses.iter().take(MOST_WITNESSES) {
            render_witness(out, turn, witness);
        }
    }
}

fn render_outside(out: &mut String, scope: &Scope, outside: &Outside) {
    let Some(what) = words::outside(scope, outside) else {
        return;
    };
    let _ = writeln!(out, "\n  {}: {what}", terminal(&words::scope(scope)));
    for call in quote::witnesses(&outside.calls) {
        let _ = writeln!(out, "      {}", terminal(&call));
    }
}

fn position(side: &Side, file: Option<FileId>, sources: &SourceMap) -> Option<String> {
    let rule = terminal(&shorten::name(side.rule.as_deref()?));
    let (Some(file), Some(span)) = (file, side.span) else {
        return Some(rule);
    };
    let at = sources.start(Location { file, span });
    Some(format!(
        "{rule} in {}:{}:{}",
        terminal(sources.get(file).name()),
        at.line,
        at.column
    ))
}

/// What became of a witness's last call.
#[derive(Clone, Copy)]
enum Turn {
    PassesNow,
    IsRefusedNow,
}

fn render_witness(out: &mut String, turn: Turn, witness: &Witness) {
    if witness.calls.is_empty() {
        return;
    }
    let message = witness
        .refusal()
        .message
        .as_deref()
        .map(|message| terminal(&shorten::text(message)))
        .unwrap_or_default();
    let calls: u64 = witness.calls.iter().map(|call| call.repeat).sum();
    let subject = if calls > 1 {
        format!("the last of {calls} calls ")
    } else {
        String::new()
    };
    let _ = match turn {
        Turn::PassesNow => writeln!(out, "    {subject}passes now; before: {message}"),
        Turn::IsRefusedNow => writeln!(out, "    {subject}is refused now: {message}"),
    };
    for call in quote::witnesses(&witness.calls) {
        let _ = writeln!(out, "      {}", terminal(&call));
    }
}

fn render_traffic(out: &mut String, traffic: &Traffic, style: Style) {
    let traces = counted(traffic.traces as u64, "trace");
    let _ = writeln!(
        out,
        "\n  recorded traffic, {traces}: {}",
        words::traffic(&traffic.total)
    );
    for (tool, counts) in &traffic.tools {
        if counts.allow_to_deny + counts.deny_to_allow + counts.undetermined > 0 {
            let tool = tool_name(tool.as_deref());
            let _ = writeln!(out, "    {tool}: {}", words::traffic(counts));
        }
    }
    if !traffic.grants.is_empty() {
        let _ = writeln!(
            out,
            "    {} affected",
            counted(traffic.grants.len() as u64, "grant")
        );
    }
    for example in &traffic.examples {
        render_example(out, example, style);
    }
}

fn render_example(out: &mut String, example: &Example, style: Style) {
    let tool = tool_name(example.tool.as_deref());
    let what = if example.passes {
        "passes now, was refused"
    } else {
        "is refused now"
    };
    let rule = example
        .rule
        .as_deref()
        .map(|rule| format!(" by {}", terminal(&shorten::name(rule))))
        .unwrap_or_default();
    let _ = write!(
        out,
        "    {}:{} {tool}",
        terminal(&example.file),
        example.line
    );
    if let Some(grant) = &example.grant {
        let _ = write!(out, " by {}", terminal(&shorten::name(grant)));
    }
    if let Some(time) = example.time {
        let _ = write!(out, " at {time}");
    }
    let _ = writeln!(out, ": {what}{rule}");
    if let Some(arguments) =
        shown::recorded(example.arguments.as_ref(), &example.reads, style.shown())
    {
        let arguments = quote::arguments(&arguments);
        let _ = writeln!(out, "      arguments: {}", terminal(&arguments));
    }
}
