//! One client and one server, each on a pipe.

use std::borrow::Cow;
use std::io::{self, Write};
use std::mem;
use std::process::{ChildStdin, ChildStdout};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use super::GuardArgs;
use super::desk::{Desk, lock, now};
use super::lines::{Line, Lines};
use super::reload;
use crate::cli::support::input;
use crate::cli::support::output::{complain, complain_of};
use crate::cli::support::server::{Server, Signals};
use mcppolicy_analysis::report::{Exit, Failure};
use mcppolicy_guard::{FromClient, FromServer};

/// The longest line of a client, in bytes, its ending included.
const LONGEST_OF_CLIENT: usize = (16 << 20) + 2;
/// The longest line of a server.
const LONGEST_OF_SERVER: usize = 64 << 20;
/// How long a server's output is read once the server has ended: a process that
/// it has started can keep it open for ever.
const AFTER_THE_END: Duration = Duration::from_secs(2);

/// Guards one session; the code is the server's.
///
/// # Errors
/// What keeps it from being started.
pub(super) fn run(args: &GuardArgs) -> Result<u8, Exit> {
    let mut desk = Desk::open(args)?;
    let started = Signals::catch().and_then(|signals| Server::start(&args.server, signals));
    let mut server = started.map_err(|error| {
        desk.discard();
        let command = args.server.first().map(|word| word.to_string_lossy());
        complain_of(&Failure {
            input: command.unwrap_or_default().into_owned(),
            message: format!("cannot be started: {}", input::plain(&error)),
        });
        Exit::CouldNotRun
    })?;
    let desk = Arc::new(Mutex::new(desk));
    reload::watch(&desk, args);
    if let Some(to_server) = server.input() {
        let desk = Arc::clone(&desk);
        thread::spawn(move || from_client(&desk, to_server));
    }
    let output = server.output().map(|output| Output::pass(output, &desk));
    let ended = server.wait();
    if let Some(output) = output {
        output.wait();
    }
    // The lock is kept, so that nothing is decided and no line begun any more.
    let mut desk = lock(&desk);
    let is_whole = desk.end(now());
    mem::forget(desk);
    let code = ended.map_err(|error| {
        complain_of(&Failure {
            input: "the server".to_owned(),
            message: input::plain(&error),
        });
        Exit::CouldNotRun
    })?;
    Ok(match (code, is_whole) {
        (0, false) => Exit::CouldNotRun.code(),
        (code, _) => code,
    })
}

/// What the server writes, on its way to the client.
struct Output {
    at_the_end: mpsc::Receiver<()>,
    /// Whether the client, and not the server, is slow.
    is_client_slow: Arc<AtomicBool>,
}

impl Output {
    /// Starts to pass on what the server writes.
    fn pass(from_server: ChildStdout, desk: &Arc<Mutex<Desk>>) -> Output {
        let (sender, at_the_end) = mpsc::channel();
        let is_client_slow = Arc::new(AtomicBool::new(false));
        let (desk, writes) = (Arc::clone(desk), Arc::clone(&is_client_slow));
        thread::spawn(move || {
            self::from_server(&desk, from_server, &writes);
            let _ = sender.send(());
        });
        Output {
            at_the_end,
            is_client_slow,
        }
    }

    /// Waits, when the server has ended, until the client has all of it.
    fn wait(&self) {
        while self.at_the_end.recv_timeout(AFTER_THE_END) == Err(RecvTimeoutError::Timeout) {
            if !self.is_client_slow.load(Ordering::Relaxed) {
                complain(
                    "the server has ended, but something that it started keeps its output open",
                );
                return;
            }
        }
    }
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
