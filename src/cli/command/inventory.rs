//! `mcppolicy inventory`: writes the tools that a live server lists into a file,
//! or compares them with it.

#[cfg(feature = "live")]
mod client;
#[cfg(feature = "live")]
mod credential;
#[cfg(feature = "live")]
mod http;
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
    /// Ask a server of the network instead of starting one
    #[arg(long, value_name = "URL", conflicts_with = "server")]
    url: Option<String>,
    /// Headers to send to it, one a line, in a file that its owner alone can read
    #[arg(long, value_name = "FILE", requires = "url")]
    header_file: Option<PathBuf>,
    /// The command that starts the server, with its arguments
    #[arg(last = true, required_unless_present = "url", value_name = "SERVER")]
    server: Vec<OsString>,
    // Behind the others, which its heading would take along.
    #[command(flatten)]
    output: OutputArgs,
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

    use super::client::{Answer, Asked, list_tools};
    use super::credential;
    use super::{Exit, InventoryArgs};
    use crate::cli::support::files::{self, InputFile, Role};
    use crate::cli::support::http::Upstream;
    use crate::cli::support::input;
    use crate::cli::support::output::{complain, deliver, print, write_files};
    use crate::cli::support::traces;
    use crate::render::json_text;
    use mcppolicy_analysis::finding::{Finding, RuleId, Severity};
    use mcppolicy_analysis::inventory::Inventory;
    use mcppolicy_analysis::inventory::drift::{Side, drift, findings};
    use mcppolicy_analysis::inventory::write::AskedWith;
    use mcppolicy_analysis::report::{Body, Failure, Inventoried, Report};
    use mcppolicy_engine::source::{Location, SourceMap, Span};

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
            Some(_) if args.output.is_report() => {
                complain("the list itself is not kept: name a file for it with -o");
                deliver(&report, &args.output)
            }
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
        let (file, kept, mut problems) = Inventory::read(sources, &name, &bytes);
        done.findings.append(&mut problems);
        let Some(kept) = kept.filter(|_| !has_error(done)) else {
            return Ok(());
        };
        let Some(fetched) = fetch(args, Some(&bytes), sources, done)? else {
            return Ok(());
        };
        for message in fetched.other {
            let location = Location {
                file,
                span: Span::new(0, 0),
            };
            let (rule, warning) = (RuleId::Inventory, Severity::Warning);
            done.findings
                .push(Finding::new(rule, warning, location, "", message));
        }
        let live = fetched.live;
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
        let Some(Fetched { text, .. }) = fetch(args, None, sources, done)? else {
            return Ok(None);
        };
        let Some(path) = &args.inventory else {
            return Ok(Some(text));
        };
        files::replace(path, text.as_bytes()).map_err(|error| traces::failure(path, &error))?;
        Ok(None)
    }

    /// What a server lists.
    struct Fetched {
        live: Inventory,
        /// Its text, as it is kept.
        text: String,
        /// In what the server was asked otherwise than for the kept list.
        other: Vec<String>,
    }

    /// What the server lists; `None` where that is not valid. `kept` is the list to
    /// compare it with.
    fn fetch(
        args: &InventoryArgs,
        kept: Option<&[u8]>,
        sources: &mut SourceMap,
        done: &mut Inventoried,
    ) -> Result<Option<Fetched>, Failure> {
        let nanos = u64::try_from(args.timeout.as_nanos()).unwrap_or(0);
        let upstream = args.url.as_deref();
        let upstream = upstream.map(|url| Upstream::open(url, args.header_file.as_deref()));
        let upstream = upstream.transpose()?;
        let asked = match &upstream {
            Some(upstream) => Asked::Upstream(upstream),
            None => Asked::Command(&args.server),
        };
        let answer = list_tools(&asked, Duration::from_nanos(nanos))?;
        let Answer {
            mut pages,
            noise,
            protocol,
        } = answer;
        let kept = kept.and_then(AskedWith::of_kept);
        let headers = upstream.as_ref().map(Upstream::headers).unwrap_or_default();
        let now = AskedWith {
            protocol,
            credential: credential::of(headers, kept.as_ref()),
        };
        let other = kept.map_or_else(Vec::new, |kept| now.differences(&kept));
        pages.asked_with(now);
        if noise > 0 {
            complain(&format!(
                "skipped, no messages on the server's standard output: lines {noise}"
            ));
        }
        let text = pages.write();
        let (file, live, mut problems) = Inventory::read(sources, LIVE, text.as_bytes());
        done.findings.append(&mut problems);
        if pages.is_public() {
            let location = Location {
                file,
                span: Span::new(0, 0),
            };
            let message = "The server says that a cache may give this list to anyone \
                           (`cacheScope` is `public`)";
            let (rule, warning) = (RuleId::Inventory, Severity::Warning);
            let finding = Finding::new(rule, warning, location, "", message);
            let help = "a gateway that hides tools from some callers must say `private`";
            done.findings.push(finding.help(help));
        }
        done.pages = pages.count();
        done.passed_over = noise;
        let Some(live) = live.filter(|_| !has_error(done)) else {
            return Ok(None);
        };
        done.tools = live.tools.len();
        Ok(Some(Fetched { live, text, other }))
    }

    fn has_error(done: &Inventoried) -> bool {
        let mut severities = done.findings.iter().map(|finding| finding.severity);
        severities.any(|severity| severity == Severity::Error)
    }
}
