//! The policy in force, the one client, and a candidate that decides beside.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::GuardArgs;
use super::log::Log;
use super::policy;
use super::state::{Counted, State};
use crate::cli::support::files;
use crate::cli::support::input;
use crate::cli::support::output::complain_of;
use crate::cli::support::place::{self, Place};
use mcppolicy_analysis::report::{Exit, Failure};
use mcppolicy_engine::time::Time;
use mcppolicy_guard::{Attached, FromClient, FromServer, Guard, Mode, Ordered, Session, Settings};

type Store = Ordered<Counted>;

/// What decides. Both directions of a connection take turns.
#[derive(Debug)]
pub(super) struct Desk {
    enforced: Seat,
    candidate: Option<Seat>,
}

/// A policy and what it knows of the client.
#[derive(Debug)]
struct Seat {
    guard: Guard<Store, Log>,
    session: Session<Store>,
}

/// Which of the policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    Enforced,
    Candidate,
}

impl Desk {
    /// Reads the policies, opens the counters and begins the logs.
    ///
    /// # Errors
    /// What cannot be read or opened; it is said on standard error.
    pub fn open(args: &GuardArgs) -> Result<Desk, Exit> {
        let enforced = policy::read(&args.policy)?;
        let candidate = args.candidate.as_deref().map(policy::read).transpose()?;
        let state = State::open(&args.state).map_err(|failure| {
            complain_of(&failure);
            Exit::CouldNotRun
        })?;
        let state = Arc::new(state);
        let seat = |policy: Attached, log: Option<&Path>, settings: Settings| {
            let store = Ordered(Counted {
                state: Arc::clone(&state),
                is_candidate: settings.mode == Mode::Beside,
            });
            let guard = Guard::new(policy, store, Log::new(log), settings).map_err(|failure| {
                complain_of(&failure);
                Exit::CouldNotRun
            })?;
            Ok(Seat {
                guard,
                session: Session::new(args.grant.as_str()),
            })
        };
        let log = args.log.as_deref().map(|log| log_of(log, args));
        let log = log.transpose()?;
        let beside = log.as_deref().map(candidate_log);
        let mut desk = Desk {
            enforced: seat(enforced, log.as_deref(), args.settings(args.mode()))?,
            candidate: None,
        };
        if let Some(candidate) = candidate {
            match seat(candidate, beside.as_deref(), args.settings(Mode::Beside)) {
                Ok(seat) => desk.candidate = Some(seat),
                Err(exit) => {
                    desk.discard();
                    return Err(exit);
                }
            }
        }
        Ok(desk)
    }

    /// Removes logs that hold no decision and were begun here.
    pub fn discard(&mut self) {
        self.enforced.guard.journal_mut().discard();
        if let Some(candidate) = &mut self.candidate {
            candidate.guard.journal_mut().discard();
        }
    }

    /// What becomes of a line of the client.
    pub fn client_line<'m>(&mut self, line: &'m [u8], now: Time) -> FromClient<'m> {
        let Seat { guard, session } = &mut self.enforced;
        let action = guard.client_line(session, line, now);
        if let Some(Seat { guard, session }) = &mut self.candidate {
            // What it would do has no effect.
            let _ = guard.client_line(session, line, now);
            if let FromClient::Answer(answer) = &action {
                guard.answered_elsewhere(session, answer, now);
            }
        }
        action
    }

    /// What becomes of a line of the client that is too long to be kept.
    pub fn too_long(&mut self, now: Time) -> FromClient<'static> {
        let Seat { guard, session } = &mut self.enforced;
        guard.too_long(session, now)
    }

    /// What becomes of a line of the server.
    pub fn server_line<'m>(&mut self, line: &'m [u8], now: Time) -> FromServer<'m> {
        if let Some(Seat { guard, session }) = &mut self.candidate {
            let _ = guard.server_line(session, line, now);
        }
        let Seat { guard, session } = &mut self.enforced;
        guard.server_line(session, line, now)
    }

    /// Puts a changed policy in force.
    ///
    /// # Errors
    /// When its log cannot be begun, which is said on standard error.
    pub fn replace(&mut self, which: Which, policy: Attached) -> Result<(), Exit> {
        let seat = match which {
            Which::Enforced => Some(&mut self.enforced),
            Which::Candidate => self.candidate.as_mut(),
        };
        let Some(seat) = seat else { return Ok(()) };
        seat.guard.replace_policy(policy).map_err(|failure| {
            complain_of(&failure);
            Exit::CouldNotRun
        })
    }

    /// The digest of a policy.
    pub fn digest(&self, which: Which) -> Option<String> {
        let seat = match which {
            Which::Enforced => Some(&self.enforced),
            Which::Candidate => self.candidate.as_ref(),
        };
        seat.map(|seat| seat.guard.policy_sha256().to_owned())
    }

    /// Ends the connection; whether all that was decided is in the logs.
    pub fn end(&mut self, now: Time) -> bool {
        let seats = [Some(&mut self.enforced), self.candidate.as_mut()];
        let mut is_whole = true;
        for Seat { guard, session } in seats.into_iter().flatten() {
            guard.end(session, now);
            is_whole &= guard.journal().is_whole();
        }
        is_whole
    }
}

/// Where decisions are written: the file that the pattern names for this
/// session, in a directory that is made where the pattern names one.
fn log_of(pattern: &Path, args: &GuardArgs) -> Result<PathBuf, Exit> {
    let said = |message: String| {
        complain_of(&Failure {
            input: input::display_name(pattern),
            message,
        });
        Exit::CouldNotRun
    };
    let session = place::Session {
        server: place::name_of_command(&args.server),
        start: now(),
        pid: std::process::id(),
    };
    match Place::of(pattern, &session).map_err(said)? {
        Place::File(path) => Ok(path),
        Place::Fresh(path) => {
            let directory = path
                .parent()
                .filter(|parent| !parent.as_os_str().is_empty());
            let made = directory.map(files::make_directory).transpose();
            made.map_err(|error| said(input::plain(&error)))?;
            Ok(path)
        }
    }
}

/// Where the decisions of a candidate are written.
fn candidate_log(log: &Path) -> PathBuf {
    let mut name = log.as_os_str().to_owned();
    name.push(".candidate");
    PathBuf::from(name)
}

/// What is behind the lock is consistent after each call, so a panic elsewhere
/// does not matter.
pub(super) fn lock(desk: &Mutex<Desk>) -> MutexGuard<'_, Desk> {
    desk.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn now() -> Time {
    Time::from_nanos(jiff::Timestamp::now().as_nanosecond())
}
