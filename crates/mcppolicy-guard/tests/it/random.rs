//! Random numbers that a failure can be repeated with.

/// A generator of random numbers (xorshift*).
pub struct Random {
    state: u64,
    /// Nothing is odd.
    pub is_plain: bool,
}

impl Random {
    pub fn new(seed: u64) -> Random {
        let mut random = Random {
            state: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1,
            is_plain: false,
        };
        random.next();
        random
    }

    pub fn next(&mut self) -> u64 {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        self.state.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() >> 33) as usize % end
    }

    /// True once in `times`.
    pub fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// True once in `times`, unless nothing is odd.
    pub fn odd(&mut self, times: usize) -> bool {
        !self.is_plain && self.once_in(times)
    }

    pub fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }
}
