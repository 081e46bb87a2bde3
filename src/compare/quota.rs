//! The arithmetic of limits: the largest counts and sums that can be reached
//! in one window, for one tool and for all together.
//!
//! Nothing here knows of policies, calls or engines.

use crate::policy::Window;

/// A count or sum that nothing bounds.
pub(super) const UNBOUNDED: u128 = u128::MAX;

/// How many windows of one length the next one has.
#[derive(Debug, Clone, Copy)]
pub(super) struct Calendar {
    /// Minutes of an hour.
    pub(super) minutes: u128,
    /// Hours of a day.
    pub(super) hours: u128,
}

/// The calendar of policies.
pub(super) const UTC: Calendar = Calendar {
    minutes: 60,
    hours: 24,
};

/// One number for each length of window: a bound, or a largest count or sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PerWindow {
    pub(super) minute: u128,
    pub(super) hour: u128,
    pub(super) day: u128,
}

impl PerWindow {
    /// The same everywhere.
    pub(super) const fn all(number: u128) -> PerWindow {
        PerWindow {
            minute: number,
            hour: number,
            day: number,
        }
    }

    /// The least of the bounds that are given for each window.
    pub(super) fn tightest(bounds: impl IntoIterator<Item = (Window, u128)>) -> PerWindow {
        let mut tightest = PerWindow::all(UNBOUNDED);
        for (window, bound) in bounds {
            let place = match window {
                Window::Minute => &mut tightest.minute,
                Window::Hour => &mut tightest.hour,
                Window::Day => &mut tightest.day,
            };
            *place = bound.min(*place);
        }
        tightest
    }

    pub(super) const fn get(&self, window: Window) -> u128 {
        match window {
            Window::Minute => self.minute,
            Window::Hour => self.hour,
            Window::Day => self.day,
        }
    }

    fn with(self, other: PerWindow, both: impl Fn(u128, u128) -> u128) -> PerWindow {
        PerWindow {
            minute: both(self.minute, other.minute),
            hour: both(self.hour, other.hour),
            day: both(self.day, other.day),
        }
    }

    /// The smaller number for each window.
    pub(super) fn min(self, other: PerWindow) -> PerWindow {
        self.with(other, u128::min)
    }

    /// The sum for each window.
    pub(super) fn plus(self, other: PerWindow) -> PerWindow {
        self.with(other, u128::saturating_add)
    }

    /// These bounds on a sum as bounds on the count of calls that add `each`
    /// at least.
    pub(super) fn divided(self, each: u128) -> PerWindow {
        let divide = |bound: u128| match bound {
            UNBOUNDED => UNBOUNDED,
            bound => bound.checked_div(each).unwrap_or(UNBOUNDED),
        };
        PerWindow {
            minute: divide(self.minute),
            hour: divide(self.hour),
            day: divide(self.day),
        }
    }

    /// The true maxima under these bounds on counts: windows nest and align,
    /// so each is the least of its own bound, the larger windows' bounds, and
    /// the smaller windows' as often as they fit.
    pub(super) fn maxima(self, calendar: Calendar) -> PerWindow {
        let minute = self.minute.min(self.hour).min(self.day);
        let hour = self
            .hour
            .min(self.day)
            .min(self.minute.saturating_mul(calendar.minutes));
        let of_hours = self
            .hour
            .min(self.minute.saturating_mul(calendar.minutes))
            .saturating_mul(calendar.hours);
        PerWindow {
            minute,
            hour,
            day: self.day.min(of_hours),
        }
    }
}

/// The true maxima of a sum under bounds on it, when calls number at most
/// `counts` (their true maxima) and add at most `largest` each. What a window
/// can hold grows ever slower with its calls, so spreading them is best.
pub(super) fn sums(
    bounds: PerWindow,
    counts: PerWindow,
    largest: u128,
    calendar: Calendar,
) -> PerWindow {
    let of_minute = |calls: u128| bounds.minute.min(product(calls, largest));
    let of_hour = |calls: u128| {
        let spread = spread(calls, calendar.minutes, &of_minute);
        bounds.hour.min(spread)
    };
    let day = spread(counts.day, calendar.hours, &of_hour);
    PerWindow {
        minute: of_minute(counts.minute).min(bounds.hour).min(bounds.day),
        hour: of_hour(counts.hour).min(bounds.day),
        day: bounds.day.min(day),
    }
}

/// The sum over `windows` among which `calls` are spread evenly.
fn spread(calls: u128, windows: u128, each: &impl Fn(u128) -> u128) -> u128 {
    if calls == UNBOUNDED {
        return product(windows, each(UNBOUNDED));
    }
    let (base, more) = (calls / windows, calls % windows);
    let fuller = product(more, each(base + 1));
    fuller.saturating_add(product(windows - more, each(base)))
}

fn product(a: u128, b: u128) -> u128 {
    a.saturating_mul(b)
}
