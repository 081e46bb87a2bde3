//! What identifies an issue while lines move: a hash of the rule, the file, the
//! location as a pointer and the value there, never of a line.
//!
//! A cryptographic hash, because whoever writes a policy must not be able to
//! make a new defect look like one that was dismissed.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use crate::render::style::Style;
use mcppolicy_analysis::finding::RuleId;

/// Hex digits kept: 128 bits.
const BYTES: usize = 16;

/// A fingerprint while its parts are collected.
pub(super) struct Fingerprint(Sha256);

impl Fingerprint {
    /// Of an issue of a rule in a file, which is named from the top of its
    /// repository, wherever the command was started.
    pub fn new(rule: RuleId, file: &str, style: Style<'_>) -> Fingerprint {
        let file = style.in_repository(file);
        Fingerprint(Sha256::new()).part(rule.name()).part(&file)
    }

    /// Adds a part; its length goes before it, so that no two lists of parts
    /// read alike.
    pub fn part(mut self, text: &str) -> Fingerprint {
        self.0.update((text.len() as u64).to_le_bytes());
        self.0.update(text.as_bytes());
        self
    }

    /// Adds the JSON value at `pointer`, whatever blanks and order its members
    /// are written in. The whole document is left out: it changes with
    /// everything.
    pub fn value(self, pointer: &str, text: &str) -> Fingerprint {
        if pointer.is_empty() {
            return self;
        }
        match serde_json::from_str::<serde_json::Value>(text) {
            Ok(value) => self.part(&value.to_string()),
            Err(_) => self.part(text.trim()),
        }
    }

    pub fn done(self) -> String {
        let mut hex = String::with_capacity(2 * BYTES);
        for byte in self.0.finalize().iter().take(BYTES) {
            let _ = write!(hex, "{byte:02x}");
        }
        hex
    }
}
