//! Targets that are written to as they are: devices, pipes, and the descriptors
//! that a shell passes on.

use std::fs::File;
use std::io;
use std::path::Path;

/// The descriptor of this process that a path names, wherever it leads.
pub(super) fn named(path: &Path) -> io::Result<Option<File>> {
    is_descriptor(path).then(|| descriptor(path)).transpose()
}

/// Whether a path is a name of a descriptor. What it leads to may be a regular
/// file, and others hold that open.
fn is_descriptor(path: &Path) -> bool {
    let text = path.to_string_lossy();
    let numbered = |dir: &str| {
        let number = text.strip_prefix(dir);
        number
            .is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
    };
    matches!(&*text, "/dev/stdout" | "/dev/stderr")
        || numbered("/dev/fd/")
        || numbered("/proc/self/fd/")
}

/// Standard output without a buffer; unlike the standard library's own, it does
/// not pass over errors.
#[cfg(unix)]
pub(super) fn standard_output() -> io::Result<File> {
    use std::os::fd::AsFd as _;
    Ok(File::from(io::stdout().as_fd().try_clone_to_owned()?))
}

#[cfg(not(unix))]
pub(super) fn standard_output() -> io::Result<io::Stdout> {
    Ok(io::stdout())
}

#[cfg(unix)]
fn descriptor(path: &Path) -> io::Result<File> {
    use std::os::fd::AsFd as _;
    match path.file_name().and_then(|name| name.to_str()) {
        Some("stdout" | "1") => standard_output(),
        Some("stderr" | "2") => Ok(File::from(io::stderr().as_fd().try_clone_to_owned()?)),
        _ => File::options().append(true).open(path),
    }
}

#[cfg(not(unix))]
fn descriptor(path: &Path) -> io::Result<File> {
    File::options().append(true).open(path)
}

/// Opens a device or a pipe with `open`, which does not wait; a pipe that
/// nothing reads yet is tried again for a while.
#[cfg(unix)]
pub(super) fn open(open: impl Fn() -> io::Result<File>) -> io::Result<File> {
    use std::time::Duration;

    use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
    use rustix::io::Errno;

    const TRIES: u32 = 500;
    const PAUSE: Duration = Duration::from_millis(20);

    let mut left = TRIES;
    let file = loop {
        match open() {
            Ok(file) => break file,
            Err(error) if error.raw_os_error() == Some(Errno::NXIO.raw_os_error()) => {
                left -= 1;
                if left == 0 {
                    let message = "is a pipe that no program reads";
                    return Err(io::Error::new(io::ErrorKind::TimedOut, message));
                }
                std::thread::sleep(PAUSE);
            }
            Err(error) => return Err(error),
        }
    };
    let flags = fcntl_getfl(&file)?;
    fcntl_setfl(&file, flags - OFlags::NONBLOCK)?;
    Ok(file)
}

#[cfg(not(unix))]
pub(super) fn open(open: impl Fn() -> io::Result<File>) -> io::Result<File> {
    open()
}
