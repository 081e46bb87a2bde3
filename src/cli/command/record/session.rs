//! One session: the server between its start and its end, and the two threads
//! through which everything passes.

use std::ffi::OsString;
use std::io::{self, ErrorKind, Read, Write};
use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use super::recorder::{Existing, Recorder};
use crate::cli::support::output::complain;
use crate::cli::support::place::Place;
use crate::cli::support::server::{Output, Server, session_code};
use mcppolicy_analysis::report::Failure;
use mcppolicy_trace::trace::tap::Direction;

/// How much is passed at once, in bytes.
const CHUNK: usize = 64 * 1024;

/// Records one session.
///
/// # Errors
/// A trace that cannot be opened or a server that cannot be started.
pub(super) fn run(output: &Place, existing: Existing, command: &[OsString]) -> Result<u8, Failure> {
    let mut recorder = Recorder::open(output, existing)?;
    let mut server = match Server::start(command) {
        Ok(server) => server,
        Err(failure) => {
            recorder.discard();
            return Err(failure);
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
    ended.map(|code| session_code(code, is_whole))
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
    let recorder = Arc::clone(recorder);
    Output::pass(server.output(), move |mut from_server, writes| {
        let mut client = io::stdout().lock();
        let direction = Direction::ToClient;
        // When the client is gone, the server's pipe is closed with this thread,
        // which the server notices.
        pass(direction, &mut from_server, &mut client, &recorder, writes);
    })
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
