//! What rules and limits say of one call, in three values where a recording
//! leaves something open (policy language §5).

use super::compile::{Condition, Limit, Rule};
use super::{Arguments, Counters, Decision, Denial, GrantId, Interval, Lookup, Reason, Slot};
use crate::policy::Window;
use crate::time::Time;

/// A truth value over what a recording says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Truth {
    True,
    False,
    Unknown,
}

/// What reserving would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Room {
    Enough,
    TooLittle,
    Uncountable,
    Unknown(Reason),
}

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
            Amount::UpTo(high) => Interval { low: 0, high },
            Amount::Uncountable => Interval::default(),
        }
    }
}

/// The denials met so far that may or may not happen.
#[derive(Debug, Clone, Default)]
pub(super) struct Possible<'e> {
    denial: Option<Denial<'e>>,
    reason: Option<Reason>,
}

impl<'e> Possible<'e> {
    pub fn may_be(&mut self, denial: Denial<'e>, reason: Reason) {
        self.reason = Some(self.reason.map_or(reason, |earlier| earlier.min(reason)));
        self.denial = Some(match self.denial.take() {
            None => denial,
            Some(earlier) => earlier.agreeing(denial),
        });
    }

    /// What is certain of the denial when `denial` happens unless an earlier one
    /// does.
    pub fn certainly(self, denial: Denial<'e>) -> Denial<'e> {
        match self.denial {
            None => denial,
            Some(earlier) => earlier.agreeing(denial),
        }
    }

    /// The decision when nothing further denies.
    pub fn otherwise_allow(self) -> Decision<'e> {
        self.reason.map_or(Decision::Allow, Decision::Undetermined)
    }
}

/// The first second of the window that `time` falls in; windows are aligned
/// to the calendar in UTC (policy language §4).
pub(super) fn window_start(window: Window, time: Time) -> i64 {
    let into_window = time.seconds().rem_euclid(window.seconds());
    time.seconds().saturating_sub(into_window)
}

impl Rule {
    pub fn holds(&self, arguments: Arguments<'_>) -> Truth {
        match arguments {
            Arguments::Known(arguments) => {
                let all = self
                    .conditions
                    .iter()
                    .all(|condition| condition.holds(arguments));
                if all { Truth::True } else { Truth::False }
            }
            _ if self.conditions.is_empty() => Truth::True,
            _ => Truth::Unknown,
        }
    }
}

impl Condition {
    pub fn holds(&self, arguments: &dyn Lookup) -> bool {
        self.test.holds(arguments.at(&self.path))
    }
}

impl Limit {
    /// What a call adds to this counter.
    pub fn amount(&self, arguments: Arguments<'_>) -> Amount {
        let Some(path) = &self.increment_from else {
            return Amount::ONE;
        };
        match arguments {
            Arguments::Known(arguments) => match arguments.at(path) {
                // Above 2^53 − 1 no `max` has room, so the cast may saturate.
                Slot::Number(number) if number >= 0.0 => Amount::Known(number.ceil() as u64),
                _ => Amount::Uncountable,
            },
            // More than `max` would have been denied.
            _ => Amount::UpTo(self.max),
        }
    }

    pub fn room(
        &self,
        amount: Amount,
        grant: Option<GrantId>,
        time: Option<Time>,
        counters: &Counters,
    ) -> Room {
        if amount == Amount::Uncountable {
            return Room::Uncountable;
        }
        let amount_unknown = matches!(amount, Amount::UpTo(_));
        let amount = amount.interval();
        let at = time.map(|time| (time, window_start(self.window, time)));
        let closed = match (grant, at) {
            (Some(grant), Some((_, start))) => {
                counters.is_closed(grant, start, self.window.seconds())
            }
            _ => false,
        };
        let seen = counters.seen(grant, self.id, at);
        let too_little = seen.low.saturating_add(amount.low) > self.max;
        let enough = !amount_unknown && seen.high.saturating_add(amount.high) <= self.max;
        match (closed, too_little, enough) {
            (false, true, _) => Room::TooLittle,
            (false, _, true) => Room::Enough,
            // An amount above `max` fits in no window, however late.
            (true, ..) if amount.low > self.max => Room::TooLittle,
            _ => Room::Unknown(if amount_unknown {
                Reason::UnknownArguments
            } else if time.is_none() {
                Reason::UnknownTime
            } else if grant == Some(GrantId::UNKNOWN) {
                Reason::UnknownGrant
            } else if closed {
                Reason::Late
            } else {
                Reason::UnknownHistory
            }),
        }
    }
}
