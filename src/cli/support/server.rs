//! The server's process: how it starts, what signals reach it, how it ends.

use std::ffi::OsString;
use std::io;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use super::input;
use super::output::complain;
use mcppolicy_analysis::report::{Exit, Failure};
use signals::Signals;

/// How long a server's output is read once the server has ended: a process that
/// it has started can keep it open for ever.
const AFTER_THE_END: Duration = Duration::from_secs(2);

/// A running server.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    group: signals::Group,
}

impl Server {
    /// Starts a server whose standard input and output are pipes, and to which the
    /// signals that this process receives are passed on.
    ///
    /// # Errors
    /// When the command cannot be started.
    pub fn start(command: &[OsString]) -> Result<Server, Failure> {
        let started = Signals::catch().and_then(|signals| Server::spawn(command, signals));
        started.map_err(|error| {
            let command = command.first().map(|word| word.to_string_lossy());
            Failure {
                input: command.unwrap_or_default().into_owned(),
                message: format!("cannot be started: {}", input::plain(&error)),
            }
        })
    }

    fn spawn(command: &[OsString], signals: Signals) -> io::Result<Server> {
        let (program, arguments) = command.split_first().ok_or(io::ErrorKind::InvalidInput)?;
        let mut command = Command::new(program);
        command.args(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        // In a group of its own, or the interrupt of a terminal would reach it
        // twice: from the terminal and from here.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let child = command.spawn()?;
        let group = signals.forward_to(&child);
        Ok(Server { child, group })
    }

    /// Its standard input; `None` after the first call.
    pub fn input(&mut self) -> Option<ChildStdin> {
        self.child.stdin.take()
    }

    /// Its standard output; `None` after the first call.
    pub fn output(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// Whether a signal was passed on to it.
    pub fn was_signalled(&self) -> bool {
        signals::was_sent(&self.group)
    }

    /// Waits for its end. The code is its own; 128 and the signal's number
    /// where a signal has ended it.
    ///
    /// # Errors
    /// When the system does not say how it has ended.
    pub fn wait(&mut self) -> Result<u8, Failure> {
        signals::wait(&self.child, &self.group);
        let ended = self.child.wait().map(code);
        ended.map_err(|error| Failure {
            input: "the server".to_owned(),
            message: input::plain(&error),
        })
    }
}

/// The exit code of a session whose server has ended with `code`: its own, unless
/// that is a success and what was to be written is not whole.
pub(crate) fn session_code(code: u8, is_whole: bool) -> u8 {
    match (code, is_whole) {
        (0, false) => Exit::CouldNotRun.code(),
        (code, _) => code,
    }
}

/// What a server writes, on its way to the client.
#[derive(Debug)]
pub(crate) struct Output {
    at_the_end: mpsc::Receiver<()>,
    /// Whether the client, and not the server, is slow.
    is_client_slow: Arc<AtomicBool>,
}

impl Output {
    /// Passes on what the server writes, in a thread. `pass` ends with the server's
    /// output, and sets its second argument while it writes to the client.
    pub fn pass(
        output: Option<ChildStdout>,
        pass: impl FnOnce(ChildStdout, &AtomicBool) + Send + 'static,
    ) -> Output {
        let (sender, at_the_end) = mpsc::channel();
        let is_client_slow = Arc::new(AtomicBool::new(false));
        if let Some(output) = output {
            let writes = Arc::clone(&is_client_slow);
            thread::spawn(move || {
                pass(output, &writes);
                let _ = sender.send(());
            });
        }
        Output {
            at_the_end,
            is_client_slow,
        }
    }

    /// Waits, when the server has ended, until the client has all of it.
    pub fn wait(&self) {
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

fn code(status: ExitStatus) -> u8 {
    #[cfg(unix)]
    let signal = std::os::unix::process::ExitStatusExt::signal(&status);
    #[cfg(not(unix))]
    let signal = None;
    let code = match (status.code(), signal) {
        (Some(code), _) => code,
        (None, Some(signal)) => 128 + signal,
        (None, None) => 1,
    };
    // A code of another system may be wider; it must not become a success.
    u8::try_from(code).unwrap_or(1)
}

/// Where there are no signals, there is nothing to pass on.
#[cfg(not(unix))]
mod signals {
    use std::io;
    use std::process::Child;

    pub(super) type Group = ();

    pub(crate) struct Signals;

    impl Signals {
        pub fn catch() -> io::Result<Signals> {
            Ok(Signals)
        }

        pub(super) fn forward_to(self, _: &Child) -> Group {}
    }

    pub(super) fn wait(_: &Child, (): &Group) {}

    pub(super) fn was_sent((): &Group) -> bool {
        false
    }
}

#[cfg(unix)]
mod signals {
    use std::io;
    use std::process::Child;
    use std::sync::{Arc, Mutex, PoisonError};
    use std::thread;

    use rustix::io::Errno;
    use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
    use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};

    /// Where signals are passed on to.
    pub(super) type Group = Arc<Mutex<Receiver>>;

    /// The server's group of processes.
    #[derive(Debug)]
    pub(in super::super) struct Receiver {
        /// Its number, while that is its own.
        group: Option<Pid>,
        /// Whether a signal was sent to it.
        was_sent: bool,
    }

    /// The signals that request a program to end, caught before the server is
    /// started.
    pub(crate) struct Signals(signal_hook::iterator::Signals);

    impl Signals {
        /// Catches them from now on.
        pub fn catch() -> io::Result<Signals> {
            let ending = [SIGHUP, SIGINT, SIGQUIT, SIGTERM];
            signal_hook::iterator::Signals::new(ending).map(Signals)
        }

        /// Sends each one, once, to the server and what it has started.
        pub(super) fn forward_to(mut self, child: &Child) -> Group {
            let group = Group::new(Mutex::new(Receiver {
                group: Some(Pid::from_child(child)),
                was_sent: false,
            }));
            let to = Arc::clone(&group);
            thread::spawn(move || {
                for caught in self.0.forever() {
                    let signal = match caught {
                        SIGHUP => Signal::HUP,
                        SIGINT => Signal::INT,
                        SIGQUIT => Signal::QUIT,
                        _ => Signal::TERM,
                    };
                    let mut receiver = to.lock().unwrap_or_else(PoisonError::into_inner);
                    match receiver.group {
                        // One that is just ending needs no signal.
                        Some(group) => {
                            receiver.was_sent = true;
                            let _ = kill_process_group(group, signal);
                        }
                        // The server has ended; only a slow client is waited for.
                        None => std::process::exit(128 + caught),
                    }
                }
            });
            group
        }
    }

    /// Waits until the server has ended, and lets no signal follow: the system
    /// may reuse its number for another process once its status has been read.
    pub(super) fn wait(child: &Child, group: &Group) {
        let id = WaitId::Pid(Pid::from_child(child));
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        while let Err(Errno::INTR) = waitid(id.clone(), options) {}
        group.lock().unwrap_or_else(PoisonError::into_inner).group = None;
    }

    /// Whether a signal was passed on.
    pub(super) fn was_sent(group: &Group) -> bool {
        group
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .was_sent
    }
}
