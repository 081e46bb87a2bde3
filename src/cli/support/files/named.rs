//! Opening what a person names on the command line.

use std::fs::File;
use std::io;
use std::path::Path;

use super::dir::Kind;
use super::{Opened, Refusal, special};
use crate::cli::support::input::STDIN;

/// Opens a regular file, standard input for `-`, `/dev/null`, or a pipe, as a
/// shell gives one for `<(command)`. Other devices never end, or wait for a
/// terminal; they are refused.
pub(super) fn open(path: &Path) -> Result<Opened, Refusal> {
    if path == Path::new(STDIN) {
        return Ok(Opened {
            input: Box::new(io::stdin()),
            length: None,
        });
    }
    match Kind::of(std::fs::metadata(path)?.file_type()) {
        Kind::Directory => Err(Refusal::Directory),
        Kind::File => {
            let file = super::regular(File::open(path)?)?;
            let length = file.metadata()?.len();
            Ok(Opened {
                input: Box::new(file),
                length: Some(length),
            })
        }
        other => special_file(path, other),
    }
}

#[cfg(not(unix))]
fn special_file(_: &Path, kind: Kind) -> Result<Opened, Refusal> {
    Err(special(kind))
}

#[cfg(unix)]
fn special_file(path: &Path, kind: Kind) -> Result<Opened, Refusal> {
    let (input, length): (Box<dyn io::Read + Send>, _) = match kind {
        Kind::Pipe => {
            let file = pipe::open(path)?;
            (pipe::with_writer(file, pipe::PATIENCE)?, None)
        }
        Kind::Device if is_null(path)? => (Box::new(io::empty()), Some(0)),
        other => return Err(special(other)),
    };
    Ok(Opened { input, length })
}

/// Whether a path leads to the device that is always empty.
#[cfg(unix)]
fn is_null(path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
    let (device, null) = (std::fs::metadata(path)?, std::fs::metadata("/dev/null")?);
    Ok(device.file_type().is_char_device() && device.rdev() == null.rdev())
}

#[cfg(unix)]
pub(super) mod pipe {
    use std::fs::File;
    use std::io::{self, Cursor, Read};
    use std::os::unix::fs::OpenOptionsExt as _;
    use std::path::Path;

    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

    use super::{Kind, Refusal, special};

    /// How long a pipe that nothing writes into is waited for, in seconds.
    pub(super) const PATIENCE: i64 = 10;

    /// Opens a pipe without waiting for a writer.
    pub(in crate::cli::support::files) fn open(path: &Path) -> Result<File, Refusal> {
        let flags = OFlags::NONBLOCK.bits().cast_signed();
        let mut options = File::options();
        let file = options.read(true).custom_flags(flags).open(path)?;
        match Kind::of(file.metadata()?.file_type()) {
            Kind::Pipe => Ok(file),
            other => Err(special(other)),
        }
    }

    /// The content of a pipe that was opened without waiting. A writer may take
    /// its time, but there must be one within `patience` seconds.
    pub(in crate::cli::support::files) fn with_writer(
        mut file: File,
        patience: i64,
    ) -> Result<Box<dyn Read + Send>, Refusal> {
        let mut first = Vec::new();
        if !is_ready(&file, patience)? {
            // With a writer that has written nothing yet, reading would wait.
            let mut byte = [0];
            match file.read(&mut byte) {
                Ok(0) => {
                    let message = "is a pipe that no program writes into";
                    return Err(io::Error::new(io::ErrorKind::TimedOut, message).into());
                }
                Ok(_) => first.extend(byte),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error.into()),
            }
        }
        let flags = fcntl_getfl(&file).map_err(io::Error::from)?;
        fcntl_setfl(&file, flags - OFlags::NONBLOCK).map_err(io::Error::from)?;
        Ok(Box::new(Cursor::new(first).chain(file)))
    }

    /// Whether there is something to read, or its end, within `seconds`.
    fn is_ready(file: &File, seconds: i64) -> io::Result<bool> {
        let timeout = Timespec {
            tv_sec: seconds,
            tv_nsec: 0,
        };
        loop {
            let mut fds = [PollFd::new(file, PollFlags::IN)];
            match poll(&mut fds, Some(&timeout)) {
                Ok(ready) => return Ok(ready > 0),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}
