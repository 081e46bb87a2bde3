//! Calls and messages as nearly every program writes them, taken apart where
//! they stand: a block in, the places of what matters out, so that any thread
//! can do it and nothing is built for a call that is only counted.
//!
//! What is not plain, or odd in any way, is left to the format's own room
//! ([`jsonrpc`](super::jsonrpc), [`native`](super::native)), which knows all
//! shapes; what is read here it would read alike.

mod clock;
mod message;
mod record;
#[cfg(test)]
mod tests;

use super::block::{Block, Content};
use super::jsonrpc::Side;
use super::plain::{Place, Scanner, Value};
use super::{DecisionName, Grant, Server};
use mcppolicy_engine::time::Time;

use message::Messages;
use record::Records;

/// A block, taken apart.
#[derive(Debug, Clone, PartialEq)]
pub struct Skim {
    pub(super) number: u64,
    pub(super) text: Text,
    pub(super) entries: Vec<Entry>,
    /// The members of all calls' arguments.
    pub(super) members: Vec<Member>,
    /// How many lines there are.
    pub(super) lines: usize,
    /// How many lines stand before the block; known when all of them have been
    /// read.
    pub(super) lines_before: usize,
    cut: bool,
    /// How many bytes of the input it stands for.
    pub(super) length: usize,
    longest: usize,
}

/// A block's content.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Text {
    Text(String),
    /// Not all of it is UTF-8.
    Bytes(Vec<u8>),
}

/// A line with something in it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Entry {
    /// A message.
    Message(Message),
    /// What is left to the strict parser.
    Line(LineAt),
}

/// A line within its block.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct LineAt {
    /// Its number within the block, from 0.
    pub number: usize,
    pub place: Place,
}

/// A message, and what stands around it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Message {
    pub line: LineAt,
    pub time: Option<Time>,
    pub sender: Option<Side>,
    pub grant: Option<Grant<Place>>,
    pub session: Option<Place>,
    pub user: Option<Place>,
    pub server: Option<Server<Place>>,
    /// As it is written, a string's quotes included.
    pub id: Option<Place>,
    /// What a native trace expects of it.
    pub expect: Option<DecisionName>,
    pub what: What,
}

impl Message {
    /// Nothing at all.
    pub const NONE: Message = Message {
        line: LineAt {
            number: 0,
            place: Place { start: 0, end: 0 },
        },
        time: None,
        sender: None,
        grant: None,
        session: None,
        user: None,
        server: None,
        id: None,
        expect: None,
        what: What::Result,
    };
}

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum What {
    Call {
        name: Option<Place>,
        /// The object, where there is one.
        arguments: Option<Place>,
        /// Where its members stand in [`Skim::members`].
        members: (usize, usize),
    },
    /// A request of another method, or a notification.
    Other { method: Place },
    /// A response that is no error, and not the gateway's denial.
    Result,
}

/// A member of a call's arguments.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Member {
    pub key: Place,
    pub value: Value,
}

impl Block {
    /// Takes the block apart. This depends on nothing else, so that blocks can
    /// be taken apart in any order.
    pub fn skim(self) -> Skim {
        let (text, lines) = match String::from_utf8(self.bytes) {
            Ok(text) => {
                let lines = match self.content {
                    Content::Other => all_left(text.as_bytes()),
                    // A line of which bytes are missing is not read.
                    _ if self.cut => all_left(text.as_bytes()),
                    Content::Messages => {
                        let mut messages = Messages::default();
                        lines(&text, self.longest, |scanner, members| {
                            messages.read(scanner, members)
                        })
                    }
                    Content::Native => {
                        let mut records = Records::default();
                        lines(&text, self.longest, |scanner, members| {
                            records.read(scanner, members)
                        })
                    }
                };
                (Text::Text(text), lines)
            }
            Err(bad) => {
                let bytes = bad.into_bytes();
                let lines = all_left(&bytes);
                (Text::Bytes(bytes), lines)
            }
        };
        let (entries, members, count) = lines;
        Skim {
            number: self.number,
            text,
            entries,
            members,
            lines: count,
            lines_before: 0,
            cut: self.cut,
            length: self.length,
            longest: self.longest,
        }
    }
}

/// The lines of `text`, those that `read` makes something of where they stand.
fn lines<'t>(
    text: &'t str,
    longest: usize,
    mut read: impl FnMut(&mut Scanner<'t>, &mut Vec<Member>) -> Option<Message>,
) -> (Vec<Entry>, Vec<Member>, usize) {
    let mut scanner = Scanner::new(text);
    let (mut entries, mut members) = (Vec::new(), Vec::new());
    let (mut start, mut number) = (0, 0);
    while start < text.len() {
        scanner.restart(start);
        let kept = members.len();
        let mut message = read(&mut scanner, &mut members);
        scanner.skip_space();
        let end = match (message, scanner.peek()) {
            (Some(_), None | Some(b'\n')) => scanner.at,
            // Nothing, or something behind it.
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
        let place = place(start, end);
        let line = LineAt { number, place };
        entries.push(match message {
            Some(message) => Entry::Message(Message { line, ..message }),
            None => {
                members.truncate(kept);
                Entry::Line(line)
            }
        });
        number += 1;
        start = end;
    }
    (entries, members, number)
}

/// The lines of a block of which none is read where it stands.
fn all_left(bytes: &[u8]) -> (Vec<Entry>, Vec<Member>, usize) {
    let mut start = 0;
    let lines = bytes.split_inclusive(|byte| *byte == b'\n').enumerate();
    let entries: Vec<Entry> = lines
        .map(|(number, line)| {
            let place = place(start, start + line.len());
            start += line.len();
            Entry::Line(LineAt { number, place })
        })
        .collect();
    let count = entries.len();
    (entries, Vec::new(), count)
}

/// A place in a block, which is shorter than four gigabytes.
fn place(start: usize, end: usize) -> Place {
    Place {
        start: u32::try_from(start).unwrap_or(u32::MAX),
        end: u32::try_from(end).unwrap_or(u32::MAX),
    }
}

impl Skim {
    /// The number of its block, from 0.
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// The text, nothing when it is not all text.
    pub(super) fn str(&self) -> &str {
        match &self.text {
            Text::Text(text) => text,
            Text::Bytes(_) => "",
        }
    }

    /// A line's bytes without its ending, and whether some are missing.
    pub(super) fn line(&self, line: LineAt) -> (&[u8], bool) {
        let all = match &self.text {
            Text::Text(text) => text.as_bytes(),
            Text::Bytes(bytes) => bytes,
        };
        let place = line.place.start as usize..line.place.end as usize;
        let bytes = all.get(place).unwrap_or_default();
        let bytes = match bytes.strip_suffix(b"\n") {
            Some(line) => line.strip_suffix(b"\r").unwrap_or(line),
            None => bytes,
        };
        (bytes, self.cut || bytes.len() > self.longest)
    }
}
