//! Where reports are written: standard output, and any number of files.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};

use super::configuration;
use super::files::{self, Access};
use crate::render::{self, Format, Style};
use mcppolicy_analysis::report::{Exit, Failure, Report};
use mcppolicy_analysis::shorten;
use mcppolicy_trace::trace::Shown;

/// What every command that reports takes.
#[derive(Args, Debug, Default, Clone)]
#[command(next_help_heading = "Output")]
pub(crate) struct OutputArgs {
    /// How to write to standard output
    #[arg(long, value_name = "FORMAT", default_value = "human", value_parser = formats())]
    pub format: Option<Format>,
    /// Write in colours: auto (on a terminal), always or never
    #[arg(
        long,
        value_name = "WHEN",
        default_value = "auto",
        hide_default_value = true,
        hide_possible_values = true
    )]
    pub color: Option<Color>,
    /// Also write the report in FORMAT to FILE; may be repeated
    #[arg(long, value_name = "FORMAT=FILE", value_parser = parse_target)]
    pub output: Vec<Target>,
    /// Show also recorded argument values that no condition reads
    #[arg(long)]
    pub show_arguments: bool,
    /// Cut markdown after so many bytes, and add a line about it
    #[arg(long, value_name = "BYTES")]
    pub max_markdown: Option<usize>,
}

/// When human output is coloured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    #[default]
    Auto,
    Always,
    Never,
}

impl Color {
    /// Whether standard output is coloured. Without a choice the environment
    /// decides (`NO_COLOR` before `FORCE_COLOR` and `CLICOLOR_FORCE`), and then
    /// whether it is a terminal that shows colours.
    fn applies(self) -> bool {
        let value = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let forced = |name: &str| value(name).is_some_and(|value| value != "0");
        match self {
            Color::Always => true,
            Color::Never => false,
            Color::Auto if value("NO_COLOR").is_some() => false,
            Color::Auto if forced("FORCE_COLOR") || forced("CLICOLOR_FORCE") => true,
            Color::Auto => {
                std::io::stdout().is_terminal() && value("TERM").is_none_or(|term| term != "dumb")
            }
        }
    }
}

/// A file to write in a format.
#[derive(Clone, Debug)]
pub(crate) struct Target {
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

/// What a report needs that is not collected for every report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Requirements {
    /// The calls that were decided as expected: junit lists them.
    pub passed: bool,
    /// How much of each limit was used: html draws it.
    pub usage: bool,
    /// The values of all arguments, and lines that cannot be read.
    pub arguments: bool,
}

impl Requirements {
    /// How lines are shown that cannot be read.
    pub(crate) fn invalid_lines(self) -> Shown {
        if self.arguments {
            Shown::Whole
        } else {
            Shown::Withheld
        }
    }
}

impl OutputArgs {
    /// Whether the report is written in this format anywhere.
    fn has(&self, format: Format) -> bool {
        self.format.unwrap_or(Format::Human) == format
            || self.output.iter().any(|target| target.format == format)
    }

    /// Whether standard output takes a report that a program reads.
    #[cfg(feature = "live")]
    pub(crate) fn is_report(&self) -> bool {
        self.format.unwrap_or(Format::Human) != Format::Human
    }

    /// What the formats that are written need.
    pub(crate) fn requirements(&self) -> Requirements {
        Requirements {
            passed: self.has(Format::Junit),
            usage: self.has(Format::Html),
            arguments: self.show_arguments,
        }
    }
}

/// The width at which reports are wrapped that no terminal shows.
const DEFAULT_WIDTH: usize = 100;
/// The narrowest terminal for which reports are wrapped.
const LEAST_WIDTH: usize = 40;
/// Where GitHub's runner reads the job's summary.
const SUMMARY: &str = "GITHUB_STEP_SUMMARY";
/// The most bytes that GitHub takes as one step's summary.
const SUMMARY_LIMIT: usize = 1 << 20;

/// Writes a report to standard output and into the files that are named, and
/// returns how the run ends. A reader that has closed the pipe is no error;
/// anything else that keeps a report from being written is.
pub(crate) fn deliver(report: &Report<'_>, args: &OutputArgs) -> Exit {
    let exit = write_files(report, args);
    let place = place();
    let style = Style {
        colour: args.color.unwrap_or_default().applies(),
        width: width(),
        failures: false,
        ..plain(args, &place)
    };
    let format = args.format.unwrap_or(Format::Human);
    if format == Format::Human {
        report.failures.iter().for_each(complain_of);
    }
    exit.worst(print(&render::render(report, format, style)))
}

/// The width of the terminal that standard output is, or the usual one.
fn width() -> usize {
    let terminal = terminal_size::terminal_size_of(std::io::stdout());
    terminal.map_or(DEFAULT_WIDTH, |(width, _)| {
        usize::from(width.0).max(LEAST_WIDTH)
    })
}

fn plain<'a>(args: &OutputArgs, place: &'a Place) -> Style<'a> {
    Style {
        colour: false,
        width: DEFAULT_WIDTH,
        show_arguments: args.show_arguments,
        root: &place.root,
        prefix: &place.prefix,
        limit: args.max_markdown,
        failures: true,
    }
}

/// Writes a report into the files that are named, and not to standard output;
/// returns how the run ends.
pub(crate) fn write_files(report: &Report<'_>, args: &OutputArgs) -> Exit {
    let mut exit = report.exit();
    let place = place();
    let plain = plain(args, &place);
    let mut written = |file: &Path, result: std::io::Result<()>| {
        if let Err(error) = result {
            complain(&format!("{}: {error}", file.display()));
            exit = exit.worst(Exit::CouldNotRun);
        }
    };
    for target in &args.output {
        let text = render::render(report, target.format, plain);
        written(&target.file, files::replace(&target.file, text.as_bytes()));
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
    let used = std::fs::metadata(file).map_or(0, |data| data.len());
    let used = usize::try_from(used).unwrap_or(SUMMARY_LIMIT);
    // A line break comes behind it.
    let Some(room) = SUMMARY_LIMIT.checked_sub(used.saturating_add(1)) else {
        return Ok(());
    };
    let style = Style {
        limit: Some(room),
        ..style
    };
    let text = render::render(report, Format::Markdown, style);
    let mut out = files::append(file, Access::Usual, false)?;
    writeln!(out, "{text}")
}

/// What paths and fingerprints in reports for forges are relative to.
#[derive(Debug, Default)]
struct Place {
    /// The top as an absolute path with `/`.
    root: String,
    /// The working directory within it; empty at the top.
    prefix: String,
}

/// Where the command runs: within the working tree of a repository, where there
/// is none below the nearest configuration, else in the working directory.
fn place() -> Place {
    let Ok(here) = std::env::current_dir() else {
        return Place::default();
    };
    let with = |name: &str| here.ancestors().find(|dir| dir.join(name).exists());
    let root = with(".git").or_else(|| with(configuration::NAME));
    let root = root.unwrap_or(&here);
    let inside = here.strip_prefix(root).unwrap_or(Path::new(""));
    let parts: Vec<_> = inside
        .components()
        .map(|part| part.as_os_str().to_string_lossy())
        .collect();
    Place {
        root: root.to_string_lossy().replace('\\', "/"),
        prefix: parts.join("/"),
    }
}

/// Prints to standard output, and returns how the run ends as far as that goes:
/// a reader that closes the pipe is success, a full disk is not.
pub(crate) fn print(text: &str) -> Exit {
    let printed = files::standard_output().and_then(|mut out| {
        out.write_all(text.as_bytes())?;
        out.finish()
    });
    ended(printed)
}

/// How a run ends whose output was written like this; an error is said.
pub(crate) fn ended(written: io::Result<()>) -> Exit {
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            complain(&format!("<stdout>: {error}"));
            Exit::CouldNotRun
        }
        _ => Exit::Clean,
    }
}

/// Prints an input that could not be read to standard error.
pub(crate) fn complain_of(failure: &Failure) {
    complain(&format!("{}: {}", failure.input, failure.message));
}

/// Refuses a command that this build leaves out.
#[cfg(not(feature = "live"))]
pub(crate) fn refuse_without_live() -> Exit {
    complain(
        "this build leaves out what starts a server; `cargo install` it with its default features",
    );
    Exit::CouldNotRun
}

/// Prints what a run is about to do to standard error.
pub(crate) fn inform(message: &str) {
    complain(message);
}

/// Prints what is wrong with the arguments, in the lines that `clap` has for it. The
/// arguments that it quotes are printable already.
pub(crate) fn complain_of_usage(text: &str) {
    let mut out = std::io::stderr().lock();
    let text = text.strip_prefix("error: ").unwrap_or(text);
    let _ = write!(out, "mcppolicy: {text}");
}

/// Prints one error to standard error.
pub(crate) fn complain(message: &str) {
    let mut out = std::io::stderr().lock();
    let message = render::printable(&shorten::call(message));
    let _ = writeln!(out, "mcppolicy: {message}");
}
