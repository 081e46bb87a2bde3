//! The server's process: how it starts, what signals reach it, how it ends.

use std::ffi::OsString;
use std::io;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};

pub(crate) use signals::Signals;

/// A running server.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    group: signals::Group,
}

impl Server {
    /// Starts a server whose standard input and output are pipes.
    ///
    /// # Errors
    /// The system's error when the command cannot be started.
    pub fn start(command: &[OsString], signals: Signals) -> io::Result<Server> {
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
    pub fn wait(&mut self) -> io::Result<u8> {
        signals::wait(&self.child, &self.group);
        self.child.wait().map(code)
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
