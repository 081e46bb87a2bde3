//! The hash FNV-1a with 64 bits. Shares of grants and the values of suppressions
//! are written with it, so it never changes.

const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01b3;

/// A hash of bytes that come in parts; the parts are hashed as if they were
/// joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fnv(u64);

impl Fnv {
    /// The hash of no bytes.
    pub(crate) const fn new() -> Fnv {
        Fnv(OFFSET)
    }

    /// The hash with more bytes.
    #[must_use]
    pub(crate) fn with(self, bytes: &[u8]) -> Fnv {
        let step = |state: u64, byte: &u8| (state ^ u64::from(*byte)).wrapping_mul(PRIME);
        Fnv(bytes.iter().fold(self.0, step))
    }

    /// The value of the hash.
    pub(crate) const fn value(self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From the test vectors of the algorithm's authors.
    #[test]
    fn hashes_are_those_of_the_published_vectors() {
        let hash = |text: &str| Fnv::new().with(text.as_bytes()).value();
        assert_eq!(hash(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(hash("a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(hash("foobar"), 0x8594_4171_f739_67e8);
        assert_eq!(Fnv::new().with(b"foo").with(b"bar").value(), hash("foobar"));
    }
}
