//! One client and one server, each on a pipe.

use std::borrow::Cow;
use std::io::{self, Write};
use std::mem;
use std::process::{ChildStdin, ChildStdout};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use super::GuardArgs;
use super::desk::{Desk, lock, now};
use super::lines::{Line, Lines};
use super::reload;
use crate::cli::support::output::{complain, complain_of};
use crate::cli::support::server::{Output, Server, session_code};
use mcppolicy_analysis::report::Exit;
use mcppolicy_guard::{FromClient, FromServer};

/// The longest line of a client, in bytes, its ending included.
const LONGEST_OF_CLIENT: usize = (16 << 20) + 2;
/// The longest line of a server.
const LONGEST_OF_SERVER: usize = 64 << 20;

/// Guards one session; the code is the server's.
///
/// # Errors
/// What keeps it from being started.
pub(super) fn run(args: &GuardArgs) -> Result<u8, Exit> {
    let mut desk = Desk::open(args)?;
    let mut server = Server::start(&args.server).map_err(|failure| {
        desk.discard();
        complain_of(&failure);
        Exit::CouldNotRun
    })?;
    let desk = Arc::new(Mutex::new(desk));
    reload::watch(&desk, args);
    if let Some(to_server) = server.input() {
        let desk = Arc::clone(&desk);
        thread::spawn(move || from_client(&desk, to_server));
    }
    let output = {
        let desk = Arc::clone(&desk);
        Output::pass(server.output(), move |output, writes| {
            from_server(&desk, output, writes)
        })
    };
    let ended = server.wait();
    output.wait();
    // The lock is kept, so that nothing is decided and no line begun any more.
    let mut desk = lock(&desk);
    let is_whole = desk.end(now());
    mem::forget(desk);
    ended
        .map(|code| session_code(code, is_whole))
        .map_err(|failure| {
            complain_of(&failure);
            Exit::CouldNotRun
        })
}

/// Takes what the client sends until it ends.
fn from_client(desk: &Mutex<Desk>, mut to_server: ChildStdin) {
    let mut lines = Lines::new(io::stdin().lock(), LONGEST_OF_CLIENT);
    let mut is_open = true;
    while let Ok(Some(line)) = lines.next() {
        let action = match &line {
            Line::Whole(line) if is_blank(line) => continue,
            Line::Whole(line) => lock(desk).client_line(line, now()),
            Line::TooLong => lock(desk).too_long(now()),
        };
        match action {
            FromClient::Forward(bytes) => {
                let passed = to_server.write_all(&bytes).and_then(|()| to_server.flush());
                if passed.is_err() && is_open {
                    is_open = false;
                    complain(
                        "the server reads no more: what the client sends is dropped from now on",
                    );
                }
            }
            FromClient::Answer(bytes) => {
                let _ = to_client(&bytes);
            }
            FromClient::Drop => {}
        }
    }
}

/// Takes what the server writes until it ends, or until the client is gone; the
/// server's pipe is then closed, which the server notices.
fn from_server(desk: &Mutex<Desk>, output: ChildStdout, writes: &AtomicBool) {
    let mut lines = Lines::new(output, LONGEST_OF_SERVER);
    while let Ok(Some(line)) = lines.next() {
        let line = match line {
            Line::Whole(line) => line,
            Line::TooLong => {
                complain("a line of the server is longer than 64 MiB, and is dropped");
                continue;
            }
        };
        let action = lock(desk).server_line(&line, now());
        match action {
            FromServer::Forward(bytes) => {
                writes.store(true, Ordering::Relaxed);
                let passed = to_client(&ended(bytes));
                writes.store(false, Ordering::Relaxed);
                if passed.is_err() {
                    return;
                }
            }
            FromServer::NoMessage => {
                let _ = io::stderr().lock().write_all(&ended(Cow::Owned(line)));
            }
        }
    }
}

/// Whether a line holds nothing, which is no message.
fn is_blank(line: &[u8]) -> bool {
    let content = line.strip_suffix(b"\n").unwrap_or(line);
    let content = content.strip_suffix(b"\r").unwrap_or(content);
    content.iter().all(|byte| matches!(byte, b' ' | b'\t'))
}

/// A line with its ending: the last one of a server may have none, and the
/// guard's own answers follow.
fn ended(bytes: Cow<'_, [u8]>) -> Cow<'_, [u8]> {
    if bytes.ends_with(b"\n") {
        return bytes;
    }
    let mut bytes = bytes.into_owned();
    bytes.push(b'\n');
    Cow::Owned(bytes)
}

/// Writes whole lines to the client, at once.
fn to_client(bytes: &[u8]) -> io::Result<()> {
    let mut client = io::stdout().lock();
    client.write_all(bytes)?;
    client.flush()
}
