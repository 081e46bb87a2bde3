//! Findings as plain data: what is wrong, where, and the call that proves it.
//!
//! Nothing here renders or serialises; each output format has its own room.

use crate::source::{Location, Span};
use crate::time;
use crate::value::Value;

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing; never fails a run by default.
    Note,
    /// The policy probably does not do what its author thinks.
    Warning,
    /// The policy is wrong.
    Error,
}

impl Severity {
    /// The word used in configuration and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

/// One thing found in one place.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// The rule's name; `syntax` and `schema` for invalid documents.
    pub rule: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// One sentence, without a full stop.
    pub message: String,
    /// The primary place: a wrong value, an unknown or repeated key, or the
    /// object that lacks something.
    pub location: Location,
    /// The same place as a JSON Pointer (RFC 6901) into the document.
    pub pointer: String,
    /// Other places that matter to this finding.
    pub related: Vec<Related>,
    /// What to do about it.
    pub help: Option<String>,
    /// Calls, decided by the engine, that prove the claim.
    pub witness: Vec<WitnessCall>,
    /// An edit that repairs it.
    pub fix: Option<Fix>,
}

impl Finding {
    /// A finding with a place and a message; the rest can be filled in.
    pub fn new(
        rule: &'static str,
        severity: Severity,
        location: Location,
        pointer: impl Into<String>,
        message: impl Into<String>,
    ) -> Finding {
        Finding {
            rule,
            severity,
            message: message.into(),
            location,
            pointer: pointer.into(),
            related: Vec::new(),
            help: None,
            witness: Vec::new(),
            fix: None,
        }
    }

    /// The same finding with advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Finding {
        self.help = Some(help.into());
        self
    }

    /// The same finding that also points elsewhere.
    #[must_use]
    pub fn related(mut self, location: Location, message: impl Into<String>) -> Finding {
        self.related.push(Related {
            location,
            message: message.into(),
        });
        self
    }

    /// The same finding with its proof.
    #[must_use]
    pub fn witness(mut self, calls: Vec<WitnessCall>) -> Finding {
        self.witness = calls;
        self
    }

    /// The same finding with a repair.
    #[must_use]
    pub fn fix(mut self, fix: Fix) -> Finding {
        self.fix = Some(fix);
        self
    }
}

/// A second place and what it has to do with the finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Related {
    /// The place.
    pub location: Location,
    /// A few words.
    pub message: String,
}

/// A call made up to prove a claim, in the words of the native trace format.
#[derive(Debug, Clone, PartialEq)]
pub struct WitnessCall {
    /// The tool that is called.
    pub tool: String,
    /// The arguments, an object.
    pub arguments: Value,
    /// When, where time matters to the claim.
    pub at: Option<time::Time>,
    /// How many times in a row; 1 is a single call.
    pub repeat: u64,
    /// The time between repetitions.
    pub every: time::Span,
}

impl WitnessCall {
    /// A single call whose time does not matter.
    pub fn new(tool: impl Into<String>, arguments: Value) -> WitnessCall {
        WitnessCall {
            tool: tool.into(),
            arguments,
            at: None,
            repeat: 1,
            every: time::Span::default(),
        }
    }
}

/// Whether a fix may be applied without asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applicability {
    /// The change decides every call as before.
    Safe,
    /// The change refuses calls that passed, or nothing could be proved.
    Unsafe,
}

impl Applicability {
    /// The word used in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Applicability::Safe => "safe",
            Applicability::Unsafe => "unsafe",
        }
    }
}

/// Edits to one file that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// Whether it may be applied without asking.
    pub applicability: Applicability,
    /// The edits, none overlapping another.
    pub edits: Vec<Edit>,
}

/// Bytes replaced by text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The bytes that go.
    pub span: Span,
    /// The text that comes.
    pub text: String,
}
