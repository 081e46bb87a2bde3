//! One module for each output format, all of which render the same [`Report`].
//!
//! A renderer turns a report into text and does nothing else: it reads no file,
//! decides nothing, and cannot change the exit code. What several formats say
//! alike is in `words` and `quote`, what they list alike in `parts` and `issues`, and
//! how text from files is made safe for each in `escape`.

mod conclusion;
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
mod marked;
mod outcome;
mod parts;
pub mod passes;
mod pins;
mod quote;
mod review;
pub mod sarif;
mod style;
mod words;

use std::borrow::Cow;

use mcppolicy_analysis::report::Report;
use mcppolicy_engine::characters::escape_json;

use escape::{guarded_markup, guarded_text};

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
///
/// What has to hold of a whole text is made sure of here, after everything is
/// wrapped and joined: that no line of it is a command of a job's runner, and
/// that JSON has no character in it that a terminal would obey or not show.
pub fn render(report: &Report<'_>, format: Format, style: Style<'_>) -> String {
    match format {
        Format::Human => guarded_text(human::render(report, style)),
        Format::Json => json_text(json::render(report, style)),
        Format::Sarif => json_text(sarif::render(report, style)),
        Format::Junit => guarded_markup(junit::render(report, style)),
        // Its lines are commands; their texts are escaped one by one.
        Format::Github => github::render(report, style),
        Format::Gitlab => json_text(gitlab::render(report, style)),
        Format::Markdown => guarded_text(markdown::render(report, style)),
        Format::Html => guarded_markup(html::render(report, style)),
    }
}

/// `text` on one line and safe to print: with everything escaped that is not
/// shown as it is, and no command of a job's runner.
pub fn printable(text: &str) -> String {
    escape::terminal(text)
}

/// JSON text in which every character is shown as it is or escaped; it reads the
/// same.
pub fn json_text(json: String) -> String {
    match escape_json(&json) {
        Cow::Owned(escaped) => escaped,
        Cow::Borrowed(_) => json,
    }
}

/// A text of lines that are in place already, such as a diff: every line keeps
/// its tabs and its ending, and is escaped otherwise. Also returns whether
/// anything had to be.
pub fn printable_lines(text: &str) -> (String, bool) {
    let escaped = escape::lines(text);
    let is_changed = escaped != text;
    (escaped, is_changed)
}

#[cfg(test)]
mod tests;
