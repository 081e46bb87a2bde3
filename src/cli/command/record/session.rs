//! One session: the server between its start and its end, and the two threads
//! through which everything passes.

use std::ffi::OsString;
use std::io::{self, ErrorKind, Read, Write};
use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::recorder::{Existing, Recorder};
use crate::cli::support::input;
use crate::cli::support::output::complain;
use crate::cli::support::place::Place;
use crate::cli::support::server::{Server, Signals};
use mcppolicy_analysis::report::{Exit, Failure};
use mcppolicy_trace::trace::tap::Direction;

/// How much is passed at once, in bytes.
const CHUNK: usize = 64 * 1024;
/// How long a server's output is read once the server has ended: a process that
/// it has started can keep it open for ever.
const AFTER_THE_END: Duration = Duration::from_secs(2);

/// Records one session.
///
/// # Errors
/// A trace that cannot be opened or a server that cannot be started.
pub(super) fn run(output: &Place, existing: Existing, command: &[OsString]) -> Result<u8, Failure> {
    let mut recorder = Recorder::open(output, existing)?;
    let started = Signals::catch().and_then(|signals| Server::start(command, signals));
    let mut server = match started {
        Ok(server) => server,
        Err(error) => {
            recorder.discard();
            let command = command.first().map(|word| word.to_string_lossy());
            return Err(Failure {
                input: command.unwrap_or_default().into_owned(),
                message: format!("cannot be started: {}", input::plain(&error)),
            });
        }
    };
    let recorder = Arc::new(Mutex::new(recorder));
    let output = spawn(&mut server, &recorder);
    let ended = server.wait();
    output.wait();
    let mut recorder = lock(&recorder);
    let is_whole = recorder.finish();
    let died_at_the_start = ended.as_ref().is_ok_and(|code| *code != 0)
        && recorder.has_no_server()
        && !server.was_signalled();
    if recorder.is_empty() || died_at_the_start {
        recorder.discard();
    }
    // The lock is kept, so that no thread is stopped in the middle of a line.
    mem::forget(recorder);
    let code = ended.map_err(|error| Failure {
        input: "the server".to_owned(),
        message: input::plain(&error),
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

/// Starts to pass both directions on.
fn spawn(server: &mut Server, recorder: &Arc<Mutex<Recorder>>) -> Output {
    if let Some(mut to_server) = server.input() {
        let recorder = Arc::clone(recorder);
        thread::spawn(move || {
            let mut client = io::stdin().lock();
            let writes = AtomicBool::new(false);
            let direction = Direction::ToServer;
            let ended = pass(direction, &mut client, &mut to_server, &recorder, &writes);
            drop(to_server);
            if ended == Ended::Refused {
                complain("the server reads no more: what the client sends is dropped from now on");
                let _ = io::copy(&mut client, &mut io::sink());
            }
        });
    }
    let (sender, at_the_end) = mpsc::channel();
    let is_client_slow = Arc::new(AtomicBool::new(false));
    if let Some(mut from_server) = server.output() {
        let recorder = Arc::clone(recorder);
        let writes = Arc::clone(&is_client_slow);
        thread::spawn(move || {
            let mut client = io::stdout().lock();
            let direction = Direction::ToClient;
            // When the client is gone, the server's pipe is closed with this
            // thread, which the server notices.
            pass(direction, &mut from_server, &mut client, &recorder, &writes);
            drop(from_server);
            let _ = sender.send(());
        });
    }
    Output {
        at_the_end,
        is_client_slow,
    }
}

/// Why nothing passes any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    /// There is nothing more.
    AtTheEnd,
    /// The receiving side is closed.
    Refused,
}

/// Passes everything on until one side ends it; `writes` is true while the
/// receiving side is being written to.
fn pass(
    direction: Direction,
    from: &mut impl Read,
    to: &mut impl Write,
    recorder: &Mutex<Recorder>,
    writes: &AtomicBool,
) -> Ended {
    let mut buffer = vec![0; CHUNK];
    loop {
        let count = match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(_) => break,
        };
        let bytes = buffer.get(..count).unwrap_or_default();
        lock(recorder).pass(direction, bytes);
        writes.store(true, Ordering::Relaxed);
        let passed = to.write_all(bytes).and_then(|()| to.flush());
        writes.store(false, Ordering::Relaxed);
        if passed.is_err() {
            return Ended::Refused;
        }
    }
    lock(recorder).end(direction);
    Ended::AtTheEnd
}

/// A recorder is consistent after each of its calls, so a panic elsewhere does
/// not matter.
fn lock(recorder: &Mutex<Recorder>) -> MutexGuard<'_, Recorder> {
    recorder.lock().unwrap_or_else(PoisonError::into_inner)
}
