//! `mcppolicy inventory`: the tools that a live server lists, kept in a file or
//! compared with it.

#[cfg(feature = "live")]
mod ask;
#[cfg(feature = "live")]
mod wire;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use super::output::OutputArgs;
use mcppolicy_analysis::report::Exit;
use mcppolicy_engine::time;

/// Arguments of `inventory`.
#[derive(Args, Debug)]
pub(super) struct InventoryArgs {
    /// The inventory to write, or to compare with [default: standard output]
    #[arg(short = 'o', long = "inventory", value_name = "FILE")]
    inventory: Option<PathBuf>,
    /// Compare FILE with what the server lists now, and write nothing
    #[arg(long, requires = "inventory")]
    check: bool,
    /// How long the server may take for all its answers
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = time::Span::parse)]
    timeout: time::Span,
    #[command(flatten)]
    output: OutputArgs,
    /// The command that starts the server, with its arguments
    #[arg(last = true, required = true, value_name = "SERVER")]
    server: Vec<OsString>,
}

/// Runs `inventory`.
#[cfg(not(feature = "live"))]
pub(super) fn run(_: &InventoryArgs) -> Exit {
    super::output::complain(super::WITHOUT_LIVE);
    Exit::CouldNotRun
}

#[cfg(feature = "live")]
pub(super) use live::run;

#[cfg(feature = "live")]
mod live {
    use std::fs;
    use std::io::{self, Write};
    use std::path::Path;
    use std::time::Duration;

    use super::ask::{Answer, ask};
    use super::{Exit, InventoryArgs};
    use crate::cli::input;
    use crate::cli::output::{complain, deliver, print, write_files};
    use crate::cli::traces;
    use mcppolicy_analysis::finding::Severity;
    use mcppolicy_analysis::inventory::Inventory;
    use mcppolicy_analysis::inventory::drift::{Side, drift, findings};
    use mcppolicy_analysis::report::{Body, Failure, Inventoried, Report};
    use mcppolicy_engine::source::SourceMap;

    /// What reports call the text of a live answer.
    const LIVE: &str = "<server>";

    /// Runs `inventory`.
    pub(in super::super) fn run(args: &InventoryArgs) -> Exit {
        let mut sources = SourceMap::new();
        let mut failures = Vec::new();
        let mut done = Inventoried {
            file: args.inventory.as_deref().map(input::display_name),
            ..Inventoried::default()
        };
        let ended = match args.check {
            true => check(args, &mut sources, &mut done),
            false => keep(args, &mut sources, &mut done),
        };
        let printed = ended.unwrap_or_else(|failure| {
            failures.push(failure);
            None
        });
        let exit = match failures.is_empty() {
            true => done.exit(),
            false => Exit::CouldNotRun,
        };
        let report = Report {
            command: "inventory",
            sources: &sources,
            failures,
            assumptions: Vec::new(),
            body: Body::Inventoried(done),
        };
        match printed {
            // Standard output is the inventory's.
            Some(text) => {
                print(&text);
                write_files(&report, &args.output, exit)
            }
            None => deliver(&report, &args.output, exit),
        }
    }

    /// Holds the file against what the server lists now.
    fn check(
        args: &InventoryArgs,
        sources: &mut SourceMap,
        done: &mut Inventoried,
    ) -> Result<Option<String>, Failure> {
        let path = args.inventory.as_deref().unwrap_or(Path::new(""));
        let bytes = input::read(path)?;
        let name = input::display_name(path);
        let (_, kept, mut problems) = Inventory::read(sources, &name, &bytes);
        done.findings.append(&mut problems);
        let (Some(kept), false) = (kept, has_error(done)) else {
            return Ok(None);
        };
        let Some((live, _)) = fetch(args, sources, done)? else {
            return Ok(None);
        };
        let drift = drift(&kept, &live);
        done.findings
            .extend(findings(&drift, &kept, &live, Side::Old));
        done.drift = Some(drift);
        Ok(None)
    }

    /// Keeps what the server lists; gives it back where it is to be printed.
    fn keep(
        args: &InventoryArgs,
        sources: &mut SourceMap,
        done: &mut Inventoried,
    ) -> Result<Option<String>, Failure> {
        let Some((_, text)) = fetch(args, sources, done)? else {
            return Ok(None);
        };
        let Some(path) = &args.inventory else {
            return Ok(Some(text));
        };
        replace(path, &text).map_err(|error| traces::failure(path, &error))?;
        Ok(None)
    }

    /// Asks the server; nothing where its list is not valid.
    fn fetch(
        args: &InventoryArgs,
        sources: &mut SourceMap,
        done: &mut Inventoried,
    ) -> Result<Option<(Inventory, String)>, Failure> {
        let nanos = u64::try_from(args.timeout.as_nanos()).unwrap_or(0);
        let Answer { pages, noise } = ask(&args.server, Duration::from_nanos(nanos))?;
        if noise > 0 {
            complain(&format!(
                "passed over, no messages on the server's standard output: lines {noise}"
            ));
        }
        let text = pages.write();
        let (_, live, mut problems) = Inventory::read(sources, LIVE, text.as_bytes());
        done.findings.append(&mut problems);
        done.pages = pages.count();
        done.passed_over = noise;
        let Some(live) = live.filter(|_| !has_error(done)) else {
            return Ok(None);
        };
        done.tools = live.tools.len();
        Ok(Some((live, text)))
    }

    fn has_error(done: &Inventoried) -> bool {
        let is_error =
            |finding: &mcppolicy_analysis::finding::Finding| finding.severity == Severity::Error;
        done.findings.iter().any(is_error)
    }

    /// Puts a text in a file's place, whole or not at all; a symbolic link
    /// stays one.
    fn replace(path: &Path, text: &str) -> io::Result<()> {
        let path = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
        let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
        let mut beside = std::ffi::OsString::from(".");
        beside.push(name);
        beside.push(format!(".{}.new", std::process::id()));
        let new = path.with_file_name(beside);
        let written = fs::File::create(&new).and_then(|mut file| {
            if let Ok(old) = fs::metadata(&path) {
                file.set_permissions(old.permissions())?;
            }
            file.write_all(text.as_bytes())?;
            file.sync_all()
        });
        let replaced = written.and_then(|()| fs::rename(&new, &path));
        if replaced.is_err() {
            let _ = fs::remove_file(&new);
        }
        replaced
    }
}
