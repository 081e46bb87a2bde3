//! A chain of digests beside a log: one line for each of the log's, the digest of
//! the one before and of that line. A log of which a line was changed, taken out or
//! put in does not fit its chain; nor does one that was cut, against a digest that
//! was kept elsewhere.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::cli::support::files::{self, Access};

/// A digest of a log up to one of its lines.
pub(super) type Head = [u8; 32];

/// The digest of a log that has no line.
pub(super) const EMPTY: Head = [0; 32];

/// How long a line of a chain is, with its ending.
const LINE: u64 = 65;

/// The digest with one more line, which is given without its ending.
pub(super) fn next(head: &Head, line: &[u8]) -> Head {
    let mut digest = Sha256::new();
    digest.update(head);
    digest.update(line);
    digest.finalize().into()
}

/// A digest as it is written.
pub(super) fn written(head: &Head) -> String {
    head.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The name of the chain of a log.
pub(super) fn beside(log: &Path) -> PathBuf {
    let mut name = log.as_os_str().to_owned();
    name.push(".chain");
    PathBuf::from(name)
}

/// A chain that grows with its log.
#[derive(Debug)]
pub(super) struct Chain {
    file: File,
    head: Head,
    /// The length of its whole lines.
    length: u64,
}

impl Chain {
    /// The chain of a log whose whole lines are `log`; nothing when the log does not
    /// fit it. A guard that was killed may have left the last line of a log without
    /// its digest, which is added.
    ///
    /// # Errors
    /// What the files report.
    pub fn open(path: &Path, log: impl Read) -> io::Result<Option<Chain>> {
        let mut file = files::append(&beside(path), Access::Private, true)?;
        let data = file.metadata()?;
        if !data.is_file() {
            return Ok(None);
        }
        let length = data.len() - data.len() % LINE;
        file.seek(SeekFrom::Start(0))?;
        let mut heads = BufReader::new(Read::by_ref(&mut file).take(length)).lines();
        let (mut head, mut missing) = (EMPTY, 0_u32);
        let mut fits = true;
        let mut log = BufReader::new(log);
        let mut line = Vec::new();
        while log.read_until(b'\n', &mut line)? > 0 {
            head = next(&head, line.strip_suffix(b"\n").unwrap_or(&line));
            line.clear();
            match heads.next().transpose()? {
                Some(kept) => fits &= kept == written(&head),
                None => missing += 1,
            }
        }
        if !fits || missing > 1 || heads.next().is_some() {
            return Ok(None);
        }
        file.set_len(length)?;
        let mut chain = Chain { file, head, length };
        if missing == 1 {
            chain.write()?;
        }
        Ok(Some(chain))
    }

    /// Adds a line, which is given without its ending.
    ///
    /// # Errors
    /// When it cannot be written. The chain is then what it was, unless an error of
    /// the file keeps it from that, too.
    pub fn append(&mut self, line: &[u8]) -> io::Result<()> {
        let before = std::mem::replace(&mut self.head, EMPTY);
        self.head = next(&before, line);
        let wrote = self.write();
        if wrote.is_err() {
            self.head = before;
            self.file.set_len(self.length)?;
        }
        wrote
    }

    fn write(&mut self) -> io::Result<()> {
        let line = format!("{}\n", written(&self.head));
        self.file.write_all(line.as_bytes())?;
        self.length += LINE;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::support::files::{InputFile, Role};

    fn path(name: &str) -> PathBuf {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("target/tmp/guard-chain")
            .join(name);
        let _ = std::fs::remove_dir_all(&dir);
        files::make_directory(&dir).unwrap();
        dir.join("log")
    }

    fn kept(path: &Path) -> Vec<u8> {
        InputFile::of_person(beside(path))
            .read(Role::Policy)
            .unwrap()
    }

    #[test]
    fn a_chain_goes_on_with_its_log_and_with_no_other() {
        let path = path("goes-on");
        let mut chain = Chain::open(&path, &b""[..]).unwrap().unwrap();
        for line in ["a", "b", "c"] {
            chain.append(line.as_bytes()).unwrap();
        }
        drop(chain);
        let whole = kept(&path);
        assert_eq!(whole.len() as u64, 3 * LINE);
        for other in ["a\nb\n", "a\nx\nc\n", "b\na\nc\n", "a\nb\nc\nd\ne\n", ""] {
            assert!(
                Chain::open(&path, other.as_bytes()).unwrap().is_none(),
                "{other:?}"
            );
            assert_eq!(kept(&path), whole);
        }
        // Killed after a line and before its digest, or in the middle of that.
        for end in [130, 131, 150, 194] {
            files::replace(&beside(&path), &whole[..end]).unwrap();
            assert!(Chain::open(&path, &b"a\nb\nc\n"[..]).unwrap().is_some());
            assert_eq!(kept(&path), whole);
        }
        files::replace(&beside(&path), &whole[..129]).unwrap();
        assert!(Chain::open(&path, &b"a\nb\nc\n"[..]).unwrap().is_none());
    }
}
