//! What a reviewer reads in a pull request: the verdict, a table, each proof
//! as a call with before and after, recorded traffic; the rest folded away.
//!
//! A report is a list of blocks, each complete in itself, so that cutting it
//! to a forge's size never leaves anything open.

mod change;
mod tests;

use std::fmt::Write;

use super::escape::{markdown, markdown_block, markdown_code, markdown_element};
use super::{Style, json, words};
use mcppolicy_analysis::finding::{Finding, Severity};
use mcppolicy_analysis::report::{Body, Ci, Classified, Decided, Exit, Report};
use mcppolicy_engine::source::SourceMap;

/// Findings and cases shown unfolded.
const UNFOLDED: usize = 20;

/// Renders a report as GitHub-flavoured markdown, cut to `style.limit`.
pub fn render(report: &Report<'_>, style: Style<'_>) -> String {
    let mut page = Page::default();
    match &report.body {
        Body::Findings(all) => {
            let policies = words::counted(all.policies as u64, "policy");
            let severities = words::severities(all);
            page.push(format!(
                "## {} mcppolicy {}: {severities}\n",
                mark(all.list.iter().map(|finding| finding.severity).max()),
                report.command
            ));
            let suppressed = match all.suppressed {
                0 => String::new(),
                count => format!(", {count} suppressed"),
            };
            page.push(format!("{policies} looked at{suppressed}.\n"));
            failures(&mut page, report);
            findings(
                &mut page,
                &all.list.iter().collect::<Vec<_>>(),
                report.sources,
            );
        }
        Body::Decided(decided) => one_decision(&mut page, decided, report.sources),
        Body::Tested(tested) => {
            let bad = words::needs_attention(tested);
            page.push(format!(
                "## {} mcppolicy test: {}\n",
                if bad { "❌" } else { "✅" },
                words::tested(tested)
            ));
            failures(&mut page, report);
            tests::render(&mut page, tested, report.sources, style);
        }
        Body::Diff(diff) => {
            change::headline(&mut page, diff);
            failures(&mut page, report);
            change::render(&mut page, diff, report.sources, style);
        }
        Body::Classified(classified) => {
            page.push(format!(
                "## mcppolicy classify: {}\n",
                words::classified(classified)
            ));
            failures(&mut page, report);
            findings(
                &mut page,
                &classified.findings.iter().collect::<Vec<_>>(),
                report.sources,
            );
            tools(&mut page, classified);
        }
        Body::Inventoried(inventoried) => {
            let gravest = inventoried.findings.iter().map(|finding| finding.severity);
            page.push(format!(
                "## {} mcppolicy inventory: {}\n",
                mark(gravest.max()),
                markdown(&words::inventoried(inventoried))
            ));
            failures(&mut page, report);
            findings(
                &mut page,
                &inventoried.findings.iter().collect::<Vec<_>>(),
                report.sources,
            );
        }
        Body::Ci(ci) => {
            let clean = words::is_clean(ci) && report.failures.is_empty();
            let sign = if clean { "✅" } else { "❌" };
            page.push(format!("## {sign} mcppolicy ci: {}\n", words::all(ci)));
            failures(&mut page, report);
            let (settings, others) = ci.sorted();
            own_checks(&mut page, &settings, report.sources);
            overview(&mut page, ci);
            findings(&mut page, &others, report.sources);
            for policy in &ci.policies {
                let failing = policy.test.as_ref();
                let failing = failing.is_some_and(words::needs_attention);
                if failing || !policy.lint.list.is_empty() {
                    page.push(format!("### {}\n", markdown_code(&policy.policy)));
                    findings(
                        &mut page,
                        &policy.lint.list.iter().collect::<Vec<_>>(),
                        report.sources,
                    );
                    if let Some(tested) = &policy.test {
                        tests::render(&mut page, tested, report.sources, style);
                    }
                }
                let diff = policy.diff.as_ref();
                if let Some(diff) = diff.filter(|diff| words::is_changed(diff)) {
                    change::render(&mut page, diff, report.sources, style);
                }
            }
        }
    }
    if !report.assumptions.is_empty() {
        let lines: Vec<String> = report.assumptions.iter().map(|a| markdown(a)).collect();
        page.push(format!("<sub>Assumed: {}.</sub>\n", lines.join("; ")));
    }
    page.finish(style.limit)
}

/// What the change does to its own settings: few lines, nothing folded away.
fn own_checks(page: &mut Page, list: &[&Finding], sources: &SourceMap) {
    if list.is_empty() {
        return;
    }
    let mut lines = "### ⚠️ What this change does to its own checks\n\n".to_owned();
    for finding in list {
        let help = finding.help.as_deref().unwrap_or_default();
        let _ = writeln!(
            lines,
            "- {} ({}): {}",
            markdown(&finding.message),
            markdown_code(&position(finding, sources)),
            markdown(help)
        );
    }
    page.push(lines);
}

/// Each tool with its category and why.
fn tools(page: &mut Page, classified: &Classified) {
    let mut table = String::from("| tool | category | risk | because |\n|---|---|---|---|\n");
    for tool in &classified.tools {
        let (name, because) = (markdown_code(&tool.name), markdown(&tool.because));
        let _ = writeln!(
            table,
            "| {name} | {} | {} | {because} |",
            tool.category,
            tool.category.risk().name()
        );
    }
    page.push(table);
}

/// The blocks of a page.
#[derive(Default)]
struct Page {
    blocks: Vec<String>,
}

impl Page {
    fn push(&mut self, block: String) {
        self.blocks.push(block);
    }

    /// A block that is folded away.
    fn fold(&mut self, title: &str, content: &str) {
        self.push(format!(
            "<details><summary>{title}</summary>\n\n{content}\n</details>\n"
        ));
    }

    /// The blocks as one text of at most `limit` bytes; what is left out is
    /// counted in the last line.
    fn finish(self, limit: Option<usize>) -> String {
        let whole: usize = self.blocks.iter().map(|block| block.len() + 1).sum();
        let limit = limit.unwrap_or(usize::MAX);
        if whole <= limit {
            return self.blocks.join("\n");
        }
        let note = |left: usize| {
            format!("**Cut here: {left} more sections do not fit the size that is taken.**\n")
        };
        let room = limit.saturating_sub(note(self.blocks.len()).len());
        let mut out = String::new();
        let mut shown = 0;
        for block in &self.blocks {
            if out.len() + block.len() + 1 > room {
                break;
            }
            out.push_str(block);
            out.push('\n');
            shown += 1;
        }
        let note = note(self.blocks.len() - shown);
        if out.len() + note.len() <= limit {
            out.push_str(&note);
        }
        out
    }
}

/// A sign for the gravest of some findings.
fn mark(gravest: Option<Severity>) -> &'static str {
    match gravest {
        Some(Severity::Error) => "❌",
        Some(Severity::Warning) => "⚠️",
        Some(Severity::Note) => "ℹ️",
        None => "✅",
    }
}

fn failures(page: &mut Page, report: &Report<'_>) {
    for failure in &report.failures {
        let (input, message) = (markdown_code(&failure.input), markdown(&failure.message));
        page.push(format!("❌ {input} could not be read: {message}\n"));
    }
}

/// The findings as a table, then each with its proof folded away.
fn findings(page: &mut Page, list: &[&Finding], sources: &SourceMap) {
    if list.is_empty() {
        return;
    }
    for (at, rows) in list.chunks(UNFOLDED).enumerate() {
        let mut table = "| | Rule | Where | What |\n|---|---|---|---|\n".to_owned();
        for finding in rows {
            table.push_str(&format!(
                "| {} {} | {} | {} | {} |\n",
                mark(Some(finding.severity)),
                finding.severity.name(),
                markdown_code(finding.rule.name()),
                markdown_code(&position(finding, sources)),
                markdown(&finding.message)
            ));
        }
        if at == 0 {
            page.push(table);
        } else {
            page.fold("More findings", &table);
        }
    }
    for finding in list {
        let mut content = String::new();
        if let Some(help) = &finding.help {
            let lines: Vec<String> = help.lines().map(markdown).collect();
            content.push_str(&format!("{}\n\n", lines.join("<br>\n")));
        }
        let calls: Vec<String> = finding.witness.iter().map(json::witness_line).collect();
        if !calls.is_empty() {
            content.push_str("Proof, decided by the engine:\n\n");
            content.push_str(&markdown_block(&calls.join("\n"), "json"));
        }
        for related in &finding.related {
            let at = sources.start(related.location);
            let name = sources.get(related.location.file).name();
            let place = markdown_code(&format!("{name}:{}:{}", at.line, at.column));
            content.push_str(&format!("- {}: {place}\n", markdown(&related.message)));
        }
        if !content.is_empty() {
            let title = format!(
                "{}, {}",
                markdown_element(finding.rule.name()),
                markdown_element(&position(finding, sources))
            );
            page.fold(&title, &content);
        }
    }
}

fn position(finding: &Finding, sources: &SourceMap) -> String {
    let name = sources.get(finding.location.file).name();
    let at = sources.start(finding.location);
    format!("{name}:{}:{}", at.line, at.column)
}

fn one_decision(page: &mut Page, decided: &Decided, sources: &SourceMap) {
    let place = decided.rule_location.map(|location| {
        let at = sources.start(location);
        let name = sources.get(location.file).name();
        format!(
            ", at {}",
            markdown_code(&format!("{name}:{}:{}", at.line, at.column))
        )
    });
    page.push(format!(
        "## {} {}{}\n",
        markdown_code(&decided.tool),
        markdown(&words::decision(&decided.actual)),
        place.unwrap_or_default()
    ));
    if let Some(message) = &decided.actual.message {
        page.push(format!("The agent is told: {}\n", markdown(message)));
    }
    page.push(markdown_block(&decided.arguments.to_string(), "json"));
    let mut table = "| Step | Rule | Outcome | Saw |\n|---|---|---|---|\n".to_owned();
    for step in &decided.steps {
        let rule = step.rule.as_deref().map(markdown_code).unwrap_or_default();
        let mut saw: Vec<String> = step.conditions.iter().map(words::condition).collect();
        saw.extend(step.counter.as_ref().map(words::counter));
        let saw: Vec<String> = saw.iter().map(|line| markdown(line)).collect();
        table.push_str(&format!(
            "| {} | {rule} | {} | {} |\n",
            step.kind.name(),
            step.outcome.name(),
            saw.join("<br>")
        ));
    }
    page.push(table);
}

fn overview(page: &mut Page, ci: &Ci) {
    if ci.policies.is_empty() {
        return;
    }
    let mut table = "| | Policy | Lint | Test | Diff |\n|---|---|---|---|---|\n".to_owned();
    for policy in &ci.policies {
        let sign = if policy.exit == Exit::Clean {
            "✅"
        } else {
            "❌"
        };
        let tested = policy
            .test
            .as_ref()
            .map_or("no traces".to_owned(), words::tested);
        table.push_str(&format!(
            "| {sign} | {} | {} | {tested} | {} |\n",
            markdown_code(&policy.policy),
            words::severities(&policy.lint),
            policy
                .diff
                .as_ref()
                .map_or("no base".to_owned(), words::since_base)
        ));
    }
    page.push(table);
}
