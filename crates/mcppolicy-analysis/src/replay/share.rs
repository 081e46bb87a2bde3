//! One share of a run that is split by grant.
//!
//! Counters are separate per grant, so a share decides the calls of its own
//! grants as the whole run does. A call of unknown grant may have been made by
//! any: every share counts it and says what it would decide, and only all of
//! them together decide it (see [`join`](super::join::join)).

use std::fmt;

use crate::fnv::Fnv;
use mcppolicy_trace::trace::Grant;

/// Which share of the grants a run takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Share {
    /// Who splits the calls.
    pub by: By,
    /// Which share this is, from 1.
    pub index: u32,
    /// How many shares there are.
    pub of: u32,
}

/// Who splits the calls. Which share a grant belongs to is the same for both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum By {
    /// This run: it reads all calls and skips those of other shares.
    Hash,
    /// The caller: a call of another share is an error.
    Given,
}

/// The most shares of one run.
pub const MOST_SHARES: u32 = 65_536;

impl By {
    /// The word on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            By::Hash => "hash",
            By::Given => "given",
        }
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}/{}", self.by.name(), self.index, self.of)
    }
}

impl Share {
    /// Reads `hash:2/8` or `given:2/8`.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn parse(text: &str) -> Result<Share, String> {
        let form = || "write it as hash:K/N, such as hash:2/8 for the second of eight".to_owned();
        let (by, shares) = text.split_once(':').ok_or_else(form)?;
        let by = [By::Hash, By::Given]
            .into_iter()
            .find(|known| known.name() == by)
            .ok_or_else(form)?;
        let (index, of) = shares.split_once('/').ok_or_else(form)?;
        let number = |text: &str| text.parse::<u32>().map_err(|_| form());
        Share::new(by, number(index)?, number(of)?)
    }

    /// Share `index`, from 1, of `of`.
    ///
    /// # Errors
    /// There is no such share.
    pub fn new(by: By, index: u32, of: u32) -> Result<Share, String> {
        if of > MOST_SHARES {
            return Err(format!("there can be at most {MOST_SHARES} shares"));
        }
        if (1..=of).contains(&index) {
            Ok(Share { by, index, of })
        } else {
            Err(format!(
                "there is no share {index} of {of}: they count from 1"
            ))
        }
    }

    /// Whether this share reports what belongs to no grant.
    pub const fn is_first(self) -> bool {
        self.index == 1
    }

    /// Whether this share decides the calls of a grant; one that is implicit is
    /// that of the file called `file`.
    pub(super) fn decides(self, grant: Grant<&str>, file: &str) -> bool {
        match grant {
            Grant::Unknown => true,
            Grant::Named(name) => self.has(hash(name.as_bytes())),
            Grant::Implicit => self.has(implicit_hash(file.as_bytes())),
        }
    }

    /// Whether this share reports the lines without calls: of shares that all
    /// read them, the first does.
    pub(super) fn reports_lines(self) -> bool {
        self.by == By::Given || self.is_first()
    }

    /// Whether this share reports a call of this grant that is not decided, or
    /// that every share counts.
    pub(super) fn reports_calls_of(self, grant: Grant<&str>) -> bool {
        grant != Grant::Unknown || self.is_first()
    }

    /// Whether a grant is in this share, by its [`hash`].
    fn has(self, hash: u64) -> bool {
        hash % u64::from(self.of) + 1 == u64::from(self.index)
    }
}

/// The hash that a grant's share follows from: FNV-1a with 64 bits over the
/// bytes of its name in UTF-8. A grant belongs to share `hash % N + 1` of `N`.
pub fn hash(name: &[u8]) -> u64 {
    Fnv::new().with(name).value()
}

/// The same for the one grant of a file's calls that name none: the name is
/// that of the file after a zero byte.
pub fn implicit_hash(file: &[u8]) -> u64 {
    Fnv::new().with(&[0]).with(file).value()
}

#[cfg(test)]
mod tests;
