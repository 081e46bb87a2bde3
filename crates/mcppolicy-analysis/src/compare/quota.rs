//! The arithmetic of limits: the largest counts and sums that can be reached
//! in one window, for one tool and for all together.
//!
//! Nothing here depends on policies, calls or engines.

use mcppolicy_engine::policy::Window;

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
            let bounds = match window {
                Window::Minute => &mut tightest.minute,
                Window::Hour => &mut tightest.hour,
                Window::Day => &mut tightest.day,
            };
            *bounds = bound.min(*bounds);
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

/// The true maxima of all tools together, under shared bounds, from each tool's
/// maxima under its own. The calls are a flow from tools over their minutes and
/// hours into the shared windows, and a cheapest cut takes either a shared
/// window or, for every tool, its own cheapest one.
pub(super) fn together(
    shared: PerWindow,
    own_maxima: impl IntoIterator<Item = PerWindow>,
    calendar: Calendar,
) -> PerWindow {
    let tools = own_maxima
        .into_iter()
        .fold(PerWindow::all(0), PerWindow::plus);
    shared.maxima(calendar).min(tools)
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A deterministic sequence (xorshift).
    struct Random(u64);

    impl Random {
        fn below(&mut self, end: u64) -> u64 {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            self.0 % end
        }

        fn bounds(&mut self, largest: u64) -> PerWindow {
            let mut bound = || match self.below(2) {
                0 => UNBOUNDED,
                _ => u128::from(1 + self.below(largest)),
            };
            PerWindow {
                minute: bound(),
                hour: bound(),
                day: bound(),
            }
        }
    }

    #[derive(Debug)]
    struct Quotas {
        own: Vec<PerWindow>,
        shared: PerWindow,
    }

    /// A day of a simplified calendar: per tool, the calls of each of its minutes.
    type Day = Vec<Vec<u128>>;

    fn within(bounds: PerWindow, day: &[u128], calendar: Calendar) -> bool {
        let hour = usize::try_from(calendar.minutes).unwrap();
        day.iter().all(|minute| *minute <= bounds.minute)
            && day
                .chunks(hour)
                .all(|hour| hour.iter().sum::<u128>() <= bounds.hour)
            && day.iter().sum::<u128>() <= bounds.day
    }

    impl Quotas {
        fn pass(&self, day: &Day, calendar: Calendar) -> bool {
            let minutes = day[0].len();
            let all: Vec<u128> = (0..minutes)
                .map(|minute| day.iter().map(|tool| tool[minute]).sum())
                .collect();
            within(self.shared, &all, calendar)
                && self
                    .own
                    .iter()
                    .zip(day)
                    .all(|(own, tool)| within(*own, tool, calendar))
        }

        /// Whether some day passes here that does not pass `other`, by the
        /// maxima: as the comparison of limits decides it.
        fn exceed(&self, other: &Quotas, calendar: Calendar) -> bool {
            let beyond = |maxima: PerWindow, bounds: PerWindow| {
                Window::ALL
                    .iter()
                    .any(|window| maxima.get(*window) > bounds.get(*window))
            };
            let shared = self.shared.maxima(calendar);
            let own: Vec<PerWindow> = self.own.iter().map(|own| own.maxima(calendar)).collect();
            let alone = own.iter().zip(&other.own);
            beyond(together(self.shared, own.clone(), calendar), other.shared)
                || alone
                    .into_iter()
                    .any(|(own, bounds)| beyond(own.min(shared), *bounds))
        }
    }

    /// Every day with up to `most` calls of each tool in each minute.
    fn days(tools: usize, minutes: usize, most: u128) -> Vec<Day> {
        let mut days = vec![vec![Vec::new(); tools]];
        for cell in 0..tools * minutes {
            days = days
                .into_iter()
                .flat_map(|day: Day| {
                    (0..=most).map(move |count| {
                        let mut day = day.clone();
                        day[cell % tools].push(count);
                        day
                    })
                })
                .collect();
        }
        days
    }

    #[test]
    fn twenty_thousand_pairs_of_count_limits_get_the_verdict_of_every_sequence() {
        let mut random = Random(0x5EED_CAFE);
        let calendar = |minutes, hours| Calendar { minutes, hours };
        let shapes = [
            (1, calendar(2, 2), 3, 9_000),
            (1, calendar(3, 2), 2, 1_000),
            (2, calendar(2, 1), 3, 8_000),
            (2, calendar(2, 2), 2, 300),
            (3, calendar(2, 1), 2, 1_500),
            (3, calendar(1, 2), 2, 300),
        ];
        let mut seen = std::collections::BTreeMap::new();
        for (tools, calendar, largest, count) in shapes {
            let minutes = usize::try_from(calendar.minutes * calendar.hours).unwrap();
            let days = days(tools, minutes, u128::from(largest) + 1);
            for _ in 0..count {
                let mut quotas = || Quotas {
                    own: (0..tools).map(|_| random.bounds(largest)).collect(),
                    shared: random.bounds(largest),
                };
                let (old, mut new) = (quotas(), quotas());
                if random.below(2) == 0 {
                    // A small edit, so that equivalence is not rare.
                    new.own.clone_from(&old.own);
                    if random.below(2) == 0 {
                        new.shared = old.shared;
                        new.own[0].day = u128::from(1 + random.below(largest));
                    }
                }
                let some_day = |here: &Quotas, there: &Quotas| {
                    let differs =
                        |day: &&Day| here.pass(day, calendar) && !there.pass(day, calendar);
                    days.iter().find(differs).cloned()
                };
                let (looser, tighter) = (some_day(&new, &old), some_day(&old, &new));
                assert_eq!(
                    new.exceed(&old, calendar),
                    looser.is_some(),
                    "{old:?} {new:?} {looser:?}"
                );
                assert_eq!(
                    old.exceed(&new, calendar),
                    tighter.is_some(),
                    "{old:?} {new:?} {tighter:?}"
                );
                *seen
                    .entry((looser.is_some(), tighter.is_some()))
                    .or_insert(0) += 1;
            }
        }
        assert_eq!(seen.values().sum::<usize>(), 20_100);
        assert!(
            seen.len() == 4 && seen.values().all(|count| *count > 500),
            "{seen:?}"
        );
    }

    #[test]
    fn a_sum_is_bounded_by_its_windows_and_by_the_calls_that_carry_it() {
        let bounds = PerWindow {
            minute: 10,
            hour: UNBOUNDED,
            day: UNBOUNDED,
        };
        let counts = |hour| PerWindow {
            minute: hour,
            hour,
            day: hour,
        };
        // Sixty minutes of 10 each, but only with sixty calls.
        assert_eq!(sums(bounds, PerWindow::all(UNBOUNDED), 10, UTC).hour, 600);
        assert_eq!(sums(bounds, counts(3), 10, UTC).hour, 30);
        assert_eq!(sums(bounds, counts(3), 4, UTC).hour, 12);
        assert_eq!(sums(bounds, PerWindow::all(UNBOUNDED), 10, UTC).day, 14_400);
        let unbounded = PerWindow::all(UNBOUNDED);
        assert_eq!(sums(unbounded, unbounded, 7, UTC).day, UNBOUNDED);
    }
}
