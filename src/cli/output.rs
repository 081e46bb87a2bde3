//! Where reports go: standard output, and any number of files in one run.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;

use clap::Args;

use crate::render::{self, Format, Style};
use crate::report::{Exit, Report};

/// What every command that reports takes.
#[derive(Args, Debug, Default)]
pub(super) struct OutputArgs {
    /// How to write to standard output
    #[arg(long, value_name = "FORMAT", default_value = "human", value_parser = parse_format)]
    pub format: Option<Format>,
    /// Also write the report in FORMAT to FILE; may be repeated
    #[arg(long, value_name = "FORMAT=FILE", value_parser = parse_target)]
    pub output: Vec<Target>,
    /// Show all recorded argument values, not only those that a condition reads
    #[arg(long)]
    pub show_arguments: bool,
}

/// A file to write in a format.
#[derive(Clone, Debug)]
pub(super) struct Target {
    format: Format,
    file: PathBuf,
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

/// The width that reports are wrapped at when it cannot be asked for.
const DEFAULT_WIDTH: usize = 100;

/// Writes a report everywhere it is wanted. A reader that has closed the pipe
/// is no error; a file that cannot be written is.
pub(super) fn deliver(report: &Report<'_>, args: &OutputArgs, exit: Exit) -> Exit {
    let exit = write_files(report, args, exit);
    let colour = std::io::stdout().is_terminal()
        && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let style = Style {
        colour,
        ..plain(args)
    };
    print(&render::render(
        report,
        args.format.unwrap_or(Format::Human),
        style,
    ));
    exit
}

fn plain(args: &OutputArgs) -> Style {
    Style {
        colour: false,
        width: DEFAULT_WIDTH,
        show_arguments: args.show_arguments,
    }
}

/// Writes a report into the files that are wanted, and not to standard output.
pub(super) fn write_files(report: &Report<'_>, args: &OutputArgs, exit: Exit) -> Exit {
    let mut exit = exit;
    let plain = plain(args);
    for target in &args.output {
        let text = render::render(report, target.format, plain);
        if let Err(error) = std::fs::write(&target.file, text) {
            complain(&format!("{}: {error}", target.file.display()));
            exit = exit.and(Exit::CouldNotRun);
        }
    }
    exit
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
