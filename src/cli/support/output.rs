//! Where reports go: standard output, and any number of files in one run.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::render::{self, Format, Style};
use mcppolicy_analysis::report::{Exit, Report};

/// What every command that reports takes.
#[derive(Args, Debug, Default, Clone)]
#[command(next_help_heading = "Output")]
pub(super) struct OutputArgs {
    /// How to write to standard output
    #[arg(long, value_name = "FORMAT", default_value = "human", value_parser = formats())]
    pub format: Option<Format>,
    /// Also write the report in FORMAT to FILE; may be repeated
    #[arg(long, value_name = "FORMAT=FILE", value_parser = parse_target)]
    pub output: Vec<Target>,
    /// Show all recorded argument values, not only those that a condition reads
    #[arg(long)]
    pub show_arguments: bool,
    /// Cut markdown after so many bytes, with a line that says so
    #[arg(long, value_name = "BYTES")]
    pub max_markdown: Option<usize>,
}

/// A file to write in a format.
#[derive(Clone, Debug)]
pub(super) struct Target {
    format: Format,
    file: PathBuf,
}

/// The names are listed in the help and offered by completion.
fn formats() -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(Format::ALL.map(Format::name)).try_map(|name| parse_format(&name))
}

fn parse_format(text: &str) -> Result<Format, String> {
    Format::ALL
        .into_iter()
        .find(|format| format.name() == text)
        .ok_or_else(|| {
            format!(
                "the formats are {}",
                Format::ALL.map(Format::name).join(", ")
            )
        })
}

fn parse_target(text: &str) -> Result<Target, String> {
    let (format, file) = text
        .split_once('=')
        .ok_or("write it as FORMAT=FILE, such as json=report.json")?;
    Ok(Target {
        format: parse_format(format)?,
        file: file.into(),
    })
}

/// What formats need beyond what every report has.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Wanted {
    /// The calls that were decided as expected: a test report counts them.
    pub passed: bool,
    /// How much of each limit was used: a page draws it.
    pub usage: bool,
}

impl OutputArgs {
    /// Whether the report is written in this format anywhere.
    fn has(&self, format: Format) -> bool {
        self.format.unwrap_or(Format::Human) == format
            || self.output.iter().any(|target| target.format == format)
    }

    /// What the formats asked for need.
    pub(super) fn wanted(&self) -> Wanted {
        Wanted {
            passed: self.has(Format::Junit),
            usage: self.has(Format::Html),
        }
    }
}

/// The width that reports are wrapped at when it cannot be asked for.
const DEFAULT_WIDTH: usize = 100;
/// Where GitHub's runner reads the job's summary.
const SUMMARY: &str = "GITHUB_STEP_SUMMARY";
/// The most bytes that GitHub takes as one step's summary.
const SUMMARY_LIMIT: usize = 1 << 20;

/// Writes a report everywhere it is wanted. A reader that has closed the pipe
/// is no error; a file that cannot be written is.
pub(super) fn deliver(report: &Report<'_>, args: &OutputArgs, exit: Exit) -> Exit {
    let exit = write_files(report, args, exit);
    let colour = std::io::stdout().is_terminal()
        && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let prefix = prefix();
    let style = Style {
        colour,
        ..plain(args, &prefix)
    };
    print(&render::render(
        report,
        args.format.unwrap_or(Format::Human),
        style,
    ));
    exit
}

fn plain<'a>(args: &OutputArgs, prefix: &'a str) -> Style<'a> {
    Style {
        colour: false,
        width: DEFAULT_WIDTH,
        show_arguments: args.show_arguments,
        prefix,
        limit: args.max_markdown,
    }
}

/// Writes a report into the files that are wanted, and not to standard output.
pub(super) fn write_files(report: &Report<'_>, args: &OutputArgs, exit: Exit) -> Exit {
    let mut exit = exit;
    let prefix = prefix();
    let plain = plain(args, &prefix);
    let mut written = |file: &Path, result: std::io::Result<()>| {
        if let Err(error) = result {
            complain(&format!("{}: {error}", file.display()));
            exit = exit.and(Exit::CouldNotRun);
        }
    };
    for target in &args.output {
        let text = render::render(report, target.format, plain);
        written(&target.file, std::fs::write(&target.file, text));
    }
    if args.has(Format::Github)
        && let Some(file) = std::env::var_os(SUMMARY).filter(|file| !file.is_empty())
    {
        let file = PathBuf::from(file);
        written(&file, append_summary(report, &file, plain));
    }
    exit
}

/// Adds the report to a step's summary, which other commands of the step may
/// have written to, within the size that GitHub takes.
fn append_summary(report: &Report<'_>, file: &Path, style: Style<'_>) -> std::io::Result<()> {
    let taken = std::fs::metadata(file).map_or(0, |data| data.len());
    let room = SUMMARY_LIMIT.saturating_sub(usize::try_from(taken).unwrap_or(SUMMARY_LIMIT) + 1);
    let style = Style {
        limit: Some(room),
        ..style
    };
    let text = render::render(report, Format::Markdown, style);
    let mut out = std::fs::File::options()
        .append(true)
        .create(true)
        .open(file)?;
    writeln!(out, "{text}")
}

/// The working directory within its repository; empty at its root and where
/// there is none.
fn prefix() -> String {
    let Ok(here) = std::env::current_dir() else {
        return String::new();
    };
    let Some(root) = here.ancestors().find(|dir| dir.join(".git").exists()) else {
        return String::new();
    };
    let inside = here.strip_prefix(root).unwrap_or(Path::new(""));
    let parts: Vec<_> = inside
        .components()
        .map(|part| part.as_os_str().to_string_lossy())
        .collect();
    parts.join("/")
}

/// Prints to standard output; a closed pipe is success.
pub(super) fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    // Whoever stopped reading has seen what they wanted.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Prints one error to standard error.
pub(super) fn complain(message: &str) {
    let mut out = std::io::stderr().lock();
    let _ = writeln!(out, "mcppolicy: {}", render::printable(message));
}
