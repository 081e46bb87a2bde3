//! `mcppolicy inventory`: writes the tools that a live server lists into a file,
//! or compares them with it.

#[cfg(feature = "live")]
mod client;
#[cfg(feature = "live")]
mod transport;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use crate::cli::support::output::OutputArgs;
use mcppolicy_analysis::report::Exit;
use mcppolicy_engine::time;

/// Arguments of `inventory`.
#[derive(Args, Debug)]
pub(crate) struct InventoryArgs {
    /// The inventory to write, or to compare with [default: standard output]
    #[arg(short = 'o', long = "inventory", value_name = "FILE")]
    inventory: Option<PathBuf>,
    /// Compare FILE with what the server lists now, and write nothing
    #[arg(long, requires = "inventory")]
    check: bool,
    /// How long the server may take for all its answers
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = time::TimeDelta::parse)]
    timeout: time::TimeDelta,
    #[command(flatten)]
    output: OutputArgs,
    /// The command that starts the server, with its arguments
    #[arg(last = true, required = true, value_name = "SERVER")]
    server: Vec<OsString>,
}

/// Runs `inventory`.
#[cfg(not(feature = "live"))]
pub(crate) fn run(_: &InventoryArgs) -> Exit {
    crate::cli::support::output::refuse_without_live()
}

#[cfg(feature = "live")]
pub(crate) use live::run;

#[cfg(feature = "live")]
mod live {
    use std::path::Path;
    use std::time::Duration;

    use super::client::{Answer, list_tools};
    use super::{Exit, InventoryArgs};
    use crate::cli::support::files::{self, InputFile, Role};
    use crate::cli::support::input;
    use crate::cli::support::output::{complain, deliver, print, write_files};
    use crate::cli::support::traces;
    use crate::render::json_text;
    use mcppolicy_analysis::finding::Severity;
    use mcppolicy_analysis::inventory::Inventory;
    use mcppolicy_analysis::inventory::drift::{Side, drift, findings};
    use mcppolicy_analysis::report::{Body, Failure, Inventoried, Report};
    use mcppolicy_engine::source::SourceMap;

    /// What reports call the text of a live answer.
    const LIVE: &str = "<server>";

    /// Runs `inventory`.
    pub(crate) fn run(args: &InventoryArgs) -> Exit {
        let mut sources = SourceMap::new();
        let mut failures = Vec::new();
        let mut done = Inventoried {
            file: args.inventory.as_deref().map(input::display_name),
            ..Inventoried::default()
        };
        let ended = match &args.inventory {
            Some(path) if args.check => check(args, path, &mut sources, &mut done).map(|()| None),
            _ => keep(args, &mut sources, &mut done),
        };
        let printed = ended.unwrap_or_else(|failure| {
            failures.push(failure);
            None
        });
        let report = Report {
            command: "inventory",
            sources: &sources,
            failures,
            assumptions: Vec::new(),
            fail_on: None,
            body: Body::Inventoried(done),
        };
        match printed {
            // The inventory itself goes to standard output.
            Some(text) => {
                let printed = print(&json_text(text));
                write_files(&report, &args.output).worst(printed)
            }
            None => deliver(&report, &args.output),
        }
    }

    /// Compares the file with what the server lists now.
    fn check(
        args: &InventoryArgs,
        path: &Path,
        sources: &mut SourceMap,
        done: &mut Inventoried,
    ) -> Result<(), Failure> {
        let name = input::display_name(path);
        let read = InputFile::of_person(path).read(Role::Inventory);
        let bytes = read.map_err(|refusal| refusal.failure(&name))?;
        let (_, kept, mut problems) = Inventory::read(sources, &name, &bytes);
        done.findings.append(&mut problems);
        let Some(kept) = kept.filter(|_| !has_error(done)) else {
            return Ok(());
        };
        let Some((live, _)) = fetch(args, sources, done)? else {
            return Ok(());
        };
        let drift = drift(&kept, &live);
        done.findings
            .extend(findings(&drift, &kept, &live, Side::Old));
        done.drift = Some(drift);
        Ok(())
    }

    /// Writes what the server lists into the file; returns it where there is
    /// none, to be printed.
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
        files::replace(path, text.as_bytes()).map_err(|error| traces::failure(path, &error))?;
        Ok(None)
    }

    /// What the server lists, and its text; `None` where that is not valid.
    fn fetch(
        args: &InventoryArgs,
        sources: &mut SourceMap,
        done: &mut Inventoried,
    ) -> Result<Option<(Inventory, String)>, Failure> {
        let nanos = u64::try_from(args.timeout.as_nanos()).unwrap_or(0);
        let Answer { pages, noise } = list_tools(&args.server, Duration::from_nanos(nanos))?;
        if noise > 0 {
            complain(&format!(
                "skipped, no messages on the server's standard output: lines {noise}"
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
        let mut severities = done.findings.iter().map(|finding| finding.severity);
        severities.any(|severity| severity == Severity::Error)
    }
}
