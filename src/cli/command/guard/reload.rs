//! Policies that change while they are in force.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, Weak};
use std::thread;
use std::time::Duration;

use super::GuardArgs;
use super::desk::{Desk, Which, lock};
use super::policy;
use crate::cli::support::input;
use crate::cli::support::output::{complain, inform};

/// How often the bytes of a policy are looked at. That survives renames and
/// links that are put in place of each other, which watching a file does not.
const INTERVAL: Duration = Duration::from_millis(500);

/// Watches the policies, from what they were when they were read first.
pub(super) fn watch(desk: &Arc<Mutex<Desk>>, args: &GuardArgs) {
    let enforced = Some((Which::Enforced, args.policy.clone()));
    let candidate = args.candidate.clone();
    let candidate = candidate.map(|candidate| (Which::Candidate, candidate));
    for (which, path) in [enforced, candidate].into_iter().flatten() {
        let seen = lock(desk).digest(which).map_or(Seen::Nothing, Seen::Policy);
        let desk = Arc::downgrade(desk);
        thread::spawn(move || Watched { which, path, seen }.run(&desk));
    }
}

/// What was seen last.
#[derive(Debug, PartialEq, Eq)]
enum Seen {
    /// It could not be read.
    Nothing,
    /// Bytes with this digest.
    Policy(String),
}

/// A policy's file.
struct Watched {
    which: Which,
    path: PathBuf,
    seen: Seen,
}

impl Watched {
    fn run(mut self, desk: &Weak<Mutex<Desk>>) {
        loop {
            thread::sleep(INTERVAL);
            let Some(desk) = desk.upgrade() else { return };
            self.look(&desk);
        }
    }

    /// Puts what the file holds in force, if that is new and valid.
    fn look(&mut self, desk: &Mutex<Desk>) {
        let bytes = match policy::bytes(&self.path) {
            Ok(bytes) => bytes,
            Err(failure) => {
                if std::mem::replace(&mut self.seen, Seen::Nothing) != Seen::Nothing {
                    let (name, message) = (failure.input, failure.message);
                    complain(&format!("{name}: {message}; {STAYS}"));
                }
                return;
            }
        };
        let now = Seen::Policy(policy::digest(&bytes));
        if self.seen == now {
            return;
        }
        self.seen = now;
        let name = input::display_name(&self.path);
        match policy::attached(&self.path, &bytes) {
            Ok(policy) => match lock(desk).replace(self.which, policy) {
                Ok(()) => inform(&format!("{name}: the changed policy is in force")),
                Err(_) => complain(&format!("{name}: {STAYS}")),
            },
            Err(_) => complain(&format!("{name}: {STAYS}")),
        }
    }
}

const STAYS: &str = "the former policy stays in force";
