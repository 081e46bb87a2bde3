//! Files that are written.
//!
//! A regular or new file is written under a random name beside it, which is
//! created exclusively and renamed at the end: what was there stays until the
//! new content is whole. A device or a pipe is written to as it is. Below the
//! working directory and below the top of a repository no link is followed,
//! since a change can commit one.

mod stream;

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::hash::{BuildHasher as _, RandomState};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::Refusal;
use super::dir::{Access, Dir, Kind, link};
use super::root::spelled_out;

/// What to do with a file that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Existing {
    /// Put the new content in its place; its mode stays.
    Replace,
    /// Refuse to write.
    Refuse,
}

/// How a file is written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Options {
    pub existing: Existing,
    /// Who may read it, where it is new.
    pub access: Access,
    /// Whether the directories that lead to it are made.
    pub directories: bool,
}

impl Options {
    /// Replaces what is there, in a directory that is there.
    pub const REPLACE: Options = Options {
        existing: Existing::Replace,
        access: Access::Usual,
        directories: false,
    };
}

/// Standard output, whose reader may go.
///
/// # Errors
/// A standard output that is closed.
pub(crate) fn standard_output() -> io::Result<Target> {
    Ok(Target::stream(stream::standard_output()?))
}

/// Replaces a file's content, whole or not at all.
///
/// # Errors
/// What could not be written; what was there stays then.
pub(crate) fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    write(path, content, Options::REPLACE)
}

/// Writes a file that must not be there, with the directories that lead to it.
///
/// # Errors
/// What could not be written; nothing is there then.
pub(crate) fn create_new(path: &Path, content: &[u8]) -> io::Result<()> {
    let options = Options {
        existing: Existing::Refuse,
        directories: true,
        ..Options::REPLACE
    };
    write(path, content, options)
}

/// Writes a file as the options say.
///
/// # Errors
/// What could not be written.
pub(crate) fn write(path: &Path, content: &[u8], options: Options) -> io::Result<()> {
    let mut target = Target::begin(path, options)?;
    target.write_all(content)?;
    target.finish()
}

/// Opens a file to write to its end, and to read it if `read`; a new one is
/// created if nothing is there.
///
/// # Errors
/// What is a link, or cannot be opened.
pub(crate) fn append(path: &Path, access: Access, read: bool) -> io::Result<File> {
    if let Some(descriptor) = stream::named(path)? {
        return Ok(descriptor);
    }
    let place = Place::of(path, false)?;
    match place.dir.create(&place.name, access) {
        Ok(file) => Ok(file),
        Err(Refusal::Unreadable(error)) if error.kind() == io::ErrorKind::AlreadyExists => {
            Ok(place.dir.appender(&place.name, read)?)
        }
        Err(refusal) => Err(refusal.into()),
    }
}

/// Creates a file that grows while others read it, of which nothing must be
/// there, and with `directories` those that lead to it.
///
/// # Errors
/// What is there, or cannot be created.
#[cfg(feature = "live")]
pub(crate) fn create_growing(path: &Path, access: Access, directories: bool) -> io::Result<File> {
    let place = Place::of(path, directories)?;
    Ok(place.dir.create(&place.name, access)?)
}

/// Makes a directory and those that lead to it, unless they are there.
///
/// # Errors
/// What cannot be made, or leads over a link.
pub(crate) fn make_directory(path: &Path) -> io::Result<()> {
    // The place of a file in it is a directory that is held open.
    Place::of(&path.join("file"), true)?;
    Ok(())
}

/// Removes a file, or a link.
///
/// # Errors
/// What cannot be removed.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    let place = Place::of(path, false)?;
    Ok(place.dir.remove(&place.name)?)
}

/// A file that is being written. Without `finish` nothing has happened to it.
pub(crate) struct Target(Into);

enum Into {
    /// A device or a pipe, or a descriptor of this process.
    Stream {
        out: Box<dyn Write>,
        /// Its reader has gone, and needs no more.
        is_over: bool,
    },
    /// A regular file.
    File { file: File, kept: Kept },
}

/// A temporary file; it is removed when this is dropped.
struct Kept {
    place: Place,
    temporary: OsString,
    must_be_new: bool,
}

impl Target {
    /// Begins to write.
    ///
    /// # Errors
    /// What the options refuse, a link, or what cannot be opened.
    pub fn begin(path: &Path, options: Options) -> io::Result<Target> {
        if let Some(out) = stream::named(path)? {
            return Ok(Target::stream(out));
        }
        let place = Place::of(path, options.directories)?;
        let mode = match place.dir.kind(&place.name) {
            Err(Refusal::Absent) => None,
            Err(refusal) => return Err(refusal.into()),
            Ok(_) if options.existing == Existing::Refuse => {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            Ok(Kind::Directory) => return Err(io::ErrorKind::IsADirectory.into()),
            Ok(Kind::Link) => return Err(link(&place.name).into()),
            Ok(Kind::File) => {
                // Renaming would replace what its owner has made read-only.
                let there = place.dir.appender(&place.name, false)?;
                Some(super::regular(there)?.metadata()?.permissions())
            }
            Ok(_) => {
                let out = stream::open(|| Ok(place.dir.appender(&place.name, false)?))?;
                return Ok(Target::stream(out));
            }
        };
        let access = if mode.is_some() {
            Access::Private
        } else {
            options.access
        };
        let (temporary, file) = temporary(&place.dir, access)?;
        let kept = Kept {
            place,
            temporary,
            must_be_new: options.existing == Existing::Refuse,
        };
        if let Some(mode) = mode {
            file.set_permissions(mode)?;
        }
        Ok(Target(Into::File { file, kept }))
    }

    fn stream(out: impl Write + 'static) -> Target {
        Target(Into::Stream {
            out: Box::new(out),
            is_over: false,
        })
    }

    /// Puts the file in its place.
    ///
    /// # Errors
    /// What could not be written; what was there stays then.
    pub fn finish(mut self) -> io::Result<()> {
        self.flush()?;
        match self.0 {
            Into::Stream { .. } => Ok(()),
            Into::File { file, kept } => {
                file.sync_all()?;
                drop(file);
                kept.put()
            }
        }
    }
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.0 {
            Into::File { file, .. } => file.write(bytes),
            Into::Stream { is_over: true, .. } => Ok(bytes.len()),
            Into::Stream { out, is_over } => match out.write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                    *is_over = true;
                    Ok(bytes.len())
                }
                other => other,
            },
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.0 {
            Into::File { file, .. } => file.flush(),
            Into::Stream { is_over: true, .. } => Ok(()),
            Into::Stream { out, .. } => match out.flush() {
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
                other => other,
            },
        }
    }
}

impl Kept {
    fn put(self) -> io::Result<()> {
        let Place { dir, name } = &self.place;
        // Something may have come meanwhile.
        if self.must_be_new && dir.kind(name).is_ok() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        Ok(dir.rename(&self.temporary, name)?)
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        // After it was put in its place there is none.
        let _ = self.place.dir.remove(&self.temporary);
    }
}

/// Creates a file under a name that nobody can foresee.
fn temporary(dir: &Dir, access: Access) -> io::Result<(OsString, File)> {
    // Each has keys of its own that come from the system.
    let random = || RandomState::new().hash_one(std::process::id());
    let name = OsString::from(format!(".mcppolicy-{:016x}{:016x}", random(), random()));
    let file = dir.create(&name, access)?;
    Ok((name, file))
}

/// A name in a directory that is held open.
struct Place {
    dir: Dir,
    name: OsString,
}

impl Place {
    /// Where a path leads: below a boundary over no link, elsewhere as a person
    /// has laid it out.
    fn of(path: &Path, directories: bool) -> Result<Place, Refusal> {
        let absolute = std::path::absolute(path)?;
        let spelled = spelled_out(&absolute);
        let Some(name) = spelled.file_name() else {
            return Err(Refusal::Directory);
        };
        let Some(boundary) = boundary(&spelled) else {
            return Place::outside(&absolute, &spelled, name, directories);
        };
        let below = spelled.strip_prefix(&boundary).unwrap_or(Path::new(""));
        let mut dir = Dir::at(&boundary)?;
        for part in below.parent().unwrap_or(Path::new("")) {
            if directories {
                dir.make(part)?;
            }
            dir = dir.below(part)?;
        }
        let name = name.to_os_string();
        Ok(Place { dir, name })
    }

    fn outside(
        absolute: &Path,
        spelled: &Path,
        name: &OsStr,
        directories: bool,
    ) -> Result<Place, Refusal> {
        let parent = spelled.parent().unwrap_or(Path::new(""));
        if directories {
            std::fs::create_dir_all(parent)?;
        }
        let real = parent.canonicalize()?;
        let named = absolute.parent().unwrap_or(Path::new("")).canonicalize();
        if named.is_ok_and(|named| named != real) {
            return Err(Refusal::Forbidden(
                "leads back out of a symbolic link; spell it out without `..`".to_owned(),
            ));
        }
        let dir = Dir::at(&real)?;
        let name = name.to_os_string();
        match dir.kind(&name) {
            // A link that leads nowhere is refused where it is written.
            Ok(Kind::Link) => match real.join(&name).canonicalize() {
                Ok(there) => Place::of(&there, false),
                Err(_) => Ok(Place { dir, name }),
            },
            _ => Ok(Place { dir, name }),
        }
    }
}

/// The outermost directory above a path that is the working directory, the top
/// of its repository, or the top of the repository that the path lies in.
fn boundary(path: &Path) -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?.canonicalize().ok()?;
    let is_top = |dir: &&Path| dir.join(".git").symlink_metadata().is_ok();
    let own_top = here.ancestors().find(is_top).map(Path::to_path_buf);
    let above: Vec<&Path> = path.ancestors().skip(1).collect();
    let nearest_top = nearest_top(above.iter().copied().filter(is_top));
    let is_known = |dir: &Path| {
        let real = dir.canonicalize();
        real.is_ok_and(|real| real == here || Some(&real) == own_top.as_ref())
    };
    let mut outermost = above.iter().rev();
    // What a system has in its root is laid out by no change.
    let may_bound = |dir: &Path| dir.parent().is_some() || is_top(&dir);
    let found =
        outermost.find(|dir| may_bound(dir) && (Some(**dir) == nearest_top || is_known(dir)))?;
    Some(found.to_path_buf())
}

/// The innermost of the tops of repositories above a path, from the inside; one
/// that only a link leads to is not looked at, as a repository can hold a link
/// to another.
fn nearest_top<'a>(mut tops: impl Iterator<Item = &'a Path>) -> Option<&'a Path> {
    let mut nearest = tops.next()?;
    for outer in tops {
        let [Ok(real), Ok(start)] = [nearest, outer].map(Path::canonicalize) else {
            continue;
        };
        let inside = nearest.strip_prefix(outer).unwrap_or(Path::new(""));
        if start.join(inside) != real {
            nearest = outer;
        }
    }
    Some(nearest)
}

#[cfg(test)]
mod tests;
