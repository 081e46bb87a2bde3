//! The interface that the readers of all formats have.

use std::io;

use super::block::Block;
use super::fast_path::{ParsedBlock, SimpleCall};
use super::item::{Header, Item};
use super::options::{Assumed, Format};
use super::records::Records;

/// Something that yields recorded calls.
pub trait Reader {
    /// The next item; `None` at the end.
    ///
    /// # Errors
    /// Only what the underlying input reports. What is wrong with a line is an
    /// item, and the reader goes on after it.
    fn next(&mut self) -> io::Result<Option<Item>>;

    /// What it reads.
    fn format(&self) -> Format {
        Format::Native
    }

    /// Whether its input is of any known format. What is not has one problem, and
    /// nothing of it is read.
    fn is_recognised(&self) -> bool {
        true
    }

    /// What it has taken for granted so far, sorted, each once.
    fn assumed(&self) -> Vec<Assumed> {
        Vec::new()
    }

    /// Takes the records that other logs have shown, too, before anything is
    /// read.
    fn share(&mut self, _records: &Records) {}

    /// The same reader, for several threads to read its lines; `None` when its
    /// format has to be read in one go.
    fn in_blocks(&mut self) -> Option<&mut dyn InBlocks> {
        None
    }
}

/// A reader whose lines several threads can read: one thread reads blocks, any
/// threads [parse](super::fast_path::Parser::parse) them, and one thread gives them back
/// in the order of the blocks. Together they yield the items of
/// [`Reader::next`], in the same order.
pub trait InBlocks {
    /// Whether any line is read when its block is parsed. Of other formats parsing
    /// only finds the lines, for which a second thread costs more than it saves.
    fn reads_in_place(&self) -> bool;

    /// The next block; `None` at the end.
    ///
    /// # Errors
    /// What the underlying input reports.
    fn read_block(&mut self) -> io::Result<Option<Block>>;

    /// Takes the next parsed block, in the order of the blocks.
    fn absorb(&mut self, block: ParsedBlock);

    /// The next item, once it is ready.
    fn ready(&mut self) -> Option<Ready>;

    /// No block comes any more, so that every item is ready.
    fn end(&mut self);
}

/// An item that a reader of blocks has ready.
#[derive(Debug, Clone, PartialEq)]
pub enum Ready {
    /// A `tools/call` that is read in place.
    Simple(SimpleCall),
    /// Anything else.
    Item(Item),
}

impl Ready {
    /// The same; a call that is read in place is built.
    pub fn into_item(self) -> Item {
        match self {
            Ready::Simple(call) => Item::Call(Box::new(call.to_call())),
            Ready::Item(item) => item,
        }
    }
}

/// One trace, opened: its header has been read, its calls have not.
pub struct Trace {
    /// The name that reports show.
    pub name: String,
    header: Option<Box<Header>>,
    first: Option<Item>,
    reader: Box<dyn Reader>,
}

impl Trace {
    /// Reads up to the first item that is no header. Only a native trace has a
    /// header: of a log nothing is read yet.
    ///
    /// # Errors
    /// What the underlying input reports.
    pub fn open(name: impl Into<String>, mut reader: Box<dyn Reader>) -> io::Result<Trace> {
        let mut first = match reader.format() {
            Format::Native => reader.next()?,
            _ => None,
        };
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
        self.header.as_deref()
    }

    /// Which format the trace is in.
    pub fn format(&self) -> Format {
        self.reader.format()
    }

    /// Whether it is of any known format; else it has one problem, which says
    /// what it is.
    pub fn is_recognised(&self) -> bool {
        self.reader.is_recognised()
    }

    /// What the reader has taken for granted so far, sorted, each once.
    pub fn assumed(&self) -> Vec<Assumed> {
        self.reader.assumed()
    }

    /// Takes the records that other logs of the run have shown, too, so that one
    /// that several logs hold counts once. Before anything is read.
    pub fn share(&mut self, records: &Records) {
        self.reader.share(records);
    }

    /// The items after the header, for several threads: the one that is read
    /// already, and the reader for what follows; see [`InBlocks`].
    pub fn in_blocks(&mut self) -> Option<(Option<Item>, &mut dyn InBlocks)> {
        let blocks = self.reader.in_blocks()?;
        Some((self.first.take(), blocks))
    }

    /// The next item after the header; `None` at the end.
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
