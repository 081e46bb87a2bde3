//! `mcppolicy guard verify`: whether a log is what the guard has written.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use clap::Args;

use super::chain::{self, EMPTY};
use crate::cli::support::files::InputFile;
use crate::cli::support::input;
use crate::cli::support::output::{complain, complain_of, print};
use crate::cli::support::traces::failure;
use mcppolicy_analysis::report::{Exit, Failure};

/// Arguments of `guard verify`.
#[derive(Args, Debug)]
pub(super) struct VerifyArgs {
    /// A log that was written with --chain; FILE.chain is beside it
    #[arg(value_name = "FILE")]
    log: PathBuf,
    /// A digest that an earlier run printed: the log must still begin with what it had then
    #[arg(long, value_name = "DIGEST")]
    head: Option<String>,
}

/// Reads a log and says up to where it is what the guard has written.
///
/// # Errors
/// What cannot be read.
pub(super) fn run(args: &VerifyArgs) -> Result<u8, Exit> {
    let said = |failure: Failure| {
        complain_of(&failure);
        Exit::CouldNotRun
    };
    let found = read(&args.log, args.head.as_deref()).map_err(said)?;
    let name = input::display_name(&args.log);
    match found.wrong {
        Some(what) => {
            complain(&format!("{name}: {what}"));
            Ok(Exit::Failed.code())
        }
        None => {
            let (lines, head) = (found.lines, found.head);
            Ok(print(&format!("{name}: {lines} lines fit their chain\n{head}\n")).code())
        }
    }
}

/// What was found.
#[derive(Debug)]
struct Found {
    lines: u64,
    /// The digest of the whole log.
    head: String,
    /// What the log is not, in words.
    wrong: Option<String>,
}

fn read(path: &Path, wanted: Option<&str>) -> Result<Found, Failure> {
    let beside = chain::beside(path);
    let opened = |path: &Path| {
        let file = InputFile::of_person(path);
        let opened = file.open().map(|opened| opened.input);
        opened.map_err(|refusal| refusal.failure(&file.name()))
    };
    let mut log = BufReader::new(opened(path)?);
    let mut heads = BufReader::new(opened(&beside)?).lines();
    let (mut head, mut lines, mut line) = (EMPTY, 0, Vec::new());
    let mut was_there = wanted.is_none() || wanted == Some(&chain::written(&EMPTY));
    let mut wrong = None;
    loop {
        line.clear();
        let read = log.read_until(b'\n', &mut line);
        if read.map_err(|error| failure(path, &error))? == 0 {
            break;
        }
        let number = lines + 1;
        let Some(content) = line.strip_suffix(b"\n") else {
            wrong = Some(format!(
                "line {number} has no end: the guard was stopped in it, or it was cut"
            ));
            break;
        };
        head = chain::next(&head, content);
        let kept = heads.next().transpose();
        match kept.map_err(|error| failure(&beside, &error))? {
            Some(kept) if kept == chain::written(&head) => {}
            Some(_) => {
                wrong = Some(format!(
                    "line {number}, or one before it, is not what was written"
                ));
                break;
            }
            None => {
                wrong = Some(format!("line {number} is not in the chain"));
                break;
            }
        }
        lines = number;
        was_there |= wanted.is_some_and(|wanted| wanted == chain::written(&head));
    }
    if wrong.is_none() && heads.next().is_some() {
        wrong = Some(format!(
            "lines after line {lines} are in the chain and not in the log"
        ));
    }
    if wrong.is_none() && !was_there {
        wrong = Some("has never had this digest, or was cut since".to_owned());
    }
    Ok(Found {
        lines,
        head: chain::written(&head),
        wrong,
    })
}
