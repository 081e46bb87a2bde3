//! Files that are read, and who names them.
//!
//! What a person names on the command line may lie anywhere. A path that
//! stands inside a file (a configuration, the header of a trace), or that is
//! looked for because nothing is named, is chosen by the author of a change:
//! it must be a regular file below a root, with no link on the way.

mod checkout;
mod dir;
mod named;
mod root;
mod target;

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use dir::Kind;

use super::input;
use super::problems::Problems;
use mcppolicy_analysis::finding::{Finding, RuleId, Severity};
use mcppolicy_analysis::report::Failure;
use mcppolicy_engine::source::{Location, SourceMap, Span};

pub(crate) use checkout::{Checkout, is_job};
pub(crate) use dir::Access;
pub(crate) use root::{Root, spelled_out, spelling};
#[cfg(feature = "live")]
pub(crate) use target::create_growing;
pub(crate) use target::{
    Existing, Options, Target, append, create_new, make_directory, remove, replace,
    standard_output, write,
};

const MIB: u64 = 1 << 20;

/// What a file is read as, which says how large it may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Policy,
    Configuration,
    Inventory,
    Approvals,
    /// One call, as `decide` takes it.
    Call,
    /// A trace that is read as a whole: to be rewritten, or out of a commit. Replaying
    /// a file streams, and has no limit.
    Trace,
    /// A share's report, as `merge` reads it.
    Report,
}

impl Role {
    /// The most bytes that are read.
    pub const fn limit(self) -> u64 {
        match self {
            Role::Configuration => MIB,
            Role::Approvals => 16 * MIB,
            Role::Policy | Role::Call => 64 * MIB,
            Role::Inventory => 256 * MIB,
            Role::Trace | Role::Report => 1024 * MIB,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Role::Policy => "a policy",
            Role::Configuration => "a configuration",
            Role::Inventory => "an inventory",
            Role::Approvals => "a file of approvals",
            Role::Call => "a call",
            Role::Trace => "a trace that is read whole",
            Role::Report => "a report",
        }
    }
}

/// A file to read, and who names it.
#[derive(Debug, Clone)]
pub(crate) struct InputFile {
    path: PathBuf,
    by: NamedBy,
}

#[derive(Debug, Clone)]
enum NamedBy {
    /// The command line.
    Person,
    /// A file, at a location, or the name of a file that is looked for.
    File {
        root: Root,
        /// What is checked, when that is not the working tree.
        checkout: Option<Rc<Checkout>>,
        location: Option<Location>,
        /// The JSON Pointer of that location.
        pointer: &'static str,
    },
}

/// What can be read, and its length where it is a regular file.
pub(crate) struct Opened {
    pub input: Box<dyn Read + Send>,
    pub length: Option<u64>,
}

/// Why a file is not read.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// There is no such file.
    Absent,
    /// The operating system refuses it.
    Unreadable(io::Error),
    /// It is a directory.
    Directory,
    /// It is not what may be read there, and why.
    Forbidden(String),
    /// It is larger than its role allows.
    TooLarge(Role),
    /// It is not what is committed, and how.
    Uncommitted(String),
}

impl Refusal {
    /// What is wrong, to be put behind the file's name. Nothing of the file's
    /// content is in it.
    pub fn message(&self) -> String {
        match self {
            Refusal::Absent => "no such file".to_owned(),
            Refusal::Unreadable(error) => input::plain(error),
            Refusal::Directory => "is a directory, a file is needed".to_owned(),
            Refusal::Forbidden(why) | Refusal::Uncommitted(why) => why.clone(),
            Refusal::TooLarge(role) => {
                let (limit, name) = (role.limit() / MIB, role.name());
                format!("is larger than {limit} MiB, the most that {name} may have")
            }
        }
    }

    /// The same as a failure of the input called `name`.
    pub fn failure(&self, name: &str) -> Failure {
        Failure {
            input: name.to_owned(),
            message: self.message(),
        }
    }

    /// Whether the file is what must not be there, rather than missing or
    /// unreadable.
    pub fn is_invalid(&self) -> bool {
        matches!(
            self,
            Refusal::Forbidden(_) | Refusal::TooLarge(_) | Refusal::Uncommitted(_)
        )
    }
}

impl From<Refusal> for io::Error {
    fn from(refusal: Refusal) -> io::Error {
        match refusal {
            Refusal::Absent => io::ErrorKind::NotFound.into(),
            Refusal::Unreadable(error) => error,
            Refusal::Directory => io::ErrorKind::IsADirectory.into(),
            Refusal::Forbidden(_) | Refusal::TooLarge(_) | Refusal::Uncommitted(_) => {
                io::Error::other(refusal.message())
            }
        }
    }
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Refusal {
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Refusal::Absent,
            io::ErrorKind::IsADirectory => Refusal::Directory,
            _ => Refusal::Unreadable(error),
        }
    }
}

impl InputFile {
    /// A file that the command line names; `-` is standard input.
    pub fn of_person(path: impl Into<PathBuf>) -> InputFile {
        InputFile {
            path: path.into(),
            by: NamedBy::Person,
        }
    }

    /// A file below `root` that a file names at `location`, or that is looked
    /// for because nothing is named.
    pub fn below(
        root: &Root,
        path: impl Into<PathBuf>,
        location: impl Into<Option<Location>>,
    ) -> InputFile {
        InputFile {
            path: path.into(),
            by: NamedBy::File {
                root: root.clone(),
                checkout: None,
                location: location.into(),
                pointer: "",
            },
        }
    }

    /// The same file as a state of a change has it.
    pub fn of_checkout(mut self, checked: Option<&Rc<Checkout>>) -> InputFile {
        if let NamedBy::File { checkout, .. } = &mut self.by {
            *checkout = checked.cloned();
        }
        self
    }

    /// The same file, named at a JSON Pointer.
    pub fn at_pointer(mut self, at: &'static str) -> InputFile {
        if let NamedBy::File { pointer, .. } = &mut self.by {
            *pointer = at;
        }
        self
    }

    /// Whether it is a file of a change that is checked.
    pub fn is_checked(&self) -> bool {
        matches!(
            &self.by,
            NamedBy::File {
                checkout: Some(_),
                ..
            }
        )
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its name in reports.
    pub fn name(&self) -> String {
        input::display_name(&self.path)
    }

    /// Whether it is standard input.
    pub fn is_stdin(&self) -> bool {
        matches!(self.by, NamedBy::Person) && self.path == Path::new(input::STDIN)
    }

    /// Opens it to be read as a stream. Opening never waits for a file that
    /// another file names, and not for long for a pipe of the command line.
    ///
    /// # Errors
    /// Why it is not read.
    pub fn open(&self) -> Result<Opened, Refusal> {
        match &self.by {
            NamedBy::Person => named::open(&self.path),
            NamedBy::File {
                checkout: Some(checkout),
                ..
            } => {
                let bytes = checkout.read(&self.path, Role::Trace)?;
                Ok(Opened {
                    length: u64::try_from(bytes.len()).ok(),
                    input: Box::new(io::Cursor::new(bytes)),
                })
            }
            NamedBy::File { root, .. } => {
                let file = root.open(&self.path)?;
                let length = file.metadata()?.len();
                Ok(Opened {
                    input: Box::new(file),
                    length: Some(length),
                })
            }
        }
    }

    /// Reads it whole.
    ///
    /// # Errors
    /// Why it is not read.
    pub fn read(&self, role: Role) -> Result<Vec<u8>, Refusal> {
        if let NamedBy::File {
            checkout: Some(checkout),
            ..
        } = &self.by
        {
            return checkout.read(&self.path, role);
        }
        let opened = self.open()?;
        if opened.length.is_some_and(|length| length > role.limit()) {
            return Err(Refusal::TooLarge(role));
        }
        limited(opened.input, role)
    }

    /// A refusal as a problem of the run: a failure where the file is missing
    /// or unreadable, a finding where it is what must not be named, or not what
    /// is committed, and a finding of `rule` where it is too large.
    pub fn problem(&self, refusal: &Refusal, rule: RuleId, sources: &mut SourceMap) -> Problems {
        let name = self.name();
        match self.by {
            NamedBy::File {
                location, pointer, ..
            } if refusal.is_invalid() => {
                let location = location.unwrap_or_else(|| beginning(&name, sources));
                let message = format!("{name} {}", refusal.message());
                let rule = match refusal {
                    Refusal::Forbidden(_) => RuleId::UnsafePath,
                    Refusal::Uncommitted(_) => RuleId::NotCommitted,
                    _ => rule,
                };
                let finding = Finding::new(rule, Severity::Error, location, pointer, message);
                Problems::from(vec![finding])
            }
            _ => Problems::from(refusal.failure(&name)),
        }
    }
}

/// The files that a path of the command line names: itself, or those of a
/// directory for which `wanted` is true. What is found in a directory is
/// nobody's choice, so that links there are not followed.
pub(crate) fn input_files(
    path: &Path,
    wanted: impl Fn(&Path) -> bool,
) -> (Vec<InputFile>, Problems) {
    if path == Path::new(input::STDIN) || !path.is_dir() {
        return (vec![InputFile::of_person(path)], Problems::default());
    }
    let root = Root::at(path);
    match input::walk(path, wanted) {
        Ok(found) => {
            let files = found.into_iter();
            let files = files.map(|file| InputFile::below(&root, file, None));
            (files.collect(), Problems::default())
        }
        Err(failure) => (Vec::new(), Problems::from(failure)),
    }
}

/// The place of a finding about something of which no text is shown: a file that
/// is not read, or a revision.
pub(crate) fn beginning(name: &str, sources: &mut SourceMap) -> Location {
    Location {
        file: sources.add(name, ""),
        span: Span::default(),
    }
}

/// All that can be read, within the limit of its role.
fn limited(input: impl Read, role: Role) -> Result<Vec<u8>, Refusal> {
    let mut bytes = Vec::new();
    let read = input.take(role.limit() + 1).read_to_end(&mut bytes)?;
    if u64::try_from(read).is_ok_and(|read| read <= role.limit()) {
        Ok(bytes)
    } else {
        Err(Refusal::TooLarge(role))
    }
}

/// A regular file that was opened, else why it is refused.
fn regular(file: File) -> Result<File, Refusal> {
    match Kind::of(file.metadata()?.file_type()) {
        Kind::File => Ok(file),
        Kind::Directory => Err(Refusal::Directory),
        other => Err(special(other)),
    }
}

/// A refusal that says what a file is instead of a regular one.
fn special(kind: Kind) -> Refusal {
    let what = kind.name();
    Refusal::Forbidden(format!("is {what}, and only regular files are read there"))
}

#[cfg(test)]
mod tests;
