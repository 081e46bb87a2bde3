//! `mcppolicy guard token`: a token for a caller.

use std::io::Write;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::Args;

use super::grants::{self, Grants};
use crate::cli::support::files::{self, Access};
use crate::cli::support::input;
use crate::cli::support::output::{complain_of, print};
use crate::cli::support::traces::failure;
use mcppolicy_analysis::report::{Exit, Failure};

/// What a token begins with, so that it is known for one where it is found.
const PREFIX: &str = "mcpg_";

/// Arguments of `guard token`.
#[derive(Args, Debug)]
pub(super) struct TokenArgs {
    /// Who calls: the name under which limits count and the log has the calls
    #[arg(value_name = "NAME")]
    name: String,
    /// Add the line to this file of grants; else both are printed
    #[arg(long, value_name = "FILE")]
    grants: Option<PathBuf>,
}

/// Prints a new token.
///
/// # Errors
/// When there is no randomness, or when the file cannot be written.
pub(super) fn run(args: &TokenArgs) -> Result<u8, Exit> {
    let made = make(args).map_err(|failure| {
        complain_of(&failure);
        Exit::CouldNotRun
    })?;
    Ok(print(&made).code())
}

fn make(args: &TokenArgs) -> Result<String, Failure> {
    let refused = |message: &str| Failure {
        input: args.name.clone(),
        message: message.to_owned(),
    };
    if !grants::is_name(&args.name) {
        return Err(refused(
            "is no name: it is empty, longer than 256 bytes, or has a character that is not shown",
        ));
    }
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|_| refused("gets no token: there is no randomness"))?;
    let token = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes));
    let line = grants::line(&token, &args.name);
    let Some(path) = &args.grants else {
        return Ok(format!("{token}\n{line}"));
    };
    let failed = |error: std::io::Error| failure(path, &error);
    let mut file = files::append(path, Access::Private, true).map_err(failed)?;
    // What is there must be a file of grants, and nobody else's to read.
    let before = grants::bytes(path)?;
    Grants::parse(&before).map_err(|message| Failure {
        input: input::display_name(path),
        message,
    })?;
    let gap = match before.last() {
        None | Some(b'\n') => "",
        Some(_) => "\n",
    };
    file.write_all(format!("{gap}{line}").as_bytes())
        .and_then(|()| file.sync_all())
        .map_err(failed)?;
    Ok(format!("{token}\n"))
}
