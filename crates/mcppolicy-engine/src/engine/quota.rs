//! Step 6 of a decision for one limit (policy language §4), in three values
//! where a recording leaves something open (§5). What a counter holds comes
//! from outside: [`Counters`](super::Counters) in a replay, a
//! [`Ledger`](super::Ledger) in a gateway.

use super::call::Arguments;
use super::compile::Limit;
use super::interval::Interval;
use crate::decision::Reason;

/// What a call adds to a counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Amount {
    Known(u64),
    /// Unknown, and at most this much.
    UpTo(u64),
    /// Missing, no number, or negative.
    Uncountable,
}

impl Amount {
    pub const ONE: Amount = Amount::Known(1);

    /// The bounds; zero for what cannot be counted and is never reserved.
    pub fn interval(self) -> Interval {
        match self {
            Amount::Known(amount) => Interval::exactly(amount),
            Amount::UpTo(high) => Interval::up_to(high),
            Amount::Uncountable => Interval::default(),
        }
    }
}

/// What a limit's counter holds at the time of a call.
#[derive(Debug, Clone, Copy)]
pub(super) struct Balance {
    pub used: Interval,
    /// Whether the window was closed before the call arrived, so that what it
    /// held is no longer known.
    pub is_closed: bool,
    /// Why `used` may not be exact.
    pub doubt: Reason,
}

/// Whether a limit lets a call through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum QuotaCheck {
    Fits,
    Exceeds,
    Uncountable,
    Unknown(Reason),
}

impl Limit {
    /// What a call adds to this counter.
    pub fn amount(&self, arguments: Arguments<'_>) -> Amount {
        let Some(path) = &self.key.increment_from else {
            return Amount::ONE;
        };
        match arguments {
            Arguments::Known(arguments) => {
                let amount = arguments.at(path).amount();
                amount.map_or(Amount::Uncountable, Amount::Known)
            }
            // More than `max` would have been denied.
            _ => Amount::UpTo(self.max),
        }
    }

    /// How many calls that add `amount` certainly fit.
    pub fn room(&self, amount: Amount, balance: Balance) -> u64 {
        let Amount::Known(amount) = amount else {
            return 0;
        };
        match self.max.checked_sub(balance.used.high) {
            Some(left) if !balance.is_closed => left.checked_div(amount).unwrap_or(u64::MAX),
            _ => 0,
        }
    }

    pub fn check(&self, amount: Amount, balance: Balance) -> QuotaCheck {
        if amount == Amount::Uncountable {
            return QuotaCheck::Uncountable;
        }
        let amount_unknown = matches!(amount, Amount::UpTo(_));
        let amount = amount.interval();
        let Balance {
            used,
            is_closed,
            doubt,
        } = balance;
        let exceeds = used.low.saturating_add(amount.low) > self.max;
        let fits = !amount_unknown && used.high.saturating_add(amount.high) <= self.max;
        match (is_closed, exceeds, fits) {
            (false, true, _) => QuotaCheck::Exceeds,
            (false, _, true) => QuotaCheck::Fits,
            // An amount above `max` fits in no window, however late.
            (true, ..) if amount.low > self.max => QuotaCheck::Exceeds,
            _ if amount_unknown => QuotaCheck::Unknown(Reason::UnknownArguments),
            _ => QuotaCheck::Unknown(doubt),
        }
    }
}
