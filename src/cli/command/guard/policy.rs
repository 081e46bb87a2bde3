//! The policy that a guard enforces, read from its file.

use std::path::Path;

use crate::cli::support::evidence::sha256;
use crate::cli::support::files::{InputFile, Role};
use crate::cli::support::output::{complain, complain_of};
use mcppolicy_analysis::report::{Exit, Failure};
use mcppolicy_engine::engine::Engine;
use mcppolicy_engine::policy::Policy;
use mcppolicy_guard::Attached;

/// The policy of a file, compiled. What is wrong is said on standard error: the
/// other output is the client's.
///
/// # Errors
/// A file that cannot be read, or an invalid policy.
pub(super) fn read(path: &Path) -> Result<Attached, Exit> {
    let bytes = bytes(path).map_err(|failure| {
        complain_of(&failure);
        Exit::CouldNotRun
    })?;
    attached(path, &bytes)
}

/// The bytes of a policy's file.
///
/// # Errors
/// A file that cannot be read.
pub(super) fn bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    let file = InputFile::of_person(path);
    let read = file.read(Role::Policy);
    read.map_err(|refusal| refusal.failure(&file.name()))
}

/// The policy in bytes, compiled.
///
/// # Errors
/// An invalid policy, whose problems are said on standard error.
pub(super) fn attached(path: &Path, bytes: &[u8]) -> Result<Attached, Exit> {
    match Policy::from_json(bytes) {
        Ok(policy) => Ok(Attached::new(Engine::new(&policy), digest(bytes))),
        Err(invalid) => {
            let name = InputFile::of_person(path).name();
            for line in invalid.to_string().lines() {
                complain(&format!("{name}: {line}"));
            }
            Err(Exit::Invalid)
        }
    }
}

/// The digest by which a log names a policy. A valid one is UTF-8.
pub(super) fn digest(bytes: &[u8]) -> String {
    sha256(&String::from_utf8_lossy(bytes))
}
