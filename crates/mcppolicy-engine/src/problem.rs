//! Problems of a document as plain data: what is wrong, where, and what to do
//! about it. Nothing here renders or serialises.

use crate::source::{Location, Span};

/// Which part of reading a document found the problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ProblemKind {
    /// The document is not strict JSON.
    Syntax,
    /// The document is JSON, and its structure is not that of its format: what
    /// a JSON Schema can say.
    Schema,
    /// The structure is that of the format, and something in it is wrong that a
    /// JSON Schema cannot say: a pattern outside the dialect, a `max` that is not
    /// written in digits, a repeated counter.
    Content,
}

/// One thing that is wrong at one location of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// Which part of reading found it.
    pub kind: ProblemKind,
    /// One sentence, without a full stop.
    pub message: String,
    /// The primary location: a wrong value, an unknown or repeated key, or the
    /// object that lacks something.
    pub location: Location,
    /// The same location as a JSON Pointer (RFC 6901) into the document.
    pub pointer: String,
    /// Other locations that matter to this problem.
    pub related: Vec<Related>,
    /// What to do about it.
    pub help: Option<String>,
    /// An edit that repairs it.
    pub fix: Option<Fix>,
}

impl Problem {
    /// A problem with a location and a message; the rest can be filled in.
    pub fn new(
        kind: ProblemKind,
        location: Location,
        pointer: impl Into<String>,
        message: impl Into<String>,
    ) -> Problem {
        Problem {
            kind,
            message: message.into(),
            location,
            pointer: pointer.into(),
            related: Vec::new(),
            help: None,
            fix: None,
        }
    }

    /// The same problem with advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Problem {
        self.help = Some(help.into());
        self
    }

    /// The same problem that also points elsewhere.
    #[must_use]
    pub fn related(mut self, location: Location, message: impl Into<String>) -> Problem {
        self.related.push(Related {
            location,
            message: message.into(),
        });
        self
    }

    /// The same problem with a repair.
    #[must_use]
    pub fn fix(mut self, fix: Fix) -> Problem {
        self.fix = Some(fix);
        self
    }
}

/// A second location and what it has to do with the problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Related {
    /// The location.
    pub location: Location,
    /// A few words.
    pub message: String,
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

/// A replacement of bytes by text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The bytes to remove; empty for an insertion.
    pub span: Span,
    /// The text to write there.
    pub text: String,
}
