//! A file that is no trace: one problem says what it is, instead of one for each
//! of its lines.

use std::io;

use crate::trace::inspector;
use crate::trace::item::{BadLine, Complaint, Item, Line};
use crate::trace::options::Format;
use crate::trace::outline::Outline;
use crate::trace::reader::Reader;
use mcppolicy_engine::source::Span;

/// The most of its first line that is kept, in bytes.
const MOST_TEXT: usize = 200;

/// A file of no known format, and its reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stranger {
    problem: Option<BadLine>,
}

impl Stranger {
    /// What the beginning of a file is of which no line is of any format; `None`
    /// when nothing is in it.
    pub fn find(text: &str, lines: &[&str]) -> Option<Stranger> {
        let first = lines.first()?;
        let (message, help) = what_it_is(text, first);
        let number = text
            .lines()
            .take_while(|line| super::is_blank(line))
            .count()
            + 1;
        let end = first.floor_char_boundary(MOST_TEXT);
        let shown = first.get(..end).unwrap_or_default();
        let complaint = Complaint {
            span: Span::new(0, shown.len()),
            pointer: String::new(),
            message,
            help: Some(help),
            related: None,
        };
        Some(Stranger {
            problem: Some(BadLine {
                line: Line {
                    number,
                    // Blank lines before it have no other bytes than these.
                    offset: text.find(first).unwrap_or_default(),
                    text: shown.to_owned(),
                },
                complaints: vec![complaint],
            }),
        })
    }
}

impl Reader for Stranger {
    fn next(&mut self) -> io::Result<Option<Item>> {
        Ok(self.problem.take().map(Box::new).map(Item::Problem))
    }

    fn is_recognised(&self) -> bool {
        false
    }
}

/// One sentence about the file, and what to do.
fn what_it_is(text: &str, first: &str) -> (String, String) {
    let outline = Outline::scan(text.trim_start());
    let has_any = |names: &[&str]| names.iter().any(|name| outline.has(name));
    let is_inventory = has_any(&[
        "tools.0.name",
        "result.tools",
        "0.inputSchema",
        "0.input_schema",
    ]) || outline.has_inside("servers.0.tools");
    let rules = ["tools", "default", "hide", "all_tools"];
    let (message, help) = if is_inventory {
        (
            "This is an inventory of tools, and no trace",
            "give it as --inventory where a command takes one",
        )
    } else if outline.has("version") && has_any(&rules) {
        ("This is a policy, and no trace", "give it with --policy")
    } else if inspector::is_logged(&outline, "") || inspector::is_logged(&outline, "0.") {
        (
            "This is the Logs export of the MCP Inspector, which holds no calls",
            "give its History or its Network export",
        )
    } else if is_yaml(first) {
        (
            "This looks like YAML; a trace is JSON, one value in each line",
            "convert it, or give a recording",
        )
    } else {
        let names = Format::ALL.map(Format::name).join(", ");
        let message = format!("No line is of a format that is read here; tried were {names}");
        let help = "name the format with --from, if it is one of these";
        return (message, help.to_owned());
    };
    (message.to_owned(), help.to_owned())
}

/// Whether a line is one with which YAML begins: a mark, a comment, a list or a
/// key.
fn is_yaml(line: &str) -> bool {
    let line = line.trim_end();
    let key = |text: &str| {
        let text = text.trim_start_matches("- ").trim_start();
        let (key, rest) = text.split_once(':').unwrap_or_default();
        let is_key = |c: char| c.is_ascii_alphanumeric() || "_-.\"'".contains(c);
        !key.is_empty() && key.chars().all(is_key) && (rest.is_empty() || rest.starts_with(' '))
    };
    line == "---"
        || line.starts_with("%YAML")
        || line.starts_with("--- ")
        || key(line)
        || (line.starts_with('#') && !line.starts_with("#!"))
}
