//! Who may call over HTTP: a name for each token, of which the file holds only the
//! digest.

use std::collections::HashSet;
use std::path::Path;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::cli::support::http::headers;
use mcppolicy_analysis::report::Failure;

/// How many hexadecimal digits a digest has.
const DIGITS: usize = 64;

/// The longest name, in bytes.
const LONGEST_NAME: usize = 256;

/// The callers that are known.
#[derive(Debug, Default)]
pub(super) struct Grants {
    held: Vec<Held>,
}

#[derive(Debug)]
struct Held {
    digest: [u8; 32],
    name: String,
}

/// The bytes of a file of grants.
///
/// # Errors
/// A file that cannot be read, or that others than its owner can read.
pub(super) fn bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    headers::private(path)
}

impl Grants {
    /// The grants in bytes: on each line a digest, spaces, and a name.
    ///
    /// # Errors
    /// A sentence on the first line that is something else. Nothing of its content
    /// is in it.
    pub fn parse(bytes: &[u8]) -> Result<Grants, String> {
        let text = std::str::from_utf8(bytes).map_err(|_| "is not UTF-8".to_owned())?;
        let mut grants = Grants::default();
        let mut digests = HashSet::new();
        for (at, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let held =
                Held::read(line).ok_or_else(|| format!("line {} is not `DIGEST NAME`", at + 1))?;
            if !digests.insert(held.digest) {
                return Err(format!("line {} has a digest that is there before", at + 1));
            }
            grants.held.push(held);
        }
        Ok(grants)
    }

    /// Whose token this is. Each line is compared, so that the time says nothing of
    /// which one it is, nor of how much of it is right.
    pub fn of(&self, token: &str) -> Option<&str> {
        let digest: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        let mut found = None;
        for held in &self.held {
            if bool::from(held.digest.ct_eq(&digest)) {
                found = Some(held.name.as_str());
            }
        }
        found
    }
}

impl Held {
    fn read(line: &str) -> Option<Held> {
        let (digits, name) = line.split_once([' ', '\t'])?;
        let name = name.trim_start();
        let mut digest = [0; 32];
        let is_digest = digits.len() == DIGITS && digits.bytes().all(|b| b.is_ascii_hexdigit());
        if !is_digest || !is_name(name) {
            return None;
        }
        for (byte, pair) in digest.iter_mut().zip(digits.as_bytes().chunks(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(Held {
            digest,
            name: name.to_owned(),
        })
    }
}

/// Whether a caller may be named so.
pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= LONGEST_NAME
        && name.trim() == name
        && !name.chars().any(char::is_control)
}

/// The line of a file of grants for a token.
pub(super) fn line(token: &str, name: &str) -> String {
    let digest = Sha256::digest(token.as_bytes());
    let digits: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{digits} {name}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_its_callers_and_nobody_elses() {
        let text = format!(
            "# callers\n\n{}{}  {}",
            line("one", "designer"),
            line("two", "build agent"),
            line("three", "designer").to_uppercase()
        );
        let grants = Grants::parse(text.as_bytes()).unwrap();
        assert_eq!(grants.of("one"), Some("designer"));
        assert_eq!(grants.of("two"), Some("build agent"));
        assert_eq!(grants.of("three"), Some("DESIGNER"));
        for token in ["", "On", "one ", "One", "four"] {
            assert_eq!(grants.of(token), None, "{token}");
        }
    }

    #[test]
    fn a_line_that_is_something_else_is_refused_and_not_repeated() {
        let digest = "0".repeat(DIGITS);
        for wrong in [
            "s3cret designer".to_owned(),
            digest.clone(),
            format!("{} x", "0".repeat(63)),
            format!("{} x", "g".repeat(DIGITS)),
            format!("{digest} a\u{7}b"),
            format!("{digest} {}", "x".repeat(300)),
            format!("{digest} a\n{digest} b"),
        ] {
            let said = Grants::parse(wrong.as_bytes()).unwrap_err();
            assert!(
                said.contains("line ") && !said.contains("s3cret"),
                "{wrong}: {said}"
            );
        }
        assert!(Grants::parse(&[0xFF]).is_err());
    }
}
