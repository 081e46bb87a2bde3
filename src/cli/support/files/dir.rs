//! A directory that is held open, so that what is asked of it and what is
//! opened in it is the same whatever becomes of its path. Nothing here follows a
//! link.

use std::ffi::OsStr;
use std::path::Path;

use super::Refusal;

/// What a name in a directory is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    Directory,
    Link,
    Pipe,
    Socket,
    Device,
}

impl Kind {
    /// What it is, in messages.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Kind::File => "a file",
            Kind::Directory => "a directory",
            Kind::Link => "a symbolic link",
            Kind::Pipe => "a pipe",
            Kind::Socket => "a socket",
            Kind::Device => "a device",
        }
    }

    #[cfg(unix)]
    pub(super) fn of(kind: std::fs::FileType) -> Kind {
        use std::os::unix::fs::FileTypeExt as _;
        match kind {
            kind if kind.is_file() => Kind::File,
            kind if kind.is_dir() => Kind::Directory,
            kind if kind.is_symlink() => Kind::Link,
            kind if kind.is_fifo() => Kind::Pipe,
            kind if kind.is_socket() => Kind::Socket,
            _ => Kind::Device,
        }
    }

    #[cfg(not(unix))]
    pub(super) fn of(kind: std::fs::FileType) -> Kind {
        match kind {
            kind if kind.is_file() => Kind::File,
            kind if kind.is_dir() => Kind::Directory,
            kind if kind.is_symlink() => Kind::Link,
            _ => Kind::Device,
        }
    }
}

/// Who may read a new file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Whom the process's mask allows.
    Usual,
    /// Its owner alone.
    Private,
}

/// A link on the way to a file.
pub(super) fn link(name: &OsStr) -> Refusal {
    let name = Path::new(name).display();
    Refusal::Forbidden(format!(
        "leads over the symbolic link {name}, and links are not followed there"
    ))
}

pub(super) use system::Dir;

#[cfg(unix)]
mod system {
    use std::ffi::OsStr;
    use std::fs::File;
    use std::io;
    use std::os::fd::OwnedFd;
    use std::path::Path;

    use rustix::fs::{self as fs, AtFlags, FileType, Mode, OFlags};
    use rustix::io::Errno;

    use super::{Access, Kind, Refusal, link};

    /// A directory that is held open.
    #[derive(Debug)]
    pub(in super::super) struct Dir(OwnedFd);

    const DIRECTORY: OFlags = OFlags::RDONLY
        .union(OFlags::DIRECTORY)
        .union(OFlags::CLOEXEC);

    impl Dir {
        /// Opens the directory at a path, over which links may lead.
        pub(in super::super) fn at(path: &Path) -> Result<Dir, Refusal> {
            let opened = fs::open(path, DIRECTORY, Mode::empty());
            Ok(Dir(opened.map_err(plain)?))
        }

        /// Opens a directory in this one.
        pub(in super::super) fn below(&self, name: &OsStr) -> Result<Dir, Refusal> {
            // Asked first for the message: with O_DIRECTORY, Linux answers to a
            // link as to a file.
            if self.kind(name)? == Kind::Link {
                return Err(link(name));
            }
            self.open(name, DIRECTORY, Mode::empty()).map(Dir)
        }

        /// Makes a directory in this one, unless it is there.
        pub(in super::super) fn make(&self, name: &OsStr) -> Result<(), Refusal> {
            let mode = Mode::RWXU | Mode::RWXG | Mode::RWXO;
            match fs::mkdirat(&self.0, name, mode) {
                Ok(()) | Err(Errno::EXIST) => Ok(()),
                Err(error) => Err(plain(error)),
            }
        }

        /// What a name is.
        pub(in super::super) fn kind(&self, name: &OsStr) -> Result<Kind, Refusal> {
            let stat = fs::statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW).map_err(plain)?;
            Ok(match FileType::from_raw_mode(stat.st_mode) {
                FileType::RegularFile => Kind::File,
                FileType::Directory => Kind::Directory,
                FileType::Symlink => Kind::Link,
                FileType::Fifo => Kind::Pipe,
                FileType::Socket => Kind::Socket,
                _ => Kind::Device,
            })
        }

        /// Opens what is there to read it, without waiting.
        pub(in super::super) fn reader(&self, name: &OsStr) -> Result<File, Refusal> {
            let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
            self.open(name, flags, Mode::empty()).map(File::from)
        }

        /// Opens what is there to write to its end, and to read it if `read`,
        /// without waiting.
        pub(in super::super) fn appender(&self, name: &OsStr, read: bool) -> Result<File, Refusal> {
            let flags = if read { OFlags::RDWR } else { OFlags::WRONLY };
            let flags = flags | OFlags::APPEND | OFlags::NONBLOCK | OFlags::NOCTTY;
            let file = self.open(name, flags | OFlags::CLOEXEC, Mode::empty());
            file.map(File::from)
        }

        /// Creates a file, of which nothing must be there.
        pub(in super::super) fn create(
            &self,
            name: &OsStr,
            access: Access,
        ) -> Result<File, Refusal> {
            let owner = Mode::RUSR | Mode::WUSR;
            let mode = match access {
                Access::Private => owner,
                Access::Usual => owner | Mode::RGRP | Mode::WGRP | Mode::ROTH | Mode::WOTH,
            };
            let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
            self.open(name, flags, mode).map(File::from)
        }

        /// Gives the file `from` the name `to`, in place of what has it.
        pub(in super::super) fn rename(&self, from: &OsStr, to: &OsStr) -> Result<(), Refusal> {
            fs::renameat(&self.0, from, &self.0, to).map_err(plain)
        }

        /// Removes a file.
        pub(in super::super) fn remove(&self, name: &OsStr) -> Result<(), Refusal> {
            fs::unlinkat(&self.0, name, AtFlags::empty()).map_err(plain)
        }

        fn open(&self, name: &OsStr, flags: OFlags, mode: Mode) -> Result<OwnedFd, Refusal> {
            let opened = fs::openat(&self.0, name, flags | OFlags::NOFOLLOW, mode);
            opened.map_err(|error| match error {
                Errno::LOOP => link(name),
                other => plain(other),
            })
        }
    }

    fn plain(error: Errno) -> Refusal {
        Refusal::from(io::Error::from(error))
    }
}

#[cfg(not(unix))]
mod system {
    use std::ffi::OsStr;
    use std::fs::{self, File};
    use std::path::{Path, PathBuf};

    use super::{Access, Kind, Refusal, link};

    /// A directory, by its path: here none can be held open.
    #[derive(Debug)]
    pub(in super::super) struct Dir(PathBuf);

    impl Dir {
        /// Opens the directory at a path, over which links may lead.
        pub(in super::super) fn at(path: &Path) -> Result<Dir, Refusal> {
            if fs::metadata(path)?.is_dir() {
                Ok(Dir(path.to_path_buf()))
            } else {
                Err(Refusal::Absent)
            }
        }

        /// Opens a directory in this one.
        pub(in super::super) fn below(&self, name: &OsStr) -> Result<Dir, Refusal> {
            match self.kind(name)? {
                Kind::Directory => Ok(Dir(self.0.join(name))),
                Kind::Link => Err(link(name)),
                _ => Err(Refusal::Absent),
            }
        }

        /// Makes a directory in this one, unless it is there.
        pub(in super::super) fn make(&self, name: &OsStr) -> Result<(), Refusal> {
            match fs::create_dir(self.0.join(name)) {
                Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
                    Err(error.into())
                }
                _ => Ok(()),
            }
        }

        /// What a name is.
        pub(in super::super) fn kind(&self, name: &OsStr) -> Result<Kind, Refusal> {
            Ok(Kind::of(
                fs::symlink_metadata(self.0.join(name))?.file_type(),
            ))
        }

        /// Opens what is there to read it.
        pub(in super::super) fn reader(&self, name: &OsStr) -> Result<File, Refusal> {
            self.unlinked(name)?;
            Ok(File::open(self.0.join(name))?)
        }

        /// Opens what is there to write to its end, and to read it if `read`.
        pub(in super::super) fn appender(&self, name: &OsStr, read: bool) -> Result<File, Refusal> {
            self.unlinked(name)?;
            let mut options = File::options();
            Ok(options.append(true).read(read).open(self.0.join(name))?)
        }

        /// Creates a file, of which nothing must be there.
        pub(in super::super) fn create(&self, name: &OsStr, _: Access) -> Result<File, Refusal> {
            Ok(File::create_new(self.0.join(name))?)
        }

        /// Gives the file `from` the name `to`, in place of what has it.
        pub(in super::super) fn rename(&self, from: &OsStr, to: &OsStr) -> Result<(), Refusal> {
            Ok(fs::rename(self.0.join(from), self.0.join(to))?)
        }

        /// Removes a file.
        pub(in super::super) fn remove(&self, name: &OsStr) -> Result<(), Refusal> {
            Ok(fs::remove_file(self.0.join(name))?)
        }

        fn unlinked(&self, name: &OsStr) -> Result<(), Refusal> {
            match self.kind(name)? {
                Kind::Link => Err(link(name)),
                _ => Ok(()),
            }
        }
    }
}
