//! The policy that a guard enforces, read from its file.

use std::path::Path;

use crate::cli::support::evidence::sha256;
use crate::cli::support::files::{InputFile, Role};
use crate::cli::support::output::{complain, complain_of};
use mcppolicy_analysis::report::Exit;
use mcppolicy_engine::engine::Engine;
use mcppolicy_engine::policy::Policy;
use mcppolicy_guard::Attached;

/// The bytes of a policy's file.
pub(super) fn bytes(path: &Path) -> Result<Vec<u8>, Exit> {
    let file = InputFile::of_person(path);
    file.read(Role::Policy).map_err(|refusal| {
        complain_of(&refusal.failure(&file.name()));
        Exit::CouldNotRun
    })
}

/// The policy, compiled. What is wrong with it is said on standard error: the
/// other output is the client's.
///
/// # Errors
/// A policy that is invalid.
pub(super) fn attached(path: &Path, bytes: &[u8]) -> Result<Attached, Exit> {
    match Policy::from_json(bytes) {
        // The bytes are UTF-8, or the policy were invalid.
        Ok(policy) => Ok(Attached::new(
            Engine::new(&policy),
            sha256(&String::from_utf8_lossy(bytes)),
        )),
        Err(invalid) => {
            let name = InputFile::of_person(path).name();
            for line in invalid.to_string().lines() {
                complain(&format!("{name}: {line}"));
            }
            Err(Exit::Invalid)
        }
    }
}
