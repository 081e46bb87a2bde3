//! Compressed traces, read as they are. The first bytes of a file decide what it
//! is, whatever its name.
//!
//! Everything streams, so that a small file that unpacks to a huge one costs
//! time and no memory: gzip needs 32 KiB, zstd its window, which is capped.

use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

/// The largest window of a zstd frame that is read, in bytes: 128 MiB, what
/// `zstd` itself reads and writes by default.
const LARGEST_WINDOW: u64 = 128 << 20;

/// How much is read and unpacked at once.
const CHUNK: usize = 1 << 16;

/// A way to compress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packed {
    /// RFC 1952; several members make one stream.
    Gzip,
    /// RFC 8878; several frames make one stream.
    Zstd,
}

impl Packed {
    /// What begins with these bytes; nothing for what is not compressed.
    pub fn recognise(first: &[u8]) -> Option<Packed> {
        match first {
            [0x1F, 0x8B, ..] => Some(Packed::Gzip),
            [0x28, 0xB5, 0x2F, 0xFD, ..] => Some(Packed::Zstd),
            // A frame to skip, which may come first.
            [0x50..=0x5F, 0x2A, 0x4D, 0x18, ..] => Some(Packed::Zstd),
            _ => None,
        }
    }

    /// The name in messages.
    pub const fn name(self) -> &'static str {
        match self {
            Packed::Gzip => "gzip",
            Packed::Zstd => "zstd",
        }
    }
}

/// The unpacked content of `input`, of which nothing has been read yet.
///
/// # Errors
/// What the input reports.
pub(crate) fn unpacked(
    mut input: impl Read + Send + 'static,
) -> io::Result<Box<dyn BufRead + Send>> {
    let mut first = Vec::new();
    input.by_ref().take(4).read_to_end(&mut first)?;
    let packed = Packed::recognise(&first);
    let input = BufReader::with_capacity(CHUNK, Cursor::new(first).chain(input));
    Ok(match packed {
        None => Box::new(input),
        Some(Packed::Gzip) => {
            let decoder = Gzip(MultiGzDecoder::new(input));
            Box::new(BufReader::with_capacity(CHUNK, decoder))
        }
        Some(Packed::Zstd) => {
            let decoder = Zstd::new(input, LARGEST_WINDOW);
            Box::new(BufReader::with_capacity(CHUNK, decoder))
        }
    })
}

/// What the traces of a run may have together, unpacked.
#[derive(Debug)]
pub(crate) struct Allowance {
    /// How many bytes one of them may have.
    pub each: u64,
    /// How many bytes further ones may have.
    pub left: &'static AtomicU64,
}

/// The same within an allowance: a few kilobytes can unpack to gigabytes, and many
/// policies can name one trace.
///
/// # Errors
/// As of [`unpacked`]; reading fails behind the last byte that is allowed.
pub(crate) fn unpacked_within(
    input: impl Read + Send + 'static,
    allowance: Allowance,
) -> io::Result<Box<dyn BufRead + Send>> {
    let input = unpacked(input)?;
    let capped = Capped { input, allowance };
    Ok(Box::new(BufReader::with_capacity(CHUNK, capped)))
}

/// A reader that fails behind so many bytes.
struct Capped<R> {
    input: R,
    allowance: Allowance,
}

impl<R: Read> Read for Capped<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(buffer)?;
        let bytes = u64::try_from(read).unwrap_or(u64::MAX);
        match self.allowance.each.checked_sub(bytes) {
            Some(left) => self.allowance.each = left,
            None => return Err(io::Error::other("unpacks to more than may be read of it")),
        }
        let take = |left: u64| left.checked_sub(bytes);
        let order = Ordering::Relaxed;
        if self
            .allowance
            .left
            .fetch_update(order, order, take)
            .is_err()
        {
            let message = "is not read to its end: the traces of all policies together are longer \
                           than may be read in one run";
            return Err(io::Error::other(message));
        }
        Ok(read)
    }
}

fn cut_off(packed: Packed) -> io::Error {
    let message = format!("is cut off: the {} data ends too early", packed.name());
    io::Error::new(io::ErrorKind::UnexpectedEof, message)
}

fn corrupt(packed: Packed, why: impl std::fmt::Display) -> io::Error {
    let message = format!("is corrupt: {} data: {why}", packed.name());
    io::Error::new(io::ErrorKind::InvalidData, message)
}

/// A gzip stream whose errors say what is wrong.
struct Gzip<R>(MultiGzDecoder<R>);

impl<R: BufRead> Read for Gzip<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => cut_off(Packed::Gzip),
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => {
                corrupt(Packed::Gzip, error)
            }
            _ => error,
        })
    }
}

/// The frames of a zstd stream, one behind the other.
struct Zstd<R> {
    input: R,
    decoder: FrameDecoder,
    in_frame: bool,
    /// The input ended within a frame: the error, which comes behind what had
    /// been unpacked by then.
    cut_off: Option<io::Error>,
}

/// A last block without content, and bytes for a checksum.
const LAST_BLOCK: [u8; 7] = [1, 0, 0, 0, 0, 0, 0];

impl<R: BufRead> Zstd<R> {
    fn new(input: R, largest_window: u64) -> Zstd<R> {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(largest_window);
        Zstd {
            input,
            decoder,
            in_frame: false,
            cut_off: None,
        }
    }

    fn at_end(&mut self) -> io::Result<bool> {
        loop {
            match self.input.fill_buf() {
                Ok(rest) => return Ok(rest.is_empty()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Begins the next frame that holds data; whether there is one.
    fn begin(&mut self) -> io::Result<bool> {
        while !self.at_end()? {
            match self.decoder.reset(&mut self.input) {
                Ok(()) => {
                    self.in_frame = true;
                    return Ok(true);
                }
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => {
                    let length = u64::from(length);
                    let mut skipped = self.input.by_ref().take(length);
                    if io::copy(&mut skipped, &mut io::sink())? < length {
                        return Err(cut_off(Packed::Zstd));
                    }
                }
                Err(error) => return Err(self.wrong(&error)),
            }
        }
        Ok(false)
    }

    /// Whether the frame that has just ended is what was compressed.
    fn end(&mut self) -> io::Result<()> {
        self.in_frame = false;
        let sums = (
            self.decoder.get_checksum_from_data(),
            self.decoder.get_calculated_checksum(),
        );
        match sums {
            (Some(expected), Some(found)) if expected != found => {
                Err(corrupt(Packed::Zstd, "its checksum does not match"))
            }
            _ => Ok(()),
        }
    }

    fn wrong(&mut self, error: &FrameDecoderError) -> io::Error {
        match (self.at_end(), error) {
            (Err(error), _) => error,
            (_, FrameDecoderError::WindowSizeTooBig { requested, .. }) => {
                let (requested, most) = (requested.div_ceil(1 << 20), LARGEST_WINDOW >> 20);
                let message = format!(
                    "needs a zstd window of {requested} MiB, the most that is read is {most} MiB; compress it without --ultra --long"
                );
                io::Error::new(io::ErrorKind::InvalidData, message)
            }
            (Ok(true), _) => cut_off(Packed::Zstd),
            (Ok(false), error) => corrupt(Packed::Zstd, error),
        }
    }
}

impl<R: BufRead> Read for Zstd<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            if !self.in_frame && !self.begin()? {
                return Ok(0);
            }
            let read = self.decoder.read(buffer)?;
            if read > 0 {
                return Ok(read);
            }
            if let Some(error) = self.cut_off.take() {
                return Err(error);
            }
            if self.decoder.is_finished() {
                self.end()?;
                continue;
            }
            // A block is at most 128 KiB.
            let blocks = || BlockDecodingStrategy::UptoBlocks(1);
            if let Err(error) = self.decoder.decode_blocks(&mut self.input, blocks()) {
                let error = self.wrong(&error);
                // The decoder keeps back what later blocks may repeat, until
                // there is a last one.
                let kept_back = error.kind() == io::ErrorKind::UnexpectedEof
                    && self
                        .decoder
                        .decode_blocks(&LAST_BLOCK[..], blocks())
                        .is_ok();
                if !kept_back {
                    return Err(error);
                }
                self.cut_off = Some(error);
            }
        }
    }
}

#[cfg(test)]
mod tests;
