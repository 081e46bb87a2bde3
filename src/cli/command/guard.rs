//! `mcppolicy guard`: a gateway between a client and a server that communicate
//! over standard input and output.
//!
//! What becomes of each message the crate `mcppolicy-guard` says; here are the
//! streams, the clock, the log and the counters.

mod desk;
mod lines;
mod log;
mod policy;
mod reload;
mod state;
mod stdio;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use mcppolicy_guard::{LogArguments, Mode, Settings};

/// What the help says at its end.
pub(crate) const AFTER_HELP: &str = "\
In the client's settings, put it before the command that starts the server.
Example: mcppolicy guard --policy policy.json --log calls.jsonl -- npx -y @modelcontextprotocol/server-everything

The exit code is the server's own, 128 and a signal's number if one ended it; 2 if the guard
or the server cannot be started, or if the log could not be written to the end; 3 if the
policy is invalid.";

/// Arguments of `guard`.
#[derive(Args, Debug)]
pub(crate) struct GuardArgs {
    /// The policy to enforce
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
    /// Who calls: the name under which limits count and the log has the calls
    #[arg(long, value_name = "NAME", default_value = "local")]
    grant: String,
    /// Where the counters of limits are kept: memory, which begins at zero, or a file,
    /// which processes on this machine share
    #[arg(long, value_name = "STATE", default_value = "memory", value_parser = state::Place::parse)]
    state: state::Place,
    /// Write each decision to FILE before it takes effect, as a trace that `test` replays;
    /// a log of the same policy is continued, else FILE.2 is begun; {server}, {date} and
    /// {pid} are filled in
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// Which argument values the log has: those that a rule of the tool reads, all, or none
    #[arg(long, value_name = "WHICH", default_value = "read", requires = "log")]
    log_arguments: Which,
    /// Log decisions and enforce none: denied calls pass, hidden tools are listed
    #[arg(long)]
    observe: bool,
    /// Another policy that decides beside, with counters of its own and without effect;
    /// its log is that of --log with `.candidate` at the end
    #[arg(long, value_name = "FILE", requires = "log")]
    candidate: Option<PathBuf>,
    /// The command that starts the server, with its arguments
    #[arg(last = true, required = true, value_name = "SERVER")]
    server: Vec<OsString>,
}

// The variants have no doc comments: each would take a line of the help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Which {
    Read,
    All,
    None,
}

impl GuardArgs {
    fn mode(&self) -> Mode {
        if self.observe {
            Mode::Observe
        } else {
            Mode::Enforce
        }
    }

    fn settings(&self, mode: Mode) -> Settings {
        Settings {
            mode,
            arguments: match self.log_arguments {
                Which::Read => LogArguments::Read,
                Which::All => LogArguments::All,
                Which::None => LogArguments::None,
            },
        }
    }
}

/// Runs `guard`; the exit code is the server's.
pub(crate) fn run(args: &GuardArgs) -> ExitCode {
    ExitCode::from(stdio::run(args).unwrap_or_else(|exit| exit.code()))
}
