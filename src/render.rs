//! One module for each output format, all of which render the same [`Report`].
//!
//! A renderer turns a report into text and does nothing else: it reads no file,
//! decides nothing, and cannot change the exit code. What several formats say
//! alike is in `words`, what they list alike in `parts` and `issues`, and how text
//! from files is made safe for each in `escape`.

mod escape;
mod excerpt;
pub mod github;
pub mod gitlab;
pub mod html;
pub mod human;
mod issues;
pub mod json;
pub mod junit;
pub mod markdown;
mod parts;
pub mod sarif;
mod style;
mod words;

use mcppolicy_analysis::report::Report;

pub use human::refused_line;
pub use style::Style;

/// An output format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For a person at a terminal.
    Human,
    /// For a program; documented by `schema/report.schema.json`.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// JUnit's XML, for test reports.
    Junit,
    /// GitHub's workflow commands, for annotations.
    Github,
    /// GitLab's Code Quality JSON.
    Gitlab,
    /// For a pull request's comment and a job's summary.
    Markdown,
    /// One self-contained page for a browser.
    Html,
}

impl Format {
    /// Every format.
    pub const ALL: [Format; 8] = [
        Format::Human,
        Format::Json,
        Format::Sarif,
        Format::Junit,
        Format::Github,
        Format::Gitlab,
        Format::Markdown,
        Format::Html,
    ];

    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Format::Human => "human",
            Format::Json => "json",
            Format::Sarif => "sarif",
            Format::Junit => "junit",
            Format::Github => "github",
            Format::Gitlab => "gitlab",
            Format::Markdown => "markdown",
            Format::Html => "html",
        }
    }
}

/// Renders a report.
pub fn render(report: &Report<'_>, format: Format, style: Style<'_>) -> String {
    match format {
        Format::Human => human::render(report, style),
        Format::Json => json::render(report, style),
        Format::Sarif => sarif::render(report, style),
        Format::Junit => junit::render(report, style),
        Format::Github => github::render(report, style),
        Format::Gitlab => gitlab::render(report, style),
        Format::Markdown => markdown::render(report, style),
        Format::Html => html::render(report, style),
    }
}

/// `text` safe to print: control, bidirectional and zero-width characters
/// escaped.
pub fn printable(text: &str) -> String {
    escape::terminal(text)
}

#[cfg(test)]
mod tests;
