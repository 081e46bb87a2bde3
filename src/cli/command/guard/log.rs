//! The file that decisions are written to before they take effect.

use std::fs::{File, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::chain::{self, Chain};
use crate::cli::support::files::{self, Access};
use crate::cli::support::input;
use crate::cli::support::output::complain;
use crate::cli::support::traces::failure;
use mcppolicy_analysis::report::Failure;
use mcppolicy_guard::Journal;
use mcppolicy_trace::trace::block::LONGEST_LINE;

/// So many names are tried for a log: the file, then with `.2`, `.3`, …
const MOST_NAMES: u32 = 10_000;

/// How much of a file is read at once, backward, to find its last line.
const CHUNK: u64 = 64 * 1024;

/// A log, if one is kept.
#[derive(Debug)]
pub(super) struct Log {
    /// The name that was given.
    name: Option<PathBuf>,
    /// Whether a chain of digests is kept beside it.
    is_chained: bool,
    open: Option<Open>,
    /// Whether all that was to be written is in the log.
    is_whole: bool,
}

/// A log that is being written.
#[derive(Debug)]
struct Open {
    file: File,
    path: PathBuf,
    policy_sha256: String,
    chain: Option<Chain>,
    /// The length of its whole lines; `None` for what is no file.
    length: Option<u64>,
    /// Whether it was begun here, and holds no decision yet.
    is_new: bool,
    /// Whether a part of a line could not be taken back.
    is_broken: bool,
}

impl Log {
    /// A log to be written to the file `name`, or none; with a chain of digests
    /// beside it if `is_chained`.
    pub fn new(name: Option<&Path>, is_chained: bool) -> Log {
        Log {
            name: name.map(Path::to_path_buf),
            is_chained,
            open: None,
            is_whole: true,
        }
    }

    /// Removes a log that holds no decision and was begun here.
    pub fn discard(&mut self) {
        if let Some(open) = self.open.take().filter(|open| open.is_new) {
            let _ = files::remove(&open.path);
            if open.chain.is_some() {
                let _ = files::remove(&chain::beside(&open.path));
            }
        }
    }

    /// Whether all that was to be written is in the log.
    pub fn is_whole(&self) -> bool {
        self.is_whole
    }
}

impl Journal for Log {
    type Error = Failure;

    fn begin(&mut self, header: &str, policy_sha256: &str) -> Result<(), Failure> {
        let Some(name) = &self.name else {
            return Ok(());
        };
        let is_same = |open: &Open| open.policy_sha256 == policy_sha256 && !open.is_broken;
        if self.open.as_ref().is_some_and(is_same) {
            return Ok(());
        }
        for number in 1..=MOST_NAMES {
            let path = numbered(name, number);
            let opened = open(&path, header, policy_sha256, self.is_chained);
            if let Some(open) = opened.map_err(|error| failure(&path, &error))? {
                self.open = Some(open);
                return Ok(());
            }
        }
        Err(Failure {
            input: input::display_name(name),
            message: "is taken, and so are the names after it; name another file".to_owned(),
        })
    }

    fn append(&mut self, line: &str) -> Result<(), Failure> {
        let Some(open) = &mut self.open else {
            return Ok(());
        };
        open.append(line).map_err(|error| {
            let failed = failure(&open.path, &error);
            if self.is_whole {
                let message = "calls are refused while the log cannot be written";
                complain(&format!("{}: {}; {message}", failed.input, failed.message));
            }
            self.is_whole = false;
            failed
        })
    }
}

impl Open {
    /// Writes one line, whole or not at all.
    fn append(&mut self, line: &str) -> io::Result<()> {
        if line.len() >= LONGEST_LINE {
            return Err(io::Error::other(
                "a line of it would be longer than a trace may have",
            ));
        }
        if self.is_broken {
            return Err(io::Error::other("ends in a part of a line"));
        }
        let bytes = format!("{line}\n").into_bytes();
        let written = self.file.write_all(&bytes);
        let chain = self.chain.as_mut();
        let written =
            written.and_then(|()| chain.map_or(Ok(()), |chain| chain.append(line.as_bytes())));
        match written {
            Ok(()) => {
                self.is_new = false;
                self.length = self.length.map(|length| length + bytes.len() as u64);
                Ok(())
            }
            Err(error) => {
                // The disk may be full. Without the part that was written the
                // log still ends in a whole line, and may go on later.
                let cut = self.length.map(|length| self.file.set_len(length));
                self.is_broken = !matches!(cut, Some(Ok(())));
                Err(error)
            }
        }
    }
}

/// Opens a log of this policy: a new one, or one that such a policy began. A
/// file that is something else, or that another process writes to, is left
/// alone, and there is none.
fn open(
    path: &Path,
    header: &str,
    policy_sha256: &str,
    is_chained: bool,
) -> io::Result<Option<Open>> {
    let mut file = files::append(path, Access::Private, true)?;
    let data = file.metadata()?;
    let mut open = Open {
        path: path.to_path_buf(),
        policy_sha256: policy_sha256.to_owned(),
        chain: None,
        length: data.is_file().then_some(0),
        is_new: data.is_file() && data.len() == 0,
        is_broken: false,
        file: file.try_clone()?,
    };
    if data.is_file() {
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    if !data.is_file() && is_chained {
        return Err(io::Error::other("is no file, and can have no chain"));
    }
    if open.is_new || !data.is_file() {
        let is_new = open.is_new;
        if is_chained {
            // A chain without its log says that the log was taken away.
            open.chain = Chain::open(path, io::empty())?;
            if open.chain.is_none() {
                files::remove(path)?;
                return Ok(None);
            }
        }
        open.append(header)?;
        open.is_new = is_new;
        return Ok(Some(open));
    }
    let mut first = vec![0; header.len() + 1];
    file.seek(SeekFrom::Start(0))?;
    let is_ours = match file.read_exact(&mut first) {
        Ok(()) => first == format!("{header}\n").into_bytes(),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => false,
        Err(error) => return Err(error),
    };
    if !is_ours {
        return Ok(None);
    }
    let length = end_of_whole_lines(&mut file, path)?;
    open.length = Some(length);
    if is_chained {
        file.seek(SeekFrom::Start(0))?;
        open.chain = Chain::open(path, Read::by_ref(&mut file).take(length))?;
        if open.chain.is_none() {
            return Ok(None);
        }
    }
    Ok(Some(open))
}

/// Where the last whole line of a log ends. What comes after it, which a guard
/// that was killed could not end, is moved to a file beside the log.
fn end_of_whole_lines(file: &mut File, path: &Path) -> io::Result<u64> {
    let length = file.metadata()?.len();
    let mut end = length;
    let mut tail: Vec<u8> = Vec::new();
    while end > 0 {
        let start = end.saturating_sub(CHUNK);
        file.seek(SeekFrom::Start(start))?;
        let mut chunk = Vec::new();
        Read::by_ref(file)
            .take(end - start)
            .read_to_end(&mut chunk)?;
        if let Some(at) = chunk.iter().rposition(|byte| *byte == b'\n') {
            tail.splice(..0, chunk.split_off(at + 1));
            break;
        }
        tail.splice(..0, chunk);
        end = start;
    }
    let whole = length - tail.len() as u64;
    if !tail.is_empty() {
        let mut name = path.as_os_str().to_owned();
        name.push(".cut");
        let mut cut = files::append(Path::new(&name), Access::Private, false)?;
        tail.push(b'\n');
        cut.write_all(&tail)?;
        cut.sync_all()?;
        file.set_len(whole)?;
    }
    Ok(whole)
}

/// The `number`-th name of a log: `F`, `F.2`, `F.3`, …
fn numbered(name: &Path, number: u32) -> PathBuf {
    if number == 1 {
        return name.to_path_buf();
    }
    let mut numbered = name.as_os_str().to_owned();
    numbered.push(format!(".{number}"));
    PathBuf::from(numbered)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::support::files::{InputFile, Role};

    const HEADER: &str = "{\"mcppolicy\":\"trace/1\",\"policy_sha256\":\"d\"}";

    fn directory(name: &str) -> PathBuf {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("target/tmp/guard-log")
            .join(name);
        let _ = std::fs::remove_dir_all(&dir);
        files::make_directory(&dir).unwrap();
        dir
    }

    fn text(path: &Path) -> Option<String> {
        let read = InputFile::of_person(path).read(Role::Policy).ok()?;
        Some(String::from_utf8(read).unwrap())
    }

    #[test]
    fn a_log_that_a_killed_guard_has_cut_at_any_byte_goes_on_whole() {
        let whole = format!("{HEADER}\n{{\"a\":1}}\n{{\"b\":\"\u{e9}\"}}\n");
        for cut in HEADER.len() + 1..=whole.len() {
            let dir = directory("cut");
            let path = dir.join("log");
            files::replace(&path, &whole.as_bytes()[..cut]).unwrap();
            let mut log = Log::new(Some(&path), false);
            log.begin(HEADER, "d").unwrap();
            log.append("{}").unwrap();
            let end = whole.as_bytes()[..cut]
                .iter()
                .rposition(|byte| *byte == b'\n')
                .unwrap()
                + 1;
            let expected = format!(
                "{}{{}}\n",
                std::str::from_utf8(&whole.as_bytes()[..end]).unwrap()
            );
            assert_eq!(text(&path), Some(expected), "{cut}");
            let tail = InputFile::of_person(dir.join("log.cut")).read(Role::Policy);
            match end == cut {
                true => assert!(tail.is_err()),
                false => assert_eq!(
                    tail.unwrap(),
                    [&whole.as_bytes()[end..cut], &b"\n"[..]].concat()
                ),
            }
        }
    }

    #[test]
    fn a_file_that_is_no_log_of_this_policy_is_left_alone() {
        let others = [
            "{\"mcppolicy\":\"trace/1\",\"policy_sha256\":\"e\"}\n".to_owned(),
            "{\"tool\":\"t\"}\n".to_owned(),
            "x".to_owned(),
            HEADER.to_owned(),
            format!("{HEADER} \n"),
        ];
        for other in others {
            let dir = directory("other");
            let path = dir.join("log");
            files::replace(&path, other.as_bytes()).unwrap();
            let mut log = Log::new(Some(&path), false);
            log.begin(HEADER, "d").unwrap();
            assert_eq!(text(&path).as_ref(), Some(&other));
            let second = dir.join("log.2");
            assert_eq!(text(&second), Some(format!("{HEADER}\n")));
            // What holds no decision and was begun here can be taken back.
            log.discard();
            assert_eq!(text(&second), None);
            assert_eq!(text(&path), Some(other));
        }
    }

    #[test]
    fn a_line_that_no_trace_may_have_is_not_written() {
        let path = directory("long").join("log");
        let mut log = Log::new(Some(&path), false);
        log.begin(HEADER, "d").unwrap();
        let long = format!("\"{}\"", "x".repeat(LONGEST_LINE));
        assert!(log.append(&long).is_err());
        log.append("{}").unwrap();
        assert_eq!(text(&path), Some(format!("{HEADER}\n{{}}\n")));
        assert!(!log.is_whole());
    }

    #[test]
    fn a_policy_that_comes_back_goes_on_in_its_own_log() {
        let dir = directory("back");
        let path = dir.join("log");
        let mut log = Log::new(Some(&path), false);
        let other = HEADER.replace("\"d\"", "\"e\"");
        for (header, digest) in [(HEADER, "d"), (other.as_str(), "e"), (HEADER, "d")] {
            log.begin(header, digest).unwrap();
            log.append("{}").unwrap();
        }
        assert_eq!(text(&path), Some(format!("{HEADER}\n{{}}\n{{}}\n")));
        assert_eq!(text(&dir.join("log.2")), Some(format!("{other}\n{{}}\n")));
        assert_eq!(text(&dir.join("log.3")), None);
    }
}
