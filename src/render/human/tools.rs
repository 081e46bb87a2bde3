//! `classify`: a line for each tool, and how many there are of each kind.

use std::fmt::Write;

use super::findings;
use crate::render::escape::terminal;
use crate::render::style::Style;
use crate::render::words::classified as classified_line;
use mcppolicy_analysis::report::{Classified, ClassifiedTool};
use mcppolicy_analysis::shorten;
use mcppolicy_engine::source::SourceMap;

/// The widest that the column of names becomes; longer names push their own
/// line.
const WIDEST_NAME: usize = 40;

/// What is wrong with the inventory, then its tools.
pub(super) fn render(out: &mut String, classified: &Classified, sources: &SourceMap, style: Style) {
    findings::render(out, &classified.findings, sources, style);
    let names: Vec<String> = classified
        .tools
        .iter()
        .map(|tool| terminal(&shorten::name(&tool.name)))
        .collect();
    let lengths = names.iter().map(|name| name.chars().count());
    let width = lengths.max().unwrap_or(0).min(WIDEST_NAME);
    for (tool, name) in classified.tools.iter().zip(&names) {
        let _ = writeln!(out, "{}", line(tool, name, width));
    }
    if !classified.tools.is_empty() {
        out.push('\n');
    }
    let _ = writeln!(out, "{}", classified_line(classified));
}

fn line(tool: &ClassifiedTool, name: &str, width: usize) -> String {
    format!(
        "{name:width$}  {:11}  {:8}  {}",
        tool.category.name(),
        tool.category.risk().name(),
        terminal(&shorten::sentence(&tool.because))
    )
}
