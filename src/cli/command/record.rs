//! `mcppolicy record`: a tap between a client and a server that communicate over
//! standard input and output.
//!
//! Bytes are passed on unchanged and at once, and are recorded just before: when
//! the tap is killed, the trace has all that the other side has received. The
//! rest is the server's own: its exit code, its standard error, and the signals
//! that are sent to it.

#[cfg(feature = "live")]
mod recorder;
#[cfg(feature = "live")]
mod session;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

#[cfg(feature = "live")]
use crate::cli::support::output::complain_of;
#[cfg(not(feature = "live"))]
use crate::cli::support::output::refuse_without_live;
#[cfg(feature = "live")]
use mcppolicy_analysis::report::Exit;

/// Arguments of `record`.
#[derive(Args, Debug)]
pub(crate) struct RecordArgs {
    /// Where to write the trace, readable by its owner alone; it must not exist yet
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Add to FILE, a recording that may exist
    #[arg(long)]
    append: bool,
    /// The command that starts the server, with its arguments
    #[arg(last = true, required = true, value_name = "SERVER")]
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
    session::run(&args.output, existing, &args.server).unwrap_or_else(|failure| {
        complain_of(&failure);
        Exit::CouldNotRun.code()
    })
}
