//! Findings: a table, and their proofs.

use super::page::{Page, UNFOLDED};
use crate::render::escape::{markdown, markdown_block, markdown_code, markdown_element};
use crate::render::quote;
use mcppolicy_analysis::finding::{Finding, Severity};
use mcppolicy_analysis::shorten;
use mcppolicy_engine::source::SourceMap;

/// The symbol for the highest severity in a list of findings; `None` if empty.
pub(super) fn mark(highest: Option<Severity>) -> &'static str {
    match highest {
        Some(Severity::Error) => "❌",
        Some(Severity::Warning) => "⚠️",
        Some(Severity::Note) => "ℹ️",
        None => "✅",
    }
}

/// Renders the findings as a table, then the details of each in a collapsed
/// section. Table rows after the first `UNFOLDED` are collapsed too.
pub(super) fn render(page: &mut Page, list: &[&Finding], sources: &SourceMap) {
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
                markdown(&finding.shown())
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
            content.push_str(&format!("{}\n\n", markdown(&shorten::sentence(help))));
        }
        let calls = quote::witnesses(&finding.witness);
        if !calls.is_empty() {
            content.push_str("Proof, decided by the engine:\n\n");
            content.push_str(&markdown_block(calls.iter().map(String::as_str), "json"));
        }
        for related in &finding.related {
            let at = sources.start(related.location);
            let name = shorten::name(sources.get(related.location.file).name());
            let position = markdown_code(&format!("{name}:{}:{}", at.line, at.column));
            content.push_str(&format!(
                "- {}: {position}\n",
                markdown(&shorten::sentence(&related.message))
            ));
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

/// The file, line and column of a finding.
pub(super) fn position(finding: &Finding, sources: &SourceMap) -> String {
    let name = shorten::name(sources.get(finding.location.file).name());
    let at = sources.start(finding.location);
    format!("{name}:{}:{}", at.line, at.column)
}
