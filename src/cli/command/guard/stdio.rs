//! One client and one server, each on a pipe.

use std::borrow::Cow;
use std::io::{self, Write};
use std::mem;
use std::process::{ChildStdin, ChildStdout};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use super::desk::{Client, Desk, lock, now};
use super::lines::{Line, Lines};
use super::reload;
use super::{GuardArgs, LONGEST_OF_SERVER};
use crate::cli::support::output::{complain, complain_of};
use crate::cli::support::place;
use crate::cli::support::server::{Output, Server, session_code};
use mcppolicy_analysis::report::Exit;
use mcppolicy_guard::{FromClient, FromServer};

/// The longest line of a client, in bytes, its ending included.
const LONGEST_OF_CLIENT: usize = super::LONGEST_OF_CLIENT + 2;

/// Guards one session; the code is the server's.
///
/// # Errors
/// What keeps it from being started.
pub(super) fn run(args: &GuardArgs) -> Result<u8, Exit> {
    let mut desk = Desk::open(args, place::name_of_command(&args.server))?;
    let mut server = Server::start(&args.server).map_err(|failure| {
        desk.discard();
        complain_of(&failure);
        Exit::CouldNotRun
    })?;
    let desk = Arc::new(Mutex::new(desk));
    let client = Arc::new(Mutex::new(Client::new(&args.grant)));
    reload::watch(&desk, args);
    if let Some(to_server) = server.input() {
        let (desk, client) = (Arc::clone(&desk), Arc::clone(&client));
        thread::spawn(move || from_client(&desk, &client, to_server));
    }
    let output = {
        let (desk, client) = (Arc::clone(&desk), Arc::clone(&client));
        Output::pass(server.output(), move |output, writes| {
            from_server(&desk, &client, output, writes)
        })
    };
    let ended = server.wait();
    output.wait();
    // The lock is kept, so that nothing is decided and no line begun any more.
    let mut desk = lock(&desk);
    desk.end(&mut lock(&client), now());
    let is_whole = desk.is_whole();
    mem::forget(desk);
    ended
        .map(|code| session_code(code, is_whole))
        .map_err(|failure| {
            complain_of(&failure);
            Exit::CouldNotRun
        })
}

/// Takes what the client sends until it ends.
fn from_client(desk: &Mutex<Desk>, client: &Mutex<Client>, mut to_server: ChildStdin) {
    let mut lines = Lines::new(io::stdin().lock(), LONGEST_OF_CLIENT);
    let mut is_open = true;
    while let Ok(Some(line)) = lines.next() {
        let action = match &line {
            Line::Whole(line) if is_blank(line) => continue,
            Line::Whole(line) => lock(desk).client_line(&mut lock(client), line, now()),
            Line::TooLong => lock(desk).too_long(&mut lock(client), now()),
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
            FromClient::Answer { line, .. } => {
                let _ = to_client(&line);
            }
            FromClient::Drop => {}
        }
    }
}

/// Takes what the server writes until it ends, or until the client is gone; the
/// server's pipe is then closed, which the server notices.
fn from_server(
    desk: &Mutex<Desk>,
    client: &Mutex<Client>,
    output: ChildStdout,
    writes: &AtomicBool,
) {
    let mut lines = Lines::new(output, LONGEST_OF_SERVER);
    while let Ok(Some(line)) = lines.next() {
        let line = match line {
            Line::Whole(line) => line,
            Line::TooLong => {
                complain("a line of the server is longer than 64 MiB, and is dropped");
                continue;
            }
        };
        let action = lock(desk).server_line(&mut lock(client), &line, now());
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
