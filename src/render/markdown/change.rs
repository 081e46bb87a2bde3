//! A change of policies as its reviewer reads it.

use super::findings;
use super::page::Page;
use crate::render::escape::{markdown, markdown_block, markdown_code, markdown_element};
use crate::render::style::Style;
use crate::render::{parts, words};
use crate::shown;
use mcppolicy_analysis::compare::{Change, Scope, Side, Verdict, Witness};
use mcppolicy_analysis::diff::PolicyDiff;
use mcppolicy_analysis::diff::gate::Outside;
use mcppolicy_analysis::diff::traffic::{Example, Traffic};
use mcppolicy_analysis::report::{ApprovalShown, DiffReport};
use mcppolicy_engine::source::{FileId, Location, SourceMap};

/// Changes whose proof is shown unfolded.
const UNFOLDED: usize = 5;

/// The verdict, first of all.
pub(super) fn headline(page: &mut Page, report: &DiffReport) {
    let sign = match (report.refused, report.diff.verdict()) {
        (true, _) => "❌",
        (false, Verdict::Equivalent | Verdict::Tightened) => "✅",
        (false, _) => "⚠️",
    };
    page.push(format!(
        "## {sign} mcppolicy diff: {}\n",
        words::conclusion(report)
    ));
}

/// Table, proofs, traffic.
pub(super) fn render(page: &mut Page, report: &DiffReport, sources: &SourceMap, style: Style<'_>) {
    findings::render(page, &parts::of_diff(report), sources);
    for policy in &report.diff.policies {
        page.push(format!(
            "### {}: {}\n",
            markdown_code(&policy.name),
            words::status(policy)
        ));
        table(page, policy);
        let proved = policy.changes().iter().filter(|change| !change.reworded);
        for (at, change) in proved.enumerate() {
            proof(page, change, policy, sources, at < UNFOLDED);
        }
        for (scope, outside) in policy.judgement.outside() {
            beyond(page, scope, outside);
        }
        if let Some(traffic) = &policy.traffic {
            recorded(page, traffic, style);
        }
    }
    let approvals: String = report.approvals.iter().filter_map(approval).collect();
    if !approvals.is_empty() {
        page.push(approvals);
    }
}

/// An approval that matters, with what it allows.
fn approval(shown: &ApprovalShown) -> Option<String> {
    let mut lines = format!("- {}\n", markdown(&words::approval(shown)?));
    for line in words::allowed(shown) {
        lines.push_str(&format!("  - {}\n", markdown(&line)));
    }
    Some(lines)
}

/// What goes beyond the approvals of a scope.
fn beyond(page: &mut Page, scope: &Scope, outside: &Outside) {
    let Some(what) = words::outside(scope, outside) else {
        return;
    };
    page.push(format!(
        "#### {}: {what}\n",
        markdown_code(words::scope(scope))
    ));
    let lines: Vec<String> = outside.calls.iter().map(words::witness_line).collect();
    if !lines.is_empty() {
        page.push(markdown_block(&lines.join("\n"), "json"));
    }
}

fn sign(change: &Change) -> &'static str {
    match change.verdict {
        Verdict::Loosened | Verdict::Mixed => "🔓",
        Verdict::Tightened => "🔒",
        Verdict::Undetermined => "❓",
        Verdict::Equivalent => "✏️",
    }
}

fn table(page: &mut Page, policy: &PolicyDiff) {
    if policy.changes().is_empty() {
        return;
    }
    let mut table = "| | Tool | In | Verdict | Rule before | Rule after |\n\
                     |---|---|---|---|---|---|\n"
        .to_owned();
    for change in policy.changes() {
        let rule = |side: &Side| side.rule.as_deref().map(markdown_code).unwrap_or_default();
        let reason = change.reason.map(|reason| format!(" ({})", reason.name()));
        table.push_str(&format!(
            "| {} | {} | {} | **{}**{}{} | {} | {} |\n",
            sign(change),
            markdown_code(words::scope(&change.scope)),
            change.aspect.name(),
            words::verdict(change),
            reason.unwrap_or_default(),
            words::approved(policy, change),
            rule(&change.old),
            rule(&change.new)
        ));
    }
    page.push(table);
}

/// The first call of each direction, the others folded away.
fn proof(
    page: &mut Page,
    change: &Change,
    policy: &PolicyDiff,
    sources: &SourceMap,
    unfolded: bool,
) {
    let title = format!(
        "{} {}, {}",
        sign(change),
        markdown_element(words::scope(&change.scope)),
        change.aspect.name()
    );
    let mut first = String::new();
    let mut further = String::new();
    for (what, witnesses) in [
        ("passes now, and did not before", &change.loosened),
        ("is refused now, and passed before", &change.tightened),
    ] {
        for (at, witness) in witnesses.iter().enumerate() {
            let text = call(what, witness, policy, sources);
            if at == 0 { &mut first } else { &mut further }.push_str(&text);
        }
    }
    if first.is_empty() {
        return;
    }
    if unfolded {
        page.push(format!("#### {title}\n\n{first}"));
    } else {
        page.fold(&title, &first);
    }
    if !further.is_empty() {
        page.fold(&format!("More calls: {title}"), &further);
    }
}

fn call(what: &str, witness: &Witness, policy: &PolicyDiff, sources: &SourceMap) -> String {
    if witness.calls.is_empty() {
        return String::new();
    }
    let calls: Vec<String> = witness.calls.iter().map(words::witness_line).collect();
    let number: u64 = witness.calls.iter().map(|call| call.repeat).sum();
    let which = if number > 1 {
        format!("The last of these {number} calls")
    } else {
        "This call".to_owned()
    };
    let ruling = |ruling: &mcppolicy_analysis::compare::Ruling, file: Option<FileId>| {
        let mut text = words::kind(ruling.kind).to_owned();
        if let Some(rule) = &ruling.rule {
            text = format!("{text} {}", markdown_code(rule));
        }
        if let Some((file, span)) = file.zip(ruling.span) {
            let at = sources.start(Location { file, span });
            text = format!("{text}, line {}", at.line);
        }
        if let Some(message) = &ruling.message {
            text = format!("{text}<br>{}", markdown(message));
        }
        text
    };
    format!(
        "{which} {what}:\n\n{}\n| Before | After |\n|---|---|\n| {} | {} |\n\n",
        markdown_block(&calls.join("\n"), "json"),
        ruling(&witness.old, policy.old),
        ruling(&witness.new, policy.new)
    )
}

fn recorded(page: &mut Page, traffic: &Traffic, style: Style<'_>) {
    let traces = words::counted(traffic.traces as u64, "trace");
    let grants = match traffic.grants.len() {
        0 => String::new(),
        count => format!("; {} affected", words::counted(count as u64, "grant")),
    };
    page.push(format!(
        "**Recorded traffic**, {traces}: {}{grants}.\n",
        words::traffic(&traffic.total)
    ));
    let touched: Vec<_> = traffic
        .tools
        .iter()
        .filter(|(_, c)| c.allow_to_deny + c.deny_to_allow + c.undetermined > 0)
        .collect();
    if !touched.is_empty() {
        let mut table = "| Tool | Calls | Refused now | Passing now | Undetermined |\n\
                         |---|--:|--:|--:|--:|\n"
            .to_owned();
        for (tool, counts) in touched {
            table.push_str(&format!(
                "| {} | {} | {} | {} | {} |\n",
                markdown_code(tool.as_deref().unwrap_or(words::NO_TOOL)),
                counts.calls,
                counts.allow_to_deny,
                counts.deny_to_allow,
                counts.undetermined
            ));
        }
        page.push(table);
    }
    if !traffic.examples.is_empty() {
        let lines: Vec<String> = traffic
            .examples
            .iter()
            .map(|example| one_example(example, style))
            .collect();
        page.fold(
            "The first calls that are decided differently",
            &lines.join(""),
        );
    }
}

fn one_example(example: &Example, style: Style<'_>) -> String {
    let what = if example.passes {
        "passes now, was refused"
    } else {
        "is refused now"
    };
    let mut line = format!(
        "- {} {} {what}",
        markdown_code(&format!("{}:{}", example.file, example.line)),
        markdown_code(example.tool.as_deref().unwrap_or(words::NO_TOOL))
    );
    if let Some(rule) = &example.rule {
        line.push_str(&format!(" by {}", markdown_code(rule)));
    }
    let arguments = shown::recorded(example.arguments.as_ref(), &example.reads, style.shown());
    if let Some(arguments) = arguments {
        line.push_str(&format!(": {}", markdown_code(&arguments.to_string())));
    }
    line.push('\n');
    line
}
