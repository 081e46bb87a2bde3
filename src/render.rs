//! One room for each output format, all fed from the same [`Report`].
//!
//! A renderer turns a report into text and does nothing else: it reads no file,
//! decides nothing, and cannot change the exit code. What several formats say
//! alike stands in `words`, what they list alike in `parts` and `issues`, and
//! how text from files is made safe for each in `escape`.

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
mod words;

use crate::shown::Shown;
use mcppolicy_analysis::fix::{Refused, Why};
use mcppolicy_analysis::report::Report;

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

/// How to write.
#[derive(Debug, Clone, Copy)]
pub struct Style<'a> {
    /// Whether to use colours, where the format has any.
    pub colour: bool,
    /// The width to wrap at, in columns, where the format wraps.
    pub width: usize,
    /// Whether recorded argument values are shown that no condition reads.
    pub show_arguments: bool,
    /// The working directory within its repository, with `/` and without one
    /// at either end; empty at its root. Forges want places relative to that.
    pub prefix: &'a str,
    /// The most bytes that the markdown may have.
    pub limit: Option<usize>,
}

impl Style<'_> {
    /// Which recorded arguments are shown.
    fn shown(&self) -> Shown {
        if self.show_arguments {
            Shown::All
        } else {
            Shown::Read
        }
    }

    /// A file's name, which is relative to the working directory, relative to
    /// the repository; as it is where it lies outside.
    fn in_repository(&self, name: &str) -> String {
        if self.prefix.is_empty() || name.starts_with(['/', '<']) {
            return name.to_owned();
        }
        let mut parts: Vec<&str> = self.prefix.split('/').collect();
        for part in name.split('/') {
            match part {
                ".." if parts.pop().is_none() => return name.to_owned(),
                ".." | "." => {}
                part => parts.push(part),
            }
        }
        parts.join("/")
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

#[cfg(test)]
mod tests {
    mod shares;

    use super::*;

    #[test]
    fn a_place_is_relative_to_the_repository() {
        let style = Style {
            colour: false,
            width: 80,
            show_arguments: false,
            prefix: "deploy/mcp",
            limit: None,
        };
        assert_eq!(style.in_repository("policy.json"), "deploy/mcp/policy.json");
        assert_eq!(
            style.in_repository("../x/policy.json"),
            "deploy/x/policy.json"
        );
        assert_eq!(style.in_repository("../../../x"), "../../../x");
        assert_eq!(style.in_repository("/etc/policy.json"), "/etc/policy.json");
    }
}
