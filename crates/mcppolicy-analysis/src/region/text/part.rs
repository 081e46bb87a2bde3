//! Strings that contain a part.

use super::state::{ALWAYS, NEVER, State};

/// How much of a part has been read (Knuth, Morris and Pratt).
#[derive(Debug)]
pub(in crate::region) struct Part {
    pub(super) part: Vec<u8>,
    /// The longest proper prefix of the part that ends each of its prefixes.
    fallback: Vec<usize>,
}

impl Part {
    pub(in crate::region) fn new(part: &str) -> Part {
        let part = part.as_bytes().to_vec();
        let mut fallback = vec![0; part.len()];
        let mut matched = 0;
        for (at, byte) in part.iter().enumerate().skip(1) {
            while matched > 0 && part.get(matched) != Some(byte) {
                matched = behind(&fallback, matched);
            }
            if part.get(matched) == Some(byte) {
                matched += 1;
            }
            if let Some(entry) = fallback.get_mut(at) {
                *entry = matched;
            }
        }
        Part { part, fallback }
    }

    pub(in crate::region) fn start(&self) -> State {
        if self.part.is_empty() { ALWAYS } else { 0 }
    }

    pub(in crate::region) fn next(&self, state: State, byte: u8) -> State {
        let mut matched = state as usize;
        while matched > 0 && self.part.get(matched) != Some(&byte) {
            matched = behind(&self.fallback, matched);
        }
        if self.part.get(matched) == Some(&byte) {
            matched += 1;
        }
        if matched == self.part.len() {
            ALWAYS
        } else {
            State::try_from(matched).unwrap_or(NEVER)
        }
    }
}

fn behind(fallback: &[usize], matched: usize) -> usize {
    fallback
        .get(matched.saturating_sub(1))
        .copied()
        .unwrap_or(0)
}
