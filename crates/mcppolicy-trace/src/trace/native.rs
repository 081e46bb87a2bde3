//! The native format (traces.md §1): JSON Lines, one call per line, strict.
//!
//! Every problem of a line is a complaint with its place, and the reader goes
//! on with the next line: nothing is ever dropped in silence.

mod call;
mod expect;
mod fields;
mod write;

use std::collections::VecDeque;
use std::io::{self, Read};
use std::rc::Rc;

use super::block::{Block, Blocks, Content, LONGEST_LINE, RawLine};
use super::plain_call::PlainCall;
use super::skim::{Entry, Skim};
use super::{
    BadLine, Complaint, Grant, Header, InBlocks, Item, Line, Reader, Ready, RecordedCall, Server,
};
use mcppolicy_engine::document::NodeKind;
use mcppolicy_engine::document::parse::{SyntaxError, Trouble, decode, describe, parse_text};
use mcppolicy_engine::source;
use mcppolicy_engine::time::{Span, Time};

use fields::Fields;

pub use write::{write_call, write_expectation, write_header};

/// The version of the format, in the header's first member.
pub const VERSION: &str = "trace/1";

/// The most repetitions of one line.
pub const MOST_REPETITIONS: u64 = 10_000_000;

/// Reads the native format.
pub struct NativeReader<R> {
    blocks: Blocks<R>,
    content: Content,
    base: Base,
    /// Whether a line with content has been seen.
    begun: bool,
    /// Whether what follows cannot be read at all.
    stopped: bool,
    ended: bool,
    /// How many lines have been read, and how many bytes.
    lines: usize,
    bytes: usize,
    ready: VecDeque<Ready>,
}

/// What the lines of a file take from its header and from each other.
#[derive(Debug, Clone)]
struct Base {
    defaults: Rc<Defaults>,
    start: Setting<Time>,
    step: Setting<Span>,
    previous: Previous,
}

/// What a header says of every call that does not say otherwise.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Defaults {
    pub grant: Grant,
    pub server: Server,
}

impl Base {
    fn new(defaults: Rc<Defaults>) -> Base {
        Base {
            defaults,
            start: Setting::Absent,
            step: Setting::Absent,
            previous: Previous::None,
        }
    }
}

/// A header's setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Setting<T> {
    Absent,
    /// There, but wrong: reported once, in the header.
    Invalid,
    Given(T),
}

/// The time of the call before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Previous {
    None,
    At(Option<Time>),
}

impl<R: Read> NativeReader<R> {
    /// Reads `input`, from its first byte.
    pub fn new(input: R) -> NativeReader<R> {
        NativeReader::of_blocks(Blocks::new(input), Content::Native)
    }

    /// Reads `blocks`; only with [`Content::Native`] lines where they stand.
    pub(super) fn of_blocks(blocks: Blocks<R>, content: Content) -> NativeReader<R> {
        NativeReader {
            blocks,
            content,
            base: Base::new(Rc::new(Defaults {
                grant: Grant::Implicit,
                server: Server::Default,
            })),
            begun: false,
            stopped: false,
            ended: false,
            lines: 0,
            bytes: 0,
            ready: VecDeque::new(),
        }
    }

    /// A line that is to be read strictly.
    fn line(&mut self, raw: &RawLine<'_>) {
        if self.stopped || (raw.bytes.iter().all(u8::is_ascii_whitespace) && !raw.cut) {
            return;
        }
        let first = !self.begun;
        self.begun = true;
        let (item, complaints) = match text(raw) {
            Ok(text) => read_line(text, raw, first, &mut self.base),
            Err(complaint) => {
                // In an encoding of two bytes no later line is one either.
                self.stopped = is_utf16(raw);
                (None, vec![complaint])
            }
        };
        let problem = (!complaints.is_empty()).then(|| {
            Item::Problem(BadLine {
                line: Line {
                    number: raw.number,
                    offset: raw.offset,
                    text: String::from_utf8_lossy(raw.bytes).into_owned(),
                },
                complaints,
            })
        });
        // Of what is wrong only the header is there all the same.
        let item = item.filter(|item| problem.is_none() || matches!(item, Item::Header(_)));
        self.ready
            .extend(item.into_iter().chain(problem).map(Ready::Item));
    }
}

impl<R: Read> Reader for NativeReader<R> {
    fn next(&mut self) -> io::Result<Option<Item>> {
        loop {
            if let Some(ready) = self.ready() {
                return Ok(Some(ready.into_item()));
            }
            if self.ended || self.stopped {
                return Ok(None);
            }
            match self.read_block()? {
                Some(block) => self.absorb(block.skim()),
                None => self.end(),
            }
        }
    }

    fn in_blocks(&mut self) -> Option<&mut dyn InBlocks> {
        Some(self)
    }
}

impl<R: Read> InBlocks for NativeReader<R> {
    fn read_block(&mut self) -> io::Result<Option<Block>> {
        let block = self.blocks.next()?.filter(|_| !self.stopped);
        let content = self.content;
        Ok(block.map(|block| Block { content, ..block }))
    }

    fn absorb(&mut self, mut skim: Skim) {
        skim.lines_before = self.lines;
        self.lines += skim.lines;
        let offset = self.bytes;
        self.bytes += skim.length;
        let skim = Rc::new(skim);
        let mut calls = 0;
        for (at, entry) in skim.entries.iter().enumerate() {
            match entry {
                Entry::Message(message) => {
                    self.begun = true;
                    self.base.previous = Previous::At(message.time);
                    let call = PlainCall::native(&skim, (at, calls), &self.base.defaults);
                    self.ready.push_back(Ready::Plain(call));
                    calls += 1;
                }
                Entry::Line(line) => {
                    let (bytes, cut) = skim.line(*line);
                    self.line(&RawLine {
                        number: skim.lines_before + line.number + 1,
                        offset: offset + line.place.start as usize,
                        bytes,
                        cut,
                    });
                }
            }
        }
    }

    fn ready(&mut self) -> Option<Ready> {
        self.ready.pop_front()
    }

    fn end(&mut self) {
        self.ended = true;
    }
}

/// A line that was read where it stands, on its own.
pub(super) fn plain(line: &[u8], number: usize, defaults: &Rc<Defaults>) -> Option<RecordedCall> {
    let raw = RawLine {
        number,
        offset: 0,
        bytes: line,
        cut: false,
    };
    let text = std::str::from_utf8(line).ok()?;
    let mut base = Base::new(Rc::clone(defaults));
    match read_line(text, &raw, false, &mut base) {
        (Some(Item::Call(call)), complaints) if complaints.is_empty() => Some(*call),
        _ => None,
    }
}

fn is_utf16(raw: &RawLine<'_>) -> bool {
    raw.number == 1
        && matches!(
            raw.bytes,
            [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] | [0, b'{', ..] | [b'{', 0, ..]
        )
}

/// The text of a line.
fn text<'a>(raw: &RawLine<'a>) -> Result<&'a str, Complaint> {
    if raw.cut {
        return Err(Complaint {
            span: source::Span::new(0, 0),
            pointer: String::new(),
            message: format!(
                "The line is longer than {} MiB, the most that is read",
                LONGEST_LINE >> 20
            ),
            help: Some("redact the arguments with `arguments_unknown`".to_owned()),
            related: None,
        });
    }
    if raw.number == 1 {
        return decode(raw.bytes).map_err(|error| syntax_complaint(&error));
    }
    std::str::from_utf8(raw.bytes).map_err(|bad| {
        let at = bad.valid_up_to();
        let byte = raw.bytes.get(at).copied().unwrap_or_default();
        Complaint {
            span: source::Span::new(at, at),
            pointer: String::new(),
            message: format!("Byte 0x{byte:02X} is not UTF-8"),
            help: Some("write the line as UTF-8".to_owned()),
            related: None,
        }
    })
}

fn syntax_complaint(error: &SyntaxError) -> Complaint {
    Complaint {
        span: error.span,
        pointer: String::new(),
        // The parser's whole text is one line here.
        message: error
            .message
            .replace("the file ends", "the line ends")
            .replace("the end of the file", "the end of the line"),
        help: error.help.clone(),
        related: None,
    }
}

/// Reads one line. A header is there even when something in it is wrong; a
/// call is only when nothing is.
fn read_line(
    text: &str,
    raw: &RawLine<'_>,
    first: bool,
    base: &mut Base,
) -> (Option<Item>, Vec<Complaint>) {
    let (root, problems) = match parse_text(text) {
        Ok(parsed) => parsed,
        Err(error) => {
            if first && text.contains("\"mcppolicy\"") {
                // The header is lost: that is reported here, and not again at
                // each line that would have taken its time from it.
                base.start = Setting::Invalid;
            }
            return (None, vec![syntax_complaint(&error)]);
        }
    };
    let mut fields = Fields::new(&root);
    let mut repeats_an_argument = false;
    for problem in &problems {
        match &problem.trouble {
            // A call may hold any number that a double can stand for.
            Trouble::InexactNumber => {}
            Trouble::DuplicateKey { .. } if is_in_arguments(&problem.pointer) => {
                repeats_an_argument = true;
            }
            trouble => {
                let (message, help) = describe(text, problem);
                fields.complaints.push(Complaint {
                    span: problem.span,
                    pointer: problem.pointer.clone(),
                    message,
                    help: Some(match trouble {
                        Trouble::DuplicateKey { .. } => "remove one".to_owned(),
                        _ => help,
                    }),
                    related: match trouble {
                        Trouble::DuplicateKey { first, .. } => Some((*first, "first here")),
                        _ => None,
                    },
                });
            }
        }
    }
    let item = match &root.kind {
        NodeKind::Object(_) if root.get("mcppolicy").is_some() => {
            let header = header(&mut fields, text, raw, base);
            if first {
                Some(Item::Header(header))
            } else {
                fields.complaints.clear();
                fields.at_member(
                    "mcppolicy",
                    "A header can only be the first line of a trace".to_owned(),
                    Some("split the file here: each trace has fresh counters".to_owned()),
                );
                None
            }
        }
        NodeKind::Object(_) => call::read(&mut fields, base, raw.number, repeats_an_argument),
        _ => {
            fields.at_node(
                &root,
                "",
                format!(
                    "A line of a trace must be an object, not {}",
                    fields::article(&root)
                ),
                None,
            );
            None
        }
    };
    let mut complaints = fields.complaints;
    complaints.sort_by_key(|complaint| complaint.span);
    (item, complaints)
}

/// Whether a repeated key stands inside a call's arguments, where the last one
/// counts (policy language §2).
fn is_in_arguments(pointer: &str) -> bool {
    let Some(request) = pointer.strip_prefix("/request") else {
        return pointer.starts_with("/arguments/");
    };
    // In a batch, a number comes before the member.
    let batched = request
        .strip_prefix('/')
        .and_then(|rest| rest.split_once('/'))
        .filter(|(index, _)| index.bytes().all(|byte| byte.is_ascii_digit()))
        .is_some_and(|(_, rest)| rest.starts_with("params/arguments/"));
    batched || request.starts_with("/params/arguments/")
}

const HEADER_MEMBERS: [&str; 7] = [
    "mcppolicy",
    "policy",
    "grant",
    "server",
    "start",
    "step",
    "description",
];

fn header(fields: &mut Fields<'_>, text: &str, raw: &RawLine<'_>, base: &mut Base) -> Header {
    fields.only("A header", &HEADER_MEMBERS, &[]);
    match fields.string("mcppolicy") {
        Some(VERSION) | None => {}
        Some(other) => {
            let message = format!(
                "{} is not a version of the trace format",
                mcppolicy_engine::document::parse::quoted(other)
            );
            fields.at_value("mcppolicy", message, Some(format!("write {VERSION:?}")));
        }
    }
    let grant = fields.string_or_null("grant").map(|name| match name {
        Some(name) => Grant::Named(name.to_owned()),
        None => Grant::Unknown,
    });
    let server = fields.string_or_null("server").map(|name| match name {
        Some(name) => Server::Named(name.to_owned()),
        None => Server::Unknown,
    });
    base.defaults = Rc::new(Defaults {
        grant: grant.unwrap_or(Grant::Implicit),
        server: server.unwrap_or(Server::Default),
    });
    base.start = setting(fields, "start", |text| {
        Time::parse(text).and_then(in_calendar)
    });
    base.step = setting(fields, "step", Span::parse);
    if base.step != Setting::Absent && base.start == Setting::Absent {
        fields.at_member(
            "step",
            "`step` needs `start`: there is no time to step from".to_owned(),
            Some("add `start`, an instant such as \"2026-11-20T10:00:00Z\"".to_owned()),
        );
        base.step = Setting::Invalid;
    }
    let policy = fields.string("policy").map(str::to_owned);
    Header {
        line: Line {
            number: raw.number,
            offset: raw.offset,
            text: text.to_owned(),
        },
        policy: policy.zip(fields.root.get("policy").map(|node| node.span)),
        description: fields.string("description").map(str::to_owned),
    }
}

fn setting<T>(
    fields: &mut Fields<'_>,
    key: &str,
    read: impl FnOnce(&str) -> Result<T, String>,
) -> Setting<T> {
    match (fields.root.get(key), fields.parsed(key, read)) {
        (_, Some(value)) => Setting::Given(value),
        (Some(_), None) => Setting::Invalid,
        (None, None) => Setting::Absent,
    }
}

/// Times that a calendar can show, which leaves room for counting with them.
pub(super) fn in_calendar(time: Time) -> Result<Time, String> {
    const EARLIEST: i64 = -62_167_219_200;
    const LATEST: i64 = 253_402_300_799;
    if (EARLIEST..=LATEST).contains(&time.seconds()) {
        Ok(time)
    } else {
        Err("The time lies outside the years 0 to 9999".to_owned())
    }
}

#[cfg(test)]
mod tests;
