//! Policies, and grants, that change while they are in force.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, Weak};
use std::thread;
use std::time::Duration;

use super::GuardArgs;
use super::desk::{Desk, Which, lock};
use super::grants::{self, Grants};
use super::policy;
use crate::cli::support::input;
use crate::cli::support::output::{complain, inform};
use mcppolicy_analysis::report::Failure;

/// How often the bytes of a file are looked at. That survives renames and
/// links that are put in place of each other, which watching a file does not.
const INTERVAL: Duration = Duration::from_millis(500);

/// Watches the policies, from what they were when they were read first.
pub(super) fn watch(desk: &Arc<Mutex<Desk>>, args: &GuardArgs) {
    let enforced = Some((Which::Enforced, args.policy().to_path_buf()));
    let candidate = args.candidate.clone();
    let candidate = candidate.map(|candidate| (Which::Candidate, candidate));
    for (which, path) in [enforced, candidate].into_iter().flatten() {
        let watched = Watched {
            what: "policy",
            path,
            seen: lock(desk).digest(which).map_or(Seen::Nothing, Seen::Bytes),
            of: Arc::downgrade(desk),
            read: policy::bytes,
            put: move |desk: &Mutex<Desk>, path: &Path, bytes: &[u8]| {
                let policy = policy::attached(path, bytes).ok();
                policy.is_some_and(|policy| lock(desk).replace(which, policy).is_ok())
            },
        };
        thread::spawn(move || watched.run());
    }
}

/// Watches the grants, from the bytes that were read first.
pub(super) fn watch_grants(grants: &Arc<Mutex<Grants>>, path: &Path, first: &[u8]) {
    let watched = Watched {
        what: "list of grants",
        path: path.to_path_buf(),
        seen: Seen::Bytes(policy::digest(first)),
        of: Arc::downgrade(grants),
        read: grants::bytes,
        put: |grants: &Mutex<Grants>, path: &Path, bytes: &[u8]| match Grants::parse(bytes) {
            Ok(parsed) => {
                *lock(grants) = parsed;
                true
            }
            Err(message) => {
                complain(&format!("{}: {message}", input::display_name(path)));
                false
            }
        },
    };
    thread::spawn(move || watched.run());
}

/// What was seen last.
#[derive(Debug, PartialEq, Eq)]
enum Seen {
    /// It could not be read.
    Nothing,
    /// Bytes with this digest.
    Bytes(String),
}

/// A file, and where what it holds is in force.
struct Watched<T, P> {
    /// What the file holds, in words.
    what: &'static str,
    path: PathBuf,
    seen: Seen,
    of: Weak<T>,
    read: fn(&Path) -> Result<Vec<u8>, Failure>,
    /// Puts bytes in force; whether that was possible.
    put: P,
}

impl<T, P: Fn(&T, &Path, &[u8]) -> bool> Watched<T, P> {
    fn run(mut self) {
        loop {
            thread::sleep(INTERVAL);
            let Some(of) = self.of.upgrade() else { return };
            self.look(&of);
        }
    }

    /// Puts what the file holds in force, if that is new and valid.
    fn look(&mut self, of: &T) {
        let what = self.what;
        let bytes = match (self.read)(&self.path) {
            Ok(bytes) => bytes,
            Err(failure) => {
                if std::mem::replace(&mut self.seen, Seen::Nothing) != Seen::Nothing {
                    let (name, message) = (failure.input, failure.message);
                    complain(&format!(
                        "{name}: {message}; the former {what} stays in force"
                    ));
                }
                return;
            }
        };
        let now = Seen::Bytes(policy::digest(&bytes));
        if self.seen == now {
            return;
        }
        self.seen = now;
        let name = input::display_name(&self.path);
        match (self.put)(of, &self.path, &bytes) {
            true => inform(&format!("{name}: the changed {what} is in force")),
            false => complain(&format!("{name}: the former {what} stays in force")),
        }
    }
}
