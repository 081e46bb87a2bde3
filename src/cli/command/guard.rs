//! `mcppolicy guard`: a gateway between a client and a server that communicate
//! over standard input and output, or between clients and a server of the network.
//!
//! What becomes of each message the crate `mcppolicy-guard` says; here are the
//! streams, the clock, the log, the counters, and who may call.

mod chain;
mod desk;
mod grants;
mod http;
mod lines;
mod log;
mod policy;
mod reload;
mod state;
mod stdio;
mod token;
mod verify;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};

use mcppolicy_guard::{LogArguments, Mode, Settings};

/// What the help says at its end.
pub(crate) const AFTER_HELP: &str = "\
Examples:
  mcppolicy guard --policy policy.json -- npx -y @modelcontextprotocol/server-everything
  mcppolicy guard --policy p.json --listen 127.0.0.1:8931 --url https://a.example/mcp --grants g

The exit code is the server's own, 128 and a signal's number, or 0 with --listen; 2 if it cannot be
started or its log could not be written to the end; 3 if the policy is invalid.";

/// The longest message of a client, in bytes.
const LONGEST_OF_CLIENT: usize = 16 << 20;
/// The longest message of a server.
const LONGEST_OF_SERVER: usize = 64 << 20;

/// Arguments of `guard`.
#[derive(Args, Debug)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    disable_help_subcommand = true
)]
pub(crate) struct GuardArgs {
    #[command(subcommand)]
    beside: Option<Beside>,
    /// The policy to enforce
    #[arg(long, value_name = "FILE", required = true)]
    policy: Option<PathBuf>,
    /// The caller, for whom limits count
    #[arg(long, value_name = "NAME", default_value = "local")]
    grant: String,
    /// Where counters are kept: memory, a file that processes share, or redis://HOST:PORT
    #[arg(long, value_name = "STATE", default_value = "memory", value_parser = state::Place::parse)]
    state: state::Place,
    /// Write decisions to FILE, before each takes effect, as a trace that `test` replays; a log
    /// of another policy stays, and FILE.2 is begun; {server}, {date} and {pid} are filled in
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// Which argument values the log has
    #[arg(long, value_name = "WHICH", default_value = "read", requires = "log")]
    log_arguments: Which,
    /// Keep a chain of digests beside the log, for `guard verify`
    #[arg(long, requires = "log")]
    chain: bool,
    /// Log decisions and enforce none
    #[arg(long)]
    observe: bool,
    /// Another policy, decided and logged beside without effect
    #[arg(long, value_name = "FILE", requires = "log")]
    candidate: Option<PathBuf>,
    /// Guard a server of the network, at this address for clients
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
    /// Headers for it, one a line, in a file of its owner alone
    #[arg(long, value_name = "FILE", requires = "url")]
    header_file: Option<PathBuf>,
    /// Who may call: the file that `guard token` writes
    #[arg(long, value_name = "FILE", requires = "listen", conflicts_with_all = ["grant", "allow_unauthenticated"])]
    grants: Option<PathBuf>,
    /// Let every program on this machine call, as --grant
    #[arg(long, requires = "listen")]
    allow_unauthenticated: bool,
    /// A name for this machine that clients may use; repeatable
    #[arg(long, value_name = "HOST", requires = "listen")]
    allow_host: Vec<String>,
    /// A page that may ask, as https://HOST; repeatable
    #[arg(long, value_name = "ORIGIN", requires = "listen")]
    allow_origin: Vec<String>,
    /// The command that starts the server, with its arguments
    #[arg(last = true, required_unless_present = "listen", value_name = "SERVER")]
    server: Vec<OsString>,
}

// The variants have no doc comments: each would take a line of the help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Which {
    Read,
    All,
    None,
}

/// What is done beside guarding.
#[derive(Subcommand, Debug)]
enum Beside {
    /// Make a token for a caller, and write its digest down
    #[command(after_help = "Example: mcppolicy guard token designer --grants grants.txt")]
    Token(token::TokenArgs),
    /// Say whether a log that was written with --chain is what was written
    #[command(after_help = "Example: mcppolicy guard verify calls.jsonl")]
    Verify(verify::VerifyArgs),
}

impl GuardArgs {
    /// The policy's file. It is given wherever no subcommand is.
    fn policy(&self) -> &Path {
        self.policy.as_deref().unwrap_or(Path::new(""))
    }

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
    let ended = match (&args.beside, args.listen, &args.url) {
        (Some(Beside::Token(token)), _, _) => token::run(token),
        (Some(Beside::Verify(verify)), _, _) => verify::run(verify),
        (None, Some(listen), Some(url)) => http::run(args, listen, url),
        (None, _, _) => stdio::run(args),
    };
    ExitCode::from(ended.unwrap_or_else(|exit| exit.code()))
}
