//! An amount that may not be known exactly.

/// An amount or a sum that may not be known exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Interval {
    /// At least this much.
    pub low: u64,
    /// At most this much; `u64::MAX` means no bound.
    pub high: u64,
}

impl Interval {
    /// A known amount.
    pub const fn exactly(amount: u64) -> Interval {
        Interval {
            low: amount,
            high: amount,
        }
    }

    /// Nothing, or up to `high`.
    pub const fn up_to(high: u64) -> Interval {
        Interval { low: 0, high }
    }

    /// The sum of so many of these.
    pub(super) const fn times(self, times: u64) -> Interval {
        Interval {
            low: self.low.saturating_mul(times),
            high: self.high.saturating_mul(times),
        }
    }

    pub(super) fn add(&mut self, other: Interval) {
        self.low = self.low.saturating_add(other.low);
        self.high = self.high.saturating_add(other.high);
    }

    /// Removes what was added; an unbounded end stays unbounded.
    pub(super) fn remove(&mut self, other: Interval) {
        self.low = self.low.saturating_sub(other.low);
        if self.high != u64::MAX {
            self.high = self.high.saturating_sub(other.high);
        }
    }
}
