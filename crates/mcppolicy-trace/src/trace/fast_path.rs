//! Calls and messages as nearly every program writes them, read in place: the
//! result has spans of the block's text, so that any thread can do it and
//! nothing is built for a call that is only counted.
//!
//! A line that is not simple is left to the strict reader of the format
//! ([`jsonrpc`](super::jsonrpc), [`native`](super::native)). A line that is read
//! here means the same there; property tests compare the two.

mod arguments;
mod call;
mod clock;
mod messages;
mod parsed;
mod records;
mod scanner;
mod shapes;
#[cfg(test)]
mod tests;

use super::block::{Block, Content};
use arguments::Member;
use messages::Messages;
use parsed::Text;
use records::Records;
use scanner::Scanner;
use shapes::{LineKind, Shapes};

pub use arguments::SimpleArguments;
pub use call::SimpleCall;
pub use parsed::ParsedBlock;
pub(super) use parsed::{Entry, LineSpan, MessageKind, ParsedMessage};
pub(super) use scanner::ByteSpan;

/// Reads blocks. What it reads of one depends on nothing else, so that blocks can be
/// read in any order and by several parsers; what a parser has seen before only makes
/// it faster.
#[derive(Debug, Default)]
pub struct Parser {
    messages: Shapes<Messages>,
    records: Shapes<Records>,
    /// How many lines and members of arguments the last block had: the next one may have
    /// as many.
    last: (usize, usize),
}

impl Parser {
    /// Reads the lines of a block.
    pub fn parse(&mut self, block: Block) -> ParsedBlock {
        let room = self.last;
        let (text, lines) = match String::from_utf8(block.bytes) {
            Ok(text) => {
                let lines = match block.content {
                    Content::Other => strict_lines(text.as_bytes()),
                    // A line of which bytes are missing is not read.
                    _ if block.cut => strict_lines(text.as_bytes()),
                    Content::Messages => {
                        simple_lines(&mut self.messages, &text, block.longest, room)
                    }
                    Content::Native => simple_lines(&mut self.records, &text, block.longest, room),
                };
                (Text::Text(text), lines)
            }
            Err(bad) => {
                let bytes = bad.into_bytes();
                let lines = strict_lines(&bytes);
                (Text::Bytes(bytes), lines)
            }
        };
        self.last = (lines.entries.len(), lines.members.len());
        ParsedBlock {
            number: block.number,
            text,
            entries: lines.entries,
            members: lines.members,
            lines_before: 0,
            cut: block.cut,
            length: block.length,
            longest: block.longest,
        }
    }
}

/// The lines of a block.
struct Lines {
    entries: Vec<Entry>,
    /// The members of all calls' arguments.
    members: Vec<Member>,
}

/// The lines of `text`: those that are simple, and the others for the strict parser.
fn simple_lines<L: LineKind>(
    shapes: &mut Shapes<L>,
    text: &str,
    longest: usize,
    room: (usize, usize),
) -> Lines {
    let mut context = L::Context::default();
    let mut scanner = Scanner::new(text);
    // A little more than there were, since no two blocks are equal.
    let mut entries = Vec::with_capacity(room.0 + room.0 / 8);
    let mut members = Vec::with_capacity(room.1 + room.1 / 8);
    let (mut start, mut number) = (0, 0);
    while start < text.len() {
        scanner.restart(start);
        let kept = members.len();
        let mut message = shapes.message(&mut scanner, &mut members, &mut context);
        scanner.skip_space();
        let end = match (message, scanner.peek()) {
            (Some(_), None | Some(b'\n')) => scanner.at,
            // No message, or something after it.
            _ => {
                message = None;
                let rest = text.as_bytes().get(start..).unwrap_or_default();
                memchr::memchr(b'\n', rest).map_or(text.len(), |at| start + at)
            }
        };
        if end - start > longest {
            message = None;
        }
        let end = (end + 1).min(text.len());
        let span = ByteSpan::new(start, end);
        let line = LineSpan { number, span };
        entries.push(match message {
            Some(message) => Entry::Message(ParsedMessage { line, ..message }),
            None => {
                members.truncate(kept);
                Entry::Line(line)
            }
        });
        number += 1;
        start = end;
    }
    Lines { entries, members }
}

/// The lines of a block, all of them for the strict parser.
fn strict_lines(bytes: &[u8]) -> Lines {
    let ends = memchr::memchr_iter(b'\n', bytes).map(|at| at + 1);
    // The last line may have no ending.
    let rest = !bytes.is_empty() && !bytes.ends_with(b"\n");
    let mut start = 0;
    let entries: Vec<Entry> = ends
        .chain(rest.then_some(bytes.len()))
        .zip(0..)
        .map(|(end, number)| {
            let span = ByteSpan::new(start, end);
            start = end;
            Entry::Line(LineSpan { number, span })
        })
        .collect();
    Lines {
        entries,
        members: Vec::new(),
    }
}
