//! What a reader finds in a file.

use super::call::RecordedCall;
use super::withheld::{Shown, cut_pointer, withheld};
use mcppolicy_engine::problem::{Problem, ProblemKind};
use mcppolicy_engine::source::{FileId, Location, SourceMap, Span};

/// What a reader finds.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// What the file says of itself; only ever the first item.
    Header(Box<Header>),
    /// A `tools/call`, or a batch.
    Call(Box<RecordedCall>),
    /// A request of another method, which no policy decides.
    OtherMethod(String),
    /// A line that should have been a call and is not: it fails the run.
    Problem(Box<BadLine>),
    /// A line of a log that holds no call, and why.
    Skipped {
        /// The line, from 1.
        line: usize,
        /// A few words, the same for all lines of a kind.
        reason: &'static str,
    },
}

/// One line of a file, kept so that a finding can show it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Line {
    /// Its number, from 1.
    pub number: usize,
    /// The offset of its first byte in the file, from 0.
    pub offset: usize,
    /// Its text without the line ending.
    pub text: String,
}

impl Line {
    /// Puts the line into `map` as a chunk of the file `name`.
    fn add_to(&self, map: &mut SourceMap, name: &str, shown: Shown) -> FileId {
        let text = match shown {
            Shown::Whole => self.text.clone(),
            Shown::Withheld => withheld(&self.text),
        };
        map.add_chunk(name, text, self.number, self.offset)
    }
}

/// What the first line of a native trace says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Header {
    /// The header's own line.
    pub line: Line,
    /// The policy that the trace is for, as written (relative to the trace),
    /// and where in the line.
    pub policy: Option<(String, Span)>,
    /// The SHA-256 of the policy's bytes, by which a guard decided the calls, and
    /// where in the line.
    pub policy_sha256: Option<(String, Span)>,
    /// Free text.
    pub description: Option<String>,
}

impl Header {
    /// A span of the header's line as a location in `map`, which shows the
    /// line's shape.
    pub fn locate(&self, map: &mut SourceMap, name: &str, span: Span) -> Location {
        Location {
            file: self.line.add_to(map, name, Shown::Withheld),
            span,
        }
    }
}

/// A line that cannot be read, with everything that is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadLine {
    /// The line.
    pub line: Line,
    /// What is wrong, in the order of the line.
    pub complaints: Vec<Complaint>,
}

/// One thing wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// Where in the line, in bytes.
    pub span: Span,
    /// The same location as a JSON Pointer into the line's value.
    pub pointer: String,
    /// One sentence, without a full stop.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// Another span of the line, and its relation to this one.
    pub related: Option<(Span, &'static str)>,
}

impl BadLine {
    /// The complaints as problems of the file `name`. They quote nothing of
    /// arguments, results or a header, and neither does the line in `map` unless
    /// it is `shown` whole.
    pub fn problems(&self, map: &mut SourceMap, name: &str, shown: Shown) -> Vec<Problem> {
        let file = self.line.add_to(map, name, shown);
        let problem = |complaint: &Complaint| {
            let location = Location {
                file,
                span: complaint.span,
            };
            let mut problem = Problem::new(
                ProblemKind::Schema,
                location,
                cut_pointer(&complaint.pointer).to_owned(),
                complaint.message.clone(),
            );
            problem.help.clone_from(&complaint.help);
            match complaint.related {
                Some((span, message)) => problem.related(Location { file, span }, message),
                None => problem,
            }
        };
        self.complaints.iter().map(problem).collect()
    }
}
