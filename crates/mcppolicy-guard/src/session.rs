//! What a guard is set up with, and what it knows of one client.

use mcppolicy_engine::engine::Engine;

use super::pending::Pending;
use super::record::LogArguments;

/// A policy as a guard has it.
#[derive(Debug, Clone)]
pub struct Attached {
    pub(crate) engine: Engine,
    pub(crate) sha256: String,
}

impl Attached {
    /// A policy, compiled, and the SHA-256 of its file's bytes as 64 lower-case
    /// hexadecimal digits, by which a log names it.
    pub fn new(engine: Engine, sha256: String) -> Attached {
        Attached { engine, sha256 }
    }
}

/// Whether decisions take effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// What is denied is not forwarded, and hidden tools are not listed.
    #[default]
    Enforce,
    /// Decisions are logged, and calls pass. What could not be decided is
    /// refused all the same.
    Observe,
    /// Decides beside another guard, which alone says what passes.
    Beside,
}

/// How a guard works.
#[derive(Debug, Clone, Copy, Default)]
pub struct Settings {
    /// Whether decisions take effect.
    pub mode: Mode,
    /// Which argument values are logged.
    pub arguments: LogArguments,
}

/// One client's connection: who it is, and what it waits for.
#[derive(Debug)]
pub struct Session<S> {
    pub(crate) grant: String,
    pub(crate) pending: Pending<S>,
}

impl<S> Session<S> {
    /// A connection of `grant` on which nothing has been sent.
    pub fn new(grant: impl Into<String>) -> Session<S> {
        Session {
            grant: grant.into(),
            pending: Pending::default(),
        }
    }
}
