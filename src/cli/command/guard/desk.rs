//! The policy in force, what it knows of each client, and a candidate that decides
//! beside.

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
use mcppolicy_guard::{
    Attached, FromClient, FromServer, Guard, Headers, Mode, Ordered, Session, Settings,
};

type Store = Ordered<Counted>;

/// What decides for all clients. They take turns.
#[derive(Debug)]
pub(super) struct Desk {
    enforced: Guard<Store, Log>,
    candidate: Option<Guard<Store, Log>>,
}

/// What the policies know of one client.
#[derive(Debug)]
pub(super) struct Client {
    enforced: Session<Store>,
    candidate: Session<Store>,
}

impl Client {
    /// A client that calls as `grant`, and has sent nothing yet.
    pub fn new(grant: &str) -> Client {
        Client {
            enforced: Session::new(grant),
            candidate: Session::new(grant),
        }
    }
}

/// Which of the policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    Enforced,
    Candidate,
}

impl Desk {
    /// Reads the policies, opens the counters and begins the logs. `server` is what
    /// a log's name says of the server.
    ///
    /// # Errors
    /// What cannot be read or opened; it is said on standard error.
    pub fn open(args: &GuardArgs, server: String) -> Result<Desk, Exit> {
        let enforced = policy::read(args.policy())?;
        let candidate = args.candidate.as_deref().map(policy::read).transpose()?;
        let state = State::open(&args.state).map_err(|failure| {
            complain_of(&failure);
            Exit::CouldNotRun
        })?;
        let state = Arc::new(state);
        let guard = |policy: Attached, log: Option<&Path>, settings: Settings| {
            let store = Ordered(Counted {
                state: Arc::clone(&state),
                is_candidate: settings.mode == Mode::Beside,
            });
            let log = Log::new(log, args.chain);
            Guard::new(policy, store, log, settings).map_err(|failure| {
                complain_of(&failure);
                Exit::CouldNotRun
            })
        };
        let log = args.log.as_deref().map(|log| log_of(log, server));
        let log = log.transpose()?;
        let beside = log.as_deref().map(candidate_log);
        let mut desk = Desk {
            enforced: guard(enforced, log.as_deref(), args.settings(args.mode()))?,
            candidate: None,
        };
        if let Some(candidate) = candidate {
            match guard(candidate, beside.as_deref(), args.settings(Mode::Beside)) {
                Ok(guard) => desk.candidate = Some(guard),
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
        self.enforced.journal_mut().discard();
        if let Some(candidate) = &mut self.candidate {
            candidate.journal_mut().discard();
        }
    }

    /// What becomes of a line of the client.
    pub fn client_line<'m>(
        &mut self,
        client: &mut Client,
        line: &'m [u8],
        now: Time,
    ) -> FromClient<'m> {
        self.decide(client, now, |guard, session| {
            guard.client_line(session, line, now)
        })
    }

    /// What becomes of the body of a request over HTTP.
    pub fn client_body<'m>(
        &mut self,
        client: &mut Client,
        headers: &Headers<'_>,
        body: &'m [u8],
        now: Time,
    ) -> FromClient<'m> {
        self.decide(client, now, |guard, session| {
            guard.client_body(session, headers, body, now)
        })
    }

    fn decide<'m>(
        &mut self,
        client: &mut Client,
        now: Time,
        mut decide: impl FnMut(&mut Guard<Store, Log>, &mut Session<Store>) -> FromClient<'m>,
    ) -> FromClient<'m> {
        let action = decide(&mut self.enforced, &mut client.enforced);
        if let Some(guard) = &mut self.candidate {
            // What it would do has no effect.
            let _ = decide(guard, &mut client.candidate);
            if let FromClient::Answer { line, .. } = &action {
                guard.answered_elsewhere(&mut client.candidate, line, now);
            }
        }
        action
    }

    /// What becomes of a message of the client that is too long to be kept.
    pub fn too_long(&mut self, client: &mut Client, now: Time) -> FromClient<'static> {
        self.enforced.too_long(&mut client.enforced, now)
    }

    /// What becomes of a line of the server.
    pub fn server_line<'m>(
        &mut self,
        client: &mut Client,
        line: &'m [u8],
        now: Time,
    ) -> FromServer<'m> {
        if let Some(guard) = &mut self.candidate {
            let _ = guard.server_line(&mut client.candidate, line, now);
        }
        self.enforced.server_line(&mut client.enforced, line, now)
    }

    /// What becomes of what a server sends over HTTP: a body, or an event's data.
    pub fn server_body<'m>(
        &mut self,
        client: &mut Client,
        body: &'m [u8],
        now: Time,
    ) -> FromServer<'m> {
        if let Some(guard) = &mut self.candidate {
            let _ = guard.server_body(&mut client.candidate, body, now);
        }
        self.enforced.server_body(&mut client.enforced, body, now)
    }

    /// Takes note that the server does not answer a request; what the client gets
    /// instead.
    pub fn not_answered(
        &mut self,
        client: &mut Client,
        request: &[u8],
        now: Time,
    ) -> Option<Vec<u8>> {
        if let Some(guard) = &mut self.candidate {
            let _ = guard.not_answered(&mut client.candidate, request, now);
        }
        self.enforced
            .not_answered(&mut client.enforced, request, now)
    }

    /// Puts a changed policy in force.
    ///
    /// # Errors
    /// When its log cannot be begun, which is said on standard error.
    pub fn replace(&mut self, which: Which, policy: Attached) -> Result<(), Exit> {
        let guard = match which {
            Which::Enforced => Some(&mut self.enforced),
            Which::Candidate => self.candidate.as_mut(),
        };
        let Some(guard) = guard else { return Ok(()) };
        guard.replace_policy(policy).map_err(|failure| {
            complain_of(&failure);
            Exit::CouldNotRun
        })
    }

    /// The digest of a policy.
    pub fn digest(&self, which: Which) -> Option<String> {
        let guard = match which {
            Which::Enforced => Some(&self.enforced),
            Which::Candidate => self.candidate.as_ref(),
        };
        guard.map(|guard| guard.policy_sha256().to_owned())
    }

    /// Ends a client's connection.
    pub fn end(&mut self, client: &mut Client, now: Time) {
        self.enforced.end(&mut client.enforced, now);
        if let Some(candidate) = &mut self.candidate {
            candidate.end(&mut client.candidate, now);
        }
    }

    /// Whether all that was decided is in the logs.
    pub fn is_whole(&self) -> bool {
        let guards = [Some(&self.enforced), self.candidate.as_ref()];
        let mut guards = guards.into_iter().flatten();
        guards.all(|guard| guard.journal().is_whole())
    }
}

/// Where decisions are written: the file that the pattern names for this
/// session, in a directory that is made where the pattern names one.
fn log_of(pattern: &Path, server: String) -> Result<PathBuf, Exit> {
    let said = |message: String| {
        complain_of(&Failure {
            input: input::display_name(pattern),
            message,
        });
        Exit::CouldNotRun
    };
    let session = place::Session {
        server,
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
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn now() -> Time {
    Time::from_nanos(jiff::Timestamp::now().as_nanosecond())
}
