//! The reader of the native format.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::rc::Rc;

use crate::trace::block::{Block, Blocks, Content, RawLine};
use crate::trace::call::{Grant, RecordedCall, Server};
use crate::trace::fast_path::{Entry, ParsedBlock, Parser, SimpleCall};
use crate::trace::item::{BadLine, Item, Line};
use crate::trace::native_line::context::{Context, Defaults, Previous};
use crate::trace::native_line::guarded::Answer;
use crate::trace::native_line::line::{LineContent, LineRole, read_line, text};
use crate::trace::pairing::{PendingRequest, PendingRequests};
use crate::trace::reader::{InBlocks, Reader, Ready};

/// Reads the native format.
pub struct NativeReader<R> {
    blocks: Blocks<R>,
    content: Content,
    parser: Parser,
    context: Context,
    /// Whether a line with content has been seen.
    begun: bool,
    /// Whether what follows cannot be read at all.
    stopped: bool,
    ended: bool,
    /// How many lines have been read, and how many bytes.
    lines: usize,
    bytes: usize,
    ready: VecDeque<Ready>,
    /// Calls in a guard's log that wait for their answers.
    pending: PendingRequests,
}

impl<R: Read> NativeReader<R> {
    /// Reads `input`, from its first byte.
    pub fn new(input: R) -> NativeReader<R> {
        NativeReader::of_blocks(Blocks::new(input), Content::Native)
    }

    /// Reads `blocks`; only with [`Content::Native`] it reads lines in place.
    pub(in crate::trace) fn of_blocks(blocks: Blocks<R>, content: Content) -> NativeReader<R> {
        NativeReader {
            blocks,
            content,
            parser: Parser::default(),
            context: Context::new(Rc::new(Defaults {
                grant: Grant::Implicit,
                server: Server::Default,
            })),
            begun: false,
            stopped: false,
            ended: false,
            lines: 0,
            bytes: 0,
            ready: VecDeque::new(),
            pending: PendingRequests::default(),
        }
    }

    /// A line that is to be read strictly.
    fn line(&mut self, raw: &RawLine<'_>) {
        let is_blank = raw.bytes.iter().all(|byte| b" \t\r\n".contains(byte));
        if self.stopped || (is_blank && !raw.cut) {
            return;
        }
        let role = if self.begun {
            LineRole::Later
        } else {
            LineRole::First
        };
        self.begun = true;
        let (content, complaints) = match text(raw) {
            Ok(text) => read_line(text, raw, role, &mut self.context),
            Err(complaint) => {
                // In an encoding of two bytes no later line is one either.
                self.stopped = is_utf16(raw);
                (None, vec![complaint])
            }
        };
        let problem = (!complaints.is_empty()).then(|| {
            Item::Problem(Box::new(BadLine {
                line: Line {
                    number: raw.number,
                    offset: raw.offset,
                    text: String::from_utf8_lossy(raw.bytes).into_owned(),
                },
                complaints,
            }))
        });
        // Of what is wrong only the header is there all the same.
        let is_header = matches!(content, Some(LineContent::Item(Item::Header(_))));
        match content.filter(|_| problem.is_none() || is_header) {
            Some(LineContent::Item(Item::Call(call))) if self.context.is_guarded => {
                self.hold(call, raw.bytes.len());
            }
            Some(LineContent::Item(item)) => self.ready.push_back(Ready::Item(item)),
            Some(LineContent::Answer(answer)) => self.answer(answer),
            None => {}
        }
        self.ready.extend(problem.map(Ready::Item));
    }

    /// Holds a call of a guard's log until its answer, where it passed.
    fn hold(&mut self, call: Box<RecordedCall>, bytes: usize) {
        let key = call.id.clone().filter(|_| call.has_passed());
        self.pending
            .hold(PendingRequest::Call(call), key.as_deref(), bytes);
        self.drain();
    }

    /// An answer belongs to the nearest call of its id: another run of the guard
    /// that continues a log may count from 1 again.
    fn answer(&mut self, answer: Answer) {
        self.pending.close(&answer.id, |request| {
            request.answer(answer.response, answer.time);
        });
        self.drain();
    }

    /// Passes on the calls that wait no longer.
    fn drain(&mut self) {
        while let Some(request) = self.pending.next() {
            if let PendingRequest::Call(call) = request {
                self.ready.push_back(Ready::Item(Item::Call(call)));
            }
        }
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
                Some(block) => {
                    let block = self.parser.parse(block);
                    self.absorb(block);
                }
                None => self.end(),
            }
        }
    }

    fn in_blocks(&mut self) -> Option<&mut dyn InBlocks> {
        Some(self)
    }
}

impl<R: Read> InBlocks for NativeReader<R> {
    fn reads_in_place(&self) -> bool {
        self.content != Content::Other
    }

    fn read_block(&mut self) -> io::Result<Option<Block>> {
        let block = self.blocks.next()?.filter(|_| !self.stopped);
        let content = self.content;
        Ok(block.map(|block| Block { content, ..block }))
    }

    fn absorb(&mut self, mut block: ParsedBlock) {
        block.lines_before = self.lines;
        self.lines += block.entries.len();
        let offset = self.bytes;
        self.bytes += block.length;
        let block = Rc::new(block);
        let mut calls = 0;
        for (at, entry) in block.entries.iter().enumerate() {
            match entry {
                // The calls of a guard wait for their answers.
                Entry::Message(message) if self.context.is_guarded => {
                    let (bytes, cut) = block.line(message.line);
                    self.line(&RawLine {
                        number: block.line_number(message.line),
                        offset: offset + message.line.span.start as usize,
                        bytes,
                        cut,
                    });
                    calls += 1;
                }
                Entry::Message(message) => {
                    self.begun = true;
                    self.context.previous = Previous::At(message.time);
                    let call = SimpleCall::native(&block, (at, calls), &self.context.defaults);
                    self.ready.push_back(Ready::Simple(call));
                    calls += 1;
                }
                Entry::Line(line) => {
                    let (bytes, cut) = block.line(*line);
                    self.line(&RawLine {
                        number: block.line_number(*line),
                        offset: offset + line.span.start as usize,
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
        self.pending.close_all();
        self.drain();
    }
}

/// Whether the first line is in an encoding of two bytes. One spoiled byte is not
/// enough, as it would take the other lines along.
fn is_utf16(raw: &RawLine<'_>) -> bool {
    raw.number == 1
        && matches!(
            raw.bytes,
            [0xFF, 0xFE, ..]
                | [0xFE, 0xFF, ..]
                | [0, b'{']
                | [0, b'{', 0, ..]
                | [b'{', 0]
                | [b'{', 0, _, 0, ..]
        )
}
