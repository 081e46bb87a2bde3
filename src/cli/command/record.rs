//! `mcppolicy record`: a tap between a client and a server that communicate over
//! standard input and output.
//!
//! Bytes are passed on unchanged and at once, and are recorded just before: when
//! the tap is killed, the trace has all that the other side has received. The
//! rest is the server's own: its exit code, its standard error, and the signals
//! that are sent to it.

#[cfg(feature = "live")]
mod http;
#[cfg(feature = "live")]
mod recorder;
#[cfg(feature = "live")]
mod session;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

#[cfg(feature = "live")]
use crate::cli::support::http::Upstream;
#[cfg(feature = "live")]
use crate::cli::support::input;
#[cfg(feature = "live")]
use crate::cli::support::output::complain_of;
#[cfg(not(feature = "live"))]
use crate::cli::support::output::refuse_without_live;
#[cfg(feature = "live")]
use crate::cli::support::place;
#[cfg(feature = "live")]
use mcppolicy_analysis::report::{Exit, Failure};

/// Arguments of `record`.
#[derive(Args, Debug)]
pub(crate) struct RecordArgs {
    /// Where to write the trace, readable by its owner alone; it must not exist yet.
    /// {server}, {date} and {pid} are filled in, and then a name that is taken gets a number
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Add to FILE, a recording that may exist
    #[arg(long)]
    append: bool,
    /// What {server} stands for [default: a name from the command]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Record a server of the network: the address on this machine that clients use in the
    /// place of the server's; port 0 is any that is free
    #[arg(
        long,
        value_name = "ADDRESS",
        requires = "url",
        conflicts_with = "server"
    )]
    listen: Option<SocketAddr>,
    /// The address of that server
    #[arg(long, value_name = "URL", requires = "listen")]
    url: Option<String>,
    /// Headers to send to it, one a line, in a file that its owner alone can read
    #[arg(long, value_name = "FILE", requires = "url")]
    header_file: Option<PathBuf>,
    /// The command that starts the server, with its arguments
    #[arg(last = true, required_unless_present = "listen", value_name = "SERVER")]
    server: Vec<OsString>,
}

/// Runs `record`; the exit code is the server's.
pub(crate) fn run(args: &RecordArgs) -> ExitCode {
    ExitCode::from(record(args))
}

#[cfg(not(feature = "live"))]
fn record(_: &RecordArgs) -> u8 {
    refuse_without_live().code()
}

#[cfg(feature = "live")]
fn record(args: &RecordArgs) -> u8 {
    let existing = if args.append {
        recorder::Existing::Extend
    } else {
        recorder::Existing::Refuse
    };
    let upstream = args.url.as_deref().map(|url| {
        let headers = args.header_file.as_deref();
        Upstream::open(url, headers)
    });
    let upstream = match upstream.transpose() {
        Ok(upstream) => upstream,
        Err(failure) => {
            complain_of(&failure);
            return Exit::CouldNotRun.code();
        }
    };
    let session = place::Session {
        server: match (&args.name, &upstream) {
            (Some(name), _) => place::spelled(name),
            (None, Some(upstream)) => place::spelled(upstream.host()),
            (None, None) => place::name_of_command(&args.server),
        },
        start: recorder::now(),
        pid: std::process::id(),
    };
    let ended = place::Place::of(&args.output, &session)
        .map_err(|message| Failure {
            input: input::display_name(&args.output),
            message,
        })
        .and_then(|place| match args.listen.zip(upstream) {
            Some((listen, upstream)) => http::run(&place, existing, listen, upstream),
            None => session::run(&place, existing, &args.server),
        });
    ended.unwrap_or_else(|failure| {
        complain_of(&failure);
        Exit::CouldNotRun.code()
    })
}
