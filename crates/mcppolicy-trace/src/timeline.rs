//! Calls in time through one engine (policy language §4): in
//! which order, with which counters, and what becomes of the quota of calls
//! that ended in an error.
//!
//! What a decision was expected to be stays out: `replay` and `diff` both
//! stand on this.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fmt;
use std::io;

use crate::trace::options::Assumed;
use crate::trace::{CallView, Grant, RecordedCall, Response, Server};
use mcppolicy_engine::engine::{Call, Counters, Decision, Engine, LimitUse, Outcome, RuleVerdict};
use mcppolicy_engine::time::{Time, TimeDelta};

/// What was taken for granted because the recording does not say; every report
/// lists it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Assumption {
    /// No limit had counted anything before the recording.
    CountersStartAtZero,
    /// All calls of this file without a grant come from one.
    ImplicitGrant {
        /// The file's name.
        file: String,
    },
    /// Calls to an unknown server went to the policy's.
    UnknownServer,
    /// The policy's server has no name to compare with, so calls to this one
    /// are taken to be its.
    UnnamedServer {
        /// The server that the recording names.
        server: String,
    },
    /// An error response of unknown time gave its quota back at once.
    ReleasedAtOnce,
    /// Of an argument that a call repeats, the last one counts.
    LastArgumentCounts,
    /// A log shows no refused call, so it cannot show one that is refused
    /// wrongly; said once, however many logs there are.
    ShowsNoRefusal,
    /// What the reader of a log took for granted.
    Log {
        /// The log's name.
        file: String,
        /// What it was.
        assumed: Assumed,
    },
}

impl Assumption {
    /// What the reader of the log `file` took for granted.
    pub fn of_log(file: &str, assumed: Assumed) -> Assumption {
        match assumed {
            Assumed::ShowsNoRefusal => Assumption::ShowsNoRefusal,
            assumed => Assumption::Log {
                file: file.to_owned(),
                assumed,
            },
        }
    }
}

impl fmt::Display for Assumption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Assumption::CountersStartAtZero => {
                f.write_str("every counter is zero where a recording starts")
            }
            Assumption::ImplicitGrant { file } => {
                write!(f, "{file}: the calls that name no grant share one")
            }
            Assumption::UnknownServer => {
                f.write_str("calls to an unknown server went to the policy's server")
            }
            Assumption::UnnamedServer { server } => write!(
                f,
                "the policy's server has no name here, so calls to {server:?} are taken to be its"
            ),
            Assumption::ReleasedAtOnce => f.write_str(
                "a JSON-RPC error whose time is not recorded gave its quota back at once",
            ),
            Assumption::LastArgumentCounts => {
                f.write_str("of an argument that a call repeats, the last one counts")
            }
            Assumption::ShowsNoRefusal => f.write_str(
                "a log in which no call was refused by anyone cannot show one that a policy refuses wrongly",
            ),
            Assumption::Log { file, assumed } => write!(f, "{file}: {assumed}"),
        }
    }
}

/// Whether a call is the policy's business (policy language §6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope<'c> {
    /// It went to the policy's server.
    In,
    /// It is unknown where it went: it is taken to be the policy's.
    Unknown,
    /// It went to this server, and the policy's has no name to compare with: it
    /// is taken to be the policy's.
    Unnamed(&'c str),
    /// It went to this other server.
    Out(&'c str),
}

impl Scope<'_> {
    /// What is taken for granted when the call is decided.
    pub fn assumption(self) -> Option<Assumption> {
        match self {
            Scope::In | Scope::Out(_) => None,
            Scope::Unknown => Some(Assumption::UnknownServer),
            Scope::Unnamed(server) => Some(Assumption::UnnamedServer {
                server: server.to_owned(),
            }),
        }
    }
}

/// Whether a call that went to `destination` went to the policy's server, which
/// is named `server`.
pub fn scope<'c>(destination: Server<&'c str>, server: Option<&str>) -> Scope<'c> {
    match (destination, server) {
        (Server::Default, _) => Scope::In,
        (Server::Unknown, _) => Scope::Unknown,
        (Server::Named(name), Some(server)) if name == server => Scope::In,
        (Server::Named(name), Some(_)) => Scope::Out(name),
        (Server::Named(name), None) => Scope::Unnamed(name),
    }
}

/// How calls of several files make timelines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// Each file on its own, with fresh counters, in the order of its lines.
    #[default]
    PerFile,
    /// All files as one, by time.
    Merged,
}

/// Calls through one engine, with the counters that they share.
#[derive(Debug)]
pub struct Timeline<'e> {
    engine: &'e Engine,
    counters: Counters,
    implicit: ImplicitGrant,
    /// The most counters that it has.
    most: usize,
}

/// The name that the counters have for the one grant of a file's calls
/// that name none; no name in a recording is read as one.
#[derive(Debug, Clone, Default)]
struct ImplicitGrant {
    file: Option<usize>,
    name: String,
}

impl ImplicitGrant {
    fn of(&mut self, file: usize) -> &str {
        if self.file != Some(file) {
            self.file = Some(file);
            self.name = format!("\0{file}");
        }
        &self.name
    }

    /// The name that the counters have for `grant`, who called in this file;
    /// `None` when the recording does not say.
    fn name<'a>(&'a mut self, file: usize, grant: Grant<&'a str>) -> Option<Cow<'a, str>> {
        match grant {
            Grant::Named(name) if !name.starts_with('\0') => Some(Cow::Borrowed(name)),
            // The second byte distinguishes it from every implicit grant.
            Grant::Named(name) => Some(Cow::Owned(format!("\0\0{name}"))),
            Grant::Implicit => Some(Cow::Borrowed(self.of(file))),
            Grant::Unknown => None,
        }
    }
}

/// What a timeline made of one call.
#[derive(Debug, Clone, PartialEq)]
pub struct Step<'e> {
    /// The decision.
    pub decision: Decision<'e>,
    /// Whether the call took quota from some counter, so that what the
    /// counters held before matters.
    pub counted: bool,
    /// Whether its quota was given back at once, for want of a response time.
    pub released_at_once: bool,
}

/// The most counters that a timeline has: about a gigabyte. A log of millions of grants
/// and a policy of thousands of limits are each a small file.
const MOST_COUNTERS: usize = 5_000_000;

impl<'e> Timeline<'e> {
    /// That the calls have more counters than are kept, where they have.
    ///
    /// # Errors
    /// With the reason, where they have.
    pub fn check(&self) -> io::Result<()> {
        if self.counters.len() <= self.most {
            return Ok(());
        }
        Err(io::Error::other(format!(
            "its grants need more than {} counters, one for each limit that binds \
             them: replay it in shares, by grant",
            self.most
        )))
    }

    /// A timeline at whose beginning every counter is zero; `max_lateness` as
    /// in [`Counters::new`].
    pub fn new(engine: &'e Engine, max_lateness: TimeDelta) -> Timeline<'e> {
        Timeline {
            engine,
            counters: Counters::new(max_lateness),
            implicit: ImplicitGrant::default(),
            most: MOST_COUNTERS,
        }
    }

    /// What the rules say of `call`: the part of a decision that depends
    /// neither on who calls, nor on when, nor on earlier calls. One verdict
    /// serves all repetitions.
    pub fn evaluate_rules(&self, call: &impl CallView) -> RuleVerdict<'e> {
        call.with_request(|request| self.engine.evaluate_rules(request))
    }

    /// Decides repetition `index` (from 0) of `call`, which was recorded in
    /// file number `file`; calls come in the order of the recording.
    ///
    /// A call whose response is a JSON-RPC error gives its quota back here
    /// already: the counters remember when, so that a later line with an
    /// earlier time still sees it taken.
    pub fn step(&mut self, file: usize, call: &impl CallView, index: u64) -> Step<'e> {
        let verdict = self.evaluate_rules(call);
        self.apply_limits(file, call, index, &verdict)
    }

    /// The same for a call of which the rules say `verdict`.
    pub fn apply_limits(
        &mut self,
        file: usize,
        call: &impl CallView,
        index: u64,
        verdict: &RuleVerdict<'e>,
    ) -> Step<'e> {
        let grant = self.implicit.name(file, call.grant());
        let time = call.time_of(index);
        let counters = &mut self.counters;
        let Outcome {
            decision,
            reservation,
        } = verdict.apply_limits_from(grant.as_deref(), time, call.used(), counters);
        // What the counters held before does not matter where it is recorded.
        let counted = !reservation.is_empty() && call.used().is_empty();
        let is_held = !reservation.is_empty();
        let mut released_at_once = false;
        if let (Some(Response::Error(_)), true) = (call.response(), is_held) {
            match call.response_time() {
                Some(time) => self.counters.release(reservation, time),
                None => {
                    released_at_once = true;
                    self.counters.release_at_once(reservation);
                }
            }
        }
        Step {
            decision,
            counted,
            released_at_once,
        }
    }

    /// What repetition `index` of `call`, which has just been decided, left
    /// used of the limits that count it.
    pub fn usage(&mut self, file: usize, call: &impl CallView, index: u64) -> Vec<LimitUse<'e>> {
        let grant = self.implicit.name(file, call.grant());
        let time = call.time_of(index);
        call.with_request(|request| {
            let call = Call {
                grant: grant.as_deref(),
                request,
                time,
            };
            self.engine.usage(&call, &self.counters)
        })
    }
}

/// A recorded call and the number of the file that it is in.
#[derive(Debug, Clone, PartialEq)]
pub struct Placed {
    /// The file, in the order in which files were given.
    pub file: usize,
    /// The call.
    pub call: RecordedCall,
}

/// When something happens in a merged timeline: by time, unknown times last;
/// then by file, line and index in the list.
type Moment = (bool, Option<Time>, usize, usize, usize, u64);

/// The repetitions of `calls`, merged by time: each as its index in `calls`
/// and its number, from 0. Ties go by file, then line; calls without a time
/// come last.
pub fn merged(calls: &[Placed]) -> impl Iterator<Item = (usize, u64)> {
    let moment = |at: usize, placed: &Placed, index: u64| -> Moment {
        let time = placed.call.time_of(index);
        (
            time.is_none(),
            time,
            placed.file,
            placed.call.line,
            at,
            index,
        )
    };
    let mut upcoming: BinaryHeap<Reverse<Moment>> = calls
        .iter()
        .enumerate()
        .map(|(at, placed)| Reverse(moment(at, placed, 0)))
        .collect();
    std::iter::from_fn(move || {
        let Reverse((.., at, index)) = upcoming.pop()?;
        if let Some(placed) = calls.get(at)
            && index + 1 < placed.call.repeat
        {
            upcoming.push(Reverse(moment(at, placed, index + 1)));
        }
        Some((at, index))
    })
}

#[cfg(test)]
mod tests;
