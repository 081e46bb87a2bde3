//! The file that a session is written to.

use std::fs::File;
use std::io::{self, Cursor, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::cli::support::files::{self, Access};
use crate::cli::support::input;
use crate::cli::support::output::complain;
use crate::cli::support::place::{Place, numbered};
use crate::cli::support::traces::failure;
use mcppolicy_analysis::report::Failure;
use mcppolicy_engine::time::Time;
use mcppolicy_trace::trace::options::{Format, Settings};
use mcppolicy_trace::trace::recognise::reader;
use mcppolicy_trace::trace::tap::{Direction, Tap};

/// How much of a file is read to recognise its format, in bytes.
const BEGINNING: u64 = 64 * 1024;

/// What to do with a file that exists already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Existing {
    /// Refuse it.
    Refuse,
    /// Add to it, if it is a recording.
    Extend,
}

/// A trace that is being written.
///
/// Lines that pass together are written together, by one call, so that a tap
/// that is killed leaves whole lines and at most one beginning of a line.
#[derive(Debug)]
pub(super) struct Recorder {
    file: File,
    path: PathBuf,
    is_new: bool,
    is_of_a_pattern: bool,
    to_server: Tap,
    to_client: Tap,
    buffer: Vec<u8>,
    /// How often records came from elsewhere.
    others: u64,
    is_whole: bool,
}

impl Recorder {
    /// Opens a trace, readable by its owner alone.
    ///
    /// # Errors
    /// A file that exists, is no recording, or cannot be opened.
    pub fn open(place: &Place, existing: Existing) -> Result<Recorder, Failure> {
        let append = existing == Existing::Extend;
        let (Place::File(path) | Place::Fresh(path)) = place;
        let refused = |message: &str| Failure {
            input: input::display_name(path),
            message: message.to_owned(),
        };
        if path == Path::new(input::STDIN) {
            return Err(refused("standard output is the server's; name a file"));
        }
        // A recording grows while the session runs, so that it is created in its
        // own place; it never replaces what is there.
        let opened = match place {
            Place::File(path) if append => {
                files::append(path, Access::Private, true).map(|file| (file, path.clone()))
            }
            Place::File(path) => {
                files::create_growing(path, Access::Private, true).map(|file| (file, path.clone()))
            }
            Place::Fresh(path) => fresh(path),
        };
        let (file, path) = opened.map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => refused("exists already; --append adds to it"),
            _ => failure(path, &error),
        })?;
        let append = append && matches!(place, Place::File(_));
        let mut recorder = Recorder {
            file,
            path: path.clone(),
            is_new: !append,
            is_of_a_pattern: matches!(place, Place::Fresh(_)),
            to_server: Tap::new(Direction::ToServer),
            to_client: Tap::new(Direction::ToClient),
            buffer: Vec::new(),
            others: 0,
            is_whole: true,
        };
        let older = if append { recorder.older() } else { Ok(None) };
        match older.map_err(|error| failure(&path, &error))? {
            Some(Format::JsonRpc) | None => Ok(recorder),
            Some(_) => Err(refused(
                "is no recording of this kind; --append adds to none else",
            )),
        }
    }

    /// The format of a file that exists already. The beginning of a line that
    /// an earlier tap could not end becomes a line of its own.
    fn older(&mut self) -> io::Result<Option<Format>> {
        let data = self.file.metadata()?;
        if !data.is_file() || data.len() == 0 {
            return Ok(None);
        }
        let mut beginning = Vec::new();
        Read::by_ref(&mut self.file)
            .take(BEGINNING)
            .read_to_end(&mut beginning)?;
        let format = reader(Cursor::new(beginning), Settings::default())?.format();
        let mut last = [0];
        self.file.seek(SeekFrom::End(-1))?;
        self.file.read_exact(&mut last)?;
        if format == Format::JsonRpc && last != *b"\n" {
            self.file.write_all(b"\n")?;
        }
        Ok(Some(format))
    }

    /// Removes the file if it is new: no session is in it.
    pub fn discard(&mut self) {
        if self.is_new {
            let _ = files::remove(&self.path);
        }
    }

    /// Whether nothing of the server is worth a file: it has said nothing, or, in
    /// one of many files that a pattern names, nothing but noise.
    pub fn has_no_server(&self) -> bool {
        let said = match self.is_of_a_pattern {
            true => self.to_client.messages(),
            false => self.to_client.records(),
        };
        said == 0
    }

    /// Whether nothing at all has passed that is recorded.
    pub fn is_empty(&self) -> bool {
        self.to_client.records() + self.to_server.records() + self.others == 0
    }

    /// Writes the lines that these bytes complete.
    pub fn pass(&mut self, direction: Direction, bytes: &[u8]) {
        if self.is_whole {
            let (tap, buffer) = self.tap(direction);
            tap.pass(bytes, now(), buffer);
            self.write();
        }
    }

    /// Writes messages that were put into records elsewhere.
    pub fn write_records(&mut self, records: &[u8]) {
        if self.is_whole && !records.is_empty() {
            self.buffer.extend_from_slice(records);
            self.others += 1;
            self.write();
        }
    }

    /// Writes what comes after the last line ending.
    pub fn end(&mut self, direction: Direction) {
        if self.is_whole {
            let (tap, buffer) = self.tap(direction);
            tap.end(now(), buffer);
            self.write();
        }
    }

    /// Writes what is left; whether all that has passed is in the trace.
    pub fn finish(&mut self) -> bool {
        self.end(Direction::ToServer);
        self.end(Direction::ToClient);
        let cut = self.to_server.cut() + self.to_client.cut();
        if cut > 0 {
            let name = input::display_name(&self.path);
            complain(&format!(
                "{name}: lines longer than 16 MiB, of which only the beginning is recorded: {cut}"
            ));
        }
        self.is_whole
    }

    fn tap(&mut self, direction: Direction) -> (&mut Tap, &mut Vec<u8>) {
        match direction {
            Direction::ToServer => (&mut self.to_server, &mut self.buffer),
            Direction::ToClient => (&mut self.to_client, &mut self.buffer),
        }
    }

    /// Writes the buffer. After a failure nothing more is recorded, with a
    /// message: a trace with a gap in the middle would look complete. The
    /// session goes on.
    fn write(&mut self) {
        let written = self.file.write_all(&self.buffer);
        self.buffer.clear();
        if let Err(error) = written {
            self.is_whole = false;
            let (name, error) = (input::display_name(&self.path), input::plain(&error));
            complain(&format!(
                "{name}: {error}; what passes from now on is not recorded"
            ));
        }
    }
}

/// The most names that are tried before there is taken to be no free one.
const MOST_NAMES: u32 = 10_000;

/// Creates the first file of this name, with a number where it is taken, that
/// is not there yet. Whoever runs at the same time gets another one: a file is
/// created or refused, never opened.
fn fresh(path: &Path) -> io::Result<(File, PathBuf)> {
    let mut number = 1;
    loop {
        let free = numbered(path, number);
        match files::create_growing(&free, Access::Private, true) {
            Ok(file) => return Ok((file, free)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists && number < MOST_NAMES => {
                number += 1;
            }
            Err(error) => return Err(error),
        }
    }
}

/// The time now.
pub(super) fn now() -> Time {
    Time::from_nanos(jiff::Timestamp::now().as_nanosecond())
}
