//! One room for each output format, all fed from the same [`Report`].
//!
//! A renderer turns a report into text and does nothing else: it reads no file,
//! decides nothing, and cannot change the exit code.

mod escape;
mod excerpt;
pub mod human;
pub mod json;
mod shown;

use crate::fix::{Refused, Why};
use crate::report::Report;

/// An output format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For a person at a terminal.
    Human,
    /// For a program; documented by `schema/report.schema.json`.
    Json,
}

impl Format {
    /// Every format.
    pub const ALL: [Format; 2] = [Format::Human, Format::Json];

    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Format::Human => "human",
            Format::Json => "json",
        }
    }
}

/// How to write for a person.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// Whether to use colours.
    pub colour: bool,
    /// The width to wrap at, in columns.
    pub width: usize,
    /// Whether recorded argument values are shown that no condition reads.
    pub show_arguments: bool,
}

/// Renders a report.
pub fn render(report: &Report<'_>, format: Format, style: Style) -> String {
    match format {
        Format::Human => human::render(report, style),
        Format::Json => json::render(report, style),
    }
}

/// A line about a fix that was not applied.
pub fn refused_line(refused: &Refused) -> String {
    let why = match refused.why {
        Why::NoRepair => "the file would not be valid".to_owned(),
        Why::Verdict(verdict) => format!("the policy would be {}", verdict.name()),
    };
    let place = match refused.pointer.as_str() {
        "" => "/",
        pointer => pointer,
    };
    let line = format!("not fixed: {} at {place}: {why}", refused.rule);
    printable(&line)
}

/// `text` safe to print: control, bidirectional and zero-width characters
/// escaped.
pub fn printable(text: &str) -> String {
    escape::terminal(text)
}
