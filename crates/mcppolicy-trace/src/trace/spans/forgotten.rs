//! Which traces have been forgotten: a set of fixed size that may hold more than
//! was added, never less (a Bloom filter).

/// How many bits there are: 16 MiB of them, taken when the first trace is added.
/// With ten million traces it holds one in a thousand wrongly.
const BITS: u64 = 1 << 27;

/// How many bits a trace sets.
const HASHES: u64 = 6;

/// The forgotten traces.
#[derive(Debug, Default)]
pub(super) struct Forgotten {
    words: Vec<u64>,
}

impl Forgotten {
    /// Adds a trace by the hash of its id.
    pub fn add(&mut self, trace: u128) {
        if self.words.is_empty() {
            self.words = vec![0; (BITS / 64) as usize];
        }
        for bit in bits(trace) {
            if let Some(word) = self.words.get_mut((bit / 64) as usize) {
                *word |= 1 << (bit % 64);
            }
        }
    }

    /// Whether a trace was added; rarely also where it was not.
    pub fn has(&self, trace: u128) -> bool {
        let is_set = |bit: u64| {
            let word = self.words.get((bit / 64) as usize);
            word.is_some_and(|word| word >> (bit % 64) & 1 == 1)
        };
        !self.words.is_empty() && bits(trace).all(is_set)
    }
}

/// The bits of a trace, from the two halves of its hash.
fn bits(trace: u128) -> impl Iterator<Item = u64> {
    let (one, two) = ((trace >> 64) as u64, trace as u64 | 1);
    (0..HASHES).map(move |n| one.wrapping_add(n.wrapping_mul(two)) % BITS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::recent::hash;

    #[test]
    fn what_was_added_is_there_and_hardly_anything_else() {
        let mut forgotten = Forgotten::default();
        assert!(!forgotten.has(hash("a")));
        for n in 0..100_000 {
            forgotten.add(hash(&format!("in {n}")));
        }
        assert!((0..100_000).all(|n| forgotten.has(hash(&format!("in {n}")))));
        let wrong = (0..100_000).filter(|n| forgotten.has(hash(&format!("out {n}"))));
        assert_eq!(wrong.count(), 0);
    }
}
