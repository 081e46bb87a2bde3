//! The vocabulary of recorded calls (traces.md), whatever format they come
//! from, and the small interface that every format implements.
//!
//! A reader turns lines into [`Item`]s and keeps no more in memory than one
//! line and the requests that wait for their responses ([`pairing`]). It decides
//! nothing: what a call means is the engine's business,
//! and what an expectation is worth is `replay`'s. A reader is plain data in,
//! plain data out (no [`SourceMap`], no counters), so that parsing can move to
//! other threads.

pub mod account;
pub mod block;
mod claude_code;
mod claude_desktop;
mod codex;
mod elements;
mod gateway;
mod jsonrpc;
mod lenient;
mod log;
pub mod native;
mod openai;
mod otlp;
mod outline;
pub mod pairing;
mod plain;
pub mod plain_call;
pub mod recognise;
mod record;
mod sink;
pub mod skim;
pub mod tap;
mod witness;

use std::io;

use account::{Assumed, Format};
use block::Block;
use mcppolicy_engine::problem::{Problem, ProblemKind};
use mcppolicy_engine::source::{Location, SourceMap, Span};
use plain_call::PlainCall;
use skim::Skim;

pub use record::{
    DENIED_PREFIX, DecisionName, Expectation, Expected, Grant, KINDS, Observed, Origin, REASONS,
    RecordedArguments, RecordedCall, RecordedRequest, Response, Server,
};
pub use witness::WitnessCall;

/// Something that yields recorded calls.
pub trait Reader {
    /// The next item; `None` at the end.
    ///
    /// # Errors
    /// Only what the underlying input reports. What is wrong with a line is an
    /// item, and the reader goes on behind it.
    fn next(&mut self) -> io::Result<Option<Item>>;

    /// What it reads.
    fn format(&self) -> Format {
        Format::Native
    }

    /// What it has taken for granted so far, sorted, each once.
    fn assumed(&self) -> Vec<Assumed> {
        Vec::new()
    }

    /// The same reader, for several threads to take its lines apart; nothing
    /// when its format has to be read in one go.
    fn in_blocks(&mut self) -> Option<&mut dyn InBlocks> {
        None
    }
}

/// A reader whose lines several threads can take apart: one thread reads
/// blocks, any threads [skim](Block::skim) them, and one thread gives them back
/// in the order in which they were read. Together they yield the items of
/// [`Reader::next`], in the same order.
pub trait InBlocks {
    /// The next block; nothing at the end.
    ///
    /// # Errors
    /// What the underlying input reports.
    fn read_block(&mut self) -> io::Result<Option<Block>>;

    /// Takes in a block.
    fn absorb(&mut self, skim: Skim);

    /// What is next, once it is ready.
    fn ready(&mut self) -> Option<Ready>;

    /// No block comes any more, so that every item is ready.
    fn end(&mut self);
}

/// What a reader finds.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// What the file says of itself; only ever the first item.
    Header(Header),
    /// A `tools/call`, or a batch.
    Call(Box<RecordedCall>),
    /// A request of another method, which no policy decides.
    OtherMethod(String),
    /// A line that should have been a call and is not: it fails the run.
    Problem(BadLine),
    /// A line of a log that holds no call, and why.
    PassedOver {
        /// The line, from 1.
        line: usize,
        /// A few words, the same for all lines of a kind.
        reason: &'static str,
    },
}

/// What a reader of blocks has ready.
#[derive(Debug, Clone, PartialEq)]
pub enum Ready {
    /// A `tools/call` that still stands in its block.
    Plain(PlainCall),
    /// Anything else.
    Item(Item),
}

impl Ready {
    /// The same, a call on its own.
    pub fn into_item(self) -> Item {
        match self {
            Ready::Plain(call) => Item::Call(Box::new(call.to_call())),
            Ready::Item(item) => item,
        }
    }
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
    /// Puts the line into `map` as a piece of the file `name`.
    fn add_to(&self, map: &mut SourceMap, name: &str) -> mcppolicy_engine::source::FileId {
        map.add_chunk(name, self.text.clone(), self.number, self.offset)
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
    /// Free text.
    pub description: Option<String>,
}

impl Header {
    /// A place in the header's line as a location in `map`.
    pub fn locate(&self, map: &mut SourceMap, name: &str, span: Span) -> Location {
        Location {
            file: self.line.add_to(map, name),
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
    /// The same place as a JSON Pointer into the line's value.
    pub pointer: String,
    /// One sentence, without a full stop.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// Another place in the line, and what it has to do with this one.
    pub related: Option<(Span, &'static str)>,
}

impl BadLine {
    /// The complaints as problems of the file `name`.
    pub fn problems(&self, map: &mut SourceMap, name: &str) -> Vec<Problem> {
        let file = self.line.add_to(map, name);
        let problem = |complaint: &Complaint| {
            let location = Location {
                file,
                span: complaint.span,
            };
            let mut problem = Problem::new(
                ProblemKind::Schema,
                location,
                complaint.pointer.clone(),
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

/// One trace, opened: its header has been read, its calls have not.
pub struct Trace {
    /// The name that reports show.
    pub name: String,
    header: Option<Header>,
    first: Option<Item>,
    reader: Box<dyn Reader>,
}

impl Trace {
    /// Reads up to the first item that is no header.
    ///
    /// # Errors
    /// What the underlying input reports.
    pub fn open(name: impl Into<String>, mut reader: Box<dyn Reader>) -> io::Result<Trace> {
        let mut first = reader.next()?;
        let mut header = None;
        if let Some(Item::Header(found)) = first {
            header = Some(found);
            first = reader.next()?;
        }
        Ok(Trace {
            name: name.into(),
            header,
            first,
            reader,
        })
    }

    /// What the trace says of itself.
    pub fn header(&self) -> Option<&Header> {
        self.header.as_ref()
    }

    /// Which format the trace is in.
    pub fn format(&self) -> Format {
        self.reader.format()
    }

    /// What the reader has taken for granted so far, sorted, each once.
    pub fn assumed(&self) -> Vec<Assumed> {
        self.reader.assumed()
    }

    /// The items behind the header, for several threads: those that are read
    /// already, and the reader for what follows; see [`InBlocks`].
    pub fn in_blocks(&mut self) -> Option<(Option<Item>, &mut dyn InBlocks)> {
        let blocks = self.reader.in_blocks()?;
        Some((self.first.take(), blocks))
    }

    /// The next item behind the header; `None` at the end.
    ///
    /// # Errors
    /// What the underlying input reports.
    pub fn next_item(&mut self) -> io::Result<Option<Item>> {
        match self.first.take() {
            Some(item) => Ok(Some(item)),
            None => self.reader.next(),
        }
    }
}

impl std::fmt::Debug for Trace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Trace")
            .field("name", &self.name)
            .field("header", &self.header)
            .finish_non_exhaustive()
    }
}
