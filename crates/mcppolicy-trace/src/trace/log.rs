//! What the readers of foreign logs share: splitting a file into lines, or
//! into the elements of a document. A format says only what one chunk of its
//! file means, and puts what it finds into a [`Collector`].

use std::io::{self, BufRead, Read};
use std::rc::Rc;

use super::block::{Block, Blocks, Content, LONGEST_LINE, RawLine};
use super::chunk::Chunk;
use super::collector::Collector;
use super::elements::Elements;
use super::fast_path::{Entry, MessageKind, ParsedBlock, Parser};
use super::item::Item;
use super::options::{Assumed, Format, GrantFrom, Settings};
use super::reader::{InBlocks, Reader, Ready};
use super::reason;
use super::records::Records;
use super::tolerant_json::Json;

/// A format of logs.
pub(super) trait LogFormat {
    /// Which it is.
    fn format(&self) -> Format;

    /// Whether its lines hold raw messages, which the fast path may read.
    fn reads_messages(&self) -> bool {
        false
    }

    /// The member of a document's outermost object whose arrays hold records too;
    /// empty where there is none.
    fn within(&self) -> &'static str {
        ""
    }

    /// Reads one line, or one element of a document.
    fn read_chunk(&mut self, chunk: Chunk<'_>, collector: &mut Collector);

    /// Takes the records that other logs have shown, too.
    fn share(&mut self, _records: &Records) {}

    /// Gives up what it has held for later lines: there are none.
    fn end(&mut self, _collector: &mut Collector) {}
}

/// Reads a document of some format, element by element.
pub(super) struct DocumentReader<R, F> {
    elements: Elements<R>,
    format: F,
    collector: Collector,
    ended: bool,
}

impl<R: BufRead, F: LogFormat> DocumentReader<R, F> {
    pub fn new(input: R, format: F, grant_from: Option<GrantFrom>) -> DocumentReader<R, F> {
        DocumentReader {
            elements: Elements::new(input, LONGEST_LINE).within(format.within()),
            format,
            collector: Collector::new(grant_from),
            ended: false,
        }
    }

    /// The same for an input that also looks like these other formats.
    pub fn or(mut self, others: Vec<Format>) -> DocumentReader<R, F> {
        self.collector.looks_like(others);
        self
    }

    /// Reads the next element; whether there was one.
    fn read_element(&mut self) -> io::Result<bool> {
        let Some(line) = self.elements.seek()? else {
            return Ok(false);
        };
        // An element that is at hand is read where it stands, which also finds its end.
        let ahead = self.elements.ahead()?;
        if let Some((json, rest)) = Json::ahead(ahead)
            && rest.trim_start_matches(BLANK).starts_with([',', ']', '}'])
        {
            let text = ahead.strip_suffix(rest).unwrap_or(ahead);
            let json = Some(&json);
            let chunk = Chunk { line, text, json };
            self.format.read_chunk(chunk, &mut self.collector);
            let bytes = text.len();
            self.elements.skip(bytes);
            return Ok(true);
        }
        if let Some(raw) = self.elements.next_element()? {
            read(raw, &mut self.format, &mut self.collector);
        }
        Ok(true)
    }
}

impl<R: BufRead, F: LogFormat> Reader for DocumentReader<R, F> {
    fn next(&mut self) -> io::Result<Option<Item>> {
        loop {
            if let Some(ready) = self.collector.next() {
                return Ok(Some(ready.into_item()));
            }
            if self.ended {
                return Ok(None);
            }
            if !self.read_element()? {
                self.ended = true;
                self.format.end(&mut self.collector);
                self.collector.end(self.format.format());
            }
        }
    }

    fn format(&self) -> Format {
        self.format.format()
    }

    fn assumed(&self) -> Vec<Assumed> {
        self.collector.assumed()
    }

    fn share(&mut self, records: &Records) {
        self.format.share(records);
    }
}

/// Reads a log of some format, line by line.
pub(super) struct LogReader<R, F> {
    blocks: Blocks<R>,
    content: Content,
    format: F,
    collector: Collector,
    parser: Parser,
    /// How many lines have been read.
    lines: usize,
    ended: bool,
}

impl<R: Read, F: LogFormat> LogReader<R, F> {
    pub fn new(input: R, format: F, settings: Settings) -> LogReader<R, F> {
        LogReader {
            blocks: Blocks::new(input),
            content: if format.reads_messages() && !settings.build_every_line {
                Content::Messages
            } else {
                Content::Other
            },
            format,
            collector: Collector::new(settings.grant_from),
            parser: Parser::default(),
            lines: 0,
            ended: false,
        }
    }

    /// The same for an input that also looks like these other formats.
    pub fn or(mut self, others: Vec<Format>) -> LogReader<R, F> {
        self.collector.looks_like(others);
        self
    }
}

impl<R: Read, F: LogFormat> Reader for LogReader<R, F> {
    fn next(&mut self) -> io::Result<Option<Item>> {
        loop {
            if let Some(ready) = self.ready() {
                return Ok(Some(ready.into_item()));
            }
            if self.ended {
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

    fn format(&self) -> Format {
        self.format.format()
    }

    fn assumed(&self) -> Vec<Assumed> {
        self.collector.assumed()
    }

    fn share(&mut self, records: &Records) {
        self.format.share(records);
    }

    fn in_blocks(&mut self) -> Option<&mut dyn InBlocks> {
        Some(self)
    }
}

impl<R: Read, F: LogFormat> InBlocks for LogReader<R, F> {
    fn reads_in_place(&self) -> bool {
        self.content != Content::Other
    }

    fn read_block(&mut self) -> io::Result<Option<Block>> {
        let block = self.blocks.next()?;
        let content = self.content;
        Ok(block.map(|block| Block { content, ..block }))
    }

    fn absorb(&mut self, mut block: ParsedBlock) {
        block.lines_before = self.lines;
        self.lines += block.entries.len();
        let block = Rc::new(block);
        let mut calls = 0;
        for (at, entry) in block.entries.iter().enumerate() {
            match entry {
                Entry::Message(message) => {
                    self.collector.message(&block, (at, message), calls);
                    calls += usize::from(matches!(message.kind, MessageKind::Call { .. }));
                }
                Entry::Line(line) => {
                    let (bytes, cut) = block.line(*line);
                    let raw = RawLine {
                        number: block.line_number(*line),
                        // Only whether it is the first byte of the input matters.
                        offset: usize::from(block.number() > 0 || line.number > 0),
                        bytes,
                        cut,
                    };
                    read(raw, &mut self.format, &mut self.collector);
                }
            }
        }
    }

    fn ready(&mut self) -> Option<Ready> {
        self.collector.next()
    }

    fn end(&mut self) {
        self.ended = true;
        self.format.end(&mut self.collector);
        self.collector.end(self.format.format());
    }
}

/// What JSON has between values.
const BLANK: [char; 4] = [' ', '\t', '\r', '\n'];

/// Reads one chunk.
fn read(raw: RawLine<'_>, format: &mut impl LogFormat, collector: &mut Collector) {
    let line = raw.number;
    match text(&raw) {
        Ok(text) if text.trim_matches(BLANK).is_empty() => {}
        Ok(text) => format.read_chunk(Chunk::new(line, text), collector),
        Err(reason) => collector.skip(line, reason),
    }
}

/// The text of a chunk; a byte-order mark at the beginning of a log is no part
/// of it.
fn text<'a>(raw: &RawLine<'a>) -> Result<&'a str, &'static str> {
    if raw.cut {
        return Err(reason::TOO_LONG);
    }
    let bytes = match raw.bytes.strip_prefix(b"\xEF\xBB\xBF") {
        Some(rest) if raw.offset == 0 => rest,
        _ => raw.bytes,
    };
    std::str::from_utf8(bytes).map_err(|_| reason::NOT_UTF8)
}
